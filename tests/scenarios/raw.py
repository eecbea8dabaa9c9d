# SPDX-License-Identifier: Apache-2.0
"""Methods without a schema: bodies are payloads and payloads bodies, in every
cardinality, by plain HTTP, gRPC-Web, Connect and WebSocket."""

import base64
import hashlib
import os
import struct
import subprocess

import grpc

import files
import frames
import harness
import websocket
from files import ALL_BYTES, MIB, PIECE_MAX, WHOLE, chunk
from frames import END, TRAILERS, envelope

BYTES = "application/octet-stream"


def pour(count, size, fail=0, greet=0):
    """What Pour is asked for."""
    return struct.pack(">IIBB", count, size, fail, greet)


class Backend(files.Backend):
    """The official gRPC serving raw.Box, whose messages are no protobuf."""

    def _handlers(self):
        return grpc.method_handlers_generic_handler("raw.Box", {
            "Echo": grpc.unary_unary_rpc_method_handler(self.echo_bytes),
            "Image": grpc.unary_unary_rpc_method_handler(self.echo_bytes),
            "Pour": grpc.unary_stream_rpc_method_handler(self.pour),
            "Gather": grpc.stream_unary_rpc_method_handler(self.gather),
            "Mirror": grpc.stream_stream_rpc_method_handler(self.mirror),
        })

    def echo_bytes(self, data, context):
        self._watch(context)
        if data.startswith(b"fail"):
            context.abort(grpc.StatusCode.NOT_FOUND, "as asked")
        if data.startswith(b"grow"):
            return b"g" * int(data[4:])
        if data.startswith(b"hang"):
            self.entered.set()
            self.release.wait(harness.PATIENCE)
        context.send_initial_metadata([("x-size", str(len(data)))])
        return data

    def pour(self, data, context):
        self._watch(context)
        count, size, fail, greet = struct.unpack(">IIBB", data)
        if greet:
            context.send_initial_metadata([("x-greeting", "hello")])
            self.entered.set()
            self.release.wait(harness.PATIENCE)
        for i in range(count):
            self.sent += size
            yield bytes([i & 255]) * size
        if fail:
            context.abort(next(c for c in grpc.StatusCode
                               if c.value[0] == fail), "as asked")

    def gather(self, pieces, context):
        self._watch(context)
        sizes, digest = [], hashlib.sha256()
        for piece in pieces:
            self.entered.set()
            if self.is_slow:
                self.may_take.acquire()
            if piece == b"fail":
                context.abort(grpc.StatusCode.DATA_LOSS, "broken off")
            self.received += len(piece)
            sizes.append(len(piece))
            digest.update(piece)
        return b"%d %d %d %s" % (len(sizes), sum(sizes), max(sizes, default=0),
                                 digest.hexdigest().encode())


ROUTE_FILE = """\
listen: ["127.0.0.1:0"]
workers: %(workers)d
upstreams:
  box: {target: "ipv4:127.0.0.1:%(port)d", schema: none}
services: [{name: raw.Box}]
http:
  rules:
    - {selector: raw.Box.Echo, put: "/v1/{name=boxes/*}", body: "*",
       additional_bindings: [{get: /v1/empty}]}
    - {selector: raw.Box.Image, post: /v1/image}
methods:
  - {selector: raw.Box.Image, content_type: image/png}
  - {selector: raw.Box.Pour, cardinality: unary-stream, content_type: video/x}
  - {selector: raw.Box.Gather, cardinality: stream-unary}
  - {selector: raw.Box.Mirror, cardinality: stream-stream}
%(more)s
"""


class Scenario(files.Scenario):
    backend_type = Backend
    routes = ROUTE_FILE

    def assert_bytes(self, response, data, content_type=BYTES):
        self.assertEqual(response.status, 200, response)
        self.assertTrue(response.is_complete, response)
        self.assertEqual(response.header("content-type"), content_type)
        self.assertEqual(response.body, data)

    def gathered(self, response):
        """(pieces, size, largest, digest) that Gather tells."""
        self.assertEqual(response.status, 200, response)
        self.assertEqual(response.header("content-type"), BYTES)
        count, size, largest, digest = response.body.split()
        return int(count), int(size), int(largest), digest.decode()


