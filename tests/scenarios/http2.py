# SPDX-License-Identifier: Apache-2.0
"""A backend of raw HTTP/2 frames, right or wrong as a script says.

A call carries an Order; its id names the script that answers it, and an id
without a script is answered well. So one connection can be good, bad and good
again. What a connection does before that - the first SETTINGS, or something
else - is its opening; there may be one for each connection, in order.

One thread serves one connection, frame by frame: what a script sends leaves in
that order, and what it waits for has come when wait() returns. Header blocks
of the gateway are not read: all that matters is in the message.
"""

import collections
import select
import socket
import struct
import threading

import harness

DATA, HEADERS, PRIORITY, RST_STREAM, SETTINGS, PUSH_PROMISE, PING, GOAWAY, \
    WINDOW_UPDATE, CONTINUATION = range(10)
END_STREAM, ACK, END_HEADERS = 1, 1, 4
NO_ERROR, PROTOCOL_ERROR, INTERNAL_ERROR, FLOW_CONTROL_ERROR = range(4)
REFUSED_STREAM, CANCEL, ENHANCE_YOUR_CALM = 7, 8, 11
MAX_STREAMS, INITIAL_WINDOW = 3, 4

PREFACE = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
FRAME_MAX = 16384

Frame = collections.namedtuple("Frame", "type flags stream payload")
Call = collections.namedtuple("Call", "stream id order size")


class Gone(Exception):
    """The connection has ended."""


def frame(type, flags, stream, payload=b"", length=None):
    """The bytes of a frame; length may lie."""
    length = len(payload) if length is None else length
    return struct.pack(">I", length)[1:] + struct.pack(
        ">BBI", type, flags, stream) + payload


def literal(data):
    """An HPACK string without Huffman coding."""
    n = len(data)
    if n < 127:
        return bytes([n]) + data
    out, n = b"\x7f", n - 127
    while n >= 128:
        out, n = out + bytes([n & 127 | 128]), n >> 7
    return out + bytes([n]) + data


def field(name, value, kind=b"\x00"):
    """An HPACK field: a literal, by default one that is never indexed."""
    if isinstance(value, str):
        value = value.encode("latin-1")
    return kind + literal(name.encode()) + literal(value)


def block(*fields):
    return b"".join(field(*f) for f in fields)


def message(payload, flag=0, length=None):
    """A gRPC message with its prefix; length may lie."""
    length = len(payload) if length is None else length
    return struct.pack(">BI", flag, length) + payload


HEAD = ((":status", "200"), ("content-type", "application/grpc"))
STATUS_OK = (("grpc-status", "0"),)


