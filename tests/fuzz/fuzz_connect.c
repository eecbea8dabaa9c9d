/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a request of Connect: a bare message, envelopes, or a query.
 * A message that a body brings is the same in a query.
 */
#include "tests/fuzz/rpc_body.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include <sluice/grpc.h>

#define BODY_MAX ((size_t)1 << 18)

static struct rpc_body_head
head_of(uint8_t how)
{
    static const char *const unary[] = { "application/proto",
        "application/json" };
    static const char *const stream[] = { "application/connect+proto",
        "application/connect+json" };
    static const char *const methods[] = { "ReadBook", "AddBooks", "Discuss" };
    bool is_unary = (how >> 1 & 3) == 3;

    return (struct rpc_body_head){
        .front = is_unary ? &gw_front_connect : &gw_front_connect_stream,
        .content_type = (is_unary ? unary : stream)[how & 1],
        .method = is_unary ? "GetBook" : methods[how >> 1 & 3],
        .coding = (enum sluice_grpc_coding)((how >> 3 & 3) % 3),
    };
}

static const struct fuzz_input nothing = { NULL, 0 };

/* The bytes are the query. */
static void
check_query(const uint8_t *data, size_t len)
{
    const struct rpc_body_head head = {
        .front = &gw_front_connect,
        .method = "GetBook",
        .query = (const char *)data,
        .query_len = len,
    };

    if (len > 0 && memmem(data, len, "connect=", 8) == data)
        (void)rpc_body_check(&head, NULL, 0, nothing);
}

/* The bytes are a message in the query. */
static void
check_get(const struct rpc_body_head *post, struct rpc_body_end expected,
    const uint8_t *data, size_t len)
{
    static const char *const codings[] = { "identity", "gzip", "deflate" };
    char *query = malloc(len * 2 + 100);
    struct rpc_body_head get = *post;
    int n;

    assert(query != NULL);
    n = sprintf(query,
        "connect=v1&base64=1&encoding=%s&compression=%s"
        "&message=",
        post->content_type + sizeof "application/" - 1, codings[post->coding]);
    get.query = query;
    get.query_len = (size_t)n + sluice_base64_encode(data, len, query + n);
    for (char *p = query + n; p < query + get.query_len; p++)
        if (*p == '/' || *p == '+')
            *p = *p == '/' ? '_' : '-';
    if (get.query_len < 60000)
        assert(
            rpc_body_is_same(expected, rpc_body_run(&get, NULL, 0, nothing)));
    free(query);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = { data, size };
    uint8_t how = fuzz_byte(&in);
    struct sluice_str cuts = fuzz_text(&in);
    struct fuzz_input pieces = { (const uint8_t *)cuts.ptr, cuts.len };
    struct rpc_body_head head = head_of(how);
    struct rpc_body_end end;

    if (in.left > BODY_MAX)
        return 0;
    if (how & 0x80) {
        check_query(in.at, in.left);
        return 0;
    }
    end = rpc_body_check(&head, in.at, in.left, pieces);
    if (head.front == &gw_front_connect)
        check_get(&head, end, in.at, in.left);
    return 0;
}
