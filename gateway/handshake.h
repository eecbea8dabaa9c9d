/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/handshake.h - what a client says to open a WebSocket, and whether it
 * says it as RFC 6455 section 4.2.1 asks. No I/O.
 *
 * Who asks for a WebSocket may send frames before the answer. They are no HTTP,
 * so nothing after such a request is read as a request, whatever the answer to
 * it: without a 101 the connection closes.
 */
#ifndef GW_HANDSHAKE_H
#define GW_HANDSHAKE_H

#include <sluice/bytes.h>

#define GW_WEBSOCKET_VERSION "13"

#define GW_WEBSOCKET_ACCEPT_LEN 28u

/* How messages are written (docs/websocket.md). */
enum gw_ws_form {
    GW_WS_AS_ASKED, /* each as its frame says; answers as the first one */
    GW_WS_JSON,
    GW_WS_PROTO
};

struct gw_subprotocol {
    const char *name;
    enum gw_ws_form form;
    bool has_metadata; /* a text message with it comes first */
};

/* Zero-initialised: nothing was said yet. */
struct gw_handshake {
    bool is_wanted;   /* Upgrade: websocket */
    bool has_upgrade; /* Connection: upgrade */
    unsigned n_keys;
    unsigned n_versions;
    struct sluice_str key; /* borrowed from the header, as the version */
    struct sluice_str version;
    const struct gw_subprotocol *subprotocol; /* the first that is known */
};

/* Looks at one header field. false: it says nothing about a WebSocket. */
bool gw_handshake_read(struct gw_handshake *h, const char *name, size_t len,
    struct sluice_str value);

/* What is wrong with a handshake. */
struct gw_handshake_fault {
    const char *field;       /* the header that it is about; NULL: the method */
    const char *expected;    /* static, as the field is */
    struct sluice_str found; /* no pointer: nothing that can be shown */
    unsigned status; /* 400, or 426 for a version that is not ours: the answer
                      * then has to name ours and the protocol (RFC 6455 section
                      * 4.4, RFC 9110 section 15.5.22) */
};

/* After the last field of a request that wants a WebSocket. true: the handshake
 * is good. */
bool gw_handshake_check(const struct gw_handshake *h, const char *verb,
    struct gw_handshake_fault *fault);

/* The value of Sec-WebSocket-Accept for a key that was found good, and a NUL
 * (RFC 6455 section 4.2.2). */
void gw_handshake_accept(struct sluice_str key,
    char accept[GW_WEBSOCKET_ACCEPT_LEN + 1]);

#endif
