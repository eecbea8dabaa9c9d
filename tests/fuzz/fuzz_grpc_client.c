/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as what gRPC servers answer to calls that go on meanwhile, in any
 * order and cut anywhere; connections come and go. Whatever it is, each call
 * ends exactly once, nobody hears what he has not granted, what the client
 * sends is HTTP/2, and nothing is left.
 */
#include <assert.h>

#include <sluice/grpc.h>

#include "tests/fuzz/crowd.h"
#include "tests/fuzz/peer.h"
#include "tests/fuzz/place.h"
#include "tests/fuzz/shortage.h"

#define PEERS 3

struct world {
    struct fuzz_crowd crowd;
    struct sluice_end *end;
    struct sluice_grpc_client *client;
    struct fuzz_peer peer[PEERS];
    unsigned peers;
    bool is_stopped;
    bool is_closed;
};

static struct fuzz_input *
input(struct world *w)
{
    return &w->crowd.watch.in;
}

/* ------------------------------------------------------------ connecting */

static struct fuzz_peer *
choose_peer(struct world *w)
{
    unsigned n = fuzz_byte(input(w));

    /* The latest one, mostly */
    if (w->peers == 0)
        return NULL;
    return &w->peer[n < 200 ? w->peers - 1 : n % w->peers];
}

static void
accept_one(struct world *w)
{
    int fd;

    if (w->peers == PEERS)
        return;
    fd = fuzz_place_accept();
    if (fd >= 0)
        fuzz_peer_open(&w->peer[w->peers++], fd, true);
}

/* ---------------------------------------------------------------- acts */

static void
operate(struct world *w)
{
    static const char *const names[] = { "group", "method", "", "a/b", " ",
        "pkg.Service", "\xc3\xa9", "*" };
    struct fuzz_input *in = input(w);
    unsigned how = fuzz_byte(in);
    struct sluice_grpc_call_options options = {
        .coding = (enum sluice_grpc_coding)((how & 3) % 3),
        .wait_for_ready = (how & 4) != 0,
    };
    struct sluice_invocation i = { .group = sluice_str(names[0]),
        .method = sluice_str(names[1]) };
    struct sluice_str name, value;

    if ((how & 8) != 0) {
        i.group = sluice_str(names[fuzz_below(in, 8)]);
        i.method = sluice_str(names[fuzz_below(in, 8)]);
    }
    if ((how & 16) != 0) {
        name = fuzz_text(in);
        value = fuzz_text(in);
        options.metadata = sluice_metadata_new(NULL);
        if (sluice_metadata_add(options.metadata, name, value) != SLUICE_OK)
            sluice_metadata_unref(&options.metadata);
    }
    if ((how & 32) == 0)
        i.protocol_options = &options;
    (void)fuzz_crowd_operate(&w->crowd, w->end, &i);
    sluice_metadata_unref(&options.metadata);
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
    accept_one(w);
}

static void
speak(struct world *w)
{
    struct fuzz_peer *p = choose_peer(w);

    if (p != NULL)
        fuzz_peer_speak(p, input(w));
}

static void
go_on(struct world *w)
{
    struct fuzz_peer *p = choose_peer(w);

    if (p != NULL)
        fuzz_peer_write(p, SIZE_MAX);
}

static void
hear(struct world *w)
{
    struct fuzz_peer *p = choose_peer(w);

    if (p != NULL)
        fuzz_peer_read(p);
}

static void
shut(struct world *w)
{
    struct fuzz_peer *p = choose_peer(w);

    if (p != NULL && fuzz_flip(input(w)))
        fuzz_peer_shut(p);
    else if (p != NULL)
        fuzz_peer_close(p);
}

static const struct fuzz_act acts[] = {
    { operate, true }, { operate, true }, { run_short, true }, { turn, false },
    { turn_some, false }, { turn_some, false }, { speak, false },
    { speak, false }, { speak, false }, { speak, false }, { go_on, false },
    { hear, false }, { shut, false }, { NULL, false }, /* time passes */
};

static void
on_context(void *arg, void *context)
{
    struct world *w = arg;
    struct sluice_grpc_context *c = context;
    unsigned coding;

    assert(c != NULL);
    assert(sluice_grpc_context_peer(c).len > 0);
    assert(sluice_grpc_context_authority(c).len > 0);
    coding = fuzz_below(input(w), 8);
    if (coding < 3)
        (void)!sluice_grpc_context_set_coding(c,
            (enum sluice_grpc_coding)coding);
}

/* ---------------------------------------------------------------- life */

static void
world_open(struct world *w)
{
    static const uint32_t windows[] = { 0, 1, 100, 65536, INT32_MAX, 16384, 0,
        0 };
    struct fuzz_input *in = input(w);
    unsigned how = fuzz_byte(in), more;
    struct sluice_grpc_client_options o = {
        .target = fuzz_place_target(),
        .max_message = (how & 1) != 0 ? 100 : 60000,
        .max_metadata = (how & 2) != 0 ? 300 : 0,
        .max_waiting = (how & 4) != 0 ? 2 : 0,
        .keepalive_time_ns = (how & 8) != 0 ? 10 * SLUICE_SECOND : 0,
        .keepalive_without_calls = (how & 16) != 0,
        .initial_window = windows[how >> 5],
    };
    enum sluice_err err;

    w->crowd.watch.on_context = on_context;
    fuzz_place_narrow((how & 2) != 0);
    more = fuzz_byte(in);
    w->crowd.watch.scale = (more & 1) != 0 ? 5000 : 3;
    w->crowd.watch.is_wordy = (more & 2) != 0;
    err = sluice_grpc_client_new(w->crowd.loop, &o, &w->client);
    assert(err == SLUICE_OK);
    w->end = sluice_end_new(w->crowd.loop, NULL);
    assert(w->end != NULL);
    sluice_end_join(w->end, sluice_grpc_client_link(w->client));
    err = sluice_end_start(w->end);
    assert(err == SLUICE_OK);
}

static void
set(void *arg)
{
    *(bool *)arg = true;
}

/* What is not OK does not complete a call. */
static void
check_completed(const struct world *w)
{
    const struct fuzz_customer *c = w->crowd.customer;

    for (; c < w->crowd.customer + w->crowd.customers; c++) {
        if (c->has_ended && c->kind == SLUICE_COMPLETED && c->heard_completion)
            assert(c->has_code && c->code == 0);
    }
}

static void
world_close(struct world *w)
{
    unsigned i;
    enum sluice_err err = sluice_end_stop(w->end, 0, set, &w->is_stopped);

    assert(err == SLUICE_OK);
    fuzz_crowd_turn_until(&w->crowd, &w->is_stopped);
    fuzz_crowd_check_codes(&w->crowd);
    check_completed(w);
    sluice_grpc_client_close(&w->client, set, &w->is_closed);
    fuzz_crowd_turn_until(&w->crowd, &w->is_closed);
    sluice_end_free(&w->end);
    for (i = 0; i < w->peers; i++) {
        fuzz_peer_read(&w->peer[i]);
        fuzz_peer_close(&w->peer[i]);
    }
    fuzz_place_refuse_rest();
}

const struct fuzz_play fuzz_play = { sizeof(struct world), world_open,
    world_close, acts, sizeof(acts) / sizeof(acts[0]) };
