/* SPDX-License-Identifier: Apache-2.0 */
/*
 * examples/rpc/grpc.c - the same service for every gRPC client, and a caller of
 * any gRPC server.
 *
 *   grpc serve ADDRESS   127.0.0.1:0, [::1]:50051, unix:/path; until SIGTERM
 *   grpc call TARGET     counts down from 3 there
 *
 * Both are programs of one thread around a libuv loop; the caller is in event
 * style.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>

#include <sluice/grpc_server.h>
#include <uv.h>

#include "numbers.h"

static void
must(enum sluice_err err, const char *what)
{
    if (err != SLUICE_OK) {
        fprintf(stderr, "grpc: %s: %s\n", what, sluice_err_text(err));
        exit(EXIT_FAILURE);
    }
}

static void *
need(void *made)
{
    must(made != NULL ? SLUICE_OK : SLUICE_ENOMEM, "setup");
    return made;
}

/* ---- Serving -------------------------------------------------------------- */

struct host {
    struct sluice_loop *loop;
    struct sluice_end *end;
    struct sluice_grpc_server *server;
    uv_signal_t on_term;
};

static void
on_stopped(void *arg)
{
    struct host *h = arg;

    sluice_grpc_server_close(&h->server, NULL, NULL);
}

/* Clients are told to go elsewhere; what runs has two seconds. */
static void
on_term(uv_signal_t *signal, int number)
{
    struct host *h = signal->data;

    (void)number;
    uv_close((uv_handle_t *)signal, NULL);
    sluice_grpc_server_drain(h->server);
    must(sluice_end_stop(h->end, 2 * SLUICE_SECOND, on_stopped, h), "stop");
}

static void
serve(struct sluice_loop *loop, const char *address)
{
    struct host h = { .loop = loop };
    struct sluice_end_options options = { 0 };
    struct sluice_thread_pool *pool;
    struct sluice_face_servicer *servicer;
    const char *why = "";

    must(sluice_thread_pool_new(4, &pool), "threads");
    servicer = need(numbers_servicer_new(pool));
    options.servicer = sluice_face_servicer_base(servicer);
    h.end = need(sluice_end_new(loop, &options));
    must(sluice_end_start(h.end), "start");
    must(sluice_grpc_server_new(loop, h.end, NULL, &h.server), "server");
    must(sluice_grpc_server_listen(h.server, sluice_str(address), &why), why);
    printf("serving on port %u\n", sluice_grpc_server_port(h.server, 0));
    fflush(stdout);

    uv_signal_init(sluice_loop_uv(loop), &h.on_term);
    h.on_term.data = &h;
    uv_signal_start(&h.on_term, on_term, SIGTERM);
    uv_run(sluice_loop_uv(loop), UV_RUN_DEFAULT);

    sluice_thread_pool_free(&pool);
    sluice_end_free(&h.end);
    sluice_face_servicer_free(&servicer);
}

/* ---- Calling -------------------------------------------------------------- */

struct caller {
    struct sluice_end *end;
    struct sluice_grpc_client *client;
};

static void
on_initial_metadata(void *arg, struct sluice_metadata *metadata)
{
    (void)arg;
    sluice_metadata_unref(&metadata);
}

static enum sluice_reply
on_response(void *arg, struct sluice_bytes *response)
{
    (void)arg;
    printf("%ld\n", message_number(response));
    return SLUICE_REPLY_OK; /* grants the next one */
}

static void
close_client(void *arg)
{
    struct caller *c = arg;

    sluice_grpc_client_close(&c->client, NULL, NULL);
}

static void
finish(struct caller *c)
{
    must(sluice_end_stop(c->end, 0, close_client, c), "stop");
}

static void
on_complete(void *arg, const struct sluice_completion *completion)
{
    struct sluice_metadata *metadata = completion->terminal_metadata;

    sluice_metadata_unref(&metadata);
    printf("complete\n");
    finish(arg);
}

static void
on_abortion(void *arg, const struct sluice_abortion *abortion)
{
    char text[200];

    sluice_abortion_text(abortion, text, sizeof(text));
    printf("%s\n", text);
    finish(arg);
}

static void
call(struct sluice_loop *loop, const char *target)
{
    struct caller c = { 0 };
    struct sluice_grpc_client_options to = { .target = sluice_str(target) };
    struct sluice_call_options options = { .timeout_ns = 5 * SLUICE_SECOND };
    struct sluice_receiver receiver = {
        .initial_metadata = on_initial_metadata,
        .response = on_response,
        .complete = on_complete,
        .abortion = on_abortion,
        .arg = &c,
    };
    struct sluice_stub *stub;
    struct sluice_call *rpc;

    must(sluice_grpc_client_new(loop, &to, &c.client), target);
    c.end = need(sluice_end_new(loop, NULL));
    sluice_end_join(c.end, sluice_grpc_client_link(c.client));
    must(sluice_end_start(c.end), "start");
    stub = need(sluice_stub_new(c.end));
    must(sluice_stub_event_unary_stream(stub, sluice_str(NUMBERS_GROUP),
             sluice_str("CountDown"), number_message(3), &receiver, &options,
             &rpc),
        "call");
    uv_run(sluice_loop_uv(loop), UV_RUN_DEFAULT);

    sluice_call_unref(&rpc);
    sluice_stub_free(&stub);
    sluice_end_free(&c.end);
}

int
main(int argc, char **argv)
{
    struct sluice_loop *loop = need(sluice_loop_new(uv_default_loop()));

    signal(SIGPIPE, SIG_IGN);
    if (argc == 3 && strcmp(argv[1], "serve") == 0)
        serve(loop, argv[2]);
    else if (argc == 3 && strcmp(argv[1], "call") == 0)
        call(loop, argv[2]);
    else
        return fprintf(stderr, "usage: grpc serve ADDRESS | call TARGET\n"), 2;

    sluice_loop_close(&loop, NULL, NULL);
    uv_run(uv_default_loop(), UV_RUN_DEFAULT);
    return uv_loop_close(uv_default_loop()) == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
