# SPDX-License-Identifier: Apache-2.0
"""A server on the official gRPC library, payloads untouched, for
test_grpc_official.c. Prints the address it listens at; ends with its input."""

import asyncio
import os
import sys

import grpc

ADDRESS = sys.argv[1]
OPTIONS = [
    ("grpc.max_receive_message_length", -1),
    ("grpc.max_send_message_length", -1),
]
OPTIONS += [
    (name, int(value)) for name, value in (a.split("=") for a in sys.argv[2:])
]

cancelled = 0
server = None


async def echo(request, context):
    return request


async def gzip_echo(request, context):
    context.set_compression(grpc.Compression.Gzip)
    return request


async def deflate_echo(request, context):
    context.set_compression(grpc.Compression.Deflate)
    return request


async def metadata(request, context):
    """Sends back what begins with x-, at the start and at the end."""
    own = [
        (name, value)
        for name, value in context.invocation_metadata()
        if name.startswith("x-")
    ]
    await context.send_initial_metadata(own)
    context.set_trailing_metadata(own)
    return request


async def names(request, context):
    """All metadata as text."""
    return "".join(
        f"{name}={value!r}\n" for name, value in context.invocation_metadata()
    ).encode()


async def fail(request, context):
    code, _, details = request.decode().partition(" ")
    context.set_trailing_metadata(
        [("grpc-status-details-bin", b"\x08\x05\x00\xff"), ("x-why", "asked")]
    )
    await context.abort(
        next(c for c in grpc.StatusCode if c.value[0] == int(code)), details
    )


async def sleep(request, context):
    global cancelled
    try:
        await asyncio.sleep(60)
    except asyncio.CancelledError:
        cancelled += 1
        raise


async def slow_stream(request, context):
    global cancelled
    try:
        for i in range(1000):
            yield b"%d" % i
            await asyncio.sleep(60)
    finally:
        cancelled += 1


async def cancellations(request, context):
    """Answers when there have been as many as asked for."""
    while cancelled < int(request):
        await asyncio.sleep(0.005)
    return b"%d" % cancelled


async def count(request, context):
    n, size = request.split()
    for i in range(int(n)):
        yield b"%08d" % i + bytes(int(size) - 8)


async def fail_after(request, context):
    for i in range(int(request)):
        yield b"%d" % i
    await context.abort(grpc.StatusCode.DATA_LOSS, "that was all")


async def total(requests, context):
    n = size = 0
    async for request in requests:
        n += 1
        size += len(request)
    return b"%d %d" % (n, size)


async def chat(requests, context):
    async for request in requests:
        yield request


async def gzip_chat(requests, context):
    context.set_compression(grpc.Compression.Gzip)
    async for request in requests:
        yield request


async def hang_up(requests, context):
    """Answers and ends although the client has not."""
    async for request in requests:
        yield request
        return


async def zeros(request, context):
    return bytes(int(request))


async def deadline(request, context):
    return b"%d" % int(context.time_remaining() * 1000)


async def restart(request, context):
    """A new server takes the port over; this one ends in order, soon."""
    global server
    old = server
    server = await start(own_address)
    loop = asyncio.get_running_loop()
    loop.call_later(0.05, lambda: loop.create_task(old.stop(10)))
    return request


UNARY = [echo, metadata, names, fail, sleep, cancellations, zeros, deadline]
UNARY += [restart, gzip_echo, deflate_echo]


def handlers():
    table = {}
    for f in UNARY:
        table[f.__name__] = grpc.unary_unary_rpc_method_handler(f)
    for f in (count, fail_after, slow_stream):
        table[f.__name__] = grpc.unary_stream_rpc_method_handler(f)
    table["total"] = grpc.stream_unary_rpc_method_handler(total)
    for f in (chat, gzip_chat, hang_up):
        table[f.__name__] = grpc.stream_stream_rpc_method_handler(f)
    return grpc.method_handlers_generic_handler("test.Bad", table)


async def start(address):
    s = grpc.aio.server(options=OPTIONS)
    s.add_generic_rpc_handlers((handlers(),))
    port = s.add_insecure_port(address)
    await s.start()
    s.port = port
    return s


def on_exception(loop, context):
    """A client that left before its answer is nobody's concern here."""
    error = context.get("exception")
    if type(error).__name__ != "ExecuteBatchError":
        loop.default_exception_handler(context)


async def main():
    global server, own_address
    asyncio.get_running_loop().set_exception_handler(on_exception)
    server = await start(ADDRESS)
    own_address = (
        ADDRESS
        if ADDRESS.startswith("unix:")
        else ADDRESS.rsplit(":", 1)[0] + f":{server.port}"
    )
    print(server.port, flush=True)
    loop = asyncio.get_running_loop()
    await loop.run_in_executor(None, sys.stdin.read)
    os._exit(0)


own_address = None
asyncio.run(main())
