/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_window.c - see the header.
 */
#include "rpc/link/grpc_window.h"

#include <assert.h>

#define MS_NS 1000000u
#define BYTES_PER_MS (256u * 1024) /* of a line */
#define GROWTH 8u
#define STEP (256u * 1024)
#define SHARES 16u

/* Shorter trips are those of a loop that has something else to do as well. */
#define LEAST_TRIP_NS MS_NS
#define NEAR BYTES_PER_MS

static uint32_t
smaller(uint32_t a, uint32_t b)
{
    return a < b ? a : b;
}

uint32_t
rpc_grpc_window_step(uint32_t window)
{
    return smaller(window / 2, STEP);
}

void
rpc_grpc_path_saw(struct rpc_grpc_path *path, uint64_t asked_ns,
    uint64_t now_ns)
{
    uint64_t trip = now_ns > asked_ns ? now_ns - asked_ns : 1;

    if (path->trip_ns == 0 || trip < path->trip_ns)
        path->trip_ns = trip;
}

void
rpc_grpc_path_asked(struct rpc_grpc_path *path, uint64_t now_ns)
{
    assert(path->asked_ns == 0);
    path->asked_ns = now_ns > 0 ? now_ns : 1;
}

void
rpc_grpc_path_answered(struct rpc_grpc_path *path, uint64_t now_ns)
{
    if (path->asked_ns == 0)
        return; /* nobody asked */
    rpc_grpc_path_saw(path, path->asked_ns, now_ns);
    path->asked_ns = 0;
    path->is_fresh = true;
}

static uint32_t
line_holds(uint64_t trip_ns)
{
    uint64_t ms = trip_ns / MS_NS;

    return ms < RPC_GRPC_WINDOW_MOST / BYTES_PER_MS
        ? (uint32_t)ms * BYTES_PER_MS
        : RPC_GRPC_WINDOW_MOST;
}

/* Half as much again is the least that is worth a frame. */
static uint32_t
up_to(uint32_t window, uint32_t limit, size_t left)
{
    if (limit > window && limit - window > left)
        limit = window + (uint32_t)left;
    return limit > window && limit - window >= window / 2 ? limit : window;
}

/* What eight times as much comes to under a limit. */
static uint32_t
widened(const struct rpc_grpc_path *path, uint32_t window, uint32_t limit)
{
    if (limit / GROWTH > window)
        limit = window * GROWTH;
    return up_to(window, limit, RPC_GRPC_WINDOWS_LENT - path->lent);
}

uint32_t
rpc_grpc_path_begin(struct rpc_grpc_path *path, uint32_t first)
{
    size_t left = RPC_GRPC_WINDOWS_LENT - path->lent;
    uint32_t window = up_to(first, path->learnt, left / SHARES);

    path->lent += window - first;
    return window;
}

uint32_t
rpc_grpc_path_widen(struct rpc_grpc_path *path, uint32_t window,
    uint64_t elapsed_ns, bool *must_ask)
{
    uint64_t trip =
        path->trip_ns > LEAST_TRIP_NS ? path->trip_ns : LEAST_TRIP_NS;
    uint32_t limit = smaller(line_holds(trip), path->most);
    uint32_t wide;

    assert(path->lent <= RPC_GRPC_WINDOWS_LENT);
    *must_ask = false;
    if (elapsed_ns / 2 > trip)
        return window;
    wide = widened(path, window, limit);
    if (wide > NEAR && !path->is_fresh)
        wide = widened(path, window, smaller(NEAR, limit));
    else if (wide > NEAR && wide > window)
        path->is_fresh = false;
    *must_ask = !path->is_fresh && path->asked_ns == 0 && wide < limit;
    if (wide > NEAR && wide > path->learnt)
        path->learnt = wide;
    path->lent += wide - window;
    return wide;
}

void
rpc_grpc_path_give_back(struct rpc_grpc_path *path, uint32_t first,
    uint32_t window)
{
    assert(window >= first && path->lent >= window - first);
    path->lent -= window - first;
}
