/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_base.c - conversations of two correct customers, watched by a
 * controller that knows what is under way in either direction.
 *
 * The controller lets the next step happen only when nothing at all is under
 * way, allowances included: an implementation that keeps one to itself stalls.
 * Each conversation runs twice: answered from inside the callback, and from
 * another thread.
 */
#include <stdlib.h>

#include "tests/rpc/base_world.h"

#define PAYLOAD_SIZE 262161u /* 256 KiB + 17 */
#define MAX_QUEUED 4u

enum side { INVOKER, SERVICE };

/* What flows from one side to the other. */
struct direction {
    struct sluice_metadata *metadata; /* ours, to compare with */
    struct sluice_metadata *terminal;
    bool metadata_in_flight;
    bool metadata_received;
    struct sluice_bytes *payloads[MAX_QUEUED];
    unsigned payloads_sent;
    unsigned payloads_received;
    bool completion_in_flight;
    bool completion_received;
    int allowance_of_receiver; /* granted and not used up */
    int allowance_in_flight;   /* granted by this side to the other */
};

struct step {
    enum side side;
    bool metadata;
    bool payload;
    bool completion;
};

struct talk {
    struct world w;
    struct direction from[2];
    const struct step *steps;
    size_t count;
    size_t next;
    bool is_async;
    bool is_waiting; /* for the thread that will continue */
    unsigned seed;
};

/* ------------------------------------------------------------ sending */

static unsigned
random_below(struct talk *t, unsigned limit)
{
    return (unsigned)rand_r(&t->seed) % limit;
}

/* Noise before or after a longer stretch of sevens. */
static struct sluice_bytes *
make_payload(struct talk *t)
{
    unsigned size = PAYLOAD_SIZE / 600 +
        random_below(t, PAYLOAD_SIZE - PAYLOAD_SIZE / 600 + 1);
    unsigned noise = random_below(t, (size < 13108 ? size : 13108) + 1);
    unsigned start = random_below(t, 2) == 0 ? 0 : size - noise;
    struct sluice_bytes *b = sluice_bytes_new(t->w.pool, size);
    unsigned i;

    assert_non_null(b);
    memset(sluice_bytes_fill(b), 7, size);
    for (i = 0; i < noise; i++)
        sluice_bytes_fill(b)[start + i] = (uint8_t)random_below(t, 256);
    return b;
}

static struct party *
party_of(struct talk *t, enum side side)
{
    return side == INVOKER ? &t->w.invoker : &t->w.service;
}

/* The values of a step, noted as under way. */
static struct sluice_values
prepare(struct talk *t, const struct step *step, struct sluice_completion *c)
{
    struct direction *d = &t->from[step->side];
    struct sluice_values v = { .allowance = 0 };

    if (step->metadata) {
        v.initial_metadata = sluice_metadata_ref(d->metadata);
        d->metadata_in_flight = true;
    }
    if (step->payload) {
        v.payload = make_payload(t);
        d->payloads[d->payloads_sent++] = sluice_bytes_ref(v.payload);
    }
    if (step->completion) {
        memset(c, 0, sizeof(*c));
        c->terminal_metadata = sluice_metadata_ref(d->terminal);
        v.completion = c;
        d->completion_in_flight = true;
    }
    return v;
}

static bool
is_quiet(const struct talk *t)
{
    const struct direction *d;

    for (d = t->from; d < t->from + 2; d++) {
        if (d->metadata_in_flight || d->completion_in_flight ||
            d->allowance_in_flight > 0 ||
            d->payloads_sent > d->payloads_received)
            return false;
    }
    return true;
}

static void
take_step(void *arg)
{
    struct talk *t = arg;
    const struct step *step = &t->steps[t->next];
    struct sluice_completion completion;
    struct sluice_values v;

    t->is_waiting = false;
    t->next++;
    v = prepare(t, step, &completion);
    if (!t->from[!step->side].completion_received) {
        v.allowance = 1;
        t->from[step->side].allowance_in_flight += 1;
        t->from[!step->side].allowance_of_receiver += 1;
    }
    sluice_operation_advance(party_of(t, step->side)->op, &v);
}

static void
go_on(struct talk *t, enum side side)
{
    if (!is_quiet(t) || t->next == t->count || t->is_waiting)
        return;
    assert_int_equal(t->steps[t->next].side, side);
    if (t->is_async) {
        t->is_waiting = true;
        from_a_thread(&t->w, take_step, t);
    } else {
        take_step(t);
    }
}

/* ----------------------------------------------------------- checking */

static void
check_payload(struct direction *d, struct sluice_bytes *payload)
{
    assert_false(d->completion_received);
    assert_true(d->payloads_received < d->payloads_sent);
    assert_true(d->allowance_of_receiver >= 1);
    assert_ptr_equal(payload, d->payloads[d->payloads_received]);
    d->payloads_received++;
    d->allowance_of_receiver--;
}

static void
check_completion(struct direction *d, const struct sluice_completion *c)
{
    assert_true(d->completion_in_flight);
    assert_false(d->completion_received);
    assert_ptr_equal(c->terminal_metadata, d->terminal);
    assert_false(c->has_code);
    assert_null(c->message.ptr);
    d->completion_in_flight = false;
    d->completion_received = true;
}

