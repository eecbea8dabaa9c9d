#!/usr/bin/env python3
# SPDX-License-Identifier: Apache-2.0
"""seeds.py FOLDER: write the corpora that are programs, one folder a target.

Each target reads its input as acts and what they need; this is how to spell
them. An act that no longer means what its name says here makes a weaker seed,
not a wrong one: any bytes are a valid input. Other files in the folders, found
by fuzzing, stay.
"""
import base64
import gzip
import pathlib
import sys
import zlib

# ------------------------------------------------ customers (crowd.c, speaker.c)

ADVANCE, CANCEL, FAIL, LISTEN, HOLD, LET_GO = 0, 4, 5, 6, 7, 8
CROWD_ACTS = 9

METADATA, PAYLOAD, COMPLETION, GRANT = 1, 2, 4, 8
CODE, MESSAGE, TERMINAL = 0x10, 0x20, 0x40
ONE, TWO, FIVE, MANY, MOST, MINUS_ONE = range(6)

FULL, FULL_DEAF, ONLY_END, NONE = 0, 1, 10, 12
REACTS = 16
ABANDONED, FAILED, NO_SUCH_METHOD = range(3)

(NOW, PAST, MS_1, MS_10, MS_100, S_1, LONG, FOREVER) = range(8)


def values(what, code=7, grant=ONE):
    """What one call passes."""
    b = bytes([what])
    if what & COMPLETION and what & CODE:
        b += bytes([code])
    if what & GRANT:
        b += bytes([grant])
    return b


def customer(wants=FULL, reply=None, after=0):
    """How a new one behaves."""
    how = wants | after << 5
    if reply is None:
        return bytes([how])
    return bytes([how | 128, reply])


def somebody(act, who, *what):
    return bytes([act, who]) + b''.join(what)


def advance(who, *what):
    return somebody(ADVANCE, who, values(*what))


def reaction(*acts):
    """Within a call of one that reacts."""
    return bytes([len(acts)]) + b''.join(acts)


# ------------------------------------------------------------ fuzz_operation.c

(OPERATE, STOP, START, WAIT_IDLE, BEGIN, DELIVER, _, BREAK, SHORT, TURN,
 SETTLE, _, PASS_TIME) = range(CROWD_ACTS, CROWD_ACTS + 13)

NO_LINK, LINKLESS_SERVICE, SCRIPTED, INPROC = 0, 1, 2, 4
SETTLED = bytes([SETTLE])


def sides(kind, first=0, second=0):
    return bytes([kind, second, first])


def operate(how=customer(), timeout=LONG, what=values(0), side=0):
    return bytes([OPERATE, side]) + how + bytes([timeout]) + what


def ticket(termination=0, what=values(0), timeout=None):
    extra = 0 if timeout is None else 16 | timeout << 5
    return bytes([termination | extra]) + what


def deliver(wire, *args, **more):
    return bytes([DELIVER, wire]) + ticket(*args, **more)


def begin(subscription=2, what=values(0), side=1, **more):
    return bytes([BEGIN, side]) + ticket(what=what, **more) + bytes(
        [subscription])


ALL = values(METADATA | PAYLOAD | COMPLETION | CODE | MESSAGE)
UNARY = values(METADATA | PAYLOAD | COMPLETION)
STREAM = values(METADATA | PAYLOAD | GRANT, 0, FIVE)


def operation():
    served = customer(FULL)
    yield 'unary', (sides(INPROC) + operate(what=UNARY) + SETTLED + served +
                    somebody(ADVANCE, 1, ALL) + SETTLED)
    yield 'unary-reentrant', (
        sides(INPROC) + operate(customer(FULL | REACTS), what=UNARY) + SETTLED +
        customer(FULL | REACTS) + reaction(somebody(ADVANCE, 1, ALL)))
    yield 'stream-both-ways', (
        sides(INPROC) + operate(what=STREAM) + SETTLED + served +
        b''.join(advance(0, PAYLOAD | GRANT) + advance(1, PAYLOAD | GRANT) +
                 SETTLED for _ in range(6)) +
        advance(0, COMPLETION) + SETTLED + advance(1, COMPLETION) + SETTLED)
    yield 'payloads-wait-for-grants', (
        sides(INPROC) + operate(what=UNARY) + SETTLED + served +
        advance(1, PAYLOAD) * 4 + somebody(ADVANCE, 1, ALL) + SETTLED +
        advance(0, GRANT, 0, TWO) + SETTLED + advance(0, GRANT, 0, MOST) +
        SETTLED)
    yield 'service-completes-early', (
        sides(INPROC) + operate(what=STREAM) + advance(0, PAYLOAD) * 3 +
        SETTLED + served + advance(1, COMPLETION | CODE | TERMINAL) + SETTLED)
    for name, wants in ('only-end', ONLY_END), ('none', NONE):
        yield 'invoker-wants-' + name, (
            sides(INPROC) + operate(customer(wants), what=UNARY) + SETTLED +
            served + advance(1, METADATA | PAYLOAD) * 3 + SETTLED +
            advance(1, COMPLETION) + SETTLED)
        yield 'service-wants-' + name, (
            sides(INPROC) + operate(what=STREAM) + SETTLED + customer(wants) +
            advance(0, PAYLOAD) * 3 + SETTLED + advance(1, PAYLOAD) +
            advance(0, COMPLETION) + advance(1, COMPLETION) + SETTLED)
    for name, reply in (('abandoned', ABANDONED), ('failed', FAILED),
                        ('no-such-method', NO_SUCH_METHOD)):
        yield 'service-' + name, (
            sides(INPROC) + operate(what=UNARY) + SETTLED +
            customer(FULL, reply) + SETTLED)
        yield 'invoker-' + name, (
            sides(INPROC) + operate(customer(FULL, reply, 1), what=UNARY) +
            SETTLED + served + somebody(ADVANCE, 1, ALL) + SETTLED)
    for name, act in ('cancel', CANCEL), ('fail', FAIL):
        for who, side in enumerate(('invoker', 'service')):
            yield f'{side}-{name}s', (
                sides(INPROC) + operate(what=STREAM) + SETTLED + served +
                somebody(LISTEN, who) + somebody(act, who) + SETTLED)
    yield 'cancel-before-service', (
        sides(INPROC) + operate(what=UNARY) + somebody(CANCEL, 0) + SETTLED)
    yield 'misuse', (
        sides(INPROC) + operate(what=UNARY) + advance(0, PAYLOAD) + SETTLED +
        operate(what=STREAM) + advance(1, METADATA) +
        operate(what=values(GRANT, 0, MINUS_ONE)) + SETTLED)
    yield 'expires', (
        sides(INPROC) + operate(timeout=MS_10, what=STREAM) + SETTLED + served +
        bytes([PASS_TIME, 4]) + SETTLED +
        operate(timeout=NOW) + operate(timeout=PAST) + SETTLED)
    yield 'timeouts', (
        sides(INPROC) + operate(timeout=FOREVER, what=STREAM) + SETTLED +
        served + operate(timeout=LONG, what=STREAM) + SETTLED + served +
        bytes([PASS_TIME, 5]) + SETTLED)
    yield 'stop-with-grace', (
        sides(INPROC) + operate(what=STREAM) + SETTLED + served +
        bytes([STOP, 1, S_1, STOP, 1, MS_10, WAIT_IDLE, 1, WAIT_IDLE, 0]) +
        operate(what=UNARY) + SETTLED + bytes([PASS_TIME, 4]) + SETTLED +
        bytes([STOP, 0, NOW]) + operate() + SETTLED +
        bytes([START, 0, START, 1]) + operate(what=UNARY) + SETTLED + served)
    yield 'handles', (
        sides(INPROC) + operate(what=UNARY) + somebody(HOLD, 0) +
        somebody(LET_GO, 0) * 2 + SETTLED + served + somebody(HOLD, 1) +
        somebody(ADVANCE, 1, ALL) + SETTLED + somebody(LET_GO, 1))
    yield 'no-link', (sides(NO_LINK) + operate(what=UNARY) +
                      operate(customer(NONE), what=UNARY) + SETTLED)
    yield 'scripted-service', (
        sides(SCRIPTED) + operate(what=STREAM) + SETTLED +
        deliver(0, 0, values(METADATA | PAYLOAD | GRANT, 0, MANY)) +
        deliver(0, 0, values(PAYLOAD), timeout=3) + advance(0, PAYLOAD) * 3 +
        deliver(0, 0, ALL) + SETTLED)
    yield 'scripted-invoker', (
        sides(SCRIPTED) + begin(2, STREAM, timeout=5) + SETTLED +
        customer(FULL) + advance(0, METADATA | PAYLOAD) +
        deliver(0, 0, values(COMPLETION)) + SETTLED +
        somebody(ADVANCE, 0, ALL) + SETTLED)
    for n, name in ((2, 'cancellation'), (3, 'expiration'), (4, 'shutdown'),
                    (5, 'reception'), (6, 'transmission'), (7, 'local'),
                    (8, 'remote')):
        yield 'scripted-' + name, (
            sides(SCRIPTED) + operate(what=STREAM) + SETTLED +
            deliver(0, n, ALL) + SETTLED)
    yield 'scripted-disorder', (
        sides(SCRIPTED) + operate(what=UNARY) + SETTLED +
        deliver(0, 0, values(PAYLOAD)) + deliver(0, 0, values(PAYLOAD)) +
        operate(what=UNARY) + deliver(1, 0, values(PAYLOAD)) +
        deliver(1, 0, values(METADATA)) + operate(what=UNARY) +
        deliver(2, 0, values(GRANT, 0, MINUS_ONE)) + SETTLED)
    yield 'link-breaks', (
        sides(SCRIPTED) + bytes([BREAK, 0]) + operate(what=UNARY) +
        bytes([BREAK, 1]) + operate(what=STREAM) + advance(1, PAYLOAD) +
        SETTLED)
    yield 'memory-short', b''.join(
        [sides(INPROC)] +
        [bytes([SHORT, n]) + operate(what=ALL) + advance(n, PAYLOAD | GRANT) +
         SETTLED + served + somebody(ADVANCE, 0x40 + n, ALL) + SETTLED
         for n in range(6)])
    yield 'memory-short-at-a-restart', (
        sides(INPROC) + bytes([STOP, 0, 0]) + SETTLED +
        bytes([SHORT, 0, START, 0]) + SETTLED + bytes([START, 0]) +
        operate(what=UNARY) + SETTLED)


