/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/websocket_private.h - what the parts of a WebSocket share: the
 * connection (websocket.c), its bytes (websocket_io.c, websocket_receive.c) and
 * its time (websocket_time.c), the messages of the client (websocket_message.c,
 * websocket_metadata.c) and the RPC (websocket_call.c).
 */
#ifndef GW_WEBSOCKET_PRIVATE_H
#define GW_WEBSOCKET_PRIVATE_H

#include "gateway/websocket.h"
#include "gateway/websocket_ahead.h"
#include "gateway/websocket_frames.h"
#include "gateway/worker.h"

/* Bytes that wait for the client: above the one nothing more is granted to the
 * service, at the other it goes on. */
#define GW_WS_OUT_FULL (32u * 1024)
#define GW_WS_OUT_LOW (16u * 1024)

/* Bytes that are taken from the client while a message of it is held. */
#define GW_WS_AHEAD_MAX (32u * 1024)

enum gw_ws_state {
    GW_WS_WAITING, /* MHD is to send the 101 */
    GW_WS_OPEN,    /* messages go both ways */
    GW_WS_CLOSING, /* our Close is on its way, or we wait for the client's */
    GW_WS_CLOSED   /* the end of the exchange is due, in a task */
};

struct gw_websocket {
    struct gw_exchange *x;
    enum gw_ws_state state;
    uv_poll_t *poll;
    int polled; /* what poll waits for */
    struct sluice_task read_task;
    struct sluice_task write_task;
    struct sluice_task end_task;

    /* From the client. */
    struct gw_ws_frames frames;
    const uint8_t *early; /* what MHD had read already; in the arena */
    size_t n_early;
    size_t turn; /* bytes that may still be read in this turn */
    bool is_at_end;
    bool is_held; /* held is a message that the service has no room for */
    struct gw_ws_event held;
    struct gw_ws_ahead seen; /* in what has come */
    struct gw_buffer ahead;  /* what has come behind held */
    size_t ahead_at;         /* how much of that had its turn */
    unsigned n_pongs_ahead;  /* sent for pings whose turn is to come */

    /* To the client; what waits is in x->out. */
    bool is_blocked; /* the socket takes nothing now */
    bool has_pong;   /* put off; the newest counts (RFC 6455 section 5.5.3) */
    uint8_t n_pong;
    uint8_t pong[GW_WS_CONTROL_MAX];

    /* The end. */
    bool is_deaf; /* the client's frames make no sense any more */
    bool has_client_closed;
    uint64_t closing_due_ns; /* 0: our Close has not gone out */

    /* Time. */
    struct sluice_timer timer;
    uint64_t heard_ns;       /* when bytes last came */
    uint64_t told_ns;        /* when bytes last went */
    uint64_t pinged_ns;      /* 0: no pong is owed to us */
    bool is_quiet;           /* nothing was sent for long before the ping */
    int unsent;              /* bytes the client had not taken then */
    uint64_t message_due_ns; /* of the one that is arriving; 0: none */
    uint64_t request_due_ns; /* 0: the RPC waits for none */

    /* Messages. */
    enum gw_ws_form form;
    bool wants_metadata; /* it is still to come */
    bool is_binary_out;  /* how responses are written */
    bool has_form_out;   /* and it has been decided */
    bool is_text;        /* the message that is arriving */
    bool has_bytes;      /* it is not empty */
    bool is_value_done;  /* its JSON value has ended */
    bool is_complete;    /* no more requests are taken */
    bool owes_allowance; /* a response was not granted yet */
    bool shows_metadata; /* the client wants to know that of the service */
    bool has_shown;      /* the initial one */
};

static inline const struct route_config *
gw_ws_config(const struct gw_websocket *ws)
{
    return ws->x->worker->set->config;
}

/* From the 101 on, while the socket is ours. */
static inline bool
gw_ws_is_open(const struct gw_websocket *ws)
{
    return ws->state == GW_WS_OPEN || ws->state == GW_WS_CLOSING;
}

