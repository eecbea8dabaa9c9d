/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as what the customers of a gRPC client and of a gRPC server do, the
 * two being joined by a socket that may be narrow, and be cut. All that one
 * side says arrives at the other, as it was, in order, and as soon as it has
 * been granted; what ends here ends there.
 */
#include <assert.h>
#include <sys/socket.h>
#include <unistd.h>

#include <sluice/grpc_server.h>

#include "rpc/check.h"
#include "tests/fuzz/crowd.h"
#include "tests/fuzz/place.h"
#include "tests/fuzz/shortage.h"

#define MAX_TURNS 1000 /* until all is closed */
/* Turns in which nobody hears anything, until all is at rest: a large payload
 * takes some through a small window and a narrow socket. */
#define QUIET_TURNS 8u
#define QUIET_TURNS_BIG 400u
#define BIG 4000u /* a payload has up to 15 times that */
#define MAXIMUM_TIMEOUT (100 * SLUICE_SECOND)

struct world {
    struct fuzz_crowd crowd;
    struct sluice_servicer servicer;
    struct sluice_end *invoking;
    struct sluice_end *serving;
    struct sluice_grpc_client *client;
    struct sluice_grpc_server *server;
    int fd; /* of the latest connection, to cut it; < 0: none */
    bool is_narrow;
    bool was_short; /* of memory, in this run */
    unsigned closed;
};

static struct fuzz_input *
input(struct world *w)
{
    return &w->crowd.watch.in;
}

/* ------------------------------------------------------------- serving */

static unsigned
hex(char c)
{
    return c <= '9' ? (unsigned)(c - '0') : (unsigned)(c - 'a' + 10);
}

/* The method is the place of its invoker. */
static void
meet(struct world *w, struct fuzz_customer *c, struct sluice_str method)
{
    struct fuzz_customer *invoker;

    assert(method.len == 2);
    invoker = &w->crowd.customer[hex(method.ptr[0]) << 4 | hex(method.ptr[1])];
    assert(invoker->is_invoker && invoker->peer == NULL);
    c->hears = &invoker->says;
    c->peer = invoker;
    invoker->hears = &c->says;
    invoker->peer = c;
}

static enum sluice_reply
on_service(struct sluice_servicer *self, struct sluice_str group,
    struct sluice_str method, struct sluice_operation *op,
    struct sluice_subscription *subscription,
    struct sluice_no_such_method *no_such_method)
{
    struct world *w = RPC_CONTAINER_OF(self, struct world, servicer);
    struct fuzz_customer *c = fuzz_crowd_add(&w->crowd, w->serving, false);

    assert(sluice_str_equal(group, sluice_str("group")));
    if (c == NULL)
        return SLUICE_REPLY_NO_SUCH_METHOD;
    meet(w, c, method);
    c->due_ns = sluice_loop_now(w->crowd.loop) +
        (uint64_t)(MAXIMUM_TIMEOUT + 2 * SLUICE_MS);
    return fuzz_crowd_serve(c, op, subscription, no_such_method);
}

static void
on_context(void *arg, void *context)
{
    struct world *w = arg;
    unsigned coding = fuzz_below(input(w), 8);

    assert(context != NULL);
    if (coding < 3)
        (void)!sluice_grpc_context_set_coding(context,
            (enum sluice_grpc_coding)coding);
}

/* ---------------------------------------------------------------- acts */

static void
operate(struct world *w)
{
    static const char digits[] = "0123456789abcdef";
    size_t place = w->crowd.customers;
    char method[2] = { digits[place >> 4], digits[place & 15] };
    unsigned how = fuzz_byte(input(w));
    struct sluice_grpc_call_options options = {
        .coding = (enum sluice_grpc_coding)((how & 3) % 3),
        .wait_for_ready = (how & 4) != 0,
    };
    struct sluice_invocation i = { .group = sluice_str("group"),
        .method = sluice_str_n(method, 2),
        .protocol_options = &options };

    (void)fuzz_crowd_operate(&w->crowd, w->invoking, &i);
}

static void
run_short(struct world *w)
{
    fuzz_shortage_after(fuzz_below(input(w), 16));
    w->was_short = true;
}

static void
cut(struct world *w)
{
    static const int ways[] = { SHUT_RD, SHUT_WR, SHUT_RDWR };

    if (w->fd >= 0 && fuzz_flip(input(w)))
        (void)shutdown(w->fd, ways[fuzz_below(input(w), 3)]);
}

static void
drain(struct world *w)
{
    if (fuzz_below(input(w), 4) == 0)
        sluice_grpc_server_drain(w->server);
}

