/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/serving.h - a gRPC server with a service that has a method for
 * every occasion ("test.Server", tests/rpc/serving.c lists them), and what its
 * calls came to.
 */
#ifndef TESTS_RPC_SERVING_H
#define TESTS_RPC_SERVING_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sluice/face.h>
#include <sluice/grpc_server.h>
#include <sluice/status.h>

#include <uv.h>

#define SERVING_HELD 1000 /* calls at the gate, at most */

struct serving {
    uv_loop_t *uv;
    uv_loop_t own_uv; /* unless it is a guest on another's */
    bool is_guest;
    const char *group; /* of all methods */
    struct sluice_loop *loop;
    struct sluice_face_servicer *servicer;
    struct sluice_end *end;
    struct sluice_grpc_server *server;
    unsigned port; /* of 127.0.0.1 */

    size_t calls;    /* that reached a method */
    size_t requests; /* that reached a stream method */
    size_t over;     /* calls that have terminated */
    size_t sent;     /* messages of count */
    bool gate_is_open;
    struct sluice_servicer_context *held[SERVING_HELD]; /* at the gate */
    struct sluice_bytes *kept[SERVING_HELD];            /* their requests */
    size_t held_count;
    enum sluice_grpc_coding coding; /* for squeeze [gzip] */
    enum sluice_err coding_err;     /* what came of it last */
    bool is_stopped;
    bool is_closed;
};

/* Listens on 127.0.0.1, too. options may be NULL. */
void serving_open(struct serving *s,
    const struct sluice_grpc_server_options *options);

/* Answers the calls of gate; those that come are answered at once. */
void serving_open_gate(struct serving *s);

/* The same on a loop that others use, for methods of another group. */
void serving_open_on(struct serving *s, struct sluice_loop *loop,
    const char *group, const struct sluice_grpc_server_options *options);

/* Stops the End at once, closes the server, frees all. */
void serving_close(struct serving *s);

/* Runs the loop until it is true; a watchdog ends the test otherwise. */
void serving_until(struct serving *s, bool (*is_true)(void *arg), void *arg);

/* Answers the calls of gate; those that come are answered at once. */
void serving_open_gate(struct serving *s);

/* Stops the End at once; close may follow. */
void serving_stop(struct serving *s);

/* A callback that sets a bool, and what waits for it. */
void serving_set(void *arg);
bool serving_is_set(void *arg);

/* Runs the loop until no connection is left. */
void serving_until_gone(struct serving *s);

/* Runs the loop until so many calls are over, and no more than that. */
void serving_until_over(struct serving *s, size_t calls);

/* The same, until so many calls have reached a method. */
void serving_until_called(struct serving *s, size_t calls);

/* Runs the loop until nothing happens any more for a moment: only for showing
 * that something does not happen. */
void serving_idle(struct serving *s);

/* How many operations of the End have ended that way. */
uint64_t serving_ended(const struct serving *s, enum sluice_outcome_kind kind);

#endif
