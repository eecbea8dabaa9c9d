# SPDX-License-Identifier: Apache-2.0
"""The source tree, and the optimised build of it that is measured."""

import os
import subprocess

TOP = os.path.dirname(os.path.dirname(os.path.dirname(
    os.path.abspath(__file__))))


def build(*targets):
    """Makes them as releases are made; the build tree's path."""
    tree = os.path.join(TOP, "build-bench")
    subprocess.run(
        [os.path.join(TOP, "script/build"), tree, "--disable-shared",
         "--enable-lto", "CFLAGS=-O2 -g", "--", *targets],
        check=True, stdout=subprocess.DEVNULL)
    return tree
