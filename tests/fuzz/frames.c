/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/fuzz/frames.c - frames, header blocks and messages out of few bytes.
 */
#include "tests/fuzz/frames.h"

#include <assert.h>

#include <nghttp2/nghttp2.h>
#include <zlib.h>

#define MAX_FRAME 16384u

void
fuzz_bytes_add(struct fuzz_bytes *b, const void *data, size_t len)
{
    if (len > sizeof(b->data) - b->len)
        len = sizeof(b->data) - b->len;
    if (len > 0)
        memcpy(b->data + b->len, data, len);
    b->len += len;
}

static void
add_number(struct fuzz_bytes *b, uint32_t n, unsigned bytes)
{
    uint8_t byte;

    while (bytes-- > 0) {
        byte = (uint8_t)(n >> 8 * bytes);
        fuzz_bytes_add(b, &byte, 1);
    }
}

static void
add_zeros(struct fuzz_bytes *b, size_t n)
{
    if (n > sizeof(b->data) - b->len)
        n = sizeof(b->data) - b->len;
    memset(b->data + b->len, 0, n);
    b->len += n;
}

static void
add_frame(struct fuzz_bytes *b, unsigned type, unsigned flags, uint32_t stream,
    const void *payload, size_t len)
{
    add_number(b, (uint32_t)len, 3);
    add_number(b, type, 1);
    add_number(b, flags, 1);
    add_number(b, stream, 4);
    fuzz_bytes_add(b, payload, len);
}

/* Mostly one of the first that a client opens. */
static uint32_t
choose_stream(struct fuzz_input *in)
{
    static const uint32_t streams[] = { 1, 3, 5, 7, 9, 11, 13, 15, 1, 3, 5, 0,
        2, 101, 0x7fffffff, 0x80000001 };

    return streams[fuzz_below(in, 16)];
}

static uint32_t
choose_number(struct fuzz_input *in)
{
    static const uint32_t numbers[] = { 0, 1, 2, 3, 5, 7, 8, 11, 100, 16384,
        65535, 65536, 100000, 0x7fffffff, 0x80000000, 0xffffffff };

    return numbers[fuzz_below(in, 16)];
}

/* ------------------------------------------------------------- headers */

static void
add_field(struct fuzz_bytes *block, struct sluice_str name,
    struct sluice_str value)
{
    /* HPACK, RFC 7541, 6.2.2: literal, not indexed, names by themselves */
    add_number(block, 0, 1);
    add_number(block, (uint32_t)(name.len < 127 ? name.len : 126), 1);
    fuzz_bytes_add(block, name.ptr, name.len < 127 ? name.len : 126);
    add_number(block, (uint32_t)(value.len < 127 ? value.len : 126), 1);
    fuzz_bytes_add(block, value.ptr, value.len < 127 ? value.len : 126);
}

static void
add_fields(struct fuzz_bytes *block, const struct fuzz_field *f, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++)
        add_field(block, sluice_str(f[i].name), sluice_str(f[i].value));
}

static void
choose_field(struct fuzz_bytes *block, struct fuzz_input *in,
    const struct fuzz_vocabulary *words)
{
    unsigned n = fuzz_byte(in);
    struct sluice_str name, value;

    if (n < 240) {
        add_fields(block, &words->fields[n % words->count], 1);
    } else if (n < 250) {
        name = fuzz_text(in);
        value = fuzz_text(in);
        add_field(block, name, value);
    } else {
        value = fuzz_text(in); /* HPACK, as it comes */
        fuzz_bytes_add(block, value.ptr, value.len);
    }
}

static void
choose_block(struct fuzz_bytes *block, struct fuzz_input *in,
    const struct fuzz_vocabulary *words, bool has_head)
{
    unsigned n = fuzz_byte(in);
    size_t from = block->len;

    if (has_head)
        add_fields(block, words->head, words->heads);
    while ((n & 15) > 0) {
        choose_field(block, in, words);
        n--;
    }
    /* Over and over, for lists that do not stop */
    for (n >>= 4; n > 11; n--)
        fuzz_bytes_add(block, block->data + from, block->len - from);
}

/* In one frame or in several, the last of which may be missing. */
static void
choose_headers(struct fuzz_bytes *b, struct fuzz_input *in,
    const struct fuzz_vocabulary *words)
{
    unsigned how = fuzz_byte(in), flags = how & NGHTTP2_FLAG_END_STREAM;
    unsigned type = NGHTTP2_HEADERS;
    uint32_t stream = choose_stream(in);
    struct fuzz_bytes block = { .len = 0 };
    size_t at = 0, len, most = MAX_FRAME;

    if ((how & 2) != 0) {
        flags |= NGHTTP2_FLAG_PRIORITY;
        add_number(&block, choose_number(in), 4);
        add_number(&block, 16, 1);
    }
    if ((how & 4) != 0)
        most = 1u + fuzz_byte(in);
    choose_block(&block, in, words, (how & 8) == 0);
    do {
        len = block.len - at < most ? block.len - at : most;
        if (at + len == block.len && (how & 16) == 0)
            flags |= NGHTTP2_FLAG_END_HEADERS;
        add_frame(b, type, flags, stream, block.data + at, len);
        type = NGHTTP2_CONTINUATION;
        flags = 0;
        at += len;
    } while (at < block.len);
}

