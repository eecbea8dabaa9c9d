/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as the body of a stream: length-prefixed messages, some of them
 * compressed. In one piece, in small ones, or held back and read later, the
 * same messages come out, and the same end; none is larger than allowed. The
 * bytes as one message come back from each coding as they were. The first byte
 * says how they are read, the second how many zeros follow them.
 */
#include <assert.h>
#include <stdlib.h>

#include "rpc/link/grpc_framing.h"
#include "tests/fuzz/input.h"

#define MESSAGES 64 /* that are compared */

/* What came out of a body. */
struct result {
    enum rpc_grpc_read end;
    bool is_within;
    size_t count;
    struct sluice_bytes *message[MESSAGES];
};

static void
result_fini(struct result *r)
{
    size_t i;

    for (i = 0; i < r->count; i++)
        sluice_bytes_unref(&r->message[i]);
}

/* False at the end: of the bytes, of what is compared, by an error. */
static bool
take(struct result *r, enum rpc_grpc_read read, struct sluice_bytes *message,
    size_t max_message)
{
    r->end = read;
    if (read != RPC_GRPC_READ_MESSAGE)
        return read == RPC_GRPC_READ_MORE;
    assert(message != NULL && sluice_bytes_size(message) <= max_message);
    r->message[r->count++] = message;
    return r->count < MESSAGES;
}

static void
read_in_pieces(struct result *r, struct rpc_grpc_reader reader,
    const struct rpc_grpc_reading *reading, struct sluice_str body,
    size_t piece)
{
    const uint8_t *at = (const uint8_t *)body.ptr;
    bool goes_on = true;
    size_t left = body.len, len;

    memset(r, 0, sizeof(*r));
    while (left > 0 && goes_on) {
        struct sluice_bytes *message = NULL;
        size_t before = left < piece ? left : piece;
        enum rpc_grpc_read read;

        len = before;
        read = rpc_grpc_reader_feed(&reader, reading, &at, &len, &message);
        goes_on = take(r, read, message, reading->max_message);
        left -= before - len;
    }
    r->is_within = goes_on && rpc_grpc_reader_is_within(&reader);
    rpc_grpc_reader_fini(&reader, reading->pool);
}

static void
read_held(struct result *r, struct rpc_grpc_reader reader,
    const struct rpc_grpc_reading *reading, struct sluice_str body,
    size_t piece)
{
    const uint8_t *at = (const uint8_t *)body.ptr;
    size_t left, len, taken;
    bool goes_on = true;

    memset(r, 0, sizeof(*r));
    for (left = body.len; left > 0; left -= len, at += len) {
        enum sluice_err err;

        len = left < piece ? left : piece;
        err = rpc_grpc_reader_hold(&reader, reading->pool, at, len);
        assert(err == SLUICE_OK);
    }
    while (goes_on && rpc_grpc_reader_is_holding(&reader)) {
        struct sluice_bytes *message = NULL;
        bool has_news = rpc_grpc_reader_has_news(&reader, reading);
        enum rpc_grpc_read read =
            rpc_grpc_reader_feed_held(&reader, reading, &taken, &message);

        goes_on = take(r, read, message, reading->max_message);
        assert(has_news == (r->end != RPC_GRPC_READ_MORE));
    }
    r->is_within = goes_on && rpc_grpc_reader_is_within(&reader);
    rpc_grpc_reader_fini(&reader, reading->pool);
}

static void
check_same(const struct result *a, const struct result *b)
{
    size_t i;

    assert(a->end == b->end && a->count == b->count);
    assert(a->is_within == b->is_within);
    for (i = 0; i < a->count; i++) {
        size_t size = sluice_bytes_size(a->message[i]);

        assert(size == sluice_bytes_size(b->message[i]));
        assert(size == 0 ||
            memcmp(sluice_bytes_data(a->message[i]),
                sluice_bytes_data(b->message[i]), size) == 0);
    }
}

static void
check_coding(const struct rpc_grpc_reading *reading, struct sluice_str bytes,
    enum sluice_grpc_coding coding)
{
    struct sluice_bytes *small = rpc_grpc_deflate(reading->coder, NULL, coding,
                            (const uint8_t *)bytes.ptr, bytes.len),
                        *back = NULL;
    enum sluice_err err;

    if (small == NULL)
        return; /* would not be smaller */
    assert(sluice_bytes_size(small) < bytes.len);
    err = rpc_grpc_inflate(reading->coder, NULL, coding,
        sluice_bytes_data(small), sluice_bytes_size(small), bytes.len, &back);
    assert(err == SLUICE_OK && sluice_bytes_size(back) == bytes.len);
    assert(memcmp(sluice_bytes_data(back), bytes.ptr, bytes.len) == 0);
    sluice_bytes_unref(&back);
    err =
        rpc_grpc_inflate(reading->coder, NULL, coding, sluice_bytes_data(small),
            sluice_bytes_size(small), bytes.len - 1, &back);
    assert(err == SLUICE_ELIMIT && back == NULL);
    sluice_bytes_unref(&small);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = { data, size };
    unsigned how = fuzz_byte(&in);
    struct rpc_grpc_reading reading = { .coder = rpc_grpc_coder_new(),
        .max_message = (how & 4) != 0 ? 20 : 200000 };
    struct rpc_grpc_reader reader = {
        .coding = (enum sluice_grpc_coding)((how & 3) % 3),
        .has_unknown_coding = (how & 3) == 3,
    };
    size_t piece = 1 + (how >> 3);
    size_t zeros = fuzz_byte(&in) * (size_t)1000;
    struct sluice_str bytes = fuzz_rest(&in), body;
    char *text = calloc(1, bytes.len + zeros + 1);
    struct result whole, other;

    assert(reading.coder != NULL && text != NULL);
    if (bytes.len > 0)
        memcpy(text, bytes.ptr, bytes.len);
    body = sluice_str_n(text, bytes.len + zeros);
    if (zeros > 0)
        piece *= 1000;
    read_in_pieces(&whole, reader, &reading, body, SIZE_MAX);
    read_in_pieces(&other, reader, &reading, body, piece);
    check_same(&whole, &other);
    result_fini(&other);
    read_held(&other, reader, &reading, body, piece);
    check_same(&whole, &other);
    result_fini(&other);
    result_fini(&whole);
    if (body.len > 0) {
        check_coding(&reading, body, SLUICE_GRPC_GZIP);
        check_coding(&reading, body, SLUICE_GRPC_DEFLATE);
    }
    rpc_grpc_coder_free(&reading.coder);
    free(text);
    return 0;
}
