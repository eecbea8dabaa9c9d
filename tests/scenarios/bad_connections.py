# SPDX-License-Identifier: Apache-2.0
"""Backends that break HTTP/2, flood, hang up, go away, stall or cannot be had.
At most the connection is lost; the gateway and the next call are not."""

import json
import os
import select
import signal
import socket
import struct
import subprocess
import sys
import tempfile

import harness
import http2
from bad import (
    BadBackend, GOOD, HALF, INFORMATIONAL, ORDER, STREAM, data, gone, head,
    hold, plays, send, trailers)
from harness import Answer, request
from http2 import (
    ACK, CONTINUATION, DATA, END_HEADERS, GOAWAY, HEAD, HEADERS, PING,
    PUSH_PROMISE, RST_STREAM, SETTINGS, STATUS_OK, block, field, frame,
    message)


def settings(*pairs):
    return lambda c, stream: c.settings(*pairs)


def flood(data, times):
    return lambda c, stream: c.flood(data, times)


def on_0(type, flags, payload=b"", **more):
    """A frame of the connection."""
    return lambda c, stream: c.send(type, flags, 0, payload, **more)


def opened_stream(c, stream):
    """PUSH_PROMISE of a stream, which we have forbidden."""
    c.send(PUSH_PROMISE, END_HEADERS, stream,
           struct.pack(">I", 2) + block((":method", "GET"), (":path", "/")))


BIG_VALUE = field("x", "y" * 4000, b"\x40")     # goes into the HPACK table

BROKEN_CONNECTIONS = {
    "DATA before the head": plays(data(message(GOOD))),
    "a frame of 2^24-1": plays(send(DATA, 0, length=0xffffff)),
    "HEADERS of 2^24-1": plays(send(HEADERS, 0, length=0xffffff)),
    "a frame over 16384": plays(head(), send(DATA, 0, bytes(16385))),
    "a window update of 0": plays(lambda c, stream: c.window(0, 0)),
    "the same for a stream": plays(lambda c, stream: c.window(stream, 0)),
    "a window past 2^31": plays(lambda c, stream: c.window(0, 0x7fffffff)),
    "a short window update": plays(on_0(http2.WINDOW_UPDATE, 0, b"\0")),
    "PUSH_PROMISE": plays(opened_stream),
    "a window of 2^31 in SETTINGS": plays(
        settings((http2.INITIAL_WINDOW, 1 << 31))),
    "frames of 100 bytes in SETTINGS": plays(settings((5, 100))),
    "ENABLE_PUSH 2": plays(settings((2, 2))),
    "SETTINGS of 5 bytes": plays(on_0(SETTINGS, 0, b"12345")),
    "SETTINGS ACK with a payload": plays(on_0(SETTINGS, ACK, b"123456")),
    "SETTINGS on a stream": plays(send(SETTINGS, 0)),
    "PING of 7 bytes": plays(on_0(PING, 0, b"1234567")),
    "PING on a stream": plays(send(PING, 0, b"12345678")),
    "GOAWAY of 3 bytes": plays(on_0(GOAWAY, 0, b"123")),
    "RST_STREAM of no stream": plays(on_0(RST_STREAM, 0, bytes(4))),
    "RST_STREAM of 3 bytes": plays(send(RST_STREAM, 0, bytes(3))),
    "DATA of no stream": plays(on_0(DATA, 0, b"x")),
    "HEADERS of no stream": plays(on_0(HEADERS, END_HEADERS, block(*HEAD))),
    "padding longer than its frame": plays(
        head(), send(DATA, 8, b"\xff\0\0")),
    "CONTINUATION of nothing": plays(
        send(CONTINUATION, END_HEADERS, block(*HEAD))),
    "a frame within a header block": plays(
        send(HEADERS, 0, block(HEAD[0])), on_0(PING, 0, b"12345678")),
    "endless CONTINUATION": plays(
        send(HEADERS, 0, block(HEAD[0])),
        *[send(CONTINUATION, 0, block(("x", "y")))] * 10000),
    "endless empty CONTINUATION": plays(
        send(HEADERS, 0, block(HEAD[0])), *[send(CONTINUATION, 0)] * 10000),
    "HPACK: an index of nothing": plays(send(HEADERS, END_HEADERS, b"\xfe")),
    "HPACK: an endless integer": plays(
        send(HEADERS, END_HEADERS, b"\xff" * 30)),
    "HPACK: a string past the end": plays(
        send(HEADERS, END_HEADERS, b"\x00\x01x\x7f\xff\xff\x03y")),
    "HPACK: a larger table than was offered": plays(
        send(HEADERS, END_HEADERS, b"\x3f\xff\xff\xff\x0f" + block(*HEAD))),
    "HPACK: broken Huffman": plays(
        send(HEADERS, END_HEADERS, b"\x00\x81\x00\x82\xff\xff")),
}

