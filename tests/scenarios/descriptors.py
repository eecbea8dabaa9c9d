# SPDX-License-Identifier: Apache-2.0
"""Fewer descriptors than clients: who cannot be accepted waits, and costs
nothing meanwhile; an upstream that cannot be connected to is a 503 in the form
of who asked; and when there are descriptors again all is as before."""

import resource
import time

import forms
import harness
import websocket
from faults import Faults
from forms import DOWNLOADS, UNARY, UPLOADS
from harness import request

FEW = 64
CLIENTS = 200
ASK = request("GET", "/v1/orders/1")
REPLY = harness.Answer(text="here").SerializeToString()


def limit_to(gateway, n=None):
    """From now on so many may be open, or as many as ever."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.prlimit(gateway.process.pid, resource.RLIMIT_NOFILE,
                     (hard if n is None else n, hard))


class Descriptors(forms.Scenario):
    @classmethod
    def start(cls, port, more=None, pour=""):
        cls.faults = Faults(cls.directory.name)
        return harness.Gateway("serve", "-c",
                               cls.route_file(port, more, pour=pour),
                               environment=cls.faults.environment)

    def setUp(self):
        super().setUp()
        self.ready = []             # connections that are accepted already
        self.backend.reply = REPLY

    def wire(self, port=None):
        return self.ready.pop() if self.ready else super().wire(port)

    def own(self):
        gateway = super().own()
        self.addCleanup(lambda: self.assertEqual(gateway.stop(), 0))
        return gateway

    def is_served(self, gateway):
        wire = harness.Wire(gateway.port).send(ASK)
        status = wire.response().status
        wire.close()
        return status == 200

    def until(self, claim):
        for _ in range(20000):
            if claim():
                return
        self.fail("it never came true")

    def assert_rests(self, wire):
        """Half a second goes by, which the deadline of a call sees to."""
        self.backend.reply = None
        points = ("accept", "wait")
        before = [self.faults.calls(point) for point in points]
        began = time.monotonic()
        wire.send(request("GET", "/v1/orders/1",
                          headers=[("Grpc-Timeout", "500m")]))
        self.assert_error(wire.response(), 504, 4)
        took = time.monotonic() - began
        for point, n in zip(points, before):
            self.assertLess(self.faults.calls(point) - n, 20 + 50 * took,
                            point)
        self.backend.reply = REPLY

    def test_clients_that_cannot_be_accepted_wait(self):
        gateway = self.own()
        first = self.wire(gateway.port).send(ASK)
        self.assertEqual(first.response().status, 200)
        before = gateway.descriptors()
        limit_to(gateway, FEW)
        outside = [self.wire(gateway.port).send(ASK) for _ in range(CLIENTS)]
        inside = []
        while len(inside) < FEW - before:
            for wire in harness.readable(outside):
                self.assertEqual(wire.response().status, 200)
                outside.remove(wire)
                inside.append(wire)
        self.assertEqual(gateway.descriptors(), FEW)
        self.assert_rests(first)
        self.assertEqual(first.send(ASK).response().status, 200)

        for wire in inside:
            wire.close()
        while outside:
            for wire in harness.readable(outside):
                self.assertEqual(wire.response().status, 200)
                outside.remove(wire)
                wire.close()
        self.until(lambda: self.is_served(gateway) and
                   gateway.descriptors() <= before + 2)
        self.assertEqual(first.send(ASK).response().status, 200)

    def in_its_form(self, form, wire):
        """A download that cannot begin."""
        response = wire.response()
        if isinstance(form, (forms.GrpcWeb, forms.Connect)):
            form.fails(self, forms.Ending(response.body, response.is_complete),
                       "", 14)
        else:
            self.assert_error(response, 503, 14)
            self.assertIsNotNone(response.header("retry-after"))

    def unary(self, name, wire):
        response = wire.send(UNARY[name]).response()
        if name == "gRPC-Web":
            forms.GrpcWeb("", "").fails(self, forms.Ending(
                response.body, response.is_complete), "", 14)
        elif name.startswith("Connect"):
            self.assertEqual(response.status, 503)
            self.assertEqual(response.json()["code"], "unavailable")
        else:
            self.assert_error(response, 503, 14)

    def each_form(self):
        """(its name, what it does with a connection that is there)."""
        for name in UNARY:
            yield name, lambda: self.unary(name, self.wire())
        for form in DOWNLOADS:
            if isinstance(form, forms.Socket):
                ask = websocket.handshake(form.target, [
                    ("Sec-WebSocket-Protocol", form.protocol)])
            else:
                ask = form.request()
            yield form, lambda: self.in_its_form(form, self.wire().send(ask))
        for form in UPLOADS:
            if not isinstance(form, forms.SocketUpload):
                yield form, lambda: form.fails(self, self.upload(form), 14)

    def upload(self, form):
        wire = form.open(self)
        return wire.send(form.message("one") + form.end())

    def test_an_upstream_that_cannot_be_connected_to(self):
        gateway = self.own()
        ready = [self.wire(gateway.port) for _ in self.each_form()]
        for wire in ready:
            wire.send(request("GET", "/healthz"))
            self.assertEqual(wire.response().status, 200)
        limit_to(gateway, 3)    # what is closed now does not come back
        for form, act in self.each_form():
            with self.subTest(str(form)):
                self.ready = [ready.pop()]
                act()
        limit_to(gateway)
        self.until(lambda: self.is_served(gateway))

    def test_a_start_with_few_descriptors_leaves_some_for_upstreams(self):
        gateway = harness.Gateway(
            "serve", "-c", self.route_file(self.backend.port),
            under=("sh", "-c", 'ulimit -n %d; exec "$0" "$@"' % FEW))
        self.addCleanup(lambda: self.assertEqual(gateway.stop(), 0))
        line = gateway.wait_for(r"sluice: max_connections: 10000 cannot be had "
                                r"where 64 descriptors may be open "
                                r"\(ulimit -n\); it is \d+$")
        most = int(line.split()[-1])
        self.assertGreater(most, FEW // 4)
        wires = [self.wire(gateway.port).send(ASK) for _ in range(CLIENTS)]
        statuses = [wire.response().status for wire in wires]
        self.assertEqual(statuses.count(200), most)
        self.assertEqual(statuses.count(503), CLIENTS - most)
        wire = wires[statuses.index(200)]
        for connection in self.backend.connections:
            if connection.socket.fileno() >= 0:
                connection.socket.shutdown(2)
        self.until(lambda: wire.send(ASK).response().status == 200)
        for other in wires:
            if other is not wire:
                other.close()
        self.until(lambda: self.is_served(gateway))


if __name__ == "__main__":
    harness.main()
