# SPDX-License-Identifier: Apache-2.0
"""What clients do with the gateway, each as a flow: something that is run and
tells what came of it, and that knows how a failure is told rightly.

What comes of a flow is compared as a whole, head and body: an answer that lacks
a header for want of memory is a wrong one.
"""

import base64
import collections
import gzip
import json
import os
import select
import struct
import threading
import urllib.parse

import files
import frames
import grpc
import harness
import http2
import raw
import websocket
from files import ALL_BYTES, chunk
from frames import END, TRAILERS, envelope
from harness import Order, request
from websocket import BINARY, CLOSE, TEXT

PAGE = "https://app.example"
METHOD = frames.SERVICE
LIBRARY_SERVICE = "/sluice.example.library.v1.Library/"
STATUSES = (500, 503)
CODES = (8, 13, 14)
CONNECT_CODES = ("resource_exhausted", "internal", "unavailable")
CLOSES = (1011, 4008, 4013, 4014)
OF_SERVICE = 4002   # it has failed and said no more

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
    """The official gRPC serving what all scenarios do; it answers the same each
    time. Who hangs does so until it is cancelled."""

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
    return struct.unpack(">H", outcome.body[-1][1][:2])[0] in (*CLOSES, OF_SERVICE)


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


# ------------------------------------------------------------------- the flows

EVERYTHING = {
    "name": "né", "i64": "-9007199254740993", "real": 1e-7, "flag": True,
    "raw": "AAH/" * 400, "words": ["word"] * 40, "color": "GREEN",
    "inner": {"text": "t" * 300, "list": [1, -1], "inner": {"number": 1}},
    "inners": [{"text": "a"}, {"number": 2}], "counts": {"a": 1, "b": 2},
    "byNumber": {"1": {"text": "one"}}, "when": "2020-01-02T03:04:05.5Z",
    "howLong": "1.5s", "mask": "a,b.c", "boxed": "1",
    "structure": {"a": [1, None, {"b": "c"}]}, "listValue": [True, "x"],
    "anything": {"@type": "type.googleapis.com/sluice.test.v1.Inner",
                 "text": "within"},
}
QUERY = "/v1/echo/n%C3%A9?inner.text=a&inner.number=3&inner.list=1" \
    "&inner.list=2&words=x&words=y%20z&when=2020-01-02T03:04:05Z&flag=true" \
    "&mask=a,b&real=1.5&color=RED"
METADATA = "/v1/orders/m?" + urllib.parse.urlencode({
    "tags": ["x-one=1", "x-bin=00ff", "t:x-late=2"]}, doseq=True)
DETAILS = frames.status(
    5, "none", frames.RETRY, frames.UNKNOWN,
    frames.any_of("google.rpc.ErrorInfo", frames.field(1, "WHY")))
DENIED = Order(id="d", code=5, message="none \u00e9", details=DETAILS)
STREAM = Order(id="s", count=12, size=300)
ORDERS = [Order(id=id) for id in "abc"]
LINES = [b'{"id":"a"}\n{"id":', b'"b"}\n', b'{"id":"c"}\n']
LARGE = {"name": "n" * 60000, "words": ["w" * 99] * 400}


def base64url(data):
    return base64.urlsafe_b64encode(data).decode().rstrip("=")


def accept(type):
    return [("Accept", type)]


def denied_by_get():
    return "/v1/orders/d?code=5&message=none&details=" + base64url(DETAILS)


