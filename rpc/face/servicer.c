/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/face/servicer.c - methods by name: the makers of implementations, and
 * the table of (group, method) pairs that the base layer asks.
 *
 * The table is open addressing, never more than half full, and only grows
 * before the End starts; afterwards it is read only, and the contexts of
 * running RPCs point into it.
 */
#include <stdlib.h>

#include <sluice/status.h>

#include "rpc/check.h"
#include "rpc/face/call.h"
#include "rpc/face/context.h"
#include "rpc/face/inline.h"

#define SERVICER_MAGIC 0x73767263u
#define MIN_SLOTS 16u

struct slot {
    char *names; /* group and method, one after the other; NULL: free slot */
    size_t group_len;
    size_t method_len;
    uint32_t hash;
    struct sluice_method_implementation implementation; /* in event style */
    struct face_inline *inline_method; /* what it runs; NULL: none */
};

struct sluice_face_servicer {
    struct sluice_servicer base; /* first: the base layer's view */
    unsigned magic;
    size_t count;
    size_t n_slots; /* a power of two */
    struct slot *slots;
    struct sluice_thread_pool *pool;
    struct sluice_multi_method_implementation multi; /* service NULL: none */
    void (*on_free)(void *arg);
    void *on_free_arg;
};

/* ---- Implementations ------------------------------------------------------ */

struct sluice_method_implementation
sluice_unary_unary_inline(sluice_unary_unary_inline_cb *behavior, void *self)
{
    return (struct sluice_method_implementation){
        .cardinality = SLUICE_UNARY_UNARY,
        .style = SLUICE_INLINE,
        .unary_unary_inline = behavior,
        .self = self,
    };
}

struct sluice_method_implementation
sluice_unary_stream_inline(sluice_unary_stream_inline_cb *behavior, void *self)
{
    return (struct sluice_method_implementation){
        .cardinality = SLUICE_UNARY_STREAM,
        .style = SLUICE_INLINE,
        .unary_stream_inline = behavior,
        .self = self,
    };
}

struct sluice_method_implementation
sluice_stream_unary_inline(sluice_stream_unary_inline_cb *behavior, void *self)
{
    return (struct sluice_method_implementation){
        .cardinality = SLUICE_STREAM_UNARY,
        .style = SLUICE_INLINE,
        .stream_unary_inline = behavior,
        .self = self,
    };
}

struct sluice_method_implementation
sluice_stream_stream_inline(sluice_stream_stream_inline_cb *behavior,
    void *self)
{
    return (struct sluice_method_implementation){
        .cardinality = SLUICE_STREAM_STREAM,
        .style = SLUICE_INLINE,
        .stream_stream_inline = behavior,
        .self = self,
    };
}

struct sluice_method_implementation
sluice_unary_unary_event(sluice_unary_event_cb *behavior, void *self)
{
    return (struct sluice_method_implementation){
        .cardinality = SLUICE_UNARY_UNARY,
        .style = SLUICE_EVENT,
        .unary_unary_event = behavior,
        .self = self,
    };
}

struct sluice_method_implementation
sluice_unary_stream_event(sluice_unary_event_cb *behavior, void *self)
{
    return (struct sluice_method_implementation){
        .cardinality = SLUICE_UNARY_STREAM,
        .style = SLUICE_EVENT,
        .unary_stream_event = behavior,
        .self = self,
    };
}

struct sluice_method_implementation
sluice_stream_unary_event(sluice_stream_event_cb *behavior, void *self)
{
    return (struct sluice_method_implementation){
        .cardinality = SLUICE_STREAM_UNARY,
        .style = SLUICE_EVENT,
        .stream_unary_event = behavior,
        .self = self,
    };
}

struct sluice_method_implementation
sluice_stream_stream_event(sluice_stream_event_cb *behavior, void *self)
{
    return (struct sluice_method_implementation){
        .cardinality = SLUICE_STREAM_STREAM,
        .style = SLUICE_EVENT,
        .stream_stream_event = behavior,
        .self = self,
    };
}

/* Which of the eight behaviours are there, one bit each, in the order of
 * cardinality within style. */
