/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/websocket_frames.h - the frames of a WebSocket (RFC 6455 section 5):
 * what a client sent, checked and in pieces as it arrives, and what goes in
 * front of what is sent to it. No I/O.
 *
 * wslay takes the frames apart; here is what it leaves to its caller: masks,
 * reserved bits and opcodes, the order of fragments, UTF-8, the codes of Close,
 * and the size of a message. What is wrong with a header is told before the
 * payload comes. Nothing is gathered but the payload of a control frame, so the
 * reader of messages is free to stop between any two pieces.
 * wslay's buffer of 4 KiB goes while nothing is in it: WebSockets are silent for
 * most of their time.
 */
#ifndef GW_WEBSOCKET_FRAMES_H
#define GW_WEBSOCKET_FRAMES_H

#include <sys/types.h>

#include <sluice/bytes.h>

#include "protobuf/buf.h"

/* Codes of Close (RFC 6455 section 7.4.1). */
enum {
    GW_WS_NORMAL = 1000,
    GW_WS_GOING_AWAY = 1001,
    GW_WS_PROTOCOL_ERROR = 1002,
    GW_WS_UNSUPPORTED = 1003,
    GW_WS_NO_CODE = 1005, /* stands for an empty Close, never sent */
    GW_WS_BAD_TEXT = 1007,
    GW_WS_TOO_BIG = 1009,
    GW_WS_INTERNAL_ERROR = 1011,
    GW_WS_STATUS = 4000 /* and the canonical code of a status */
};

#define GW_WS_CONTROL_MAX 125u
#define GW_WS_REASON_MAX (GW_WS_CONTROL_MAX - 2)
#define GW_WS_HEAD_MAX 14u /* of a client's frame: with its mask */

enum gw_ws_what {
    GW_WS_MORE,  /* nothing until more bytes come */
    GW_WS_DATA,  /* a piece of a message */
    GW_WS_PING,  /* data is its payload */
    GW_WS_PONG,  /* likewise */
    GW_WS_CLOSE, /* code is GW_WS_NO_CODE if it was empty; no more frames */
    GW_WS_BROKEN /* code says how the client erred, or that memory is short; no
                    more frames */
};

/* data is valid until the next call. */
struct gw_ws_event {
    const uint8_t *data;
    size_t len;
    bool is_text;  /* DATA: else binary */
    bool is_first; /* DATA: of its message */
    bool is_last;
    uint16_t code;
    const char *why; /* BROKEN, for people; static */
};

/* Up to len bytes of what the client sent; 0 or less: none now. */
typedef ssize_t gw_ws_read_cb(void *arg, uint8_t *buf, size_t len);

struct wslay_frame_context;

struct gw_ws_frames {
    struct wslay_frame_context *wslay; /* NULL: it would be empty */
    gw_ws_read_cb *read;
    void *arg;
    uint64_t max_message;
    uint64_t n_message; /* announced of the message that is arriving */
    uint64_t n_left;    /* of the frame that is arriving */
    size_t n_inside;    /* bytes that wslay has and has not given out */
    uint8_t tail[GW_WS_HEAD_MAX]; /* the last bytes that it has got */
    bool in_frame;
    bool in_message;
    bool is_text;    /* the message */
    bool is_started; /* a piece of it was given out */
    bool is_over;    /* CLOSE or BROKEN was given out */
    uint8_t n_cut;   /* bytes of a character that a piece ended in */
    char cut[4];
    uint8_t n_control;
    uint8_t control[GW_WS_CONTROL_MAX];
};

/* Messages may have up to max_message bytes. */
void gw_ws_frames_init(struct gw_ws_frames *f, size_t max_message,
    gw_ws_read_cb *read, void *arg);
void gw_ws_frames_fini(struct gw_ws_frames *f);

/* No more bytes will come for a while; what was given out is forgotten. */
void gw_ws_frames_rest(struct gw_ws_frames *f);

/* The next thing that has arrived. */
enum gw_ws_what gw_ws_frames_next(struct gw_ws_frames *f,
    struct gw_ws_event *event);

/* What the payload of a Close says: GW_WS_CLOSE, or GW_WS_BROKEN. */
enum gw_ws_what gw_ws_close_read(const uint8_t *payload, size_t len,
    struct gw_ws_event *event);

/* ---- To the client -------------------------------------------------------- */

enum gw_ws_opcode {
    GW_WS_OP_TEXT = 1,
    GW_WS_OP_BINARY = 2,
    GW_WS_OP_CLOSE = 8,
    GW_WS_OP_PING = 9,
    GW_WS_OP_PONG = 10
};

/* A frame whose payload the caller appends between the two: open leaves room
 * and says where, shut puts the header before what has been appended since. */
enum pb_err gw_ws_frame_open(struct pb_buf *out, size_t *at);
void gw_ws_frame_shut(struct pb_buf *out, size_t at, enum gw_ws_opcode opcode);

/* A frame as a whole. */
enum pb_err gw_ws_frame_put(struct pb_buf *out, enum gw_ws_opcode opcode,
    const void *payload, size_t len);

/* A Close. What of reason does not fit is cut off after a whole character; what
 * is not UTF-8 becomes U+FFFD. With GW_WS_NO_CODE it is empty. */
enum pb_err gw_ws_close_put(struct pb_buf *out, uint16_t code,
    struct sluice_str reason);

#endif
