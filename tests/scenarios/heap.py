#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Once warm, a unary call takes nothing from the heap: heap_counter.so is
preloaded into the program and counts by who asks. What libraries take is
printed, not judged."""

import os

import harness
from memory import Heap, OWNERS

CROWD = 64
WARM_UP = 20
ROUNDS = 800
FRAME = b"\0\0\0\0\x05\x0a\x03abc"

REST = harness.request("POST", "/v1/echo", {"name": "abc"})
CONNECT = harness.request(
    "POST", "/sluice.test.v1.Everyday/Echo", FRAME[5:],
    [("Content-Type", "application/proto"), ("Connect-Protocol-Version", "1")])
GRPC_WEB = harness.request(
    "POST", "/sluice.test.v1.Everyday/Echo", FRAME,
    [("Content-Type", "application/grpc-web+proto")])


class Steady(harness.Scenario):
    @classmethod
    def route_file(cls, *arguments, **more):
        """One worker: its pools are the ones that are warm."""
        path = super().route_file(*arguments, **more)
        with open(path) as f:
            text = f.read()
        with open(path, "w") as f:
            f.write(text.replace("workers: 2", "workers: 1"))
        return path

    @classmethod
    def start(cls, port, more=None):
        cls.heap = Heap(os.path.join(cls.directory.name, "counts"))
        return harness.Gateway("serve", "-c", cls.route_file(port, more),
                               environment=cls.heap.environment)

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.heap.close()

    def ask_all(self, wires, request, rounds):
        for _ in range(rounds):
            for wire in wires:
                wire.send(request)
            for wire in wires:
                response = wire.response()
                self.assertIsNotNone(response)
                self.assertEqual(response.status, 200, response)

    def warm_watches(self):
        """Calls that take long have their connections watched, and on a busy
        machine any call may. The probe of a client that has finished sending
        tells that it is watched."""
        self.backend.release.clear()
        wires = [self.wire() for _ in range(CROWD)]
        for wire in wires:
            wire.send(harness.request(
                "POST", "/sluice.test.v1.Everyday/Obey", {"hang": True}))
            wire.half_close()
        for wire in wires:
            wire.read_until(b"HTTP/1.1 100 Continue\r\n\r\n")
        self.backend.release.set()
        for wire in wires:
            wire.to_end()

    def assert_takes_nothing(self, request):
        self.warm_watches()
        crowd = [self.wire() for _ in range(CROWD)]
        self.ask_all(crowd, request, WARM_UP)
        # Now one at a time: how many of a crowd are under way together, and so
        # what is warm, is the scheduler's doing.
        taken_before, given_before = self.heap.taken(), self.heap.given()
        self.ask_all(crowd[:1], request, ROUNDS)
        taken = [a - b for a, b in zip(self.heap.taken(), taken_before)]
        given = [a - b for a, b in zip(self.heap.given(), given_before)]
        print("\n  per request: " + ", ".join(
            "%s %.2f" % (owner, n / ROUNDS)
            for owner, n in zip(OWNERS, taken)))
        self.assertEqual((taken[0], given[0]), (0, 0))

    def test_what_the_program_takes_is_counted(self):
        self.assertGreater(self.heap.taken()[0], 0)

    def test_json_takes_nothing(self):
        self.assert_takes_nothing(REST)

    def test_connect_takes_nothing(self):
        self.assert_takes_nothing(CONNECT)

    def test_grpc_web_takes_nothing(self):
        self.assert_takes_nothing(GRPC_WEB)


if __name__ == "__main__":
    harness.main()
