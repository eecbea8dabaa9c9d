# SPDX-License-Identifier: Apache-2.0
"""Malformed and hostile bodies, parameters and values."""

import json

import harness
from harness import request

# What cannot be an Everything, by the words of its body.
BAD = [
    "", " ", "null", "[]", "1", '"x"', "{", "{]", '{"name"}', '{"name":}',
    '{"name":"a",}', '{"name":"a"', "{'name':'a'}", '{name:"a"}',
    '{"name":"a"}}', '{"name":"a"} x', '{"name":"a"}{}', "\ufeff{}",
    '{"name":"a"} // c', '/* c */{}',
    '{"real":NaN}', '{"real":Infinity}', '{"i32":01}', '{"i32":1.}',
    '{"i32":+1}', '{"i32":.5}', '{"i32":1e}', '{"real":1e999999}',
    '{"real":1e309}', '{"single":3.5e38}',
    '{"name":"\\ud800"}', '{"name":"\\udc00"}', '{"name":"\\ud800\\u0041"}',
    '{"name":"\\x"}', '{"name":"\\u12"}', '{"name":"a\nb"}',
    '{"name":"a\tb"}',
    '{"name":"a","name":"b"}', '{"i32":1,"i32":2}',
    '{"choiceText":"a","choice_text":"b"}',
    '{"choiceText":"a","choiceNumber":1}',
    '{"nonsense":1}', '{"Name":"a"}',
    '{"i32":2147483648}', '{"i32":-2147483649}', '{"i32":1.5}',
    '{"i32":true}', '{"i32":"abc"}', '{"i32":""}', '{"i32":" 1"}',
    '{"i64":9223372036854775808}', '{"i64":"9223372036854775808"}',
    '{"u32":-1}', '{"u32":4294967296}', '{"u64":-1}',
    '{"u64":"18446744073709551616"}', '{"f32":-1}', '{"sf64":1e19}',
    '{"i32":1e536870000}', '{"flag":"true"}', '{"flag":1}', '{"name":1}',
    '{"color":"BLUE"}', '{"color":1099511627776}', '{"color":1.5}',
    '{"raw":"YQ="}', '{"raw":"YQ==="}', '{"raw":"Y Q="}',
    '{"raw":"a"}', '{"raw":"====" }', '{"raw":"a!b="}', '{"raw":1}',
    '{"words":"a"}', '{"words":[null]}', '{"words":{}}', '{"numbers":[1,]}',
    '{"inner":[]}', '{"inner":1}', '{"inners":{}}', '{"inners":[null]}',
    '{"counts":[]}', '{"counts":{"a":null}}', '{"counts":{"a":"b"}}',
    '{"counts":{"a":1,"a":2}}', '{"counts":{1:2}}',
    '{"byNumber":{"x":{}}}', '{"byNumber":{"1":{},"1":{}}}',
    '{"byFlag":{"yes":"RED"}}',
    '{"when":"10000-01-01T00:00:00Z"}', '{"when":"2020-01-01T24:00:00Z"}',
    '{"when":"2020-01-01T23:59:60Z"}', '{"when":"2020-02-30T00:00:00Z"}',
    '{"when":"2020-01-01 00:00:00Z"}', '{"when":"2020-01-01T00:00:00"}',
    '{"when":1}', '{"when":"0000-01-01T00:00:00Z"}',
    '{"howLong":"1.0123456789s"}', '{"howLong":"1"}',
    '{"howLong":"315576000001s"}', '{"howLong":"1m"}',
    '{"mask":"a_b"}', '{"mask":1}', '{"mask":["a"]}',
    '{"structure":[]}', '{"structure":{"a":1,"a":2}}', '{"listValue":{}}',
    '{"boxed":"x"}', '{"boxed":{}}',
    '{"anything":{"@type":"type.googleapis.com/no.such.Type"}}',
    '{"anything":{"@type":"not_a_url"}}', '{"anything":{"value":1}}',
    '{"anything":{"@type":1}}',
    '{"anything":' + '{"@type":"x/google.protobuf.Any","value":' * 1000
    + "{}" + "}" * 1001,
    '{"when":"1969-12-31T23:59:59.-1Z"}', '{"when":"0001-01-01T00:00:00+00:01"}',
    '{"structure":' + '{"a":' * 101 + "1" + "}" * 102,
]

