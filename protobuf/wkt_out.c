/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The well-known types that have a JSON form of their own. Most of them are a
 * few scalars, of which the last on the wire counts, wherever it stands: those
 * are read without settling.
 */
#include "protobuf/json_writer.h"

#include <math.h>

#define TIMESTAMP_MIN INT64_C(-62135596800)  /* 0001-01-01T00:00:00Z */
#define TIMESTAMP_MAX INT64_C(253402300799)  /* 9999-12-31T23:59:59Z */
#define DURATION_MAX INT64_C(315576000000)   /* 10,000 years */

enum {
    NANOS_MAX = 999999999,
    DAY_SECONDS = 86400,
    TIME_MAX = 48, /* bytes of a timestamp or duration */
};

/* google.protobuf.Value's fields */
enum {
    VALUE_NULL = 1,
    VALUE_NUMBER,
    VALUE_STRING,
    VALUE_BOOL,
    VALUE_STRUCT,
    VALUE_LIST,
};

/* The last value of each of the first n fields of m, which are singular. */
static bool
read_fields(struct pb_json_writer *w, const struct pb_message *m,
    const uint8_t *p, const uint8_t *end, struct pb_jw_value *v, unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        v[i] = (struct pb_jw_value){ .p = (const uint8_t *)"" };
    while (p < end) {
        const uint8_t *at = p;
        const struct pb_field *f;
        uint32_t number = 0;
        unsigned wire = 0;

        p = pb_jw_tag_read(p, end, &number, &wire);
        if (p == NULL)
            return pb_jw_broken(w, at, end);
        f = pb_jw_find(m, number, number - 1);
        if (f != NULL && !f->is_extension && f->index < n && wire == f->wire)
            p = pb_jw_read(f, p, end, &v[f->index]);
        else
            p = pb_jw_skip(p, end, number, wire, w->depth);
        if (p == NULL)
            return pb_jw_broken(w, at, end);
    }
    return true;
}

/* ---- Times ------------------------------------------------------------------ */

/* Nothing, or a point and 3, 6 or 9 digits. */
static uint8_t *
put_fraction(uint8_t *to, uint32_t nanos)
{
    if (nanos == 0)
        return to;
    *to++ = '.';
    if (nanos % 1000000 == 0)
        return pb_u32_format_fixed(to, nanos / 1000000, 3);
    if (nanos % 1000 == 0)
        return pb_u32_format_fixed(to, nanos / 1000, 6);
    return pb_u32_format_fixed(to, nanos, 9);
}

/* YYYY-MM-DD of a day counted from 0000-03-01 in the Gregorian calendar: with
 * years that begin in March the leap day is the last, and the days before a
 * month are (153 * month + 2) / 5. */
static uint8_t *
put_date(uint8_t *to, uint32_t day)
{
    enum { ERA = 146097, CENTURY = 36524, FOUR_YEARS = 1461 };
    uint32_t era = day / ERA;
    uint32_t in_era = day % ERA;
    uint32_t year = (in_era - in_era / (FOUR_YEARS - 1) + in_era / CENTURY -
                        in_era / (ERA - 1)) / 365;
    uint32_t in_year = in_era - (365 * year + year / 4 - year / 100);
    uint32_t month = (5 * in_year + 2) / 153; /* 0: March */
    uint32_t in_month = in_year - (153 * month + 2) / 5;

    year += era * 400 + (month >= 10);
    to = pb_u32_format_fixed(to, year, 4);
    *to++ = '-';
    to = pb_u32_format_fixed(to, month < 10 ? month + 3 : month - 9, 2);
    *to++ = '-';
    return pb_u32_format_fixed(to, in_month + 1, 2);
}

static bool
write_timestamp(struct pb_json_writer *w, const struct pb_message *m,
    const uint8_t *p, const uint8_t *end)
{
    enum { EPOCH_DAY = 719468 }; /* from 0000-03-01 to 1970-01-01 */
    struct pb_jw_value v[2];
    int64_t seconds;
    int32_t nanos;
    uint64_t since;
    uint32_t clock;
    uint8_t *at, *to;

    if (!read_fields(w, m, p, end, v, 2))
        return false;
    seconds = (int64_t)v[0].bits;
    nanos = (int32_t)v[1].bits;
    if (seconds < TIMESTAMP_MIN || seconds > TIMESTAMP_MAX)
        return pb_jw_fail(w, PB_EVALUE, p,
            "a Timestamp outside the years 1 to 9999: %lld seconds",
            (long long)seconds);
    if (nanos < 0 || nanos > NANOS_MAX)
        return pb_jw_fail(w, PB_EVALUE, p,
            "a Timestamp with %ld nanos; 0 to 999999999 are allowed",
            (long)nanos);

    since = (uint64_t)(seconds + (int64_t)EPOCH_DAY * DAY_SECONDS);
    clock = (uint32_t)(since % DAY_SECONDS);
    at = to = pb_sink_at(&w->out, TIME_MAX);
    *to++ = '"';
    to = put_date(to, (uint32_t)(since / DAY_SECONDS));
    *to++ = 'T';
    to = pb_u32_format_fixed(to, clock / 3600, 2);
    *to++ = ':';
    to = pb_u32_format_fixed(to, clock / 60 % 60, 2);
    *to++ = ':';
    to = pb_u32_format_fixed(to, clock % 60, 2);
    to = put_fraction(to, (uint32_t)nanos);
    *to++ = 'Z';
    *to++ = '"';
    pb_sink_to(&w->out, at, to);
    return true;
}

