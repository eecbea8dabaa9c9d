/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Wire format to JSON: messages, their fields, and the calls from outside. The
 * head of json_writer.h tells how the writer works. Functions that read return
 * the byte after what they have read, or NULL when the writer has failed.
 */
#include "protobuf/json_writer.h"

#include <assert.h>
#include <stdlib.h>

enum { SCRATCH_KEPT_BYTES = 64 * 1024 }; /* from one message to the next */

/* ---- What is absent ------------------------------------------------------ */

/* The value of a field that is not there. */
static bool
write_default(struct pb_json_writer *w, const struct pb_field *f)
{
    struct pb_jw_value v = { .p = (const uint8_t *)"" };

    if (f->is_map)
        pb_sink_put(&w->out, "{}", 2);
    else if (f->is_repeated)
        pb_sink_put(&w->out, "[]", 2);
    else if (f->message != NULL)
        pb_sink_put(&w->out, "null", 4);
    else {
        if (f->type == PB_ENUM)
            v.bits = (uint64_t)(int64_t)f->enumeration->default_number;
        return pb_jw_scalar(w, f, &v);
    }
    return true;
}

/* Defaults of the fields up to number, those of explicit presence excepted. */
static void
write_defaults(struct pb_json_writer *w, struct pb_jw_level *l, uint32_t number)
{
    const struct pb_message *m = l->message;

    while (l->next < m->n_fields && m->fields[l->next].number < number) {
        const struct pb_field *f = &m->fields[l->next++];

        if (f->is_repeated || !(f->has_presence || f->message != NULL)) {
            pb_jw_key(w, f);
            (void)write_default(w, f);
        }
    }
}

/* Fields come in order: a required one must not lie between the last one that
 * was checked and the next. */
static void
check_required(struct pb_jw_level *l, unsigned before)
{
    const struct pb_message *m = l->message;

    for (; l->required_next < before; l->required_next++)
        if (m->fields[l->required_next].is_required && l->missing == NULL)
            l->missing = &m->fields[l->required_next];
}

static void
note_presence(struct pb_jw_level *l, const struct pb_field *f)
{
    if (f->is_required) {
        check_required(l, f->index);
        l->required_next = f->index + 1u;
    }
}

/* For messages that have required fields. */
static bool
end_required(struct pb_json_writer *w, struct pb_jw_level *l, const uint8_t *at)
{
    check_required(l, l->message->n_fields);
    if (l->missing == NULL || w->in_any > 0)
        return true;
    (void)pb_jw_fail(w, PB_EVALUE, at,
        "expected the required field \"%s\", found none",
        l->missing->json_name);
    pb_jw_path_field(w, l->missing);
    return false;
}

void
pb_jw_begin_strict(struct pb_json_writer *w, struct pb_jw_level *l,
    const struct pb_field *f)
{
    if (w->options.emit_defaults) {
        write_defaults(w, l, f->number);
        if (!f->is_extension)
            l->next = f->index + 1u;
    }
    note_presence(l, f);
}

/* ---- Messages ------------------------------------------------------------ */

static inline bool
write_settled(struct pb_json_writer *w, const struct pb_message *m,
    const uint8_t *p, const uint8_t *end)
{
    bool ok;

    pb_jw_open(w, '{');
    ok = pb_jw_fields(w, m, p, end);
    pb_jw_close(w, '}');
    return ok;
}

static bool
is_writable(struct pb_json_writer *w, const struct pb_message *m,
    const uint8_t *at)
{
    return !m->is_message_set ||
        pb_jw_fail(w, PB_EVALUE, at,
            "%s is a MessageSet, which is not supported", m->full_name);
}

bool
pb_jw_message(struct pb_json_writer *w, const struct pb_message *m,
    const uint8_t *p, const uint8_t *end)
{
    struct pb_jw_span s = { .p = p, .end = end };
    bool ok;

    if (pb_jw_is_special(m))
        return pb_jw_special(w, m, p, end);
    if (!is_writable(w, m, p) || !pb_jw_enter(w, p))
        return false;
    ok = pb_jw_settle(w, m, &s, 0, NULL);
    if (ok) {
        ok = write_settled(w, m, s.p, s.end);
        pb_jw_release(w, &s);
    }
    pb_jw_leave(w);
    return ok;
}

/* The body of a group, at p. */
static const uint8_t *
write_group(struct pb_json_writer *w, const struct pb_field *f,
    const uint8_t *p, const uint8_t *end)
{
    const struct pb_message *m = f->message;
    struct pb_jw_span s = { .p = p, .end = end };
    const uint8_t *after = NULL;
    bool ok;

    if (!is_writable(w, m, p) || !pb_jw_enter(w, p))
        return NULL;
    ok = pb_jw_settle(w, m, &s, f->number, &after);
    if (ok) {
        ok = pb_jw_is_special(m) ? pb_jw_special(w, m, s.p, s.end)
                                 : write_settled(w, m, s.p, s.end);
        pb_jw_release(w, &s);
    }
    pb_jw_leave(w);
    return ok ? after : NULL;
}

