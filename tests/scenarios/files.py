# SPDX-License-Identifier: Apache-2.0
"""A service of files for the scenarios of google.api.HttpBody, whose messages
are bytes here: what arrives and what leaves is told to the byte."""

import base64
import hashlib
import os
import threading

import grpc

import harness

MIB = 1 << 20
WHOLE = 96 * MIB        # of a long stream: far more than may be under way
# What may be under way: socket buffers and HTTP/2 windows of both sides.
UNDER_WAY = 32 * MIB
GROWTH = 4 * MIB
PIECE_MAX = 64 << 10    # of a body, in one message

SET = os.path.abspath(os.path.join(harness.BUILD, "tests/scenarios/files.pb"))
MESSAGES = harness.Messages(SET)
HttpBody = MESSAGES.type("google.api.HttpBody")
Upload = MESSAGES.type("sluice.test.v1.Upload")
Receipt = MESSAGES.type("sluice.test.v1.Receipt")
Ask = MESSAGES.type("sluice.test.v1.Ask")
Found = MESSAGES.type("sluice.test.v1.Found")

ALL_BYTES = bytes(range(256))


class Backend(harness.Backend):
    """The official gRPC serving sluice.test.v1.Files."""

    def __init__(self, *arguments, **keywords):
        self.sent = 0      # bytes of data that Watch has begun to send
        self.received = 0  # bytes of data that Send has taken
        self.seen = []     # names of the methods called
        self.may_take = threading.Semaphore(0)
        self.is_slow = False
        super().__init__(*arguments, **keywords)

    def _handlers(self):
        def same(wire):
            return wire

        def data_of_upload(wire):
            return Upload.FromString(wire).file.data

        def data_of_body(wire):
            return HttpBody.FromString(wire).data

        def unary(fn):
            return grpc.unary_unary_rpc_method_handler(fn, same, same)

        def stream(fn):
            return grpc.unary_stream_rpc_method_handler(fn, same, same)

        def collector(data_of):
            return grpc.stream_unary_rpc_method_handler(
                lambda r, c: self.collect_data(r, data_of, c), same, same)

        def put(data_of):
            return unary(lambda r, c: self.collect_data([r], data_of, c))

        return grpc.method_handlers_generic_handler("sluice.test.v1.Files", {
            "Put": put(data_of_upload),
            "PutRaw": put(data_of_body),
            "Get": unary(self.get),
            "Find": unary(self.get),
            "Send": collector(data_of_upload),
            "SendRaw": collector(data_of_body),
            "Watch": stream(self.watch),
            "WatchFound": stream(self.watch),
            "Mirror": grpc.stream_stream_rpc_method_handler(
                self.mirror, same, same),
        })

    def collect_data(self, wires, data_of, context):
        self.seen.append("collect")
        if not context.add_callback(self.cancelled.set):
            self.cancelled.set()
        receipt, digest = Receipt(), hashlib.sha256()
        for wire in wires:
            data = data_of(wire)
            self.entered.set()
            if self.is_slow:
                self.may_take.acquire()
            if data == b"fail":
                context.abort(grpc.StatusCode.DATA_LOSS, "broken off")
            self.received += len(data)
            receipt.size += len(data)
            receipt.count += 1
            if receipt.size <= 1 << 20:
                receipt.messages.append(wire)
            digest.update(data)
        receipt.digest = digest.hexdigest()
        return receipt.SerializeToString()

    def get(self, wire, context):
        ask = Ask.FromString(wire)
        if ask.code:
            context.abort(next(c for c in grpc.StatusCode
                               if c.value[0] == ask.code), "as asked")
        return ask.wires[0] if ask.wires else HttpBody(
            content_type="text/plain", data=ask.name.encode()
        ).SerializeToString()

    def watch(self, wire, context):
        ask = Ask.FromString(wire)
        self._watch(context)
        if ask.greet:
            context.send_initial_metadata([("x-greeting", "hello")])
            self.entered.set()
            self.release.wait(harness.PATIENCE)
        yield from ask.wires
        piece = HttpBody(content_type="video/x", data=b"v" * ask.size)
        for _ in range(ask.count):
            self.sent += ask.size
            yield piece.SerializeToString()
        if ask.code:
            context.abort(next(c for c in grpc.StatusCode
                               if c.value[0] == ask.code), "as asked")

    def mirror(self, wires, context):
        for wire in wires:
            yield wire
            self.conversed.set()


