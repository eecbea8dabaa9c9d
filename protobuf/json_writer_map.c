/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Maps. On the wire a map is a run of entry messages, and of entries with equal
 * keys the last one counts. So the run is read twice: first only the keys, to
 * mark the entries that a later one overrides, then everything. Nearly always
 * nothing is to be marked, and then nothing is kept between the two.
 *
 * Few keys are compared with one another. Many go through a hash table; as the
 * keys are a stranger's, its steps are counted, and too many are an error
 * instead of a quadratic search.
 */
#include "protobuf/json_writer.h"

#include <stdlib.h>

enum {
    FEW = 16,
    STEPS_PER_KEY = 16, /* in the table; about 2 are normal */
    PATH_KEY_MAX = 40,
};

/* One map's entries, [p, end), and which of them are void: one bit for every
 * two bytes, the least that an entry takes. */
struct run {
    const struct pb_field *field, *key, *value;
    const uint8_t *p, *end;
    size_t marks; /* where in w->marks, when has_marks */
    bool has_marks;
};

/* ---- Entries ------------------------------------------------------------- */

/* The next entry of the run, from *p on: its record and the body in it.
 * Returns 1, or 0 when the run has ended (then *p is its end), or -1 when the
 * wire format is broken. */
static int
next_entry(const struct run *run, unsigned depth, const uint8_t **p,
    struct pb_jw_value *body)
{
    while (*p < run->end) {
        const uint8_t *after;
        uint32_t number = 0;
        unsigned wire = 0;

        after = pb_jw_tag_read(*p, run->end, &number, &wire);
        if (after == NULL)
            return -1;
        if (number != run->field->number)
            return 0;
        if (wire == PB_WIRE_LEN) {
            body->p = pb_jw_len_read(after, run->end, &body->len);
            return body->p != NULL ? 1 : -1;
        }
        *p = pb_jw_skip(after, run->end, number, wire, depth);
        if (*p == NULL)
            return -1;
    }
    return 0;
}

static const struct pb_jw_value no_value = { .p = (const uint8_t *)"" };

/* What a value is when the entry has none. */
static struct pb_jw_value
default_of(const struct pb_field *f)
{
    struct pb_jw_value v = no_value;

    if (f->type == PB_ENUM)
        v.bits = (uint64_t)(int64_t)f->enumeration->default_number;
    return v;
}

/* Equal keys get equal bits. */
static void
normalize_key(const struct pb_field *f, struct pb_jw_value *v)
{
    switch (f->type) {
    case PB_INT32:
    case PB_UINT32:
    case PB_SINT32:
        v->bits = (uint32_t)v->bits;
        break;
    case PB_BOOL:
        v->bits = v->bits != 0;
        break;
    default:
        break;
    }
}

/* The key of an entry that is nothing but a key and a value, quickly. */
static bool
read_only_key(const struct run *run, const uint8_t *p, const uint8_t *end,
    struct pb_jw_value *key)
{
    if (p == end || *p != run->key->tag[0] || run->value->type == PB_ENUM)
        return false;
    p = pb_jw_read(run->key, p + 1, end, key);
    if (p != NULL && p < end && *p == run->value->tag[0])
        p = pb_jw_skip(p + 1, end, run->value->number, run->value->wire, 0);
    return p == end;
}

/* The last key of an entry; *is_void when it is as if not there. */
static bool
read_key(struct pb_json_writer *w, const struct run *run, const uint8_t *p,
    const uint8_t *end, struct pb_jw_value *key, bool *is_void)
{
    struct pb_jw_value value;

    *is_void = false;
    if (read_only_key(run, p, end, key)) {
        normalize_key(run->key, key);
        return true;
    }
    *key = no_value;
    while (p < end) {
        const uint8_t *at = p;
        uint32_t number = 0;
        unsigned wire = 0;

        p = pb_jw_tag_read(p, end, &number, &wire);
        if (p == NULL)
            return pb_jw_broken(w, at, end);
        if (number == run->key->number && wire == run->key->wire) {
            p = pb_jw_read(run->key, p, end, key);
        } else if (number == run->value->number &&
            run->value->type == PB_ENUM && wire == run->value->wire) {
            p = pb_jw_read(run->value, p, end, &value);
            *is_void = p != NULL && pb_jw_is_void(run->value, &value);
        } else {
            p = pb_jw_skip(p, end, number, wire, w->depth);
        }
        if (p == NULL)
            return pb_jw_broken(w, at, end);
    }
    normalize_key(run->key, key);
    return true;
}

