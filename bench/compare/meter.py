# SPDX-License-Identifier: Apache-2.0
"""Loads a proxy and reads what that cost: the load generator's figures and the
proxies' CPU time and memory as /proc has them."""

import contextlib
import os
import re
import subprocess

from compare.peers import Failed

TICK = os.sysconf("SC_CLK_TCK")
TRACE = 0.001    # this share of the answers may be wrong, no more
SLACK_S = 30     # for the load generator to give up by itself
OPENING_S = 60   # for all idle streams
COUNT_S = 300    # for a number of requests, under a tracer or valgrind


def cpu_s(pids):
    """User and system time of processes, all their threads."""
    ticks = 0
    for pid in pids:
        with open("/proc/%d/stat" % pid) as f:
            fields = f.read().rsplit(")", 1)[1].split()
        ticks += int(fields[11]) + int(fields[12])
    return ticks / TICK


def all_cores_s():
    """What all cores have done for anybody: processes, interrupts, and what
    the host has taken away."""
    with open("/proc/stat") as f:
        ticks = [int(n) for n in f.readline().split()[1:9]]
    return (sum(ticks) - ticks[3] - ticks[4]) / TICK  # idle, waiting


def idle_s(core):
    """How long it has had nothing to do."""
    with open("/proc/stat") as f:
        ticks = re.search(r"^cpu%d (.*)$" % core, f.read(), re.M).group(1)
    return sum(int(n) for n in ticks.split()[3:5]) / TICK


def memory_mb(pids, field):
    """Of the largest: the others only look after that one."""
    most = 0
    for pid in pids:
        with open("/proc/%d/status" % pid) as f:
            most = max(most, int(re.search(field + r":\s+(\d+)",
                                           f.read()).group(1)))
    return most / 1024


def rss_mb(pids):
    return memory_mb(pids, "VmRSS")


def peak_mb(pids):
    return memory_mb(pids, "VmHWM")


def forget_peak(pids):
    for pid in pids:
        with open("/proc/%d/clear_refs" % pid, "w") as f:
            f.write("5")


class Backend:
    """bench/backend on the core that is not the proxies'."""

    def __init__(self, build, core):
        self.process = subprocess.Popen(
            [os.path.join(build, "bench/backend")], stdout=subprocess.PIPE,
            text=True, preexec_fn=lambda: os.sched_setaffinity(0, {core}))
        self.port = int(self.process.stdout.readline())
        self.pids = [self.process.pid]

    def check(self):
        status = self.process.poll()
        if status is not None:
            raise Failed("the backend ended with status %d" % status)

    def stop(self):
        self.process.terminate()
        self.process.wait()
        self.process.stdout.close()


class Generator:
    """bench/load against one proxy in one workload."""

    def __init__(self, build, core, directory, peer, workload):
        self.command = [os.path.join(build, "bench/load"),
                        "--port", str(peer.port)]
        self.core = core
        self.prefix = os.path.join(directory, peer.name + "-")
        self.workload = workload
        self.exchange = workload.exchange(peer)
        self.expected = []

    def _file(self, name, data=None):
        path = self.prefix + name
        if data is not None:
            with open(path, "wb") as f:
                f.write(data)
        return path

    def _popen(self, arguments, **more):
        return subprocess.Popen(
            self.command + [str(a) for a in arguments], text=True,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE,
            preexec_fn=lambda: os.sched_setaffinity(0, {self.core}), **more)

    def _run(self, seconds, *arguments):
        process = self._popen(arguments, stdin=subprocess.DEVNULL)
        try:
            out, errors = process.communicate(timeout=seconds + SLACK_S)
        except subprocess.TimeoutExpired as e:
            raise Failed("the load generator does not end") from e
        finally:
            process.kill()
            process.wait()
        if process.returncode != 0:
            raise Failed(errors.strip())
        result = {name: float(value)
                  for name, value in re.findall(r"(\w+)=(-?[\d.]+)", out)}
        result["why"] = errors.strip()
        return result

    def _once(self, exchange):
        """A whole answer, checked for what it means."""
        answer = self._file("answer")
        result = self._run(
            5, "--request", self._file("probe", exchange.bytes()),
            "--once", answer)
        with open(answer, "rb") as f:
            body = f.read()
        try:
            is_right = exchange.is_right(body)
        except (ValueError, KeyError, TypeError):
            is_right = False
        if (not is_right or result["status"] != exchange.status
                or (exchange.grpc_status >= 0
                    and result["grpc_status"] != exchange.grpc_status)):
            raise Failed(
                "not the expected answer: status %d, grpc-status %d, %d bytes: "
                "%r%s" % (result["status"], result["grpc_status"], len(body),
                          body[:200], result["why"]))
        return body

    def prepare(self):
        """Learns this proxy's very bytes, which every answer then has."""
        body = self._once(self.exchange)
        self.expected = [
            "--request", self._file("request", self.exchange.bytes(
                self.workload.is_churn)),
            "--answer", self._file("expected", body),
            "--status", self.exchange.status,
            "--connections", self.workload.connections]
        if self.exchange.grpc_status >= 0:
            self.expected += ["--grpc-status", self.exchange.grpc_status]
        if self.workload.is_churn:
            self.expected.append("--churn")

    def _verified(self, seconds, *arguments):
        result = self._run(seconds, *self.expected, *arguments)
        bad = result["wrong"] + result["broken"]
        if not result["right"] or bad > TRACE * result["right"]:
            raise Failed("%d answers right, %d wrong, %d connections broke: %s"
                         % (result["right"], result["wrong"], result["broken"],
                            result["why"]))
        return result

    def load(self, seconds, rate=0):
        """For so long: all that the proxy can, or at a rate."""
        pace = ["--rate", rate] if rate else []
        return self._verified(seconds, "--seconds", seconds, *pace)

    def count(self, requests):
        """So many requests, however long they take."""
        return self._verified(COUNT_S, "--count", requests)

    @contextlib.contextmanager
    def holding(self, peer):
        """Idle streams, each with its first message, while this lasts."""
        endless, ending = self.workload.held_exchange(peer)
        body = self._once(ending)
        process = self._popen(
            ["--request", self._file("held", endless.bytes()), "--hold",
             "--answer", self._file("first", body[:len(body) // 1000]),
             "--connections", self.workload.held, "--seconds", OPENING_S],
            stdin=subprocess.PIPE)
        try:
            if not process.stdout.readline().startswith("held="):
                raise Failed("idle streams: " + process.stderr.read().strip())
            yield
            process.stdin.close()
            kept = int(re.search(r"right=(\d+)", process.stdout.read()).group(1))
            if kept != self.workload.held:
                raise Failed("of %d idle streams %d lasted" % (
                    self.workload.held, kept))
        finally:
            process.kill()
            process.wait()
            for stream in (process.stdin, process.stdout, process.stderr):
                stream.close()
