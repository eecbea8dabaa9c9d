/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/accept.c - see accept.h. */
#include "gateway/accept.h"

#include <string.h>
#include <strings.h>

#include "gateway/list.h"

/* What a header says about one type: the word of the most specific range. */
struct opinion {
    unsigned specificity; /* 0: none; 1: any type, 2: "type/" of any, 3: it */
    unsigned q;           /* in thousandths */
    unsigned place;       /* in the header */
};

static const struct {
    const char *name;
    size_t major_len; /* with the slash */
} types[] = {
    [GW_STREAM_NDJSON] = { "application/x-ndjson", 12 },
    [GW_STREAM_ARRAY] = { "application/json", 12 },
    [GW_STREAM_SSE] = { "text/event-stream", 5 },
};

/* How closely a range fits; 0: not at all. */
static unsigned
specificity(struct sluice_str range, enum gw_stream_type type)
{
    size_t len = types[type].major_len;

    if (gw_list_is(range, types[type].name))
        return 3;
    if (range.len == len + 1 && range.ptr[len] == '*' &&
        strncasecmp(range.ptr, types[type].name, len) == 0)
        return 2;
    return gw_list_is(range, "*/*") ? 1 : 0;
}

static void
hear(struct opinion opinions[], struct sluice_str range, unsigned place)
{
    struct sluice_str name;
    unsigned q;

    gw_list_next(&range, ';', &name);
    q = gw_list_weight(range);
    for (unsigned t = 0; t < sizeof types / sizeof *types; t++) {
        unsigned s = specificity(name, (enum gw_stream_type)t);

        if (s > opinions[t].specificity)
            opinions[t] = (struct opinion){ s, q, place };
    }
}

static bool
is_better(const struct opinion *a, const struct opinion *b)
{
    return a->q > b->q || (a->q > 0 && a->q == b->q && a->place < b->place);
}

enum gw_stream_type
gw_accept_stream(struct sluice_str accept)
{
    struct opinion opinions[sizeof types / sizeof *types] = { { 0, 0, 0 } };
    enum gw_stream_type best = GW_STREAM_NDJSON;
    struct sluice_str range;

    for (unsigned place = 0; gw_list_next(&accept, ',', &range); place++)
        hear(opinions, range, place);
    for (unsigned t = 0; t < sizeof types / sizeof *types; t++)
        if (is_better(&opinions[t], &opinions[best]))
            best = (enum gw_stream_type)t;
    return best;
}
