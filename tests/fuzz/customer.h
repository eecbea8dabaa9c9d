/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/fuzz/customer.h - customers of the base layer who know the rules: what
 * they hear is checked against what the other side said, its order, and how
 * much of it they granted (speaker.h), and what they do against what must
 * come of it.
 *
 * Every customer listens for the end of its operation from the first moment.
 */
#ifndef TESTS_FUZZ_CUSTOMER_H
#define TESTS_FUZZ_CUSTOMER_H

#include "tests/fuzz/speaker.h"

#define FUZZ_CALLBACKS 3

struct fuzz_callback {
    struct sluice_termination_callback base;
    struct fuzz_customer *owner;
    unsigned place; /* in order of registration */
};

struct fuzz_customer {
    struct fuzz_watch *watch;
    struct fuzz_speaker says;
    const struct fuzz_speaker *hears; /* NULL: nobody so far */
    const struct fuzz_customer *peer; /* NULL: nobody, or no customer */
    struct sluice_operation *op;      /* NULL: it came to nothing */
    struct sluice_end *end;           /* whose it is */
    uint64_t due_ns;                  /* when it must have ended */
    bool is_invoker;
    bool is_lent; /* op is, by the library, until it has terminated */
    unsigned holds;

    /* How it behaves */
    struct sluice_subscription subscription;
    bool is_subscription_valid;
    bool reacts;
    enum sluice_reply reply;
    unsigned good_replies; /* before that one */

    /* What it heard */
    bool is_called;
    bool heard_metadata;
    bool heard_completion;
    bool has_code;
    int32_t code;
    unsigned payloads;
    int64_t announced;
    unsigned contexts;

    /* How it ended */
    struct fuzz_callback callbacks[FUZZ_CALLBACKS];
    struct fuzz_callback subscribed; /* TERMINATION_ONLY's */
    unsigned listening;              /* of callbacks */
    unsigned registered;
    unsigned told;
    bool has_ended;
    enum sluice_outcome_kind kind;
    bool outcome_has_code;
};

/* Chooses how it behaves. */
void fuzz_customer_init(struct fuzz_customer *c, struct fuzz_watch *watch,
    bool is_invoker);

/* It has got an operation; lent: no hold comes with it. */
void fuzz_customer_begin(struct fuzz_customer *c, struct sluice_operation *op,
    bool is_lent);

/* Its subscription has been accepted: a servicer's customer says so. */
void fuzz_customer_subscribed(struct fuzz_customer *c);

/* May it call the library about its operation? */
bool fuzz_customer_can_act(const struct fuzz_customer *c);

/* Whether its operation has terminated. */
bool fuzz_customer_is_over(const struct fuzz_customer *c);

/* Those that can act may: */
void fuzz_customer_advance(struct fuzz_customer *c);
void fuzz_customer_cancel(struct fuzz_customer *c);
void fuzz_customer_fail(struct fuzz_customer *c);
void fuzz_customer_listen(struct fuzz_customer *c);
void fuzz_customer_ref(struct fuzz_customer *c);
/* Asks what changes nothing. */
void fuzz_customer_look(const struct fuzz_customer *c);

/* Those with a hold may, also when all else is gone. */
void fuzz_customer_unref(struct fuzz_customer *c);

/* When nothing moves any more: all that was granted has been delivered. */
void fuzz_customer_check_rest(const struct fuzz_customer *c);

/* Around the code of a customer. */
void fuzz_customer_enter(struct fuzz_customer *c);
enum sluice_reply fuzz_customer_leave(struct fuzz_customer *c);

#endif
