/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/base/end.c - an End: its operations, its statistics, start and stop.
 *
 * Everything that waits for the End to have no operation, idle actions and the
 * callers of stop alike, is one list in order of registration. When its turn
 * has come each becomes a deferred task of its own and needs the End no more.
 */
#include "rpc/base/end.h"

#include <stdlib.h>

#include "rpc/base/operation.h"
#include "rpc/check.h"

#define END_MAGIC 0x656e642eu

struct rpc_idle_action {
    struct sluice_task task;
    struct rpc_idle_action *next;
    struct sluice_pool *pool;
    void (*action)(void *arg);
    void *arg;
};

/* Another thread would race with the loop's. */
static void
check(const struct sluice_end *end)
{
    RPC_CHECK(end, END_MAGIC);
    assert(sluice_loop_is_current(end->loop));
}

/* -------------------------------------------------------------- state */

#define TO(s) (1u << RPC_END_##s)

/* States reachable from each. */
static const unsigned may_enter[] = {
    [RPC_END_STOPPED] = TO(STARTED),
    [RPC_END_STARTED] = TO(STOPPING) | TO(STOPPED),
    [RPC_END_STOPPING] = TO(STOPPED),
};

static void
enter(struct sluice_end *end, enum rpc_end_state state)
{
    assert((may_enter[end->state] & 1u << state) != 0);
    end->state = state;
}

/* ------------------------------------------------------- idle actions */

static void
run_action(struct sluice_task *task)
{
    struct rpc_idle_action *a =
        RPC_CONTAINER_OF(task, struct rpc_idle_action, task);
    void (*action)(void *arg) = a->action;
    void *arg = a->arg;

    sluice_pool_give(a->pool, a, sizeof(*a));
    action(arg);
}

static void
run_actions_if_idle(struct sluice_end *end)
{
    struct rpc_idle_action *a;

    if (end->active > 0)
        return;
    while ((a = end->actions) != NULL) {
        end->actions = a->next;
        sluice_loop_defer(end->loop, &a->task);
    }
    end->last_action = &end->actions;
}

static struct rpc_idle_action *
take_action(struct sluice_end *end)
{
    struct rpc_idle_action *a = sluice_pool_take(end->pool, sizeof(*a));

    if (a == NULL)
        return NULL;
    memset(a, 0, sizeof(*a));
    a->task.run = run_action;
    a->pool = end->pool;
    return a;
}

/* Takes a. */
static void
append_action(struct sluice_end *end, struct rpc_idle_action *a,
    void (*action)(void *arg), void *arg)
{
    a->action = action;
    a->arg = arg;
    *end->last_action = a;
    end->last_action = &a->next;
}

enum sluice_err
sluice_end_add_idle_action(struct sluice_end *end, void (*action)(void *arg),
    void *arg)
{
    struct rpc_idle_action *a;

    check(end);
    if (end->state == RPC_END_STOPPED)
        return SLUICE_ESTATE;
    a = take_action(end);
    if (a == NULL)
        return SLUICE_ENOMEM;
    append_action(end, a, action, arg);
    run_actions_if_idle(end);
    return SLUICE_OK;
}

/* --------------------------------------------------------- operations */

void
rpc_end_add(struct sluice_end *end, struct sluice_operation *op)
{
    op->prev = NULL;
    op->next = end->operations;
    if (op->next != NULL)
        op->next->prev = op;
    end->operations = op;
    end->active++;
}

void
rpc_end_remove(struct sluice_end *end, struct sluice_operation *op,
    enum sluice_outcome_kind kind)
{
    RPC_CHECK(end, END_MAGIC);
    assert(end->active > 0);
    end->stats[kind]++;
    end->active--;
    if (op->next != NULL)
        op->next->prev = op->prev;
    if (op->prev != NULL)
        op->prev->next = op->next;
    else
        end->operations = op->next;
    op->next = NULL;
    op->prev = NULL;

    if (end->active == 0 && end->state == RPC_END_STOPPING) {
        sluice_timer_stop(end->loop, &end->grace);
        enter(end, RPC_END_STOPPED);
    }
    run_actions_if_idle(end);
}

