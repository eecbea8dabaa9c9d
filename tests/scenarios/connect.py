# SPDX-License-Identifier: Apache-2.0
"""Connect: unary by POST and GET, streams in envelopes, and what clients get
wrong."""

import base64
import gzip
import json
import urllib.parse
import zlib

import bad
import frames
import harness
from frames import COMPRESSED, END, envelope
from harness import Answer, Order, request

PROTO, JSON = "application/proto", "application/json"
STREAM, STREAM_JSON = "application/connect+proto", "application/connect+json"
VERSION = ("Connect-Protocol-Version", "1")

CODES = {
    1: ("canceled", 499), 2: ("unknown", 500), 3: ("invalid_argument", 400),
    4: ("deadline_exceeded", 504), 5: ("not_found", 404),
    6: ("already_exists", 409), 7: ("permission_denied", 403),
    8: ("resource_exhausted", 429), 9: ("failed_precondition", 400),
    10: ("aborted", 409), 11: ("out_of_range", 400),
    12: ("unimplemented", 501), 13: ("internal", 500),
    14: ("unavailable", 503), 15: ("data_loss", 500),
    16: ("unauthenticated", 401)}


class Reply:
    """A stream's answer: messages, and then how it ended."""

    def __init__(self, case, response):
        case.assertEqual(response.status, 200, response)
        case.assertTrue(response.is_complete, response)
        found = frames.split(response.body)
        case.assertTrue(found, response)
        case.assertEqual([f & ~COMPRESSED for f, _ in found],
                         [0] * (len(found) - 1) + [END])
        if any(flags & COMPRESSED for flags, _ in found):
            case.assertEqual(response.header("connect-content-encoding"),
                             "gzip")
        self.flags = [flags for flags, _ in found]
        self.messages = [gzip.decompress(p) if flags & COMPRESSED else p
                         for flags, p in found[:-1]]
        self.end = json.loads(found[-1][1])
        self.error = self.end.get("error")
        self.response = response
        self.answers = []
        if response.header("content-type") == STREAM:
            self.answers = [Answer.FromString(m) for m in self.messages]


class Scenario(harness.Scenario):
    def post(self, method, body, type=PROTO, headers=(), port=None):
        if hasattr(body, "SerializeToString"):
            body = body.SerializeToString()
        return self.ask("POST", frames.SERVICE + method, body,
                        [("Content-Type", type), *headers], port)

    def unary(self, order, headers=()):
        response = self.post("Obey", order, headers=headers)
        self.assertEqual((response.status, response.header("content-type")),
                         (200, PROTO), response)
        return Answer.FromString(response.body), response

    def assert_refused(self, response, code, http=None, says=""):
        """The error of a unary call."""
        name, status = CODES[code]
        self.assertEqual(response.status, http or status, response)
        self.assertEqual(response.header("content-type"), JSON)
        error = response.json()
        self.assertEqual(error["code"], name, response)
        self.assertIn(says, error["message"])
        return error

    def stream(self, method, *orders, headers=()):
        response = self.post(method, b"".join(map(envelope, orders)),
                             STREAM, headers)
        self.assertEqual(response.header("content-type"), STREAM)
        return Reply(self, response)

    def fails(self, code, body, method="Collect", type=STREAM, headers=(),
              says=""):
        """The error of a stream, before its first message."""
        response = self.post(method, body, type, headers)
        self.assertEqual(response.header("content-type"), type)
        reply = Reply(self, response)
        self.assertEqual((reply.messages, reply.error["code"]),
                         ([], CODES[code][0]))
        self.assertIn(says, reply.error["message"])
        return reply


