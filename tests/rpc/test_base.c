/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_base.c - conversations of two correct customers, watched by a
 * controller that knows what is under way in either direction.
 *
 * The controller lets the next step happen only when nothing at all is under
 * way, allowances included: an implementation that keeps one to itself stalls.
 * Each conversation is held four times: answered from inside the callback or
 * from another thread; with the very same objects in process, with equal ones
 * over gRPC.
 */
#include <stdlib.h>

#include "tests/rpc/base_world.h"

#define PAYLOAD_SIZE 262161u /* 256 KiB + 17 */
#define MAX_QUEUED 4u

enum side { INVOKER, SERVICE };

/* What flows from one side to the other. */
struct direction {
    enum join_kind over;
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

struct talk_case {
    const char *name;
    const struct step *steps;
    size_t count;
    bool is_async;
    enum join_kind over;
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
            (d->allowance_in_flight > 0 && !is_grpc(d->over)) ||
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
check_metadata(const struct direction *d, const struct sluice_metadata *got,
    const struct sluice_metadata *sent)
{
    const struct sluice_str which = sluice_str("which");

    if (!is_grpc(d->over))
        assert_ptr_equal(got, sent);
    assert_non_null(got);
    assert_true(sluice_str_equal(sluice_metadata_find(got, which),
        sluice_metadata_find(sent, which)));
}

static void
check_payload(struct direction *d, struct sluice_bytes *payload)
{
    const struct sluice_bytes *sent;

    assert_false(d->completion_received);
    assert_true(d->payloads_received < d->payloads_sent);
    assert_true(d->allowance_of_receiver >= 1);
    sent = d->payloads[d->payloads_received];
    if (!is_grpc(d->over))
        assert_ptr_equal(payload, sent);
    assert_int_equal(sluice_bytes_size(payload), sluice_bytes_size(sent));
    assert_memory_equal(sluice_bytes_data(payload), sluice_bytes_data(sent),
        sluice_bytes_size(sent));
    d->payloads_received++;
    d->allowance_of_receiver--;
}

/* Over gRPC, an invoker's has no members, and a service's has code 0. */
static void
check_completion(struct direction *d, const struct sluice_completion *c,
    enum side receiver)
{
    assert_true(d->completion_in_flight);
    assert_false(d->completion_received);
    if (is_grpc(d->over) && receiver == SERVICE)
        assert_null(c->terminal_metadata);
    else
        check_metadata(d, c->terminal_metadata, d->terminal);
    assert_int_equal(c->has_code, is_grpc(d->over) && receiver == INVOKER);
    assert_int_equal(c->code, 0);
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
        check_metadata(d, v->initial_metadata, d->metadata);
        d->metadata_in_flight = false;
        d->metadata_received = true;
    }
    if (v->payload != NULL)
        check_payload(d, v->payload);
    if (v->completion != NULL)
        check_completion(d, v->completion, side);
    assert_true(v->allowance >= 0);
    if (!is_grpc(d->over))
        d->allowance_in_flight -= v->allowance;
    assert_true(d->allowance_in_flight >= 0);
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
    assert_true(sluice_str_equal(group, sluice_str("test-group")));
    assert_true(sluice_str_equal(method, sluice_str("test-method")));
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
        .group = sluice_str("test-group"),
        .method = sluice_str("test-method"),
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

static struct sluice_metadata *
metadata_of(struct talk *t, const char *which)
{
    struct sluice_metadata *md = sluice_metadata_new(t->w.pool);

    assert_non_null(md);
    assert_int_equal(sluice_metadata_add(md, sluice_str("which"),
                         sluice_str(which)),
        SLUICE_OK);
    return md;
}

static void
talk_init(struct talk *t, const struct talk_case *c)
{
    static const char *const names[2][2] = {
        { "invocation initial", "invocation terminal" },
        { "service initial", "service terminal" },
    };
    struct direction *d;
    unsigned side;

    world_init(&t->w, c->over);
    t->w.servicer.service = serve;
    t->steps = c->steps;
    t->count = c->count;
    t->is_async = c->is_async;
    t->seed = (unsigned)uv_hrtime();
    print_message("seed %u\n", t->seed);
    for (side = INVOKER; side <= SERVICE; side++) {
        d = &t->from[side];
        d->over = c->over;
        d->metadata = metadata_of(t, names[side][0]);
        d->terminal = metadata_of(t, names[side][1]);
        d->allowance_of_receiver = 1;
    }
}

static void
hold_talk(void **state)
{
    struct talk *t = calloc(1, sizeof(*t));
    struct direction *d;
    unsigned i;

    assert_non_null(t);
    talk_init(t, *state);

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

#define TALK(what, steps, count, is_async)                \
    { what, steps, count, is_async, IN_PROCESS },         \
    {                                                     \
        what " (gRPC)", steps, count, is_async, OVER_UNIX \
    }

static const struct talk_case talks[] = {
    TALK("one ticket each way, answered in the callback", easy, 2, false),
    TALK("one ticket each way, answered from a thread", easy, 2, true),
    TALK("two payloads each way, answered in the callback", peasy, 4, false),
    TALK("two payloads each way, answered from a thread", peasy, 4, true),
};
#define TALKS (sizeof(talks) / sizeof(talks[0]))

int
main(void)
{
    static struct CMUnitTest tests[TALKS];
    size_t i;

    for (i = 0; i < TALKS; i++) {
        tests[i].name = talks[i].name;
        tests[i].test_func = hold_talk;
        tests[i].initial_state = (void *)(uintptr_t)&talks[i];
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