/* -------------------------------------------------------------- messages */

static void
compress_to(struct fuzz_bytes *b, struct sluice_str text, int window_bits)
{
    z_stream z = { .next_in = (Bytef *)(uintptr_t)text.ptr };
    uint8_t out[1024];
    int rc;

    z.avail_in = (uInt)text.len;
    z.next_out = out;
    z.avail_out = sizeof(out);
    rc = deflateInit2(&z, 1, Z_DEFLATED, window_bits, 8, Z_DEFAULT_STRATEGY);
    assert(rc == Z_OK);
    (void)deflate(&z, Z_FINISH);
    fuzz_bytes_add(b, out, sizeof(out) - z.avail_out);
    (void)deflateEnd(&z);
}

static void
choose_content(struct fuzz_bytes *b, struct fuzz_input *in, unsigned how)
{
    static const char zeros[100000];
    struct sluice_str text;

    if (how == 3) {
        add_zeros(b, fuzz_byte(in) * 100u);
        return;
    }
    text = fuzz_text(in);
    if (how > 0 && text.len > 200) /* much from little */
        text = sluice_str_n(zeros, sizeof(zeros));
    if (how == 0)
        fuzz_bytes_add(b, text.ptr, text.len);
    else
        compress_to(b, text, how == 1 ? 15 : 31);
}

/* With its prefix, true or not. */
static void
choose_message(struct fuzz_bytes *b, struct fuzz_input *in)
{
    unsigned how = fuzz_byte(in);
    struct fuzz_bytes content = { .len = 0 };
    uint32_t len;

    choose_content(&content, in, how & 3);
    len = (uint32_t)content.len;
    if ((how & 0x30) == 0x30)
        len += fuzz_below(in, 8) - 4;
    if ((how & 0xc0) == 0xc0)
        len = choose_number(in);
    add_number(b, how >> 2 & 3, 1);
    add_number(b, len, 4);
    fuzz_bytes_add(b, content.data, content.len);
}

static void
choose_data(struct fuzz_bytes *b, struct fuzz_input *in)
{
    unsigned how = fuzz_byte(in), flags = 0, n = how >> 4 & 3;
    uint32_t stream = choose_stream(in);
    struct fuzz_bytes body = { .len = 0 };
    size_t at = 0, len, most = MAX_FRAME;

    if ((how & 2) != 0)
        most = 1u + fuzz_byte(in);
    if ((how & 4) != 0) {
        most = MAX_FRAME;
        flags = NGHTTP2_FLAG_PADDED;
        add_number(&body, fuzz_byte(in), 1);
    }
    while (n-- > 0)
        choose_message(&body, in);
    if ((how & 8) != 0)
        add_zeros(&body, fuzz_byte(in));
    do {
        len = body.len - at < most ? body.len - at : most;
        if (at + len == body.len)
            flags |= how & NGHTTP2_FLAG_END_STREAM;
        add_frame(b, NGHTTP2_DATA, flags, stream, body.data + at, len);
        at += len;
    } while (at < body.len);
}

/* ---------------------------------------------------------------- others */

static void
choose_settings(struct fuzz_bytes *b, struct fuzz_input *in)
{
    unsigned how = fuzz_byte(in), n = how & 3;
    struct fuzz_bytes p = { .len = 0 };

    while (n-- > 0) {
        add_number(&p, fuzz_below(in, 9), 2);
        add_number(&p, choose_number(in), 4);
    }
    if ((how & 4) == 0)
        add_frame(b, NGHTTP2_SETTINGS, 0, 0, p.data, p.len);
    if ((how & 8) == 0)
        add_frame(b, NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, NULL, 0);
}

/* Frames whose payload is one number, or two. */
static void
choose_small(struct fuzz_bytes *b, struct fuzz_input *in)
{
    static const uint8_t types[] = { NGHTTP2_RST_STREAM, NGHTTP2_WINDOW_UPDATE,
        NGHTTP2_GOAWAY, NGHTTP2_PING, NGHTTP2_PRIORITY, NGHTTP2_PUSH_PROMISE };
    static const unsigned sizes[] = { 4, 4, 8, 8, 5, 4 };
    unsigned which = fuzz_below(in, 6), how = fuzz_byte(in), n = how >> 4;
    struct fuzz_bytes p = { .len = 0 };
    uint32_t stream = 0;

    if (types[which] != NGHTTP2_GOAWAY && types[which] != NGHTTP2_PING)
        stream = choose_stream(in);
    add_number(&p, choose_number(in), 4);
    if (sizes[which] > 4)
        add_number(&p, choose_number(in), sizes[which] - 4);
    add_frame(b, types[which], how & 15, stream, p.data, p.len);
    while (n-- > 12) /* over and over */
        add_frame(b, types[which], how & 15, stream, p.data, p.len);
}

