/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_metadata.c - metadata to and from HTTP/2 header fields.
 */
#include "rpc/link/grpc_metadata.h"

#include <sluice/grpc.h>

#include <strings.h>

#define TEXT(s)          \
    {                    \
        s, sizeof(s) - 1 \
    }

static const struct sluice_str not_metadata[] = { TEXT("connection"),
    TEXT("content-length"), TEXT("content-type"), TEXT("host"),
    TEXT("http2-settings"), TEXT("keep-alive"), TEXT("proxy-connection"),
    TEXT("te"), TEXT("trailer"), TEXT("transfer-encoding"), TEXT("upgrade"),
    TEXT("user-agent") };

/* Of the reserved "grpc-" names, those that travel as metadata. */
static const struct sluice_str grpc_metadata[] = {
    TEXT("grpc-previous-rpc-attempts"), TEXT("grpc-retry-pushback-ms"),
    TEXT("grpc-status-details-bin")
};

static bool
is_among(const struct sluice_str *names, size_t n, struct sluice_str name)
{
    size_t i;

    for (i = 0; i < n; i++)
        if (sluice_str_equal(names[i], name))
            return true;
    return false;
}

/* By the first letter: most names of metadata begin with another. */
bool
rpc_grpc_name_is_reserved(struct sluice_str name)
{
    switch (name.len > 0 ? name.ptr[0] : ':') {
    case ':':
        return true;
    case 'g':
        return name.len >= 5 && memcmp(name.ptr, "grpc-", 5) == 0 &&
            !is_among(grpc_metadata,
                sizeof(grpc_metadata) / sizeof(grpc_metadata[0]), name);
    case 'c':
    case 'h':
    case 'k':
    case 'p':
    case 't':
    case 'u':
        return is_among(not_metadata,
            sizeof(not_metadata) / sizeof(not_metadata[0]), name);
    default:
        return false;
    }
}

bool
rpc_grpc_is_grpc_type(struct sluice_str value)
{
    static const char type[] = "application/grpc";
    size_t len = sizeof(type) - 1;

    if (value.len == len && memcmp(value.ptr, type, len) == 0)
        return true; /* as everybody writes it */
    if (value.len < len || strncasecmp(value.ptr, type, len) != 0)
        return false;
    return value.len == len || value.ptr[len] == '+' || value.ptr[len] == ';';
}

struct sluice_str
rpc_grpc_trim(struct sluice_str s)
{
    while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t')) {
        s.ptr++;
        s.len--;
    }
    while (s.len > 0 && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
        s.len--;
    return s;
}

static enum sluice_err
receive_one_binary(struct sluice_metadata *md, struct sluice_pool *pool,
    struct sluice_str name, struct sluice_str text)
{
    size_t room = text.len / 4 * 3 + 3;
    char *bytes = sluice_pool_take(pool, room);
    enum sluice_err err = SLUICE_EINVAL;
    size_t n;

    if (bytes == NULL)
        return SLUICE_ENOMEM;
    n = sluice_base64_decode(text.ptr, text.len, bytes);
    if (n != SIZE_MAX)
        err = sluice_metadata_add(md, name, sluice_str_n(bytes, n));
    sluice_pool_give(pool, bytes, room);
    return err;
}

/* Several values may have been merged with commas. */
static enum sluice_err
receive_binary(struct sluice_metadata *md, struct sluice_pool *pool,
    struct sluice_str name, struct sluice_str value)
{
    struct sluice_str one;
    const char *comma;
    enum sluice_err err;

    for (;;) {
        comma = value.len == 0 ? NULL : memchr(value.ptr, ',', value.len);
        one = value;
        if (comma != NULL)
            one.len = (size_t)(comma - value.ptr);
        err = receive_one_binary(md, pool, name, rpc_grpc_trim(one));
        if (err != SLUICE_OK || comma == NULL)
            return err;
        value.ptr += one.len + 1;
        value.len -= one.len + 1;
    }
}

enum sluice_err
rpc_grpc_metadata_receive(struct sluice_metadata *md, struct sluice_pool *pool,
    struct sluice_str name, struct sluice_str value)
{
    enum sluice_err err;

    if (rpc_grpc_name_is_reserved(name) || !sluice_metadata_name_is_valid(name))
        return SLUICE_OK;
    if (rpc_grpc_name_is_binary(name)) {
        err = receive_binary(md, pool, name, value);
        /* Details nobody can read do not spoil the status they are for. */
        if (err == SLUICE_EINVAL &&
            sluice_str_equal(name, sluice_str("grpc-status-details-bin")))
            err = SLUICE_OK;
        return err;
    }
    if (!sluice_metadata_value_is_valid(name, value))
        return SLUICE_OK;
    return sluice_metadata_add(md, name, rpc_grpc_trim(value));
}
