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

/* How long it may be silent; 0: for ever. After a FIN of the client only probes
 * tell whether it is there, and they cannot follow a head (watch.h). While the
 * client is held amid its body, and responses wait for the end of that, service
 * and client may wait for each other. */
static int64_t
patience(const struct gw_exchange *x)
{
    const struct route_config *config = x->worker->set->config;

    if (!x->is_calling || !x->form->is_stream)
        return 0;
    if (x->state == GW_X_READING)
        return x->owes_allowance ? config->body_timeout_ns : 0;
    if (x->state == GW_X_CALLING)
        return x->form->starts_with_response || x->is_half_closed
            ? 0
            : config->stream_head_ns;
    return x->form->heartbeat == NULL ? 0 : config->heartbeat_ns;
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

    if (ns != 0 && x->state == GW_X_READING)
        x->sent_ns = now(x); /* the service has just taken something */
    if (ns == 0 || sluice_timer_is_running(&x->pulse))
        return;
    if (x->state == GW_X_CALLING || x->sent_ns == 0)
        x->sent_ns = now(x);
    sluice_timer_start(x->worker->loop, &x->pulse, x->sent_ns + (uint64_t)ns);
}

void
gw_pulse_stop(struct gw_exchange *x)
{
    sluice_timer_stop(x->worker->loop, &x->pulse);
}
