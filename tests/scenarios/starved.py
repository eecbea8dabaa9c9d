#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""Memory runs short, at each place where it is asked for: the k-th allocation
of a flow fails, by itself or with all that follow until the flow is over. The
client is told so or cut off, never misled and never left waiting; the next one
is served as if nothing had been; and nothing stays behind.

A sample is tried; STARVE=all tries each k."""

import files
import harness
import http2
import starved_flows
import starved_kinds
import starving

ROUTE_FILE = """\
listen: ["127.0.0.1:0"]
workers: %(workers)d
access_log: DIRECTORY/access.log
upstreams:
  test: {target: "ipv4:127.0.0.1:%(port)d", schema: %(schema)s}
  files: {target: "dns:///127.0.0.1:%(port)d", schema: FILES}
  box: {target: "ipv4:127.0.0.1:%(port)d", schema: none}
  fleeting: {target: "ipv4:127.0.0.1:FLEETING", schema: none}
services:
  - {name: sluice.test.v1.Everyday, upstream: test}
  - {name: sluice.test.v1.Files, upstream: files}
  - {name: raw.Box, upstream: box}
  - {name: raw.Fleeting, upstream: fleeting}
http:
  rules: [{selector: sluice.test.v1.Files.Watch, get: "/v1/watch/{name}"}]
methods:
  - {selector: raw.Fleeting.Call, cardinality: unary-unary}
  - {selector: raw.Box.Echo, cardinality: unary-unary}
  - {selector: raw.Box.Pour, cardinality: unary-stream}
  - {selector: raw.Box.Gather, cardinality: stream-unary}
  - {selector: raw.Box.Mirror, cardinality: stream-stream}
cors: {origins: ["https://app.example"], headers: [X-Token], max_age: 10m}
%(more)s
"""


def say_goodbye(c, stream, times):
    c.answer(stream, b"again")
    c.goaway(stream)
    raise http2.Gone


class Gateway:
    """In front of the official gRPC, and of a backend that hangs up after each
    call."""

    backend_type = starved_kinds.Backend
    routes = ROUTE_FILE

    @classmethod
    def setUpClass(cls):
        cls.fleeting = http2.Backend({"goodbye": say_goodbye})
        super().setUpClass()

    @classmethod
    def tearDownClass(cls):
        super().tearDownClass()
        cls.fleeting.stop()

    @classmethod
    def route_file(cls, *arguments, **keywords):
        path = super().route_file(*arguments, **keywords)
        with open(path) as f:
            text = f.read()
        for word, value in (("FILES", files.SET),
                            ("FLEETING", str(cls.fleeting.port)),
                            ("DIRECTORY", cls.directory.name)):
            text = text.replace(word, value)
        with open(path, "w") as f:
            f.write(text)
        return path


class Warm(Gateway, starving.Warm):
    pass


class Cold(Gateway, starving.Cold):
    pass


class Demo:
    """The built-in service, in process, and as a server of gRPC."""

    @classmethod
    def setUpClass(cls):
        cls.grpc = None
        super().setUpClass()

    @classmethod
    def arguments(cls, port, more=None):
        return ["demo", "--listen", "127.0.0.1:0", "--grpc", "127.0.0.1:0"]

    @classmethod
    def start(cls, port, more=None):
        gateway = super().start(port, more)
        cls.grpc = gateway.wait_for(r"serving gRPC on ").split()[-1]
        return gateway


class WarmDemo(Demo, starving.Warm):
    pass


class ColdDemo(Demo, starving.Cold):
    pass


starving.add(Warm, starved_flows.FLOWS)
starving.add(Cold, starved_flows.FLOWS + [starved_flows.CROWD])
starving.add(WarmDemo, starved_flows.LIBRARY)
starving.add(ColdDemo, starved_flows.LIBRARY)


if __name__ == "__main__":
    harness.main()