static bool
is_same_key(const struct pb_field *f, const struct pb_jw_value *a,
    const struct pb_jw_value *b)
{
    if (f->type != PB_STRING)
        return a->bits == b->bits;
    return a->len == b->len && memcmp(a->p, b->p, a->len) == 0;
}

/* ---- Marks --------------------------------------------------------------- */

static bool
grow_marks(struct pb_json_writer *w, size_t need)
{
    size_t cap = w->marks_cap * 2 > need ? w->marks_cap * 2 : need;
    uint8_t *marks = realloc(w->marks, cap);

    if (marks == NULL)
        return pb_jw_no_memory(w);
    w->marks = marks;
    w->marks_cap = cap;
    return true;
}

static bool
mark(struct pb_json_writer *w, struct run *run, const uint8_t *at)
{
    size_t bit = (size_t)(at - run->p) / 2;

    if (!run->has_marks) {
        size_t n = (size_t)(run->end - run->p) / 16 + 1;

        if (w->marks_cap - w->marks_len < n && !grow_marks(w, w->marks_len + n))
            return false;
        run->marks = w->marks_len;
        run->has_marks = true;
        memset(w->marks + w->marks_len, 0, n);
        w->marks_len += n;
    }
    w->marks[run->marks + bit / 8] |= (uint8_t)(1u << bit % 8);
    return true;
}

static bool
is_marked(const struct pb_json_writer *w, const struct run *run,
    const uint8_t *at)
{
    size_t bit = (size_t)(at - run->p) / 2;

    return run->has_marks &&
        (w->marks[run->marks + bit / 8] >> bit % 8 & 1) != 0;
}

static void
drop_marks(struct pb_json_writer *w, const struct run *run)
{
    if (run->has_marks)
        w->marks_len = run->marks;
}

/* ---- Equal keys ---------------------------------------------------------- */

/* *n: how many entries there are; no more than FEW + 1 are counted. */
static bool
mark_among_few(struct pb_json_writer *w, struct run *run, unsigned *n)
{
    struct pb_jw_value keys[FEW], body;
    const uint8_t *places[FEW];
    const uint8_t *p = run->p;
    bool is_void;
    int more;

    for (*n = 0; (more = next_entry(run, w->depth, &p, &body)) > 0;) {
        if (*n == FEW) {
            *n = FEW + 1;
            return true;
        }
        places[*n] = p;
        p = body.p + body.len;
        if (!read_key(w, run, body.p, p, &keys[*n], &is_void))
            return false;
        if (is_void)
            continue;
        for (unsigned i = 0; i < *n; i++)
            if (is_same_key(run->key, &keys[i], &keys[*n]) &&
                !mark(w, run, places[i]))
                return false;
        ++*n;
    }
    return more == 0 || pb_jw_broken(w, p, run->end);
}

static uint64_t
mix(uint64_t a, uint64_t b)
{
    a = (a ^ b) * UINT64_C(0x9e3779b97f4a7c15);
    return a ^ a >> 29;
}

/* Its seed is where the writer happens to lie. */
static uint64_t
hash_key(const struct pb_json_writer *w, const struct pb_field *f,
    const struct pb_jw_value *key)
{
    uint64_t h = mix(0, (uint64_t)(uintptr_t)w);
    uint64_t word;
    size_t i;

    if (f->type != PB_STRING) {
        h = mix(h, key->bits);
    } else {
        h = mix(h, key->len);
        for (i = 0; i + sizeof word <= key->len; i += sizeof word) {
            memcpy(&word, key->p + i, sizeof word);
            h = mix(h, word);
        }
        word = 0;
        memcpy(&word, key->p + i, key->len - i);
        h = mix(h, word);
    }
    return mix(h, h >> 32);
}

/* Enters the entry at `at`; marks the one that it overrides. Entries of the
 * table are offsets into the run, plus 1. */
