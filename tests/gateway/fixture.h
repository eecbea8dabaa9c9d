/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/gateway/fixture.h - what tests of the gateway's parts stand on: a real
 * worker over a small route file (the library, in process; no thread, no
 * listener), an exchange that no client sent, and single requests to a daemon
 * of libmicrohttpd in this process.
 */
#ifndef GW_FIXTURE_H
#define GW_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include "gateway/connection.h"
#include "gateway/exchange.h"
#include "gateway/worker.h"

/* What came back for one request. */
struct http_answer {
    bool was_handled;
    size_t len;
    char text[128 * 1024]; /* status line, headers, body; NUL-terminated */
};

struct fixture {
    struct gw_inproc inproc;
    struct gw_shared shared;
    struct route_set *set;
    struct gw_worker *worker;
    struct gw_connection connection; /* of x; not among the worker's */
    struct gw_exchange *x;     /* in its first state, for the RPC GetBook */
    struct http_answer answer; /* free to use */
};

/* more is appended to the route file; "" for nothing. The library is an empty
 * service: nothing can be called. */
void fixture_open(struct fixture *f, const char *more);
/* With a whole route file, a service for "inproc:NAME", and where that is offered
 * to gRPC clients as well; NULL: nowhere. The exchange is for GetBook of it. */
void fixture_open_serving(struct fixture *f, const char *route_file,
    const struct gw_inproc *inproc, const char *grpc);
void fixture_close(struct fixture *f);
/* The same in two steps, for who turns the worker's loop, to its end, between
 * them. */
void fixture_drain(struct fixture *f);
void fixture_free(struct fixture *f);

/* The set of a whole route file, in which every schema is the library's. */
struct route_set *fixture_load(const char *text);

/* Another exchange in the place of the last one. */
void fixture_renew(struct fixture *f);

/* With cmocka's setup and teardown: *state is a struct fixture. */
int fixture_setup(void **state);
int fixture_teardown(void **state);

/* ---- Metadata ------------------------------------------------------------- */

/* One list of name, value, name, value, ..., NULL. */
struct sluice_metadata *metadata_of(const char *name, ...);

/* The list as "name=value" lines; NULL and the empty list are "". */
const char *metadata_text(const struct sluice_metadata *md, char *out,
    size_t room);

/* ---- One request over HTTP ------------------------------------------------ */

/* Has to queue a response, or return MHD_NO: the connection is closed. */
typedef enum MHD_Result http_handle_cb(struct MHD_Connection *mhd, void *arg);

/* Sends the request, which has no body, as it is. handle is called when its
 * head has been read, unless libmicrohttpd itself refuses it. */
void http_ask(const char *request, http_handle_cb *handle, void *arg,
    struct http_answer *answer);

/* An empty 204: all that a handler needs that only looks. */
enum MHD_Result http_queue_nothing(struct MHD_Connection *mhd);

/* The header, or the trailer, is there exactly so: "Name: value". */
bool http_has(const struct http_answer *answer, const char *line);

/* How often a name is there; any case. */
unsigned http_count(const struct http_answer *answer, const char *name);

#define assert_has(answer, line)                                \
    do {                                                        \
        if (!http_has(answer, line))                            \
            fail_msg("no \"%s\" in: %s", line, (answer)->text); \
    } while (0)
#define assert_has_no(answer, name) \
    assert_int_equal(http_count(answer, name), 0)

#endif
