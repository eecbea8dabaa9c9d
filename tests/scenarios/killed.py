# SPDX-License-Identifier: Apache-2.0
"""A backend that is killed, or stopped and let go on, at any moment of calls in
every form: each call ends, once, as its form ends, and in its time; nothing is
left of it; and the backend is used again soon after it is back.

What is done in which order comes from a seed. make check does some dozens of
rounds; more of them, other ones, and what they came to:

  killed.py --count 1000 --seed 5000 --verbose
"""

import argparse
import random
import sys

import flights
import harness
import victim
from victim import PROBES, has_struck

ROUNDS = 50
WARM = 5                # rounds until everything is there that stays
FLIGHTS = 12            # in each round
PATIENT_MS = 50000      # a deadline that only a hang can reach
SHORT_MS = 250


class Killed(victim.Scenario):
    seed = 1
    rounds = ROUNDS

    def descriptors(self):
        self.let_it_turn(3)     # what was closed is noticed
        return self.gateway.descriptors()

    def play(self, chance, fault, ms):
        """The steps of some flights in any order, and the fault among them."""
        under_way = chance.sample(flights.all_forms(), FLIGHTS)
        steps = [flight.step for flight in under_way for _ in range(3)]
        chance.shuffle(steps)
        for flight in under_way:
            first = steps.index(flight.step)
            steps.insert(chance.randrange(first + 1),
                         lambda flight=flight: flight.open(self, ms))
        steps.insert(chance.randrange(len(steps) + 1), fault)
        for step in steps:
            step()
        return under_way

    def many(self, first, end):
        for number in range(first, end):
            try:
                self.round(number)
            except Exception as e:
                raise AssertionError("--seed %d --count 1: %s" % (
                    self.seed + number, e)) from e

    def round(self, number):
        chance = random.Random(self.seed + number)
        if chance.random() < 0.7:
            self.land(self.play(chance, self.backend.kill, PATIENT_MS),
                      (0, 14, None))
            self.backend.start(self.seed + number)
        else:
            self.land(self.play(chance, self.backend.pause, SHORT_MS),
                      (0, 4, None))
            self.backend.go_on()
        self.until_it_is_back()
        self.doCleanups()
        self.setUp()

    def test_every_call_ends_once_and_nothing_is_left(self):
        self.many(0, WARM)
        before, rss = self.descriptors(), self.gateway.rss()
        self.many(WARM, self.rounds)
        self.assertLessEqual(self.descriptors(), before + 1)
        self.assertLess(self.gateway.rss() - rss, harness.STREAM_GROWTH)
        calls = sum(self.tally.values())
        self.gateway.wait_for(" rpc=", calls)
        self.assertEqual(sum(" rpc=" in l for l in self.gateway.lines), calls)

    def test_a_backend_that_was_long_away_is_used_again_soon(self):
        """However often it was looked for in vain."""
        self.backend.kill()
        wire = self.wire()
        for _ in range(3):
            clock = self.wire()
            while not has_struck(clock):
                for request in PROBES:
                    self.assertFalse(self.probe(wire, request))
        self.backend.start(0)
        self.until_it_is_back()


def main():
    parser = argparse.ArgumentParser(description="see the head of the file")
    parser.add_argument("--seed", type=int, default=1, help="the first one")
    parser.add_argument("--count", type=int, default=ROUNDS, help="of rounds")
    parser.add_argument("--verbose", action="store_true",
                        help="say which form ended how, how often")
    options = parser.parse_args()
    Killed.seed, Killed.rounds = options.seed, options.count
    sys.argv[1:] = []
    if options.verbose:
        Killed.addClassCleanup(lambda: print(*(
            "%6d %s: %s" % (times, *what)
            for what, times in sorted(Killed.tally.items(), key=str)),
            sep="\n"))
    harness.main()


if __name__ == "__main__":
    main()
