/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Clients and a service that do anything in any order, around a whole worker
 * with its libmicrohttpd, in one thread; time passes only when a schedule says
 * so. Each request gets exactly one answer, each call of the service ends once
 * and with all of its responses delivered, and nothing is left behind.
 *
 * The seeds are fixed; SEED and ROUNDS in the environment try others.
 */
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

#include "tests/fuzz/clock.h"
#include "tests/gateway/jobs.h"
#include "tests/gateway/visits.h"

#define VISITS 4u
#define NS_PER_MS 1000000u
#define HOUR_NS (3600000u * (uint64_t)NS_PER_MS)
/* The least of those by default that an unhurried exchange may run into. */
#define TIMEOUT_NS (30000u * (uint64_t)NS_PER_MS)
#define SCHEDULES_PER_WORLD 50u
#define QUIET 40u
#define TURNS_MAX 20000u

struct world {
    struct fixture f;
    struct chance chance;
    struct jobs jobs;
    struct visit visit[VISITS];
    unsigned n_visits;
    unsigned tag;
    bool is_done;       /* the test came to its end */
    uint64_t passed_ns; /* in this schedule */
    bool is_draining;
    bool is_over;      /* the worker's loop has ended */
    unsigned n_opened; /* worlds, so far */
    char folder[40];
    char address[64]; /* of the service, for gRPC */
    uint64_t trace;   /* of all that could be seen, step by step */
};

/* The schedule that runs, for who has to find out what failed. */
static uint64_t seed;

/* Whether the loop has anything left. */
static bool
pass(struct world *w, uint64_t ns)
{
    if (w->is_over)
        return false;
    w->passed_ns += ns;
    fuzz_clock_step(ns);
    w->is_over = uv_run(&w->f.worker->uv, UV_RUN_NOWAIT) == 0;
    return !w->is_over;
}

static void
turn(struct world *w)
{
    pass(w, 0);
}

/* ---- A schedule ----------------------------------------------------------- */

static void
let_client_act(struct world *w)
{
    struct chance *c = &w->chance;
    struct visit *v;

    if (w->n_visits < VISITS && !w->is_draining &&
        chance_once_in(c, 1 + w->n_visits * 4)) {
        visit_begin(&w->visit[w->n_visits++], c, w->f.worker, &w->tag);
        return;
    }
    v = &w->visit[chance_below(c, w->n_visits)];
    switch (chance_below(c, 16)) {
    case 0:
        visit_say(v, 1);
        break;
    case 1:
        visit_hear(v, 1 + chance_below(c, 20));
        break;
    case 2:
        visit_hear(v, VISIT_HEARD);
        break;
    case 3:
        if (chance_once_in(c, 8))
            visit_shut(v);
        break;
    case 4:
        if (chance_once_in(c, 6))
            visit_leave(v);
        break;
    case 5:
    case 6:
    case 7:
        visit_say(v, 1 + chance_below(c, 200));
        break;
    default:
        visit_say(v, VISIT_SAID);
        break;
    }
}

static uint64_t
mix(uint64_t trace, uint64_t value)
{
    return (trace ^ value) * 0x100000001b3u;
}

static void
note(struct world *w)
{
    for (unsigned i = 0; i < w->n_visits; i++) {
        w->trace = mix(w->trace, w->visit[i].said);
        w->trace = mix(w->trace, w->visit[i].heard);
        w->trace = mix(w->trace, w->visit[i].has_ended);
    }
    w->trace = mix(w->trace, w->jobs.n);
    w->trace = mix(w->trace, jobs_terminated(&w->jobs));
}

static void
step(struct world *w)
{
    static const uint64_t durations[] = { 1, 40, 60, 100, 1000, 3000, 20000 };
    unsigned n;

    switch (chance_below(&w->chance, 10)) {
    case 0:
    case 1:
    case 2:
        if (w->n_visits > 0 || !w->is_draining)
            let_client_act(w);
        break;
    case 3:
    case 4:
    case 5:
        jobs_act(&w->jobs);
        break;
    case 6:
        if (!chance_once_in(&w->chance, 4))
            break;
        n = chance_below(&w->chance, sizeof durations / sizeof durations[0]);
        pass(w, durations[n] * NS_PER_MS);
        break;
    default:
        for (n = chance_below(&w->chance, 4); n > 0; n--)
            turn(w);
        break;
    }
    note(w);
}

/* ---- How it ends ---------------------------------------------------------- */

/* All that can be said is said, all that is to be answered is answered, until
 * nothing moves any more. */
