# SPDX-License-Identifier: Apache-2.0
"""Clients that leave, half-close, dawdle or do not read."""

import harness
from harness import request


class ClientGone(harness.Scenario):
    def setUp(self):
        self.forget()

    def hang(self):
        wire = self.wire().send(request("GET", "/v1/orders/1?hang=true"))
        self.assertTrue(self.backend.entered.wait(harness.PATIENCE))
        return wire

    def test_closing_cancels_the_call(self):
        self.hang().close()
        self.assertTrue(self.backend.cancelled.wait(harness.PATIENCE))
        self.gateway.wait_for('status=499.*outcome="client gone"')

    def test_a_reset_cancels_the_call(self):
        self.hang().abort()
        self.assertTrue(self.backend.cancelled.wait(harness.PATIENCE))

    def test_a_half_close_does_not(self):
        wire = self.hang().half_close()
        # The probe shows that the end was noticed, and borne.
        wire.read_until(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.backend.release.set()
        self.assertEqual(wire.response().status, 200)

    def test_leaving_after_a_half_close_cancels_the_call(self):
        # A stream that stays silent has no deadline to end it instead.
        wire = self.wire().send(
            request("GET", "/v1/streams/s?hang=true")).half_close()
        self.assertTrue(self.backend.entered.wait(harness.PATIENCE))
        # The second probe: the half-close has been borne, and is looked at.
        for _ in range(2):
            wire.read_until(b"HTTP/1.1 100 Continue\r\n\r\n")
        wire.close()
        self.assertTrue(self.backend.cancelled.wait(harness.PATIENCE))

    def test_leaving_a_stream_cancels_it(self):
        wire = self.wire().send(
            request("GET", "/v1/streams/s?count=1&hang=true"))
        self.assertTrue(self.backend.entered.wait(harness.PATIENCE))
        wire.read_until(b"\r\n\r\n")
        wire.close()
        self.assertTrue(self.backend.cancelled.wait(harness.PATIENCE))

    def test_leaving_a_busy_stream_cancels_it(self):
        wire = self.wire().send(
            request("GET", "/v1/streams/s?count=100000000&size=1000"))
        wire.read_until(b"\r\n\r\n")
        wire.close()
        self.assertTrue(self.backend.cancelled.wait(harness.PATIENCE))

    def test_others_on_the_connection_go_on(self):
        gone = self.hang()
        gone.close()
        self.assertEqual(self.ask("GET", "/v1/orders/2").status, 200)


class Dawdling(harness.Scenario):
    more = """
timeouts: {header: 0.3s, body: 0.3s, idle: 0.3s, send: 0.3s}
"""

    def test_a_slow_head_is_cut_off(self):
        wire = self.wire().send("GET /v1/orders/1 HTTP/1.1\r\nHos")
        self.assertTrue(wire.to_end().startswith(b"HTTP/1.1 408 "))

    def test_a_slow_body_is_cut_off(self):
        wire = self.wire().send(
            "POST /v1/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n"
            "Content-Type: application/json\r\n\r\n{")
        self.assertTrue(wire.to_end().startswith(b"HTTP/1.1 408 "))

    def test_a_client_that_takes_nothing_is_cut_off(self):
        wire = self.wire()
        wire.socket.setsockopt(1, 8, 4096)  # SO_RCVBUF
        wire.send(request("GET", "/v1/streams/s?count=1000000&size=1000"))
        self.assertTrue(self.backend.cancelled.wait(harness.PATIENCE))
        self.gateway.wait_for('path="/v1/streams/s".*outcome="timeout"')

    def test_an_idle_connection_is_closed(self):
        wire = self.wire().send(request("GET", "/v1/orders/1"))
        self.assertEqual(wire.response().status, 200)
        self.assertEqual(wire.to_end(), b"")


if __name__ == "__main__":
    harness.main()
