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
        # What ASan keeps of freed memory would hide what we keep.
        return Gateway("serve", "-c", path, environment={
            "ASAN_OPTIONS": ":".join(filter(None, [
                os.environ.get("ASAN_OPTIONS"), "quarantine_size_mb=1"]))})

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


BIG = [("x-%d" % i, "y" * 16000) for i in range(64)]

TOO_MUCH_METADATA = {
    "17 KB": [("x", "y" * 17000)],
    "20 fields of 1 KB": [("x", "y" * 1000)] * 20,
    "a name of 17 KB": [("x" * 17000, "y")],
    "1000 small fields": [("x", "y")] * 1000,
}


class Metadata(BadBackend):
    scripts = {}

    def test_too_much_metadata_is_500_and_harms_nobody(self):
        for name, fields in TOO_MUCH_METADATA.items():
            with self.subTest(name):
                self.scripts["case"] = plays(
                    head(*HEAD, *fields), data(message(GOOD)), trailers())
                self.bad("case", 500, 13)
                self.scripts["case"] = plays(
                    head(), data(message(GOOD)),
                    trailers(*STATUS_OK, *fields))
                self.bad("case", 500, 13)

    def test_a_megabyte_of_metadata_is_an_error_and_takes_no_memory(self):
        before = self.gateway.rss()
        for fields in (BIG, [("x", "y" * (1 << 20))]):
            for script in (
                    plays(head(*HEAD, *fields), data(message(GOOD)),
                          trailers()),
                    plays(head(), data(message(GOOD)),
                          trailers(*STATUS_OK, *fields))):
                self.scripts["case"] = script
                self.good()
                response = self.call("case")
                self.assertIn(response.status, (500, 502), response)
                self.assertEqual(response.json()["code"], 13)
                self.good()
        self.assertLess(self.gateway.rss() - before, 4 << 20)

    def test_names_of_our_own_head_are_not_taken_from_a_backend(self):
        for fields in ([("set-cookie", "a=b"), ("date", "never"),
                        ("server", "evil"), ("content-encoding", "gzip")],
                       [("trailer", "x")], [("grpc-encoding", "identity")],
                       [("location", "/")], [("http2-settings", "x")]):
            with self.subTest(fields):
                self.scripts["case"] = plays(
                    head(*HEAD, *fields), data(message(GOOD)),
                    trailers(*STATUS_OK, *fields))
                response = self.call("case")
                self.assertEqual(response.status, 200, response)
                self.assertEqual(response.json(), {"id": "good"})
                for name, value in fields:
                    self.assertNotIn((name, value), response.headers)

    def test_fields_that_HTTP_2_forbids_never_come_out(self):
        for name, value in (
                ("transfer-encoding", "chunked"), ("connection", "close"),
                ("keep-alive", "1"), ("upgrade", "h2c"), ("te", "gzip"),
                (":status", "404"), (":path", "/"), ("X-Upper", "case"),
                ("", "no name"), ("a b", "x"), ("a\r\nb", "x"),
                ("x", "a\r\nSet-Cookie: x"), ("x", "a\0b"), ("x", "\x7f"),
                ("content-length", "3"), ("content-length", "-1")):
            for where in ("head", "trailers"):
                with self.subTest(name=name, value=value, where=where):
                    more = [(name, value)]
                    self.scripts["case"] = plays(
                        head(*HEAD, *(more if where == "head" else [])),
                        data(message(GOOD)),
                        trailers(*STATUS_OK,
                                 *(more if where != "head" else [])))
                    before = self.good()
                    response = self.call("case")
                    self.assertEqual(self.good(), before)
                    if response.status != 200:
                        self.assert_error(response, 502, 13)
                    for key, _ in response.headers:
                        self.assertIn(key, (
                            "date", "content-type", "content-length",
                            "grpc-metadata-x", "grpc-trailer-x"))
                    self.assertNotIn(b"Set-Cookie", response.raw)
                    self.assertEqual(response.raw.count(b"\r\n\r\n"), 1)


HALF = message(GOOD)[:7]
INFORMATIONAL = ((":status", "103"), ("link", "</a>"))

