/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Levels in disorder. Settling walks over a level and, when fields do not
 * ascend or something singular comes twice, rewrites it: a counting sort by
 * field, with one slot for each field that occurs. Tally: how many bytes does
 * each slot need? Lay out: where do they begin? Place: copy them. Merging two
 * messages is joining their bytes, so nothing below the level is looked at;
 * the submessage is settled in its turn.
 *
 * The first level that is rewritten goes from the caller's bytes into the
 * first half of w->copy, which is made as large as that level. Levels below it
 * lie in there, and are rewritten through the second half into their old
 * places, for they never grow. So w->copy does not move while it is used.
 */
#include "protobuf/json_writer.h"

#include <assert.h>
#include <stdlib.h>

/* A field of the level, or a oneof. Slots are found by key. */
struct pb_jw_slot {
    uint32_t key;                 /* field number, or ONEOF + its index */
    uint32_t live;                /* a oneof's: slot of its member, or NONE */
    const struct pb_field *field; /* NULL for a oneof's */
    const uint8_t *from;          /* records before it are void */
    const uint8_t *last;          /* a scalar's: the record that counts */
    size_t size;                  /* bytes needed, headers excepted */
    bool is_set;
    uint8_t *to; /* place of the next ones */
};

/* A record of a known field: where it and its value lie. */
struct record {
    const struct pb_field *field; /* NULL: is to be dropped */
    const uint8_t *at, *payload, *after;
    uint32_t number;
    unsigned wire;
    uint32_t slot;
};

#define ONEOF UINT32_C(0x80000000)
#define NONE UINT32_MAX

enum { SLOTS_FIRST = 16 };

/* ---- Checking ------------------------------------------------------------ */

/* What has been seen of a level. */
struct order {
    uint32_t last; /* field number */
    unsigned hint;
    bool is_last_repeated; /* as far as known: it may come again */
    bool is_cut;           /* an unknown field came since */
    bool is_mixed;
    uint64_t oneofs; /* bit index % 64: a member was seen */
};

static void
note_known(struct order *o, const struct pb_field *f, bool is_ascending)
{
    bool may_repeat = f->is_repeated && !o->is_cut;

    if (!is_ascending && (f->number < o->last || !may_repeat))
        o->is_mixed = true;
    o->is_last_repeated = may_repeat;
    if (f->is_extension)
        return;
    o->hint = f->index + 1u;
    if (f->oneof >= 0) {
        uint64_t bit = UINT64_C(1) << (f->oneof % 64);

        if ((o->oneofs & bit) != 0)
            o->is_mixed = true;
        o->oneofs |= bit;
    }
}

/* Mixed is a suspicion: unknown fields and wrong types may cause it too. The
 * field is looked up only when more than its number matters. */
static inline void
note_order(struct order *o, const struct pb_message *m, uint32_t number)
{
    bool is_ascending = number > o->last;
    const struct pb_field *f;

    if (is_ascending) {
        o->last = number;
        o->is_last_repeated = false;
        o->is_cut = false;
        if (m->n_oneofs == 0)
            return;
    } else if (number == o->last && o->is_last_repeated) {
        return;
    }
    f = pb_jw_find(m, number, o->hint);
    if (f != NULL) {
        note_known(o, f, is_ascending);
    } else if (number == o->last) {
        o->is_last_repeated = true;
    } else {
        o->is_cut = true;
        o->is_last_repeated = false;
    }
}

/* The byte after a record that begins with a tag of one byte; NULL: it is broken,
 * or belongs to a group. */
static inline const uint8_t *
skip_plain(const uint8_t *p, const uint8_t *end)
{
    unsigned wire = *p++ & 7;
    uint64_t bits;
    size_t len;

    if (wire == PB_WIRE_LEN) {
        p = pb_jw_len_read(p, end, &len);
        return p == NULL ? NULL : p + len;
    }
    if (wire == PB_WIRE_VARINT)
        return pb_jw_varint_read(p, end, &bits);
    if (wire == PB_WIRE_I64)
        return end - p >= 8 ? p + 8 : NULL;
    return wire == PB_WIRE_I32 && end - p >= 4 ? p + 4 : NULL;
}

