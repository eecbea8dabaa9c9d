# SPDX-License-Identifier: Apache-2.0
"""What the scenarios share: the real program, a real gRPC backend, raw HTTP.

Every scenario is a unittest file of its own. make check says where things
are: SLUICE (the program), top_builddir, top_srcdir.
Waiting is always for an event (a line, a byte, an end of file), with one long
limit that only a hang can reach.
"""

import concurrent.futures
import json
import os
import re
import select
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import unittest

import grpc
from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

PATIENCE = 60

PROGRAM = os.environ.get("SLUICE", "./sluice")
BUILD = os.environ.get("top_builddir", ".")
SOURCE = os.environ.get("top_srcdir", ".")
EVERYTHING = os.path.abspath(
    os.path.join(BUILD, "tests/scenarios/everything.pb"))
SERVICE = "sluice.test.v1.Everyday"


class Messages:
    """The classes of a descriptor set, made at run time."""

    def __init__(self, path):
        files = descriptor_pb2.FileDescriptorSet()
        with open(path, "rb") as f:
            files.ParseFromString(f.read())
        self.pool = descriptor_pool.DescriptorPool()
        for file in files.file:
            self.pool.Add(file)
        self.factory = message_factory.MessageFactory(self.pool)

    def type(self, name):
        return self.factory.GetPrototype(
            self.pool.FindMessageTypeByName(name))


MESSAGES = Messages(EVERYTHING)
Everything = MESSAGES.type("sluice.test.v1.Everything")
Order = MESSAGES.type("sluice.test.v1.Order")
Answer = MESSAGES.type("sluice.test.v1.Answer")
Empty = MESSAGES.type("google.protobuf.Empty")


class Backend:
    """The official gRPC serving sluice.test.v1.Everyday."""

    def __init__(self, address="127.0.0.1:0", options=()):
        self.calls = []           # (method, metadata, peer's remaining time)
        self.cancelled = threading.Event()
        self.entered = threading.Event()
        self.release = threading.Event()
        self.conversed = threading.Event()
        self.streamed = 0         # messages of streams that gRPC has taken
        self.executor = concurrent.futures.ThreadPoolExecutor(64)
        self.server = grpc.server(self.executor, options=list(options))
        self.server.add_generic_rpc_handlers((self._handlers(),))
        self.port = self.server.add_insecure_port(address)
        self.server.start()

    def stop(self, grace=0):
        stopped = self.server.stop(grace)
        self.release.set()
        stopped.wait(PATIENCE)
        self.executor.shutdown(wait=False)

    def forget(self):
        """Nothing of what tests wait for has happened; who hangs, hangs."""
        for event in (self.cancelled, self.entered, self.release,
                      self.conversed):
            event.clear()

    def _handlers(self):
        def unary(fn, req, res):
            return grpc.unary_unary_rpc_method_handler(
                fn, req.FromString, res.SerializeToString)

        def stream(fn, req, res):
            return grpc.unary_stream_rpc_method_handler(
                fn, req.FromString, res.SerializeToString)

        return grpc.method_handlers_generic_handler(SERVICE, {
            "Echo": unary(self.echo, Everything, Everything),
            "Obey": unary(self.obey, Order, Answer),
            "Nothing": unary(lambda r, c: Empty(), Empty, Empty),
            "Stream": stream(self.stream, Order, Answer),
            "Collect": grpc.stream_unary_rpc_method_handler(
                self.collect, Order.FromString, Answer.SerializeToString),
            "Converse": grpc.stream_stream_rpc_method_handler(
                self.converse, Order.FromString, Answer.SerializeToString),
        })

    def _note(self, method, context):
        self.calls.append((method, list(context.invocation_metadata()),
                           context.time_remaining()))

    def _answer(self, order, context, index=0):
        answer = Answer(id=order.id, index=index, text="x" * order.size)
        for key, value in context.invocation_metadata():
            answer.metadata[key] = (
                value.hex() if isinstance(value, bytes) else value)
        remaining = context.time_remaining()
        if remaining is not None and remaining < 1e9:
            answer.remaining_ms = int(remaining * 1000)
        return answer

    def _watch(self, context):
        # It may be over before it has come so far.
        if not context.add_callback(self.cancelled.set):
            self.cancelled.set()

    def _hang(self, context):
        self._watch(context)
        self.entered.set()
        self.release.wait(PATIENCE)

    def _obey(self, order, context):
        pairs = [tag.split("=", 1) for tag in order.tags]
        pairs = [(k, bytes.fromhex(v) if k.endswith("-bin") else v)
                 for k, v in pairs]
        initial = [(k, v) for k, v in pairs if k[:2] not in ("t:", "l:")]
        trailing = [(k[2:], v) for k, v in pairs if k[:2] == "t:"]
        late = [(k[2:], v) for k, v in pairs if k[:2] == "l:"]
        if order.details:
            trailing.append(("grpc-status-details-bin", order.details))
        if initial:
            context.send_initial_metadata(initial)
        if trailing:
            context.set_trailing_metadata(trailing)
        if order.hang:
            self._hang(context)
        if late:
            context.send_initial_metadata(late)
        if order.code:
            code = next(c for c in grpc.StatusCode
                        if c.value[0] == order.code)
            context.abort(code, order.message)

    def echo(self, request, context):
        self._note("Echo", context)
        return request

    def obey(self, order, context):
        self._note("Obey", context)
        self._obey(order, context)
        return self._answer(order, context)

    def stream(self, order, context):
        self._note("Stream", context)
        self._watch(context)
        for i in range(order.count):
            if order.fail_after and i == order.fail_after:
                context.abort(grpc.StatusCode.DATA_LOSS, "broken off")
            yield self._answer(order, context, i)
            self.streamed += 1
        self._obey(order, context)

    def collect(self, orders, context):
        self._note("Collect", context)
        ids = [order.id for order in orders]
        return Answer(id=",".join(ids), index=len(ids))

    def converse(self, orders, context):
        self._note("Converse", context)
        for i, order in enumerate(orders):
            yield Answer(id=order.id, index=i)
            self.conversed.set()