# (what ends the stream, HTTP status, code)
RESETS = [(0, 502, 13), (1, 502, 13), (2, 502, 13), (3, 502, 13), (8, 499, 1),
          (11, 429, 8), (12, 403, 7), (13, 502, 13), (4919, 502, 14)]

BROKEN_STREAMS = {
    "trailers without END_STREAM": plays(
        head(), data(message(GOOD)), head(*STATUS_OK)),
    "DATA after trailers without END_STREAM": plays(
        head(), data(message(GOOD)), head(*STATUS_OK), data(message(GOOD))),
    "a second head": plays(head(), head(), data(message(GOOD)), trailers()),
    "1xx with END_STREAM": plays(head(*INFORMATIONAL, end=True)),
    "no :status": plays(head(("content-type", "application/grpc"))),
    "two :status": plays(head((":status", "200"), *HEAD)),
    ":status of letters": plays(head((":status", "abc"))),
    ":status after a field": plays(head(*reversed(HEAD))),
    "a length that is wrong": plays(
        head(*HEAD, ("content-length", "3")), data(message(GOOD)), trailers()),
    "a window past 2^31": plays(
        lambda c, stream: c.window(stream, 0x7fffffff)),
}

GOOD_STREAMS = {
    "1xx before the head": plays(
        head(*INFORMATIONAL), head((":status", "100")), head(),
        data(message(GOOD)), trailers()),
    "RST_STREAM(NO_ERROR) after all": plays(
        head(), data(message(GOOD)), trailers(), reset(http2.NO_ERROR)),
    "RST_STREAM(CANCEL) after all": plays(
        head(), data(message(GOOD)), trailers(), reset(http2.CANCEL)),
    "DATA after all": plays(
        head(), data(message(GOOD)), trailers(), data(message(GOOD))),
    "trailers after all": plays(
        head(), data(message(GOOD)), trailers(), trailers(("x", "y"))),
    "a prefix in pieces": plays(
        head(), data(*(bytes([b]) for b in message(GOOD))), trailers()),
    "empty DATA": plays(
        head(), *[data(b"")] * 50, data(message(GOOD)), data(b""),
        trailers()),
    "padding": plays(
        head(), send(DATA, 8, b"\xff" + message(GOOD) + bytes(255)),
        trailers()),
    "PRIORITY": plays(
        send(http2.PRIORITY, 0, b"\0\0\0\0\x10"), head(),
        data(message(GOOD)), trailers()),
    "frames of unknown types": plays(
        send(77, 255, b"what"), head(), send(78, 255), data(message(GOOD)),
        trailers()),
    "a block in pieces": plays(
        send(HEADERS, 0, block(HEAD[0])), send(CONTINUATION, 0),
        send(CONTINUATION, END_HEADERS, block(HEAD[1])),
        data(message(GOOD)), trailers()),
}


