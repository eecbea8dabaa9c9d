/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/face/rendezvous.c - the loop half of the monitor: what goes through the
 * door, what is heard of the RPC, and its end.
 *
 * References that leave the monitor are dropped without the lock, because the
 * owner of wrapped bytes may call in from there.
 */
#include "rpc/face/rendezvous.h"

#include <limits.h>
#include <stdlib.h>

/* ---- Life ----------------------------------------------------------------- */

static void on_door(struct sluice_task *task);

struct sluice_rendezvous *
face_rendezvous_new(const struct face_rendezvous_ops *ops,
    struct sluice_loop *loop)
{
    struct sluice_rendezvous *r = calloc(1, ops->size);

    if (r == NULL)
        return NULL;
    if (uv_mutex_init(&r->lock) != 0)
        goto out;
    if (uv_cond_init(&r->changed) != 0) {
        uv_mutex_destroy(&r->lock);
        goto out;
    }
    r->magic = FACE_RENDEZVOUS_MAGIC;
    atomic_init(&r->holds, 1);
    r->ops = ops;
    r->loop = loop;
    r->deadline_ns = FACE_FOREVER;
    r->door.run = on_door;
    return r;

out:
    free(r);
    return NULL;
}

struct sluice_rendezvous *
sluice_rendezvous_ref(struct sluice_rendezvous *r)
{
    unsigned before;

    RPC_CHECK(r, FACE_RENDEZVOUS_MAGIC);
    before = atomic_fetch_add_explicit(&r->holds, 1, memory_order_relaxed);
    assert(before > 0 && before < UINT_MAX);
    return r;
}

static void
destroy(struct sluice_rendezvous *r)
{
    assert(r->rpc == NULL && !r->is_posted && r->outbox_count == 0);

    if (r->ops->fini != NULL)
        r->ops->fini(r);
    sluice_metadata_unref(&r->metadata);
    sluice_metadata_unref(&r->terminal_metadata);
    sluice_metadata_unref(&r->abortion.initial_metadata);
    sluice_metadata_unref(&r->abortion.terminal_metadata);
    sluice_bytes_unref(&r->value);
    free((char *)(uintptr_t)r->details.ptr);
    free((char *)(uintptr_t)r->traceback.ptr);
    uv_cond_destroy(&r->changed);
    uv_mutex_destroy(&r->lock);
    r->magic = 0;
    free(r);
}

void
sluice_rendezvous_unref(struct sluice_rendezvous **r_p)
{
    struct sluice_rendezvous *r = *r_p;
    unsigned before;

    if (r == NULL)
        return;
    RPC_CHECK(r, FACE_RENDEZVOUS_MAGIC);
    *r_p = NULL;
    before = atomic_fetch_sub_explicit(&r->holds, 1, memory_order_acq_rel);
    assert(before > 0);
    if (before == 1)
        destroy(r);
}

/* ---- The door: from any thread to the loop's ------------------------------- */

/* What was noted since the last time. */
struct errand {
    struct face_settings settings;
    struct sluice_bytes *values[FACE_OUTBOX];
    unsigned n_values;
    bool is_last;
    int allowance;
    enum face_wish wish;
};

static struct errand
take_errand(struct sluice_rendezvous *r)
{
    struct errand e = {
        .settings = r->settings,
        .is_last = r->owes_last,
        .allowance = r->owed_allowance,
        .wish = r->wish,
    };

    memset(&r->settings, 0, sizeof(r->settings));
    while (r->outbox_count > 0) {
        e.values[e.n_values++] = r->outbox[r->outbox_first];
        r->outbox_first = (r->outbox_first + 1) % FACE_OUTBOX;
        r->outbox_count--;
    }
    r->owes_last = false;
    r->owed_allowance = 0;
    return e;
}

static void
drop_errand(struct errand *e)
{
    unsigned i;

    sluice_metadata_unref(&e->settings.initial_metadata);
    sluice_metadata_unref(&e->settings.terminal_metadata);
    free(e->settings.details);
    for (i = 0; i < e->n_values; i++)
        sluice_bytes_unref(&e->values[i]);
}

