# SPDX-License-Identifier: Apache-2.0
"""PATCH without a mask: it is filled from the keys of the body."""

import json
import subprocess

import harness
from harness import request

MORE = """
http:
  rules:
  - selector: sluice.test.v1.Everyday.Echo
    patch: /v1/echo/{name}
    body: inner
    additional_bindings:
    - {put: "/v1/echo/{name}", body: inner}
    - {patch: "/v1/all/{name}", body: "*"}
    - {patch: "/v1/text/{inner.text}", body: inner}
    - {custom: {kind: "*", path: "/v1/any/{name}"}, body: inner}
"""


class Updates(harness.Scenario):
    more = MORE

    def mask(self, body, target="/v1/echo/n", method="PATCH"):
        """The mask that the backend gets; None: none."""
        response = self.ask(method, target, body)
        self.assertEqual(response.status, 200, response)
        return response.json().get("mask")

    def test_each_key_of_the_body_is_a_path(self):
        response = self.ask("PATCH", "/v1/echo/n",
                            '{"number":1,"text":"t"}')
        self.assertEqual(response.json(), {
            "name": "n", "inner": {"text": "t", "number": 1},
            "mask": "number,text"})

    def test_paths_go_down_to_leaves(self):
        self.assertEqual(self.mask(
            '{"inner":{"inner":{"list":[1,2],"number":0}},"text":null}'),
            "inner.inner.list,inner.inner.number,text")

    def test_an_empty_message_and_null_are_paths(self):
        self.assertEqual(self.mask('{"inner":{}}'), "inner")
        self.assertEqual(self.mask('{"inner":{"inner":{}}}'), "inner.inner")
        self.assertEqual(self.mask('{"inner":null,"list":null}'),
                         "inner,list")

    def test_a_body_without_keys_fills_nothing(self):
        for body in "{}", " { } ", "null", None, b"":
            self.assertIsNone(self.mask(body), body)

    def test_a_mask_that_is_given_stays(self):
        self.assertEqual(self.mask({"text": "t"}, "/v1/echo/n?mask=number"),
                         "number")
        self.assertEqual(
            self.mask({"text": "t"}, "/v1/echo/n?mask.paths=a&mask.paths=b"),
            "a,b")

    def test_only_patch_of_a_field_fills_it(self):
        self.assertIsNone(self.mask({"text": "t"}, method="PUT"))
        self.assertIsNone(self.mask({"inner": {"text": "t"}}, "/v1/all/n"))
        self.assertIsNone(self.mask({"text": "t"}, "/v1/any/n", "POST"))
        self.assertEqual(self.mask({"text": "t"}, "/v1/any/n"), "text")

    def test_the_path_does_not_hide_the_body(self):
        response = self.ask("PATCH", "/v1/text/x?i32=1", {"number": 2})
        self.assertEqual(response.json(), {
            "i32": 1, "inner": {"text": "x", "number": 2}, "mask": "number"})

    def test_the_body_may_come_in_pieces(self):
        body = b'{"number":1,"inner":{"te\\u0078t":"\xc3\xa9}"}}'
        wire = self.wire()
        wire.send(b"PATCH /v1/echo/n HTTP/1.1\r\nHost: h\r\nContent-Type: "
                  b"application/json\r\nTransfer-Encoding: chunked\r\n\r\n")
        for byte in body:
            wire.send(b"1\r\n" + bytes([byte]) + b"\r\n")
        wire.send(b"0\r\n\r\n")
        self.assertEqual(wire.response().json()["mask"], "number,inner.text")

    def test_a_large_body_is_read_as_well(self):
        self.assertEqual(self.mask({"text": "x" * 3000000, "number": 1}),
                         "text,number")

    def test_requests_on_one_connection_do_not_mix(self):
        wire = self.wire()
        for body, mask in (('{"text":"a"}', "text"), ("{}", None),
                           ('{"number":1}', "number")):
            wire.send(request("PATCH", "/v1/echo/n", body))
            self.assertEqual(wire.response().json().get("mask"), mask)

    def test_a_wrong_body_is_refused_as_ever(self):
        for body in ('{"text":1}', '{"text":"a","text":"b"}', '{"text":"a"',
                     '{"text":"a"}}', '{"nope":1}', "[]"):
            self.assert_error(self.ask("PATCH", "/v1/echo/n", body), 400, 3)

    def test_explain_shows_the_mask(self):
        explain = [harness.PROGRAM, "explain", "-c", self.route_file(1),
                   "--body", "-"]
        out = subprocess.run(
            [*explain, "PATCH", "/v1/echo/n"], input='{"text":"t"}',
            capture_output=True, text=True, timeout=harness.PATIENCE).stdout
        self.assertIn("mask      the body's keys -> mask\n", out)
        self.assertIn('message   {"name":"n","inner":{"text":"t"},'
                      '"mask":"text"}\n', out)
        out = subprocess.run(
            [*explain, "--json", "PATCH", "/v1/echo/n?mask=number"],
            input='{"text":"t"}', capture_output=True, text=True,
            timeout=harness.PATIENCE).stdout
        self.assertNotIn("filledMask", json.loads(out))


class Ignoring(harness.Scenario):
    more = MORE + "json: {ignore_unknown: true}\n"

    def test_unknown_keys_do_not_count(self):
        response = self.ask("PATCH", "/v1/echo/n",
                            '{"nope":{"text":1},"text":"t","a":[]}')
        self.assertEqual(response.json()["mask"], "text")
        response = self.ask("PATCH", "/v1/echo/n", '{"nope":1}')
        self.assertNotIn("mask", response.json())


class Narrow(harness.Scenario):
    more = MORE + "limits: {max_request_message: 2000}\n"

    def test_a_mask_counts_as_part_of_the_message(self):
        """Small keys, but each path has all that is above it."""
        body = "%s"
        for _ in range(40):
            body %= '{"text":"","number":0,"inner":%s}'
        body %= "{}"
        self.assertLess(len(body), 2000)
        self.assertEqual(
            self.ask("PUT", "/v1/echo/n", body).status, 200)
        self.assert_error(self.ask("PATCH", "/v1/echo/n", body), 413, 8)


class Off(harness.Scenario):
    more = MORE + """
methods:
  - {selector: sluice.test.v1.Everyday.Echo, update_mask: off}
"""

    def test_a_method_may_go_without(self):
        response = self.ask("PATCH", "/v1/echo/n", {"text": "t"})
        self.assertEqual(response.json(),
                         {"name": "n", "inner": {"text": "t"}})

    def test_routes_shows_that(self):
        out = subprocess.run(
            [harness.PROGRAM, "routes", "-c", self.route_file(1)],
            capture_output=True, text=True, timeout=harness.PATIENCE).stdout
        self.assertIn("update_mask=off", out)


if __name__ == "__main__":
    harness.main()