class Unary(Scenario):
    def test_every_byte_goes_through(self):
        for data in (b"", b"\0", b"\xff", ALL_BYTES, ALL_BYTES * 4096):
            self.assert_bytes(self.send("POST", "/raw.Box/Echo", data), data)

    def test_any_content_type_is_taken(self):
        for type in ("application/json", "text/plain; charset=latin-1",
                     "application/x-protobuf", "multipart/form-data"):
            self.assert_bytes(
                self.send("POST", "/raw.Box/Echo", b"{\"a", type), b"{\"a")

    def test_a_chunked_body_is_one_message(self):
        self.assert_bytes(self.send_chunked(
            "/raw.Box/Echo", [ALL_BYTES, b"middle", ALL_BYTES]),
            ALL_BYTES + b"middle" + ALL_BYTES)

    def test_variables_are_matched_and_mean_nothing(self):
        self.assert_bytes(
            self.send("PUT", "/v1/boxes/%FF%41", b"\0body"), b"\0body")
        self.assert_error(self.send("PUT", "/v1/chests/1", b"x"), 404, 5)

    def test_a_route_without_a_body_sends_an_empty_message(self):
        response = self.send("GET", "/v1/empty")
        self.assert_bytes(response, b"")
        self.assertEqual(response.header("grpc-metadata-x-size"), "0")

    def test_a_query_is_refused(self):
        error = self.assert_error(
            self.send("POST", "/raw.Box/Echo?a=1", b"x"), 400, 3)
        self.assertIn("expected no query", error["message"])

    def test_a_method_says_its_content_type(self):
        self.assert_bytes(self.send("POST", "/v1/image", b"\x89PNG"),
                          b"\x89PNG", "image/png")

    def test_failures_are_JSON(self):
        error = self.assert_error(
            self.send("POST", "/raw.Box/Echo", b"fail"), 404, 5)
        self.assertEqual(error["message"], "as asked")

    def test_methods_that_nobody_names_are_not_there(self):
        self.assert_error(self.send("POST", "/raw.Box/Other", b""), 404, 5)

    def test_a_coded_body_is_refused(self):
        wire = self.wire().send(
            b"POST /raw.Box/Echo HTTP/1.1\r\nHost: a\r\n"
            b"Content-Encoding: gzip\r\nContent-Length: 1\r\n\r\nx")
        self.assert_error(wire.response(), 415, 12)

    def test_a_client_that_leaves_cancels(self):
        wire = self.wire().send(harness.request("POST", "/raw.Box/Echo",
                                                b"hang"))
        self.assertTrue(self.backend.entered.wait(harness.PATIENCE))
        wire.abort()
        self.assertTrue(self.backend.cancelled.wait(harness.PATIENCE))


class ResponseStream(Scenario):
    def ask_pour(self, *arguments, **keywords):
        return self.send("POST", "/raw.Box/Pour", pour(*arguments, **keywords))

    def test_messages_stand_in_a_row(self):
        response = self.ask_pour(3, 5)
        self.assert_bytes(response, b"\0" * 5 + b"\1" * 5 + b"\2" * 5,
                          "video/x")
        self.assertEqual(response.header("transfer-encoding"), "chunked")
        self.assert_bytes(self.ask_pour(2, 0), b"", "video/x")
        self.assert_bytes(self.ask_pour(0, 0), b"", "video/x")

    def test_the_head_goes_out_before_the_first_message(self):
        wire = self.wire().send(harness.request("POST", "/raw.Box/Pour",
                                                pour(1, 3, greet=1)))
        head = wire.read_until(b"\r\n\r\n").lower()
        self.assertIn(b"content-type: video/x\r\n", head)
        self.assertIn(b"grpc-metadata-x-greeting: hello\r\n", head)
        self.backend.release.set()
        self.assertEqual(wire.chunk(), b"\0\0\0")
        self.assertEqual(wire.chunk(), b"")

    def test_what_fails_at_once_has_its_HTTP_status(self):
        self.assert_error(self.ask_pour(0, 0, fail=5), 404, 5)

    def test_what_fails_late_breaks_after_its_bytes(self):
        response = self.ask_pour(2, 3, fail=15)
        self.assertEqual((response.status, response.body),
                         (200, b"\0\0\0\1\1\1"))
        self.assertFalse(response.is_complete)

    def test_a_client_that_leaves_cancels(self):
        wire = self.wire().send(harness.request(
            "POST", "/raw.Box/Pour", pour(1000000, 1000)))
        wire.read_until(b"\r\n\r\n")
        wire.abort()
        self.assertTrue(self.backend.cancelled.wait(harness.PATIENCE))

    def test_a_long_stream_to_a_slow_client_takes_no_memory(self):
        self.ask_pour(64, 65536)
        self.download_slowly(harness.request(
            "POST", "/raw.Box/Pour", pour(WHOLE >> 16, 65536)))


