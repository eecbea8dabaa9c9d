/* SPDX-License-Identifier: Apache-2.0 */
/*
 * examples/rpc/base.c - the base layer by itself: a service that shouts back
 * what it is sent, and a caller, in one process.
 *
 * All of it runs on one thread. Each side is an operator that is told what
 * arrives and answers with advance(). Both grant one payload for each they have
 * used up, so neither can flood the other.
 */
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include <sluice/link.h>
#include <uv.h>

/* ---- The service ---------------------------------------------------------- */

static struct sluice_bytes *
shout(const struct sluice_bytes *heard)
{
    const uint8_t *from = sluice_bytes_data(heard);
    size_t i, n = sluice_bytes_size(heard);
    struct sluice_bytes *b = sluice_bytes_new(NULL, n);

    if (b == NULL)
        return NULL;
    for (i = 0; i < n; i++)
        sluice_bytes_fill(b)[i] = (uint8_t)toupper(from[i]);
    sluice_bytes_set_size(b, n);
    return b;
}

/* Any mix of values may come in one call; all references in it are ours. */
static enum sluice_reply
on_heard(void *arg, const struct sluice_values *heard)
{
    static const struct sluice_completion done = { .has_code = true };
    struct sluice_operation *op = arg;
    struct sluice_metadata *metadata = heard->initial_metadata;
    struct sluice_bytes *payload = heard->payload;
    struct sluice_values answer = { 0 };

    sluice_metadata_unref(&metadata);
    if (payload != NULL) {
        answer.payload = shout(payload);
        answer.allowance = heard->completion == NULL ? 1 : 0;
        sluice_bytes_unref(&payload);
        if (answer.payload == NULL)
            return SLUICE_REPLY_FAILED;
    }
    if (heard->completion != NULL) {
        metadata = heard->completion->terminal_metadata;
        sluice_metadata_unref(&metadata);
        answer.completion = &done;
    }
    sluice_operation_advance(op, &answer);
    return SLUICE_REPLY_OK;
}

/* Asked once for each operation: do we know this method, and who listens? */
static enum sluice_reply
serve(struct sluice_servicer *self, struct sluice_str group,
    struct sluice_str method, struct sluice_operation *op,
    struct sluice_subscription *subscription,
    struct sluice_no_such_method *no_such_method)
{
    (void)self;
    if (!sluice_str_equal(group, sluice_str("example.Echo")) ||
        !sluice_str_equal(method, sluice_str("Shout"))) {
        no_such_method->details = sluice_str("only example.Echo/Shout");
        return SLUICE_REPLY_NO_SUCH_METHOD;
    }
    *subscription = sluice_full_subscription(on_heard, op);
    return SLUICE_REPLY_OK;
}

/* ---- The caller ----------------------------------------------------------- */

static const char *const words[] = { "one", "two", "three" };
#define N_WORDS (sizeof(words) / sizeof(words[0]))

struct caller {
    struct sluice_end *invoker;
    struct sluice_end *service;
    struct sluice_operation *op;
    struct sluice_termination_callback on_ended;
    unsigned n_sent;
};

/* The next word; the completion goes with the last one. A payload that is NULL
 * would be none at all. */
static void
say(struct caller *c, int allowance)
{
    static const struct sluice_completion done;
    const char *word = words[c->n_sent++];
    struct sluice_values values = {
        .payload = sluice_bytes_copy(NULL, word, strlen(word)),
        .completion = c->n_sent == N_WORDS ? &done : NULL,
        .allowance = allowance,
    };

    if (values.payload != NULL)
        sluice_operation_advance(c->op, &values);
    else
        sluice_operation_fail(c->op);
}

static enum sluice_reply
on_answer(void *arg, const struct sluice_values *values)
{
    struct caller *c = arg;
    struct sluice_bytes *payload = values->payload;
    struct sluice_metadata *metadata = values->initial_metadata;

    sluice_metadata_unref(&metadata);
    if (payload != NULL) {
        printf("heard %.*s\n", (int)sluice_bytes_size(payload),
            (const char *)sluice_bytes_data(payload));
        sluice_bytes_unref(&payload);
        if (c->n_sent < N_WORDS)
            say(c, 1);
    }
    if (values->completion != NULL) {
        metadata = values->completion->terminal_metadata;
        sluice_metadata_unref(&metadata);
    }
    return SLUICE_REPLY_OK;
}

static void
stop(struct sluice_end *end)
{
    if (sluice_end_stop(end, 0, NULL, NULL) != SLUICE_OK)
        abort();
}

/* However it ended, and last of all. */
static void
on_ended(struct sluice_termination_callback *self,
    const struct sluice_outcome *outcome)
{
    struct caller *c =
        (struct caller *)((char *)self - offsetof(struct caller, on_ended));

    printf("%s", sluice_outcome_kind_name(outcome->kind));
    if (outcome->details.ptr != NULL)
        printf(": %.*s", (int)outcome->details.len, outcome->details.ptr);
    printf("\n");
    stop(c->invoker);
    stop(c->service);
}

static enum sluice_err
call(struct caller *c, const char *method)
{
    struct sluice_invocation invocation = {
        .group = sluice_str("example.Echo"),
        .method = sluice_str(method),
        .subscription = sluice_full_subscription(on_answer, c),
        .timeout_ns = 5 * SLUICE_SECOND,
    };
    enum sluice_err err;

    c->n_sent = 0;
    err = sluice_end_operate(c->invoker, &invocation, &c->op);
    if (err != SLUICE_OK)
        return err;
    c->on_ended.run = on_ended;
    if (sluice_operation_add_termination_callback(c->op, &c->on_ended) != NULL)
        return SLUICE_ESTATE;
    say(c, 0);
    return SLUICE_OK;
}

/* ---- Both ----------------------------------------------------------------- */

/* What is made is there, or we end here. */
static void *
need(void *made)
{
    if (made == NULL) {
        fprintf(stderr, "base: memory is short\n");
        exit(EXIT_FAILURE);
    }
    return made;
}

int
main(int argc, char **argv)
{
    const char *method = argc > 1 ? argv[1] : "Shout";
    struct sluice_servicer servicer = { .service = serve };
    struct sluice_end_options options = { .servicer = &servicer };
    struct sluice_loop *loop = need(sluice_loop_new(uv_default_loop()));
    struct caller c = {
        .service = need(sluice_end_new(loop, &options)),
        .invoker = need(sluice_end_new(loop, NULL)),
    };
    struct sluice_link *link = need(sluice_inproc_link_new(c.service));

    sluice_end_join(c.invoker, link);
    if (sluice_end_start(c.service) != SLUICE_OK ||
        sluice_end_start(c.invoker) != SLUICE_OK ||
        call(&c, method) != SLUICE_OK)
        return EXIT_FAILURE;
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);

    sluice_operation_unref(&c.op);
    sluice_end_free(&c.invoker);
    sluice_end_free(&c.service);
    sluice_inproc_link_free(&link);
    sluice_loop_close(&loop, NULL, NULL);
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    return uv_loop_close(uv_default_loop()) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
