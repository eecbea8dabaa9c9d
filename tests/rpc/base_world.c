/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/base_world.c - see base_world.h.
 */
#include "tests/rpc/base_world.h"

#include <poll.h>
#include <stdlib.h>

/* -------------------------------------------------------------- words */

static void
read_completion(const char *word, struct words *s)
{
    const char *colon = strchr(word, ':');

    memset(&s->completion, 0, sizeof(s->completion));
    s->values.completion = &s->completion;
    if (*word == '\0')
        return;
    s->completion.has_code = true;
    s->completion.code = (int32_t)strtol(word, NULL, 10);
    if (colon == NULL)
        return;
    snprintf(s->message, sizeof(s->message), "%s", colon + 1);
    s->completion.message = sluice_str(s->message);
}

static struct sluice_metadata *
metadata_of(struct sluice_pool *pool, const char *word)
{
    struct sluice_metadata *md = sluice_metadata_new(pool);

    assert_non_null(md);
    if (word != NULL)
        assert_int_equal(sluice_metadata_add(md, sluice_str("word"),
                             sluice_str(word)),
            SLUICE_OK);
    return md;
}

static void
read_word(struct sluice_pool *pool, const char *word, struct words *s)
{
    struct sluice_values *v = &s->values;

    switch (word[0]) {
    case 'm':
        v->initial_metadata = metadata_of(pool, "m");
        break;
    case 'e':
        v->initial_metadata = metadata_of(pool, NULL);
        break;
    case 't':
        assert_ptr_equal(v->completion, &s->completion);
        s->completion.terminal_metadata = metadata_of(pool, "t");
        break;
    case 'p':
        v->payload = sluice_bytes_copy(pool, word + 1, strlen(word + 1));
        assert_non_null(v->payload);
        break;
    case 'c':
        read_completion(word + 1, s);
        break;
    case '+':
        v->allowance = (int)strtol(word + 1, NULL, 10);
        break;
    default:
        fail_msg("no such word: %s", word);
    }
}

void
read_words(struct sluice_pool *pool, const char *words, struct words *s)
{
    char copy[4096], *rest = copy, *word;

    memset(s, 0, sizeof(*s));
    snprintf(copy, sizeof(copy), "%s", words);
    while ((word = strsep(&rest, " ")) != NULL) {
        if (*word != '\0')
            read_word(pool, word, s);
    }
}

void
log_text(char *log, size_t size, const char *format, ...)
{
    size_t len = strlen(log);
    va_list args;

    va_start(args, format);
    assert_true(
        vsnprintf(log + len, size - len, format, args) < (int)(size - len));
    va_end(args);
}

static bool
is_word(const struct sluice_metadata *metadata, const char *word)
{
    return sluice_str_equal(sluice_metadata_find(metadata, sluice_str("word")),
        sluice_str(word));
}

/* What a link has added by itself is neither. */
static void
log_metadata(char *log, size_t size, const struct sluice_metadata *metadata)
{
    if (is_word(metadata, "m"))
        log_text(log, size, "m ");
    else if (metadata != NULL && sluice_metadata_count(metadata) == 0)
        log_text(log, size, "e ");
}

static void
log_completion(char *log, size_t size, const struct sluice_completion *c)
{
    log_text(log, size, "c");
    if (c->has_code)
        log_text(log, size, "%d", (int)c->code);
    if (c->message.ptr != NULL)
        log_text(log, size, ":%.*s", (int)c->message.len, c->message.ptr);
    log_text(log, size, is_word(c->terminal_metadata, "t") ? " t " : " ");
}

void
log_words(char *log, size_t size, const struct sluice_values *v)
{
    log_metadata(log, size, v->initial_metadata);
    if (v->payload != NULL)
        log_text(log, size, "p%.*s ", (int)sluice_bytes_size(v->payload),
            (const char *)sluice_bytes_data(v->payload));
    if (v->completion != NULL)
        log_completion(log, size, v->completion);
    if (v->allowance != 0)
        log_text(log, size, "+%d ", v->allowance);
    if (*log != '\0')
        log[strlen(log) - 1] = '\0';
}

