# SPDX-License-Identifier: Apache-2.0
"""A backend of raw HTTP/2 frames that the test itself plays, call by call.

It heeds windows, and may leave those of the gateway shut: so a test knows to
the byte what the gateway has let in and what it has passed on, and to the
moment when a call was cancelled. What is asked for does not matter; header
blocks are not read.
"""

import socket
import struct
import threading
import time

import harness
import http2
from http2 import (ACK, DATA, END_STREAM, HEADERS, PING, RST_STREAM, SETTINGS,
                   WINDOW_UPDATE)

WINDOW = 65535      # of a stream, as HTTP/2 has it from the start


class Call:
    """One call. What changes is told by its peer's condition."""

    def __init__(self, connection, stream):
        self.connection = connection
        self.stream = stream
        self.window = connection.first_window
        self.received = 0           # bytes of requests, with their prefixes
        self.taken = 0              # of these
        self.sent = 0               # bytes of responses, the same
        self.is_whole = False       # the requests have ended
        self.cancelled_at = None    # by the monotonic clock
        self.has_head = False
        self.has_ended = False
        self.is_pouring = False     # and waits for a window

    # ---- Answering

    def head(self, *fields):
        with self.connection.writing:
            self.connection.head(self.stream, *http2.HEAD, *fields)
        self.has_head = True
        return self

    def message(self, payload, flag=0):
        """As far as windows allow; False: the call was cancelled."""
        if not self.has_head:
            self.head(("grpc-encoding", "gzip"))
        data = memoryview(http2.message(payload, flag))
        while data:
            n = self.connection.take_window(self, len(data))
            if n == 0:
                return False
            with self.connection.writing:
                self.connection.send(DATA, 0, self.stream, bytes(data[:n]))
            self.sent += n
            data = data[n:]
        return True

    def compressed(self, payload):
        return self.message(payload, flag=1)

    def end(self, code=0, text=""):
        if not self.has_head:
            self.head()
        fields = [("grpc-status", str(code))]
        if text:
            fields.append(("grpc-message", text))
        self.has_ended = True
        with self.connection.writing:
            self.connection.head(self.stream, *fields, end=True)

    def pour(self, payload, n):
        """Messages in a thread of their own, n of them and the end, or until
        the call is cancelled."""
        def run():
            try:
                for _ in range(n):
                    if not self.message(payload):
                        return
                self.end()
            except OSError:
                pass

        thread = threading.Thread(target=run, daemon=True)
        thread.start()
        return thread

    def take(self):
        """Lets more come, as much as has come."""
        n = self.received - self.taken
        if n > 0 and not self.is_whole:
            self.taken += n
            self.connection.give(self.stream, n)

    # ---- Waiting

    def wait(self, claim, patience=harness.PATIENCE):
        with self.connection.peer.changed:
            return self.connection.peer.changed.wait_for(
                lambda: claim(self), patience)

    def wait_cancelled(self, patience=harness.PATIENCE):
        return self.wait(lambda c: c.cancelled_at is not None, patience)

    def wait_received(self, n):
        return self.wait(lambda c: c.received >= n)

    def wait_whole(self):
        return self.wait(lambda c: c.is_whole)

    def is_cancelled(self):
        """By what the gateway has said up to now."""
        self.connection.ping()
        return self.cancelled_at is not None

    def is_held(self):
        """It has ended, or would send more if there were a window; what the
        gateway has said of that has been heard."""
        self.connection.ping()
        return self.has_ended or self.is_pouring and self.window <= 0