FLOODS = {
    "SETTINGS": plays(flood(frame(SETTINGS, 0, 0), 1000000)),
    "SETTINGS with values": plays(flood(
        frame(SETTINGS, 0, 0, struct.pack(">HI", 1, 0) * 10), 20000)),
    "PING": plays(flood(frame(PING, 0, 0, b"12345678"), 1000000)),
    "PRIORITY": plays(flood(
        frame(http2.PRIORITY, 0, 1, b"\0\0\0\0\x10"), 200000)),
    "window updates": plays(flood(
        frame(http2.WINDOW_UPDATE, 0, 0, b"\0\0\0\1"), 200000)),
    "unknown frames": plays(flood(frame(99, 0, 0, bytes(100)), 100000)),
    "empty DATA": plays(
        head(), lambda c, stream: c.flood(frame(DATA, 0, stream), 500000)),
    "1xx": plays(lambda c, stream: c.flood(
        frame(HEADERS, END_HEADERS, stream, block(*INFORMATIONAL)), 100000)),
    "resets of the same stream": plays(lambda c, stream: c.flood(
        frame(RST_STREAM, 0, stream, bytes(4)), 100000)),
}


class Connections(BadBackend):
    """The whole connection is lost; the next call has a new one."""

    scripts = {}

    def test_broken_HTTP_2_ends_the_connection(self):
        for name, script in BROKEN_CONNECTIONS.items():
            with self.subTest(name):
                def play(c, stream, times):
                    script(c, stream, times)
                    hold(c, stream)

                self.scripts["case"] = play
                self.bad("case", 502, 13, is_new_connection=True)

    def test_a_connection_that_ends_is_502(self):
        def half_close(c, stream):
            c.socket.shutdown(socket.SHUT_WR)
            hold(c, stream)

        def abort(c, stream):
            c.abort()

        for end in (half_close, abort, gone):
            for steps in ([], [head()], [head(), data(HALF)],
                          [head(), data(message(GOOD))]):
                with self.subTest(end=end.__name__, after=len(steps)):
                    self.scripts["case"] = plays(*steps, end)
                    self.bad("case", 502, 14, is_new_connection=True)

    def test_a_flood_ends_somehow_and_takes_no_memory(self):
        self.good()
        before = self.gateway.rss()
        for name, script in FLOODS.items():
            with self.subTest(name):
                def play(c, stream, times):
                    script(c, stream, times)
                    c.answer(stream, GOOD)

                self.scripts["case"] = play
                response = self.call("case")
                self.assertIn(response.status, (200, 502), response)
                self.good()
        self.assertLess(self.gateway.rss() - before, 8 << 20)

    def test_a_table_bomb_is_500_and_takes_no_memory(self):
        bomb = block(*HEAD) + BIG_VALUE + b"\xbe" * 16000
        self.scripts["case"] = plays(
            send(HEADERS, END_HEADERS, bomb[:http2.FRAME_MAX]),
            data(message(GOOD)), trailers())
        before = self.gateway.rss()
        for _ in range(5):
            self.bad("case", 500, 13)
        self.assertLess(self.gateway.rss() - before, 4 << 20)

    def test_each_ping_is_answered(self):
        def pinged(c, stream, times):
            c.ping()
            c.head(stream, *HEAD)
            c.ping()
            for byte in message(GOOD):
                c.data(stream, bytes([byte]))
                c.ping()
            c.head(stream, *STATUS_OK, end=True)
            c.ping()

        self.scripts["case"] = pinged
        before = self.good()
        self.assertEqual(self.call("case").json(), {"id": "good"})
        self.assertEqual(self.good(), before)

    def test_a_backend_that_ignores_windows_is_cut_off(self):
        codes = []

        def pour(c, stream, times):
            c.head(stream, *HEAD)
            piece = message(Answer(text="x" * 16000).SerializeToString())
            while stream not in c.resets:
                c.data(stream, piece)
                while select.select([c.socket], [], [], 0)[0]:
                    c.read_frame()
            codes.append(c.resets[stream])

        self.scripts["case"] = pour
        before = self.gateway.rss()
        wire = self.begin("case", STREAM)
        wire.read_until(b"\r\n\r\n")
        while not codes:
            self.good()
        self.assertEqual(codes, [http2.FLOW_CONTROL_ERROR])
        self.assertLess(self.gateway.rss() - before, 16 << 20)
        while wire.chunk():
            pass
        self.good()


