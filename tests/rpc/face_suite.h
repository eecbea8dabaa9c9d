/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/face_suite.h - the trading service, and callers that reach it from
 * a thread that may block: every RPC of the face layer, in every style, through
 * every stub, over either link.
 *
 * In process both Ends live on one loop thread; over gRPC each has its own.
 * The test's thread is neither. Nothing here waits for time: it waits for
 * events, and a leaked RPC or a stuck thread hangs the tear-down.
 *
 * The service (group "Stock"); a request is a symbol and a number of trades, a
 * reply a symbol and its price:
 *   GetLastTradePrice          UU  the price
 *   WatchFutureTrades          US  so many prices, one more each time
 *   GetHighestTradePrice       SU  the first of the highest of all
 *   GetLastTradePriceMultiple  SS  the price of each
 */
#ifndef TESTS_RPC_FACE_SUITE_H
#define TESTS_RPC_FACE_SUITE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>
#include <uv.h>

#include <sluice/face.h>
#include <sluice/status.h>

#include "rpc/check.h"
#include "tests/rpc/join.h"

#define N_TRADES 200u
#define N_PARALLEL 25u
#define N_THREADS 10u
#define NEVER (3000 * SLUICE_SECOND)
#define SOON (20 * SLUICE_MS)

/* How the service is written. */
enum service_style {
    INLINE_SERVICE, /* on the threads of the face layer's pool */
    EVENT_SERVICE,  /* on the loop's thread */
    FOREIGN_SERVICE /* by threads that the face layer does not know */
};

/* How the caller reaches it. */
enum invoker { GENERIC, MULTI_CALLABLE, DYNAMIC, INVOKERS };

/* What a suspended method of EVENT_SERVICE leaves behind. */
struct deferral {
    void (*go_on)(struct deferral *self);
    struct deferral *next;
};

/* Every method comes by at each step: it fails there, or waits there. */
struct control {
    uv_mutex_t lock;
    uv_cond_t changed;
    bool fails;
    bool is_paused;
    unsigned waiting; /* methods that wait now */
    struct deferral *deferred;
};

struct suite {
    enum join_kind over;
    enum invoker invoker;
    struct sluice_loop_thread *serving_thread;
    struct sluice_loop_thread *invoking_thread; /* the same in process */
    struct sluice_loop *serving_loop;
    struct sluice_loop *invoking_loop;
    struct sluice_thread_pool *pool;    /* of the servicer and the stubs */
    struct sluice_thread_pool *foreign; /* of nobody */
    struct sluice_face_servicer *servicer;
    struct sluice_end *service;
    struct sluice_end *caller;
    struct join join;
    struct sluice_stub *stub;
    struct sluice_multi_callable *callables[4]; /* by cardinality */
    struct sluice_dynamic_stub *dynamic;
    struct control control;
    unsigned serial; /* of the next request */
    void *extra;     /* of the test */
};

/* ---- The pair ------------------------------------------------------------ */

/* add(s) adds further methods to s->servicer, and may be NULL. */
void suite_open(struct suite *s, enum join_kind over, enum service_style style,
    void (*add)(struct suite *s));
void suite_close(struct suite *s);

/* Runs fn(arg) on the thread of the loop, and waits. */
void on_loop(struct sluice_loop *loop, void (*fn)(void *arg), void *arg);

/* Stops an End and waits for that. */
void stop_end(struct sluice_end *end, int64_t grace_ns);
/* Asks for it only; wait for *stopped. */
void begin_stop(struct sluice_end *end, int64_t grace_ns, uv_sem_t *stopped);

/* Terminated operations of an End, once it has none left. */
void idle_stats(struct sluice_end *end, uint64_t stats[SLUICE_OUTCOME_KINDS]);

/* ---- Control ------------------------------------------------------------- */

void pause_service(struct suite *s);
void resume_service(struct suite *s);
void fail_service(struct suite *s);
/* Until a method waits. */
void await_waiting(struct suite *s);

/* For the methods. false: fail. Blocks while the service is paused. */
bool come_by(struct control *c);
/* The same for the loop's thread: where it would block, false and *is_paused,
 * and go_on() is called on that thread when the service goes on. */
bool come_by_later(struct control *c, struct deferral *d, bool *is_paused);

/* ---- Trades -------------------------------------------------------------- */

struct sluice_bytes *trade_request(unsigned serial);
/* That it is the reply to the request; plus: how many prices further on. */
void assert_trade(struct sluice_bytes *reply, unsigned serial, unsigned plus);
/* That it is the answer to n requests from first on. */
void assert_highest(struct sluice_bytes *reply, unsigned first, unsigned n);

struct trade {
    char symbol[32];
    unsigned n;
    unsigned price;
};
/* Takes the request. */
struct trade trade_of(struct sluice_bytes *request);
struct sluice_bytes *trade_reply(const struct trade *t, unsigned plus);

void add_inline_trades(struct suite *s);
void add_event_trades(struct suite *s);
void add_foreign_trades(struct suite *s);
void add_method(struct suite *s, const char *name,
    struct sluice_method_implementation implementation);

/* ---- Invoking ------------------------------------------------------------ */

/* Methods of the trading service, through s->invoker. Requests are taken. */
enum sluice_err invoke_blocking(struct suite *s, struct sluice_bytes *request,
    const struct sluice_iterator *requests, int64_t timeout_ns,
    struct sluice_bytes **response, struct sluice_rendezvous **r);
/* Future style where the response is unary, inline where it streams. */
struct sluice_rendezvous *begin(struct suite *s,
    enum sluice_cardinality cardinality, struct sluice_bytes *request,
    const struct sluice_iterator *requests, int64_t timeout_ns);
/* On the loop's thread. */
struct sluice_call *begin_event(struct suite *s,
    enum sluice_cardinality cardinality, struct sluice_bytes *request,
    const struct sluice_receiver *receiver, int64_t timeout_ns);

const char *method_name(enum sluice_cardinality cardinality);

/* ---- Iterators of requests ----------------------------------------------- */

/* n requests from first on; blocks while it is paused. */
struct source {
    uv_mutex_t lock;
    uv_cond_t changed;
    bool is_paused;
    unsigned next;
    unsigned left;
    unsigned drawn;
    bool is_closed;
};

void source_init(struct source *f, struct suite *s, unsigned n);
void source_pause(struct source *f);
void source_resume(struct source *f);
/* Waits until it has been closed. */
void source_fini(struct source *f);
unsigned source_drawn(struct source *f);
struct sluice_iterator source_iterator(struct source *f);

/* ---- Tables of tests ----------------------------------------------------- */

struct suite_case {
    const char *name;
    void (*run)(struct suite *s);
};

/* Runs every case through each invoker over each link; how many failed. */
int run_suite(const char *group, enum service_style style,
    const struct suite_case *cases, size_t n_cases);
/* The same through the generic stub alone, with add() as in suite_open(). */
int run_cases(const char *group, enum service_style style,
    void (*add)(struct suite *s), const struct suite_case *cases,
    size_t n_cases);

#endif