static void
accept_one(struct world *w)
{
    int fd = fuzz_place_accept();

    if (fd < 0)
        return;
    if (w->is_narrow)
        fuzz_socket_narrow(fd);
    if (w->fd >= 0)
        (void)close(w->fd);
    w->fd = dup(fd);
    (void)!sluice_grpc_server_accept(w->server, fd);
}

static void
turn(struct world *w)
{
    accept_one(w);
    (void)fuzz_crowd_turn(&w->crowd);
}

/* Grows with whatever anybody hears. */
static uint64_t
heard(const struct fuzz_crowd *crowd)
{
    const struct fuzz_customer *c = crowd->customer;
    uint64_t sum = crowd->customers;

    for (; c < crowd->customer + crowd->customers; c++)
        sum += c->payloads + c->told + c->contexts + (uint64_t)c->announced;
    return sum;
}

static void
settle(struct world *w)
{
    unsigned quiet_turns =
        w->crowd.watch.scale == BIG ? QUIET_TURNS_BIG : QUIET_TURNS;
    unsigned quiet = 0;
    uint64_t before;

    while (quiet < quiet_turns) {
        before = heard(&w->crowd);
        turn(w);
        quiet = heard(&w->crowd) == before ? quiet + 1 : 0;
    }
    /* A service that could not be told is told by the clock. */
    if (!w->was_short)
        fuzz_crowd_check_rest(&w->crowd);
}

static const struct fuzz_act acts[] = {
    { operate, true }, { operate, true }, { run_short, true }, { cut, true },
    { drain, true }, { turn, false }, { turn, false }, { settle, false },
    { settle, false }, { NULL, false }, /* time passes */
};

/* ---------------------------------------------------------------- life */

static void
world_open(struct world *w)
{
    static const uint32_t windows[] = { 0, 20000, 70000, INT32_MAX };
    struct sluice_end_options end = { .servicer = &w->servicer,
        .maximum_timeout_ns = MAXIMUM_TIMEOUT };
    unsigned how = fuzz_byte(input(w)), more = fuzz_byte(input(w));
    struct sluice_grpc_client_options c = { .target = fuzz_place_target(),
        .initial_window = windows[how & 3] };
    struct sluice_grpc_server_options s = { .initial_window =
                                                windows[how >> 2 & 3],
        .max_concurrent_streams = (how & 16) != 0 ? 1 : 0 };
    enum sluice_err err;

    w->fd = -1;
    w->is_narrow = (how & 32) != 0;
    fuzz_place_narrow(w->is_narrow);
    w->crowd.watch.scale = (more & 1) != 0 ? BIG : 3;
    w->crowd.watch.is_wire = true;
    w->crowd.watch.on_context = on_context;
    w->servicer.service = on_service;
    err = sluice_grpc_client_new(w->crowd.loop, &c, &w->client);
    assert(err == SLUICE_OK);
    w->invoking = sluice_end_new(w->crowd.loop, NULL);
    w->serving = sluice_end_new(w->crowd.loop, &end);
    assert(w->invoking != NULL && w->serving != NULL);
    err = sluice_grpc_server_new(w->crowd.loop, w->serving, &s, &w->server);
    assert(err == SLUICE_OK);
    sluice_end_join(w->invoking, sluice_grpc_client_link(w->client));
    err = sluice_end_start(w->invoking);
    assert(err == SLUICE_OK);
    err = sluice_end_start(w->serving);
    assert(err == SLUICE_OK);
}

static void
count(void *arg)
{
    ++*(unsigned *)arg;
}

static void
turn_until(struct world *w, unsigned closed)
{
    unsigned turns = 0;

    while (w->closed < closed) {
        turns++;
        assert(turns < MAX_TURNS);
        turn(w);
    }
}

static void
world_close(struct world *w)
{
    enum sluice_err err;

    err = sluice_end_stop(w->invoking, 0, count, &w->closed);
    assert(err == SLUICE_OK);
    turn_until(w, 1);
    settle(w);
    err = sluice_end_stop(w->serving, 0, count, &w->closed);
    assert(err == SLUICE_OK);
    turn_until(w, 2);
    fuzz_crowd_check_codes(&w->crowd);
    sluice_grpc_client_close(&w->client, count, &w->closed);
    sluice_grpc_server_close(&w->server, count, &w->closed);
    if (w->fd >= 0)
        (void)close(w->fd);
    w->fd = -1;
    while (w->closed < 4)
        (void)fuzz_crowd_turn(&w->crowd);
    fuzz_place_refuse_rest();
    sluice_end_free(&w->invoking);
    sluice_end_free(&w->serving);
}

const struct fuzz_play fuzz_play = { sizeof(struct world), world_open,
    world_close, acts, sizeof(acts) / sizeof(acts[0]) };
