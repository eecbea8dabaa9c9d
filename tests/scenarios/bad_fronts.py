# SPDX-License-Identifier: Apache-2.0
"""Bad clients of every front protocol, side by side with good ones: each is
answered in the form of its protocol, with what a page of another origin needs
to read it, and no other stream on the same worker notices.

Which protocol a request speaks, where its parts contradict one another.
"""

import base64
import gzip
import json
import struct

import bad
import frames
import harness
import raw
import websocket
from frames import COMPRESSED, END, SERVICE, TRAILERS, envelope, packed
from harness import Order, request

JSON, NDJSON = "application/json", "application/x-ndjson"
PROTO = "application/proto"
STREAM, STREAM_JSON = "application/connect+proto", "application/connect+json"
WEB, WEB_JSON = "application/grpc-web+proto", "application/grpc-web+json"
TEXT = "application/grpc-web-text"
VERSION = ("Connect-Protocol-Version", "1")
PAGE = "https://app.example"
LIMIT = 100000

NAMES = {3: "invalid_argument", 4: "deadline_exceeded",
         8: "resource_exhausted", 12: "unimplemented", 13: "internal",
         14: "unavailable"}

GOOD = envelope(Order(id="a"))
BOMB = gzip.compress(bytes(50 << 20))
DEEP = b"[" * 1000


# ---- Good clients ----------------------------------------------------------

class Upload:
    """A stream of requests that goes on while others misbehave."""

    def __init__(self, case, target, type, message):
        self.wire, self.message, self.n = case.wire(), message, 0
        self.wire.send("POST %s HTTP/1.1\r\nHost: a\r\nContent-Type: %s\r\n"
                       "Transfer-Encoding: chunked\r\n\r\n" % (target, type))

    def step(self):
        self.wire.send(b"%x\r\n%s\r\n" % (len(self.message), self.message))
        self.n += 1

    def finish(self, case):
        response = self.wire.send(b"0\r\n\r\n").response()
        case.assertEqual(response.status, 200, response)
        case.assertTrue(response.is_complete)
        body = response.body
        if response.header("content-type").startswith(TEXT):
            body = frames.text_chunks(body)
        case.assertEqual(self.count(body), self.n)

    def count(self, body):
        """How many requests arrived."""
        if body[:1] == b"{":
            return json.loads(body)["index"]
        if body[:1] == b"\0":
            return harness.Answer.FromString(frames.split(body)[0][1]).index
        return int(body.split()[1])     # bytes: raw.Box.Gather


class Talk:
    """A WebSocket in lockstep."""

    def __init__(self, case, target=SERVICE + "Converse"):
        self.client, self.n = websocket.Client(case, target), 0
        self.case = case

    def step(self):
        self.client.send({"id": "%d" % self.n})
        answer = self.client.json()
        self.case.assertEqual((answer["id"], answer.get("index", 0)),
                              ("%d" % self.n, self.n))
        self.n += 1

    def finish(self, case):
        self.client.end().expect_close(1000)


# ---- Bad clients ------------------------------------------------------------
#
# What comes back: (form, status or code, ...), see Fronts.check().

def rest(status, code):
    return ("rest", status, code)


def web(code):
    return ("web", code)


def connect(code, status):
    return ("connect", code, status)


def end(code):
    return ("end", code)


def post(target, body, *headers):
    return request("POST", target, body, headers)


def typed(method, type, body, *headers):
    return post(SERVICE + method, body, ("Content-Type", type), *headers)


def of_page(data):
    """A request as a page of another origin makes it."""
    return data.replace(b"\r\n", b"\r\nOrigin: %s\r\n" % PAGE.encode(), 1)


def gzipped(name):
    return (name, "gzip")