FINE = [
    ("{}", {}),
    (' {"name" : "a" } \r\n', {"name": "a"}),
    ('{"i32":1e3}', {"i32": 1000}),
    ('{"i32":"1e3"}', {"i32": 1000}),
    ('{"i32":"7"}', {"i32": 7}),
    ('{"i64":-9223372036854775808}', {"i64": "-9223372036854775808"}),
    ('{"u64":18446744073709551615}', {"u64": "18446744073709551615"}),
    ('{"real":"Infinity"}', {"real": "Infinity"}),
    ('{"real":"NaN"}', {"real": "NaN"}),
    ('{"real":0.1,"single":0.1}', {"real": 0.1, "single": 0.1}),
    ('{"raw":"-_8"}', {"raw": "+/8="}),
    ('{"raw":"+/8="}', {"raw": "+/8="}),
    ('{"raw":"YR"}', {"raw": "YQ=="}),      # spare bits are passed over
    ('{"name":null,"words":null,"inner":null,"choiceText":null}', {}),
    ('{"value":null}', {"value": None}),
    ('{"choice_text":""}', {"choiceText": ""}),
    ('{"maybe":""}', {"maybe": ""}),
    ('{"color":1}', {"color": "RED"}),
    ('{"color":77}', {"color": 77}),
    ('{"counts":{"b":2,"a":1}}', {"counts": {"a": 1, "b": 2}}),
    ('{"by_flag":{"true":"RED"}}', {"byFlag": {"true": "RED"}}),
    ('{"n\\u0061me":"\\ud83d\\ude01"}', {"name": "\U0001f601"}),
    ('{"when":"2020-01-01T01:00:00.5+01:00"}',
     {"when": "2020-01-01T00:00:00.500Z"}),
    ('{"howLong":"-1.5s"}', {"howLong": "-1.500s"}),
    ('{"mask":"fooBar,a.b"}', {"mask": "fooBar,a.b"}),
    ('{"structure":{"a":[1,"x",null,{"b":true}]}}',
     {"structure": {"a": [1, "x", None, {"b": True}]}}),
    ('{"boxed":0}', {"boxed": "0"}),
    ('{"anything":{"@type":"type.googleapis.com/sluice.test.v1.Inner",'
     '"number":3}}',
     {"anything": {"@type": "type.googleapis.com/sluice.test.v1.Inner",
                   "number": 3}}),
    ('{"anything":{"value":"1.5s",'
     '"@type":"type.googleapis.com/google.protobuf.Duration"}}',
     {"anything": {"@type": "type.googleapis.com/google.protobuf.Duration",
                   "value": "1.500s"}}),
]


