# SPDX-License-Identifier: Apache-2.0
"""The access log: one line per answer, also for those that are given before
there is a request, and to whom."""

import re
import threading

import harness
from harness import request

HOST = "Host: a\r\n"

# (name, bytes, outcome, does the line name the path)
REFUSED = [
    ("an HTTP/2 preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", "bad head",
     False),
    ("three spaces", "GET  /x HTTP/1.1\r\n" + HOST + "\r\n", "bad head",
     False),
    ("a URI of 40 KB", "GET /" + "a" * 40000 + " HTTP/1.1\r\n" + HOST + "\r\n",
     "bad head", False),
    ("no Host", "GET /seen HTTP/1.1\r\n\r\n", "bad head", True),
    ("a line without colon", "GET /seen HTTP/1.1\r\n" + HOST + "x\r\n\r\n",
     "bad head", True),
    ("1000 headers", "GET /seen HTTP/1.1\r\n" + HOST
     + "".join("X%d: a\r\n" % i for i in range(1000)) + "\r\n", "bad head",
     True),
    ("a huge length", "POST /seen HTTP/1.1\r\n" + HOST
     + "Content-Length: 99999999999999999999999\r\n\r\n", "bad head", True),
    ("an unknown coding", "POST /seen HTTP/1.1\r\n" + HOST
     + "Transfer-Encoding: x\r\n\r\n", "bad head", True),
    ("a bad chunk", "POST /v1/echo HTTP/1.1\r\n" + HOST
     + "Transfer-Encoding: chunked\r\n\r\n0x2\r\n{}\r\n0\r\n\r\n", "bad body",
     True),
]

# What libmicrohttpd does not take for HTTP: it closes without an answer.
NO_HTTP = ["nonsense\r\n\r\n", "no http\r\n", "a b c d\r\n",
           " GET / HTTP/1.1\r\n", "\r\n" * 9, "X y HTTP/1.1\n", "X\ry\r\n",
           "G\0T / HTTP/1.1\r\n", "GET\t/x HTTP/1.1\r\n" + HOST + "\r\n",
           "\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03" + "\0" * 500]

# The same; it lingers until the client closes, too.
TOO_LONG = ["a" * 40000, "x /" + "a" * 40000]


