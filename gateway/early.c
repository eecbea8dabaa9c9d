/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/early.c - see early.h. */
#include "gateway/early.h"

#include <assert.h>
#include <stdio.h>
#include <time.h>

#include "gateway/connection.h"
#include "gateway/metadata_out.h"
#include "gateway/reply.h"
#include "gateway/socket.h"
#include "gateway/worker.h"

/* A head, and what else there is: an error document, or a stream that had begun
 * to be put together. */
#define ANSWER_MAX_BYTES (64u * 1024 + GW_ERROR_MAX_BYTES)

struct body {
    const void *data;
    size_t len;
};

struct fields {
    struct pb_buf *out;
    enum MHD_ValueKind kind; /* which of them */
    enum pb_err err;
};

static enum pb_err
put_text(struct pb_buf *out, const char *text)
{
    return pb_buf_put(out, text, strlen(text));
}

static enum MHD_Result
put_field(void *cls, enum MHD_ValueKind kind, const char *name,
    const char *value)
{
    struct fields *f = cls;

    if (kind != f->kind)
        return MHD_YES;
    f->err = put_text(f->out, name);
    if (f->err == PB_OK)
        f->err = put_text(f->out, ": ");
    if (f->err == PB_OK)
        f->err = put_text(f->out, value);
    if (f->err == PB_OK)
        f->err = put_text(f->out, "\r\n");
    return f->err == PB_OK ? MHD_YES : MHD_NO;
}

static enum pb_err
put_fields(struct MHD_Response *response, enum MHD_ValueKind kind,
    struct pb_buf *out)
{
    struct fields f = { .out = out, .kind = kind };

    (void)MHD_get_response_headers(response, put_field, &f);
    return f.err;
}

static enum pb_err
put_status_line(struct pb_buf *out, bool is_http10, unsigned status)
{
    char line[80];

    snprintf(line, sizeof line, "HTTP/1.%d %u %s\r\n", is_http10 ? 0 : 1,
        status, MHD_get_reason_phrase_for(status));
    return put_text(out, line);
}

/* RFC 9110 section 6.6.1 */
static enum pb_err
put_date(struct pb_buf *out)
{
    time_t now = time(NULL);
    char line[48];
    struct tm tm;

    gmtime_r(&now, &tm);
    strftime(line, sizeof line, "Date: %a, %d %b %Y %H:%M:%S GMT\r\n", &tm);
    return put_text(out, line);
}

/* What ends the head, where the body comes in one piece. */
static enum pb_err
put_length(struct pb_buf *out, size_t len)
{
    char line[48];

    snprintf(line, sizeof line, "Content-Length: %zu\r\n\r\n", len);
    return put_text(out, line);
}

static enum pb_err
put_whole(struct pb_buf *out, const struct body *body)
{
    enum pb_err err = put_length(out, body->len);

    return err == PB_OK ? pb_buf_put(out, body->data, body->len) : err;
}

/* The head alone: with the length that the body would have, but for a 204,
 * which has none (RFC 9110 section 8.6). */
static enum pb_err
put_no_body(const struct gw_exchange *x, struct pb_buf *out,
    const struct body *body)
{
    if (x->reply.status == MHD_HTTP_NO_CONTENT || x->reply.is_stream)
        return put_text(out, "\r\n");
    return put_length(out, body->len);
}

static enum pb_err
put_chunk(struct pb_buf *out, const struct body *body)
{
    char line[24];
    enum pb_err err;

    snprintf(line, sizeof line, "%zx\r\n", body->len);
    err = put_text(out, line);
    if (err == PB_OK)
        err = pb_buf_put(out, body->data, body->len);
    return err == PB_OK ? put_text(out, "\r\n") : err;
}

/* Without the last chunk it is seen to be broken. */
static enum pb_err
put_chunked(struct gw_exchange *x, struct MHD_Response *response,
    struct pb_buf *out, const struct body *body)
{
    enum pb_err err = put_text(out, "Transfer-Encoding: chunked\r\n\r\n");

    if (err == PB_OK && body->len > 0)
        err = put_chunk(out, body);
    if (err != PB_OK || x->is_out_broken)
        return err;
    if (!gw_metadata_out_trailers(x, response))
        return PB_ENOMEM;
    err = put_text(out, "0\r\n");
    if (err == PB_OK)
        err = put_fields(response, MHD_FOOTER_KIND, out);
    return err == PB_OK ? put_text(out, "\r\n") : err;
}

static struct body
body_of(const struct gw_exchange *x)
{
    const struct gw_reply *r = &x->reply;

    if (r->is_stream && x->out.pb.len > x->out_at)
        return (struct body){ x->out.pb.data + x->out_at,
            x->out.pb.len - x->out_at };
    if (r->is_stream || r->body == NULL)
        return (struct body){ NULL, 0 };
    return (struct body){ sluice_bytes_data(r->body) + r->body_skip,
        sluice_bytes_size(r->body) - r->body_skip - r->body_drop };
}

