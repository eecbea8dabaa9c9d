/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/base/end.h - an End, as its operations see it.
 */
#ifndef RPC_BASE_END_H
#define RPC_BASE_END_H

#include <sluice/link.h>

enum rpc_end_state {
    RPC_END_STOPPED,
    RPC_END_STARTED,
    RPC_END_STOPPING /* waits for its last operation to leave */
};

struct rpc_idle_action;

struct sluice_end {
    unsigned magic;
    enum rpc_end_state state;
    struct sluice_loop *loop;
    struct sluice_pool *pool; /* the loop's */
    struct sluice_link *link; /* NULL: a black hole */
    struct sluice_servicer *servicer;
    int64_t default_timeout_ns;
    int64_t maximum_timeout_ns;
    void (*log)(void *log_arg, const struct sluice_operation *op,
        const char *text); /* NULL: none */
    void *log_arg;

    struct sluice_operation *operations;
    size_t active;
    uint64_t stats[SLUICE_OUTCOME_KINDS];

    struct rpc_idle_action *actions; /* for when no operation is left */
    struct rpc_idle_action **last_action;
    struct rpc_idle_action *stop_action; /* kept for the first who stops it, as
                                            that must not need memory */
    struct sluice_timer grace;
    uint64_t grace_due_ns; /* while grace runs */
};

/* An operation begins: counted and listed until rpc_end_remove(). */
void rpc_end_add(struct sluice_end *end, struct sluice_operation *op);

/* The last step of an operation: counts its outcome; the End may be idle and
 * stopped after it. */
void rpc_end_remove(struct sluice_end *end, struct sluice_operation *op,
    enum sluice_outcome_kind kind);

#endif