class HostileBodies(harness.Scenario):
    more = "limits: {max_header_bytes: 256KiB}\n"

    def echo(self, body, headers=()):
        if isinstance(body, str):
            body = body.encode()
        return self.ask("POST", "/v1/echo", body, headers)

    def test_each_bad_body_is_refused_and_never_reaches_the_backend(self):
        before = len(self.backend.calls)
        for body in BAD:
            if body.strip() == "":
                continue
            with self.subTest(body):
                error = self.assert_error(self.echo(body), 400, 3)
                detail = error["details"][0]
                self.assertEqual(
                    detail["@type"],
                    "type.googleapis.com/google.rpc.BadRequest")
                self.assertIn("column",
                              detail["fieldViolations"][0]["description"])
        self.assertEqual(len(self.backend.calls), before)

    def test_each_good_body_comes_back_in_canonical_form(self):
        for body, expected in FINE:
            with self.subTest(body):
                response = self.echo(body)
                self.assertEqual(response.status, 200, response)
                self.assertEqual(response.json(), expected)

    def test_minus_zero_keeps_its_sign(self):
        self.assertEqual(self.echo('{"real":-0}').body, b'{"real":-0.0}')

    def test_an_empty_body_is_an_empty_message(self):
        for body in (b"", b" \n", None):
            self.assertEqual(self.ask("POST", "/v1/echo", body).json(), {})

    def test_bad_UTF_8_is_refused(self):
        for bad in (b"\xff", b"\xc0\xaf", b"\xed\xa0\x80", b"\xf5\x80\x80\x80",
                    b"\xc3"):
            self.assert_error(self.echo(b'{"name":"' + bad + b'"}'), 400, 3)

    def test_the_error_names_field_line_and_column(self):
        error = self.assert_error(
            self.echo('{"inners": [\n {"number": 1},\n {"number": "x"}]}'),
            400, 3)
        violation = error["details"][0]["fieldViolations"][0]
        self.assertEqual(violation["field"], "inners[1].number")
        self.assertIn("line 3", violation["description"])
        self.assertIn("column 13", violation["description"])
        self.assertIn("int32", violation["description"])

    def test_an_unknown_field_is_named_with_its_neighbour(self):
        error = self.assert_error(self.echo('{"worlds":"x"}'), 400, 3)
        self.assertIn('"words"', error["message"])

    def test_every_truncation_of_a_document_is_refused(self):
        text = json.dumps({
            "name": "a\u00e9", "i64": "-5", "real": 1.5, "raw": "AQI=",
            "inner": {"list": [1, 2], "inner": {"text": "t"}},
            "counts": {"k": 1}, "when": "2020-01-01T00:00:00Z",
            "structure": {"a": [None]}}, ensure_ascii=False).encode()
        wire = self.wire()
        for cut in range(1, len(text)):
            wire.send(request("POST", "/v1/echo", text[:cut]))
            response = wire.response()
            self.assertEqual(response.status, 400, (text[:cut], response))
        wire.send(request("POST", "/v1/echo", text))
        self.assertEqual(wire.response().status, 200)

    def test_every_wrong_byte_of_a_document_is_survived(self):
        text = b'{"name":"ab","i32":12,"inner":{"list":[1,2]},"flag":true}'
        wire = self.wire()
        for at in range(len(text)):
            for byte in (b"\0", b'"', b"}", b"\xff", b"9", b","):
                wire.send(request("POST", "/v1/echo",
                                  text[:at] + byte + text[at + 1:]))
                self.assertIn(wire.response().status, (200, 400))

    def test_deep_nesting_is_refused_without_effort(self):
        for opening in ("[", '{"inner":', '{"structure":{"a":', "{"):
            for depth in (101, 1000000):
                body = (opening * depth)[:4000000]
                response = self.echo(body)
                self.assert_error(response, 400, 3)

    def test_a_depth_of_50_is_fine(self):
        body = '{"inner":' * 50 + "{}" + "}" * 50
        self.assertEqual(self.echo(body).status, 200)

    def test_a_body_over_the_limit_is_413(self):
        big = b'{"name":"' + b"a" * (4 << 20) + b'"}'
        response = self.echo(big)
        self.assert_error(response, 413, 8)
        # Without a length it is noticed when the limit is passed.
        wire = self.wire().send(
            "POST /v1/echo HTTP/1.1\r\nHost: a\r\n"
            "Content-Type: application/json\r\n"
            "Transfer-Encoding: chunked\r\n\r\n")
        wire.send(b"%x\r\n" % len(big) + big + b"\r\n0\r\n\r\n")
        self.assert_error(wire.response(), 413, 8)

    def test_a_message_over_the_limit_is_413_though_its_text_is_not(self):
        body = "{\"counts\":{%s}}" % ",".join(
            '"%04x":1' % i for i in range(0x10000))     # 10 bytes each
        limited = self.start(
            self.backend.port, "limits: {max_request_message: %d}" % len(body))
        self.addCleanup(lambda: self.assertEqual(limited.stop(), 0))
        response = self.ask("POST", "/v1/echo", body, port=limited.port)
        self.assert_error(response, 413, 8)
        self.assertEqual(response.header("connection"), "close")

    def test_depth_is_400_however_full_the_message_is(self):
        body = '{"name":"%s","inner":%s' % (
            "a" * (3 << 20), '{"inner":' * 101)
        error = self.assert_error(self.echo(body), 400, 3)
        self.assertIn("column", error["message"])

    def test_media_types(self):
        for media, status in (
                ("text/xml", 415), ("application/json; charset=latin1", 415),
                ("multipart/form-data; boundary=x", 415),
                ("application/x-www-form-urlencoded", 415),
                ("application/json", 200),
                ("application/json; charset=utf-8", 200),
                ('APPLICATION/JSON;charset="UTF-8"', 200)):
            with self.subTest(media):
                response = self.echo("{}", [("Content-Type", media)])
                self.assertEqual(response.status, status)
                if status == 415:
                    error = self.assert_error(response, 415, 3)
                    self.assertIn('found "%s"' % media, error["message"])
        self.assertEqual(self.wire().send(
            "POST /v1/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\n{}"
        ).response().status, 200)

    def test_a_media_type_of_any_bytes_is_quoted_as_text(self):
        for media in (b'a"\\b', b"\xff\xfe/\x80", b"a/" + b"b" * 2000):
            with self.subTest(media):
                response = self.wire().send(
                    b"POST /v1/echo HTTP/1.1\r\nHost: a\r\nContent-Type: " +
                    media + b"\r\nContent-Length: 2\r\n\r\n{}").response()
                error = self.assert_error(response, 415, 3)
                self.assertLess(len(error["message"]), 300)

    def test_two_media_types_are_400(self):
        for media in (("text/xml", "application/json"),
                      ("application/json", "application/json")):
            error = self.assert_error(self.echo("{}", [
                ("Content-Type", medium) for medium in media]), 400, 3)
            self.assertIn("Content-Type", error["message"])

    def test_a_coded_body_is_415(self):
        for codings in (["gzip"], ["gzip, identity"], ["identity, gzip"],
                        ["gzip", "identity"], ["identity", "gzip"], ["br"]):
            with self.subTest(codings):
                self.assert_error(self.echo("{}", [
                    ("Content-Encoding", coding) for coding in codings]),
                    415, 12)
        for coding in ("identity", "Identity", "", "identity, identity"):
            with self.subTest(coding):
                self.assertEqual(self.echo(
                    "{}", [("Content-Encoding", coding)]).status, 200)

    def test_accept_does_not_matter_for_a_unary_answer(self):
        response = self.echo("{}", [("Accept", "text/html"),
                                    ("Accept-Encoding", "\x21junk;q=z")])
        self.assertEqual(response.status, 200)

    def test_bad_parameters_are_named(self):
        for query, word in (
                ("zzz=1", "zzz"), ("count=x", "count"),
                ("count=2147483648", "count"), ("count=1&count=2", "count"),
                ("hang=yes", "hang"), ("id=2", "id"), ("inner=1", "inner"),
                ("inner.x=1", "inner"), ("details=%21", "details"),
                ("a[0]=1", "a"), ("message=%zz", "%"),
                (".".join("a" * 200) + "=1", "a"),
                ("inner" + ".inner" * 60 + ".text=1", "inner")):
            with self.subTest(query):
                error = self.assert_error(
                    self.ask("GET", "/v1/orders/1?" + query), 400, 3)
                self.assertIn(word, error["message"])

    def test_many_parameters_are_refused(self):
        error = self.assert_error(self.ask(
            "GET", "/v1/orders/1?" + "&".join(["tags=a"] * 1001)), 400, 3)
        self.assertIn("parameters", error["message"])

    def test_parameters_reach_the_message(self):
        answer = self.ask(
            "GET", "/v1/echo/n?i32=-3&i64=9&flag=true&words=a&words=b%2Cc"
            "&inner.text=x+y%2B&color=GREEN&raw=AQI&maybe=&real=1.5"
            "&when=2024-01-02T03:04:05.5Z&howLong=3.5s&boxed=4"
            "&counts[k]=5").json()
        self.assertEqual(answer, {
            "name": "n", "i32": -3, "i64": "9", "flag": True,
            "words": ["a", "b,c"], "inner": {"text": "x y+"},
            "color": "GREEN", "raw": "AQI=", "maybe": "", "real": 1.5,
            "when": "2024-01-02T03:04:05.500Z", "howLong": "3.500s",
            "boxed": "4", "counts": {"k": 5}})

    def test_a_body_where_none_is_taken_is_400(self):
        self.assert_error(self.ask("GET", "/v1/orders/1", "{}"), 400, 3)


if __name__ == "__main__":
    harness.main()
