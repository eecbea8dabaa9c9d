# SPDX-License-Identifier: Apache-2.0
"""What users do every day, against the official gRPC."""

import base64
import subprocess

import harness
from harness import request

EVERYTHING = {
    "name": "né", "i32": -1, "i64": "-9007199254740993", "u32": 4294967295,
    "u64": "18446744073709551615", "s32": -2, "s64": "-3", "f32": 4,
    "f64": "5", "sf32": -6, "sf64": "-7", "single": 0.1, "real": 1e-7,
    "flag": True, "raw": "AAH/", "color": "GREEN",
    "inner": {"text": "t", "number": 1, "list": [1, -1],
              "inner": {"text": "u"}},
    "words": ["", "a"], "numbers": [0, 2147483647],
    "inners": [{}, {"number": 2}], "counts": {"a": 1, "b": 0},
    "byNumber": {"-1": {"text": "x"}}, "choiceNumber": 0, "maybe": "",
    "when": "1969-12-31T23:59:59.999999999Z", "howLong": "-0.500s",
    "mask": "fooBar,a.b", "structure": {"k": [1.5, None, {"b": False}]},
    "value": "v", "listValue": [[]], "boxed": "0",
    "anything": {"@type": "type.googleapis.com/google.protobuf.Duration",
                 "value": "1s"},
    "boxedRaw": "", "byFlag": {"true": "RED"},
}