# ---------------------------------------------------------------- frames.c

STREAM_1, STREAM_3, STREAM_5, STREAM_0 = 0, 1, 2, 11
END = 1
(N_0, N_1, N_2, N_3, N_5, N_7, N_8, N_11, N_100, N_16384, N_65535, N_65536,
 N_100000, N_MAX, N_TOP, N_ALL) = range(16)


def settings(*pairs, ack=True):
    how = len(pairs) | (0 if ack else 8)
    return bytes([0, how]) + b''.join(bytes(p) for p in pairs)


def text(s):
    s = s.encode() if isinstance(s, str) else s
    return bytes([len(s)]) + s


def field(name, value):
    return bytes([245]) + text(name) + text(value)


def headers(stream, flags=0, fields=(), head=True, piece=None, cut=False,
            double=0):
    how = flags | (0 if head else 8) | (16 if cut else 0)
    b = bytes([1, how | (4 if piece else 0), stream])
    if piece:
        b += bytes([piece])
    fields = [bytes([f]) if isinstance(f, int) else f for f in fields]
    times = 11 + double if double else 0
    return b + bytes([len(fields) | times << 4]) + b''.join(fields)


PLAIN, DEFLATED, GZIPPED, ZEROS = range(4)


def message(content='hello', kind=PLAIN, flag=0, lie=0):
    body = bytes([content]) if kind == ZEROS else text(content)
    return bytes([kind | flag << 2 | lie]) + body


def data(stream, *messages, flags=0, piece=None, padding=None, junk=None):
    how = flags | len(messages) << 4
    b = bytes([stream])
    if piece:
        how |= 2
        b += bytes([piece])
    if padding is not None:
        how |= 4
        b += bytes([padding])
    if junk is not None:
        how |= 8
    return bytes([4, how]) + b + b''.join(messages) + (
        b'' if junk is None else bytes([junk]))


RST, WINDOW, GOAWAY, PING, PRIORITY, PUSH = range(6)


def small(which, number, stream=None, second=None, flags=0, times=0):
    b = bytes([7, which, flags | (12 + times if times else 0) << 4])
    if stream is not None:
        b += bytes([stream])
    return b + bytes([number]) + (b'' if second is None else bytes([second]))


def rst(stream, code):
    return small(RST, code, stream)


def window(stream, n):
    return small(WINDOW, n, stream)


def goaway(last, code):
    return small(GOAWAY, last, second=code)


def ping(times=0):
    return small(PING, N_1, second=N_1, times=times)


def any_frame(kind, flags, stream, payload):
    return bytes([8, kind, flags, stream]) + text(payload)


def raw(b):
    return bytes([9]) + text(b)


# ------------------------------------------------------- fuzz_grpc_client.c

(C_OPERATE, _, C_SHORT, C_TURN, C_TURNS, _, C_SPEAK, _, _, _, C_GO_ON, C_HEAR,
 C_SHUT, C_TIME) = range(CROWD_ACTS, CROWD_ACTS + 14)

# Fields of a response, by their place in frames.c
(OK, R_CANCELLED, R_EXPIRED, NOT_FOUND, UNIMPLEMENTED, UNAVAILABLE, BAD_OK,
 HUGE, EMPTY, TEXT, BAD_TEXT, R_GZIP, R_DEFLATE, R_IDENTITY, R_BR, R_ACCEPT,
 DETAILS, R_XY, R_BIN, R_BAD_BIN, S_200, S_100, S_503, S_ABC, R_TYPE,
 R_HTML) = range(26)


def client(*acts, options=0, big=0):
    return bytes([options, big]) + b''.join(acts)


def call(how=0, who=customer(), timeout=LONG, what=UNARY, extra=b''):
    return bytes([C_OPERATE, how]) + extra + who + bytes([timeout]) + what


def say(*frames, cut=0):
    return b''.join(bytes([C_SPEAK, 0, cut]) + f for f in frames)


TURNS = bytes([C_TURNS])
# The context of a call is looked at when its first ticket comes.
LOOK = bytes([7])
UP = TURNS + TURNS + say(settings()) + TURNS


def answer(stream=STREAM_1, *messages, status=OK, fields=()):
    return (say(headers(stream, fields=fields), data(stream, *messages),
                headers(stream, END, [status], head=False)))