void
release_values(const struct sluice_values *v)
{
    struct sluice_metadata *md = v->initial_metadata;
    struct sluice_bytes *payload = v->payload;

    sluice_metadata_unref(&md);
    sluice_bytes_unref(&payload);
    if (v->completion != NULL) {
        md = v->completion->terminal_metadata;
        sluice_metadata_unref(&md);
    }
}

/* ------------------------------------------------------------ parties */

static void
on_terminated(struct sluice_termination_callback *cb,
    const struct sluice_outcome *outcome)
{
    struct party *p =
        (struct party *)((char *)cb - offsetof(struct party, on_terminated));

    assert_false(p->is_called);
    p->terminations++;
    p->outcome = (int)outcome->kind;
    p->has_code = outcome->has_code;
    p->code = outcome->code;
    if (outcome->details.ptr != NULL)
        snprintf(p->details, sizeof(p->details), "%.*s",
            (int)outcome->details.len, outcome->details.ptr);
}

void
party_init(struct party *p, struct world *w)
{
    memset(p, 0, sizeof(*p));
    p->over = w->join.kind;
    p->is_invoker = p != &w->service;
    p->outcome = STILL_ACTIVE;
    p->on_terminated.run = on_terminated;
    snprintf(p->details, sizeof(p->details), "(absent)");
}

void
listen_for_end(struct party *p, struct sluice_operation *op)
{
    const struct sluice_outcome *outcome =
        sluice_operation_add_termination_callback(op, &p->on_terminated);

    if (outcome != NULL)
        on_terminated(&p->on_terminated, outcome);
}

enum sluice_reply
party_advance(void *arg, const struct sluice_values *v)
{
    struct party *p = arg;

    assert_false(p->is_called);
    assert_int_equal(p->terminations, 0);
    p->is_called = true;
    if (p->log[0] != '\0')
        log_text(p->log, sizeof(p->log), " | ");
    log_words(p->log, sizeof(p->log), v);
    release_values(v);
    if (p->react != NULL)
        p->react(p, v);
    p->is_called = false;
    return p->reply;
}

enum sluice_reply
party_context(void *arg, void *context)
{
    struct party *p = arg;

    assert_int_equal(context != NULL, is_grpc(p->over));
    p->contexts++;
    return p->context_reply;
}

static struct sluice_subscription
subscription_of(struct party *p, enum sluice_subscription_kind kind)
{
    struct sluice_subscription s;

    switch (kind) {
    case SLUICE_SUBSCRIPTION_NONE:
        return sluice_none_subscription();
    case SLUICE_SUBSCRIPTION_TERMINATION_ONLY:
        return sluice_termination_only_subscription(&p->on_terminated);
    case SLUICE_SUBSCRIPTION_FULL:
        break;
    }
    s = sluice_full_subscription(party_advance, p);
    s.protocol_receiver.context = party_context;
    s.protocol_receiver.arg = p;
    return s;
}

static enum sluice_reply
service(struct sluice_servicer *self, struct sluice_str group,
    struct sluice_str method, struct sluice_operation *op,
    struct sluice_subscription *subscription,
    struct sluice_no_such_method *no_such_method)
{
    struct world *w =
        (struct world *)((char *)self - offsetof(struct world, servicer));

    w->serviced++;
    snprintf(w->asked_for, sizeof(w->asked_for), "%.*s/%.*s", (int)group.len,
        group.ptr, (int)method.len, method.ptr);
    party_init(&w->service, w);
    w->service.op = op;
    if (w->service_kind != SLUICE_SUBSCRIPTION_TERMINATION_ONLY)
        listen_for_end(&w->service, op);
    *subscription = subscription_of(&w->service, w->service_kind);
    *no_such_method = w->no_such_method;
    if (w->on_service != NULL)
        w->on_service(w, op);
    return w->service_reply;
}

/* -------------------------------------------------------------- world */

