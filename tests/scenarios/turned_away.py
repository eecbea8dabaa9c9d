# SPDX-License-Identifier: Apache-2.0
"""Clients that are answered before they have said all: they are too slow, or
there is no room for them. They are told so in the form of their protocol, with
what a page of another origin needs to read it."""

import base64

import bad_fronts
import frames
import harness
import websocket
from bad_fronts import (
    GOOD, JSON, NDJSON, PAGE, PROTO, STREAM, STREAM_JSON, TEXT, VERSION, WEB,
    connect, end, of_page, post, rest, typed, web)
from frames import END, SERVICE, envelope
from harness import request

FORMS = {
    "REST": (post("/v1/echo", '{"name":"a"}'), rest),
    "NDJSON": (post("/v1/collections", '{"id":"a"}\n{"id":"b"}',
                    ("Content-Type", NDJSON)), rest),
    "gRPC-Web": (typed("Obey", WEB, GOOD), web),
    "gRPC-Web's text": (typed("Obey", TEXT, base64.b64encode(GOOD)), web),
    "gRPC-Web's streams": (typed("Collect", WEB, GOOD * 2), web),
    "Connect": (typed("Obey", PROTO, b"\x0a\x01a"), connect),
    "Connect's JSON": (typed("Obey", JSON, "{}", VERSION), connect),
    "Connect's streams": (typed("Collect", STREAM, GOOD * 2), end),
}


def form_of(make, code, http, connect_http):
    """What of bad_fronts.Fronts.check() is expected."""
    return {rest: lambda: rest(http, code), web: lambda: web(code),
            connect: lambda: connect(code, connect_http),
            end: lambda: end(code)}[make]()


class Backend(harness.Backend):
    def collect(self, orders, context):
        self._watch(context)
        return super().collect(orders, context)


class Scenario(harness.Scenario):
    backend_type = Backend
    check = bad_fronts.Fronts.check
    check_rest = bad_fronts.Fronts.check_rest
    check_web = bad_fronts.Fronts.check_web
    check_connect = bad_fronts.Fronts.check_connect
    check_end = bad_fronts.Fronts.check_end

    workers = 1
    cors = "cors: {origins: '%s'}\n" % PAGE

    def is_over(self, wire, response):
        """The answer was the connection's last."""
        self.assertEqual(response.header("connection"), "close")
        self.assertIsNotNone(response.header("date"))
        self.assertEqual(wire.to_end(), b"")


class TooSlow(Scenario):
    more = Scenario.cors + "timeouts: {header: 0.2s, body: 0.2s}\n"

    def test_a_body_is_told_in_the_form_of_its_protocol(self):
        for name, (data, make) in FORMS.items():
            with self.subTest(name):
                wire = self.wire().send(of_page(data)[:-1])
                response = wire.response()
                self.check(response, *form_of(make, 4, 408, 504))
                self.is_over(wire, response)

    def test_the_call_of_a_body_ends(self):
        """Who collects waits for the rest, and would for ever."""
        self.forget()
        wire = self.wire().send(FORMS["NDJSON"][0][:-1])
        self.assert_error(wire.response(), 408, 4)
        self.assertTrue(self.backend.cancelled.wait(harness.PATIENCE))

    def begin(self, type, *messages):
        """A conversation that has an answer, which waits for its last
        request."""
        self.backend.conversed.clear()
        wire = self.wire().send(of_page(
            b"POST %sConverse HTTP/1.1\r\nHost: a\r\nContent-Type: %s\r\n"
            b"Transfer-Encoding: chunked\r\n\r\n" % (
                SERVICE.encode(), type.encode())))
        for message in messages:
            wire.send(b"%x\r\n%s\r\n" % (len(message), message))
        return wire

    def test_a_conversation_that_has_begun_ends_in_its_form(self):
        wire = self.begin(STREAM_JSON, envelope(b'{"id":"a"}'),
                          envelope(b'{"id":"b"}'))
        response = wire.response()
        self.check(response, *end(4))
        self.assertEqual(frames.split(response.body)[0],
                         (0, b'{"id":"a"}'))
        self.is_over(wire, response)

    def test_a_conversation_in_JSON_has_the_Status_as_its_last_line(self):
        wire = self.begin(NDJSON, b'{"id":"a"}\n', b'{"id":"b"}\n')
        response = wire.response()
        self.assertEqual(response.status, 200)
        self.assertTrue(response.is_complete)   # it is for a page
        first, *_, last = response.lines()
        self.assertEqual(first, {"id": "a"})
        self.assertEqual((last["@type"], last["code"]), (
            "type.googleapis.com/google.rpc.Status", 4))
        self.is_over(wire, response)

    def test_a_head_is_a_bare_408(self):
        wire = self.wire().send("GET /v1/orders/1 HTTP/1.1\r\nHost")
        response = wire.response()
        error = self.assert_error(response, 408, 4)
        self.assertEqual(error["details"], [])
        self.is_over(wire, response)

    def test_HEAD_has_no_body_however_early_it_is_answered(self):
        wire = self.wire().send(
            "HEAD /v1/orders/1 HTTP/1.1\r\nHost: a\r\n"
            "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n")
        response = wire.response(is_head=True)
        self.assertEqual(response.status, 400)
        self.assertNotEqual(response.header("content-length"), "0")
        self.is_over(wire, response)


