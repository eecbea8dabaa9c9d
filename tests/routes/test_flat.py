#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""A match costs as much among 10,000 routes as among 10: it is instructions
that are counted, which no other load disturbs."""
import os
import re
import subprocess
import unittest

METER = os.path.join(os.environ.get("top_builddir", "."),
                     "bench/routing_meter")
ASKED = 10
FLAT = 0.05


def instructions(routes, times):
    out = subprocess.run(
        ["valgrind", "--tool=callgrind", "--callgrind-out-file=/dev/null",
         "--toggle-collect=is_found", METER, "match", str(routes),
         str(times), str(ASKED)],
        check=True, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
        text=True).stderr
    return int(re.search(r"Collected : (\d+)", out).group(1))


def per_match(routes):
    """Without what happens once."""
    return (instructions(routes, 1200) - instructions(routes, 200)) / 1000


class Flatness(unittest.TestCase):
    def test_the_same_requests_cost_the_same_among_many_routes(self):
        few, many = per_match(ASKED), per_match(10000)
        self.assertGreater(few, 100)
        self.assertLess(abs(many - few), FLAT * few, (few, many))


if __name__ == "__main__":
    result = unittest.main(exit=False, verbosity=2).result
    bad = len(result.failures) + len(result.errors)
    print("%d passed, %d failed" % (result.testsRun - bad, bad))
    raise SystemExit(bad != 0)