class Unary(Scenario):
    def test_protobuf(self):
        answer, response = self.unary(Order(id="a", size=3))
        self.assertEqual((answer.id, answer.text), ("a", "xxx"))
        self.assertIsNone(response.header("content-encoding"))

    def test_an_empty_message(self):
        response = self.post("Nothing", b"")
        self.assertEqual((response.status, response.body), (200, b""))
        answer, _ = self.unary(b"", [("Content-Encoding", "gzip")])
        self.assertEqual(answer.id, "")

    def test_JSON(self):
        for type in (JSON, "Application/JSON; Charset=UTF-8"):
            response = self.post("Obey", '{"id":"a","size":2}', type,
                                 [VERSION])
            self.assertEqual(response.header("content-type"), JSON)
            self.assertEqual(response.json()["text"], "xx")

    def test_every_code(self):
        for code in CODES:
            for type, body in ((PROTO, Order(code=code, message="n\u00e9")),
                               (JSON, json.dumps({"code": code,
                                                  "message": "n\u00e9"}))):
                error = self.assert_refused(
                    self.post("Obey", body, type, [VERSION]), code)
                self.assertEqual(error["message"], "n\u00e9")
                self.assertNotIn("details", error)

    def test_details(self):
        inside = frames.any_of("acme.Box", frames.field(1, frames.DEBUG))
        status = frames.status(5, "no", frames.RETRY, frames.DEBUG,
                               frames.UNKNOWN, inside)
        error = self.assert_refused(self.post("Obey", Order(
            code=5, message="no", details=status)), 5)
        self.assertEqual(error["details"], [
            {"type": "google.rpc.RetryInfo", "value": "CgIIHg",
             "debug": {"retryDelay": "30s"}},
            {"type": "acme.Unknown", "value": "AQID"}])

    def test_a_bad_message_says_where(self):
        error = self.assert_refused(self.post(
            "Obey", '{"inner":{"number":"x"}}', JSON, [VERSION]), 3)
        detail = error["details"][0]
        self.assertEqual(detail["type"], "google.rpc.BadRequest")
        self.assertEqual(detail["debug"]["fieldViolations"][0]["field"],
                         "inner.number")

    def test_bad_JSON(self):
        for text in ("", "{", '{"nope":1}', "[]", '{"id":"a"} x', "\xff"):
            self.assert_refused(
                self.post("Obey", text.encode("latin-1"), JSON, [VERSION]), 3)

    def test_the_wrong_version(self):
        for value in ("2", "v1", "1.0"):
            error = self.assert_refused(self.post("Obey", b"", headers=[
                (VERSION[0], value)]), 3, says="Version: expected 1")
            self.assertEqual(error["details"][0]["debug"], {
                "fieldViolations": [{
                    "field": VERSION[0],
                    "description": 'expected 1, found "%s"' % value}]})

    def test_the_version_twice_or_empty(self):
        for values in (("1", "2"), ("2", "1"), ("1", "1"), ("",)):
            self.assert_refused(
                self.post("Obey", b"{}", JSON, [
                    (VERSION[0], value) for value in values]), 3,
                says="Version: expected ")

    def test_a_415_says_what_would_do(self):
        web = ("application/grpc-web", "application/grpc-web+proto",
               "application/grpc-web+json", "application/grpc-web-text",
               "application/grpc-web-text+proto",
               "application/grpc-web-text+json")
        for method, type, takes in (
                ("Obey", "text/xml", (JSON, PROTO)),
                ("Stream", PROTO, (JSON, STREAM_JSON, STREAM)),
                ("Converse", PROTO, (JSON, "application/x-ndjson",
                                     STREAM_JSON, STREAM))):
            response = self.post(method, b"", type, [VERSION])
            error = self.assert_refused(response, 3, 415)
            self.assertEqual(
                tuple(response.header("accept-post").split(", ")),
                takes + web)
            violation, = error["details"][0]["debug"]["fieldViolations"]
            self.assertEqual(violation["field"], "Content-Type")
            self.assertIn('found "%s"' % type, violation["description"])
        response = self.ask("POST", frames.SERVICE + "Obey", b"", [VERSION])
        self.assert_refused(response, 3, 415, "found none")

    def test_the_version_may_be_asked_for(self):
        gateway = self.start(self.backend.port,
                             "connect: {require_version: true}\n")
        self.addCleanup(lambda: gateway.process.poll() is None
                        and gateway.process.kill())
        port = gateway.port
        version = [("Connect-Protocol-Version", "1")]
        target = frames.SERVICE + "Obey?encoding=json&message=%7B%7D"
        self.assert_refused(self.post("Obey", Order(), port=port), 3,
                            says="Connect-Protocol-Version: expected 1")
        self.assert_refused(self.ask("GET", target, port=port), 3,
                            says="connect to be v1")
        reply = Reply(self, self.post("Stream", envelope(Order()), STREAM,
                                      port=port))
        self.assertEqual(reply.error["code"], "invalid_argument")
        for response in (
                self.post("Obey", Order(), headers=version, port=port),
                self.ask("GET", target + "&connect=v1", port=port),
                self.post("Stream", envelope(Order()), STREAM, version, port),
                # It is REST without.
                self.post("Obey", b"{}", JSON, port=port),
                self.ask("GET", "/v1/orders/1", port=port)):
            self.assertEqual(response.status, 200, response)
        self.assertEqual(gateway.stop(), 0)

    def test_types_that_do_not_fit(self):
        for method, type in (
                ("Obey", "application/xml"), ("Obey", STREAM),
                ("Obey", STREAM_JSON), ("Stream", PROTO), ("Stream", JSON),
                ("Collect", PROTO), ("Converse", JSON),
                ("Obey", JSON + "; charset=latin1"),
                ("Stream", "application/connect+xml"),
                ("Stream", STREAM_JSON + "; charset=utf-16")):
            with self.subTest((method, type)):
                self.assert_refused(
                    self.post(method, b"", type, [VERSION]), 3, 415,
                    "expected content-type")

    def test_no_such_method(self):
        for type in (PROTO, STREAM):
            for path in (frames.SERVICE + "Nowhere", "/nowhere"):
                self.assert_refused(self.ask(
                    "POST", path, b"", [("Content-Type", type)]), 12, 404)
        self.assert_refused(self.post("Missing", b""), 12)

    def test_the_path_of_a_resource_speaks_REST(self):
        response = self.ask("POST", "/v1/echo", {"name": "a"}, [VERSION])
        self.assertEqual(response.json(), {"name": "a"})
        self.assert_error(self.ask("POST", "/v1/echo", b"x",
                                   [("Content-Type", PROTO)]), 415, 3)

    def test_another_method_is_405(self):
        for verb in ("PUT", "PATCH", "DELETE", "GE"):
            for headers in ([("Content-Type", PROTO)],
                            [("Content-Type", STREAM)], [VERSION]):
                for method, allow in (("Obey", "GET, POST"),
                                      ("Echo", "POST"), ("Stream", "POST")):
                    response = self.ask(verb, frames.SERVICE + method, b"",
                                        headers)
                    self.assert_refused(response, 12, 405)
                    self.assertEqual(response.header("allow"), allow)
            response = self.ask(verb, frames.SERVICE + "Obey", b"")
            self.assert_error(response, 405, 12)
            self.assertEqual(response.header("allow"), "GET, POST")

    def test_a_message_over_the_limit(self):
        size = (4 << 20) + 1
        self.assert_refused(self.post("Obey", bytes(size)), 8)
        wire = self.wire().send(
            "POST %sObey HTTP/1.1\r\nHost: a\r\nContent-Type: %s\r\n"
            "Content-Length: %d\r\nExpect: 100-continue\r\n\r\n" % (
                frames.SERVICE, PROTO, size))
        self.assertNotIn(b"100 Continue", wire.read_until(b"\r\n"))
        wire = self.wire().send(
            "POST %sObey HTTP/1.1\r\nHost: a\r\nContent-Type: %s\r\n"
            "Transfer-Encoding: chunked\r\n\r\n" % (frames.SERVICE, PROTO))
        wire.send(b"%x\r\n" % size + bytes(size) + b"\r\n0\r\n\r\n")
        self.assert_refused(wire.response(), 8)


