/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/metadata.c - name/value lists.
 *
 * One block holds everything: texts grow from its front, entries from its back.
 * The first block lies behind the list itself and suffices for ordinary lists;
 * a full block is replaced by one of at least twice its size.
 */
#include "rpc/metadata.h"

#include <stdatomic.h>

#include "rpc/check.h"
#include "rpc/pool.h"
#include "rpc/printable.h"

#define METADATA_MAGIC 0x6d657461u
#define FIRST_BLOCK 448u         /* with the head: a 512 byte class */
#define LARGEST_BLOCK (1u << 30) /* offsets are 32 bits wide */

/* The value follows the name directly. */
struct entry {
    uint32_t offset;
    uint32_t name_len;
    uint32_t value_len;
};

struct sluice_metadata {
    unsigned magic;
    atomic_uint refs;
    struct sluice_pool *pool;
    char *block; /* `first`, or storage of its own */
    uint32_t capacity;
    uint32_t text_len;
    uint32_t count;
    _Alignas(struct entry) char first[FIRST_BLOCK];
};

/* Nobody counts its holders, and nobody writes to it. */
static const struct sluice_metadata empty = { .magic = METADATA_MAGIC };

struct sluice_metadata *
rpc_metadata_empty(void)
{
    return (struct sluice_metadata *)(uintptr_t)&empty;
}

static struct entry *
entry_at(char *block, uint32_t capacity, size_t i)
{
    return (struct entry *)(void *)(block + capacity) - (i + 1);
}

struct sluice_metadata *
sluice_metadata_new(struct sluice_pool *pool)
{
    struct sluice_metadata *md = sluice_pool_take(pool, sizeof(*md));

    if (md == NULL)
        return NULL;
    md->magic = METADATA_MAGIC;
    atomic_init(&md->refs, 1);
    md->pool = pool;
    md->block = md->first;
    md->capacity = FIRST_BLOCK;
    md->text_len = 0;
    md->count = 0;
    return md;
}

static void
give_block(struct sluice_metadata *md, char *block, uint32_t capacity)
{
    if (block != md->first)
        sluice_pool_give(md->pool, block, capacity);
}

/* Moves the contents to a block with at least need more bytes. Leaves the old
 * one to the caller, who may still read from it. */
static enum sluice_err
grow(struct sluice_metadata *md, size_t need)
{
    size_t entries = md->count * sizeof(struct entry);
    size_t capacity = md->capacity * (size_t)2;
    char *block;

    if (capacity < md->capacity + need)
        capacity = md->capacity + need;
    capacity = (capacity + 63) & ~(size_t)63;
    if (capacity > LARGEST_BLOCK)
        return SLUICE_ELIMIT;
    block = sluice_pool_take(md->pool, capacity);
    if (block == NULL)
        return SLUICE_ENOMEM;

    memcpy(block, md->block, md->text_len);
    memcpy(block + capacity - entries, md->block + md->capacity - entries,
        entries);
    md->block = block;
    md->capacity = (uint32_t)capacity;
    return SLUICE_OK;
}

enum sluice_err
sluice_metadata_add(struct sluice_metadata *md, struct sluice_str name,
    struct sluice_str value)
{
    char *old_block, *text;
    uint32_t old_capacity;
    struct entry *entry;
    size_t need, room;
    enum sluice_err err;

    RPC_CHECK(md, METADATA_MAGIC);
    assert(atomic_load_explicit(&md->refs, memory_order_relaxed) == 1);
    if (name.len == 0)
        return SLUICE_EINVAL;
    if (name.len > LARGEST_BLOCK || value.len > LARGEST_BLOCK)
        return SLUICE_ELIMIT;

    need = name.len + value.len + sizeof(struct entry);
    room = md->capacity - md->text_len - md->count * sizeof(struct entry);
    old_block = md->block;
    old_capacity = md->capacity;
    if (need > room) {
        err = grow(md, need);
        if (err != SLUICE_OK)
            return err;
    }

    text = md->block + md->text_len;
    memcpy(text, name.ptr, name.len);
    if (value.len > 0)
        memcpy(text + name.len, value.ptr, value.len);
    entry = entry_at(md->block, md->capacity, md->count);
    entry->offset = md->text_len;
    entry->name_len = (uint32_t)name.len;
    entry->value_len = (uint32_t)value.len;
    md->text_len += (uint32_t)(name.len + value.len);
    md->count++;

