# SPDX-License-Identifier: Apache-2.0
"""What backends say in grpc-status-details-bin, as clients see it.

Statuses are built, and their JSON is made for comparison, by the official
protobuf; only google.rpc's definitions are ours (the program's built-in ones).
"""

import base64
import os

from google.protobuf import descriptor_pb2, json_format

import harness

BUILT_IN = harness.Messages(
    os.path.join(harness.BUILD, "protobuf/builtin.pb"))
Status = BUILT_IN.type("google.rpc.Status")
Inner = harness.MESSAGES.type("sluice.test.v1.Inner")
URL = "type.googleapis.com/google.rpc."


def rpc(name, **fields):
    return json_format.ParseDict(
        fields, BUILT_IN.type("google.rpc." + name)(),
        descriptor_pool=BUILT_IN.pool)


# One of each, with every field that there is.
STANDARD = [
    rpc("ErrorInfo", reason="API_DISABLED", domain="example.com",
        metadata={"a": "1", "b": "\u00e9"}),
    rpc("RetryInfo", retryDelay="1.500s"),
    rpc("DebugInfo", stackEntries=["main.c:1", "main.c:2"], detail="oops"),
    rpc("QuotaFailure", violations=[
        {"subject": "s", "description": "d"},
        {"apiService": "x.example.com", "quotaMetric": "m", "quotaId": "i",
         "quotaDimensions": {"region": "eu"}, "quotaValue": "9007199254740993",
         "futureQuotaValue": "0"}]),
    rpc("PreconditionFailure", violations=[
        {"type": "TOS", "subject": "s", "description": "d"}]),
    rpc("BadRequest", fieldViolations=[
        {"field": "a.b", "description": "d", "reason": "R",
         "localizedMessage": {"locale": "de-CH", "message": "\u00fcbel"}}]),
    rpc("RequestInfo", requestId="r", servingData="s"),
    rpc("ResourceInfo", resourceType="t", resourceName="n", owner="o",
        description="d"),
    rpc("Help", links=[{"description": "d", "url": "http://example.com/"}]),
    rpc("LocalizedMessage", locale="en", message="m"),
]


def status_of(code, *details, message=""):
    status = Status(code=code, message=message)
    for detail in details:
        status.details.add().Pack(detail)
    return status


def add_raw(status, url, value):
    status.details.add(type_url=url, value=value)
    return status


