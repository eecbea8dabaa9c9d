#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Memory runs short, at each place where it is asked for: the k-th allocation
of a flow fails, by itself or with all that follow until the flow is over. The
client is told so or cut off, never misled and never left waiting; the next one
is served as if nothing had been; and nothing stays behind.

The program is one that keeps nothing of what it has given back, so that every
flow asks the heap for all it needs. A sample is tried; STARVE=all tries each k.
"""

import os
import random

import files
import harness
import http2
import starved_flows
from memory import Heap

UNPOOLED = os.path.join(harness.BUILD, "tests/scenarios/unpooled")
SAMPLE = 20
ALL = os.environ.get("STARVE") == "all"
TURNS = 20000       # of the loop, until something is closed
CALM = 10           # turns without a change are its end
ROUNDS = 100

ROUTE_FILE = """\
listen: ["127.0.0.1:0"]
workers: %(workers)d
access_log: "off"
upstreams:
  test: {target: "ipv4:127.0.0.1:%(port)d", schema: %(schema)s}
  files: {target: "ipv4:127.0.0.1:%(port)d", schema: FILES}
  box: {target: "ipv4:127.0.0.1:%(port)d", schema: none}
  fleeting: {target: "ipv4:127.0.0.1:FLEETING", schema: none}
services:
  - {name: sluice.test.v1.Everyday, upstream: test}
  - {name: sluice.test.v1.Files, upstream: files}
  - {name: raw.Box, upstream: box}
  - {name: raw.Fleeting, upstream: fleeting}
http:
  rules: [{selector: sluice.test.v1.Files.Watch, get: "/v1/watch/{name}"}]
methods:
  - {selector: raw.Fleeting.Call, cardinality: unary-unary}
  - {selector: raw.Box.Echo, cardinality: unary-unary}
  - {selector: raw.Box.Pour, cardinality: unary-stream}
  - {selector: raw.Box.Gather, cardinality: stream-unary}
  - {selector: raw.Box.Mirror, cardinality: stream-stream}
cors: {origins: ["https://app.example"], headers: [X-Token], max_age: 10m}
%(more)s
"""


def say_goodbye(c, stream, times):
    c.answer(stream, b"again")
    c.goaway(stream)
    raise http2.Gone


class Gateway(harness.Gateway):
    def command(self, arguments):
        return [UNPOOLED, *arguments]


class Starved(harness.Scenario):
    backend_type = starved_flows.Backend
    workers = 1

    @classmethod
    def setUpClass(cls):
        cls.fleeting = http2.Backend({"goodbye": say_goodbye})
        cls.routes = ROUTE_FILE.replace("FILES", files.SET).replace(
            "FLEETING", str(cls.fleeting.port))
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.fleeting.stop()
        cls.heap.close()

    @classmethod
    def start(cls, port, more=None):
        cls.heap = Heap(os.path.join(cls.directory.name, "heap"))
        return Gateway("serve", "-c", cls.route_file(port, more),
                       environment=cls.heap.environment)

    def setUp(self):
        self.idle = self.wire()

    def turn(self):
        """Returns when the gateway's only loop has gone round."""
        self.idle.send(harness.request("GET", "/healthz"))
        self.assertEqual(self.idle.response().status, 200)

    def descriptors(self):
        return len(os.listdir("/proc/%d/fd" % self.gateway.process.pid))

    def blocks(self):
        """How many are in use, when that changes no more."""
        last, same = self.heap.in_use(), 0
        while same < CALM:
            self.turn()
            now = self.heap.in_use()
            same = same + 1 if now == last else 0
            last = now
        return last

    def closes_all(self, before):
        for _ in range(TURNS):
            now = self.descriptors()
            if now <= before:
                return
            self.turn()
        self.fail("%d descriptors have become %d" % (before, now))

    def gives_back(self, before, again):
        """What the upstream connections remember of headers is not the same
        after each call, but has an end; what is lost has none. Returns the
        blocks in use."""
        now = self.blocks()
        first = now
        for _ in range(ROUNDS):
            if now <= before:
                return now
            before = now
            again()
            now = self.blocks()
        self.fail("it grows: %d blocks, and in the end %d" % (first, now))

    def good_run(self, flow, expected):
        self.assertEqual(flow.run(self), expected)

    def starved_run(self, flow, expected, k, goes_on):
        """How many were asked for."""
        self.heap.refuse(k, goes_on)
        try:
            outcome = flow.run(self)
        except TimeoutError:
            self.fail("the client waits for ever")
        finally:
            asked, refused = self.heap.suffices()
        if outcome != expected and not flow.is_told(outcome):
            self.fail("misled: %r" % (outcome,))
        return asked, refused

    def revive(self):
        """A program that has crashed shall not spoil what is tried next."""
        if self.gateway.process.poll() is None:
            return ""
        status = self.gateway.stop(None)
        said = "\n".join(filter(None, self.gateway.lines))
        self.heap.close()
        type(self).gateway = self.start(self.backend.port)
        self.setUp()
        return " (exit status %d)\n%s" % (status, said)

    def try_one(self, flow, expected, k, goes_on):
        where = []

        def once():
            self.starved_run(flow, expected, k, goes_on)
            where.append(self.heap.where())
            self.good_run(flow, expected)

        try:
            once()
            self.closes_all(self.before[0])
            self.before = (self.before[0],
                           self.gives_back(self.before[1], once))
        except (AssertionError, OSError) as e:
            raise AssertionError("refused: %s%s: %s" % (
                (where or [self.heap.where()])[0], self.revive(), e)
            ) from None

    def ks(self, flow, n):
        if ALL:
            return range(1, n + 1)
        return sorted(random.Random(flow.name).sample(
            range(1, n + 1), min(SAMPLE, n)))

    def starve(self, flow):
        expected = flow.run(self)
        flow.run(self)
        self.before = self.descriptors(), self.blocks()
        self.heap.refuse(0)
        self.good_run(flow, expected)
        n, _ = self.heap.suffices()
        self.assertGreater(n, 0)
        for goes_on in (False, True):
            for k in self.ks(flow, n):
                with self.subTest(k=k, of=n, goes_on=goes_on):
                    self.try_one(flow, expected, k, goes_on)


def add(flow):
    def test(self):
        self.starve(flow)
    name = "".join(c if c.isalnum() else "_" for c in flow.name)
    setattr(Starved, "test_" + name, test)


for flow in starved_flows.FLOWS:
    add(flow)


if __name__ == "__main__":
    harness.main()
