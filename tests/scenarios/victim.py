# SPDX-License-Identifier: Apache-2.0
"""The official gRPC in a process that is killed and started anew, or stopped
and let go on, behind a gateway with every form."""

import collections
import os
import select
import subprocess
import sys
import tempfile

import flights
import forms

# One for each upstream, since each has its own connection.
PROBES = [flights.with_lines(forms.UNARY[name], b"Grpc-Metadata-Probe: 1\r\n")
          for name in ("REST", "HttpBody", "raw")]


class Victim:
    """See nursery.py."""

    def __init__(self, share):
        self.share = share
        self.process = subprocess.Popen(
            [sys.executable, os.path.join(os.path.dirname(
                os.path.abspath(__file__)), "nursery.py")],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = 0

    def order(self, *words):
        print(*words, file=self.process.stdin, flush=True)
        return self.process.stdout.readline().strip()

    def start(self, seed):
        """Returns when it listens, always on the same port."""
        self.port = int(self.order(
            "start", self.port, seed, self.share))

    def kill(self):
        """Returns when it is gone and the kernel has closed its sockets."""
        self.order("kill")

    def pause(self):
        """Returns when all its threads stand still."""
        self.order("pause")

    def go_on(self):
        self.order("go on")

    def stop(self):
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()


def has_struck(clock):
    """A clock is a connection on which nothing is said: it is closed after two
    seconds."""
    return select.select([clock.socket], [], [], 0)[0] != []


class Scenario(forms.Scenario):
    more = "timeouts: {header: 2s}\n"
    share_that_hangs = 0.7
    tally = collections.Counter()   # (what, how it ended)

    @classmethod
    def setUpClass(cls):
        cls.directory = tempfile.TemporaryDirectory()
        cls.tally = collections.Counter()
        cls.backend = Victim(cls.share_that_hangs)
        cls.backend.start(0)
        cls.gateway = cls.start(cls.backend.port)

    def probe(self, wire, request):
        """Whether it succeeds; if not, it is 503."""
        response = wire.send(request).response()
        self.tally["probe", response.status] += 1
        if response.status != 200:
            self.assert_error(response, 503, 14)
        return response.status == 200

    def until_it_is_back(self):
        """Before the clock strikes."""
        clock, wire = self.wire(), self.wire()
        for request in PROBES:
            while not self.probe(wire, request):
                pass
        self.assertFalse(has_struck(clock),
                         "the backend was not used again for two seconds")

    def land(self, under_way, allowed):
        for flight in under_way:
            code = flight.land(self)
            self.assertIn(code, allowed, flight.name)
            self.tally[flight.name, code] += 1
