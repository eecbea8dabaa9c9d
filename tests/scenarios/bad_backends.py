# SPDX-License-Identifier: Apache-2.0
"""Backends whose messages, statuses, metadata or streams are bad. The call has
the answer it deserves; the connection and the calls after it do not suffer."""

import json
import struct

import harness
import http2
from bad import (
    BadBackend, ECHO, GOOD, HALF, INFORMATIONAL, ORDER, STREAM, data, head,
    plays, reset, send, trailers)
from harness import Answer, Everything
from http2 import (
    CONTINUATION, DATA, END_HEADERS, HEAD, HEADERS, RST_STREAM, STATUS_OK,
    block, message)


def answers(*pieces):
    return plays(head(), data(*pieces), trailers())


def fails(*fields):
    return plays(head(), trailers(*fields))


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


def size(n):
    return bytes([n]) if n < 128 else bytes([n & 127 | 128, n >> 7])


def nested(depth):
    """An Inner in an Inner and so on."""
    inner = b""
    for _ in range(depth):
        inner = tag(4, 2) + size(len(inner)) + inner
    return tag(17, 2) + size(len(inner)) + inner


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
    "messages 101 deep": nested(101),
    "Value of no kind": tag(30, 2) + b"\x00",
    "Value that is NaN":
        tag(30, 2) + b"\x09\x11" + struct.pack("<d", float("nan")),
    "Timestamp out of range": tag(26, 2) + b"\x0b\x08" + b"\xff" * 8 + b"\x7f",
    "Duration out of range": tag(27, 2) + b"\x0b\x08" + b"\xff" * 8 + b"\x7f",
    "Any of an unknown type":
        tag(33, 2) + b"\x0a\x0a\x08x/no.Type"[:12],
}
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
        for name, script in scripts.items():
            with self.subTest(name):
                self.scripts["case"] = script
                self.bad("case", status, code, path)

    def test_a_broken_message_is_500(self):
        self.table(BROKEN_MESSAGES, 500, 13)

    def test_a_length_over_the_limit_is_500_and_takes_no_memory(self):
        before = self.gateway.rss()
        for length, code in ((0x7fffffff, 8), (0xffffffff, 13)):
            self.scripts["case"] = answers(message(GOOD, length=length))
            for _ in range(20):
                self.bad("case", 500, code)
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

    def test_a_bad_header_of_a_client_does_not_cost_the_connection(self):
        for text in ("!!!", "A", "AQ="):
            self.bad("good", 400, 3, headers=[("Grpc-Metadata-X-bin", text)])

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
        """Three lines of a stream, seen by the client before the last steps;
        what comes after them, and whether the answer ended well."""
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
        return [json.loads(line) for line in lines[3:]], piece == b""

    def test_a_stream_that_is_reset_late_is_seen_to_break(self):
        for last, code in (
                ([reset(http2.INTERNAL_ERROR)], 13),
                ([reset(http2.CANCEL)], 1),
                ([data(HALF), reset(http2.INTERNAL_ERROR)], 13),
                ([data(HALF), trailers()], 13),
                ([data(message(GOOD, flag=7))], 13),
                ([data(message(GOOD, length=0xffffffff))], 13),
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


if __name__ == "__main__":
    harness.main()