class TooMany(Scenario):
    SURPLUS = 64

    def own(self, more=None):
        """A gateway that one client has for itself."""
        gateway = self.start(self.backend.port, (
            more or self.cors) + "limits: {max_connections: 1}\n")
        self.addCleanup(lambda: self.assertEqual(gateway.stop(), 0))
        return gateway, self.wire(gateway.port)

    def assert_goes_on(self, first):
        response = first.send(request("GET", "/v1/orders/1")).response()
        self.assertEqual(response.status, 200)

    def test_a_request_is_told_in_the_form_of_its_protocol(self):
        gateway, first = self.own()
        self.assert_goes_on(first)
        cases = {**FORMS, "WebSocket": (
            websocket.handshake("/v1/orders/1"), rest)}
        for name, (data, make) in cases.items():
            with self.subTest(name):
                wire = self.wire(gateway.port).send(of_page(data))
                response = wire.response()
                self.check(response, *form_of(make, 14, 503, 503))
                self.assertEqual(response.header("retry-after"),
                                 None if response.status == 200 else "1")
                self.is_over(wire, response)
                self.assert_goes_on(first)

    def test_a_preflight_is_answered_so_that_the_page_may_read_the_503(self):
        gateway, first = self.own()
        self.assert_goes_on(first)
        wire = self.wire(gateway.port).send(request(
            "OPTIONS", "/v1/echo", None, [
                ("Origin", PAGE), ("Access-Control-Request-Method", "POST")]))
        response = wire.response()
        self.assertEqual(response.status, 204)
        self.is_over(wire, response)

    def test_far_too_many_are_told_before_they_ask(self):
        for more, origin in ((self.cors, None),
                             ("cors: {origins: '*'}\n", "*")):
            gateway, first = self.own(
                more + "errors: {style: google}\n")
            self.assert_goes_on(first)
            held = [self.wire(gateway.port) for _ in range(self.SURPLUS)]
            wire = self.wire(gateway.port)
            response = wire.response()
            self.assertEqual(response.status, 503, response)
            error = response.json()["error"]
            self.assertEqual((error["code"], error["status"]),
                             (503, "UNAVAILABLE"))
            self.assertEqual(response.header("access-control-allow-origin"),
                             origin)
            self.assertEqual(response.header("retry-after"), "1")
            self.is_over(wire, response)
            for wire in held:   # they had a second to ask
                self.assertEqual(wire.response().status, 408)
            self.assert_goes_on(first)
            gateway.wait_for('status=408 .*outcome="timeout"', self.SURPLUS)
            gateway.wait_for('status=503 .*path="-" .*outcome="connections" '
                             '.*remote="127.0.0.1"')


if __name__ == "__main__":
    harness.main()
