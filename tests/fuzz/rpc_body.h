/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/fuzz/rpc_body.h - bodies of gRPC-Web and Connect, without a client and
 * without a service: the real intakes on an exchange of their own, whose RPC is
 * played (played_call.h).
 *
 * The oracle: what goes upstream, and the error if there is one, do not depend
 * on how the body was cut into pieces, nor on when the service takes no more.
 */
#ifndef TESTS_FUZZ_RPC_BODY_H
#define TESTS_FUZZ_RPC_BODY_H

#include "gateway/front.h"
#include "tests/fuzz/played_call.h"

/* A request as its head says. */
struct rpc_body_head {
    const struct gw_front *front;
    const char *content_type;
    const char *method; /* of the library */
    enum sluice_grpc_coding coding;
    const char *query; /* makes a GET of it; NULL: a POST */
    size_t query_len;
};

/* The head, and the body in pieces as `cuts` says; empty: in one. */
struct played_end rpc_body_run(const struct rpc_body_head *head,
    const uint8_t *body, size_t len, struct fuzz_input cuts);

/* Runs it whole and in pieces: both must end alike. */
struct played_end rpc_body_check(const struct rpc_body_head *head,
    const uint8_t *body, size_t len, struct fuzz_input cuts);

#endif