def grpc_client():
    yield 'unary', client(call(), UP, answer(STREAM_1, message()), TURNS, LOOK,
                          TURNS, bytes([C_HEAR, 0]))
    yield 'four-cardinalities', client(
        call(what=UNARY), call(what=values(METADATA | PAYLOAD | COMPLETION |
                                           GRANT, 0, FIVE)),
        call(what=values(PAYLOAD)), call(what=STREAM), UP,
        *[say(headers(s), data(s, message(), message())) for s in range(4)],
        TURNS, LOOK, advance(2, PAYLOAD | COMPLETION), advance(3, PAYLOAD),
        TURNS, advance(3, COMPLETION),
        *[say(headers(s, END, [OK], head=False)) for s in range(4)], TURNS)
    yield 'granted-many', client(
        call(what=values(METADATA | PAYLOAD | GRANT, 0, FIVE)), UP, say(
            headers(STREAM_1), data(STREAM_1, message(), message(), message()),
            data(STREAM_1, message(), message(), message(), piece=7)), TURNS,
        LOOK, advance(0, GRANT, 0, MANY), TURNS,
        say(headers(STREAM_1, END, [OK], head=False)), TURNS)
    yield 'trailers-only', client(call(), UP, say(
        headers(STREAM_1, END, [NOT_FOUND, TEXT, DETAILS, R_BIN])), TURNS, LOOK)
    for code in (R_CANCELLED, R_EXPIRED, UNIMPLEMENTED, UNAVAILABLE, BAD_OK,
                 HUGE, EMPTY):
        yield f'status-{code}', client(call(), UP, answer(
            STREAM_1, message(), status=code), TURNS, LOOK)
    for name, f in (('not-grpc', [S_200, R_HTML]), ('503', [S_503]),
                    ('100', [S_100]), ('status-abc', [S_ABC])):
        yield 'http-' + name, client(
            call(), UP, say(headers(STREAM_1, 0, f, head=False),
                            headers(STREAM_1, END, [OK])), TURNS, LOOK)
    for name, kind, field_ in (('gzip', GZIPPED, R_GZIP),
                               ('deflate', DEFLATED, R_DEFLATE)):
        yield name, client(
            call(kind, what=UNARY), UP,
            answer(STREAM_1, message('hello' * 20, kind, 1), message('x'),
                   fields=[field_, R_ACCEPT]), TURNS, LOOK, advance(0, GRANT),
            TURNS, big=1)
        yield name + '-bomb', client(
            call(), UP, answer(STREAM_1, message('z' * 201, kind, 1),
                               fields=[field_]), TURNS, LOOK)
        yield name + '-damaged', client(
            call(), UP, answer(STREAM_1, message('not compressed', PLAIN, 1),
                               fields=[field_]), TURNS, LOOK)
    yield 'coding-unknown', client(call(), UP, answer(
        STREAM_1, message('x', PLAIN, 1), fields=[R_BR]), TURNS, LOOK)
    yield 'coding-without', client(call(), UP, answer(
        STREAM_1, message('x', PLAIN, 1)), TURNS, LOOK)
    yield 'flag-3', client(call(), UP, answer(
        STREAM_1, message('x', PLAIN, 3)), TURNS, LOOK)
    yield 'message-too-large', client(call(), UP, answer(
        STREAM_1, message(255, ZEROS)), TURNS, LOOK, options=1)
    yield 'message-large', client(call(), UP, say(
        headers(STREAM_1), data(STREAM_1, message(255, ZEROS), piece=200)),
        TURNS, LOOK, say(headers(STREAM_1, END, [OK], head=False)), TURNS)
    yield 'length-impossible', client(call(), UP, say(
        headers(STREAM_1), data(STREAM_1, bytes([0xc0]) + text('x') +
                                bytes([N_ALL]))), TURNS, LOOK, TURNS)
    for name, options in ('much', 0), ('much-narrow', 2):
        yield name, client(
            *[call(what=values(0xf0 | METADATA | PAYLOAD | COMPLETION))] * 4,
            TURNS, TURNS, say(settings((4, N_MAX)), window(STREAM_0, N_65536)),
            TURNS, bytes([C_HEAR, 0]), TURNS, bytes([C_HEAR, 0]), TURNS,
            say(*[headers(s, END, [OK]) for s in range(4)]), TURNS, LOOK,
            bytes([C_HEAR, 0]), TURNS, TURNS, big=1, options=options)
    yield 'message-cut', client(call(), UP, say(
        headers(STREAM_1), data(STREAM_1, message(), flags=END, junk=3)),
        TURNS, LOOK)
    yield 'in-pieces', client(call(), UP, say(
        headers(STREAM_1, piece=3, fields=[R_XY]),
        data(STREAM_1, message(), piece=1), data(STREAM_1, padding=4),
        headers(STREAM_1, END, [OK], head=False, piece=1)), TURNS, LOOK)
    yield 'cut-bytes', client(call(), UP, *[
        say(f, cut=128 + 11) + TURNS for f in (
            headers(STREAM_1), data(STREAM_1, message()),
            headers(STREAM_1, END, [OK], head=False))],
        TURNS, bytes([C_GO_ON, 0]), TURNS, LOOK)
    yield 'headers-never-end', client(call(), UP, say(
        headers(STREAM_1, cut=True), data(STREAM_1, message())), TURNS)
    yield 'metadata-too-much', client(call(), UP, say(headers(
        STREAM_1, fields=[field('x' * 20, 'y' * 100)] * 6)), TURNS, LOOK,
        options=2)
    yield 'cut-by-trailers', client(call(), UP, say(
        headers(STREAM_1), data(STREAM_1, junk=3),
        headers(STREAM_1, END, [OK], head=False)), TURNS, LOOK, TURNS)
    yield 'wordy', client(
        call(what=values(METADATA | PAYLOAD) + bytes([2]) + text('x-y') +
             text('plain') + text('z-bin') + text('\0\1')), UP,
        answer(STREAM_1, message(), fields=[field(
            'grpc-message', '%E2%82%AC' * 13)]), TURNS, LOOK, big=2)
    yield 'wordy-too-much', client(
        call(what=values(METADATA | PAYLOAD) + bytes([253]) + text('x-y') +
             text('plain')), UP, big=2)
    yield 'upper-case', client(call(), UP, say(headers(
        STREAM_1, fields=[27])), TURNS, LOOK)
    for code in (N_0, N_1, N_2, N_7, N_8, N_11):
        yield f'rst-{code}', client(call(), call(), UP, say(
            headers(STREAM_1), rst(STREAM_1, code), rst(STREAM_3, code)), TURNS,
            LOOK, TURNS)
    yield 'goaway', client(
        call(), call(), UP, say(goaway(N_1, N_0)), TURNS, TURNS,
        say(settings()), TURNS, bytes([C_SPEAK, 201, 0]),
        headers(STREAM_1, END, [OK]), TURNS, LOOK, TURNS)
    yield 'goaway-pings', client(call(), UP, say(any_frame(
        7, 0, STREAM_0, b'\0\0\0\1\0\0\0\x0btoo_many_pings')), TURNS, call(),
        TURNS, TURNS, say(settings()), TURNS, bytes([C_TIME, 7]), TURNS,
        options=24)
    yield 'goaway-calm', client(call(), UP, say(goaway(N_0, N_11)), TURNS,
                                call(), TURNS, bytes([C_TIME, 6]), TURNS)
    yield 'no-streams-allowed', client(
        call(), call(), TURNS, TURNS, say(settings((3, N_1))), TURNS,
        say(settings((3, N_0))), TURNS, say(headers(STREAM_1, END, [OK])),
        TURNS, LOOK, say(settings((3, N_100))), TURNS)
    yield 'windows', client(
        call(what=STREAM), TURNS, TURNS,
        say(settings((4, N_1), (5, N_16384))), TURNS, advance(0, PAYLOAD) * 2,
        TURNS, say(headers(STREAM_1), window(STREAM_1, N_100),
                   window(STREAM_0, N_100000)), TURNS, LOOK,
        say(settings((4, N_100000)), window(STREAM_1, N_MAX)), TURNS,
        say(window(STREAM_1, N_0)), TURNS, big=1, options=0x40)
    yield 'pings', client(call(), UP, say(ping(), ping(3)), TURNS,
                          bytes([C_HEAR, 0, C_TIME, 6]), TURNS, options=8)
    yield 'keepalive', client(call(), UP, bytes([C_TIME, 7]), TURNS,
                              bytes([C_TIME, 7]), TURNS, options=24)
    yield 'push', client(call(), UP, say(small(PUSH, N_2, STREAM_1)), TURNS)
    yield 'raw', client(call(), TURNS, TURNS, say(raw(
        b'HTTP/1.1 400 Bad Request\r\n\r\n')), TURNS)
    yield 'frame-too-long', client(call(), UP, say(raw(
        b'\x00\xff\xff\x00\x00\x00\x00\x00\x01')), TURNS)
    yield 'closed', client(call(), UP, bytes([C_SHUT, 0, 0]), TURNS, call(),
                           TURNS, TURNS, say(settings()), TURNS)
    yield 'shut', client(call(), UP, say(headers(STREAM_1)), bytes(
        [C_SHUT, 0, 1]), TURNS, LOOK, TURNS)
    yield 'cancelled', client(
        call(), call(what=STREAM), UP, somebody(CANCEL, 0), TURNS,
        say(headers(STREAM_1, END, [OK])), somebody(CANCEL, 1), TURNS)
    yield 'expired', client(call(timeout=MS_10), UP, bytes([C_TIME, 5]), TURNS,
                            say(headers(STREAM_1, END, [OK])), TURNS)
    yield 'wants-none', client(
        call(who=customer(NONE)), call(who=customer(ONLY_END)), UP,
        answer(STREAM_1, message()), answer(STREAM_3, message()), TURNS)
    yield 'waits-for-ready', client(
        call(4), TURNS, bytes([C_SHUT, 0, 0]), TURNS, bytes([C_TIME, 7]),
        TURNS, TURNS, say(settings()), TURNS, options=4)
    yield 'metadata', client(call(16, extra=text('x-bin') + text('\0\1\2')),
                             call(16, extra=text('grpc-x') + text('y')),
                             call(8, extra=bytes([3, 6])), UP)
    yield 'memory-short', client(
        *[bytes([C_SHORT, n]) + call() + UP + answer(STREAM_1, message())
          + TURNS for n in range(6)])


# ------------------------------------------------------- fuzz_grpc_server.c

(S_CONNECT, S_SHORT, S_TURN, S_TURNS, _, S_SPEAK, _, _, _, S_GO_ON, S_HEAR,
 S_SHUT, S_TIME, S_LEAVE) = range(CROWD_ACTS, CROWD_ACTS + 14)

# Fields of a request, by their place in frames.c
(T_1S, T_5M, T_MAX, T_0, T_BAD, Q_GZIP, Q_DEFLATE, Q_IDENTITY, Q_BR, Q_ACCEPT,
 Q_COMMA, Q_XY, Q_BIN, Q_BAD_BIN, Q_AGENT, M_POST, M_GET, Q_HTTP, P_OK, P_DEEP,
 P_ROOT, P_FLAT, A_NONE, Q_TE, Q_PROTO, Q_GRPCX, Q_HTML) = range(27)


def server(*acts, options=0, big=0, leave=1):
    return bytes([options, big, leave]) + b''.join(acts)


def tell(*frames, cut=0):
    return b''.join(bytes([S_SPEAK, 0, cut]) + f for f in frames)


MOVE = bytes([S_TURNS])
HELLO = tell(settings()) + MOVE
SERVED = customer(FULL) + bytes([7])  # and its context


def request(stream=STREAM_1, *messages, fields=(), flags=END):
    return tell(headers(stream, fields=fields),
                data(stream, *messages, flags=flags))