class Compression(Scenario):
    order = Order(id="z" * 2000)

    def test_requests(self):
        plain = self.order.SerializeToString()
        for coding, body in (("gzip", gzip.compress(plain)),
                             ("GZip", gzip.compress(plain)),
                             ("deflate", zlib.compress(plain)),
                             ("identity", plain)):
            answer, _ = self.unary(body, [("Content-Encoding", coding)])
            self.assertEqual(answer.id, self.order.id)

    def test_answers(self):
        for accept, is_packed in (
                ("gzip", True), ("br, GZIP;q=0.5", True), ("identity", False),
                ("gzip;q=0", False), ("gzip;q=0.000, br", False),
                ("gzip; q=0.001", True), ("", False)):
            with self.subTest(accept):
                response = self.post("Obey", Order(size=5000), headers=[
                    ("Accept-Encoding", accept)])
                self.assertEqual(response.header("content-encoding"),
                                 "gzip" if is_packed else None)
                body = response.body
                if is_packed:
                    self.assertLess(len(body), 500)
                    body = gzip.decompress(body)
                self.assertEqual(len(Answer.FromString(body).text), 5000)

    def test_small_answers_stay_as_they_are(self):
        _, response = self.unary(Order(), [("Accept-Encoding", "gzip")])
        self.assertIsNone(response.header("content-encoding"))

    def test_errors_stay_as_they_are(self):
        response = self.post(
            "Obey", Order(code=5, message="m" * 3000),
            headers=[("Accept-Encoding", "gzip")])
        self.assert_refused(response, 5)
        self.assertIsNone(response.header("content-encoding"))

    def test_an_unknown_coding_is_answered_with_those_known(self):
        known = "gzip, deflate, identity"
        response = self.post("Obey", b"x", headers=[
            ("Content-Encoding", "br")])
        self.assert_refused(response, 12, says="gzip, deflate or identity")
        self.assertEqual(response.header("accept-encoding"), known)
        reply = self.fails(12, b"", headers=[
            ("Connect-Content-Encoding", "zstd")])
        self.assertEqual(reply.response.header("connect-accept-encoding"),
                         known)

    def test_two_codings_are_none_that_is_known(self):
        body = gzip.compress(self.order.SerializeToString())
        self.assert_refused(self.post("Obey", body, headers=[
            ("Content-Encoding", "gzip"), ("Content-Encoding", "br")]), 12)
        self.fails(12, b"", headers=[
            ("Connect-Content-Encoding", "identity"),
            ("Connect-Content-Encoding", "gzip")])

    def test_what_is_not_what_its_coding_says(self):
        for body in (b"plain", gzip.compress(b"a")[:-1],
                     gzip.compress(b"a") + b"b"):
            self.assert_refused(self.post("Obey", body, headers=[
                ("Content-Encoding", "gzip")]), 3)
            self.fails(3, envelope(body, COMPRESSED), headers=[
                ("Connect-Content-Encoding", "gzip")])

    def test_envelopes_both_ways(self):
        reply = Reply(self, self.post(
            "Converse", frames.packed(self.order.SerializeToString()) +
            envelope(Order(id="plain")), STREAM,
            [("Connect-Content-Encoding", "gzip"),
             ("Connect-Accept-Encoding", "br, gzip")]))
        self.assertEqual([a.id for a in reply.answers],
                         [self.order.id, "plain"])
        self.assertEqual(reply.flags, [COMPRESSED, 0, END])
        reply = Reply(self, self.post(
            "Collect", envelope(self.order), STREAM,
            [("Connect-Accept-Encoding", "gzip")]))
        self.assertEqual(reply.flags, [COMPRESSED, END])

    def test_what_is_taken_may_be_said_in_several_lines(self):
        for codings in (("gzip", "br"), ("br", "gzip"), ("br", "gzip;q=0.1")):
            reply = self.stream(
                "Stream", Order(count=1, size=999),
                headers=[("Connect-Accept-Encoding", c) for c in codings])
            self.assertEqual(reply.flags, [COMPRESSED, END])
            response = self.post("Obey", Order(size=999), headers=[
                ("Accept-Encoding", c) for c in codings])
            self.assertEqual(response.header("content-encoding"), "gzip")

    def test_a_stream_that_shows_its_head_first_says_so_too(self):
        reply = self.stream("Stream", Order(count=2, size=999, tags=["a=1"]),
                            headers=[("Connect-Accept-Encoding", "gzip")])
        self.assertEqual(reply.flags, [COMPRESSED, COMPRESSED, END])

    def test_a_flag_without_a_coding(self):
        self.fails(13, frames.packed(b""))

    def test_a_compressed_body_of_envelopes_is_refused(self):
        self.fails(12, b"\x1f\x8b", headers=[("Content-Encoding", "gzip")])


