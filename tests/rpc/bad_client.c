/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/bad_client.c - see the header. Nothing blocks: bytes are sent when
 * there is room for them, and received when a whole frame has come; the loop
 * runs in between.
 */
#include "tests/rpc/bad_client.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define BUFFER (1 << 20)
#define FRAME_HEAD 9u

/* ------------------------------------------------------------------ life */

bool
bad_client_try(struct bad_client *c, struct serving *s)
{
    int size = BUFFER;
    int fds[2];

    memset(c, 0, sizeof(*c));
    c->s = s;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds),
        0);
    (void)setsockopt(fds[0], SOL_SOCKET, SO_SNDBUF, &size, sizeof(size));
    c->wire.fd = fds[0];
    c->wire.has_preface = true; /* a server sends none */
    assert_int_equal(nghttp2_hd_inflate_new(&c->wire.inflater), 0);
    return sluice_grpc_server_accept(s->server, fds[1]) == SLUICE_OK;
}

void
bad_client_connect(struct bad_client *c, struct serving *s)
{
    assert_true(bad_client_try(c, s));
}

void
bad_client_greet(struct bad_client *c)
{
    bad_client_preface(c);
    bad_client_frame(c, BAD_SETTINGS, 0, 0, NULL, 0);
    bad_client_frame(c, BAD_SETTINGS, BAD_ACK, 0, NULL, 0);
}

void
bad_client_open(struct bad_client *c, struct serving *s)
{
    bad_client_connect(c, s);
    bad_client_greet(c);
}

void
bad_client_close(struct bad_client *c)
{
    if (c->wire.inflater != NULL)
        nghttp2_hd_inflate_del(c->wire.inflater);
    c->wire.inflater = NULL;
    if (c->wire.fd > 0)
        (void)close(c->wire.fd);
    c->wire.fd = 0;
}

/* --------------------------------------------------------------- sending */

/* The server reads while there is no room. false: it has gone. */
static bool
put(struct bad_client *c, const void *data, size_t len)
{
    const uint8_t *p = data;
    ssize_t n;

    while (len > 0) {
        n = send(c->wire.fd, p, len, MSG_DONTWAIT | MSG_NOSIGNAL);
        if (n > 0) {
            p += n;
            len -= (size_t)n;
        } else if (n < 0 && errno == EAGAIN) {
            (void)uv_run(c->s->uv, UV_RUN_NOWAIT);
        } else {
            return false;
        }
    }
    return true;
}

static bool
put_frame(struct bad_client *c, unsigned type, unsigned flags, uint32_t stream,
    const void *data, size_t len)
{
    uint8_t whole[FRAME_HEAD + 65536] = { (uint8_t)(len >> 16),
        (uint8_t)(len >> 8), (uint8_t)len, (uint8_t)type, (uint8_t)flags,
        (uint8_t)(stream >> 24), (uint8_t)(stream >> 16),
        (uint8_t)(stream >> 8), (uint8_t)stream };

    assert_true(len <= 65536);
    if (len > 0)
        memcpy(whole + FRAME_HEAD, data, len);
    return put(c, whole, FRAME_HEAD + len);
}

void
bad_client_frame(struct bad_client *c, unsigned type, unsigned flags,
    uint32_t stream, const void *data, size_t len)
{
    (void)put_frame(c, type, flags, stream, data, len);
}

void
bad_client_flood(struct bad_client *c, unsigned n, unsigned type,
    unsigned flags, uint32_t stream, const void *data, size_t len)
{
    while (n-- > 0 && put_frame(c, type, flags, stream, data, len))
        if (n % 256 == 0)
            (void)uv_run(c->s->uv, UV_RUN_NOWAIT);
}

void
bad_client_preface(struct bad_client *c)
{
    (void)put(c, NGHTTP2_CLIENT_MAGIC, NGHTTP2_CLIENT_MAGIC_LEN);
}

