#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""The pages of the layers show the examples as they are, and what they print.

    pages.py [--write] [EXAMPLES...]

EXAMPLES are folders with the built programs base, face and grpc: those of the
build tree, if none is named. --write brings the pages up to date instead of
complaining.
"""

import os
import pathlib
import re
import subprocess
import sys
import unittest

sys.path.insert(0, str(pathlib.Path(__file__).parents[1] / "scenarios"))
import harness  # noqa: E402

TOP = pathlib.Path(os.environ.get("top_srcdir", "."))
BUILT = pathlib.Path(os.environ.get("top_builddir", "."), "examples", "rpc")
PAGES = ("base", "face", "links")
BLOCK = re.compile(
    r"<!-- (source|output) ([^>]+?) -->\n```(\w+)\n(.*?)```\n", re.DOTALL)
PATIENCE_S = 60


def run(folder, *args):
    done = subprocess.run(
        [str(folder / args[0]), *args[1:]], stdout=subprocess.PIPE,
        timeout=PATIENCE_S, check=True, text=True)
    return done.stdout


class Server:
    """examples/rpc/grpc serving on a free port."""

    def __init__(self, folder):
        self.process = subprocess.Popen(
            [str(folder / "grpc"), "serve", "127.0.0.1:0"],
            stdout=subprocess.PIPE, text=True)

    def __enter__(self):
        first = self.process.stdout.readline()
        self.address = "127.0.0.1:" + first.split()[-1]
        return self

    def __exit__(self, *_):
        self.process.terminate()
        self.status = self.process.wait(PATIENCE_S)
        self.process.stdout.close()


def output(folder, words):
    """What the example prints, below the command that runs it."""
    if words != ["grpc", "call"]:
        return "$ ./" + " ".join(words) + "\n" + run(folder, *words)
    with Server(folder) as server:
        text = run(folder, "grpc", "call", server.address)
    if server.status != 0:
        raise AssertionError(f"the server ended with {server.status}")
    return "$ ./grpc call 127.0.0.1:50051\n" + text


def wanted(kind, what, folder):
    if kind == "source":
        return (TOP / what).read_text(encoding="utf-8")
    return output(folder, what.split())


class Pages(unittest.TestCase):
    folders = [BUILT]
    writes = False

    def check(self, page, folder):
        path = TOP / "docs" / f"{page}.md"
        text = path.read_text(encoding="utf-8")

        def renewed(match):
            kind, what, language, _ = match.groups()
            return (f"<!-- {kind} {what} -->\n```{language}\n"
                    f"{wanted(kind, what, folder)}```\n")

        new, count = BLOCK.subn(renewed, text)
        self.assertGreater(count, 1, f"{path} shows nothing")
        if self.writes:
            path.write_text(new, encoding="utf-8")
        else:
            self.assertEqual(text, new, f"{path}: run {__file__} --write")

    def test_each_page_shows_its_examples_and_what_they_print(self):
        for folder in self.folders:
            for page in PAGES:
                with self.subTest(page=page, folder=str(folder)):
                    self.check(page, folder)

    def test_official_grpc_calls_the_served_example(self):
        import grpc

        for folder in self.folders:
            with Server(folder) as server, \
                    grpc.insecure_channel(server.address) as channel:
                square = channel.unary_unary("/example.Numbers/Square")
                self.assertEqual(square(b"12", timeout=PATIENCE_S), b"144")
                total = channel.stream_unary("/example.Numbers/Sum")
                self.assertEqual(
                    total(iter([b"1", b"2", b"39"]), timeout=PATIENCE_S),
                    b"42")
                count = channel.unary_stream("/example.Numbers/CountDown")
                self.assertEqual(list(count(b"3", timeout=PATIENCE_S)),
                                 [b"3", b"2", b"1"])
            self.assertEqual(server.status, 0)


if __name__ == "__main__":
    Pages.writes = "--write" in sys.argv
    given = [pathlib.Path(a) for a in sys.argv[1:] if a != "--write"]
    Pages.folders = given or [BUILT]
    del sys.argv[1:]
    harness.main()
