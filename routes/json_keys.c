/* SPDX-License-Identifier: Apache-2.0 */
/* routes/json_keys.c - see json_keys.h. */
#include "routes/json_keys.h"

#define COUNT(a) (sizeof(a) / sizeof *(a))

static void read_flag(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, void *into);
static void read_number(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, void *into);

#define OPTION(key) .name = #key, .offset = offsetof(struct route_json, key)
#define PB_OPTION(key) \
    .name = #key, .offset = offsetof(struct route_json, options.key)

static const struct route_key keys[] = {
    { PB_OPTION(emit_defaults), .read = read_flag },
    { PB_OPTION(proto_names), .read = read_flag },
    { PB_OPTION(enum_numbers), .read = read_flag },
    { PB_OPTION(int64_numbers), .read = read_flag },
    { PB_OPTION(ignore_unknown), .read = read_flag },
    { PB_OPTION(pretty), .read = read_flag },
    { OPTION(pretty_on_request), .read = read_flag },
    { PB_OPTION(max_depth), .read = read_number, .min = 1, .max = 1000 },
};

_Static_assert(COUNT(keys) <= ROUTE_JSON_KEYS_MAX, "a bit and a slot for each");

static void
mark(const struct route_key *key, struct route_json *j)
{
    j->given |= 1u << (key - keys);
}

static void
read_flag(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, void *into)
{
    route_read_bool(r, key, v, into);
    mark(key, into);
}

static void
read_number(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, void *into)
{
    route_read_unsigned(r, key, v, into);
    mark(key, into);
}

void
route_read_json(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, void *into)
{
    route_read_map(r, v, key->name, keys, COUNT(keys),
        (char *)into + key->offset);
}

static bool
is_given(const struct route_json *j, size_t i)
{
    return (j->given >> i & 1) != 0;
}

void
route_json_overlay(struct route_json *under, const struct route_json *over)
{
    for (size_t i = 0; i < COUNT(keys); i++) {
        const struct route_key *key = &keys[i];

        if (is_given(over, i))
            memcpy((char *)under + key->offset,
                (const char *)over + key->offset,
                key->read == read_flag ? sizeof(bool) : sizeof(unsigned));
    }
    under->given |= over->given;
}

bool *
route_json_flag(struct route_json *j, const char *key)
{
    for (size_t i = 0; i < COUNT(keys); i++)
        if (keys[i].read == read_flag && strcmp(keys[i].name, key) == 0)
            return (bool *)((char *)j + keys[i].offset);
    return NULL;
}

size_t
route_json_list(const struct route_json *j,
    struct route_json_entry list[ROUTE_JSON_KEYS_MAX])
{
    size_t n = 0;

    for (size_t i = 0; i < COUNT(keys); i++) {
        const void *member = (const char *)j + keys[i].offset;
        struct route_json_entry *e = &list[n];

        if (!is_given(j, i))
            continue;
        e->key = keys[i].name;
        e->is_flag = keys[i].read == read_flag;
        e->value =
            e->is_flag ? *(const bool *)member : *(const unsigned *)member;
        n++;
    }
    return n;
}