def grpc_server():
    reply = somebody(ADVANCE, 0, ALL)
    yield 'unary', server(HELLO, request(STREAM_1, message()), MOVE, SERVED,
                          reply, MOVE, bytes([S_HEAR, 0]))
    yield 'four-cardinalities', server(
        HELLO, *[request(s, message(), flags=s % 2) for s in range(4)], MOVE,
        SERVED * 4, advance(0, METADATA | PAYLOAD), advance(1, PAYLOAD | GRANT),
        advance(2, PAYLOAD | GRANT), advance(3, PAYLOAD), MOVE,
        tell(data(STREAM_1, message(), flags=END),
             data(STREAM_5, message(), message(), flags=END)), MOVE,
        *[advance(n, COMPLETION | CODE) for n in range(4)], MOVE)
    yield 'granted-many', server(
        HELLO, request(STREAM_1, message(), flags=0), MOVE, SERVED,
        advance(0, GRANT, 0, FIVE), MOVE, tell(
            data(STREAM_1, message(), message(), message()),
            data(STREAM_1, message(), message(), message(), piece=7)), MOVE,
        advance(0, GRANT, 0, MANY), MOVE, reply, MOVE)
    yield 'reentrant', server(HELLO, request(STREAM_1, message()), MOVE,
                              customer(FULL | REACTS), bytes([7]),
                              reaction(reply))
    yield 'no-such-method', server(HELLO, request(STREAM_1, message()), MOVE,
                                   customer(FULL, NO_SUCH_METHOD), MOVE)
    yield 'failed', server(HELLO, request(STREAM_1, message()), MOVE,
                           customer(FULL, FAILED), MOVE)
    for name, f in (('get', [M_GET, Q_HTTP, P_OK, Q_TE, Q_PROTO]),
                    ('html', [M_POST, Q_HTTP, P_OK, Q_TE, Q_HTML]),
                    ('grpcx', [M_POST, Q_HTTP, P_OK, Q_TE, Q_GRPCX]),
                    ('no-type', [M_POST, Q_HTTP, P_OK]),
                    ('deep', [M_POST, Q_HTTP, P_DEEP, Q_PROTO]),
                    ('root', [M_POST, Q_HTTP, P_ROOT, Q_PROTO]),
                    ('flat', [M_POST, Q_HTTP, P_FLAT, Q_PROTO]),
                    ('nothing', [Q_XY])):
        yield 'head-' + name, server(HELLO, tell(
            headers(STREAM_1, END, f, head=False)), MOVE, SERVED, MOVE)
    for name, f in (('1s', T_1S), ('5m', T_5M), ('max', T_MAX), ('0', T_0),
                    ('bad', T_BAD), ('bin', Q_BIN), ('bad-bin', Q_BAD_BIN),
                    ('br', Q_BR), ('upper', 29), ('connection', 28),
                    ('length', 30)):
        yield 'field-' + name, server(
            HELLO, request(STREAM_1, message(), fields=[f]), MOVE, SERVED,
            MOVE, bytes([S_TIME, 4]), MOVE, reply, MOVE)
    for name, kind, f in (('gzip', GZIPPED, Q_GZIP),
                          ('deflate', DEFLATED, Q_DEFLATE)):
        yield name, server(
            HELLO, request(STREAM_1, message('hello' * 20, kind, 1),
                           fields=[f, Q_ACCEPT]), MOVE, customer(FULL),
            bytes([kind]), reply, MOVE, big=1)
        yield name + '-bomb', server(HELLO, request(
            STREAM_1, message('z' * 201, kind, 1), fields=[f]), MOVE, SERVED)
        yield name + '-damaged', server(HELLO, request(
            STREAM_1, message('not compressed', PLAIN, 1), fields=[f]), MOVE,
            SERVED, MOVE)
    yield 'message-too-large', server(HELLO, request(
        STREAM_1, message(255, ZEROS)), MOVE, SERVED, MOVE, options=1)
    yield 'length-impossible', server(HELLO, tell(
        headers(STREAM_1), data(STREAM_1, bytes([0xc0]) + text('x') +
                                bytes([N_ALL]))), MOVE, SERVED, MOVE)
    yield 'message-large', server(HELLO, tell(
        headers(STREAM_1), data(STREAM_1, message(255, ZEROS), piece=200,
                                flags=END)), MOVE, SERVED, reply, MOVE)
    for name, leave in ('much', 1), ('much-narrow', 3):
        yield name, server(
            tell(settings((4, N_MAX)), window(STREAM_0, N_65536)), MOVE,
            *[request(s, message()) for s in range(4)], MOVE, SERVED * 4,
            *[advance(n, 0xf0 | METADATA | PAYLOAD) for n in range(4)], MOVE,
            bytes([S_HEAR, 0]), MOVE, bytes([S_HEAR, 0]), MOVE,
            *[advance(n, 0xf0 | PAYLOAD | COMPLETION) for n in range(4)], MOVE,
            bytes([S_HEAR, 0]), MOVE, bytes([S_HEAR, 0]), MOVE, big=1,
            leave=leave)
    yield 'message-cut', server(HELLO, tell(
        headers(STREAM_1), data(STREAM_1, message(), flags=END, junk=3)), MOVE,
        SERVED, MOVE)
    yield 'flag-3', server(HELLO, request(STREAM_1, message('x', PLAIN, 3)),
                           MOVE, SERVED, MOVE)
    yield 'in-pieces', server(HELLO, tell(
        headers(STREAM_1, piece=3, fields=[Q_XY]),
        data(STREAM_1, message(), piece=1), data(STREAM_1, padding=4,
                                                 flags=END)), MOVE, SERVED)
    yield 'cut-bytes', server(
        tell(settings(), cut=128 + 30), MOVE, tell(headers(STREAM_1),
                                                   cut=128 + 40), MOVE,
        bytes([S_GO_ON, 0]), MOVE, SERVED)
    yield 'headers-never-end', server(HELLO, tell(
        headers(STREAM_1, cut=True, piece=1)), MOVE)
    yield 'metadata-too-much', server(HELLO, tell(headers(
        STREAM_1, fields=[field('x' * 20, 'y' * 100)] * 6)), MOVE, SERVED,
        MOVE, options=2)
    yield 'metadata-endless', server(HELLO, tell(headers(
        STREAM_1, fields=[field('x' * 20, 'y' * 100)] * 6, double=4)), MOVE,
        options=2)
    yield 'wordy', server(
        HELLO, request(STREAM_1, message()), MOVE, SERVED, advance(
            0, METADATA | PAYLOAD) + bytes([2]) + text('x-y') + text(' v ') +
        text('z-bin') + text('\0\1'), MOVE, advance(
            0, COMPLETION | CODE | MESSAGE | TERMINAL, 5) + text('é%\n') +
        bytes([1]) + text('te') + text('no'), MOVE, big=2)
    for name, tight in ('too-much', ()), ('too-much-tight', ((6, N_100), )):
        yield 'wordy-' + name, server(
            tell(settings(*tight)), MOVE,
            request(STREAM_1, message()), MOVE, SERVED, advance(
                0, COMPLETION | CODE | MESSAGE | TERMINAL, 0) +
            text('é' * 90) + bytes([253]) + text('x-y') + text('v'), MOVE,
            big=2)
    yield 'drained', server(
        HELLO, request(STREAM_1, message()), MOVE, SERVED, bytes([S_LEAVE, 40]),
        MOVE, tell(any_frame(6, 1, STREAM_0, b'parting\0')), MOVE, reply, MOVE)
    yield 'trailers', server(HELLO, tell(
        headers(STREAM_1), data(STREAM_1, message()),
        headers(STREAM_1, END, [Q_XY], head=False)), MOVE, SERVED, reply)
    for code in (N_0, N_2, N_7, N_8):
        yield f'rst-{code}', server(
            HELLO, request(STREAM_1, message(), flags=0), MOVE, SERVED,
            tell(rst(STREAM_1, code)), MOVE)
    yield 'rst-at-once', server(HELLO, request(STREAM_1, message()), tell(
        rst(STREAM_1, N_8)), MOVE)
    yield 'rapid-reset', server(HELLO, *[tell(
        headers(s, END), rst(s, N_8)) for s in range(8)], MOVE, SERVED)
    yield 'too-many-streams', server(HELLO, *[tell(
        headers(s, END)) for s in range(6)], MOVE, SERVED * 2, options=4)
    for which, name in (PING, 'pings'), (PRIORITY, 'priorities'):
        yield name, server(HELLO, tell(*[small(
            which, N_1, None if which == PING else STREAM_1, N_1, times=3)
            for _ in range(8)]), MOVE)
    yield 'settings-flood', server(HELLO, tell(*[settings((4, N_1), (3, N_2))
                                                 for _ in range(12)]), MOVE)
    yield 'empty-frames', server(HELLO, request(STREAM_1, flags=0), tell(
        *[data(STREAM_1) for _ in range(20)]), MOVE, SERVED)
    yield 'windows', server(
        tell(settings((4, N_1), (5, N_16384))), MOVE,
        request(STREAM_1, message()), MOVE, SERVED, reply, MOVE,
        tell(window(STREAM_1, N_100), settings((4, N_100000))), MOVE,
        tell(window(STREAM_0, N_MAX), window(STREAM_1, N_0)), MOVE, big=1,
        options=0x40)
    yield 'goaway', server(HELLO, request(STREAM_1, message()), tell(
        goaway(N_0, N_0)), MOVE, SERVED, reply, MOVE)
    yield 'keepalive', server(HELLO, request(STREAM_1, flags=0), MOVE, SERVED,
                              bytes([S_TIME, 7]), MOVE, bytes([S_TIME, 7]),
                              MOVE, options=8)
    yield 'idle', server(HELLO, bytes([S_TIME, 6]), MOVE, MOVE, options=8)
    yield 'never-says-hello', server(bytes([S_CONNECT]), MOVE,
                                     bytes([S_TIME, 7]), MOVE)
    yield 'http-1', server(bytes([S_CONNECT]), tell(raw(
        b'GET / HTTP/1.1\r\n\r\n')), MOVE)
    yield 'closed', server(HELLO, request(STREAM_1, message(), flags=0), MOVE,
                           SERVED, bytes([S_SHUT, 0, 0]), MOVE)
    yield 'shut', server(HELLO, request(STREAM_1, message(), flags=0), MOVE,
                         SERVED, bytes([S_SHUT, 0, 1]), MOVE, reply, MOVE)
    yield 'two-connections', server(
        bytes([S_CONNECT, S_CONNECT]), HELLO, request(STREAM_1, message()),
        MOVE, SERVED, bytes([S_SPEAK, 200, 0]), settings(), MOVE, options=16)
    yield 'drain', server(HELLO, request(STREAM_1, message()), MOVE, SERVED,
                          bytes([S_LEAVE, 40]), MOVE, bytes([S_CONNECT]), reply,
                          MOVE)
    yield 'stop', server(HELLO, request(STREAM_1, message()), MOVE, SERVED,
                         bytes([S_LEAVE, 0, MS_10]), request(STREAM_3), MOVE,
                         bytes([S_TIME, 4]), MOVE)
    yield 'cancelled', server(HELLO, request(STREAM_1, message()), MOVE, SERVED,
                              somebody(CANCEL, 0), MOVE)
    for name, wants in ('none', NONE), ('only-end', ONLY_END):
        yield 'wants-' + name, server(
            HELLO, request(STREAM_1, message(), message()), MOVE,
            customer(wants), advance(0, PAYLOAD | COMPLETION), MOVE)
    yield 'memory-short', server(
        HELLO, *[bytes([S_SHORT, n]) + request(s, message()) + MOVE + SERVED +
                 advance(n, METADATA | PAYLOAD | COMPLETION) + MOVE
                 for n, s in enumerate(range(6))])


