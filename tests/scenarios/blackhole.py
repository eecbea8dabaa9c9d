# SPDX-License-Identifier: Apache-2.0
"""Backends that say nothing at all: those that do not answer when somebody
connects, and those whose connections have fallen silent. Only clocks can tell.
Calls to them end in their time and their form; other backends feel nothing."""

import select
import socket

import flights
import forms
import harness
import victim
from harness import Answer, request
from peer import Peer

PATIENT_MS = 50000      # a deadline that only a hang can reach
OTHER = request("POST", "/raw.Other/Echo", b"x", forms.typed("video/x"))


class Hole:
    """A port that is there and never answers: its queue of connections is
    full, so the kernel drops what asks for another one."""

    def __init__(self, **_):
        self.listener = socket.socket()
        self.listener.bind(("127.0.0.1", 0))
        self.listener.listen(0)
        self.port = self.listener.getsockname()[1]
        self.filler = socket.create_connection(("127.0.0.1", self.port))

    def open(self):
        """Somebody is there after all."""
        self.filler.close()
        return Peer(listener=self.listener)

    def stop(self):
        self.filler.close()
        self.listener.close()


class WithAnother(forms.Scenario):
    """A second backend, which is well."""

    services = "  - {name: raw.Other, upstream: other}"
    methods = "  - {selector: raw.Other.Echo}"

    @classmethod
    def setUpClass(cls):
        other = Peer()
        cls.addClassCleanup(other.stop)
        other.reply = b"well"
        cls.upstreams = "  other: {target: \"ipv4:127.0.0.1:%d\", " \
            "schema: none}" % other.port
        super().setUpClass()

    def open_all(self, ms=PATIENT_MS):
        under_way = flights.all_forms()
        for flight in under_way:
            flight.open(self, ms)
            flight.step()
        return under_way

    def land_all(self, under_way, code):
        for flight in under_way:
            with self.subTest(flight.name):
                self.assertIn(flight.land(self), (code, None))

    def ask_the_other(self):
        wire = self.wire()
        for _ in range(100):
            response = wire.send(OTHER).response()
            self.assertEqual((response.status, response.body), (200, b"well"))


class Unanswered(WithAnother):
    backend_type = Hole
    patience = ", connect_timeout: 0.4s"
    more = "timeouts: {stream_head: 1h}\n"

    def test_calls_end_when_the_time_to_connect_is_over(self):
        under_way = self.open_all()
        self.ask_the_other()
        self.land_all(under_way, 14)
        for name in ("REST", "HttpBody", "raw"):
            response = self.wire().send(forms.UNARY[name]).response()
            error = self.assert_error(response, 503, 14)
            self.assertEqual(error["message"], "the backend cannot be reached")
            self.assertEqual(response.header("retry-after"), "1")


class Waiting(WithAnother):
    """There is all the time of the world to connect."""

    backend_type = Hole
    patience = ", connect_timeout: 1h"
    more = "timeouts: {stream_head: 1h, grace: 0.2s}\n"

    def test_deadlines_of_calls_count(self):
        self.land_all(self.open_all(100), 4)

    def test_another_backend_feels_nothing(self):
        under_way = self.open_all()
        self.ask_the_other()
        for flight in under_way:
            self.assertEqual(
                select.select([flight.wire.socket], [], [], 0)[0], [])

    def test_a_client_may_leave(self):
        for flight in self.open_all():
            flight.wire.close()
        self.ask_the_other()

    def test_the_gateway_may_be_stopped(self):
        gateway = self.own(self.more)
        wires = [self.wire(gateway.port).send(data)
                 for data in forms.UNARY.values()]
        gateway.wait_for("listening")
        self.assertEqual(gateway.stop(), 0)
        for wire in wires:
            wire.to_end()

    def test_a_backend_that_answers_late_is_used(self):
        hole = Hole()
        gateway = self.start(hole.port)
        self.addCleanup(gateway.stop)
        wire = self.wire(gateway.port).send(forms.UNARY["REST"])
        self.wire(gateway.port).send(OTHER).response()  # it has come so far
        peer = hole.open()
        self.addCleanup(peer.stop)
        peer.reply = Answer(text="late").SerializeToString()
        self.assertEqual(wire.response().json(), {"text": "late"})


class Silent(WithAnother, victim.Scenario):
    """Its kernel acknowledges all, and would take connections."""

    patience = (", connect_timeout: 0.4s, keepalive: "
                "{time: 0.3s, timeout: 0.3s, permitted: true}")
    more = "timeouts: {header: 2s, stream_head: 1h}\n"
    share_that_hangs = 1

    def silence(self):
        self.backend.pause()
        self.addCleanup(self.backend.go_on)

    def test_calls_end_when_a_PING_is_not_answered(self):
        begun = self.open_all()
        self.silence()
        late = self.open_all()
        self.ask_the_other()
        self.land_all(begun + late, 14)
        # Nor do new connections get an answer.
        self.land_all(self.open_all(), 14)
        self.backend.go_on()
        self.until_it_is_back()

    def test_a_backend_that_answers_PINGs_is_left_alone(self):
        """However long its calls take."""
        self.until_it_is_back()
        self.land_all(self.open_all(1500), 4)


class Unasked(victim.Scenario):
    patience = ", keepalive: {time: 0s}"

    def test_without_PINGs_only_deadlines_tell(self):
        self.until_it_is_back()
        self.backend.pause()
        self.addCleanup(self.backend.go_on)
        wires = [self.wire().send(flights.in_time(data, 1000))
                 for name, data in forms.UNARY.items() if name == "REST"]
        for wire in wires:
            self.assert_error(wire.response(), 504, 4)


if __name__ == "__main__":
    harness.main()
