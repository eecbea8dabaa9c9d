# SPDX-License-Identifier: Apache-2.0
"""sluice transcode as a process that answers message by message, and alone."""

import os
import struct
import subprocess

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

PATIENCE = 60
PROGRAM = os.environ.get("SLUICE", "./sluice")
BUILD = os.environ.get("top_builddir", ".")
SET = os.path.abspath(os.path.join(BUILD, "tests/scenarios/protojson2.pb"))
ALL = "sluice.test.protojson.All"
OLD = "sluice.test.protojson2.Old"
FAILED = 0xffffffff


def pool():
    files = descriptor_pb2.FileDescriptorSet()
    with open(SET, "rb") as f:
        files.ParseFromString(f.read())
    made = descriptor_pool.DescriptorPool()
    for file in files.file:
        made.Add(file)
    return made


POOL = pool()


def message_class(name):
    return message_factory.MessageFactory(POOL).GetPrototype(
        POOL.FindMessageTypeByName(name))


class Refused(Exception):
    """What an error was answered with."""


def command(source, target, *more, type=ALL, schema=SET):
    return [PROGRAM, "transcode", "--schema", schema, "--type", type,
            "--from", source, "--to", target, *more]


def run(data, *args, **kwargs):
    """One message: (exit status, stdout, stderr)."""
    done = subprocess.run(command(*args, **kwargs), input=data,
                          capture_output=True, timeout=PATIENCE)
    return done.returncode, done.stdout, done.stderr.decode()


class Transcoder:
    """One process for many messages, with the pipe of each direction."""

    def __init__(self, *args, **kwargs):
        self.process = subprocess.Popen(
            command(*args, "--delimited", **kwargs), stdin=subprocess.PIPE,
            stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    def _read(self, n):
        data = self.process.stdout.read(n)
        if len(data) < n:
            raise AssertionError("it ended: %r" % self.process.stderr.read())
        return data

    def __call__(self, data):
        self.process.stdin.write(struct.pack("<I", len(data)) + data)
        self.process.stdin.flush()
        n, = struct.unpack("<I", self._read(4))
        if n != FAILED:
            return self._read(n)
        n, = struct.unpack("<I", self._read(4))
        raise Refused(self._read(n).decode())

    def close(self):
        _, stderr = self.process.communicate(timeout=PATIENCE)
        if (self.process.returncode, stderr) != (0, b""):
            raise AssertionError((self.process.returncode, stderr))
