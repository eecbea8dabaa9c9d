/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as what gRPC clients send to a server, in any order and cut
 * anywhere, while its customers answer or do not. Whatever it is, each
 * operation ends exactly once, nobody hears what he has not granted, what the
 * server sends is HTTP/2 and ends each answer with a status, and nothing is
 * left.
 */
#include <assert.h>
#include <sys/socket.h>

#include <sluice/grpc_server.h>

#include "rpc/check.h"
#include "tests/fuzz/crowd.h"
#include "tests/fuzz/peer.h"
#include "tests/fuzz/place.h"
#include "tests/fuzz/shortage.h"

#define PEERS 3
#define TURNS_TO_NOTICE 20
#define MAXIMUM_TIMEOUT (100 * SLUICE_SECOND)

struct world {
    struct fuzz_crowd crowd;
    struct sluice_servicer servicer;
    struct sluice_end *end;
    struct sluice_grpc_server *server;
    struct fuzz_peer peer[PEERS];
    unsigned peers;
    bool clients_leave_first;
    bool is_narrow;
    bool is_stopping;
    bool is_stopped;
    bool is_closed;
};

static struct fuzz_input *
input(struct world *w)
{
    return &w->crowd.watch.in;
}

/* ------------------------------------------------------------- serving */

static enum sluice_reply
on_service(struct sluice_servicer *self, struct sluice_str group,
    struct sluice_str method, struct sluice_operation *op,
    struct sluice_subscription *subscription,
    struct sluice_no_such_method *no_such_method)
{
    struct world *w = RPC_CONTAINER_OF(self, struct world, servicer);
    struct fuzz_customer *c = fuzz_crowd_add(&w->crowd, w->end, false);

    assert(group.ptr != NULL && method.ptr != NULL);
    if (c == NULL)
        return SLUICE_REPLY_NO_SUCH_METHOD;
    c->due_ns = sluice_loop_now(w->crowd.loop) +
        (uint64_t)(MAXIMUM_TIMEOUT + 2 * SLUICE_MS);
    return fuzz_crowd_serve(c, op, subscription, no_such_method);
}

static void
on_context(void *arg, void *context)
{
    struct world *w = arg;
    struct sluice_grpc_context *c = context;
    unsigned coding;

    assert(c != NULL);
    assert(sluice_str_equal(sluice_grpc_context_peer(c), sluice_str("unix:")));
    (void)sluice_grpc_context_authority(c);
    coding = fuzz_below(input(w), 8);
    if (coding < 3)
        (void)!sluice_grpc_context_set_coding(c,
            (enum sluice_grpc_coding)coding);
}

/* ---------------------------------------------------------------- acts */

static void
connect_one(struct world *w)
{
    enum sluice_err err;
    int fds[2], rc;

    if (w->peers == PEERS)
        return;
    rc = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds);
    assert(rc == 0);
    fuzz_peer_open(&w->peer[w->peers++], fds[0], false);
    if (w->is_narrow)
        fuzz_socket_narrow(fds[1]);
    err = sluice_grpc_server_accept(w->server, fds[1]);
    assert(err == SLUICE_OK || err == SLUICE_ELIMIT || err == SLUICE_ESTATE ||
        fuzz_shortages() > 0);
}

static struct fuzz_peer *
choose_peer(struct world *w)
{
    unsigned n = fuzz_byte(input(w));

    /* The latest one, mostly */
    if (w->peers == 0)
        connect_one(w);
    return &w->peer[n < 200 ? w->peers - 1 : n % w->peers];
}

static void
run_short(struct world *w)
{
    fuzz_shortage_after(fuzz_below(input(w), 16));
}

static void
turn(struct world *w)
{
    (void)fuzz_crowd_turn(&w->crowd);
}

static void
turn_some(struct world *w)
{
    unsigned n;

    for (n = 0; n < 4; n++)
        turn(w);
    fuzz_crowd_check_rest(&w->crowd);
}

static void
speak(struct world *w)
{
    fuzz_peer_speak(choose_peer(w), input(w));
}

static void
go_on(struct world *w)
{
    fuzz_peer_write(choose_peer(w), SIZE_MAX);
}

static void
hear(struct world *w)
{
    fuzz_peer_read(choose_peer(w));
}

static void
shut(struct world *w)
{
    struct fuzz_peer *p = choose_peer(w);

    if (fuzz_flip(input(w)))
        fuzz_peer_shut(p);
    else
        fuzz_peer_close(p);
}