class Get(Scenario):
    def get(self, query, method="Obey", headers=()):
        if isinstance(query, dict):
            query = urllib.parse.urlencode(query)
        return self.ask("GET", frames.SERVICE + method + "?" + query,
                        headers=headers)

    def assert_answer(self, response, id, **more):
        self.assertEqual(response.status, 200, response)
        self.assertEqual(response.header("vary"), "Accept-Encoding")
        body = response.body
        if response.header("content-encoding") == "gzip":
            body = gzip.decompress(body)
        if response.header("content-type") == JSON:
            self.assertEqual(json.loads(body)["id"], id)
        else:
            self.assertEqual(response.header("content-type"), PROTO)
            self.assertEqual(Answer.FromString(body).id, id)

    def test_JSON(self):
        message = "connect=v1&encoding=json&message="
        for text in ("%7B%22id%22%3A%22a%20b%22%7D", '%7B"id":"a+b"%7D'):
            self.assert_answer(self.get(message + text.replace('"', "%22")),
                               "a b")

    def test_base64_of_either_alphabet_padded_or_not(self):
        wire = Order(id="\u07ff\u07ff?>~\u00ff").SerializeToString()
        standard = base64.b64encode(wire).decode()
        url = base64.urlsafe_b64encode(wire).decode()
        self.assertNotEqual(standard, url)
        query = "connect=v1&base64=1&encoding=proto&message="
        for text in (url, url.rstrip("="), standard.rstrip("="),
                     standard.replace("+", "%2B").replace("/", "%2F"),
                     url.replace("=", "%3D"), url.replace("_", "%5f")):
            self.assert_answer(self.get(query + text),
                               "\u07ff\u07ff?>~\u00ff")

    def test_order_repeats_and_strangers(self):
        wire = Order(id="a").SerializeToString()
        text = base64.b64encode(wire).decode().rstrip("=")
        for query in ("message=%s&encoding=proto&base64=1&connect=v1",
                      "x=1&connect=v1&&encoding=proto&base64=1&message=%s",
                      "message=%s&message=!&encoding=proto&encoding=xml&"
                      "base64=1&base64=0&connect=v1&connect=v2",
                      "encoding=proto&base64=1&message=%s"):
            self.assert_answer(self.get(query % text), "a")

    def test_only_1_turns_base64_on(self):
        raw = urllib.parse.quote(Order(id="a").SerializeToString())
        for value in ("true", "0", ""):
            self.assert_answer(self.get(
                "connect=v1&base64=%s&encoding=proto&message=%s" % (
                    value, raw)), "a")

    def test_compression(self):
        wire = gzip.compress(Order(id="g" * 900).SerializeToString())
        query = {"connect": "v1", "base64": "1", "encoding": "proto",
                 "compression": "gzip",
                 "message": base64.urlsafe_b64encode(wire).decode()}
        response = self.get(query, headers=[("Accept-Encoding", "gzip")])
        self.assertEqual(response.header("content-encoding"), "gzip")
        self.assert_answer(response, "g" * 900)
        self.assert_answer(self.get({**query, "message": ""}), "")
        response = self.get({**query, "compression": "br"})
        self.assert_refused(response, 12)
        self.assertEqual(response.header("accept-encoding"),
                         "gzip, deflate, identity")

    def test_an_empty_message(self):
        self.assert_answer(self.get("connect=v1&encoding=proto&message="), "")
        self.assert_refused(
            self.get("connect=v1&encoding=json&message="), 3)

    def test_bad_queries(self):
        good = {"connect": "v1", "encoding": "json", "message": "{}"}

        def less(name):
            return {k: v for k, v in good.items() if k != name}

        for query, says in (
                (less("encoding"), "encoding"), (less("message"), "message"),
                ({**good, "connect": "v2"}, "connect"),
                ({**good, "connect": ""}, "connect"),
                ({**good, "message": "{"}, ""),
                ({**good, "base64": "1", "message": "!"}, "base64"),
                ({**good, "base64": "1", "message": "AAAAA"}, "base64"),
                ("connect=v1&encoding=json&message=%zz", "percent"),
                ("connect=v1&encoding=json&message=%FF", "")):
            with self.subTest(query):
                error = self.assert_refused(self.get(query), 3, says=says)
                violation, = error["details"][0]["debug"]["fieldViolations"]
                if says in good:
                    self.assertEqual(violation["field"], says)
        self.assert_refused(self.get({**good, "encoding": "xml"}), 3, 415)

    def test_a_query_that_is_not_there(self):
        for query in ("", "?", "?encoding=json", "?message=%7B%7D", "?id=a"):
            response = self.ask("GET", frames.SERVICE + "Obey" + query)
            self.assert_refused(response, 3, says="parameter")
        for method in ("Echo", "Stream"):
            response = self.ask("GET", frames.SERVICE + method)
            self.assert_error(response, 405, 12)
            self.assertEqual(response.header("allow"), "POST")

    def test_methods_with_side_effects_take_POST_only(self):
        for method in ("Echo", "Stream", "Collect"):
            response = self.get("connect=v1&encoding=json&message=%7B%7D",
                                method)
            self.assert_refused(response, 12, 405)
            self.assertEqual(response.header("allow"), "POST")

    def test_no_such_method(self):
        self.assert_refused(self.get("connect=v1&encoding=json&message=%7B%7D",
                                     "Nowhere"), 12, 404)

    def test_a_body(self):
        self.assert_refused(self.ask(
            "GET", frames.SERVICE + "Obey?connect=v1&encoding=json&"
            "message=%7B%7D", "{}"), 3, 415)

    def test_the_path_of_a_resource_speaks_REST(self):
        self.assert_error(
            self.ask("GET", "/v1/orders/1?encoding=json&message=%7B%7D"),
            400, 3)
        response = self.ask("GET", "/v1/orders/1?message=a")
        self.assertEqual(response.json()["id"], "1")

    def test_timeouts_and_metadata(self):
        query = "connect=v1&encoding=json&message=%7B%7D"
        response = self.get(query, headers=[
            ("Connect-Timeout-Ms", "5000"), ("Acme", "1")])
        self.assertEqual(response.json()["metadata"]["acme"], "1")
        self.assertLessEqual(int(response.json()["remainingMs"]), 5000)
        self.assert_refused(self.get(query, headers=[
            ("Connect-Timeout-Ms", "x")]), 3)