void
world_init_stopped(struct world *w, enum join_kind over,
    const struct sluice_end_options *options)
{
    struct sluice_end_options with_servicer = { .servicer = &w->servicer };

    memset(w, 0, sizeof(*w));
    if (options != NULL)
        with_servicer = *options;
    with_servicer.servicer = &w->servicer;
    w->servicer.service = service;
    w->service_kind = SLUICE_SUBSCRIPTION_FULL;
    assert_int_equal(uv_loop_init(&w->uv), 0);
    w->loop = sluice_loop_new(&w->uv);
    assert_non_null(w->loop);
    w->pool = sluice_loop_pool(w->loop);
    w->invoking = sluice_end_new(w->loop, NULL);
    w->serving = sluice_end_new(w->loop, &with_servicer);
    assert_non_null(w->invoking);
    assert_non_null(w->serving);
    join_serve(&w->join, over, w->serving);
    join_invoke(&w->join, w->invoking);
    party_init(&w->invoker, w);
    party_init(&w->service, w);
}

void
world_start(struct world *w)
{
    assert_int_equal(sluice_end_start(w->invoking), SLUICE_OK);
    assert_int_equal(sluice_end_start(w->serving), SLUICE_OK);
}

void
world_init(struct world *w, enum join_kind over)
{
    world_init_stopped(w, over, NULL);
    world_start(w);
}

static void
set_flag(void *arg)
{
    *(bool *)arg = true;
}

void
world_fini(struct world *w)
{
    bool invoking_stopped = false, serving_stopped = false, closed = false;
    bool has_left = false, has_closed = false;

    assert_int_equal(sluice_end_stop(w->invoking, 0, set_flag,
                         &invoking_stopped),
        SLUICE_OK);
    assert_int_equal(sluice_end_stop(w->serving, 0, set_flag, &serving_stopped),
        SLUICE_OK);
    run_until(w, &invoking_stopped);
    run_until(w, &serving_stopped);
    sluice_operation_unref(&w->invoker.op);
    join_leave(&w->join, set_flag, &has_left);
    run_until(w, &has_left);
    join_close(&w->join, set_flag, &has_closed);
    run_until(w, &has_closed);
    sluice_end_free(&w->invoking);
    sluice_end_free(&w->serving);
    sluice_loop_close(&w->loop, set_flag, &closed);
    uv_run(&w->uv, UV_RUN_DEFAULT);
    assert_true(closed);
    assert_int_equal(uv_loop_close(&w->uv), 0);
}

static int
setup_over(void **state, enum join_kind over)
{
    struct world *w = malloc(sizeof(*w));

    assert_non_null(w);
    world_init(w, over);
    *state = w;
    return 0;
}

int
setup_world(void **state)
{
    return setup_over(state, IN_PROCESS);
}

int
setup_grpc_world(void **state)
{
    return setup_over(state, OVER_UNIX);
}

int
teardown_world(void **state)
{
    world_fini(*state);
    free(*state);
    return 0;
}

/* While tasks are queued, timers due or sockets ready, the loop would not
 * sleep. */
static bool
would_sleep(struct world *w)
{
    struct pollfd events = { .fd = uv_backend_fd(&w->uv), .events = POLLIN };

    if (uv_loop_alive(&w->uv) && uv_backend_timeout(&w->uv) == 0)
        return false;
    return poll(&events, 1, 0) == 0;
}

/* Twice, since what a turn begins to watch is watched from the next one on. */
void
settle(struct world *w)
{
    unsigned quiet = 0;

    while (quiet < 2) {
        uv_run(&w->uv, UV_RUN_NOWAIT);
        quiet = would_sleep(w) ? quiet + 1 : 0;
    }
}

void
run_until(struct world *w, const bool *flag)
{
    while (!*flag)
        uv_run(&w->uv, UV_RUN_ONCE);
}

void
run_to_the_end(struct world *w)
{
    while (sluice_end_active(w->invoking) + sluice_end_active(w->serving) +
            w->errands >
        0)
        uv_run(&w->uv, UV_RUN_ONCE);
}

/* ------------------------------------------------------ other threads */

struct errand {
    struct world *w;
    uv_work_t work;
    struct sluice_task task;
    void (*run)(void *arg);
    void *arg;
    int unfinished; /* the task, and libuv's part */
};

static void
finish_part(struct errand *errand)
{
    if (--errand->unfinished > 0)
        return;
    errand->w->errands--;
    free(errand);
}

static void
on_errand(struct sluice_task *task)
{
    struct errand *errand =
        (struct errand *)((char *)task - offsetof(struct errand, task));

    errand->run(errand->arg);
    finish_part(errand);
}

