# SPDX-License-Identifier: Apache-2.0
"""Builds bench/peers/grpc-gateway: fetches what its go.mod names, lets protoc
make the handlers, compiles. All of it in the build tree, once."""

import os
import re
import shutil
import subprocess

SOURCES = "bench/peers/grpc-gateway"
PACKAGE = "sluice.bench/grpc-gateway/bench"
GOOGLE = "google.golang.org/genproto/googleapis/api/annotations"
PLUGINS = ("go", "go-grpc", "grpc-gateway")
BUILD_S = 600


class NotBuilt(Exception):
    pass


def version(top):
    with open(os.path.join(top, SOURCES, "go.mod")) as f:
        return re.search(r"grpc-gateway/v2 v(\S+)", f.read()).group(1)


def run(directory, *command, **environment):
    result = subprocess.run(
        command, cwd=directory, text=True, timeout=BUILD_S,
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        env={**os.environ, **environment})
    if result.returncode != 0:
        raise NotBuilt("%s: %s" % (command[0], result.stdout[-300:].strip()))


def is_new(program, sources):
    return os.path.exists(program) and all(
        os.path.getmtime(program) >= os.path.getmtime(s) for s in sources)


def generate(top, tree):
    """bench.proto has no go_package: Go is nothing that Sluice knows of."""
    target = os.path.join(tree, "bench")
    os.makedirs(target, exist_ok=True)
    names = ["Mbench.proto=" + PACKAGE,
             "Mgoogle/api/annotations.proto=" + GOOGLE,
             "Mgoogle/api/http.proto=" + GOOGLE]
    command = ["protoc", "-I", os.path.join(top, "bench"),
               "-I", os.path.join(top, "protobuf/fixed"), "bench.proto"]
    for plugin in PLUGINS:
        command += ["--%s_out=%s" % (plugin, target),
                    "--%s_opt=paths=source_relative,%s" % (
                        plugin, ",".join(names))]
    run(tree, *command, PATH="%s:%s" % (
        os.path.join(tree, "bin"), os.environ["PATH"]))


def build(top, build_dir):
    """The program's path; raises NotBuilt."""
    tree = os.path.join(build_dir, SOURCES)
    program = os.path.join(tree, "grpc-gateway")
    sources = [os.path.join(top, SOURCES, name)
               for name in ("go.mod", "go.sum", "main.go")]
    if is_new(program, sources + [os.path.join(top, "bench/bench.proto")]):
        return program
    for tool in ("go", "protoc"):
        if not shutil.which(tool):
            raise NotBuilt("no " + tool)
    print("building grpc-gateway", flush=True)
    os.makedirs(tree, exist_ok=True)
    for source in sources:
        shutil.copy(source, tree)
    try:
        run(tree, "go", "install", "tool", GOBIN=os.path.join(tree, "bin"))
        generate(top, tree)
        run(tree, "go", "build", "-o", program, ".")
    except subprocess.TimeoutExpired as e:
        raise NotBuilt("it takes more than %d s" % BUILD_S) from e
    return program
