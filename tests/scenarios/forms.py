# SPDX-License-Identifier: Apache-2.0
"""Every form that a stream has, in one table: how it is asked for, how its
messages look, how it ends well and how it fails.

A scenario that is about streams as such, and not about one protocol, runs over
DOWNLOADS (responses) or UPLOADS (requests). The messages carry texts; what
counts is all texts in a row, since bytes that go through as they are keep no
borders.
"""

import base64
import functools
import json
import os
import struct

import files
import frames
import harness
import websocket
from files import chunk
from frames import END, TRAILERS, envelope
from harness import Answer, Order, request
from peer import Peer

STATUS = "type.googleapis.com/google.rpc.Status"
CONNECT_CODES = {4: "deadline_exceeded", 8: "resource_exhausted",
                 13: "internal", 14: "unavailable", 15: "data_loss"}


# ------------------------------------------------------------------ downloads

class Ending:
    """All that came of a stream."""

    def __init__(self, body, is_complete, trailers=()):
        self.body = body
        self.is_complete = is_complete      # HTTP ended well
        self.trailers = dict(trailers)


class Stream:
    """A stream of responses at its client."""

    def __init__(self, form, wire):
        self.form = form
        self.wire = wire
        self.body = b""

    def begin(self):
        """Its head has come."""
        while True:
            head = self.wire.read_until(b"\r\n\r\n")
            if not head.startswith(b"HTTP/1.1 1"):
                break
        self.head = head.decode("latin-1").lower()
        if not head.startswith(b"HTTP/1.1 200 "):
            raise AssertionError(head)
        return self

    def piece(self):
        """What has come since; False: it has ended."""
        data = self.wire.chunk()
        self.body += data or b""
        self.is_complete = data is not None
        return bool(data)

    def to_end(self):
        while self.piece():
            pass
        trailers = []
        while self.is_complete:
            line = self.wire.read_until(b"\r\n").decode("latin-1").strip()
            if not line:
                break
            name, value = line.split(":", 1)
            trailers.append((name.lower(), value.strip()))
        return Ending(self.body, self.is_complete, trailers)

    def skim(self, step):
        """Reads to the end and keeps nothing; step(n) is called now and then,
        n bytes having come."""
        n = 0
        while True:
            data = self.wire.chunk()
            if not data:
                return data is not None
            n += len(data)
            step(n)


class Form:
    """A stream of responses over plain HTTP."""

    has_head = True         # of its own, that waits for the service
    breaks = False          # a failure ends as broken HTTP
    content = "text"        # of Answer; "data" of HttpBody; None: all of it
    timeouts = [("Grpc-Timeout", "%dm", 1)]

    def __init__(self, name, target, method="GET", headers=(), body=None):
        self.name = name
        self.target = target
        self.method = method
        self.headers = list(headers)
        self.body = body

    def __repr__(self):
        return self.name

    def ways_to_limit(self, ms):
        """What a client may say to give it so long, each as keywords of
        open()."""
        return [{"headers": [(name, form % (ms * unit))]}
                for name, form, unit in self.timeouts]

    def request(self, headers=()):
        return request(self.method, self.target, self.body,
                       [*self.headers, *headers])

    def open(self, case, headers=(), port=None, buffer=None):
        wire = case.wire(port)
        if buffer is not None:
            wire.socket.setsockopt(1, 8, buffer)    # SO_RCVBUF
        wire.send(self.request(headers))
        return Stream(self, wire)

    def payload(self, text):
        """The response with that text, as the backend sends it."""
        return Answer(text=text).SerializeToString()

    def ends_well(self, case, ending, text):
        case.assertTrue(ending.is_complete, ending.body)
        case.assertEqual(self.read(case, ending.body), (text, None))

    def fails(self, case, ending, text, code, message=None):
        """It came so far, and then failed as this form fails."""
        case.assertEqual(ending.is_complete, not self.breaks, ending.body)
        got, status = self.read(case, ending.body)
        case.assertEqual(got, text)
        case.assertEqual(status["code"], code, status)
        if message is not None:
            case.assertEqual(status["message"], message)


def split_status(case, values):
    text = "".join(v["text"] for v in values if "text" in v)
    if values and "@type" in values[-1]:
        case.assertEqual(values[-1]["@type"], STATUS)
        return text, values[-1]
    return text, None


