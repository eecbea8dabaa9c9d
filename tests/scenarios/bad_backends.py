# SPDX-License-Identifier: Apache-2.0
"""Backends that break the rules, hang up, flood or never answer. Each bad call
has the answer it deserves, the gateway survives, and the next call works: on
the same connection when only a stream was bad, on a new one otherwise."""

import struct
import subprocess
import sys
import os
import unittest

import harness
import http2
from harness import Answer, Everything, Gateway, request
from http2 import (
    ACK, CONTINUATION, DATA, END_HEADERS, END_STREAM, GOAWAY, HEAD, HEADERS,
    PING, PUSH_PROMISE, RST_STREAM, SETTINGS, STATUS_OK, block, field, frame,
    literal, message)

ORDER = "/v1/orders/%s"
ECHO = "/v1/echo/%s"
STREAM = "/v1/streams/%s"


class BadBackend(harness.Scenario):
    """A gateway with one worker, hence one connection, before a backend that
    follows `scripts`."""

    scripts = {}

    @classmethod
    def setUpClass(cls):
        cls.directory = harness.tempfile.TemporaryDirectory()
        cls.backend = http2.Backend(cls.scripts)
        cls.gateway = cls.start(cls.backend.port)

    @classmethod
    def start(cls, port, more=None):
        path = cls.route_file(port, more)
        with open(path) as f:
            text = f.read().replace("workers: 2", "workers: 1")
        with open(path, "w") as f:
            f.write(text)
        return Gateway("serve", "-c", path)

    def own(self, scripts, *openings):
        """A backend and a gateway of the test's own."""
        self.backend = http2.Backend(scripts, *openings)
        self.addCleanup(self.backend.stop)
        self.gateway = self.start(self.backend.port)
        self.addCleanup(self.stopped, self.gateway)

    def stopped(self, gateway):
        self.assertEqual(gateway.stop(), 0)

    def begin(self, id, path=ORDER, headers=()):
        return self.wire().send(request("GET", path % id, headers=headers))

    def call(self, id, path=ORDER, headers=()):
        return self.ask("GET", path % id, headers=headers)

    def good(self):
        response = self.call("good")
        self.assertEqual(response.status, 200, response)
        self.assertEqual(response.json()["id"], "good")
        return response.json().get("index", 0)

    def bad(self, id, status, code, path=ORDER, headers=(),
            is_new_connection=False):
        """One bad call between two good ones."""
        before = self.good()
        error = self.assert_error(
            self.call(id, path, headers), status, code)
        self.assertEqual(self.good(), before + is_new_connection)
        return error


# Scripts made of parts: what a correct answer would be, but for one thing.

def plays(*steps):
    """Each step is a function(connection, stream)."""
    def script(c, stream, times):
        for step in steps:
            step(c, stream)
    return script


def head(*fields, end=False):
    return lambda c, stream: c.head(stream, *(fields or HEAD), end=end)


def trailers(*fields):
    return lambda c, stream: c.head(stream, *(fields or STATUS_OK), end=True)


def data(*pieces, end=False):
    def step(c, stream):
        for i, piece in enumerate(pieces):
            c.data(stream, piece, end and i == len(pieces) - 1)
    return step


def reset(code):
    return lambda c, stream: c.reset(stream, code)


def raw(bytes):
    return lambda c, stream: c.raw(bytes)


def send(type, flags, payload=b"", **more):
    return lambda c, stream: c.send(type, flags, stream, payload, **more)


def gone(c, stream):
    raise http2.Gone


def hold(c, stream):
    """Reads until the gateway hangs up."""
    while True:
        c.read_frame()


def answers(*pieces):
    return plays(head(), data(*pieces), trailers())


def fails(*fields):
    return plays(head(), trailers(*fields))


GOOD = Answer(id="good").SerializeToString()

BROKEN_MESSAGES = {
    "flag 1 without a coding": answers(message(b"\x1f\x8b", flag=1)),
    "flag 7": answers(message(GOOD, flag=7)),
    "flag 255": answers(message(GOOD, flag=255)),
    "a cut prefix": answers(b"\0\0\0"),
    "a body shorter than its prefix": answers(message(GOOD, length=100)),
    "the same, ended by DATA": plays(
        head(), data(message(GOOD, length=100), end=True)),
    "a whole message, ended by DATA": plays(
        head(), data(message(GOOD), end=True)),
    "two messages": answers(message(GOOD), message(GOOD)),
    "two messages in one frame": answers(message(GOOD) + message(GOOD)),
    "a message and a half": answers(message(GOOD) + message(GOOD)[:8]),
    "no message": answers(),
    "no message, one header block": plays(head(*HEAD, *STATUS_OK, end=True)),
    "no message, an empty frame": plays(head(), data(b"", end=True)),
}


