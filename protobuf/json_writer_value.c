/* SPDX-License-Identifier: Apache-2.0 */
/*
 * One value, from its wire form to its text: everything but messages.
 */
#include "protobuf/json_writer.h"

const uint8_t *
pb_jw_read_known(struct pb_json_writer *w, const struct pb_message *m,
    const uint8_t *p, const uint8_t *end, const struct pb_field **f,
    struct pb_jw_value *v)
{
    const uint8_t *at = p;
    uint32_t number = 0;
    unsigned wire = 0;

    p = pb_jw_tag_read(p, end, &number, &wire);
    if (p != NULL) {
        *f = pb_jw_find(m, number, number - 1);
        if (*f != NULL && (*f)->wire != wire)
            *f = NULL;
        p = *f != NULL ? pb_jw_read(*f, p, end, v)
                       : pb_jw_skip(p, end, number, wire, w->depth);
    }
    if (p == NULL)
        (void)pb_jw_broken(w, at, end);
    return p;
}

bool
pb_jw_read_fields(struct pb_json_writer *w, const struct pb_message *m,
    const uint8_t *p, const uint8_t *end, struct pb_jw_value *v, unsigned n)
{
    const uint8_t *first = p;

    for (unsigned i = 0; i < n; i++)
        v[i] = (struct pb_jw_value){ .p = (const uint8_t *)"" };
    while (p < end) {
        const struct pb_field *f;
        struct pb_jw_value one;

        p = pb_jw_read_known(w, m, p, end, &f, &one);
        if (p == NULL)
            return false;
        if (f == NULL || f->index >= n)
            continue;
        if (f->type == PB_STRING && v[f->index].len > 0 &&
            !pb_jw_check(w, m, first, end))
            return false;
        v[f->index] = one;
    }
    return true;
}

/* ---- Writing ------------------------------------------------------------- */

bool
pb_jw_no_utf8(struct pb_json_writer *w, const uint8_t *at)
{
    return pb_jw_fail(w, PB_EVALUE, at, "a string that is not UTF-8");
}

static void
put_enum(struct pb_json_writer *w, const struct pb_enum *e, int32_t number)
{
    const struct pb_enum_value *value = NULL;

    if (e->is_null_value) {
        pb_sink_put(&w->out, "null", 4);
        return;
    }
    if (!w->options.enum_numbers)
        value = pb_enum_value_by_number(e, number);
    if (value == NULL)
        pb_sink_i64(&w->out, number);
    else
        (void)pb_sink_string(&w->out, (const uint8_t *)value->name,
            value->name_len);
}

/* 64 bits as a string, unless the options want a number. */
static void
put_wide(struct pb_json_writer *w, uint64_t v, bool is_signed)
{
    struct pb_sink *s = &w->out;
    uint8_t *at = pb_sink_at(s, PB_NUMBER_MAX);
    uint8_t *to = at;

    if (!w->options.int64_numbers)
        *to++ = '"';
    to = is_signed ? pb_i64_format(to, (int64_t)v) : pb_u64_format(to, v);
    if (!w->options.int64_numbers)
        *to++ = '"';
    pb_sink_to(s, at, to);
}

static int32_t
unzigzag32(uint32_t v)
{
    return (int32_t)(v >> 1 ^ (0 - (v & 1)));
}

static uint64_t
unzigzag64(uint64_t v)
{
    return v >> 1 ^ (0 - (v & 1));
}

static void
put_double(struct pb_json_writer *w, uint64_t bits)
{
    double d;

    memcpy(&d, &bits, sizeof d);
    pb_sink_double(&w->out, d);
}

static void
put_float(struct pb_json_writer *w, uint32_t bits)
{
    float f;

    memcpy(&f, &bits, sizeof f);
    pb_sink_float(&w->out, f);
}

bool
pb_jw_scalar(struct pb_json_writer *w, const struct pb_field *f,
    const struct pb_jw_value *v)
{
    struct pb_sink *s = &w->out;

    switch ((enum pb_type)f->type) {
    case PB_STRING:
        return pb_jw_string(w, v->p, v->len);
    case PB_BYTES:
        pb_sink_base64(s, v->p, v->len);
        break;
    case PB_INT32:
    case PB_SFIXED32:
        pb_sink_i64(s, (int32_t)v->bits);
        break;
    case PB_SINT32:
        pb_sink_i64(s, unzigzag32((uint32_t)v->bits));
        break;
    case PB_UINT32:
    case PB_FIXED32:
        pb_sink_u64(s, (uint32_t)v->bits);
        break;
    case PB_INT64:
    case PB_SFIXED64:
        put_wide(w, v->bits, true);
        break;
    case PB_SINT64:
        put_wide(w, unzigzag64(v->bits), true);
        break;
    case PB_UINT64:
    case PB_FIXED64:
        put_wide(w, v->bits, false);
        break;
    case PB_BOOL:
        if (v->bits != 0)
            pb_sink_put(s, "true", 4);
        else
            pb_sink_put(s, "false", 5);
        break;
    case PB_ENUM:
        put_enum(w, f->enumeration, (int32_t)v->bits);
        break;
    case PB_DOUBLE:
        put_double(w, v->bits);
        break;
    case PB_FLOAT:
        put_float(w, (uint32_t)v->bits);
        break;
    case PB_GROUP:
    case PB_MESSAGE:
        return pb_jw_fail(w, PB_EVALUE, v->p, "a message is no scalar");
    }
    return true;
}

bool
pb_jw_map_key(struct pb_json_writer *w, const struct pb_field *f,
    const struct pb_jw_value *v)
{
    bool has_quotes = f->type == PB_STRING;

    switch (f->type) {
    case PB_INT64:
    case PB_SFIXED64:
    case PB_SINT64:
    case PB_UINT64:
    case PB_FIXED64:
        has_quotes = !w->options.int64_numbers;
        break;
    default:
        break;
    }
    if (!has_quotes)
        pb_sink_char(&w->out, '"');
    if (!pb_jw_scalar(w, f, v))
        return false;
    if (!has_quotes)
        pb_sink_char(&w->out, '"');
    return true;
}