class Connection(http2.Connection):
    def __init__(self, peer, sock, number):
        super().__init__(peer, sock, number)
        self.peer = peer
        self.writing = threading.Lock()
        self.by_stream = {}
        self.first_window = WINDOW
        self.window = WINDOW        # of the connection
        self.pings = self.pongs = 0
        self.owed = []              # acknowledgements that are under way

    def take_window(self, call, wanted):
        """How much of a frame may go; 0: the call is over."""
        def room():
            return call.cancelled_at is not None or self.peer.is_stopped or \
                min(call.window, self.window) > 0

        with self.peer.changed:
            call.is_pouring = not room()
            if not self.peer.changed.wait_for(room, harness.PATIENCE * 10):
                raise AssertionError("no window for ever")
            call.is_pouring = False
            if call.cancelled_at is not None or self.peer.is_stopped:
                return 0
            n = min(wanted, call.window, self.window, http2.FRAME_MAX)
            call.window -= n
            self.window -= n
            return n

    def ping(self):
        """There and back."""
        with self.writing:
            self.pings += 1
            self.send(PING, 0, 0, b"12345678")
        with self.peer.changed:
            self.peer.changed.wait_for(lambda: self.pongs >= self.pings,
                                       harness.PATIENCE)

    def note(self, f):
        with self.peer.changed:
            self._note(f)
            self.peer.changed.notify_all()
        if f.type == DATA and f.payload:
            self.give(0, len(f.payload))
            if self.peer.is_reading:
                self.by_stream[f.stream].take()
        if f.type == DATA and f.flags & END_STREAM and self.peer.reply:
            call = self.by_stream[f.stream]
            call.message(self.peer.reply)
            call.end()
        elif f.type in (SETTINGS, PING) and not f.flags & ACK:
            with self.peer.changed:
                self.owed.append((f.type, ACK, 0, f.payload * (f.type == PING)))
                self.peer.changed.notify_all()
            if not self.peer.is_far:
                self.acknowledge()

    def acknowledge(self):
        """What is owed."""
        while self.owed:
            with self.writing:
                self.send(*self.owed.pop(0))

    def give(self, stream, n):
        with self.writing:
            self.window_update(stream, n)

    def window_update(self, stream, n):
        self.send(WINDOW_UPDATE, 0, stream, struct.pack(">I", n))

    def _note(self, f):
        call = self.by_stream.get(f.stream)
        if f.type == HEADERS and call is None:
            call = self.by_stream[f.stream] = Call(self, f.stream)
            self.peer.arrived.append(call)
        if f.type == DATA:
            call.received += len(f.payload)
        if f.type in (HEADERS, DATA) and f.flags & END_STREAM:
            call.is_whole = True
        if f.type == RST_STREAM:
            call.cancelled_at = time.monotonic()
        if f.type == WINDOW_UPDATE:
            n = int.from_bytes(f.payload, "big")
            if f.stream == 0:
                self.window += n
            elif call is not None:
                call.window += n
        if f.type == SETTINGS:
            self._note_settings(f.payload)
        if f.type == PING and f.flags & ACK:
            self.pongs += 1

    def _note_settings(self, payload):
        for at in range(0, len(payload), 6):
            name, value = struct.unpack(">HI", payload[at:at + 6])
            if name == http2.INITIAL_WINDOW:
                for call in self.by_stream.values():
                    call.window += value - self.first_window
                self.first_window = value

    def run(self):
        if self.read_exactly(len(http2.PREFACE)) != http2.PREFACE:
            raise AssertionError("the preface is wrong")
        with self.writing:
            self.settings()
            # Only windows of streams are of interest.
            self.window_update(0, 1 << 30)
        while True:
            self.read_frame()

    def is_over(self):
        """What was under way is over, one way or the other."""
        now = time.monotonic()
        for call in self.by_stream.values():
            if call.cancelled_at is None:
                call.cancelled_at = now


class Peer:
    def __init__(self, port=0, listener=None, **_):
        self.changed = threading.Condition()
        self.arrived = []
        self.is_reading = True      # gives windows back
        self.is_far = False         # acknowledges when it is told to
        self.reply = None           # to each call that is whole, at once
        self.is_stopped = False
        self.connections = []
        self.listener = listener or socket.create_server(("127.0.0.1", port))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def next_call(self):
        """The oldest call that was not yet asked for."""
        with self.changed:
            if not self.changed.wait_for(lambda: self.arrived,
                                         harness.PATIENCE):
                raise AssertionError("no call has come")
            return self.arrived.pop(0)

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            c = Connection(self, sock, len(self.connections))
            self.connections.append(c)
            threading.Thread(target=self._serve, args=(c,),
                             daemon=True).start()

    def _serve(self, c):
        try:
            c.run()
        except (http2.Gone, OSError):
            pass
        finally:
            with self.changed:
                c.is_over()
                self.changed.notify_all()
            c.socket.close()

    def stop(self):
        self.is_stopped = True
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for c in self.connections:
            try:
                c.socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
