/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/metadata_out.c - see metadata_out.h.
 *
 * Upstreams are not trusted with our head: names that belong to the connection
 * or the framing are dropped, values that could break a line are dropped, and
 * the whole is bounded.
 */
#include "gateway/metadata_out.h"

#include <errno.h>
#include <stdio.h>

#include <sluice/grpc.h>

#include "gateway/front.h"
#include "gateway/worker.h"

/* The longest that stands before a name. */
#define PREFIX_ROOM sizeof "Grpc-Metadata-"
#define NAME_MAX_BYTES 256u

/* An answer's head shares the connection's memory with the request's. */
#define MAX_SHARE 3u

/* Of a grpc-message, if every byte of it has to be encoded. */
#define MESSAGE_SHARE 8u

typedef enum MHD_Result add_fn(struct MHD_Response *response, const char *name,
    const char *value);

static bool
is_kept_back(struct sluice_str name)
{
    static const char *const names[] = { "connection", "content-encoding",
        "content-length", "content-type", "date", "host", "keep-alive",
        "proxy-authenticate", "proxy-connection", "server", "te", "trailer",
        "transfer-encoding", "upgrade" };

    if (name.len >= 5 && memcmp(name.ptr, "grpc-", 5) == 0)
        return true;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (sluice_str_equal(name, sluice_str(names[i])))
            return true;
    return !sluice_metadata_name_is_valid(name) ||
        name.len + PREFIX_ROOM > NAME_MAX_BYTES;
}

static bool
is_binary(struct sluice_str name)
{
    return name.len > 4 && memcmp(name.ptr + name.len - 4, "-bin", 4) == 0;
}

static bool
is_shown(struct sluice_metadatum m)
{
    return !is_kept_back(m.name) &&
        sluice_metadata_value_is_valid(m.name, m.value);
}

static bool
is_unprefixed(const struct route_config *config, struct sluice_str name)
{
    for (size_t i = 0; i < config->n_metadata_out; i++)
        if (sluice_str_equal(name, sluice_str(config->metadata_out[i])))
            return true;
    return false;
}

/* Names that steer the protocols of RPCs, and browsers: their headers are not
 * all metadata ("Connect Protocol", Leading-Metadata). */
static bool
is_steering(struct sluice_str name)
{
    static const char *const prefixes[] = { "access-control-", "connect-",
        "sec-", "trailer-" };

    for (size_t i = 0; i < sizeof prefixes / sizeof *prefixes; i++) {
        size_t len = strlen(prefixes[i]);

        if (name.len >= len && memcmp(name.ptr, prefixes[i], len) == 0)
            return true;
    }
    return false;
}

static bool
add_one(struct gw_exchange *x, struct MHD_Response *response, add_fn *add,
    const char *prefix, struct sluice_metadatum m)
{
    char name[NAME_MAX_BYTES];
    char *value;

    if (!is_shown(m) || (x->front->is_rpc && is_steering(m.name)))
        return true;
    snprintf(name, sizeof name, "%s%.*s",
        is_unprefixed(x->worker->set->config, m.name) ? "" : prefix,
        (int)m.name.len, m.name.ptr);
    if (is_binary(m.name)) {
        value = gw_arena_take(&x->arena, m.value.len / 3 * 4 + 8);
        if (value == NULL)
            return false;
        value[sluice_base64_encode(m.value.ptr, m.value.len, value)] = '\0';
    } else {
        value = gw_arena_copy(&x->arena, m.value.ptr, m.value.len);
        if (value == NULL)
            return false;
    }
    /* MHD refuses an empty value, or one it finds malformed: left out. */
    errno = 0;
    return add(response, name, value) == MHD_YES || errno != ENOMEM;
}

static bool
add_all(struct gw_exchange *x, struct MHD_Response *response, add_fn *add,
    const char *prefix, const struct sluice_metadata *md)
{
    size_t n = md == NULL ? 0 : sluice_metadata_count(md);

    for (size_t i = 0; i < n; i++)
        if (!add_one(x, response, add, prefix, sluice_metadata_at(md, i)))
            return false;
    return true;
}

