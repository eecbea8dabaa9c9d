/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench/backend_call.c - one call that bench/backend.c has received.
 */
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "bench/backend_call.h"

#define PREFIX 5u
#define STREAM_MESSAGES 1000u
#define STREAM_MESSAGE_BYTES 100u
#define MESSAGE_BYTES (PREFIX + STREAM_MESSAGE_BYTES)
#define BULK_MESSAGES 1600u
#define BULK_MESSAGE_BYTES (64u * 1024)
#define COUNT_BYTES (PREFIX + 1 + 10) /* a number's tag and its varint */

enum method {
    METHOD_ECHO, /* whatever has no name below */
    METHOD_BULK,
    METHOD_COLLECT,
    METHOD_MISS,
    METHOD_SINK,
    METHOD_STREAM,
    METHOD_TALK,
    METHOD_WATCH,
};

static const struct {
    const char *name;
    enum method method;
} methods[] = {
    { "/Bulk", METHOD_BULK },
    { "/Collect", METHOD_COLLECT },
    { "/Miss", METHOD_MISS },
    { "/Sink", METHOD_SINK },
    { "/Stream", METHOD_STREAM },
    { "/Talk", METHOD_TALK },
    { "/Watch", METHOD_WATCH },
};

struct backend_call {
    struct backend_call *next;
    struct backend_call **link; /* what points to this call */
    enum method method;
    uint8_t *request;
    size_t len;
    size_t cap;
    const uint8_t *answer;
    size_t answer_len;
    size_t period; /* of answer, which comes again and again */
    size_t sent;
    uint8_t count[COUNT_BYTES];
};

#define FIELD(name, value)                                               \
    {                                                                    \
        (uint8_t *)(name), (uint8_t *)(value), sizeof(name) - 1,         \
            sizeof(value) - 1,                                           \
            NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE \
    }

/* ---------------------------------------------------------- what is sent */

/* Item{name: "x..."}, framed. */
static uint8_t *
bulk_message_new(void)
{
    uint8_t *m = malloc(PREFIX + BULK_MESSAGE_BYTES);
    const size_t name_len = BULK_MESSAGE_BYTES - 4;

    if (m == NULL)
        return NULL;
    memset(m, 'x', PREFIX + BULK_MESSAGE_BYTES);
    memset(m, 0, PREFIX);
    m[2] = BULK_MESSAGE_BYTES >> 16;
    m[5] = 0x0a;
    m[6] = (uint8_t)(name_len | 128);
    m[7] = (uint8_t)(name_len >> 7 | 128);
    m[8] = (uint8_t)(name_len >> 14);
    return m;
}

bool
backend_messages_init(struct backend_messages *messages)
{
    uint8_t *m;

    messages->len = STREAM_MESSAGES * MESSAGE_BYTES;
    messages->one_len = MESSAGE_BYTES;
    messages->bytes = calloc(STREAM_MESSAGES, MESSAGE_BYTES);
    messages->bulk = bulk_message_new();
    if (messages->bytes == NULL || messages->bulk == NULL)
        return false;
    for (m = messages->bytes; m < messages->bytes + messages->len;
         m += MESSAGE_BYTES) {
        m[4] = STREAM_MESSAGE_BYTES;
        m[5] = 0x0a;
        m[6] = STREAM_MESSAGE_BYTES - 4;
        memset(m + 7, 'x', STREAM_MESSAGE_BYTES - 4);
        m[MESSAGE_BYTES - 2] = 0x10;
        m[MESSAGE_BYTES - 1] = 7;
    }
    return true;
}

void
backend_messages_fini(struct backend_messages *messages)
{
    free(messages->bytes);
    messages->bytes = NULL;
    free(messages->bulk);
    messages->bulk = NULL;
}

/* Messages that are whole. */
static size_t
count_messages(const uint8_t *p, size_t len)
{
    size_t n = 0;

    while (len >= PREFIX) {
        size_t size =
            (size_t)p[1] << 24 | (size_t)p[2] << 16 | (size_t)p[3] << 8 | p[4];

        if (size > len - PREFIX)
            break;
        p += PREFIX + size;
        len -= PREFIX + size;
        n++;
    }
    return n;
}

/* Item{number: n}, framed. Returns its length. */
static size_t
write_count(uint8_t *out, size_t n)
{
    size_t len = PREFIX;

    memset(out, 0, PREFIX);
    if (n > 0) {
        out[len++] = 0x10;
        for (; n > 127; n >>= 7)
            out[len++] = (uint8_t)(n | 128);
        out[len++] = (uint8_t)n;
    }
    out[PREFIX - 1] = (uint8_t)(len - PREFIX);
    return len;
}

/* ------------------------------------------------------------- one call */

