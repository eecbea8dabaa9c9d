/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/transcode.c - see transcode.h.
 *
 * One message alone is streamed: JSON is read in pieces and what is final of
 * its wire format leaves at once; JSON is written through a small buffer. Only
 * the wire format that JSON is made from has to be there whole. Delimited
 * messages lie in memory, in and out: an answer begins with its length.
 */
#include "gateway/transcode.h"

#include <assert.h>
#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <unistd.h>

#include "gateway/log.h"
#include "protobuf/normalize.h"
#include "protobuf/wire_check.h"

#define PIECE_BYTES ((size_t)64 * 1024)
#define MESSAGE_MAX ((size_t)INT32_MAX)
#define PREFIX_BYTES 4u
#define ERROR_MARK UINT32_MAX
#define ERROR_TEXT_MAX 640 /* position, path and message of a pb_error */

struct job {
    const struct gw_transcode *t;
    struct pb_json_reader *reader;
    struct pb_json_writer *writer;
    struct pb_buf in;   /* input that is needed whole */
    struct pb_buf wire; /* made from JSON */
    struct pb_buf out;  /* output on its way */
    size_t in_at;       /* delimited: how much of in has been answered */
    bool is_out_broken; /* and it has been said */
    uint8_t piece[PIECE_BYTES];
};

/* ---- Reading and writing ------------------------------------------------ */

/* A descriptor that was made non-blocking by another holder of it is waited
 * for. False: errno says that it is another trouble. */
static bool
wait_again(int fd, short events)
{
    struct pollfd p = { .fd = fd, .events = events };

    if (errno == EINTR)
        return true;
    if (errno != EAGAIN && errno != EWOULDBLOCK)
        return false;
    return poll(&p, 1, -1) >= 0 || errno == EINTR;
}

/* False, and said, when nothing more can be written. */
static bool
write_all(struct job *j, const uint8_t *p, size_t n)
{
    while (n > 0) {
        ssize_t done = write(j->t->out, p, n);

        if (done < 0) {
            if (wait_again(j->t->out, POLLOUT))
                continue;
            gw_log("stdout: %s", strerror(errno));
            j->is_out_broken = true;
            return false;
        }
        p += done;
        n -= (size_t)done;
    }
    return true;
}

/* 0 at the end of the input; negative, and said, when it cannot be read. */
static ssize_t
read_some(const struct job *j, void *to, size_t room)
{
    for (;;) {
        ssize_t n = read(j->t->in, to, room);

        if (n >= 0)
            return n;
        if (!wait_again(j->t->in, POLLIN)) {
            gw_log("stdin: %s", strerror(errno));
            return -1;
        }
    }
}

/* ---- A job and its errors ------------------------------------------------ */

static bool
job_init(struct job *j, const struct gw_transcode *t)
{
    j->t = t;
    j->in_at = 0;
    j->is_out_broken = false;
    pb_buf_init_heap(&j->in, MESSAGE_MAX + PREFIX_BYTES + PIECE_BYTES);
    pb_buf_init_heap(&j->wire, MESSAGE_MAX);
    pb_buf_init_heap(&j->out, MESSAGE_MAX + PREFIX_BYTES + PIECE_BYTES);
    j->reader = pb_json_reader_new();
    j->writer = pb_json_writer_new();
    if (j->reader != NULL && j->writer != NULL)
        return true;
    gw_log("memory is short");
    return false;
}

static void
job_fini(struct job *j)
{
    pb_json_reader_free(&j->reader);
    pb_json_writer_free(&j->writer);
    pb_buf_fini_heap(&j->in);
    pb_buf_fini_heap(&j->wire);
    pb_buf_fini_heap(&j->out);
}

/* The position is left out when it is not one of the input. */
static void
describe(char text[ERROR_TEXT_MAX], const struct job *j,
    const struct pb_error *e)
{
    char where[64] = "";

    if (e->line > 0)
        snprintf(where, sizeof where, "%u:%u: ", e->line, e->column);
    else if (j->t->from == GW_FORMAT_BINARY)
        snprintf(where, sizeof where, "byte %zu: ", e->offset);
    snprintf(text, ERROR_TEXT_MAX, "%s%s%s%s", where, e->path,
        e->path[0] != '\0' ? ": " : "", e->message);
}

static bool
say(const struct job *j, const struct pb_error *e)
{
    char text[ERROR_TEXT_MAX];

    describe(text, j, e);
    gw_log("stdin:%s%s", e->line > 0 ? "" : " ", text);
    return false;
}

/* ---- One message -------------------------------------------------------- */

/* Wire format that cannot change any more leaves. Moving the rest down is worth
 * it only when little of it is left. */