class Streams(BadBackend):
    """Again one connection: these streams end badly, or only look odd."""

    scripts = {}

    def test_a_reset_has_the_status_of_its_code(self):
        for code, http_status, grpc_code in RESETS:
            for steps in ([], [head()], [head(), data(HALF)],
                          [head(), data(message(GOOD))]):
                with self.subTest(code=code, after=len(steps)):
                    self.scripts["case"] = plays(*steps, reset(code))
                    self.bad("case", http_status, grpc_code)

    def test_a_refused_stream_is_sent_again_once(self):
        def refuse(c, stream, times):
            if times % 2:
                c.reset(stream, http2.REFUSED_STREAM)
            else:
                c.answer(stream, GOOD)

        self.scripts["refused"] = refuse
        self.assertEqual(self.call("refused").status, 200)
        self.scripts["case"] = plays(reset(http2.REFUSED_STREAM))
        self.bad("case", 503, 14)
        self.assertEqual(self.backend.seen["case"], 2)
        self.assertIsNotNone(self.call("case").header("retry-after"))

    def test_a_refusal_after_the_head_is_final(self):
        self.scripts["refused late"] = plays(
            head(), reset(http2.REFUSED_STREAM))
        self.bad("refused%20late", 503, 14)
        self.assertEqual(self.backend.seen["refused late"], 1)

    def test_broken_streams_end_alone(self):
        for name, script in BROKEN_STREAMS.items():
            with self.subTest(name):
                self.scripts["case"] = script
                self.bad("case", 502, 13)

    def test_what_only_looks_odd_is_fine(self):
        before = self.good()
        for name, script in GOOD_STREAMS.items():
            with self.subTest(name):
                self.scripts["case"] = script
                self.assertEqual(self.call("case").json(), {"id": "good"})
                self.assertEqual(self.good(), before)

    def test_one_header_block_can_be_the_whole_answer(self):
        self.scripts["case"] = plays(head(
            *HEAD, ("grpc-status", "5"), ("grpc-message", "no"), ("x", "y"),
            end=True))
        response = self.call("case")
        self.assertEqual(self.assert_error(response, 404, 5)["message"], "no")
        self.assertEqual(response.header("grpc-trailer-x"), "y")

    def test_no_answer_is_504_and_the_backend_is_told(self):
        codes = []

        def never(c, stream, times):
            c.wait(RST_STREAM, 0, stream)
            codes.append(c.resets[stream])

        self.scripts["never"] = never
        self.bad("never", 504, 4, headers=[("Grpc-Timeout", "50m")])
        self.assertEqual(codes, [http2.CANCEL])

    def test_half_an_answer_is_504_too(self):
        for steps in ([head()], [head(), data(HALF)],
                      [head(), data(message(GOOD))]):
            self.scripts["case"] = plays(
                *steps, lambda c, stream: c.wait(RST_STREAM, 0, stream))
            self.bad("case", 504, 4, headers=[("Grpc-Timeout", "50m")])

    def late(self, *last):
        """Three lines of a stream, seen by the client before the last steps."""
        def await_test(c, stream):
            self.backend.go.wait(harness.PATIENCE)

        self.backend.go.clear()
        self.scripts["case"] = plays(head(), *[
            data(message(Answer(index=i).SerializeToString()))
            for i in range(3)], await_test, *last)
        wire = self.begin("case", STREAM)
        wire.read_until(b"\r\n\r\n")
        seen = b""
        while seen.count(b"\n") < 3:
            seen += wire.chunk()
        self.backend.go.set()
        piece = wire.chunk()
        while piece:
            seen += piece
            piece = wire.chunk()
        lines = seen.decode().splitlines()
        self.assertEqual(lines[:3],
                         ["{}", '{"index":1}', '{"index":2}'])
        return [harness.json.loads(line) for line in lines[3:]], piece == b""

    def test_a_stream_that_is_reset_late_is_seen_to_break(self):
        for last, code in (
                ([reset(http2.INTERNAL_ERROR)], 13),
                ([reset(http2.CANCEL)], 1),
                ([data(HALF), reset(http2.INTERNAL_ERROR)], 13),
                ([data(HALF), trailers()], 13),
                ([data(message(GOOD, flag=7))], 13),
                ([data(message(GOOD, length=0xffffffff))], 8),
                ([data(message(b"\xff")), trailers()], 13),
                ([data(b"", end=True)], 13),
                ([trailers(("x", "y"))], 2),
                ([trailers(("grpc-status", "5"))], 5),
                ([head(*STATUS_OK)], 13)):
            with self.subTest(code=code):
                more, is_complete = self.late(*last)
                self.assertFalse(is_complete)
                self.assertEqual([line["code"] for line in more], [code])
                self.good()

    def test_a_stream_that_ends_well_is_complete(self):
        self.assertEqual(self.late(trailers()), ([], True))
        self.assertEqual(
            self.late(trailers(), reset(http2.NO_ERROR)), ([], True))


def settings(*pairs):
    return lambda c, stream: c.settings(*pairs)


def flood(data, times):
    return lambda c, stream: c.flood(data, times)


def on_0(type, flags, payload=b"", **more):
    """A frame of the connection."""
    return lambda c, stream: c.send(type, flags, 0, payload, **more)


def opened_stream(c, stream):
    """PUSH_PROMISE of a stream, which we have forbidden."""
    c.send(PUSH_PROMISE, END_HEADERS, stream,
           struct.pack(">I", 2) + block((":method", "GET"), (":path", "/")))