/* What side receives comes from the other one. */
static enum sluice_reply
receive(struct talk *t, enum side side, const struct sluice_values *v)
{
    struct direction *d = &t->from[!side];

    if (v->initial_metadata != NULL) {
        assert_true(d->metadata_in_flight);
        assert_int_equal(d->payloads_received, 0);
        assert_false(d->completion_received);
        assert_ptr_equal(v->initial_metadata, d->metadata);
        d->metadata_in_flight = false;
        d->metadata_received = true;
    }
    if (v->payload != NULL)
        check_payload(d, v->payload);
    if (v->completion != NULL)
        check_completion(d, v->completion);
    assert_true(v->allowance >= 0);
    d->allowance_in_flight -= v->allowance;
    release_values(v);
    go_on(t, side);
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
invoker_advance(void *arg, const struct sluice_values *v)
{
    return receive(arg, INVOKER, v);
}

static enum sluice_reply
service_advance(void *arg, const struct sluice_values *v)
{
    return receive(arg, SERVICE, v);
}

static enum sluice_reply
serve(struct sluice_servicer *self, struct sluice_str group,
    struct sluice_str method, struct sluice_operation *op,
    struct sluice_subscription *subscription,
    struct sluice_no_such_method *no_such_method)
{
    struct world *w =
        (struct world *)((char *)self - offsetof(struct world, servicer));

    (void)no_such_method;
    assert_true(sluice_str_equal(group, sluice_str("test group")));
    assert_true(sluice_str_equal(method, sluice_str("test method")));
    w->service.op = op;
    listen_for_end(&w->service, op);
    *subscription = sluice_full_subscription(service_advance, w);
    subscription->protocol_receiver.context = party_context;
    subscription->protocol_receiver.arg = &w->service;
    return SLUICE_REPLY_OK;
}

/* ------------------------------------------------------ conversations */

static void
start_talking(struct talk *t)
{
    struct sluice_invocation i = {
        .group = sluice_str("test group"),
        .method = sluice_str("test method"),
        .subscription = sluice_full_subscription(invoker_advance, t),
        .timeout_ns = LONG_TIMEOUT,
    };
    struct sluice_completion completion;

    i.subscription.protocol_receiver.context = party_context;
    i.subscription.protocol_receiver.arg = &t->w.invoker;
    t->next = 1;
    i.first = prepare(t, &t->steps[0], &completion);
    assert_int_equal(sluice_end_operate(t->w.invoking, &i, &t->w.invoker.op),
        SLUICE_OK);
    listen_for_end(&t->w.invoker, t->w.invoker.op);
}

static void
check_the_end(struct talk *t)
{
    struct direction *d;

    assert_int_equal(t->next, t->count);
    ended(&t->w.invoker, SLUICE_COMPLETED);
    ended(&t->w.service, SLUICE_COMPLETED);
    stat_is(t->w.invoking, SLUICE_COMPLETED, 1);
    stat_is(t->w.serving, SLUICE_COMPLETED, 1);
    assert_int_equal(t->w.invoker.contexts, 1);
    assert_int_equal(t->w.service.contexts, 1);
    for (d = t->from; d < t->from + 2; d++) {
        assert_true(d->metadata_received);
        assert_true(d->completion_received);
    }
}

static void
hold_talk(const struct step *steps, size_t count, bool is_async)
{
    struct talk *t = calloc(1, sizeof(*t));
    struct direction *d;
    unsigned i;

    assert_non_null(t);
    world_init(&t->w);
    t->w.servicer.service = serve;
    t->steps = steps;
    t->count = count;
    t->is_async = is_async;
    t->seed = (unsigned)uv_hrtime();
    print_message("seed %u\n", t->seed);
    for (d = t->from; d < t->from + 2; d++) {
        d->metadata = sluice_metadata_new(t->w.pool);
        d->terminal = sluice_metadata_new(t->w.pool);
        d->allowance_of_receiver = 1;
    }

    start_talking(t);
    run_to_the_end(&t->w);
    check_the_end(t);

    for (d = t->from; d < t->from + 2; d++) {
        sluice_metadata_unref(&d->metadata);
        sluice_metadata_unref(&d->terminal);
        for (i = 0; i < d->payloads_sent; i++)
            sluice_bytes_unref(&d->payloads[i]);
    }
    world_fini(&t->w);
    free(t);
}

static const struct step easy[] = {
    { INVOKER, true, true, true },
    { SERVICE, true, true, true },
};

static const struct step peasy[] = {
    { INVOKER, true, true, false },
    { SERVICE, true, true, false },
    { INVOKER, false, true, true },
    { SERVICE, false, true, true },
};

static void
one_ticket_each_way_answered_in_the_callback(void **state)
{
    (void)state;
    hold_talk(easy, 2, false);
}

static void
one_ticket_each_way_answered_from_a_thread(void **state)
{
    (void)state;
    hold_talk(easy, 2, true);
}

static void
two_payloads_each_way_answered_in_the_callback(void **state)
{
    (void)state;
    hold_talk(peasy, 4, false);
}

static void
two_payloads_each_way_answered_from_a_thread(void **state)
{
    (void)state;
    hold_talk(peasy, 4, true);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(one_ticket_each_way_answered_in_the_callback),
        cmocka_unit_test(one_ticket_each_way_answered_from_a_thread),
        cmocka_unit_test(two_payloads_each_way_answered_in_the_callback),
        cmocka_unit_test(two_payloads_each_way_answered_from_a_thread),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
