/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/gateway/jobs.h - a service in process whose calls do what a schedule
 * says, one act at a time. Each call knows the visit (visits.h) it is for by a
 * tag in its first request, and puts the tag into each response.
 */
#ifndef TESTS_GATEWAY_JOBS_H
#define TESTS_GATEWAY_JOBS_H

#include "tests/gateway/chance.h"
#include "tests/gateway/fixture.h"

#define JOBS_MAX 64u

struct jobs;

struct job {
    struct jobs *jobs;
    struct sluice_servicer_context *ctx; /* held until it has terminated */
    char method[16];
    unsigned tag; /* 0: no request has come */
    unsigned n_requests;
    unsigned n_responses; /* that were given to the framework */
    unsigned n_request_ends;
    unsigned n_terminations; /* that the service was told of */
    int code;                /* with which it completed */
    bool is_answered;        /* the service has completed it */
    bool is_given_up;        /* or not: it wanted no more of it */
};

struct jobs {
    struct chance *chance;
    struct job job[JOBS_MAX];
    unsigned n;
};

/* For fixture_open_serving(). */
struct gw_inproc jobs_service(struct jobs *jobs);

/* Those of the last schedule are forgotten: all must have terminated. */
void jobs_begin(struct jobs *jobs, struct chance *chance);

/* One act of one call, if there is one. */
void jobs_act(struct jobs *jobs);

/* All that are not answered are completed. */
void jobs_finish(struct jobs *jobs);

unsigned jobs_terminated(const struct jobs *jobs);

/* Of the visit; NULL: it never called. */
const struct job *jobs_find(const struct jobs *jobs, unsigned tag);

#endif
