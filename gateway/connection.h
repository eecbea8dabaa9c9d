/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/connection.h - one accepted socket: which shard serves it, and how
 * long it may take for what it is doing.
 *
 * MHD knows inactivity only, in whole seconds, and nothing at all of suspended
 * connections; so every phase is bounded here, from accept on: the head of a
 * request, its body, and the idle time between two requests. A phase that
 * overruns ends with the answer that is ready, or a 408 in the form of its
 * protocol, on the socket and a shutdown, which MHD then notices as a
 * disconnect.
 */
#ifndef GW_CONNECTION_H
#define GW_CONNECTION_H

#include <sluice/loop.h>

#include <microhttpd.h>

struct gw_worker;
struct gw_shard;
struct gw_websocket;
struct gw_exchange;

enum gw_phase {
    GW_PHASE_HEAD,    /* a head is expected or arriving */
    GW_PHASE_BODY,    /* a body is arriving */
    GW_PHASE_WORKING, /* the exchange has its own deadlines */
    GW_PHASE_SENDING, /* the client is to take its answer */
    GW_PHASE_IDLE     /* between two requests */
};

/* So many more than max_connections a worker lets in at most, for a moment, to
 * tell them why they cannot stay: that takes their request, which says in which
 * protocol, and to which origin. */
#define GW_SURPLUS_MAX 64u
#define GW_TOO_MANY_CONNECTIONS "too many connections now"

/* Who keeps a connection; the last one to let go of it frees it. */
enum gw_holder { GW_HELD_BY_MHD = 1, GW_HELD_BY_WEBSOCKET = 2 };

struct gw_connection {
    unsigned holders; /* a set */
    struct gw_worker *worker;
    struct gw_shard *shard;
    struct gw_connection *next;
    struct gw_connection *prev;
    struct gw_exchange *exchange;   /* its request; NULL: none */
    struct gw_websocket *websocket; /* that it has become; NULL: none */
    int fd;
    bool owns_fd; /* MHD has another one, or had */
    int spare;    /* of the socket too, for a WebSocket to come; -1: none */
    enum gw_phase phase;
    uint64_t entered_ns;   /* the phase */
    uint64_t deadline_ns;  /* of the phase */
    bool is_hurried;       /* the phase gets no more time, whatever comes */
    uint64_t look_ns;      /* when its end is looked for next; 0: never */
    int unsent;            /* bytes in the socket's buffer at the last look */
    bool has_sent;         /* a stream gave MHD something since */
    const char *cut;       /* why we ended it; NULL: we did not */
    bool has_unlogged_408; /* told the client, not yet the log */
    bool has_brought_request; /* a request line, ever */
    bool is_surplus;          /* over max_connections when it came */
    struct sluice_timer timer;
    struct sluice_timer watch_timer; /* watch.h */
    uint64_t watch_due_ns;           /* 0: nothing is waited for */
    char remote[64];
};

/* Made at accept, for MHD; freed when MHD reports the connection closed, and
 * whoever has taken it has let go of it, too. */
struct gw_connection *gw_connection_new(struct gw_shard *shard, int fd,
    const struct sockaddr *sa);
void gw_connection_let_go(struct gw_connection **c, enum gw_holder holder);

/* For a WebSocket: the socket stays when MHD closes its descriptor. Prepared
 * before the client is told that it has one. False: descriptors are short. */
bool gw_connection_prepare(struct gw_connection *c);
void gw_connection_take(struct gw_connection *c);

/* Enters a phase and starts its time. bytes is what has arrived of a body: a
 * steady sender gets more time, a trickle does not. */
void gw_connection_enter(struct gw_connection *c, enum gw_phase phase);
void gw_connection_progress(struct gw_connection *c, uint64_t bytes);

/* The body has half a second left to end; then its answer does not wait. */
void gw_connection_hurry(struct gw_connection *c);

/* An answer that MHD does not send begins, and waits for room for the rest. */
void gw_connection_begin_answer(struct gw_connection *c);
void gw_connection_await_room(struct gw_connection *c);

/* We have said all; the client may take its time to, for a moment. */
void gw_connection_linger(struct gw_connection *c);

/* Ends a connection: MHD notices a disconnect. why is for the log, and static;
 * NULL when the exchange itself knows. */
void gw_connection_shut(struct gw_connection *c, const char *why);

/* The gateway ends, and waits for nobody any more. */
void gw_connection_stop(struct gw_connection *c);

/* Ends one that waits for its next request, also as a WebSocket; one that has not sent its first yet
 * may do so for a moment. */
void gw_connection_close_if_idle(struct gw_connection *c);

#endif