ROUTE_FILE = """\
listen: ["127.0.0.1:0"]
workers: %(workers)d
upstreams:
  test:
    target: ipv4:127.0.0.1:%(port)d
    schema: %(schema)s
services:
  - name: sluice.test.v1.Everyday
    upstream: test
%(more)s
"""


def is_sanitized():
    """Whether the program's memory is not only its own."""
    with open(PROGRAM, "rb") as f:
        text = f.read()
    return b"__asan_init" in text or b"__tsan_init" in text


# What a stream of any length may add to the memory of the gateway.
STREAM_GROWTH = (8 if is_sanitized() else 1) << 20


def readable(wires):
    """Those with something to read; waits for one."""
    poll = select.poll()
    by_fd = {wire.socket.fileno(): wire for wire in wires}
    for fd in by_fd:
        poll.register(fd, select.POLLIN)
    found = poll.poll(PATIENCE * 1000)
    if not found:
        raise AssertionError("%d connections wait for ever" % len(wires))
    return [by_fd[fd] for fd, _ in found]


class Gateway:
    """The program itself, listening on a port of its own choice."""

    def __init__(self, *arguments, environment=None, under=()):
        self.lines = []
        self.changed = threading.Condition()
        # What ASan keeps of freed memory would hide what we keep.
        asan = [os.environ.get("ASAN_OPTIONS"), "quarantine_size_mb=1"]
        self.process = subprocess.Popen(
            [*under, *self.command(arguments)], stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL, text=True, errors="replace",
            env={**os.environ, "ASAN_OPTIONS": ":".join(filter(None, asan)),
                 **(environment or {})})
        self.reader = threading.Thread(target=self._read, daemon=True)
        self.reader.start()
        line = self.wait_for(r"listening on http://.*:(\d+)$")
        self.port = int(re.search(r":(\d+)$", line).group(1))

    def command(self, arguments):
        return [PROGRAM, *arguments]

    def _read(self):
        for line in self.process.stderr:
            with self.changed:
                self.lines.append(line.rstrip("\n"))
                self.changed.notify_all()
        with self.changed:
            self.lines.append(None)
            self.changed.notify_all()

    def wait_for(self, pattern, count=1):
        """The count-th line that matches, past or future."""
        def find():
            found = [l for l in self.lines
                     if l is not None and re.search(pattern, l)]
            if len(found) >= count:
                return found[count - 1]
            if self.lines and self.lines[-1] is None:
                raise AssertionError(
                    "the gateway ended before %r:\n%s" % (
                        pattern, "\n".join(map(str, self.lines))))
            return None

        with self.changed:
            if not self.changed.wait_for(find, PATIENCE):
                raise AssertionError("no line matches %r in:\n%s" % (
                    pattern, "\n".join(map(str, self.lines))))
            return find()

    def descriptors(self):
        return len(os.listdir("/proc/%d/fd" % self.process.pid))

    def rss(self):
        with open("/proc/%d/status" % self.process.pid) as f:
            return int(re.search(r"VmRSS:\s+(\d+)", f.read()).group(1)) * 1024

    def stop(self, with_signal=signal.SIGTERM):
        """Ends it (None: it was told already); its exit status. Fails when it
        leaves a sanitizer's report."""
        if with_signal is not None and self.process.poll() is None:
            self.process.send_signal(with_signal)
        status = self.process.wait(PATIENCE)
        self.reader.join(PATIENCE)
        self.process.stderr.close()
        text = "\n".join(l for l in self.lines if l is not None)
        if "Sanitizer" in text or "runtime error" in text:
            raise AssertionError(text)
        return status