static size_t
weight(const struct sluice_metadata *md)
{
    size_t n = md == NULL ? 0 : sluice_metadata_count(md);
    size_t sum = 0;

    for (size_t i = 0; i < n; i++) {
        struct sluice_metadatum m = sluice_metadata_at(md, i);

        if (!is_kept_back(m.name))
            sum += PREFIX_ROOM + 4 + m.name.len +
                (is_binary(m.name) ? m.value.len / 3 * 4 + 4 : m.value.len);
    }
    return sum;
}

static bool
is_empty(const struct sluice_metadata *md)
{
    return md == NULL || sluice_metadata_count(md) == 0;
}

/* Most services show none. */
static bool
has_none(const struct gw_exchange *x)
{
    return is_empty(x->initial_metadata) && is_empty(x->terminal_metadata);
}

bool
gw_metadata_out_fits(const struct gw_exchange *x)
{
    size_t sum;

    if (has_none(x))
        return true;
    sum = weight(x->initial_metadata);
    if (x->front == NULL || x->front->terminal_prefix != NULL)
        sum += weight(x->terminal_metadata);
    return sum <= x->worker->set->config->max_header_bytes / MAX_SHARE;
}

bool
gw_metadata_out_headers(struct gw_exchange *x, struct MHD_Response *response)
{
    const struct gw_front *front = x->front;

    if (has_none(x) && !x->reply.is_stream)
        return true;
    if (!gw_metadata_out_fits(x))
        return true; /* an error is being answered: without them */
    if (front == NULL)
        return true;
    if (!add_all(x, response, MHD_add_response_header, front->initial_prefix,
            x->initial_metadata))
        return false;
    if (front->terminal_prefix == NULL)
        return true;
    if (!x->reply.is_stream)
        return add_all(x, response, MHD_add_response_header,
            front->terminal_prefix, x->terminal_metadata);
    if (gw_metadata_out_has_trailers(x))
        return MHD_add_response_header(response, MHD_HTTP_HEADER_TRAILER,
                   "grpc-status, grpc-message") == MHD_YES;
    return true;
}

bool
gw_metadata_out_has_trailers(const struct gw_exchange *x)
{
    /* In HTTP/1.0 there are no chunks, and so no trailers. */
    return x->request.wants_trailers && !x->is_http10 &&
        x->front->terminal_prefix != NULL && gw_metadata_out_fits(x);
}

/* At most max bytes, and no piece of a character at the end. */
static size_t
cut(struct sluice_str s, size_t max)
{
    if (s.len <= max)
        return s.len;
    while (max > 0 && ((unsigned char)s.ptr[max] & 0xc0) == 0x80)
        max--;
    return max;
}

void
gw_metadata_out_keep_message(struct gw_exchange *x, struct sluice_str message)
{
    size_t max = x->worker->set->config->max_header_bytes / MESSAGE_SHARE;
    size_t len = cut(message, max / 3);
    char *text = NULL;

    x->trailer_message = NULL;
    if (x->request.wants_trailers && len > 0)
        text = gw_arena_take(&x->arena, len * 3 + 1);
    if (text == NULL)
        return;
    text[sluice_grpc_message_encode(message.ptr, len, text)] = '\0';
    x->trailer_message = text;
}

bool
gw_metadata_out_trailers(struct gw_exchange *x, struct MHD_Response *response)
{
    char number[16];

    if (!gw_metadata_out_has_trailers(x))
        return true;
    snprintf(number, sizeof number, "%d", x->reply.code);
    return MHD_add_response_footer(response, "grpc-status", number) ==
        MHD_YES &&
        (x->trailer_message == NULL ||
            MHD_add_response_footer(response, "grpc-message",
                x->trailer_message) == MHD_YES) &&
        (!x->is_metadata_late ||
            add_all(x, response, MHD_add_response_footer,
                x->front->initial_prefix, x->initial_metadata)) &&
        add_all(x, response, MHD_add_response_footer, x->front->terminal_prefix,
            x->terminal_metadata);
}

static bool
append(struct sluice_metadata *to, const struct sluice_metadata *from)
{
    size_t n = from == NULL ? 0 : sluice_metadata_count(from);

    for (size_t i = 0; i < n; i++) {
        struct sluice_metadatum m = sluice_metadata_at(from, i);

        if (sluice_metadata_add(to, m.name, m.value) != SLUICE_OK)
            return false;
    }
    return true;
}