class RequestStream(Scenario):
    def test_pieces_are_messages(self):
        data = ALL_BYTES * 2000
        count, size, largest, digest = self.gathered(
            self.send("POST", "/raw.Box/Gather", data))
        self.assertEqual((size, digest),
                         (len(data), hashlib.sha256(data).hexdigest()))
        self.assertGreater(count, 1)
        self.assertLessEqual(largest, PIECE_MAX)

    def test_an_empty_body_is_an_empty_stream(self):
        for response in (self.send("POST", "/raw.Box/Gather", b""),
                         self.send_chunked("/raw.Box/Gather", [])):
            self.assertEqual(self.gathered(response)[:2], (0, 0))

    def test_a_piece_is_seen_before_the_next_is_sent(self):
        wire = self.begin_chunked("/raw.Box/Gather").send(chunk(b"first"))
        self.assertTrue(self.backend.entered.wait(harness.PATIENCE))
        wire.send(chunk(b"second") + b"0\r\n\r\n")
        self.assertEqual(self.gathered(wire.response())[:3], (2, 11, 6))

    def test_a_service_that_fails_answers_after_the_upload(self):
        wire = self.begin_chunked("/raw.Box/Gather").send(chunk(b"fail"))
        self.let_it_turn(20)
        wire.send(chunk(b"more") + b"0\r\n\r\n")
        error = self.assert_error(wire.response(), 500, 15)
        self.assertEqual(error["message"], "broken off")

    def test_a_client_that_leaves_cancels(self):
        wire = self.begin_chunked("/raw.Box/Gather").send(chunk(b"first"))
        self.assertTrue(self.backend.entered.wait(harness.PATIENCE))
        wire.abort()
        self.assertTrue(self.backend.cancelled.wait(harness.PATIENCE))

    def test_a_long_upload_to_a_slow_service_takes_no_memory(self):
        response, digest = self.upload_slowly("/raw.Box/Gather")
        _, size, _, found = self.gathered(response)
        self.assertEqual((size, found), (WHOLE, digest))


class BothStreams(Scenario):
    def test_what_goes_up_comes_down(self):
        data = ALL_BYTES * 3000
        self.assert_bytes(self.send("POST", "/raw.Box/Mirror", data), data)

    def test_an_upload_goes_on_after_the_first_response(self):
        wire = self.begin_chunked("/raw.Box/Mirror").send(chunk(b"one"))
        self.assertTrue(self.backend.conversed.wait(harness.PATIENCE))
        self.let_it_turn(20)
        wire.send(chunk(b"two") + b"0\r\n\r\n")
        self.assert_bytes(wire.response(), b"onetwo")


class Limits(Scenario):
    more = "limits: {max_request_message: 1KiB, max_response_message: 2KiB}\n"

    def test_a_unary_body_has_a_limit(self):
        most = b"\0" * 1024
        self.assert_bytes(self.send("POST", "/raw.Box/Echo", most), most)
        self.assert_bytes(self.send_chunked("/raw.Box/Echo", [most]), most)
        for response in (
                self.send("POST", "/raw.Box/Echo", most + b"\0"),
                self.send_chunked("/raw.Box/Echo", [most, b"\0"])):
            error = self.assert_error(response, 413, 8)
            self.assertIn("1024", error["message"])

    def test_a_unary_answer_has_a_limit(self):
        self.assert_bytes(self.send("POST", "/raw.Box/Echo", b"grow2048"),
                          b"g" * 2048)
        self.assert_error(
            self.send("POST", "/raw.Box/Echo", b"grow2049"), 500, 8)

    def test_no_piece_is_over_the_limit(self):
        data = ALL_BYTES * 40
        count, size, largest, digest = self.gathered(
            self.send("POST", "/raw.Box/Gather", data))
        self.assertEqual((size, largest), (len(data), 1024))
        self.assertEqual(digest, hashlib.sha256(data).hexdigest())

    def test_a_message_over_the_limit_is_an_error_or_a_break(self):
        self.assert_error(
            self.send("POST", "/raw.Box/Pour", pour(1, 2049)), 500, 8)
        self.assert_bytes(
            self.send("POST", "/raw.Box/Pour", pour(2, 2048)),
            b"\0" * 2048 + b"\1" * 2048, "video/x")


