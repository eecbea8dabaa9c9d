# SPDX-License-Identifier: Apache-2.0
"""sluice explain: what it says of a request is what the gateway does."""

import json
import os
import subprocess

import harness
from harness import PROGRAM

ECHOED = (
    ("GET", "/v1/echo/n?i64=-5&inner.inner.text=a+b&words=x&words=%C3%A9"
            "&counts[a]=1&when=2024-01-02T03:04:05.5Z&real=1e300", None),
    ("PUT", "/v1/echo/n?i32=5", {"text": "t"}),
    ("PUT", "/v1/echo/n", None),
    ("POST", "/v1/echo", {"u64": "18446744073709551615", "single": 0.1,
                          "real": 1e-7, "mask": "fooBar,a.b",
                          "inner": {"list": [1, 2]}}),
    ("POST", "/sluice.test.v1.Everyday/Echo", {"name": "a"}),
)
REFUSED = (
    ("GET", "/nope", None),
    ("GET", "/v1/echo/%zz", None),
    ("GET", "/v1/echo/%ff", None),
    ("DELETE", "/v1/echo/n", None),
    ("CONNECT", "/v1/echo/n", None),
    ("GET", "/v1/echo/n?name=m", None),
    ("GET", "/v1/echo/n?i32=x", None),
    ("GET", "/v1/echo/n?i23=1", None),
    ("GET", "/v1/echo/n", {}),
    ("PUT", "/v1/echo/n", '{"text":\n  5}'),
    ("POST", "/v1/echo", '{"inner":{"numbr":1}}'),
    ("POST", "/v1/echo", "{} {}"),
    ("POST", "/v1/echo", "{"),
    ("POST", "/v1/echo", '{"words": ["%s"]}' % ("x" * 5000000)),
)


