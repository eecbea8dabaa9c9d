#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What many streams cost on which nothing happens: their memory in each form,
and what the requests of others take meanwhile. Neither can be told of a program
with a sanitizer."""

import os
import re
import resource
import subprocess
import tempfile
import unittest

import harness
import held

COUNT = 1000
REQUESTS = 200
GROWTH = 0.08  # of the instructions of others' requests
LIMIT_KIB_AT_START = 8 << 10


def instructions(text):
    return sum(int(n) for n in re.findall(r"^totals: (\d+)", text, re.M))


class Counted(harness.Gateway):
    """Runs under callgrind."""

    def __init__(self, directory, *arguments):
        self.directory = directory
        super().__init__(
            *arguments, environment={"SLUICE_WORKERS": "1"}, under=[
                "valgrind", "--tool=callgrind", "--quiet",
                "--trace-children=yes", "--callgrind-out-file=%s"
                % os.path.join(directory, "callgrind")])

    def _control(self, command):
        subprocess.run(["callgrind_control", command, str(self.process.pid)],
                       check=True, stdout=subprocess.DEVNULL,
                       stderr=subprocess.DEVNULL)

    def count(self, act):
        """The instructions that it takes while the act lasts."""
        self._control("--zero")
        act()
        self._control("--dump")
        total = 0
        for name in os.listdir(self.directory):
            path = os.path.join(self.directory, name)
            with open(path) as f:
                total += instructions(f.read())
            os.unlink(path)
        return total


class IdleStreams(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        limit = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
        resource.setrlimit(resource.RLIMIT_NOFILE, (limit, limit))
        cls.directory = tempfile.TemporaryDirectory()
        cls.backend = held.Backend(harness.BUILD)
        cls.path = cls.backend.route_file(harness.BUILD, cls.directory.name)

    @classmethod
    def tearDownClass(cls):
        status = cls.backend.stop()
        cls.directory.cleanup()
        if status != 0:
            raise AssertionError("the backend ended with %d" % status)

    def start(self, form):
        arguments = (["demo", "--listen", "127.0.0.1:0"]
                     if form.endswith("-demo") else ["serve", "-c", self.path])
        gateway = harness.Gateway(
            *arguments, environment={"SLUICE_WORKERS": "1"})
        self.addCleanup(lambda: self.assertEqual(gateway.stop(), 0))
        return gateway

    def hold(self, form, gateway, count):
        streams = held.Streams(form, gateway.port, count)
        self.addCleanup(streams.close)
        return streams

    def ask(self, gateway, wire, times):
        for _ in range(times):
            wire.send(held.ECHO)
            self.assertEqual(wire.response().status, 200)

    def growth(self, gateway, wire, before):
        """What is left when the streams have come to rest. It is asked
        meanwhile, so that it has its turns."""
        least = gateway.rss() - before
        for _ in range(100):
            wire.send(held.get("/healthz"))
            self.assertEqual(wire.response().status, 200)
            least = min(least, gateway.rss() - before)
        return least

    def check_memory(self, form):
        gateway = self.start(form)
        self.assertLess(gateway.rss() >> 10, LIMIT_KIB_AT_START)
        wire = harness.Wire(gateway.port)
        self.addCleanup(wire.close)
        # What is made for the first of them and then used over and over.
        self.hold(form, gateway, held.BATCH)
        before = self.growth(gateway, wire, 0)
        self.hold(form, gateway, COUNT)
        limit = held.budget(form) * 1024 * COUNT
        grown = self.growth(gateway, wire, before)
        for _ in range(1000):
            if grown < limit:
                break
            grown = min(grown, self.growth(gateway, wire, before))
        self.assertLess(grown, limit, "%.1f KiB each" % (grown / COUNT / 1024))

    def check_instructions(self, form):
        with tempfile.TemporaryDirectory() as directory:
            gateway = Counted(directory, "serve", "-c", self.path)
            try:
                self.compare_instructions(gateway, form)
            finally:
                self.assertEqual(gateway.stop(), 0)

    def compare_instructions(self, gateway, form):
        early = harness.Wire(gateway.port)
        self.addCleanup(early.close)
        self.ask(gateway, early, 2 * REQUESTS)
        free = gateway.count(lambda: self.ask(gateway, early, REQUESTS))
        self.assertGreater(free, 10000 * REQUESTS)
        streams = held.Streams(form, gateway.port, COUNT)
        try:
            late = harness.Wire(gateway.port)
            self.addCleanup(late.close)
            self.ask(gateway, late, REQUESTS)
            for wire in early, late:
                taken = self.least(gateway, wire, (1 + GROWTH) * free)
                self.assertLess(taken, (1 + GROWTH) * free, free)
        finally:
            streams.close()

    def least(self, gateway, wire, limit):
        """Those streams that still come to rest disturb the first counts."""
        counts = []
        while len(counts) < 20 and min(counts, default=limit) >= limit:
            counts.append(
                gateway.count(lambda: self.ask(gateway, wire, REQUESTS)))
        return min(counts)


def add_tests():
    for form in held.FORMS:
        name = form.replace("-", "_")
        setattr(IdleStreams, "test_memory_of_" + name,
                lambda self, form=form: self.check_memory(form))
    for form in ("keep-alive", "ndjson", "websocket"):
        name = form.replace("-", "_")
        setattr(IdleStreams, "test_others_do_not_feel_" + name,
                lambda self, form=form: self.check_instructions(form))


if __name__ == "__main__":
    add_tests()
    harness.main()