static bool
enter_key(struct pb_json_writer *w, struct run *run, size_t mask,
    const uint8_t *at, const struct pb_jw_value *key, uint64_t *steps)
{
    size_t i = hash_key(w, run->key, key) & mask;

    for (; w->table[i] != 0; i = (i + 1) & mask) {
        const uint8_t *p = run->p + (w->table[i] - 1);
        struct pb_jw_value body, other;
        bool is_void;

        if (*steps == 0)
            return pb_jw_fail(w, PB_ELIMIT, at,
                "the keys of a map collide too often");
        --*steps;
        (void)next_entry(run, w->depth, &p, &body);
        if (!read_key(w, run, body.p, body.p + body.len, &other, &is_void))
            return false;
        if (is_same_key(run->key, key, &other)) {
            if (!mark(w, run, p))
                return false;
            break;
        }
    }
    w->table[i] = (uint32_t)(at - run->p) + 1;
    return true;
}

static size_t
count_entries(const struct pb_json_writer *w, const struct run *run)
{
    const uint8_t *p = run->p;
    struct pb_jw_value body;
    size_t n = 0;

    while (next_entry(run, w->depth, &p, &body) > 0) {
        p = body.p + body.len;
        n++;
    }
    return n;
}

static bool
mark_among_many(struct pb_json_writer *w, struct run *run)
{
    size_t n = count_entries(w, run);
    uint64_t steps = (uint64_t)n * STEPS_PER_KEY;
    size_t cap = (size_t)2 << (63 - __builtin_clzll(n)); /* n < cap <= 2n */
    const uint8_t *p = run->p;
    struct pb_jw_value body, key;
    bool is_void;
    int more;

    cap *= 2;
    if (!pb_jw_clear_table(w, cap))
        return false;
    while ((more = next_entry(run, w->depth, &p, &body)) > 0) {
        const uint8_t *at = p;

        p = body.p + body.len;
        if (!read_key(w, run, body.p, p, &key, &is_void))
            return false;
        if (!is_void && !enter_key(w, run, cap - 1, at, &key, &steps))
            return false;
    }
    return more == 0 || pb_jw_broken(w, p, run->end);
}

static bool
mark_equal_keys(struct pb_json_writer *w, struct run *run)
{
    unsigned n;

    if (!mark_among_few(w, run, &n))
        return false;
    if (n <= FEW)
        return true;
    drop_marks(w, run);
    run->has_marks = false;
    return mark_among_many(w, run);
}

/* ---- Writing ------------------------------------------------------------- */

/* The name of an entry in the path of an error: labels["a"], counts[5]. */
static void
path_key(struct pb_json_writer *w, const struct pb_field *f,
    const struct pb_jw_value *key)
{
    uint8_t text[PATH_KEY_MAX + 4];
    uint8_t *to = text;
    size_t n = key->len < PATH_KEY_MAX ? key->len : PATH_KEY_MAX;

    *to++ = '[';
    if (f->type == PB_STRING) {
        *to++ = '"';
        for (size_t i = 0; i < n; i++)
            *to++ = pb_is_plain(key->p[i]) ? key->p[i] : '?';
        *to++ = '"';
    } else {
        to = pb_i64_format(to, (int64_t)key->bits);
    }
    *to++ = ']';
    pb_jw_path_name(w, (const char *)text, (size_t)(to - text));
}

static bool
write_pair(struct pb_json_writer *w, const struct run *run,
    const struct pb_jw_value *key, const struct pb_jw_value *value)
{
    bool ok;

    pb_jw_next(w);
    ok = pb_jw_map_key(w, run->key, key);
    pb_jw_colon(w);
    if (ok && run->value->message != NULL)
        ok = pb_jw_message(w, run->value->message, value->p,
            value->p + value->len);
    else if (ok)
        ok = pb_jw_scalar(w, run->value, value);
    if (!ok)
        path_key(w, run->key, key);
    return ok;
}

/* Key and value of an entry that has nothing else, in this order or either
 * alone; false when it is not so. */
static bool
read_pair(const struct run *run, const uint8_t *p, const uint8_t *end,
    struct pb_jw_value *key, struct pb_jw_value *value)
{
    *key = no_value;
    *value = default_of(run->value);
    if (p < end && *p == run->key->tag[0]) {
        p = pb_jw_read(run->key, p + 1, end, key);
        if (p == NULL)
            return false;
    }
    if (p < end && *p == run->value->tag[0]) {
        p = pb_jw_read(run->value, p + 1, end, value);
        if (p == NULL)
            return false;
    }
    return p == end;
}

