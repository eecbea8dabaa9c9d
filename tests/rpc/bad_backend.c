/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/bad_backend.c - runs scripts of raw HTTP/2 frames. Blocking sockets
 * and one thread per connection keep a script's order of events the order in
 * which they happen.
 */
#include "tests/rpc/bad_backend.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <nghttp2/nghttp2.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#define MAX_CONNECTIONS 4096
#define MAX_LINES 256
#define MAX_FRAME (1u << 14)

enum frame_type {
    DATA = 0,
    HEADERS = 1,
    RST_STREAM = 3,
    SETTINGS = 4,
    PING = 6,
    GOAWAY = 7,
    WINDOW_UPDATE = 8,
    CONTINUATION = 9
};

#define FLAG_END_STREAM 1u
#define FLAG_ACK 1u
#define FLAG_END_HEADERS 4u

struct part {
    char *lines[MAX_LINES];
    size_t count;
};

struct bad_backend {
    char *text;
    struct part parts[16];
    size_t part_count;
    int listener;
    unsigned port;
    pthread_t acceptor;

    pthread_mutex_t mutex; /* guards what follows */
    struct connection *connections[MAX_CONNECTIONS];
    unsigned connection_count;
    bool is_stopping;

    atomic_uint requests;
    atomic_uint pongs;
    atomic_ulong bytes;
    atomic_uint resets;
    atomic_uint last_reset;
};

struct connection {
    struct bad_backend *backend;
    const struct part *part;
    pthread_t thread;
    int fd;
    bool has_preface;
    uint32_t stream;
    nghttp2_hd_inflater *inflater;
    char block[8192]; /* the last request's headers, a line each */
    size_t block_len;
    uint8_t payload[MAX_FRAME];
};

struct frame {
    uint32_t length;
    uint8_t type;
    uint8_t flags;
    uint32_t stream;
};

static void __attribute__((noreturn, format(printf, 1, 2)))
die(const char *format, ...)
{
    va_list args;

    va_start(args, format);
    (void)fputs("bad backend: ", stderr);
    (void)vfprintf(stderr, format, args);
    (void)fputc('\n', stderr);
    va_end(args);
    abort();
}

/* --------------------------------------------------------------- writing */

/* false: the peer has gone. */
static bool
put(struct connection *c, const void *data, size_t len)
{
    const uint8_t *p = data;
    ssize_t n;

    while (len > 0) {
        n = send(c->fd, p, len, MSG_NOSIGNAL);
        if (n <= 0)
            return false;
        p += n;
        len -= (size_t)n;
    }
    return true;
}

static bool
put_head(struct connection *c, uint32_t length, unsigned type, unsigned flags,
    uint32_t stream)
{
    uint8_t head[9] = { (uint8_t)(length >> 16), (uint8_t)(length >> 8),
        (uint8_t)length, (uint8_t)type, (uint8_t)flags,
        (uint8_t)(stream >> 24), (uint8_t)(stream >> 16),
        (uint8_t)(stream >> 8), (uint8_t)stream };

    return put(c, head, sizeof head);
}

/* One write for the whole frame: small ones must not trickle. */
static bool
put_frame(struct connection *c, unsigned type, unsigned flags,
    uint32_t stream, const void *data, size_t len)
{
    uint8_t whole[9 + 65536] = { (uint8_t)(len >> 16), (uint8_t)(len >> 8),
        (uint8_t)len, (uint8_t)type, (uint8_t)flags, (uint8_t)(stream >> 24),
        (uint8_t)(stream >> 16), (uint8_t)(stream >> 8), (uint8_t)stream };

    if (len > 65536)
        die("a frame of %zu bytes", len);
    if (len > 0)
        memcpy(whole + 9, data, len);
    return put(c, whole, 9 + len);
}

static size_t
store32(uint8_t *out, uint32_t v)
{
    out[0] = (uint8_t)(v >> 24);
    out[1] = (uint8_t)(v >> 16);
    out[2] = (uint8_t)(v >> 8);
    out[3] = (uint8_t)v;
    return 4;
}

/* --------------------------------------------------------------- parsing */

static const char *
skip_blanks(const char *s)
{
    return s + strspn(s, " \t");
}

