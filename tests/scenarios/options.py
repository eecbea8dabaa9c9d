# SPDX-License-Identifier: Apache-2.0
"""How answers are written: options by default, of a method, and on request; and
what of an answer is written."""

import json
import os
import subprocess

import harness

RULES = """
http:
  rules:
  - selector: sluice.test.v1.Everyday.Echo
    post: /v1/echo
    body: "*"
    additional_bindings:
    - {put: "/v1/echo/{name}", body: inner}
    - {get: "/v1/echo/{name}"}
    - {get: "/v1/echo/{name}/i64", response_body: i64}
    - {get: "/v1/echo/{name}/flag", response_body: flag}
    - {get: "/v1/echo/{name}/name", response_body: name}
    - {get: "/v1/echo/{name}/color", response_body: color}
    - {get: "/v1/echo/{name}/inner", response_body: inner}
    - {get: "/v1/echo/{name}/words", response_body: words}
    - {get: "/v1/echo/{name}/inners", response_body: inners}
    - {get: "/v1/echo/{name}/counts", response_body: counts}
    - {get: "/v1/echo/{name}/maybe", response_body: maybe}
    - {get: "/v1/echo/{name}/when", response_body: when}
    - {get: "/v1/echo/{name}/structure", response_body: structure}
"""

INNER = b'{"name":"n","inner":{"text":"t"}}'
PRETTY = b"""{
  "name": "n",
  "inner": {
    "text": "t"
  }
}"""


class ByDefault(harness.Scenario):
    more = RULES + """
json: {enum_numbers: true, int64_numbers: true, proto_names: true}
methods:
  - selector: sluice.test.v1.Everyday.Obey, sluice.test.v1.Everyday.Stream
    json: {emit_defaults: true}
  - selector: sluice.test.v1.Everyday.*
    json: {int64_numbers: false}
  - selector: sluice.test.v1.Everyday.Stream
    json: {proto_names: false, pretty: true}
  - selector: sluice.test.v1.Everyday.Collect
    json: {ignore_unknown: true, pretty: true}
"""

    def test_the_options_of_the_file_hold_for_a_method(self):
        self.assertEqual(
            self.ask("POST", "/v1/echo",
                     {"color": "RED", "i64": 5, "byFlag": {"true": "RED"},
                      "choiceNumber": 0}).body,
            b'{"i64":"5","color":1,"choice_number":0,"by_flag":{"true":1}}')

    def test_a_method_has_its_own_besides(self):
        answer = self.ask("GET", "/v1/orders/7")
        self.assertEqual(
            {k: v for k, v in answer.json().items()
             if k not in ("metadata", "remaining_ms")},
            {"id": "7", "index": 0, "text": ""})
        self.assertIsInstance(answer.json()["remaining_ms"], str)

    def test_a_stream_has_them_and_a_line_is_a_message(self):
        answer = self.ask("GET", "/v1/streams/s?count=2")
        self.assertEqual([(l["index"], l["text"], l["remainingMs"])
                          for l in answer.lines()],
                         [(0, "", "0"), (1, "", "0")])

    def test_unknown_fields_are_ignored_where_it_is_said(self):
        self.assertEqual(
            self.ask("POST", "/v1/collections?nope=1",
                     '{"id":"a","nope":{}}{"id":"b"}').body,
            b'{\n  "id": "a,b",\n  "index": 2\n}')
        self.assert_error(
            self.ask("POST", "/v1/echo", {"name": "a", "nope": {}}), 400, 3)
        self.assert_error(self.ask("GET", "/v1/echo/n?nope=1"), 400, 3)

    def run_sluice(self, *arguments):
        path = self.route_file(1)
        return subprocess.run(
            [harness.PROGRAM, arguments[0], "-c", path, *arguments[1:]],
            capture_output=True, text=True, timeout=harness.PATIENCE).stdout

    def test_routes_shows_them(self):
        lines = self.run_sluice("routes").splitlines()
        self.assertTrue(lines[0].endswith("  OPTIONS"), lines[0])
        obey = [l.split() for l in lines if ".Obey " in l]
        self.assertEqual({l[-1] for l in obey},
                         {"emit_defaults=true,proto_names=true,"
                          "enum_numbers=true,int64_numbers=false"})

    def test_explain_shows_them_and_writes_by_them(self):
        text = self.run_sluice("explain", "GET", "/v1/echo/n?i64=1&color=RED")
        self.assertIn("json      proto_names: true, enum_numbers: true, "
                      "int64_numbers: false\n", text)
        self.assertIn('message   {"name":"n","i64":"1","color":1}\n', text)