static unsigned
behaviours(const struct sluice_method_implementation *made)
{
    return (made->unary_unary_inline != NULL) << 0 |
        (made->unary_stream_inline != NULL) << 1 |
        (made->stream_unary_inline != NULL) << 2 |
        (made->stream_stream_inline != NULL) << 3 |
        (made->unary_unary_event != NULL) << 4 |
        (made->unary_stream_event != NULL) << 5 |
        (made->stream_unary_event != NULL) << 6 |
        (made->stream_stream_event != NULL) << 7;
}

static bool
is_well_made(const struct sluice_method_implementation *made)
{
    unsigned cardinality = made->cardinality, style = made->style;

    return cardinality <= SLUICE_STREAM_STREAM && style <= SLUICE_EVENT &&
        behaviours(made) == 1u << (4 * style + cardinality);
}

/* ---- The table ------------------------------------------------------------ */

/* FNV-1a. Names of the world are only looked up, so nobody can fill it with
 * collisions. */
static uint32_t
hash_more(uint32_t hash, struct sluice_str s)
{
    size_t i;

    for (i = 0; i < s.len; i++)
        hash = (hash ^ (uint8_t)s.ptr[i]) * 16777619u;
    return hash;
}

static uint32_t
hash_pair(struct sluice_str group, struct sluice_str method)
{
    uint32_t hash = hash_more(2166136261u, group);

    return hash_more(hash_more(hash, sluice_str_n("/", 1)), method);
}

static bool
holds(const struct slot *slot, uint32_t hash, struct sluice_str group,
    struct sluice_str method)
{
    return slot->hash == hash &&
        sluice_str_equal(sluice_str_n(slot->names, slot->group_len), group) &&
        sluice_str_equal(sluice_str_n(slot->names + slot->group_len,
                             slot->method_len),
            method);
}

/* The slot of the pair, or the free one where it belongs. */
static struct slot *
find(const struct sluice_face_servicer *s, uint32_t hash,
    struct sluice_str group, struct sluice_str method)
{
    size_t i = hash & (s->n_slots - 1);

    while (
        s->slots[i].names != NULL && !holds(&s->slots[i], hash, group, method))
        i = (i + 1) & (s->n_slots - 1);
    return &s->slots[i];
}

static bool
grow(struct sluice_face_servicer *s)
{
    size_t n_slots = s->n_slots * 2;
    struct slot *slots = calloc(n_slots, sizeof(*slots));
    size_t i, to;

    if (slots == NULL)
        return false;
    for (i = 0; i < s->n_slots; i++) {
        if (s->slots[i].names == NULL)
            continue;
        to = s->slots[i].hash & (n_slots - 1);
        while (slots[to].names != NULL)
            to = (to + 1) & (n_slots - 1);
        slots[to] = s->slots[i];
    }
    free(s->slots);
    s->slots = slots;
    s->n_slots = n_slots;
    return true;
}

/* Never NULL for lack of letters: an empty pair still takes a byte. */
static char *
copy_names(struct sluice_str group, struct sluice_str method)
{
    size_t size;
    char *names;

    if (__builtin_add_overflow(group.len, method.len, &size) ||
        __builtin_add_overflow(size, 1, &size))
        return NULL;
    names = malloc(size);
    if (names == NULL)
        return NULL;
    if (group.len > 0)
        memcpy(names, group.ptr, group.len);
    if (method.len > 0)
        memcpy(names + group.len, method.ptr, method.len);
    return names;
}

/* ---- The base layer's view ------------------------------------------------ */

static enum sluice_reply
service(struct sluice_servicer *self, struct sluice_str group,
    struct sluice_str method, struct sluice_operation *op,
    struct sluice_subscription *subscription,
    struct sluice_no_such_method *no_such_method)
{
    struct sluice_face_servicer *s = (struct sluice_face_servicer *)self;
    const struct slot *slot;
    enum sluice_reply reply = SLUICE_REPLY_NO_SUCH_METHOD;

