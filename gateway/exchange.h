/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/exchange.h - one HTTP request and its answer.
 *
 * An exchange owns everything for its request and dies in one step. It is made
 * when MHD has read the request line, walks through the states below, and ends
 * when MHD has finished with the request and the RPC has reported its end,
 * whichever is later.
 *
 * What ends it early (client gone, deadline, shutdown, a failing upstream) goes
 * the way of the normal end: the RPC's one final callback, then one answer.
 *
 * While an RPC runs the connection is suspended, and MHD calls nobody for it;
 * gw_exchange_wake() is the only way out of that, and at most one wake-up is
 * outstanding.
 *
 * Thread      Its worker's.
 */
#ifndef GW_EXCHANGE_H
#define GW_EXCHANGE_H

#include <sluice/face.h>

#include <microhttpd.h>
#include <uv.h>

#include <sluice/grpc.h>

#include "gateway/arena.h"
#include "gateway/buffer.h"
#include "gateway/envelope.h"
#include "gateway/request.h"
#include "gateway/text_frames.h"
#include "gateway/values.h"
#include "routes/table.h"

struct gw_worker;
struct gw_connection;
struct gw_websocket;
struct gw_front;
struct gw_page;
struct gw_intake;
struct gw_form;

enum gw_exchange_state {
    GW_X_HEAD,     /* the head is arriving; MHD has our request line */
    GW_X_READING,  /* the client sends its body */
    GW_X_CALLING,  /* we wait for the RPC; the connection is suspended */
    GW_X_REPLYING, /* an answer was queued; MHD sends it */
    GW_X_CLOSED    /* MHD is done; perhaps we wait for the RPC's end */
};

/* How a protocol of RPCs writes messages. */
enum gw_codec { GW_CODEC_PROTO, GW_CODEC_JSON };

/* What is answered, made up before MHD is asked to send it. */
struct gw_reply {
    bool is_ready;
    bool is_stream;        /* chunked, from out as it fills */
    bool close;            /* Connection: close */
    bool is_preflight;     /* of CORS; what a client may do */
    bool offers_websocket; /* Upgrade: websocket, in our version; for 426 */
    bool lists_types;      /* those of a body that would do, for 415 */
    bool lists_identity;   /* no coding would do, for 415 */
    bool lists_codings;    /* those we know, for a client that tried another */
    bool is_lost; /* memory was short for it: the connection's end tells */
    unsigned status;
    int code;             /* canonical code, for the log; -1: none */
    unsigned retry_after; /* seconds; 0: no header */
    const char *outcome;  /* for the log */
    const char *content_type;
    const char *allow;    /* Allow, for 405 */
    const char *encoding; /* of what is compressed; NULL: nothing is */
    const char *varies;   /* with this header of the request; NULL: none */
    struct sluice_bytes *body;
    size_t body_skip; /* bytes of body that are not sent: at its beginning */
    size_t body_drop; /* and at its end */
    const struct gw_page *page; /* page.h; NULL: the answer is none */
};

/* What a protocol of RPCs keeps of a request. */
struct gw_rpc_wire {
    enum gw_codec codec;
    bool is_text_in; /* gRPC-Web in base64 */
    bool is_text_out;
    enum sluice_grpc_coding coding; /* of compressed requests */
    bool takes_gzip;                /* the client, in answers */
    struct gw_envelope in;
    struct gw_text_frames text;
};

/* Other connections have used the caches since its head was read, and more so
 * when its answer is sent. So there stand together what is looked at all the
 * time and in the end, the answer, and what only the request needs. */
struct gw_exchange {
    struct gw_arena arena;

    /* All the time. */
    unsigned magic;
    enum gw_exchange_state state;
    struct gw_worker *worker;
    struct gw_connection *connection;
    struct MHD_Connection *mhd;
    struct gw_exchange *next_idle;
    uint64_t started_ns;
    const struct gw_front *front; /* front.h; NULL before the head is read */
    const struct gw_form *form;
    const struct route_rpc *rpc;         /* NULL until a route was found, as */
    const struct route_binding *binding; /* this is */
    const struct gw_intake *intake;