class Streams(Scenario):
    def test_a_server_stream(self):
        reply = self.stream("Stream", Order(id="s", count=5))
        self.assertEqual([a.index for a in reply.answers], list(range(5)))
        self.assertEqual(reply.end, {})

    def test_an_empty_server_stream(self):
        reply = self.stream("Stream", Order(id="s"))
        self.assertEqual((reply.messages, reply.end), ([], {}))

    def test_a_client_stream(self):
        reply = self.stream("Collect",
                            *(Order(id=str(i)) for i in range(30)))
        self.assertEqual(([a.index for a in reply.answers], reply.end),
                         ([30], {}))
        self.assertEqual(self.stream("Collect").answers[0].index, 0)

    def test_a_bidi_stream(self):
        reply = self.stream("Converse",
                            *(Order(id=str(i)) for i in range(9)))
        self.assertEqual([a.id for a in reply.answers],
                         [str(i) for i in range(9)])

    def test_JSON(self):
        response = self.post("Converse", envelope(b'{"id":"a"}') * 2,
                             STREAM_JSON, [VERSION])
        self.assertEqual(response.header("content-type"), STREAM_JSON)
        self.assertEqual([json.loads(m)["id"]
                          for m in Reply(self, response).messages],
                         ["a", "a"])

    def test_a_body_in_single_bytes(self):
        wire = self.wire().send(
            "POST %sCollect HTTP/1.1\r\nHost: a\r\nContent-Type: %s\r\n"
            "Transfer-Encoding: chunked\r\n\r\n" % (frames.SERVICE, STREAM))
        for byte in envelope(Order(id="a")) + envelope(Order(id="b")):
            wire.send(b"1\r\n%c\r\n" % byte)
        reply = Reply(self, wire.send(b"0\r\n\r\n").response())
        self.assertEqual(reply.answers[0].id, "a,b")

    def test_an_error_at_once(self):
        status = frames.status(5, "no", frames.RETRY, frames.DEBUG)
        for code, (name, _) in CODES.items():
            reply = self.stream("Stream", Order(code=code, message="no"))
            self.assertEqual(reply.end,
                             {"error": {"code": name, "message": "no"}})
        reply = self.stream("Stream", Order(code=5, message="no",
                                            details=status))
        self.assertEqual([d["type"] for d in reply.error["details"]],
                         ["google.rpc.RetryInfo"])

    def test_a_late_error(self):
        reply = self.stream("Stream", Order(id="s", count=9, fail_after=3))
        self.assertEqual((len(reply.messages), reply.error), (
            3, {"code": "data_loss", "message": "broken off"}))

    def test_errors_before_the_call(self):
        for headers in ([("Connect-Timeout-Ms", "x")], [("A-bin", "!")],
                        [("Connect-Protocol-Version", "2")]):
            for type in (STREAM, STREAM_JSON):
                self.fails(3, b"", "Stream", type, headers)
        self.fails(3, envelope(b"{"), "Stream", STREAM_JSON)