static void
on_thread(uv_work_t *work)
{
    struct errand *errand = work->data;

    sluice_loop_post(errand->w->loop, &errand->task);
}

static void
on_thread_done(uv_work_t *work, int status)
{
    assert_int_equal(status, 0);
    finish_part(work->data);
}

void
from_a_thread(struct world *w, void (*run)(void *arg), void *arg)
{
    struct errand *errand = calloc(1, sizeof(*errand));

    assert_non_null(errand);
    errand->work.data = errand;
    errand->task.run = on_errand;
    errand->w = w;
    errand->run = run;
    errand->arg = arg;
    errand->unfinished = 2;
    w->errands++;
    assert_int_equal(uv_queue_work(&w->uv, &errand->work, on_thread,
                         on_thread_done),
        0);
}

struct sluice_invocation
full_invocation(struct party *p)
{
    struct sluice_invocation i = {
        .group = sluice_str("group"),
        .method = sluice_str("method"),
        .subscription = subscription_of(p, SLUICE_SUBSCRIPTION_FULL),
        .timeout_ns = LONG_TIMEOUT,
    };

    return i;
}

void
invoke_with(struct world *w, struct sluice_invocation *i, const char *words)
{
    struct words storage;

    read_words(w->pool, words, &storage);
    i->first = storage.values;
    assert_int_equal(sluice_end_operate(w->invoking, i, &w->invoker.op),
        SLUICE_OK);
    assert_string_equal(w->invoker.log, "");
    if (i->subscription.kind != SLUICE_SUBSCRIPTION_TERMINATION_ONLY)
        listen_for_end(&w->invoker, w->invoker.op);
    settle(w);
}

void
invoke(struct world *w, const char *words)
{
    struct sluice_invocation i = full_invocation(&w->invoker);

    invoke_with(w, &i, words);
}

void
pass(struct sluice_pool *pool, struct sluice_operation *op, const char *words)
{
    struct words storage;

    read_words(pool, words, &storage);
    sluice_operation_advance(op, &storage.values);
}

void
say(struct world *w, struct party *p, const char *words)
{
    pass(w->pool, p->op, words);
    settle(w);
}

/* ------------------------------------------------------------- claims */

void
heard(struct party *p, const char *words)
{
    char has_to[8192], has[8192];

    join_words(p->over, p->is_invoker, words, has_to, sizeof(has_to));
    join_words(p->over, p->is_invoker, p->log, has, sizeof(has));
    assert_string_equal(has, has_to);
    p->log[0] = '\0';
}

void
ended(const struct party *p, enum sluice_outcome_kind kind)
{
    assert_int_not_equal(p->outcome, STILL_ACTIVE);
    assert_string_equal(sluice_outcome_kind_name(
                            (enum sluice_outcome_kind)p->outcome),
        sluice_outcome_kind_name(kind));
    assert_int_equal(p->terminations, 1);
}

void
carries_nothing(const struct party *p)
{
    assert_false(p->has_code);
    assert_string_equal(p->details, "(absent)");
}

void
was_told(const struct party *p, enum sluice_outcome_kind other)
{
    if (!is_grpc(p->over)) {
        carries_nothing(p);
        return;
    }
    assert_true(p->has_code);
    assert_int_equal(p->code,
        p->is_invoker ? join_code_of_service(other)
                      : join_code_of_invoker(other));
}

void
stat_is(struct sluice_end *end, enum sluice_outcome_kind kind, uint64_t count)
{
    uint64_t stats[SLUICE_OUTCOME_KINDS], others = 0;
    int i;

    sluice_end_operation_stats(end, stats);
    for (i = 0; i < SLUICE_OUTCOME_KINDS; i++)
        others += i == (int)kind ? 0 : stats[i];
    assert_int_equal(stats[kind], count);
    assert_int_equal(others, 0);
}

void
expired_there(struct world *w)
{
    uint64_t stats[SLUICE_OUTCOME_KINDS];

    sluice_end_operation_stats(w->serving, stats);
    if (is_grpc(w->join.kind) && stats[SLUICE_CANCELLED] == 1)
        stat_is(w->serving, SLUICE_CANCELLED, 1);
    else
        stat_is(w->serving, SLUICE_EXPIRED, 1);
}