/* Nearly everything of nearly every message, at full speed: tags of one byte,
 * ascending. Returns where that ends, or where the format is broken. */
static const uint8_t *
check_plain(const uint8_t *p, const uint8_t *end, struct order *o)
{
    uint32_t last = o->last;
    uint32_t least = last + !o->is_last_repeated; /* that may come */

    while (p < end && *p < 0x80) {
        uint32_t number = *p >> 3;
        const uint8_t *after;

        if (number < least)
            break;
        after = skip_plain(p, end);
        if (after == NULL)
            break;
        least = number + (number > last);
        last = number;
        p = after;
    }
    if (last != o->last) {
        o->last = last;
        o->is_cut = false;
    }
    o->is_last_repeated = least == last;
    return p;
}

/* Walks over the level; finds its end when it is a group. */
static bool
check(struct pb_json_writer *w, const struct pb_message *m,
    struct pb_jw_span *s, uint32_t group, const uint8_t **after,
    struct order *o)
{
    const uint8_t *p = s->p;

    for (;;) {
        const uint8_t *at;
        uint32_t number = 0;
        unsigned wire = 0;

        if (m->n_oneofs == 0)
            p = check_plain(p, s->end, o);
        if (p == s->end)
            break;
        at = p;
        p = pb_jw_tag_read(p, s->end, &number, &wire);
        if (p != NULL && wire == PB_WIRE_EGROUP && number == group) {
            s->end = at;
            *after = p;
            return true;
        }
        if (p != NULL)
            p = pb_jw_skip(p, s->end, number, wire, w->depth);
        if (p == NULL)
            return pb_jw_broken(w, at, s->end);
        note_order(o, m, number);
    }
    if (group != 0)
        return pb_jw_fail(w, PB_ESYNTAX, p,
            "broken wire format: a group that does not end");
    return true;
}

/* ---- Slots --------------------------------------------------------------- */

bool
pb_jw_clear_table(struct pb_json_writer *w, size_t cap)
{
    if (cap > w->table_cap) {
        free(w->table);
        w->table_cap = 0;
        w->table = malloc(cap * sizeof *w->table);
        if (w->table == NULL)
            return pb_jw_no_memory(w);
        w->table_cap = cap;
    }
    memset(w->table, 0, cap * sizeof *w->table);
    return true;
}

/* The entry of the table for key: 0, or slot + 1. At most half the table is
 * used; its size is twice slots_max, a power of two. */
static uint32_t *
table_entry(const struct pb_json_writer *w, uint32_t key)
{
    uint32_t mask = 2 * w->slots_max - 1;
    uint32_t i = key * UINT32_C(0x9e3779b1);

    for (i = (i ^ i >> 15) & mask;; i = (i + 1) & mask) {
        uint32_t *entry = &w->table[i];

        if (*entry == 0 || w->slots[*entry - 1].key == key)
            return entry;
    }
}

static bool
fill_table(struct pb_json_writer *w)
{
    if (!pb_jw_clear_table(w, 2 * (size_t)w->slots_max))
        return false;
    for (uint32_t i = 0; i < w->n_slots; i++)
        *table_entry(w, w->slots[i].key) = i + 1;
    return true;
}

/* Each level begins with few slots, so that clearing the table costs no more
 * than what is in it. */
static bool
set_slots_max(struct pb_json_writer *w, uint32_t max)
{
    struct pb_jw_slot *slots;

    if (max > w->slots_cap) {
        slots = realloc(w->slots, max * sizeof *slots);
        if (slots == NULL)
            return pb_jw_no_memory(w);
        w->slots = slots;
        w->slots_cap = max;
    }
    w->slots_max = max;
    return fill_table(w);
}

/* Finds or makes the slot of key; NONE after pb_jw_fail. */
static uint32_t
slot_of(struct pb_json_writer *w, uint32_t key, const struct pb_field *f)
{
    uint32_t *entry = table_entry(w, key);

    if (*entry != 0)
        return *entry - 1;
    if (w->n_slots == w->slots_max) {
        if (!set_slots_max(w, 2 * w->slots_max))
            return NONE;
        entry = table_entry(w, key);
    }
    w->slots[w->n_slots] = (struct pb_jw_slot){
        .key = key,
        .live = NONE,
        .field = f,
    };
    *entry = ++w->n_slots;
    return w->n_slots - 1;
}

