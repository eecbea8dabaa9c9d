#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Memory runs short while the program starts, or in a command that ends by
itself: the k-th allocation fails, alone or with all behind it. What it then
says and how it ends is right; or it says that it has failed, and ends with 1.
It neither crashes nor claims to have done what it has not.

A sample is tried; STARVE=all tries each k."""

import json
import os
import signal
import subprocess
import tempfile
import unittest

import files
import harness
from memory import Heap
from starving import UNPOOLED, sample

SIZE = 12

ROUTES = """
listen: ["127.0.0.1:0", "unix:%(socket)s"]
workers: 2
access_log: "off"
upstreams:
  test: {target: "dns:///localhost:1", schema: %(schema)s}
  files: {target: "ipv4:127.0.0.1:1", schema: %(files)s}
  box: {target: "ipv6:[::1]:1", schema: none}
services:
  - name: sluice.test.v1.Everyday
    upstream: test
  - {name: raw.Box, upstream: box}
http:
  rules:
    - selector: sluice.test.v1.Everyday.Obey
      post: "/v2/{id=orders/*/more/**}:obey"
      body: inner
      additional_bindings: [{get: "/v2/{inner.text}/{id}"}]
methods:
  - {selector: raw.Box.Echo, cardinality: unary-unary}
  - {selector: sluice.test.v1.Everyday.*, timeout: 5s, max_timeout: 1m}
cors: {origins: ["https://app.example"], headers: [X-Token], max_age: 10m}
json: {emit_defaults: true}
limits: {max_request_message: 1MiB}
"""

MESSAGE = json.dumps({
    "name": "n" * 3000, "inner": {"text": "t", "list": list(range(100))},
    "counts": {str(i): i for i in range(50)}, "structure": {"a": [1, {}]},
    "anything": {"@type": "type.googleapis.com/sluice.test.v1.Inner",
                 "text": "within"}}).encode()


class Starting(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        cls.path = os.path.join(cls.directory.name, "routes.yaml")
        with open(cls.path, "w") as f:
            f.write(ROUTES % {
                "schema": harness.EVERYTHING, "files": files.SET,
                "socket": os.path.join(cls.directory.name, "socket")})
        cls.bad = os.path.join(cls.directory.name, "bad.json")
        with open(cls.bad, "w") as f:
            json.dump({"listen": "here", "upstreams": {
                "test": {"target": "x", "schema": harness.EVERYTHING}}}, f)

    @classmethod
    def tearDownClass(cls):
        cls.directory.cleanup()

    def heap(self, k, goes_on):
        heap = Heap(os.path.join(self.directory.name, "heap"))
        heap.refuse(k, goes_on)
        return heap

    def run_once(self, command, data, k=0, goes_on=False):
        """((status, output, complaints), how many were asked for)."""
        heap = self.heap(k, goes_on)
        done = subprocess.run(
            [UNPOOLED, *command], input=data, capture_output=True,
            env={**os.environ, **heap.environment}, timeout=harness.PATIENCE)
        self.where = heap.where()
        asked, _ = heap.suffices()
        heap.close()
        return (done.returncode, done.stdout, done.stderr), asked

    def serve_once(self, command, data, k=0, goes_on=False):
        """The same of a server: it is stopped when it has begun to listen."""
        heap = self.heap(k, goes_on)
        process = subprocess.Popen(
            [UNPOOLED, *command], stderr=subprocess.PIPE,
            stdin=subprocess.DEVNULL, env={**os.environ, **heap.environment})
        lines = []
        for line in process.stderr:
            lines.append(line)
            if b"listening" in line:
                self.where = heap.where()
                asked, _ = heap.suffices()
                process.send_signal(signal.SIGTERM)
                break
        else:
            asked, _ = heap.suffices()
            self.where = heap.where()
        rest = process.stderr.read()
        process.stderr.close()
        status = process.wait(harness.PATIENCE)
        heap.close()
        if status != 0:
            lines.append(rest)
        return (status, b"", b"".join(
            l for l in lines if b"listening" not in l)), asked

    def starve(self, command, data=b"", once=None):
        once = once or self.run_once
        good, n = once(command, data)
        self.assertGreater(n, 0)
        for goes_on in (False, True):
            for k in sample(command[0], n, SIZE):
                with self.subTest(k=k, of=n, goes_on=goes_on):
                    outcome, _ = once(command, data, k, goes_on)
                    self.judge(good, outcome)

    def judge(self, good, outcome):
        if outcome == good:
            return
        status, _, complaints = outcome
        if b"CHECK failed" in complaints:
            return      # the address sanitizer needs memory for a thread, too
        self.assertEqual(status, 1, "refused: %s: %r" % (self.where, outcome))
        self.assertIn(b"sluice: ", complaints, "refused: " + self.where)
        self.assertRegex(complaints, b"memory|cannot start a thread",
                         "refused: " + self.where)

    def test_check(self):
        self.starve(["check", "-c", self.path])

    def test_check_of_what_is_wrong(self):
        self.starve(["check", "-c", self.bad])

    def test_routes(self):
        self.starve(["routes", "-c", self.path])

    def test_explain(self):
        self.starve(["explain", "-c", self.path, "GET",
                     "/v1/echo/n?inner.text=a&words=b"])

    def test_version(self):
        self.starve(["version"])

    def test_transcode(self):
        self.starve(["transcode", "--schema", harness.EVERYTHING, "--type",
                     "sluice.test.v1.Everything", "--from", "json", "--to",
                     "binary"], MESSAGE)

    def test_transcode_back(self):
        command = ["transcode", "--schema", harness.EVERYTHING, "--type",
                   "sluice.test.v1.Everything"]
        (_, wire, _), _ = self.run_once(
            [*command, "--from", "json", "--to", "binary"], MESSAGE)
        self.starve([*command, "--from", "binary", "--to", "json"], wire)

    def test_serve(self):
        self.starve(["serve", "-c", self.path], once=self.serve_once)

    def test_demo(self):
        self.starve(["demo", "--listen", "127.0.0.1:0"], once=self.serve_once)


if __name__ == "__main__":
    harness.main()