REST = [
    ("half an object", post("/v1/echo", "{"), rest(400, 3)),
    ("text behind the object", post("/v1/echo", "{} x"), rest(400, 3)),
    ("too deep", post("/v1/echo", b'{"value":' + DEEP), rest(400, 3)),
    ("not UTF-8", post("/v1/echo", b'{"name":"\xff"}'), rest(400, 3)),
    ("over the limit", post("/v1/echo", b'{"name":"%s"}' % (b"x" * LIMIT)),
     rest(413, 8)),
    ("a bomb", post("/v1/echo", BOMB, ("Content-Encoding", "gzip")),
     rest(415, 12)),
    ("another type", post("/v1/echo", "a=b", ("Content-Type", "text/plain")),
     rest(415, 3)),
    ("a bad path", request("GET", "/v1/%zz"), rest(400, 3)),
    ("a bad query", request("GET", "/v1/orders/1?a=%zz"), rest(400, 3)),
    ("an unknown parameter", request("GET", "/v1/orders/1?nope=1"),
     rest(400, 3)),
    ("a query for a stream", request(
        "GET", "/v1/streams/s?nope=1",
        headers=[("Accept", "text/event-stream")]), rest(400, 3)),
    ("no route", request("GET", "/nowhere"), rest(404, 5)),
    ("another method", request("DELETE", "/v1/echo"), rest(405, 12)),
    ("an array that does not end",
     post("/v1/collections", '[{"id":"a"},'), rest(400, 3)),
    ("text behind an array", post("/v1/collections", "[{}] {}"),
     rest(400, 3)),
    ("a bad element", post("/v1/collections", '[{"id":"a"},{"id":1}]'),
     rest(400, 3)),
    ("a bad line", post("/v1/collections", '{"id":"a"}\n{"id":1}\n',
                        ("Content-Type", NDJSON)), rest(400, 3)),
    ("half a line", post("/v1/collections", '{"id":"a"}\n{"id"',
                         ("Content-Type", NDJSON)), rest(400, 3)),
    ("a line over the limit", post(
        "/v1/collections", b'{"id":"%s"}' % (b"x" * LIMIT),
        ("Content-Type", NDJSON)), rest(413, 8)),
]

GRPC_WEB = [
    ("half an envelope", typed("Obey", WEB, GOOD[:7]), web(3)),
    ("an unknown flag", typed("Obey", WEB, envelope(b"", 4)), web(3)),
    ("trailers", typed("Collect", WEB, GOOD + envelope(b"a: b\r\n", TRAILERS)),
     web(3)),
    ("a length of 2^32 - 1", typed("Obey", WEB, b"\0\xff\xff\xff\xff"),
     web(8)),
    ("over the limit", typed("Obey", WEB, envelope(bytes(LIMIT + 1))), web(8)),
    ("compressed, nobody knows how", typed("Obey", WEB, packed(b"")), web(13)),
    ("an unknown coding", typed("Obey", WEB, GOOD, ("Grpc-Encoding", "br")),
     web(12)),
    ("not gzip", typed("Obey", WEB, envelope(b"abc", COMPRESSED),
                       gzipped("Grpc-Encoding")), web(3)),
    ("a bomb", typed("Collect", WEB, GOOD + envelope(BOMB, COMPRESSED),
                     gzipped("Grpc-Encoding")), web(8)),
    ("a compressed body", typed("Obey", WEB, BOMB,
                                gzipped("Content-Encoding")), web(12)),
    ("bad base64", typed("Obey", TEXT, "AAAA!AAA"), web(3)),
    ("half a group of base64", typed("Collect", TEXT, base64.b64encode(
        GOOD) + b"AAA"), web(3)),
    ("bad JSON", typed("Obey", WEB_JSON, envelope(b"{")), web(3)),
    ("a bad timeout", typed("Obey", WEB, GOOD, ("Grpc-Timeout", "1x")),
     web(3)),
    ("no such method", typed("Nowhere", WEB, GOOD), web(12)),
    ("a bad path", post("/%zz", GOOD, ("Content-Type", WEB)), web(3)),
    ("another type", typed("Obey", "application/grpc-web+xml", GOOD),
     rest(415, 3)),
    ("another method", request("PUT", SERVICE + "Obey", GOOD,
                               [("Content-Type", WEB)]), rest(405, 12)),
]

