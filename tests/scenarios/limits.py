# SPDX-License-Identifier: Apache-2.0
"""Every limit on a message and on a target, with the answer to what is over
it, and what is just within."""

import json

import harness

LIMITS = """\
json: {max_depth: 10, pretty: true}
limits:
  max_header_bytes: 512KiB
  max_request_message: 64KiB
  max_response_message: 4KiB
  max_elements: 100
"""


def nested(depth, inmost="{}"):
    return '{"inner":' * (depth - 1) + inmost + "}" * (depth - 1)


class Limits(harness.Scenario):
    more = LIMITS

    def echo(self, body):
        return self.ask("POST", "/v1/echo", body)

    def violation(self, response):
        return response.json()["details"][0]["fieldViolations"][0]

    def test_the_depth_of_a_body_is_400(self):
        self.assertEqual(self.echo(nested(10)).status, 200)
        response = self.echo(nested(11))
        self.assert_error(response, 400, 3)
        violation = self.violation(response)
        self.assertEqual(violation["field"], ".".join(["inner"] * 10))
        self.assertIn("at most 10 nested", violation["description"])

    def test_the_depth_of_a_text_in_the_query_is_400(self):
        ok = "%5B" * 9 + "%5D" * 9  # in an object, in the answer
        self.assertEqual(self.ask(
            "GET", "/v1/echo/n?value=" + ok).status, 200)
        response = self.ask("GET", "/v1/echo/n?value=" + "%5B" * 11)
        self.assert_error(response, 400, 3)
        self.assertIn("at most 10 nested",
                      self.violation(response)["description"])

    def test_the_depth_of_an_answer_is_500(self):
        names = ".".join(["inner"] * 12)
        response = self.ask("GET", "/v1/echo/n?%s.text=x" % names)
        error = self.assert_error(response, 500, 13)
        self.assertIn("too deep", error["message"])

    def test_the_size_of_a_body_is_413(self):
        response = self.echo('{"name":"%s"}' % ("a" * 65536))
        self.assert_error(response, 413, 8)
        self.assertEqual(response.header("connection"), "close")

    def test_the_size_of_an_answer_is_500(self):
        self.assertEqual(self.ask("GET", "/v1/orders/1?size=4000").status, 200)
        response = self.ask("GET", "/v1/orders/1?size=4100")
        self.assert_error(response, 500, 8)

    def test_an_answer_whose_text_would_be_huge_is_500(self):
        # An element is one byte, and a line of blanks as deep as it lies.
        options = "json: {pretty: true, max_depth: 100}\n" \
            "limits: {max_response_message: 1KiB}\n"
        gateway = self.start(self.backend.port, options)
        self.addCleanup(lambda: self.assertEqual(gateway.stop(), 0))
        for count, status in ((100, 200), (400, 500)):
            body = nested(40, json.dumps({"list": [0] * count}))
            response = self.ask("POST", "/v1/echo", body, port=gateway.port)
            self.assertEqual(response.status, status, response)
        error = self.assert_error(response, 500, 8)
        self.assertIn("over the limit", error["message"])

    def test_the_number_of_elements_is_413_and_tells_the_place(self):
        for body, field in (
                ('{"numbers":[%s]}', "numbers[%d]"),
                ('{"structure":{"a":[%s]}}', 'structure["a"][%d]'),
                ('{"listValue":[%s]}', "listValue[%d]")):
            around = body.count("[") + body.count("{") - 1
            within = 100 - around
            with self.subTest(body):
                text = body % ",".join(["1"] * within)
                self.assertEqual(self.echo(text).status, 200)
                response = self.echo(body % ",".join(["1"] * (within + 1)))
                self.assert_error(response, 413, 8)
                self.assertEqual(response.header("connection"), "close")
                violation = self.violation(response)
                self.assertEqual(violation["field"], field % within)
                self.assertIn("at most 100 fields and elements",
                              violation["description"])
                self.assertIn("column", violation["description"])

    def test_empty_containers_are_elements(self):
        for element in ("[]", "{}", '""', "null"):
            body = '{"listValue":[%s]}' % ",".join([element] * 100)
            self.assert_error(self.echo(body), 413, 8)
        body = '{"inners":[%s]}' % ",".join(["{}"] * 100)
        self.assert_error(self.echo(body), 413, 8)

    def test_the_elements_of_a_request_stream_are_counted_by_message(self):
        order = json.dumps({"id": "a", "tags": ["t=1"] * 60}) + "\n"
        wire = self.wire().send(harness.request(
            "POST", "/v1/collections", order * 5))
        self.assertEqual(wire.response().json()["index"], 5)
        big = json.dumps({"id": "a", "tags": ["t=1"] * 99}) + "\n"
        wire = self.wire().send(harness.request(
            "POST", "/v1/collections", order + big))
        self.assert_error(wire.response(), 413, 8)

    def test_a_million_elements_are_the_default(self):
        gateway = self.start(self.backend.port, "")
        self.addCleanup(lambda: self.assertEqual(gateway.stop(), 0))
        body = '{"numbers":[%s]}' % ",".join(["1"] * 999999)
        self.assertEqual(self.ask("POST", "/v1/echo", body,
                                  port=gateway.port).status, 200)
        body = '{"listValue":[%s]}' % ",".join(["[]"] * 1000000)
        self.assert_error(self.ask("POST", "/v1/echo", body,
                                   port=gateway.port), 413, 8)

    def test_the_length_of_a_query_is_414(self):
        words = "&".join(["words=" + "a" * 200] * 316)
        fits = words + "&words=" + "b" * (65536 - len(words) - 7)
        self.assertEqual(len(fits), 65536)
        # Its answer is over max_response_message, but it was taken.
        self.assert_error(self.ask("GET", "/v1/echo/n?" + fits), 500, 8)
        response = self.ask("GET", "/v1/echo/n?" + fits + "b")
        error = self.assert_error(response, 414, 3)
        self.assertIn("64 KiB", error["message"])

    def test_the_length_of_a_path_is_414(self):
        response = self.ask("GET", "/v1/echo/" + "a" * 65536)
        self.assert_error(response, 414, 3)

    def test_the_number_of_parameters_is_400(self):
        self.assertEqual(self.ask(
            "GET", "/v1/orders/1?" + "&".join(["tags=a=b"] * 20)).status, 200)
        response = self.ask(
            "GET", "/v1/orders/1?" + "&".join(["tags=a"] * 1001))
        self.assert_error(response, 400, 3)
        self.assertEqual(self.violation(response)["description"],
                         "expected at most 1000 parameters, found 1001")

    def test_the_number_of_fields_in_a_name_is_400(self):
        response = self.ask(
            "GET", "/v1/echo/n?" + ".".join(["inner"] * 33) + ".text=a")
        self.assert_error(response, 400, 3)
        self.assertIn("at most 32 fields",
                      self.violation(response)["description"])


if __name__ == "__main__":
    harness.main()
