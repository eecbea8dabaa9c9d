# SPDX-License-Identifier: Apache-2.0
"""A client on the official gRPC library, payloads untouched, for
test_grpc_server_official.c: plays the scene that is named, against the service
of tests/rpc/serving.c. Fails with a traceback."""

import os
import queue
import sys
import threading
import time

import grpc

LONG = 30  # seconds; nothing takes so long unless it hangs
OPTIONS = [
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
]
SERVICE = "/test.Server/"


class Client:
    def __init__(self, address, **how):
        self.address = address
        self.channel = grpc.insecure_channel(
            address, options=OPTIONS + how.pop("options", []), **how
        )

    def unary(self, method):
        return self.channel.unary_unary(SERVICE + method)

    def server_stream(self, method):
        return self.channel.unary_stream(SERVICE + method)

    def client_stream(self, method):
        return self.channel.stream_unary(SERVICE + method)

    def both(self, method):
        return self.channel.stream_stream(SERVICE + method)


class Requests:
    """An iterator of requests that are given one by one."""

    def __init__(self):
        self.queue = queue.Queue()

    def send(self, request):
        self.queue.put(request)

    def end(self):
        self.queue.put(None)

    def __iter__(self):
        return iter(self.queue.get, None)


def say(text):
    """Tells the test how far the scene is."""
    print(text, flush=True)


def heard():
    """Waits for the test."""
    return sys.stdin.readline().strip()


def raises(code, f, *args, **kwargs):
    try:
        result = f(*args, **kwargs)
        if hasattr(result, "__next__"):
            list(result)
    except grpc.RpcError as e:
        assert e.code() == code, (e.code(), e.details())
        return e
    raise AssertionError(f"no error, but {result!r}")


# ------------------------------------------------------------------ scenes


def unary(c):
    assert c.unary("echo")(b"hello", timeout=LONG) == b"hello"
    assert c.unary("echo")(b"", timeout=LONG) == b""


def metadata(c):
    sent = (
        ("x-text", "a value, with a comma"),
        ("x-text", "again"),
        ("x-empty", ""),
        ("x-some-bin", b"\x00\x01\xff,\n"),
        ("x-none-bin", b""),
        ("y-other", "not sent back"),
    )
    wanted = sorted(m for m in sent if m[0].startswith("x-"))
    response, call = c.unary("metadata").with_call(
        b"m", metadata=sent, timeout=LONG
    )
    assert response == b"m"
    for got in (call.initial_metadata(), call.trailing_metadata()):
        own = sorted(tuple(m) for m in got if m[0].startswith("x-"))
        assert own == wanted, own


def reserved_names(c):
    text = c.unary("names")(
        b"", metadata=(("x-a", "1"), ("x-a", "2")), timeout=LONG
    )
    lines = text.decode().splitlines()
    assert lines == ["x-a=1", "x-a=2"], lines


def cardinalities(c):
    sizes = [len(m) for m in c.server_stream("count")(b"5 100", timeout=LONG)]
    assert sizes == [100] * 5
    assert list(c.server_stream("count")(b"0 0", timeout=LONG)) == []
    requests = [bytes(n) for n in range(50)]
    total = c.client_stream("total")(iter(requests), timeout=LONG)
    assert total == b"50 %d" % sum(range(50)), total
    assert c.client_stream("total")(iter([]), timeout=LONG) == b"0 0"
    answers = c.both("chat")(iter(requests), timeout=LONG)
    assert list(answers) == requests


def ping_pong(c):
    requests = Requests()
    answers = c.both("chat")(iter(requests), timeout=LONG)
    for i in range(200):
        requests.send(b"%d" % i)
        assert next(answers) == b"%d" % i
    requests.end()
    assert list(answers) == []


def greeting(c):
    requests = Requests()
    call = c.both("greet")(
        iter(requests), metadata=(("x-hello", "you"),), timeout=LONG
    )
    assert ("x-hello", "you") in [tuple(m) for m in call.initial_metadata()]
    requests.end()
    assert list(call) == []


