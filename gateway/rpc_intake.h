/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/rpc_intake.h - requests in envelopes (envelope.h), as gRPC-Web and
 * Connect have them: each message goes upstream when it is whole, and the
 * client is held back while the service takes no more.
 */
#ifndef GW_RPC_INTAKE_H
#define GW_RPC_INTAKE_H

#include "gateway/front.h"

/* Of an envelope. */
#define GW_COMPRESSED 0x01u

/* x->wire has codec and coding; starts the RPC if its requests stream. */
void gw_rpc_intake_begin(struct gw_exchange *x);

/* Bytes of the envelopes; all are taken, unless may_wait and the service takes
 * no more. */
size_t gw_rpc_intake_body(struct gw_exchange *x, const char *data, size_t len,
    bool may_wait);

/* The body is complete. is_cut: something before the envelopes was not. */
void gw_rpc_intake_end(struct gw_exchange *x, bool is_cut);

/* The request is wrong: an answer, and the RPC ends. */
void gw_rpc_intake_refuse(struct gw_exchange *x, unsigned http, int code,
    const char *message);

/* The coding that the protocol's header names ("" and none are identity);
 * false, and the answer is ready: not one of ours. */
bool gw_rpc_read_coding(struct gw_exchange *x, enum sluice_grpc_coding *coding);

/* Room for one request. */
void gw_rpc_expect_request(struct gw_exchange *x);

#endif
