/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sluice/grpc.h - the gRPC link, client side: operations over HTTP/2 (nghttp2 on
 * libuv). The server side is sluice/grpc_server.h.
 *
 * Client: one connection per link, made when the first operation needs it
 * and made again after a loss, with the backoff of the "gRPC Connection Backoff
 * Protocol". While it connects, operations wait (up to max_waiting); when an
 * attempt fails they end at once with TRANSMISSION_FAILURE and code
 * UNAVAILABLE, and so does every operation until the backoff has run out. An
 * attempt that fails for want of memory here is no reason for a backoff.
 *
 * How a gRPC status becomes an outcome (the first matching line):
 *   grpc-status 0 with a completion         COMPLETED, code 0
 *   1 CANCELLED from the peer               CANCELLED, code 1
 *   4 DEADLINE_EXCEEDED from the peer       EXPIRED, code 4
 *   12 UNIMPLEMENTED from the peer          LOCAL_FAILURE, code 12
 *   14 UNAVAILABLE from the peer            REMOTE_SHUTDOWN, code 14
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
 *   or 60 KiB                               LOCAL_FAILURE, code 8
 *   memory is short here                    LOCAL_FAILURE, code 13
 *   too many operations wait                TRANSMISSION_FAILURE, code 14
 *   an answer that is not well-formed gRPC  LOCAL_FAILURE, code 13
 *   broken HTTP/2 by the peer               RECEPTION_FAILURE, code 13
 * The details of outcomes made here are fixed texts without addresses; those of
 * the peer's statuses are the peer's.
 *
 * What the peer hears of an abort: RST_STREAM with CANCEL for CANCELLED and
 * EXPIRED, NO_ERROR for LOCAL_SHUTDOWN, INTERNAL_ERROR for LOCAL_FAILURE. An
 * operation whose subscription is NONE is COMPLETED when its half-close is on
 * its way; what the peer answers is thrown away.
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
 * most a window per stream. That grows, from initial_window to max_window, for a
 * stream whose reader is faster than the round trip to the backend allows: to
 * 256 KiB, or to 256 KiB for each millisecond of the round trip, at most to
 * 16 MiB; later streams of that connection then begin with as much, up to
 * 2 MiB; and all streams have at most 32 MiB more than initial_window. PINGs
 * find the round trip out, none of them without data that has come since the
 * last one. A message is taken from the sender when all its bytes went into
 * frames; that grants the next one.
 *
 * Compression ("gRPC Compression"): gzip, deflate (RFC 1950) and identity are
 * accepted and offered; max_message counts what has been inflated. Messages are
 * sent compressed where the call's options ask for it and that makes them
 * smaller.
 *
 * Keepalive ("gRPC Keepalive User Guide"): a connection on which nothing has
 * arrived for keepalive_time_ns gets a PING; one that has not brought anything
 * keepalive_timeout_ns later is given up as lost. Without streams there are
 * none unless keepalive_without_calls. Servers hang up on those who ask more
 * often than they permit, by default every five minutes, while nothing of a
 * call is to be sent: so after three PINGs in such a silence the next ones are
 * 310 s apart, unless keepalive_is_permitted. A backend that complains all the
 * same ("too_many_pings") is asked half as often from then on.
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
                                    field section, each of merged binary
                                    values as a field [16 KiB] */
    size_t max_waiting;           /* operations without a stream [10000] */
    uint32_t initial_window;      /* per stream, bytes [65535] */
    uint32_t max_window;          /* what it may grow to [16 MiB, or
                                     initial_window where that is given] */
    int64_t connect_timeout_ns;   /* [20 s] */
    int64_t initial_backoff_ns;   /* [1 s] */
    int64_t max_backoff_ns;       /* [120 s] */
    int64_t keepalive_time_ns;    /* less than 10 s is 10 s, unless permitted;
                                     0: no PINGs */
    int64_t keepalive_timeout_ns; /* [20 s] */
    bool keepalive_without_calls;
    bool keepalive_is_permitted; /* the server is known to permit
                                    keepalive_time_ns */
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

/* How one call's messages are encoded. */
enum sluice_grpc_coding {
    SLUICE_GRPC_IDENTITY,
    SLUICE_GRPC_GZIP,
    SLUICE_GRPC_DEFLATE
};

/* The protocol_options of an operation over this link. Zero is the default. */
struct sluice_grpc_call_options {
    enum sluice_grpc_coding coding;   /* of requests */
    bool wait_for_ready;              /* wait in the queue while no connection
                                         can be had, instead of failing */
    struct sluice_metadata *metadata; /* appended to the call's own; borrowed
                                         for the call */
};

/* The protocol context of an operation over this link, on either side; see
 * sluice_call_protocol_context(). Texts are borrowed from it. */
struct sluice_grpc_context;

/* As in gRPC's own APIs: "ipv4:127.0.0.1:50051", "ipv6:[::1]:50051",
 * "unix:/path", "unix:" for a socket without a name. */
SLUICE_API struct sluice_str sluice_grpc_context_peer(
    const struct sluice_grpc_context *context);

/* What the call was addressed to: the :authority of its request. */
SLUICE_API struct sluice_str sluice_grpc_context_authority(
    const struct sluice_grpc_context *context);

/* How the rest of this side's messages are encoded, as far as the other side
 * accepts it; a service chooses before its first response. SLUICE_ESTATE: too
 * late. SLUICE_ENOTFOUND: not accepted there; nothing changes. Loop thread. */
SLUICE_API SLUICE_MUST_USE enum sluice_err sluice_grpc_context_set_coding(
    struct sluice_grpc_context *context, enum sluice_grpc_coding coding);

enum sluice_grpc_state { /* of "gRPC Connectivity Semantics and API" */
    SLUICE_GRPC_IDLE,
    SLUICE_GRPC_CONNECTING,
    SLUICE_GRPC_READY,
    SLUICE_GRPC_TRANSIENT_FAILURE,
    SLUICE_GRPC_SHUTDOWN
};
SLUICE_API enum sluice_grpc_state sluice_grpc_client_state(
    const struct sluice_grpc_client *client);

/* Percent-coding of grpc-message. Both return how many bytes they write: encode
 * up to three for each, with out NULL it only counts; decode at most len, and
 * broken sequences stay literally. */
SLUICE_API size_t sluice_grpc_message_encode(const char *in, size_t len,
    char *out);
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