static bool
write_duration(struct pb_json_writer *w, const struct pb_message *m,
    const uint8_t *p, const uint8_t *end)
{
    struct pb_jw_value v[2];
    int64_t seconds;
    int32_t nanos;
    uint8_t *at, *to;

    if (!read_fields(w, m, p, end, v, 2))
        return false;
    seconds = (int64_t)v[0].bits;
    nanos = (int32_t)v[1].bits;
    if (seconds < -DURATION_MAX || seconds > DURATION_MAX)
        return pb_jw_fail(w, PB_EVALUE, p,
            "a Duration over 10,000 years: %lld seconds", (long long)seconds);
    if (nanos < -NANOS_MAX || nanos > NANOS_MAX ||
        (seconds < 0 && nanos > 0) || (seconds > 0 && nanos < 0))
        return pb_jw_fail(w, PB_EVALUE, p,
            "a Duration of %lld seconds with %ld nanos: out of range, or the "
            "signs differ", (long long)seconds, (long)nanos);

    at = to = pb_sink_at(&w->out, TIME_MAX);
    *to++ = '"';
    if (seconds < 0 || nanos < 0)
        *to++ = '-';
    to = pb_u64_format(to, (uint64_t)(seconds < 0 ? -seconds : seconds));
    to = put_fraction(to, (uint32_t)(nanos < 0 ? -nanos : nanos));
    *to++ = 's';
    *to++ = '"';
    pb_sink_to(&w->out, at, to);
    return true;
}

/* ---- FieldMask -------------------------------------------------------------- */

static bool
is_lower(uint8_t c)
{
    return c >= 'a' && c <= 'z';
}

/* One path in lowerCamel; refuses what would not read back as the same. */
static bool
write_path(struct pb_json_writer *w, const uint8_t *p, size_t len)
{
    const uint8_t *end = p + len;
    const uint8_t *bad;

    if (len == 0)
        return pb_jw_fail(w, PB_EVALUE, p, "an empty path in a FieldMask");
    while (p < end) {
        const uint8_t *from = p;

        while (p < end && *p != '_' && *p != ',' && !(*p >= 'A' && *p <= 'Z'))
            p++;
        bad = pb_sink_text(&w->out, from, (size_t)(p - from));
        if (bad != NULL)
            return pb_jw_fail(w, PB_EVALUE, bad, "a string that is not UTF-8");
        if (p == end)
            break;
        if (*p != '_' || end - p < 2 || !is_lower(p[1]))
            return pb_jw_fail(w, PB_EVALUE, p,
                "a path in a FieldMask that JSON cannot carry: \"%.*s\"",
                len < 60 ? (int)len : 60, (const char *)(end - len));
        pb_sink_char(&w->out, (char)(p[1] - 'a' + 'A'));
        p += 2;
    }
    return true;
}

static bool
write_field_mask(struct pb_json_writer *w, const struct pb_message *m,
    const uint8_t *p, const uint8_t *end)
{
    const struct pb_field *paths = &m->fields[0];
    bool is_first = true;

    pb_sink_char(&w->out, '"');
    while (p < end) {
        const uint8_t *at = p;
        struct pb_jw_value v;
        uint32_t number = 0;
        unsigned wire = 0;

        p = pb_jw_tag_read(p, end, &number, &wire);
        if (p == NULL)
            return pb_jw_broken(w, at, end);
        if (number != paths->number || wire != paths->wire) {
            p = pb_jw_skip(p, end, number, wire, w->depth);
            if (p == NULL)
                return pb_jw_broken(w, at, end);
            continue;
        }
        p = pb_jw_read(paths, p, end, &v);
        if (p == NULL)
            return pb_jw_broken(w, at, end);
        if (!is_first)
            pb_sink_char(&w->out, ',');
        is_first = false;
        if (!write_path(w, v.p, v.len))
            return false;
    }
    pb_sink_char(&w->out, '"');
    return true;
}