def own_opening(*settings):
    """The usual opening with other settings."""
    return lambda c: c.hello(*settings)


def abort_in_the_preface(c):
    c.read_exactly(10)
    c.abort()


def speak_HTTP_1(c):
    c.read_exactly(24)
    c.raw(b"HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n")


def say_nonsense(c):
    c.raw(b"\x15\x03\x01\x00\x02\x02\x16" * 100)
    hold(c, 0)


def close_at_once(c):
    raise http2.Gone


def abort_at_once(c):
    c.abort()


def go_away_at_once(c):
    c.read_exactly(len(http2.PREFACE))
    c.raw(frame(SETTINGS, 0, 0) + frame(GOAWAY, 0, 0, bytes(8)))
    hold(c, 0)


def half_close_at_once(c):
    c.socket.shutdown(socket.SHUT_WR)
    hold(c, 0)


def broken_settings(c):
    c.send(SETTINGS, 0, 0, b"12345")
    hold(c, 0)


class Apart(BadBackend):
    """Each test has its own gateway: what that learns about its backend must
    not reach the next."""

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()

    @classmethod
    def tearDownClass(cls):
        cls.directory.cleanup()


class NoConnections(Apart):
    """Backends that cannot be had."""

    def until_good(self):
        """Asks until the backend is used again; all before is 503."""
        response = self.call("good")
        while response.status == 503:
            self.assert_error(response, 503, 14)
            response = self.call("good")
        self.assertEqual(response.status, 200, response)

    def test_a_backend_that_cannot_be_had_is_503_until_it_can(self):
        places = []
        for opening in (abort_in_the_preface, speak_HTTP_1, say_nonsense,
                        close_at_once, abort_at_once, go_away_at_once,
                        half_close_at_once, broken_settings):
            with self.subTest(opening.__name__):
                self.own({}, opening)
                places.append((opening.__name__, self.gateway))
                response = self.call("good")
                self.assert_error(response, 503, 14)
                self.assertEqual(response.header("retry-after"), "1")
                self.assertNotIn(str(self.backend.port).encode(),
                                 response.body)
        for name, self.gateway in places:   # by now most have waited enough
            with self.subTest(name):
                self.until_good()

    def test_a_port_where_nobody_listens_is_503_until_somebody_does(self):
        self.own({})
        port = self.backend.port
        self.backend.stop()
        self.assert_error(self.call("good"), 503, 14)
        self.backend = http2.Backend({}, port=port)
        self.addCleanup(self.backend.stop)
        self.until_good()

    def test_a_backend_without_SETTINGS_is_504_until_they_come(self):
        def late(c):
            c.backend.go.wait(harness.PATIENCE)
            c.hello()

        self.own({}, late)
        for _ in range(3):
            self.assert_error(
                self.call("good", headers=[("Grpc-Timeout", "50m")]), 504, 4)
        self.backend.go.set()
        self.assertEqual(self.good(), 0)

    def test_a_backend_that_never_reads_is_504_until_it_does(self):
        def late(c):
            c.settings((http2.INITIAL_WINDOW, 0x7fffffff))
            c.window(0, 0x7fff0000 - 65535)
            c.backend.go.wait(harness.PATIENCE)
            c.read_exactly(len(http2.PREFACE))
            c.send(SETTINGS, ACK, 0)

        self.own({}, late)
        before = self.gateway.rss()
        big = {"name": "x" * 3000000}
        for _ in range(10):     # more than the sockets can hold
            self.assert_error(
                self.ask("POST", "/v1/echo", big,
                         [("Grpc-Timeout", "50m")]), 504, 4)
        self.assertLess(self.gateway.rss() - before, 40 << 20)
        self.backend.go.set()
        self.assertEqual(self.good(), 0)


