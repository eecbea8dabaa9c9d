/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Timestamp, Duration and FieldMask from text. All three grammars are read by a
 * cursor that only moves forward, so that no length needs to be trusted.
 */
#include "protobuf/wkt_in.h"

#include "protobuf/wire.h"

#define NANOS_DIGITS 9
#define MIN_SECONDS (-INT64_C(62135596800)) /* 0001-01-01T00:00:00Z */
#define MAX_SECONDS INT64_C(253402300799)   /* 9999-12-31T23:59:59Z */
#define MAX_DURATION INT64_C(315576000000)  /* any nanos may follow */

/* Tags; all three messages are fixed for ever. */
#define TAG_SECONDS 0x08
#define TAG_NANOS 0x10
#define TAG_PATHS 0x0a

struct cursor {
    const char *p;
    const char *end;
};

static bool
is_digit(char c)
{
    return (unsigned char)(c - '0') < 10;
}

static bool
take(struct cursor *c, char wanted)
{
    if (c->p == c->end || *c->p != wanted)
        return false;
    c->p++;
    return true;
}

/* Exactly n digits, of a value from min to max. */
static bool
take_number(struct cursor *c, unsigned n, int min, int max, int *value)
{
    int v = 0;

    for (; n > 0; n--, c->p++) {
        if (c->p == c->end || !is_digit(*c->p))
            return false;
        v = v * 10 + (*c->p - '0');
    }
    *value = v;
    return v >= min && v <= max;
}

/* Nothing, or a point and one to nine digits. */
static bool
take_nanos(struct cursor *c, int32_t *nanos)
{
    unsigned n = 0;

    *nanos = 0;
    if (!take(c, '.'))
        return true;
    for (; c->p < c->end && is_digit(*c->p); c->p++, n++) {
        if (n == NANOS_DIGITS)
            return false;
        *nanos = *nanos * 10 + (*c->p - '0');
    }
    for (unsigned i = n; i < NANOS_DIGITS; i++)
        *nanos *= 10;
    return n > 0;
}

static bool
is_leap(int year)
{
    return year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
}

/* Days from 1970-01-01; years from 1 on. */
static int64_t
days_of_date(int year, int month, int day)
{
    static const int16_t days_before[] = {
        0,
        31,
        59,
        90,
        120,
        151,
        181,
        212,
        243,
        273,
        304,
        334,
    };
    int past = year - 1;

    return (int64_t)past * 365 + past / 4 - past / 100 + past / 400 +
        days_before[month - 1] + (month > 2 && is_leap(year)) + day - 1 -
        719162;
}

static bool
take_date(struct cursor *c, int64_t *days)
{
    static const int8_t days_in[] = {
        31,
        28,
        31,
        30,
        31,
        30,
        31,
        31,
        30,
        31,
        30,
        31,
    };
    int year, month, day;

    if (!take_number(c, 4, 1, 9999, &year) || !take(c, '-') ||
        !take_number(c, 2, 1, 12, &month) || !take(c, '-') ||
        !take_number(c, 2, 1, 31, &day))
        return false;
    if (day > days_in[month - 1] + (month == 2 && is_leap(year)))
        return false;
    *days = days_of_date(year, month, day);
    return true;
}

/* HH:MM in seconds. */
static bool
take_clock(struct cursor *c, int *seconds)
{
    int hour, minute;

    if (!take_number(c, 2, 0, 23, &hour) || !take(c, ':') ||
        !take_number(c, 2, 0, 59, &minute))
        return false;
    *seconds = hour * 3600 + minute * 60;
    return true;
}

static bool
take_zone(struct cursor *c, int *offset)
{
    *offset = 0;
    if (take(c, 'Z'))
        return true;
    if (take(c, '+'))
        return take_clock(c, offset);
    if (!take(c, '-') || !take_clock(c, offset))
        return false;
    *offset = -*offset;
    return true;
}

