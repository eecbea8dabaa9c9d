/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/bad_backend.c - runs scripts of raw HTTP/2 frames. Blocking sockets
 * and one thread per connection keep a script's order of events the order in
 * which they happen.
 */
#include "tests/rpc/bad_backend.h"

#include "tests/rpc/bad_frames.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <pthread.h>
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
    atomic_uint pings;
    atomic_uint pongs;
    atomic_ulong bytes;
    atomic_uint resets;
    atomic_uint last_reset;
};

struct connection {
    struct bad_backend *backend;
    const struct part *part;
    pthread_t thread;
    struct bad_wire wire;
};

/* --------------------------------------------------------------- parsing */

/* The next word of *s, or false. */
static bool
word(const char **s, char *out, size_t room)
{
    size_t len;

    *s = bad_skip_blanks(*s);
    len = strcspn(*s, " \t");
    if (len == 0)
        return false;
    if (len >= room)
        bad_die("a word is too long: %s", *s);
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

    *s = bad_skip_blanks(*s);
    v = strtoul(*s, &end, 0);
    if (end == *s)
        bad_die("a number is missing: %s", *s);
    *s = end;
    return (uint32_t)v;
}

static size_t
hex(const char *s, uint8_t *out, size_t room)
{
    char digits[3] = "";
    size_t n = 0;

    for (s = bad_skip_blanks(s); s[0] != '\0'; s = bad_skip_blanks(s + 2)) {
        if (s[1] == '\0' || n == room)
            bad_die("bad hex: %s", s);
        memcpy(digits, s, 2);
        out[n++] = (uint8_t)strtoul(digits, NULL, 16);
    }
    return n;
}

/* --------------------------------------------------------------- reading */

static void
note_frame(struct connection *c, const struct bad_frame *f)
{
    const uint8_t *p = c->wire.payload;

    if (f->type == BAD_HEADERS)
        atomic_fetch_add(&c->backend->requests, 1);
    if (f->type == BAD_DATA)
        atomic_fetch_add(&c->backend->bytes, f->length);
    if (f->type == BAD_PING)
        atomic_fetch_add((f->flags & BAD_ACK) ? &c->backend->pongs
                                              : &c->backend->pings,
            1);
    if (f->type == BAD_RST_STREAM && f->length == 4) {
        atomic_store(&c->backend->last_reset,
            (unsigned)p[0] << 24 | (unsigned)p[1] << 16 | (unsigned)p[2] << 8 |
                p[3]);
        atomic_fetch_add(&c->backend->resets, 1);
    }
}

static bool
get_frame(struct connection *c, struct bad_frame *f)
{
    if (!bad_wire_get_frame(&c->wire, f))
        return false;
    note_frame(c, f);
    return true;
}

static bool
is_awaited(const char *what, const struct bad_frame *f)
{
    if (strcmp(what, "request") == 0)
        return f->type == BAD_HEADERS;
    if (strcmp(what, "end") == 0)
        return (f->type == BAD_DATA || f->type == BAD_HEADERS) &&
            (f->flags & BAD_END_STREAM);
    if (strcmp(what, "data") == 0)
        return f->type == BAD_DATA && f->length > 0;
    if (strcmp(what, "rst") == 0)
        return f->type == BAD_RST_STREAM;
    if (strcmp(what, "goaway") == 0)
        return f->type == BAD_GOAWAY;
    if (strcmp(what, "ping") == 0)
        return f->type == BAD_PING && !(f->flags & BAD_ACK);
    if (strcmp(what, "pong") == 0)
        return f->type == BAD_PING && (f->flags & BAD_ACK);
    if (strcmp(what, "ack") == 0)
        return f->type == BAD_SETTINGS && (f->flags & BAD_ACK);
    if (strcmp(what, "window") == 0)
        return f->type == BAD_WINDOW_UPDATE && f->stream != 0;
    if (strcmp(what, "close") == 0)
        return false;
    bad_die("wait for what: %s", what);
}

static bool
wait_for(struct connection *c, const char *args)
{
    struct bad_frame f;
    char what[16];

    if (!word(&args, what, sizeof(what)))
        bad_die("wait for what?");
    if (strcmp(what, "preface") == 0)
        return bad_wire_get_preface(&c->wire);
    do {
        if (!get_frame(c, &f))
            return false;
    } while (!is_awaited(what, &f));
    if (f.stream != 0)
        c->wire.stream = f.stream;
    return true;
}

/* --------------------------------------------------------------- commands */

