# SPDX-License-Identifier: Apache-2.0
"""Counts the instructions of the program, under valgrind's callgrind, between
bench/backend and a client. No other load disturbs such a count."""

import os
import re
import subprocess
import tempfile

import harness

BACKEND = os.path.join(harness.BUILD, "bench/backend")
SCHEMA = os.path.abspath(os.path.join(harness.BUILD, "bench/bench.pb"))

ITEM = {"name": "x" * 76, "number": "7"}   # 100 bytes of JSON
UNARY = harness.request("POST", "/v1/echo", '{"name":"%s","number":"7"}'
                        % ITEM["name"])
STREAM = harness.request("GET", "/v1/stream")
STREAM_MESSAGES = 1000   # either way
REQUESTS = harness.request("POST", "/v1/collect", STREAM_MESSAGES * (
    '{"name":"%s","number":"7"}\n' % ITEM["name"]))

ROUTES = """\
listen: ["127.0.0.1:0"]
workers: 1
access_log: "off"
upstreams:
  bench: {target: "ipv4:127.0.0.1:%s", schema: "%s"}
services:
  - {name: sluice.bench.v1.Bench, upstream: bench}
"""


class Gateway(harness.Gateway):
    """The program under callgrind; stop() leaves the counts in a file."""

    def command(self, arguments):
        return ["valgrind", "--tool=callgrind", "--separate-threads=no",
                "--callgrind-out-file=" + self.out, harness.PROGRAM,
                *arguments]

    def __init__(self, out, *arguments):
        self.out = out
        super().__init__(*arguments)


def by_object(out):
    """{"sluice": n, "libnghttp2": n, ...} of callgrind's file: what the lines
    after an "ob=" say, but for those after "calls=", which are the called
    one's. (callgrind_annotate names no object for what a compiler inlined
    from another file, and where there is debug information it knows.)"""
    counts, names, name, is_called = {}, {}, None, False
    with open(out) as f:
        for line in f:
            found = re.match(r"(c?ob)=\((\d+)\)(?: (.*))?$", line)
            if found:
                what, number, path = found.groups()
                if path is not None:
                    names[number] = re.split(
                        r"[.-]", os.path.basename(path))[0]
                if what == "ob":
                    name = names[number]
            elif re.match(r"[-+*\d]", line) and not is_called:
                counts[name] = counts.get(name, 0) + int(line.split()[1])
            is_called = line.startswith("calls=")
    return counts


def count(drive):
    """What all of a program's life takes in which drive(port) happens."""
    with tempfile.TemporaryDirectory() as directory:
        backend = subprocess.Popen([BACKEND], stdout=subprocess.PIPE, text=True)
        try:
            path = os.path.join(directory, "sluice.yaml")
            with open(path, "w") as f:
                f.write(ROUTES % (backend.stdout.readline().strip(), SCHEMA))
            out = os.path.join(directory, "callgrind")
            gateway = Gateway(out, "serve", "-c", path)
            try:
                drive(gateway.port)
            finally:
                status = gateway.stop()
            if status != 0:
                raise AssertionError("exit status %s" % status)
            return by_object(out)
        finally:
            backend.terminate()
            backend.wait()
            backend.stdout.close()


def one_by_one(*parts):
    """For count(): (request, how often), on one connection."""
    def drive(port):
        wire = harness.Wire(port)
        for request, times in parts:
            for _ in range(times):
                wire.send(request)
                response = wire.response()
                if response is None or response.status != 200:
                    raise AssertionError(response)
        wire.close()
    return drive


def difference(more, less, n):
    """Of each object and in all, for each of n more."""
    counts = {name: (more.get(name, 0) - less.get(name, 0)) / n
              for name in {*more, *less}}
    counts["in all"] = sum(counts.values())
    return counts
