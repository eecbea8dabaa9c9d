# SPDX-License-Identifier: Apache-2.0
"""Headers, metadata and deadlines, both ways."""

import harness


class Metadata(harness.Scenario):
    more = """
metadata:
  allow_request: [x-tenant]
  allow_response: [etag, set-cookie]
methods:
  - selector: sluice.test.v1.Everyday.Obey
    timeout: 20s
    max_timeout: 30s
"""

    def sent(self, headers):
        response = self.ask("GET", "/v1/orders/1", headers=headers)
        self.assertEqual(response.status, 200, response)
        return response.json()["metadata"], response

    def test_prefixed_and_default_headers_go_in(self):
        metadata, _ = self.sent([
            ("Grpc-Metadata-One", "1"), ("authorization", "Bearer t"),
            ("TraceParent", "00-ab"), ("X-Request-Id", "r"),
            ("X-Tenant", "acme"), ("X-Forwarded-Proto", "https"),
            ("X-Forwarded-For", "10.0.0.1"), ("X-Other", "no"),
            ("User-Agent", "curl/7"),
            ("Cookie", "secret")])
        for key, value in (("one", "1"), ("authorization", "Bearer t"),
                           ("traceparent", "00-ab"), ("x-request-id", "r"),
                           ("x-tenant", "acme"), ("x-user-agent", "curl/7"),
                           ("x-forwarded-proto", "https"),
                           ("x-forwarded-for", "10.0.0.1, 127.0.0.1")):
            self.assertEqual(metadata.get(key), value, key)
        self.assertNotIn("x-other", metadata)
        self.assertNotIn("cookie", metadata)

    def test_a_client_has_one_name(self):
        rpc = ("POST", "/sluice.test.v1.Everyday/Obey", "{}",
               [("Connect-Protocol-Version", "1")])
        for method, target, body, headers in (
                rpc, ("GET", "/v1/orders/1", None, [])):
            for given, name in (
                    ([("User-Agent", "browser"), ("X-User-Agent", "page")],
                     "page"),
                    ([("X-User-Agent", "page"), ("User-Agent", "browser")],
                     "page"),
                    ([("X-User-Agent", "a"), ("X-User-Agent", "b")], "a"),
                    ([("User-Agent", "browser"),
                      ("Grpc-Metadata-X-User-Agent", "said")], "said"),
                    ([("User-Agent", "browser")], "browser")):
                with self.subTest(target, given=given):
                    response = self.ask(method, target, body, headers + given)
                    self.assertEqual(response.status, 200, response)
                    self.assertEqual(
                        [value for key, value in self.backend.calls[-1][1]
                         if key == "x-user-agent"], [name])

    def test_reserved_names_never_go_in(self):
        metadata, _ = self.sent([
            ("Grpc-Metadata-te", "gzip"), ("Grpc-Metadata-content-type", "x"),
            ("Grpc-Metadata-grpc-timeout", "1n"),
            ("Grpc-Metadata-grpc-status", "5"),
            ("Grpc-Metadata-connection", "close"),
            ("Grpc-Metadata-host", "evil"), ("Grpc-Metadata-", "x")])
        self.assertFalse(
            set(metadata) & {"te", "content-type", "grpc-timeout",
                             "grpc-status", "connection", "host", ""})

    def test_binary_values_are_base64_outside_and_bytes_inside(self):
        for text, value in (("AQL/", "0102ff"), ("AQ", "01"), ("AQ==", "01"),
                            ("", "")):
            metadata, _ = self.sent([("Grpc-Metadata-X-bin", text)])
            self.assertEqual(metadata["x-bin"], value)

    def test_bad_base64_is_400_and_harms_nobody(self):
        for text in ("!!!", "A", "AQ=", "A Q="):
            self.assert_error(
                self.ask("GET", "/v1/orders/1",
                         headers=[("Grpc-Metadata-X-bin", text)]), 400, 3)
        self.sent([])

    def test_metadata_comes_out(self):
        response = self.ask(
            "GET", "/v1/orders/1?tags=a=1&tags=b-bin=abab&tags=t:c=2"
            "&tags=t:d-bin=ab&tags=etag=e&tags=grpc-x=1&tags=date=x")
        self.assertEqual(response.status, 200, response)
        self.assertEqual(response.header("grpc-metadata-a"), "1")
        self.assertEqual(response.header("grpc-metadata-b-bin"), "q6s")
        self.assertEqual(response.header("grpc-trailer-c"), "2")
        self.assertEqual(response.header("grpc-trailer-d-bin"), "qw")
        self.assertEqual(response.header("etag"), "e")
        self.assertIsNone(response.header("grpc-metadata-etag"))
        for name in ("grpc-metadata-grpc-x", "grpc-metadata-date"):
            self.assertIsNone(response.header(name))

    def test_what_HTTP_2_forbids_ends_the_call_alone(self):
        for name in ("transfer-encoding", "connection"):
            self.assert_error(self.ask(
                "GET", "/v1/orders/1?tags=%s=x" % name), 502, 13)
            self.assertEqual(self.ask("GET", "/v1/orders/1").status, 200)

    def test_a_bad_header_is_named_with_what_was_found(self):
        for name, value, expected in (
                ("Grpc-Timeout", "99999999999H", "1 to 8 digits"),
                ("X-Server-Timeout", "1e3\xff", "seconds"),
                ("Connect-Timeout-Ms", "-1", "1 to 10 digits"),
                ("Grpc-Metadata-X-bin", "!!!", "base64")):
            with self.subTest(name):
                error = self.assert_error(self.ask(
                    "GET", "/v1/orders/1", headers=[(name, value)]), 400, 3)
                violation = error["details"][0]["fieldViolations"][0]
                self.assertEqual(violation["field"], name)
                self.assertIn("expected " + expected,
                              violation["description"])
                found = value.replace("\xff", "\\xFF")
                self.assertIn('found "%s"' % found, violation["description"])

    def test_metadata_of_an_error_comes_out(self):
        response = self.ask("GET", "/v1/orders/1?tags=t:c=2&code=5")
        self.assert_error(response, 404, 5)
        self.assertEqual(response.header("grpc-trailer-c"), "2")

    def test_more_metadata_than_a_head_can_hold_is_500(self):
        response = self.ask("POST", "/v1/orders/1:obey",
                            {"tags": ["a=" + "x" * 6000]})
        self.assert_error(response, 500, 13)

    def test_the_deadline_goes_upstream(self):
        for headers, low, high in (
                ([("Grpc-Timeout", "5S")], 3000, 5000),
                ([("X-Server-Timeout", "2.5")], 1000, 2500),
                ([("Connect-Timeout-Ms", "4000")], 2000, 4000),
                ([("Grpc-Timeout", "9S"), ("X-Server-Timeout", "3")],
                 1500, 3000),
                ([], 15000, 20000),
                ([("Grpc-Timeout", "9H")], 20000, 30000)):
            with self.subTest(headers):
                _, response = self.sent(headers)
                left = int(response.json()["remainingMs"])
                self.assertTrue(low < left <= high, left)

    def test_a_bad_timeout_is_400(self):
        for value in ("99999999999H", "-1S", "1x", "S", "1.5S", ""):
            self.assert_error(
                self.ask("GET", "/v1/orders/1",
                         headers=[("Grpc-Timeout", value)]), 400, 3)
        for value in ("", "x", "-1", "1.5", "12345678901"):
            self.assert_error(
                self.ask("GET", "/v1/orders/1",
                         headers=[("Connect-Timeout-Ms", value)]), 400, 3)
        for value in ("x", "-1", "1.", ".5", "1e3", "99999999999"):
            self.assert_error(
                self.ask("GET", "/v1/orders/1",
                         headers=[("X-Server-Timeout", value)]), 400, 3)

    def test_no_time_at_all_is_504(self):
        self.assert_error(
            self.ask("GET", "/v1/orders/1",
                     headers=[("Grpc-Timeout", "0n")]), 504, 4)

    def test_a_backend_that_hangs_is_504_and_is_told(self):
        self.backend.release.clear()
        self.backend.cancelled.clear()
        response = self.ask("GET", "/v1/orders/1?hang=true",
                            headers=[("Grpc-Timeout", "1S")])
        self.assert_error(response, 504, 4)
        self.assertTrue(self.backend.cancelled.wait(harness.PATIENCE))
        self.backend.release.set()

    def test_trailers_of_a_stream_go_to_who_asks(self):
        response = self.ask("GET", "/v1/streams/s?count=1&tags=t:c=2",
                            headers=[("TE", "trailers")])
        self.assertEqual(response.header("grpc-status"), "0")
        self.assertEqual(response.header("grpc-trailer-c"), "2")


if __name__ == "__main__":
    harness.main()
