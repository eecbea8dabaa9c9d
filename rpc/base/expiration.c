/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/base/expiration.c - the timer of an operation. Timeouts are totals from
 * the start of the operation on this side.
 */
#include "rpc/base/end.h"
#include "rpc/base/operation.h"
#include "rpc/check.h"

static void
on_expired(struct sluice_timer *timer)
{
    struct sluice_operation *op =
        RPC_CONTAINER_OF(timer, struct sluice_operation, timer);

    rpc_operation_terminate(op, SLUICE_EXPIRED, RPC_TELL_OTHER_SIDE, NULL);
}

static void
on_no_time(struct sluice_task *task)
{
    struct sluice_operation *op =
        RPC_CONTAINER_OF(task, struct sluice_operation, task);

    rpc_operation_terminate(op, SLUICE_EXPIRED, RPC_TELL_OTHER_SIDE, NULL);
}

static void
set(struct sluice_operation *op, int64_t timeout_ns)
{
    op->timeout_ns = timeout_ns;
    if (timeout_ns == SLUICE_NO_TIMEOUT)
        sluice_timer_stop(op->end->loop, &op->timer);
    else
        sluice_timer_start(op->end->loop, &op->timer,
            op->start_ns + (uint64_t)(timeout_ns > 0 ? timeout_ns : 0));
}

void
rpc_expiration_start(struct sluice_operation *op, int64_t timeout_ns,
    int64_t limit_ns)
{
    op->start_ns = sluice_loop_now(op->end->loop);
    op->limit_ns = limit_ns;
    op->timer.expire = on_expired;
    set(op, timeout_ns < limit_ns ? timeout_ns : limit_ns);
    op->out.owes_timeout = timeout_ns > limit_ns;
    if (!op->is_invocation || timeout_ns > 0)
        return;
    /* A timer takes a tick, in which an answer could come. What is deferred
     * here runs before anything that the link will do. */
    op->task.run = on_no_time;
    sluice_loop_defer(op->end->loop, &op->task);
}

void
rpc_expiration_change(struct sluice_operation *op, int64_t timeout_ns)
{
    set(op, timeout_ns < op->limit_ns ? timeout_ns : op->limit_ns);
    op->out.owes_timeout = timeout_ns > op->limit_ns;
}

void
rpc_expiration_stop(struct sluice_operation *op)
{
    sluice_timer_stop(op->end->loop, &op->timer);
}