class Limits(Apart):
    """Windows, stream limits and goodbyes: nothing here is an error to the
    client."""

    def test_ten_calls_share_one_stream(self):
        def first(c, stream, times):
            c.backend.reached.set()
            c.backend.go.wait(harness.PATIENCE)
            c.ping()
            c.answer(stream, GOOD)

        self.own({"first": first}, own_opening((http2.MAX_STREAMS, 1)))
        wires = [self.begin("first")]
        self.assertTrue(self.backend.reached.wait(harness.PATIENCE))
        wires += [self.begin(i) for i in range(9)]
        # Their turn has come, if it will, when a later one has been served.
        self.assert_error(
            self.call("late", headers=[("Grpc-Timeout", "50m")]), 504, 4)
        self.backend.go.set()
        for wire in wires:
            self.assertEqual(wire.response().status, 200)
        self.assertEqual(self.backend.connections[0].most_open, 1)
        self.assertEqual(len(self.backend.connections), 1)

    def test_calls_wait_while_no_stream_is_allowed(self):
        def later(c):
            c.hello((http2.MAX_STREAMS, 0))
            c.wait(SETTINGS, ACK)
            c.backend.reached.set()
            c.backend.go.wait(harness.PATIENCE)
            c.ping()
            c.backend.connections[0].before = c.most_open
            c.settings((http2.MAX_STREAMS, 100))

        self.own({}, later)
        wires = [self.begin("good") for _ in range(3)]
        self.assertTrue(self.backend.reached.wait(harness.PATIENCE))
        self.backend.go.set()
        for wire in wires:
            self.assertEqual(wire.response().status, 200)
        self.assertEqual(self.backend.connections[0].before, 0)

    def test_a_window_of_0_holds_the_message_back(self):
        def shut(c):
            c.hello((http2.INITIAL_WINDOW, 0))
            stream = c.wait(HEADERS).stream
            c.ping()
            c.ping()
            c.before = len(c.bodies[stream])
            for _ in range(10):
                c.window(stream, 1)     # byte by byte
            c.window(stream, 1 << 20)

        self.own({}, shut)
        self.assertEqual(self.good(), 0)
        self.assertEqual(self.backend.connections[0].before, 0)

    def test_a_window_that_shuts_midway_and_opens_again(self):
        def shrink(c):
            c.hello((http2.INITIAL_WINDOW, 20000))
            stream = c.wait(HEADERS).stream
            while len(c.bodies[stream]) < 10000:
                c.read_frame()
            c.settings((http2.INITIAL_WINDOW, 0))       # 20000 below zero
            c.wait(SETTINGS, ACK)
            c.before = len(c.bodies[stream])
            c.window(stream, 10000)                     # still below zero
            c.ping()
            c.ping()
            c.between = len(c.bodies[stream])
            c.window(0, 1 << 20)
            c.settings((http2.INITIAL_WINDOW, 1 << 20))

        self.own({}, shrink)
        name = "n" * 60000
        response = self.ask("POST", "/v1/echo", {"name": name})
        self.assertEqual(response.status, 200, response)
        self.assertEqual(response.json()["name"], name)
        c = self.backend.connections[0]
        self.assertLessEqual(c.before, 20000)
        self.assertEqual(c.between, c.before)

    def test_after_GOAWAY_the_next_call_has_a_new_connection(self):
        def goaway(c, stream, times):
            c.goaway(stream)
            c.answer(stream, Answer(index=c.number).SerializeToString())

        self.own({"goaway": goaway})
        for i in range(5):
            response = self.call("goaway")
            self.assertEqual(response.status, 200, response)
            self.assertEqual(response.json().get("index", 0), i)
        self.assertEqual(self.good(), 5)

    def test_a_graceful_GOAWAY_lets_calls_finish(self):
        def graceful(c, stream, times):
            c.goaway(0x7fffffff)
            c.ping()
            c.goaway(stream)
            c.answer(stream, GOOD)

        self.own({"graceful": graceful})
        self.assertEqual(self.call("graceful").status, 200)
        self.assertEqual(self.good(), 1)

    def test_a_call_above_the_last_stream_is_sent_again(self):
        def below(c, stream, times):
            if times == 1:
                c.goaway(stream - 2 if stream > 1 else 0)
            else:
                c.answer(stream, GOOD)

        self.own({"below": below})
        self.assertEqual(self.good(), 0)
        self.assertEqual(self.call("below").status, 200)
        self.assertEqual(self.good(), 1)

    def test_a_live_stream_above_the_last_one_moves_and_the_other_stays(self):
        def low(c, stream, times):
            c.backend.reached.set()
            above = c.wait_call()
            c.backend.moved = above.id
            c.goaway(stream)
            c.backend.go.wait(harness.PATIENCE)
            c.answer(stream, Answer(index=c.number).SerializeToString())

        self.own({"low": low})
        wire = self.begin("low")
        self.assertTrue(self.backend.reached.wait(harness.PATIENCE))
        response = self.call("high")
        self.assertEqual(response.json(), {"id": "high", "index": 1})
        self.assertEqual(self.backend.moved, "high")
        self.backend.go.set()
        response = wire.response()
        self.assertEqual((response.status, response.json()), (200, {}))

    def test_GOAWAY_with_an_error_does_no_harm_to_finished_calls(self):
        def angry(c, stream, times):
            c.answer(stream, GOOD)
            c.goaway(stream, http2.ENHANCE_YOUR_CALM)

        self.own({"angry": angry})
        self.assertEqual(self.call("angry").status, 200)
        self.assertEqual(self.call("good").status, 200)

    def test_a_call_that_all_connections_turn_away_is_503(self):
        self.own({"below": lambda c, stream, times: c.goaway(0)})
        self.assert_error(self.call("below"), 503, 14)
        self.assertEqual(self.backend.seen["below"], 2)

    def test_hundreds_of_goodbyes_leave_nothing_behind(self):
        def goaway(c, stream, times):
            c.goaway(stream)
            c.answer(stream, GOOD)

        self.own({"goaway": goaway})
        wire = self.wire()
        ask = request("GET", ORDER % "goaway")

        for _ in range(50):
            self.assertEqual(wire.send(ask).response().status, 200)
        before, rss = self.gateway.descriptors(), self.gateway.rss()
        for _ in range(300):
            self.assertEqual(wire.send(ask).response().status, 200)
        self.assertLessEqual(self.gateway.descriptors(), before + 1)
        self.assertLess(self.gateway.rss() - rss, 2 << 20)


