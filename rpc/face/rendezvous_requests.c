/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/face/rendezvous_requests.c - requests that an iterator brings, drawn on a
 * pool: one for each allowance, and none after the end.
 *
 * The pump is one piece of work. It runs as long as requests may be sent, and
 * parks else, so that it costs no thread while the service is slow. Who parks
 * and who wakes agree under the rendezvous' lock.
 */
#include "rpc/face/rendezvous_call.h"

void
face_iterator_close(const struct sluice_iterator *iterator)
{
    if (iterator != NULL && iterator->close != NULL)
        iterator->close(iterator->arg);
}

/* ---- One run ------------------------------------------------------------------ */

static bool
has_room(const struct sluice_rendezvous *r)
{
    return r->budget > 0 && r->outbox_count < FACE_OUTBOX;
}

/* What to do next. It can be given up only here. */
static enum face_pump_state
decide(struct face_invocation *x)
{
    struct sluice_rendezvous *r = &x->r;
    enum face_pump_state state;

    face_rendezvous_lock(r);
    assert(x->pump.state == FACE_PUMP_RUNNING);
    if (r->phase != FACE_ACTIVE || r->wish != FACE_NO_WISH ||
        r->has_emitted_last)
        state = FACE_PUMP_CLOSED;
    else
        state = has_room(r) ? FACE_PUMP_RUNNING : FACE_PUMP_PARKED;
    x->pump.state = state;
    face_rendezvous_unlock(r);
    return state;
}

static void
draw(struct face_invocation *x)
{
    const struct sluice_iterator *requests = &x->pump.requests;
    struct sluice_bytes *request = NULL;
    enum sluice_err err;

    err = requests->next(requests->arg, &request);
    if (err == SLUICE_OK && request != NULL) {
        err = face_rendezvous_emit(&x->r, request, false);
        assert(err == SLUICE_OK); /* there was room, and only we fill it */
        return;
    }
    sluice_bytes_unref(&request);
    if (err == SLUICE_EEND) {
        err = face_rendezvous_emit(&x->r, NULL, true);
        assert(err == SLUICE_OK);
    } else {
        face_rendezvous_fail(&x->r);
    }
}

static void
on_work(struct sluice_work *work)
{
    struct face_invocation *x =
        RPC_CONTAINER_OF(work, struct face_invocation, pump.work);
    struct sluice_rendezvous *r = &x->r;
    enum face_pump_state state;

    while ((state = decide(x)) == FACE_PUMP_RUNNING)
        draw(x);
    if (state == FACE_PUMP_CLOSED)
        face_iterator_close(&x->pump.requests);
    sluice_rendezvous_unref(&r);
}

/* ---- Life ---------------------------------------------------------------------- */

void
face_pump_init(struct face_invocation *x, struct sluice_thread_pool *pool,
    const struct sluice_iterator *requests)
{
    if (requests == NULL)
        return;
    x->pump.state = FACE_PUMP_RUNNING; /* so that nobody else begins */
    x->pump.pool = pool;
    x->pump.requests = *requests;
    x->pump.work.run = on_work;
}

static void
submit(struct face_invocation *x)
{
    sluice_rendezvous_ref(&x->r);
    sluice_thread_pool_submit(x->pump.pool, &x->pump.work);
}

void
face_pump_start(struct face_invocation *x)
{
    if (x->pump.requests.next != NULL)
        submit(x);
}

void
face_pump_wake(struct face_invocation *x)
{
    if (x->pump.state != FACE_PUMP_PARKED ||
        (!has_room(&x->r) && x->r.phase == FACE_ACTIVE))
        return;
    x->pump.state = FACE_PUMP_RUNNING;
    submit(x);
}