BIG_VALUE = field("x", "y" * 4000, b"\x40")     # goes into the HPACK table

BROKEN_CONNECTIONS = {
    "DATA before the head": plays(data(message(GOOD))),
    "a frame of 2^24-1": plays(send(DATA, 0, length=0xffffff)),
    "HEADERS of 2^24-1": plays(send(HEADERS, 0, length=0xffffff)),
    "a frame over 16384": plays(head(), send(DATA, 0, bytes(16385))),
    "a window update of 0": plays(lambda c, stream: c.window(0, 0)),
    "the same for a stream": plays(lambda c, stream: c.window(stream, 0)),
    "a window past 2^31": plays(lambda c, stream: c.window(0, 0x7fffffff)),
    "a short window update": plays(on_0(http2.WINDOW_UPDATE, 0, b"\0")),
    "PUSH_PROMISE": plays(opened_stream),
    "a window of 2^31 in SETTINGS": plays(
        settings((http2.INITIAL_WINDOW, 1 << 31))),
    "frames of 100 bytes in SETTINGS": plays(settings((5, 100))),
    "ENABLE_PUSH 2": plays(settings((2, 2))),
    "SETTINGS of 5 bytes": plays(on_0(SETTINGS, 0, b"12345")),
    "SETTINGS ACK with a payload": plays(on_0(SETTINGS, ACK, b"123456")),
    "SETTINGS on a stream": plays(send(SETTINGS, 0)),
    "PING of 7 bytes": plays(on_0(PING, 0, b"1234567")),
    "PING on a stream": plays(send(PING, 0, b"12345678")),
    "GOAWAY of 3 bytes": plays(on_0(GOAWAY, 0, b"123")),
    "RST_STREAM of no stream": plays(on_0(RST_STREAM, 0, bytes(4))),
    "RST_STREAM of 3 bytes": plays(send(RST_STREAM, 0, bytes(3))),
    "DATA of no stream": plays(on_0(DATA, 0, b"x")),
    "HEADERS of no stream": plays(on_0(HEADERS, END_HEADERS, block(*HEAD))),
    "padding longer than its frame": plays(
        head(), send(DATA, 8, b"\xff\0\0")),
    "CONTINUATION of nothing": plays(
        send(CONTINUATION, END_HEADERS, block(*HEAD))),
    "a frame within a header block": plays(
        send(HEADERS, 0, block(HEAD[0])), on_0(PING, 0, b"12345678")),
    "endless CONTINUATION": plays(
        send(HEADERS, 0, block(HEAD[0])),
        *[send(CONTINUATION, 0, block(("x", "y")))] * 10000),
    "endless empty CONTINUATION": plays(
        send(HEADERS, 0, block(HEAD[0])), *[send(CONTINUATION, 0)] * 10000),
    "HPACK: an index of nothing": plays(send(HEADERS, END_HEADERS, b"\xfe")),
    "HPACK: an endless integer": plays(
        send(HEADERS, END_HEADERS, b"\xff" * 30)),
    "HPACK: a string past the end": plays(
        send(HEADERS, END_HEADERS, b"\x00\x01x\x7f\xff\xff\x03y")),
    "HPACK: a larger table than was offered": plays(
        send(HEADERS, END_HEADERS, b"\x3f\xff\xff\xff\x0f" + block(*HEAD))),
    "HPACK: broken Huffman": plays(
        send(HEADERS, END_HEADERS, b"\x00\x81\x00\x82\xff\xff")),
}

FLOODS = {
    "SETTINGS": plays(flood(frame(SETTINGS, 0, 0), 1000000)),
    "SETTINGS with values": plays(flood(
        frame(SETTINGS, 0, 0, struct.pack(">HI", 1, 0) * 10), 20000)),
    "PING": plays(flood(frame(PING, 0, 0, b"12345678"), 1000000)),
    "PRIORITY": plays(flood(
        frame(http2.PRIORITY, 0, 1, b"\0\0\0\0\x10"), 200000)),
    "window updates": plays(flood(
        frame(http2.WINDOW_UPDATE, 0, 0, b"\0\0\0\1"), 200000)),
    "unknown frames": plays(flood(frame(99, 0, 0, bytes(100)), 100000)),
    "empty DATA": plays(
        head(), lambda c, stream: c.flood(frame(DATA, 0, stream), 500000)),
    "1xx": plays(lambda c, stream: c.flood(
        frame(HEADERS, END_HEADERS, stream, block(*INFORMATIONAL)), 100000)),
    "resets of the same stream": plays(lambda c, stream: c.flood(
        frame(RST_STREAM, 0, stream, bytes(4)), 100000)),
}


