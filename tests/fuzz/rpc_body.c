/* SPDX-License-Identifier: Apache-2.0 */
/* tests/fuzz/rpc_body.c - see rpc_body.h. */
#include "tests/fuzz/rpc_body.h"

#include "gateway/call.h"
#include "tests/gateway/fixture.h"

#include <assert.h>

/* What the wrapped functions play with; of one run at a time. */
static struct {
    struct rpc_body_end end;
    struct fuzz_input cuts;
    bool is_closed; /* nothing may come any more */
} now;

void __wrap_gw_call_start(struct gw_exchange *x, struct sluice_bytes *request);
void __wrap_gw_call_request(struct gw_exchange *x,
    struct sluice_bytes *request);
bool __wrap_gw_call_has_room(const struct gw_exchange *x);
void __wrap_gw_call_half_close(struct gw_exchange *x);
void __wrap_gw_call_give_up(struct gw_exchange *x);

static void
mix(const void *p, size_t n)
{
    const uint8_t *bytes = p;

    for (size_t i = 0; i < n; i++)
        now.end.hash = (now.end.hash ^ bytes[i]) * 0x100000001b3u;
}

static void
take(const struct gw_exchange *x, struct sluice_bytes *payload)
{
    size_t n = sluice_bytes_size(payload);

    assert(!now.is_closed && !x->reply.is_ready);
    assert(n <= x->worker->set->config->max_request_message);
    mix(&n, sizeof n);
    mix(sluice_bytes_data(payload), n);
    now.end.n_payloads++;
    sluice_bytes_unref(&payload);
}

void
__wrap_gw_call_start(struct gw_exchange *x, struct sluice_bytes *request)
{
    if (request == NULL)
        return;
    take(x, request);
    now.is_closed = now.end.is_ended = true;
}

void
__wrap_gw_call_request(struct gw_exchange *x, struct sluice_bytes *request)
{
    take(x, request);
}

bool
__wrap_gw_call_has_room(const struct gw_exchange *x)
{
    (void)x;
    return fuzz_has_ended(&now.cuts) || fuzz_flip(&now.cuts);
}

void
__wrap_gw_call_half_close(struct gw_exchange *x)
{
    (void)x;
    assert(!now.is_closed);
    now.is_closed = now.end.is_ended = true;
}

void
__wrap_gw_call_give_up(struct gw_exchange *x)
{
    assert(x->reply.is_ready);
    x->is_refused = true;
    now.is_closed = true;
}

static struct fixture *
the_fixture(void)
{
    static struct fixture *f; /* the fuzzer's only state */

    if (f == NULL) {
        f = calloc(1, sizeof *f);
        assert(f != NULL);
        fixture_open(f, "limits: {max_request_message: 64KiB}\n");
    }
    fixture_renew(f);
    return f;
}

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
        size_t n = len - at, used;

        if (!fuzz_has_ended(&now.cuts))
            n = fuzz_byte(&now.cuts) % 16 + 1;
        if (n > len - at)
            n = len - at;
        used = x->intake->body(x, (const char *)body + at, n);
        assert(used <= n);
        assert(used == n || x->rpc->method->client_streaming);
        at += used;
    }
    if (!x->reply.is_ready)
        x->intake->end(x);
}

static void
clean(struct gw_exchange *x)
{
    sluice_bytes_unref(&x->payload);
    gw_buffer_fini(&x->message);
    gw_buffer_fini(&x->bound);
}

struct rpc_body_end
rpc_body_run(const struct rpc_body_head *head, const uint8_t *body, size_t len,
    struct fuzz_input cuts)
{
    struct gw_exchange *x = the_fixture()->x;

    memset(&now, 0, sizeof now);
    now.end.hash = 0xcbf29ce484222325u;
    now.cuts = cuts;
    begin(x, head);
    if (!x->reply.is_ready)
        feed(x, body, len);
    if (x->reply.is_ready)
        now.end.code = x->reply.code;
    assert(now.end.is_ended != x->reply.is_ready);
    assert(!x->reply.is_ready || x->reply.code > 0);
    clean(x);
    return now.end;
}

bool
rpc_body_is_same(struct rpc_body_end a, struct rpc_body_end b)
{
    return a.n_payloads == b.n_payloads && a.hash == b.hash &&
        a.code == b.code && a.is_ended == b.is_ended;
}

struct rpc_body_end
rpc_body_check(const struct rpc_body_head *head, const uint8_t *body,
    size_t len, struct fuzz_input cuts)
{
    const struct fuzz_input none = { NULL, 0 };
    struct rpc_body_end whole = rpc_body_run(head, body, len, none);

    assert(rpc_body_is_same(whole, rpc_body_run(head, body, len, cuts)));
    return whole;
}
