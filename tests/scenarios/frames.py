# SPDX-License-Identifier: Apache-2.0
"""Envelopes of gRPC-Web and Connect, and what is in them."""

import base64
import gzip
import struct

import harness

SERVICE = "/" + harness.SERVICE + "/"
TRAILERS = 0x80
END = 0x02
COMPRESSED = 0x01


def envelope(payload, flags=0):
    if hasattr(payload, "SerializeToString"):
        payload = payload.SerializeToString()
    return struct.pack(">BI", flags, len(payload)) + payload


def packed(payload, flags=0):
    return envelope(gzip.compress(payload), flags | COMPRESSED)


def split(data):
    """(flags, payload) of each; nothing may be left over."""
    frames = []
    while data:
        flags, length = struct.unpack(">BI", data[:5])
        if len(data) < 5 + length:
            raise AssertionError("cut: %r" % data)
        frames.append((flags, data[5:5 + length]))
        data = data[5 + length:]
    return frames


def text_chunks(data):
    """The bytes of base64 that is padded anywhere."""
    if len(data) % 4:
        raise AssertionError("no groups of four: %r" % data)
    return b"".join(base64.b64decode(data[i:i + 4], validate=True)
                    for i in range(0, len(data), 4))


def unbase64(text):
    return base64.b64decode(text + "=" * (-len(text) % 4), validate=True)


def varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def field(number, payload):
    if isinstance(payload, int):
        return varint(number << 3) + varint(payload)
    if isinstance(payload, str):
        payload = payload.encode()
    return varint(number << 3 | 2) + varint(len(payload)) + payload


def any_of(name, value):
    return field(1, "type.googleapis.com/" + name) + field(2, value)


def status(code, message, *details):
    """A serialized google.rpc.Status."""
    return field(1, code) + field(2, message) + b"".join(
        field(3, detail) for detail in details)


RETRY = any_of("google.rpc.RetryInfo", field(1, field(1, 30)))
DEBUG = any_of("google.rpc.DebugInfo", field(2, "secret"))
UNKNOWN = any_of("acme.Unknown", b"\1\2\3")
