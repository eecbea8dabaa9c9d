/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_dial.c - name look-up and connecting. Addresses are tried one
 * after the other; one that does not answer is given up after some time when
 * another is left. The whole is bounded by whoever dials.
 */
#include "rpc/link/grpc_dial.h"

#include "rpc/check.h"

#include <stdlib.h>

#define DIAL_MAGIC 0x6469616cu

struct rpc_grpc_dial {
    unsigned magic;
    struct sluice_loop *loop;
    const struct rpc_grpc_target *target;
    uint64_t until_ns;
    struct rpc_grpc_hold *hold;
    rpc_grpc_dial_done_cb *done; /* NULL: abandoned */
    void *arg;
    struct sluice_task begin;
    struct sluice_timer timer;
    uv_getaddrinfo_t lookup;
    bool is_looking_up;
    bool is_short;          /* of memory */
    struct addrinfo *found; /* owned */
    struct addrinfo *next_found;
    size_t next_address; /* of the target */
    struct rpc_grpc_socket *socket;
};

static struct rpc_grpc_socket *
socket_new(struct rpc_grpc_dial *d)
{
    struct rpc_grpc_socket *s = rpc_grpc_socket_new(d->loop,
        d->target->kind == RPC_GRPC_TARGET_UNIX, d->hold);

    if (s != NULL)
        s->dial = d;
    else
        d->is_short = true;
    return s;
}

static void
free_dial(struct rpc_grpc_dial *d)
{
    struct rpc_grpc_hold *hold = d->hold;

    assert(!d->is_looking_up && d->socket == NULL);
    sluice_task_cancel(&d->begin);
    sluice_timer_stop(d->loop, &d->timer);
    if (d->found != NULL)
        uv_freeaddrinfo(d->found);
    d->magic = 0;
    free(d);
    rpc_grpc_hold_drop(hold);
}

static void
finish(struct rpc_grpc_dial *d)
{
    struct rpc_grpc_socket *socket = d->socket;
    rpc_grpc_dial_done_cb *done = d->done;
    void *arg = d->arg;
    bool is_short = d->is_short && socket == NULL;

    d->socket = NULL;
    if (socket != NULL)
        socket->dial = NULL;
    free_dial(d);
    done(arg, socket, is_short);
}

static const struct sockaddr *
next_address(struct rpc_grpc_dial *d)
{
    const struct addrinfo *found;

    if (d->target->kind == RPC_GRPC_TARGET_ADDRESS) {
        if (d->next_address == d->target->addresses)
            return NULL;
        return (const struct sockaddr *)&d->target->address[d->next_address++];
    }
    found = d->next_found;
    if (found == NULL)
        return NULL;
    d->next_found = found->ai_next;
    return found->ai_addr;
}

static bool
is_last_address(const struct rpc_grpc_dial *d)
{
    if (d->target->kind == RPC_GRPC_TARGET_ADDRESS)
        return d->next_address == d->target->addresses;
    return d->next_found == NULL;
}

static void connect_next(struct rpc_grpc_dial *d);

static void
on_connected(uv_connect_t *connect, int status)
{
    struct rpc_grpc_socket *s =
        RPC_CONTAINER_OF(connect, struct rpc_grpc_socket, connect);
    struct rpc_grpc_dial *d = s->dial;

    if (d == NULL)
        return; /* given up; it is being closed */
    RPC_CHECK(d, DIAL_MAGIC);
    sluice_timer_stop(d->loop, &d->timer);
    if (status != 0) {
        rpc_grpc_socket_close(&d->socket, NULL, NULL);
        connect_next(d);
        return;
    }
    if (d->target->kind != RPC_GRPC_TARGET_UNIX)
        rpc_grpc_socket_tune(s);
    finish(d);
}

static void
on_address_timeout(struct sluice_timer *timer)
{
    struct rpc_grpc_dial *d =
        RPC_CONTAINER_OF(timer, struct rpc_grpc_dial, timer);

    RPC_CHECK(d, DIAL_MAGIC);
    rpc_grpc_socket_close(&d->socket, NULL, NULL);
    connect_next(d);
}

/* status: of libuv. */
static void
note_shortage(struct rpc_grpc_dial *d, int status)
{
    d->is_short |= status == UV_ENOMEM || status == UV_EAI_MEMORY;
}

static void
connect_unix(struct rpc_grpc_dial *d)
{
    d->socket = socket_new(d);
    if (d->socket == NULL) {
        finish(d);
        return;
    }
    /* Always reports through the callback, failure too. */
    uv_pipe_connect(&d->socket->connect, &d->socket->uv.pipe, d->target->path,
        on_connected);
}

