/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_call.h - one operation on the client side of the link: from
 * the moment it leaves its End until both the End has closed it and its HTTP/2
 * stream is gone.
 *
 * The base layer reaches it through sluice_link_ops (grpc_call.c), nghttp2
 * through the session (grpc_stream.c). What goes up to the operation is
 * gathered here and delivered from the call's own deferred task, and only
 * there: never inside a call of the base layer's, never inside nghttp2.
 *
 * Ownership   The call frees itself when it is closed and nowhere.
 * Thread      The loop's thread.
 */
#ifndef RPC_LINK_GRPC_CALL_H
#define RPC_LINK_GRPC_CALL_H

#include "rpc/link/grpc_context.h"
#include "rpc/link/grpc_end.h"
#include "rpc/link/grpc_request.h"
#include "rpc/link/grpc_response.h"
#include "rpc/link/grpc_writer.h"

#include <sluice/grpc.h>

#include <sys/queue.h>

struct rpc_grpc_session;

enum rpc_grpc_place {
    RPC_GRPC_NOWHERE, /* no stream, and none wanted (any more) */
    RPC_GRPC_WAITING, /* in the client's queue for a stream */
    RPC_GRPC_STREAM   /* has a stream of the session */
};

/* What is looked at together lies together: with many calls in flight, each
 * line of memory is a cache miss. */
struct rpc_grpc_call {
    unsigned magic;
    bool is_delivering;
    bool is_over;      /* nothing more is delivered */
    bool is_forgotten; /* goes on after its End has closed it */
    bool waits_for_ready;
    struct sluice_grpc_client *client;
    struct sluice_operation *op; /* NULL: closed by the base layer */
    struct rpc_grpc_end end;     /* to deliver, last */
    enum rpc_grpc_place place;
    int32_t stream_id;
    bool was_reset; /* by us */
    bool reset_by_peer;
    bool was_replayed;
    bool end_is_in_order; /* after all messages, however late */

    /* Going out; also `request`, below */
    bool is_replayable;   /* the writer's message is all that was ever sent */
    bool is_half_closing; /* no payload follows */
    bool has_half_closed; /* END_STREAM went out */
    bool is_deferred;     /* nghttp2 waits for us to resume */
    bool owes_grant;      /* for the payload that was taken last */
    bool has_grant;       /* the next payload may come: to deliver */
    enum sluice_grpc_coding coding; /* of what is taken next */
    unsigned accepted;              /* set of codings that the peer takes */
    struct rpc_grpc_writer writer;  /* its message stays for a replay */

    uint64_t deadline_ns;
    struct rpc_grpc_session *session;
    TAILQ_ENTRY(rpc_grpc_call) link;    /* in the queue or the session's list */
    struct sluice_grpc_context context; /* once it has had a stream */

    /* Coming in */
    struct sluice_task task;         /* delivers */
    struct sluice_metadata *initial; /* to deliver */
    struct sluice_bytes *message;    /* to deliver */
    int allowance;                   /* messages that may still be assembled */
    size_t consumed;  /* of the stream's window, to be given back */
    size_t used;      /* of it, and given back, since */
    uint64_t half_ns; /* when half of it had been */
    uint32_t window;  /* the stream's */
    struct rpc_grpc_reader reader;
    struct rpc_grpc_response response;

    struct sluice_timer deadline; /* runs only when forgotten */

    /* Last, as is its text: what lies before that begins as zero. */
    struct rpc_grpc_request request;
};
TAILQ_HEAD(rpc_grpc_calls, rpc_grpc_call);

extern const struct sluice_link_ops rpc_grpc_call_ops;

/* ------------------------------------------------ for the client's queue */

/* Ends the call, unless it has ended before. It may be freed. */
void rpc_grpc_call_end(struct rpc_grpc_call *call, struct rpc_grpc_end end);

/* What is left of its time; SLUICE_NO_TIMEOUT: unlimited. */
int64_t rpc_grpc_call_time_remaining(const struct rpc_grpc_call *call);

/* Something new may be there for the operation. */
void rpc_grpc_call_wake(struct rpc_grpc_call *call);

/* Frees it if nobody needs it any more. */
void rpc_grpc_call_settle(struct rpc_grpc_call *call);

/* Whether it goes on though its End has closed it: nobody listens any more, but
 * the request is whole. It still goes out, and what is answered is dropped. */
bool rpc_grpc_call_goes_on(const struct rpc_grpc_call *call);

/* For the context: chooses the coding of what is sent from now on. */
enum sluice_err rpc_grpc_call_set_coding(struct sluice_grpc_context *context,
    enum sluice_grpc_coding coding);

/* ------------------------------------------------------- for the session */

/* The call got a stream; sending starts from the first byte. peer: the text of
 * the other end's address. */
void rpc_grpc_stream_opened(struct rpc_grpc_call *call,
    struct rpc_grpc_session *session, int32_t stream_id,
    struct sluice_bytes *peer);

/* A header block: begin, fields, whole. is_last: END_STREAM. */
void rpc_grpc_stream_begin_block(struct rpc_grpc_call *call);
void rpc_grpc_stream_field(struct rpc_grpc_call *call,
    const struct sluice_metadatum *field);
void rpc_grpc_stream_end_block(struct rpc_grpc_call *call, bool is_last);

void rpc_grpc_stream_data(struct rpc_grpc_call *call, const uint8_t *data,
    size_t len);
/* END_STREAM came with DATA. */
void rpc_grpc_stream_cut(struct rpc_grpc_call *call);

/* The stream is gone and so is its place in the session. was_sent: its
 * HEADERS had left. end: what became of the call unless it had ended before. */
void rpc_grpc_stream_gone(struct rpc_grpc_call *call, bool was_sent,
    bool was_refused, struct rpc_grpc_end end);

/* The request body: how much may go into one frame of at most room bytes, and
 * whether the stream ends with it; then the bytes themselves. */
size_t rpc_grpc_stream_offer(struct rpc_grpc_call *call, size_t room,
    bool *is_last);
void rpc_grpc_stream_copy(struct rpc_grpc_call *call, uint8_t *out, size_t len);

/* ---------------------------------------- between call and stream, private */

/* A payload was taken, or some of what waits has left: asks for the next one
 * unless so much waits already. */
void rpc_grpc_stream_grant(struct rpc_grpc_call *call);

/* Puts a complete message into call->message if one is there and wanted. */
void rpc_grpc_stream_take_held(struct rpc_grpc_call *call);

/* The peer broke the rules, or what it sent is not wanted: ends the call at
 * once and resets the stream. */
void rpc_grpc_stream_fail(struct rpc_grpc_call *call, struct rpc_grpc_end end);

#endif