static bool
pass_settled(struct job *j)
{
    size_t n = pb_json_reader_settled(j->reader);

    if (n < PIECE_BYTES || n < j->wire.len / 2)
        return true;
    if (!write_all(j, j->wire.data, n))
        return false;
    j->wire.len -= n;
    memmove(j->wire.data, j->wire.data + n, j->wire.len);
    pb_json_reader_shifted(j->reader, n);
    return true;
}

static bool
take_piece(struct job *j, size_t n, enum pb_json_state *state)
{
    const char *text = (const char *)j->piece;
    struct pb_error error;
    size_t used = 0;

    if (*state == PB_JSON_MORE)
        *state = pb_json_reader_feed(j->reader, text, n, &used, &error);
    if (*state == PB_JSON_DONE)
        *state = pb_json_reader_rest(j->reader, text + used, n - used, &error);
    if (*state == PB_JSON_ERROR)
        return say(j, &error);
    return j->t->to == GW_FORMAT_JSON || pass_settled(j);
}

/* JSON to wire format, which is in j->wire unless it has left already. */
static bool
read_json(struct job *j)
{
    enum pb_json_state state = PB_JSON_MORE;
    struct pb_error error;
    ssize_t n;

    pb_json_reader_start(j->reader, j->t->message, &j->t->json, &j->wire);
    while ((n = read_some(j, j->piece, sizeof j->piece)) > 0)
        if (!take_piece(j, (size_t)n, &state))
            return false;
    if (n < 0)
        return false;
    if (state == PB_JSON_MORE &&
        pb_json_reader_finish(j->reader, &error) != PB_JSON_DONE)
        return say(j, &error);
    return true;
}

static bool
read_binary(struct job *j)
{
    for (;;) {
        ssize_t n;

        if (pb_buf_reserve(&j->in, PIECE_BYTES) != PB_OK) {
            gw_log("stdin: memory is short for a message of over %zu bytes",
                j->in.len);
            return false;
        }
        n = read_some(j, j->in.data + j->in.len, j->in.cap - j->in.len);
        if (n <= 0)
            return n == 0;
        j->in.len += (size_t)n;
        if (j->in.len > MESSAGE_MAX) {
            gw_log("stdin: a message over 2 GiB");
            return false;
        }
    }
}

/* Empties the buffer that the JSON writer fills. */
static bool
drain(struct pb_buf *b, size_t need)
{
    struct job *j = b->arg;
    bool ok = write_all(j, b->data, b->len);

    b->len = 0;
    assert(need <= b->cap);
    return ok;
}

static bool
write_json(struct job *j, const struct pb_buf *wire)
{
    struct pb_buf out = { .data = j->piece,
        .cap = sizeof j->piece,
        .max = SIZE_MAX,
        .grow = drain,
        .arg = j };
    struct pb_error error;
    enum pb_err err = pb_wire_to_json(j->writer, j->t->message, &j->t->json,
        wire->data, wire->len, &out, &error);

    if (err != PB_OK)
        return !j->is_out_broken && say(j, &error);
    return pb_buf_put(&out, "\n", 1) == PB_OK && drain(&out, 0);
}

static enum pb_err
check_and_normalize(const struct gw_transcode *t, const uint8_t *wire,
    size_t len, struct pb_buf *out, struct pb_error *error)
{
    enum pb_err err =
        pb_wire_check(t->message, wire, len, t->json.max_depth, error);

    return err == PB_OK ? pb_wire_normalize(t->message, wire, len, out, error)
                        : err;
}

static bool
write_binary(struct job *j)
{
    struct pb_error error;

    if (check_and_normalize(j->t, j->in.data, j->in.len, &j->out, &error) !=
        PB_OK)
        return say(j, &error);
    return write_all(j, j->out.data, j->out.len);
}

static bool
run_one(struct job *j)
{
    if (j->t->from == GW_FORMAT_JSON) {
        if (!read_json(j))
            return false;
        return j->t->to == GW_FORMAT_JSON
            ? write_json(j, &j->wire)
            : write_all(j, j->wire.data, j->wire.len);
    }
    if (!read_binary(j))
        return false;
    return j->t->to == GW_FORMAT_JSON ? write_json(j, &j->in) : write_binary(j);
}

bool
gw_transcode_one(const struct gw_transcode *t)
{
    struct job j;
    bool ok = job_init(&j, t) && run_one(&j);

    job_fini(&j);
    return ok;
}

/* ---- Delimited messages -------------------------------------------------- */

static void
put_le32(uint8_t *p, uint32_t v)
{
    for (unsigned i = 0; i < 4; i++)
        p[i] = (uint8_t)(v >> (8 * i));
}