CONNECT = [
    ("an unknown version", typed("Obey", JSON, "{}", (VERSION[0], "2")),
     connect(3, 400)),
    ("bad JSON", typed("Obey", JSON, "{", VERSION), connect(3, 400)),
    ("no JSON", typed("Obey", JSON, "", VERSION), connect(3, 400)),
    ("over the limit", typed("Obey", PROTO, bytes(LIMIT + 1)),
     connect(8, 429)),
    ("an unknown coding", typed("Obey", PROTO, b"",
                                ("Content-Encoding", "br")),
     connect(12, 501)),
    ("not gzip", typed("Obey", PROTO, b"abc", gzipped("Content-Encoding")),
     connect(3, 400)),
    ("a bomb", typed("Obey", PROTO, BOMB, gzipped("Content-Encoding")),
     connect(8, 429)),
    ("a bad timeout", typed("Obey", PROTO, b"", ("Connect-Timeout-Ms", "1s")),
     connect(3, 400)),
    ("no such method", typed("Nowhere", PROTO, b""), connect(12, 404)),
    ("a bad path", post("/%zz", b"", ("Content-Type", PROTO)),
     connect(3, 400)),
    ("another type", typed("Obey", "text/plain", "x", VERSION),
     connect(3, 415)),
    ("another method", request("PUT", SERVICE + "Obey", b"x",
                               [("Content-Type", PROTO)]), connect(12, 405)),
    ("a query without a message", request(
        "GET", SERVICE + "Obey?connect=v1&encoding=json"), connect(3, 400)),
    ("a query that is not base64", request(
        "GET", SERVICE + "Obey?connect=v1&encoding=proto&base64=1&message=!"),
     connect(3, 400)),
    ("a bomb in a query", request(
        "GET", SERVICE + "Obey?connect=v1&encoding=proto&base64=1&"
        "compression=gzip&message=" + base64.urlsafe_b64encode(
            gzip.compress(bytes(LIMIT * 20))).decode()), connect(8, 429)),
    ("a query compressed otherwise", request(
        "GET", SERVICE + "Obey?connect=v1&encoding=json&compression=br&"
        "message=%7B%7D"), connect(12, 501)),
    ("a query of an unknown codec", request(
        "GET", SERVICE + "Obey?connect=v1&encoding=xml&message=a"),
     connect(3, 415)),
    ("a query of another version", request(
        "GET", SERVICE + "Obey?connect=v2&encoding=json&message=%7B%7D"),
     connect(3, 400)),
    ("a query with side effects", request(
        "GET", SERVICE + "Echo?connect=v1&encoding=json&message=%7B%7D"),
     connect(12, 405)),
    ("half an envelope", typed("Stream", STREAM, GOOD[:7]), end(3)),
    ("an unknown flag", typed("Collect", STREAM, envelope(b"", 4)), end(3)),
    ("an end of the stream", typed("Collect", STREAM,
                                   GOOD + envelope(b"{}", END)), end(3)),
    ("a length of 2^32 - 1", typed("Collect", STREAM, b"\0\xff\xff\xff\xff"),
     end(8)),
    ("compressed, nobody knows how", typed("Collect", STREAM, packed(b"")),
     end(13)),
    ("a bomb in an envelope", typed(
        "Collect", STREAM, GOOD + envelope(BOMB, COMPRESSED),
        gzipped("Connect-Content-Encoding")), end(8)),
    ("bad JSON in an envelope", typed(
        "Converse", STREAM_JSON, envelope(b"{}") + envelope(b"[]")), end(3)),
    ("another type for a stream", typed("Stream", "application/connect+xml",
                                        GOOD), connect(3, 415)),
    ("a stream of another kind", typed("Obey", STREAM, GOOD),
     connect(3, 415)),
]

# Clients that vanish, and what they leave on the wire; nobody is answered.
GONE = [
    ("within the head", b"POST /v1/echo HTTP/1.1\r\nHost: a\r\nConte"),
    ("within a body", post("/v1/echo", '{"name":"a"}')[:-4]),
    ("within a stream", post("/v1/collections", '{"id":"a"}{"id":"b"}')[:-4]),
    ("within an envelope", typed("Collect", WEB, GOOD * 2)[:-3]),
    ("within base64", typed("Collect", TEXT, base64.b64encode(GOOD))[:-3]),
    ("within a message", typed("Obey", PROTO, GOOD)[:-3]),
    ("within a stream of Connect", typed("Converse", STREAM, GOOD * 2)[:-3]),
    ("within a frame", websocket.handshake(SERVICE + "Converse")
     + websocket.frame(websocket.TEXT, '{"id":"a"}')[:-3]),
    ("within a message of frames", websocket.handshake(SERVICE + "Converse")
     + websocket.frame(websocket.TEXT, '{"id":', fin=False)),
]

# Whole requests whose client has nothing more to send.
HALF_CLOSED = [
    post("/v1/echo", '{"name":"a"}'),
    post("/v1/collections", '{"id":"a"}'),
    typed("Obey", WEB, GOOD),
    typed("Obey", TEXT, base64.b64encode(GOOD)),
    typed("Obey", PROTO, b""),
    typed("Collect", STREAM, GOOD),
    request("GET", SERVICE + "Obey?connect=v1&encoding=json&message=%7B%7D"),
]