def statuses(c):
    for code in grpc.StatusCode:
        if code == grpc.StatusCode.OK:
            continue
        e = raises(code, c.unary("fail"), b"%d why" % code.value[0], timeout=LONG)
        assert e.details() == "why"
        trailing = dict(tuple(m) for m in e.trailing_metadata())
        assert trailing["x-why"] == "asked"
        assert trailing["grpc-status-details-bin"] == b"\x08\x05\x00\xff"
    odd = "50% of \u00e9\t\r\n\u20ac \U0001f600 100%41"
    e = raises(
        grpc.StatusCode.NOT_FOUND, c.unary("fail"), b"5 " + odd.encode(),
        timeout=LONG,
    )
    assert e.details() == odd, e.details()
    e = raises(grpc.StatusCode.ABORTED, c.unary("fail"), b"10", timeout=LONG)
    assert e.details() == "", e.details()
    e = raises(
        grpc.StatusCode.ABORTED, c.unary("fail"), b"10 " + 3000 * b"x",
        timeout=LONG,
    )
    assert e.details() == 3000 * "x"
    raises(grpc.StatusCode.UNKNOWN, c.unary("crash"), b"", timeout=LONG)
    e = raises(grpc.StatusCode.UNIMPLEMENTED, c.unary("no"), b"", timeout=LONG)
    assert e.details() != ""
    raises(
        grpc.StatusCode.UNIMPLEMENTED,
        c.channel.unary_unary("/no.Such/method"), b"", timeout=LONG,
    )


def deadlines(c):
    left = int(c.unary("deadline")(b"", timeout=20))
    # The library rounds what is left up, to few digits.
    assert 10000 < left <= 21000, left
    assert int(c.unary("deadline")(b"")) > 20000
    raises(
        grpc.StatusCode.DEADLINE_EXCEEDED, c.unary("hold"), b"", timeout=0.05
    )
    raises(
        grpc.StatusCode.DEADLINE_EXCEEDED, c.both("silent"), iter([b"x"]),
        timeout=0.05,
    )


def cancelling(c):
    for _ in range(10):
        call = c.unary("hold").future(b"")
        call.cancel()
    call = c.both("greet")(iter(Requests()))
    call.initial_metadata()  # it has begun
    call.cancel()
    answers = c.server_stream("count")(b"1000000 1000")
    for _ in range(3):
        next(answers)
    answers.cancel()
    assert c.unary("echo")(b"still", timeout=LONG) == b"still"


def cancelled_by_service(c):
    raises(grpc.StatusCode.CANCELLED, c.unary("fail"), b"1 no more", timeout=LONG)
    raises(grpc.StatusCode.CANCELLED, c.unary("give_up"), b"", timeout=LONG)