FLOWS = [
    post("unary JSON", "/v1/echo", EVERYTHING),
    post("unary JSON that is large", "/v1/echo", LARGE),
    post("unary JSON, Expect", "/v1/echo", EVERYTHING,
         headers=[("Expect", "100-continue")]),
    get("an error with details", denied_by_get(), tells=is_denied),
    get("GET with query", QUERY),
    get("metadata both ways", METADATA, [
        ("Grpc-Metadata-X-Asked", "yes"), ("X-Request-Id", "7"),
        ("Grpc-Metadata-X-Bin", "AP8="), ("Authorization", "Bearer x")]),
    get("an answer the backend packed", "/v1/orders/packed?size=20000"),
    get("NDJSON", "/v1/streams/s?count=12&size=300"),
    get("NDJSON of large messages", "/v1/streams/s?count=4&size=60000"),
    get("NDJSON with trailers", "/v1/streams/s?count=3&tags=t:x-late%3D1",
        [("TE", "trailers"), ("Connection", "TE")], is_trailed),
    get("SSE", "/v1/streams/s?count=12&size=300",
        accept("text/event-stream"), is_events),
    get("JSON array", "/v1/streams/s?count=12&size=300",
        accept("application/json")),
    get("a stream that fails", "/v1/streams/s?count=5&failAfter=3"),
    pieces("client stream", "/v1/collections", LINES),
    pieces("client stream from an array", "/v1/collections",
           [b'[{"id":"a"},{"i', b'd":"b"}]']),
    pieces("half-duplex bidi", METHOD + "Converse", LINES),
    grpc_web("gRPC-Web", "Obey", Order(
        id="a", size=300, tags=["x-one=1", "t:x-bin=00ff"]),
        headers=[("x-asked", "yes"), ("x-more-bin", "AP8=")]),
    grpc_web("gRPC-Web text", "Obey", Order(id="a", size=300),
             type="application/grpc-web-text+proto"),
    grpc_web("gRPC-Web error", "Obey", DENIED, tells=is_denied_by_grpc_web),
    grpc_web("gRPC-Web stream", "Stream", STREAM),
    grpc_web("gRPC-Web stream, text", "Stream", STREAM,
             type="application/grpc-web-text+proto"),
    grpc_web("gRPC-Web JSON", "Obey", json.dumps(
        {"id": "a", "size": 30}).encode(), type="application/grpc-web+json"),
    connect("Connect", "Obey", Order(
        id="a", size=30, tags=["x-one=1", "t:x-bin=00ff"])),
    connect("Connect JSON", "Obey", json.dumps({"id": "a", "size": 30}),
            "application/json"),
    connect("Connect error", "Obey", DENIED, tells=is_denied_by_connect),
    get("Connect GET", METHOD + "Obey?connect=v1&encoding=proto&base64=1"
        "&message=" + base64url(Order(id="g", size=9).SerializeToString()),
        tells=is_connect),
    connect("Connect gzip", "Obey", gzip.compress(
        Order(id="z", size=9000).SerializeToString(), mtime=0),
        headers=[("Content-Encoding", "gzip"), ("Accept-Encoding", "gzip")],
        kind=Packed),
    connect_stream("Connect stream", "Stream", envelope(STREAM)),
    connect_stream("Connect stream JSON", "Stream", envelope(
        b'{"id":"s","count":5,"size":9}'), type="application/connect+json"),
    connect_stream("Connect stream gzip", "Stream", frames.packed(
        STREAM.SerializeToString()), headers=[
            ("Connect-Content-Encoding", "gzip"),
            ("Connect-Accept-Encoding", "gzip")], kind=Packed),
    connect_stream("Connect client stream", "Collect",
                   *map(envelope, ORDERS)),
    connect_stream("Connect bidi", "Converse", *map(envelope, ORDERS)),
    Socket("WebSocket unary", METHOD + "Obey", ['{"id":"a","size":300}']),
    Socket("WebSocket stream", "/v1/streams/s?count=12&size=300", []),
    Socket("WebSocket bidi", METHOD + "Converse",
           ['{"id":"a"}', '{"id":"b"}']),
    Socket("WebSocket bidi, binary", METHOD + "Converse",
           [o.SerializeToString() for o in ORDERS]),
    Socket("WebSocket, large", METHOD + "Echo", [json.dumps(LARGE)]),
    Socket("WebSocket raw", "/raw.Box/Mirror", [b"one", b"two"]),
    post("raw", "/raw.Box/Echo", ALL_BYTES * 40, "application/octet-stream"),
    post("raw stream", "/raw.Box/Pour", raw.pour(9, 3000), "a/b"),
    pieces("raw client stream", "/raw.Box/Gather", [ALL_BYTES, b"x"], "a/b"),
    pieces("raw bidi", "/raw.Box/Mirror", [ALL_BYTES, b"x"], "a/b"),
    post("HttpBody up", "/v1/raw", ALL_BYTES * 40, "image/png"),
    post("HttpBody down", "/sluice.test.v1.Files/Get", {"name": "n"}),
    post("HttpBody stream", "/sluice.test.v1.Files/Watch",
         {"count": 5, "size": 3000}),
    Http("CORS preflight", request("OPTIONS", "/v1/echo", headers=[
        ("Origin", PAGE), ("Access-Control-Request-Method", "POST"),
        ("Access-Control-Request-Headers", "content-type,x-token")])),
    get("CORS", METADATA, [("Origin", PAGE)]),
    get("a path that is nothing", "/nowhere"),
    get("health", "/healthz"),
    Http("upstream reconnect", request("POST", "/raw.Fleeting/Call", Order(
        id="goodbye").SerializeToString(), [("Content-Type", "a/b")])),
    Expiring("deadline", request(
        "GET", "/v1/orders/h?hang=true", headers=[("Grpc-Timeout", "9m")])),
    Leaving("the client leaves", request("GET", "/v1/orders/h?hang=true")),
]

CROWD = Crowd("one of many", request("GET", "/healthz"))

# Of the demo. None of them changes the library.
BOOK = "/v1/shelves/classics/books/frankenstein"
NAME = BOOK[len("/v1/"):]
LIBRARY = [
    get("a book", BOOK, tells=is_service),
    get("books", "/v1/shelves/classics/books?page_size=3", tells=is_service),
    get("a shelf", "/v1/shelves/classics", tells=is_service),
    get("shelves", "/v1/shelves", tells=is_service),
    get("no such book", BOOK + "s", tells=lambda o: is_denied(o) or is_service(o)),
    get("pages", BOOK + ":read", tells=is_service),
    post("half-duplex discussion", "/v1/books:discuss", b'{"name":"%s","text":"a"}'
         % NAME.encode() * 3, tells=is_service),
    Socket("a discussion", LIBRARY_SERVICE + "Discuss", [
        json.dumps({"name": NAME, "text": "a"})] * 2),
    get("the page", "/", tells=is_service),
    Calling("gRPC", "GetBook", frames.field(1, NAME)),
    Calling("gRPC stream", "ReadBook", frames.field(1, NAME)),
]