class Envelopes(Scenario):
    good = envelope(Order(id="a"))

    def tearDown(self):
        # No other client is disturbed.
        self.assertEqual(self.unary(Order(id="n"))[0].id, "n")

    def test_the_number_of_messages(self):
        self.fails(12, b"", "Stream", says="found none")
        self.fails(12, self.good * 2, "Stream", says="found more")

    def test_a_body_that_ends_within_an_envelope(self):
        for n in (1, 4, 5, len(self.good) - 1):
            self.fails(3, self.good[:n], "Stream", says="ends within")
            self.fails(3, self.good + self.good[:n], says="ends within")

    def test_lengths_over_the_limit(self):
        for length in (b"\xff\xff\xff\xff", b"\x00\x40\x00\x01"):
            for method in ("Stream", "Collect"):
                self.fails(8, b"\0" + length + b"xyz", method, says="limit")

    def test_flags_that_no_request_has(self):
        for flags in (0x02, 0x03, 0x04, 0x80, 0xff):
            self.fails(3, envelope(b"{}", flags), "Stream", says="flags")
            self.fails(3, self.good + envelope(b"{}", flags), says="flags")

    def test_what_is_no_envelope_at_all(self):
        self.fails(3, b'{"id": "a", "size": 1}', "Stream", STREAM_JSON,
                   says="flags")

    def test_a_bad_message_amid_a_stream_ends_the_call(self):
        self.fails(3, envelope(b'{"id":"a"}') + envelope(b'{"id":1}'),
                   "Converse", STREAM_JSON)


