# SPDX-License-Identifier: Apache-2.0
"""Clients that send a byte now and then, or take nothing, in each form: their
time is up however busy they look, and nobody else waits for them. And clients
whose requests come in odd pieces: they are answered as anybody."""

import re
import socket

import forms
import harness
import leaving
import websocket
import whole
from forms import DOWNLOADS, each
from harness import Answer, request

CROWD = 300


class Slow(forms.Scenario):
    more = """
timeouts: {header: 0.4s, body: 0.4s, send: 0.3s}
"""

    def trickle(self, wires, data):
        """A byte to each of them every 150 ms; until each has an answer."""
        for at in range(len(data)):
            for wire in wires:
                wire.send(data[at:at + 1])
            self.let_time_pass(150)
        return [wire.response() for wire in wires]

    def test_a_trickle_of_a_head_is_408(self):
        before = self.gateway.rss()
        wires = [self.wire() for _ in range(CROWD)]
        head = request("GET", "/v1/orders/1", headers=[("X", "y" * 99)])
        for response in self.trickle(wires, head[:8]):
            self.assert_error(response, 408, 4)
        self.assertLess(self.gateway.rss() - before,
                        CROWD * (12 << 10) + harness.STREAM_GROWTH)

    def test_a_trickle_of_a_unary_body_is_408(self):
        wires = [self.wire().send(
            "POST /v1/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 99\r\n"
            "Content-Type: application/json\r\n\r\n") for _ in range(CROWD)]
        for response in self.trickle(wires, b'{"name":'):
            self.assert_error(response, 408, 4)

    def test_a_steady_sender_of_a_body_has_time(self):
        """More than the body would have otherwise."""
        data = request("POST", "/v1/echo", {"name": "x" * 20000})
        wire = self.wire()
        for at in range(0, len(data), 1000):
            self.let_time_pass(50)
            wire.send(data[at:at + 1000])
        call = self.backend.next_call()
        call.message(b"")
        call.end()
        self.assertEqual(wire.response().status, 200)

    @each(DOWNLOADS)
    def test_a_client_that_takes_nothing_is_cut_off(self, form):
        stream, call = leaving.amid_more_than_it_reads(self, form)
        self.assertTrue(call.wait_cancelled())


class Pieces(forms.Scenario):
    """The answer is the same wherever a request is cut."""

    def connect(self):
        wire = self.wire()
        wire.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return wire

    def heard(self, wire, data):
        """The answer to it, all but the time of day."""
        if whole.is_socket(data):
            heard = wire.read_until(b"\x88\x02\x03\xe8")  # a Close, 1000
            heard += wire.send(websocket.close(1000)).to_end()
            return 101, re.sub(b"Date: .*\r\n", b"", heard)
        response = wire.response()
        return response.status, response.body, response.is_complete, [
            field for field in response.headers if field[0] != "date"]

    def ask(self, wire, pieces):
        """Others have a turn after each piece."""
        data = b"".join(pieces)
        if whole.is_socket(data):
            wire = self.connect()
        *first, last = pieces
        for piece in first:
            wire.send(piece)
            self.let_it_turn()
        wire.send(last)
        heard = self.heard(wire, data)
        if whole.is_socket(data):
            wire.close()
        return heard

    def test_every_cut(self):
        self.backend.reply = Answer(text="done").SerializeToString()
        for name, data in whole.requests():
            with self.subTest(name):
                wire = self.connect()
                expected = self.ask(wire, [data])
                self.assertIn(expected[0], (101, 200))
                for cut in range(1, len(data)):
                    self.assertEqual(self.ask(
                        wire, [data[:cut], data[cut:]]), expected, cut)
                self.assertEqual(self.ask(
                    wire, [data[i:i + 1] for i in range(len(data))]), expected)


if __name__ == "__main__":
    harness.main()