/* The next word of *s, or false. */
static bool
word(const char **s, char *out, size_t room)
{
    size_t len;

    *s = skip_blanks(*s);
    len = strcspn(*s, " \t");
    if (len == 0)
        return false;
    if (len >= room)
        die("a word is too long: %s", *s);
    memcpy(out, *s, len);
    out[len] = '\0';
    *s += len;
    return true;
}

static uint32_t
number(const char **s)
{
    char *end;
    unsigned long v;

    *s = skip_blanks(*s);
    v = strtoul(*s, &end, 0);
    if (end == *s)
        die("a number is missing: %s", *s);
    *s = end;
    return (uint32_t)v;
}

static size_t
hex(const char *s, uint8_t *out, size_t room)
{
    char digits[3] = "";
    size_t n = 0;

    for (s = skip_blanks(s); s[0] != '\0'; s = skip_blanks(s + 2)) {
        if (s[1] == '\0' || n == room)
            die("bad hex: %s", s);
        memcpy(digits, s, 2);
        out[n++] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return n;
}

/* --------------------------------------------------------------- headers */

/* An HPACK integer with a prefix of 7 bits. */
static size_t
put_length(uint8_t *out, size_t v)
{
    size_t n = 0;

    if (v < 127) {
        out[n++] = (uint8_t)v;
        return n;
    }
    out[n++] = 127;
    for (v -= 127; v >= 128; v >>= 7)
        out[n++] = (uint8_t)(v | 128);
    out[n++] = (uint8_t)v;
    return n;
}

/* A literal field, never indexed, not Huffman coded. */
static size_t
put_field(uint8_t *out, const char *name, size_t name_len, const char *value,
    size_t value_len)
{
    size_t n = 0;

    out[n++] = 0;
    n += put_length(out + n, name_len);
    memcpy(out + n, name, name_len);
    n += name_len;
    n += put_length(out + n, value_len);
    memcpy(out + n, value, value_len);
    return n + value_len;
}

/* "| name=value | name=value"; "name*N=c" is N times the character c. */
static size_t
put_fields(const char *s, uint8_t *out, size_t room)
{
    const char *end;
    const char *equals;
    char *filler;
    size_t n = 0;
    size_t len;

    for (s = strchr(s, '|'); s != NULL; s = strchr(s, '|')) {
        s = skip_blanks(s + 1);
        end = s + strcspn(s, "|");
        while (end > s && end[-1] == ' ')
            end--;
        equals = memchr(s + 1, '=', (size_t)(end - s) - 1);
        if (equals == NULL || n + (size_t)(end - s) + 16 > room)
            die("bad fields: %s", s);
        if (memchr(s, '*', (size_t)(equals - s)) != NULL) {
            len = strtoul((char *)memchr(s, '*', (size_t)(equals - s)) + 1,
                NULL, 10);
            filler = malloc(len);
            if (filler == NULL || n + len + 64 > room)
                die("too long: %s", s);
            memset(filler, equals[1], len);
            n += put_field(out + n, s,
                (size_t)((char *)memchr(s, '*', (size_t)(equals - s)) - s),
                filler, len);
            free(filler);
        } else {
            n += put_field(out + n, s, (size_t)(equals - s), equals + 1,
                (size_t)(end - equals) - 1);
        }
        s = end;
    }
    return n;
}

static bool
send_headers(struct connection *c, const char *args, bool is_last)
{
    uint8_t block[65536] = { 0 };
    size_t len = put_fields(args, block, sizeof block);
    size_t first = len < MAX_FRAME ? len : MAX_FRAME;
    size_t at;
    size_t n;
    unsigned end = is_last ? FLAG_END_STREAM : 0;

    if (!put_frame(c, HEADERS, end | (first == len ? FLAG_END_HEADERS : 0),
            c->stream, block, first))
        return false;
    for (at = first; at < len; at += n) {
        n = len - at < MAX_FRAME ? len - at : MAX_FRAME;
        if (!put_frame(c, CONTINUATION, at + n == len ? FLAG_END_HEADERS : 0,
                c->stream, block + at, n))
            return false;
    }
    return true;
}

static void
note_request(struct connection *c, const uint8_t *in, size_t len, bool is_end)
{
    nghttp2_nv nv;
    ssize_t used;
    int flags;
    int n;

    for (;;) {
        used = nghttp2_hd_inflate_hd2(c->inflater, &nv, &flags, in, len,
            is_end);
        if (used < 0)
            die("the request's header block is broken");
        in += used;
        len -= (size_t)used;
        if (flags & NGHTTP2_HD_INFLATE_EMIT) {
            n = snprintf(c->block + c->block_len,
                sizeof c->block - c->block_len, "%.*s: %.*s\n",
                (int)nv.namelen, (char *)nv.name, (int)nv.valuelen,
                (char *)nv.value);
            if ((size_t)n < sizeof c->block - c->block_len)
                c->block_len += (size_t)n;
        }
        if (flags & NGHTTP2_HD_INFLATE_FINAL)
            nghttp2_hd_inflate_end_headers(c->inflater);
        if (flags & NGHTTP2_HD_INFLATE_FINAL ||
            (!(flags & NGHTTP2_HD_INFLATE_EMIT) && len == 0))
            return;
    }
}

/* --------------------------------------------------------------- reading */

static bool
get(struct connection *c, void *out, size_t len)
{
    uint8_t *p = out;
    ssize_t n;

    while (len > 0) {
        n = recv(c->fd, p, len, 0);
        if (n <= 0)
            return false;
        p += n;
        len -= (size_t)n;
    }
    return true;
}

static bool
get_preface(struct connection *c)
{
    char preface[NGHTTP2_CLIENT_MAGIC_LEN];

    if (c->has_preface)
        return true;
    if (!get(c, preface, sizeof preface))
        return false;
    if (memcmp(preface, NGHTTP2_CLIENT_MAGIC, sizeof preface) != 0)
        die("the client's preface is wrong");
    c->has_preface = true;
    return true;
}

static void
note_frame(struct connection *c, const struct frame *f)
{
    const uint8_t *p = c->payload;

    if (f->type == HEADERS) {
        c->block_len = 0;
        atomic_fetch_add(&c->backend->requests, 1);
    }
    if (f->type == DATA)
        atomic_fetch_add(&c->backend->bytes, f->length);
    if (f->type == HEADERS || f->type == CONTINUATION)
        note_request(c, p, f->length, (f->flags & FLAG_END_HEADERS) != 0);
    if (f->type == PING && (f->flags & FLAG_ACK))
        atomic_fetch_add(&c->backend->pongs, 1);
    if (f->type == RST_STREAM && f->length == 4) {
        atomic_store(&c->backend->last_reset,
            (unsigned)p[0] << 24 | (unsigned)p[1] << 16 |
                (unsigned)p[2] << 8 | p[3]);
        atomic_fetch_add(&c->backend->resets, 1);
    }
}

static bool
get_frame(struct connection *c, struct frame *f)
{
    uint8_t head[9];

    if (!get_preface(c) || !get(c, head, sizeof head))
        return false;
    f->length = (uint32_t)head[0] << 16 | (uint32_t)head[1] << 8 | head[2];
    f->type = head[3];
    f->flags = head[4];
    f->stream = (uint32_t)(head[5] & 127) << 24 | (uint32_t)head[6] << 16 |
        (uint32_t)head[7] << 8 | head[8];
    if (f->length > MAX_FRAME)
        die("the client sent a frame of %u bytes", f->length);
    if (!get(c, c->payload, f->length))
        return false;
    note_frame(c, f);
    return true;
}

static bool
is_awaited(const char *what, const struct frame *f)
{
    if (strcmp(what, "request") == 0)
        return f->type == HEADERS;
    if (strcmp(what, "end") == 0)
        return (f->type == DATA || f->type == HEADERS) &&
            (f->flags & FLAG_END_STREAM);
    if (strcmp(what, "data") == 0)
        return f->type == DATA && f->length > 0;
    if (strcmp(what, "rst") == 0)
        return f->type == RST_STREAM;
    if (strcmp(what, "goaway") == 0)
        return f->type == GOAWAY;
    if (strcmp(what, "pong") == 0)
        return f->type == PING && (f->flags & FLAG_ACK);
    if (strcmp(what, "ack") == 0)
        return f->type == SETTINGS && (f->flags & FLAG_ACK);
    if (strcmp(what, "window") == 0)
        return f->type == WINDOW_UPDATE && f->stream != 0;
    if (strcmp(what, "close") == 0)
        return false;
    die("wait for what: %s", what);
}

static bool
wait_for(struct connection *c, const char *args)
{
    struct frame f;
    char what[16];

    if (!word(&args, what, sizeof what))
        die("wait for what?");
    if (strcmp(what, "preface") == 0)
        return get_preface(c);
    do {
        if (!get_frame(c, &f))
            return false;
    } while (!is_awaited(what, &f));
    if (f.stream != 0)
        c->stream = f.stream;
    return true;
}

/* --------------------------------------------------------------- commands */

static bool
send_settings(struct connection *c, const char *args)
{
    uint8_t body[6 * 64];
    size_t n = 0;
    uint32_t id;

    while (*(args = skip_blanks(args)) != '\0') {
        id = number(&args);
        if (*args++ != '=' || n + 6 > sizeof body)
            die("settings are ID=VALUE");
        body[n++] = (uint8_t)(id >> 8);
        body[n++] = (uint8_t)id;
        n += store32(body + n, number(&args));
    }
    return put_frame(c, SETTINGS, 0, 0, body, n);
}

static bool
send_message(struct connection *c, const char *text, size_t len)
{
    uint8_t body[16384] = { 0 };

    if (len + 5 > sizeof body)
        die("the message is too long");
    (void)store32(body + 1, (uint32_t)len);
    memcpy(body + 5, text, len);
    return put_frame(c, DATA, 0, c->stream, body, len + 5);
}

static bool
send_zeros(struct connection *c, uint32_t len)
{
    static const uint8_t zeros[MAX_FRAME];
    uint8_t prefix[5] = { 0 };
    uint32_t n;

    (void)store32(prefix + 1, len);
    if (!put_frame(c, DATA, 0, c->stream, prefix, sizeof prefix))
        return false;
    for (; len > 0; len -= n) {
        n = len < MAX_FRAME ? len : MAX_FRAME;
        if (!put_frame(c, DATA, 0, c->stream, zeros, n))
            return false;
    }
    return true;
}

static bool
send_data(struct connection *c, const char *args)
{
    uint8_t body[MAX_FRAME];
    unsigned flags = 0;

    args = skip_blanks(args);
    if (strncmp(args, "end", 3) == 0) {
        flags = FLAG_END_STREAM;
        args += 3;
    }
    return put_frame(c, DATA, flags, c->stream, body,
        hex(args, body, sizeof body));
}

static bool
send_status(struct connection *c, const char *args)
{
    char fields[4096];
    uint32_t status = number(&args);

    (void)snprintf(fields, sizeof fields, "| grpc-status=%u %s", status, args);
    return send_headers(c, fields, true);
}

static bool
send_goaway(struct connection *c, const char *args)
{
    uint8_t body[8];
    size_t n = store32(body, number(&args));

    n += store32(body + n, number(&args));
    return put_frame(c, GOAWAY, 0, 0, body, n);
}

static bool
send_number(struct connection *c, enum frame_type type, uint32_t stream,
    uint32_t v)
{
    uint8_t body[4];

    return put_frame(c, type, 0, stream, body, store32(body, v));
}

static bool
send_raw(struct connection *c, const char *args)
{
    uint8_t body[MAX_FRAME];

    return put(c, body, hex(args, body, sizeof body));
}

static bool
send_any_frame(struct connection *c, const char *args)
{
    uint8_t body[MAX_FRAME];
    uint32_t type = number(&args);
    uint32_t flags = number(&args);
    uint32_t stream = number(&args);

    return put_frame(c, type, flags, stream, body,
        hex(args, body, sizeof body));
}

static bool
send_any_head(struct connection *c, const char *args)
{
    uint32_t length = number(&args);
    uint32_t type = number(&args);
    uint32_t flags = number(&args);

    return put_head(c, length, type, flags, number(&args));
}

static bool
reset_connection(struct connection *c)
{
    struct linger l = { 1, 0 };

    (void)setsockopt(c->fd, SOL_SOCKET, SO_LINGER, &l, sizeof l);
    return false;
}

/* Between cork and uncork, frames gather to be sent in one piece. */
static bool
cork(struct connection *c, int on)
{
    return setsockopt(c->fd, IPPROTO_TCP, TCP_CORK, &on, sizeof on) == 0;
}

static bool
drain(struct connection *c)
{
    struct frame f;

    while (get_frame(c, &f))
        continue;
    return false;
}

static bool
stall(struct connection *c)
{
    struct bad_backend *b = c->backend;
    bool is_stopping;

    do {
        (void)usleep(1000);
        (void)pthread_mutex_lock(&b->mutex);
        is_stopping = b->is_stopping;
        (void)pthread_mutex_unlock(&b->mutex);
    } while (!is_stopping);
    return false;
}

static bool execute(struct connection *c, const char *line);

static bool
repeat(struct connection *c, const char *args)
{
    uint32_t n;

    for (n = number(&args); n > 0; n--)
        if (!execute(c, args))
            return false;
    return true;
}

static bool
execute(struct connection *c, const char *line)
{
    const char *args = line;
    char name[16] = "";
    uint32_t n;

    if (!word(&args, name, sizeof name))
        return true;
    if (strcmp(name, "settings") == 0)
        return send_settings(c, args);
    if (strcmp(name, "ack") == 0)
        return put_frame(c, SETTINGS, FLAG_ACK, 0, NULL, 0);
    if (strcmp(name, "wait") == 0)
        return wait_for(c, args);
    if (strcmp(name, "stream") == 0) {
        c->stream = number(&args);
        return true;
    }
    if (strcmp(name, "headers") == 0)
        return send_headers(c, args,
            strncmp(skip_blanks(args), "end", 3) == 0);
    if (strcmp(name, "ok") == 0)
        return send_headers(c,
            "| :status=200 | content-type=application/grpc", false);
    if (strcmp(name, "status") == 0)
        return send_status(c, args);
    if (strcmp(name, "message") == 0)
        return send_message(c, skip_blanks(args), strlen(skip_blanks(args)));
    if (strcmp(name, "echo") == 0)
        return send_message(c, c->block, c->block_len);
    if (strcmp(name, "zeros") == 0)
        return send_zeros(c, number(&args));
    if (strcmp(name, "data") == 0)
        return send_data(c, args);
    if (strcmp(name, "rst") == 0)
        return send_number(c, RST_STREAM, c->stream, number(&args));
    if (strcmp(name, "goaway") == 0)
        return send_goaway(c, args);
    if (strcmp(name, "ping") == 0)
        return put_frame(c, PING, 0, 0, "12345678", 8);
    if (strcmp(name, "window") == 0) {
        n = number(&args);
        return send_number(c, WINDOW_UPDATE, n, number(&args));
    }
    if (strcmp(name, "frame") == 0)
        return send_any_frame(c, args);
    if (strcmp(name, "head") == 0)
        return send_any_head(c, args);
    if (strcmp(name, "raw") == 0)
        return send_raw(c, args);
    if (strcmp(name, "repeat") == 0)
        return repeat(c, args);
    if (strcmp(name, "shut") == 0)
        return shutdown(c->fd, SHUT_WR) == 0;
    if (strcmp(name, "reset") == 0)
        return reset_connection(c);
    if (strcmp(name, "cork") == 0 || strcmp(name, "uncork") == 0)
        return cork(c, name[0] == 'c');
    if (strcmp(name, "hold") == 0)
        return drain(c);
    if (strcmp(name, "stall") == 0)
        return stall(c);
    die("unknown command: %s", line);
}

static void *
serve(void *arg)
{
    struct connection *c = arg;
    size_t label = 0;
    size_t i;
    const char *line;

    if (nghttp2_hd_inflate_new(&c->inflater) != 0)
        die("memory is short");
    for (i = 0; i < c->part->count; i++) {
        line = c->part->lines[i];
        if (strcmp(line, "label") == 0)
            label = i;
        else if (strcmp(line, "again") == 0)
            i = label;
        else if (!execute(c, line))
            break;
    }
    nghttp2_hd_inflate_del(c->inflater);
    (void)pthread_mutex_lock(&c->backend->mutex);
    (void)close(c->fd);
    c->fd = -1;
    (void)pthread_mutex_unlock(&c->backend->mutex);
    return NULL;
}

/* --------------------------------------------------------------- listening */

static void
start_connection(struct bad_backend *b, int fd)
{
    struct connection *c = calloc(1, sizeof *c);
    int one = 1;
    size_t part = b->connection_count;

    if (c == NULL || b->connection_count == MAX_CONNECTIONS)
        die("too many connections");
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof one);
    c->backend = b;
    c->fd = fd;
    c->part = &b->parts[part < b->part_count ? part : b->part_count - 1];
    if (pthread_create(&c->thread, NULL, serve, c) != 0)
        die("no thread");
    b->connections[b->connection_count++] = c;
}

