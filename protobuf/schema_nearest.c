/* SPDX-License-Identifier: Apache-2.0 */
/*
 * "Did you mean": the declared name with the smallest edit distance. A client
 * decides what is asked and how often, so the work is bounded: 64 bytes of the
 * name, 1000 fields, and one machine word of distances at a time (Myers 1999,
 * in Hyyro's form for whole strings).
 */
#include "protobuf/schema_internal.h"

enum {
    NAME_BYTES_MAX = 64, /* bits in a word */
    FIELDS_MAX = 1000,
};

struct pattern {
    uint64_t has[256]; /* bit i: name[i] is this byte */
    size_t len;
};

static size_t
distance(const struct pattern *p, const char *text, size_t len)
{
    uint64_t plus = UINT64_MAX; /* vertical differences of a column */
    uint64_t minus = 0;
    uint64_t last = UINT64_C(1) << (p->len - 1);
    size_t d = p->len;

    for (size_t i = 0; i < len; i++) {
        uint64_t eq = p->has[(uint8_t)text[i]];
        uint64_t vertical = eq | minus;
        uint64_t horizontal = (((eq & plus) + plus) ^ plus) | eq;
        uint64_t up = minus | ~(horizontal | plus);
        uint64_t down = plus & horizontal;

        if (up & last)
            d++;
        else if (down & last)
            d--;
        up = up << 1 | 1;
        down <<= 1;
        plus = down | ~(vertical | up);
        minus = up & vertical;
    }
    return d;
}

/* Takes text as *best if it is nearer than *least. */
static void
try_name(const struct pattern *p, const char *text, size_t len,
    const char **best, size_t *least)
{
    size_t gap = len > p->len ? len - p->len : p->len - len;
    size_t d;

    if (gap >= *least)
        return;
    d = distance(p, text, len);
    if (d < *least) {
        *least = d;
        *best = text;
    }
}

const char *
pb_message_nearest_field(const struct pb_message *m, const char *name,
    size_t len)
{
    struct pattern p = { .len = len };
    const char *best = NULL;
    size_t least = len / 3 + 1;

    if (len == 0 || len > NAME_BYTES_MAX)
        return NULL;
    for (size_t i = 0; i < len; i++)
        p.has[(uint8_t)name[i]] |= UINT64_C(1) << i;
    for (unsigned i = 0; i < m->n_fields && i < FIELDS_MAX; i++) {
        const struct pb_field *f = &m->fields[i];

        try_name(&p, f->json_name, f->json_name_len, &best, &least);
        if (f->json_name != f->name)
            try_name(&p, f->name, f->name_len, &best, &least);
    }
    return best;
}