class WithoutOwn(harness.Scenario):
    def test_routes_has_no_column_for_options(self):
        out = subprocess.run(
            [harness.PROGRAM, "routes", "-c", self.route_file(1)],
            capture_output=True, text=True, timeout=harness.PATIENCE).stdout
        self.assertEqual(out.splitlines()[0].split(),
                         ["METHOD", "TEMPLATE", "RPC", "CARDINALITY",
                          "UPSTREAM"])

    def test_nobody_may_ask_for_pretty_output(self):
        for name in "$prettyPrint", "%24prettyPrint", "prettyPrint":
            error = self.assert_error(
                self.ask("GET", "/v1/echo/n?%s=true" % name), 400, 3)
            self.assertIn("prettyPrint", error["message"])
        for accept in "application/json; pretty=true", "application/json+pretty":
            self.assertEqual(
                self.ask("GET", "/v1/echo/n?inner.text=t",
                         headers=[("Accept", accept)]).body, INNER)


class OnRequest(harness.Scenario):
    more = RULES + """
json: {pretty_on_request: true}
methods:
  - selector: sluice.test.v1.Everyday.Obey
    json: {pretty: true}
  - selector: sluice.test.v1.Everyday.Collect
    json: {pretty_on_request: false}
"""
    TARGET = "/v1/echo/n?inner.text=t"

    def test_caches_are_told_that_Accept_may_ask(self):
        self.assertEqual(self.ask("GET", self.TARGET).header("vary"), "Accept")
        response = self.ask("POST", "/v1/collections", b"")
        self.assertEqual(response.status, 200)
        self.assertIsNone(response.header("vary"))

    def test_the_query_asks(self):
        self.assertEqual(self.ask("GET", self.TARGET).body, INNER)
        for asked in ("$prettyPrint", "$prettyPrint=", "$prettyPrint=true",
                      "$prettyPrint=1", "%24prettyPrint=true"):
            for target in (self.TARGET + "&" + asked,
                           "/v1/echo/n?%s&inner.text=t" % asked):
                response = self.ask("GET", target)
                self.assertEqual(response.body, PRETTY, target)
                self.assertEqual(response.header("content-type"),
                                 "application/json")
        self.assertEqual(
            self.ask("GET", self.TARGET + "&$prettyPrint=false").body, INNER)

    def test_the_body_may_be_the_whole_request(self):
        self.assertEqual(
            self.ask("POST", "/v1/echo?$prettyPrint", INNER).body, PRETTY)
        self.assertEqual(
            self.ask("PUT", "/v1/echo/n?$prettyPrint", {"text": "t"}).body,
            PRETTY)

    def test_a_part_of_the_answer_is_pretty_too(self):
        self.assertEqual(
            self.ask("GET", "/v1/echo/n/inner?inner.text=t&$prettyPrint").body,
            b'{\n  "text": "t"\n}')

    def test_a_wrong_value_is_refused(self):
        error = self.assert_error(
            self.ask("GET", "/v1/echo/n?$prettyPrint=maybe"), 400, 3)
        self.assertEqual(error["details"][0]["fieldViolations"][0]["field"],
                         "$prettyPrint")
        self.assert_error(
            self.ask("GET", "/v1/echo/n?$prettyPrint&$prettyPrint"), 400, 3)

    def test_the_accept_header_asks(self):
        for accept, body in (
                ("application/json; pretty=true", PRETTY),
                ("application/json;charset=utf-8;PRETTY=TRUE", PRETTY),
                ('text/html, application/json;pretty="true";q=0.5', PRETTY),
                ("application/json+pretty", PRETTY),
                ("application/json;pretty", PRETTY),
                ("application/json;pretty=false", INNER),
                ("application/json;pretty=maybe", INNER),
                ("text/html;pretty=true", INNER),
                ("application/jsonp;pretty=true, */*", INNER),
                (";;,=,application/json;;=;", INNER),
                ("", INNER)):
            with self.subTest(accept):
                response = self.ask("GET", self.TARGET,
                                    headers=[("Accept", accept)])
                self.assertEqual(response.body, body)

    def test_the_query_is_heard_before_the_header(self):
        self.assertEqual(
            self.ask("GET", self.TARGET + "&$prettyPrint=false",
                     headers=[("Accept", "application/json+pretty")]).body,
            INNER)

    def test_what_is_pretty_may_be_asked_not_to_be(self):
        self.assertIn(b"\n", self.ask("GET", "/v1/orders/1").body)
        self.assertNotIn(
            b"\n", self.ask("GET", "/v1/orders/1?$prettyPrint=false").body)

    def test_a_line_of_a_stream_is_a_message_all_the_same(self):
        response = self.ask("GET", "/v1/streams/s?count=2&$prettyPrint",
                            headers=[("Accept", "application/json+pretty")])
        self.assertEqual(response.status, 200)
        self.assertEqual(len(response.lines()), 2)

    def test_a_method_may_refuse_it(self):
        self.assert_error(
            self.ask("POST", "/v1/collections?$prettyPrint", '{"id":"a"}'),
            400, 3)

    def test_explain_tells_it_from_a_field(self):
        path = self.route_file(1)
        explain = [harness.PROGRAM, "explain", "-c", path]
        target = "/v1/echo/n?%24prettyPrint=true"
        out = subprocess.run([*explain, "GET", target], capture_output=True,
                             text=True, timeout=harness.PATIENCE).stdout
        self.assertIn('query     "$prettyPrint" = "true" is for the gateway',
                      out)
        out = subprocess.run([*explain, "--json", "GET", target],
                             capture_output=True, text=True,
                             timeout=harness.PATIENCE).stdout
        self.assertEqual(json.loads(out)["query"],
                         [{"name": "$prettyPrint", "value": "true",
                           "field": None, "system": True}])