SERVER = """
import sys
sys.path.insert(0, sys.argv[1])
import harness
backend = harness.Backend("127.0.0.1:" + sys.argv[2])
print(backend.port, flush=True)
backend.entered.wait()
print("entered", flush=True)
sys.stdin.read()
"""


class Process:
    """The official gRPC in a process that can be killed."""

    def __init__(self, port=0):
        self.process = subprocess.Popen(
            [sys.executable, "-c", SERVER,
             os.path.dirname(os.path.abspath(__file__)), str(port)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def entered(self):
        """Waits until a call hangs there."""
        return self.process.stdout.readline() == "entered\n"

    def pause(self):
        """Returns when all its threads stand still."""
        self.process.send_signal(signal.SIGSTOP)
        os.waitid(os.P_PID, self.process.pid, os.WSTOPPED | os.WNOWAIT)

    def go_on(self):
        self.process.send_signal(signal.SIGCONT)

    def kill(self):
        self.process.kill()
        self.process.wait()
        self.process.stdin.close()
        self.process.stdout.close()


class Killed(Apart):
    def start_both(self):
        server = Process()
        self.addCleanup(server.kill)
        self.gateway = self.start(server.port)
        self.addCleanup(self.stopped, self.gateway)
        return server

    def test_a_backend_killed_during_calls_is_502_and_used_again_later(self):
        server = self.start_both()
        wires = [self.begin("1?hang=true") for _ in range(10)]
        stream = self.begin("1?count=3&hang=true", STREAM)
        stream.read_until(b"\r\n\r\n")
        lines = b""
        while lines.count(b"\n") < 3:
            lines += stream.chunk()
        self.assertTrue(server.entered())
        server.kill()
        for wire in wires:      # 503: it came to the gateway too late
            response = wire.response()
            self.assertIn(response.status, (502, 503), response)
            self.assertEqual(response.json()["code"], 14)
        last = stream.chunk()
        self.assertEqual(json.loads(last)["code"], 14)
        self.assertIsNone(stream.chunk())
        self.assert_error(self.call("good"), 503, 14)
        server = Process(server.port)
        self.addCleanup(server.kill)
        response = self.call("good")
        while response.status == 503:
            response = self.call("good")
        self.assertEqual(response.status, 200, response)

    def test_a_backend_that_is_stopped_is_504_until_it_goes_on(self):
        server = self.start_both()
        self.assertEqual(self.call("good").status, 200)
        server.pause()
        for _ in range(3):
            self.assert_error(
                self.call("good", headers=[("Grpc-Timeout", "50m")]), 504, 4)
        server.go_on()
        self.assertEqual(self.call("good").status, 200)


if __name__ == "__main__":
    harness.main()
