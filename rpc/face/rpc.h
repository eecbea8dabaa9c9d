/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/face/rpc.h - what the two sides of an RPC have in common: the hold on
 * the base operation, what has been received, and how it ended. It is the
 * first member of struct sluice_call and of struct sluice_servicer_context,
 * and gives them their lifetime.
 *
 * Ownership   An RPC begins with one hold, its own, which it drops when it has
 *             ended; each sluice_..._ref() adds one. The storage goes back to
 *             the loop's pool with the last hold.
 * Thread      The loop thread. The last hold may go when the loop has gone.
 * Ending      ended() runs exactly once per face_rpc_attach() that returned
 *             true, outside of any other callback of the RPC.
 */
#ifndef FACE_RPC_H
#define FACE_RPC_H

#include <sluice/face.h>
#include <sluice/status.h>

#include "rpc/check.h"

/* Asserts that p is one of ours. The tag goes when the storage does. */
#define FACE_CHECK(p, tag) assert((p) != NULL && (p)->rpc.magic == (tag))

struct face_rpc;

struct face_rpc_class {
    unsigned magic;
    size_t size; /* of the object around the face_rpc */
    /* The operation has terminated. Ends with face_rpc_unref(). */
    void (*ended)(struct face_rpc *rpc, const struct sluice_outcome *outcome);
    /* The last hold is gone: release what the object owns besides. */
    void (*fini)(struct face_rpc *rpc);
};

struct face_rpc {
    unsigned magic;
    unsigned holds;
    bool has_completion;
    bool is_aborted; /* abortion is valid from here on */
    bool has_ended;
    const struct face_rpc_class *class;
    struct sluice_loop *loop;
    struct sluice_pool *pool; /* the loop's; outlives it while we are held */
    struct sluice_operation *op;
    struct sluice_metadata *initial_metadata; /* received; held */
    struct sluice_completion completion;      /* received; its text is op's */
    struct sluice_termination_callback on_termination;
    struct sluice_task end_task; /* ends what had terminated before attach */
    struct sluice_abortion_callback *callbacks; /* in order of arrival */
    struct sluice_abortion abortion;
};

/* A zeroed object of class, with its own hold. NULL when memory is short. */
struct face_rpc *face_rpc_new(const struct face_rpc_class *class,
    struct sluice_loop *loop);

/* Takes the reference in op and listens for its end. */
void face_rpc_attach(struct face_rpc *rpc, struct sluice_operation *op);

struct face_rpc *face_rpc_ref(struct face_rpc *rpc);
/* Accepts NULL. */
void face_rpc_unref(struct face_rpc *rpc);

bool face_rpc_is_active(const struct face_rpc *rpc);

/* Keeps what the other side sent last: no grant makes sense any more. */
void face_rpc_keep_completion(struct face_rpc *rpc,
    const struct sluice_completion *completion);

/* A completion that says that the service has failed. */
static inline bool
face_rpc_has_failed(const struct sluice_outcome *outcome)
{
    return outcome->kind == SLUICE_COMPLETED && outcome->has_code &&
        outcome->code != SLUICE_CODE_OK;
}

/* Marks the RPC as aborted, with the Abortion that the outcome gives.
 * Refine rpc->abortion before announcing it. */
void face_rpc_set_aborted(struct face_rpc *rpc,
    const struct sluice_outcome *outcome);

/* Runs the abortion callbacks of an aborted RPC, in order of arrival. */
void face_rpc_announce_abortion(struct face_rpc *rpc);

/* As sluice_call_add_abortion_callback(). */
const struct sluice_abortion *face_rpc_add_abortion_callback(
    struct face_rpc *rpc, struct sluice_abortion_callback *cb);

#endif
