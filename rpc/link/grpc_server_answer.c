/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_server_answer.c - builds response headers and trailers. A
 * status always finds its way out: what is in its way, for lack of memory or
 * because the caller would not take so much, is left out.
 */
#include "rpc/link/grpc_server_answer.h"

#include "rpc/check.h"
#include "rpc/link/grpc_metadata.h"

#include <sluice/status.h>

/* Of a longer message, so many bytes are sent at most. */
#define MESSAGE_MAX 8192

#define CONTENT_TYPE "application/grpc"

/* ---------------------------------------------------------------- texts */

/* At most MESSAGE_MAX bytes, without a piece of a character at their end. */
static struct sluice_str
cut(struct sluice_str text)
{
    size_t n;

    if (text.len <= MESSAGE_MAX)
        return text;
    for (n = MESSAGE_MAX; n > MESSAGE_MAX - 4; n--)
        if (((uint8_t)text.ptr[n] & 0xc0) != 0x80)
            break;
    return sluice_str_n(text.ptr, n);
}

static void
set_code(struct rpc_grpc_answer *a, int32_t code)
{
    char reversed[sizeof(a->code)];
    size_t digits = 0;

    if (code < 0)
        code = SLUICE_CODE_UNKNOWN; /* the grammar has no sign */
    do {
        reversed[digits++] = (char)('0' + code % 10);
        code /= 10;
    } while (code > 0);
    for (a->code_len = 0; digits > 0; a->code_len++)
        a->code[a->code_len] = reversed[--digits];
}

void
rpc_grpc_answer_set_status(struct rpc_grpc_answer *a, struct sluice_pool *pool,
    int32_t code, struct sluice_str message)
{
    struct sluice_str text = cut(message);
    size_t size = sluice_grpc_message_encode(text.ptr, text.len, NULL);

    set_code(a, code);
    a->message_len = 0;
    if (size == 0 || rpc_grpc_text_take(&a->message, pool, size) != SLUICE_OK)
        return;
    sluice_grpc_message_encode(text.ptr, text.len, a->message.ptr);
    a->message_len = size;
}

/* --------------------------------------------------------------- blocks */

void
rpc_grpc_answer_alone(const char *http_status, struct rpc_grpc_fields *f)
{
    rpc_grpc_fields_add_constant(f, ":status", http_status);
    rpc_grpc_fields_add_constant(f, "content-type", CONTENT_TYPE);
    if (strcmp(http_status, "405") == 0)
        rpc_grpc_fields_add_constant(f, "allow", "POST");
    rpc_grpc_fields_add_constant(f, "grpc-accept-encoding",
        RPC_GRPC_ACCEPTED_CODINGS);
}

enum sluice_err
rpc_grpc_answer_head(struct rpc_grpc_answer *a, struct sluice_pool *pool,
    size_t max_size, struct rpc_grpc_fields *f)
{
    enum sluice_err err = SLUICE_OK;

    rpc_grpc_fields_add_constant(f, ":status", "200");
    rpc_grpc_fields_add_constant(f, "content-type", CONTENT_TYPE);
    if (a->coding != SLUICE_GRPC_IDENTITY)
        rpc_grpc_fields_add(f, sluice_str("grpc-encoding"),
            rpc_grpc_coding_name(a->coding), NGHTTP2_NV_FLAG_NONE);
    rpc_grpc_fields_add_constant(f, "grpc-accept-encoding",
        RPC_GRPC_ACCEPTED_CODINGS);
    if (a->initial != NULL)
        err = rpc_grpc_fields_add_metadata(f, a->initial, pool,
            &a->initial_binary);
    if (err == SLUICE_OK && f->size > max_size)
        err = SLUICE_ELIMIT;
    return err;
}

/* Whether encoded text may be cut before its n-th byte: not in an escape, and
 * not in a character. */
static bool
is_seam(const char *text, size_t n)
{
    if ((n >= 1 && text[n - 1] == '%') || (n >= 2 && text[n - 2] == '%'))
        return false;
    return text[n] != '%' || strchr("89AB", text[n + 1]) == NULL;
}

static void
add_message(struct rpc_grpc_answer *a, size_t max_size,
    struct rpc_grpc_fields *f)
{
    static const char name[] = "grpc-message";
    size_t used = f->size + RPC_GRPC_FIELD_OVERHEAD + sizeof(name) - 1;
    size_t room = max_size > used ? max_size - used : 0;
    size_t len = a->message_len;

    if (len > room)
        for (len = room; len > 0 && !is_seam(a->message.ptr, len); len--)
            continue;
    if (len > 0)
        rpc_grpc_fields_add(f, sluice_str(name),
            sluice_str_n(a->message.ptr, len), NGHTTP2_NV_FLAG_NO_INDEX);
}

static void
add_status(struct rpc_grpc_answer *a, size_t max_size,
    struct rpc_grpc_fields *f)
{
    rpc_grpc_fields_add(f, sluice_str("grpc-status"),
        sluice_str_n(a->code, a->code_len), NGHTTP2_NV_FLAG_NONE);
    add_message(a, max_size, f);
}

void
rpc_grpc_answer_trailers(struct rpc_grpc_answer *a, struct sluice_pool *pool,
    size_t max_size, struct rpc_grpc_fields *f)
{
    struct rpc_grpc_fields before = *f;

    add_status(a, max_size, f);
    if (a->terminal == NULL)
        return;
    if (rpc_grpc_fields_add_metadata(f, a->terminal, pool,
            &a->terminal_binary) == SLUICE_OK &&
        f->size <= max_size)
        return;
    *f = before;
    if (a->code_len == 1 && a->code[0] == '0')
        rpc_grpc_answer_set_status(a, pool, SLUICE_CODE_RESOURCE_EXHAUSTED,
            sluice_str("the answer has too much metadata"));
    add_status(a, max_size, f);
}

void
rpc_grpc_answer_fini(struct rpc_grpc_answer *a, struct sluice_pool *pool)
{
    sluice_metadata_unref(&a->initial);
    sluice_metadata_unref(&a->terminal);
    rpc_grpc_text_drop(&a->message, pool);
    rpc_grpc_text_drop(&a->initial_binary, pool);
    rpc_grpc_text_drop(&a->terminal_binary, pool);
}
