# SPDX-License-Identifier: Apache-2.0
"""Clients that come and are gone again, thousands of them: each breaks its
connection with a reset at any byte of a request, in any form, or somewhere in
the answer. Nobody else notices, and nothing is left of them.

Where each is cut comes from a seed. More of them, and other ones:

  churn.py --count 100000 --seed 2
"""

import argparse
import random
import sys
import time

import forms
import harness
import whole
from harness import Answer, request

COUNT = 4000
WARM = 1000         # until all is there that stays
AT_ONCE = 20        # connections that are open together


class Churn(forms.Scenario):
    seed = 1
    count = COUNT
    more = "timeouts: {idle: 1h}\n"    # of those who stay

    def setUp(self):
        super().setUp()
        self.backend.reply = Answer(text="done").SerializeToString()
        self.chance = random.Random(self.seed)
        self.requests = [data for _, data in whole.requests()]
        self.other = self.wire()

    def ask_as_another(self):
        response = self.other.send(request("GET", "/v1/orders/1")).response()
        self.assertEqual(response.json(), {"text": "done"})

    def come_and_go(self):
        """Some at once; what each says ends anywhere, and so does what it
        hears."""
        wires = []
        for _ in range(AT_ONCE):
            data = self.chance.choice(self.requests)
            cut = min(self.chance.randrange(len(data) * 2), len(data))
            wires.append(harness.Wire(self.gateway.port).send(data[:cut]))
            if cut == len(data) and self.chance.randrange(2):
                wires[-1].more()
        self.chance.shuffle(wires)
        self.ask_as_another()
        for wire in wires:
            wire.abort()
        self.backend.arrived.clear()

    def many(self, count):
        for _ in range(count // AT_ONCE):
            self.come_and_go()
            self.ask_as_another()

    def test_nothing_is_left_of_those_who_come_and_go(self):
        for name in ("REST", "HttpBody", "raw"):    # each has its upstream
            self.wire().send(forms.UNARY[name]).response()
        self.ask_as_another()
        self.let_it_turn()
        before = self.gateway.descriptors()
        self.many(WARM)
        rss = self.gateway.rss()
        self.many(self.count - WARM)
        end = time.monotonic() + harness.PATIENCE
        while self.gateway.descriptors() > before and time.monotonic() < end:
            self.let_it_turn()
        self.assertEqual(self.gateway.descriptors(), before)
        self.assertLess(self.gateway.rss() - rss, harness.STREAM_GROWTH)


def main():
    parser = argparse.ArgumentParser(description="see the head of the file")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--count", type=int, default=COUNT,
                        help="of connections")
    options = parser.parse_args()
    Churn.seed, Churn.count = options.seed, options.count
    sys.argv[1:] = []
    harness.main()


if __name__ == "__main__":
    main()