class Lines(Form):
    breaks = True
    timeouts = [("Grpc-Timeout", "%dm", 1), ("X-Server-Timeout", "%.3f", 1e-3)]

    def read(self, case, body):
        return split_status(case, [json.loads(line)
                                   for line in body.splitlines()])


class Array(Lines):
    def read(self, case, body):
        return split_status(case, json.loads(body))


class Events(Lines):
    breaks = False

    def read(self, case, body):
        values = []
        for block in body.decode().split("\n\n")[:-1]:
            fields = dict(line.split(":", 1) for line in block.split("\n"))
            if "data" not in fields:
                continue
            values.append(json.loads(fields["data"]))
            case.assertEqual(fields.get("event") == " error",
                             "@type" in values[-1], block)
        return split_status(case, values)


def with_trailers(form):
    """The same for a client that reads trailers: HTTP ends well, and says in
    them what the form says."""
    class Form(form):
        breaks = False

        def request(self, headers=()):
            return super().request([("TE", "trailers"), ("Connection", "TE"),
                                    *headers])

        def ends_well(self, case, ending, text):
            super().ends_well(case, ending, text)
            case.assertEqual(ending.trailers["grpc-status"], "0")

        def fails(self, case, ending, text, code, message=None):
            super().fails(case, ending, text, code, message)
            case.assertEqual(ending.trailers["grpc-status"], str(code))
            case.assertIn("grpc-message", ending.trailers)

    return Form


class Bytes(Form):
    """Without a place for a failure: it breaks."""
    breaks = True

    def payload(self, text):
        return text.encode()

    def read(self, case, body):
        return body.decode(), None

    def fails(self, case, ending, text, code, message=None):
        case.assertFalse(ending.is_complete)
        case.assertEqual(ending.body.decode(), text)


class Body(Bytes):
    has_head = False        # it waits for the first message

    def payload(self, text):
        return files.HttpBody(content_type="text/x",
                              data=text.encode()).SerializeToString()


class GrpcWeb(Form):
    timeouts = [("grpc-timeout", "%dm", 1)]

    def read(self, case, body):
        found = frames.split(body)
        case.assertTrue(found, "no trailers")
        case.assertEqual([f for f, _ in found],
                         [0] * (len(found) - 1) + [TRAILERS])
        text = "".join(Answer.FromString(p).text for _, p in found[:-1])
        fields = dict(line.split(": ", 1)
                      for line in found[-1][1].decode().splitlines())
        code = int(fields["grpc-status"])
        return text, code and {"code": code,
                               "message": fields.get("grpc-message")} or None


class GrpcWebText(GrpcWeb):
    def read(self, case, body):
        return super().read(case, frames.text_chunks(body))


class Connect(Form):
    timeouts = [("Connect-Timeout-Ms", "%d", 1)]

    def message_text(self, payload):
        return Answer.FromString(payload).text

    def read(self, case, body):
        found = frames.split(body)
        case.assertTrue(found, "no end")
        case.assertEqual([f for f, _ in found],
                         [0] * (len(found) - 1) + [END])
        text = "".join(self.message_text(p) for _, p in found[:-1])
        error = json.loads(found[-1][1]).get("error")
        if error is None:
            return text, None
        codes = {name: code for code, name in CONNECT_CODES.items()}
        return text, {"code": codes[error["code"]],
                      "message": error.get("message")}


class ConnectJson(Connect):
    def message_text(self, payload):
        return json.loads(payload).get("text", "")


class SocketStream:
    """A stream of responses on a WebSocket."""

    def __init__(self, form, client):
        self.form = form
        self.client = client
        self.wire = client.wire
        self.values = []
        self.code = None

    def begin(self):
        return self

    def piece(self):
        opcode, payload = self.client.frame()
        if opcode == websocket.CLOSE:
            self.code = struct.unpack(">H", payload[:2])[0]
            return False
        self.values.append((opcode, payload))
        return True

    def to_end(self):
        while self.piece():
            pass
        self.client.send_raw(websocket.close(self.code))
        ending = Ending(self.values, self.client.wire.to_end() == b"")
        ending.code = self.code
        return ending

    def skim(self, step):
        n = 0
        while True:
            opcode, payload = self.client.frame()
            if opcode == websocket.CLOSE:
                return payload[:2] == b"\x03\xe8"
            n += len(payload)
            step(n)


