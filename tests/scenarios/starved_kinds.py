# SPDX-License-Identifier: Apache-2.0
"""The kinds of flows: what clients do with a gateway. A flow is run, and tells
what came of it; and it knows how a failure is told rightly.

What comes of it is compared as a whole, head and body: an answer without a
header that there was no memory for is a wrong one.
"""

import base64
import collections
import gzip
import json
import os
import select
import struct
import threading

import files
import frames
import grpc
import harness
import http2
import raw
import websocket
from files import chunk
from frames import END, TRAILERS, envelope
from harness import request
from websocket import BINARY, CLOSE, TEXT

METHOD = frames.SERVICE
LIBRARY_SERVICE = "/sluice.example.library.v1.Library/"
STATUSES = (500, 503)
CODES = (8, 13, 14)
CONNECT_CODES = ("resource_exhausted", "internal", "unavailable")
CLOSES = (1011, 4002, 4008, 4013, 4014)     # 4002: a service that says no more

Outcome = collections.namedtuple("Outcome", "status headers body is_complete")
CLOSED = Outcome(0, (), b"", False)


# ---------------------------------------------------------------- the backend

class AnyOf(grpc.GenericRpcHandler):
    def __init__(self, handlers):
        self.handlers = handlers

    def service(self, call):
        for handler in self.handlers:
            found = handler.service(call)
            if found is not None:
                return found
        return None


class Backend(raw.Backend):
    """The official gRPC serving what all scenarios do; its answers are always
    the same. Who hangs does so until it is cancelled."""

    def __init__(self, *arguments, **keywords):
        self.hanging, self.hangs = os.pipe()    # a byte for each that began
        self.is_over = threading.Event()
        super().__init__(*arguments, **keywords)

    def _handlers(self):
        return AnyOf([kind._handlers(self) for kind in (
            harness.Backend, files.Backend, raw.Backend)])

    def _answer(self, order, context, index=0):
        return harness.Answer(id=order.id, index=index, text="x" * order.size)

    def _obey(self, order, context):
        if order.id == "packed":
            context.set_compression(grpc.Compression.Gzip)
        super()._obey(order, context)

    def _hang(self, context):
        over = threading.Event()
        self.is_over.clear()
        if context.add_callback(over.set):
            os.write(self.hangs, b"h")
            over.wait(harness.PATIENCE)
        self.is_over.set()


# ------------------------------------------------------------------ plain HTTP

def is_status(text, codes=CODES):
    """The text is a google.rpc.Status of ours."""
    try:
        status = json.loads(text)
        return status["code"] in codes and status["message"] != ""
    except (ValueError, KeyError, TypeError):
        return False


def is_rest(outcome):
    return outcome.status in STATUSES and is_status(outcome.body) and \
        ("content-type", "application/json") in outcome.headers


def is_service(outcome):
    """Ours, or the service has failed and said no more."""
    return is_rest(outcome) or (
        outcome.status == 500 and is_status(outcome.body, (2,)))


def is_events(outcome):
    if outcome.status != 200:
        return is_rest(outcome)
    last = outcome.body.decode().split("\n\n")[-2].split("\n")
    return last[0] == "event: error" and is_status(last[1][len("data: "):])


def is_trailed(outcome):
    """Who reads trailers needs no break."""
    if outcome.status != 200:
        return is_rest(outcome)
    return is_status(outcome.body.splitlines()[-1]) and any(
        ("grpc-status", str(code)) in outcome.headers for code in CODES)


def is_grpc_web(outcome, codes=CODES):
    body = outcome.body
    if ("content-type", "application/grpc-web-text+proto") in outcome.headers:
        body = frames.text_chunks(body)
    flags, last = frames.split(body)[-1]
    return outcome.status == 200 and flags == TRAILERS and any(
        b"grpc-status: %d\r\n" % code in last for code in codes)


def is_connect(outcome):
    return outcome.status in STATUSES and is_status(
        outcome.body, CONNECT_CODES)


def is_connect_stream(outcome):
    flags, last = frames.split(outcome.body)[-1]
    if flags & frames.COMPRESSED:
        last = gzip.decompress(last)
    return outcome.status == 200 and flags & END and is_status(
        json.dumps(json.loads(last)["error"]), CONNECT_CODES)


