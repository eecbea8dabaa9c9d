# SPDX-License-Identifier: Apache-2.0
"""What is asked of the proxies, and which answers are right.

A proxy takes one of two forms. "json": it transcodes, or, as the ideal program
does, pretends to. "grpc": it is given ready gRPC messages over HTTP/1.1 and
passes them on. Both forms of a workload ask the backend for the same.
"""

import dataclasses
import json
import typing

from compare import wire

STREAM = 1000        # messages of a stream
STREAM_NAME = 96     # makes an Item of 100 bytes
SERVICE = "/sluice.bench.v1.Bench/"
ALL = ("sluice", "ideal", "nginx", "haproxy", "nghttpx", "grpc-gateway",
       "envoy")
NO_IDEAL = tuple(name for name in ALL if name != "ideal")
TRANSCODERS = ("sluice", "grpc-gateway", "envoy")


@dataclasses.dataclass
class Exchange:
    """One request, and how to know its answer."""
    method: str
    path: str
    headers: tuple = ()
    body: bytes = b""
    status: int = 200
    grpc_status: int = -1                  # -1: none in the HTTP answer
    is_right: typing.Callable = bool       # of the answer's body

    def bytes(self, closes=False):
        return wire.request(self.method, self.path, self.body, self.headers,
                            closes)


@dataclasses.dataclass
class Workload:
    name: str
    what: str
    exchanges: dict                        # form or proxy: Exchange
    rate: float                            # moderate, per second
    peers: tuple = ALL
    connections: int = 64
    messages: int = 1                      # per request
    is_churn: bool = False
    held: int = 0                          # idle streams meanwhile
    held_exchanges: dict = dataclasses.field(default_factory=dict)
    routes: int = 0

    def exchange(self, peer):
        return self.exchanges.get(peer.name) or self.exchanges[peer.form]

    def held_exchange(self, peer):
        """The stream that is held, and one that ends: how the first message
        looks is learned from that."""
        return self.held_exchanges[peer.form]


# --------------------------------------------------------------------- answers

def is_json(expected):
    def check(body):
        return json.loads(body) == expected
    return check


def is_bytes(expected):
    return lambda body: body == expected


def is_error(code):
    def check(body):
        return json.loads(body)["code"] == code
    return check


def is_lines(expected):
    """One JSON text a line; grpc-gateway puts each into {"result": ...}."""
    def check(body):
        lines = [json.loads(line) for line in body.splitlines() if line]
        return len(lines) == STREAM and all(
            line.get("result", line) == expected for line in lines)
    return check


# ------------------------------------------------------------------- exchanges

JSON = (("Content-Type", "application/json"),)
GRPC = (("Content-Type", "application/grpc"), ("TE", "trailers"))


def item(length):
    return wire.text(1, "x" * length) + wire.number(2, 7)


def item_json(length):
    return ('{"name":"%s","number":"7"}' % ("x" * length)).encode()


def grpc(method, body, answer, grpc_status=0):
    return Exchange("POST", SERVICE + method, GRPC, body,
                    grpc_status=grpc_status, is_right=is_bytes(answer))


def echo(size):
    """The name that makes the JSON text as large as it is said to be."""
    length = size - len(item_json(0))
    body = item_json(length)
    framed = wire.frame(item(length))
    return {
        "json": Exchange("POST", "/v1/echo", JSON, body,
                         is_right=is_json(json.loads(body))),
        "grpc": grpc("Echo", framed, framed),
    }


def grpc_web():
    framed = wire.frame(item(1000))
    end = b"grpc-status:0\r\n"

    def check(body):
        return body.startswith(framed + b"\x80") and end[:-2] in body.replace(
            b": ", b":")
    web = Exchange("POST", SERVICE + "Echo",
                   (("Content-Type", "application/grpc-web+proto"),
                    ("X-Grpc-Web", "1")), framed, is_right=check)
    return {"json": web, "grpc": grpc("Echo", framed, framed)}


def connect():
    message = item(1000)
    framed = wire.frame(message)
    return {
        "json": Exchange("POST", SERVICE + "Echo",
                         (("Content-Type", "application/proto"),
                          ("Connect-Protocol-Version", "1")), message,
                         is_right=is_bytes(message)),
        "grpc": grpc("Echo", framed, framed),
    }