static enum pb_err
put_answer(struct gw_exchange *x, struct MHD_Response *response,
    struct pb_buf *out)
{
    struct body body = body_of(x);
    enum pb_err err = put_status_line(out, x->is_http10, x->reply.status);

    if (err == PB_OK)
        err = put_date(out);
    if (err == PB_OK)
        err = put_fields(response, MHD_HEADER_KIND, out);
    if (err != PB_OK)
        return err;
    if (!gw_reply_sends_body(x))
        return put_no_body(x, out, &body);
    x->bytes_out = body.len;
    return x->reply.is_stream && !x->is_http10
        ? put_chunked(x, response, out, &body)
        : put_whole(out, &body);
}

bool
gw_early_is_due(const struct gw_exchange *x)
{
    return x->state == GW_X_READING && !x->is_told && !x->is_body_complete &&
        x->reply.is_ready && (!x->reply.is_stream || x->is_out_ended);
}

bool
gw_early_is_on_its_way(const struct gw_exchange *x)
{
    return x->early.pool != NULL;
}

static void
drop_rest(struct gw_exchange *x)
{
    gw_buffer_fini(&x->early);
    x->early = (struct gw_buffer){ .pool = NULL };
}

bool
gw_early_go_on(struct gw_exchange *x)
{
    const struct pb_buf *text = &x->early.pb;
    ssize_t n = gw_socket_send(x->connection->fd, text->data + x->early_at,
        text->len - x->early_at);

    if (n >= 0)
        x->early_at += (size_t)n;
    if (n >= 0 && x->early_at < text->len) {
        gw_connection_await_room(x->connection);
        return true;
    }
    drop_rest(x);
    if (n < 0)
        return false;
    gw_connection_linger(x->connection);
    gw_exchange_wake(x); /* if the body has ended meanwhile */
    return true;
}

bool
gw_early_answer(struct gw_exchange *x)
{
    struct MHD_Response *response = MHD_create_response_empty(MHD_RF_NONE);
    bool is_made;

    assert(gw_early_is_due(x));
    x->is_told = true;
    x->reply.close = true;
    gw_buffer_init(&x->early, x->worker->pool, ANSWER_MAX_BYTES);
    is_made = response != NULL && !x->reply.is_lost &&
        gw_reply_add_headers(x, response) &&
        put_answer(x, response, &x->early.pb) == PB_OK;
    if (response != NULL)
        MHD_destroy_response(response);
    if (!is_made) {
        drop_rest(x);
        return false;
    }
    gw_connection_begin_answer(x->connection);
    return gw_early_go_on(x);
}

/* Pages of which origin may read it can be said only where it is any. */
static enum pb_err
put_bare_head(const struct gw_worker *w, unsigned status, struct pb_buf *out)
{
    const struct route_cors *cors = &w->set->config->cors;
    enum pb_err err = put_status_line(out, false, status);

    if (err == PB_OK)
        err = put_date(out);
    if (err == PB_OK)
        err = put_text(out,
            "Connection: close\r\nContent-Type: application/json\r\n");
    if (err == PB_OK && status == MHD_HTTP_SERVICE_UNAVAILABLE)
        err = put_text(out, "Retry-After: 1\r\n");
    if (err == PB_OK && cors->is_on && cors->takes_any_origin)
        err = put_text(out, "Access-Control-Allow-Origin: *\r\n");
    return err;
}

static enum pb_err
put_bare(struct gw_worker *w, const struct gw_status *status,
    struct pb_buf *document, struct pb_buf *out)
{
    const struct gw_status_form form = {
        .is_google = w->set->config->errors_are_google,
    };
    enum pb_err err =
        gw_status_to_json(w->writer, NULL, status, &form, document);
    struct body body = { document->data, document->len };

    if (err == PB_OK)
        err = put_bare_head(w, status->http, out);
    return err == PB_OK ? put_whole(out, &body) : err;
}

bool
gw_early_refuse(struct gw_worker *w, int fd, const struct gw_status *status)
{
    struct gw_buffer document, text;
    bool is_sent;

    gw_buffer_init(&document, w->pool, ANSWER_MAX_BYTES);
    gw_buffer_init(&text, w->pool, ANSWER_MAX_BYTES);
    is_sent = put_bare(w, status, &document.pb, &text.pb) == PB_OK &&
        gw_socket_send(fd, text.pb.data, text.pb.len) == (ssize_t)text.pb.len;
    gw_buffer_fini(&document);
    gw_buffer_fini(&text);
    return is_sent;
}