class Explain(harness.Scenario):
    def run_explain(self, *arguments, body=None):
        if isinstance(body, (dict, list)):
            body = json.dumps(body)
        if body is not None:
            arguments += ("--body", "-")
        return subprocess.run(
            [PROGRAM, "explain", "-c", self.route_path(), *arguments],
            input=body or "", capture_output=True, text=True,
            timeout=harness.PATIENCE)

    def route_path(self):
        """A route file whose upstream nobody may ask."""
        return self.route_file(1, name="explained.yaml")

    def explain(self, *arguments, body=None, status=0):
        result = self.run_explain("--json", *arguments, body=body)
        self.assertEqual((result.returncode, result.stderr), (status, ""),
                         result.stdout)
        return json.loads(result.stdout)

    def test_the_message_is_what_the_backend_gets(self):
        for method, target, body in ECHOED:
            with self.subTest(target):
                explained = self.explain(method, target, body=body)
                self.assertNotIn("answer", explained)
                response = self.ask(method, target, body)
                self.assertEqual(response.status, 200, response)
                self.assertEqual(explained["messages"], [response.json()])

    def test_a_refusal_is_the_answer_of_the_gateway(self):
        for method, target, body in REFUSED:
            with self.subTest(method + " " + target):
                explained = self.explain(method, target, body=body, status=1)
                self.assertEqual(explained["messages"], [])
                answer = explained["answer"]
                response = self.ask(method, target, body)
                error = response.json()
                self.assertEqual(answer["status"], response.status)
                self.assertEqual(answer["message"], error["message"])
                self.assertEqual(answer.get("allow"),
                                 response.header("allow"))
                for detail in error["details"]:
                    violation, = detail["fieldViolations"]
                    self.assertEqual(answer["description"],
                                     violation["description"])
                    self.assertEqual(answer["field"],
                                     violation.get("field", ""))

    def test_a_request_stream_is_several_messages(self):
        messages = self.explain(
            "POST", "/v1/collections",
            body='{"id":"1"}\n{"id":"2"} {"id":"3"}')["messages"]
        self.assertEqual(messages, [{"id": "1"}, {"id": "2"}, {"id": "3"}])
        self.assertEqual(
            self.explain("POST", "/v1/collections")["messages"], [])
        explained = self.explain("POST", "/v1/collections", status=1,
                                 body='{"id":"1"}\n{"id":2}')
        self.assertEqual(explained["messages"], [{"id": "1"}])
        self.assertEqual(explained["answer"]["field"], "id")

    def test_the_lines_are_for_people(self):
        result = self.run_explain("GET", "/v1/echo/a%20b?i32=5")
        lines = result.stdout.splitlines()
        self.assertEqual(result.returncode, 0)
        for line in (
                "route     GET /v1/echo/{name}",
                "declared  annotation of a service of %s:8" % self.route_path(),
                "rpc       sluice.test.v1.Everyday.Echo (unary-unary)",
                "upstream  test ipv4:127.0.0.1:1",
                "body      none is taken",
                'path      "name" = "a b" -> "name"',
                'query     "i32" = "5" -> "i32"',
                'message   {"name":"a b","i32":5}',
                "loses     PUT /v1/echo/{name}: it is for PUT"):
            self.assertIn(line, lines)

    def test_the_lines_of_a_refusal_end_with_the_answer(self):
        result = self.run_explain("DELETE", "/v1/echo/n")
        lines = result.stdout.splitlines()
        self.assertEqual(result.returncode, 1)
        self.assertEqual(lines[:2], [
            "answer    405 UNIMPLEMENTED: this path does not allow this "
            "method", "allow     GET, HEAD, PUT"])

    def test_one_piece_of_text_is_one_line(self):
        result = self.run_explain("GET", "/v1/echo/a%0Aanswer?maybe=%0Ax")
        self.assertIn('path      "name" = "a\\nanswer" -> "name"',
                      result.stdout.splitlines())
        self.assertNotIn("\nanswer", result.stdout)

    def test_the_body_can_be_a_file(self):
        path = os.path.join(self.directory.name, "body.json")
        with open(path, "w") as f:
            f.write('{"name":"f"}')
        self.assertEqual(
            self.explain("POST", "/v1/echo", "--body", path)["messages"],
            [{"name": "f"}])
        for name in (path + ".absent", self.directory.name):
            result = self.run_explain("POST", "/v1/echo", "--body", name)
            self.assertEqual((result.returncode, result.stdout), (1, ""))
            self.assertRegex(result.stderr, r"\Asluice: %s: .*\n\Z" % name)

    def test_problems_of_the_route_file_are_told(self):
        result = subprocess.run(
            [PROGRAM, "explain", "-c", os.devnull, "GET", "/"],
            capture_output=True, text=True, timeout=harness.PATIENCE)
        self.assertEqual((result.returncode, result.stdout), (1, ""))
        self.assertIn("sluice: /dev/null:1: ", result.stderr)

    def test_wrong_usage_is_2(self):
        for arguments in (["GET"], ["GET", "/", "x"], [], ["--nonsense"],
                          ["GET", "/", "--body"]):
            result = self.run_explain(*arguments)
            self.assertEqual((result.returncode, result.stdout), (2, ""))
            self.assertRegex(result.stderr, r"\Asluice: explain: .*\n\Z")
        self.assertEqual(self.run_explain("--help").returncode, 0)

    def test_output_that_cannot_be_written_is_a_failure(self):
        with open("/dev/full", "w") as full:
            result = subprocess.run(
                [PROGRAM, "explain", "-c", self.route_path(), "GET",
                 "/v1/echo/n"], stdout=full, stderr=subprocess.PIPE,
                text=True, timeout=harness.PATIENCE)
        self.assertEqual(result.returncode, 1)
        self.assertIn("standard output", result.stderr)


class Lenient(harness.Scenario):
    more = "json: {proto_names: true, ignore_unknown: true}"
    route_path = Explain.route_path
    run_explain = Explain.run_explain

    def test_options_of_the_file_hold(self):
        result = self.run_explain("GET", "/v1/echo/n?nope=1&boxedRaw=AQ")
        self.assertEqual(result.returncode, 0)
        lines = result.stdout.splitlines()
        self.assertIn('query     "nope" = "1" is ignored: there is no such '
                      'field', lines)
        self.assertIn('message   {"name":"n","boxed_raw":"AQ=="}', lines)


if __name__ == "__main__":
    harness.main()