class Fronts(harness.Scenario):
    workers = 1
    more = ("limits: {max_request_message: %d}\n"
            "cors: {origins: '%s'}\n" % (LIMIT, PAGE))

    def good(self):
        """One of each protocol."""
        return [
            Upload(self, "/v1/collections", NDJSON, b'{"id":"a"}\n'),
            Upload(self, SERVICE + "Collect", WEB, GOOD),
            Upload(self, SERVICE + "Collect", TEXT, base64.b64encode(GOOD)),
            Upload(self, SERVICE + "Collect", STREAM, GOOD),
            Talk(self)]

    def among_good(self, cases, act):
        """One case after the other, and between them all good clients go
        on."""
        clients = self.good()
        for name, *case in cases:
            for client in clients:
                client.step()
            with self.subTest(name):
                act(*case)
        for client in clients:
            client.step()
            client.finish(self)

    def check(self, response, form, *expected):
        self.assertIsNotNone(response, "closed without an answer")
        self.assertEqual(
            response.header("access-control-allow-origin"), PAGE, response)
        self.assertIn("Origin", [v for k, v in response.headers
                                 if k == "vary"])
        exposed = response.header("access-control-expose-headers").lower()
        for name in ("grpc-status", "grpc-message", "grpc-status-details-bin"):
            self.assertIn(name, exposed)
        getattr(self, "check_" + form)(response, *expected)

    def check_rest(self, response, status, code):
        error = self.assert_error(response, status, code)
        self.assertNotEqual(error["message"], "")

    def check_web(self, response, code):
        self.assertEqual(response.status, 200, response)
        body = response.body
        if response.header("content-type").startswith(TEXT):
            body = frames.text_chunks(body)
        (flags, trailers), = frames.split(body)
        self.assertEqual(flags, TRAILERS)
        self.assertIn(b"grpc-status: %d\r\ngrpc-message: " % code, trailers)

    def check_connect(self, response, code, status):
        self.assertEqual((response.status, response.header("content-type")),
                         (status, JSON), response)
        self.assertEqual(response.json()["code"], NAMES[code])

    def check_end(self, response, code):
        self.assertEqual(response.status, 200, response)
        flags, payload = frames.split(response.body)[-1]
        self.assertEqual(flags, END)
        self.assertEqual(json.loads(payload)["error"]["code"], NAMES[code])

    def act(self, data, expected):
        self.check(self.wire().send(of_page(data)).response(), *expected)

    def test_bad_clients_of_REST(self):
        self.among_good(REST, self.act)

    def test_bad_clients_of_gRPC_Web(self):
        self.among_good(GRPC_WEB, self.act)

    def test_bad_clients_of_Connect(self):
        self.among_good(CONNECT, self.act)

    def test_bad_clients_byte_by_byte(self):
        def act(data, expected):
            wire = self.wire()
            wire.socket.setsockopt(6, 1, 1)     # TCP_NODELAY
            for byte in of_page(data):
                wire.send(bytes([byte]))
            self.check(wire.response(), *expected)

        self.among_good([case for case in REST + GRPC_WEB + CONNECT
                         if len(case[1]) < 500], act)

    def test_clients_that_vanish(self):
        def act(data):
            for leave in ("half_close", "close", "abort"):
                wire = self.wire().send(data)
                getattr(wire, leave)()
                if leave == "half_close":
                    self.assertNotIn(b"HTTP/1.1 200", wire.to_end())

        self.among_good(GONE, act)

    def test_clients_that_only_listen_are_answered(self):
        for data in HALF_CLOSED:
            wire = self.wire().send(data).half_close()
            response = wire.response()
            self.assertEqual(response.status, 200, data)
            self.assertTrue(response.is_complete)
            self.assertEqual(wire.to_end(), b"")

    def test_the_least_limits_refuse_and_break_nothing(self):
        gateway = self.start(self.backend.port, """
limits: {max_request_message: 1, max_response_message: 1, max_elements: 1,
         max_header_bytes: 1KiB}
json: {max_depth: 1}
""")
        self.addCleanup(lambda: self.assertEqual(gateway.stop(), 0))
        good = [("", data) for data in HALF_CLOSED]
        for name, data, *_ in REST + GRPC_WEB + CONNECT + GONE + good:
            self.wire(gateway.port).send(data).half_close().to_end()
        response = self.ask("GET", "/healthz", port=gateway.port)
        self.assertEqual(response.status, 200)

    def test_a_preflight_for_every_protocol(self):
        for target in ("/v1/echo", "/v1/streams/s", "/v1/collections",
                       SERVICE + "Obey", SERVICE + "Converse", "/nowhere",
                       "/healthz", "/%zz"):
            for headers in ("content-type,x-grpc-web,x-user-agent,grpc-timeout",
                            "connect-protocol-version,connect-timeout-ms",
                            "authorization"):
                response = self.ask("OPTIONS", target, headers=[
                    ("Origin", PAGE), ("Access-Control-Request-Method", "POST"),
                    ("Access-Control-Request-Headers", headers)])
                self.assertEqual(response.status, 204, response)
                allowed = response.header(
                    "access-control-allow-headers").lower().split(", ")
                self.assertLessEqual(set(headers.split(",")), set(allowed))

    def test_a_gateway_that_shuts_down_may_be_read(self):
        self.backend.release.clear()
        self.backend.entered.clear()
        self.addCleanup(self.backend.release.set)
        gateway = self.start(self.backend.port,
                             self.more + "timeouts: {grace: 0.1s}\n")
        wires = []
        for data in (request("GET", "/v1/orders/1?hang=true"),
                     typed("Obey", WEB, envelope(Order(hang=True))),
                     typed("Obey", JSON, '{"hang":true}', VERSION)):
            self.backend.entered.clear()
            wires.append(self.wire(gateway.port).send(of_page(data)))
            self.assertTrue(self.backend.entered.wait(harness.PATIENCE))
        gateway.process.terminate()
        self.check(wires[0].response(), "rest", 503, 14)
        self.check(wires[1].response(), "web", 14)
        self.check(wires[2].response(), "connect", 14, 503)
        self.assertEqual(gateway.stop(None), 0)


