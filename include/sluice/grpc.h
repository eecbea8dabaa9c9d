/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sluice/grpc.h - the gRPC link: operations over HTTP/2 (nghttp2 on libuv).
 *
 * Client side: one connection per link, made when the first operation needs it
 * and made again after a loss, with the backoff of the "gRPC Connection Backoff
 * Protocol". While it connects, operations wait (up to max_waiting); when an
 * attempt fails they end at once with TRANSMISSION_FAILURE and code
 * UNAVAILABLE, and so does every operation until the backoff has run out.
 *
 * How a gRPC status becomes an outcome (the first matching line):
 *   grpc-status 0 with a completion         COMPLETED, code 0
 *   1 CANCELLED from the peer               CANCELLED, code 1
 *   4 DEADLINE_EXCEEDED from the peer       EXPIRED, code 4
 *   12 UNIMPLEMENTED from the peer          LOCAL_FAILURE, code 12
 *   any other from the peer                 REMOTE_FAILURE with that code
 *   HTTP answer without grpc-status         REMOTE_FAILURE, code of "HTTP to
 *                                           gRPC Status Code Mapping"
 *   RST_STREAM                              CANCEL -> CANCELLED;
 *                                           REFUSED_STREAM and GOAWAY above the
 *                                           last id -> REMOTE_SHUTDOWN, code
 *                                           14; else RECEPTION_FAILURE with
 *                                           the code that "gRPC over HTTP/2",
 *                                           Errors, gives for it
 *   no connection could be had              TRANSMISSION_FAILURE, code 14
 *   connection lost during the call         RECEPTION_FAILURE, code 14
 *   message over the limit                  LOCAL_FAILURE, code 8
 *   ... and over 2^31 - 1 bytes, which
 *   no implementation of gRPC sends         LOCAL_FAILURE, code 13
 *   request metadata over the peer's limit
 *   or 60 KiB, or memory is short           LOCAL_FAILURE, code 8
 *   too many operations wait                TRANSMISSION_FAILURE, code 14
 *   an answer that is not well-formed gRPC  LOCAL_FAILURE, code 13
 *   broken HTTP/2 by the peer               RECEPTION_FAILURE, code 13
 * The details of outcomes made here are fixed texts without addresses.
 *
 * Order: a status comes after the messages before it, however long the reader
 * leaves them; a reset, a loss or broken framing comes at once, after those
 * messages that there is allowance for.
 *
 * Sending again: what never left goes out on the next connection. What the
 * backend refused (REFUSED_STREAM, GOAWAY below it) goes out once more, if
 * nothing was answered and the request's payloads are still at hand: when its
 * only payload was its last, or has not wholly gone out.
 *
 * Flow control: a stream's HTTP/2 window is opened only for messages that the
 * operation has allowance for, so a reader that grants nothing holds back at
 * most initial_window bytes per stream. A message is taken from the sender
 * when all its bytes went into frames; that grants the next one.
 *
 * Metadata: reserved and malformed names and values are not sent, silently.
 * Initial metadata goes out at the end of the turn in which the operation
 * began; later it ends the operation with TRANSMISSION_FAILURE.
 *
 * Resets: backends hang up on a connection with many in a short time. One on
 * which this side has reset 500 streams (16 more for each second) takes no new
 * calls; they go to a new one.
 *
 * Thread      The loop's thread.
 * Signals     SIGPIPE must be ignored or blocked, as with libuv everywhere.
 */
#ifndef SLUICE_GRPC_H
#define SLUICE_GRPC_H

#include <sluice/link.h>

struct sluice_grpc_client;

/* Zero means the default in brackets. */
struct sluice_grpc_client_options {
    struct sluice_str target;     /* dns:[///]host:port, ipv4:, ipv6:, unix:, or
                                    host:port ("gRPC Name Resolution") */
    struct sluice_str authority;  /* [from the target] */
    struct sluice_str user_agent; /* ["grpc-c-sluice/VERSION"] */
    size_t max_message;           /* received, bytes [4 MiB] */
    size_t max_metadata;          /* received, bytes as HTTP/2 counts a
                                    field section [16 KiB] */
    size_t max_waiting;           /* operations without a stream [10000] */
    uint32_t initial_window;      /* per stream, bytes [65535] */
    int64_t connect_timeout_ns;   /* [20 s] */
    int64_t initial_backoff_ns;   /* [1 s] */
    int64_t max_backoff_ns;       /* [120 s] */
};

/* Checks a target without connecting; *why (static text) says what is wrong
 * on SLUICE_EINVAL. */
SLUICE_API SLUICE_MUST_USE enum sluice_err sluice_grpc_target_check(
    struct sluice_str target, const char **why);

/* Connects nothing yet. Copies the options. SLUICE_EINVAL: bad target. */
SLUICE_API SLUICE_MUST_USE enum sluice_err sluice_grpc_client_new(
    struct sluice_loop *loop, const struct sluice_grpc_client_options *options,
    struct sluice_grpc_client **client);

/* For sluice_end_join(). Valid until closed. */
SLUICE_API struct sluice_link *sluice_grpc_client_link(
    struct sluice_grpc_client *client);

/* Sends GOAWAY, closes, frees; then on_closed(arg). The joined End must have
 * stopped. *client becomes NULL at once. */
SLUICE_API void sluice_grpc_client_close(struct sluice_grpc_client **client,
    void (*on_closed)(void *arg), void *arg);

enum sluice_grpc_state { /* of "gRPC Connectivity Semantics and API" */
    SLUICE_GRPC_IDLE,
    SLUICE_GRPC_CONNECTING,
    SLUICE_GRPC_READY,
    SLUICE_GRPC_TRANSIENT_FAILURE,
    SLUICE_GRPC_SHUTDOWN
};
SLUICE_API enum sluice_grpc_state sluice_grpc_client_state(
    const struct sluice_grpc_client *client);

/* Percent-coding of grpc-message: decode writes at most len bytes
 * to out and returns how many; broken sequences stay literally. */
SLUICE_API size_t sluice_grpc_message_decode(const char *in, size_t len,
    char *out);

/* grpc-timeout. Parses value into nanoseconds, clamped to
 * INT64_MAX - 1. SLUICE_EINVAL when malformed. */
SLUICE_API SLUICE_MUST_USE enum sluice_err sluice_grpc_timeout_parse(
    struct sluice_str value, int64_t *timeout_ns);
/* Writes the finest unit that fits, rounding up; out has 10 bytes at least;
 * returns the length. timeout_ns > 0. */
SLUICE_API size_t sluice_grpc_timeout_format(int64_t timeout_ns, char *out);

/* Standard base64 for "-bin" values. Encoding is unpadded. Decoding accepts
 * both paddings; returns SIZE_MAX when undecodable. out has len / 4 * 3 + 3
 * bytes. */
SLUICE_API size_t sluice_base64_encode(const void *in, size_t len, char *out);
SLUICE_API size_t sluice_base64_decode(const char *in, size_t len, void *out);

#endif
