/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The texts of documents.h. They look like what services send: short names,
 * sentences, prices; doubles of every kind, half of them with all the digits
 * that a double has; strings of several scripts with what has to be escaped.
 */
#include "bench/documents.h"

#include <math.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MEGABYTE 1000000u
#define SEED UINT64_C(0x5eed0f51)

struct maker {
    char *text;
    size_t len;
    size_t cap;
    uint64_t random;
};

static const char base64_letters[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/* xorshift64* */
static uint64_t
next_random(struct maker *m)
{
    m->random ^= m->random >> 12;
    m->random ^= m->random << 25;
    m->random ^= m->random >> 27;
    return m->random * UINT64_C(0x2545f4914f6cdd1d);
}

static unsigned
below(struct maker *m, unsigned n)
{
    return (unsigned)((next_random(m) >> 32) * n >> 32);
}

static void
reserve(struct maker *m, size_t n)
{
    if (m->cap - m->len >= n)
        return;
    m->cap = 2 * m->cap + n;
    m->text = realloc(m->text, m->cap);
    if (m->text == NULL) {
        (void)fputs("documents: memory is short\n", stderr);
        exit(1);
    }
}

static void __attribute__((format(printf, 2, 3)))
put(struct maker *m, const char *format, ...)
{
    va_list args;
    int n;

    reserve(m, 1024);
    va_start(args, format);
    n = vsnprintf(m->text + m->len, 1024, format, args);
    va_end(args);
    if (n < 0 || n >= 1024)
        abort();
    m->len += (size_t)n;
}

/* n words of that list, spaces between. */
static void
put_words(struct maker *m, const char *const *words, unsigned n_words,
    unsigned n)
{
    for (unsigned i = 0; i < n; i++)
        put(m, "%s%s", i > 0 ? " " : "", words[below(m, n_words)]);
}

static void
put_prose(struct maker *m, unsigned n)
{
    static const char *const words[] = { "river", "of", "the", "slate", "and",
        "north", "harbour", "a", "lantern", "with", "copper", "quiet", "seven",
        "orchard", "to", "window" };

    put_words(m, words, sizeof words / sizeof words[0], n);
}

/* ---- a, b, c: records ---------------------------------------------------- */

static void
make_account(struct maker *m)
{
    put(m, "{\"id\":\"accounts/8f14e45f-ceea\",\"displayName\":\"");
    put_prose(m, 4);
    put(m, "\",\"email\":\"ida.north@harbour.example\",\"isActive\":true,");
    put(m, "\"loginCount\":4711,\"revision\":\"170142118346\",");
    put(m, "\"plan\":\"PLAN_TEAM\",\"balance\":1284.75}");
}

static void
put_address(struct maker *m)
{
    put(m, "{\"addressLines\":[\"%u Slate Street\",\"Floor %u\"],",
        10 + below(m, 90), below(m, 10));
    put(m, "\"locality\":\"Northharbour\",\"postalCode\":\"%05u\",",
        10000 + below(m, 89999));
    put(m, "\"regionCode\":\"NH\"}");
}

static void
put_line(struct maker *m)
{
    put(m, "{\"product\":\"products/%08x\",\"description\":\"",
        below(m, UINT32_MAX));
    put_prose(m, 7);
    put(m, "\",\"quantity\":%u,\"unitPrice\":{\"currencyCode\":\"EUR\",",
        1 + below(m, 20));
    put(m, "\"units\":\"%u\",\"nanos\":%u0000000},\"tags\":[\"", below(m, 500),
        1 + below(m, 98));
    put_prose(m, 1);
    put(m, "\",\"");
    put_prose(m, 1);
    put(m, "\"]%s}", below(m, 2) ? ",\"isGift\":true" : "");
}

static void
make_order(struct maker *m)
{
    put(m, "{\"name\":\"orders/20240229-000123\",\"customer\":{\"name\":");
    put(m, "\"Ida North\",\"email\":\"ida.north@harbour.example\",");
    put(m, "\"billingAddress\":");
    put_address(m);
    put(m, ",\"shippingAddress\":");
    put_address(m);
    put(m, "},\"lines\":[");
    for (unsigned i = 0; i < 7; i++) {
        put(m, "%s", i > 0 ? "," : "");
        put_line(m);
    }
    put(m, "],\"createTime\":\"2024-02-29T12:34:56.789Z\",\"labels\":{");
    put(m, "\"channel\":\"web\",\"campaign\":\"spring\",\"shard\":\"17\"}}");
}

static void
make_entries(struct maker *m)
{
    put(m, "{\"entries\":[");
    while (m->len < MEGABYTE) {
        put(m, "%s{\"id\":\"e-%08x\",\"title\":\"", m->len > 20 ? "," : "",
            below(m, UINT32_MAX));
        put_prose(m, 4);
        put(m, "\",\"score\":%u%s}", 1 + below(m, 100000),
            below(m, 2) ? ",\"isRead\":true" : "");
    }
    put(m, "]}");
}

/* ---- d, e, f: one kind of value ------------------------------------------ */

/* The shortest text of d, as far as printf can find it. */
static void
put_double(struct maker *m, double d)
{
    for (int digits = 15; digits <= 17; digits++) {
        char text[40];

        (void)snprintf(text, sizeof text, "%.*g", digits, d);
        if (strtod(text, NULL) == d) {
            put(m, "%s", text);
            return;
        }
    }
}

static double
random_double(struct maker *m)
{
    double unit = (double)(next_random(m) >> 11) * 0x1p-53;

    switch (below(m, 4)) {
    case 0: /* a price */
        return below(m, 1000000) / 100.0;
    case 1: /* of any size */
        return ldexp(unit + 1, (int)below(m, 1200) - 600);
    default: /* a place on the globe */
        return (unit - 0.5) * 360;
    }
}

static void
make_series(struct maker *m)
{
    put(m, "{\"values\":[");
    while (m->len < MEGABYTE) {
        put(m, "%s", m->len > 20 ? "," : "");
        put_double(m, random_double(m));
    }
    put(m, "]}");
}

/* One word in five has an escape, nearly one in three is not ASCII. */
static void
make_texts(struct maker *m)
{
    static const char *const words[] = { "river", "slate", "north", "harbour",
        "lantern", "copper", "quiet", "seven", "orchard", "window", "candle",
        "meadow", "winter", "fl\xc3\xbcgel", "caf\xc3\xa9",
        "\xd0\xb3\xd0\xb0\xd0\xb2\xd0\xb0\xd0\xbd\xd1\x8c",
        "\xd1\x80\xd0\xb5\xd0\xba\xd0\xb0", "\xe6\xb8\xaf\xe5\x8f\xa3",
        "\xe6\xb2\xb3\xe5\xb7\x9d", "\xf0\x9f\x9a\xa2", "\\\"quoted\\\"",
        "line\\n", "C:\\\\harbour", "tab\\t", "dash\\u2014" };

    put(m, "{\"texts\":[");
    while (m->len < MEGABYTE) {
        put(m, "%s\"", m->len > 20 ? "," : "");
        put_words(m, words, sizeof words / sizeof words[0], 16);
        put(m, "\"");
    }
    put(m, "]}");
}

static void
make_blob(struct maker *m)
{
    put(m, "{\"data\":\"");
    while (m->len < MEGABYTE) {
        reserve(m, 4);
        for (unsigned i = 0; i < 4; i++)
            m->text[m->len++] = base64_letters[below(m, 64)];
    }
    put(m, "\"}");
}

/* ---- Public -------------------------------------------------------------- */

struct document
document_make(unsigned i)
{
#define TYPE(name) "sluice.bench.documents." name
    static const struct {
        const char *name, *type, *what;
        void (*make)(struct maker *m);
    } kinds[DOCUMENTS] = {
        { "a", TYPE("Account"), "flat, 200 B", make_account },
        { "b", TYPE("Order"), "nested, 2 KB", make_order },
        { "c", TYPE("EntryList"), "small messages, 1 MB", make_entries },
        { "d", TYPE("Series"), "doubles, 1 MB", make_series },
        { "e", TYPE("Texts"), "strings, 1 MB", make_texts },
        { "f", TYPE("Blob"), "bytes, 1 MB", make_blob },
    };
    struct maker m = { .random = SEED };

    kinds[i].make(&m);
    return (struct document){
        .name = kinds[i].name,
        .type = kinds[i].type,
        .what = kinds[i].what,
        .text = m.text,
        .len = m.len,
    };
#undef TYPE
}
