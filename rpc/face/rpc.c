/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/face/rpc.c - life and end of an RPC, for both sides.
 *
 * An RPC ends when its base operation does, and nothing else ends it: complete
 * and abortion are both told from the operation's termination callback. That
 * is why exactly one of them comes, and why it comes last.
 */
#include "rpc/face/rpc.h"
#include "rpc/metadata.h"

/* ---- The end -------------------------------------------------------------- */

static void
end(struct face_rpc *rpc, const struct sluice_outcome *outcome)
{
    assert(rpc->magic == rpc->class->magic);
    assert(!rpc->has_ended);

    rpc->has_ended = true;
    rpc->class->ended(rpc, outcome);
}

static void
on_termination(struct sluice_termination_callback *self,
    const struct sluice_outcome *outcome)
{
    end(RPC_CONTAINER_OF(self, struct face_rpc, on_termination), outcome);
}

static void
on_end_task(struct sluice_task *task)
{
    struct face_rpc *rpc = RPC_CONTAINER_OF(task, struct face_rpc, end_task);

    end(rpc, sluice_operation_outcome(rpc->op));
}

/* The base layer does not call back for what has terminated already; the RPC
 * must be told all the same, and not inside the call that starts it. */
void
face_rpc_attach(struct face_rpc *rpc, struct sluice_operation *op)
{
    assert(rpc->op == NULL);

    rpc->op = op;
    rpc->on_termination.run = on_termination;
    if (sluice_operation_add_termination_callback(op, &rpc->on_termination) !=
        NULL) {
        rpc->end_task.run = on_end_task;
        sluice_loop_defer(rpc->loop, &rpc->end_task);
    }
}

/* ---- Life ----------------------------------------------------------------- */

struct face_rpc *
face_rpc_new(const struct face_rpc_class *class, struct sluice_loop *loop)
{
    struct sluice_pool *pool = sluice_loop_pool(loop);
    struct face_rpc *rpc = sluice_pool_take(pool, class->size);

    if (rpc == NULL)
        return NULL;
    memset(rpc, 0, class->size);
    rpc->magic = class->magic;
    rpc->holds = 1;
    rpc->class = class;
    rpc->loop = loop;
    rpc->pool = pool;
    return rpc;
}

struct face_rpc *
face_rpc_ref(struct face_rpc *rpc)
{
    assert(rpc->magic == rpc->class->magic);
    assert(rpc->holds > 0);

    rpc->holds++;
    return rpc;
}

void
face_rpc_unref(struct face_rpc *rpc)
{
    if (rpc == NULL)
        return;
    assert(rpc->magic == rpc->class->magic);
    assert(rpc->holds > 0);
    if (--rpc->holds > 0)
        return;

    rpc->class->fini(rpc);
    rpc_metadata_drop(&rpc->initial_metadata);
    rpc_metadata_drop(&rpc->completion.terminal_metadata);
    if (rpc->op != NULL)
        sluice_operation_unref(&rpc->op);
    rpc->magic = 0;
    sluice_pool_give(rpc->pool, rpc, rpc->class->size);
}

bool
face_rpc_is_active(const struct face_rpc *rpc)
{
    return sluice_operation_outcome(rpc->op) == NULL;
}

void
face_rpc_keep_completion(struct face_rpc *rpc,
    const struct sluice_completion *completion)
{
    assert(!rpc->has_completion);

    rpc->has_completion = true;
    rpc->completion = *completion;
}

/* ---- Abortion ------------------------------------------------------------- */

/* COMPLETED aborts where the service says that it failed, or where its answer
 * broke its method's cardinality: that is a local failure. */
static enum sluice_abortion_kind
abortion_kind(const struct sluice_outcome *outcome)
{
    switch (outcome->kind) {
    case SLUICE_CANCELLED:
        return SLUICE_ABORTION_CANCELLED;
    case SLUICE_EXPIRED:
        return SLUICE_ABORTION_EXPIRED;
    case SLUICE_LOCAL_SHUTDOWN:
        return SLUICE_ABORTION_LOCAL_SHUTDOWN;
    case SLUICE_REMOTE_SHUTDOWN:
        return SLUICE_ABORTION_REMOTE_SHUTDOWN;
    case SLUICE_RECEPTION_FAILURE:
    case SLUICE_TRANSMISSION_FAILURE:
        return SLUICE_ABORTION_NETWORK_FAILURE;
    case SLUICE_COMPLETED:
        if (face_rpc_has_failed(outcome))
            return sluice_abortion_kind_of_code(outcome->code);
        return SLUICE_ABORTION_LOCAL_FAILURE;
    case SLUICE_LOCAL_FAILURE:
        return SLUICE_ABORTION_LOCAL_FAILURE;
    case SLUICE_REMOTE_FAILURE:
        return SLUICE_ABORTION_REMOTE_FAILURE;
    }
    return SLUICE_ABORTION_LOCAL_FAILURE;
}

void
face_rpc_set_aborted(struct face_rpc *rpc, const struct sluice_outcome *outcome)
{
    assert(rpc->has_ended && !rpc->is_aborted);

    rpc->is_aborted = true;
    rpc->abortion = (struct sluice_abortion){
        .kind = abortion_kind(outcome),
        .outcome = outcome->kind,
        .initial_metadata = outcome->initial_metadata != NULL
            ? outcome->initial_metadata
            : rpc->initial_metadata,
        .terminal_metadata = outcome->terminal_metadata != NULL
            ? outcome->terminal_metadata
            : rpc->completion.terminal_metadata,
        .has_code = outcome->has_code,
        .code = outcome->code,
        .details = outcome->details,
    };
}

void
face_rpc_announce_abortion(struct face_rpc *rpc)
{
    struct sluice_abortion_callback *cb;

    assert(rpc->is_aborted);

    while ((cb = rpc->callbacks) != NULL) {
        rpc->callbacks = cb->next; /* cb may be gone once it has run */
        cb->run(cb, &rpc->abortion);
    }
}

const struct sluice_abortion *
face_rpc_add_abortion_callback(struct face_rpc *rpc,
    struct sluice_abortion_callback *cb)
{
    struct sluice_abortion_callback **tail = &rpc->callbacks;

    if (rpc->is_aborted)
        return &rpc->abortion;
    if (rpc->has_ended)
        return NULL;
    while (*tail != NULL)
        tail = &(*tail)->next;
    cb->next = NULL;
    *tail = cb;
    return NULL;
}