static bool
has_settings(const struct face_settings *s)
{
    return s->initial_metadata != NULL || s->terminal_metadata != NULL ||
        s->has_code || s->details != NULL;
}

/* In the order in which the base layer wants it; an end comes after what was
 * asked for before it. */
static void
do_errand(struct sluice_rendezvous *r, struct errand *e)
{
    const struct face_rendezvous_ops *ops = r->ops;
    unsigned i;

    if (has_settings(&e->settings))
        ops->apply(r->rpc, &e->settings);
    free(e->settings.details);
    for (i = 0; i < e->n_values; i++)
        ops->emit(r->rpc, e->values[i], e->is_last && i + 1 == e->n_values);
    if (e->is_last && e->n_values == 0)
        ops->emit(r->rpc, NULL, true);
    if (e->allowance > 0)
        ops->allow(r->rpc, e->allowance);
    if (e->wish == FACE_CANCEL)
        ops->cancel(r->rpc);
    else if (e->wish == FACE_FAIL)
        ops->fail(r->rpc);
}

/* Locked: wakes those who wait, here and elsewhere. */
static void
tell_of_change(struct sluice_rendezvous *r)
{
    uv_cond_broadcast(&r->changed);
    if (r->ops->changed != NULL)
        r->ops->changed(r);
}

static void
on_door(struct sluice_task *task)
{
    struct sluice_rendezvous *r =
        RPC_CONTAINER_OF(task, struct sluice_rendezvous, door);
    struct errand e;
    bool is_active;

    face_rendezvous_lock(r);
    r->is_posted = false;
    is_active = r->phase == FACE_ACTIVE;
    e = take_errand(r);
    if (e.n_values > 0)
        tell_of_change(r); /* there is room again */
    face_rendezvous_unlock(r);

    if (is_active)
        do_errand(r, &e);
    else
        drop_errand(&e);
    sluice_rendezvous_unref(&r);
}

void
face_rendezvous_knock(struct sluice_rendezvous *r)
{
    assert(r->phase == FACE_ACTIVE);
    if (r->is_posted)
        return;
    r->is_posted = true;
    sluice_rendezvous_ref(r);
    sluice_loop_post(r->loop, &r->door);
}

/* ---- What the loop half hears ---------------------------------------------- */

/* What only the RPC's own functions can tell, on the loop's thread. */
static void
look_again(struct sluice_rendezvous *r)
{
    int64_t remaining = r->ops->time_remaining(r->rpc);
    int budget = r->ops->budget(r->rpc), waiting = (int)r->outbox_count;

    r->budget = budget > waiting ? budget - waiting : 0;
    if (remaining == SLUICE_NO_TIMEOUT)
        r->deadline_ns = FACE_FOREVER;
    else
        r->deadline_ns = sluice_loop_now(r->loop) + (uint64_t)remaining;
    if (!r->has_context)
        r->has_context =
            r->ops->protocol_context(r->rpc, &r->context) == SLUICE_OK;
}

static void
begin_hearing(struct sluice_rendezvous *r)
{
    face_rendezvous_lock(r);
    assert(r->phase == FACE_ACTIVE && r->rpc != NULL);
    look_again(r);
}

static void
end_hearing(struct sluice_rendezvous *r)
{
    tell_of_change(r);
    face_rendezvous_unlock(r);
}

void
face_rendezvous_look(struct sluice_rendezvous *r)
{
    begin_hearing(r);
    end_hearing(r);
}

void
face_rendezvous_attach(struct sluice_rendezvous *r, void *rpc)
{
    assert(r->rpc == NULL);
    r->rpc = rpc;
    sluice_rendezvous_ref(r);
    begin_hearing(r);
    end_hearing(r);
}

void
face_rendezvous_hear_metadata(struct sluice_rendezvous *r,
    struct sluice_metadata *metadata)
{
    begin_hearing(r);
    if (!r->has_metadata) {
        r->has_metadata = true;
        r->metadata = metadata;
        metadata = NULL;
    }
    end_hearing(r);
    sluice_metadata_unref(&metadata);
}

