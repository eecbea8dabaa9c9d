# SPDX-License-Identifier: Apache-2.0
"""A gateway whose memory can be made short, and the judgement of what it does
then. The program is one that keeps nothing of what it has given back, so that
every flow asks the heap for all it needs."""

import os
import random

import harness
from memory import Heap

UNPOOLED = os.path.join(harness.BUILD, "tests/scenarios/unpooled")
ALL = os.environ.get("STARVE") == "all"     # every k, and not a sample
TURNS = 20000       # of the loop, until something is closed
CALM = 10           # turns without a change are its end
ROUNDS = 100


def sample(name, n, size, most=2000):
    """The k that are tried, of 1 to n: the same each time. Of very many, all
    up to `most`, and then some."""
    first = min(most, n) if ALL else 0
    if ALL:
        size = 100
    rest = range(first + 1, n + 1)
    return [*range(1, first + 1), *sorted(
        random.Random(name).sample(rest, min(size, len(rest))))]


class Gateway(harness.Gateway):
    def command(self, arguments):
        return [UNPOOLED, *arguments]


class Scenario(harness.Scenario):
    workers = 1
    is_starved = False      # just now

    @classmethod
    def arguments(cls, port, more=None):
        return ["serve", "-c", cls.route_file(port, more)]

    @classmethod
    def start(cls, port, more=None):
        cls.heap = Heap(os.path.join(cls.directory.name, "heap"))
        return Gateway(*cls.arguments(port, more),
                       environment=cls.heap.environment)

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.heap.close()

    def good_run(self, flow, expected):
        self.assertEqual(flow.run(self), expected)

    def starved_run(self, flow, expected, k, goes_on):
        """It is served, told or cut off."""
        self.heap.refuse(k, goes_on)
        self.is_starved = True
        try:
            outcome = flow.run(self)
        except TimeoutError:
            self.fail("the client waits for ever")
        finally:
            self.heap.suffices()
            self.is_starved = False
        if outcome != expected and not flow.is_told(outcome):
            self.fail("misled: %r" % (outcome,))

    def count(self, flow, expected):
        """How often it asks for memory."""
        self.heap.refuse(0)
        self.good_run(flow, expected)
        n, _ = self.heap.suffices()
        self.assertGreater(n, 0)
        return n

    def blame(self, error, where=None):
        """The same error, and what led to it."""
        where = where or self.heap.where()
        status = self.gateway.process.poll()
        if status is None:
            return AssertionError("refused: %s: %s" % (where, error))
        said = "\n".join(filter(None, self.gateway.lines))
        return AssertionError("refused: %s (exit status %d)\n%s: %s" % (
            where, status, said, error))


class Warm(Scenario):
    """One program for all: after each starved run the next is served, all
    descriptors are closed, and all memory is given back."""

    size = 8

    def setUp(self):
        self.idle = self.wire()

    def turn(self):
        """Returns when the gateway's only loop has gone round."""
        self.idle.send(harness.request("GET", "/healthz"))
        self.assertEqual(self.idle.response().status, 200)

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
            now = self.gateway.descriptors()
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

    def revive(self):
        """A program that has crashed shall not spoil what is tried next."""
        if self.gateway.process.poll() is None:
            return
        try:
            self.gateway.stop(None)
        except AssertionError:
            pass    # a sanitizer's report, which was told
        self.heap.close()
        type(self).gateway = self.start(self.backend.port)
        self.setUp()

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
            error = self.blame(e, where and where[0])
            self.revive()
            raise error from None

    def starve(self, flow):
        expected = flow.run(self)
        flow.run(self)
        self.before = self.gateway.descriptors(), self.blocks()
        n = self.count(flow, expected)
        for goes_on in (False, True):
            for k in sample(flow.name, n, self.size):
                with self.subTest(k=k, of=n, goes_on=goes_on):
                    self.try_one(flow, expected, k, goes_on)


class Cold(Scenario):
    """A program for each try: a flow is the first call that it serves. It ends
    in peace after that."""

    size = 1

    def fresh(self):
        """Another program, whose worker has begun."""
        try:
            self.gateway.stop()
        except AssertionError:
            pass    # a sanitizer's report, which was told
        self.heap.close()
        type(self).gateway = self.start(self.backend.port)
        self.ask("GET", "/healthz")

    def try_one(self, flow, expected, k, goes_on):
        self.fresh()
        try:
            self.starved_run(flow, expected, k, goes_on)
            self.good_run(flow, expected)
            self.assertEqual(self.gateway.stop(), 0)
        except (AssertionError, OSError) as e:
            raise self.blame(e) from None

    def starve(self, flow):
        self.fresh()
        expected = flow.run(self)
        self.fresh()
        n = self.count(flow, expected)
        for goes_on in (False, True):
            for k in sample(flow.name, n, self.size, 100):
                with self.subTest(k=k, of=n, goes_on=goes_on):
                    self.try_one(flow, expected, k, goes_on)


def add(case, flows):
    """A test of each flow."""
    def test_of(flow):
        return lambda self: self.starve(flow)

    for flow in flows:
        name = "".join(c if c.isalnum() else "_" for c in flow.name)
        setattr(case, "test_" + name, test_of(flow))
