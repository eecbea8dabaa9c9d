/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_base_matrix.c - conversations of every shape with every
 * ending: half or full duplex; 0, 1 or 200 payloads each way; each of six
 * endings; every payload passed inside the callback or from another thread;
 * over each link.
 */
#include <stdlib.h>

#include "tests/rpc/base_world.h"

#define MANY 200

enum ending {
    COMPLETION,
    CANCELLED_BY_INVOKER,
    CANCELLED_BY_SERVICE,
    EXPIRATION,
    SERVICE_DEFECT,
    INVOKER_DEFECT,
    ENDINGS
};

static const struct {
    const char *name;
    enum sluice_outcome_kind invoker;
    enum sluice_outcome_kind service;
} endings[] = {
    [COMPLETION] = { "completed", SLUICE_COMPLETED, SLUICE_COMPLETED },
    [CANCELLED_BY_INVOKER] = { "cancelled by the invoker", SLUICE_CANCELLED,
        SLUICE_CANCELLED },
    [CANCELLED_BY_SERVICE] = { "cancelled by the service", SLUICE_CANCELLED,
        SLUICE_CANCELLED },
    [EXPIRATION] = { "expired", SLUICE_EXPIRED, SLUICE_EXPIRED },
    [SERVICE_DEFECT] = { "ended by a defect of the service",
        SLUICE_REMOTE_FAILURE, SLUICE_LOCAL_FAILURE },
    [INVOKER_DEFECT] = { "ended by a defect of the invoker",
        SLUICE_LOCAL_FAILURE, SLUICE_REMOTE_FAILURE },
};

struct cell {
    bool is_full_duplex;
    bool is_async;
    int payloads;
    enum ending ending;
    enum join_kind over;
    char name[112];
};

/* One side: sends its payloads as allowance comes, then ends its part. */
struct speaker {
    struct talk *talk;
    struct party *party;
    int to_send;
    int to_receive;
    bool may_speak;
    bool has_finished;
    bool is_going; /* a thread will come back for it */
    bool has_ended;
    struct sluice_termination_callback on_ended;
};

struct talk {
    struct world w;
    const struct cell *cell;
    struct speaker invoker;
    struct speaker service;
};

/* ------------------------------------------------------------ speaking */

static bool
is_the_one(const struct speaker *s, enum ending invokers, enum ending services)
{
    enum ending ending = s->talk->cell->ending;

    return s == &s->talk->invoker ? ending == invokers : ending == services;
}

/* The last thing to say, once all payloads are out and in. */
static void
finish(struct speaker *s)
{
    s->has_finished = true;
    if (is_the_one(s, CANCELLED_BY_INVOKER, CANCELLED_BY_SERVICE))
        sluice_operation_cancel(s->party->op);
    else if (is_the_one(s, INVOKER_DEFECT, SERVICE_DEFECT))
        sluice_operation_fail(s->party->op);
    else if (s->talk->cell->ending == COMPLETION)
        pass(s->talk->w.pool, s->party->op, "c");
}

static void
speak(void *arg)
{
    struct speaker *s = arg;
    bool speaks_first =
        !s->talk->cell->is_full_duplex && s == &s->talk->invoker;

    s->is_going = false;
    while (!s->has_ended && s->to_send > 0 &&
        sluice_operation_send_budget(s->party->op) > 0) {
        s->to_send--;
        pass(s->talk->w.pool, s->party->op, "px");
    }
    if (s->has_ended || s->has_finished || s->to_send > 0)
        return;
    if (s->to_receive == 0 ||
        (speaks_first && s->talk->cell->ending == COMPLETION))
        finish(s);
}

static void
go_on(struct speaker *s)
{
    if (!s->may_speak || s->is_going)
        return;
    if (!s->talk->cell->is_async) {
        speak(s);
        return;
    }
    s->is_going = true;
    from_a_thread(&s->talk->w, speak, s);
}

/* ----------------------------------------------------------- listening */

static void
on_speaker_ended(struct sluice_termination_callback *cb,
    const struct sluice_outcome *outcome)
{
    struct speaker *s =
        (struct speaker *)((char *)cb - offsetof(struct speaker, on_ended));

    (void)outcome;
    s->has_ended = true;
}