/* The same for any settled entry: unknown fields are passed over. */
static bool
pick_pair(struct pb_json_writer *w, const struct run *run, const uint8_t *p,
    const uint8_t *end, struct pb_jw_value *key, struct pb_jw_value *value)
{
    *key = no_value;
    *value = default_of(run->value);
    while (p < end) {
        const uint8_t *at = p;
        uint32_t number = 0;
        unsigned wire = 0;

        p = pb_jw_tag_read(p, end, &number, &wire);
        if (p == NULL)
            return pb_jw_broken(w, at, end);
        if (number == run->key->number && wire == run->key->wire)
            p = pb_jw_read(run->key, p, end, key);
        else if (number == run->value->number && wire == run->value->wire)
            p = pb_jw_read(run->value, p, end, value);
        else
            p = pb_jw_skip(p, end, number, wire, w->depth);
        if (p == NULL)
            return pb_jw_broken(w, at, end);
    }
    return true;
}

/* Writes the entry through begin: what precedes the first of them. */
static bool
write_entry(struct pb_json_writer *w, struct pb_jw_level *l,
    const struct run *run, const struct pb_jw_value *body, bool *is_open)
{
    struct pb_jw_span s = { .p = body->p, .end = body->p + body->len };
    struct pb_jw_value key, value;
    bool is_plain = read_pair(run, s.p, s.end, &key, &value);
    bool ok = true;

    if (!is_plain) {
        if (!pb_jw_settle(w, run->field->message, &s, 0, NULL) ||
            !pick_pair(w, run, s.p, s.end, &key, &value))
            return false;
    }
    if (!pb_jw_is_void(run->value, &value)) {
        if (!*is_open) {
            if (l != NULL)
                pb_jw_begin(w, l, run->field);
            pb_jw_open(w, '{');
            *is_open = true;
        }
        ok = write_pair(w, run, &key, &value);
    } else {
        ok = pb_jw_check(w, run->field->message, s.p, s.end);
    }
    if (!is_plain)
        pb_jw_release(w, &s);
    return ok;
}

/* Returns the end of the run, or NULL after pb_jw_fail. */
static const uint8_t *
write_run(struct pb_json_writer *w, struct pb_jw_level *l, struct run *run,
    bool *is_open)
{
    const uint8_t *p = run->p;
    struct pb_jw_value body;
    int more;

    if (!mark_equal_keys(w, run))
        return NULL;
    while ((more = next_entry(run, w->depth, &p, &body)) > 0 &&
        w->out.err == PB_OK) {
        const uint8_t *end = body.p + body.len;
        bool ok = is_marked(w, run, p)
            ? pb_jw_check(w, run->field->message, body.p, end)
            : write_entry(w, l, run, &body, is_open);

        if (!ok)
            return NULL;
        p = end;
    }
    drop_marks(w, run);
    if (more < 0) {
        (void)pb_jw_broken(w, p, run->end);
        return NULL;
    }
    return p;
}

static struct run
run_of(const struct pb_field *f, const uint8_t *p, const uint8_t *end)
{
    return (struct run){
        .field = f,
        .key = &f->message->fields[0],
        .value = &f->message->fields[1],
        .p = p,
        .end = end,
    };
}

const uint8_t *
pb_jw_map(struct pb_json_writer *w, struct pb_jw_level *l,
    const struct pb_field *f, const uint8_t *p, const uint8_t *end)
{
    struct run run = run_of(f, p, end);
    bool is_open = false;

    p = write_run(w, l, &run, &is_open);
    if (is_open)
        pb_jw_close(w, '}');
    return p;
}

bool
pb_jw_map_object(struct pb_json_writer *w, const struct pb_field *f,
    const uint8_t *p, const uint8_t *end)
{
    struct run run = run_of(f, p, end);
    bool is_open = true;
    bool ok;

    pb_jw_open(w, '{');
    ok = write_run(w, NULL, &run, &is_open) != NULL;
    pb_jw_close(w, '}');
    return ok;
}
