# SPDX-License-Identifier: Apache-2.0
"""What the conformance runner talks to: sluice transcode behind its protocol.

usage: testee.py DESCRIPTOR-SET VERDICT, with SLUICE in the environment. The
runner does not ask how its testee ended: the file VERDICT tells.

A request and its answer are each a message of conformance.proto after its
length in 4 bytes, little endian. A message is read (input to binary) and then
written (binary to output) by two transcoders, so that it shows which of the
two refused; one that does both at once has to say the same.
"""

import os
import struct
import subprocess
import sys

from google.protobuf import descriptor_pb2, descriptor_pool, message_factory

PROGRAM = os.environ.get("SLUICE", "./sluice")
REFUSED = 0xffffffff


def protocol(path):
    """The classes of the protocol. What else is in the set may be of an
    edition that the library here does not know."""
    files = descriptor_pb2.FileDescriptorSet()
    with open(path, "rb") as f:
        files.ParseFromString(f.read())
    pool = descriptor_pool.DescriptorPool()
    for file in files.file:
        if file.package == "conformance":
            pool.Add(file)
    factory = message_factory.MessageFactory(pool)
    return [factory.GetPrototype(pool.FindMessageTypeByName(name))
            for name in ("conformance.ConformanceRequest",
                         "conformance.ConformanceResponse")]


class Refused(Exception):
    """The message is not taken; why."""


class Ended(Exception):
    """A transcoder is gone that should not be; its exit status."""


def read_exactly(stream, n):
    data = stream.read(n)
    if len(data) < n:
        raise EOFError
    return data


class Transcoder:
    """sluice transcode, living for many messages of one type."""

    def __init__(self, schema, type, source, target, options):
        self.process = subprocess.Popen(
            [PROGRAM, "transcode", "--delimited", "--schema", schema,
             "--type", type, "--from", source, "--to", target,
             *("--option=" + option for option in options)],
            stdin=subprocess.PIPE, stdout=subprocess.PIPE)

    def _read(self):
        n, = struct.unpack("<I", read_exactly(self.process.stdout, 4))
        return n if n == REFUSED else read_exactly(self.process.stdout, n)

    def __call__(self, data):
        try:
            self.process.stdin.write(struct.pack("<I", len(data)) + data)
            self.process.stdin.flush()
            answer = self._read()
            why = self._read() if answer == REFUSED else None
        except (BrokenPipeError, EOFError):
            raise Ended(self.process.wait()) from None
        if why is not None:
            raise Refused(why.decode())
        return answer

    def close(self):
        try:
            self.process.stdin.close()
        except BrokenPipeError:
            pass        # its status tells
        self.process.stdout.close()
        return self.process.wait()


class Testee:
    def __init__(self, schema):
        self.schema = schema
        self.Request, self.Response = protocol(schema)
        self.transcoders = {}
        self.ended = []
        self.formats = {self.Request.DESCRIPTOR.file.enum_types_by_name[
            "WireFormat"].values_by_name[name].number: to
            for name, to in (("PROTOBUF", "binary"), ("JSON", "json"))}
        self.lenient = self.Request.DESCRIPTOR.file.enum_types_by_name[
            "TestCategory"].values_by_name[
                "JSON_IGNORE_UNKNOWN_PARSING_TEST"].number

    def transcode(self, type, source, target, options, data):
        key = type, source, target, options
        if key not in self.transcoders:
            self.transcoders[key] = Transcoder(self.schema, *key)
        try:
            return self.transcoders[key](data)
        except Ended:
            self.close(key)
            raise

    def close(self, key):
        status = self.transcoders.pop(key).close()
        if status != 0:
            self.ended.append((key, status))

    def in_two_steps(self, type, source, target, options, data):
        """(what kind of answer, the answer)"""
        try:
            wire = self.transcode(type, source, "binary", options, data)
        except Refused as e:
            return "parse_error", str(e)
        if target == "binary":
            return "protobuf_payload", wire
        try:
            return "json_payload", self.transcode(
                type, "binary", "json", options, wire).decode()
        except Refused as e:
            return "serialize_error", str(e)

    def at_once(self, type, source, target, options, data):
        try:
            return self.transcode(type, source, target, options, data)
        except Refused:
            return None

    def answer(self, request):
        payload = request.WhichOneof("payload")
        target = self.formats.get(request.requested_output_format)
        if target is None or payload not in ("json_payload",
                                             "protobuf_payload"):
            return self.Response(skipped="neither JSON nor binary")
        job = [request.message_type]
        if payload == "json_payload":
            job += ["json", target]
            data = request.json_payload.encode()
        else:
            job += ["binary", target]
            data = request.protobuf_payload
        job.append(("ignore_unknown",)
                   if request.test_category == self.lenient else ())
        try:
            kind, answer = self.in_two_steps(*job, data)
            other = self.at_once(*job, data)
        except Ended as e:
            return self.Response(runtime_error="exit status %s" % e)
        if isinstance(other, bytes) and kind == "json_payload":
            other = other.decode()
        if other != (None if kind.endswith("_error") else answer):
            return self.Response(runtime_error="two steps: %s %r; at once: %r"
                                 % (kind, answer, other))
        return self.Response(**{kind: answer})

    def serve(self, source, sink):
        """Until the runner closes its end."""
        while True:
            head = source.read(4)
            if head == b"":
                return
            n, = struct.unpack("<I", head)
            request = self.Request.FromString(read_exactly(source, n))
            answer = self.answer(request).SerializeToString()
            sink.write(struct.pack("<I", len(answer)) + answer)
            sink.flush()

    def verdict(self):
        for key in list(self.transcoders):
            self.close(key)
        return str(self.ended) if self.ended else "all ended well"


def main():
    _, schema, verdict = sys.argv
    testee = Testee(schema)
    with open(verdict, "w", encoding="ascii") as f:
        try:
            testee.serve(sys.stdin.buffer, sys.stdout.buffer)
        finally:
            print(testee.verdict(), file=f)


if __name__ == "__main__":
    main()
