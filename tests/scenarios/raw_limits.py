# SPDX-License-Identifier: Apache-2.0
"""Many clients, rude endings: nothing is lost, nothing stays behind."""

import random
import unittest

import harness
import http2
from harness import Gateway, request

CLIENTS = 64
REQUESTS = 500      # each


class RawLimits(harness.Scenario):
    workers = 1

    def own(self, more="", backend=None):
        gateway = self.start((backend or self.backend).port, more)
        self.addCleanup(lambda: self.assertEqual(gateway.stop(), 0))
        self.forget()
        return gateway

    def until(self, gateway, claim):
        """Asks, so that the gateway has its turns, until the claim is true."""
        for _ in range(20000):
            if claim():
                return
            self.once(gateway, "/healthz")
        self.fail("it never came true")

    def once(self, gateway, target):
        """The status of a request on a connection of its own."""
        wire = harness.Wire(gateway.port)
        status = wire.send(request("GET", target)).response().status
        wire.close()
        return status

    def test_a_client_over_the_limit_is_told_503(self):
        gateway = self.own("limits: {max_connections: 10}\n")
        ask = request("GET", "/v1/orders/1")
        wires = [self.wire(gateway.port) for _ in range(10)]
        for wire in wires:
            self.assertEqual(wire.send(ask).response().status, 200)
        for _ in range(20):
            wire = self.wire(gateway.port)
            response = wire.send(ask).response()
            self.assert_error(response, 503, 14)
            self.assertEqual(response.header("connection"), "close")
            self.assertIsNotNone(response.header("retry-after"))
            self.assertEqual(wire.to_end(), b"")
        for wire in wires:
            self.assertEqual(wire.send(ask).response().status, 200)
        wires.pop().close()
        self.until(
            gateway, lambda: self.once(gateway, "/v1/orders/1") == 200)

    def churn(self, gateway, dice, n):
        whole = [request("GET", "/v1/orders/1"),
                 request("GET", "/v1/orders/hang"),
                 request("GET", "/v1/streams/stream"),
                 request("POST", "/v1/echo", {"name": "x" * 2000}),
                 request("POST", "/v1/collections", b'{"id":"a"}'),
                 b"no HTTP at all\r\n\r\n"]
        for _ in range(n):
            wire = harness.Wire(gateway.port)
            data = dice.choice(whole)
            end = dice.choice([0, len(data), dice.randrange(len(data))])
            wire.send(data[:end])
            if end == len(data) and b"hang" not in data \
                    and dice.random() < 0.5:
                wire.more()
            if dice.random() < 0.8:
                wire.abort()
            else:
                wire.close()

    def test_connections_that_end_rudely_leave_nothing_behind(self):
        def begin_stream(c, stream, times):
            c.head(stream, *http2.HEAD)
            for _ in range(3):
                c.data(stream, http2.message(b""))

        backend = http2.Backend({
            "hang": lambda c, stream, times: None, "stream": begin_stream})
        self.addCleanup(backend.stop)
        gateway = self.own(backend=backend)
        self.assertEqual(self.once(gateway, "/v1/orders/1"), 200)
        base = gateway.descriptors()
        dice = random.Random(1)
        self.churn(gateway, dice, 1000)
        self.until(gateway, lambda: gateway.descriptors() <= base)
        rss = gateway.rss()
        self.churn(gateway, dice, 1000)
        self.until(gateway, lambda: gateway.descriptors() <= base)
        self.assertLess(gateway.rss() - rss, 2 << 20)
        self.assertEqual(self.once(gateway, "/v1/orders/1"), 200)

    def test_a_slow_first_request_holds_those_behind_it(self):
        gateway = self.own()
        self.backend.entered.clear()
        calls = len(self.backend.calls)
        wire = self.wire(gateway.port)
        before = gateway.rss()
        wire.send(request("GET", "/v1/orders/slow?hang=true") + b"".join(
            request("GET", "/v1/orders/%d" % i) for i in range(99)))
        self.assertTrue(self.backend.entered.wait(harness.PATIENCE))
        for _ in range(20):     # others do not wait
            self.assertEqual(self.once(gateway, "/v1/orders/o"), 200)
        self.assertEqual(len(self.backend.calls), calls + 21)
        self.assertLess(gateway.rss() - before, 2 << 20)
        self.backend.release.set()
        for id in ["slow", *map(str, range(99))]:
            self.assertEqual(wire.response().json()["id"], id)


class KeepAlive(unittest.TestCase):
    """The built-in service, which answers within the loop: epoll sees as many
    sockets at once as there are clients."""

    def test_no_request_of_many_clients_is_lost(self):
        gateway = Gateway("demo", "--listen", "127.0.0.1:0")
        ask = request("GET", "/v1/shelves?page_size=1")
        wires = [harness.Wire(gateway.port) for _ in range(CLIENTS)]
        expected = wires[0].send(ask).response()
        self.assertEqual(expected.status, 200)
        length = len(expected.raw)
        left = dict.fromkeys(wires, REQUESTS)
        for wire in wires:
            wire.send(ask)
        while left:
            for wire in harness.readable(left):
                self.assertTrue(wire.more(), "closed")
                if len(wire.buffer) < length:
                    continue
                self.assertTrue(wire.buffer.endswith(expected.body))
                self.assertEqual(len(wire.buffer), length)
                wire.buffer = b""
                left[wire] -= 1
                if left[wire] == 0:
                    del left[wire]
                    wire.close()
                else:
                    wire.send(ask)
        self.assertEqual(gateway.stop(), 0)


if __name__ == "__main__":
    harness.main()
