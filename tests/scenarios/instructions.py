#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""What a unary request and a message of a stream cost in instructions, libraries
included: no more than when it was written down in docs/performance.md, and a
tenth."""

import os
import re
import unittest

import callgrind
import harness

ROOM = 1.1

# By how the program was built: a request, a message from the service, one from
# the client. Debian 12's libraries.
KNOWN = {
    "gcc -O2": (48400, 2330, 2900),
    "other": (74700, 7430, 9840),   # gcc -O0
}


def how_built():
    with open(os.path.join(harness.BUILD, "Makefile")) as f:
        text = f.read()
    compiler = re.search(r"^CC = (.*)$", text, re.M).group(1).split()[0]
    flags = re.search(r"^CFLAGS = (.*)$", text, re.M).group(1).split()
    built = "%s %s" % (compiler, " ".join(
        flag for flag in flags if flag.startswith("-O")))
    return built if built in KNOWN else "other"


class Instructions(unittest.TestCase):
    @classmethod
    def setUpClass(cls):
        unary, stream = callgrind.UNARY, callgrind.STREAM
        cls.base = callgrind.count(callgrind.one_by_one(
            (unary, 200), (stream, 2)))
        cls.more_unary = callgrind.count(callgrind.one_by_one(
            (unary, 1200), (stream, 2)))
        cls.more_streams = callgrind.count(callgrind.one_by_one(
            (unary, 200), (stream, 12)))
        requests = callgrind.REQUESTS
        cls.requests = callgrind.count(callgrind.one_by_one((requests, 2)))
        cls.more_requests = callgrind.count(callgrind.one_by_one(
            (requests, 12)))

    def assert_costs(self, counts, known):
        print("\n  " + ", ".join("%s %.0f" % (name, counts[name])
                                 for name in sorted(counts)))
        self.assertGreater(counts["sluice"], 10)
        self.assertLess(counts["in all"], ROOM * known, counts)

    def test_a_unary_request_costs_no_more_than_it_did(self):
        self.assert_costs(
            callgrind.difference(self.more_unary, self.base, 1000),
            KNOWN[how_built()][0])

    def test_a_streamed_message_costs_no_more_than_it_did(self):
        self.assert_costs(
            callgrind.difference(self.more_streams, self.base,
                                 10 * callgrind.STREAM_MESSAGES),
            KNOWN[how_built()][1])

    def test_a_message_of_the_client_costs_no_more_than_it_did(self):
        self.assert_costs(
            callgrind.difference(self.more_requests, self.requests,
                                 10 * callgrind.STREAM_MESSAGES),
            KNOWN[how_built()][2])


if __name__ == "__main__":
    harness.main()