/* A message field's value, at the byte after its tag. */
static const uint8_t *
write_submessage(struct pb_json_writer *w, const struct pb_field *f,
    const uint8_t *p, const uint8_t *end)
{
    const uint8_t *body;
    size_t len;

    if (f->type == PB_GROUP)
        return write_group(w, f, p, end);
    body = pb_jw_len_read(p, end, &len);
    if (body == NULL)
        return NULL;
    return pb_jw_message(w, f->message, body, body + len) ? body + len : NULL;
}

/* ---- Fields -------------------------------------------------------------- */

/* A singular string; what write_singular does, with fewer questions. */
static const uint8_t *
write_text(struct pb_json_writer *w, struct pb_jw_level *l,
    const struct pb_field *f, const uint8_t *p, const uint8_t *end)
{
    size_t len;

    p = pb_jw_len_read(p, end, &len);
    if (p == NULL)
        return NULL;
    if (len == 0 && !f->has_presence && !w->options.emit_defaults)
        return p;
    pb_jw_begin(w, l, f);
    return pb_jw_string(w, p, len) ? p + len : NULL;
}

static const uint8_t *
write_singular(struct pb_json_writer *w, struct pb_jw_level *l,
    const struct pb_field *f, const uint8_t *p, const uint8_t *end)
{
    struct pb_jw_value v;
    const uint8_t *after;

    if (f->type == PB_STRING)
        return write_text(w, l, f, p, end);
    if (f->message != NULL) {
        pb_jw_begin(w, l, f);
        return write_submessage(w, f, p, end);
    }
    after = pb_jw_read(f, p, end, &v);
    if (after == NULL)
        return NULL;
    if (pb_jw_is_void(f, &v))
        return after;
    if (!f->has_presence && !w->options.emit_defaults &&
        pb_jw_is_default(f, &v))
        return after;
    pb_jw_begin(w, l, f);
    return pb_jw_scalar(w, f, &v) ? after : NULL;
}

/* An array that is opened by its first element. */
struct array {
    const struct pb_field *field;
    struct pb_jw_level *level; /* NULL: without its key */
    uint32_t n;
};

static inline void
next_element(struct pb_json_writer *w, struct array *a)
{
    if (a->n == 0) {
        if (a->level != NULL)
            pb_jw_begin(w, a->level, a->field);
        pb_jw_open(w, '[');
    }
    a->n++;
    pb_jw_next(w);
}

static inline const uint8_t *
write_element(struct pb_json_writer *w, struct array *a, const uint8_t *p,
    const uint8_t *end)
{
    struct pb_jw_value v;
    const uint8_t *after;

    if (a->field->message != NULL) {
        next_element(w, a);
        return write_submessage(w, a->field, p, end);
    }
    after = pb_jw_read(a->field, p, end, &v);
    if (after == NULL)
        return NULL;
    if (pb_jw_is_void(a->field, &v))
        return after;
    next_element(w, a);
    return pb_jw_scalar(w, a->field, &v) ? after : NULL;
}

static const uint8_t *
write_packed(struct pb_json_writer *w, struct array *a, const uint8_t *p,
    const uint8_t *end)
{
    size_t len;

    p = pb_jw_len_read(p, end, &len);
    if (p == NULL)
        return NULL;
    end = p + len;
    while (p != NULL && p < end && w->out.err == PB_OK)
        p = write_element(w, a, p, end);
    return p == NULL ? NULL : end;
}

/* The records of one repeated field, packed ones and others, as long as they
 * follow one another. */
static const uint8_t *
write_elements(struct pb_json_writer *w, struct array *a, const uint8_t *p,
    const uint8_t *end)
{
    const struct pb_field *f = a->field;

    while (p != NULL && p < end && w->out.err == PB_OK) {
        uint32_t number = 0;
        unsigned wire = 0;
        const uint8_t *payload = pb_jw_tag_read(p, end, &number, &wire);

        if (payload == NULL || number != f->number)
            break;
        if (wire == f->wire)
            p = write_element(w, a, payload, end);
        else if (pb_jw_accepts(f, wire))
            p = write_packed(w, a, payload, end);
        else
            p = pb_jw_skip(payload, end, number, wire, w->depth);
    }
    if (p == NULL && w->err != PB_OK && a->n > 0)
        pb_jw_path_index(w, a->n - 1);
    return p;
}