class ResponseBody(harness.Scenario):
    more = RULES

    def test_a_field_that_is_not_set_is_its_default(self):
        for field, expected in (("i64", b'"0"'), ("flag", b"false"),
                                ("color", b'"COLOR_UNSPECIFIED"'),
                                ("inner", b"{}"), ("words", b"[]"),
                                ("inners", b"[]"), ("counts", b"{}"),
                                ("maybe", b'""'), ("when", b"null"),
                                ("structure", b"{}")):
            with self.subTest(field):
                response = self.ask("GET", "/v1/echo/n/" + field)
                self.assertEqual((response.status, response.body),
                                 (200, expected))

    def test_a_field_that_is_set_is_the_answer(self):
        for target, expected in (
                ("i64?i64=-5", b'"-5"'), ("flag?flag=true", b"true"),
                ("name", b'"n"'), ("words?words=a&words=", b'["a",""]'),
                ("counts?counts[a]=1", b'{"a":1}'),
                ("inner?inner.number=3", b'{"number":3}'),
                ("when?when=1970-01-01T00:00:01Z",
                 b'"1970-01-01T00:00:01Z"')):
            with self.subTest(target):
                self.assertEqual(self.ask("GET", "/v1/echo/n/" + target).body,
                                 expected)

    def test_head_has_the_headers_of_get(self):
        for target in "/v1/echo/n", "/v1/echo/n/words?words=a", "/v1/orders/1":
            with self.subTest(target):
                head, get = self.ask("HEAD", target), self.ask("GET", target)
                self.assertEqual((head.status, head.body), (200, b""))
                self.assertEqual(head.header("content-type"),
                                 get.header("content-type"))
        head, get = self.ask("HEAD", "/v1/echo/n"), self.ask("GET", "/v1/echo/n")
        self.assertEqual(head.header("content-length"),
                         get.header("content-length"))
        self.assertEqual(self.ask("HEAD", "/v1/orders/1?code=5").status, 404)
        self.assertEqual(self.ask("HEAD", "/v1/echo").status, 405)

    def test_head_leaves_the_connection_in_order(self):
        wire = self.wire()
        for target in ("/v1/orders/1?code=5", "/v1/echo/n", "/nope"):
            wire.send(harness.request("HEAD", target))
            wire.response(is_head=True)
        wire.send(harness.request("GET", "/v1/echo/n"))
        self.assertEqual(wire.response().body, b'{"name":"n"}')

    def test_one_trailing_slash_is_ignored(self):
        self.assertEqual(self.ask("GET", "/v1/echo/n/").body, b'{"name":"n"}')
        self.assertEqual(self.ask("GET", "/v1/echo/n/?i32=1").body,
                         b'{"name":"n","i32":1}')
        self.assertEqual(self.ask("POST", "/v1/echo/", {"i32": 1}).body,
                         b'{"i32":1}')
        for target in "/v1/echo/n//", "/v1//echo/n", "//v1/echo/n":
            self.assert_error(self.ask("GET", target), 404, 5)

    def test_no_body_is_an_empty_message(self):
        for body, headers in (
                (None, []), (b"", []), (b" \n", []),
                (None, [("Content-Type", "application/json")])):
            with self.subTest(body=body, headers=headers):
                response = self.ask("POST", "/v1/echo", body, headers)
                self.assertEqual((response.status, response.body),
                                 (200, b"{}"))
        self.assertEqual(self.ask("PUT", "/v1/echo/n").body,
                         b'{"name":"n","inner":{}}')

    def test_no_chunks_are_an_empty_message(self):
        wire = self.wire().send(b"POST /v1/echo HTTP/1.1\r\nHost: h\r\n"
                                b"Transfer-Encoding: chunked\r\n\r\n"
                                b"0\r\n\r\n")
        response = wire.response()
        self.assertEqual((response.status, response.body), (200, b"{}"))


class Transcode(harness.unittest.TestCase):
    def test_every_key_of_the_route_file_is_an_option(self):
        for key in ("emit_defaults", "proto_names", "enum_numbers",
                    "int64_numbers", "ignore_unknown", "pretty",
                    "pretty_on_request", "max_depth"):
            value = "5" if key == "max_depth" else "true"
            with self.subTest(key):
                done = subprocess.run(
                    [harness.PROGRAM, "transcode", "--schema",
                     harness.EVERYTHING, "--type",
                     "sluice.test.v1.Everything", "--from", "json", "--to",
                     "json", "--option", "%s=%s" % (key, value)],
                    input=b'{"name":"n"}', capture_output=True,
                    timeout=harness.PATIENCE)
                self.assertEqual((done.returncode, done.stderr), (0, b""))
                self.assertEqual(json.loads(done.stdout)["name"], "n")


if __name__ == "__main__":
    harness.main()