class GrpcWeb(Scenario):
    def call(self, method, *messages, type="application/grpc-web+proto"):
        body = b"".join(map(envelope, messages))
        return self.send("POST", "/raw.Box/" + method, body, type)

    def messages(self, response, code=0):
        self.assertEqual(response.status, 200, response)
        found = frames.split(response.body)
        self.assertEqual(found[-1][0], TRAILERS)
        self.assertIn(b"grpc-status: %d\r\n" % code, found[-1][1])
        return [payload for _, payload in found[:-1]]

    def test_payloads_pass_untouched(self):
        for type in ("application/grpc-web", "application/grpc-web+proto"):
            self.assertEqual(
                self.messages(self.call("Echo", ALL_BYTES, type=type)),
                [ALL_BYTES])
        self.assertEqual(self.messages(self.call("Echo", b"")), [b""])

    def test_text_mode_is_for_any_bytes(self):
        response = self.send("POST", "/raw.Box/Echo",
                             base64.b64encode(envelope(ALL_BYTES)),
                             "application/grpc-web-text")
        found = frames.split(frames.text_chunks(response.body))
        self.assertEqual(found[0], (0, ALL_BYTES))

    def test_every_cardinality(self):
        self.assertEqual(self.messages(self.call("Pour", pour(2, 3))),
                         [b"\0\0\0", b"\1\1\1"])
        self.assertEqual(
            self.messages(self.call("Gather", b"a", b"bc"))[0].split()[:2],
            [b"2", b"3"])
        self.assertEqual(self.messages(self.call("Mirror", b"a", b"", b"b")),
                         [b"a", b"", b"b"])

    def test_failures_are_in_trailers(self):
        self.assertEqual(self.messages(self.call("Echo", b"fail"), 5), [])
        self.assertEqual(
            self.messages(self.call("Pour", pour(1, 1, fail=15)), 15), [b"\0"])

    def test_JSON_is_refused(self):
        for type in ("application/grpc-web+json",
                     "application/grpc-web-text+json"):
            error = self.assert_error(self.call("Echo", b"{}", type=type),
                                      415, 3)
            self.assertIn("no schema", error["message"])


class Connect(Scenario):
    def stream(self, method, *messages, type="application/connect+proto"):
        return self.send("POST", "/raw.Box/" + method,
                         b"".join(map(envelope, messages)), type)

    def messages(self, response):
        self.assertEqual(response.status, 200, response)
        found = frames.split(response.body)
        self.assertEqual(found[-1][0], END)
        return [p for _, p in found[:-1]], found[-1][1]

    def refused(self, response):
        self.assertEqual(response.status, 415, response)
        self.assertEqual(response.json()["code"], "invalid_argument")
        self.assertIn("no schema", response.json()["message"])

    def test_unary_payloads_pass_untouched(self):
        for data in (b"", ALL_BYTES):
            self.assert_bytes(
                self.send("POST", "/raw.Box/Echo", data, "application/proto"),
                data, "application/proto")

    def test_streams_pass_untouched(self):
        self.assertEqual(self.messages(self.stream("Pour", pour(2, 2))),
                         ([b"\0\0", b"\1\1"], b"{}"))
        (told,), _ = self.messages(self.stream("Gather", b"a", b"bc"))
        self.assertEqual(told.split()[:2], [b"2", b"3"])
        self.assertEqual(
            self.messages(self.stream("Mirror", b"a", ALL_BYTES)),
            ([b"a", ALL_BYTES], b"{}"))

    def test_failures_have_their_names(self):
        response = self.send("POST", "/raw.Box/Echo", b"fail",
                             "application/proto")
        self.assertEqual((response.status, response.json()["code"]),
                         (404, "not_found"))
        found, end = self.messages(self.stream("Pour", pour(1, 1, fail=15)))
        self.assertEqual(found, [b"\0"])
        self.assertIn(b'"data_loss"', end)

    def test_JSON_is_refused(self):
        wire = self.wire().send(harness.request(
            "POST", "/raw.Box/Echo", b"{}",
            [("Content-Type", "application/json"),
             ("Connect-Protocol-Version", "1")]))
        self.refused(wire.response())
        self.refused(self.stream("Pour", b"{}",
                                 type="application/connect+json"))

    def test_a_GET_is_refused(self):
        response = self.send(
            "GET", "/raw.Box/Echo?connect=v1&encoding=proto&message=a")
        self.assertEqual(response.status, 405, response)