static enum sluice_reply
listen_to(void *arg, const struct sluice_values *v)
{
    struct speaker *s = arg;
    bool had_payload = v->payload != NULL;

    assert_false(s->party->is_called);
    s->party->is_called = true;
    release_values(v);
    if (had_payload) {
        assert_true(s->to_receive > 0);
        s->to_receive--;
        if (s->to_receive > 0)
            pass(s->talk->w.pool, s->party->op, "+1");
    }
    if (s->to_receive == 0)
        s->may_speak = true;
    go_on(s);
    s->party->is_called = false;
    return SLUICE_REPLY_OK;
}

static void
speaker_init(struct talk *t, struct speaker *s, struct party *p)
{
    s->talk = t;
    s->party = p;
    s->to_send = s->to_receive = t->cell->payloads;
    s->on_ended.run = on_speaker_ended;
    s->may_speak = t->cell->is_full_duplex || t->cell->payloads == 0;
}

static enum sluice_reply
serve(struct sluice_servicer *self, struct sluice_str group,
    struct sluice_str method, struct sluice_operation *op,
    struct sluice_subscription *subscription,
    struct sluice_no_such_method *no_such_method)
{
    struct talk *t =
        (struct talk *)((char *)self - offsetof(struct talk, w.servicer));

    (void)group;
    (void)method;
    (void)no_such_method;
    t->w.service.op = op;
    listen_for_end(&t->w.service, op);
    sluice_operation_add_termination_callback(op, &t->service.on_ended);
    *subscription = sluice_full_subscription(listen_to, &t->service);
    go_on(&t->service);
    return SLUICE_REPLY_OK;
}

static void
hold_talk(void **state)
{
    const struct cell *cell = *state;
    struct talk *t = calloc(1, sizeof(*t));
    struct sluice_invocation i;

    assert_non_null(t);
    world_init(&t->w, cell->over);
    t->w.servicer.service = serve;
    t->cell = cell;
    speaker_init(t, &t->invoker, &t->w.invoker);
    speaker_init(t, &t->service, &t->w.service);
    t->invoker.may_speak = true;

    i = full_invocation(&t->w.invoker);
    i.subscription = sluice_full_subscription(listen_to, &t->invoker);
    if (cell->ending == EXPIRATION)
        i.timeout_ns = 2 * SLUICE_MS;
    assert_int_equal(sluice_end_operate(t->w.invoking, &i, &t->w.invoker.op),
        SLUICE_OK);
    listen_for_end(&t->w.invoker, t->w.invoker.op);
    sluice_operation_add_termination_callback(t->w.invoker.op,
        &t->invoker.on_ended);
    /* Time for the service to be asked, or nobody would hear of its end. */
    if (cell->payloads == 0 && cell->ending != EXPIRATION)
        settle(&t->w);
    go_on(&t->invoker);
    run_to_the_end(&t->w);

    ended(&t->w.invoker, endings[cell->ending].invoker);
    stat_is(t->w.invoking, endings[cell->ending].invoker, 1);
    if (cell->ending == EXPIRATION && t->w.service.op != NULL)
        expired_there(&t->w);
    else if (cell->ending != EXPIRATION) {
        ended(&t->w.service, endings[cell->ending].service);
        stat_is(t->w.serving, endings[cell->ending].service, 1);
    }
    if (cell->ending == COMPLETION)
        assert_int_equal(t->invoker.to_send + t->invoker.to_receive +
                t->service.to_send + t->service.to_receive,
            0);
    world_fini(&t->w);
    free(t);
}

/* ----------------------------------------------------------- the matrix */

#define CELLS (2 * 2 * 2 * 3 * ENDINGS)

static void
cell_init(struct cell *c, unsigned number)
{
    static const int payloads[] = { 0, 1, MANY };

    c->is_async = number % 2 != 0;
    c->is_full_duplex = number / 2 % 2 != 0;
    c->payloads = payloads[number / 4 % 3];
    c->over = number / 12 % 2 == 0 ? IN_PROCESS : OVER_UNIX;
    c->ending = (enum ending)(number / 24);
    snprintf(c->name, sizeof(c->name), "%s duplex, %d payloads, %s, %s (%s)",
        c->is_full_duplex ? "full" : "half", c->payloads,
        endings[c->ending].name,
        c->is_async ? "from threads" : "in the callbacks",
        is_grpc(c->over) ? "gRPC" : "in process");
}

int
main(void)
{
    static struct cell cells[CELLS];
    static struct CMUnitTest tests[CELLS];
    unsigned i;

    for (i = 0; i < CELLS; i++) {
        cell_init(&cells[i], i);
        tests[i].name = cells[i].name;
        tests[i].test_func = hold_talk;
        tests[i].initial_state = &cells[i];
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