static bool
send_settings(struct connection *c, const char *args)
{
    uint8_t body[6 * 64];
    size_t n = 0;
    uint32_t id;

    while (*(args = bad_skip_blanks(args)) != '\0') {
        id = number(&args);
        if (*args++ != '=' || n + 6 > sizeof(body))
            bad_die("settings are ID=VALUE");
        body[n++] = (uint8_t)(id >> 8);
        body[n++] = (uint8_t)id;
        n += bad_store32(body + n, number(&args));
    }
    return bad_wire_put_frame(&c->wire, BAD_SETTINGS, 0, 0, body, n);
}

static bool
send_message(struct connection *c, const char *text, size_t len)
{
    uint8_t body[16384] = { 0 };

    if (len + 5 > sizeof(body))
        bad_die("the message is too long");
    (void)bad_store32(body + 1, (uint32_t)len);
    memcpy(body + 5, text, len);
    return bad_wire_put_frame(&c->wire, BAD_DATA, 0, c->wire.stream, body,
        len + 5);
}

static bool
send_zeros(struct connection *c, uint32_t len)
{
    static const uint8_t zeros[BAD_MAX_FRAME];
    uint8_t prefix[5] = { 0 };
    uint32_t n;

    (void)bad_store32(prefix + 1, len);
    if (!bad_wire_put_frame(&c->wire, BAD_DATA, 0, c->wire.stream, prefix,
            sizeof(prefix)))
        return false;
    for (; len > 0; len -= n) {
        n = len < BAD_MAX_FRAME ? len : BAD_MAX_FRAME;
        if (!bad_wire_put_frame(&c->wire, BAD_DATA, 0, c->wire.stream, zeros,
                n))
            return false;
    }
    return true;
}

static bool
send_data(struct connection *c, const char *args)
{
    uint8_t body[BAD_MAX_FRAME];
    unsigned flags = 0;

    args = bad_skip_blanks(args);
    if (strncmp(args, "end", 3) == 0) {
        flags = BAD_END_STREAM;
        args += 3;
    }
    return bad_wire_put_frame(&c->wire, BAD_DATA, flags, c->wire.stream, body,
        hex(args, body, sizeof(body)));
}

static bool
send_status(struct connection *c, const char *args)
{
    char fields[4096];
    uint32_t status = number(&args);

    (void)snprintf(fields, sizeof(fields), "| grpc-status=%u %s", status, args);
    return bad_wire_put_headers(&c->wire, fields, true);
}

static bool
send_goaway(struct connection *c, const char *args)
{
    uint8_t body[64];
    size_t n = bad_store32(body, number(&args));
    size_t len;

    n += bad_store32(body + n, number(&args));
    args = bad_skip_blanks(args);
    len = strlen(args);
    if (len > sizeof(body) - n)
        bad_die("the text is too long: %s", args);
    memcpy(body + n, args, len);
    return bad_wire_put_frame(&c->wire, BAD_GOAWAY, 0, 0, body, n + len);
}

static bool
send_number(struct connection *c, enum bad_frame_type type, uint32_t stream,
    uint32_t v)
{
    uint8_t body[4];

    return bad_wire_put_frame(&c->wire, type, 0, stream, body,
        bad_store32(body, v));
}

static bool
send_raw(struct connection *c, const char *args)
{
    uint8_t body[BAD_MAX_FRAME];

    return bad_wire_put(&c->wire, body, hex(args, body, sizeof(body)));
}

static bool
send_any_frame(struct connection *c, const char *args)
{
    uint8_t body[BAD_MAX_FRAME];
    uint32_t type = number(&args);
    uint32_t flags = number(&args);
    uint32_t stream = number(&args);

    return bad_wire_put_frame(&c->wire, type, flags, stream, body,
        hex(args, body, sizeof(body)));
}

static bool
send_any_head(struct connection *c, const char *args)
{
    uint32_t length = number(&args);
    uint32_t type = number(&args);
    uint32_t flags = number(&args);

    return bad_wire_put_head(&c->wire, length, type, flags, number(&args));
}

static bool
reset_connection(struct connection *c)
{
    struct linger l = { 1, 0 };

    (void)setsockopt(c->wire.fd, SOL_SOCKET, SO_LINGER, &l, sizeof(l));
    return false;
}

/* Between cork and uncork, frames gather to be sent in one piece. */
static bool
cork(struct connection *c, int on)
{
    return setsockopt(c->wire.fd, IPPROTO_TCP, TCP_CORK, &on, sizeof(on)) == 0;
}

