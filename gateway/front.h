/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/front.h - a front protocol: what the bytes of a request mean, and
 * what those of its answer look like. Which one a request speaks is decided
 * once, by its head.
 *
 * A protocol is an *intake* (bytes of the body in, payloads out) and a *form*
 * (payloads in, bytes of the answer out), which it chooses for each request:
 * JSON in may go with NDJSON out, or with the bytes of an HttpBody. Between the
 * two is the RPC (call.h); exchange.c gives an intake its bytes, reply.c makes
 * the head of the answer.
 *
 * Thread      The worker's.
 */
#ifndef GW_FRONT_H
#define GW_FRONT_H

#include "gateway/exchange.h"
#include "gateway/status_json.h"

/* Each call may make the answer ready instead of what it is for. */
struct gw_intake {
    /* Bytes of the body, while no answer is ready. Returns how many were
     * taken: fewer than len only when the service takes no more requests now;
     * the rest is offered again when it does. */
    size_t (*body)(struct gw_exchange *x, const char *data, size_t len);
    /* The body is complete, and no answer is ready. */
    void (*end)(struct gw_exchange *x);
};

struct gw_form {
    /* The answer is sent as responses come, by put and finish. Else there is
     * one response, and reply is called. */
    bool is_stream;
    /* Its content type is known with the first response only. */
    bool starts_with_response;
    /* A stream that fails ends as broken HTTP, since its form has no end that
     * could be missed. Not for who reads trailers, and not for pages, if it was
     * told in the form's own way as well. */
    bool breaks;
    /* Nobody on the way may hold it back, or keep it. */
    bool is_live;
    /* Clients come again by themselves, with Last-Event-ID, until they get a
     * 204: so that is the answer to who came for nothing more. */
    bool is_resumed;
    /* What is sent when nothing else was for a while; NULL: nothing. */
    const char *heartbeat;

    const char *(*type)(const struct gw_exchange *x);
    /* Appends what a stream begins with to x->out, which is empty. NULL:
     * nothing. */
    enum pb_err (*start)(struct gw_exchange *x);
    /* Appends x's next response to x->out. What an error leaves there is taken
     * back, and the stream fails. */
    enum pb_err (*put)(struct gw_exchange *x,
        const struct sluice_bytes *response, struct pb_error *error);
    /* Appends what closes a stream that went well. NULL: nothing. */
    enum pb_err (*finish)(struct gw_exchange *x);
    /* Makes x->response the answer (gw_reply_ok). NULL: the answer is what put
     * and finish append. */
    enum pb_err (*reply)(struct gw_exchange *x, struct pb_error *error);
    /* Makes a failure the answer; or, when x->reply.is_stream, only what closes
     * the stream (gw_reply_failed). status is borrowed. */
    void (*fail)(struct gw_exchange *x, const struct gw_status *status);
};

struct gw_front {
    const char *name; /* as the access log has it */
    /* Of RPCs, not of resources: it is spoken at POST /pkg.Service/Method only,
     * and every header that is no business of HTTP is metadata. */
    bool is_rpc;
    /* Metadata as headers of the answer: what stands before their names. NULL:
     * terminal metadata is not among them. */
    const char *initial_prefix;
    const char *terminal_prefix;
    /* The headers that say how messages are compressed, and which codings we
     * know. NULL: there are none. */
    const char *encoding;
    const char *accepts;
    /* Learns from the head how answers are to look, also failures that come
     * before begin. NULL: they all look the same. */
    void (*look)(struct gw_exchange *x);
    /* How failures look before begin has chosen a form. */
    const struct gw_form *form;
    /* The route is known. Sets x->intake and x->form. */
    void (*begin)(struct gw_exchange *x);
};

extern const struct gw_front gw_front_rest;
extern const struct gw_front gw_front_grpc_web;
extern const struct gw_front gw_front_connect;
extern const struct gw_front gw_front_connect_stream;
extern const struct gw_front gw_front_websocket;

/* What a list of the codings we know says. */
#define GW_CODINGS "gzip, deflate, identity"

/* A whole answer in JSON; the Status of any failure (rest_forms.c). */
extern const struct gw_form gw_form_json;

/* Whether a status says that what came was no RPC: it stands in the status line
 * in every protocol, also where failures of RPCs are told elsewhere. */
bool gw_front_is_of_http(unsigned status);

/* Chooses x's protocol, checks the head, finds the route and lets the protocol
 * begin; or makes the answer ready. */
void gw_front_begin(struct gw_exchange *x);

#endif