    /* Only now: name and value may be borrowed from this very list. */
    if (md->block != old_block)
        give_block(md, old_block, old_capacity);
    return SLUICE_OK;
}

size_t
sluice_metadata_count(const struct sluice_metadata *md)
{
    RPC_CHECK(md, METADATA_MAGIC);
    return md->count;
}

struct sluice_metadatum
sluice_metadata_at(const struct sluice_metadata *md, size_t i)
{
    struct sluice_metadatum m;
    const struct entry *entry;
    const char *text;

    RPC_CHECK(md, METADATA_MAGIC);
    assert(i < md->count);
    entry = entry_at(md->block, md->capacity, i);
    text = md->block + entry->offset;
    m.name = sluice_str_n(text, entry->name_len);
    m.value = sluice_str_n(text + entry->name_len, entry->value_len);
    return m;
}

struct sluice_str
sluice_metadata_find(const struct sluice_metadata *md, struct sluice_str name)
{
    struct sluice_metadatum m;
    size_t i;

    for (i = 0; md != NULL && i < sluice_metadata_count(md); i++) {
        m = sluice_metadata_at(md, i);
        if (sluice_str_equal(m.name, name))
            return m.value;
    }
    return sluice_str(NULL);
}

/* Each request's names are looked at when they are taken in and when they are
 * sent: a table is quicker than comparisons. */
static const bool name_bytes[256] = {
    ['-'] = true,
    ['.'] = true,
    ['_'] = true,
    ['0'] = true,
    ['1'] = true,
    ['2'] = true,
    ['3'] = true,
    ['4'] = true,
    ['5'] = true,
    ['6'] = true,
    ['7'] = true,
    ['8'] = true,
    ['9'] = true,
    ['a'] = true,
    ['b'] = true,
    ['c'] = true,
    ['d'] = true,
    ['e'] = true,
    ['f'] = true,
    ['g'] = true,
    ['h'] = true,
    ['i'] = true,
    ['j'] = true,
    ['k'] = true,
    ['l'] = true,
    ['m'] = true,
    ['n'] = true,
    ['o'] = true,
    ['p'] = true,
    ['q'] = true,
    ['r'] = true,
    ['s'] = true,
    ['t'] = true,
    ['u'] = true,
    ['v'] = true,
    ['w'] = true,
    ['x'] = true,
    ['y'] = true,
    ['z'] = true,
};

bool
sluice_metadata_name_is_valid(struct sluice_str name)
{
    bool is_valid = name.len > 0;
    size_t i;

    for (i = 0; i < name.len; i++)
        is_valid &= name_bytes[(unsigned char)name.ptr[i]];
    return is_valid;
}

static bool
is_binary(struct sluice_str name)
{
    return name.len > 4 && memcmp(name.ptr + name.len - 4, "-bin", 4) == 0;
}

bool
sluice_metadata_value_is_valid(struct sluice_str name, struct sluice_str value)
{
    return is_binary(name) || rpc_is_printable(value.ptr, value.len, ' ');
}

struct sluice_metadata *
sluice_metadata_ref(struct sluice_metadata *md)
{
    unsigned before;

    RPC_CHECK(md, METADATA_MAGIC);
    if (md == &empty)
        return md;
    before = atomic_fetch_add_explicit(&md->refs, 1, memory_order_relaxed);
    assert(before > 0 && before < UINT32_MAX);
    return md;
}

void
sluice_metadata_unref(struct sluice_metadata **md_p)
{
    struct sluice_metadata *md = *md_p;

    if (md == NULL)
        return;
    RPC_CHECK(md, METADATA_MAGIC);
    *md_p = NULL;
    if (md == &empty)
        return;
    if (atomic_load_explicit(&md->refs, memory_order_acquire) != 1 &&
        atomic_fetch_sub_explicit(&md->refs, 1, memory_order_acq_rel) != 1)
        return;
    md->magic = 0;
    give_block(md, md->block, md->capacity);
    sluice_pool_give(md->pool, md, sizeof(*md));
}
