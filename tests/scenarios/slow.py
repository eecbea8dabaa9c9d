# SPDX-License-Identifier: Apache-2.0
"""Streams between sides that are not equally fast, and what the gateway keeps
of them."""

import array
import fcntl
import termios
import threading

import harness

BIG = "x" * 16000


def settle(case, call):
    """Others have turns until the gateway takes no more of what is poured; how
    much it has taken."""
    before, still = 0, 0
    while still < 20:
        case.let_it_turn()
        is_still = call.is_held() and call.sent == before
        before, still = call.sent, still + 1 if is_still else 0
    return before


def fill(case, wire, form):
    return fill_with(case, wire, form.message(BIG))


def fill_with(case, wire, data):
    """Sends that again and again as long as anything is taken; how much that
    was."""
    case.let_it_turn()
    sent = misses = 0
    wire.socket.setblocking(False)
    while misses < 20 and sent < 1 << 30:
        try:
            sent += wire.socket.send(data[sent % len(data):])
            misses = 0
        except BlockingIOError:
            case.let_it_turn()
            misses += 1
    wire.socket.settimeout(harness.PATIENCE)
    return sent


def in_receive_buffer(sock):
    n = array.array("i", [0])
    fcntl.ioctl(sock, termios.FIONREAD, n)
    return n[0]


def queues(sock):
    """What the kernel keeps of what goes from the gateway to this client, and
    of what goes the other way."""
    here, there = sock.getsockname()[1], sock.getpeername()[1]
    ours = theirs = None
    with open("/proc/net/tcp") as f:
        for line in f.readlines()[1:]:
            words = line.split()
            ports = tuple(int(w.split(":")[1], 16) for w in words[1:3])
            if ports == (here, there):
                ours = [int(n, 16) for n in words[4].split(":")]
            elif ports == (there, here):
                theirs = [int(n, 16) for n in words[4].split(":")]
    return (theirs[0] + in_receive_buffer(sock), ours[0] + theirs[1])


class Growth:
    """Of the gateway's memory, at its most."""

    def __init__(self, case):
        self.case = case
        self.before = self.after = case.gateway.rss()

    def look(self):
        """Others have a turn, and what could go on has gone on."""
        self.case.let_it_turn()
        self.after = max(self.after, self.case.gateway.rss())

    def most(self):
        return self.after - self.before


def read_slowly(case, form, size):
    """The growth of memory by a stream of so many bytes to a client that
    always has more to come."""
    payload = form.payload(BIG)
    stream = form.open(case, buffer=65536)
    call = case.backend.next_call()
    growth = Growth(case)
    thread = call.pour(payload, size // len(payload))
    stream.begin()
    settle(case, call)
    seen = [0]

    def look(n):
        if n >> 18 > seen[0]:
            seen[0] = n >> 18
            growth.look()

    case.assertTrue(stream.skim(look))
    case.assertGreater(seen[0], size >> 19)
    thread.join()
    stream.wire.close()
    return growth.most()


def send_to_slow(case, form, size):
    """The same for a stream of requests to a backend that takes the next only
    after others had their turn."""
    case.backend.is_reading = False
    wire = form.open(case)
    wire.send(form.message(BIG))
    message = form.message(BIG)
    call = case.backend.next_call()
    growth = Growth(case)

    def send():
        for _ in range(size // len(message)):
            wire.send(message)
        wire.send(form.end())

    thread = threading.Thread(target=send, daemon=True)
    thread.start()
    while not call.is_whole:
        growth.look()
        call.take()
    thread.join()
    case.backend.is_reading = True
    case.assertGreater(call.received, size // 2)
    call.message(form.reply())
    call.end()
    form.ends_well(case, wire)
    wire.close()
    return growth.most()