# --------------------------------------------------------- fuzz_grpc_pair.c

(P_OPERATE, _, P_SHORT, P_CUT, P_DRAIN, P_TURN, _, P_SETTLE, _, P_TIME) = range(
    CROWD_ACTS, CROWD_ACTS + 10)
REST = bytes([P_SETTLE])


def pair(*acts, options=0, big=0):
    return bytes([options, big]) + b''.join(acts)


def dial(how=0, who=customer(), timeout=LONG, what=UNARY):
    return bytes([P_OPERATE, how]) + who + bytes([timeout]) + what


def grpc_pair():
    served = customer(FULL) + bytes([7])
    seen = bytes([7])
    good = values(METADATA | PAYLOAD | COMPLETION | CODE | MESSAGE | TERMINAL,
                  0)
    yield 'unary', pair(dial(), REST, served, somebody(ADVANCE, 1, good), REST,
                        seen)
    yield 'not-found', pair(dial(), REST, served, advance(
        1, METADATA | COMPLETION | CODE | MESSAGE | TERMINAL, 5), REST, seen)
    for name, options, big in (('', 0, 0), ('-big', 5, 1), ('-narrow', 32, 1)):
        yield 'streams' + name, pair(
            dial(what=STREAM), dial(1, what=STREAM), REST, served, served,
            *[advance(n % 4, 0xf0 | PAYLOAD | GRANT, 0, TWO) + REST
              for n in range(16)],
            *[advance(n, COMPLETION) for n in range(4)], REST, options=options,
            big=big)
    for who in range(2):
        yield f'held-by-{who}', pair(
            dial(what=values(METADATA)), REST, served,
            advance(1 - who, 0xf0 | PAYLOAD) * 4, REST,
            advance(who, GRANT, 0, ONE), REST, advance(who, GRANT, 0, MANY),
            REST, advance(1 - who, COMPLETION), REST, options=5, big=1)
    yield 'coded', pair(dial(1, what=values(0xf0 | PAYLOAD | COMPLETION)), REST,
                        customer(FULL), bytes([2]), advance(
                            1, 0xf0 | PAYLOAD | COMPLETION), REST, big=1)
    for who, act_ in ((0, CANCEL), (1, CANCEL), (0, FAIL), (1, FAIL)):
        yield f'ends-{who}-{act_}', pair(
            dial(what=STREAM), REST, served, somebody(act_, who), REST)
    yield 'service-completes-early', pair(
        dial(what=STREAM), REST, served, advance(0, PAYLOAD) * 2,
        somebody(ADVANCE, 1, good), REST, seen)
    for name, wants in ('none', NONE), ('only-end', ONLY_END):
        yield 'invoker-wants-' + name, pair(
            dial(who=customer(wants)), REST, served,
            advance(1, PAYLOAD) * 3, advance(1, COMPLETION), REST)
        yield 'service-wants-' + name, pair(
            dial(what=STREAM), REST, customer(wants), advance(0, PAYLOAD) * 3,
            REST, advance(1, COMPLETION), REST)
    yield 'expires', pair(dial(timeout=MS_100, what=STREAM), REST, served,
                          bytes([P_TIME, 5]), REST)
    yield 'one-stream', pair(dial(what=STREAM), dial(), REST, served, somebody(
        CANCEL, 0), REST, served, REST, options=16)
    yield 'drain', pair(dial(what=STREAM), REST, served, bytes([P_DRAIN, 0]),
                        REST, dial(), REST, advance(1, COMPLETION), REST, seen)
    for way in range(3):
        yield f'cut-{way}', pair(dial(what=STREAM), dial(), REST, served,
                                 served, bytes([P_CUT, 1, way]), REST, dial(),
                                 REST)
    yield 'no-such-method', pair(dial(), REST, customer(FULL, NO_SUCH_METHOD),
                                 REST)
    yield 'memory-short', pair(*[
        bytes([P_SHORT, n]) + dial() + REST + served + advance(
            2 * n + 1, METADATA | PAYLOAD | COMPLETION) + REST
        for n in range(6)])


# --------------------------------------------------------- fuzz_grpc_text.c

(TIMEOUTS, MESSAGES, BASE64, METADATA_, TARGETS_, CODINGS) = range(6)


def grpc_text():
    for n, s in enumerate(('1S', '99999999H', '5m', '100u', '1n', '0M', 'S',
                           '123456789S', '1s', '-1S')):
        yield f'timeout-{n}', bytes([TIMEOUTS]) + s.encode()
    for n, v in enumerate((1, 99999999, 100000000, 2**63 - 1, 3600 * 10**9)):
        yield f'duration-{n}', bytes([TIMEOUTS]) + v.to_bytes(8, 'little')
    for n, s in enumerate(('plain', '50%25 of %C3%A9%0A', '%zz%a%', 'é€😀',
                           ' ', '%' * 60, '€' * 80)):
        yield f'message-{n}', bytes([MESSAGES, 200]) + s.encode()
        yield f'message-tight-{n}', bytes([MESSAGES, 1 + n % 2]) + s.encode()
    for n, s in enumerate(('', 'AQI', 'AQI=', '/w==', '/w', 'A', 'AQI-', '=',
                           'AQ==AQ')):
        yield f'base64-{n}', bytes([BASE64]) + s.encode()
    for n, (name, value) in enumerate(((0, 'y'), (1, 'AQI,/w'), (1, 'AQI, ,'),
                                       (2, 'y'), (3, 'trailers'), (1, '!'),
                                       (0, ' y '), (0, '\x7f'))):
        yield f'metadata-{n}', bytes([METADATA_, name]) + text(value)
    yield 'metadata-many', bytes([METADATA_]) + (bytes([0]) + text('')) * 300
    yield 'metadata-named', (bytes([METADATA_, 9]) + text('a_.-9-bin') +
                             text('AAAA') + bytes([9]) + text('') + text('v') +
                             bytes([9]) + text('A') + text('v'))
    for n, s in enumerate(('localhost:1', 'dns:///a.b:443', 'dns://1.1/h:1',
                           'ipv4:1.2.3.4:5,6.7.8.9', 'ipv6:[::1]:5,[2001::1]',
                           'unix:a', 'unix:///a/b', 'unix://a/b', '[::1]:80',
                           '::1', 'h:99999', 'xds:a', '', 'a:', ':1',
                           'unix:' + 'x' * 120, 'ipv4:' + '1.1.1.1,' * 20)):
        yield f'target-{n}', bytes([TARGETS_]) + s.encode()
    for n, s in enumerate(('gzip', 'identity,deflate,gzip', ' gzip , x', ',,',
                           'GZIP', 'application/grpc+x')):
        yield f'coding-{n}', bytes([CODINGS]) + s.encode()


# ------------------------------------------------------ fuzz_grpc_message.c


def framed(content, flag=0, length=None):
    if length is None:
        length = len(content)
    return bytes([flag]) + length.to_bytes(4, 'big') + content


