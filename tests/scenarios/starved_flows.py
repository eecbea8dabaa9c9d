# SPDX-License-Identifier: Apache-2.0
"""The flows that are tried while memory is short."""

import base64
import gzip
import json
import urllib.parse

import frames
import raw
from files import ALL_BYTES
from frames import envelope
from harness import Order, request
from starved_kinds import (
    Calling, Crowd, Expiring, Http, LIBRARY_SERVICE, Leaving, METHOD,
    Packed, Socket, connect, connect_stream, get, grpc_web, is_connect,
    is_denied, is_denied_by_connect, is_denied_by_grpc_web,
    is_denied_by_service, is_events, is_service, is_trailed, pieces, post)

PAGE = "https://app.example"

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
    get("no such book", BOOK + "s", tells=is_denied_by_service),
    get("pages", BOOK + ":read", tells=is_service),
    post("half-duplex discussion", "/v1/books:discuss",
         json.dumps({"name": NAME, "text": "a"}) * 3, tells=is_service),
    Socket("a discussion", LIBRARY_SERVICE + "Discuss", [
        json.dumps({"name": NAME, "text": "a"})] * 2),
    get("the page", "/", tells=is_service),
    Calling("gRPC", "GetBook", frames.field(1, NAME)),
    Calling("gRPC stream", "ReadBook", frames.field(1, NAME)),
]
