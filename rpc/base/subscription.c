/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/base/subscription.c - what a customer wants of the other side, and the
 * names of how it can end.
 */
#include "rpc/base/operation.h"

struct sluice_subscription
sluice_full_subscription(sluice_advance_cb *advance, void *arg)
{
    struct sluice_subscription s = { .kind = SLUICE_SUBSCRIPTION_FULL };

    s.operator.advance = advance;
    s.operator.arg = arg;
    return s;
}

struct sluice_subscription
sluice_termination_only_subscription(
    struct sluice_termination_callback *termination)
{
    struct sluice_subscription s = {
        .kind = SLUICE_SUBSCRIPTION_TERMINATION_ONLY,
        .termination = termination,
    };

    return s;
}

struct sluice_subscription
sluice_none_subscription(void)
{
    struct sluice_subscription s = { .kind = SLUICE_SUBSCRIPTION_NONE };

    return s;
}

bool
rpc_subscription_is_valid(const struct sluice_subscription *s)
{
    bool has_full_members =
        s->operator.advance != NULL || s->protocol_receiver.context != NULL;

    switch (s->kind) {
    case SLUICE_SUBSCRIPTION_NONE:
        return !has_full_members && s->termination == NULL;
    case SLUICE_SUBSCRIPTION_TERMINATION_ONLY:
        return !has_full_members && s->termination != NULL &&
            s->termination->run != NULL;
    case SLUICE_SUBSCRIPTION_FULL:
        return s->operator.advance != NULL && s->termination == NULL &&
            s->allowance == NULL;
    }
    return false;
}

const char *
sluice_outcome_kind_name(enum sluice_outcome_kind kind)
{
    switch (kind) {
    case SLUICE_COMPLETED:
        return "completed";
    case SLUICE_CANCELLED:
        return "cancelled";
    case SLUICE_EXPIRED:
        return "expired";
    case SLUICE_LOCAL_SHUTDOWN:
        return "local shutdown";
    case SLUICE_REMOTE_SHUTDOWN:
        return "remote shutdown";
    case SLUICE_RECEPTION_FAILURE:
        return "reception failure";
    case SLUICE_TRANSMISSION_FAILURE:
        return "transmission failure";
    case SLUICE_LOCAL_FAILURE:
        return "local failure";
    case SLUICE_REMOTE_FAILURE:
        return "remote failure";
    }
    return "unknown";
}