class ErrorDetails(harness.Scenario):

    def fail_with(self, status, code=None, message="", port=None, trailers=()):
        """The answer to a call that fails with these details."""
        return self.ask("POST", "/v1/orders/1:obey", {
            "code": status.code if code is None else code,
            "message": message,
            "tags": ["t:%s=%s" % pair for pair in trailers],
            "details": base64.b64encode(
                status.SerializeToString()).decode()}, port=port)

    def gateway_with(self, more):
        gateway = self.start(self.backend.port, more)
        self.addCleanup(lambda: self.assertEqual(gateway.stop(), 0))
        return gateway

    def test_each_standard_detail_is_shown_without_being_in_the_schema(self):
        port = self.gateway_with("errors: {debug_info: true}\n").port
        for detail in STANDARD:
            with self.subTest(detail.DESCRIPTOR.name):
                status = status_of(9, detail)
                expected = json_format.MessageToDict(
                    status, descriptor_pool=BUILT_IN.pool)["details"]
                self.assertEqual(self.assert_error(
                    self.fail_with(status, port=port), 400, 9)["details"],
                    expected)

    def test_well_known_types_and_the_schema_s_own_are_details_too(self):
        duration = BUILT_IN.type("google.protobuf.Duration")(seconds=3)
        number = BUILT_IN.type("google.protobuf.Int64Value")(value=1 << 60)
        self.assertEqual(
            self.fail_with(status_of(5, duration, number,
                                     Inner(number=7))).json()["details"],
            [{"@type": "type.googleapis.com/google.protobuf.Duration",
              "value": "3s"},
             {"@type": "type.googleapis.com/google.protobuf.Int64Value",
              "value": str(1 << 60)},
             {"@type": "type.googleapis.com/sluice.test.v1.Inner",
              "number": 7}])

    def test_an_unknown_type_keeps_its_bytes_wherever_it_is(self):
        inner = add_raw(status_of(7, rpc("RequestInfo", requestId="r")),
                        "acme.com/acme.Trouble", b"\x08\x01")
        status = add_raw(status_of(5, inner), "acme.com/acme.Worse", b"")
        self.assertEqual(self.fail_with(status).json()["details"], [
            {"@type": URL + "Status", "code": 7, "details": [
                {"@type": URL + "RequestInfo", "requestId": "r"},
                {"@type": "acme.com/acme.Trouble", "value": "CAE="}]},
            {"@type": "acme.com/acme.Worse", "value": ""}])

    def test_broken_details_never_fail_the_answer(self):
        for value in (b"\x0a\x7f", b"\xff", b"\x0a\x02\xc0\x80"):
            status = add_raw(status_of(5, rpc("RequestInfo", requestId="r")),
                             URL + "Help", value)
            error = self.assert_error(self.fail_with(status), 404, 5)
            self.assertEqual(error["details"], [
                {"@type": URL + "RequestInfo", "requestId": "r"},
                {"@type": URL + "Help",
                 "value": base64.b64encode(value).decode()}])

    def test_details_of_another_code_are_dropped(self):
        error = self.assert_error(self.fail_with(
            status_of(6, STANDARD[0], message="theirs"), code=5), 404, 5)
        self.assertEqual(error, {
            "code": 5, "message": "backend error", "details": []})

    def test_the_message_is_grpc_message_or_else_that_of_the_details(self):
        status = status_of(5, message="in the details")
        self.assertEqual(self.fail_with(status, message="in the header")
                         .json()["message"], "in the header")
        self.assertEqual(self.fail_with(status).json()["message"],
                         "in the details")

    def test_DebugInfo_goes_out_only_where_it_is_allowed(self):
        debug = STANDARD[2]
        status = status_of(13, debug, status_of(5, debug), STANDARD[6])
        add_raw(status, "acme.com/acme.Trouble",
                status_of(5, debug).SerializeToString())
        response = self.fail_with(status)
        self.assertNotIn(b"main.c", response.raw)
        self.assertEqual(response.json()["details"], [
            {"@type": URL + "Status", "code": 5, "details": [
                {"@type": URL + "DebugInfo"}]},
            {"@type": URL + "RequestInfo", "requestId": "r",
             "servingData": "s"},
            {"@type": "acme.com/acme.Trouble"}])
        allowed = self.gateway_with("errors: {debug_info: true}\n")
        details = self.fail_with(status, port=allowed.port).json()["details"]
        self.assertEqual(details[0], {
            "@type": URL + "DebugInfo", "detail": "oops",
            "stackEntries": ["main.c:1", "main.c:2"]})
        self.assertEqual(details[1]["details"], [details[0]])
        self.assertIn("value", details[3])

    def test_RetryInfo_becomes_retry_after(self):
        for code, delay, expected in (
                (8, "1.500s", "2"), (14, "0.200s", "1"), (14, "30s", "30"),
                (4, "2s", "2"), (14, "864000s", "86400"), (14, "0s", None),
                (14, "-5s", None), (5, "2s", None)):
            with self.subTest((code, delay)):
                response = self.fail_with(
                    status_of(code, rpc("RetryInfo", retryDelay=delay)))
                self.assertEqual(response.header("retry-after"), expected)

    def test_a_pushback_counts_without_RetryInfo_and_may_forbid(self):
        retry = status_of(14, rpc("RetryInfo", retryDelay="3s"))
        none = status_of(14)
        for status, pushback, expected in (
                (none, "2500", "3"), (none, "-1", None), (none, "x", None),
                (none, "0", None), (retry, "2500", "3"), (retry, "-1", None)):
            with self.subTest((status, pushback)):
                response = self.fail_with(
                    status, trailers=[("grpc-retry-pushback-ms", pushback)])
                self.assertEqual(response.status, 503)
                self.assertEqual(response.header("retry-after"), expected)

    def test_a_401_has_the_service_s_challenge_or_else_ours(self):
        own = 'Basic realm="books"'
        trailers = [("www-authenticate", own)]
        response = self.fail_with(status_of(16), trailers=trailers)
        self.assertEqual(response.status, 401)
        self.assertEqual([v for k, v in response.headers
                          if k == "www-authenticate"], ["Bearer"])
        port = self.gateway_with(
            "metadata: {allow_response: [www-authenticate]}\n").port
        response = self.fail_with(status_of(16), trailers=trailers, port=port)
        self.assertEqual([v for k, v in response.headers
                          if k == "www-authenticate"], [own])

    def test_a_late_error_of_a_stream_has_its_details(self):
        status = status_of(9, STANDARD[6], message="late")
        wire = self.wire()
        wire.send(harness.request(
            "POST", "/sluice.test.v1.Everyday/Stream",
            {"count": 1, "code": 9, "details": base64.b64encode(
                status.SerializeToString()).decode()}))
        response = wire.response()
        self.assertFalse(response.is_complete)
        self.assertEqual(response.lines()[-1], {
            "@type": URL + "Status", "code": 9, "message": "late",
            "details": [{"@type": URL + "RequestInfo", "requestId": "r",
                         "servingData": "s"}]})

    def test_Google_s_shape_is_an_option(self):
        google = self.gateway_with("errors: {style: google}\n")
        self.assertEqual(
            self.fail_with(status_of(5, STANDARD[9]), message="no",
                           port=google.port).json(),
            {"error": {"code": 404, "message": "no", "status": "NOT_FOUND",
                       "details": [{"@type": URL + "LocalizedMessage",
                                    "locale": "en", "message": "m"}]}})
        error = self.ask("GET", "/v1/orders/1?count=x",
                         port=google.port).json()["error"]
        self.assertEqual((error["code"], error["status"]),
                         (400, "INVALID_ARGUMENT"))
        self.assertEqual(error["details"][0]["fieldViolations"][0]["field"],
                         "count")

    def old_schema(self):
        """Files of these names that say something else than the built-in."""
        files = descriptor_pb2.FileDescriptorSet()
        for name, message in (("error_details", "RequestInfo"),
                              ("status", "Stranger")):
            file = files.file.add(name="google/rpc/%s.proto" % name,
                                  package="google.rpc", syntax="proto3")
            file.message_type.add(name=message).field.add(
                name="own_name", number=1, type=9, label=1)
        path = os.path.join(self.directory.name, "old.pb")
        with open(path, "wb") as f:
            f.write(files.SerializeToString())
        return path

    def test_the_schema_s_own_types_go_first_and_do_not_hide_others(self):
        path = self.route_file(
            self.backend.port, "", "old.yaml",
            '["%s", "%s"]' % (harness.EVERYTHING, self.old_schema()))
        gateway = harness.Gateway("serve", "-c", path)
        self.addCleanup(lambda: self.assertEqual(gateway.stop(), 0))
        inner = status_of(3, Inner(number=7), STANDARD[6])
        self.assertEqual(
            self.fail_with(status_of(5, STANDARD[6], STANDARD[9], inner),
                           port=gateway.port).json()["details"],
            [{"@type": URL + "RequestInfo", "ownName": "r"},
             {"@type": URL + "LocalizedMessage", "locale": "en",
              "message": "m"},
             {"@type": URL + "Status", "code": 3, "details": [
                 {"@type": "type.googleapis.com/sluice.test.v1.Inner",
                  "number": 7},
                 {"@type": URL + "RequestInfo", "ownName": "r"}]}])


if __name__ == "__main__":
    harness.main()