static void
settle(struct world *w)
{
    unsigned n_quiet = 0;

    for (unsigned turns = 0; n_quiet < QUIET; turns++) {
        uint64_t before = w->trace;
        bool has_moved = false;
        unsigned n_ended = jobs_terminated(&w->jobs);

        assert_in_range(turns, 0, TURNS_MAX);
        for (unsigned i = 0; i < w->n_visits; i++) {
            has_moved = visit_say(&w->visit[i], VISIT_SAID) || has_moved;
            has_moved = visit_hear(&w->visit[i], VISIT_HEARD) || has_moved;
        }
        jobs_finish(&w->jobs);
        turn(w);
        has_moved = has_moved || n_ended != jobs_terminated(&w->jobs);
        n_quiet = has_moved ? 0 : n_quiet + 1;
        w->trace = before;
    }
    note(w);
}

/* What the service has completed well reached the client as it was, if it had
 * the time. */
static void
check_delivery(const struct world *w, const struct visit_request *r,
    const struct visit_answer *a, const struct job *j)
{
    bool is_well = a->status < 400 && a->is_whole && !a->has_failure;
    bool was_late = r->has_deadline || w->passed_ns >= TIMEOUT_NS;

    if (j->code == 0 && !is_well && !was_late)
        fail_msg("%s: completed, and yet %d", j->method, a->status);
    if (is_well && strcmp(j->method, "AddBooks") != 0 &&
        a->n_tags != j->n_responses)
        fail_msg("%s: %u responses of %u", j->method, a->n_tags,
            j->n_responses);
    if (j->code != 0 && is_well && a->status != 101)
        fail_msg("%s: failed with %d, and yet %d", j->method, j->code,
            a->status);
}

static void
check_answer(const struct world *w, const struct visit *v, unsigned i)
{
    const struct visit_request *r = &v->request[i];
    const struct visit_answer *a = &v->answer[i];
    const struct job *j = jobs_find(&w->jobs, r->tag);
    bool is_there = v->fd >= 0 && !v->is_shut; /* who sends no more has left */

    assert_false(a->is_after_close);
    if (r->is_bad)
        assert_in_range(a->status, 400, 499);
    else if (j != NULL && j->is_answered && !j->is_given_up && is_there)
        check_delivery(w, r, a, j);
}

/* A client that stays has an answer for each request, unless the last one it has
 * says that the connection ends, or breaks off. */
static void
check_visit(const struct world *w, struct visit *v)
{
    unsigned n_said = visit_n_said(v);
    const struct visit_answer *last;

    visit_read_answers(v);
    for (unsigned i = 0; i < v->n_answers; i++)
        check_answer(w, v, i);
    if (v->fd < 0)
        return;
    last = v->n_answers > 0 ? &v->answer[v->n_answers - 1] : NULL;
    if (!v->has_ended && v->n_answers != n_said)
        fail_msg("%u requests, %u answers", n_said, v->n_answers);
    if (v->has_ended && v->n_answers < n_said &&
        (last == NULL || (last->is_whole && !last->says_close)))
        fail_msg("%u requests, %u answers, and an end", n_said, v->n_answers);
    for (unsigned i = 0; i + 1 < v->n_answers; i++)
        assert_true(v->answer[i].is_whole);
}

/* The clients leave, if time does not part them from the worker before. */
static void
leave(struct world *w)
{
    unsigned turns = 0;

    for (unsigned i = 0; i < 4 && chance_once_in(&w->chance, 2); i++)
        pass(w, HOUR_NS);
    for (unsigned i = 0; i < w->n_visits; i++)
        visit_leave(&w->visit[i]);
    while (w->f.worker->n_connections > 0 || w->f.worker->n_exchanges > 0 ||
        jobs_terminated(&w->jobs) < w->jobs.n) {
        assert_in_range(turns++, 0, TURNS_MAX);
        jobs_finish(&w->jobs);
        pass(w, turns > 100 ? NS_PER_MS : 0);
    }
    note(w);
}

static void
run_steps(struct world *w)
{
    for (unsigned n = 5 + chance_below(&w->chance, 200); n > 0; n--)
        step(w);
}

static void
begin_schedule(struct world *w)
{
    w->chance.state = seed;
    w->n_visits = 0;
    w->tag = 1;
    w->passed_ns = 0;
    jobs_begin(&w->jobs, &w->chance);
    run_steps(w);
}

static void
run_schedule(struct world *w)
{
    begin_schedule(w);
    settle(w);
    for (unsigned i = 0; i < w->n_visits; i++)
        check_visit(w, &w->visit[i]);
    leave(w);
}

/* The worker is told to drain in the midst of it: it comes to its end with what
 * still goes on, or in spite of it. */