class AccessLog(harness.Scenario):
    def own(self, more=""):
        gateway = self.start(self.backend.port, more)
        self.addCleanup(gateway.stop)
        return gateway

    def lines_of(self, gateway):
        """Every access line, after an orderly end."""
        self.assertEqual(gateway.stop(), 0)
        return [l for l in gateway.lines if l and l.startswith("time=")]

    def refuse(self, gateway, data, cut=None, half_close=False):
        """The status that the client sees."""
        wire = self.wire(gateway.port)
        wire.socket.setsockopt(6, 1, 1)  # TCP_NODELAY
        wire.send(data[:cut])
        if cut is not None:
            wire.send(data[cut:])
        if half_close:
            wire.half_close()
        response = wire.response()
        self.assertIsNotNone(response)
        wire.to_end()
        return response.status

    def assert_line(self, line, status, outcome, has_path):
        self.assertIn("status=%d " % status, line)
        self.assertIn('outcome="%s"' % outcome, line)
        self.assertIn('remote="127.0.0.1"', line)
        self.assertEqual('path="-"' not in line, has_path, line)

    def test_what_is_refused_before_a_request_has_a_line(self):
        for name, data, outcome, has_path in REFUSED:
            for how in ({}, {"cut": 5}, {"half_close": True}):
                with self.subTest(name, **how):
                    gateway = self.own()
                    status = self.refuse(gateway, data, **how)
                    self.assertGreaterEqual(status, 400)
                    lines = self.lines_of(gateway)
                    self.assertEqual(len(lines), 1, lines)
                    self.assert_line(lines[0], status, outcome, has_path)

    def test_what_is_no_http_has_a_line_without_a_status(self):
        for data in NO_HTTP:
            for half_close in (False, True):
                with self.subTest(data[:20], half_close=half_close):
                    gateway = self.own()
                    wire = self.wire(gateway.port).send(data)
                    if half_close:
                        wire.half_close()
                    self.assertEqual(wire.to_end(), b"")
                    lines = self.lines_of(gateway)
                    self.assertEqual(len(lines), 1, lines)
                    self.assertIn("status=0 ", lines[0])
                    self.assertIn('outcome="not http"', lines[0])
                    if not half_close:
                        self.assert_line(lines[0], 0, "not http", False)

    def test_what_is_too_long_for_http_has_one_line(self):
        for data in TOO_LONG:
            gateway = self.own("timeouts: {header: 50ms}\n")
            wire = self.wire(gateway.port).send(data)
            self.assertEqual(wire.to_end(), b"")
            gateway.wait_for('status=0 .*outcome="not http"')
            # Its own time is over when that of a later one is.
            later = self.wire(gateway.port).send("GET /")
            self.assertEqual(later.response().status, 408)
            self.assertEqual(
                [re.search(r"status=(\d+)", line).group(1)
                 for line in self.lines_of(gateway)], ["0", "408"])

    def test_a_later_request_that_is_refused_has_a_line(self):
        gateway = self.own()
        wire = self.wire(gateway.port)
        wire.send(request("GET", "/v1/orders/1"))
        self.assertEqual(wire.response().status, 200)
        wire.send("GET nonsense\r\n\r\n")
        self.assertEqual(wire.response().status, 400)
        wire.to_end()
        good, bad = self.lines_of(gateway)
        self.assertIn("status=200", good)
        self.assertIn("status=400", bad)
        self.assertIn('outcome="bad head"', bad)
        self.assertIn('remote="-"', bad)

    def test_a_body_that_is_left_out_is_not_counted(self):
        gateway = self.own()
        wire = self.wire(gateway.port)
        sent = []
        for method in ("GET", "HEAD"):
            response = wire.send(request(method, "/v1/orders/1")).response(
                is_head=method == "HEAD")
            self.assertEqual(response.status, 200)
            sent.append("out=%d" % len(response.body))
        self.assertNotEqual(*sent)
        self.assertEqual([re.search(r"out=\d+", line).group()
                          for line in self.lines_of(gateway)], sent)

    def test_who_sends_nothing_has_no_line(self):
        gateway = self.own()
        for data in (b"", b"GET /v1/or", b"GET /v1/orders/1 HTTP/1.1\r\nHo"):
            for end in (harness.Wire.close, harness.Wire.abort):
                end(harness.Wire(gateway.port).send(data))
        wire = self.wire(gateway.port).send(request("GET", "/v1/orders/1"))
        self.assertEqual(wire.response().status, 200)
        wire.close()
        lines = self.lines_of(gateway)
        self.assertEqual(len(lines), 1, lines)

    def test_a_head_that_takes_too_long_has_a_line(self):
        for data, path in ((b"", "-"), (b"GET /v1/or", "-"),
                           (b"GET /seen HTTP/1.1\r\nHost", "/seen")):
            gateway = self.own("timeouts: {header: 50ms}\n")
            wire = self.wire(gateway.port).send(data)
            self.assertEqual(wire.response().status, 408)
            wire.to_end()
            lines = self.lines_of(gateway)
            self.assertEqual(len(lines), 1, lines)
            self.assert_line(lines[0], 408, "timeout", path != "-")
            self.assertIn('path="%s"' % path, lines[0])

    def test_every_answer_has_one_line_whoever_comes_and_goes(self):
        gateway = self.own("limits: {max_connections: 10000}\n")
        counts = {200: 0, 400: 0, 404: 0, 414: 0}
        lock = threading.Lock()

        def client(number):
            for i in range(40):
                kind = (number + i) % 8
                wire = harness.Wire(gateway.port)
                if kind == 0:
                    wire.send("GET nonsense\r\n\r\n")
                elif kind == 1:
                    wire.send("GET /" + "a" * 40000 + " HTTP/1.1\r\n\r\n")
                elif kind == 2:
                    wire.send("GET /x HTTP/1.1\r\n\r\n")
                elif kind == 3:
                    wire.send(request("GET", "/healthz"))
                elif kind == 4:
                    wire.send(request("GET", "/nowhere",
                                      headers=[("Connection", "close")]))
                elif kind == 5:
                    wire.send("GET /v1/o")
                elif kind == 6:
                    wire.send(request("GET", "/healthz") + b"GET nonsense\r\n\r\n")
                if kind in (0, 1, 5, 7):
                    wire.half_close()
                while True:
                    response = wire.response()
                    if response is None:
                        break
                    with lock:
                        counts[response.status] += 1
                    if kind == 3:
                        break
                wire.close()

        threads = [threading.Thread(target=client, args=(n,))
                   for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(harness.PATIENCE)
        logged = dict.fromkeys(counts, 0)
        for line in self.lines_of(gateway):
            logged[int(re.search(r"status=(\d+)", line).group(1))] += 1
        self.assertEqual(logged, counts)
        self.assertGreater(counts[414], 30)


if __name__ == "__main__":
    harness.main()