def grpc_message():
    gzipped = gzip.compress(b'hello' * 30, mtime=0)
    deflated = zlib.compress(b'hello' * 30)
    bomb = gzip.compress(bytes(100000), mtime=0)
    identity, gz, deflate, unknown, tight = 0, 1, 2, 3, 4
    pieces = 2 << 3
    for name, how, body, *zeros in (
            ('empty', identity, b''),
            ('one', identity, framed(b'hello')),
            ('of-no-bytes', identity, framed(b'') * 5),
            ('several', identity | pieces, framed(b'a') + framed(b'bb' * 30)),
            ('cut-prefix', identity, framed(b'hello') + b'\0\0'),
            ('cut', identity, framed(b'hel', length=5)),
            ('too-large', tight, framed(b'x' * 30)),
            ('huge', identity, framed(b'x', length=2**32 - 1)),
            ('flag-2', identity, framed(b'x', 2)),
            ('compressed-for-nothing', identity, framed(b'x', 1)),
            ('compressed-unknown', unknown, framed(b'x', 1)),
            ('gzip', gz | pieces, framed(gzipped, 1) + framed(b'plain')),
            ('deflate', deflate, framed(deflated, 1) * 2),
            ('gzip-as-deflate', deflate, framed(gzipped, 1)),
            ('deflate-as-gzip', gz, framed(deflated, 1)),
            ('gzip-of-nothing', gz, framed(b'', 1)),
            ('gzip-cut', gz, framed(gzipped[:-5], 1)),
            ('gzip-and-more', gz, framed(gzipped + b'x', 1)),
            ('gzip-twice', gz, framed(gzipped * 2, 1)),
            ('bomb', gz, framed(bomb, 1)),
            ('large', identity, framed(b'x', length=150000), 200),
            ('large-too-small', identity | pieces, framed(
                b'x', length=150000), 100),
            ('just-too-large', gz | tight, framed(
                gzip.compress(b'x' * 21, mtime=0), 1))):
        yield name, bytes([how, *(zeros or [0])]) + body


# ------------------------------------------------------------- the gateway's


def numbered(prefix, *texts):
    for n, t in enumerate(texts):
        yield f'{n}', prefix + t.encode()


def record(number, content):
    """A field of bytes; or a number."""
    if isinstance(content, int):
        return bytes([number << 3, content])
    content = content.encode() if isinstance(content, str) else content
    return bytes([number << 3 | 2, len(content)]) + content


def descriptor():
    def file(*rest, name='a.proto'):
        return record(1, record(1, name) + b''.join(rest))

    def field(name, number, kind, label=1, *rest):
        return record(2, record(1, name) + record(3, number) +
                      record(4, label) + record(5, kind) + b''.join(rest))

    enum = record(1, 'E') + record(2, record(1, 'ZERO') + record(2, 0))
    message = record(1, 'M') + field('i', 1, 5) + field('s', 2, 9, 3)
    yield 'message', file(record(2, 'p'), record(4, message),
                          record(12, 'proto3'))
    yield 'enum', file(record(5, enum), record(4, record(1, 'M') + field(
        'e', 1, 14, 1, record(6, '.E'))))
    yield 'nested', file(record(4, record(1, 'A') + record(3, message) + field(
        'm', 1, 11, 1, record(6, '.A.M'))))
    yield 'oneof', file(record(4, record(1, 'A') + field(
        'a', 1, 5, 1, record(9, 0)) + record(8, record(1, 'o'))))
    yield 'service', file(record(4, message), record(6, record(1, 'S') + record(
        2, record(1, 'Go') + record(2, '.M') + record(3, '.M') +
        record(6, 1))))
    yield 'imports', (file(record(4, message)) + file(
        record(3, 'a.proto'), name='b.proto'))
    yield 'missing-import', file(record(3, 'c.proto'))
    yield 'twice', file(record(4, message)) * 2


def json_writer():
    for n, body in enumerate((b'', record(1, 5), record(2, 'text'),
                              record(3, record(1, 1)), record(4, 1) * 3,
                              record(1, record(1, 'k') + record(2, 'v')),
                              b'\x09\0\0\0\0\0\0\xf0\x3f',
                              b'\x0d\0\0\x80\x3f', b'\x0b\x0c')):
        for how in range(4):
            yield f'{how}-{n}', bytes([how | n % 4 << 2]) + body


TEXTS = ('{}', '{"a":1}', '[1,2,3]', '{"s":"\\u00e9\\n"}', '{"m":{"k":"v"}}',
         '"2024-01-02T03:04:05.678Z"', '"1.5s"', '{"@type":"x/y","value":1}',
         'null', '{"r":[1,"2",null,true,-0.5e3]}', '{"a":', '[[[[[[[[')


def json_reader():
    for n, t in enumerate(TEXTS):
        for kind in range(8) if n < 10 else (0, ):
            if (n + kind) % 3 == 0:
                yield f'{kind}-{n}', bytes([kind, n]) + t.encode()


def json_paths():
    """The type's number, 8 more to ignore what is unknown; then a text."""
    for n, (kind, text) in enumerate((
            (4, '{"left":{"n\\u0061me":"a","right":{}},"weight":1}'),
            (12, '{"zzz":[{"a":"}"},1],"name":null,"left":{"zzz":1}}'),
            (4, '{"children":[{"name":"a"}],"left":{"left":{"left":{}}}}'),
            (8, '{"e":"PURPLE","r":[1],"m":{"1":"a"},"v":{"a":[null]}}'),
            (0, '{"t":"1970-01-01T00:00:00Z","y":"\\ud83d\\ude01"}'),
            (5, '{"any":{"@type":"x/tests.reader.Tree"},"empty":{}}'),
            (7, '{"inner":{"a":1},"[tests.reader2.extra]":1}'),
            (6, '{"id":1,"name":"","flag":null,"closed":"FIRST"}'),
            (4, ' null '), (4, '{"left":{"name'), (8, '{"\\ud800":1}'))):
        yield str(n), bytes([kind]) + text.encode()


def query():
    yield from numbered(b'', 'GET /q?name=a&id=5', 'GET /a/b/c/tail', 'GET /x',
                        'POST /b/s?x=1', 'GET /p/1/2/3?f=1.5&f=2', 'PUT /q',
                        'GET /v/%41%2F:x:y', 'GET /w/1/2s?ts=1', 'GET //',
                        'GET /q?%zz', 'FOO /2024-01-01T00:00:00Z/A:verb',
                        'GET /q?%24prettyPrint=true&id=1')


def route_file():
    yield from numbered(
        b'', '{"listen": ["127.0.0.1:0"]}',
        'upstreams: {u: {target: "h:1", schema: types.pb}}\n'
        'services: [{name: "*"}]\n',
        'upstreams: {u: {target: "h:1", schema: none}}\n'
        'http: {rules: [{selector: a.B.C, get: "/x/{y}"}]}\n',
        'upstreams: {u: {target: [h, "unix:/a"], schema: reflection}}\n'
        'methods: [{selector: "a.B.*", timeout: 5s}]\n'
        'json: {emit_defaults: true}\nlimits: {max_header_bytes: 8KiB}\n',
        'a: &a [*a]\n', 'a: 1\na: 2\n', '- x\n', '{"a":',
        'upstreams: {u: {target: "h:1", schema: none}}\n'
        'services: [{name: a.*}]\n'
        'http: {rules: [{selector: "a.B.C, a.B.D", get: "/x/{y}"}]}\n'
        'methods: [{selector: a.B.C, cardinality: stream-stream},'
        ' {selector: a.B.C.D, content_type: a/b}]\n')


def status_json():
    yield from numbered(
        b'', '5', '16', '999', '', '-1', '30', '86401', 'not found \u00e9',
        '\b\x05\x12\x02no', '\b\x05\x12\x02no\x1a\x04\n\x02a/')


def template():
    yield from numbered(
        b'', '/v1/books', '/v1/{name}', '/v1/{name=shelves/*/books/*}',
        '/{a=**}:verb', '/**', '/*/x/**', '/{a.b.c}/{d}', '/', '/a//b', '/{a',
        '/{a=*}{b}', '/%41', 'a', '/a:b:c')


# ----------------------------------------- gRPC-Web, Connect (rpc_body.c)

CODING_NONE, CODING_GZIP, CODING_DEFLATE = range(3)
COMPRESSED, END_STREAM, TRAILERS = 0x01, 0x02, 0x80
ROOM = 64 << 10         # of a message, in the fixture's route file

# One message for every method: its field 1 is a text in all of them.
BOOK = record(1, 'shelves/1/books/2')
BOOK_JSON = b'{"name":"shelves/1/books/2"}'
BAD_PROTO = b'\n\x7fcut'
PIECES = text(bytes([1, 0, 4]))         # where the body is cut


def envelope(payload, flags=0, length=None):
    if length is None:
        length = len(payload)
    return bytes([flags]) + length.to_bytes(4, 'big') + payload


def zipped(payload):
    return gzip.compress(payload, mtime=0)


GOOD = envelope(BOOK)
PACKED = envelope(zipped(BOOK), COMPRESSED)
BOMB = zipped(bytes(1 << 20))

# What is wrong with envelopes in any protocol: (name, coding, body).
BAD_ENVELOPES = (
    ('none', CODING_NONE, b''),
    ('cut-in-prefix', CODING_NONE, GOOD + GOOD[:3]),
    ('cut-in-message', CODING_NONE, GOOD[:-1]),
    ('too-long-by-one', CODING_NONE, envelope(b'', length=ROOM + 1)),
    ('length-of-4-GiB', CODING_NONE, envelope(BOOK, length=2**32 - 1)),
    ('flag-unknown', CODING_NONE, envelope(BOOK, 0x40)),
    ('flag-without-coding', CODING_NONE, PACKED),
    ('bad-protobuf', CODING_NONE, envelope(BAD_PROTO)),
    ('gzip-bomb', CODING_GZIP, envelope(BOMB, COMPRESSED)),
    ('gzip-cut', CODING_GZIP, envelope(zipped(BOOK)[:-1], COMPRESSED)),
    ('gzip-and-more', CODING_GZIP, envelope(zipped(BOOK) + b'x', COMPRESSED)),
    ('gzip-of-nothing', CODING_GZIP, envelope(b'', COMPRESSED)),
    ('deflate-as-gzip', CODING_GZIP, envelope(zlib.compress(BOOK),
                                              COMPRESSED)),
)


