/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The keys of a map: has this one been given before?
 *
 * A key is told by its bytes on the wire, tag and all, which need no second
 * copy: a slot says where in out its entry begins. A few keys are compared one
 * by one; more go into a hash table, seeded, as keys come from outside. List or
 * table, it lies in the reader's words, on top while the map's own keys come.
 *
 * Slot: 32 bits of the hash (of something cheaper in a plain list), then 32
 * bits of the entry's distance from the map's start, plus one.
 */
#include "protobuf/json_reader.h"

#include <endian.h>

#include "protobuf/wire.h"

#define FEW_KEYS 16
#define TABLE_FIRST 64 /* slots, a power of two */

#define SIP_ROTATE(x, n) ((x) << (n) | (x) >> (64 - (n)))

static inline void
sip_round(uint64_t v[4])
{
    v[0] += v[1];
    v[1] = SIP_ROTATE(v[1], 13) ^ v[0];
    v[0] = SIP_ROTATE(v[0], 32);
    v[2] += v[3];
    v[3] = SIP_ROTATE(v[3], 16) ^ v[2];
    v[0] += v[3];
    v[3] = SIP_ROTATE(v[3], 21) ^ v[0];
    v[2] += v[1];
    v[1] = SIP_ROTATE(v[1], 17) ^ v[2];
    v[2] = SIP_ROTATE(v[2], 32);
}

/* SipHash-1-3. */
static uint32_t
hash_key(const uint64_t seed[2], const uint8_t *p, size_t len)
{
    uint64_t v[4] = {
        seed[0] ^ UINT64_C(0x736f6d6570736575),
        seed[1] ^ UINT64_C(0x646f72616e646f6d),
        seed[0] ^ UINT64_C(0x6c7967656e657261),
        seed[1] ^ UINT64_C(0x7465646279746573),
    };
    uint64_t word;
    size_t n = len;

    for (; n >= 8; n -= 8, p += 8) {
        memcpy(&word, p, 8);
        word = le64toh(word);
        v[3] ^= word;
        sip_round(v);
        v[0] ^= word;
    }
    word = 0;
    for (size_t i = 0; i < n; i++)
        word |= (uint64_t)p[i] << (8 * i);
    word |= (uint64_t)len << 56;
    v[3] ^= word;
    sip_round(v);
    v[0] ^= word;
    v[2] ^= 0xff;
    for (unsigned i = 0; i < 3; i++)
        sip_round(v);
    return (uint32_t)(v[0] ^ v[1] ^ v[2] ^ v[3]);
}

/* The key of a finished entry that begins at p. */
static const uint8_t *
key_of_entry(const struct pb_frame *map, const uint8_t *p)
{
    p += map->field->tag_len;
    while (*p++ & 0x80)
        continue; /* the length */
    return p;
}

/* Length of the key at p, tag and payload. It is well formed: we wrote it. */
static size_t
key_size(const struct pb_field *key, const uint8_t *p, const uint8_t *end)
{
    const uint8_t *q = p + key->tag_len;
    uint64_t v = 0;

    switch (key->wire) {
    case PB_WIRE_I32:
        return key->tag_len + 4u;
    case PB_WIRE_I64:
        return key->tag_len + 8u;
    case PB_WIRE_LEN:
        q = pb_varint_read(q, end, &v);
        return (size_t)(q - p) + (size_t)v;
    default:
        q = pb_varint_read(q, end, &v);
        return (size_t)(q - p);
    }
}

/* What tells most keys of a plain list apart. */
static uint32_t
cheap_tag(const uint8_t *key, size_t len)
{
    return (uint32_t)len ^ (uint32_t)key[len - 1] << 24 ^
        (uint32_t)key[len / 2] << 16;
}

/* Keys are told apart by their own ends: none is the beginning of another. */
static bool
is_slot_of(const struct pb_json_reader *r, const struct pb_frame *map,
    uint64_t slot, const uint8_t *key, size_t len)
{
    const uint8_t *entry = r->out->data + map->start + (uint32_t)slot - 1;

    return memcmp(key_of_entry(map, entry), key, len) == 0;
}

static void
place(uint64_t *slots, uint32_t cap, uint64_t slot, uint32_t *at)
{
    uint32_t i = (uint32_t)(slot >> 32) & (cap - 1);

    while (slots[i] != 0)
        i = (i + 1) & (cap - 1);
    slots[i] = slot;
    *at = i;
}

