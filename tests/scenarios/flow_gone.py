# SPDX-License-Identifier: Apache-2.0
"""Clients that leave, at each moment and in each form: the backend hears of it
at once. Those who have merely finished sending are served."""

import math

import forms
import harness
import leaving
from forms import DOWNLOADS, UNARY, UPLOADS, each

HTTP = [form for form in DOWNLOADS if not isinstance(form, forms.Socket)]


class Leaving(forms.Scenario):
    def leave(self, wire, call, how):
        """It is heard of before a call that has a second, begun then, is
        over."""
        _, other = self.begin_limited(1000)
        getattr(wire, how)()
        self.assertTrue(call.wait_cancelled())
        self.assertLess(call.cancelled_at, other.cancelled_at or math.inf)

    def leave_each(self, moment, table, how):
        for form in table:
            with self.subTest("%s: %s" % (how, form)):
                self.leave(*moment(self, form), how)

    @each(UPLOADS)
    def test_leaving_late_with_a_request(self, form):
        wire, call = leaving.between_requests(self, form)
        self.let_time_pass(120)
        self.leave(leaving.Last(wire, form.message("two")), call, "close")

    @each(DOWNLOADS)
    def test_a_half_close_amid_more_than_it_reads(self, form):
        """On a stream that has begun it counts as leaving."""
        self.leave(*leaving.amid_more_than_it_reads(self, form), "half_close")

    def half_closed(self):
        streams = []
        for form in HTTP:
            stream = form.open(self)
            stream.wire.half_close()
            streams.append((form, stream, self.backend.next_call()))
        return streams

    def test_a_half_close_is_no_leaving(self):
        streams = self.half_closed()
        for form, _, call in streams:
            call.message(form.payload("one "))
        self.let_time_pass(150)     # a FIN is noticed after some milliseconds
        for form, stream, call in streams:
            with self.subTest(str(form)):
                call.message(form.payload("two "))
                call.end()
                form.ends_well(self, stream.begin().to_end(), "one two ")

    def test_a_half_close_long_before_the_head_is_no_leaving(self):
        streams = self.half_closed()
        self.let_time_pass(150)
        for form, _, call in streams:
            call.message(form.payload("one "))
        self.let_time_pass(150)
        for form, stream, call in streams:
            with self.subTest(str(form)):
                call.message(form.payload("two "))
                call.end()
                form.ends_well(self, stream.begin().to_end(), "one two ")

    @each(HTTP)
    def test_leaving_after_a_half_close_is_seen_with_the_next_message(
            self, form):
        stream = form.open(self)
        stream.wire.half_close()
        call = self.backend.next_call()
        call.message(form.payload("one "))
        stream.begin().piece()
        stream.wire.close()
        call.message(form.payload("two "))
        self.assertTrue(call.wait_cancelled())

    @each([name for name in UNARY if name != "WebSocket"])
    def test_a_half_close_after_a_unary_request(self, name):
        wire = self.wire().send(UNARY[name]).half_close()
        call = self.backend.next_call()
        call.message(b"")
        call.end()
        self.assertEqual(wire.response().status, 200)


def add(moment, table, how):
    def test(self):
        self.leave_each(moment, table, how)
    name = {"close": "leaving", "abort": "a_reset"}[how]
    setattr(Leaving, "test_%s_%s" % (name, moment.__name__), test)


for moment, table, ways in leaving.MOMENTS:
    for how in ways:
        add(moment, table, how)


if __name__ == "__main__":
    harness.main()
