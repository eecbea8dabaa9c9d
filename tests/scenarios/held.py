# SPDX-License-Identifier: Apache-2.0
"""Streams on which nothing happens, many of them, in every form: for
idle_streams.py and bench/idle.

They go to bench/backend, which answers each with one message and then says
nothing more. Forms that end in "-demo" are for `sluice demo`.
"""

import os
import signal
import socket
import struct
import subprocess

PATIENCE_S = 120
BATCH = 200               # connections that are opened before any is read
PER_ADDRESS = 20000       # ports of one source address that are made use of
BIND_ADDRESS_NO_PORT = 24 # a port is chosen for the connection, not before

BENCH = "/sluice.bench.v1.Bench/"
LIBRARY = "/sluice.example.library.v1.Library/"
MARK = b"x" * 40          # of the first message
ENVELOPE = b"\0\0\0\0\0"  # an empty message
CONNECT = ("Content-Type: application/connect+proto\r\n"
           "Connect-Protocol-Version: 1\r\n")
GRPC_WEB = "Content-Type: application/grpc-web+proto\r\nX-Grpc-Web: 1\r\n"
JSON = "Content-Type: application/json\r\n"

ROUTES = """\
listen: ["127.0.0.1:0"]
workers: 1
access_log: "off"
limits: {max_connections: 60000}
upstreams:
  bench: {target: "ipv4:127.0.0.1:%d", schema: "%s/bench/bench.pb"}
services:
  - {name: sluice.bench.v1.Bench, upstream: bench}
"""


def post(path, headers, body):
    return ("POST %s HTTP/1.1\r\nHost: bench\r\n%sContent-Length: %d\r\n\r\n"
            % (path, headers, len(body))).encode() + body


def get(path, headers=""):
    return ("GET %s HTTP/1.1\r\nHost: bench\r\n%s\r\n"
            % (path, headers)).encode()


def websocket(path):
    return get(path, "Upgrade: websocket\r\nConnection: Upgrade\r\n"
                     "Sec-WebSocket-Version: 13\r\n"
                     "Sec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n")


def upload(path):
    """A body that will have one chunk, and no end."""
    return ("POST %s HTTP/1.1\r\nHost: bench\r\n%sExpect: 100-continue\r\n"
            "Transfer-Encoding: chunked\r\n\r\n" % (path, JSON)).encode()


def chunk(data):
    return b"%x\r\n%s\r\n" % (len(data), data)


ECHO = post("/v1/echo", JSON, b'{"name":"%s"}' % MARK)

# What is sent, what the answer has in it when the stream is there, and what is
# sent after that.
FORMS = {
    "keep-alive": (ECHO, MARK, b""),
    "ndjson": (get("/v1/watch"), MARK, b""),
    "sse": (get("/v1/watch", "Accept: text/event-stream\r\n"), MARK, b""),
    "grpc-web": (post(BENCH + "Watch", GRPC_WEB, ENVELOPE), MARK, b""),
    "connect": (post(BENCH + "Watch", CONNECT, ENVELOPE), MARK, b""),
    "websocket": (websocket(BENCH + "Talk"), MARK, b""),
    "upload": (upload("/v1/talk"), b"100 Continue",
               chunk(b'{"name":"a"}\n')),
    "keep-alive-demo": (get("/v1/shelves"), b"}]}", b""),
    "websocket-demo": (websocket(LIBRARY + "Discuss"), b"\r\n\r\n", b""),
    "upload-demo": (upload("/v1/books:discuss"), b"100 Continue",
                    chunk(b'{"name":"shelves/1/books/1","author":"A",'
                          b'"text":"x"}\n')),
}


def budget(form):
    """KiB of the gateway's memory for each."""
    return 10 if form.startswith("keep-alive") else 12


class Backend:
    """bench/backend of a build tree."""

    def __init__(self, tree, under=()):
        self.process = subprocess.Popen(
            [*under, os.path.join(tree, "bench/backend")],
            stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def route_file(self, tree, directory):
        path = os.path.join(directory, "held.yaml")
        with open(path, "w") as f:
            f.write(ROUTES % (self.port, os.path.abspath(tree)))
        return path

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        status = self.process.wait(PATIENCE_S)
        self.process.stdout.close()
        return status


class Streams:
    """Connections on which one stream each is held."""

    def __init__(self, form, port, count):
        self.request, self.mark, self.rest = FORMS[form]
        self.port = port
        self.sockets = []
        while len(self.sockets) < count:
            self._open(min(BATCH, count - len(self.sockets)))

    def _open(self, count):
        first = len(self.sockets)
        for n in range(first, first + count):
            s = socket.socket()
            self.sockets.append(s)
            s.setsockopt(socket.IPPROTO_IP, BIND_ADDRESS_NO_PORT, 1)
            s.bind(("127.0.0.%d" % (2 + n // PER_ADDRESS), 0))
            s.settimeout(PATIENCE_S)
            s.connect(("127.0.0.1", self.port))
            s.sendall(self.request)
        for s in self.sockets[first:]:
            self._await(s)
            s.sendall(self.rest)

    def _await(self, s):
        answer = b""
        while self.mark not in answer:
            piece = s.recv(65536)
            if not piece:
                raise AssertionError("closed after %r" % answer)
            answer += piece

    def close(self):
        """With a reset, lest thousands of ports wait for their time."""
        for s in self.sockets:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                         struct.pack("ii", 1, 0))
            s.close()
        self.sockets = []