def is_denied(outcome):
    """That it failed comes first: a text may be missing."""
    return is_rest(outcome) or (outcome.status == 404 and
                                json.loads(outcome.body)["code"] == 5)


def is_denied_by_service(outcome):
    return is_denied(outcome) or is_service(outcome)


def is_denied_by_grpc_web(outcome):
    return is_grpc_web(outcome, (*CODES, 5))


def is_denied_by_connect(outcome):
    return is_connect(outcome) or (
        outcome.status == 404 and
        json.loads(outcome.body)["code"] == "not_found")


class Http:
    """A request and its answer; tells(outcome) is whether that is a failure
    rightly told."""

    def __init__(self, name, data, tells=is_rest):
        self.name = name
        self.data = data
        self.tells = tells

    def run(self, case):
        wire = harness.Wire(case.gateway.port)
        try:
            wire.send(self.data)
            return self.read(wire)
        finally:
            wire.close()

    def read(self, wire):
        try:
            response = wire.response()
        except AssertionError:
            return CLOSED
        if response is None:
            return CLOSED
        headers = [pair for pair in response.headers if pair[0] != "date"]
        return self.unpack(Outcome(response.status, tuple(headers),
                                   response.body, response.is_complete))

    def unpack(self, outcome):
        """Whether it came compressed does not matter."""
        return outcome

    def is_told(self, outcome):
        """Nobody can take it for a success."""
        try:
            return not outcome.is_complete or self.tells(outcome)
        except (ValueError, KeyError, IndexError, AssertionError,
                struct.error, OSError):
            return False


def post(name, target, body, type="application/json", headers=(),
         tells=is_rest, kind=Http):
    if hasattr(body, "SerializeToString"):
        body = body.SerializeToString()
    return kind(name, request(
        "POST", target, body, [("Content-Type", type), *headers]), tells)


def get(name, target, headers=(), tells=is_rest):
    return Http(name, request("GET", target, headers=headers), tells)


def pieces(name, target, parts, type="application/json", headers=(),
           tells=is_rest):
    """A body in chunks."""
    return Http(name, request("POST", target, headers=[
        ("Content-Type", type), ("Transfer-Encoding", "chunked"),
        *headers]) + b"".join(map(chunk, parts)) + b"0\r\n\r\n", tells)


def grpc_web(name, method, *orders, type="application/grpc-web+proto",
             headers=(), tells=is_grpc_web):
    body = b"".join(map(envelope, orders))
    if "text" in type:
        body = base64.b64encode(body)
    return post(name, METHOD + method, body, type,
                [("X-Grpc-Web", "1"), *headers], tells)


VERSION = ("Connect-Protocol-Version", "1")


def connect(name, method, body, type="application/proto", headers=(),
            tells=is_connect, kind=Http):
    return post(name, METHOD + method, body, type, [VERSION, *headers],
                tells, kind)


def connect_stream(name, method, *envelopes, type="application/connect+proto",
                   headers=(), kind=Http):
    return post(name, METHOD + method, b"".join(envelopes), type,
                [VERSION, *headers], is_connect_stream, kind)


# ------------------------------------------------------------- other endings

class Crowd(Http):
    """One of many: more than one daemon takes."""

    def run(self, case):
        crowd = [harness.Wire(case.gateway.port) for _ in range(280)]
        try:
            for wire in crowd:
                wire.send(harness.request("GET", "/healthz"))
                wire.response()
            return super().run(case)
        finally:
            for wire in crowd:
                wire.close()


class Calling:
    """A client of gRPC itself. A connection may have to wait until there is
    memory for it."""

    def __init__(self, name, method, message):
        self.name = name
        self.data = http2.PREFACE + http2.frame(http2.SETTINGS, 0, 0) + \
            http2.frame(http2.HEADERS, http2.END_HEADERS, 1, http2.block(
                (":method", "POST"), (":scheme", "http"),
                (":path", LIBRARY_SERVICE + method), ("te", "trailers"),
                ("content-type", "application/grpc"))) + \
            http2.frame(http2.DATA, http2.END_STREAM, 1,
                        http2.message(message))

    def run(self, case):
        """The payloads of its frames, the last one the status; without that,
        nothing."""
        wire = harness.Wire(int(case.grpc.split(":")[-1]))
        if case.is_starved:
            wire.socket.settimeout(0.3)
        try:
            return self.read(wire.send(self.data))
        except TimeoutError:
            if not case.is_starved:
                raise
            return CLOSED
        except AssertionError:
            return CLOSED
        finally:
            wire.close()

    def read(self, wire):
        got = []
        while True:
            head = wire.read_exactly(9)
            payload = wire.read_exactly(int.from_bytes(head[:3], "big"))
            if head[3] in (http2.RST_STREAM, http2.GOAWAY):
                return CLOSED
            if int.from_bytes(head[5:], "big") == 1:
                got.append(payload)
                if head[4] & http2.END_STREAM:
                    self.good_status = self.good_status or payload
                    return got

    good_status = None      # that of the first run, packed as it is

    def is_told(self, outcome):
        return outcome == CLOSED or outcome[-1] != self.good_status