static void *
accept_all(void *arg)
{
    struct bad_backend *b = arg;
    int fd;

    for (;;) {
        fd = accept(b->listener, NULL, NULL);
        (void)pthread_mutex_lock(&b->mutex);
        if (fd >= 0 && !b->is_stopping)
            start_connection(b, fd);
        else if (fd >= 0)
            (void)close(fd);
        (void)pthread_mutex_unlock(&b->mutex);
        if (fd < 0)
            return NULL;
    }
}

static void
split(struct bad_backend *b)
{
    struct part *part = &b->parts[0];
    char *rest = NULL;
    char *line;

    b->part_count = 1;
    for (line = b->text; *line != '\0'; line++)
        if (line[0] == ';' && strchr(" \n", line[1]) != NULL)
            *line = '\n'; /* also at the very end */
    for (line = strtok_r(b->text, "\n", &rest); line != NULL;
         line = strtok_r(NULL, "\n", &rest)) {
        line = (char *)skip_blanks(line);
        if (*line == '\0' || *line == '#')
            continue;
        while (line[strlen(line) - 1] == ' ')
            line[strlen(line) - 1] = '\0';
        if (strcmp(line, "connection") == 0) {
            if (part->count > 0)
                part = &b->parts[b->part_count++];
        } else if (part->count < MAX_LINES) {
            part->lines[part->count++] = line;
        } else {
            die("the script is too long");
        }
    }
}