class Connections(BadBackend):
    """The whole connection is lost; the next call has a new one."""

    scripts = {}

    def test_broken_HTTP_2_ends_the_connection(self):
        for name, script in BROKEN_CONNECTIONS.items():
            with self.subTest(name):
                def play(c, stream, times):
                    script(c, stream, times)
                    hold(c, stream)

                self.scripts["case"] = play
                self.bad("case", 502, 13, is_new_connection=True)

    def test_a_connection_that_ends_is_502(self):
        def half_close(c, stream):
            c.socket.shutdown(http2.socket.SHUT_WR)
            hold(c, stream)

        def abort(c, stream):
            c.abort()

        for end in (half_close, abort, gone):
            for steps in ([], [head()], [head(), data(HALF)],
                          [head(), data(message(GOOD))]):
                with self.subTest(end=end.__name__, after=len(steps)):
                    self.scripts["case"] = plays(*steps, end)
                    self.bad("case", 502, 14, is_new_connection=True)

    def test_a_flood_ends_somehow_and_takes_no_memory(self):
        self.good()
        before = self.gateway.rss()
        for name, script in FLOODS.items():
            with self.subTest(name):
                def play(c, stream, times):
                    script(c, stream, times)
                    c.answer(stream, GOOD)

                self.scripts["case"] = play
                response = self.call("case")
                self.assertIn(response.status, (200, 502), response)
                self.good()
        self.assertLess(self.gateway.rss() - before, 8 << 20)

    def test_a_table_bomb_is_500_and_takes_no_memory(self):
        bomb = block(*HEAD) + BIG_VALUE + b"\xbe" * 16000
        self.scripts["case"] = plays(
            send(HEADERS, END_HEADERS, bomb[:http2.FRAME_MAX]),
            data(message(GOOD)), trailers())
        before = self.gateway.rss()
        for _ in range(5):
            self.bad("case", 500, 13)
        self.assertLess(self.gateway.rss() - before, 4 << 20)

    def test_each_ping_is_answered(self):
        def pinged(c, stream, times):
            c.ping()
            c.head(stream, *HEAD)
            c.ping()
            for byte in message(GOOD):
                c.data(stream, bytes([byte]))
                c.ping()
            c.head(stream, *STATUS_OK, end=True)
            c.ping()

        self.scripts["case"] = pinged
        before = self.good()
        self.assertEqual(self.call("case").json(), {"id": "good"})
        self.assertEqual(self.good(), before)

    def test_a_backend_that_ignores_windows_is_cut_off(self):
        codes = []

        def pour(c, stream, times):
            c.head(stream, *HEAD)
            piece = message(Answer(text="x" * 16000).SerializeToString())
            while stream not in c.resets:
                c.data(stream, piece)
                while http2.select.select([c.socket], [], [], 0)[0]:
                    c.read_frame()
            codes.append(c.resets[stream])

        self.scripts["case"] = pour
        before = self.gateway.rss()
        wire = self.begin("case", STREAM)
        wire.read_until(b"\r\n\r\n")
        while not codes:
            self.good()
        self.assertEqual(codes, [http2.FLOW_CONTROL_ERROR])
        self.assertLess(self.gateway.rss() - before, 16 << 20)
        while wire.chunk():
            pass
        self.good()


def own_opening(*settings):
    """The usual opening with other settings."""
    return lambda c: c.hello(*settings)


def abort_in_the_preface(c):
    c.read_exactly(10)
    c.abort()