class Response:
    def __init__(self, status, headers, body, raw, is_complete):
        self.status = status
        self.headers = headers      # list of (lower-case name, value)
        self.body = body
        self.raw = raw
        self.is_complete = is_complete

    def header(self, name):
        for key, value in self.headers:
            if key == name.lower():
                return value
        return None

    def json(self):
        return json.loads(self.body)

    def lines(self):
        return [json.loads(l) for l in self.body.decode().splitlines()]

    def __repr__(self):
        return "<%s %r>" % (self.status, self.raw[:600])


class Wire:
    """One connection, byte for byte."""

    def __init__(self, port):
        self.socket = socket.create_connection(("127.0.0.1", port), PATIENCE)
        self.buffer = b""

    def send(self, data):
        if isinstance(data, str):
            data = data.encode("latin-1")
        try:
            self.socket.sendall(data)
        except (BrokenPipeError, ConnectionResetError):
            pass
        return self

    def half_close(self):
        try:
            self.socket.shutdown(socket.SHUT_WR)
        except OSError:
            pass  # the other side was faster
        return self

    def close(self):
        self.socket.close()

    def abort(self):
        """Closes with a reset."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER,
                               b"\1\0\0\0\0\0\0\0")
        self.socket.close()

    def more(self):
        try:
            data = self.socket.recv(65536)
        except ConnectionResetError:
            data = b""
        self.buffer += data
        return data != b""

    def to_end(self):
        """Everything until the other side closes."""
        while self.more():
            pass
        return self.buffer

    def read_until(self, mark):
        while mark not in self.buffer:
            if not self.more():
                raise AssertionError("closed before %r: %r" % (
                    mark, self.buffer))
        head, self.buffer = self.buffer.split(mark, 1)
        return head + mark

    def read_exactly(self, n):
        while len(self.buffer) < n:
            if not self.more():
                raise AssertionError("closed early: %r" % self.buffer)
        data, self.buffer = self.buffer[:n], self.buffer[n:]
        return data

    def response(self, is_head=False):
        """The next answer; interim ones are skipped. None: closed."""
        while b"\r\n\r\n" not in self.buffer:
            if not self.more():
                return None
        head, self.buffer = self.buffer.split(b"\r\n\r\n", 1)
        lines = head.decode("latin-1").split("\r\n")
        status = int(lines[0].split(" ")[1])
        if status < 200:
            return self.response(is_head)
        headers = [(l.split(":", 1)[0].lower(), l.split(":", 1)[1].strip())
                   for l in lines[1:]]
        names = dict(headers)
        body, is_complete = b"", True
        if is_head or status == 204:
            pass
        elif names.get("transfer-encoding") == "chunked":
            body, is_complete = self._chunks(headers)
        elif "content-length" in names:
            body = self.read_exactly(int(names["content-length"]))
        else:
            body, self.buffer = self.to_end(), b""
        return Response(status, headers, body, head + b"\r\n\r\n" + body,
                        is_complete)

    def chunk(self):
        """One chunk; b"" at the end, None when it breaks off."""
        try:
            size = int(self.read_until(b"\r\n").strip().split(b";")[0], 16)
            if size == 0:
                return b""
            data = self.read_exactly(size)
            self.read_exactly(2)
            return data
        except AssertionError:
            return None

    def _chunks(self, headers):
        body = b""
        while True:
            data = self.chunk()
            if data is None:
                return body, False
            if data == b"":
                break
            body += data
        while True:
            line = self.read_until(b"\r\n").decode("latin-1").strip()
            if not line:
                return body, True
            name, value = line.split(":", 1)
            headers.append((name.lower(), value.strip()))


def request(method, target, body=None, headers=(), host="localhost"):
    """The bytes of a request."""
    if isinstance(body, (dict, list)):
        body = json.dumps(body)
    if isinstance(body, str):
        body = body.encode()
    lines = ["%s %s HTTP/1.1" % (method, target), "Host: %s" % host]
    names = {k.lower() for k, _ in headers}
    if body is not None and "content-length" not in names:
        lines.append("Content-Length: %d" % len(body))
    if body and "content-type" not in names:
        lines.append("Content-Type: application/json")
    lines += ["%s: %s" % pair for pair in headers]
    return "\r\n".join(lines).encode("latin-1") + b"\r\n\r\n" + (body or b"")


class Scenario(unittest.TestCase):
    """A gateway in front of the official gRPC; one for the whole class."""

    routes = ROUTE_FILE
    schema = EVERYTHING
    workers = 2         # 1: one connection to each upstream
    more = ""           # further lines of the route file
    backend_type = Backend
    backend_options = ()

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        cls.backend = cls.backend_type(options=cls.backend_options)
        cls.gateway = cls.start(cls.backend.port)

    @classmethod
    def tearDownClass(cls):
        cls.backend.stop()
        status = cls.gateway.stop()
        cls.directory.cleanup()
        if status != 0:
            raise AssertionError("exit status %s:\n%s" % (
                status, "\n".join(map(str, cls.gateway.lines))))

    @classmethod
    def route_file(cls, port, more=None, name="sluice.yaml", schema=None):
        path = os.path.join(cls.directory.name, name)
        with open(path, "w") as f:
            f.write(cls.routes % {
                "port": port, "schema": schema or cls.schema,
                "workers": cls.workers,
                "more": cls.more if more is None else more})
        return path

    @classmethod
    def start(cls, port, more=None):
        return Gateway("serve", "-c", cls.route_file(port, more))

    def forget(self):
        """The backend is as new; at the end nobody hangs in it."""
        self.backend.forget()
        self.addCleanup(self.backend.release.set)

    def wire(self, port=None):
        wire = Wire(port or self.gateway.port)
        self.addCleanup(wire.close)
        return wire

    def ask(self, method, target, body=None, headers=(), port=None):
        wire = self.wire(port)
        wire.send(request(method, target, body, headers))
        response = wire.response(is_head=method == "HEAD")
        self.assertIsNotNone(response, "closed without an answer")
        return response

    def read_slowly(self, request, step, turn, sent, look=lambda data: None):
        """Reads a stream to its end, and calls turn after each `step` bytes:
        (size, by how much the gateway grew, by how much sent() was ahead)."""
        before = self.gateway.rss()
        wire = self.wire().send(request)
        wire.read_until(b"\r\n\r\n")
        size = steps = most = furthest = 0
        while True:
            data = wire.chunk()
            if not data:
                break
            look(data)
            size += len(data)
            if size // step > steps:
                steps += 1
                turn()
                most = max(most, self.gateway.rss() - before)
                furthest = max(furthest, sent() - size)
        self.assertEqual(data, b"")
        return size, most, furthest

    def assert_error(self, response, status, code):
        self.assertIsNotNone(response)
        self.assertEqual(response.status, status, response)
        self.assertEqual(response.header("content-type"), "application/json")
        error = response.json()
        self.assertEqual(error["code"], code, response)
        self.assertIn("message", error)
        return error


def main():
    """Runs the file's tests and closes with the line that script/test adds."""
    result = unittest.main(verbosity=2, exit=False).result
    bad = {getattr(test, "test_case", test).id()
           for test, _ in result.failures + result.errors + result.skipped}
    bad = len(bad) + len(result.unexpectedSuccesses)
    print("%d passed, %d failed" % (max(result.testsRun - bad, 0), bad))
    sys.stdout.flush()
    # Threads of the gRPC runtime must not keep a finished test alive.
    os._exit(1 if bad or result.testsRun == 0 else 0)
