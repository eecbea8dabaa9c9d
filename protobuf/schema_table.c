/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Open addressing, twice: a table of anything, which may grow, and the names
 * of one message or enum in four-byte slots that fit a cache line or two.
 */
#include "protobuf/schema_internal.h"

#include <assert.h>

/* ---- Hashing ------------------------------------------------------------ */

__extension__ typedef unsigned __int128 uint128;

/* Both halves of a product depend on every bit. */
static inline uint64_t
mix(uint64_t a, uint64_t b)
{
    uint128 product = (uint128)a * b;

    return (uint64_t)product ^ (uint64_t)(product >> 64);
}

/* Up to 8 bytes as a number; lengths are told apart elsewhere. */
static inline uint64_t
load(const char *p, size_t n)
{
    const uint8_t *u = (const uint8_t *)p;
    uint32_t first, last;

    if (n >= 4) {
        memcpy(&first, p, 4);
        memcpy(&last, p + n - 4, 4);
        return (uint64_t)last << 32 | first;
    }
    return n == 0 ? 0
                  : (uint64_t)u[0] << 16 | (uint64_t)u[n / 2] << 8 | u[n - 1];
}

uint64_t
pb_hash(uint64_t seed, const char *p, size_t n)
{
    uint64_t h = seed ^ (n * 0x9e3779b97f4a7c15u);

    for (; n > 8; p += 8, n -= 8)
        h = mix(h ^ load(p, 8), 0xd6e8feb86659fd93u);
    return mix(h ^ load(p, n), 0xa0761d6478bd642fu);
}

uint64_t
pb_extension_hash(const struct pb_schema *s, const struct pb_message *extendee,
    uint32_t number)
{
    return mix(s->seed ^ (uintptr_t)extendee, 0xe7037ed1a0b428dbu ^ number);
}

/* ---- Tables ------------------------------------------------------------- */

static uint32_t
power_of_two_over(uint32_t n)
{
    uint32_t size = 1;

    assert(n < UINT32_C(1) << 30);
    while (size <= n)
        size *= 2;
    return size;
}

static void
insert(struct pb_table *t, const struct pb_slot *slot)
{
    uint32_t at = slot->hash;

    while (t->slots[at & t->mask].item != NULL)
        at++;
    t->slots[at & t->mask] = *slot;
}

bool
pb_table_reserve(struct pb_table *t, struct pb_arena *a, uint32_t count)
{
    uint32_t size = power_of_two_over(count * 2);
    struct pb_table old = *t;

    t->slots = pb_arena_array(a, size, sizeof *t->slots);
    if (t->slots == NULL) {
        *t = old;
        return false;
    }
    t->mask = size - 1;
    for (uint32_t i = 0; old.slots != NULL && i <= old.mask; i++)
        if (old.slots[i].item != NULL)
            insert(t, &old.slots[i]);
    return true;
}

bool
pb_table_put(struct pb_table *t, struct pb_arena *a, uint64_t hash,
    enum pb_kind kind, const void *item)
{
    struct pb_slot slot = { item, (uint32_t)hash, kind };

    if ((t->slots == NULL || t->count >= t->mask / 2) &&
        !pb_table_reserve(t, a, t->count < 16 ? 32 : t->count * 2))
        return false;
    insert(t, &slot);
    t->count++;
    return true;
}

const struct pb_slot *
pb_table_next(const struct pb_table *t, uint64_t hash, uint32_t *at)
{
    if (t->slots == NULL)
        return NULL;
    for (;;) {
        const struct pb_slot *slot = &t->slots[*at & t->mask];

        ++*at;
        if (slot->item == NULL)
            return NULL;
        if (slot->hash == (uint32_t)hash)
            return slot;
    }
}

/* ---- Names -------------------------------------------------------------- */

/* For n names whose entries are at most max_entry. */
bool
pb_names_init(struct pb_names *names, struct pb_arena *a, uint32_t n,
    uint32_t max_entry)
{
    uint32_t size = power_of_two_over(n + n / 2);

    names->slots = pb_arena_array(a, size, sizeof *names->slots);
    names->mask = size - 1;
    names->entry_mask = power_of_two_over(max_entry + 1) - 1;
    return names->slots != NULL;
}

void
pb_names_add(struct pb_names *names, uint64_t hash, uint32_t entry)
{
    uint32_t at = (uint32_t)hash;
    uint32_t check = (uint32_t)(hash >> 32) & ~names->entry_mask;

    while (names->slots[at & names->mask] != 0)
        at++;
    names->slots[at & names->mask] = check | (entry + 1);
}
