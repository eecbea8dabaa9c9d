/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/call.c - see call.h.
 *
 * A unary response becomes a whole answer, transcoded before the status line is
 * decided. The messages of a response stream are transcoded into x->out as they
 * come; while more than OUT_FULL bytes wait there for the client nothing more
 * is granted to the service.
 */
#include "gateway/call.h"

#include <sys/mman.h>
#include <unistd.h>

#include <sluice/status.h>

#include "gateway/connection.h"
#include "gateway/front.h"
#include "gateway/metadata_out.h"
#include "gateway/reply.h"
#include "gateway/watch.h"
#include "gateway/worker.h"

#define OUT_FULL (32u * 1024)
#define OUT_LOW (16u * 1024)

/* Requests that need not be asked for one by one: as much as MHD has at once.
 * Each counts for more than its bytes, so that there are not too many. */
#define AHEAD_MAX (6u * 1024)
#define AHEAD_EACH 32u

/* JSON text may be larger than the message it shows: base64, escapes, names. */
#define TEXT_PER_BYTE 16u

#define DEFAULT_UNARY_TIMEOUT_NS (60 * SLUICE_SECOND)

static const struct route_config *
config_of(const struct gw_exchange *x)
{
    return x->worker->set->config;
}

static void
init_out(struct gw_exchange *x)
{
    if (x->out.pool == NULL)
        gw_buffer_init(&x->out, x->worker->pool,
            config_of(x)->max_response_message * TEXT_PER_BYTE);
}

void
gw_call_unshowable(struct gw_exchange *x, enum pb_err err)
{
    if (err == PB_ENOMEM)
        gw_reply_error(x, 500, SLUICE_CODE_INTERNAL, "memory",
            "memory is short");
    else if (err == PB_EFULL)
        gw_reply_error(x, 500, SLUICE_CODE_RESOURCE_EXHAUSTED, "transcoding",
            "the backend's answer is over the limit");
    else if (err == PB_ELIMIT)
        gw_reply_error(x, 500, SLUICE_CODE_INTERNAL, "transcoding",
            "the backend's answer is nested too deep");
    else
        gw_reply_error(x, 500, SLUICE_CODE_INTERNAL, "transcoding",
            "the backend's answer is not a valid %s",
            x->rpc->method->output->full_name);
}

/* One response, as a stream of one. */
static enum pb_err
reply_whole(struct gw_exchange *x, struct pb_error *error)
{
    enum pb_err err = x->form->put(x, x->response, error);
    struct sluice_bytes *whole;

    if (err == PB_OK && x->form->finish != NULL)
        err = x->form->finish(x);
    if (err != PB_OK)
        return err;
    whole = gw_buffer_take(&x->out);
    if (whole == NULL)
        return PB_ENOMEM;
    gw_reply_ok(x, whole);
    x->reply.content_type = x->form->type(x);
    return PB_OK;
}

static void
reply_unary(struct gw_exchange *x)
{
    struct pb_error error;
    enum pb_err err;

    if (!gw_metadata_out_fits(x)) {
        gw_reply_error(x, 500, SLUICE_CODE_INTERNAL, "metadata",
            "the backend's metadata is over the limit");
        return;
    }
    init_out(x);
    err = x->form->reply != NULL ? x->form->reply(x, &error)
                                 : reply_whole(x, &error);
    sluice_bytes_unref(&x->response); /* whose text may take long to be sent */
    if (err != PB_OK)
        gw_call_unshowable(x, err);
}

/* ----------------------------------------------------------- what comes back */

/* What stands before everything that responses become. */
static enum pb_err
start_out(struct gw_exchange *x)
{
    init_out(x);
    return x->reply.is_ready || x->form->start == NULL || x->out.pb.len > 0
        ? PB_OK
        : x->form->start(x);
}

static void
begin_stream(struct gw_exchange *x)
{
    enum pb_err err;

    if (x->reply.is_ready)
        return;
    if (!gw_metadata_out_fits(x)) {
        gw_reply_error(x, 500, SLUICE_CODE_INTERNAL, "metadata",
            "the backend's metadata is over the limit");
        sluice_call_cancel(x->call);
        return;
    }
    err = start_out(x);
    if (err != PB_OK) {
        gw_call_unshowable(x, err);
        sluice_call_cancel(x->call);
        return;
    }
    gw_reply_stream(x, x->form->type(x));
    gw_exchange_wake(x);
}

