# SPDX-License-Identifier: Apache-2.0
"""Malformed and hostile request heads: the right status, the right close, and
nothing reaches the backend or the next client."""

import re

import harness
from harness import request

HOST = "Host: a\r\n"


def raw(line="GET /v1/orders/1 HTTP/1.1", headers=HOST, body=""):
    return line + "\r\n" + headers + "\r\n" + body


def post(headers, body="{}"):
    return raw("POST /v1/echo HTTP/1.1",
               HOST + "Content-Type: application/json\r\n" + headers, body)


# (name, bytes, status, must the connection close); no status: it is closed
# without an answer
TABLE = [
    ("no Host", raw(headers=""), 400, True),
    ("two Hosts", raw(headers=HOST + "Host: b\r\n"), 400, True),
    ("bare LF", "GET /v1/orders/1 HTTP/1.1\nHost: a\n\n", 400, True),
    ("bare CR in a value", raw(headers=HOST + "X: a\rb\r\n"), 400, True),
    ("NUL in a value", raw(headers=HOST + "X: a\0b\r\n"), 400, True),
    ("NUL in the query", raw("GET /v1/orders/1?message=\0 HTTP/1.1"), None,
     True),
    ("NUL in the path", raw("GET /v1/or\0ders HTTP/1.1"), None, True),
    ("space before a colon", post("Content-Length : 2\r\n"), 400, True),
    ("folded line", raw(headers=HOST + "X: a\r\n b\r\n"), 400, True),
    ("line without colon", raw(headers=HOST + "nonsense\r\n"), 400, True),
    ("empty header name", raw(headers=HOST + ": a\r\n"), 400, True),
    ("control byte in a name", raw(headers=HOST + "X\x01: a\r\n"), 400, True),
    ("white space before the first header",
     raw(headers=" " + HOST), 400, True),
    ("chunked and a length",
     post("Transfer-Encoding: chunked\r\nContent-Length: 2\r\n",
          "2\r\n{}\r\n0\r\n\r\n"), 400, True),
    ("unknown transfer coding",
     post("Transfer-Encoding: xchunked\r\n"), 501, True),
    ("transfer coding identity",
     post("Transfer-Encoding: identity\r\n"), 501, True),
    ("transfer coding gzip, chunked",
     post("Transfer-Encoding: gzip, chunked\r\n",
          "2\r\n{}\r\n0\r\n\r\n"), 501, True),
    ("chunked twice",
     post("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n",
          "2\r\n{}\r\n0\r\n\r\n"), 400, True),
    ("chunked on HTTP/1.0",
     "POST /v1/echo HTTP/1.0\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
     "2\r\n{}\r\n0\r\n\r\n", 400, True),
    ("VT before chunked",
     post("Transfer-Encoding: \x0bchunked\r\n",
          "2\r\n{}\r\n0\r\n\r\n"), 501, True),
    ("length twice, equal",
     post("Content-Length: 2\r\nContent-Length: 2\r\n"), 400, True),
    ("length twice, different",
     post("Content-Length: 2\r\nContent-Length: 3\r\n"), 400, True),
    ("length list", post("Content-Length: 2,2\r\n"), 400, True),
    ("negative length", post("Content-Length: -1\r\n"), 400, True),
    ("length with a sign", post("Content-Length: +2\r\n"), 400, True),
    ("hexadecimal length", post("Content-Length: 0x2\r\n"), 400, True),
    ("empty length", post("Content-Length: \r\n"), 400, True),
    ("length over 2^64",
     post("Content-Length: 99999999999999999999999\r\n"), 400, True),
    ("length 2^63", post("Content-Length: 9223372036854775808\r\n"),
     413, True),
    ("length 2^63, expecting 100",
     post("Content-Length: 9223372036854775808\r\n"
          "Expect: 100-continue\r\n", ""), 413, True),
    ("URI of 40 KB", raw("GET /v1/" + "a" * 40000 + " HTTP/1.1"), 414, True),
    ("header of 40 KB", raw(headers=HOST + "X: " + "a" * 40000 + "\r\n"),
     431, True),
    ("1000 headers",
     raw(headers=HOST + "".join("X%d: a\r\n" % i for i in range(1000))),
     431, True),
    ("101 headers",
     raw(headers=HOST + "".join("X%d: a\r\n" % i for i in range(100))),
     431, True),
    ("HTTP/0.9", "GET /\r\n\r\n", 400, True),
    ("HTTP/1.2", raw("GET /v1/orders/1 HTTP/1.2"), 505, True),
    ("HTTP/1.10", raw("GET /v1/orders/1 HTTP/1.10"), 400, True),
    ("HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 505, True),
    ("two spaces", raw("GET  /v1/orders/1 HTTP/1.1"), 400, True),
    ("tab", raw("GET\t/v1/orders/1 HTTP/1.1"), None, True),
    ("space in the target", raw("GET /v1/or ders/1 HTTP/1.1"), 400, True),
    ("control byte in the method", raw("G\x01T /v1/orders/1 HTTP/1.1"),
     400, True),
    ("CONNECT", raw("CONNECT a:443 HTTP/1.1"), 501, True),
    ("CONNECT to a path", raw("CONNECT /v1/orders/1 HTTP/1.1"), 501, True),
    ("absolute target", raw("GET http://b/v1/orders/1 HTTP/1.1"),
     400, False),
    ("fragment", raw("GET /v1/orders/1#frag HTTP/1.1"), 400, False),
    ("expecting something else",
     post("Content-Length: 2\r\nExpect: foo\r\n"), 417, True),
    ("lower-case method", raw("get /v1/orders/1 HTTP/1.1"),
     405, False),
    ("unknown method", raw("FOO /v1/orders/1 HTTP/1.1"), 405, False),
    ("coded NUL", raw("GET /v1/orders/a%00b HTTP/1.1"), 400, False),
    ("bad coding", raw("GET /v1/orders/%zz HTTP/1.1"), 400, False),
    ("lone percent", raw("GET /v1/orders/a% HTTP/1.1"), 400, False),
    ("raw UTF-8", raw("GET /v1/orders/\xc3\xa9 HTTP/1.1"), 400, False),
    ("overlong UTF-8", raw("GET /v1/orders/%C0%AF HTTP/1.1"), 400, False),
    ("surrogate", raw("GET /v1/orders/%ED%A0%80 HTTP/1.1"), 400, False),
    ("overlong UTF-8 in the query",
     raw("GET /v1/orders/1?message=%C0%AF HTTP/1.1"), 400, False),
    ("raw UTF-8 in the query",
     raw("GET /v1/orders/1?message=\xc3\xa9 HTTP/1.1"), 400, False),
    ("surrogate in the query",
     raw("GET /v1/orders/1?message=%ED%A0%80 HTTP/1.1"), 400, False),
    ("dot segments", raw("GET /v1/../v1/orders/1 HTTP/1.1"), 404, False),
    ("double slash", raw("GET //v1/orders/1 HTTP/1.1"), 404, False),
    ("single dot", raw("GET /v1/./orders/1 HTTP/1.1"), 404, False),
    ("dots with a parameter", raw("GET /v1/..;x/orders/1 HTTP/1.1"),
     404, False),
    ("coded dots", raw("GET /v1/%2e%2e/orders/1 HTTP/1.1"), 404, False),
    ("1500 query parameters",
     raw("GET /v1/orders/1?" + "&".join(["a=1"] * 1500) + " HTTP/1.1"),
     431, True),
    ("5000 query parameters",
     raw("GET /v1/orders/1?" + "&".join(["a=1"] * 5000) + " HTTP/1.1"),
     414, True),
]

CHUNKED = "Transfer-Encoding: chunked\r\n"

CHUNKS = [
    ("negative size", "-1\r\n{}\r\n0\r\n\r\n", 400),
    ("size with 0x", "0x2\r\n{}\r\n0\r\n\r\n", 400),
    ("size with a space", "2 \r\n{}\r\n0\r\n\r\n", 400),
    ("size of 17 digits", "11111111111111111\r\n{}\r\n0\r\n\r\n",
     413),
    ("extension of 100 KB", "2;" + "a" * 100000 + "\r\n{}\r\n0\r\n\r\n",
     413),
    ("100 KB of zeros", "0" * 100000 + "2\r\n{}\r\n0\r\n\r\n", 413),
    ("bare LF", "2\n{}\n0\n\n", 400),
    ("longer than said", "2\r\n{} }\r\n0\r\n\r\n", 400),
]


KEY = "dGhlIHNhbXBsZSBub25jZQ=="


def handshake(key=KEY, version="13", upgrade="websocket",
              connection="Upgrade", more="", line="GET /v1/orders/1 HTTP/1.1"):
    """A good one, but for what is given; None leaves a header out."""
    fields = (("Upgrade", upgrade), ("Connection", connection),
              ("Sec-WebSocket-Key", key), ("Sec-WebSocket-Version", version))
    return raw(line, HOST + "".join(
        "%s: %s\r\n" % field for field in fields if field[1] is not None)
        + more)


# Masked: text "hi", then a ping
FRAMES = b"\x81\x82\1\2\3\4ik\x89\x80\1\2\3\4"

# (name, bytes, status, a word of the message)
HANDSHAKES = [
    ("no Connection", handshake(connection=None), 400, "Connection"),
    ("no token in Connection", handshake(connection="keep-alive"), 400,
     "Connection"),
    ("no key", handshake(key=None), 400, "Sec-WebSocket-Key"),
    ("empty key", handshake(key=""), 400, "Sec-WebSocket-Key"),
    ("key of 15 bytes", handshake(key="dGhlIHNhbXBsZSBub25j"), 400,
     "Sec-WebSocket-Key"),
    ("key of 17 bytes", handshake(key="dGhlIHNhbXBsZSBub25jZWU="), 400,
     "Sec-WebSocket-Key"),
    ("key that is no base64", handshake(key="dGhlIHNhbXBsZSBub25jZ!=="), 400,
     "Sec-WebSocket-Key"),
    ("two keys", handshake(more="Sec-WebSocket-Key: %s\r\n" % KEY), 400,
     "one value"),
    ("no version", handshake(version=None), 426, "13"),
    ("version 12", handshake(version="12"), 426, 'expected 13, found "12"'),
    ("version 8, 13", handshake(version="8, 13"), 426, "13"),
    ("version 013", handshake(version="013"), 426, "13"),
    ("two versions", handshake(more="Sec-WebSocket-Version: 13\r\n"), 400,
     "one value"),
    ("POST", handshake(line="POST /v1/echo HTTP/1.1",
                       more="Content-Length: 2\r\n") + "{}", 400, "GET"),
    ("in a list, in capitals",
     handshake(upgrade="h2c , WebSocket", version="7"), 426, "13"),
    ("in two lines", handshake(more="Upgrade: h2c\r\n", version="7"), 426,
     "13"),
]


class HostileHeads(harness.Scenario):
    def test_each_malformed_head_gets_its_status_and_close(self):
        for name, data, status, closes in TABLE:
            with self.subTest(name):
                wire = self.wire().send(data)
                response = wire.response()
                if status is None:
                    self.assertIsNone(response)
                    continue
                self.assertIsNotNone(response, "closed without an answer")
                self.assertEqual(response.status, status, response)
                if closes:
                    self.assertEqual(wire.to_end(), b"")
                else:
                    wire.send(request("GET", "/v1/orders/again"))
                    self.assertEqual(wire.response().json()["id"], "again")

    def test_each_malformed_chunk_gets_its_status_and_close(self):
        for name, chunks, status in CHUNKS:
            with self.subTest(name):
                wire = self.wire().send(post(CHUNKED, chunks))
                response = wire.response()
                self.assertIsNotNone(response, "closed without an answer")
                self.assertEqual(response.status, status, response)
                self.assertEqual(wire.to_end(), b"")

    def test_a_small_chunk_extension_is_ignored(self):
        wire = self.wire().send(post(CHUNKED, "2;a=b\r\n{}\r\n0\r\n\r\n"))
        self.assertEqual(wire.response().status, 200)

    def test_trailers_never_become_headers(self):
        wire = self.wire().send(post(
            CHUNKED, "2\r\n{}\r\n0\r\nContent-Length: 7\r\nHost: evil\r\n"
            "Authorization: x\r\n\r\n"))
        self.assertEqual(wire.response().status, 200)
        metadata = dict(self.backend.calls[-1][1])
        self.assertNotIn("authorization", metadata)

    def test_20000_trailers_are_refused(self):
        wire = self.wire().send(post(
            CHUNKED, "2\r\n{}\r\n0\r\n"
            + "".join("X%d: a\r\n" % i for i in range(20000)) + "\r\n"))
        self.assertEqual(wire.response().status, 431)
        self.assertEqual(wire.to_end(), b"")

    def test_a_truncated_body_never_reaches_the_backend(self):
        before = len(self.backend.calls)
        wire = self.wire().send(post("Content-Length: 10\r\n", "{}"))
        wire.half_close()
        wire.to_end()
        self.assertEqual(self.ask("GET", "/healthz").status, 200)
        self.assertEqual(len(self.backend.calls), before)

    def test_a_TLS_hello_is_closed(self):
        wire = self.wire().send(
            b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\0" * 500
            + b"\r\n\r\n")
        answer = wire.to_end()
        self.assertTrue(answer == b"" or answer.startswith(b"HTTP/1.1 400"))

    def test_405_of_the_health(self):
        for method, headers in (("DELETE", ()), ("POST", ()), ("POST", [
                ("Content-Type", "application/grpc-web+proto")])):
            response = self.ask(method, "/healthz", headers=headers)
            self.assert_error(response, 405, 12)
            self.assertEqual(response.header("allow"), "GET, HEAD")
        self.assertEqual(self.ask("GET", "/healthz?connect=v1").status, 200)

    def test_405_names_what_is_allowed(self):
        for method in ("DELETE", "OPTIONS", "get", "FOO"):
            response = self.ask(method, "/v1/orders/1")
            self.assert_error(response, 405, 12)
            self.assertEqual(response.header("allow"), "GET, HEAD")

    def test_options_star_is_answered(self):
        response = self.ask("OPTIONS", "*")
        self.assertEqual(response.status, 204)

    def test_upgrade_to_h2c_is_ignored(self):
        response = self.ask("GET", "/v1/orders/1", headers=[
            ("Connection", "Upgrade, HTTP2-Settings"), ("Upgrade", "h2c"),
            ("HTTP2-Settings", "AAMAAABkAAQCAAAAAAIAAAAA")])
        self.assertEqual(response.status, 200)

    def test_each_bad_websocket_handshake_is_refused_with_its_reason(self):
        before = len(self.backend.calls)
        for name, data, status, word in HANDSHAKES:
            for early in ("", FRAMES, request("GET", "/v1/orders/smuggled")):
                with self.subTest(name, early=early):
                    wire = self.wire().send(data).send(early)
                    response = wire.response()
                    error = self.assert_error(response, status, 3)
                    self.assertIn(word, error["message"])
                    self.assertEqual(
                        [v["field"] for d in error["details"]
                         for v in d["fieldViolations"]],
                        re.findall(r"handshake: ([\w-]+): expected",
                                   error["message"]))
                    self.assertIn("close", response.header("connection"))
                    self.assertEqual(wire.to_end(), b"")
                    if status == 426:
                        self.assertEqual(
                            response.header("sec-websocket-version"), "13")
                        self.assertEqual(
                            response.header("upgrade"), "websocket")
                        self.assertEqual(response.header("connection"),
                                         "close, Upgrade")
        self.assertEqual(len(self.backend.calls), before)

    def test_frames_after_any_answer_to_a_handshake_are_no_request(self):
        early = request("GET", "/v1/orders/smuggled")
        for data, status in (
                (handshake(more="Origin: http://evil.example\r\n"), 403),
                (handshake(more="Content-Length: 2\r\n"), 400),
                (handshake(line="GET /nowhere HTTP/1.1"), 404),
                (handshake(line="GET /healthz HTTP/1.1"), 200),
                (handshake(line="GET /v1/orders/1 HTTP/1.0",
                           connection="Upgrade, keep-alive"), 200),
                (handshake(line="PATCH /v1/orders/1 HTTP/1.1"), 405)):
            with self.subTest(status):
                wire = self.wire().send(data + early.decode())
                self.assertEqual(wire.response().status, status)
                self.assertEqual(wire.to_end(), b"")

    def test_no_100_before_a_final_404_or_413(self):
        for target, length, status in (("/nowhere", 2, 404),
                                       ("/v1/echo", 5 << 20, 413)):
            wire = self.wire().send(
                "POST %s HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n"
                "Content-Type: application/json\r\n"
                "Expect: 100-continue\r\n\r\n" % (target, length))
            self.assertTrue(wire.read_until(b"\r\n").startswith(
                b"HTTP/1.1 %d" % status))

    def test_100_continue_is_given_when_the_body_is_wanted(self):
        wire = self.wire().send(
            "POST /v1/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n"
            "Expect: 100-continue\r\n\r\n")
        self.assertTrue(wire.read_until(b"\r\n\r\n").startswith(
            b"HTTP/1.1 100 "))
        self.assertEqual(wire.send("{}").response().status, 200)

    def test_method_override_is_ignored(self):
        response = self.ask("POST", "/v1/echo", {"name": "n"},
                            [("X-HTTP-Method-Override", "DELETE")])
        self.assertEqual(response.json(), {"name": "n"})

    def test_a_slash_stays_in_its_segment(self):
        self.assertEqual(
            self.ask("GET", "/v1/orders/a%2Fb").json()["id"], "a/b")

    def test_the_answer_is_the_same_byte_by_byte(self):
        data = request("POST", "/v1/echo?", {"name": "é", "i32": 7})
        whole = self.wire().send(data).response()
        for cut in range(1, len(data)):
            wire = self.wire()
            wire.socket.setsockopt(6, 1, 1)  # TCP_NODELAY
            wire.send(data[:cut]).send(data[cut:])
            response = wire.response()
            self.assertEqual((response.status, response.body),
                             (whole.status, whole.body))
        wire = self.wire()
        wire.socket.setsockopt(6, 1, 1)
        for i in range(len(data)):
            wire.send(data[i:i + 1])
        self.assertEqual(wire.response().body, whole.body)


if __name__ == "__main__":
    harness.main()