static const uint8_t *
write_repeated(struct pb_json_writer *w, struct pb_jw_level *l,
    const struct pb_field *f, const uint8_t *p, const uint8_t *end)
{
    struct array a = { .field = f, .level = l };

    if (f->is_map)
        return pb_jw_map(w, l, f, p, end);
    p = write_elements(w, &a, p, end);
    if (a.n > 0)
        pb_jw_close(w, ']');
    return p;
}

/* One record, or the run of a repeated field. The field that is likely to come is
 * often known by its tag alone. */
static const uint8_t *
write_record(struct pb_json_writer *w, struct pb_jw_level *l, const uint8_t *p,
    const uint8_t *end)
{
    const struct pb_field *f = l->likely;
    const uint8_t *payload = p + 1, *after;
    uint32_t number;
    unsigned wire;

    if (f == l->end || f->tag[0] != *p || f->tag_len != 1) {
        payload = pb_jw_tag_read(p, end, &number, &wire);
        if (payload == NULL)
            return NULL;
        f = pb_jw_find(l->message, number, (unsigned)(f - l->message->fields));
        if (f == NULL || !pb_jw_accepts(f, wire))
            return pb_jw_skip(payload, end, number, wire, w->depth);
    }

    after = f->is_repeated ? write_repeated(w, l, f, p, end)
                           : write_singular(w, l, f, payload, end);
    if (after == NULL && w->err != PB_OK)
        pb_jw_path_field(w, f);
    if (!f->is_extension)
        l->likely = f + 1;
    return after;
}

bool
pb_jw_fields(struct pb_json_writer *w, const struct pb_message *m,
    const uint8_t *p, const uint8_t *end)
{
    struct pb_jw_level l = {
        .message = m,
        .likely = m->fields,
        .end = m->fields + m->n_fields,
        .is_strict = w->options.emit_defaults || m->has_required,
    };

    while (p < end && w->out.err == PB_OK) {
        const uint8_t *after = write_record(w, &l, p, end);

        if (after == NULL)
            return w->err != PB_OK ? false : pb_jw_broken(w, p, end);
        p = after;
    }
    if (w->options.emit_defaults)
        write_defaults(w, &l, UINT32_MAX);
    return !m->has_required || end_required(w, &l, p);
}

/* ---- One field alone ----------------------------------------------------- */

/* The first record of f in a settled level, or NULL; checks what the level
 * requires on the way. */
static const uint8_t *
find_record(struct pb_json_writer *w, const struct pb_field *f,
    const uint8_t *p, const uint8_t *end)
{
    struct pb_jw_level l = { .message = f->parent };
    const uint8_t *found = NULL;
    unsigned hint = 0;

    while (p < end) {
        const struct pb_field *other;
        uint32_t number = 0;
        unsigned wire = 0;
        const uint8_t *payload = pb_jw_tag_read(p, end, &number, &wire);

        assert(payload != NULL); /* settled */
        other = pb_jw_find(f->parent, number, hint);
        if (other != NULL && pb_jw_accepts(other, wire)) {
            hint = other->index + 1u;
            note_presence(&l, other);
            if (number == f->number && found == NULL)
                found = p;
        }
        p = pb_jw_skip(payload, end, number, wire, w->depth);
        assert(p != NULL);
    }
    if (l.message->has_required && !end_required(w, &l, end))
        return NULL;
    return found;
}

/* The value that begins in the record at p. */
static bool
write_value_at(struct pb_json_writer *w, const struct pb_field *f,
    const uint8_t *p, const uint8_t *end)
{
    struct pb_jw_value v;
    uint32_t number;
    unsigned wire;

    p = pb_jw_tag_read(p, end, &number, &wire);
    assert(p != NULL);
    if (f->message != NULL)
        return write_submessage(w, f, p, end) != NULL;
    if (pb_jw_read(f, p, end, &v) == NULL)
        return pb_jw_broken(w, p, end);
    return pb_jw_is_void(f, &v) ? write_default(w, f) : pb_jw_scalar(w, f, &v);
}

static bool
write_array_at(struct pb_json_writer *w, const struct pb_field *f,
    const uint8_t *p, const uint8_t *end)
{
    struct array a = { .field = f };

    if (write_elements(w, &a, p, end) == NULL)
        return w->err != PB_OK ? false : pb_jw_broken(w, p, end);
    if (a.n == 0)
        return write_default(w, f);
    pb_jw_close(w, ']');
    return true;
}

/* A message that is not there is as good as an empty one, if that is an object
 * or an array: who asks for it gets what he always gets. Others are null. */
static bool
write_absent(struct pb_json_writer *w, const struct pb_field *f,
    const uint8_t *at)
{
    bool ok;

    if (f->message == NULL || f->is_repeated)
        return write_default(w, f);
    switch ((enum pb_wkt)f->message->wkt) {
    case PB_WKT_NONE:
    case PB_WKT_EMPTY:
    case PB_WKT_HTTP_BODY:
    case PB_WKT_ANY:
    case PB_WKT_STRUCT:
    case PB_WKT_LIST_VALUE:
        w->in_any++; /* nobody asks for its required fields */
        ok = pb_jw_message(w, f->message, at, at);
        w->in_any--;
        return ok;
    default:
        return write_default(w, f);
    }
}

