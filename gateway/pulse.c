/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/pulse.c - see pulse.h.
 *
 * A busy stream waits and wakes for every message, and its timer is left alone
 * meanwhile: only when it goes off is it asked when something was sent last.
 */
#include "gateway/pulse.h"

#include <stddef.h>

#include "gateway/call.h"
#include "gateway/front.h"
#include "gateway/worker.h"

/* Long enough for the two turns of MHD that a rest costs not to be felt. */
#define REST_AFTER_NS (1 * SLUICE_SECOND)

static struct gw_exchange *
of_timer(struct sluice_timer *timer)
{
    return (struct gw_exchange *)((char *)timer -
        offsetof(struct gw_exchange, pulse));
}

static uint64_t
now(const struct gw_exchange *x)
{
    return sluice_loop_now(x->worker->loop);
}

static int64_t
heartbeat(const struct gw_exchange *x)
{
    return x->form->heartbeat == NULL ? 0
                                      : x->worker->set->config->heartbeat_ns;
}

/* Who has a heartbeat that is faster does not come to rest. */
static bool
is_to_rest(const struct gw_exchange *x)
{
    return !x->has_rested &&
        (heartbeat(x) == 0 || heartbeat(x) > REST_AFTER_NS);
}

/* How long it may be silent; 0: for ever. After a FIN of the client only probes
 * tell whether it is there, and they cannot follow a head (watch.h). While the
 * client is held amid its body, and responses wait for the end of that, service
 * and client may wait for each other. */
static int64_t
patience(const struct gw_exchange *x)
{
    if (!x->is_calling || !x->form->is_stream)
        return 0;
    if (x->state == GW_X_READING)
        return x->owes_allowance ? x->worker->set->config->body_timeout_ns : 0;
    if (x->state == GW_X_CALLING)
        return x->form->starts_with_response || x->is_half_closed
            ? 0
            : x->worker->set->config->stream_head_ns;
    if (x->state != GW_X_REPLYING)
        return 0; /* nothing can be sent while the request still comes */
    return is_to_rest(x) ? REST_AFTER_NS : heartbeat(x);
}

static void
on_timer(struct sluice_timer *timer)
{
    struct gw_exchange *x = of_timer(timer);
    uint64_t due = x->sent_ns + (uint64_t)patience(x);

    if (patience(x) == 0 || !x->is_suspended || x->is_waking)
        return; /* when it waits again it starts again */
    if (now(x) < due) {
        sluice_timer_start(x->worker->loop, &x->pulse, due);
        return;
    }
    if (x->state == GW_X_READING)
        gw_call_disentangle(x);
    else if (x->state == GW_X_CALLING)
        gw_call_show_head(x);
    else if (is_to_rest(x))
        gw_call_rest(x);
    else
        gw_call_beat(x);
}

void
gw_pulse_init(struct gw_exchange *x)
{
    x->pulse = (struct sluice_timer){ .expire = on_timer };
}

void
gw_pulse_start(struct gw_exchange *x)
{
    int64_t ns = patience(x);
    uint64_t due;

    if (ns == 0)
        return;
    if (x->state == GW_X_READING || x->state == GW_X_CALLING || x->sent_ns == 0)
        x->sent_ns = now(x); /* when the service was last heard of */
    due = x->sent_ns + (uint64_t)ns;
    if (!sluice_timer_is_running(&x->pulse) || due < x->pulse.due_ns)
        sluice_timer_start(x->worker->loop, &x->pulse, due);
}

void
gw_pulse_stop(struct gw_exchange *x)
{
    sluice_timer_stop(x->worker->loop, &x->pulse);
}