# ---- Which protocol ---------------------------------------------------------

UPGRADE = (("Upgrade", "websocket"), ("Connection", "Upgrade"),
           ("Sec-WebSocket-Key", websocket.KEY),
           ("Sec-WebSocket-Version", "13"))
QUERY = "?connect=v1&encoding=json&message=%7B%7D"

# (name, request, status, content type of the answer)
CORNERS = [
    ("gRPC-Web goes before the version header",
     typed("Obey", WEB, GOOD, VERSION), 200, WEB),
    ("gRPC-Web by its type, not by X-Grpc-Web",
     typed("Obey", JSON, "{}", ("X-Grpc-Web", "1")), 200, JSON),
    ("the version header makes JSON Connect's",
     typed("Stream", JSON, "{}", VERSION), 415, JSON),
    ("without it it is REST's", typed("Stream", JSON, "{}"), 200, NDJSON),
    ("Accept chooses among REST's streams only", typed(
        "Stream", JSON, "{}", ("Accept", "text/event-stream")), 200,
     "text/event-stream; charset=utf-8"),
    ("not among Connect's", typed(
        "Stream", STREAM_JSON, envelope(b"{}"),
        ("Accept", "text/event-stream")), 200, STREAM_JSON),
    ("a query of Connect counts for a GET only",
     typed("Stream" + QUERY, STREAM, GOOD), 200, STREAM),
    ("a GET has no content type",
     request("GET", SERVICE + "Obey" + QUERY, None, [("Content-Type", WEB)]),
     200, JSON),
    ("a GET of Connect needs no version header",
     request("GET", SERVICE + "Obey" + QUERY), 200, JSON),
    ("gRPC itself is not spoken",
     typed("Obey", "application/grpc", GOOD), 415, JSON),
    ("nor as HTTP/1.1's",
     typed("Obey", "application/grpc+proto", GOOD, ("TE", "trailers")), 415,
     JSON),
    ("no type at all is JSON", post(
        SERVICE + "Obey", b"{}", ("Content-Type", "")), 200, JSON),
    ("a resource speaks REST, whatever the type",
     post("/v1/echo", b"{}", ("Content-Type", STREAM_JSON)), 415, JSON),
    ("and whatever the version", post("/v1/echo", "{}", VERSION), 200, JSON),
    ("Upgrade goes before a query of Connect", request(
        "GET", SERVICE + "Obey" + QUERY, None, UPGRADE), 400, JSON),
    ("Upgrade goes before a content type", request(
        "POST", SERVICE + "Obey", GOOD, [("Content-Type", WEB), *UPGRADE]),
     400, JSON),
    ("an Upgrade to what nobody knows is overlooked", typed(
        "Obey", WEB, GOOD, ("Upgrade", "h2c"), ("Connection", "Upgrade")),
     200, WEB),
    ("a WebSocket of another version", request(
        "GET", SERVICE + "Obey", None, [*UPGRADE[:3], (
            "Sec-WebSocket-Version", "8")]), 426, JSON),
    ("HTTP/1.0 knows no Upgrade", request(
        "GET", "/v1/orders/1", None, UPGRADE).replace(
            b"HTTP/1.1", b"HTTP/1.0"), 200, JSON),
    ("a later HTTP", typed("Obey", WEB, GOOD).replace(
        b"HTTP/1.1", b"HTTP/1.9"), 505, JSON),
    ("a HEAD is no GET of Connect", request(
        "HEAD", SERVICE + "Obey" + QUERY), 405, JSON),
    ("two types are none", typed("Obey", WEB, GOOD, ("Content-Type", JSON)),
     400, JSON),
]