bool
gw_metadata_out_join_late(struct gw_exchange *x)
{
    struct sluice_metadata *joined;

    if (!x->is_metadata_late || x->front->terminal_prefix != NULL)
        return true;
    joined = sluice_metadata_new(x->worker->pool);
    if (joined == NULL || !append(joined, x->initial_metadata) ||
        !append(joined, x->terminal_metadata)) {
        sluice_metadata_unref(&joined);
        return false;
    }
    sluice_metadata_unref(&x->terminal_metadata);
    x->terminal_metadata = joined;
    return true;
}

static enum pb_err
put_line(struct sluice_metadatum m, struct pb_buf *out)
{
    enum pb_err err =
        pb_buf_reserve(out, m.name.len + m.value.len / 3 * 4 + 12);

    if (err == PB_OK && !is_binary(m.name))
        err = pb_buf_reserve(out, m.name.len + m.value.len + 4);
    if (err != PB_OK)
        return err;
    (void)pb_buf_put(out, m.name.ptr, m.name.len);
    (void)pb_buf_put(out, ": ", 2);
    if (is_binary(m.name))
        out->len += sluice_base64_encode(m.value.ptr, m.value.len,
            (char *)out->data + out->len);
    else
        (void)pb_buf_put(out, m.value.ptr, m.value.len);
    return pb_buf_put(out, "\r\n", 2);
}

enum pb_err
gw_metadata_out_lines(const struct sluice_metadata *md, struct pb_buf *out)
{
    size_t n = md == NULL ? 0 : sluice_metadata_count(md);
    enum pb_err err = PB_OK;

    for (size_t i = 0; err == PB_OK && i < n; i++) {
        struct sluice_metadatum m = sluice_metadata_at(md, i);

        if (is_shown(m))
            err = put_line(m, out);
    }
    return err;
}

static enum pb_err
put_json_value(struct sluice_metadatum m, struct pb_buf *out)
{
    enum pb_err err;

    if (!is_binary(m.name))
        return pb_json_quote(out, m.value.ptr, m.value.len);
    err = pb_buf_reserve(out, m.value.len / 3 * 4 + 8);
    if (err != PB_OK)
        return err;
    out->data[out->len++] = '"';
    out->len += sluice_base64_encode(m.value.ptr, m.value.len,
        (char *)out->data + out->len);
    return pb_buf_put(out, "\"", 1);
}

/* "name":["value",...] with the values of the i-th name from there on. */
static enum pb_err
put_json_name(const struct sluice_metadata *md, size_t i, struct pb_buf *out)
{
    struct sluice_metadatum first = sluice_metadata_at(md, i);
    enum pb_err err = pb_json_quote(out, first.name.ptr, first.name.len);
    const char *before = ":[";

    for (; err == PB_OK && i < sluice_metadata_count(md); i++) {
        struct sluice_metadatum m = sluice_metadata_at(md, i);

        if (!sluice_str_equal(m.name, first.name) || !is_shown(m))
            continue;
        err = pb_buf_put(out, before, strlen(before));
        if (err == PB_OK)
            err = put_json_value(m, out);
        before = ",";
    }
    return err == PB_OK ? pb_buf_put(out, "]", 1) : err;
}

static bool
stands_before(const struct sluice_metadata *md, size_t i)
{
    struct sluice_str name = sluice_metadata_at(md, i).name;

    for (size_t k = 0; k < i; k++)
        if (sluice_str_equal(sluice_metadata_at(md, k).name, name) &&
            is_shown(sluice_metadata_at(md, k)))
            return true;
    return false;
}

bool
gw_metadata_out_has_any(const struct sluice_metadata *md)
{
    size_t n = md == NULL ? 0 : sluice_metadata_count(md);

    for (size_t i = 0; i < n; i++)
        if (is_shown(sluice_metadata_at(md, i)))
            return true;
    return false;
}

enum pb_err
gw_metadata_out_json(const struct sluice_metadata *md, struct pb_buf *out)
{
    size_t n = md == NULL ? 0 : sluice_metadata_count(md);
    const char *before = "{";
    enum pb_err err = PB_OK;

    for (size_t i = 0; err == PB_OK && i < n; i++) {
        if (!is_shown(sluice_metadata_at(md, i)) || stands_before(md, i))
            continue;
        err = pb_buf_put(out, before, 1);
        if (err == PB_OK)
            err = put_json_name(md, i, out);
        before = ",";
    }
    return err == PB_OK && *before == ',' ? pb_buf_put(out, "}", 1) : err;
}
