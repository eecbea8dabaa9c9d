/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/grpc_world.h - an End joined to a gRPC client, and calls that
 * remember all that happens to them.
 */
#ifndef TESTS_RPC_GRPC_WORLD_H
#define TESTS_RPC_GRPC_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sluice/grpc.h>
#include <sluice/status.h>

#include <uv.h>

struct grpc_world {
    uv_loop_t uv;
    struct sluice_loop *loop;
    struct sluice_end *end;
    struct sluice_grpc_client *client;
    bool is_stopped;
    bool is_client_closed;
};

/* options->target may be absent: 127.0.0.1 and port. */
void grpc_world_open(struct grpc_world *w, unsigned port,
    const struct sluice_grpc_client_options *options);
void grpc_world_close(struct grpc_world *w);

/* Runs the loop until it is true; a watchdog ends the test otherwise. */
void grpc_world_until(struct grpc_world *w, bool (*is_true)(void *arg),
    void *arg);

/* Runs the loop until nothing happens any more for a moment: only for showing
 * that something does not happen. */
void grpc_world_idle(struct grpc_world *w);

struct grpc_call {
    struct grpc_world *w;
    struct sluice_operation *op;
    struct sluice_termination_callback termination;

    /* To be set before the start */
    int64_t timeout_ns;
    bool grants_nothing;              /* else one for each payload */
    bool wants_nothing;               /* subscription NONE */
    struct sluice_metadata *metadata; /* taken */
    struct sluice_grpc_call_options options;

    /* What happened */
    int allowance;                       /* announced and not used */
    struct sluice_grpc_context *context; /* valid while it is active */
    struct sluice_metadata *initial;
    size_t payloads;
    size_t bytes;
    char text[65536]; /* the first bytes of all payloads */
    size_t completions;
    struct sluice_metadata *terminal;
    size_t terminations;
    enum sluice_outcome_kind kind;
    bool has_code;
    int32_t code;
    char details[4096];
};

/* A call with default settings: 20 s, grants. */
void grpc_call_init(struct grpc_call *c, struct grpc_world *w);
void grpc_call_fini(struct grpc_call *c);

/* payload may be NULL (none). Completes at once when asked. */
void grpc_call_start(struct grpc_call *c, const char *method,
    const char *payload, bool completes);
/* With a payload, completed; false when it cannot be started. */
bool grpc_call_try(struct grpc_call *c, const char *method,
    const char *payload);
void grpc_call_send(struct grpc_call *c, const void *payload, size_t len,
    bool completes);
void grpc_call_complete(struct grpc_call *c);
void grpc_call_grant(struct grpc_call *c, int n);

void grpc_call_await(struct grpc_call *c);
void grpc_call_await_payloads(struct grpc_call *c, size_t n);
void grpc_call_await_allowance(struct grpc_call *c);
void grpc_call_await_initial(struct grpc_call *c);

/* One unary call, "x" as its request, to its end. */
void grpc_call_unary(struct grpc_call *c, struct grpc_world *w,
    const char *method);

/* The outcome, checked. */
void grpc_call_ended(const struct grpc_call *c, enum sluice_outcome_kind kind,
    int32_t code);

#endif