static void
set(void *arg)
{
    *(bool *)arg = true;
}

/* Seldom: all that comes later is refused. */
static void
leave(struct world *w)
{
    unsigned how = fuzz_byte(input(w));
    enum sluice_err err;

    if (how < 64)
        sluice_grpc_server_drain(w->server);
    if (how >= 32 || w->is_stopping)
        return;
    err = sluice_end_stop(w->end, fuzz_choose_duration(input(w)), set,
        &w->is_stopped);
    w->is_stopping = err == SLUICE_OK;
    assert(w->is_stopping || fuzz_shortages() > 0);
}

static const struct fuzz_act acts[] = {
    { connect_one, false },
    { run_short, true },
    { turn, false },
    { turn_some, false },
    { turn_some, false },
    { speak, false },
    { speak, false },
    { speak, false },
    { speak, false },
    { go_on, false },
    { hear, false },
    { shut, false },
    { NULL, false }, /* time passes */
    { leave, true },
};

/* ---------------------------------------------------------------- life */

static void
world_open(struct world *w)
{
    static const uint32_t windows[] = { 0, 1, 100, 65536, INT32_MAX, 16384, 0,
        0 };
    struct sluice_end_options end = { .servicer = &w->servicer,
        .maximum_timeout_ns = MAXIMUM_TIMEOUT };
    struct fuzz_input *in = input(w);
    unsigned how = fuzz_byte(in), more;
    struct sluice_grpc_server_options o = {
        .max_message = (how & 1) != 0 ? 100 : 60000,
        .max_metadata = (how & 2) != 0 ? 300 : 0,
        .max_concurrent_streams = (how & 4) != 0 ? 2 : 0,
        .idle_timeout_ns = (how & 8) != 0 ? SLUICE_SECOND : 0,
        .keepalive_time_ns = (how & 8) != 0 ? 10 * SLUICE_SECOND : 0,
        .max_connections = (how & 16) != 0 ? 1 : 0,
        .initial_window = windows[how >> 5],
    };
    enum sluice_err err;

    w->servicer.service = on_service;
    w->crowd.watch.on_context = on_context;
    more = fuzz_byte(in);
    w->crowd.watch.scale = (more & 1) != 0 ? 5000 : 3;
    w->crowd.watch.is_wordy = (more & 2) != 0;
    more = fuzz_byte(in);
    w->clients_leave_first = (more & 1) != 0;
    w->is_narrow = (more & 2) != 0;
    w->end = sluice_end_new(w->crowd.loop, &end);
    assert(w->end != NULL);
    err = sluice_grpc_server_new(w->crowd.loop, w->end, &o, &w->server);
    assert(err == SLUICE_OK);
    err = sluice_end_start(w->end);
    assert(err == SLUICE_OK);
}

/* No operation outlives the connection it came by. */
static void
all_clients_leave(struct world *w)
{
    const struct fuzz_customer *c = w->crowd.customer;
    unsigned i;

    for (i = 0; i < w->peers; i++) {
        fuzz_peer_read(&w->peer[i]);
        fuzz_peer_close(&w->peer[i]);
    }
    for (i = 0; i < TURNS_TO_NOTICE; i++)
        turn(w);
    assert(sluice_grpc_server_connections(w->server) == 0);
    assert(sluice_end_active(w->end) == 0);
    for (; c < w->crowd.customer + w->crowd.customers; c++)
        assert(c->op == NULL || c->has_ended);
}

static void
world_close(struct world *w)
{
    enum sluice_err err;
    unsigned i;

    if (w->clients_leave_first)
        all_clients_leave(w);
    w->is_stopped = false;
    err = sluice_end_stop(w->end, 0, set, &w->is_stopped);
    assert(err == SLUICE_OK);
    fuzz_crowd_turn_until(&w->crowd, &w->is_stopped);
    fuzz_crowd_check_codes(&w->crowd);
    assert(sluice_end_active(w->end) == 0);
    sluice_grpc_server_close(&w->server, set, &w->is_closed);
    fuzz_crowd_turn_until(&w->crowd, &w->is_closed);
    sluice_end_free(&w->end);
    for (i = 0; i < w->peers; i++) {
        fuzz_peer_read(&w->peer[i]);
        fuzz_peer_close(&w->peer[i]);
    }
}

const struct fuzz_play fuzz_play = { sizeof(struct world), world_open,
    world_close, acts, sizeof(acts) / sizeof(acts[0]) };