static inline uint64_t
gw_ws_now(const struct gw_websocket *ws)
{
    return sluice_loop_now(ws->x->worker->loop);
}

/* ---- websocket.c ------------------------------------------------------------ */

/* A Close, and then the end; the RPC is cancelled if it still runs. */
void gw_ws_close(struct gw_websocket *ws, uint16_t code,
    struct sluice_str reason);

/* All went well: a Close that says so. */
void gw_ws_complete(struct gw_websocket *ws);

/* The client has broken a rule of the protocol: no Status for that. */
void gw_ws_violate(struct gw_websocket *ws, uint16_t code, const char *why);

/* The client is not there any more. */
void gw_ws_gone(struct gw_websocket *ws);

/* No more of it: soon the exchange ends, and the socket is closed. */
void gw_ws_finish(struct gw_websocket *ws);

/* Everything that waited has been sent. */
void gw_ws_sent(struct gw_websocket *ws);

/* ---- websocket_time.c ------------------------------------------------------- */

/* Without a message, no RPC: the client has some time for it. */
void gw_ws_await_message(struct gw_websocket *ws);

/* Waits for what is next to wait for. */
void gw_ws_reschedule(struct gw_websocket *ws);
void gw_ws_on_timer(struct sluice_timer *timer);

/* ---- websocket_io.c ------------------------------------------------------- */

/* The socket is ours. False: memory or descriptors are short. */
bool gw_ws_io_start(struct gw_websocket *ws);
void gw_ws_io_stop(struct gw_websocket *ws);

/* Soon: what the client sent, and what waits for it. */
void gw_ws_read_soon(struct gw_websocket *ws);
void gw_ws_write_soon(struct gw_websocket *ws);

size_t gw_ws_waiting(const struct gw_websocket *ws);

/* Polls for what is needed now. */
void gw_ws_repoll(struct gw_websocket *ws);

/* Room at the end of x->out. */
struct pb_buf *gw_ws_out(struct gw_websocket *ws);

/* ---- websocket_receive.c -------------------------------------------------- */

/* Bytes of the client; for gw_ws_frames_init(). */
ssize_t gw_ws_receive(void *arg, uint8_t *buf, size_t len);

/* While a message is held: takes what has come behind it, and looks at it. */
void gw_ws_look_ahead(struct gw_websocket *ws);
bool gw_ws_has_room_ahead(const struct gw_websocket *ws);

/* Throws away what has come. After a violation the rest is only taken off the
 * socket: a socket that is closed over it would be reset, and our Close lost. */
void gw_ws_discard(struct gw_websocket *ws);

/* ---- websocket_message.c -------------------------------------------------- */

/* A piece of a message of the client. */
void gw_ws_message_take(struct gw_websocket *ws,
    const struct gw_ws_event *piece);

/* ---- websocket_metadata.c ------------------------------------------------- */

/* Adds what a message of metadata says to the request. Makes the failure
 * known. */
bool gw_ws_metadata_take(struct gw_websocket *ws, const char *text, size_t len);

/* The service's initial metadata as the first message, where the client asked
 * for it and has not had it. md may be NULL. */
void gw_ws_metadata_show(struct gw_websocket *ws,
    const struct sluice_metadata *md);

/* Makes it the last member of the JSON object that out ends with. */
enum pb_err gw_ws_metadata_put(struct pb_buf *out,
    const struct sluice_metadata *md);

/* ---- websocket_call.c ----------------------------------------------------- */

/* The RPC begins, unless it waits for its request. */
void gw_ws_call_open(struct gw_websocket *ws);

/* A request; taken. */
void gw_ws_call_request(struct gw_websocket *ws, struct sluice_bytes *request);
bool gw_ws_call_has_room(const struct gw_websocket *ws);
void gw_ws_call_half_close(struct gw_websocket *ws);

/* Something has left for the client. */
void gw_ws_call_written(struct gw_websocket *ws);

#endif