static uint32_t
get_le32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
        (uint32_t)p[3] << 24;
}

static bool
flush(struct job *j)
{
    bool ok = !j->is_out_broken && write_all(j, j->out.data, j->out.len);

    j->out.len = 0;
    return ok;
}

/* Makes sure that n bytes of input are there. Memory is taken as they come,
 * whatever a length promises. *has_ended: no byte came any more. */
static bool
fill(struct job *j, size_t n, bool *has_ended)
{
    while (j->in.len - j->in_at < n) {
        ssize_t got;

        if (!flush(j))
            return false;
        if (j->in_at > 0) {
            j->in.len -= j->in_at;
            memmove(j->in.data, j->in.data + j->in_at, j->in.len);
            j->in_at = 0;
        }
        if (pb_buf_reserve(&j->in, PIECE_BYTES) != PB_OK) {
            gw_log("stdin: memory is short");
            return false;
        }
        got = read_some(j, j->in.data + j->in.len, j->in.cap - j->in.len);
        if (got <= 0) {
            *has_ended = got == 0;
            return false;
        }
        j->in.len += (size_t)got;
    }
    return true;
}

/* False: there is no more message; *ok says whether that is well. */
static bool
next_message(struct job *j, size_t *n, bool *ok)
{
    bool has_ended = false;

    *ok = false;
    if (fill(j, PREFIX_BYTES, &has_ended)) {
        *n = get_le32(j->in.data + j->in_at);
        if (*n > MESSAGE_MAX) {
            gw_log("stdin: a message over 2 GiB: its length is %zu", *n);
            return false;
        }
        if (fill(j, PREFIX_BYTES + *n, &has_ended)) {
            j->in_at += PREFIX_BYTES;
            return true;
        }
    } else if (has_ended && j->in.len == j->in_at) {
        *ok = true;
        return false;
    }
    if (has_ended)
        gw_log("stdin: ends within a message");
    return false;
}

/* Appends the message at p to out in its other form. */
static enum pb_err
transcode(struct job *j, const uint8_t *p, size_t n, struct pb_error *error)
{
    const struct gw_transcode *t = j->t;
    struct pb_buf *wire = t->to == GW_FORMAT_JSON ? &j->wire : &j->out;
    enum pb_err err;

    if (t->from == GW_FORMAT_BINARY && t->to == GW_FORMAT_JSON)
        return pb_wire_to_json(j->writer, t->message, &t->json, p, n, &j->out,
            error);
    if (t->from == GW_FORMAT_BINARY)
        return check_and_normalize(t, p, n, &j->out, error);
    j->wire.len = 0;
    err = pb_json_to_wire(j->reader, t->message, &t->json, (const char *)p, n,
        wire, error);
    if (err == PB_OK && t->to == GW_FORMAT_JSON)
        err = pb_wire_to_json(j->writer, t->message, &t->json, wire->data,
            wire->len, &j->out, error);
    return err;
}

static enum pb_err
put_error(struct job *j, const struct pb_error *e)
{
    char text[ERROR_TEXT_MAX];
    uint8_t head[2 * PREFIX_BYTES];
    enum pb_err err;

    describe(text, j, e);
    put_le32(head, ERROR_MARK);
    put_le32(head + PREFIX_BYTES, (uint32_t)strlen(text));
    err = pb_buf_put(&j->out, head, sizeof head);
    return err == PB_OK ? pb_buf_put(&j->out, text, strlen(text)) : err;
}

/* Answers the n bytes at in_at. */
static bool
answer(struct job *j, size_t n)
{
    static const uint8_t room[PREFIX_BYTES];
    size_t at = j->out.len;
    struct pb_error error;
    enum pb_err err = pb_buf_put(&j->out, room, sizeof room);

    if (err == PB_OK) {
        if (transcode(j, j->in.data + j->in_at, n, &error) == PB_OK) {
            put_le32(j->out.data + at,
                (uint32_t)(j->out.len - at - PREFIX_BYTES));
        } else {
            j->out.len = at;
            err = put_error(j, &error);
        }
    }
    j->in_at += n;
    if (err != PB_OK)
        gw_log("memory is short");
    return err == PB_OK && (j->out.len < PIECE_BYTES || flush(j));
}

static bool
run_delimited(struct job *j)
{
    bool ok = true;
    size_t n;

    while (ok && next_message(j, &n, &ok))
        ok = answer(j, n);
    return flush(j) && ok;
}

bool
gw_transcode_delimited(const struct gw_transcode *t)
{
    struct job j;
    bool ok = job_init(&j, t) && run_delimited(&j);

    job_fini(&j);
    return ok;
}
