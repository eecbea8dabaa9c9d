/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a request of Connect: a bare message, envelopes, or a query.
 * A message that a body brings is the same in a query, in base64 or in percent
 * escapes.
 */
#include "gateway/connect.h"
#include "tests/fuzz/rpc_body.h"

#include <assert.h>
#include <stdio.h>
#include <stdlib.h>

#include <sluice/grpc.h>

#define BODY_MAX ((size_t)1 << 18)
#define QUERY_MESSAGE_MAX ((size_t)20000)

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

/* The bytes are the query, if it is one of Connect. */
static void
check_query(const uint8_t *data, size_t len)
{
    const struct rpc_body_head head = {
        .front = &gw_front_connect,
        .method = "GetBook",
        .query = (const char *)data,
        .query_len = len,
    };
    const struct gw_request r = {
        .verb = "GET",
        .verb_len = 3,
        .query = head.query,
        .query_len = len,
    };

    if (gw_connect_is_get(&r))
        (void)rpc_body_check(&head, NULL, 0, nothing);
}

static size_t
put_base64(const uint8_t *data, size_t len, char *to)
{
    size_t n = sluice_base64_encode(data, len, to);

    for (char *p = to; p < to + n; p++)
        if (*p == '/' || *p == '+')
            *p = *p == '/' ? '_' : '-';
    return n;
}

static size_t
put_escapes(const uint8_t *data, size_t len, char *to)
{
    size_t n = 0;

    for (size_t i = 0; i < len; i++)
        n += (size_t)sprintf(to + n, "%%%02x", data[i]);
    return n;
}

/* The bytes are a message in the query. */
static void
check_get(const struct rpc_body_head *post, struct played_end expected,
    const uint8_t *data, size_t len, bool is_base64)
{
    static const char *const codings[] = { "identity", "gzip", "deflate" };
    char *query = malloc(len * 3 + 100);
    struct rpc_body_head get = *post;
    int n;

    assert(query != NULL);
    n = sprintf(query,
        "connect=v1&base64=%d&encoding=%s&compression=%s&message=", is_base64,
        post->content_type + sizeof "application/" - 1, codings[post->coding]);
    get.query = query;
    get.query_len = (size_t)n +
        (is_base64 ? put_base64 : put_escapes)(data, len, query + n);
    assert(played_end_is_same(expected, rpc_body_run(&get, NULL, 0, nothing)));
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
    struct played_end end;

    if (in.left > BODY_MAX)
        return 0;
    if (how & 0x80) {
        check_query(in.at, in.left);
        return 0;
    }
    end = rpc_body_check(&head, in.at, in.left, pieces);
    if (head.front != &gw_front_connect || in.left > QUERY_MESSAGE_MAX)
        return 0;
    check_get(&head, end, in.at, in.left, true);
    check_get(&head, end, in.at, in.left, false);
    return 0;
}
