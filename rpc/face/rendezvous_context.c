/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/face/rendezvous_context.c - the rendezvous as both sides see it: the
 * context of the RPC, the iterator of what comes and the consumer of what goes.
 */
#include "rpc/face/rendezvous.h"

/* ---- The context ------------------------------------------------------------ */

bool
sluice_rendezvous_is_active(struct sluice_rendezvous *r)
{
    bool is_active;

    face_rendezvous_lock(r);
    is_active = r->phase == FACE_ACTIVE;
    face_rendezvous_unlock(r);
    return is_active;
}

int64_t
sluice_rendezvous_time_remaining(struct sluice_rendezvous *r)
{
    uint64_t deadline_ns = 0, now;

    face_rendezvous_lock(r);
    if (r->phase == FACE_ACTIVE)
        deadline_ns = r->deadline_ns;
    face_rendezvous_unlock(r);
    if (deadline_ns == FACE_FOREVER)
        return SLUICE_NO_TIMEOUT;
    now = uv_hrtime();
    return deadline_ns > now ? (int64_t)(deadline_ns - now) : 0;
}

bool
sluice_rendezvous_cancel(struct sluice_rendezvous *r)
{
    face_rendezvous_lock(r);
    if (r->phase == FACE_ACTIVE)
        r->is_cancelled = true;
    face_rendezvous_wish(r, FACE_CANCEL);
    face_rendezvous_unlock(r);
    return false;
}

/* Constant once the phase says that it is there. */
static const struct sluice_abortion *
abortion_of(const struct sluice_rendezvous *r)
{
    return r->phase == FACE_ABORTED ? &r->abortion : NULL;
}

const struct sluice_abortion *
sluice_rendezvous_abortion(struct sluice_rendezvous *r)
{
    const struct sluice_abortion *abortion;

    face_rendezvous_lock(r);
    abortion = abortion_of(r);
    face_rendezvous_unlock(r);
    return abortion;
}

const struct sluice_abortion *
sluice_rendezvous_add_abortion_callback(struct sluice_rendezvous *r,
    struct sluice_abortion_callback *cb)
{
    struct sluice_abortion_callback **tail = &r->abortion_callbacks;
    const struct sluice_abortion *abortion;

    assert(cb->run != NULL);
    face_rendezvous_lock(r);
    abortion = abortion_of(r);
    if (r->phase == FACE_ACTIVE) {
        while (*tail != NULL)
            tail = &(*tail)->next;
        cb->next = NULL;
        *tail = cb;
    }
    face_rendezvous_unlock(r);
    return abortion;
}

static enum sluice_err
await_context(struct sluice_rendezvous *r)
{
    enum sluice_err err = SLUICE_OK;

    while (err == SLUICE_OK && r->phase == FACE_ACTIVE && !r->has_context)
        err = face_rendezvous_wait(r, FACE_FOREVER);
    if (err != SLUICE_OK || r->phase == FACE_ACTIVE)
        return err;
    return r->phase == FACE_ABORTED ? SLUICE_EABORTED : SLUICE_ESTATE;
}

enum sluice_err
sluice_rendezvous_protocol_context(struct sluice_rendezvous *r,
    void **protocol_context)
{
    enum sluice_err err;

    face_rendezvous_lock(r);
    err = await_context(r);
    *protocol_context = err == SLUICE_OK ? r->context : NULL;
    face_rendezvous_unlock(r);
    return err;
}

/* ---- The iterator ------------------------------------------------------------ */

enum sluice_err
sluice_rendezvous_next(struct sluice_rendezvous *r, struct sluice_bytes **value)
{
    RPC_CHECK(r, FACE_RENDEZVOUS_MAGIC);
    *value = NULL;
    return r->can_draw ? face_rendezvous_draw(r, value) : SLUICE_ESTATE;
}

/* ---- The consumer ------------------------------------------------------------ */

static enum sluice_err
consume(struct sluice_rendezvous *r, struct sluice_bytes *value, bool is_last)
{
    RPC_CHECK(r, FACE_RENDEZVOUS_MAGIC);
    if (value == NULL)
        return SLUICE_EINVAL;
    if (!r->can_emit) {
        sluice_bytes_unref(&value);
        return SLUICE_ESTATE;
    }
    return face_rendezvous_emit(r, value, is_last);
}

enum sluice_err
sluice_rendezvous_consume(struct sluice_rendezvous *r,
    struct sluice_bytes *value)
{
    return consume(r, value, false);
}

enum sluice_err
sluice_rendezvous_consume_and_terminate(struct sluice_rendezvous *r,
    struct sluice_bytes *value)
{
    return consume(r, value, true);
}

enum sluice_err
sluice_rendezvous_terminate(struct sluice_rendezvous *r)
{
    RPC_CHECK(r, FACE_RENDEZVOUS_MAGIC);
    return r->can_emit ? face_rendezvous_emit(r, NULL, true) : SLUICE_ESTATE;
}
