# SPDX-License-Identifier: Apache-2.0
"""The end of the program: what runs is finished, the rest is told."""

import signal

import harness
from harness import Backend, request


class Drain(harness.Scenario):
    def own(self, more="", backend=None):
        gateway = self.start(self.backend.port, more)
        self.addCleanup(lambda: gateway.process.poll() is None
                        and gateway.process.kill())
        self.forget()
        return gateway

    def test_an_idle_gateway_ends_with_0(self):
        self.assertEqual(self.own().stop(), 0)
        self.assertEqual(self.own().stop(signal.SIGINT), 0)

    def test_idle_connections_do_not_hold_it(self):
        gateway = self.own()
        wire = self.wire(gateway.port).send(request("GET", "/v1/orders/1"))
        self.assertEqual(wire.response().status, 200)
        self.wire(gateway.port)
        self.assertEqual(gateway.stop(), 0)

    def test_what_runs_is_finished(self):
        gateway = self.own()
        wire = self.wire(gateway.port).send(
            request("GET", "/v1/orders/1?hang=true"))
        self.assertTrue(self.backend.entered.wait(harness.PATIENCE))
        gateway.process.send_signal(signal.SIGTERM)
        gateway.wait_for("draining")
        self.backend.release.set()
        response = wire.response()
        self.assertEqual(response.status, 200)
        self.assertEqual(response.header("connection"), "close")
        self.assertEqual(gateway.stop(None), 0)

    def test_what_overruns_the_grace_is_503(self):
        gateway = self.own("timeouts: {grace: 0.2s}\n")
        wire = self.wire(gateway.port).send(
            request("GET", "/v1/orders/1?hang=true"))
        self.assertTrue(self.backend.entered.wait(harness.PATIENCE))
        gateway.process.send_signal(signal.SIGTERM)
        response = wire.response()
        self.assert_error(response, 503, 14)
        self.assertEqual(response.header("connection"), "close")
        self.assertIsNotNone(response.header("retry-after"))
        self.assertEqual(gateway.stop(None), 0)

    def test_the_last_of_many_ends_it(self):
        gateway = self.own("timeouts: {grace: 0.2s}\n")
        wires = []
        for _ in range(20):
            self.backend.entered.clear()
            wires.append(self.wire(gateway.port).send(
                request("GET", "/v1/orders/1?hang=true")))
            self.assertTrue(self.backend.entered.wait(harness.PATIENCE))
        gateway.process.send_signal(signal.SIGTERM)
        for wire in wires:
            self.assert_error(wire.response(), 503, 14)
        self.assertEqual(gateway.stop(None), 0)

    def test_a_second_signal_ends_at_once(self):
        gateway = self.own()
        self.wire(gateway.port).send(
            request("GET", "/v1/orders/1?hang=true"))
        self.assertTrue(self.backend.entered.wait(harness.PATIENCE))
        gateway.process.send_signal(signal.SIGTERM)
        gateway.wait_for("draining")
        self.assertEqual(gateway.stop(), -signal.SIGTERM)


class BackendFaults(harness.Scenario):
    def test_no_backend_is_503_without_its_address(self):
        backend = Backend()
        port = backend.port
        backend.stop()
        gateway = self.start(port)
        response = self.ask("GET", "/v1/orders/1", port=gateway.port)
        error = self.assert_error(response, 503, 14)
        self.assertNotIn(str(port), response.body.decode())
        self.assertNotIn("127.0.0.1", error["message"])
        self.assertEqual(gateway.stop(), 0)

    def test_a_backend_that_stops_during_the_call_is_an_error(self):
        """Which one: whatever of its leaving comes first."""
        backend = Backend()
        gateway = self.start(backend.port)
        wire = self.wire(gateway.port).send(
            request("GET", "/v1/orders/1?hang=true"))
        self.assertTrue(backend.entered.wait(harness.PATIENCE))
        backend.server.stop(None)       # the method still hangs
        response = wire.response()
        self.assertIn(response.status, (499, 502, 503))
        backend.stop()
        self.assertEqual(gateway.stop(), 0)

    def test_a_backend_that_comes_back_is_used_again(self):
        backend = Backend()
        gateway = self.start(backend.port)
        self.assertEqual(
            self.ask("GET", "/v1/orders/1", port=gateway.port).status, 200)
        port = backend.port
        backend.stop()
        backend = Backend("127.0.0.1:%d" % port)
        statuses = set()
        while 200 not in statuses:
            statuses.add(self.ask("GET", "/v1/orders/1",
                                  port=gateway.port).status)
            self.assertTrue(statuses <= {200, 502, 503}, statuses)
        backend.stop()
        self.assertEqual(gateway.stop(), 0)

    def test_a_message_over_the_limit_is_500(self):
        gateway = self.start(
            self.backend.port, "limits: {max_response_message: 64KiB}\n")
        self.assert_error(
            self.ask("GET", "/v1/orders/1?size=100000", port=gateway.port),
            500, 8)
        self.assertEqual(
            self.ask("GET", "/v1/orders/1?size=1000",
                     port=gateway.port).status, 200)
        self.assertEqual(gateway.stop(), 0)


if __name__ == "__main__":
    harness.main()