enum sluice_err
sluice_end_operate(struct sluice_end *end,
    const struct sluice_invocation *invocation, struct sluice_operation **op_p)
{
    struct sluice_operation *op = NULL;
    enum sluice_err err = SLUICE_OK;

    check(end);
    *op_p = NULL;
    if (!rpc_subscription_is_valid(&invocation->subscription))
        err = SLUICE_EINVAL;
    else if (end->state != RPC_END_STARTED)
        err = SLUICE_ESTATE;
    else if ((op = rpc_operation_new(end, 0)) == NULL)
        err = SLUICE_ENOMEM;
    if (err != SLUICE_OK) {
        rpc_values_release(&invocation->first);
        return err;
    }

    op->is_invocation = true;
    op->link_ops = end->link != NULL ? end->link->ops : NULL;
    op->subscription = invocation->subscription;
    op->in.is_ready = true;
    rpc_end_add(end, op);
    rpc_operation_listen(op, invocation->subscription.termination);
    rpc_expiration_start(op, invocation->timeout_ns, invocation->timeout_ns);

    op->out.opening = invocation;
    rpc_emission_advance(op, &invocation->first);
    op->out.opening = NULL;
    *op_p = sluice_operation_ref(op);
    return SLUICE_OK;
}

/* The names are needed until the servicer has been asked. */
static struct sluice_operation *
serviced_operation(struct sluice_end *end, const struct sluice_ticket *first)
{
    struct sluice_operation *op;

    if (first->group.len > SIZE_MAX / 4 || first->method.len > SIZE_MAX / 4)
        return NULL;
    op = rpc_operation_new(end, first->group.len + first->method.len);
    if (op == NULL)
        return NULL;
    op->group_len = first->group.len;
    op->method_len = first->method.len;
    if (op->group_len > 0)
        memcpy(op->names, first->group.ptr, op->group_len);
    if (op->method_len > 0)
        memcpy(op->names + op->group_len, first->method.ptr, op->method_len);
    return op;
}

/* What may begin an operation: not an abort, and nothing out of order. */
static bool
may_begin(const struct sluice_operation *op, const struct sluice_ticket *first)
{
    return first->termination <= SLUICE_TERMINATION_COMPLETION &&
        rpc_reception_disorder(op, first) == NULL;
}

static void
begin_service(struct sluice_operation *op, const struct sluice_ticket *first)
{
    struct sluice_end *end = op->end;
    int64_t timeout =
        first->has_timeout ? first->timeout_ns : end->default_timeout_ns;

    op->out.is_open = true;
    op->out.is_mute = first->subscription == SLUICE_SUBSCRIPTION_NONE;
    op->in.protocol = first->protocol;
    rpc_end_add(end, op);
    rpc_expiration_start(op, timeout, end->maximum_timeout_ns);
    op->out.owes_timeout = op->out.owes_timeout && first->has_timeout;
    rpc_add_budget(&op->out.budget, first->allowance);
    rpc_add_budget(&op->in.allowance, first->allowance);
    op->task.run = rpc_ingestion_service;
    sluice_loop_defer(end->loop, &op->task);
}

enum sluice_err
sluice_end_accept(struct sluice_end *end, struct sluice_link *link,
    void *transport, struct sluice_ticket *first,
    struct sluice_operation **op_p)
{
    struct sluice_operation *op = NULL;
    enum sluice_err err = SLUICE_OK;

    check(end);
    *op_p = NULL;
    if (end->state != RPC_END_STARTED || end->servicer == NULL)
        err = SLUICE_ESTATE;
    else if ((op = serviced_operation(end, first)) == NULL)
        err = SLUICE_ENOMEM;
    else if (!may_begin(op, first))
        err = SLUICE_EINVAL;
    if (err == SLUICE_OK) {
        if (!rpc_reception_store(op, first))
            err = SLUICE_ENOMEM;
    } else {
        rpc_ticket_release(first);
    }
    if (err != SLUICE_OK) {
        rpc_operation_discard(&op);
        return err;
    }
    op->link_ops = link->ops;
    op->transport = transport;
    begin_service(op, first);
    *op_p = op;
    return SLUICE_OK;
}

/* --------------------------------------------------------------- life */

static void on_grace_over(struct sluice_timer *timer);