class Socket(Form):
    has_head = False

    def __init__(self, name, protocol):
        super().__init__(name, "/v1/streams/s")
        self.protocol = protocol

    def ways_to_limit(self, ms):
        return [{"headers": [("Grpc-Timeout", "%dm" % ms)]},
                {"first": {"timeout": "%.3fs" % (ms / 1000)}}]

    def open(self, case, headers=(), port=None, buffer=None, first=None):
        protocol = self.protocol + ("+metadata" if first else "")
        client = websocket.Client(case, self.target, protocol, headers,
                                  port=port, receive_buffer=buffer)
        if first:
            client.send(first)
        return SocketStream(self, client)

    def text(self, opcode, payload):
        if opcode == websocket.TEXT:
            return json.loads(payload).get("text", "")
        return Answer.FromString(payload).text

    def ends_well(self, case, ending, text):
        case.assertEqual(ending.code, 1000)
        case.assertEqual("".join(self.text(*v) for v in ending.body), text)

    def fails(self, case, ending, text, code, message=None):
        opcode, payload = ending.body[-1]
        case.assertEqual(opcode, websocket.TEXT)
        status = json.loads(payload)
        case.assertEqual((status["@type"], status["code"]), (STATUS, code))
        is_ours = status["message"] == "the gateway is shutting down"
        case.assertEqual(ending.code, 1001 if is_ours else 4000 + code)
        case.assertEqual(
            "".join(self.text(*v) for v in ending.body[:-1]), text)
        if message is not None:
            case.assertEqual(status["message"], message)


def accept(type):
    return [("Accept", type)]


def typed(type):
    return [("Content-Type", type)]


REST = "/v1/streams/s"
METHOD = frames.SERVICE + "%s"
NDJSON, ARRAY, SSE = ("application/x-ndjson", "application/json",
                      "text/event-stream")
ONE = envelope(Order())

DOWNLOADS = [
    Lines("lines", REST, headers=accept(NDJSON)),
    Array("array", REST, headers=accept(ARRAY)),
    Events("events", REST, headers=accept(SSE)),
    with_trailers(Lines)("lines with trailers", REST, headers=accept(NDJSON)),
    with_trailers(Array)("array with trailers", REST, headers=accept(ARRAY)),
    with_trailers(Events)("events with trailers", REST, headers=accept(SSE)),
    Lines("lines of a method", METHOD % "Stream", "POST", body=b"{}",
          headers=accept(NDJSON)),
    GrpcWeb("gRPC-Web", METHOD % "Stream", "POST", body=ONE,
            headers=typed("application/grpc-web+proto")),
    GrpcWebText("gRPC-Web text", METHOD % "Stream", "POST",
                body=base64.b64encode(ONE),
                headers=typed("application/grpc-web-text")),
    Connect("Connect", METHOD % "Stream", "POST", body=ONE,
            headers=typed("application/connect+proto")),
    ConnectJson("Connect JSON", METHOD % "Stream", "POST",
                body=envelope(b"{}"),
                headers=typed("application/connect+json")),
    Socket("WebSocket text", "sluice.json"),
    Socket("WebSocket binary", "sluice.proto"),
    Body("HttpBody", "/v1/watch/w"),
    Bytes("raw", "/raw.Box/Pour", "POST", body=b"x"),
]


# -------------------------------------------------------------------- uploads

class Upload:
    """A stream of requests over plain HTTP, in chunks."""

    def __init__(self, name, target, type):
        self.name = name
        self.target = target
        self.type = type

    def __repr__(self):
        return self.name

    def open(self, case, port=None, headers=()):
        self.first = True
        lines = ["POST %s HTTP/1.1" % self.target, "Host: localhost",
                 "Content-Type: " + self.type, "Transfer-Encoding: chunked",
                 *("%s: %s" % pair for pair in headers)]
        wire = case.wire(port)
        wire.send("\r\n".join(lines) + "\r\n\r\n")
        return wire

    def message(self, text):
        """What is to be sent for a request with that text; the first one of a
        stream may look otherwise."""
        data, self.first = self.encode(text, self.first), False
        return chunk(data)

    def end(self):
        return chunk(self.last) + b"0\r\n\r\n" if self.last else b"0\r\n\r\n"

    last = b""
    inflation = 1   # how many bytes there are here for one at the backend

    def limit(self, ms):
        """What a client says to have so long."""
        return [("Connect-Timeout-Ms", "%d" % ms) if "connect" in self.type
                else ("Grpc-Timeout", "%dm" % ms)]

    def reply(self):
        """The backend's answer."""
        return Answer(text="done").SerializeToString()

    def ends_well(self, case, wire):
        response = wire.response()
        case.assertEqual(response.status, 200, response)
        self.check(case, response)

    def check(self, case, response):
        case.assertEqual(response.json()["text"], "done")

    statuses = {4: 504, 8: 413, 14: 503, 15: 500}

    def fails(self, case, wire, code):
        """The answer, whether or not the requests have ended."""
        case.assert_error(wire.response(), self.statuses[code], code)