static void
bound_address(struct rpc_grpc_dial *d)
{
    uint64_t now = sluice_loop_now(d->loop);

    if (!is_last_address(d) && d->until_ns > now)
        sluice_timer_start(d->loop, &d->timer, now + (d->until_ns - now) / 2);
}

/* Tries addresses until one is under way; finishes when none is left. */
static void
connect_next(struct rpc_grpc_dial *d)
{
    const struct sockaddr *address;
    int status;

    for (address = next_address(d); address != NULL;
         address = next_address(d)) {
        d->socket = socket_new(d);
        if (d->socket == NULL)
            break;
        status = uv_tcp_connect(&d->socket->connect, &d->socket->uv.tcp,
            address, on_connected);
        note_shortage(d, status);
        if (status == 0) {
            bound_address(d);
            return;
        }
        rpc_grpc_socket_close(&d->socket, NULL, NULL);
    }
    finish(d);
}

static void
on_looked_up(uv_getaddrinfo_t *lookup, int status, struct addrinfo *found)
{
    struct rpc_grpc_dial *d =
        RPC_CONTAINER_OF(lookup, struct rpc_grpc_dial, lookup);

    RPC_CHECK(d, DIAL_MAGIC);
    d->is_looking_up = false;
    note_shortage(d, status);
    d->found = status == 0 ? found : NULL;
    d->next_found = d->found;
    if (d->done == NULL)
        free_dial(d);
    else
        connect_next(d);
}

static void
look_up(struct rpc_grpc_dial *d)
{
    struct addrinfo hints;
    int status;

    memset(&hints, 0, sizeof(hints));
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV;
    status = uv_getaddrinfo(sluice_loop_uv(d->loop), &d->lookup, on_looked_up,
        d->target->host, d->target->port, &hints);
    if (status == 0) {
        d->is_looking_up = true;
    } else {
        note_shortage(d, status);
        finish(d);
    }
}

/* A numeric host needs no look-up, which would go through a thread. */
static bool
take_numeric(struct rpc_grpc_dial *d)
{
    struct addrinfo hints;

    memset(&hints, 0, sizeof(hints));
    hints.ai_socktype = SOCK_STREAM;
    hints.ai_flags = AI_NUMERICSERV | AI_NUMERICHOST;
    if (getaddrinfo(d->target->host, d->target->port, &hints, &d->found) != 0)
        d->found = NULL;
    d->next_found = d->found;
    return d->found != NULL;
}

static void
on_begin(struct sluice_task *task)
{
    struct rpc_grpc_dial *d =
        RPC_CONTAINER_OF(task, struct rpc_grpc_dial, begin);

    RPC_CHECK(d, DIAL_MAGIC);
    switch (d->target->kind) {
    case RPC_GRPC_TARGET_UNIX:
        connect_unix(d);
        break;
    case RPC_GRPC_TARGET_ADDRESS:
        connect_next(d);
        break;
    case RPC_GRPC_TARGET_DNS:
        if (take_numeric(d))
            connect_next(d);
        else
            look_up(d);
        break;
    }
}

struct rpc_grpc_dial *
rpc_grpc_dial_start(struct sluice_loop *loop,
    const struct rpc_grpc_target *target, int64_t timeout_ns,
    struct rpc_grpc_hold *hold, rpc_grpc_dial_done_cb *done, void *arg)
{
    struct rpc_grpc_dial *d = calloc(1, sizeof(*d));

    if (d == NULL)
        return NULL;
    d->magic = DIAL_MAGIC;
    d->loop = loop;
    d->target = target;
    d->until_ns = sluice_loop_now(loop) + (uint64_t)timeout_ns;
    d->hold = hold;
    d->done = done;
    d->arg = arg;
    d->begin.run = on_begin;
    d->timer.expire = on_address_timeout;
    rpc_grpc_hold_take(hold);
    sluice_loop_defer(loop, &d->begin);
    return d;
}

void
rpc_grpc_dial_abandon(struct rpc_grpc_dial **dial)
{
    struct rpc_grpc_dial *d = *dial;

    *dial = NULL;
    if (d == NULL)
        return;
    RPC_CHECK(d, DIAL_MAGIC);
    d->done = NULL;
    if (d->socket != NULL)
        rpc_grpc_socket_close(&d->socket, NULL, NULL);
    if (d->is_looking_up)
        (void)uv_cancel((uv_req_t *)&d->lookup); /* freed by its callback */
    else
        free_dial(d);
}