def large(c):
    size = 16 << 20
    body = bytes(range(256)) * (size // 256)
    assert c.unary("echo")(body, timeout=60) == body
    assert c.unary("zeros")(b"%d" % size, timeout=60) == bytes(size)
    assert list(c.both("chat")(iter([body, b"", body]), timeout=60)) == [
        body, b"", body
    ]


def too_large(c):
    """The server's limit is 64 KiB."""
    limit = 64 << 10
    assert c.unary("echo")(bytes(limit), timeout=LONG) == bytes(limit)
    for size in (limit + 1, 10 * limit):
        raises(
            grpc.StatusCode.RESOURCE_EXHAUSTED, c.unary("echo"), bytes(size),
            timeout=LONG,
        )
    raises(
        grpc.StatusCode.RESOURCE_EXHAUSTED, c.unary("echo"),
        bytes(2 * limit), timeout=LONG, compression=grpc.Compression.Gzip,
    )
    assert c.unary("echo")(b"x", timeout=LONG) == b"x"


def many(c):
    n = 1000
    calls = []
    for i in range(n):
        requests = Requests()
        calls.append((requests, c.both("chat")(iter(requests), timeout=60)))
        requests.send(b"%d" % i)
    for i, (requests, answers) in enumerate(calls):
        assert next(answers) == b"%d" % i
    say("all there")
    assert heard() == "go on"
    for requests, _ in calls:
        requests.end()
    for _, answers in calls:
        assert list(answers) == []


def queued(c):
    """The server takes 100 at a time."""
    calls = [c.unary("gate").future(b"%d" % i, timeout=60) for i in range(300)]
    assert [f.result() for f in calls] == [b"%d" % i for i in range(300)]


def soak(c):
    echo = c.unary("echo")
    for i in range(2000):
        assert echo(b"%d" % i, timeout=LONG) == b"%d" % i


def threads(c):
    def work():
        for i in range(200):
            assert c.unary("echo")(b"%d" % i, timeout=LONG) == b"%d" % i
        done.append(1)

    done = []
    workers = [threading.Thread(target=work) for _ in range(8)]
    for w in workers:
        w.start()
    for w in workers:
        w.join()
    assert len(done) == 8


def slow_reader(c):
    """Does not read; the service must not get far ahead."""
    answers = c.server_stream("count")(b"100000 1000", timeout=LONG)
    next(answers)
    say("reading no more")
    assert heard() == "go on"
    assert sum(1 for _ in answers) == 99999


def hang_up(c):
    requests = Requests()
    answers = c.both("hang_up")(iter(requests), timeout=LONG)
    requests.send(b"first")
    assert list(answers) == [b"first"]


def compressed(c):
    body = 20000 * b"squeeze me "
    for compression in (grpc.Compression.Gzip, grpc.Compression.Deflate):
        for method in ("echo", "squeeze"):
            assert c.unary(method)(
                body, timeout=LONG, compression=compression
            ) == body
    assert c.unary("squeeze")(body, timeout=LONG) == body
    small = [b"", b"a", 1000 * b"b", bytes(range(256))]
    for compression in (grpc.Compression.Gzip, grpc.Compression.Deflate):
        answers = c.both("chat")(
            iter(small), timeout=LONG, compression=compression
        )
        assert list(answers) == small


def peers(c):
    text = c.unary("peer")(b"", timeout=LONG).decode()
    peer, authority = text.split()
    if c.address.startswith("unix:"):
        assert peer == "unix:" and authority == "localhost", text
    else:
        assert peer.startswith("ipv4:127.0.0.1:"), text
        assert authority == c.address, text


def drain(c):
    """The server drains while a call is on; the call goes on."""
    requests = Requests()
    answers = c.both("chat")(iter(requests), timeout=LONG)
    requests.send(b"one")
    assert next(answers) == b"one"
    say("talking")
    assert heard() == "drained"
    requests.send(b"two")
    assert next(answers) == b"two"
    requests.end()
    assert list(answers) == []


def shutdown(c):
    """The server's End stops at once."""
    call = c.unary("hold").future(b"", timeout=LONG)
    say("held")
    raises(grpc.StatusCode.UNAVAILABLE, call.result)


def keepalive(c):
    """The client asks after a silence: that must be answered."""
    c = Client(
        c.address,
        options=[
            ("grpc.keepalive_time_ms", 100),
            ("grpc.keepalive_timeout_ms", 5000),
            ("grpc.keepalive_permit_without_calls", 1),
            ("grpc.http2.max_pings_without_data", 0),
            ("grpc.http2.min_time_between_pings_ms", 50),
            ("grpc.http2.min_ping_interval_without_data_ms", 50),
        ],
    )
    requests = Requests()
    answers = c.both("chat")(iter(requests), timeout=LONG)
    for i in range(3):
        requests.send(b"%d" % i)
        assert next(answers) == b"%d" % i
        time.sleep(0.35)
    requests.end()
    assert list(answers) == []


def leave(c):
    """Goes away in the middle of everything."""
    held = c.unary("hold").future(b"")
    requests = Requests()
    answers = c.both("chat")(iter(requests))
    requests.send(b"x")
    next(answers)
    say("leaving")
    assert heard() == "go" and not held.done()
    os._exit(0)


def play(address, name):
    c = Client(address)
    globals()[name](c)
    c.channel.close()


if __name__ == "__main__":
    play(sys.argv[1], sys.argv[2])
