/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_wire.c - reads into nghttp2, gathers what it has to say, and
 * writes that. Nothing here knows what the bytes mean.
 */
#include "rpc/link/grpc_wire.h"

#include "rpc/check.h"

#include <stdlib.h>

#define FRAME_HEAD 9u

/* The largest thing nghttp2 hands out at once: a frame of default size. */
#define FRAME_ROOM (16384u + 64)

enum sluice_err
rpc_grpc_buffers_init(struct rpc_grpc_buffers *buffers)
{
    buffers->input = malloc(RPC_GRPC_INPUT);
    buffers->output = malloc(RPC_GRPC_OUTPUT);
    if (buffers->input == NULL || buffers->output == NULL)
        return SLUICE_ENOMEM;
    return SLUICE_OK;
}

void
rpc_grpc_buffers_fini(struct rpc_grpc_buffers *buffers)
{
    free(buffers->input);
    free(buffers->output);
    memset(buffers, 0, sizeof(*buffers));
}

/* --------------------------------------------------------------- writing */

static void on_written(uv_write_t *write, int status);

static void
free_unsent(struct rpc_grpc_wire *w)
{
    sluice_pool_give(sluice_loop_pool(w->loop), w->unsent, w->unsent_len);
    w->unsent = NULL;
}

/* Keeps what the socket did not take. */
static void
write_rest(struct rpc_grpc_wire *w, const uint8_t *data, size_t len)
{
    uv_buf_t buf;

    assert(w->unsent == NULL);
    w->unsent = sluice_pool_take(sluice_loop_pool(w->loop), len);
    if (w->unsent == NULL) {
        w->events->lost(w, RPC_GRPC_LOSS_SELF, 0);
        return;
    }
    w->unsent_len = len;
    memcpy(w->unsent, data, len);
    buf = uv_buf_init((char *)w->unsent, (unsigned)len);
    if (uv_write(&w->write, &w->socket->uv.stream, &buf, 1, on_written) != 0)
        w->events->lost(w, RPC_GRPC_LOSS_SOCKET, 0);
    else
        w->is_writing = true;
}

/* Gathers frames until the buffer is full. */
static int
gather(struct rpc_grpc_wire *w)
{
    const uint8_t *frame;
    ssize_t n;

    w->out_len = 0;
    w->out_is_full = false;
    while (!w->out_is_full && RPC_GRPC_OUTPUT - w->out_len >= FRAME_ROOM) {
        n = nghttp2_session_mem_send(w->h2, &frame);
        if (n < 0)
            return (int)n;
        if (n == 0)
            break;
        assert((size_t)n <= RPC_GRPC_OUTPUT - w->out_len);
        memcpy(w->buffers->output + w->out_len, frame, (size_t)n);
        w->out_len += (size_t)n;
    }
    return 0;
}

/* One buffer's worth. False: there is nothing more to do now. */
static bool
write_some(struct rpc_grpc_wire *w)
{
    uv_buf_t buf;
    int error;
    int n;

    w->events->gather(w);
    error = gather(w);
    if (error != 0) {
        w->events->lost(w, RPC_GRPC_LOSS_SELF, error);
        return false;
    }
    if (w->out_len == 0)
        return false;
    buf = uv_buf_init((char *)w->buffers->output, (unsigned)w->out_len);
    n = uv_try_write(&w->socket->uv.stream, &buf, 1);
    if (n == UV_EAGAIN)
        n = 0;
    if (n < 0)
        w->events->lost(w, RPC_GRPC_LOSS_SOCKET, 0);
    else if ((size_t)n < w->out_len)
        write_rest(w, w->buffers->output + n, w->out_len - (size_t)n);
    return true;
}

void
rpc_grpc_wire_flush(struct rpc_grpc_wire *w)
{
    while (w->socket != NULL && !w->is_done && !w->is_writing && write_some(w))
        continue;
}

static void
on_flush(struct sluice_task *task)
{
    struct rpc_grpc_wire *w =
        RPC_CONTAINER_OF(task, struct rpc_grpc_wire, flush);

    rpc_grpc_wire_flush(w);
    if (w->socket != NULL && !w->is_done)
        w->events->settle(w);
}

