/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/base_world.h - two Ends on one loop and what happens between them,
 * over either link.
 *
 * Values are written as words, to pass them and to see what came:
 *   m        initial metadata          pTEXT    a payload
 *   e        empty initial metadata
 *   c        an empty completion       cN:TEXT  one with code N and message
 *   c t      one with terminal metadata
 *   +N       an allowance of N
 * A party logs each call of its operator as the words of that call and puts
 * " | " between calls. What a test says was heard is what is heard in process;
 * join.h says what may differ over gRPC.
 */
#ifndef TESTS_RPC_BASE_WORLD_H
#define TESTS_RPC_BASE_WORLD_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>
#include <uv.h>

#include "tests/rpc/join.h"

#define LONG_TIMEOUT (3000 * SLUICE_SECOND)
#define STILL_ACTIVE (-1)

/* One customer of one operation. */
struct party {
    struct sluice_operation *op; /* borrowed by the service's party */
    enum join_kind over;
    bool is_invoker;
    struct sluice_termination_callback on_terminated;
    int outcome; /* a kind, or STILL_ACTIVE */
    bool has_code;
    int32_t code;
    char details[64];
    unsigned terminations;
    unsigned contexts;
    enum sluice_reply reply; /* of advance */
    enum sluice_reply context_reply;
    /* Optional: acts inside the call, after it was logged. */
    void (*react)(struct party *self, const struct sluice_values *values);
    void *react_arg;
    bool is_called; /* a call is running */
    char log[8192];
};

struct world {
    uv_loop_t uv;
    struct sluice_loop *loop;
    struct sluice_pool *pool;
    struct sluice_end *invoking;
    struct sluice_end *serving;
    struct join join;
    unsigned errands; /* of from_a_thread(), not run yet */
    struct sluice_servicer servicer;
    struct party invoker;
    struct party service;

    /* How the servicer behaves. */
    unsigned serviced;
    enum sluice_reply service_reply;
    struct sluice_no_such_method no_such_method;
    enum sluice_subscription_kind service_kind;
    void (*on_service)(struct world *w, struct sluice_operation *op);
    char asked_for[128]; /* group/method */
};

/* Both Ends joined and started. */
void world_init(struct world *w, enum join_kind over);
/* The same with limits for the serving End (or NULL), and not started. */
void world_init_stopped(struct world *w, enum join_kind over,
    const struct sluice_end_options *options);
void world_start(struct world *w);
/* Stops both Ends, waits for that, and frees everything. */
void world_fini(struct world *w);

/* cmocka's setup and teardown around world_init() and world_fini(). */
int setup_world(void **state);
int setup_grpc_world(void **state);
int teardown_world(void **state);

/* The entries of a test in a table: in process alone, and over both links. */
#define IN_PROCESS_ONLY(name) \
    cmocka_unit_test_setup_teardown(name, setup_world, teardown_world)
#define OVER_BOTH(name)                                               \
    IN_PROCESS_ONLY(name),                                            \
    {                                                                 \
#name " (gRPC)", name, setup_grpc_world, teardown_world, NULL \
    }

/* Runs whatever can run now without waiting for time. Over OVER_UNIX that is
 * all there is, for a socket has what was written at once. */
void settle(struct world *w);
/* Runs until *flag. */
void run_until(struct world *w, const bool *flag);
/* Runs until all operations have terminated and left, and no thread has
 * anything to post any more. */
void run_to_the_end(struct world *w);

/* Has another thread post a task to the loop that calls run(arg). */
void from_a_thread(struct world *w, void (*run)(void *arg), void *arg);

struct sluice_invocation full_invocation(struct party *p);
/* operate() by the invoker, FULL, with LONG_TIMEOUT, and settle. */
void invoke(struct world *w, const char *words);
/* The same with an invocation of one's own, whose first values are words. */
void invoke_with(struct world *w, struct sluice_invocation *i,
    const char *words);
/* advance() and settle. */
void say(struct world *w, struct party *p, const char *words);
/* advance() alone. */
void pass(struct sluice_pool *pool, struct sluice_operation *op,
    const char *words);

/* The party's whole log since the last time, which it empties. */
void heard(struct party *p, const char *words);
void ended(const struct party *p, enum sluice_outcome_kind kind);
/* That the party's outcome carries nothing; over gRPC the code of how the other
 * side ended, if that is what ended this one. */
void carries_nothing(const struct party *p);
void was_told(const struct party *p, enum sluice_outcome_kind other);
void stat_is(struct sluice_end *end, enum sluice_outcome_kind kind,
    uint64_t count);
/* That the one operation that the invoker's time has ended, ended so at the
 * service: over gRPC it may hear of it before its own time is up. */
void expired_there(struct world *w);

/* Building blocks for other fixtures. storage outlives the values. */
struct words {
    struct sluice_values values;
    struct sluice_completion completion;
    char message[64];
};
void read_words(struct sluice_pool *pool, const char *words,
    struct words *storage);
void log_words(char *log, size_t size, const struct sluice_values *values);
void log_text(char *log, size_t size, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void release_values(const struct sluice_values *values);
void party_init(struct party *p, struct world *w);
void listen_for_end(struct party *p, struct sluice_operation *op);
enum sluice_reply party_advance(void *arg, const struct sluice_values *values);
enum sluice_reply party_context(void *arg, void *context);

#endif
