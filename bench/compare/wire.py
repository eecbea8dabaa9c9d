# SPDX-License-Identifier: Apache-2.0
"""Bytes: protobuf messages, gRPC frames, HTTP/1.1 requests."""


def varint(n):
    out = b""
    while n > 127:
        out += bytes([n & 127 | 128])
        n >>= 7
    return out + bytes([n])


def number(field, value):
    return varint(field << 3) + varint(value) if value else b""


def text(field, value):
    data = value.encode()
    return varint(field << 3 | 2) + varint(len(data)) + data


def frame(message, flags=0):
    """gRPC's five bytes, and the message."""
    return bytes([flags]) + len(message).to_bytes(4, "big") + message


def request(method, path, body=b"", headers=(), closes=False):
    """A whole HTTP/1.1 request."""
    lines = ["%s %s HTTP/1.1" % (method, path), "Host: bench"]
    lines += ["%s: %s" % header for header in headers]
    if closes:
        lines.append("Connection: close")
    if body or method == "POST":
        lines.append("Content-Length: %d" % len(body))
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body
