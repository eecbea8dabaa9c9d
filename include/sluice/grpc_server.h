/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sluice/grpc_server.h - the gRPC link, server side: any gRPC client's calls
 * become operations serviced by an End ("gRPC over HTTP/2"; h2c with prior
 * knowledge, over TCP and unix sockets).
 *
 * A call is answered with the trailers that its operation's end gives:
 *   completion                     its code, or 0; its message; its metadata
 *   NO_SUCH_METHOD                 its code [12 UNIMPLEMENTED], its details
 *   CANCELLED here                 1 CANCELLED
 *   EXPIRED                        4 DEADLINE_EXCEEDED
 *   LOCAL_SHUTDOWN, End not started 14 UNAVAILABLE
 *   LOCAL_FAILURE                  2 UNKNOWN
 *   RECEPTION_FAILURE (bad prefix, length over 2^31-1, truncated message, flag
 *   without encoding, payload that cannot be inflated)  13 INTERNAL
 *   message over max_message       8 RESOURCE_EXHAUSTED
 *   unknown grpc-encoding          12 UNIMPLEMENTED + grpc-accept-encoding
 *   malformed grpc-timeout, "-bin" value  13 INTERNAL
 * and, before there is an operation, over HTTP: 405 for a method but POST, 415
 * for a content-type that is not application/grpc; 12 UNIMPLEMENTED for a path
 * that is not "/group/method" (split at the last slash).
 *
 * and 8 as well for answers whose metadata is more than the caller takes, or
 * 60 KiB (TRANSMISSION_FAILURE here, if it is initial metadata). Of details,
 * 8 KiB at most are sent, and no more than the caller takes. Headers go out
 * with the first message or when initial metadata is set; without either a
 * status goes alone (Trailers-Only). A message of which a part has gone out is
 * finished before any status; another is dropped when the operation aborts.
 *
 * What the caller does becomes the outcome here:
 *   RST_STREAM CANCEL              CANCELLED (EXPIRED, if the time is up)
 *   RST_STREAM NO_ERROR            REMOTE_SHUTDOWN
 *   RST_STREAM INTERNAL_ERROR      REMOTE_FAILURE
 *   any other RST_STREAM, a connection lost or broken  RECEPTION_FAILURE
 *
 * A request that is reset in the turn it arrives in, or broken by what arrives
 * with its headers, does not become an operation.
 *
 * Flow control: as on the client side, a stream's window opens only for
 * messages that the operation has allowance for, and a message is taken from
 * the service when all its bytes went into frames.
 *
 * Compression: gzip, deflate and identity are accepted; max_message counts what
 * has been inflated. A service chooses for its messages, among what the caller
 * accepts, by its protocol context (sluice_grpc_context_set_coding()).
 *
 * Defence: a connection is given up, with GOAWAY ENHANCE_YOUR_CALM and a word
 * why, for more than a well-meaning client sends: resets, or requests that
 * are not HTTP (1000 and max_concurrent_streams at once, 200 more each second);
 * PINGs (min_ping_interval_ns; what is sent of a call makes good for earlier
 * ones); SETTINGS (100, 10 each second); frames that carry nothing (1000, 100
 * each second); window updates (1000 and 8 for each of max_concurrent_streams
 * at once, 100 more each second, 8 for each stream and for each frame of ours).
 * Header lists over max_metadata end their stream with 8 RESOURCE_EXHAUSTED
 * or, at 64 times that or in too many CONTINUATIONs, the connection. Other
 * connections do not notice.
 *
 * Ownership   The caller owns the server and the End; options are copied.
 * Thread      The loop's thread.
 * Signals     SIGPIPE must be ignored or blocked, as with libuv everywhere.
 */
#ifndef SLUICE_GRPC_SERVER_H
#define SLUICE_GRPC_SERVER_H

#include <sluice/grpc.h>

struct sluice_grpc_server;

/* Zero means the default in brackets. */
struct sluice_grpc_server_options {
    size_t max_message;              /* received, bytes [4 MiB] */
    size_t max_metadata;             /* received, bytes as HTTP/2 counts a field
                                     section, each of merged binary values as a
                                     field [16 KiB] */
    uint32_t max_concurrent_streams; /* per connection [1000] */
    uint32_t initial_window;         /* per stream, bytes [65535] */
    size_t max_connections;          /* beyond: accepted and closed [10000] */
    int64_t handshake_timeout_ns;    /* for the HTTP/2 preface and SETTINGS
                                     [20 s] */
    int64_t idle_timeout_ns;         /* a connection without streams gets GOAWAY
                                     [never] */
    int64_t keepalive_time_ns;       /* silence before a PING [2 h] */
    int64_t keepalive_timeout_ns;    /* wait for its answer [20 s] */
    int64_t min_ping_interval_ns; /* clients that PING more often, three times,
                                     are sent away [10 s] */
};

/* Serves with end, which the caller starts, stops and keeps for longer than the
 * server. options may be NULL. SLUICE_EINVAL: a negative duration, or a size
 * beyond what HTTP/2 and gRPC can say. SLUICE_ENOMEM. */
SLUICE_API SLUICE_MUST_USE enum sluice_err sluice_grpc_server_new(
    struct sluice_loop *loop, struct sluice_end *end,
    const struct sluice_grpc_server_options *options,
    struct sluice_grpc_server **server);

/* Listens on "host:port", "[address]:port" or "unix:/path"; port 0 lets the
 * system choose. Any number of addresses. A host must be an address or
 * "localhost": nothing is looked up. A unix socket that nobody listens on any
 * more is replaced; the file is removed when listening ends. SLUICE_EINVAL: not
 * an address; SLUICE_ESTATE: the system refused, or the server is drained;
 * SLUICE_ENOMEM; *why (static text, may be passed as NULL) says what is wrong.
 */
SLUICE_API SLUICE_MUST_USE enum sluice_err sluice_grpc_server_listen(
    struct sluice_grpc_server *server, struct sluice_str address,
    const char **why);

/* The TCP port of the i-th address listened on; 0 for a unix socket or if there
 * is no i-th (any more). */
SLUICE_API unsigned sluice_grpc_server_port(
    const struct sluice_grpc_server *server, size_t i);

/* Takes over a connected stream socket, TCP or unix; closes it on an error.
 * SLUICE_EINVAL: not one. SLUICE_ELIMIT: max_connections. SLUICE_ESTATE: the
 * server is being drained. SLUICE_ENOMEM. */
SLUICE_API SLUICE_MUST_USE enum sluice_err sluice_grpc_server_accept(
    struct sluice_grpc_server *server, int fd);

/* Connections that are not closed yet. */
SLUICE_API size_t sluice_grpc_server_connections(
    const struct sluice_grpc_server *server);

/* Stops listening and tells clients with GOAWAY to go elsewhere; what they have
 * sent before they heard of it is served (they are asked by a PING, for 5 s at
 * most, and told by a second GOAWAY), and calls in progress go on. A connection
 * closes when its last call has ended. To stop gracefully: this, then
 * sluice_end_stop() with a grace, then close. Calls that come after the End has
 * stopped are answered with 14 UNAVAILABLE. */
SLUICE_API void sluice_grpc_server_drain(struct sluice_grpc_server *server);

/* Closes what is still open and frees; then on_closed(arg), which may be NULL.
 * The End must have stopped. *server becomes NULL at once; accepts NULL in it
 * (on_closed is not called then). What the End's last operations answered is
 * still written, if the socket takes it at once. */
SLUICE_API void sluice_grpc_server_close(struct sluice_grpc_server **server,
    void (*on_closed)(void *arg), void *arg);

#endif