class JsonLines(Upload):
    def encode(self, text, is_first):
        return json.dumps({"id": text}).encode() + b"\n"


class JsonArray(Upload):
    last = b"]"

    def encode(self, text, is_first):
        return (b"[" if is_first else b",") + json.dumps({"id": text}).encode()


class WebUpload(Upload):
    """Of gRPC-Web, and with another reader of Connect."""

    def __init__(self, name, target, type, reader):
        super().__init__(name, target, type)
        self.reader = reader

    def encode(self, text, is_first):
        return envelope(Order(id=text))

    def ends_well(self, case, wire):
        response = wire.response()
        self.reader.ends_well(case, Ending(response.body,
                                           response.is_complete), "done")

    def fails(self, case, wire, code):
        response = wire.response()
        case.assertIsNotNone(response)
        self.reader.fails(case, Ending(response.body, response.is_complete),
                          "", code)


class WebTextUpload(WebUpload):
    inflation = 4 / 3

    def encode(self, text, is_first):
        return base64.b64encode(super().encode(text, is_first))


class BytesUpload(Upload):
    def encode(self, text, is_first):
        return text.encode()

    def reply(self):
        return b"done"

    def check(self, case, response):
        case.assertEqual(response.body, b"done")


class BodyUpload(BytesUpload):
    def reply(self):
        return files.Receipt(count=7).SerializeToString()

    def check(self, case, response):
        case.assertEqual(response.json()["count"], 7)


class SocketUpload(Upload):
    def open(self, case, port=None, headers=()):
        self.client = websocket.Client(case, self.target, self.type, headers,
                                       port=port)
        return self.client.wire

    def message(self, text):
        if self.type == "sluice.json":
            return websocket.frame(websocket.TEXT, json.dumps({"id": text}))
        return websocket.frame(websocket.BINARY,
                               Order(id=text).SerializeToString())

    def end(self):
        return websocket.frame(websocket.TEXT)

    def ends_well(self, case, wire):
        opcode, payload = self.client.frame()
        if opcode == websocket.TEXT:
            case.assertEqual(json.loads(payload)["text"], "done")
        else:
            case.assertEqual(Answer.FromString(payload).text, "done")
        self.client.expect_close(1000)

    def fails(self, case, wire, code):
        status = self.client.json()
        case.assertEqual((status["@type"], status["code"]), (STATUS, code))
        opcode, payload = self.client.frame()
        case.assertEqual(opcode, websocket.CLOSE)
        case.assertIn(struct.unpack(">H", payload[:2])[0],
                      (4000 + code, 1001))


UPLOADS = [
    JsonLines("lines", "/v1/collections", "application/json"),
    JsonArray("array", "/v1/collections", "application/json"),
    WebUpload("gRPC-Web", METHOD % "Collect", "application/grpc-web+proto",
              GrpcWeb("", "")),
    WebTextUpload("gRPC-Web text", METHOD % "Collect",
                  "application/grpc-web-text", GrpcWebText("", "")),
    WebUpload("Connect", METHOD % "Collect", "application/connect+proto",
              Connect("", "")),
    SocketUpload("WebSocket text", "/v1/collections", "sluice.json"),
    SocketUpload("WebSocket binary", "/v1/collections", "sluice.proto"),
    BodyUpload("HttpBody", "/v1/send/s", "video/x"),
    BytesUpload("raw", "/raw.Box/Gather", "video/x"),
]


CONVERSE = METHOD % "Converse"