class Everyday(harness.Scenario):
    def test_every_field_kind_makes_the_round_trip(self):
        response = self.ask("POST", "/v1/echo", EVERYTHING)
        self.assertEqual(response.status, 200, response)
        self.assertEqual(response.header("content-type"), "application/json")
        self.assertEqual(response.json(), EVERYTHING)

    def test_the_body_can_be_one_field(self):
        response = self.ask("PUT", "/v1/echo/n?i32=5", {"text": "t"})
        self.assertEqual(response.json(),
                         {"name": "n", "i32": 5, "inner": {"text": "t"}})

    def test_the_answer_can_be_one_field(self):
        self.assertEqual(
            self.ask("GET", "/v1/echo/n/inner?inner.number=3").json(),
            {"number": 3})

    def test_every_method_has_its_own_path(self):
        response = self.ask("POST", "/sluice.test.v1.Everyday/Echo",
                            {"name": "a"})
        self.assertEqual(response.json(), {"name": "a"})
        self.assertEqual(
            self.ask("POST", "/sluice.test.v1.Everyday/Nothing", {}).body,
            b"{}")

    def test_a_custom_verb_is_its_own_route(self):
        response = self.ask("POST", "/v1/orders/7:obey", {"size": 2})
        self.assertEqual(response.json()["id"], "7")
        self.assertEqual(response.json()["text"], "xx")

    def test_the_path_wins_over_the_body(self):
        response = self.ask("POST", "/v1/orders/7:obey", {"id": "8"})
        self.assertEqual(response.json()["id"], "7")

    def test_head_is_get_without_the_body(self):
        response = self.ask("HEAD", "/v1/orders/1")
        self.assertEqual((response.status, response.body), (200, b""))

    def test_curl_can_do_it(self):
        out = subprocess.run(
            ["curl", "-sS", "-X", "POST",
             "http://127.0.0.1:%d/v1/echo" % self.gateway.port,
             "-d", '{"name":"curl"}', "-H", "Content-Type: application/json"],
            check=True, capture_output=True, text=True).stdout
        self.assertEqual(out.strip(), '{"name":"curl"}')

    def test_each_status_code_has_its_HTTP_status(self):
        for code, status in ((1, 499), (2, 500), (3, 400), (4, 504),
                             (5, 404), (6, 409), (7, 403), (8, 429),
                             (9, 400), (10, 409), (11, 400), (12, 501),
                             (13, 500), (14, 503), (15, 500), (16, 401)):
            with self.subTest(code):
                response = self.ask(
                    "GET", "/v1/orders/1?code=%d&message=a%%20b" % code)
                error = self.assert_error(response, status, code)
                if code not in (1, 4):
                    self.assertEqual(error["message"], "a b")

    def test_an_error_text_may_hold_anything(self):
        text = "tab\t CR\r LF\n é \U0001f601 50% Set-Cookie: x"
        response = self.ask("POST", "/v1/orders/1:obey",
                            {"code": 5, "message": text})
        self.assertEqual(self.assert_error(response, 404, 5)["message"], text)
        self.assertIsNone(response.header("set-cookie"))

    def test_401_carries_a_challenge(self):
        self.assertEqual(self.ask("GET", "/v1/orders/1?code=16")
                         .header("www-authenticate"), "Bearer")

    def test_error_details_are_shown(self):
        # Status{5, "no", [RetryInfo{30s}, pkg.Unknown{01}]}, by hand.
        retry = (b"\x0a\x28type.googleapis.com/google.rpc.RetryInfo"
                 b"\x12\x04\x0a\x02\x08\x1e")
        other = b"\x0a" + bytes([len("x/no.Unknown")]) + b"x/no.Unknown" \
            + b"\x12\x01\x01"
        details = (b"\x08\x08\x12\x02no\x1a" + bytes([len(retry)]) + retry
                   + b"\x1a" + bytes([len(other)]) + other)
        response = self.ask(
            "POST", "/v1/orders/1:obey",
            {"code": 8, "message": "no",
             "details": base64.b64encode(details).decode()})
        error = self.assert_error(response, 429, 8)
        self.assertEqual(error["details"], [
            {"@type": "type.googleapis.com/google.rpc.RetryInfo",
             "retryDelay": "30s"},
            {"@type": "x/no.Unknown", "value": "AQ=="}])
        self.assertEqual(response.header("retry-after"), "30")

    def test_details_of_another_code_are_dropped(self):
        response = self.ask(
            "POST", "/v1/orders/1:obey",
            {"code": 5, "message": "no",
             "details": base64.b64encode(b"\x08\x06\x12\x02no").decode()})
        self.assertEqual(self.assert_error(response, 404, 5)["details"], [])

    def test_a_method_the_backend_lacks_is_501(self):
        self.assert_error(
            self.ask("POST", "/sluice.test.v1.Everyday/Missing", {}), 501, 12)

    def test_no_route_is_404(self):
        self.assert_error(self.ask("GET", "/v2/nothing"), 404, 5)
        self.assert_error(
            self.ask("POST", "/sluice.test.v1.Everyday/Nope", {}), 404, 5)

    def test_a_server_stream_is_NDJSON(self):
        response = self.ask("GET", "/v1/streams/s?count=3&size=1")
        self.assertEqual(response.status, 200)
        self.assertEqual(response.header("content-type"),
                         "application/x-ndjson")
        self.assertTrue(response.is_complete)
        self.assertEqual([l.get("index", 0) for l in response.lines()],
                         [0, 1, 2])

    def test_an_empty_stream_is_an_empty_body(self):
        response = self.ask("GET", "/v1/streams/s")
        self.assertEqual((response.status, response.body), (200, b""))

    def test_the_first_message_is_seen_before_the_last_is_sent(self):
        self.backend.release.clear()
        wire = self.wire().send(
            request("GET", "/v1/streams/s?count=2&hang=true"))
        wire.read_until(b"\r\n\r\n")
        seen = b""
        while seen.count(b"\n") < 2:
            seen += wire.chunk()
        self.backend.release.set()
        self.assertEqual(wire.chunk(), b"")

    def test_a_stream_that_fails_at_once_has_its_HTTP_status(self):
        self.assert_error(
            self.ask("GET", "/v1/streams/s?code=5&message=no"), 404, 5)

    def test_a_stream_that_fails_late_says_so_and_breaks(self):
        response = self.ask("GET", "/v1/streams/s?count=5&failAfter=3")
        self.assertEqual(response.status, 200)
        self.assertFalse(response.is_complete)
        lines = response.lines()
        self.assertEqual(len(lines), 4)
        self.assertEqual(lines[-1]["@type"],
                         "type.googleapis.com/google.rpc.Status")
        self.assertEqual((lines[-1]["code"], lines[-1]["message"]),
                         (15, "broken off"))

    def test_a_long_stream_arrives_whole_and_in_order(self):
        response = self.ask("GET", "/v1/streams/s?count=20000&size=20")
        self.assertEqual([l.get("index", 0) for l in response.lines()],
                         list(range(20000)))

    def test_a_client_stream_is_read_value_by_value(self):
        body = b"".join(b'{"id":"%d"}\n' % i for i in range(300))
        response = self.ask("POST", "/v1/collections", body)
        self.assertEqual(response.json()["index"], 300)
        self.assertEqual(
            self.ask("POST", "/v1/collections",
                     b'{"id":"a"}{"id":"b"} ').json()["id"], "a,b")

    def test_a_client_stream_may_be_empty(self):
        self.assertEqual(self.ask("POST", "/v1/collections", b"").json(),
                         {})

    def test_a_bad_value_in_a_client_stream_is_400(self):
        self.assert_error(self.ask("POST", "/v1/collections",
                                   b'{"id":"a"}\n{"id":7}\n'), 400, 3)

    def test_a_bidi_stream_works_half_duplex(self):
        response = self.ask("POST", "/sluice.test.v1.Everyday/Converse",
                            b'{"id":"a"}\n{"id":"b"}\n')
        self.assertEqual([l["id"] for l in response.lines()], ["a", "b"])

    def test_a_bidi_stream_takes_requests_after_its_first_response(self):
        wire = self.wire().send(
            "POST /sluice.test.v1.Everyday/Converse HTTP/1.1\r\nHost: a\r\n"
            "Content-Type: application/json\r\n"
            "Transfer-Encoding: chunked\r\n\r\n")
        wire.send('a\r\n{"id":"a"}\r\n')
        self.backend.conversed.wait(harness.PATIENCE)
        for i in range(20):  # the first response is there meanwhile
            self.assertEqual(self.ask("GET", "/v1/orders/1").status, 200)
        wire.send('a\r\n{"id":"b"}\r\n0\r\n\r\n')
        response = wire.response()
        self.assertTrue(response.is_complete)
        self.assertEqual([l["id"] for l in response.lines()], ["a", "b"])

    def test_a_bad_value_after_the_first_response_is_a_late_error(self):
        self.backend.conversed.clear()
        wire = self.wire().send(
            "POST /sluice.test.v1.Everyday/Converse HTTP/1.1\r\nHost: a\r\n"
            "Content-Type: application/json\r\n"
            "Transfer-Encoding: chunked\r\n\r\n")
        wire.send('a\r\n{"id":"a"}\r\n')
        self.backend.conversed.wait(harness.PATIENCE)
        for i in range(20):
            self.assertEqual(self.ask("GET", "/v1/orders/1").status, 200)
        wire.send('8\r\n{"id":7}\r\n0\r\n\r\n')
        response = wire.response()
        self.assertEqual(response.lines()[-1]["code"], 3)

    def test_large_messages_pass_in_both_directions(self):
        text = "a" * 3000000
        response = self.ask("POST", "/v1/echo", {"name": text})
        self.assertEqual(response.json(), {"name": text})

    def test_pipelined_requests_are_answered_in_order(self):
        wire = self.wire().send(b"".join(
            request("GET", "/v1/orders/%d" % i) for i in range(100)))
        for i in range(100):
            self.assertEqual(wire.response().json()["id"], str(i))

    def test_one_access_line_per_request(self):
        self.ask("GET", "/v1/orders/logged?message=secret")
        line = self.gateway.wait_for('path="/v1/orders/logged"')
        for part in ("status=200", 'method="GET"', 'outcome="ok"', "code=0",
                     'rpc="sluice.test.v1.Everyday"', 'rpc_method="Obey"',
                     'remote="127.0.0.1"'):
            self.assertIn(part, line)
        self.assertNotIn("secret", line)


class Pretty(harness.Scenario):
    more = "json: {pretty: true}\n"

    def test_a_unary_answer_is_indented(self):
        response = self.ask("POST", "/v1/echo", {"name": "n"})
        self.assertEqual(response.body, b'{\n  "name": "n"\n}')

    def test_a_stream_has_a_message_per_line_all_the_same(self):
        response = self.ask("GET", "/v1/streams/s?count=3&size=1")
        self.assertEqual([line["id"] for line in response.lines()],
                         ["s", "s", "s"])


if __name__ == "__main__":
    harness.main()