/* A table of twice the slots (or the first one), put in the old one's place. */
static bool
grow_table(struct pb_json_reader *r, struct pb_frame *map)
{
    uint32_t old_n = map->u.keys.cap == 0 ? map->index : map->u.keys.cap;
    uint32_t cap = map->u.keys.cap == 0 ? TABLE_FIRST : map->u.keys.cap * 2;
    const uint8_t *end = r->out->data + r->out->len;
    uint64_t *old, *slots;
    uint32_t ignored;

    if (!pb_reader_add_words(r, cap))
        return false;
    old = r->words + map->words;
    slots = old + old_n;
    for (uint32_t i = 0; i < old_n; i++) {
        uint64_t slot = old[i];

        if (slot == 0)
            continue;
        if (map->u.keys.cap == 0) {
            const uint8_t *key = key_of_entry(map,
                r->out->data + map->start + (uint32_t)slot - 1);
            uint64_t hash = hash_key(r->seed, key,
                key_size(&map->message->fields[0], key, end));

            slot = hash << 32 | (uint32_t)slot;
        }
        place(slots, cap, slot, &ignored);
    }
    memmove(old, slots, cap * sizeof(slots[0]));
    r->n_words = map->words + cap;
    map->u.keys.cap = cap;
    return true;
}

static bool
is_known_key(const struct pb_json_reader *r, const struct pb_frame *map,
    uint32_t tag, const uint8_t *key, size_t len)
{
    const uint64_t *slots;
    uint32_t mask = map->u.keys.cap - 1;

    if (map->index == 0)
        return false; /* there may be no words yet */
    slots = r->words + map->words;
    if (map->u.keys.cap == 0) {
        for (uint32_t i = 0; i < map->index; i++)
            if (slots[i] >> 32 == tag && is_slot_of(r, map, slots[i], key, len))
                return true;
        return false;
    }
    for (uint32_t i = tag & mask; slots[i] != 0; i = (i + 1) & mask)
        if (slots[i] >> 32 == tag && is_slot_of(r, map, slots[i], key, len))
            return true;
    return false;
}

/* Adds the key of the entry that begins at start. */
static enum pb_err
add_key(struct pb_json_reader *r, struct pb_frame *map, size_t start,
    const uint8_t *key, size_t len)
{
    uint64_t tag;
    uint64_t slot;

    if (start - map->start >= UINT32_MAX)
        return PB_EFULL;
    if (map->u.keys.cap == 0 ? map->index == FEW_KEYS
                             : map->index >= map->u.keys.cap / 2)
        if (!grow_table(r, map))
            return PB_ENOMEM;
    tag = map->u.keys.cap == 0 ? cheap_tag(key, len)
                               : hash_key(r->seed, key, len);
    if (is_known_key(r, map, (uint32_t)tag, key, len))
        return PB_EDUPLICATE;
    slot = tag << 32 | (uint32_t)(start - map->start + 1);
    if (map->u.keys.cap > 0) {
        place(r->words + map->words, map->u.keys.cap, slot, &map->u.keys.last);
    } else {
        if (!pb_reader_add_words(r, 1))
            return PB_ENOMEM;
        r->words[r->n_words - 1] = slot;
        map->u.keys.last = map->index;
    }
    map->index++;
    return PB_OK;
}

bool
pb_reader_see_key(struct pb_json_reader *r)
{
    struct pb_frame *entry = r->top;
    struct pb_frame *map = entry - 1;
    const uint8_t *key = r->out->data + entry->len_at + 1;
    const uint8_t *end = r->out->data + r->out->len;
    enum pb_err err = add_key(r, map, entry->start, key, (size_t)(end - key));

    entry->has_key = true;
    entry->words = r->n_words; /* these are the map's */
    if (err == PB_EDUPLICATE)
        pb_reader_fail(r, err, r->token,
            "expected each key once, found it again");
    else if (err != PB_OK)
        pb_reader_fail_out(r, err);
    return err == PB_OK;
}

void
pb_reader_forget_key(struct pb_json_reader *r)
{
    struct pb_frame *map = r->top;

    r->words[map->words + map->u.keys.last] = 0;
    map->index--;
    if (map->u.keys.cap == 0)
        r->n_words--;
}
