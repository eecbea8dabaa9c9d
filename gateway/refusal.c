/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/refusal.c - see refusal.h. */
#include "gateway/refusal.h"

#include <assert.h>
#include <string.h>

#include <sluice/status.h>

#include "gateway/connection.h"
#include "gateway/socket.h"
#include "gateway/worker.h"

/* How messages of libmicrohttpd 1.0 begin. */
#define ANSWERED "Error processing request (HTTP response code is %u "
#define NOT_SENT "Too late to send an error response"

/* What it says, in the format CLOSED, of a request line that it does not take
 * for HTTP. */
#define CLOSED "%s\n"
static const char *const reasons[] = { "The request line ",
    "Too many meaningless extra empty lines ", "Bare CR ", "Bare LF ",
    "Invalid character is in the request line",
    "The NUL character is in the request line",
    "No space left in the read buffer when receiving the " };

static bool
begins_with(const char *text, const char *beginning)
{
    return strncmp(text, beginning, strlen(beginning)) == 0;
}

static bool
is_about_request_line(const char *text)
{
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++)
        if (begins_with(text, reasons[i]))
            return true;
    return false;
}

/* c may be NULL: nobody knows whose it was. */
static void
write_line(struct gw_worker *w, unsigned status, const char *outcome, int code,
    const struct gw_connection *c)
{
    const struct gw_access_line line = {
        .status = status,
        .verb = "-",
        .path = "-",
        .path_len = 1,
        .outcome = outcome,
        .code = code,
        .duration_ns =
            c == NULL ? 0 : (int64_t)(sluice_loop_now(w->loop) - c->entered_ns),
        .remote = c == NULL ? "-" : c->remote,
    };

    gw_access_log_write(&w->access, &line);
}

static void
drop(struct gw_refusals *r, unsigned i)
{
    assert(i < r->n);
    r->n--;
    memmove(r->statuses + i, r->statuses + i + 1,
        (r->n - i) * sizeof r->statuses[0]);
}

static void
write_refusal(struct gw_refusals *r, unsigned i, const struct gw_connection *c)
{
    unsigned status = r->statuses[i];

    drop(r, i);
    write_line(r->worker, status, status == 0 ? "not http" : "bad head", -1, c);
}

static void
note(struct gw_refusals *r, unsigned status)
{
    if (r->n == GW_REFUSALS_MAX)
        write_refusal(r, 0, NULL);
    r->statuses[r->n++] = status;
}

void
gw_refusals_on_message(void *cls, const char *format, va_list ap)
{
    struct gw_refusals *r = cls;

    if (begins_with(format, ANSWERED))
        note(r, va_arg(ap, unsigned));
    else if (begins_with(format, NOT_SENT) && r->n > 0)
        drop(r, r->n - 1); /* the message before was about the same request */
    else if (strcmp(format, CLOSED) == 0 &&
        is_about_request_line(va_arg(ap, const char *)))
        note(r, 0);
}

void
gw_refusals_take(struct gw_refusals *r, unsigned status)
{
    for (unsigned i = 0; i < r->n; i++)
        if (r->statuses[i] == status) {
            drop(r, i);
            return;
        }
}

/* What the socket tells about a connection that brought no request. */
static bool
fits(unsigned status, enum gw_socket_past past)
{
    switch (past) {
    case GW_SOCKET_ANSWERED:
        return status != 0;
    case GW_SOCKET_UNANSWERED:
        return status == 0;
    case GW_SOCKET_ENDED_HERE:
        return true;
    case GW_SOCKET_ENDED_THERE:
        break;
    }
    return false;
}

void
gw_refusals_on_closed(struct gw_refusals *r, const struct gw_connection *c)
{
    enum gw_socket_past past;

    if (c->has_unlogged_408) {
        write_line(r->worker, 408, c->cut, SLUICE_CODE_DEADLINE_EXCEEDED, c);
        return;
    }
    if (r->n == 0 || c->has_brought_request || c->cut != NULL)
        return;
    past = gw_socket_past(c->fd);
    for (unsigned i = 0; i < r->n; i++)
        if (fits(r->statuses[i], past)) {
            write_refusal(r, i, c);
            return;
        }
}

void
gw_refusals_settle(struct gw_refusals *r)
{
    while (r->n > 0)
        write_refusal(r, 0, NULL);
}