class WebSocket(Scenario):
    def open(self, method, *arguments):
        return websocket.Client(self, "/raw.Box/" + method, *arguments)

    def assert_gives(self, client, *messages):
        for message in messages:
            self.assertEqual(client.frame(), (websocket.BINARY, message))

    def test_messages_are_any_bytes(self):
        for protocol in (None, "sluice.proto"):
            client = self.open("Echo", protocol).send(ALL_BYTES)
            self.assert_gives(client, ALL_BYTES)
            client.expect_close(1000)

    def test_an_empty_text_message_stands_for_an_empty_request(self):
        client = self.open("Echo").end()
        self.assert_gives(client, b"")
        client.expect_close(1000)

    def test_every_cardinality(self):
        client = self.open("Pour").send(pour(2, 3))
        self.assert_gives(client, b"\0\0\0", b"\1\1\1")
        client.expect_close(1000)
        client = self.open("Gather").send(b"a").send(b"bc").end()
        self.assertEqual(client.frame()[1].split()[:2], [b"2", b"3"])
        client.expect_close(1000)
        client = self.open("Mirror")
        for message in (ALL_BYTES, b"", b"\xff"):
            self.assert_gives(client.send(message), message)
        client.end().expect_close(1000)

    def test_failures_are_a_status(self):
        self.open("Echo").send(b"fail").expect_status(5)

    def test_text_is_refused(self):
        self.open("Mirror").send("{}").expect_close(1003)

    def test_JSON_is_refused(self):
        wire = self.wire().send(websocket.handshake(
            "/raw.Box/Echo", [("Sec-WebSocket-Protocol", "sluice.json")]))
        error = self.assert_error(wire.response(), 400, 3)
        self.assertIn("no schema", error["message"])


class Commands(Scenario):
    def run_it(self, *arguments, status=0):
        done = subprocess.run(
            [harness.PROGRAM, *arguments], stdin=subprocess.DEVNULL,
            capture_output=True, text=True, timeout=harness.PATIENCE)
        self.assertEqual(done.returncode, status, done.stderr)
        return done.stdout

    def test_check_finds_nothing(self):
        self.run_it("check", "-c", self.route_file(1))

    def test_routes_shows_cardinality_and_type(self):
        table = [line.split() for line in self.run_it(
            "routes", "-c", self.route_file(1)).splitlines()]
        self.assertIn(["POST", "/v1/image", "raw.Box.Image", "unary-unary",
                       "box", "raw,content_type=image/png"], table)
        self.assertIn(["POST", "/raw.Box/Mirror", "raw.Box.Mirror",
                       "stream-stream", "box", "raw"], table)

    def explain(self, data, target, *more, status=0, method="POST"):
        path = os.path.join(self.directory.name, "body")
        with open(path, "wb") as f:
            f.write(data)
        return self.run_it("explain", "-c", self.route_file(1), "--body", path,
                           *more, method, target, status=status)

    def test_explain_shows_size_and_bytes(self):
        text = self.explain(b"\0\xff{", "/raw.Box/Echo")
        self.assertIn("raw.Box.Echo (unary-unary, raw)\n", text)
        self.assertIn("-> the whole request message, as bytes\n", text)
        self.assertIn('{"bytes":3,"base64":"AP97"}\n', text)
        self.assertIn('{"bytes":1,"base64":"YQ=="}\n',
                      self.explain(b"a", "/raw.Box/Echo"))
        self.assertIn('{"bytes":0,"base64":""}\n',
                      self.explain(b"", "/raw.Box/Echo"))

    def test_explain_cuts_streams_as_they_may_be_cut(self):
        text = self.explain(b"a" * (PIECE_MAX + 1), "/raw.Box/Gather", "--json")
        doc = harness.json.loads(text)
        self.assertTrue(doc["binding"]["isRaw"])
        self.assertEqual([m["bytes"] for m in doc["messages"]],
                         [PIECE_MAX, 1])

    def test_explain_refuses_what_the_gateway_refuses(self):
        self.assertIn("expected no query",
                      self.explain(b"", "/raw.Box/Echo?a=1", status=1))
        self.assertIn("413", self.explain(
            b"\0" * (4 * MIB + 1), "/raw.Box/Echo", status=1))


if __name__ == "__main__":
    harness.main()