/* The head of a stream may have gone alone; then the end of the stream is the
 * place that is left. */
static void
keep_metadata(struct gw_exchange *x, struct sluice_metadata *metadata)
{
    x->initial_metadata = metadata;
    x->is_metadata_late = x->reply.is_stream && x->state == GW_X_REPLYING;
}

static void
on_initial_metadata(void *arg, struct sluice_metadata *metadata)
{
    struct gw_exchange *x = arg;

    keep_metadata(x, metadata);
    /* A service that shows its metadata early wants the client to see it. */
    if (metadata != NULL && x->form->is_stream && x->state != GW_X_CLOSED &&
        !x->form->starts_with_response)
        begin_stream(x);
}

static size_t
out_waiting(const struct gw_exchange *x)
{
    return x->out.pb.len - x->out_at;
}

/* Taken text goes before the buffer would grow. */
static void
compact_out(struct gw_exchange *x)
{
    size_t left = out_waiting(x);

    if (x->out_at == 0)
        return;
    if (left > 0)
        memmove(x->out.pb.data, x->out.pb.data + x->out_at, left);
    x->out.pb.len = left;
    x->out_at = 0;
}

/* A message that cannot be shown ends the stream; what was begun of it is
 * taken back. */
static enum sluice_reply
add_to_stream(struct gw_exchange *x, const struct sluice_bytes *message)
{
    struct pb_error error;
    size_t before;
    enum pb_err err;

    compact_out(x);
    before = x->out.pb.len;
    err = start_out(x);
    if (err == PB_OK)
        err = x->form->put(x, message, &error);
    if (err != PB_OK) {
        x->out.pb.len = before;
        gw_call_unshowable(x, err);
        return SLUICE_REPLY_FAILED;
    }
    x->n_responses++;
    begin_stream(x);
    x->owes_allowance = out_waiting(x) >= OUT_FULL;
    gw_exchange_wake(x);
    if (x->owes_allowance)
        gw_watch_start(x);
    else
        sluice_call_allow(x->call, 1);
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
on_response(void *arg, struct sluice_bytes *response)
{
    struct gw_exchange *x = arg;
    enum sluice_reply reply = SLUICE_REPLY_OK;

    if (x->state == GW_X_CLOSED) {
        reply = SLUICE_REPLY_ABANDONED;
    } else if (x->form->is_stream) {
        reply = add_to_stream(x, response);
    } else {
        sluice_bytes_unref(&x->response);
        x->response = response;
        response = NULL;
    }
    sluice_bytes_unref(&response);
    return reply;
}

/* Who would miss what stands before a break: trailers say the same once more to
 * who reads them, if HTTP ends well; and browsers drop what their page has not
 * read yet. */
static bool
must_end_well(const struct gw_exchange *x)
{
    return gw_metadata_out_has_trailers(x) || x->request.is_from_page;
}

/* What closes a stream that failed was made when it did. */
static void
break_stream(struct gw_exchange *x)
{
    const struct sluice_bytes *last = x->reply.body;
    bool is_told = last != NULL;

    init_out(x);
    if (is_told)
        is_told = pb_buf_put(&x->out.pb, sluice_bytes_data(last),
                      sluice_bytes_size(last)) == PB_OK;
    sluice_bytes_unref(&x->reply.body);
    x->is_out_broken = !is_told || (x->form->breaks && !must_end_well(x));
    x->is_out_ended = true;
}

/* A client has come again, and the service has nothing more for it. */
static bool
is_exhausted(const struct gw_exchange *x)
{
    return x->form->is_resumed && x->request.last_event_id.len > 0 &&
        x->n_responses == 0 && !x->reply.is_ready;
}

static void
reply_nothing(struct gw_exchange *x)
{
    gw_reply_ok(x, NULL);
    x->reply.status = MHD_HTTP_NO_CONTENT;
    x->reply.content_type = NULL;
}

static void
finish_stream(struct gw_exchange *x)
{
    size_t before;

    if (is_exhausted(x)) {
        reply_nothing(x);
        return;
    }
    begin_stream(x);
    if (!x->reply.is_stream)
        return;
    init_out(x);
    before = x->out.pb.len;
    if (x->form->finish != NULL && x->form->finish(x) != PB_OK) {
        x->out.pb.len = before;
        x->is_out_broken = true; /* an end that cannot be told is none */
    }
    x->is_out_ended = true;
}

/* With code 0, or none: anything else is an abortion. */
static void
on_complete(void *arg, const struct sluice_completion *completion)
{
    struct gw_exchange *x = arg;

    x->terminal_metadata = completion->terminal_metadata;
    if (x->state == GW_X_CLOSED) {
        gw_exchange_called(x);
        return;
    }
    if (!gw_metadata_out_join_late(x)) {
        gw_call_unshowable(x, PB_ENOMEM);
        break_stream(x);
    } else if (x->form->is_stream) {
        finish_stream(x);
    } else {
        reply_unary(x);
    }
    gw_exchange_called(x);
}

static void
on_abortion(void *arg, const struct sluice_abortion *abortion)
{
    struct gw_exchange *x = arg;

    if (x->state != GW_X_CLOSED) {
        if (x->initial_metadata == NULL && abortion->initial_metadata != NULL)
            keep_metadata(x, sluice_metadata_ref(abortion->initial_metadata));
        if (abortion->terminal_metadata != NULL)
            x->terminal_metadata =
                sluice_metadata_ref(abortion->terminal_metadata);
        (void)gw_metadata_out_join_late(x); /* that it failed is told */
        /* An error of our own that led to the abort was made ready first. */
        if (!(x->reply.is_stream && x->reply.body != NULL))
            gw_reply_abortion(x, abortion);
        if (x->reply.is_stream)
            break_stream(x);
    }
    gw_exchange_called(x);
}

static void
on_allowance(void *arg, int n)
{
    struct gw_exchange *x = arg;

    (void)n;
    if (x->state == GW_X_READING && gw_call_is_waited_for(x))
        gw_exchange_wake(x);
}

/* ------------------------------------------------------------------- the call */

static int64_t
effective_timeout(const struct gw_exchange *x)
{
    int64_t timeout = x->request.timeout_ns;

    if (timeout < 0)
        timeout = x->rpc->timeout_ns;
    if (timeout < 0)
        timeout = x->form->is_stream || x->rpc->method->client_streaming
            ? SLUICE_NO_TIMEOUT
            : DEFAULT_UNARY_TIMEOUT_NS;
    if (x->rpc->max_timeout_ns >= 0 && timeout > x->rpc->max_timeout_ns)
        timeout = x->rpc->max_timeout_ns;
    return timeout;
}

void
gw_call_start(struct gw_exchange *x, struct sluice_bytes *request)
{
    const struct sluice_receiver receiver = {
        .initial_metadata = on_initial_metadata,
        .response = on_response,
        .complete = on_complete,
        .abortion = on_abortion,
        .allowance = on_allowance,
        .arg = x,
        .manual_allowance = true,
    };

    gw_call_start_for(x, request, &receiver);
}

void
gw_call_start_for(struct gw_exchange *x, struct sluice_bytes *request,
    const struct sluice_receiver *receiver)
{
    struct sluice_call_options options = {
        .timeout_ns = effective_timeout(x),
        .metadata = x->request.metadata,
    };
    struct sluice_multi_callable *callable =
        gw_worker_callable(x->worker, x->rpc);
    struct sluice_call *call = NULL;
    enum sluice_err err = SLUICE_ENOMEM;

    if (options.timeout_ns == 0) {
        sluice_bytes_unref(&request);
        gw_reply_error(x, 504, SLUICE_CODE_DEADLINE_EXCEEDED, "expired",
            "the deadline was exceeded");
        return;
    }
    x->request.metadata = NULL; /* the call's now */
    if (callable != NULL) {
        err = sluice_multi_callable_event(callable, request, receiver, &options,
            &call);
    } else {
        sluice_bytes_unref(&request);
        sluice_metadata_unref(&options.metadata);
    }
    if (err == SLUICE_OK) {
        gw_exchange_calling(x, call);
    } else if (err == SLUICE_ESTATE) {
        gw_reply_shutdown(x);
    } else {
        gw_reply_error(x, 500, SLUICE_CODE_INTERNAL, "memory",
            "memory is short");
    }
}

/* What has no budget waits in order. */
void
gw_call_request(struct gw_exchange *x, struct sluice_bytes *request)
{
    if (!x->is_calling) {
        sluice_bytes_unref(&request);
        return;
    }
    if (sluice_call_request_budget(x->call) > 0)
        x->ahead_bytes = 0; /* then nothing waited */
    else
        x->ahead_bytes += sluice_bytes_size(request) + AHEAD_EACH;
    sluice_call_consume(x->call, request);
}

bool
gw_call_has_room(const struct gw_exchange *x)
{
    return gw_call_is_waited_for(x) || x->ahead_bytes < AHEAD_MAX;
}

bool
gw_call_is_waited_for(const struct gw_exchange *x)
{
    return !x->is_calling || sluice_call_request_budget(x->call) > 0;
}

void
gw_call_give_up(struct gw_exchange *x)
{
    x->is_refused = true;
    if (x->is_calling)
        sluice_call_cancel(x->call);
}

void
gw_call_half_close(struct gw_exchange *x)
{
    if (x->is_calling)
        sluice_call_terminate(x->call);
}

/* ------------------------------------------------------------ to the client */

void
gw_call_show_head(struct gw_exchange *x)
{
    begin_stream(x);
}

void
gw_call_disentangle(struct gw_exchange *x)
{
    gw_reply_error(x, 413, SLUICE_CODE_RESOURCE_EXHAUSTED, "half-duplex",
        "the service waits for its answers to be read, but over HTTP/1.1 they "
        "follow the requests; a WebSocket goes both ways at once");
    gw_call_give_up(x);
    gw_exchange_wake(x);
}

/* It is left out where there is no memory for it: another one will come. */
void
gw_call_beat(struct gw_exchange *x)
{
    const char *text = x->form->heartbeat;

    compact_out(x);
    init_out(x);
    x->is_resting = true; /* for it will be silent again */
    if (pb_buf_put(&x->out.pb, text, strlen(text)) == PB_OK)
        gw_exchange_wake(x);
}

void
gw_call_rest(struct gw_exchange *x)
{
    x->is_resting = true;
    gw_exchange_wake(x);
}

/* What MHD has us fill is nearly all of its pool for the connection, and ours
 * as long as it waits for us to do so: 8 KiB of which the system gets back the
 * page or so that it can have, until something is written to it. */
static void
give_pages_back(char *buf, size_t max)
{
    uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
    uintptr_t begin = ((uintptr_t)buf + page - 1) & ~(page - 1);
    uintptr_t end = ((uintptr_t)buf + max) & ~(page - 1);

    if (end > begin)
        (void)madvise((void *)begin, end - begin, MADV_DONTNEED);
}

static void
rest(struct gw_exchange *x, char *buf, size_t max)
{
    gw_buffer_fini(&x->out);
    x->out.pool = NULL; /* as it began: init_out() */
    x->out_at = 0;
    give_pages_back(buf, max);
    x->is_resting = false;
    x->has_rested = true;
}

/* All is sent but how it ends. */
static ssize_t
end_out(struct gw_exchange *x, char *buf)
{
    if (!x->is_out_broken && gw_metadata_out_trailers(x, x->mhd_response))
        return MHD_CONTENT_READER_END_OF_STREAM;
    /* MHD_CONTENT_READER_END_WITH_ERROR leaves the connection in libmicrohttpd
     * 1.0.10 until the peer closes, when epoll drives it. Writing to a socket
     * that is shut ends it at once; this byte goes nowhere. */
    x->is_out_broken = true;
    gw_connection_shut(x->connection, NULL);
    buf[0] = '\n';
    return 1;
}

ssize_t
gw_call_read(struct gw_exchange *x, char *buf, size_t max)
{
    size_t n = out_waiting(x);

    x->is_suspended = false;
    x->is_waking = false;
    if (n == 0) {
        if (x->is_out_ended)
            return end_out(x, buf);
        if (x->is_resting)
            rest(x, buf, max);
        gw_exchange_wait(x);
        return 0;
    }
    x->has_rested = false;
    if (n > max)
        n = max;
    x->sent_ns = sluice_loop_now(x->worker->loop);
    memcpy(buf, x->out.pb.data + x->out_at, n);
    x->out_at += n;
    x->bytes_out += n;
    x->connection->has_sent = true;
    if (x->owes_allowance && out_waiting(x) <= OUT_LOW) {
        x->owes_allowance = false;
        gw_watch_stop(x);
        sluice_call_allow(x->call, 1);
    }
    return (ssize_t)n;
}