def speak_HTTP_1(c):
    c.read_exactly(24)
    c.raw(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")


def say_nonsense(c):
    c.raw(b"\x15\x03\x01\x00\x02\x02\x16" * 100)
    hold(c, 0)


def close_at_once(c):
    raise http2.Gone


def abort_at_once(c):
    c.abort()


def go_away_at_once(c):
    c.read_exactly(len(http2.PREFACE))
    c.raw(frame(SETTINGS, 0, 0) + frame(GOAWAY, 0, 0, bytes(8)))
    hold(c, 0)


def half_close_at_once(c):
    c.socket.shutdown(http2.socket.SHUT_WR)
    hold(c, 0)


def broken_settings(c):
    c.send(SETTINGS, 0, 0, b"12345")
    hold(c, 0)


class Apart(BadBackend):
    """Each test has its own gateway: what that learns about its backend must
    not reach the next."""

    @classmethod
    def setUpClass(cls):
        cls.directory = harness.tempfile.TemporaryDirectory()

    @classmethod
    def tearDownClass(cls):
        cls.directory.cleanup()


class NoConnections(Apart):
    """Backends that cannot be had."""

    def until_good(self):
        """Asks until the backend is used again; all before is 503."""
        response = self.call("good")
        while response.status == 503:
            self.assert_error(response, 503, 14)
            response = self.call("good")
        self.assertEqual(response.status, 200, response)

    def test_a_backend_that_cannot_be_had_is_503_until_it_can(self):
        places = []
        for opening in (abort_in_the_preface, speak_HTTP_1, say_nonsense,
                        close_at_once, abort_at_once, go_away_at_once,
                        half_close_at_once, broken_settings):
            with self.subTest(opening.__name__):
                self.own({}, opening)
                places.append((opening.__name__, self.gateway))
                response = self.call("good")
                self.assert_error(response, 503, 14)
                self.assertEqual(response.header("retry-after"), "1")
                self.assertNotIn(str(self.backend.port).encode(),
                                 response.body)
        for name, self.gateway in places:   # by now most have waited enough
            with self.subTest(name):
                self.until_good()

    def test_a_port_where_nobody_listens_is_503_until_somebody_does(self):
        self.own({})
        port = self.backend.port
        self.backend.stop()
        self.assert_error(self.call("good"), 503, 14)
        self.backend = http2.Backend({}, port=port)
        self.addCleanup(self.backend.stop)
        self.until_good()

    def test_a_backend_without_SETTINGS_is_504_until_they_come(self):
        def late(c):
            c.backend.go.wait(harness.PATIENCE)
            c.hello()

        self.own({}, late)
        for _ in range(3):
            self.assert_error(
                self.call("good", headers=[("Grpc-Timeout", "50m")]), 504, 4)
        self.backend.go.set()
        self.assertEqual(self.good(), 0)

    def test_a_backend_that_never_reads_is_504_until_it_does(self):
        def late(c):
            c.settings((http2.INITIAL_WINDOW, 0x7fffffff))
            c.window(0, 0x7fff0000 - 65535)
            c.backend.go.wait(harness.PATIENCE)
            c.read_exactly(len(http2.PREFACE))
            c.send(SETTINGS, ACK, 0)

        self.own({}, late)
        before = self.gateway.rss()
        big = {"name": "x" * 3000000}
        for _ in range(10):     # more than the sockets can hold
            self.assert_error(
                self.ask("POST", "/v1/echo", big,
                         [("Grpc-Timeout", "50m")]), 504, 4)
        self.assertLess(self.gateway.rss() - before, 40 << 20)
        self.backend.go.set()
        self.assertEqual(self.good(), 0)


class Limits(Apart):
    """Windows, stream limits and goodbyes: nothing here is an error to the
    client."""

    def test_ten_calls_share_one_stream(self):
        def first(c, stream, times):
            c.backend.reached.set()
            c.backend.go.wait(harness.PATIENCE)
            c.ping()
            c.answer(stream, GOOD)

        self.own({"first": first}, own_opening((http2.MAX_STREAMS, 1)))
        wires = [self.begin("first")]
        self.assertTrue(self.backend.reached.wait(harness.PATIENCE))
        wires += [self.begin(i) for i in range(9)]
        # Their turn has come, if it will, when a later one has been served.
        self.assert_error(
            self.call("late", headers=[("Grpc-Timeout", "50m")]), 504, 4)
        self.backend.go.set()
        for wire in wires:
            self.assertEqual(wire.response().status, 200)
        self.assertEqual(self.backend.connections[0].most_open, 1)
        self.assertEqual(len(self.backend.connections), 1)

    def test_calls_wait_while_no_stream_is_allowed(self):
        def later(c):
            c.hello((http2.MAX_STREAMS, 0))
            c.wait(SETTINGS, ACK)
            c.backend.reached.set()
            c.backend.go.wait(harness.PATIENCE)
            c.ping()
            c.backend.connections[0].before = c.most_open
            c.settings((http2.MAX_STREAMS, 100))

        self.own({}, later)
        wires = [self.begin("good") for _ in range(3)]
        self.assertTrue(self.backend.reached.wait(harness.PATIENCE))
        self.backend.go.set()
        for wire in wires:
            self.assertEqual(wire.response().status, 200)
        self.assertEqual(self.backend.connections[0].before, 0)

    def test_a_window_of_0_holds_the_message_back(self):
        def shut(c):
            c.hello((http2.INITIAL_WINDOW, 0))
            stream = c.wait(HEADERS).stream
            c.ping()
            c.ping()
            c.before = len(c.bodies[stream])
            for _ in range(10):
                c.window(stream, 1)     # byte by byte
            c.window(stream, 1 << 20)

        self.own({}, shut)
        self.assertEqual(self.good(), 0)
        self.assertEqual(self.backend.connections[0].before, 0)

    def test_a_window_that_shuts_midway_and_opens_again(self):
        def shrink(c):
            c.hello((http2.INITIAL_WINDOW, 20000))
            stream = c.wait(HEADERS).stream
            while len(c.bodies[stream]) < 10000:
                c.read_frame()
            c.settings((http2.INITIAL_WINDOW, 0))       # 20000 below zero
            c.wait(SETTINGS, ACK)
            c.before = len(c.bodies[stream])
            c.window(stream, 10000)                     # still below zero
            c.ping()
            c.ping()
            c.between = len(c.bodies[stream])
            c.window(0, 1 << 20)
            c.settings((http2.INITIAL_WINDOW, 1 << 20))

        self.own({}, shrink)
        name = "n" * 60000
        response = self.ask("POST", "/v1/echo", {"name": name})
        self.assertEqual(response.status, 200, response)
        self.assertEqual(response.json()["name"], name)
        c = self.backend.connections[0]
        self.assertLessEqual(c.before, 20000)
        self.assertEqual(c.between, c.before)

    def test_after_GOAWAY_the_next_call_has_a_new_connection(self):
        def goaway(c, stream, times):
            c.goaway(stream)
            c.answer(stream, Answer(index=c.number).SerializeToString())

        self.own({"goaway": goaway})
        for i in range(5):
            response = self.call("goaway")
            self.assertEqual(response.status, 200, response)
            self.assertEqual(response.json().get("index", 0), i)
        self.assertEqual(self.good(), 5)

    def test_a_graceful_GOAWAY_lets_calls_finish(self):
        def graceful(c, stream, times):
            c.goaway(0x7fffffff)
            c.ping()
            c.goaway(stream)
            c.answer(stream, GOOD)

        self.own({"graceful": graceful})
        self.assertEqual(self.call("graceful").status, 200)
        self.assertEqual(self.good(), 1)

    def test_a_call_above_the_last_stream_is_sent_again(self):
        def below(c, stream, times):
            if times == 1:
                c.goaway(stream - 2 if stream > 1 else 0)
            else:
                c.answer(stream, GOOD)

        self.own({"below": below})
        self.assertEqual(self.good(), 0)
        self.assertEqual(self.call("below").status, 200)
        self.assertEqual(self.good(), 1)

    def test_a_live_stream_above_the_last_one_moves_and_the_other_stays(self):
        def low(c, stream, times):
            c.backend.reached.set()
            above = c.wait_call()
            c.backend.moved = above.id
            c.goaway(stream)
            c.backend.go.wait(harness.PATIENCE)
            c.answer(stream, Answer(index=c.number).SerializeToString())

        self.own({"low": low})
        wire = self.begin("low")
        self.assertTrue(self.backend.reached.wait(harness.PATIENCE))
        response = self.call("high")
        self.assertEqual(response.json(), {"id": "high", "index": 1})
        self.assertEqual(self.backend.moved, "high")
        self.backend.go.set()
        response = wire.response()
        self.assertEqual((response.status, response.json()), (200, {}))

    def test_GOAWAY_with_an_error_does_no_harm_to_finished_calls(self):
        def angry(c, stream, times):
            c.answer(stream, GOOD)
            c.goaway(stream, http2.ENHANCE_YOUR_CALM)

        self.own({"angry": angry})
        self.assertEqual(self.call("angry").status, 200)
        self.assertEqual(self.call("good").status, 200)

    def test_a_call_that_all_connections_turn_away_is_503(self):
        self.own({"below": lambda c, stream, times: c.goaway(0)})
        self.assert_error(self.call("below"), 503, 14)
        self.assertEqual(self.backend.seen["below"], 2)

    def test_hundreds_of_goodbyes_leave_nothing_behind(self):
        def goaway(c, stream, times):
            c.goaway(stream)
            c.answer(stream, GOOD)

        self.own({"goaway": goaway})
        wire = self.wire()
        ask = request("GET", ORDER % "goaway")

        def descriptors():
            return len(os.listdir("/proc/%d/fd" % self.gateway.process.pid))

        for _ in range(50):
            self.assertEqual(wire.send(ask).response().status, 200)
        before, rss = descriptors(), self.gateway.rss()
        for _ in range(300):
            self.assertEqual(wire.send(ask).response().status, 200)
        self.assertLessEqual(descriptors(), before + 1)
        self.assertLess(self.gateway.rss() - rss, 2 << 20)


SERVER = """
import sys
sys.path.insert(0, sys.argv[1])
import harness
backend = harness.Backend("127.0.0.1:" + sys.argv[2])
print(backend.port, flush=True)
backend.entered.wait()
print("entered", flush=True)
sys.stdin.read()
"""


class Process:
    """The official gRPC in a process that can be killed."""

    def __init__(self, port=0):
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVER,
             os.path.dirname(os.path.abspath(__file__)), str(port)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def entered(self):
        """Waits until a call hangs there."""
        return self.process.stdout.readline() == "entered\n"

    def signal(self, signal):
        self.process.send_signal(signal)

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


class Killed(Apart):
    def start_both(self):
        server = Process()
        self.addCleanup(server.kill)
        self.gateway = self.start(server.port)
        self.addCleanup(self.stopped, self.gateway)
        return server

    def test_a_backend_killed_during_calls_is_502_and_used_again_later(self):
        server = self.start_both()
        wires = [self.begin("1?hang=true") for _ in range(10)]
        stream = self.begin("1?count=3&hang=true", STREAM)
        stream.read_until(b"\r\n\r\n")
        lines = b""
        while lines.count(b"\n") < 3:
            lines += stream.chunk()
        self.assertTrue(server.entered())
        server.kill()
        for wire in wires:      # 503: it came to the gateway too late
            response = wire.response()
            self.assertIn(response.status, (502, 503), response)
            self.assertEqual(response.json()["code"], 14)
        last = stream.chunk()
        self.assertEqual(harness.json.loads(last)["code"], 14)
        self.assertIsNone(stream.chunk())
        self.assert_error(self.call("good"), 503, 14)
        server = Process(server.port)
        self.addCleanup(server.kill)
        response = self.call("good")
        while response.status == 503:
            response = self.call("good")
        self.assertEqual(response.status, 200, response)

    def test_a_backend_that_is_stopped_is_504_and_answers_when_it_goes_on(self):
        server = self.start_both()
        self.assertEqual(self.call("good").status, 200)
        server.signal(harness.signal.SIGSTOP)
        for _ in range(3):
            self.assert_error(
                self.call("good", headers=[("Grpc-Timeout", "50m")]), 504, 4)
        server.signal(harness.signal.SIGCONT)
        self.assertEqual(self.call("good").status, 200)


if __name__ == "__main__":
    harness.main()
