# SPDX-License-Identifier: Apache-2.0
"""Backends that are forked from a process which has imported everything; so
each is there within milliseconds. On standard input come orders, on standard
output an answer to each: "start PORT SEED SHARE" (the port), "kill", "pause",
"go on". The process itself never calls gRPC.

What a backend answers to a call is drawn from its seed: how many messages, and
whether it ends; so much of 1 hang. A call with the metadata "probe" does not.
"""

import os
import random
import signal
import sys
import threading

MANNERS = {"Stream": "many", "Watch": "many", "Pour": "many",
           "Collect": "last", "Gather": "last", "Send": "last",
           "Converse": "each"}
# PINGs may come at any rate.
OPTIONS = [("grpc.http2.max_ping_strikes", 0)]


def payload_of(method):
    import files
    import harness

    if method.startswith("/raw."):
        return b"done"
    if method.endswith("/Watch"):
        return files.HttpBody(content_type="text/x",
                              data=b"done").SerializeToString()
    if method.endswith("/Send"):
        return files.Receipt(count=7).SerializeToString()
    return harness.Answer(text="done").SerializeToString()


def hang(context):
    over = threading.Event()
    if context.add_callback(over.set):
        over.wait()


def answer(method, chance, share, requests, context):
    """Any call, as bytes."""
    payload = payload_of(method)
    manner = MANNERS.get(method.rsplit("/", 1)[1], "one")
    if manner == "each":
        for _ in requests:
            yield payload
    elif manner == "last":
        for _ in requests:
            pass
    else:
        next(requests)
    if manner == "many":
        for _ in range(chance.randrange(4)):
            yield payload
    if chance.random() < share and \
            ("probe", "1") not in context.invocation_metadata():
        hang(context)
    if manner in ("last", "one"):
        yield payload


def serve(port, seed, share):
    """A backend that listens; whoever calls must not return."""
    import concurrent.futures
    import grpc

    chance = random.Random(seed)

    class Handler(grpc.GenericRpcHandler):
        def service(self, details):
            return grpc.stream_stream_rpc_method_handler(
                lambda requests, context: answer(
                    details.method, chance, share, requests, context))

    server = grpc.server(concurrent.futures.ThreadPoolExecutor(64),
                         options=OPTIONS)
    server.add_generic_rpc_handlers((Handler(),))
    port = server.add_insecure_port("127.0.0.1:%d" % port)
    server.start()
    print(port, flush=True)
    server.wait_for_termination()


def main():
    import files        # and with it all that backends need
    child = None
    for line in sys.stdin:
        words = line.split()
        if words[0] == "start":
            child = os.fork()
            if child == 0:
                sys.stdin.close()
                serve(int(words[1]), int(words[2]), float(words[3]))
                os._exit(0)
            continue        # the backend itself says when it is ready
        if words[0] == "kill":
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
        elif words[0] == "pause":
            os.kill(child, signal.SIGSTOP)
            os.waitid(os.P_PID, child, os.WSTOPPED | os.WNOWAIT)
        else:
            os.kill(child, signal.SIGCONT)
        print("done", flush=True)
    os.kill(child, signal.SIGKILL)


if __name__ == "__main__":
    main()