/* Lets the server read until a whole block will fit, which is sent blocking. */
static void
make_room(struct bad_client *c)
{
    struct pollfd p = { .fd = c->wire.fd, .events = POLLOUT };

    while (poll(&p, 1, 0) == 0)
        (void)uv_run(c->s->uv, UV_RUN_NOWAIT);
}

void
bad_client_headers(struct bad_client *c, uint32_t stream, const char *fields,
    bool is_last)
{
    make_room(c);
    c->wire.stream = stream;
    (void)bad_wire_put_headers(&c->wire, fields, is_last);
}

void
bad_client_call(struct bad_client *c, uint32_t stream, const char *method,
    const char *more, bool is_last)
{
    char fields[8192];
    int n = snprintf(fields, sizeof(fields),
        "| :method=POST | :scheme=http | :path=/test.Server/%s | "
        ":authority=there | te=trailers | content-type=application/grpc %s",
        method, more != NULL ? more : "");

    assert_true(n > 0 && (size_t)n < sizeof(fields));
    bad_client_headers(c, stream, fields, is_last);
}

void
bad_client_data(struct bad_client *c, uint32_t stream, const void *data,
    size_t len, bool is_last)
{
    bad_client_frame(c, BAD_DATA, is_last ? BAD_END_STREAM : 0, stream, data,
        len);
}

void
bad_client_message(struct bad_client *c, uint32_t stream, const char *text,
    bool is_last)
{
    uint8_t data[5 + 8192] = { 0 };
    size_t len = strlen(text);

    assert_true(len <= 8192);
    (void)bad_store32(data + 1, (uint32_t)len);
    memcpy(data + 5, text, len);
    bad_client_data(c, stream, data, 5 + len, is_last);
}

void
bad_client_rst(struct bad_client *c, uint32_t stream, uint32_t code)
{
    uint8_t data[4];

    bad_client_frame(c, BAD_RST_STREAM, 0, stream, data,
        bad_store32(data, code));
}

void
bad_client_window(struct bad_client *c, uint32_t stream, uint32_t more)
{
    uint8_t data[4];

    bad_client_frame(c, BAD_WINDOW_UPDATE, 0, stream, data,
        bad_store32(data, more));
}

void
bad_client_setting(struct bad_client *c, unsigned id, uint32_t value)
{
    uint8_t data[6] = { (uint8_t)(id >> 8), (uint8_t)id };

    (void)bad_store32(data + 2, value);
    bad_client_frame(c, BAD_SETTINGS, 0, 0, data, sizeof(data));
}

void
bad_client_ping(struct bad_client *c, bool is_ack, const void *data)
{
    bad_client_frame(c, BAD_PING, is_ack ? BAD_ACK : 0, 0, data, 8);
}

/* --------------------------------------------------------------- getting */

bool
bad_client_is_ready(void *arg)
{
    struct bad_client *c = arg;
    uint8_t data[FRAME_HEAD + BAD_MAX_FRAME];
    size_t len;
    ssize_t n;

    n = recv(c->wire.fd, data, sizeof(data), MSG_PEEK | MSG_DONTWAIT);
    if (n < 0)
        return errno != EAGAIN;
    if (n == 0)
        return true;
    if ((size_t)n < FRAME_HEAD)
        return false;
    len = (size_t)data[0] << 16 | (size_t)data[1] << 8 | data[2];
    return (size_t)n >= FRAME_HEAD + len;
}

static bool
is_noise(const struct bad_frame *f)
{
    return f->type == BAD_SETTINGS ||
        (f->type == BAD_WINDOW_UPDATE && f->stream == 0);
}

bool
bad_client_next(struct bad_client *c)
{
    do {
        serving_until(c->s, bad_client_is_ready, c);
        if (!bad_wire_get_frame(&c->wire, &c->frame))
            return false;
    } while (is_noise(&c->frame));
    return true;
}