/* ---- Tally --------------------------------------------------------------- */

/* Reads the record at p of a level that was checked. */
static void
read_record(const struct pb_json_writer *w, const struct pb_message *m,
    const uint8_t *p, const uint8_t *end, struct record *r)
{
    struct pb_jw_value v;

    r->at = p;
    r->payload = pb_jw_tag_read(p, end, &r->number, &r->wire);
    assert(r->payload != NULL);
    r->after = pb_jw_skip(r->payload, end, r->number, r->wire, w->depth);
    assert(r->after != NULL);
    r->field = pb_jw_find(m, r->number, 0);
    if (r->field == NULL)
        return;
    if (!pb_jw_accepts(r->field, r->wire))
        r->field = NULL;
    else if (!r->field->is_repeated && r->field->type == PB_ENUM &&
        pb_jw_read(r->field, r->payload, r->after, &v) != NULL &&
        pb_jw_is_void(r->field, &v))
        r->field = NULL;
}

/* The bytes of a submessage's record without its header and end tag. */
static const uint8_t *
body_of(const struct pb_json_writer *w, const struct record *r, size_t *len)
{
    const uint8_t *body = r->payload;
    const uint8_t *p = body;

    if (r->wire == PB_WIRE_LEN) {
        body = pb_jw_len_read(r->payload, r->after, len);
        assert(body != NULL);
        return body;
    }
    for (;;) {
        const uint8_t *at = p;
        uint32_t number = 0;
        unsigned wire = 0;

        p = pb_jw_tag_read(p, r->after, &number, &wire);
        assert(p != NULL);
        if (wire == PB_WIRE_EGROUP) {
            *len = (size_t)(at - body);
            return body;
        }
        p = pb_jw_skip(p, r->after, number, wire, w->depth);
        assert(p != NULL);
    }
}

/* A member of a oneof: what the others had so far is void. */
static bool
take_oneof(struct pb_json_writer *w, const struct record *r, bool *is_doubtful)
{
    uint32_t i = slot_of(w, ONEOF + (uint32_t)r->field->oneof, NULL);
    uint32_t live;

    if (i == NONE)
        return false;
    live = w->slots[i].live;
    if (live != NONE && live != r->slot) {
        w->slots[live].is_set = false;
        w->slots[live].size = 0;
        *is_doubtful = true;
    }
    w->slots[i].live = r->slot;
    return true;
}

/* *is_doubtful: a text or message will be dropped, or joined with a piece whose
 * beginning it may be. */
static bool
tally_record(struct pb_json_writer *w, struct record *r, bool *is_doubtful)
{
    const struct pb_field *f = r->field;
    struct pb_jw_slot *slot;
    size_t len;

    r->slot = slot_of(w, f->number, f);
    if (r->slot == NONE)
        return false;
    if (f->oneof >= 0 && !take_oneof(w, r, is_doubtful))
        return false;

    slot = &w->slots[r->slot];
    if (!slot->is_set)
        slot->from = r->at;
    else if (!f->is_repeated && (f->type == PB_STRING || f->message != NULL))
        *is_doubtful = true;
    slot->is_set = true;
    slot->last = r->at;
    if (f->is_repeated) {
        slot->size += (size_t)(r->after - r->at);
    } else if (f->message != NULL) {
        (void)body_of(w, r, &len);
        slot->size += len;
    } else {
        slot->size = (size_t)(r->after - r->at);
    }
    return true;
}

static bool
tally(struct pb_json_writer *w, const struct pb_message *m,
    const struct pb_jw_span *s)
{
    const uint8_t *p = s->p;
    bool is_doubtful = false;

    w->n_slots = 0;
    if (!set_slots_max(w, SLOTS_FIRST))
        return false;
    while (p < s->end) {
        struct record r;

        read_record(w, m, p, s->end, &r);
        if (r.field != NULL && !tally_record(w, &r, &is_doubtful))
            return false;
        p = r.after;
    }
    return !is_doubtful || pb_jw_check(w, m, s->p, s->end);
}