struct sluice_end *
sluice_end_new(struct sluice_loop *loop,
    const struct sluice_end_options *options)
{
    static const struct sluice_end_options defaults;
    struct sluice_end *end = calloc(1, sizeof(*end));

    if (end == NULL)
        return NULL;
    if (options == NULL)
        options = &defaults;
    end->magic = END_MAGIC;
    end->state = RPC_END_STOPPED;
    end->loop = loop;
    end->pool = sluice_loop_pool(loop);
    end->servicer = options->servicer;
    end->default_timeout_ns = options->default_timeout_ns != 0
        ? options->default_timeout_ns
        : 300 * SLUICE_SECOND;
    end->maximum_timeout_ns = options->maximum_timeout_ns != 0
        ? options->maximum_timeout_ns
        : 24 * 3600 * SLUICE_SECOND;
    end->log = options->log;
    end->log_arg = options->log_arg;
    end->last_action = &end->actions;
    end->grace.expire = on_grace_over;
    return end;
}

void
sluice_end_free(struct sluice_end **end_p)
{
    struct sluice_end *end = *end_p;

    if (end == NULL)
        return;
    RPC_CHECK(end, END_MAGIC);
    assert(end->state == RPC_END_STOPPED);
    assert(end->active == 0 && end->actions == NULL);
    *end_p = NULL;
    if (end->stop_action != NULL)
        sluice_pool_give(end->pool, end->stop_action,
            sizeof(*end->stop_action));
    end->magic = 0;
    free(end);
}

struct sluice_loop *
sluice_end_loop(struct sluice_end *end)
{
    RPC_CHECK(end, END_MAGIC);
    return end->loop;
}

void
sluice_end_join(struct sluice_end *end, struct sluice_link *link)
{
    RPC_CHECK(end, END_MAGIC);
    assert(end->state == RPC_END_STOPPED);
    end->link = link;
}

enum sluice_err
sluice_end_start(struct sluice_end *end)
{
    check(end);
    if (end->state != RPC_END_STOPPED)
        return SLUICE_ESTATE;
    if (end->stop_action == NULL)
        end->stop_action = take_action(end);
    if (end->stop_action == NULL)
        return SLUICE_ENOMEM;
    enter(end, RPC_END_STARTED);
    return SLUICE_OK;
}

/* Operations stay listed until they have left, which they do later. */
static void
terminate_all(struct sluice_end *end)
{
    struct sluice_operation *op;

    for (op = end->operations; op != NULL; op = op->next)
        rpc_operation_terminate(op, SLUICE_LOCAL_SHUTDOWN, RPC_TELL_OTHER_SIDE,
            NULL);
}

static void
on_grace_over(struct sluice_timer *timer)
{
    struct sluice_end *end = RPC_CONTAINER_OF(timer, struct sluice_end, grace);

    RPC_CHECK(end, END_MAGIC);
    terminate_all(end);
}

/* The earliest deadline of several wins. */
static void
grant_grace(struct sluice_end *end, int64_t grace_ns)
{
    uint64_t due;

    if (grace_ns <= 0) {
        terminate_all(end);
        return;
    }
    due = sluice_loop_now(end->loop) + (uint64_t)grace_ns;
    if (sluice_timer_is_running(&end->grace) && end->grace_due_ns <= due)
        return;
    end->grace_due_ns = due;
    sluice_timer_start(end->loop, &end->grace, due);
}

enum sluice_err
sluice_end_stop(struct sluice_end *end, int64_t grace_ns,
    void (*on_stopped)(void *arg), void *arg)
{
    struct rpc_idle_action *a;

    check(end);
    if (on_stopped != NULL) {
        a = end->stop_action != NULL ? end->stop_action : take_action(end);
        if (a == NULL)
            return SLUICE_ENOMEM;
        end->stop_action = NULL;
        append_action(end, a, on_stopped, arg);
    }
    if (end->active > 0) {
        if (end->state == RPC_END_STARTED)
            enter(end, RPC_END_STOPPING);
        grant_grace(end, grace_ns);
    } else if (end->state == RPC_END_STARTED) {
        enter(end, RPC_END_STOPPED);
    }
    run_actions_if_idle(end);
    return SLUICE_OK;
}

void
sluice_end_operation_stats(const struct sluice_end *end,
    uint64_t stats[SLUICE_OUTCOME_KINDS])
{
    RPC_CHECK(end, END_MAGIC);
    memcpy(stats, end->stats, sizeof(end->stats));
}

size_t
sluice_end_active(const struct sluice_end *end)
{
    RPC_CHECK(end, END_MAGIC);
    return end->active;
}
