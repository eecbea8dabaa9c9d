/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/fuzz/crowd.h - a loop whose time the target controls, and the customers
 * on it: what they do is chosen by the input, also within their own calls.
 */
#ifndef TESTS_FUZZ_CROWD_H
#define TESTS_FUZZ_CROWD_H

#include <uv.h>

#include "tests/fuzz/customer.h"

#define FUZZ_CUSTOMERS 40

/* What the target acts upon: it has a crowd in it, and is the target's own. */
struct world;

/* What may happen next, beside what customers do about their operations. */
struct fuzz_act {
    void (*run)(struct world *w); /* NULL: time passes */
    bool is_for_anybody;          /* or outside of customers' calls only */
};

struct fuzz_crowd {
    struct fuzz_watch watch;
    uv_loop_t uv;
    struct sluice_loop *loop;
    struct world *world;
    const struct fuzz_act *acts;
    size_t n_acts;
    size_t customers;
    struct fuzz_customer customer[FUZZ_CUSTOMERS];
};

/* What becomes of an input: a new world is opened; in it comes one act after the
 * other, as the input chooses, until it ends, some within the calls of customers;
 * then nobody acts any more, memory is not short, and the world is closed. Handles
 * that were kept are dropped, and nothing must be left. */
struct fuzz_play {
    size_t size; /* of struct world, which begins with its crowd */
    void (*open)(struct world *w);
    void (*close)(struct world *w); /* its Ends are gone then */
    const struct fuzz_act *acts;
    size_t n_acts;
};

/* The target's, which crowd.c is the entry of. */
extern const struct fuzz_play fuzz_play;

/* A timer's round and one of libuv's, without sleeping. Whether a task is
 * queued or a handle of libuv's active. */
bool fuzz_crowd_turn(struct fuzz_crowd *crowd);

/* Turns until somebody has set the flag. */
void fuzz_crowd_turn_until(struct fuzz_crowd *crowd, const bool *flag);

/* When nothing moves any more. */
void fuzz_crowd_check_rest(const struct fuzz_crowd *crowd);

/* A link gives each broken reception a code; one without comes from the base
 * layer, which was told of what the link must not let through. */
void fuzz_crowd_check_codes(const struct fuzz_crowd *crowd);

/* One more customer. NULL: there are too many. */
struct fuzz_customer *fuzz_crowd_add(struct fuzz_crowd *crowd,
    struct sluice_end *end, bool is_invoker);

/* An operation by a new customer: invocation has its method (absent: the
 * address of its speaker), the rest is chosen. Whether there is one. */
bool fuzz_crowd_operate(struct fuzz_crowd *crowd, struct sluice_end *end,
    struct sluice_invocation *invocation);

/* For servicers: c is asked, and what it replies. */
enum sluice_reply fuzz_crowd_serve(struct fuzz_customer *c,
    struct sluice_operation *op, struct sluice_subscription *subscription,
    struct sluice_no_such_method *no_such_method);

int64_t fuzz_choose_duration(struct fuzz_input *in);

#endif
