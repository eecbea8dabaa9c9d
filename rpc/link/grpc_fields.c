/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_fields.c - builds header blocks. Customer metadata goes out as
 * never indexed: its values differ from call to call, so a place in the
 * compression table would only push out what repeats, and secrets stay out of
 * it.
 *
 * All but what is known to say who sent the request, and was the same not long
 * ago: one byte then, in place of a Huffman code that is made anew each time. A
 * value that was not gets no place, for with many senders none would keep it:
 * putting them in and out costs more than their codes do.
 */
#include "rpc/link/grpc_fields.h"

#include "rpc/check.h"
#include "rpc/link/grpc_metadata.h"

#include <sluice/grpc.h>

#define NO_COPY (NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE)

enum sluice_err
rpc_grpc_text_take(struct rpc_grpc_text *text, struct sluice_pool *pool,
    size_t size)
{
    rpc_grpc_text_drop(text, pool);
    text->ptr = sluice_pool_take(pool, size);
    if (text->ptr == NULL)
        return SLUICE_ENOMEM;
    text->room = size;
    return SLUICE_OK;
}

void
rpc_grpc_text_drop(struct rpc_grpc_text *text, struct sluice_pool *pool)
{
    if (text->ptr != NULL)
        sluice_pool_give(pool, text->ptr, text->room);
    text->ptr = NULL;
    text->room = 0;
}

void
rpc_grpc_fields_add(struct rpc_grpc_fields *f, struct sluice_str name,
    struct sluice_str value, uint8_t flags)
{
    nghttp2_nv *nv = &f->nv[f->count++];

    assert(f->count <= RPC_GRPC_FIELDS);
    nv->name = (uint8_t *)name.ptr;
    nv->namelen = name.len;
    nv->value = (uint8_t *)value.ptr;
    nv->valuelen = value.len;
    nv->flags = NO_COPY | flags;
    f->size += name.len + value.len + RPC_GRPC_FIELD_OVERHEAD;
}

void
rpc_grpc_fields_add_constant(struct rpc_grpc_fields *f, const char *name,
    const char *value)
{
    rpc_grpc_fields_add(f, sluice_str(name), sluice_str(value),
        NGHTTP2_NV_FLAG_NONE);
}

/* Longer ones would leave little room for others in the table of 4096. */
#define INDEXED_MAX 256u

/* These names and no others: some proxies forward tokens by such names, too. */
static bool
tells_of_sender(struct sluice_str name)
{
    switch (name.len) {
    case 12:
        return memcmp(name.ptr, "x-user-agent", 12) == 0;
    case 15:
        return memcmp(name.ptr, "x-forwarded-for", 15) == 0;
    case 16:
        return memcmp(name.ptr, "x-forwarded-host", 16) == 0 ||
            memcmp(name.ptr, "x-forwarded-port", 16) == 0;
    case 17:
        return memcmp(name.ptr, "x-forwarded-proto", 17) == 0;
    default:
        return false;
    }
}

static uint64_t
mix(uint64_t hash, uint64_t word)
{
    hash = (hash ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    return hash ^ hash >> 32;
}

/* Two values with the same hash are no harm: one is indexed too soon. */
static uint64_t
hash_of(struct sluice_metadatum m)
{
    uint64_t hash = m.name.len, word;
    size_t i;

    for (i = 0; i + sizeof(word) <= m.value.len; i += sizeof(word)) {
        memcpy(&word, m.value.ptr + i, sizeof(word));
        hash = mix(hash, word);
    }
    word = m.value.len;
    for (; i < m.value.len; i++)
        word = word << 8 | (uint8_t)m.value.ptr[i];
    return mix(hash, word);
}

/* How nghttp2 is to encode it. */
static uint8_t
indexing(struct rpc_grpc_recent *recent, struct sluice_metadatum m)
{
    uint64_t *place;
    uint64_t hash;

    if (recent == NULL || m.value.len > INDEXED_MAX || !tells_of_sender(m.name))
        return NGHTTP2_NV_FLAG_NO_INDEX;
    hash = hash_of(m);
    place = &recent->hashes[hash % RPC_GRPC_RECENT];
    if (*place == hash)
        return NGHTTP2_NV_FLAG_NONE;
    *place = hash;
    return NGHTTP2_NV_FLAG_NO_INDEX;
}

static bool
may_travel(struct sluice_metadatum m)
{
    return !rpc_grpc_name_is_reserved(m.name) &&
        sluice_metadata_name_is_valid(m.name) &&
        sluice_metadata_value_is_valid(m.name, m.value);
}

/* From the i-th on. */
static size_t
room_for_binary(const struct sluice_metadata *md, size_t i)
{
    struct sluice_metadatum m;
    size_t room = 0;

    for (; i < sluice_metadata_count(md); i++) {
        m = sluice_metadata_at(md, i);
        if (rpc_grpc_name_is_binary(m.name))
            room += m.value.len / 3 * 4 + 4;
    }
    return room;
}

enum sluice_err
rpc_grpc_fields_add_metadata(struct rpc_grpc_fields *f,
    const struct sluice_metadata *md, struct sluice_pool *pool,
    struct rpc_grpc_text *binary)
{
    size_t count = sluice_metadata_count(md);
    struct sluice_metadatum m;
    char *text = NULL;
    size_t len;
    size_t i;

    rpc_grpc_text_drop(binary, pool);
    for (i = 0; i < count; i++) {
        m = sluice_metadata_at(md, i);
        if (!may_travel(m))
            continue;
        if (f->count == RPC_GRPC_FIELDS)
            return SLUICE_ELIMIT;
        if (rpc_grpc_name_is_binary(m.name)) {
            if (text == NULL) {
                if (rpc_grpc_text_take(binary, pool, room_for_binary(md, i)) !=
                    SLUICE_OK)
                    return SLUICE_ENOMEM;
                text = binary->ptr;
            }
            len = sluice_base64_encode(m.value.ptr, m.value.len, text);
            m.value = sluice_str_n(text, len);
            text += len;
        } else {
            m.value = rpc_grpc_trim(m.value);
        }
        rpc_grpc_fields_add(f, m.name, m.value, indexing(f->recent, m));
    }
    return SLUICE_OK;
}