class Corners(harness.Scenario):
    def test_each_request_speaks_one_protocol(self):
        for name, data, status, type in CORNERS:
            with self.subTest(name):
                response = self.wire().send(data).response(
                    is_head=data.startswith(b"HEAD"))
                self.assertEqual(
                    (response.status, response.header("content-type")),
                    (status, type), response)

    def test_a_malformed_path_says_where(self):
        for target, at in (("/v1/orders/%zz", 11), ("/v1/%", 4),
                           ("/v1/a%00b", 5), ("v1", 0), ("http://b/v1", 0),
                           ("/v1/\xe9", 4)):
            error = self.assert_error(self.ask("GET", target), 400, 3)
            self.assertIn("at byte %d" % at, error["message"])
            violation, = error["details"][0]["fieldViolations"]
            self.assertIn("expected", violation["description"])

    def test_a_415_of_REST_says_what_would_do(self):
        response = self.ask("POST", "/v1/echo", b"x",
                            [("Content-Type", "text/xml")])
        error = self.assert_error(response, 415, 3)
        self.assertEqual(response.header("accept-post"), JSON)
        violation, = error["details"][0]["fieldViolations"]
        self.assertEqual(violation["field"], "Content-Type")
        response = self.ask("POST", "/v1/collections", b"x",
                            [("Content-Type", "text/xml")])
        self.assertEqual(response.header("accept-post"),
                         JSON + ", " + NDJSON)
        self.assertIn(NDJSON, response.json()["message"])
        response = self.ask("PUT", "/v1/echo/n", b"x",
                            [("Content-Type", "text/xml")])
        self.assert_error(response, 415, 3)
        self.assertIsNone(response.header("accept-post"))
        response = self.ask("POST", "/v1/echo", b"x",
                            [("Content-Encoding", "gzip")])
        self.assert_error(response, 415, 12)
        self.assertEqual(response.header("accept-encoding"), "identity")
        self.assertIsNone(response.header("accept-post"))


# ---- Methods without a schema ----------------------------------------------

BOX = "/raw.Box/"
RAW = [
    ("a query", post(BOX + "Echo?a=1", b"x"), rest(400, 3)),
    ("over the limit", post(BOX + "Echo", bytes(LIMIT + 1)), rest(413, 8)),
    ("compressed", post(BOX + "Echo", BOMB, ("Content-Encoding", "gzip")),
     rest(415, 12)),
    ("JSON in gRPC-Web", post(BOX + "Echo", envelope(b"{}"),
                              ("Content-Type", WEB_JSON)), rest(415, 3)),
    ("JSON in Connect", post(BOX + "Gather", envelope(b"{}"),
                             ("Content-Type", STREAM_JSON)),
     connect(3, 415)),
    ("half an envelope", post(BOX + "Gather", GOOD[:-1],
                              ("Content-Type", WEB)), web(3)),
    ("an unknown flag", post(BOX + "Gather", envelope(b"", 8),
                             ("Content-Type", STREAM)), end(3)),
    ("a bomb", post(BOX + "Echo", BOMB, ("Content-Type", PROTO),
                    gzipped("Content-Encoding")), connect(8, 429)),
    ("no such method", post(BOX + "Nothing", b"x"), rest(404, 5)),
    ("another method", request("DELETE", BOX + "Echo"), rest(405, 12)),
]


class Raw(raw.Scenario):
    more = Fronts.more
    check = Fronts.check
    check_rest = Fronts.check_rest
    check_web = Fronts.check_web
    check_connect = Fronts.check_connect
    check_end = Fronts.check_end
    among_good = Fronts.among_good
    act = Fronts.act

    def good(self):
        return [Upload(self, BOX + "Gather", "application/octet-stream", b"x")]

    def test_bad_clients(self):
        self.among_good(RAW, self.act)


if __name__ == "__main__":
    harness.main()
