/* SPDX-License-Identifier: Apache-2.0 */
/* tests/gateway/visits.c - see visits.h. */
#include "tests/gateway/visits.h"

#include <errno.h>
#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/shard.h"

#define SERVICE "/sluice.example.library.v1.Library/"

unsigned
visit_tag_in(const uint8_t *data, size_t size)
{
    char digits[VISIT_TAG_LEN - 1] = "";

    for (size_t i = 0; i + VISIT_TAG_LEN <= size; i++) {
        if (data[i] != 'i' || data[i + 1] != 'd')
            continue;
        memcpy(digits, data + i + 2, sizeof digits - 1);
        return (unsigned)strtoul(digits, NULL, 10);
    }
    return 0;
}

void
visit_tag_write(unsigned tag, char *out)
{
    char text[VISIT_TAG_LEN + 1];

    assert_in_range(tag, 1, 99999);
    snprintf(text, sizeof text, "id%05u", tag);
    memcpy(out, text, VISIT_TAG_LEN);
}

/* ---- What a client says --------------------------------------------------- */

enum framing { NO_BODY, WHOLE, CHUNKED };

/* $ stands for the tag. */
struct form {
    const char *target; /* with its method */
    const char *headers;
    const char *body;    /* all of it, or its beginning; NULL: none */
    const char *element; /* comes up to three times after that */
    const char *last;    /* and this in the end */
    enum framing framing;
    bool has_envelopes; /* body and elements are in some */
    bool is_bad;
    bool is_websocket;
};

#define WEB_PROTO "Content-Type: application/grpc-web+proto\r\n"
#define CONNECT_JSON                             \
    "Content-Type: application/connect+json\r\n" \
    "Connect-Protocol-Version: 1\r\n"
#define UPGRADE                                     \
    "Connection: Upgrade\r\nUpgrade: websocket\r\n" \
    "Sec-WebSocket-Version: 13\r\n"                 \
    "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"

static const struct form forms[] = {
    { .target = "GET /v1/shelves/1/books/$" },
    { .target = "GET /v1/shelves/1/books/$",
        .headers = "Grpc-Timeout: 90m\r\n" },
    { .target = "POST /v1/shelves/$/books",
        .body = "{\"title\": \"x\", \"author\": \"y\"}",
        .framing = WHOLE },
    { .target = "GET /v1/shelves/1/books/$:read" },
    { .target = "GET /v1/shelves/1/books/$:read",
        .headers = "Accept: text/event-stream\r\n" },
    { .target = "GET /v1/shelves/1/books/$:read",
        .headers = "Accept: application/json\r\nOrigin: https://x\r\n" },
    { .target = "POST /v1/books:add",
        .element = "{\"parent\": \"$\"}\n",
        .framing = CHUNKED },
    { .target = "POST /v1/books:add",
        .headers = "Content-Type: application/json\r\n",
        .body = "[{\"parent\": \"$\"}",
        .element = ", {\"parent\": \"$\"}",
        .last = "]",
        .framing = WHOLE },
    { .target = "POST /v1/books:discuss",
        .element = "{\"name\": \"$\"}\n",
        .framing = CHUNKED },
    { .target = "POST " SERVICE "GetBook",
        .headers = WEB_PROTO,
        .body = "\n\x07$",
        .framing = WHOLE,
        .has_envelopes = true },
    { .target = "POST " SERVICE "ReadBook",
        .headers = WEB_PROTO "Grpc-Timeout: 2S\r\n",
        .body = "\n\x07$",
        .framing = CHUNKED,
        .has_envelopes = true },
    { .target = "POST " SERVICE "GetBook",
        .headers = "Content-Type: application/json\r\n"
                   "Connect-Protocol-Version: 1\r\n",
        .body = "{\"name\": \"$\"}",
        .framing = WHOLE },
    { .target = "POST " SERVICE "Discuss",
        .headers = CONNECT_JSON,
        .body = "{\"name\": \"$\"}",
        .element = "{\"name\": \"$\"}",
        .framing = CHUNKED,
        .has_envelopes = true },
    { .target = "GET /nowhere/$", .is_bad = true },
    { .target = "POST /v1/shelves/$/books",
        .body = "{\"title\": ",
        .framing = WHOLE,
        .is_bad = true },
    { .target = "GET /v1/books:discuss",
        .headers = UPGRADE,
        .body = "{\"name\": \"$\"}",
        .element = "{\"name\": \"$\"}",
        .last = "",
        .has_envelopes = true,
        .is_websocket = true },
};

