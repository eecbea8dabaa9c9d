/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/bad_backend.h - an HTTP/2 server that does exactly what a script
 * says, right or wrong: raw frames, no library in between.
 *
 * A script is lines, or what lies between "; ". "connection" starts the part
 * for the next connection; the last part serves all further ones. In a part:
 *
 *   settings [ID=VALUE]...     a SETTINGS frame (numbers)
 *   ack                        a SETTINGS frame with ACK
 *   wait preface | request | data | end | rst | goaway | ping | pong | ack |
 *        window | close
 *                              reads frames until that one came and makes
 *                              its stream the current one; "request" is
 *                              HEADERS, "end" END_STREAM, "window" the
 *                              WINDOW_UPDATE of a stream
 *   pong                       answers the PING that was waited for
 *   stream N                   makes N the current stream
 *   headers [end] | NAME=VALUE | ...
 *   ok                         the usual response head
 *   status N [| NAME=VALUE]... the usual trailers
 *   message TEXT               one DATA frame with one message
 *   echo                       a message with the request's header block
 *   zeros N                    one message of N zero bytes, in DATA frames
 *   data [end] HEX             one DATA frame
 *   rst CODE | goaway LAST CODE [TEXT] | ping | window STREAM N
 *   frame TYPE FLAGS STREAM [HEX]
 *   head LENGTH TYPE FLAGS STREAM
 *                              the head of a frame only
 *   raw HEX
 *   repeat N COMMAND
 *   label | again              again goes back to the label
 *   cork | uncork              what is sent in between arrives together
 *   shut                       half-closes
 *   reset                      closes with RST
 *   hold                       reads and drops until the peer closes
 *   stall                      does nothing until the backend is stopped
 *
 * A part that ends closes its connection.
 */
#ifndef TESTS_RPC_BAD_BACKEND_H
#define TESTS_RPC_BAD_BACKEND_H

struct bad_backend;

/* Listens on a port of 127.0.0.1 and serves from a thread per connection.
 * Ends the process when it cannot, or when the script has a mistake. */
struct bad_backend *bad_backend_start(const char *script);
unsigned bad_backend_port(const struct bad_backend *b);

/* Connections accepted so far. */
unsigned bad_backend_connections(struct bad_backend *b);

/* HEADERS, PINGs and their ACKs, RST_STREAMs received so far on all
 * connections. */
unsigned bad_backend_requests(struct bad_backend *b);
unsigned bad_backend_pings(struct bad_backend *b);
unsigned bad_backend_pongs(struct bad_backend *b);
unsigned bad_backend_resets(struct bad_backend *b);

/* The error code of the last RST_STREAM received. */
unsigned bad_backend_last_reset(struct bad_backend *b);

/* Bytes of DATA received so far on all connections. */
unsigned long bad_backend_bytes(struct bad_backend *b);

/* Cuts all connections, joins all threads, frees. */
void bad_backend_stop(struct bad_backend **b);

#endif
