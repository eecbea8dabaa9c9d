# SPDX-License-Identifier: Apache-2.0
"""Backends that compress their answers: the official gRPC with gzip and with
deflate, and scripted ones that get it wrong."""

import gzip
import zlib

import grpc
import harness
from bad import BadBackend, GOOD, data, head, plays, trailers
from http2 import HEAD, message

EVERYTHING = {
    "name": "né", "i64": "-9007199254740993", "real": 1e-7, "flag": True,
    "raw": "AAH/" * 1000, "words": ["word"] * 1000,
    "inner": {"text": "t" * 100000, "list": [1, -1]},
    "when": "1969-12-31T23:59:59.999999999Z",
}


class Gzip(harness.Scenario):
    algorithm = grpc.Compression.Gzip

    @classmethod
    def setUpClass(cls):
        cls.backend_options = [
            ("grpc.default_compression_algorithm", int(cls.algorithm))]
        super().setUpClass()

    def test_a_unary_answer_comes_as_it_was_sent(self):
        response = self.ask("POST", "/v1/echo", EVERYTHING)
        self.assertEqual(response.status, 200, response)
        self.assertEqual(response.json(), EVERYTHING)

    def test_an_answer_without_content_does_too(self):
        response = self.ask("POST", "/v1/echo", {})
        self.assertEqual((response.status, response.json()), (200, {}))

    def test_a_stream_comes_whole_and_in_order(self):
        response = self.ask("GET", "/v1/streams/s?count=500&size=1000")
        self.assertEqual(response.status, 200)
        self.assertTrue(response.is_complete)
        self.assertEqual([(l.get("index", 0), len(l["text"]))
                          for l in response.lines()],
                         [(i, 1000) for i in range(500)])

    def test_statuses_are_what_they_were(self):
        self.assert_error(self.ask("GET", "/v1/orders/1?code=5"), 404, 5)

    def test_a_limit_counts_what_was_inflated(self):
        self.assert_error(
            self.ask("GET", "/v1/orders/1?size=%d" % (5 << 20)), 500, 8)
        response = self.ask("GET", "/v1/orders/1?size=%d" % (3 << 20))
        self.assertEqual(len(response.json()["text"]), 3 << 20)


class Deflate(Gzip):
    algorithm = grpc.Compression.Deflate


def packed(payload, coding="gzip", flag=1):
    return plays(head(*HEAD, ("grpc-encoding", coding)),
                 data(message(payload, flag=flag)), trailers())


def zeros(n):
    """n mebibytes of zeros, as gzip."""
    z = zlib.compressobj(9, zlib.DEFLATED, 31)
    return b"".join(z.compress(bytes(1 << 20)) for _ in range(n)) + z.flush()


class Scripted(BadBackend):
    scripts = {
        "gzip": packed(gzip.compress(GOOD)),
        "deflate": packed(zlib.compress(GOOD), "deflate"),
        "plain": packed(GOOD, flag=0),
        "mixed": packed(GOOD, "snappy", flag=0),
        "unknown": packed(GOOD, "snappy"),
        "identity": packed(GOOD, "identity"),
        "damaged": packed(gzip.compress(GOOD)[:-5] + b"12345"),
        "cut": packed(gzip.compress(GOOD)[:-1]),
        "garbage": packed(b"garbage"),
        "swapped": packed(gzip.compress(GOOD), "deflate"),
        "empty": packed(b""),
        "bomb": packed(zeros(60)),
    }

    def test_what_is_right_is_read(self):
        for id in ("gzip", "deflate", "plain", "mixed"):
            with self.subTest(id):
                response = self.call(id)
                self.assertEqual(response.status, 200, response)
                self.assertEqual(response.json()["id"], "good")

    def test_what_is_wrong_is_500(self):
        for id in ("unknown", "identity", "damaged", "cut", "garbage",
                   "swapped", "empty"):
            with self.subTest(id):
                self.bad(id, 500, 13)

    def test_a_bomb_is_500_and_takes_no_memory(self):
        self.good()
        before = self.gateway.rss()
        self.bad("bomb", 500, 8)
        self.assertLess(self.gateway.rss() - before, 16 << 20)


if __name__ == "__main__":
    harness.main()