class Metadata(Scenario):
    def test_headers_are_metadata(self):
        answer, _ = self.unary(Order(), [
            VERSION, ("Acme-Id", "7"), ("Data-bin", "AQL/"),
            ("Connect-Anything", "1"), ("Accept-Encoding", "gzip"),
            ("Content-Encoding", "identity"), ("Cookie", "secret")])
        for name, value in (("acme-id", "7"), ("data-bin", "0102ff")):
            self.assertEqual(answer.metadata.get(name), value, name)
        for name in ("connect-protocol-version", "connect-anything",
                     "accept-encoding", "content-encoding", "cookie",
                     "connect-timeout-ms"):
            self.assertNotIn(name, answer.metadata)

    tags = ["a=1", "a=2", "b-bin=abab", "t:c=x", "t:c=z", "t:d-bin=ab",
            "trailer-e=1", "connect-f=1", "t:connect-g=1", "grpc-h=1",
            "access-control-allow-origin=*"]

    def assert_head(self, response):
        self.assertEqual([v for k, v in response.headers if k == "a"],
                         ["1", "2"])
        self.assertEqual(response.header("b-bin"), "q6s")
        for name in ("trailer-e", "connect-f", "trailer-connect-g", "grpc-h",
                     "trailer", "access-control-allow-origin"):
            self.assertIsNone(response.header(name), name)

    def test_what_comes_back_from_a_unary_call(self):
        for order in (Order(tags=self.tags),
                      Order(tags=self.tags, code=5, message="no")):
            response = self.post("Obey", order)
            self.assert_head(response)
            self.assertEqual([v for k, v in response.headers
                              if k == "trailer-c"], ["x", "z"])
            self.assertEqual(response.header("trailer-d-bin"), "qw")

    def test_what_comes_back_from_a_stream(self):
        tags = [tag for tag in self.tags if tag.startswith("t:")]
        for order in (Order(tags=tags, count=1),
                      Order(tags=tags, count=1, code=5)):
            reply = self.stream("Stream", order)
            self.assertEqual(reply.end["metadata"]["c"], ["x", "z"])
            self.assertEqual(reply.end["metadata"]["d-bin"], ["qw"])
            self.assertFalse([k for k, _ in reply.response.headers
                              if k.startswith("trailer-")])
        reply = self.stream("Stream", Order(tags=self.tags))
        self.assert_head(reply.response)

    def test_metadata_after_the_head_is_told_at_the_end(self):
        gateway = self.start(self.backend.port,
                             "timeouts: {stream_head: 20ms}\n")
        self.addCleanup(lambda: gateway.process.poll() is None
                        and gateway.process.kill())
        self.addCleanup(self.backend.release.set)
        for code in (0, 9):
            self.backend.release.clear()
            wire = self.wire(gateway.port).send(request(
                "POST", frames.SERVICE + "Stream", envelope(Order(
                    hang=True, code=code,
                    tags=["l:a=1", "l:b-bin=ab", "t:a=2"])),
                [("Content-Type", STREAM)]))
            wire.buffer = wire.read_until(b"\r\n\r\n")
            self.backend.release.set()
            reply = Reply(self, wire.response())
            self.assertEqual(reply.end["metadata"],
                             {"a": ["1", "2"], "b-bin": ["qw"]})
            self.assertEqual("error" in reply.end, code == 9)
        self.assertEqual(gateway.stop(), 0)

    def test_the_end_of_a_stream_need_not_fit_a_head(self):
        reply = self.stream("Stream", Order(tags=["t:b=" + "x" * 6000]))
        self.assertEqual(reply.end["metadata"]["b"], ["x" * 6000])

    def test_the_trailers_of_a_unary_call_have_to(self):
        self.assert_refused(self.post(
            "Obey", Order(tags=["t:b=" + "x" * 6000])), 13)


