# SPDX-License-Identifier: Apache-2.0
"""The heap of the program, told and ordered through heap_counter.so."""

import mmap
import os
import struct

import harness

COUNTER = os.path.abspath(
    os.path.join(harness.BUILD, "tests/scenarios/heap_counter.so"))

# As in heap_counter.c.
OWNERS = ("program", "microhttpd", "nghttp2", "uv", "others")
ALL = (1 << len(OWNERS)) - 1
WORDS = 2 * len(OWNERS) + 5
VICTIMS, FAILING, GOES_ON, ASKED, REFUSED = range(WORDS - 5, WORDS)
TEXT_MAX = 1024


class Heap:
    """Of one run of the program, which gets `environment`."""

    def __init__(self, path):
        with open(path, "wb") as f:
            f.write(bytes(8 * WORDS + TEXT_MAX))
        with open(path, "r+b") as f:
            self.map = mmap.mmap(f.fileno(), 0)
        self.environment = {"LD_PRELOAD": COUNTER, "HEAP_COUNTS": path}
        if harness.is_sanitized():
            self.environment["ASAN_OPTIONS"] = ":".join(filter(None, (
                os.environ.get("ASAN_OPTIONS"), "quarantine_size_mb=1",
                "verify_asan_link_order=0")))

    def close(self):
        self.map.close()

    def __getitem__(self, word):
        return struct.unpack_from("Q", self.map, 8 * word)[0]

    def __setitem__(self, word, value):
        struct.pack_into("Q", self.map, 8 * word, value)

    def taken(self):
        """By each owner."""
        return [self[i] for i in range(len(OWNERS))]

    def given(self):
        return [self[len(OWNERS) + i] for i in range(len(OWNERS))]

    def in_use(self):
        """Blocks that were taken and not given back, whoever did."""
        return sum(self.taken()) - sum(self.given())

    def refuse(self, nth, goes_on=False, victims=ALL):
        """The nth that the victims ask for from now, and what follows. 0:
        nothing; they are counted."""
        self[FAILING] = 0
        self[ASKED] = self[REFUSED] = 0
        self[VICTIMS], self[GOES_ON] = victims, goes_on
        self[FAILING] = nth

    def suffices(self):
        """How many were (asked for, refused) since refuse()."""
        self[FAILING] = self[VICTIMS] = 0
        return self[ASKED], self[REFUSED]

    def where(self):
        """Who was refused first: FILE+OFFSET of each caller, for addr2line."""
        return self.map[8 * WORDS:].split(b"\0")[0].decode().strip()
