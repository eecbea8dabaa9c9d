/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_server_call.h - one call on the server side of the link: from
 * the first byte of its HEADERS until both its stream is gone and, if it became
 * an operation, the End has closed it.
 *
 * The base layer reaches it through sluice_link_ops (grpc_server_call.c),
 * nghttp2 through the connection (grpc_server_stream.c). What goes up to the
 * operation is gathered here and delivered from the call's own deferred task,
 * and only there: never inside a call of the base layer's, never inside
 * nghttp2. So a request that arrived in one piece becomes one ticket, and one
 * that is reset in the same turn none at all.
 *
 * Ownership   The call frees itself when it is closed and has no stream.
 * Thread      The loop's thread.
 */
#ifndef RPC_LINK_GRPC_SERVER_CALL_H
#define RPC_LINK_GRPC_SERVER_CALL_H

#include "rpc/link/grpc_context.h"
#include "rpc/link/grpc_framing.h"
#include "rpc/link/grpc_server_answer.h"
#include "rpc/link/grpc_server_request.h"
#include "rpc/link/grpc_writer.h"

#include <sluice/link.h>

#include <sys/queue.h>

struct rpc_grpc_conn;
struct sluice_grpc_server;

/* What the caller, the connection or a broken message ends a call with. */
struct rpc_grpc_verdict {
    enum sluice_termination termination; /* NONE: goes on */
    int32_t code;
    const char *text; /* constant */
};

/* How far the answer is. */
enum rpc_grpc_answering {
    RPC_GRPC_SILENT,  /* nothing has been submitted */
    RPC_GRPC_TALKING, /* the head has; messages may follow */
    RPC_GRPC_ENDING,  /* the status is known; waits for a last message to go */
    RPC_GRPC_ENDED    /* the trailers have been submitted, or a reset */
};

struct rpc_grpc_served {
    unsigned magic;
    struct sluice_grpc_server *server;
    struct sluice_operation *op; /* NULL: not yet accepted, or closed */
    struct sluice_task task;     /* accepts and delivers */
    bool is_delivering;
    bool is_over; /* nothing more is delivered, or accepted */
    struct sluice_grpc_context context;

    TAILQ_ENTRY(rpc_grpc_served) link; /* in the connection's list */
    struct rpc_grpc_conn *conn;        /* NULL: the stream is gone */
    int32_t stream_id;
    bool reset_by_peer;

    /* Coming in */
    bool is_asked;      /* the request's head is whole and good */
    bool is_deaf;       /* what still comes is dropped */
    bool has_closed;    /* END_STREAM came */
    bool has_completed; /* and the operation knows, or thinks so */
    int allowance;      /* messages that may still be assembled */
    size_t consumed;    /* of the stream's window, to be given back */
    struct rpc_grpc_server_request request;
    struct rpc_grpc_reader reader;
    struct sluice_bytes *message;    /* to deliver */
    struct rpc_grpc_verdict verdict; /* to deliver, last */

    /* Going out */
    enum rpc_grpc_answering answering;
    bool is_deferred;               /* nghttp2 waits for us to resume */
    bool has_grant;                 /* the next payload may come: to deliver */
    enum sluice_grpc_coding coding; /* of what is taken next */
    struct rpc_grpc_writer writer;
    struct rpc_grpc_answer answer;
};
TAILQ_HEAD(rpc_grpc_served_list, rpc_grpc_served);

extern const struct sluice_link_ops rpc_grpc_served_ops;

/* ---- grpc_server_call.c, for the stream ---------------------------------- */

/* NULL: memory is short. */
struct rpc_grpc_served *rpc_grpc_served_new(struct sluice_grpc_server *server,
    struct rpc_grpc_conn *conn, int32_t stream_id);

/* Something new may be there for the operation. */
void rpc_grpc_served_wake(struct rpc_grpc_served *call);

/* Frees it if nobody needs it any more. */
void rpc_grpc_served_settle(struct rpc_grpc_served *call);

/* Ends the operation, or keeps it from becoming one, unless it has ended. What
 * was not delivered before is dropped. */
void rpc_grpc_served_end(struct rpc_grpc_served *call,
    struct rpc_grpc_verdict verdict);

/* ---- grpc_server_stream.c, for the connection ---------------------------- */

/* A header block: fields, whole. False: the list does not stop; the connection
 * must be given up. */
bool rpc_grpc_served_field(struct rpc_grpc_served *call, nghttp2_rcbuf *name,
    nghttp2_rcbuf *value);
void rpc_grpc_served_end_block(struct rpc_grpc_served *call);

void rpc_grpc_served_data(struct rpc_grpc_served *call, const uint8_t *data,
    size_t len);
/* END_STREAM. */
void rpc_grpc_served_close(struct rpc_grpc_served *call);

/* The stream is gone and so is its place in the connection. */
void rpc_grpc_served_reset(struct rpc_grpc_served *call, uint32_t error_code);
void rpc_grpc_served_lost(struct rpc_grpc_served *call);

/* The answer's body: how much may go into one frame of at most room bytes,
 * with nghttp2's data flags; or its error. Then the bytes themselves. */
ssize_t rpc_grpc_served_offer(struct rpc_grpc_served *call, size_t room,
    uint32_t *flags);
void rpc_grpc_served_copy(struct rpc_grpc_served *call, uint8_t *out,
    size_t len);

/* ---- grpc_server_stream.c, for the call ---------------------------------- */

/* Puts a complete message into call->message if one is there and wanted. */
void rpc_grpc_served_take_held(struct rpc_grpc_served *call);

/* Begins the answer with a head. SLUICE_ELIMIT: its metadata is too much for
 * the caller. */
SLUICE_MUST_USE enum sluice_err rpc_grpc_served_begin(
    struct rpc_grpc_served *call);

/* A payload is there to send. */
void rpc_grpc_served_resume(struct rpc_grpc_served *call);

/* Ends the answer: at once, or behind a message that has begun to go out or
 * must_finish. Once; nothing happens if it has ended or the stream is gone. */
void rpc_grpc_served_finish(struct rpc_grpc_served *call, int32_t code,
    struct sluice_str message, bool must_finish);

#endif
