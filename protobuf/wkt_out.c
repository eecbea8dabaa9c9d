/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The well-known types that have a JSON form of their own: those that hold
 * other values, and which function is whose. wkt_text_out.c has the rest.
 */
#include "protobuf/json_writer.h"

#include <math.h>

/* google.protobuf.Value's fields */
enum {
    VALUE_NULL = 1,
    VALUE_NUMBER,
    VALUE_STRING,
    VALUE_BOOL,
    VALUE_STRUCT,
    VALUE_LIST,
};

/* ---- Struct, ListValue, Value -------------------------------------------- */

static bool
write_struct(struct pb_json_writer *w, const struct pb_message *m,
    const uint8_t *p, const uint8_t *end)
{
    struct pb_jw_span s = { .p = p, .end = end };
    bool ok;

    if (!pb_jw_enter(w, p))
        return false;
    ok = pb_jw_settle(w, m, &s, 0, NULL);
    if (ok) {
        ok = pb_jw_map_object(w, &m->fields[0], s.p, s.end);
        pb_jw_release(w, &s);
    }
    pb_jw_leave(w);
    return ok;
}

static bool
write_values(struct pb_json_writer *w, const struct pb_message *m,
    const uint8_t *p, const uint8_t *end)
{
    uint32_t n = 0;

    pb_jw_open(w, '[');
    while (p < end && w->out.err == PB_OK) {
        const struct pb_field *f;
        struct pb_jw_value v;

        p = pb_jw_read_known(w, m, p, end, &f, &v);
        if (p == NULL)
            return false;
        if (f == NULL)
            continue;
        pb_jw_next(w);
        if (!pb_jw_message(w, f->message, v.p, p)) {
            pb_jw_path_index(w, n);
            return false;
        }
        n++;
    }
    pb_jw_close(w, ']');
    return true;
}

static bool
write_list(struct pb_json_writer *w, const struct pb_message *m,
    const uint8_t *p, const uint8_t *end)
{
    bool ok;

    if (!pb_jw_enter(w, p))
        return false;
    ok = write_values(w, m, p, end);
    pb_jw_leave(w);
    return ok;
}

static bool
write_number(struct pb_json_writer *w, const struct pb_jw_value *v,
    const uint8_t *at)
{
    double d;

    memcpy(&d, &v->bits, sizeof d);
    if (!isfinite(d))
        return pb_jw_fail(w, PB_EVALUE, at,
            "a Value with a number that JSON does not have: %f", d);
    pb_sink_double(&w->out, d);
    return true;
}

/* What a Value holds; the level is settled, so it is the only one. */
static bool
write_kind(struct pb_json_writer *w, const struct pb_field *f,
    const struct pb_jw_value *v)
{
    switch (f->number) {
    case VALUE_NULL:
        pb_sink_put(&w->out, "null", 4);
        return true;
    case VALUE_NUMBER:
        return write_number(w, v, v->p);
    case VALUE_STRUCT:
    case VALUE_LIST:
        return pb_jw_message(w, f->message, v->p, v->p + v->len);
    default:
        return pb_jw_scalar(w, f, v);
    }
}

static bool
write_kinds(struct pb_json_writer *w, const struct pb_message *m,
    const uint8_t *p, const uint8_t *end)
{
    while (p < end) {
        const struct pb_field *f;
        struct pb_jw_value v = { .p = p };

        p = pb_jw_read_known(w, m, p, end, &f, &v);
        if (p == NULL)
            return false;
        if (f != NULL)
            return write_kind(w, f, &v);
    }
    return pb_jw_fail(w, PB_EVALUE, p, "a Value that holds nothing");
}

/* No container in JSON, hence no level. */
static bool
write_value(struct pb_json_writer *w, const struct pb_message *m,
    const uint8_t *p, const uint8_t *end)
{
    struct pb_jw_span s = { .p = p, .end = end };
    bool ok = pb_jw_settle(w, m, &s, 0, NULL);

    if (ok) {
        ok = write_kinds(w, m, s.p, s.end);
        pb_jw_release(w, &s);
    }
    return ok;
}

/* ---- Any ----------------------------------------------------------------- */

struct any {
    struct pb_jw_value url, bytes;
    struct pb_jw_value name; /* of the type: what follows the last slash */
};

static bool
read_any(struct pb_json_writer *w, const struct pb_message *m, const uint8_t *p,
    const uint8_t *end, struct any *any)
{
    struct pb_jw_value v[2];
    const uint8_t *slash;

    if (!pb_jw_read_fields(w, m, p, end, v, 2))
        return false;
    *any = (struct any){ .url = v[0], .bytes = v[1], .name = v[0] };
    slash = memrchr(v[0].p, '/', v[0].len);
    if (slash != NULL) {
        any->name.p = slash + 1;
        any->name.len = (size_t)(v[0].p + v[0].len - any->name.p);
    }
    return true;
}