/* ---- Lay out and place --------------------------------------------------- */

static int
by_key(const void *a, const void *b)
{
    uint32_t x = ((const struct pb_jw_slot *)a)->key;
    uint32_t y = ((const struct pb_jw_slot *)b)->key;

    return x < y ? -1 : x > y;
}

static bool
is_joined(const struct pb_field *f)
{
    return f->message != NULL && !f->is_repeated;
}

/* Gives every slot its place and writes headers and end tags of submessages.
 * Returns the end. Oneofs have the highest keys and no size. */
static uint8_t *
lay_out(struct pb_json_writer *w, uint8_t *to)
{
    for (uint32_t i = 0; i < w->n_slots; i++) {
        struct pb_jw_slot *slot = &w->slots[i];
        const struct pb_field *f = slot->field;

        if (!slot->is_set)
            continue;
        if (is_joined(f)) {
            memcpy(to, f->tag, f->tag_len);
            to += f->tag_len;
            if (f->type == PB_MESSAGE)
                to = pb_varint_write(to, slot->size);
        }
        slot->to = to;
        to += slot->size;
        if (is_joined(f) && f->type == PB_GROUP)
            to = pb_varint_write(to, (uint64_t)f->number << 3 | PB_WIRE_EGROUP);
    }
    return to;
}

static void
place(struct pb_json_writer *w, const struct record *r)
{
    struct pb_jw_slot *slot = &w->slots[*table_entry(w, r->field->number) - 1];
    const uint8_t *from = r->at;
    size_t len = (size_t)(r->after - r->at);

    if (!slot->is_set || r->at < slot->from)
        return;
    if (is_joined(r->field))
        from = body_of(w, r, &len);
    else if (!r->field->is_repeated && r->at != slot->last)
        return;
    memcpy(slot->to, from, len);
    slot->to += len;
}

/* Writes the level in order at `to`; returns the end. */
static uint8_t *
sort_level(struct pb_json_writer *w, const struct pb_message *m,
    const struct pb_jw_span *s, uint8_t *to)
{
    const uint8_t *p = s->p;

    qsort(w->slots, w->n_slots, sizeof *w->slots, by_key);
    if (!fill_table(w))
        return NULL;
    to = lay_out(w, to);
    while (p < s->end) {
        struct record r;

        read_record(w, m, p, s->end, &r);
        if (r.field != NULL)
            place(w, &r);
        p = r.after;
    }
    return to;
}

/* ---- Settling ------------------------------------------------------------ */

/* Makes w->copy ready for the first level that is rewritten. */
static bool
open_copy(struct pb_json_writer *w, size_t len)
{
    if (w->copy_cap < 2 * len) {
        free(w->copy);
        w->copy_cap = 0;
        w->copy = malloc(2 * len);
        if (w->copy == NULL)
            return pb_jw_no_memory(w);
        w->copy_cap = 2 * len;
    }
    w->copy_half = len;
    w->is_copy_used = true;
    return true;
}

static bool
rewrite(struct pb_json_writer *w, const struct pb_message *m,
    struct pb_jw_span *s)
{
    size_t len = (size_t)(s->end - s->p);
    uint8_t *to, *end;

    if (!tally(w, m, s))
        return false;
    if (!w->is_copy_used) {
        w->copied_at = (size_t)(s->p - w->wire);
        if (!open_copy(w, len))
            return false;
        s->owns_copy = true;
        to = w->copy;
    } else {
        to = w->copy + w->copy_half;
    }

    end = sort_level(w, m, s, to);
    if (end == NULL)
        return false;
    assert((size_t)(end - to) <= len);
    if (s->owns_copy)
        s->p = to;
    else
        memcpy(w->copy + (s->p - w->copy), to, (size_t)(end - to));
    s->end = s->p + (end - to);
    return true;
}

bool
pb_jw_settle(struct pb_json_writer *w, const struct pb_message *m,
    struct pb_jw_span *s, uint32_t group, const uint8_t **after)
{
    struct order o = { .last = 0 };

    s->owns_copy = false;
    if (!check(w, m, s, group, after, &o))
        return false;
    return !o.is_mixed || rewrite(w, m, s);
}