class Connection:
    def __init__(self, backend, sock, number):
        self.backend = backend
        self.socket = sock
        self.number = number
        self.open = set()        # streams begun and not ended by us
        self.most_open = 0
        self.bodies = {}
        self.calls = collections.deque()    # whole, not yet answered
        self.resets = {}                    # stream: error code

    # Reading

    def read_exactly(self, n):
        data = bytearray()
        while len(data) < n:
            piece = self.socket.recv(n - len(data))
            if not piece:
                raise Gone
            data += piece
        return bytes(data)

    def read_frame(self):
        head = self.read_exactly(9)
        length = int.from_bytes(head[:3], "big")
        stream = int.from_bytes(head[5:], "big") & 0x7fffffff
        f = Frame(head[3], head[4], stream, self.read_exactly(length))
        self.note(f)
        return f

    def note(self, f):
        if f.type == HEADERS:
            self.open.add(f.stream)
            self.most_open = max(self.most_open, len(self.open))
            self.bodies[f.stream] = bytearray()
        elif f.type == DATA and f.stream in self.bodies:
            self.bodies[f.stream] += f.payload
        elif f.type == RST_STREAM:
            self.open.discard(f.stream)
            self.resets[f.stream] = int.from_bytes(f.payload, "big")
        if f.type in (HEADERS, DATA) and f.flags & END_STREAM:
            body = bytes(self.bodies.pop(f.stream))
            order = harness.Order.FromString(body[5:])
            self.calls.append(Call(f.stream, order.id, order, len(body)))

    def wait(self, type, *flags_and_stream):
        """Reads up to a frame of that type and, if given, those flags (all of
        them set) and that stream."""
        want = dict(zip(("flags", "stream"), flags_and_stream))
        while True:
            f = self.read_frame()
            if f.type == type and f.stream == want.get("stream", f.stream) \
                    and f.flags & want.get("flags", 0) == want.get("flags", 0):
                return f

    def wait_call(self):
        while not self.calls:
            self.read_frame()
        return self.calls.popleft()

    # Writing

    def raw(self, data):
        self.socket.sendall(data)

    def flood(self, data, times):
        """Sends while it reads, so that neither side has to wait; the peer may
        hang up at any point. What comes meanwhile is dropped."""
        data = memoryview(data * times)
        while data:
            readable, writable, _ = select.select(
                [self.socket], [self.socket], [], harness.PATIENCE)
            if readable and not self.socket.recv(1 << 20):
                raise Gone
            if writable:
                data = data[self.socket.send(data, socket.MSG_DONTWAIT):]

    def send(self, *arguments, **more):
        self.raw(frame(*arguments, **more))

    def head(self, stream, *fields, end=False):
        """A header block, in as many frames as it takes."""
        data = block(*fields)
        pieces = [data[i:i + FRAME_MAX]
                  for i in range(0, len(data), FRAME_MAX)] or [b""]
        if end:
            self.open.discard(stream)
        out = b""
        for i, piece in enumerate(pieces):
            flags = END_HEADERS if i == len(pieces) - 1 else 0
            if i == 0:
                flags |= END_STREAM if end else 0
            out += frame(CONTINUATION if i else HEADERS, flags, stream, piece)
        self.raw(out)

    def data(self, stream, payload, end=False):
        """DATA, in as many frames as it takes; windows are not heeded."""
        pieces = [payload[i:i + FRAME_MAX]
                  for i in range(0, len(payload), FRAME_MAX)] or [b""]
        self.raw(b"".join(
            frame(DATA, END_STREAM if end and i == len(pieces) - 1 else 0,
                  stream, piece) for i, piece in enumerate(pieces)))
        if end:
            self.open.discard(stream)

    def reset(self, stream, code):
        self.open.discard(stream)
        self.send(RST_STREAM, 0, stream, struct.pack(">I", code))

    def goaway(self, last, code=NO_ERROR):
        self.send(GOAWAY, 0, 0, struct.pack(">II", last, code))

    def settings(self, *pairs):
        self.send(SETTINGS, 0, 0,
                  b"".join(struct.pack(">HI", *pair) for pair in pairs))

    def window(self, stream, n):
        self.send(WINDOW_UPDATE, 0, stream, struct.pack(">I", n))

    def ping(self):
        """There and back: what the peer sent before the answer is noted."""
        self.send(PING, 0, 0, b"12345678")
        self.wait(PING, ACK)

    def answer(self, stream, payload=b"", trailers=STATUS_OK):
        """As it should be."""
        self.head(stream, *HEAD)
        self.data(stream, message(payload))
        self.head(stream, *trailers, end=True)

    def trailers_only(self, stream, *fields):
        self.head(stream, *HEAD, *fields, end=True)

    def abort(self):
        """Ends the connection by a reset of TCP."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                               struct.pack("ii", 1, 0))
        raise Gone

    # Serving

    def hello(self, *settings):
        if self.read_exactly(len(PREFACE)) != PREFACE:
            raise AssertionError("the preface is wrong")
        self.settings(*settings)
        self.window(0, 1 << 30)     # only windows of streams are of interest
        self.send(SETTINGS, ACK, 0)

    def serve(self):
        while True:
            self.play(self.wait_call())

    def play(self, call):
        script = self.backend.scripts.get(call.id)
        times = self.backend.note_call(call)
        if script is None:
            self.answer(call.stream, harness.Answer(
                id=call.id, index=self.number).SerializeToString())
        else:
            script(self, call.stream, times)


def hello(connection):
    connection.hello()


class Backend:
    """scripts: id -> function(connection, stream, times), where times says how
    often that id has been asked for, from 1. openings: function(connection) for
    the first connections; the others are opened well."""

    def __init__(self, scripts, *openings, port=0):
        self.scripts = scripts
        self.openings = openings
        self.go = threading.Event()     # for scripts that wait for the test
        self.reached = threading.Event()    # for tests that wait for a script
        self.lock = threading.Lock()
        self.seen = collections.Counter()
        self.connections = []
        self.troubles = []
        self.listener = socket.create_server(("127.0.0.1", port))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def note_call(self, call):
        with self.lock:
            self.seen[call.id] += 1
            return self.seen[call.id]

    def _accept(self):
        while True:
            try:
                sock, _ = self.listener.accept()
            except OSError:
                return
            sock.settimeout(harness.PATIENCE)
            sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            with self.lock:
                number = len(self.connections)
                c = Connection(self, sock, number)
                self.connections.append(c)
            threading.Thread(target=self._serve, args=(c,),
                             daemon=True).start()

    def _serve(self, c):
        opening = self.openings[c.number] \
            if c.number < len(self.openings) else hello
        try:
            opening(c)
            c.serve()
        except (Gone, ConnectionError):
            pass
        except Exception as e:
            self.troubles.append(e)
        finally:
            c.socket.close()

    def stop(self):
        """Ends all connections. Fails when a script failed."""
        if self.listener.fileno() < 0:
            return
        self.go.set()
        self.listener.shutdown(socket.SHUT_RDWR)
        self.listener.close()
        for c in self.connections:
            try:
                c.socket.shutdown(socket.SHUT_RDWR)
            except OSError:
                pass
        troubles = self.troubles
        if troubles:
            raise AssertionError(repr(troubles)) from troubles[0]
