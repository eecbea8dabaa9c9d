/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_server_guard.c - see the header.
 */
#include "rpc/link/grpc_server_guard.h"

#include <stddef.h>

#define RESETS_PER_SECOND 200u

#define IDLE_BURST 1000u
#define IDLE_PER_SECOND 100u
#define SETTINGS_COST 10u

/* Readers open windows with each stream, and give window back for each DATA
 * frame: a stream's, the connection's, some more often than that. */
#define WINDOWS_PER_SECOND 100u
#define WINDOWS_PER_FRAME 8u

#define MAX_STRIKES 2u

static const char *
spend_idle(struct rpc_grpc_guard *g, uint64_t now_ns, unsigned n,
    const char *what)
{
    return rpc_grpc_bucket_take(&g->idle, now_ns, n, IDLE_BURST,
               IDLE_PER_SECOND)
        ? NULL
        : what;
}

static const char *
spend_reset(struct rpc_grpc_guard *g,
    const struct rpc_grpc_guard_limits *limits, uint64_t now_ns,
    const char *what)
{
    return rpc_grpc_bucket_take(&g->resets, now_ns, 1, limits->resets,
               RESETS_PER_SECOND)
        ? NULL
        : what;
}

static const char *
spend_window(struct rpc_grpc_guard *g,
    const struct rpc_grpc_guard_limits *limits, uint64_t now_ns)
{
    return rpc_grpc_bucket_take(&g->windows, now_ns, 1, limits->windows,
               WINDOWS_PER_SECOND)
        ? NULL
        : "too_many_window_updates";
}

/* "Server-side Connection Management" (gRFC A9): a PING too early is a strike,
 * and what is sent of a call makes good for all. */
static const char *
ping(struct rpc_grpc_guard *g, const struct rpc_grpc_guard_limits *limits,
    uint64_t now_ns)
{
    bool is_early = g->has_pinged &&
        now_ns - g->pinged_ns < (uint64_t)limits->min_ping_interval_ns;

    g->has_pinged = true;
    g->pinged_ns = now_ns;
    if (!is_early)
        return NULL;
    return ++g->strikes > MAX_STRIKES ? "too_many_pings" : NULL;
}

const char *
rpc_grpc_guard_frame(struct rpc_grpc_guard *g,
    const struct rpc_grpc_guard_limits *limits, const nghttp2_frame_hd *hd,
    uint64_t now_ns)
{
    bool is_ack = (hd->flags & NGHTTP2_FLAG_ACK) != 0;

    switch (hd->type) {
    case NGHTTP2_DATA:
        if (hd->length > 0 || (hd->flags & NGHTTP2_FLAG_END_STREAM) != 0)
            return NULL;
        return rpc_grpc_guard_empty(g, now_ns);
    case NGHTTP2_HEADERS:
        rpc_grpc_bucket_give(&g->windows, WINDOWS_PER_FRAME);
        return NULL; /* streams are counted elsewhere */
    case NGHTTP2_RST_STREAM:
        return spend_reset(g, limits, now_ns, "too_many_resets");
    case NGHTTP2_SETTINGS:
        return spend_idle(g, now_ns, SETTINGS_COST, "too_many_settings");
    case NGHTTP2_PING:
        return is_ack ? spend_idle(g, now_ns, 1, "too_many_pings")
                      : ping(g, limits, now_ns);
    case NGHTTP2_WINDOW_UPDATE:
        return spend_window(g, limits, now_ns);
    case NGHTTP2_CONTINUATION:
        return spend_idle(g, now_ns, 1, "too_many_continuations");
    default:
        return spend_idle(g, now_ns, 1, "too_many_frames");
    }
}

const char *
rpc_grpc_guard_empty(struct rpc_grpc_guard *g, uint64_t now_ns)
{
    return spend_idle(g, now_ns, 1, "too_many_empty_frames");
}

const char *
rpc_grpc_guard_wrong(struct rpc_grpc_guard *g,
    const struct rpc_grpc_guard_limits *limits, uint64_t now_ns)
{
    return spend_reset(g, limits, now_ns, "too_many_errors");
}

void
rpc_grpc_guard_sent(struct rpc_grpc_guard *g)
{
    g->has_pinged = false;
    g->strikes = 0;
    rpc_grpc_bucket_give(&g->windows, WINDOWS_PER_FRAME);
}