def tag(number, kind):
    n, out = number << 3 | kind, b""
    while n >= 128:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n])


# As an Everything.
BROKEN_PROTOBUF = {
    "cut tag": b"\x80",
    "cut varint": tag(2, 0) + b"\x80",
    "varint of 11 bytes": tag(2, 0) + b"\x80" * 10 + b"\x01",
    "tag of 11 bytes": b"\x80" * 10 + b"\x01\x00",
    "tag over 32 bits": b"\xf8\xff\xff\xff\xff\x01\x00",
    "field number 0": b"\x00\x00",
    "field number 0 with a length": b"\x02\x00",
    "wire type 6": tag(2, 6) + b"\x00",
    "wire type 7": tag(2, 7) + b"\x00",
    "unknown field of wire type 6": tag(999, 6) + b"\x00",
    "unknown field, cut": tag(999, 2) + b"\x05abc",
    "unknown fixed64, cut": tag(999, 1) + b"1234567",
    "unknown fixed32, cut": tag(999, 5) + b"123",
    "fixed64, cut": tag(9, 1) + b"1234567",
    "string past the end": tag(1, 2) + b"\x05abc",
    "string of 2^63 bytes": tag(1, 2) + b"\xff" * 8 + b"\x7f",
    "string that is not UTF-8": tag(1, 2) + b"\x02\xc0\x80",
    "string with a surrogate": tag(1, 2) + b"\x03\xed\xa0\x80",
    "string in a repeated field": tag(18, 2) + b"\x01\xff",
    "string in a map key": tag(21, 2) + b"\x05\x0a\x01\xff\x10\x01",
    "packed past the end": tag(19, 2) + b"\x05\x01\x02",
    "packed, cut varint": tag(19, 2) + b"\x02\x01\x80",
    "message past the end": tag(17, 2) + b"\x05\x0a\x01",
    "message, cut inside": tag(17, 2) + b"\x02\x0a\x05",
    "map entry, cut inside": tag(21, 2) + b"\x02\x0a\x05",
    "groups 10000 deep": tag(999, 3) * 10000 + tag(999, 4) * 10000,
    "groups 10000 deep, open": tag(999, 3) * 10000,
    "group, open": tag(999, 3),
    "group, ended by another": tag(999, 3) + tag(998, 4),
    "end of no group": tag(999, 4),
    "messages 101 deep": None,
    "Value of no kind": tag(30, 2) + b"\x00",
    "Value that is NaN":
        tag(30, 2) + b"\x09\x11" + struct.pack("<d", float("nan")),
    "Timestamp out of range": tag(26, 2) + b"\x0b\x08" + b"\xff" * 8 + b"\x7f",
    "Duration out of range": tag(27, 2) + b"\x0b\x08" + b"\xff" * 8 + b"\x7f",
    "Any of an unknown type":
        tag(33, 2) + b"\x0a\x0a\x08x/no.Type"[:12],
}
deep = b""
for _ in range(101):
    inner = tag(4, 2)
    n = len(deep)
    inner += bytes([n]) if n < 128 else bytes([n & 127 | 128, n >> 7])
    deep = inner + deep
BROKEN_PROTOBUF["messages 101 deep"] = \
    tag(17, 2) + bytes([len(deep) & 127 | 128, len(deep) >> 7]) + deep

SKIPPED_PROTOBUF = {
    "an unknown varint": tag(999, 0) + b"\x01",
    "an unknown string, not UTF-8": tag(999, 2) + b"\x01\xff",
    "unknown fixed ones": tag(999, 1) + b"12345678" + tag(998, 5) + b"1234",
    "groups 50 deep":
        tag(999, 3) * 50 + tag(1, 0) + b"\x01" + tag(999, 4) * 50,
    "a known field of another wire type": tag(2, 5) + b"1234",
    "the highest number": tag((1 << 29) - 1, 0) + b"\x01",
}

