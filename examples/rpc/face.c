/* SPDX-License-Identifier: Apache-2.0 */
/*
 * examples/rpc/face.c - the face layer in one process: a service, and a caller
 * that uses it in blocking, future and inline style.
 *
 * The Ends live on a thread of their own, which runs the loop; this one, the
 * caller's, may block.
 */
#include <stdio.h>
#include <stdlib.h>

#include <sluice/face.h>
#include <sluice/link.h>

#include "numbers.h"

struct world {
    struct sluice_loop_thread *thread;
    struct sluice_loop *loop;
    struct sluice_thread_pool *pool;
    struct sluice_face_servicer *servicer;
    struct sluice_end *service;
    struct sluice_end *invoker;
    struct sluice_link *link;
    struct sluice_stub *stub;
};

static const struct sluice_call_options five_seconds = {
    .timeout_ns = 5 * SLUICE_SECOND,
};

static void
must(enum sluice_err err)
{
    if (err != SLUICE_OK) {
        fprintf(stderr, "face: %s\n", sluice_err_text(err));
        exit(EXIT_FAILURE);
    }
}

static void *
need(void *made)
{
    must(made != NULL ? SLUICE_OK : SLUICE_ENOMEM);
    return made;
}

/* ---- The caller ----------------------------------------------------------- */

static void
call_blocking(struct world *w, const char *method, long number)
{
    struct sluice_rendezvous *rpc;
    struct sluice_bytes *response;
    char text[200];

    switch (sluice_stub_blocking_unary_unary(w->stub, sluice_str(NUMBERS_GROUP),
        sluice_str(method), number_message(number), &five_seconds, &response,
        &rpc)) {
    case SLUICE_OK:
        printf("%s(%ld) = %ld\n", method, number, message_number(response));
        break;
    case SLUICE_EABORTED:
        sluice_abortion_text(sluice_rendezvous_abortion(rpc), text,
            sizeof(text));
        printf("%s(%ld): %s\n", method, number, text);
        break;
    default:
        exit(EXIT_FAILURE);
    }
    sluice_rendezvous_unref(&rpc);
}

/* Draws responses one by one: the service is never far ahead. */
static void
call_inline(struct world *w)
{
    struct sluice_rendezvous *rpc;
    struct sluice_bytes *response;

    must(sluice_stub_inline_unary_stream(w->stub, sluice_str(NUMBERS_GROUP),
        sluice_str("CountDown"), number_message(3), &five_seconds, &rpc));
    printf("CountDown(3):");
    while (sluice_rendezvous_next(rpc, &response) == SLUICE_OK)
        printf(" %ld", message_number(response));
    printf("\n");
    sluice_rendezvous_unref(&rpc);
}

/* An iterator of requests: here the numbers up to ten. What it draws from must
 * last until it is closed. */
static enum sluice_err
next_number(void *arg, struct sluice_bytes **value)
{
    long *n = arg;

    if (*n == 10)
        return SLUICE_EEND;
    *value = number_message(++*n);
    return SLUICE_OK;
}

static void
call_future(struct world *w)
{
    long *n = need(calloc(1, sizeof(*n)));
    struct sluice_iterator requests = { next_number, free, n };
    struct sluice_rendezvous *rpc;
    struct sluice_bytes *response;

    must(sluice_stub_future_stream_unary(w->stub, sluice_str(NUMBERS_GROUP),
        sluice_str("Sum"), &requests, &five_seconds, &rpc));
    must(sluice_rendezvous_result(rpc, SLUICE_NO_TIMEOUT, &response));
    printf("Sum(1..10) = %ld\n", message_number(response));
    sluice_rendezvous_unref(&rpc);
}

/* ---- The world ------------------------------------------------------------ */

/* On the loop's thread, where Ends are at home. */
static void
start_ends(void *arg)
{
    struct world *w = arg;
    struct sluice_end_options options = {
        .servicer = sluice_face_servicer_base(w->servicer),
    };

    w->service = need(sluice_end_new(w->loop, &options));
    w->invoker = need(sluice_end_new(w->loop, NULL));
    w->link = need(sluice_inproc_link_new(w->service));
    sluice_end_join(w->invoker, w->link);
    must(sluice_end_start(w->service));
    must(sluice_end_start(w->invoker));
}

static void
free_ends(void *arg)
{
    struct world *w = arg;

    sluice_end_free(&w->invoker);
    sluice_end_free(&w->service);
    sluice_inproc_link_free(&w->link);
}

int
main(void)
{
    struct world w = { 0 };

    must(sluice_loop_thread_new(&w.thread));
    must(sluice_thread_pool_new(4, &w.pool));
    w.loop = sluice_loop_thread_loop(w.thread);
    w.servicer = need(numbers_servicer_new(w.pool));
    must(sluice_loop_call(w.loop, start_ends, &w));
    w.stub = need(sluice_stub_new(w.invoker));
    sluice_stub_set_thread_pool(w.stub, w.pool);

    call_blocking(&w, "Square", 12);
    call_blocking(&w, "Square", 5000000);
    call_blocking(&w, "Cube", 3);
    call_inline(&w);
    call_future(&w);

    sluice_stub_free(&w.stub);
    must(sluice_end_stop_and_wait(w.invoker, 0));
    must(sluice_end_stop_and_wait(w.service, 2 * SLUICE_SECOND));
    sluice_thread_pool_free(&w.pool);
    must(sluice_loop_call(w.loop, free_ends, &w));
    sluice_loop_thread_free(&w.thread);
    sluice_face_servicer_free(&w.servicer);
    return EXIT_SUCCESS;
}
