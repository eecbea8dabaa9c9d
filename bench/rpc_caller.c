/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench/rpc_caller.c - keeps unary event calls in flight: each one that is
 * done starts the next from its own callback.
 */
#include "bench/rpc_caller.h"

#include <stdio.h>

static void start_call(struct rpc_caller_slot *slot);

static void
on_initial_metadata(void *arg, struct sluice_metadata *metadata)
{
    (void)arg;
    sluice_metadata_unref(&metadata);
}

static enum sluice_reply
on_response(void *arg, struct sluice_bytes *response)
{
    struct rpc_caller_slot *slot = arg;

    slot->has_response = sluice_bytes_size(response) == BENCH_MESSAGE_BYTES;
    sluice_bytes_unref(&response);
    return SLUICE_REPLY_OK;
}

static void
stop(struct rpc_caller *caller)
{
    if (sluice_end_stop(caller->end, 0, caller->on_over, caller->arg) !=
        SLUICE_OK)
        bench_fail("the End cannot be stopped");
}

static void
on_complete(void *arg, const struct sluice_completion *completion)
{
    struct rpc_caller_slot *slot = arg;
    struct rpc_caller *caller = slot->caller;
    struct sluice_metadata *metadata = completion->terminal_metadata;

    sluice_metadata_unref(&metadata);
    sluice_call_unref(&slot->call);
    if (!slot->has_response)
        bench_fail("an answer is not what was asked for");
    caller->in_flight--;
    meter_tick(&caller->meter);
    if (!meter_is_over(&caller->meter))
        start_call(slot);
    else if (caller->in_flight == 0)
        stop(caller);
}

static void
on_abortion(void *arg, const struct sluice_abortion *abortion)
{
    char text[256];

    (void)arg;
    snprintf(text, sizeof text, "a call was aborted: %s: %.*s",
        sluice_abortion_kind_name(abortion->kind), (int)abortion->details.len,
        abortion->details.ptr != NULL ? abortion->details.ptr : "");
    bench_fail(text);
}

static void
start_call(struct rpc_caller_slot *slot)
{
    struct rpc_caller *caller = slot->caller;
    struct sluice_receiver receiver = {
        .initial_metadata = on_initial_metadata,
        .response = on_response,
        .complete = on_complete,
        .abortion = on_abortion,
        .arg = slot,
    };
    struct sluice_call_options options = {
        .timeout_ns = BENCH_TIMEOUT_S * SLUICE_SECOND,
    };
    struct sluice_bytes *request;

    request =
        sluice_bytes_copy(caller->pool, caller->message, BENCH_MESSAGE_BYTES);
    if (request == NULL)
        bench_fail("memory is short");
    slot->has_response = false;
    caller->in_flight++;
    if (sluice_stub_event_unary_unary(caller->stub,
            sluice_str_n(BENCH_GROUP, sizeof BENCH_GROUP - 1),
            sluice_str_n(BENCH_METHOD, sizeof BENCH_METHOD - 1), request,
            &receiver, &options, &slot->call) != SLUICE_OK)
        bench_fail("a call cannot be started");
}

void
rpc_caller_init(struct rpc_caller *caller, struct sluice_end *end, int argc,
    char **argv)
{
    struct sluice_loop *loop = sluice_end_loop(end);
    size_t i;

    memset(caller, 0, sizeof *caller);
    memset(caller->message, 'x', sizeof caller->message);
    caller->end = end;
    caller->pool = sluice_loop_pool(loop);
    caller->stub = sluice_stub_new(end);
    if (caller->stub == NULL)
        bench_fail("memory is short");
    for (i = 0; i < BENCH_CONCURRENCY; i++)
        caller->slots[i].caller = caller;
    meter_init(&caller->meter, sluice_loop_uv(loop), argc, argv);
}

void
rpc_caller_start(struct rpc_caller *caller, void (*on_over)(void *arg),
    void *arg)
{
    size_t i;

    caller->on_over = on_over;
    caller->arg = arg;
    if (sluice_end_start(caller->end) != SLUICE_OK)
        bench_fail("the End cannot be started");
    for (i = 0; i < BENCH_CONCURRENCY; i++)
        start_call(&caller->slots[i]);
}

void
rpc_caller_fini(struct rpc_caller *caller)
{
    meter_print(&caller->meter);
    meter_close(&caller->meter);
    sluice_stub_free(&caller->stub);
}