class Leaving(Http):
    """The client leaves while the backend is busy with its call."""

    def run(self, case):
        wire = harness.Wire(case.gateway.port).send(self.data)
        hanging = case.backend.hanging
        ready, _, _ = select.select([wire.socket, hanging], [], [],
                                    harness.PATIENCE)
        try:
            if hanging not in ready:
                return self.read(wire) if ready else None
        finally:
            wire.close()
        os.read(hanging, 1)
        case.assertTrue(case.backend.is_over.wait(harness.PATIENCE))
        return "left"


class Packed(Http):
    """The answer may be compressed, as a whole or in its messages."""

    def unpack(self, outcome):
        body = outcome.body
        headers = dict(outcome.headers)
        headers.pop("content-length", None)
        if headers.pop("content-encoding", None) == "gzip":
            body = gzip.decompress(body)
        elif "connect-content-encoding" in headers and outcome.is_complete:
            body = b"".join(envelope(
                gzip.decompress(p) if flags & frames.COMPRESSED else p,
                flags & ~frames.COMPRESSED)
                for flags, p in frames.split(body))
        return outcome._replace(headers=headers, body=body)


class Expiring(Http):
    """The deadline ends the call."""

    def run(self, case):
        outcome = super().run(case)
        while select.select([case.backend.hanging], [], [], 0)[0]:
            os.read(case.backend.hanging, 1)
            case.assertTrue(case.backend.is_over.wait(harness.PATIENCE))
        # Who of the two is the first to see that time is up has its own words
        return outcome._replace(headers=(), body=b"") \
            if outcome.status == 504 else outcome


# ------------------------------------------------------------------- WebSocket

def is_refused(outcome):
    if outcome.status != 101:
        return is_rest(outcome)
    code, = struct.unpack(">H", outcome.body[-1][1][:2])
    return code in CLOSES


class Socket(Http):
    """A WebSocket: each message is answered by one, and then it ends."""

    def __init__(self, name, target, messages, protocol=None, n_last=0):
        headers = [] if protocol is None else [
            ("Sec-WebSocket-Protocol", protocol)]
        super().__init__(name, websocket.handshake(target, headers),
                         is_refused)
        self.messages = messages
        self.n_last = n_last    # answers that come without being asked for

    def run(self, case):
        wire = harness.Wire(case.gateway.port)
        try:
            return self.talk(wire.send(self.data))
        except AssertionError:
            return CLOSED
        finally:
            wire.close()

    def talk(self, wire):
        head = wire.read_until(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 101 "):
            wire.buffer = head + wire.buffer
            return self.read(wire)
        got = []
        for message in self.messages:
            wire.send(websocket.frame(
                TEXT if isinstance(message, str) else BINARY, message))
            if not self.take(wire, got):
                return self.close(wire, head, got)
        if self.messages:
            wire.send(websocket.frame(TEXT, ""))
        while self.take(wire, got):
            pass
        return self.close(wire, head, got)

    def take(self, wire, got):
        first, second = wire.read_exactly(2)
        n = second & 0x7f
        if n >= 126:
            n = int.from_bytes(wire.read_exactly(2 if n == 126 else 8), "big")
        got.append((first & 0xf, wire.read_exactly(n)))
        return got[-1][0] != CLOSE

    def close(self, wire, head, got):
        wire.send(websocket.frame(CLOSE, got[-1][1][:2])).half_close()
        wire.to_end()
        headers = tuple(line for line in head.split(b"\r\n")
                        if not line.startswith(b"Date:"))
        return Outcome(101, headers, tuple(got), True)