static void
on_written(uv_write_t *write, int status)
{
    struct rpc_grpc_wire *w =
        RPC_CONTAINER_OF(write, struct rpc_grpc_wire, write);

    free_unsent(w);
    w->is_writing = false;
    if (w->socket == NULL)
        return; /* being closed; the write was cancelled */
    if (status != 0)
        w->events->lost(w, RPC_GRPC_LOSS_SOCKET, 0);
    else
        rpc_grpc_wire_wake(w);
}

void
rpc_grpc_wire_wake(struct rpc_grpc_wire *w)
{
    if (w->socket != NULL && !w->is_done && !w->is_writing)
        sluice_loop_defer_late(w->loop, &w->flush);
}

void
rpc_grpc_wire_finish(struct rpc_grpc_wire *w)
{
    sluice_task_cancel(&w->flush);
    w->is_done = true;
}

bool
rpc_grpc_wire_is_writing(const struct rpc_grpc_wire *w)
{
    return w->is_writing;
}

/* Leaves room for a frame of the other kind behind it, since nghttp2 may go on
 * to one before it returns. */
uint8_t *
rpc_grpc_wire_begin_data(struct rpc_grpc_wire *w, const uint8_t *frame_head,
    size_t len)
{
    uint8_t *out = w->buffers->output + w->out_len;

    if (FRAME_HEAD + len + FRAME_ROOM > RPC_GRPC_OUTPUT - w->out_len) {
        w->out_is_full = true;
        return NULL;
    }
    memcpy(out, frame_head, FRAME_HEAD);
    w->out_len += FRAME_HEAD + len;
    return out + FRAME_HEAD;
}

/* --------------------------------------------------------------- reading */

static void
on_alloc(uv_handle_t *handle, size_t suggested, uv_buf_t *buf)
{
    struct rpc_grpc_wire *w = handle->data;

    (void)suggested;
    *buf = uv_buf_init((char *)w->buffers->input, RPC_GRPC_INPUT);
}

static void
on_read(uv_stream_t *stream, ssize_t nread, const uv_buf_t *buf)
{
    struct rpc_grpc_wire *w = stream->data;
    ssize_t n;

    if (nread == 0)
        return; /* nothing there after all */
    if (nread < 0) {
        w->events->lost(w, RPC_GRPC_LOSS_SOCKET, 0);
        return;
    }
    w->events->heard(w);
    if (w->is_done)
        return;
    n = nghttp2_session_mem_recv(w->h2, (const uint8_t *)buf->base,
        (size_t)nread);
    if (n < 0)
        w->events->lost(w, RPC_GRPC_LOSS_PEER, (int)n);
    else
        w->events->settle(w);
}

/* ------------------------------------------------------- start and close */

enum sluice_err
rpc_grpc_wire_start(struct rpc_grpc_wire *w, struct sluice_loop *loop,
    const struct rpc_grpc_buffers *buffers,
    const struct rpc_grpc_wire_events *events, struct rpc_grpc_socket *socket)
{
    w->loop = loop;
    w->buffers = buffers;
    w->events = events;
    w->flush.run = on_flush;
    socket->uv.handle.data = w;
    if (uv_read_start(&socket->uv.stream, on_alloc, on_read) != 0)
        return SLUICE_ESTATE;
    w->socket = socket;
    return SLUICE_OK;
}

static void
on_socket_closed(void *arg)
{
    struct rpc_grpc_wire *w = arg;
    void (*on_closed)(void *arg) = w->on_closed;

    free_unsent(w);
    on_closed(w->on_closed_arg);
}

void
rpc_grpc_wire_close(struct rpc_grpc_wire *w, void (*on_closed)(void *arg),
    void *arg)
{
    assert(w->socket != NULL);
    sluice_task_cancel(&w->flush);
    w->on_closed = on_closed;
    w->on_closed_arg = arg;
    rpc_grpc_socket_close(&w->socket, on_socket_closed, w);
}