def grpc_web():
    proto, as_json, as_text, as_text_json = range(4)
    get, read, add, discuss = range(4)      # unary, server, client, bidi

    def web(kind, method, body, coding=CODING_NONE, step=2):
        how = kind | method << 2 | coding << 4
        return bytes([how, step]) + PIECES + body

    encode = base64.b64encode
    for name, method in (('unary', get), ('server-stream', read)):
        yield name, web(proto, method, GOOD)
    for name, method in (('client-stream', add), ('bidi', discuss)):
        yield name, web(proto, method, GOOD + envelope(b'') + GOOD)
    yield 'client-stream-of-none', web(proto, add, b'')
    yield 'unary-json', web(as_json, get, envelope(BOOK_JSON))
    yield 'bidi-json', web(as_json, discuss, envelope(BOOK_JSON) * 2)
    yield 'bad-json', web(as_json, get, envelope(BOOK_JSON[:-1]))
    yield 'gzip', web(proto, discuss, PACKED + GOOD, CODING_GZIP)
    yield 'deflate', web(as_json, get, envelope(zlib.compress(BOOK_JSON),
                                                COMPRESSED), CODING_DEFLATE)
    yield 'one-too-many', web(proto, get, GOOD * 2)
    yield 'trailers-alone', web(proto, add, envelope(b'a: b\r\n', TRAILERS))
    yield 'trailers-at-the-end', web(proto, get, GOOD + envelope(
        b'grpc-status: 0\r\n', TRAILERS))
    for name, coding, body in BAD_ENVELOPES:
        yield name, web(proto, get, body, coding)
        if coding == CODING_NONE and body:
            yield name + '-amid-a-stream', web(proto, discuss, GOOD + body)
    yield 'text', web(as_text, get, encode(GOOD))
    yield 'text-json', web(as_text_json, get, encode(envelope(BOOK_JSON)))
    yield 'text-gzip', web(as_text, get, encode(PACKED), CODING_GZIP)
    yield 'text-padded-amid', web(as_text, add, b''.join(
        encode((GOOD * 2)[i:i + 4]) for i in range(0, 2 * len(GOOD), 4)))
    for name, body in (('ends-in-a-group', encode(GOOD)[:-3]),
                       ('padding-first', b'=AAA'), ('padding-alone', b'===='),
                       ('padding-of-three', b'A==='),
                       ('padding-and-more', b'AA=A'), ('line-end', b'AAAA\r\n'),
                       ('other-alphabet', b'AAA_-A=='),
                       ('bits-left-over', b'AAAAAB==')):
        yield 'text-' + name, web(as_text, get, body)


def connect():
    proto, as_json = range(2)
    read, add, discuss, get = range(4)      # server, client, bidi, unary

    def post(kind, method, body, coding=CODING_NONE):
        return bytes([kind | method << 1 | coding << 3]) + PIECES + body

    yield 'unary', post(proto, get, BOOK)
    yield 'unary-json', post(as_json, get, BOOK_JSON)
    yield 'unary-empty', post(proto, get, b'')
    yield 'unary-gzip', post(proto, get, zipped(BOOK), CODING_GZIP)
    yield 'unary-deflate', post(as_json, get, zlib.compress(BOOK_JSON),
                                CODING_DEFLATE)
    yield 'unary-gzip-empty', post(proto, get, b'', CODING_GZIP)
    yield 'unary-gzip-bomb', post(proto, get, BOMB, CODING_GZIP)
    yield 'unary-gzip-cut', post(proto, get, zipped(BOOK)[:-1], CODING_GZIP)
    yield 'unary-not-gzip', post(proto, get, BOOK, CODING_GZIP)
    yield 'unary-bad-protobuf', post(proto, get, BAD_PROTO)
    yield 'unary-bad-json', post(as_json, get, BOOK_JSON + b'x')
    yield 'unary-in-an-envelope', post(proto, get, GOOD)
    yield 'server-stream', post(proto, read, GOOD)
    for name, method in (('client-stream', add), ('bidi', discuss)):
        yield name, post(proto, method, GOOD + envelope(b'') + GOOD)
        yield name + '-json', post(as_json, method, envelope(BOOK_JSON) * 2)
    yield 'client-stream-of-none', post(proto, add, b'')
    yield 'gzip', post(proto, discuss, PACKED + GOOD, CODING_GZIP)
    yield 'deflate', post(as_json, read, envelope(
        zlib.compress(BOOK_JSON), COMPRESSED), CODING_DEFLATE)
    yield 'one-too-many', post(proto, read, GOOD * 2)
    yield 'end-stream', post(proto, add, GOOD + envelope(b'{}', END_STREAM))
    yield 'end-stream-twice', post(proto, add, envelope(b'{}', END_STREAM) * 2)
    yield 'end-stream-compressed', post(proto, add, envelope(
        zipped(b'{}'), END_STREAM | COMPRESSED), CODING_GZIP)
    yield 'message-after-end-stream', post(proto, discuss, envelope(
        b'{}', END_STREAM) + GOOD)
    yield 'bad-json', post(as_json, discuss, envelope(BOOK_JSON[:-1]))
    for name, coding, body in BAD_ENVELOPES:
        yield name, post(proto, read, body, coding)
    for name, query in (
            ('json', 'connect=v1&encoding=json&message=%7B%22name%22:%22a%22}'),
            ('plus', 'connect=v1&encoding=json&message={"name":"a+b"}'),
            ('proto', 'connect=v1&encoding=proto&message=%0A%01a'),
            ('base64', 'connect=v1&base64=1&encoding=proto&message=CgFh'),
            ('base64-padded', 'base64=1&encoding=proto&message=CgE%3D'),
            ('base64-both-alphabets',
             'base64=1&encoding=proto&message=CgT-+/_%2F'),
            ('bad-base64', 'base64=1&encoding=proto&message=CgFhC'),
            ('bad-percent', 'connect=v1&encoding=json&message=%zz'),
            ('gzip', 'connect=v1&base64=1&encoding=proto&compression=gzip&'
             'message=' + base64.urlsafe_b64encode(zipped(BOOK)).decode()),
            ('unknown-compression',
             'connect=v1&compression=br&encoding=json&message={}'),
            ('unknown-encoding', 'connect=v1&encoding=xml&message={}'),
            ('no-encoding', 'connect=v1&message={}'),
            ('no-message', 'connect=v1&encoding=json'),
            ('empty-message', 'connect=v1&encoding=proto&message='),
            ('version-2', 'connect=v2&encoding=json&message={}'),
            ('no-version', 'encoding=json&message={}'),
            ('twice', 'connect=v1&encoding=json&encoding=proto&message={}&'
             'message=x'),
            ('other-parameters', 'x=%zz&&connect=v1&=&encoding=json&y&'
             'message={}')):
        yield 'get-' + name, bytes([0x80, 0]) + query.encode()


# ------------------------------------------------------------- fuzz_values.c


def values_of_streams():
    m, tree = 0, 4
    no_arrays = 0x80
    one, two = '{"name":"a"}', '{"name":"b","left":{}}'
    for name, body in (
            ('none', ''), ('blank', ' \r\n\t'), ('one', one),
            ('in-a-row', one + two), ('lines', one + '\n' + two + '\n'),
            ('array', '[%s, %s]' % (one, two)), ('array-of-none', ' [ ] '),
            ('array-in-lines', '[\n%s\n,\n%s\n]\n' % (one, two)),
            ('array-cut', '[%s,' % one), ('array-not-closed', '[' + one),
            ('array-begun', '['), ('comma-before-end', '[%s,]' % one),
            ('no-comma', '[%s %s]' % (one, two)), ('comma-in-a-row', one + ','),
            ('after-the-array', '[]\n' + one), ('array-in-an-array', '[[]]'),
            ('array-after-a-value', one + '[%s]' % two), ('bracket', ']'),
            ('value-cut', one + '\n{"name'), ('bad-value', one + '\n\n {"x":1}'),
            ('bad-element', '[%s,\n  {"name":1}]' % one), ('null', 'null null'),
            ('not-utf-8', one + '\xff')):
        yield name, bytes([tree, 2]) + body.encode('latin-1')
    yield 'no-arrays', bytes([m, no_arrays | 3]) + b'[{}]'


# ------------------------------------------------------------ fuzz_headers.c


