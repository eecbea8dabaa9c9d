/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_fields.c - builds header blocks. Customer metadata goes out as
 * never indexed: its values differ from call to call, so a place in the
 * compression table would only push out what repeats, and secrets stay out of
 * it.
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

static bool
may_travel(struct sluice_metadatum m)
{
    return !rpc_grpc_name_is_reserved(m.name) &&
        sluice_metadata_name_is_valid(m.name) &&
        sluice_metadata_value_is_valid(m.name, m.value);
}

static size_t
room_for_binary(const struct sluice_metadata *md)
{
    struct sluice_metadatum m;
    size_t room = 0;
    size_t i;

    for (i = 0; i < sluice_metadata_count(md); i++) {
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
    size_t room = room_for_binary(md);
    struct sluice_metadatum m;
    char *text;
    size_t len;
    size_t i;

    rpc_grpc_text_drop(binary, pool);
    if (room > 0 && rpc_grpc_text_take(binary, pool, room) != SLUICE_OK)
        return SLUICE_ENOMEM;
    text = binary->ptr;
    for (i = 0; i < sluice_metadata_count(md); i++) {
        m = sluice_metadata_at(md, i);
        if (!may_travel(m))
            continue;
        if (f->count == RPC_GRPC_FIELDS)
            return SLUICE_ELIMIT;
        if (rpc_grpc_name_is_binary(m.name)) {
            len = sluice_base64_encode(m.value.ptr, m.value.len, text);
            m.value = sluice_str_n(text, len);
            text += len;
        } else {
            m.value = rpc_grpc_trim(m.value);
        }
        rpc_grpc_fields_add(f, m.name, m.value, NGHTTP2_NV_FLAG_NO_INDEX);
    }
    return SLUICE_OK;
}
