# SPDX-License-Identifier: Apache-2.0
"""The time of day jumps by an hour, forth and back, amid everything that takes
its time: nothing ends early, nothing ends late. Only what shows the time of day
to people goes along: the Date header and the log.

Late is an hour late, which no patience outlasts. Early is before something with
a shorter time that was begun later."""

import email.utils
import mmap
import os
import re
import struct
import time

import forms
import harness
import websocket
from forms import DOWNLOADS, UPLOADS, each
from harness import request
from peer import Peer

LIBRARY = os.path.abspath(
    os.path.join(harness.BUILD, "tests/scenarios/wall_clock.so"))
HOUR = 3600
JUMPS = (HOUR, -HOUR)
SHORT_MS = 200
LONG = "timeouts: {%s: 60s}\n"
SHORT = "timeouts: {%s: 0.2s}\n"


class Jumps(forms.Scenario):
    @classmethod
    def start(cls, port, more=None, pour=""):
        path = os.path.join(cls.directory.name, "clock")
        if not os.path.exists(path):
            with open(path, "wb") as f:
                f.write(bytes(8))
            with open(path, "r+b") as f:
                cls.clock = mmap.mmap(f.fileno(), 8)
        return harness.Gateway(
            "serve", "-c", cls.route_file(port, more, pour=pour),
            environment={"LD_PRELOAD": LIBRARY, "WALL_CLOCK": path})

    def setUp(self):
        super().setUp()
        self.jump(0)

    def jump(self, seconds):
        """From now on it is so much later than it is."""
        struct.pack_into("q", self.clock, 0, seconds)

    def own(self, more=""):
        gateway = super().own(more)
        self.addCleanup(lambda: self.assertEqual(gateway.stop(), 0))
        return gateway

    def wait_a_moment(self):
        """What has SHORT_MS or less is over then."""
        self.let_time_pass(SHORT_MS + 100)

    # ---- What follows it

    def test_what_people_read_follows_the_time_of_day(self):
        for off in (0, *JUMPS):
            self.jump(off)
            # MHD's heads and the log's lines are made anew each second at most.
            shown = self.ask("GET", "/nowhere/%d" % off).header("date")
            shown = email.utils.parsedate_to_datetime(shown).timestamp()
            line = self.gateway.wait_for("/nowhere/%d\"" % off)
            logged = re.match(r"time=(\S+)\.\d+Z ", line).group(1)
            logged = email.utils.datetime.datetime.fromisoformat(
                logged + "+00:00").timestamp()
            for t in (shown, logged):
                self.assertLess(abs(t - off - time.time()), HOUR / 2)

    # ---- Deadlines

    @each(JUMPS)
    def test_a_deadline_is_not_late(self, off):
        streams = []
        for form in DOWNLOADS:
            way = form.ways_to_limit(SHORT_MS)[0]
            stream = form.open(self, **way)
            call = self.backend.next_call()
            call.message(form.payload("one "))
            streams.append((form, stream, call))
        self.jump(off)
        for form, stream, call in streams:
            form.fails(self, stream.begin().to_end(), "one ", 4)
            self.assertTrue(call.wait_cancelled())

    @each(JUMPS)
    def test_a_deadline_is_not_early(self, off):
        streams = []
        for form in DOWNLOADS:
            way = form.ways_to_limit(60000)[0]
            stream = form.open(self, **way)
            call = self.backend.next_call()
            call.message(form.payload("one "))
            streams.append((form, stream, call))
        self.jump(off)
        self.wait_a_moment()
        for form, stream, call in streams:
            call.message(form.payload("two "))
            call.end()
            form.ends_well(self, stream.begin().to_end(), "one two ")

    @each(JUMPS)
    def test_what_is_left_of_a_deadline_goes_upstream(self, off):
        self.jump(-off)
        wire = self.wire().send(request(
            "GET", "/v1/orders/1", headers=[("Grpc-Timeout", "60S")]))
        call = self.backend.next_call()
        self.jump(off)
        self.wait_a_moment()
        self.assertFalse(call.is_cancelled())
        call.message(b"")
        call.end()
        self.assertEqual(wire.response().status, 200)

    @each(JUMPS)
    def test_a_deadline_amid_the_requests(self, off):
        uploads = []
        for form in UPLOADS:
            wire = form.open(self, headers=form.limit(SHORT_MS))
            wire.send(form.message("one"))
            uploads.append((form, wire, self.backend.next_call()))
        self.jump(off)
        for form, wire, call in uploads:
            form.fails(self, wire, 4)
            self.assertTrue(call.wait_cancelled())

    # ---- A stream's own times

    def heartbeats(self, gateway):
        wire = self.wire(gateway.port).send(request(
            "GET", forms.REST, headers=forms.accept(forms.SSE)))
        self.backend.next_call().head()
        wire.read_until(b"\r\n\r\n")
        return wire

    @each(JUMPS)
    def test_a_heartbeat_is_not_late(self, off):
        wire = self.heartbeats(self.own(SHORT % "heartbeat"))
        self.jump(off)
        self.assertEqual(wire.chunk(), b":\n\n")
        self.jump(0)
        self.assertEqual(wire.chunk(), b":\n\n")

    @each(JUMPS)
    def test_a_heartbeat_is_not_early(self, off):
        wire = self.heartbeats(self.own(LONG % "heartbeat"))
        self.jump(off)
        self.wait_a_moment()
        wire.socket.setblocking(False)
        with self.assertRaises(BlockingIOError):
            wire.socket.recv(1)

    @each(JUMPS)
    def test_the_head_of_a_silent_stream_is_not_late(self, off):
        gateway = self.own(SHORT % "stream_head")
        wire = self.wire(gateway.port).send(request("GET", forms.REST))
        self.backend.next_call()
        self.jump(off)
        self.assertIn(b"200 OK", wire.read_until(b"\r\n\r\n"))

    @each(JUMPS)
    def test_a_silent_websocket_is_asked_in_time_and_cut_off_in_time(
            self, off):
        gateway = self.own("timeouts: {ping: 1s, pong: 1s}\n")
        client = websocket.Client(self, forms.REST, port=gateway.port)
        call = self.backend.next_call()
        self.jump(off)
        self.assertEqual(client.frame()[0], websocket.PING)
        self.jump(0)
        self.assertTrue(call.wait_cancelled())
        client.wire.to_end()

    # ---- A connection's phases: how each is begun, and what is over when it is

    BEGUN = {
        "header": b"GET /healthz HT",
        "body": b"POST /v1/echo HTTP/1.1\r\nHost: a\r\nContent-Length: 20\r\n"
                b"Content-Type: application/json\r\n\r\n{",
    }
    REST_OF = {
        "header": b"TP/1.1\r\nHost: a\r\n\r\n",
        "body": b"}" + b" " * 18,
    }

    def begin(self, gateway, phase):
        wire = self.wire(gateway.port)
        if phase == "idle":
            wire.send(request("GET", "/healthz")).response()
        else:
            wire.send(self.BEGUN[phase])
        self.ask("GET", "/healthz", port=gateway.port)  # it has been read
        return wire

    @each(JUMPS)
    def test_a_phase_is_not_late(self, off):
        for phase in ("header", "body", "idle"):
            with self.subTest(phase):
                self.jump(0)
                gateway = self.own(SHORT % phase)
                wire = self.begin(gateway, phase)
                self.jump(off)
                if phase != "idle":
                    self.assert_error(wire.response(), 408, 4)
                self.assertEqual(wire.to_end(), b"")

    @each(JUMPS)
    def test_a_phase_is_not_early(self, off):
        for phase in ("header", "body", "idle"):
            with self.subTest(phase):
                self.jump(0)
                gateway = self.own(LONG % phase)
                wire = self.begin(gateway, phase)
                self.jump(off)
                self.wait_a_moment()
                if phase == "body":
                    wire.send(self.REST_OF[phase])
                    call = self.backend.next_call()
                    call.message(b"")
                    call.end()
                elif phase == "header":
                    wire.send(self.REST_OF[phase])
                else:
                    wire.send(request("GET", "/healthz"))
                self.assertEqual(wire.response().status, 200)

    @each(JUMPS)
    def test_an_upstream_that_was_away_is_tried_again(self, off):
        self.jump(0)
        away = Peer()
        away.stop()
        gateway = self.start(away.port)
        self.addCleanup(lambda: self.assertEqual(gateway.stop(), 0))

        def ask():
            return self.ask("GET", "/v1/orders/1", port=gateway.port).status

        self.assertEqual(ask(), 503)
        self.jump(off)
        back = Peer(away.port)
        self.addCleanup(back.stop)
        back.reply = harness.Answer(text="back").SerializeToString()
        for _ in range(20000):
            if ask() == 200:
                return
        self.fail("it is never tried again")


if __name__ == "__main__":
    harness.main()
