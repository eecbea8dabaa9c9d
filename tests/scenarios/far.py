# SPDX-License-Identifier: Apache-2.0
"""What a stream of responses may have under way, to the byte: window is given
back while there is enough left of it, and there is more of it where the way to
the backend is long."""

import forms
import harness
from forms import DOWNLOADS
from peer import WINDOW

NEAR = 256 << 10        # the most where the way is short
TRIP_MS = 400           # of a long one
PIECE = b"x" * 30000


class Windows(forms.Scenario):
    def begin(self):
        form = next(form for form in DOWNLOADS if form.name == "raw")
        self.stream = form.open(self)
        call = self.backend.next_call()
        call.head()
        self.stream.begin()
        return call

    def pass_one(self, call):
        """A message, as far as the client."""
        self.assertTrue(call.message(PIECE))
        self.stream.body = b""
        while len(self.stream.body) < len(PIECE):
            self.assertTrue(self.stream.piece())

    def finish(self, call):
        call.end()
        self.assertTrue(self.stream.to_end().is_complete)


class Near(Windows):
    patience = ", max_stream_window: 256KiB"    # however busy this machine is

    def test_window_is_given_back_before_it_is_used_up(self):
        call = self.begin()
        for _ in range(100):
            self.pass_one(call)
            self.assertTrue(call.wait(lambda c: c.window > WINDOW // 2))
            self.assertLessEqual(call.window, NEAR)
        self.finish(call)


class Far(Windows):
    def setUp(self):
        super().setUp()
        self.backend.is_far = True

    def acknowledge_late(self, connection):
        self.assertEqual(len(connection.owed), 1)
        self.let_time_pass(TRIP_MS)
        connection.acknowledge()

    def pass_until(self, call, claim, most):
        for _ in range(5000):
            if claim():
                return
            self.pass_one(call)
            self.assertLessEqual(call.window, most)
        self.fail("the window does not grow")

    def widen(self, call, most):
        """Window is not lent before the way has been measured once more."""
        owed = call.connection.owed
        self.pass_until(call, lambda: owed, most)
        for _ in range(30):
            self.pass_one(call)
            self.assertLessEqual(call.window, most)
        self.acknowledge_late(call.connection)
        self.pass_until(call, lambda: call.window > most, 8 * most)

    def test_a_long_way_is_measured_and_then_has_more_under_way(self):
        """And so have the next streams, which need not learn it again. What is
        lent is lent for one stream only, or the third would have none."""
        call = self.begin()
        self.acknowledge_late(call.connection)      # the SETTINGS
        self.widen(call, NEAR)
        for _ in range(3):
            self.widen(call, 10 * NEAR)
            self.finish(call)
            call = self.begin()
            self.assertTrue(call.wait(lambda c: c.window > 4 * NEAR))
        self.finish(call)


if __name__ == "__main__":
    harness.main()
