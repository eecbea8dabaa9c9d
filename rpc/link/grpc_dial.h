/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_dial.h - one attempt to get a connected socket to a target:
 * looks the host up and tries each address in turn.
 *
 * Ownership   A dial ends by done or abandon; a socket by close. Both may take
 *             some turns of the loop to vanish, and count in a hold that tells
 *             when the last one has.
 * Thread      The loop's thread.
 */
#ifndef RPC_LINK_GRPC_DIAL_H
#define RPC_LINK_GRPC_DIAL_H

#include "rpc/link/grpc_socket.h"
#include "rpc/link/grpc_target.h"

#include <sluice/loop.h>

struct rpc_grpc_dial;

/* socket is the callee's; NULL: no address could be reached, or (is_short) it was
 * not tried for want of memory. */
typedef void rpc_grpc_dial_done_cb(void *arg, struct rpc_grpc_socket *socket,
    bool is_short);

/* done runs once, later, unless abandoned first; the dial is gone
 * by then. target is borrowed until either. Whoever dials will abandon it when
 * timeout_ns is over: an address has half of what is left of that, the last one
 * the rest. NULL when memory is short. */
struct rpc_grpc_dial *rpc_grpc_dial_start(struct sluice_loop *loop,
    const struct rpc_grpc_target *target, int64_t timeout_ns,
    struct rpc_grpc_hold *hold, rpc_grpc_dial_done_cb *done, void *arg);

void rpc_grpc_dial_abandon(struct rpc_grpc_dial **dial);

#endif