/* What grows. */
struct text {
    size_t len;
    char at[VISIT_SAID];
};

static void
put(struct text *t, const char *p, size_t n)
{
    assert_true(n <= sizeof t->at - t->len);
    memcpy(t->at + t->len, p, n);
    t->len += n;
}

static void
put_text(struct text *t, const char *s, unsigned tag)
{
    for (; s != NULL && *s != '\0'; s++) {
        char name[VISIT_TAG_LEN];

        if (*s != '$') {
            put(t, s, 1);
            continue;
        }
        visit_tag_write(tag, name);
        put(t, name, sizeof name);
    }
}

/* A piece of the body: as it is, in an envelope, in a masked text frame. */
static void
put_piece(struct text *t, const struct form *f, const char *s, unsigned tag)
{
    struct text piece = { 0 };
    char head[6] = { 0 };

    if (s == NULL)
        return;
    put_text(&piece, s, tag);
    if (f->is_websocket) {
        head[0] = (char)0x81;
        head[1] = (char)(0x80 | piece.len);
        put(t, head, 6); /* the mask is 0 */
    } else if (f->has_envelopes) {
        head[4] = (char)piece.len;
        put(t, head, 5);
    }
    put(t, piece.at, piece.len);
}

static void
put_body(struct text *t, const struct form *f, struct chance *c, unsigned tag)
{
    struct text body = { 0 };
    char head[64];
    unsigned n = f->element != NULL ? chance_below(c, 4) : 0;

    put_piece(&body, f, f->body, tag);
    while (n-- > 0)
        put_piece(&body, f, f->element, tag);
    put_piece(&body, f, f->last, tag);
    if (f->framing == WHOLE)
        snprintf(head, sizeof head, "Content-Length: %zu\r\n\r\n", body.len);
    else if (f->framing == CHUNKED && body.len > 0)
        snprintf(head, sizeof head, "Transfer-Encoding: chunked\r\n\r\n%zx\r\n",
            body.len);
    else if (f->framing == CHUNKED)
        snprintf(head, sizeof head, "Transfer-Encoding: chunked\r\n\r\n");
    else
        snprintf(head, sizeof head, "\r\n");
    put_text(t, head, 0);
    put(t, body.at, body.len);
    if (f->framing == CHUNKED)
        put_text(t, body.len > 0 ? "\r\n0\r\n\r\n" : "0\r\n\r\n", 0);
}

static void
plan_request(struct visit *v, struct text *t, struct chance *c, unsigned tag)
{
    const struct form *f =
        &forms[chance_below(c, sizeof forms / sizeof forms[0])];
    struct visit_request *r = &v->request[v->n_requests++];

    put_text(t, f->target, tag);
    put_text(t, " HTTP/1.1\r\nHost: x\r\n", 0);
    put_text(t, f->headers, tag);
    put_body(t, f, c, tag);
    *r = (struct visit_request){
        .tag = tag,
        .end = t->len,
        .is_bad = f->is_bad,
        .has_deadline =
            f->headers != NULL && strstr(f->headers, "Timeout") != NULL,
        .is_websocket = f->is_websocket,
    };
}

