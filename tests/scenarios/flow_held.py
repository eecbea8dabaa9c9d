# SPDX-License-Identifier: Apache-2.0
"""Slow sides, in each form: the other side is held, and the gateway keeps no
more than a window and a buffer of what is under way, however long it lasts.

What the gateway holds is counted: what went into it, less what came out, less
what the kernel keeps for the sockets on both sides.
"""

import forms
import harness
import slow
from forms import DOWNLOADS, UPLOADS, each
from harness import Answer, request
from peer import WINDOW

BUFFER = 64 << 10
NEAR = 256 << 10        # what a window grows to where the way is short
TEXT = "x" * 4000
SHORT, LONG = 1 << 20, 12 << 20     # bytes of a stream


class Held(forms.Scenario):
    # This machine may be so busy that its own loopback seems to be a long way.
    patience = ", max_stream_window: 256KiB"

    def size_of_one(self, form):
        """Bytes of a message with TEXT at the client."""
        sizes = []
        for n in (1, 2):
            stream = form.open(self)
            call = self.backend.next_call()
            for _ in range(n):
                call.message(form.payload(TEXT))
            call.end()
            stream.begin()
            sizes.append(self.size_of(stream))
        return sizes[1] - sizes[0]

    def size_of(self, stream):
        sizes = []
        self.assertTrue(stream.skim(sizes.append))
        return sizes[-1]

    def held(self, stream, call, one):
        """Bytes of responses in the gateway: what it has taken, less what it
        has sent, message for message."""
        out = len(stream.wire.buffer) + slow.queues(stream.wire.socket)[0]
        return call.sent - out / one * (5 + len(stream.form.payload(TEXT)))

    def test_clients_that_read_nothing(self):
        streams = []
        for form in DOWNLOADS:
            one = self.size_of_one(form)
            stream = form.open(self, buffer=65536)
            call = self.backend.next_call()
            call.pour(form.payload(TEXT), 1 << 20)
            stream.begin()
            streams.append((stream, call, one))
        sent = [slow.settle(self, call) for _, call, _ in streams]
        self.let_time_pass(100)     # TCP is in no hurry to acknowledge
        for (stream, call, one), n in zip(streams, sent):
            with self.subTest(str(stream.form)):
                self.assertEqual(call.sent, n)
                held = self.held(stream, call, one)
                self.assertLess(0, held)
                self.assertLess(held, BUFFER + NEAR)
                stream.wire.close()
                self.assertTrue(call.wait_cancelled())

    def test_a_backend_that_reads_nothing(self):
        self.backend.is_reading = False
        uploads = []
        for form in UPLOADS:
            wire = form.open(self)
            wire.send(form.message("one"))
            call = self.backend.next_call()
            sent = len(form.message("one")) + slow.fill(self, wire, form)
            uploads.append((form, wire, call, sent))
        self.let_time_pass(100)
        for form, wire, call, sent in uploads:
            with self.subTest(str(form)):
                self.assertEqual(call.received, WINDOW)
                held = (sent - slow.queues(wire.socket)[1]
                        - call.received * form.inflation)
                self.assertLess(held, BUFFER)
                wire.abort()
                self.assertTrue(call.wait_cancelled())
        self.backend.is_reading = True

    @each(DOWNLOADS)
    def test_a_long_stream_to_a_slow_client(self, form):
        slow.read_slowly(self, form, SHORT)
        self.assertLess(slow.read_slowly(self, form, LONG),
                        harness.STREAM_GROWTH)

    @each(UPLOADS)
    def test_a_long_stream_to_a_slow_backend(self, form):
        slow.send_to_slow(self, form, SHORT)
        self.assertLess(slow.send_to_slow(self, form, LONG),
                        harness.STREAM_GROWTH)

    def test_requests_behind_a_slow_one(self):
        one = request("GET", "/v1/orders/1?message=" + "x" * 2000)
        wire = self.wire().send(one)
        first = self.backend.next_call()
        before = self.gateway.rss()
        sent = slow.fill_with(self, wire, one)
        self.let_time_pass(100)
        self.assertLess(sent - slow.queues(wire.socket)[1], BUFFER)
        self.assertLess(self.gateway.rss() - before, harness.STREAM_GROWTH)
        for i in range(100):
            call = self.backend.next_call() if i else first
            call.message(Answer(index=i).SerializeToString())
            call.end()
            self.assertEqual(wire.response().json().get("index", 0), i)
            if i < 99:
                continue
            self.backend.next_call()    # no more than one at a time
            self.let_it_turn()
            self.assertEqual(self.backend.arrived, [])


if __name__ == "__main__":
    harness.main()
