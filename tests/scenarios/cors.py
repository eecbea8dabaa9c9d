# SPDX-License-Identifier: Apache-2.0
"""Pages of other origins: what a browser is told, for every protocol."""

import struct

import harness
from harness import request

HERE = "https://app.example"
EVIL = "https://evil.example"
ECHO = "/sluice.test.v1.Everyday/Echo"


def names(response, header):
    return {n.strip().lower() for n in response.header(header).split(",")}


class Cors(harness.Scenario):
    more = """
cors:
  origins: ["https://app.example", "https://*.app.example"]
  headers: [X-Token]
  expose: X-Always
  max_age: 10m
metadata: {allow_response: [etag]}
"""

    def preflight(self, target, method="POST", origin=HERE, asked=None,
                  gateway=None):
        headers = [("Origin", origin),
                   ("Access-Control-Request-Method", method)]
        if asked:
            headers.append(("Access-Control-Request-Headers", asked))
        return self.ask("OPTIONS", target, headers=headers,
                        port=gateway and gateway.port)

    def assert_shared(self, response, origin=HERE):
        self.assertEqual(
            response.header("access-control-allow-origin"), origin, response)
        self.assertIn(("vary", "Origin"), response.headers)

    def test_a_preflight_is_answered_on_every_path(self):
        before = len(self.backend.calls)
        for target in (ECHO, "/v1/echo", "/v1/orders/1", "/v1/collections",
                       "/v1/streams/s", "/nowhere", "/v1/echo?a=%zz"):
            response = self.preflight(target)
            self.assertEqual(response.status, 204, response)
            self.assertEqual(response.body, b"")
            self.assertIsNone(response.header("content-type"))
            self.assertEqual(
                response.header("access-control-allow-origin"), HERE)
            self.assertEqual(response.header("access-control-max-age"), "600")
            self.assertIn(
                "patch", names(response, "access-control-allow-methods"))
        self.assertEqual(len(self.backend.calls), before)
        self.gateway.wait_for('status=204.*outcome="?preflight')

    def test_a_preflight_allows_what_clients_of_RPCs_send(self):
        allowed = names(self.preflight(ECHO), "access-control-allow-headers")
        for name in ("content-type", "x-grpc-web", "x-user-agent",
                     "grpc-timeout", "connect-protocol-version",
                     "connect-timeout-ms", "authorization", "x-token"):
            self.assertIn(name, allowed)

    def test_a_preflight_of_another_origin_is_refused(self):
        response = self.preflight(ECHO, origin=EVIL)
        self.assert_error(response, 403, 7)
        self.assertIsNone(response.header("access-control-allow-origin"))

    def test_OPTIONS_that_is_no_preflight_is_as_ever(self):
        response = self.ask("OPTIONS", "/v1/echo", headers=[("Origin", HERE)])
        self.assertEqual(response.status, 405)
        self.assert_shared(response)

    def test_answers_may_be_read(self):
        response = self.ask("POST", "/v1/orders/7:obey",
                            {"tags": ["etag=1", "x-a=2", "t:x-b=3"]},
                            headers=[("Origin", "https://x.app.example")])
        self.assertEqual(response.status, 200)
        self.assert_shared(response, "https://x.app.example")
        exposed = names(response, "access-control-expose-headers")
        self.assertLessEqual(
            {"grpc-status", "grpc-message", "grpc-status-details-bin",
             "x-always", "etag", "grpc-metadata-x-a", "grpc-trailer-x-b"},
            exposed)
        self.assertNotIn("content-type", exposed)

    def test_errors_may_be_read(self):
        here = [("Origin", HERE)]
        for response, status in (
                (self.ask("GET", "/nowhere", headers=here), 404),
                (self.ask("POST", "/v1/echo", "{", headers=here), 400),
                (self.ask("GET", "/v1/orders/1?code=5", headers=here), 404),
                (self.ask("DELETE", "/v1/echo", headers=here), 405)):
            self.assertEqual(response.status, status)
            self.assert_shared(response)
        self.assertIn("allow", names(response, "access-control-expose-headers"))

    def test_streams_may_be_read(self):
        for accept in ("*/*", "text/event-stream"):
            response = self.ask("GET", "/v1/streams/s?count=1", headers=[
                ("Origin", HERE), ("Accept", accept)])
            self.assertEqual(response.status, 200)
            self.assert_shared(response)

    def test_gRPC_Web_and_Connect_may_be_read(self):
        response = self.ask("POST", ECHO, struct.pack(">BI", 0, 0), headers=[
            ("Origin", HERE), ("Content-Type", "application/grpc-web+proto"),
            ("X-Grpc-Web", "1")])
        self.assertEqual(response.status, 200)
        self.assert_shared(response)
        response = self.ask("POST", ECHO, b"{}", headers=[
            ("Origin", HERE), ("Connect-Protocol-Version", "1")])
        self.assertEqual(response.status, 200)
        self.assert_shared(response)

    def test_other_origins_and_none_are_served_and_told_nothing(self):
        for headers in ([("Origin", EVIL)], [], [("Origin", "null")],
                        [("Origin", HERE), ("Origin", HERE)]):
            response = self.ask("POST", "/v1/echo", {}, headers)
            self.assertEqual(response.status, 200)
            self.assertIsNone(response.header("access-control-allow-origin"))
            self.assertEqual(response.header("vary"), "Origin")

    def test_the_origin_is_no_metadata(self):
        self.ask("POST", ECHO, b"{}", headers=[
            ("Origin", HERE), ("Connect-Protocol-Version", "1")])
        names = {key for key, _ in self.backend.calls[-1][1]}
        self.assertNotIn("origin", names)

    def own(self, more):
        gateway = self.start(self.backend.port, more)
        self.addCleanup(gateway.stop)
        return gateway

    def test_without_cors_nothing_is_said(self):
        gateway = self.own("")
        response = self.preflight("/v1/echo", gateway=gateway)
        self.assertEqual(response.status, 405)
        response = self.ask("POST", "/v1/echo", {}, [("Origin", HERE)],
                            port=gateway.port)
        self.assertEqual(response.status, 200)
        for name, _ in response.headers:
            self.assertFalse(name.startswith("access-control-"), name)
            self.assertNotEqual(name, "vary")

    def test_credentials(self):
        gateway = self.own(
            "cors: {origins: 'https://app.example', credentials: true}\n")
        for response in (
                self.preflight("/v1/echo", gateway=gateway),
                self.ask("POST", "/v1/echo", {}, [("Origin", HERE)],
                         port=gateway.port)):
            self.assertEqual(
                response.header("access-control-allow-credentials"), "true")
            self.assertEqual(
                response.header("access-control-allow-origin"), HERE)

    def test_a_star_is_every_origin(self):
        gateway = self.own("cors: {origins: '*', headers: '*'}\n")
        response = self.preflight("/v1/echo", origin=EVIL, asked="x-any",
                                  gateway=gateway)
        self.assertEqual(response.status, 204)
        self.assertEqual(
            response.header("access-control-allow-origin"), "*")
        self.assertEqual(
            response.header("access-control-allow-headers"), "x-any")

    def test_methods_are_those_of_the_route_file(self):
        gateway = self.own("cors: {origins: '*', methods: [GET, PURGE]}\n")
        self.assertEqual(
            names(self.preflight("/v1/echo", gateway=gateway),
                  "access-control-allow-methods"), {"get", "purge"})

    def test_a_head_full_of_metadata_fits_with_its_names(self):
        tags = ["x-%02d-%s=1" % (i, "n" * 20) for i in range(45)]
        response = self.ask("POST", "/v1/orders/7:obey", {"tags": tags},
                            headers=[("Origin", HERE)])
        self.assertEqual(response.status, 200)
        self.assert_shared(response)


if __name__ == "__main__":
    harness.main()
