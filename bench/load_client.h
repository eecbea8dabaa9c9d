/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench/load_client.h - sends one request again and again over many
 * connections and times the answers.
 *
 * Closed loop: each connection asks again as soon as it has its answer; that
 * is for what a proxy can do. With a rate: requests fall due at even
 * intervals, whatever has been answered, and latency counts from when each
 * was due; that is for what users see.
 */
#ifndef BENCH_LOAD_CLIENT_H
#define BENCH_LOAD_CLIENT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include "bench/load_answer.h"

struct load_plan {
    int port; /* on 127.0.0.1 */
    unsigned n_connections;
    double seconds;
    uint64_t n_requests; /* ends before seconds are over; 0: no such end */
    double rate;         /* per second; 0: closed loop */
    bool is_churn;       /* a connection for each request */
    bool is_hold;        /* answers that do not end: one on each connection,
                          * kept until standard input ends */
    const char *request;
    size_t request_len;
    const struct load_expected *expected; /* or NULL */
    FILE *copy;                           /* of bodies, or NULL */
};

struct load_result {
    uint64_t n_right;
    uint64_t n_wrong;
    uint64_t n_broken; /* connections that ended before the answer did */
    char why[256];     /* the first of either */
    double seconds;
    uint32_t *latencies_us; /* n_right of them, but no more than fit */
    size_t n_latencies;
    int status; /* of the last answer */
    int grpc_status;
};

/* Returns false when the system refuses something; why says what. The caller
 * frees latencies_us. */
bool load_run(const struct load_plan *plan, struct load_result *result);

#endif