static void
run_drained_schedule(struct world *w)
{
    unsigned turns = 0;

    begin_schedule(w);
    w->is_draining = true;
    fixture_drain(&w->f);
    run_steps(w);
    while (pass(w, 100 * NS_PER_MS)) {
        assert_in_range(turns++, 0, TURNS_MAX);
        for (unsigned i = 0; i < w->n_visits; i++)
            visit_hear(&w->visit[i], VISIT_HEARD);
    }
    for (unsigned i = 0; i < w->n_visits; i++) {
        while (visit_hear(&w->visit[i], VISIT_HEARD))
            continue;
        assert_true(w->visit[i].fd < 0 || w->visit[i].has_ended);
        visit_read_answers(&w->visit[i]);
        visit_leave(&w->visit[i]);
    }
    fixture_free(&w->f);
    assert_int_equal(jobs_terminated(&w->jobs), w->jobs.n);
}

/* ---- The tests ------------------------------------------------------------ */

/* The calls go over gRPC, through a socket, or straight. */
static void
open_world(struct world *w, bool is_far)
{
    static const char route_file[] =
        "upstreams: {near: {target: \"inproc:library\", schema: l.pb},"
        " far: {target: \"%s\", schema: l.pb}}\n"
        "services: [{name: sluice.example.library.v1.Library,"
        " upstream: %s}]\n";
    struct gw_inproc service = jobs_service(&w->jobs);
    char text[512];

    fuzz_clock_reset();
    w->trace = 0xcbf29ce484222325u;
    w->jobs.n = 0;
    w->is_draining = false;
    w->is_over = false;
    snprintf(w->address, sizeof w->address, "unix:%s/%u", w->folder,
        w->n_opened++);
    snprintf(text, sizeof text, route_file, w->address,
        is_far ? "far" : "near");
    fixture_open_serving(&w->f, text, &service, w->address);
}

static void
close_world(struct world *w)
{
    unsigned turns = 0;

    fixture_drain(&w->f);
    while (pass(w, NS_PER_MS))
        assert_in_range(turns++, 0, TURNS_MAX);
    fixture_free(&w->f);
}

static unsigned
from_environment(const char *name, unsigned otherwise)
{
    const char *text = getenv(name);

    return text == NULL ? otherwise : (unsigned)strtoul(text, NULL, 10);
}

static void
test_each_request_has_one_answer_and_each_call_one_end(void **state)
{
    struct world *w = *state;
    unsigned rounds = from_environment("ROUNDS", 2000);

    seed = from_environment("SEED", 1) * (uint64_t)SCHEDULES_PER_WORLD;
    for (unsigned i = 0; i < rounds; i++, seed++) {
        if (i % SCHEDULES_PER_WORLD == 0)
            open_world(w, seed / SCHEDULES_PER_WORLD % 2 == 1);
        run_schedule(w);
        if (i % SCHEDULES_PER_WORLD == SCHEDULES_PER_WORLD - 1 ||
            i == rounds - 1)
            close_world(w);
    }
    w->is_done = true;
}

static void
test_a_worker_that_drains_comes_to_its_end_with_all_of_it(void **state)
{
    struct world *w = *state;
    unsigned rounds = from_environment("ROUNDS", 2000) / 5;

    seed = from_environment("SEED", 1) * (uint64_t)SCHEDULES_PER_WORLD;
    for (unsigned i = 0; i < rounds; i++, seed++) {
        open_world(w, seed % 2 == 1);
        run_drained_schedule(w);
    }
    w->is_done = true;
}

static void
test_a_seed_has_one_course(void **state)
{
    struct world *w = *state;

    for (seed = 1; seed <= 60; seed++) {
        uint64_t trace;

        open_world(w, seed % 2 == 1);
        run_schedule(w);
        trace = w->trace;
        close_world(w);
        open_world(w, seed % 2 == 1);
        run_schedule(w);
        assert_true(trace == w->trace);
        close_world(w);
    }
    w->is_done = true;
}

static int
setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);

    if (w == NULL)
        return -1;
    signal(SIGPIPE, SIG_IGN);
    snprintf(w->folder, sizeof w->folder, "/tmp/sluice-schedules-XXXXXX");
    if (mkdtemp(w->folder) == NULL)
        return -1;
    *state = w;
    return 0;
}

static int
teardown(void **state)
{
    struct world *w = *state;

    rmdir(w->folder);
    free(w);
    return 0;
}

/* What SEED has to be to see it again, alone. */
static int
tell_seed(void **state)
{
    struct world *w = *state;

    if (!w->is_done)
        print_error("it is in SEED=%llu ROUNDS=%u\n",
            (unsigned long long)(seed / SCHEDULES_PER_WORLD),
            SCHEDULES_PER_WORLD);
    w->is_done = false;
    return 0;
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(
            test_each_request_has_one_answer_and_each_call_one_end, tell_seed),
        cmocka_unit_test_teardown(
            test_a_worker_that_drains_comes_to_its_end_with_all_of_it,
            tell_seed),
        cmocka_unit_test_teardown(test_a_seed_has_one_course, tell_seed),
    };

    return cmocka_run_group_tests(tests, setup, teardown);
}
