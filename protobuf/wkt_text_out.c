/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The well-known types that are one string in JSON: Timestamp, Duration and
 * FieldMask. They are made of a few scalars or of one list, so that nothing of
 * them has to be settled.
 */
#include "protobuf/json_writer.h"

#define TIMESTAMP_MIN INT64_C(-62135596800) /* 0001-01-01T00:00:00Z */
#define TIMESTAMP_MAX INT64_C(253402300799) /* 9999-12-31T23:59:59Z */
#define DURATION_MAX INT64_C(315576000000)  /* 10,000 years */

enum {
    NANOS_MAX = 999999999,
    DAY_SECONDS = 86400,
    TIME_MAX = 48, /* bytes of a timestamp or duration */
};

/* ---- Times --------------------------------------------------------------- */

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
    uint32_t leap_days =
        in_era / (FOUR_YEARS - 1) - in_era / CENTURY + in_era / (ERA - 1);
    uint32_t year = (in_era - leap_days) / 365;
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

bool
pb_jw_timestamp(struct pb_json_writer *w, const struct pb_message *m,
    const uint8_t *p, const uint8_t *end)
{
    enum { EPOCH_DAY = 719468 }; /* from 0000-03-01 to 1970-01-01 */
    struct pb_jw_value v[2];
    int64_t seconds;
    int32_t nanos;
    uint64_t since;
    uint32_t clock;
    uint8_t *at, *to;

    if (!pb_jw_read_fields(w, m, p, end, v, 2))
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

bool
pb_jw_duration(struct pb_json_writer *w, const struct pb_message *m,
    const uint8_t *p, const uint8_t *end)
{
    struct pb_jw_value v[2];
    int64_t seconds;
    int32_t nanos;
    uint8_t *at, *to;

    if (!pb_jw_read_fields(w, m, p, end, v, 2))
        return false;
    seconds = (int64_t)v[0].bits;
    nanos = (int32_t)v[1].bits;
    if (seconds < -DURATION_MAX || seconds > DURATION_MAX)
        return pb_jw_fail(w, PB_EVALUE, p,
            "a Duration over 10,000 years: %lld seconds", (long long)seconds);
    if (nanos < -NANOS_MAX || nanos > NANOS_MAX || (seconds < 0 && nanos > 0) ||
        (seconds > 0 && nanos < 0))
        return pb_jw_fail(w, PB_EVALUE, p,
            "a Duration of %lld seconds with %ld nanos: out of range, or the "
            "signs differ",
            (long long)seconds, (long)nanos);

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

/* ---- FieldMask ----------------------------------------------------------- */

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

bool
pb_jw_field_mask(struct pb_json_writer *w, const struct pb_message *m,
    const uint8_t *p, const uint8_t *end)
{
    bool is_first = true;

    pb_sink_char(&w->out, '"');
    while (p < end && w->out.err == PB_OK) {
        const struct pb_field *f;
        struct pb_jw_value path;

        p = pb_jw_read_known(w, m, p, end, &f, &path);
        if (p == NULL)
            return false;
        if (f == NULL)
            continue;
        if (!is_first)
            pb_sink_char(&w->out, ',');
        is_first = false;
        if (!write_path(w, path.p, path.len))
            return false;
    }
    pb_sink_char(&w->out, '"');
    return true;
}