static void
choose_any(struct fuzz_bytes *b, struct fuzz_input *in)
{
    unsigned type = fuzz_byte(in), flags = fuzz_byte(in);
    uint32_t stream = choose_stream(in);
    struct sluice_str payload = fuzz_text(in);

    add_frame(b, type, flags, stream, payload.ptr, payload.len);
}

void
fuzz_frames_choose(struct fuzz_bytes *b, struct fuzz_input *in,
    const struct fuzz_vocabulary *words)
{
    struct sluice_str raw;

    switch (fuzz_below(in, 10)) {
    case 0:
        choose_settings(b, in);
        break;
    case 1:
    case 2:
    case 3:
        choose_headers(b, in, words);
        break;
    case 4:
    case 5:
    case 6:
        choose_data(b, in);
        break;
    case 7:
        choose_small(b, in);
        break;
    case 8:
        choose_any(b, in);
        break;
    case 9:
        raw = fuzz_text(in);
        fuzz_bytes_add(b, raw.ptr, raw.len);
        break;
    }
}

/* ------------------------------------------------------------ vocabulary */

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct fuzz_field request_head[] = {
    { ":method", "POST" },
    { ":scheme", "http" },
    { ":path", "/group/method" },
    { ":authority", "here" },
    { "te", "trailers" },
    { "content-type", "application/grpc" },
};

static const struct fuzz_field request_fields[] = {
    { "grpc-timeout", "1S" },
    { "grpc-timeout", "5m" },
    { "grpc-timeout", "99999999H" },
    { "grpc-timeout", "0n" },
    { "grpc-timeout", "1" },
    { "grpc-encoding", "gzip" },
    { "grpc-encoding", "deflate" },
    { "grpc-encoding", "identity" },
    { "grpc-encoding", "br" },
    { "grpc-accept-encoding", "gzip, deflate" },
    { "grpc-accept-encoding", "," },
    { "x", "y" },
    { "x-bin", "AQI,/w" },
    { "x-bin", "=" },
    { "user-agent", "fuzz" },
    { ":method", "POST" },
    { ":method", "GET" },
    { ":scheme", "http" },
    { ":path", "/group/method" },
    { ":path", "/a/b/c" },
    { ":path", "/" },
    { ":path", "group" },
    { ":authority", "" },
    { "te", "trailers" },
    { "content-type", "application/grpc+proto" },
    { "content-type", "application/grpcx" },
    { "content-type", "text/html" },
    { "host", "there" },
    { "connection", "close" },
    { "Upper", "case" },
    { "content-length", "5" },
    { "grpc-status", "0" },
};

static const struct fuzz_field response_head[] = {
    { ":status", "200" },
    { "content-type", "application/grpc" },
};

static const struct fuzz_field response_fields[] = {
    { "grpc-status", "0" },
    { "grpc-status", "1" },
    { "grpc-status", "4" },
    { "grpc-status", "5" },
    { "grpc-status", "12" },
    { "grpc-status", "14" },
    { "grpc-status", "00" },
    { "grpc-status", "99999999999" },
    { "grpc-status", "" },
    { "grpc-message", "50%25 of %C3%A9%0A%" },
    { "grpc-message", "%zz%" },
    { "grpc-encoding", "gzip" },
    { "grpc-encoding", "deflate" },
    { "grpc-encoding", "identity" },
    { "grpc-encoding", "br" },
    { "grpc-accept-encoding", "gzip,deflate" },
    { "grpc-status-details-bin", "CAUSAWE" },
    { "x", "y" },
    { "x-bin", "AQI,/w" },
    { "x-bin", "!" },
    { ":status", "200" },
    { ":status", "100" },
    { ":status", "503" },
    { ":status", "abc" },
    { "content-type", "application/grpc" },
    { "content-type", "text/html" },
    { "connection", "close" },
    { "Upper", "case" },
    { "content-length", "5" },
};

const struct fuzz_vocabulary fuzz_requests = {
    .head = request_head,
    .heads = COUNT(request_head),
    .fields = request_fields,
    .count = COUNT(request_fields),
};

const struct fuzz_vocabulary fuzz_responses = {
    .head = response_head,
    .heads = COUNT(response_head),
    .fields = response_fields,
    .count = COUNT(response_fields),
};