void
visit_begin(struct visit *v, struct chance *c, struct gw_worker *w,
    unsigned *tag)
{
    struct sockaddr sa = { .sa_family = AF_UNIX };
    struct text t = { 0 };
    unsigned n = 1 + chance_below(c, VISIT_REQUESTS);
    int fds[2];

    memset(v, 0, offsetof(struct visit, saying));
    while (n-- > 0) {
        plan_request(v, &t, c, (*tag)++);
        if (v->request[v->n_requests - 1].is_websocket)
            break;
    }
    memcpy(v->saying, t.at, t.len);
    v->len = t.len;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds),
        0);
    v->fd = fds[0];
    gw_shard_add(gw_shard_for_new(w), fds[1], &sa, sizeof sa.sa_family);
}

/* ---- What a client does --------------------------------------------------- */

bool
visit_say(struct visit *v, size_t most)
{
    size_t n = v->len - v->said;
    ssize_t sent;

    if (v->fd < 0 || v->is_shut || n == 0)
        return false;
    if (n > most)
        n = most;
    sent = send(v->fd, v->saying + v->said, n, MSG_NOSIGNAL);
    if (sent <= 0)
        return false;
    v->said += (size_t)sent;
    return true;
}

bool
visit_hear(struct visit *v, size_t most)
{
    size_t n = sizeof v->hearing - v->heard;
    ssize_t got;

    if (v->fd < 0 || v->has_ended)
        return false;
    assert_in_range(n, 1, sizeof v->hearing);
    got = recv(v->fd, v->hearing + v->heard, n < most ? n : most, 0);
    if (got < 0 && errno == EAGAIN)
        return false;
    v->has_ended = got <= 0;
    if (got > 0)
        v->heard += (size_t)got;
    return true;
}

void
visit_shut(struct visit *v)
{
    if (v->fd >= 0 && !v->is_shut)
        shutdown(v->fd, SHUT_WR);
    v->is_shut = true;
}

void
visit_leave(struct visit *v)
{
    if (v->fd >= 0)
        close(v->fd);
    v->fd = -1;
}

unsigned
visit_n_said(const struct visit *v)
{
    unsigned n = 0;

    while (n < v->n_requests && v->request[n].end <= v->said)
        n++;
    return n;
}

/* ---- What a client got ---------------------------------------------------- */

struct reader {
    const char *at;
    size_t left;
};

static unsigned
count_tags(const char *p, size_t n, unsigned tag)
{
    char name[VISIT_TAG_LEN];
    unsigned count = 0;

    visit_tag_write(tag, name);
    while (n >= VISIT_TAG_LEN) {
        const char *hit = memmem(p, n, name, VISIT_TAG_LEN);

        if (hit == NULL)
            break;
        count++;
        n -= (size_t)(hit - p) + VISIT_TAG_LEN;
        p = hit + VISIT_TAG_LEN;
    }
    return count;
}

/* As each of the forms has it. */
static bool
tells_failure(const char *p, size_t n)
{
    static const char *const signs[] = { "\"code\"", "\"error\"",
        "event: error" };
    const char *status = memmem(p, n, "grpc-status: ", 13);

    for (size_t i = 0; i < sizeof signs / sizeof signs[0]; i++)
        if (memmem(p, n, signs[i], strlen(signs[i])) != NULL)
            return true;
    return status != NULL && status[13] != '0';
}

static bool
take(struct reader *r, size_t n)
{
    if (r->left < n)
        n = r->left;
    r->at += n;
    r->left -= n;
    return r->left > 0 || n > 0;
}

/* The length of a line with its end; 0: it is not whole. */
static size_t
line_len(const struct reader *r)
{
    const char *end = memmem(r->at, r->left, "\r\n", 2);

    return end == NULL ? 0 : (size_t)(end - r->at) + 2;
}

/* The chunks, joined in front of where they came; false: they have no end. */
static bool
read_chunks(struct reader *r, char *out, size_t *n_out)
{
    size_t len;
    size_t n;

    while ((len = line_len(r)) != 0) {
        char *end;

        n = strtoul(r->at, &end, 16);
        if (end == r->at)
            fail_msg("no size of a chunk: %.20s", r->at);
        take(r, len);
        if (n == 0)
            break;
        if (r->left < n + 2)
            n = r->left;
        memmove(out + *n_out, r->at, n);
        *n_out += n;
        take(r, n + 2);
    }
    while ((len = line_len(r)) > 2)
        take(r, len); /* trailers */
    take(r, len);
    return len == 2;
}