def query():
    expected = {"shelf": "science-fiction", "title": "a title of two lines",
                "pageSize": 50, "newestFirst": True, "tags": ["translated"],
                "after": "1700000000"}
    message = (wire.text(1, expected["shelf"]) + wire.text(2, expected["title"])
               + wire.number(3, 50) + wire.number(4, 1)
               + wire.text(5, "translated") + wire.number(6, 1700000000))
    framed = wire.frame(message)
    path = ("/v1/shelves/science-fiction/books?title=a%20title%20of%20two%20lines"
            "&page_size=50&newest_first=true&tags=translated&after=1700000000")
    return {"json": Exchange("GET", path, is_right=is_json(expected)),
            "grpc": grpc("Find", framed, framed)}


def stream(path, method):
    expected = json.loads(item_json(STREAM_NAME))
    return {
        "json": Exchange("GET", path, is_right=is_lines(expected)),
        "grpc": grpc(method, wire.frame(b""),
                     wire.frame(item(STREAM_NAME)) * STREAM),
    }


def collect():
    """Envoy takes a client stream as one array."""
    one = item_json(STREAM_NAME)

    def post(body):
        return Exchange("POST", "/v1/collect", JSON, body,
                        is_right=is_json({"number": str(STREAM)}))
    return {
        "json": post((one + b"\n") * STREAM),
        "envoy": post(b"[" + b",".join([one] * STREAM) + b"]"),
        "grpc": grpc("Collect", wire.frame(item(STREAM_NAME)) * STREAM,
                     wire.frame(wire.number(2, STREAM))),
    }


def miss():
    body = item_json(100)
    return {
        "json": Exchange("POST", "/v1/miss", JSON, body, status=404,
                         is_right=is_error(5)),
        "grpc": grpc("Miss", wire.frame(item(100)), b"", grpc_status=5),
    }


def route(n):
    """One of n routes that look alike, from their middle."""
    expected = {"name": "a-name"}
    return {"json": Exchange("GET", "/v1/r%04d/a-name" % (n // 2),
                             is_right=is_json(expected))}


def idle(n):
    return Workload(
        "idle-%d" % n, "unary 100 B JSON while {:,} streams are idle".format(n),
        echo(100), 2000, NO_IDEAL, held=n,
        held_exchanges={
            form: (watch, stream("/v1/stream", "Stream")[form])
            for form, watch in stream("/v1/watch", "Watch").items()})


def routes(n):
    return Workload("routes-%d" % n, "GET, {:,} routes".format(n), route(n),
                    2000, ("sluice", "grpc-gateway"), routes=n)


WORKLOADS = {w.name: w for w in (
    Workload("unary-100", "unary, 100 B of JSON", echo(100), 2000),
    Workload("unary-1k", "unary, 1 KB of JSON", echo(1024), 2000),
    Workload("unary-10k", "unary, 10 KB of JSON", echo(10240), 1000),
    Workload("unary-1m", "unary, 1 MB of JSON", echo(1 << 20), 10,
             connections=8),
    Workload("grpc-web-1k", "unary gRPC-Web, 1 KB", grpc_web(), 2000,
             ("sluice", "nginx", "envoy")),
    Workload("connect-1k", "unary Connect, 1 KB", connect(), 2000,
             ("sluice", "nginx")),
    Workload("get-query", "GET, a path and 5 query parameters", query(), 2000,
             ("sluice", "nginx", "haproxy", "grpc-gateway", "envoy")),
    Workload("stream-1000", "server stream, 1,000 messages of 100 B, NDJSON",
             stream("/v1/stream", "Stream"), 20, NO_IDEAL, connections=16,
             messages=STREAM),
    Workload("client-stream-1000", "client stream, 1,000 messages of 100 B",
             collect(), 20, NO_IDEAL, connections=16, messages=STREAM),
    idle(1000),
    idle(5000),
    routes(10),
    routes(1000),
    routes(10000),
    Workload("error-404", "NOT_FOUND of the backend", miss(), 2000, NO_IDEAL),
    Workload("churn", "unary, 100 B of JSON, a connection each", echo(100),
             1000, is_churn=True),
    Workload("workers-2", "unary, 100 B of JSON, two workers on both cores",
             echo(100), 2000, ("sluice", "sluice-2")),
)}
