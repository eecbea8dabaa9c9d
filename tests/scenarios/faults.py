# SPDX-License-Identifier: Apache-2.0
"""System calls of the program that fail or do less than they could: what
faults.so, preloaded, is to do, and what it has done. faults.c says which
faults those are, and why they are fair."""

import mmap
import os
import struct

import harness

LIBRARY = os.path.abspath(
    os.path.join(harness.BUILD, "tests/scenarios/faults.so"))

# As in faults.c.
POINTS = ("client read", "client write", "upstream read", "upstream write",
          "log write", "accept", "connect", "socket", "duplicate", "wait")
FAULTS = ("interrupt", "not_now", "one_byte")
RATES = 1
AIMS = RATES + len(FAULTS)
CALLS = AIMS + 4 * len(POINTS)
CAUSED = CALLS + len(POINTS)
HITS = CAUSED + len(FAULTS) * len(POINTS)
SIZE = 8 * (HITS + len(POINTS))


class Faults:
    """One program's schedule. At first there are none."""

    def __init__(self, directory, name="faults"):
        self.path = os.path.join(directory, name)
        with open(self.path, "wb") as f:
            f.write(bytes(SIZE))
        with open(self.path, "r+b") as f:
            self.map = mmap.mmap(f.fileno(), 0)
        self.environment = {"LD_PRELOAD": LIBRARY, "FAULTS": self.path}

    def close(self):
        self.map.close()

    def _write(self, at, *values):
        struct.pack_into("%dQ" % len(values), self.map, 8 * at, *values)

    def _read(self, at):
        return struct.unpack_from("Q", self.map, 8 * at)[0]

    def schedule(self, seed=0, **rates):
        """How many of 1000 calls each fault befalls, from now on."""
        self._write(0, seed, *(rates.get(fault, 0) for fault in FAULTS))

    def aim(self, point, error, after=0, times=1):
        """So many calls at a point fail, after some that do not."""
        at = AIMS + 4 * POINTS.index(point)
        self._write(at, 0)
        self._write(at + 1, after, after + times, 0)
        self._write(at, error)

    def rest(self):
        """Nothing fails any more."""
        self.schedule()
        for point in POINTS:
            self.aim(point, 0)

    def calls(self, point):
        return self._read(CALLS + POINTS.index(point))

    def hits(self, point):
        """How often an aim was met."""
        return self._read(HITS + POINTS.index(point))

    def caused(self, fault):
        """How often, at each point."""
        return {point: self._read(CAUSED + len(FAULTS) * i +
                                  FAULTS.index(fault))
                for i, point in enumerate(POINTS)}