static void
read_frames(struct reader *r, unsigned tag, struct visit_answer *a)
{
    while (r->left >= 2) {
        const uint8_t *p = (const uint8_t *)r->at;
        size_t head = p[1] < 126 ? 2 : p[1] == 126 ? 4 : 10;
        size_t len = p[1];

        if (a->has_close)
            a->is_after_close = true;
        if (r->left < head)
            break;
        if (head > 2)
            for (len = 0, p += 2; p < (const uint8_t *)r->at + head; p++)
                len = len << 8 | *p;
        p = (const uint8_t *)r->at;
        if (r->left < head + len)
            break;
        if (p[0] == 0x88)
            a->has_close = true;
        else if (p[0] == 0x81)
            a->n_tags += count_tags(r->at + head, len, tag);
        else
            assert_true(p[0] == 0x89 || p[0] == 0x8a);
        take(r, head + len);
    }
    a->is_whole = a->has_close && r->left == 0;
    r->left = 0;
}

static const char *
header(const char *head, size_t len, const char *name)
{
    for (const char *p = head; p < head + len;) {
        const char *end = memmem(p, (size_t)(head + len - p), "\r\n", 2);

        if (strncasecmp(p, name, strlen(name)) == 0)
            return p + strlen(name);
        p = end + 2;
    }
    return "";
}

static void
read_body(struct reader *r, const char *head, size_t len, unsigned tag,
    struct visit_answer *a)
{
    const char *length = header(head, len, "Content-Length: ");
    char *out = (char *)(uintptr_t)r->at;
    size_t n = 0;

    if (a->status == 101) {
        read_frames(r, tag, a);
        return;
    }
    if (strncmp(header(head, len, "Transfer-Encoding: "), "chunked", 7) == 0) {
        a->is_whole = read_chunks(r, out, &n);
    } else if (a->status == 204 || a->status == 304) {
        a->is_whole = true;
    } else {
        assert_true(*length != '\0');
        n = strtoul(length, NULL, 10);
        a->is_whole = r->left >= n;
        if (!a->is_whole)
            n = r->left;
        take(r, n);
    }
    a->n_tags = count_tags(out, n, tag);
    a->has_failure = tells_failure(out, n);
}

/* False: there is not even a whole head. */
static bool
read_answer(struct reader *r, unsigned tag, struct visit_answer *a)
{
    const char *end = memmem(r->at, r->left, "\r\n\r\n", 4);
    const char *head = r->at;
    size_t len;

    if (end == NULL) {
        r->left = 0;
        return false;
    }
    if (strncmp(r->at, "HTTP/1.1 ", 9) != 0)
        fail_msg("no answer: %.40s", r->at);
    *a = (struct visit_answer){ .status = atoi(r->at + 9) };
    len = (size_t)(end - r->at) + 4;
    a->says_close =
        strncasecmp(header(head, len, "Connection: "), "close", 5) == 0;
    take(r, len);
    if (a->status == 100) {
        return true;
    }
    read_body(r, head, len, tag, a);
    return true;
}

void
visit_read_answers(struct visit *v)
{
    struct reader r = { v->hearing, v->heard };

    v->n_answers = 0;
    while (r.left > 0) {
        struct visit_answer *a = &v->answer[v->n_answers];
        bool is_asked = v->n_answers < v->n_requests;
        unsigned tag = is_asked ? v->request[v->n_answers].tag : 1;

        if (!read_answer(&r, tag, a))
            break;
        if (a->status == 100)
            continue;
        if (!is_asked)
            fail_msg("%u requests, and another answer: %d", v->n_requests,
                a->status);
        v->n_answers++;
    }
}