static bool
drain(struct connection *c)
{
    struct bad_frame f;

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

    if (!word(&args, name, sizeof(name)))
        return true;
    if (strcmp(name, "settings") == 0)
        return send_settings(c, args);
    if (strcmp(name, "ack") == 0)
        return bad_wire_put_frame(&c->wire, BAD_SETTINGS, BAD_ACK, 0, NULL, 0);
    if (strcmp(name, "wait") == 0)
        return wait_for(c, args);
    if (strcmp(name, "stream") == 0) {
        c->wire.stream = number(&args);
        return true;
    }
    if (strcmp(name, "headers") == 0)
        return bad_wire_put_headers(&c->wire, args,
            strncmp(bad_skip_blanks(args), "end", 3) == 0);
    if (strcmp(name, "ok") == 0)
        return bad_wire_put_headers(&c->wire,
            "| :status=200 | content-type=application/grpc", false);
    if (strcmp(name, "status") == 0)
        return send_status(c, args);
    if (strcmp(name, "message") == 0)
        return send_message(c, bad_skip_blanks(args),
            strlen(bad_skip_blanks(args)));
    if (strcmp(name, "echo") == 0)
        return send_message(c, c->wire.block, c->wire.block_len);
    if (strcmp(name, "zeros") == 0)
        return send_zeros(c, number(&args));
    if (strcmp(name, "data") == 0)
        return send_data(c, args);
    if (strcmp(name, "rst") == 0)
        return send_number(c, BAD_RST_STREAM, c->wire.stream, number(&args));
    if (strcmp(name, "goaway") == 0)
        return send_goaway(c, args);
    if (strcmp(name, "ping") == 0)
        return bad_wire_put_frame(&c->wire, BAD_PING, 0, 0, "12345678", 8);
    if (strcmp(name, "pong") == 0)
        return bad_wire_put_frame(&c->wire, BAD_PING, BAD_ACK, 0,
            c->wire.payload, 8);
    if (strcmp(name, "window") == 0) {
        n = number(&args);
        return send_number(c, BAD_WINDOW_UPDATE, n, number(&args));
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
        return shutdown(c->wire.fd, SHUT_WR) == 0;
    if (strcmp(name, "reset") == 0)
        return reset_connection(c);
    if (strcmp(name, "cork") == 0 || strcmp(name, "uncork") == 0)
        return cork(c, name[0] == 'c');
    if (strcmp(name, "hold") == 0)
        return drain(c);
    if (strcmp(name, "stall") == 0)
        return stall(c);
    bad_die("unknown command: %s", line);
}

static void *
serve(void *arg)
{
    struct connection *c = arg;
    size_t label = 0;
    size_t i;
    const char *line;

    if (nghttp2_hd_inflate_new(&c->wire.inflater) != 0)
        bad_die("memory is short");
    for (i = 0; i < c->part->count; i++) {
        line = c->part->lines[i];
        if (strcmp(line, "label") == 0)
            label = i;
        else if (strcmp(line, "again") == 0)
            i = label;
        else if (!execute(c, line))
            break;
    }
    nghttp2_hd_inflate_del(c->wire.inflater);
    (void)pthread_mutex_lock(&c->backend->mutex);
    (void)close(c->wire.fd);
    c->wire.fd = -1;
    (void)pthread_mutex_unlock(&c->backend->mutex);
    return NULL;
}

/* --------------------------------------------------------------- listening */

static void
start_connection(struct bad_backend *b, int fd)
{
    struct connection *c = calloc(1, sizeof(*c));
    int one = 1;
    size_t part = b->connection_count;

    if (c == NULL || b->connection_count == MAX_CONNECTIONS)
        bad_die("too many connections");
    (void)setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &one, sizeof(one));
    c->backend = b;
    c->wire.fd = fd;
    c->part = &b->parts[part < b->part_count ? part : b->part_count - 1];
    if (pthread_create(&c->thread, NULL, serve, c) != 0)
        bad_die("no thread");
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
        line = (char *)bad_skip_blanks(line);
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
            bad_die("the script is too long");
        }
    }
}

struct bad_backend *
bad_backend_start(const char *script)
{
    struct bad_backend *b = calloc(1, sizeof(*b));
    struct sockaddr_in address = { .sin_family = AF_INET,
        .sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
    socklen_t len = sizeof(address);

    if (b == NULL || (b->text = strdup(script)) == NULL)
        bad_die("memory is short");
    split(b);
    b->listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    if (b->listener < 0 ||
        bind(b->listener, (struct sockaddr *)&address, len) != 0 ||
        listen(b->listener, 128) != 0 ||
        getsockname(b->listener, (struct sockaddr *)&address, &len) != 0)
        bad_die("cannot listen");
    b->port = ntohs(address.sin_port);
    (void)pthread_mutex_init(&b->mutex, NULL);
    if (pthread_create(&b->acceptor, NULL, accept_all, b) != 0)
        bad_die("no thread");
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
bad_backend_pings(struct bad_backend *b)
{
    return atomic_load(&b->pings);
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
        if (b->connections[i]->wire.fd >= 0)
            (void)shutdown(b->connections[i]->wire.fd, SHUT_RDWR);
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