struct bad_backend *
bad_backend_start(const char *script)
{
    struct bad_backend *b = calloc(1, sizeof *b);
    struct sockaddr_in address = { .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof address;

    if (b == NULL || (b->text = strdup(script)) == NULL)
        die("memory is short");
    split(b);
    b->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (b->listener < 0 ||
        bind(b->listener, (struct sockaddr *)&address, len) != 0 ||
        listen(b->listener, 128) != 0 ||
        getsockname(b->listener, (struct sockaddr *)&address, &len) != 0)
        die("cannot listen");
    b->port = ntohs(address.sin_port);
    (void)pthread_mutex_init(&b->mutex, NULL);
    if (pthread_create(&b->acceptor, NULL, accept_all, b) != 0)
        die("no thread");
    return b;
}

unsigned
bad_backend_port(const struct bad_backend *b)
{
    return b->port;
}

unsigned
bad_backend_connections(struct bad_backend *b)
{
    unsigned n;

    (void)pthread_mutex_lock(&b->mutex);
    n = b->connection_count;
    (void)pthread_mutex_unlock(&b->mutex);
    return n;
}

unsigned
bad_backend_requests(struct bad_backend *b)
{
    return atomic_load(&b->requests);
}

unsigned long
bad_backend_bytes(struct bad_backend *b)
{
    return atomic_load(&b->bytes);
}

unsigned
bad_backend_pongs(struct bad_backend *b)
{
    return atomic_load(&b->pongs);
}

unsigned
bad_backend_resets(struct bad_backend *b)
{
    return atomic_load(&b->resets);
}

unsigned
bad_backend_last_reset(struct bad_backend *b)
{
    return atomic_load(&b->last_reset);
}

void
bad_backend_stop(struct bad_backend **backend)
{
    struct bad_backend *b = *backend;
    unsigned i;

    *backend = NULL;
    (void)pthread_mutex_lock(&b->mutex);
    b->is_stopping = true;
    for (i = 0; i < b->connection_count; i++)
        if (b->connections[i]->fd >= 0)
            (void)shutdown(b->connections[i]->fd, SHUT_RDWR);
    (void)pthread_mutex_unlock(&b->mutex);
    (void)shutdown(b->listener, SHUT_RDWR);
    (void)pthread_join(b->acceptor, NULL);
    (void)close(b->listener);
    for (i = 0; i < b->connection_count; i++) {
        (void)pthread_join(b->connections[i]->thread, NULL);
        free(b->connections[i]);
    }
    (void)pthread_mutex_destroy(&b->mutex);
    free(b->text);
    free(b);
}