static bool
write_field_alone(struct pb_json_writer *w, const struct pb_field *f,
    const uint8_t *p, const uint8_t *end)
{
    const uint8_t *at = find_record(w, f, p, end);
    bool ok;

    if (w->err != PB_OK)
        return false;
    if (at == NULL)
        ok = write_absent(w, f, end);
    else if (f->is_map)
        ok = pb_jw_map_object(w, f, at, end);
    else if (f->is_repeated)
        ok = write_array_at(w, f, at, end);
    else
        ok = write_value_at(w, f, at, end);
    if (!ok)
        pb_jw_path_field(w, f);
    return ok;
}

/* ---- From outside -------------------------------------------------------- */

struct pb_json_writer *
pb_json_writer_new(void)
{
    return calloc(1, sizeof(struct pb_json_writer));
}

static void
drop_scratch(struct pb_json_writer *w)
{
    free(w->copy);
    free(w->slots);
    free(w->table);
    free(w->marks);
    w->copy = NULL;
    w->slots = NULL;
    w->table = NULL;
    w->marks = NULL;
    w->copy_cap = w->table_cap = w->marks_cap = 0;
    w->slots_cap = 0;
}

void
pb_json_writer_free(struct pb_json_writer **w)
{
    if (*w == NULL)
        return;
    drop_scratch(*w);
    free(*w);
    *w = NULL;
}

static void
start(struct pb_json_writer *w, const struct pb_schema *schema,
    const struct pb_json_options *options, const uint8_t *wire, size_t len,
    struct pb_buf *out, struct pb_error *error)
{
    static const struct pb_json_options plain = { .max_depth = 0 };

    w->options = options != NULL ? *options : plain;
    w->schema = schema;
    w->has_plain_keys = !w->options.proto_names && !w->options.pretty;
    w->depth = w->options.max_depth;
    if (w->depth == 0)
        w->depth = PB_JW_DEPTH;
    if (w->depth > PB_JW_DEPTH_MAX)
        w->depth = PB_JW_DEPTH_MAX;
    w->indent = 0;
    w->in_any = 0;
    w->is_fresh = true;
    w->is_copy_used = false;
    w->marks_len = 0;
    w->err = PB_OK;
    w->error = error;
    w->wire = wire;
    w->wire_len = len;
    pb_sink_init(&w->out, out);
}

/* A message's length is an int in every implementation. */
static bool
is_acceptable(struct pb_json_writer *w)
{
    return w->wire_len <= INT32_MAX ||
        pb_jw_fail(w, PB_ELIMIT, w->wire, "a message over 2 GiB");
}

static enum pb_err
finish(struct pb_json_writer *w)
{
    enum pb_err err = pb_sink_finish(&w->out);

    if (w->copy_cap + w->table_cap * sizeof *w->table + w->marks_cap >
        SCRATCH_KEPT_BYTES)
        drop_scratch(w);
    if (err != PB_OK)
        return pb_error_set(w->error, err,
            err == PB_ENOMEM ? "out of memory for the JSON text"
                             : "the JSON text is over its limit");
    if (w->err != PB_OK && w->error != NULL)
        memcpy(w->error->path, w->path + w->path_at,
            sizeof w->path - w->path_at);
    return w->err;
}

enum pb_err
pb_wire_to_json(struct pb_json_writer *w, const struct pb_message *message,
    const struct pb_json_options *options, const uint8_t *wire, size_t len,
    struct pb_buf *out, struct pb_error *error)
{
    static const uint8_t nothing[1];

    if (wire == NULL)
        wire = nothing;
    start(w, message->schema, options, wire, len, out, error);
    if (is_acceptable(w))
        (void)pb_jw_message(w, message, wire, wire + len);
    return finish(w);
}

enum pb_err
pb_wire_field_to_json(struct pb_json_writer *w, const struct pb_field *field,
    const struct pb_json_options *options, const uint8_t *wire, size_t len,
    struct pb_buf *out, struct pb_error *error)
{
    static const uint8_t nothing[1];
    struct pb_jw_span s;

    if (wire == NULL)
        wire = nothing;
    s = (struct pb_jw_span){ .p = wire, .end = wire + len };
    start(w, field->parent->schema, options, wire, len, out, error);
    if (is_acceptable(w) && pb_jw_settle(w, field->parent, &s, 0, NULL)) {
        (void)write_field_alone(w, field, s.p, s.end);
        pb_jw_release(w, &s);
    }
    return finish(w);
}
