/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_keepalive.c - see the header.
 */
#include "rpc/link/grpc_keepalive.h"

#include "rpc/check.h"

#include <sluice/api.h>

#define POLITE_BURST 3u
#define POLITE_INTERVAL (310 * SLUICE_SECOND) /* five minutes, and some delay */
#define SLOWEST (24 * 3600 * SLUICE_SECOND)

void
rpc_grpc_keepalive_init(struct rpc_grpc_keepalive *k,
    const struct rpc_grpc_keepalive_options *options, uint64_t now_ns)
{
    k->options = options;
    k->heard_ns = now_ns;
    k->asked_ns = 0;
    k->has_heard = false;
    k->is_asking = false;
    k->is_in_doubt = false;
    k->asked = 0;
}

void
rpc_grpc_keepalive_heard(struct rpc_grpc_keepalive *k, uint64_t now_ns)
{
    k->heard_ns = now_ns;
    k->has_heard = true;
}

bool
rpc_grpc_keepalive_got_message(struct rpc_grpc_keepalive *k)
{
    bool was_slow = k->asked >= POLITE_BURST;

    k->asked = 0;
    return was_slow;
}

/* When to ask next. */
static uint64_t
due(const struct rpc_grpc_keepalive *k)
{
    uint64_t by_silence = k->heard_ns + (uint64_t)k->options->time_ns;
    uint64_t by_manners = k->asked_ns + (uint64_t)POLITE_INTERVAL;

    if (!k->options->is_polite || k->asked < POLITE_BURST)
        return by_silence;
    return by_silence > by_manners ? by_silence : by_manners;
}

static enum rpc_grpc_keepalive_act
ask_if_due(struct rpc_grpc_keepalive *k, uint64_t now_ns, uint64_t *again_ns)
{
    *again_ns = due(k);
    if (now_ns < *again_ns)
        return RPC_GRPC_KEEPALIVE_WAIT;
    k->is_asking = true;
    k->is_in_doubt = false;
    k->has_heard = false;
    k->asked_ns = now_ns;
    k->asked++;
    *again_ns = now_ns + (uint64_t)k->options->timeout_ns;
    return RPC_GRPC_KEEPALIVE_PING;
}

enum rpc_grpc_keepalive_act
rpc_grpc_keepalive_look(struct rpc_grpc_keepalive *k, uint64_t now_ns,
    uint64_t *again_ns)
{
    assert(k->options->time_ns > 0 && k->options->timeout_ns > 0);
    if (!k->is_asking)
        return ask_if_due(k, now_ns, again_ns);
    if (k->has_heard) {
        k->is_asking = false;
        return ask_if_due(k, now_ns, again_ns);
    }
    *again_ns = k->asked_ns + (uint64_t)k->options->timeout_ns;
    if (now_ns < *again_ns)
        return RPC_GRPC_KEEPALIVE_WAIT;
    if (k->is_in_doubt)
        return RPC_GRPC_KEEPALIVE_LOST;
    k->is_in_doubt = true;
    *again_ns = now_ns + 1;
    return RPC_GRPC_KEEPALIVE_WAIT;
}

void
rpc_grpc_keepalive_slow_down(struct rpc_grpc_keepalive_options *options)
{
    if (options->time_ns < SLOWEST)
        options->time_ns *= 2;
}
