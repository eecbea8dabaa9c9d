/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/face/rendezvous_wait.c - the half of the monitor that threads see: they
 * wait in it, draw what has come and leave what is to go.
 *
 * There is one condition for all who wait: at most a handful of threads know
 * of an RPC.
 */
#include "rpc/face/rendezvous.h"

/* ---- Waiting ---------------------------------------------------------------- */

enum sluice_err
face_rendezvous_wait(struct sluice_rendezvous *r, uint64_t until_ns)
{
    uint64_t now = 0;

    assert(r->phase == FACE_ACTIVE);
    if (until_ns != FACE_FOREVER) {
        now = uv_hrtime();
        if (now >= until_ns)
            return SLUICE_ETIMEDOUT;
    }
    if (sluice_loop_is_current(r->loop))
        return SLUICE_ETHREAD;
    if (until_ns == FACE_FOREVER)
        uv_cond_wait(&r->changed, &r->lock);
    else
        (void)uv_cond_timedwait(&r->changed, &r->lock, until_ns - now);
    return SLUICE_OK;
}

enum sluice_err
face_rendezvous_await_metadata(struct sluice_rendezvous *r,
    struct sluice_metadata **metadata)
{
    enum sluice_err err = SLUICE_OK;

    *metadata = NULL;
    face_rendezvous_lock(r);
    while (err == SLUICE_OK && !r->has_metadata)
        err = face_rendezvous_wait(r, FACE_FOREVER);
    if (err == SLUICE_OK)
        *metadata = r->phase == FACE_ABORTED ? r->abortion.initial_metadata
                                             : r->metadata;
    face_rendezvous_unlock(r);
    return err;
}

/* ---- Drawing ----------------------------------------------------------------- */

/* Once somebody here has asked for the end, what came before is not drawn
 * either, unless the RPC turns out to have completed. */
static bool
must_wait_to_draw(const struct sluice_rendezvous *r)
{
    if (r->phase != FACE_ACTIVE)
        return false;
    if (r->wish != FACE_NO_WISH || r->is_unary)
        return true;
    return r->value == NULL && !r->has_all;
}

static struct sluice_bytes *
take_value(struct sluice_rendezvous *r)
{
    struct sluice_bytes *value = r->value;

    if (value == NULL || r->is_drawn)
        return NULL;
    if (r->is_unary) {
        r->is_drawn = true;
        return sluice_bytes_ref(value);
    }
    r->value = NULL;
    if (!r->has_all) {
        r->owed_allowance++;
        face_rendezvous_knock(r);
    }
    return value;
}

enum sluice_err
face_rendezvous_draw(struct sluice_rendezvous *r, struct sluice_bytes **value)
{
    enum sluice_err err = SLUICE_OK;

    *value = NULL;
    face_rendezvous_lock(r);
    while (err == SLUICE_OK && must_wait_to_draw(r))
        err = face_rendezvous_wait(r, FACE_FOREVER);
    if (err == SLUICE_OK && r->phase == FACE_ABORTED)
        err = SLUICE_EABORTED;
    if (err == SLUICE_OK) {
        *value = take_value(r);
        if (*value == NULL)
            err = SLUICE_EEND;
    }
    face_rendezvous_unlock(r);
    return err;
}

/* ---- Emitting ----------------------------------------------------------------- */

/* What comes after somebody here has asked for the end is not sent. */
static bool
is_over(const struct sluice_rendezvous *r)
{
    return r->phase != FACE_ACTIVE || r->wish != FACE_NO_WISH;
}

static bool
can_emit_more(const struct sluice_rendezvous *r)
{
    return !is_over(r) && !r->has_emitted_last;
}

static enum sluice_err
await_room(struct sluice_rendezvous *r)
{
    enum sluice_err err = SLUICE_OK;

    while (err == SLUICE_OK && can_emit_more(r) &&
        (r->budget == 0 || r->outbox_count == FACE_OUTBOX))
        err = face_rendezvous_wait(r, FACE_FOREVER);
    return err;
}

enum sluice_err
face_rendezvous_await_room(struct sluice_rendezvous *r)
{
    enum sluice_err err;

    face_rendezvous_lock(r);
    err = await_room(r);
    if (err == SLUICE_OK && !can_emit_more(r))
        err = SLUICE_ESTATE;
    face_rendezvous_unlock(r);
    return err;
}

static void
note_value(struct sluice_rendezvous *r, struct sluice_bytes **value,
    bool is_last)
{
    if (*value != NULL) {
        assert(r->budget > 0 && r->outbox_count < FACE_OUTBOX);
        r->outbox[(r->outbox_first + r->outbox_count++) % FACE_OUTBOX] = *value;
        *value = NULL;
        r->budget--;
    }
    r->has_emitted = true;
    if (is_last) {
        r->has_emitted_last = r->owes_last = true;
        uv_cond_broadcast(&r->changed); /* nobody need wait for room */
    }
    face_rendezvous_knock(r);
}

enum sluice_err
face_rendezvous_emit(struct sluice_rendezvous *r, struct sluice_bytes *value,
    bool is_last)
{
    enum sluice_err err = SLUICE_OK;

    assert(value != NULL || is_last);
    face_rendezvous_lock(r);
    if (value != NULL)
        err = await_room(r);
    if (err == SLUICE_OK && !is_over(r)) {
        if (!r->has_emitted_last)
            note_value(r, &value, is_last);
        else if (value != NULL) /* a further end is no matter, this is */
            face_rendezvous_wish(r, FACE_FAIL);
    }
    face_rendezvous_unlock(r);
    sluice_bytes_unref(&value);
    return err;
}

/* ---- Ending ------------------------------------------------------------------- */

void
face_rendezvous_wish(struct sluice_rendezvous *r, enum face_wish wish)
{
    if (is_over(r))
        return;
    r->wish = wish;
    uv_cond_broadcast(&r->changed);
    face_rendezvous_knock(r);
}

void
face_rendezvous_fail(struct sluice_rendezvous *r)
{
    face_rendezvous_lock(r);
    face_rendezvous_wish(r, FACE_FAIL);
    face_rendezvous_unlock(r);
}