    bool is_http10;
    bool is_head; /* HEAD: the answer goes without its body */
    bool is_body_complete;
    bool is_request_over; /* and what was kept of it given back */
    bool is_refused;      /* the body is wrong; the RPC is being cancelled */
    bool is_told;    /* it went out before the body was complete (early.h) */
    bool is_calling; /* the RPC's final callback is still to come */
    bool is_client_gone;
    bool is_metadata_late; /* the initial came when the head was out */
    bool is_out_ended;     /* nothing more will be added to out */
    bool is_out_broken;    /* the stream ends by breaking the connection */
    bool owes_allowance;   /* a response was not granted yet: out is full */
    bool is_resting;       /* what a silent stream can spare is to go */
    bool has_rested;       /* and has gone, since something was sent */

    /* Suspension. */
    bool is_suspended;
    bool is_waking;
    bool is_probed;      /* a reset would be its answer, and soon */
    bool is_half_closed; /* the peer only finished sending */
    uv_poll_t *watch;    /* of the client's socket, while a call is long */
    struct gw_websocket *websocket; /* NULL: plain HTTP */

    /* The RPC. */
    struct sluice_call *call;
    struct sluice_bytes *response;
    struct sluice_metadata *initial_metadata;
    struct sluice_metadata *terminal_metadata;

    /* The answer. */
    struct gw_reply reply;
    struct gw_buffer out; /* a stream's text not yet taken by MHD */
    size_t out_at;        /* how much of it was taken */
    uint64_t bytes_in;
    uint64_t bytes_out;
    uint64_t sent_ns; /* when MHD last took some of out */
    struct MHD_Response *mhd_response;
    struct sluice_timer pulse;   /* pulse.h */
    const char *out_type;        /* out's, of an HttpBody; NULL before */
    const char *trailer_message; /* grpc-message, encoded; NULL: none */
    size_t n_responses;          /* of a stream, put into its form */
    struct gw_buffer early;      /* the rest of an answer that is_told */
    size_t early_at;

    /* The request. */
    struct gw_request request;
    struct gw_buffer bound;   /* wire format of path and query */
    struct gw_buffer message; /* the request message under construction */
    struct route_asked asked; /* by the query */
    bool wants_mask;          /* from the body's keys; it is kept in text */
    bool in_value;            /* reader is inside a JSON value */
    bool is_pieced; /* required fields are asked for in the whole message */
    struct gw_buffer text;
    struct pb_json_reader *reader;
    struct sluice_bytes *payload; /* the one request, until its body ends */
    size_t n_values;
    size_t ahead_bytes; /* of requests that the RPC has not asked for yet */
    size_t swallowed;   /* of the body, after the answer was known */
    struct gw_values values; /* of a request stream */
    struct gw_rpc_wire wire; /* gRPC-Web, Connect */
};

/* ---- MHD's callbacks (cls is the shard) -------------------------------------- */

void *gw_exchange_on_target(void *cls, const char *target,
    struct MHD_Connection *mhd);
enum MHD_Result gw_exchange_on_request(void *cls, struct MHD_Connection *mhd,
    const char *url, const char *verb, const char *version, const char *upload,
    size_t *upload_size, void **context);
void gw_exchange_on_completed(void *cls, struct MHD_Connection *mhd,
    void **context, enum MHD_RequestTerminationCode code);

/* ---- For the parts of an exchange -------------------------------------------- */

/* Asserts that the move is legal. */
void gw_exchange_enter(struct gw_exchange *x, enum gw_exchange_state state);

/* True when what remains of the body no longer matters: the answer is known and
 * whole. A response stream that has merely begun still takes requests. */
bool gw_exchange_is_answered(const struct gw_exchange *x);

/* ---- For the front protocol ---------------------------------------------------- */

/* The answer is ready, or the stream has something to send: MHD is to ask. */
void gw_exchange_wake(struct gw_exchange *x);

/* Suspends the connection until gw_exchange_wake(). Only from inside a call by
 * MHD for this exchange. */
void gw_exchange_wait(struct gw_exchange *x);

/* The RPC has begun: the exchange waits for its final callback. */
void gw_exchange_calling(struct gw_exchange *x, struct sluice_call *call);

/* The RPC's final callback came. */
void gw_exchange_called(struct gw_exchange *x);

/* Its WebSocket is over: ends the exchange, and the connection with it. */
void gw_exchange_end_websocket(struct gw_exchange *x);

/* Frees every recycled exchange of a worker. */
void gw_exchange_free_idle(struct gw_worker *w);

#endif
