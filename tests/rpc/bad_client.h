/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/bad_client.h - an HTTP/2 client that sends exactly what a test
 * says, right or wrong: raw frames over a socket pair whose other end a server
 * of the same loop has accepted. Waiting runs that loop.
 */
#ifndef TESTS_RPC_BAD_CLIENT_H
#define TESTS_RPC_BAD_CLIENT_H

#include "tests/rpc/bad_frames.h"
#include "tests/rpc/serving.h"

struct bad_client {
    struct serving *s;
    struct bad_wire wire;
    struct bad_frame frame; /* the last one got; its payload is in wire */
};

/* Connects and says nothing. */
void bad_client_connect(struct bad_client *c, struct serving *s);

/* The same; false: the server could not accept. */
bool bad_client_try(struct bad_client *c, struct serving *s);

/* Preface, an empty SETTINGS and its ACK. */
void bad_client_greet(struct bad_client *c);

/* Connects and greets. */
void bad_client_open(struct bad_client *c, struct serving *s);

/* Closes; may be closed already. */
void bad_client_close(struct bad_client *c);

/* --------------------------------------------------------------- sending */

void bad_client_preface(struct bad_client *c);

/* fields: as bad_wire_put_headers() takes them. */
void bad_client_headers(struct bad_client *c, uint32_t stream,
    const char *fields, bool is_last);

/* The usual request head of a method of test.Server; more: further fields, or
 * NULL. */
void bad_client_call(struct bad_client *c, uint32_t stream, const char *method,
    const char *more, bool is_last);

/* A DATA frame; with one message in it. */
void bad_client_data(struct bad_client *c, uint32_t stream, const void *data,
    size_t len, bool is_last);
void bad_client_message(struct bad_client *c, uint32_t stream, const char *text,
    bool is_last);

void bad_client_rst(struct bad_client *c, uint32_t stream, uint32_t code);
void bad_client_window(struct bad_client *c, uint32_t stream, uint32_t more);
void bad_client_setting(struct bad_client *c, unsigned id, uint32_t value);
void bad_client_ping(struct bad_client *c, bool is_ack, const void *data);

/* Any frame. */
void bad_client_frame(struct bad_client *c, unsigned type, unsigned flags,
    uint32_t stream, const void *data, size_t len);

/* The same n times, as long as the server listens. */
void bad_client_flood(struct bad_client *c, unsigned n, unsigned type,
    unsigned flags, uint32_t stream, const void *data, size_t len);

/* --------------------------------------------------------------- getting */

/* The next frame but SETTINGS and WINDOW_UPDATE of the connection; false: the
 * server has closed. */
bool bad_client_next(struct bad_client *c);

/* Whether there is a whole frame without waiting, or the end. */
bool bad_client_is_ready(void *c);

/* The next frame must be this; fails the test otherwise. */
void bad_client_await(struct bad_client *c, enum bad_frame_type type,
    uint32_t stream);

/* It must be HEADERS with END_STREAM, of these fields among others, such as
 * "grpc-status: 0". The second may be NULL. */
void bad_client_await_end(struct bad_client *c, uint32_t stream,
    const char *field, const char *other);

/* It must be HEADERS without END_STREAM, the usual ones. */
void bad_client_await_head(struct bad_client *c, uint32_t stream);

/* It must be DATA with one whole message. */
void bad_client_await_message(struct bad_client *c, uint32_t stream,
    const char *text);

void bad_client_await_rst(struct bad_client *c, uint32_t stream, uint32_t code);

/* Skips all until GOAWAY comes, which must have this code and text. */
void bad_client_await_goaway(struct bad_client *c, uint32_t code,
    const char *text);

/* Skips all until the server closes. */
void bad_client_await_close(struct bad_client *c);

/* The last headers got have the line "NAME: VALUE". */
bool bad_client_has(const struct bad_client *c, const char *field);

/* The number in the last payload at an offset. */
uint32_t bad_client_number(const struct bad_client *c, size_t at);

/* A whole unary call of echo must work. */
void bad_client_works(struct bad_client *c, uint32_t stream);

/* ---------------------------------------------------------------- a scene */

/* One such client of a server; setup and teardown of a test. */
struct bad_scene {
    struct serving s;
    struct bad_client c;
};
int bad_scene_open(void **state);
int bad_scene_close(void **state);

#endif