ROUTE_FILE = """\
listen: ["127.0.0.1:0"]
workers: %(workers)d
upstreams:
  test:
    target: ipv4:127.0.0.1:%(port)d
    schema: %(schema)s
services:
  - name: sluice.test.v1.Files
    upstream: test
%(more)s
"""


class Scenario(harness.Scenario):
    """A gateway in front of the service of files."""

    backend_type = Backend
    routes = ROUTE_FILE
    schema = SET
    workers = 1

    def setUp(self):
        self.idle = None
        self.forget()

    def let_it_turn(self, times=1):
        """Returns when the gateway's only loop has gone round."""
        if self.idle is None:
            self.idle = self.wire()
        for _ in range(times):
            self.idle.send(harness.request("GET", "/healthz"))
            self.assertEqual(self.idle.response().status, 200)

    def send(self, method, target, body=b"", content_type=None):
        """An answer to a body of that type; None: none is said."""
        lines = ["%s %s HTTP/1.1" % (method, target), "Host: localhost",
                 "Content-Length: %d" % len(body)]
        if content_type is not None:
            lines.append("Content-Type: " + content_type)
        wire = self.wire()
        wire.send("\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + body)
        return wire.response()

    def begin_chunked(self, target, content_type=None, method="POST"):
        lines = ["%s %s HTTP/1.1" % (method, target), "Host: localhost",
                 "Transfer-Encoding: chunked"]
        if content_type is not None:
            lines.append("Content-Type: " + content_type)
        return self.wire().send("\r\n".join(lines) + "\r\n\r\n")

    def send_chunked(self, target, pieces, content_type=None, method="POST"):
        wire = self.begin_chunked(target, content_type, method)
        for piece in pieces:
            wire.send(chunk(piece))
        return wire.send(b"0\r\n\r\n").response()

    def upload_slowly(self, target):
        """Sends WHOLE bytes to a method whose service is slow: the answer, and
        the digest of what was sent."""
        piece = ALL_BYTES * 256
        self.send("POST", target, piece * 16)  # what is kept is taken
        backend, wire = self.backend, self.begin_chunked(target)
        sent, digest = [0], hashlib.sha256()

        def pour():
            for _ in range(WHOLE // len(piece)):
                wire.send(chunk(piece))
                sent[0] += len(piece)
                digest.update(piece)
            wire.send(b"0\r\n\r\n")

        backend.is_slow, backend.received = True, 0
        before = self.gateway.rss()
        client = threading.Thread(target=pour)
        client.start()
        most = furthest = 0
        while backend.received < WHOLE:
            # Each message has at least a byte; most have kilobytes.
            backend.may_take.release(100)
            self.let_it_turn()
            most = max(most, self.gateway.rss() - before)
            furthest = max(furthest, sent[0] - backend.received)
        backend.is_slow = False
        backend.may_take.release(1000)
        client.join()
        self.assertLess(most, GROWTH)
        self.assertLess(furthest, UNDER_WAY)
        return wire.response(), digest.hexdigest()

    def download_slowly(self, request, look=lambda data: None):
        """Asks for WHOLE bytes, and reads them slowly."""
        self.let_it_turn()
        self.backend.sent = 0
        size, most, furthest = self.read_slowly(
            request, MIB, self.let_it_turn, lambda: self.backend.sent, look)
        self.assertEqual(size, WHOLE)
        self.assertLess(most, GROWTH)
        self.assertLess(furthest, UNDER_WAY)

    def ask_for(self, target, wires, **keywords):
        """An answer to an Ask in JSON."""
        ask = {"wires": [base64.b64encode(wire).decode() for wire in wires]}
        ask.update(keywords)
        return self.ask("POST", target, ask)

    def received(self, response):
        """What the backend has got, as bytes of wire format."""
        self.assertEqual(response.status, 200, response)
        return [base64.b64decode(text)
                for text in response.json().get("messages", [])]


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


def varint(n):
    out = b""
    while n >= 0x80:
        out += bytes([n & 0x7f | 0x80])
        n >>= 7
    return out + bytes([n])


def record(number, data):
    """A field that has a length."""
    return varint(number << 3 | 2) + varint(len(data)) + data


def body(data, content_type=b""):
    return (record(1, content_type) if content_type else b"") + (
        record(2, data) if data else b"")
