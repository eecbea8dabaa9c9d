# SPDX-License-Identifier: Apache-2.0
"""For measurements that are made with the tools of the scenarios."""

import contextlib
import os
import sys

from compare.tree import TOP, build


def prepare(tree=None):
    """Makes the scenarios' modules work with a program: that of a build tree,
    or of an optimised one that is built now."""
    if tree is None:
        tree = build("sluice", "tests/scenarios/everything.pb",
                     "tests/scenarios/files.pb")
    os.environ.update(SLUICE=os.path.join(tree, "sluice"), top_builddir=tree,
                      top_srcdir=TOP)
    sys.path.insert(0, os.path.join(TOP, "tests/scenarios"))


@contextlib.contextmanager
def gateway(scenario):
    """A class of cases, each of which has what the scenario starts."""
    class Case(scenario):
        def runTest(self):
            pass

    Case.setUpClass()
    try:
        yield Case
    finally:
        Case.tearDownClass()
