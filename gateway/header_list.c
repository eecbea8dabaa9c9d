/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/header_list.c - see header_list.h. Two walks over the head: the first
 * measures, the second copies, so a head of many lines costs no more than its
 * own size.
 */
#include "gateway/header_list.h"

#include <assert.h>
#include <strings.h>

struct walk {
    struct sluice_str name;
    unsigned n_lines;
    size_t len;            /* of all, with what joins them */
    struct sluice_str one; /* the last line */
    char *to;
    size_t used;
};

static bool
is_named(const struct walk *w, const char *name, size_t len)
{
    return len == w->name.len && strncasecmp(name, w->name.ptr, len) == 0;
}

static enum MHD_Result
measure(void *cls, enum MHD_ValueKind kind, const char *name, size_t name_len,
    const char *value, size_t len)
{
    struct walk *w = cls;

    (void)kind;
    if (!is_named(w, name, name_len))
        return MHD_YES;
    w->len += len + (w->n_lines > 0 ? 2 : 0);
    w->n_lines++;
    w->one = sluice_str_n(value == NULL ? "" : value, len);
    return MHD_YES;
}

static void
put(struct walk *w, const char *text, size_t len)
{
    assert(w->used + len <= w->len);
    if (len > 0)
        memcpy(w->to + w->used, text, len);
    w->used += len;
}

static enum MHD_Result
append(void *cls, enum MHD_ValueKind kind, const char *name, size_t name_len,
    const char *value, size_t len)
{
    struct walk *w = cls;

    (void)kind;
    if (!is_named(w, name, name_len))
        return MHD_YES;
    if (w->n_lines++ > 0)
        put(w, ", ", 2);
    put(w, value, len);
    return MHD_YES;
}

bool
gw_header_list(struct MHD_Connection *mhd, struct gw_arena *arena,
    const char *name, struct sluice_str *value)
{
    struct walk w = { .name = sluice_str(name) };

    MHD_get_connection_values_n(mhd, MHD_HEADER_KIND, measure, &w);
    *value = w.one;
    if (w.n_lines < 2)
        return true;
    w.to = gw_arena_take(arena, w.len);
    if (w.to == NULL)
        return false;
    w.n_lines = 0;
    MHD_get_connection_values_n(mhd, MHD_HEADER_KIND, append, &w);
    *value = sluice_str_n(w.to, w.used);
    return true;
}
