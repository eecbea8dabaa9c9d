/* SPDX-License-Identifier: Apache-2.0 */
/*
 * examples/rpc/numbers.c - a service of the face layer. Inline methods run on a
 * thread of a pool and read like functions; event methods run on the loop's
 * thread and answer when they like.
 */
#include "numbers.h"

#include <stdio.h>
#include <stdlib.h>

#include <sluice/status.h>

struct sluice_bytes *
number_message(long number)
{
    char text[24];
    int len = snprintf(text, sizeof(text), "%ld", number);

    return sluice_bytes_copy(NULL, text, (size_t)len);
}

long
message_number(struct sluice_bytes *message)
{
    char text[24] = { 0 };
    size_t len = sluice_bytes_size(message);

    memcpy(text, sluice_bytes_data(message), len < 23 ? len : 23);
    sluice_bytes_unref(&message);
    return strtol(text, NULL, 10);
}

/* ---- Square: one request, one response, inline ---------------------------- */

static enum sluice_reply
square(void *self, struct sluice_bytes *request, struct sluice_rendezvous *ctx,
    struct sluice_bytes **response)
{
    long n = message_number(request);

    (void)self;
    if (n < -1000000 || n > 1000000) {
        if (sluice_rendezvous_set_code(ctx, SLUICE_CODE_OUT_OF_RANGE) !=
                SLUICE_OK ||
            sluice_rendezvous_set_details(ctx,
                sluice_str("at most a million")) != SLUICE_OK)
            return SLUICE_REPLY_FAILED;
        return SLUICE_REPLY_OK; /* no response: the code is the answer */
    }
    *response = number_message(n * n);
    return SLUICE_REPLY_OK;
}

/* ---- Sum: a stream of requests, one response, inline ---------------------- */

static enum sluice_reply
sum(void *self, struct sluice_rendezvous *ctx, struct sluice_bytes **response)
{
    struct sluice_bytes *request;
    enum sluice_err err;
    long total = 0;

    (void)self;
    while ((err = sluice_rendezvous_next(ctx, &request)) == SLUICE_OK)
        total += message_number(request);
    if (err != SLUICE_EEND) /* the caller has gone: nobody to answer */
        return SLUICE_REPLY_ABANDONED;
    *response = number_message(total);
    return SLUICE_REPLY_OK;
}

/* ---- CountDown: one request, a stream of responses, event ----------------- */

struct count {
    struct sluice_servicer_context *ctx;
    long next;
};

/* As many as the caller has room for; the rest when it has more. */
static void
go_on(void *arg, int n)
{
    struct count *c = arg;

    (void)n;
    while (c->next > 0 && sluice_servicer_context_response_budget(c->ctx) > 0)
        sluice_servicer_context_consume(c->ctx, number_message(c->next--));
    if (c->next == 0)
        sluice_servicer_context_terminate(c->ctx);
}

static enum sluice_reply
count_down(void *self, struct sluice_bytes *request,
    struct sluice_servicer_context *ctx)
{
    struct count *c = malloc(sizeof(*c));
    long n = message_number(request);

    (void)self;
    if (c == NULL)
        return SLUICE_REPLY_FAILED;
    *c = (struct count){ ctx, n > 0 ? n : 0 };
    sluice_servicer_context_on_termination(ctx, free, c);
    sluice_servicer_context_on_allowance(ctx, go_on, c);
    go_on(c, 0);
    return SLUICE_REPLY_OK;
}

/* ---- The servicer --------------------------------------------------------- */

static enum sluice_err
add(struct sluice_face_servicer *servicer, const char *name,
    struct sluice_method_implementation method)
{
    return sluice_face_servicer_add(servicer, sluice_str(NUMBERS_GROUP),
        sluice_str(name), &method);
}

struct sluice_face_servicer *
numbers_servicer_new(struct sluice_thread_pool *pool)
{
    struct sluice_face_servicer *servicer = sluice_face_servicer_new();

    if (servicer == NULL)
        return NULL;
    sluice_face_servicer_set_thread_pool(servicer, pool);
    if (add(servicer, "Square", sluice_unary_unary_inline(square, NULL)) !=
            SLUICE_OK ||
        add(servicer, "Sum", sluice_stream_unary_inline(sum, NULL)) !=
            SLUICE_OK ||
        add(servicer, "CountDown",
            sluice_unary_stream_event(count_down, NULL)) != SLUICE_OK)
        sluice_face_servicer_free(&servicer);
    return servicer;
}