bool
pb_timestamp_read(const char *text, size_t len, int64_t *seconds,
    int32_t *nanos)
{
    struct cursor c = { text, text + len };
    int64_t days;
    int of_day, second, offset;

    if (!take_date(&c, &days) || !take(&c, 'T') || !take_clock(&c, &of_day) ||
        !take(&c, ':') || !take_number(&c, 2, 0, 59, &second) ||
        !take_nanos(&c, nanos) || !take_zone(&c, &offset) || c.p != c.end)
        return false;
    *seconds = days * 86400 + of_day + second - offset;
    return *seconds >= MIN_SECONDS && *seconds <= MAX_SECONDS;
}

bool
pb_duration_read(const char *text, size_t len, int64_t *seconds, int32_t *nanos)
{
    struct cursor c = { text, text + len };
    bool is_negative = take(&c, '-');
    int64_t value = 0;

    if (c.p == c.end || !is_digit(*c.p))
        return false;
    for (; c.p < c.end && is_digit(*c.p); c.p++) {
        value = value * 10 + (*c.p - '0');
        if (value > MAX_DURATION)
            return false;
    }
    if (!take_nanos(&c, nanos) || !take(&c, 's') || c.p != c.end)
        return false;
    *seconds = is_negative ? -value : value;
    *nanos = is_negative ? -*nanos : *nanos;
    return true;
}

size_t
pb_time_write(uint8_t body[PB_TIME_BODY_MAX], int64_t seconds, int32_t nanos,
    bool keep_zeros)
{
    uint8_t *p = body;

    if (seconds != 0 || keep_zeros) {
        *p++ = TAG_SECONDS;
        p = pb_varint_write(p, (uint64_t)seconds);
    }
    if (nanos != 0 || keep_zeros) {
        *p++ = TAG_NANOS;
        p = pb_varint_write(p, (uint64_t)(int64_t)nanos);
    }
    return (size_t)(p - body);
}

static bool
is_upper(char c)
{
    return c >= 'A' && c <= 'Z';
}

static bool
is_letter(char c)
{
    return is_upper(c) || (c >= 'a' && c <= 'z');
}

/* One path: names joined by dots. Counts its capitals. */
static bool
is_path(const char *p, const char *end, bool take_snake, size_t *n_upper)
{
    bool at_start = true;

    *n_upper = 0;
    for (; p < end; p++) {
        if (*p == '.') {
            if (at_start)
                return false;
            at_start = true;
            continue;
        }
        if (!is_letter(*p) && !(*p == '_' && take_snake) &&
            !(is_digit(*p) && !at_start))
            return false;
        *n_upper += is_upper(*p);
        at_start = false;
    }
    return !at_start;
}

static enum pb_err
put_path(struct pb_buf *out, const char *p, const char *end, size_t n_upper)
{
    size_t len = (size_t)(end - p) + n_upper;
    uint8_t prefix[11] = { TAG_PATHS };
    size_t n = (size_t)(pb_varint_write(prefix + 1, len) - prefix);
    enum pb_err err = pb_buf_reserve(out, n + len);

    if (err != PB_OK)
        return err;
    memcpy(out->data + out->len, prefix, n);
    out->len += n;
    for (; p < end; p++) {
        if (is_upper(*p))
            out->data[out->len++] = '_';
        out->data[out->len++] = (uint8_t)(is_upper(*p) ? *p + 32 : *p);
    }
    return PB_OK;
}

enum pb_err
pb_field_mask_put(struct pb_buf *out, const char *text, size_t len,
    bool take_snake)
{
    const char *end = text + len;
    const char *p = text;

    if (len == 0)
        return PB_OK;
    for (;;) {
        const char *comma = memchr(p, ',', (size_t)(end - p));
        const char *stop = comma != NULL ? comma : end;
        size_t n_upper;
        enum pb_err err;

        if (!is_path(p, stop, take_snake, &n_upper))
            return PB_EVALUE;
        err = put_path(out, p, stop, n_upper);
        if (err != PB_OK || comma == NULL)
            return err;
        p = comma + 1;
    }
}