STATUSES = {
    "none at all": ((("x", "y"),), 500, 2),
    "empty": ((("grpc-status", ""),), 500, 2),
    "17": ((("grpc-status", "17"),), 500, 2),
    "99": ((("grpc-status", "99"),), 500, 2),
    "-1": ((("grpc-status", "-1"),), 500, 2),
    "abc": ((("grpc-status", "abc"),), 500, 2),
    "2^64": ((("grpc-status", "18446744073709551616"),), 500, 2),
    "5 and 0": ((("grpc-status", "5"), ("grpc-status", "0")), 404, 5),
    "0 and 5": ((("grpc-status", "0"), ("grpc-status", "5")), 404, 5),
}

HTTP_STATUSES = {
    "200": (500, 2), "204": (500, 2), "302": (500, 2), "400": (500, 13),
    "401": (401, 16), "403": (403, 7), "404": (501, 12), "418": (500, 2),
    "429": (503, 14), "500": (500, 2), "502": (503, 14), "503": (503, 14),
    "504": (503, 14),
}


class Messages(BadBackend):
    """One connection for all of them: a bad message harms its call only."""

    scripts = {}

    def table(self, scripts, status, code, path=ORDER):
        for i, (name, script) in enumerate(scripts.items()):
            with self.subTest(name):
                self.scripts["case"] = script
                self.bad("case", status, code, path)

    def test_a_broken_message_is_500(self):
        self.table(BROKEN_MESSAGES, 500, 13)

    def test_a_length_of_4_GiB_is_500_and_takes_no_memory(self):
        self.scripts["case"] = answers(message(GOOD, length=0xffffffff))
        before = self.gateway.rss()
        for _ in range(20):
            self.bad("case", 500, 8)
        self.assertLess(self.gateway.rss() - before, 8 << 20)

    def test_broken_protobuf_is_500(self):
        self.table({name: answers(message(wire))
                    for name, wire in BROKEN_PROTOBUF.items()},
                   500, 13, ECHO)

    def test_unknown_fields_are_skipped(self):
        for name, wire in SKIPPED_PROTOBUF.items():
            with self.subTest(name):
                self.scripts["case"] = answers(message(
                    wire + Everything(name="n").SerializeToString()))
                response = self.call("case", ECHO)
                self.assertEqual(response.status, 200, response)
                self.assertEqual(response.json(), {"name": "n"})

    def test_a_status_that_is_none_is_UNKNOWN(self):
        for name, (fields, status, code) in STATUSES.items():
            with self.subTest(name):
                self.scripts["case"] = plays(
                    head(), data(message(GOOD)), trailers(*fields))
                self.bad("case", status, code)
                self.scripts["case"] = plays(head(*HEAD, *fields, end=True))
                self.bad("case", status, code)

    def test_an_answer_that_is_not_gRPC_has_the_code_of_its_HTTP_status(self):
        for name, (status, code) in HTTP_STATUSES.items():
            with self.subTest(name):
                html = ((":status", name), ("content-type", "text/html"))
                self.scripts["case"] = plays(
                    head(*html), data(b"<html>", b"</html>", end=True))
                self.bad("case", status, code)
                self.scripts["case"] = plays(head(*html, end=True))
                self.bad("case", status, code)

    def test_a_message_is_text_and_no_header(self):
        for sent, shown in (
                ("a%0d%0aSet-Cookie: x", "a\r\nSet-Cookie: x"),
                ("%0", "%0"), ("%zz%4", "%zz%4"), ("100%", "100%"),
                ("%00\"\\", "\0\"\\"), ("%ff", "\ufffd")):
            with self.subTest(sent):
                self.scripts["case"] = fails(
                    ("grpc-status", "5"), ("grpc-message", sent))
                response = self.call("case")
                error = self.assert_error(response, 404, 5)
                self.assertEqual(error["message"], shown)
                self.assertIsNone(response.header("set-cookie"))
                self.good()

    def test_a_long_message_is_cut(self):
        for text in ("x" * 65536, "x" * 20000, "%C3%A9" * 10000,
                     "x" + "%F0%9F%98%81" * 5000,
                     "x" + "\xc3\xa9" * 7000):
            self.scripts["case"] = fails(
                ("grpc-status", "5"), ("grpc-message", text))
            with self.subTest(text[:9]):
                shown = self.bad("case", 404, 5)["message"]
                self.assertTrue(500 < len(shown) < 10000, len(shown))
                self.assertEqual(set(shown[1:]), set(shown[1]))


if __name__ == "__main__":
    harness.main()