class Time(Scenario):
    def setUp(self):
        self.forget()

    def test_the_deadline_goes_upstream(self):
        for value, low, high in (("5000", 3e3, 5e3),
                                 ("2000000000", 1e9, 2e9),
                                 ("9999999999", 9e9, 1e10)):
            answer, _ = self.unary(Order(), [("Connect-Timeout-Ms", value)])
            self.assertTrue(low < answer.remaining_ms <= high, value)

    def test_bad_timeouts(self):
        for value in ("", "x", "-1", "1.5", "00000000001"):
            self.assert_refused(self.post("Obey", b"", headers=[
                ("Connect-Timeout-Ms", value)]), 3, says="Connect-Timeout-Ms")

    def test_no_time_at_all(self):
        headers = [("Connect-Timeout-Ms", "0")]
        self.assert_refused(self.post("Obey", b"", headers=headers), 4)
        self.fails(4, b"", headers=headers)

    def test_a_deadline_ends_a_unary_call(self):
        self.assert_refused(self.post("Obey", Order(hang=True), headers=[
            ("Connect-Timeout-Ms", "300")]), 4)
        self.assertTrue(self.backend.cancelled.wait(harness.PATIENCE))

    def test_shutting_down(self):
        gateway = self.start(self.backend.port, "timeouts: {grace: 0.2s}\n")
        self.addCleanup(lambda: gateway.process.poll() is None
                        and gateway.process.kill())
        stream, unary = self.wire(gateway.port), self.wire(gateway.port)
        unary.send(request(
            "POST", frames.SERVICE + "Obey",
            Order(hang=True).SerializeToString(), [("Content-Type", PROTO)]))
        self.assertTrue(self.backend.entered.wait(harness.PATIENCE))
        self.backend.entered.clear()
        stream.send(request(
            "POST", frames.SERVICE + "Stream",
            envelope(Order(count=2, hang=True)), [("Content-Type", STREAM)]))
        self.assertTrue(self.backend.entered.wait(harness.PATIENCE))
        gateway.process.terminate()
        reply = Reply(self, stream.response())
        self.assertEqual((len(reply.messages), reply.error["code"]),
                         (2, "unavailable"))
        response = unary.response()
        self.assert_refused(response, 14)
        self.assertEqual(response.header("connection"), "close")
        self.assertEqual(gateway.stop(None), 0)


class BadAnswers(bad.BadBackend):
    scripts = bad.ANSWERS

    def unary(self, id):
        response = self.ask("POST", frames.SERVICE + "Obey",
                            Order(id=id).SerializeToString(),
                            [("Content-Type", PROTO)])
        return response.status, response.json()["code"]

    def test_unary_answers(self):
        for id, expected in (("none", (500, "internal")),
                             ("two", (500, "internal")),
                             ("html", (503, "unavailable")),
                             ("404", (501, "unimplemented")),
                             ("cut", (503, "unavailable"))):
            self.assertEqual(self.unary(id), expected, id)

    def test_a_stream_that_breaks(self):
        response = self.ask("POST", frames.SERVICE + "Stream",
                            envelope(Order(id="cut")),
                            [("Content-Type", STREAM)])
        reply = Reply(self, response)
        self.assertEqual((len(reply.messages), reply.error["code"]),
                         (1, "unavailable"))


if __name__ == "__main__":
    harness.main()