    assert(s->magic == SERVICER_MAGIC);
    slot = find(s, hash_pair(group, method), group, method);
    if (slot->names != NULL)
        reply = face_service_begin(&slot->implementation, op, subscription);
    else if (s->multi.service != NULL)
        reply = face_service_begin_multi(&s->multi, group, method, op,
            subscription);
    if (reply == SLUICE_REPLY_NO_SUCH_METHOD) {
        no_such_method->has_code = true;
        no_such_method->code = SLUICE_CODE_UNIMPLEMENTED;
        no_such_method->details = sluice_str("no such method");
    }
    return reply;
}

struct sluice_servicer *
sluice_face_servicer_base(struct sluice_face_servicer *servicer)
{
    assert(servicer->magic == SERVICER_MAGIC);
    return &servicer->base;
}

/* ---- Life ----------------------------------------------------------------- */

struct sluice_face_servicer *
sluice_face_servicer_new(void)
{
    struct sluice_face_servicer *s = calloc(1, sizeof(*s));

    if (s == NULL)
        return NULL;
    s->slots = calloc(MIN_SLOTS, sizeof(*s->slots));
    if (s->slots == NULL) {
        free(s);
        return NULL;
    }
    s->base.service = service;
    s->magic = SERVICER_MAGIC;
    s->n_slots = MIN_SLOTS;
    return s;
}

void
sluice_face_servicer_free(struct sluice_face_servicer **servicer)
{
    struct sluice_face_servicer *s = *servicer;
    size_t i;

    if (s == NULL)
        return;
    assert(s->magic == SERVICER_MAGIC);
    for (i = 0; i < s->n_slots; i++) {
        free(s->slots[i].names);
        free(s->slots[i].inline_method);
    }
    free(s->slots);
    if (s->on_free != NULL)
        s->on_free(s->on_free_arg);
    s->magic = 0;
    free(s);
    *servicer = NULL;
}

void
sluice_face_servicer_on_free(struct sluice_face_servicer *servicer,
    void (*on_free)(void *arg), void *arg)
{
    assert(servicer->magic == SERVICER_MAGIC);
    servicer->on_free = on_free;
    servicer->on_free_arg = arg;
}

void
sluice_face_servicer_set_thread_pool(struct sluice_face_servicer *servicer,
    struct sluice_thread_pool *pool)
{
    assert(servicer->magic == SERVICER_MAGIC);
    servicer->pool = pool;
}

/* What the implementation becomes in the table. */
static bool
implement(struct slot *slot, const struct sluice_method_implementation *made,
    struct sluice_thread_pool *pool)
{
    if (made->style == SLUICE_EVENT) {
        slot->implementation = *made;
        return true;
    }
    slot->inline_method = malloc(sizeof(*slot->inline_method));
    if (slot->inline_method == NULL)
        return false;
    slot->inline_method->method = *made;
    slot->inline_method->pool = pool;
    slot->implementation = face_inline_as_event(slot->inline_method);
    return true;
}

enum sluice_err
sluice_face_servicer_add(struct sluice_face_servicer *servicer,
    struct sluice_str group, struct sluice_str method,
    const struct sluice_method_implementation *made)
{
    struct slot slot = {
        .group_len = group.len,
        .method_len = method.len,
        .hash = hash_pair(group, method),
    };

    assert(servicer->magic == SERVICER_MAGIC);
    if (!is_well_made(made) ||
        (made->style == SLUICE_INLINE && servicer->pool == NULL))
        return SLUICE_EINVAL;
    if (find(servicer, slot.hash, group, method)->names != NULL)
        return SLUICE_EINVAL;
    if (servicer->count >= servicer->n_slots / 2 && !grow(servicer))
        return SLUICE_ENOMEM;
    slot.names = copy_names(group, method);
    if (slot.names == NULL || !implement(&slot, made, servicer->pool)) {
        free(slot.names);
        return SLUICE_ENOMEM;
    }
    *find(servicer, slot.hash, group, method) = slot;
    servicer->count++;
    return SLUICE_OK;
}

enum sluice_err
sluice_face_servicer_set_multi_method(struct sluice_face_servicer *servicer,
    const struct sluice_multi_method_implementation *implementation)
{
    assert(servicer->magic == SERVICER_MAGIC);
    if (implementation->service == NULL || servicer->multi.service != NULL)
        return SLUICE_EINVAL;
    servicer->multi = *implementation;
    return SLUICE_OK;
}
