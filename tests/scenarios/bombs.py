# SPDX-License-Identifier: Apache-2.0
"""Bodies and messages of a megabyte that inflate to a gigabyte, at each place
where something is inflated: refused at the limit, and nothing is kept for long."""

import base64
import re
import time
import zlib

import forms
import frames
import harness
from forms import METHOD, each, typed
from frames import COMPRESSED, envelope
from harness import request

GROWTH = harness.STREAM_GROWTH


def bomb(mebibytes, bits=31):
    """So many of zeros, as gzip; as zlib's format with bits=15."""
    z = zlib.compressobj(9, zlib.DEFLATED, bits)
    zeros = bytes(1 << 20)
    first = z.compress(zeros) + z.flush(zlib.Z_FULL_FLUSH)
    again = z.compress(zeros) + z.flush(zlib.Z_FULL_FLUSH)
    return first + again * (mebibytes - 1)


GIGABYTE = bomb(1024)


def unary(data, **_):
    return request("POST", METHOD % "Obey", data, [
        *typed("application/proto"), ("Content-Encoding", "gzip")])


def enveloped(type, header, method="Collect", encode=lambda body: body):
    def make(data, coding="gzip"):
        return request("POST", METHOD % method,
                       encode(envelope(data, COMPRESSED)),
                       [*typed(type), (header, coding)])
    return make


REQUESTS = {
    "Connect unary": unary,
    "Connect stream": enveloped("application/connect+proto",
                                "Connect-Content-Encoding"),
    "Connect JSON": enveloped("application/connect+json",
                              "Connect-Content-Encoding"),
    "gRPC-Web": enveloped("application/grpc-web+proto", "Grpc-Encoding",
                          "Obey"),
    "gRPC-Web stream": enveloped("application/grpc-web+proto",
                                 "Grpc-Encoding"),
    "gRPC-Web text": enveloped("application/grpc-web-text", "Grpc-Encoding",
                               encode=base64.b64encode),
}

# Where nothing is inflated.
PLAIN = {
    "REST": ("/v1/echo", "application/json"),
    "REST stream": ("/v1/collections", "application/json"),
    "HttpBody": ("/v1/send/s", "video/x"),
    "raw": ("/raw.Box/Gather", "video/x"),
}


class Bombs(forms.Scenario):
    def code(self, response):
        """Of an error in any form."""
        self.assertIsNotNone(response)
        if b"resource_exhausted" in response.body:
            return 8
        body = response.body
        if "text" in response.header("content-type"):
            body = frames.text_chunks(body)
        return int(re.search(rb"grpc-status: (\d+)", body).group(1))

    def call_well(self):
        """Others are served. What streams of requests had begun, if it ever
        left the gateway, was cancelled."""
        wire = self.wire().send(request("GET", "/v1/orders/1"))
        call = self.backend.next_call()
        while call.is_cancelled():
            call = self.backend.next_call()
        call.message(b"")
        call.end()
        self.assertEqual(wire.response().status, 200)
        self.assertEqual(self.backend.arrived, [])

    def assert_nothing_is_kept(self, before):
        """Large storage may be used again for some seconds; then it is the
        system's. Another client has its turns meanwhile."""
        wire = self.wire()
        end = time.monotonic() + harness.PATIENCE
        while self.gateway.rss() - before >= GROWTH:
            self.assertLess(time.monotonic(), end, "kept for too long")
            wire.send(request("GET", "/healthz"))
            self.assertEqual(wire.response().status, 200)

    @each(REQUESTS)
    def test_a_request(self, name):
        ask = REQUESTS[name](GIGABYTE)
        before = self.gateway.rss()
        for _ in range(3):
            self.assertEqual(
                self.code(self.wire().send(ask).response()), 8)
        self.call_well()
        self.assert_nothing_is_kept(before)

    @each(PLAIN)
    def test_a_body_that_is_compressed_as_a_whole(self, name):
        target, type = PLAIN[name]
        before = self.gateway.rss()
        response = self.wire().send(request("POST", target, GIGABYTE, [
            *typed(type), ("Content-Encoding", "gzip")])).response()
        self.assertEqual(response.status, 415, response)
        self.assert_nothing_is_kept(before)

    def test_an_answer_of_the_backend(self):
        before = self.gateway.rss()
        for form in forms.DOWNLOADS:
            with self.subTest(str(form)):
                stream = form.open(self)
                call = self.backend.next_call()
                call.message(form.payload("one "))
                stream.begin()
                call.compressed(GIGABYTE)
                form.fails(self, stream.to_end(), "one ", 8)
                self.assertTrue(call.wait_cancelled())
                self.assert_nothing_is_kept(before)

    def test_a_unary_answer_of_the_backend(self):
        before = self.gateway.rss()
        wire = self.wire().send(request("GET", "/v1/orders/1"))
        call = self.backend.next_call()
        call.compressed(GIGABYTE)
        self.assert_error(wire.response(), 500, 8)
        self.assert_nothing_is_kept(before)


if __name__ == "__main__":
    harness.main()
