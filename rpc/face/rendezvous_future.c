/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/face/rendezvous_future.c - the rendezvous as its caller sees it: the Call
 * and the Future. Nearly all of it is waiting for the end.
 */
#include "rpc/face/rendezvous.h"

#include <stdlib.h>

/* Locked. */
static enum sluice_err
await_end(struct sluice_rendezvous *r, uint64_t until_ns)
{
    enum sluice_err err = SLUICE_OK;

    while (err == SLUICE_OK && r->phase == FACE_ACTIVE)
        err = face_rendezvous_wait(r, until_ns);
    return err;
}

/* ---- The call ----------------------------------------------------------------- */

/* Locks; the caller unlocks, whatever is returned. */
static enum sluice_err
lock_call(struct sluice_rendezvous *r)
{
    face_rendezvous_lock(r);
    return r->is_service ? SLUICE_ESTATE : await_end(r, FACE_FOREVER);
}

enum sluice_err
sluice_rendezvous_initial_metadata(struct sluice_rendezvous *r,
    struct sluice_metadata **metadata)
{
    RPC_CHECK(r, FACE_RENDEZVOUS_MAGIC);
    *metadata = NULL;
    return r->is_service ? SLUICE_ESTATE
                         : face_rendezvous_await_metadata(r, metadata);
}

enum sluice_err
sluice_rendezvous_terminal_metadata(struct sluice_rendezvous *r,
    struct sluice_metadata **metadata)
{
    enum sluice_err err = lock_call(r);

    *metadata = NULL;
    if (err == SLUICE_OK)
        *metadata = r->phase == FACE_ABORTED ? r->abortion.terminal_metadata
                                             : r->terminal_metadata;
    face_rendezvous_unlock(r);
    return err;
}

enum sluice_err
sluice_rendezvous_code(struct sluice_rendezvous *r, bool *has_code,
    int32_t *code)
{
    enum sluice_err err = lock_call(r);

    *has_code = false;
    *code = 0;
    if (err == SLUICE_OK && r->phase == FACE_ABORTED) {
        *has_code = r->abortion.has_code;
        *code = r->abortion.code;
    } else if (err == SLUICE_OK) {
        *has_code = r->has_code;
        *code = r->code;
    }
    face_rendezvous_unlock(r);
    return err;
}

enum sluice_err
sluice_rendezvous_details(struct sluice_rendezvous *r,
    struct sluice_str *details)
{
    enum sluice_err err = lock_call(r);

    *details = err == SLUICE_OK ? r->details : sluice_str(NULL);
    face_rendezvous_unlock(r);
    return err;
}

/* ---- The future ----------------------------------------------------------------- */

static uint64_t
instant(int64_t timeout_ns)
{
    if (timeout_ns == SLUICE_NO_TIMEOUT)
        return FACE_FOREVER;
    return timeout_ns > 0 ? uv_hrtime() + (uint64_t)timeout_ns : 0;
}

/* Locks; the caller unlocks, whatever is returned. SLUICE_OK: completed, or
 * aborted otherwise than by cancellation. */
static enum sluice_err
lock_future(struct sluice_rendezvous *r, int64_t timeout_ns)
{
    enum sluice_err err;

    face_rendezvous_lock(r);
    if (r->is_service || !r->is_unary)
        return SLUICE_ESTATE;
    err = await_end(r, instant(timeout_ns));
    if (err == SLUICE_OK && r->phase == FACE_ABORTED &&
        r->abortion.kind == SLUICE_ABORTION_CANCELLED)
        return SLUICE_ECANCELLED;
    return err;
}

enum sluice_err
sluice_rendezvous_result(struct sluice_rendezvous *r, int64_t timeout_ns,
    struct sluice_bytes **response)
{
    enum sluice_err err = lock_future(r, timeout_ns);

    *response = NULL;
    if (err == SLUICE_OK && r->phase == FACE_ABORTED)
        err = SLUICE_EABORTED;
    if (err == SLUICE_OK)
        *response = sluice_bytes_ref(r->value);
    face_rendezvous_unlock(r);
    return err;
}

enum sluice_err
sluice_rendezvous_exception(struct sluice_rendezvous *r, int64_t timeout_ns,
    const struct sluice_abortion **abortion)
{
    enum sluice_err err = lock_future(r, timeout_ns);

    *abortion = NULL;
    if (err == SLUICE_OK && r->phase == FACE_ABORTED)
        *abortion = &r->abortion;
    face_rendezvous_unlock(r);
    return err;
}

/* Without memory at least the kind. */
static struct sluice_str
traceback_of(struct sluice_rendezvous *r)
{
    size_t len;
    char *text;

    if (r->traceback.ptr == NULL) {
        len = sluice_abortion_text(&r->abortion, NULL, 0);
        text = malloc(len + 1);
        if (text == NULL)
            return sluice_str(sluice_abortion_error_name(r->abortion.kind));
        (void)sluice_abortion_text(&r->abortion, text, len + 1);
        r->traceback = sluice_str_n(text, len);
    }
    return r->traceback;
}

enum sluice_err
sluice_rendezvous_traceback(struct sluice_rendezvous *r, int64_t timeout_ns,
    struct sluice_str *traceback)
{
    enum sluice_err err = lock_future(r, timeout_ns);

    *traceback = sluice_str(NULL);
    if (err == SLUICE_OK && r->phase == FACE_ABORTED)
        *traceback = traceback_of(r);
    face_rendezvous_unlock(r);
    return err;
}

bool
sluice_rendezvous_cancelled(struct sluice_rendezvous *r)
{
    bool is_cancelled;

    face_rendezvous_lock(r);
    is_cancelled = r->is_cancelled;
    face_rendezvous_unlock(r);
    return is_cancelled;
}

bool
sluice_rendezvous_running(struct sluice_rendezvous *r)
{
    return sluice_rendezvous_is_active(r);
}

bool
sluice_rendezvous_done(struct sluice_rendezvous *r)
{
    return !sluice_rendezvous_is_active(r);
}

void
sluice_rendezvous_add_done_callback(struct sluice_rendezvous *r,
    struct sluice_done_callback *cb)
{
    struct sluice_done_callback **tail = &r->done_callbacks;
    bool is_done;

    assert(cb->run != NULL);
    face_rendezvous_lock(r);
    is_done = r->phase != FACE_ACTIVE;
    if (!is_done) {
        while (*tail != NULL)
            tail = &(*tail)->next;
        cb->next = NULL;
        *tail = cb;
    }
    face_rendezvous_unlock(r);
    if (is_done)
        cb->run(cb, r);
}