/* ---- Struct, ListValue, Value ------------------------------------------------ */

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
write_list(struct pb_json_writer *w, const struct pb_field *values,
    const uint8_t *p, const uint8_t *end)
{
    uint32_t n = 0;

    pb_jw_open(w, '[');
    while (p < end && w->out.err == PB_OK) {
        const uint8_t *at = p;
        struct pb_jw_value v;
        uint32_t number = 0;
        unsigned wire = 0;
        bool is_value;

        p = pb_jw_tag_read(p, end, &number, &wire);
        if (p == NULL)
            return pb_jw_broken(w, at, end);
        is_value = number == values->number && wire == values->wire;
        p = is_value ? pb_jw_read(values, p, end, &v)
                     : pb_jw_skip(p, end, number, wire, w->depth);
        if (p == NULL)
            return pb_jw_broken(w, at, end);
        if (!is_value)
            continue;
        pb_jw_next(w);
        if (!pb_jw_message(w, values->message, v.p, p)) {
            pb_jw_path_index(w, n);
            return false;
        }
        n++;
    }
    pb_jw_close(w, ']');
    return true;
}

static bool
write_list_value(struct pb_json_writer *w, const struct pb_message *m,
    const uint8_t *p, const uint8_t *end)
{
    bool ok;

    if (!pb_jw_enter(w, p))
        return false;
    ok = write_list(w, &m->fields[0], p, end);
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
            "a Value with a number that JSON does not have: %s",
            isnan(d) ? "NaN" : d > 0 ? "Infinity" : "-Infinity");
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
        const uint8_t *at = p;
        const struct pb_field *f;
        struct pb_jw_value v = { .p = p };
        uint32_t number = 0;
        unsigned wire = 0;

        p = pb_jw_tag_read(p, end, &number, &wire);
        if (p == NULL)
            return pb_jw_broken(w, at, end);
        f = pb_jw_find(m, number, number - 1);
        if (f != NULL && wire == f->wire) {
            if (pb_jw_read(f, p, end, &v) == NULL)
                return pb_jw_broken(w, at, end);
            return write_kind(w, f, &v);
        }
        p = pb_jw_skip(p, end, number, wire, w->depth);
        if (p == NULL)
            return pb_jw_broken(w, at, end);
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

/* ---- Any -------------------------------------------------------------------- */

static const struct pb_message *
resolve(struct pb_json_writer *w, const struct pb_schema *schema,
    const struct pb_jw_value *url)
{
    const char *text = (const char *)url->p;
    const char *slash = memrchr(text, '/', url->len);
    const struct pb_message *m;
    size_t len;

    if (slash == NULL) {
        (void)pb_jw_fail(w, PB_EVALUE, url->p,
            "an Any whose type URL has no \"/\": \"%.*s\"",
            url->len < 100 ? (int)url->len : 100, text);
        return NULL;
    }
    slash++;
    len = url->len - (size_t)(slash - text);
    m = pb_schema_message(schema, slash, len);
    if (m == NULL)
        (void)pb_jw_fail(w, PB_EUNKNOWN, url->p,
            "an Any of a type that the schema does not have: \"%.*s\"",
            len < 100 ? (int)len : 100, slash);
    return m;
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
    struct pb_jw_value v[2];
    const struct pb_message *type;
    bool ok;

    if (!read_fields(w, m, p, end, v, 2))
        return false;
    if (v[0].len == 0 && v[1].len == 0) {
        pb_sink_put(&w->out, "{}", 2);
        return true;
    }
    if (v[0].len == 0)
        return pb_jw_fail(w, PB_EVALUE, p, "an Any without a type URL");
    type = resolve(w, m->schema, &v[0]);
    if (type == NULL || !pb_jw_enter(w, p))
        return false;

    pb_jw_open(w, '{');
    pb_jw_member(w, "@type");
    w->in_any++;
    ok = pb_jw_string(w, v[0].p, v[0].len) && write_content(w, type, &v[1]);
    w->in_any--;
    pb_jw_close(w, '}');
    pb_jw_leave(w);
    return ok;
}

/* ---- Which is which ---------------------------------------------------------- */

static bool
write_wrapper(struct pb_json_writer *w, const struct pb_message *m,
    const uint8_t *p, const uint8_t *end)
{
    struct pb_jw_value v;

    return read_fields(w, m, p, end, &v, 1) &&
           pb_jw_scalar(w, &m->fields[0], &v);
}

bool
pb_jw_is_special(const struct pb_message *m)
{
    return m->wkt != PB_WKT_NONE && m->wkt != PB_WKT_EMPTY &&
           m->wkt != PB_WKT_HTTP_BODY;
}

bool
pb_jw_special(struct pb_json_writer *w, const struct pb_message *m,
    const uint8_t *p, const uint8_t *end)
{
    switch ((enum pb_wkt)m->wkt) {
    case PB_WKT_ANY:
        return write_any(w, m, p, end);
    case PB_WKT_TIMESTAMP:
        return write_timestamp(w, m, p, end);
    case PB_WKT_DURATION:
        return write_duration(w, m, p, end);
    case PB_WKT_FIELD_MASK:
        return write_field_mask(w, m, p, end);
    case PB_WKT_STRUCT:
        return write_struct(w, m, p, end);
    case PB_WKT_VALUE:
        return write_value(w, m, p, end);
    case PB_WKT_LIST_VALUE:
        return write_list_value(w, m, p, end);
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