# Streams both ways: how requests look, and how responses do.
BOTH_WAYS = [
    (JsonLines("lines", CONVERSE, "application/json"),
     Lines("", ""), accept(NDJSON)),
    (JsonArray("arrays", CONVERSE, "application/json"),
     Array("", ""), accept(ARRAY)),
    (JsonLines("lines with trailers", CONVERSE, "application/json"),
     with_trailers(Lines)("", ""),
     [*accept(NDJSON), ("TE", "trailers"), ("Connection", "TE")]),
    (WebUpload("gRPC-Web", CONVERSE, "application/grpc-web+proto", None),
     GrpcWeb("", ""), []),
    (WebTextUpload("gRPC-Web text", CONVERSE, "application/grpc-web-text",
                   None), GrpcWebText("", ""), []),
    (WebUpload("Connect", CONVERSE, "application/connect+proto", None),
     Connect("", ""), []),
]


# ---------------------------------------------------------------------- unary

UNARY = {
    "REST": request("GET", "/v1/orders/1"),
    "gRPC-Web": request("POST", METHOD % "Obey", ONE,
                        typed("application/grpc-web+proto")),
    "Connect": request("POST", METHOD % "Obey", b"",
                       typed("application/proto")),
    "Connect GET": request("GET", METHOD % "Obey" +
                           "?connect=v1&encoding=proto&message="),
    "HttpBody": request("PUT", "/v1/files/f", b"x", typed("video/x")),
    "raw": request("POST", "/raw.Box/Echo", b"x", typed("video/x")),
    "WebSocket": websocket.handshake("/v1/orders/1"),
}


# ------------------------------------------------------------------- scenario

def each(table):
    """Runs a test for each form of a table, or of several."""
    def decorate(test):
        @functools.wraps(test)
        def run(self):
            for form in table:
                with self.subTest(str(form)):
                    test(self, form)
        return run
    return decorate


ROUTE_FILE = """\
listen: ["127.0.0.1:0"]
workers: 1
upstreams:
  test: {target: "%(target)s", schema: %(everything)s%(patience)s}
  files: {target: "%(target)s", schema: %(files)s%(patience)s}
  box: {target: "%(target)s", schema: none%(patience)s}
%(upstreams)s
services:
%(services)s
  - {name: sluice.test.v1.Everyday, upstream: test}
  - {name: sluice.test.v1.Files, upstream: files}
  - {name: raw.Box, upstream: box}
http:
  rules:
    - {selector: sluice.test.v1.Files.Watch, get: "/v1/watch/{name}"}
    - {selector: sluice.test.v1.Files.Send, post: "/v1/send/{name}",
       body: file}
methods:
  - {selector: raw.Box.Echo}
  - {selector: raw.Box.Pour, cardinality: unary-stream%(pour)s}
  - {selector: raw.Box.Gather, cardinality: stream-unary}
%(methods)s
%(more)s
"""


class Scenario(harness.Scenario):
    """A gateway with one worker in front of a peer that the test plays."""

    backend_type = Peer
    target = "ipv4:127.0.0.1:%d"
    patience = ""       # further keys of each upstream
    upstreams = ""      # further upstreams, their services and methods
    services = ""
    methods = ""

    @classmethod
    def start(cls, port, more=None, pour=""):
        return harness.Gateway("serve", "-c",
                               cls.route_file(port, more, pour=pour))

    @classmethod
    def route_file(cls, port, more=None, name="sluice.yaml", pour=""):
        path = os.path.join(cls.directory.name, name)
        with open(path, "w") as f:
            f.write(ROUTE_FILE % {
                "target": cls.target % port, "patience": cls.patience,
                "upstreams": cls.upstreams, "services": cls.services,
                "methods": cls.methods,
                "everything": harness.EVERYTHING,
                "files": files.SET, "pour": pour,
                "more": cls.more if more is None else more})
        return path

    def setUp(self):
        self.idle = None

    def own(self, more="", pour=""):
        """A gateway of the test's own."""
        gateway = self.start(self.backend.port, more, pour)
        self.addCleanup(lambda: gateway.process.poll() is None
                        and gateway.process.kill())
        return gateway

    def let_it_turn(self, times=1):
        """Returns when the gateway's only loop has gone round."""
        if self.idle is None:
            self.idle = self.wire()
        for _ in range(times):
            self.idle.send(request("GET", "/healthz"))
            self.assertEqual(self.idle.response().status, 200)

    def begin_limited(self, ms):
        """A call of another client, which has such a deadline."""
        wire = self.wire().send(request(
            "GET", "/v1/orders/1", headers=[("Grpc-Timeout", "%dm" % ms)]))
        return wire, self.backend.next_call()

    def let_time_pass(self, ms):
        self.assert_error(self.begin_limited(ms)[0].response(), 504, 4)