struct backend_call *
backend_call_new(struct backend_calls *calls)
{
    struct backend_call *c = calloc(1, sizeof *c);

    if (c == NULL)
        return NULL;
    c->next = calls->first;
    c->link = &calls->first;
    if (c->next != NULL)
        c->next->link = &c->next;
    calls->first = c;
    return c;
}

void
backend_call_free(struct backend_call *c)
{
    *c->link = c->next;
    if (c->next != NULL)
        c->next->link = c->link;
    free(c->request);
    free(c);
}

void
backend_call_take_path(struct backend_call *c, const uint8_t *path, size_t len)
{
    for (size_t i = 0; i < sizeof methods / sizeof *methods; i++) {
        size_t name_len = strlen(methods[i].name);

        if (len >= name_len &&
            memcmp(path + len - name_len, methods[i].name, name_len) == 0)
            c->method = methods[i].method;
    }
}

bool
backend_call_take_body(struct backend_call *c, const uint8_t *data, size_t len)
{
    if (c->method == METHOD_SINK) {
        c->len += len;
        return true;
    }
    if (c->cap - c->len < len) {
        size_t cap = (c->len + len) * 2;
        uint8_t *grown = realloc(c->request, cap);

        if (grown == NULL)
            return false;
        c->request = grown;
        c->cap = cap;
    }
    memcpy(c->request + c->len, data, len);
    c->len += len;
    return true;
}

static bool
is_endless(const struct backend_call *c)
{
    return c->method == METHOD_TALK || c->method == METHOD_WATCH;
}

static void
copy_answer(const struct backend_call *c, uint8_t *out, size_t n)
{
    size_t at = c->period > 0 ? c->sent % c->period : 0;

    while (n > 0) {
        size_t some = c->period - at < n ? c->period - at : n;

        memcpy(out, c->answer + at, some);
        out += some;
        n -= some;
        at = 0;
    }
}

static ssize_t
on_read_body(nghttp2_session *session, int32_t id, uint8_t *buf, size_t room,
    uint32_t *flags, nghttp2_data_source *source, void *arg)
{
    static const nghttp2_nv trailers[] = { FIELD("grpc-status", "0") };
    struct backend_call *c = source->ptr;
    size_t left = c->answer_len - c->sent;
    size_t n = left < room ? left : room;

    (void)arg;
    copy_answer(c, buf, n);
    c->sent += n;
    if (n < left)
        return (ssize_t)n;
    if (is_endless(c))
        return n > 0 ? (ssize_t)n : NGHTTP2_ERR_DEFERRED;
    *flags |= NGHTTP2_DATA_FLAG_EOF | NGHTTP2_DATA_FLAG_NO_END_STREAM;
    if (nghttp2_submit_trailer(session, id, trailers, 1) != 0)
        return NGHTTP2_ERR_CALLBACK_FAILURE;
    return (ssize_t)n;
}

static void
choose_answer(struct backend_call *c, const struct backend_messages *messages)
{
    switch (c->method) {
    case METHOD_BULK:
        c->answer = messages->bulk;
        c->period = PREFIX + BULK_MESSAGE_BYTES;
        c->answer_len = BULK_MESSAGES * c->period;
        return;
    case METHOD_SINK:
        c->answer_len = write_count(c->count, c->len);
        c->answer = c->count;
        break;
    case METHOD_COLLECT:
        c->answer_len =
            write_count(c->count, count_messages(c->request, c->len));
        c->answer = c->count;
        break;
    case METHOD_STREAM:
        c->answer = messages->bytes;
        c->answer_len = messages->len;
        break;
    case METHOD_TALK:
    case METHOD_WATCH:
        c->answer = messages->bytes;
        c->answer_len = messages->one_len;
        break;
    case METHOD_ECHO:
    case METHOD_MISS:
        c->answer = c->request;
        c->answer_len = c->len;
        break;
    }
    c->period = c->answer_len;
}

bool
backend_call_is_due(const struct backend_call *c, bool is_head, bool is_end)
{
    return is_endless(c) ? is_head : is_end;
}

int
backend_call_answer(struct backend_call *c, nghttp2_session *session,
    int32_t id, const struct backend_messages *messages)
{
    static const nghttp2_nv head[] = {
        FIELD(":status", "200"),
        FIELD("content-type", "application/grpc"),
        FIELD("grpc-status", "5"),
        FIELD("grpc-message", "no such item"),
    };
    nghttp2_data_provider body = { .read_callback = on_read_body };

    if (c->method == METHOD_MISS)
        return nghttp2_submit_response(session, id, head, 4, NULL);
    choose_answer(c, messages);
    body.source.ptr = c;
    return nghttp2_submit_response(session, id, head, 2, &body);
}
