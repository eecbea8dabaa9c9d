/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/gateway/visits.h - clients of a worker in this process, over a pair of
 * unix sockets: each sends up to three requests of any form, in pieces that a
 * schedule chooses, and reads, or leaves. What came back is looked at in the end.
 */
#ifndef TESTS_GATEWAY_VISITS_H
#define TESTS_GATEWAY_VISITS_H

#include "tests/gateway/chance.h"
#include "tests/gateway/fixture.h"

#define VISIT_REQUESTS 3u
#define VISIT_TAG_LEN 7u
#define VISIT_SAID 4096u
#define VISIT_HEARD ((size_t)1 << 20)

/* A tag is the text "idNNNNN". 0: there is none. */
unsigned visit_tag_in(const uint8_t *data, size_t size);
void visit_tag_write(unsigned tag, char *out);

struct visit_request {
    unsigned tag;
    size_t end; /* of it, in what the client says */
    bool is_bad;
    bool has_deadline;
    bool is_websocket;
};

struct visit_answer {
    int status;
    unsigned n_tags; /* of the request in its place, in the body */
    bool is_whole;
    bool has_failure; /* the body tells of one */
    bool says_close;
    bool is_after_close; /* bytes after a WebSocket's Close */
    bool has_close;      /* a WebSocket's */
};

struct visit {
    int fd;         /* -1: the client has left */
    bool has_ended; /* the gateway closed it */
    bool is_shut;   /* the client sends no more */
    struct visit_request request[VISIT_REQUESTS];
    unsigned n_requests;
    size_t len;
    size_t said;
    size_t heard;
    struct visit_answer answer[VISIT_REQUESTS + 1];
    unsigned n_answers;
    char saying[VISIT_SAID];
    char hearing[VISIT_HEARD];
};

/* Chooses what it will say; tags are *tag on, which is moved. A connection is
 * made to the worker. */
void visit_begin(struct visit *v, struct chance *c, struct gw_worker *w,
    unsigned *tag);

/* At most so many bytes, if the kernel takes them; whether any went. */
bool visit_say(struct visit *v, size_t most);
bool visit_hear(struct visit *v, size_t most);
void visit_shut(struct visit *v);
void visit_leave(struct visit *v);

/* How many of its requests have been sent to their ends. */
unsigned visit_n_said(const struct visit *v);

/* Fills in the answers from what was heard. Fails the test when that is not
 * HTTP/1.1. */
void visit_read_answers(struct visit *v);

#endif