def headers_of_http():
    accept, codings, kind, origin, handshake = range(5)
    for name, value in (
            ('none', ''), ('sse', 'text/event-stream'), ('any', '*/*'),
            ('browser', 'text/html,application/xhtml+xml;q=0.9,*/*;q=0.8'),
            ('weights', 'application/json;q=0.3, text/event-stream;q=0.301'),
            ('refused', 'application/x-ndjson;q=0, application/*;q=0.5'),
            ('no-weight', 'application/json;q=1.5;q="1", text/*;q'),
            ('pretty', 'application/json;pretty="true", application/json'),
            ('separators', ',;=,;q=;,= ,\t;q = 1'),
            ('quoted', 'text/plain;a="b,application/json"')):
        yield 'accept-' + name, bytes([accept]) + value.encode()
    for name, value in (('list', 'br, gzip;q=0.5, x;q=0'), ('blank', ' \t,,'),
                        ('refused', 'gzip ; q=0.000')):
        yield 'codings-' + name, bytes([codings]) + value.encode()
    for name, value in (('json', 'Application/JSON ; charset="UTF-8"'),
                        ('latin', 'application/json;charset=latin1'),
                        ('control', 'a/b\n'), ('no-text', 'a/\xff')):
        yield 'type-' + name, bytes([kind]) + value.encode('latin-1')
    for name, url, host in (('same', 'https://a.b', 'A.B:443'),
                            ('port', 'http://a:8080', 'a:8080'),
                            ('scheme', 'http://a', 'a:443'),
                            ('null', 'null', 'null'), ('no-host', 'http://', '')):
        yield 'origin-' + name, bytes([origin]) + text(url) + host.encode()

    def fields(*pairs):
        return bytes([handshake]) + b''.join(
            bytes([number]) + text(value) for number, value in pairs)

    key = 'dGhlIHNhbXBsZSBub25jZQ=='
    good = (0, 'websocket'), (1, 'keep-alive, Upgrade'), (2, key), (3, '13')
    yield 'handshake', fields(*good)
    yield 'handshake-protocols', fields(*good, (4, 'x, sluice.json'), (4, ','))
    yield 'handshake-twice', fields(*good, *good)
    yield 'handshake-version', fields(*good[:3], (3, '8'))
    for name, bad_key in (('short', key[4:]), ('padding', key[:-2] + 'AA'),
                          ('no-base64', '!' * 24)):
        yield 'handshake-key-' + name, fields(*good[:2], (2, bad_key), good[3])


# ------------------------------------------- WebSocket (fuzz_websocket_talk.c)

TEXT_FRAME, BINARY_FRAME, CLOSE_FRAME, PING_FRAME = 0x81, 0x82, 0x88, 0x89
FIRST_TEXT, MORE, LAST = 0x01, 0x00, 0x80
RAW_BYTES, LARGE = 0x10, 0x20
(GET_BOOK, READ_BOOK, ADD_BOOKS, DISCUSS, PATH_UNARY, PATH_STREAM, PATH_BODY,
 PATH_QUERY) = range(8)
(ANY_FORM, JSON_FORM, PROTO_FORM, JSON_METADATA, PROTO_METADATA) = range(5)
END_OF_REQUESTS = bytes([TEXT_FRAME]) + text('')


def websocket_frame(first, payload=b''):
    return bytes([first]) + text(payload)


def websocket_talk():
    frame, end = websocket_frame, END_OF_REQUESTS
    goodbye = frame(CLOSE_FRAME, b'\x03\xe8')
    message = frame(TEXT_FRAME, BOOK_JSON)

    def talk(target, *frames, form=ANY_FORM, code=0, responses=(), details=b''):
        how = bytes([target | form << 3, code | len(responses) << 4])
        return PIECES + how + b''.join(map(text, responses)) + text(
            details) + b''.join(frames)

    answer = (BOOK, )
    yield 'unary', talk(GET_BOOK, message, responses=answer)
    yield 'unary-binary', talk(GET_BOOK, frame(BINARY_FRAME, BOOK),
                               responses=answer)
    yield 'unary-empty', talk(GET_BOOK, end, responses=answer)
    yield 'unary-not-found', talk(GET_BOOK, message, code=5,
                                  details='no such book \u00e9' * 12)
    yield 'unary-twice', talk(GET_BOOK, message * 2, responses=answer)
    yield 'unary-bad-answer', talk(GET_BOOK, message, responses=[BAD_PROTO])
    yield 'of-a-path', talk(PATH_UNARY, responses=answer)
    yield 'stream-of-a-path', talk(PATH_STREAM, responses=[b'', b'\b\x01'])
    yield 'message-to-a-path', talk(PATH_STREAM, message)
    yield 'body-and-path', talk(PATH_BODY, frame(TEXT_FRAME, b'{"toShelf":"s"}'),
                                responses=answer)
    yield 'server-stream', talk(READ_BOOK, message, responses=[b'\b\x01'] * 3)
    yield 'server-stream-fails', talk(READ_BOOK, message, code=14,
                                      responses=[b'\b\x01'])
    yield 'client-stream', talk(ADD_BOOKS, frame(TEXT_FRAME, '{"bookId":"1"}'),
                                frame(BINARY_FRAME, BOOK), end,
                                responses=[b'\b\x02'])
    yield 'bidi', talk(DISCUSS, message * 3, end, responses=answer * 3)
    yield 'bidi-binary', talk(DISCUSS, frame(BINARY_FRAME, BOOK) * 2, end,
                              responses=answer * 2, form=PROTO_FORM)
    yield 'of-a-path-and-query', talk(PATH_QUERY, responses=answer)
    yield 'message-after-the-end', talk(DISCUSS, message, end, message)
    yield 'text-for-proto', talk(DISCUSS, message, form=PROTO_FORM)
    yield 'binary-for-json', talk(DISCUSS, frame(BINARY_FRAME, BOOK),
                                  form=JSON_FORM)
    yield 'bad-json', talk(DISCUSS, frame(TEXT_FRAME, b'{"nam'))
    yield 'two-values', talk(DISCUSS, frame(TEXT_FRAME, b'{} {}'))
    yield 'bad-protobuf', talk(DISCUSS, frame(BINARY_FRAME, BAD_PROTO))
    yield 'fragments', talk(
        DISCUSS, frame(FIRST_TEXT, BOOK_JSON[:9]), frame(PING_FRAME, b'a'),
        frame(MORE, BOOK_JSON[9:20]), frame(LAST, BOOK_JSON[20:]), end)
    yield 'fragment-without-a-first', talk(DISCUSS, frame(MORE, b'a'))
    yield 'large', talk(DISCUSS, frame(BINARY_FRAME | LARGE, BOOK), end)
    yield 'too-large', talk(DISCUSS, frame(TEXT_FRAME | LARGE, b' ' * 200))
    yield 'bad-utf-8', talk(DISCUSS, frame(TEXT_FRAME, b'"\xff"'))
    yield 'not-masked', talk(DISCUSS, frame(RAW_BYTES, b'\x81\x02{}'))
    yield 'reserved-bit', talk(DISCUSS, frame(0xc1, b'{}'))
    yield 'large-ping', talk(DISCUSS, frame(PING_FRAME | LARGE, b'abcd'))
    yield 'close', talk(DISCUSS, message, goodbye, message)
    yield 'close-1005', talk(DISCUSS, frame(CLOSE_FRAME, b'\x03\xed'))
    yield 'close-of-one-byte', talk(DISCUSS, frame(CLOSE_FRAME, b'\x03'))
    for form, name in (JSON_METADATA, 'json'), (PROTO_METADATA, 'proto'):
        request = frame(BINARY_FRAME, BOOK) if name == 'proto' else message
        yield 'metadata-' + name, talk(DISCUSS, frame(
            TEXT_FRAME, b'{"metadata":{"a":"1","b-bin":["AAEC","AA"]},'
            b'"timeout":"2.5s"}'), request, end, form=form, responses=answer)
    for name, said in (('empty', b''), ('not-json', b'{'), ('no-object', b'[]'),
                       ('deep', b'{"metadata":{"a":[[["1"]]]}}'),
                       ('number', b'{"metadata":{"a":1}}'),
                       ('bad-base64', b'{"metadata":{"a-bin":"!"}}'),
                       ('bad-name', b'{"metadata":{"a b":"1"}}'),
                       ('bad-timeout', b'{"timeout":"soon"}'),
                       ('unknown', b'{"meta":{}}')):
        yield 'metadata-' + name, talk(DISCUSS, frame(TEXT_FRAME, said), end,
                                       form=JSON_METADATA)
    yield 'metadata-large', talk(DISCUSS, *[
        frame(FIRST_TEXT if n == 0 else MORE | LARGE, b' ' * 250)
        for n in range(4)], form=JSON_METADATA)
    yield 'metadata-binary', talk(DISCUSS, frame(BINARY_FRAME, b'{}'),
                                  form=PROTO_METADATA)


TARGETS = {
    'fuzz_headers': headers_of_http,
    'fuzz_values': values_of_streams,
    'fuzz_websocket_talk': websocket_talk,
    'fuzz_grpc_web': grpc_web,
    'fuzz_connect': connect,
    'fuzz_grpc_pair': grpc_pair,
    'fuzz_descriptor': descriptor,
    'fuzz_json_paths': json_paths,
    'fuzz_json_reader': json_reader,
    'fuzz_json_writer': json_writer,
    'fuzz_query': query,
    'fuzz_route_file': route_file,
    'fuzz_status_json': status_json,
    'fuzz_template': template,
    'fuzz_grpc_text': grpc_text,
    'fuzz_grpc_message': grpc_message,
    'fuzz_operation': operation,
    'fuzz_grpc_client': grpc_client,
    'fuzz_grpc_server': grpc_server,
}


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    for target, seeds in TARGETS.items():
        folder = pathlib.Path(sys.argv[1]) / target
        folder.mkdir(parents=True, exist_ok=True)
        for name, content in seeds():
            (folder / name).write_bytes(content)


main()
