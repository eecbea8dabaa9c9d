/* SPDX-License-Identifier: Apache-2.0 */
/* tests/fuzz/rpc_body.c - see rpc_body.h. */
#include "tests/fuzz/rpc_body.h"

#include <assert.h>

static void
find_rpc(struct gw_exchange *x, const char *name)
{
    const struct route_set *set = x->worker->set;

    for (size_t i = 0; i < set->n_rpcs; i++)
        if (strcmp(set->rpcs[i].name, name) == 0)
            x->rpc = &set->rpcs[i];
}

static void
begin(struct gw_exchange *x, const struct rpc_body_head *head)
{
    x->request.verb = head->query != NULL ? "GET" : "POST";
    x->request.verb_len = strlen(x->request.verb);
    x->request.query = head->query;
    x->request.query_len = head->query_len;
    x->request.timeout_ns = -1;
    if (head->content_type != NULL)
        x->request.content_type = sluice_str(head->content_type);
    find_rpc(x, head->method);
    x->front = head->front;
    x->form = x->front->form;
    if (x->front->look != NULL)
        x->front->look(x);
    x->front->begin(x);
    if (head->query == NULL)
        x->wire.coding = head->coding;
}

static void
feed(struct gw_exchange *x, const uint8_t *body, size_t len)
{
    size_t at = 0;

    while (at < len && !x->reply.is_ready) {
        size_t n = played_call_cut(len - at);
        size_t used = x->intake->body(x, (const char *)body + at, n);

        assert(used <= n);
        assert(used == n || x->rpc->method->client_streaming);
        at += used;
    }
    if (!x->reply.is_ready)
        x->intake->end(x);
}

struct played_end
rpc_body_run(const struct rpc_body_head *head, const uint8_t *body, size_t len,
    struct fuzz_input cuts)
{
    struct gw_exchange *x =
        played_call_fixture("limits: {max_request_message: 64KiB}\n")->x;
    struct played_end end;

    played_call_begin(cuts);
    begin(x, head);
    if (!x->reply.is_ready)
        feed(x, body, len);
    end = played_call_end(x);
    assert(end.is_ended != x->reply.is_ready);
    assert(!x->reply.is_ready || x->reply.code > 0);
    return end;
}

struct played_end
rpc_body_check(const struct rpc_body_head *head, const uint8_t *body,
    size_t len, struct fuzz_input cuts)
{
    const struct fuzz_input none = { NULL, 0 };
    struct played_end whole = rpc_body_run(head, body, len, none);

    assert(played_end_is_same(whole, rpc_body_run(head, body, len, cuts)));
    return whole;
}