void
face_rendezvous_hear_value(struct sluice_rendezvous *r,
    struct sluice_bytes *value)
{
    begin_hearing(r);
    assert(r->value == NULL && !r->has_all);
    r->value = value;
    end_hearing(r);
}

void
face_rendezvous_hear_all(struct sluice_rendezvous *r)
{
    begin_hearing(r);
    r->has_all = true;
    end_hearing(r);
}

/* ---- The end --------------------------------------------------------------- */

/* Without memory the text is lost, but not the end. */
static struct sluice_str
copy_text(struct sluice_str text)
{
    char *copy;

    if (text.ptr == NULL)
        return text;
    copy = malloc(text.len + 1); /* so that an empty one is not absent */
    if (copy == NULL)
        return sluice_str(NULL);
    memcpy(copy, text.ptr, text.len);
    copy[text.len] = '\0';
    return sluice_str_n(copy, text.len);
}

static struct sluice_metadata *
hold_metadata(struct sluice_metadata *metadata)
{
    return metadata != NULL ? sluice_metadata_ref(metadata) : NULL;
}

static void
keep_abortion(struct sluice_rendezvous *r,
    const struct sluice_abortion *abortion)
{
    r->phase = FACE_ABORTED;
    r->details = copy_text(abortion->details);
    r->abortion = *abortion;
    r->abortion.details = r->details;
    r->abortion.initial_metadata = hold_metadata(abortion->initial_metadata);
    r->abortion.terminal_metadata = hold_metadata(abortion->terminal_metadata);
}

static void
keep_completion(struct sluice_rendezvous *r,
    const struct sluice_completion *completion)
{
    r->phase = FACE_COMPLETED;
    if (completion == NULL)
        return;
    r->terminal_metadata = completion->terminal_metadata;
    r->has_code = completion->has_code;
    r->code = completion->code;
    r->details = copy_text(completion->message);
}

static void
run_callbacks(struct sluice_rendezvous *r,
    struct sluice_abortion_callback *on_abortion,
    struct sluice_done_callback *on_done)
{
    struct sluice_abortion_callback *next_abortion;
    struct sluice_done_callback *next_done;

    /* each one may be gone once it has run */
    for (; on_abortion != NULL; on_abortion = next_abortion) {
        next_abortion = on_abortion->next;
        if (r->phase == FACE_ABORTED)
            on_abortion->run(on_abortion, &r->abortion);
    }
    for (; on_done != NULL; on_done = next_done) {
        next_done = on_done->next;
        on_done->run(on_done, r);
    }
}

void
face_rendezvous_end(struct sluice_rendezvous *r, const struct face_end *end)
{
    struct sluice_abortion_callback *on_abortion;
    struct sluice_done_callback *on_done;
    struct sluice_bytes *undrawn = NULL;
    struct errand undone;
    void *rpc;

    face_rendezvous_lock(r);
    assert(r->phase == FACE_ACTIVE && r->rpc != NULL);
    if (end->abortion != NULL) {
        keep_abortion(r, end->abortion);
        undrawn = r->value;
        r->value = NULL;
    } else {
        keep_completion(r, end->completion);
    }
    r->has_metadata = r->has_all = true;
    r->has_context = false;
    r->context = NULL;
    undone = take_errand(r);
    rpc = r->rpc;
    r->rpc = NULL;
    on_abortion = r->abortion_callbacks;
    r->abortion_callbacks = NULL;
    on_done = r->done_callbacks;
    r->done_callbacks = NULL;
    /* Whoever waits may free the pool of its iterator as soon as it knows. */
    tell_of_change(r);
    face_rendezvous_unlock(r);

    sluice_bytes_unref(&undrawn);
    drop_errand(&undone);
    run_callbacks(r, on_abortion, on_done);
    r->ops->release(rpc);
    sluice_rendezvous_unref(&r);
}