static bool
fail_type(struct pb_json_writer *w, const struct any *any)
{
    const uint8_t *at = any->url.p;
    int len = any->name.len < 100 ? (int)any->name.len : 100;

    if (any->url.len == 0)
        return pb_jw_fail(w, PB_EVALUE, at, "an Any without a type URL");
    if (any->name.p == at)
        return pb_jw_fail(w, PB_EVALUE, at,
            "an Any whose type URL has no \"/\": \"%.*s\"", len, at);
    return pb_jw_fail(w, PB_EUNKNOWN, at,
        "an Any of a type that the schema does not have: \"%.*s\"", len,
        any->name.p);
}

static bool
is_hidden(const struct pb_json_writer *w, const struct any *any)
{
    const char *hidden = w->options.hidden;

    return hidden != NULL && strlen(hidden) == any->name.len &&
        memcmp(any->name.p, hidden, any->name.len) == 0;
}

/* Of bytes that nobody can read: an Any of the hidden type may be in there. */
static bool
may_hold_hidden(const struct pb_json_writer *w, const struct any *any)
{
    const char *hidden = w->options.hidden;

    return hidden != NULL &&
        memmem(any->bytes.p, any->bytes.len, hidden, strlen(hidden)) != NULL;
}

/* An Any whose content has no JSON, or is not to be seen. */
static bool
write_closed(struct pb_json_writer *w, const struct any *any, bool with_bytes)
{
    pb_jw_open(w, '{');
    pb_jw_member(w, "@type");
    if (!pb_jw_string(w, any->url.p, any->url.len))
        return false;
    if (with_bytes) {
        pb_jw_member(w, "value");
        pb_sink_base64(&w->out, any->bytes.p, any->bytes.len);
    }
    pb_jw_close(w, '}');
    return true;
}

/* The message in an Any, after its "@type". */
static bool
write_content(struct pb_json_writer *w, const struct pb_message *m,
    const struct pb_jw_value *v)
{
    struct pb_jw_span s = { .p = v->p, .end = v->p + v->len };
    bool ok;

    if (pb_jw_is_special(m)) {
        pb_jw_member(w, "value");
        return pb_jw_message(w, m, s.p, s.end);
    }
    ok = pb_jw_settle(w, m, &s, 0, NULL);
    if (ok) {
        ok = pb_jw_fields(w, m, s.p, s.end);
        pb_jw_release(w, &s);
    }
    return ok;
}

static bool
write_any(struct pb_json_writer *w, const struct pb_message *m,
    const uint8_t *p, const uint8_t *end)
{
    const struct pb_message *type = NULL;
    struct any any;
    bool ok;

    if (!read_any(w, m, p, end, &any))
        return false;
    if (any.url.len == 0 && any.bytes.len == 0) {
        pb_sink_put(&w->out, "{}", 2);
        return true;
    }
    if (is_hidden(w, &any))
        return write_closed(w, &any, false);
    if (any.name.p != any.url.p)
        type = pb_schema_message(w->schema, (const char *)any.name.p,
            any.name.len);
    if (type == NULL && w->options.raw_anys)
        return write_closed(w, &any, !may_hold_hidden(w, &any));
    if (type == NULL)
        return fail_type(w, &any);
    if (!pb_jw_enter(w, p))
        return false;

    pb_jw_open(w, '{');
    pb_jw_member(w, "@type");
    w->in_any++;
    ok = pb_jw_string(w, any.url.p, any.url.len) &&
        write_content(w, type, &any.bytes);
    w->in_any--;
    pb_jw_close(w, '}');
    pb_jw_leave(w);
    return ok;
}

/* ---- Which is which ------------------------------------------------------ */

static bool
write_wrapper(struct pb_json_writer *w, const struct pb_message *m,
    const uint8_t *p, const uint8_t *end)
{
    struct pb_jw_value v;

    return pb_jw_read_fields(w, m, p, end, &v, 1) &&
        pb_jw_scalar(w, &m->fields[0], &v);
}

bool
pb_jw_special(struct pb_json_writer *w, const struct pb_message *m,
    const uint8_t *p, const uint8_t *end)
{
    switch ((enum pb_wkt)m->wkt) {
    case PB_WKT_ANY:
        return write_any(w, m, p, end);
    case PB_WKT_TIMESTAMP:
        return pb_jw_timestamp(w, m, p, end);
    case PB_WKT_DURATION:
        return pb_jw_duration(w, m, p, end);
    case PB_WKT_FIELD_MASK:
        return pb_jw_field_mask(w, m, p, end);
    case PB_WKT_STRUCT:
        return write_struct(w, m, p, end);
    case PB_WKT_VALUE:
        return write_value(w, m, p, end);
    case PB_WKT_LIST_VALUE:
        return write_list(w, m, p, end);
    case PB_WKT_DOUBLE_VALUE:
    case PB_WKT_FLOAT_VALUE:
    case PB_WKT_INT64_VALUE:
    case PB_WKT_UINT64_VALUE:
    case PB_WKT_INT32_VALUE:
    case PB_WKT_UINT32_VALUE:
    case PB_WKT_BOOL_VALUE:
    case PB_WKT_STRING_VALUE:
    case PB_WKT_BYTES_VALUE:
        return write_wrapper(w, m, p, end);
    case PB_WKT_NONE:
    case PB_WKT_EMPTY:
    case PB_WKT_HTTP_BODY:
        break;
    }
    return pb_jw_fail(w, PB_EVALUE, p, "a message without a form of its own");
}
