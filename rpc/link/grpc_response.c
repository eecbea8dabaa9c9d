/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_response.c - reads response headers and trailers. HTTP/2's own
 * rules (pseudo headers, lower case, order) have been checked by nghttp2.
 */
#include "rpc/link/grpc_response.h"

#include "rpc/check.h"
#include "rpc/link/grpc_fields.h"
#include "rpc/link/grpc_coding.h"
#include "rpc/link/grpc_metadata.h"
#include "rpc/metadata.h"

#include <sluice/status.h>

/* A longer grpc-message is cut: a status is worth more than all of its text. */
#define MESSAGE_MAX 8192

/* text is a literal: most names differ by length already. */
#define IS(name, text)                 \
    ((name).len == sizeof(text) - 1 && \
        memcmp((name).ptr, text, sizeof(text) - 1) == 0)

/* nghttp2 lets only three digits through. */
static unsigned
http_status_of(struct sluice_str value)
{
    unsigned n = 0;
    size_t i;

    for (i = 0; i < value.len && i < 3; i++)
        n = n * 10 + (unsigned)(value.ptr[i] - '0');
    return n;
}

/* Digits only; anything else, and what does not fit, is UNKNOWN. A number that
 * is no code of today stays: who passes it on need not know it. */
static int32_t
status_of(struct sluice_str value)
{
    int32_t n = 0;
    size_t i;

    if (value.len == 0 || value.len > 9)
        return SLUICE_CODE_UNKNOWN;
    for (i = 0; i < value.len; i++) {
        if (value.ptr[i] < '0' || value.ptr[i] > '9')
            return SLUICE_CODE_UNKNOWN;
        n = n * 10 + (value.ptr[i] - '0');
    }
    return n;
}

static struct sluice_str
cut_message(struct sluice_str value)
{
    size_t i;

    if (value.len <= MESSAGE_MAX)
        return value;
    value.len = MESSAGE_MAX;
    for (i = value.len - 2; i < value.len; i++)
        if (value.ptr[i] == '%')
            value.len = i; /* not within an escape */
    return value;
}

/* Without the last character, unless it is ASCII: a piece of it may be cut. */
static size_t
whole_characters(const char *text, size_t len)
{
    size_t n = len;

    while (n > 0 && len - n < 3 && ((uint8_t)text[n - 1] & 0xc0) == 0x80)
        n--;
    return n > 0 && (uint8_t)text[n - 1] >= 0xc0 ? n - 1 : len;
}

static enum sluice_err
take_message(struct rpc_grpc_response *r, struct sluice_pool *pool,
    struct sluice_str value)
{
    struct sluice_str kept = cut_message(value);

    if (r->message != NULL || value.len == 0)
        return SLUICE_OK; /* of several, the first */
    r->message = sluice_pool_take(pool, kept.len);
    if (r->message == NULL)
        return SLUICE_ENOMEM;
    r->message_room = kept.len;
    r->message_len = sluice_grpc_message_decode(kept.ptr, kept.len, r->message);
    if (kept.len < value.len)
        r->message_len = whole_characters(r->message, r->message_len);
    return SLUICE_OK;
}

static enum sluice_err
take_metadata(struct rpc_grpc_response *r, struct sluice_pool *pool,
    struct sluice_str name, struct sluice_str value)
{
    if (rpc_grpc_name_is_reserved(name))
        return SLUICE_OK;
    if (r->metadata == NULL)
        r->metadata = sluice_metadata_new(pool);
    if (r->metadata == NULL)
        return SLUICE_ENOMEM;
    return rpc_grpc_metadata_receive(r->metadata, pool, name, value);
}

static enum sluice_err
take_field(struct rpc_grpc_response *r, struct sluice_pool *pool,
    struct sluice_str name, struct sluice_str value)
{
    if (IS(name, ":status")) {
        r->http_status = http_status_of(value);
        return SLUICE_OK;
    }
    if (IS(name, "content-type")) {
        r->is_grpc = rpc_grpc_is_grpc_type(value);
        return SLUICE_OK;
    }
    if (IS(name, "grpc-status")) {
        if (!r->has_status || r->status == SLUICE_CODE_OK)
            r->status = status_of(value); /* of several, the first failure */
        r->has_status = true;
        return SLUICE_OK;
    }
    if (IS(name, "grpc-message"))
        return take_message(r, pool, value);
    if (IS(name, "grpc-encoding")) {
        r->has_unknown_coding =
            rpc_grpc_coding_parse(value, &r->coding) != SLUICE_OK;
        return SLUICE_OK;
    }
    if (IS(name, "grpc-accept-encoding")) {
        r->accepted |= rpc_grpc_codings_parse(value);
        return SLUICE_OK;
    }
    return take_metadata(r, pool, name, value);
}

void
rpc_grpc_response_begin(struct rpc_grpc_response *r)
{
    rpc_metadata_drop(&r->metadata);
    r->size = 0;
    r->http_status = 0;
    r->is_grpc = false;
    r->has_status = false;
    r->coding = SLUICE_GRPC_IDENTITY;
    r->has_unknown_coding = false;
    r->accepted = 0;
}

bool
rpc_grpc_response_field(struct rpc_grpc_response *r, struct sluice_pool *pool,
    size_t max_size, const struct sluice_metadatum *field)
{
    struct sluice_str name = field->name, value = field->value;

    r->size += rpc_grpc_value_count(name, value) *
            (name.len + RPC_GRPC_FIELD_OVERHEAD) +
        (value.len > MESSAGE_MAX && IS(name, "grpc-message")
                ? cut_message(value).len
                : value.len);
    if (r->size > max_size)
        r->fault = SLUICE_ELIMIT;
    else
        r->fault = take_field(r, pool, name, value);
    return r->fault == SLUICE_OK;
}

bool
rpc_grpc_response_is_informational(const struct rpc_grpc_response *r)
{
    return r->http_status >= 100 && r->http_status < 200;
}

bool
rpc_grpc_response_head(struct rpc_grpc_response *r, struct rpc_grpc_end *end)
{
    if (r->http_status != 200 || !r->is_grpc) {
        *end = rpc_grpc_response_end(r);
        return false;
    }
    r->has_head = true;
    return true;
}

struct rpc_grpc_end
rpc_grpc_response_end(const struct rpc_grpc_response *r)
{
    struct sluice_str message = { NULL, 0 };

    if (r->has_status && (r->has_head || r->is_grpc)) {
        if (r->message != NULL)
            message = sluice_str_n(r->message, r->message_len);
        return rpc_grpc_end_status(r->status, message);
    }
    return rpc_grpc_end_http(r->has_head ? 200 : r->http_status);
}

struct rpc_grpc_end
rpc_grpc_response_fault(const struct rpc_grpc_response *r)
{
    switch (r->fault) {
    case SLUICE_ELIMIT:
        return rpc_grpc_end_malformed("the backend sent too much metadata");
    case SLUICE_EINVAL:
        return rpc_grpc_end_malformed(
            "the backend sent binary metadata that is not base64");
    default:
        return rpc_grpc_end_short();
    }
}

struct sluice_metadata *
rpc_grpc_response_take_metadata(struct rpc_grpc_response *r)
{
    struct sluice_metadata *md = r->metadata;

    r->metadata = NULL;
    return md;
}

void
rpc_grpc_response_fini(struct rpc_grpc_response *r, struct sluice_pool *pool)
{
    rpc_metadata_drop(&r->metadata);
    if (r->message != NULL)
        sluice_pool_give(pool, r->message, r->message_room);
    r->message = NULL;
}
