# SPDX-License-Identifier: Apache-2.0
"""Clients that send a byte now and then, or take nothing, in each form: their
time is up however busy they look, and nobody else waits for them. And clients
whose requests come in odd pieces: they are answered as anybody."""

import socket
import types

import forms
import harness
import leaving
from forms import DOWNLOADS, UNARY, UPLOADS, each
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

    @each(DOWNLOADS)
    def test_a_client_that_takes_nothing_is_cut_off(self, form):
        stream, call = leaving.amid_more_than_it_reads(self, form)
        self.assertTrue(call.wait_cancelled())


class Pieces(forms.Scenario):
    """The answer is the same wherever a request is cut."""

    def upload(self, form):
        """The bytes of a stream of two requests."""
        sent = []
        wire = Recorder(sent)
        form.open(types.SimpleNamespace(wire=lambda port: wire))
        return b"".join(sent) + form.message("one") + form.message(
            "two") + form.end()

    def requests(self):
        for name, data in UNARY.items():
            if name != "WebSocket":
                yield "unary %s" % name, data
        for form in UPLOADS:
            if not isinstance(form, forms.SocketUpload):
                yield "stream %s" % form, self.upload(form)

    def ask(self, wire, pieces):
        *first, last = pieces
        for piece in first:
            wire.send(piece)
            self.let_it_turn()
        wire.send(last)
        response = wire.response()
        return response.status, response.body

    def test_every_cut(self):
        self.backend.reply = Answer(text="done").SerializeToString()
        for name, data in self.requests():
            with self.subTest(name):
                wire = self.wire()
                wire.socket.setsockopt(socket.IPPROTO_TCP,
                                       socket.TCP_NODELAY, 1)
                whole = self.ask(wire, [data])
                self.assertEqual(whole[0], 200)
                for cut in range(1, len(data)):
                    self.assertEqual(self.ask(
                        wire, [data[:cut], data[cut:]]), whole, cut)
                self.assertEqual(self.ask(
                    wire, [data[i:i + 1] for i in range(len(data))]), whole)


class Recorder:
    def __init__(self, sent):
        self.sent = sent

    def send(self, data):
        self.sent.append(data.encode() if isinstance(data, str) else data)


if __name__ == "__main__":
    harness.main()
