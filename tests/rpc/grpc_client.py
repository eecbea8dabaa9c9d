# SPDX-License-Identifier: Apache-2.0
"""A client on the official gRPC library, payloads untouched, for
test_grpc_server_official.c: plays the scene that is named, against the service
of tests/rpc/serving.c. Fails with a traceback."""

import sys

import grpc

OPTIONS = [
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
]
SERVICE = "/test.Server/"


class Client:
    def __init__(self, address, options=()):
        self.channel = grpc.insecure_channel(
            address, options=OPTIONS + list(options)
        )

    def unary(self, method):
        return self.channel.unary_unary(SERVICE + method)

    def server_stream(self, method):
        return self.channel.unary_stream(SERVICE + method)

    def client_stream(self, method):
        return self.channel.stream_unary(SERVICE + method)

    def both(self, method):
        return self.channel.stream_stream(SERVICE + method)


def unary(c):
    assert c.unary("echo")(b"hello", timeout=20) == b"hello"
    assert c.unary("echo")(b"", timeout=20) == b""


SCENES = {f.__name__: f for f in (unary,)}

if __name__ == "__main__":
    SCENES[sys.argv[2]](Client(sys.argv[1]))