void
bad_client_await(struct bad_client *c, enum bad_frame_type type,
    uint32_t stream)
{
    if (!bad_client_next(c))
        fail_msg("the server has closed");
    assert_int_equal(c->frame.type, type);
    assert_int_equal(c->frame.stream, stream);
}

bool
bad_client_has(const struct bad_client *c, const char *field)
{
    size_t len = strlen(field);
    const char *line = c->wire.block;
    const char *end = line + c->wire.block_len;
    const char *newline;

    for (; line < end; line = newline + 1) {
        newline = memchr(line, '\n', (size_t)(end - line));
        if ((size_t)(newline - line) == len && memcmp(line, field, len) == 0)
            return true;
    }
    return false;
}

static void
must_have(const struct bad_client *c, const char *field)
{
    if (field != NULL && !bad_client_has(c, field))
        fail_msg("no \"%s\" in:\n%.*s", field, (int)c->wire.block_len,
            c->wire.block);
}

void
bad_client_await_end(struct bad_client *c, uint32_t stream, const char *field,
    const char *other)
{
    bad_client_await(c, BAD_HEADERS, stream);
    must_have(c, field);
    must_have(c, other);
    assert_true((c->frame.flags & BAD_END_STREAM) != 0);
}

void
bad_client_await_head(struct bad_client *c, uint32_t stream)
{
    bad_client_await(c, BAD_HEADERS, stream);
    must_have(c, ":status: 200");
    must_have(c, "content-type: application/grpc");
    assert_true((c->frame.flags & BAD_END_STREAM) == 0);
}

void
bad_client_await_message(struct bad_client *c, uint32_t stream,
    const char *text)
{
    size_t len = strlen(text);

    bad_client_await(c, BAD_DATA, stream);
    assert_int_equal(c->frame.length, 5 + len);
    assert_int_equal(c->wire.payload[0], 0);
    assert_int_equal(bad_client_number(c, 1), len);
    assert_memory_equal(c->wire.payload + 5, text, len);
}

void
bad_client_await_rst(struct bad_client *c, uint32_t stream, uint32_t code)
{
    bad_client_await(c, BAD_RST_STREAM, stream);
    assert_int_equal(bad_client_number(c, 0), code);
}

void
bad_client_await_goaway(struct bad_client *c, uint32_t code, const char *text)
{
    do {
        if (!bad_client_next(c))
            fail_msg("the server has closed without GOAWAY");
    } while (c->frame.type != BAD_GOAWAY);
    assert_int_equal(bad_client_number(c, 4), code);
    assert_int_equal(c->frame.length, 8 + strlen(text));
    assert_memory_equal(c->wire.payload + 8, text, strlen(text));
}

void
bad_client_await_close(struct bad_client *c)
{
    while (bad_client_next(c))
        continue;
}

uint32_t
bad_client_number(const struct bad_client *c, size_t at)
{
    const uint8_t *p = c->wire.payload + at;

    return (uint32_t)p[0] << 24 | (uint32_t)p[1] << 16 | (uint32_t)p[2] << 8 |
        p[3];
}

void
bad_client_works(struct bad_client *c, uint32_t stream)
{
    bad_client_call(c, stream, "echo", NULL, false);
    bad_client_message(c, stream, "works", true);
    bad_client_await_head(c, stream);
    bad_client_await_message(c, stream, "works");
    bad_client_await_end(c, stream, "grpc-status: 0", NULL);
}

/* ---------------------------------------------------------------- a scene */

int
bad_scene_open(void **state)
{
    struct bad_scene *s = test_calloc(1, sizeof(*s));

    *state = s;
    serving_open(&s->s, NULL);
    bad_client_open(&s->c, &s->s);
    return 0;
}

int
bad_scene_close(void **state)
{
    struct bad_scene *s = *state;

    bad_client_close(&s->c);
    serving_close(&s->s);
    test_free(s);
    return 0;
}
