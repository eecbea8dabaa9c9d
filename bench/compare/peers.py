# SPDX-License-Identifier: Apache-2.0
"""The proxies: how each is found, configured, started and ended.

Configurations are in bench/peers/, with words like @PORT@ to fill in. Every
proxy has one worker and core 0 for itself.
"""

import os
import re
import shutil
import signal
import socket
import subprocess
import time

from compare import grpc_gateway
from compare.tree import TOP

PATIENCE_S = 60   # grpc-gateway takes some seconds with 10,000 routes


class Absent(Exception):
    """Why a proxy cannot take part."""


class Failed(Exception):
    """What went wrong with one proxy in one workload."""


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def find(program):
    path = shutil.which(program, path=os.environ["PATH"] + ":/usr/sbin")
    if path is None:
        raise Absent("no %s" % program)
    return path


def say_version(*command):
    """The first thing that looks like a version."""
    out = subprocess.run(command, capture_output=True, text=True).stdout
    found = re.search(r"\d+\.\d+(\.\d+)?", out)
    return found.group(0) if found else "?"


def family(pid):
    """A process and all below it."""
    pids = [pid]
    for task in os.listdir("/proc/%d/task" % pid):
        with open("/proc/%d/task/%s/children" % (pid, task)) as f:
            for child in f.read().split():
                pids += family(int(child))
    return pids


class Peer:
    """One kind of proxy; instances run it once."""
    name = None
    title = None
    form = "grpc"
    cores = 1
    transcodes = False

    def __init__(self, build, cores):
        self.build = build
        self.all_cores = cores
        self.program = self.locate()
        self.process = None
        self.pids = []
        self.port = 0

    # What a kind says about itself:

    def locate(self):
        """The program; raises Absent."""
        raise NotImplementedError

    def version(self):
        return ""

    def command(self, directory, backend, workload):
        raise NotImplementedError

    # What they share:

    def fill(self, template, directory, backend, **words):
        with open(os.path.join(TOP, "bench/peers", template)) as f:
            text = f.read()
        words.update(PORT=self.port, BACKEND=backend, DIR=directory,
                     SCHEMA=os.path.join(self.build, "bench/bench.pb"))
        for word, value in words.items():
            text = text.replace("@%s@" % word, str(value))
        path = os.path.join(directory, "%s-%s" % (self.name, template))
        with open(path, "w") as f:
            f.write(text)
        return path

    def start(self, directory, backend, workload):
        self.port = free_port()
        cores = set(self.all_cores[:self.cores])
        log = os.path.join(directory, self.name + ".log")
        with open(log, "w") as errors:
            self.process = subprocess.Popen(
                self.command(directory, backend, workload),
                stdin=subprocess.DEVNULL, stdout=errors, stderr=errors,
                env={**os.environ, "GOMAXPROCS": str(self.cores)},
                preexec_fn=lambda: os.sched_setaffinity(0, cores))
        self._wait_for_port(log)
        self.pids = family(self.process.pid)

    def _wait_for_port(self, log):
        end = time.monotonic() + PATIENCE_S
        while time.monotonic() < end and self.process.poll() is None:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
                return
            except OSError:
                time.sleep(0.02)
        with open(log) as f:
            raise Failed("it does not start: %s" % (f.read()[-400:] or "?"))

    def stop(self):
        if self.process is None:
            return
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(3)
        except subprocess.TimeoutExpired:  # it waits for its connections
            self.process.kill()
            self.process.wait()
        self.process = None


class Sluice(Peer):
    name = title = "sluice"
    form = "json"
    transcodes = True

    def locate(self):
        return os.path.join(self.build, "sluice")

    def version(self):
        return say_version(self.program, "version")

    def command(self, directory, backend, workload):
        bindings = "\n".join(
            "        - {get: '/v1/r%04d/{name}'}" % i
            for i in range(workload.routes))
        routes = ("http:\n  rules:\n    - selector: sluice.bench.v1.Bench.Echo"
                  "\n      post: /v1/echo\n      body: '*'\n"
                  "      additional_bindings:\n" + bindings)
        return [self.program, "serve", "-c", self.fill(
            "sluice.yaml", directory, backend, WORKERS=self.cores,
            ROUTES=routes if workload.routes else "")]


class SluiceTwice(Sluice):
    name = "sluice-2"
    title = "sluice, 2 workers"
    cores = 2


class Ideal(Peer):
    name = "ideal"
    title = "ideal program"
    form = "json"

    def locate(self):
        return os.path.join(self.build, "bench/ideal")

    def command(self, directory, backend, workload):
        return [self.program, str(self.port), str(backend)]


class Nginx(Peer):
    name = "nginx"
    title = "nginx grpc_pass"

    def locate(self):
        return find("nginx")

    def version(self):
        out = subprocess.run([self.program, "-v"], capture_output=True,
                             text=True).stderr
        return out.strip().rsplit("/", 1)[-1].split(" ")[0]

    def command(self, directory, backend, workload):
        return [self.program, "-p", directory, "-c",
                self.fill("nginx.conf", directory, backend)]


class HAProxy(Peer):
    name = "haproxy"
    title = "HAProxy to h2c"

    def locate(self):
        return find("haproxy")

    def version(self):
        return say_version(self.program, "-v")

    def command(self, directory, backend, workload):
        return [self.program, "-db", "-q", "-f",
                self.fill("haproxy.cfg", directory, backend)]


class Nghttpx(Peer):
    name = "nghttpx"
    title = "nghttpx to h2c"

    def locate(self):
        return find("nghttpx")

    def version(self):
        return say_version(self.program, "--version")

    def command(self, directory, backend, workload):
        return [self.program,
                "--conf=" + self.fill("nghttpx.conf", directory, backend)]


class GrpcGateway(Peer):
    name = title = "grpc-gateway"
    form = "json"
    transcodes = True

    def locate(self):
        try:
            return grpc_gateway.build(TOP, self.build)
        except grpc_gateway.NotBuilt as e:
            raise Absent(str(e)) from e

    def version(self):
        return grpc_gateway.version(TOP)

    def command(self, directory, backend, workload):
        return [self.program, str(self.port), str(backend),
                str(workload.routes)]


class Envoy(Peer):
    name = "envoy"
    title = "Envoy's transcoder"
    form = "json"
    transcodes = True

    def locate(self):
        return find("envoy")

    def version(self):
        return say_version(self.program, "--version")

    def command(self, directory, backend, workload):
        return [self.program, "--concurrency", "1", "--use-dynamic-base-id",
                "--log-level", "critical", "-c",
                self.fill("envoy.yaml", directory, backend)]


KINDS = {kind.name: kind for kind in (
    Sluice, SluiceTwice, Ideal, Nginx, HAProxy, Nghttpx, GrpcGateway, Envoy)}
