/* SPDX-License-Identifier: Apache-2.0 */
/* tests/fuzz/played_call.c - see played_call.h. */
#include "tests/fuzz/played_call.h"

#include "gateway/call.h"
#include "gateway/worker.h"

#include <assert.h>

/* What the wrapped functions play with. */
static struct {
    struct played_end end;
    struct fuzz_input cuts;
    struct sluice_receiver receiver;
    bool has_receiver;
    bool has_no_room;
    bool is_closed; /* nothing may come any more */
} now;

void __wrap_gw_call_start(struct gw_exchange *x, struct sluice_bytes *request);
void __wrap_gw_call_start_for(struct gw_exchange *x,
    struct sluice_bytes *request, const struct sluice_receiver *receiver);
void __wrap_gw_call_request(struct gw_exchange *x,
    struct sluice_bytes *request);
bool __wrap_gw_call_has_room(const struct gw_exchange *x);
bool __wrap_gw_call_is_waited_for(const struct gw_exchange *x);
void __wrap_gw_call_half_close(struct gw_exchange *x);
void __wrap_gw_call_give_up(struct gw_exchange *x);
void __wrap_gw_exchange_called(struct gw_exchange *x);
void __wrap_sluice_call_cancel(struct sluice_call *call);
void __wrap_sluice_call_allow(struct sluice_call *call, int n);

uint64_t
played_hash(uint64_t hash, const void *p, size_t n)
{
    const uint8_t *bytes = p;

    for (size_t i = 0; i < n; i++)
        hash = (hash ^ bytes[i]) * 0x100000001b3u;
    return hash;
}

static void
take(const struct gw_exchange *x, struct sluice_bytes *payload)
{
    size_t n = sluice_bytes_size(payload);

    assert(!now.is_closed && !gw_exchange_is_answered(x));
    assert(n <= x->worker->set->config->max_request_message);
    now.end.hash = played_hash(now.end.hash, &n, sizeof n);
    now.end.hash = played_hash(now.end.hash, sluice_bytes_data(payload), n);
    now.end.n_payloads++;
    sluice_bytes_unref(&payload);
}

void
__wrap_gw_call_start(struct gw_exchange *x, struct sluice_bytes *request)
{
    x->is_calling = true;
    if (request == NULL)
        return;
    take(x, request);
    now.is_closed = now.end.is_ended = true;
}

void
__wrap_gw_call_start_for(struct gw_exchange *x, struct sluice_bytes *request,
    const struct sluice_receiver *receiver)
{
    assert(!now.has_receiver);
    now.receiver = *receiver;
    now.has_receiver = true;
    __wrap_gw_call_start(x, request);
}

void
__wrap_gw_call_request(struct gw_exchange *x, struct sluice_bytes *request)
{
    take(x, request);
}

bool
__wrap_gw_call_has_room(const struct gw_exchange *x)
{
    now.has_no_room =
        x->is_calling && !fuzz_has_ended(&now.cuts) && !fuzz_flip(&now.cuts);
    return !now.has_no_room;
}

bool
__wrap_gw_call_is_waited_for(const struct gw_exchange *x)
{
    return __wrap_gw_call_has_room(x);
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

void
__wrap_gw_exchange_called(struct gw_exchange *x)
{
    assert(x->is_calling);
    x->is_calling = false;
}

void
__wrap_sluice_call_cancel(struct sluice_call *call)
{
    (void)call;
    now.is_closed = true;
}

void
__wrap_sluice_call_allow(struct sluice_call *call, int n)
{
    (void)call;
    assert(n == 1);
}

struct fixture *
played_call_fixture(const char *more)
{
    static struct fixture *f; /* the fuzzer's only state */

    if (f == NULL) {
        f = calloc(1, sizeof *f);
        assert(f != NULL);
        fixture_open(f, more);
    }
    fixture_renew(f);
    return f;
}

void
played_call_begin(struct fuzz_input cuts)
{
    memset(&now, 0, sizeof now);
    now.end.hash = PLAYED_HASH;
    now.cuts = cuts;
}

size_t
played_call_cut(size_t left)
{
    size_t n = left;

    if (!fuzz_has_ended(&now.cuts))
        n = fuzz_byte(&now.cuts) % 16 + 1;
    return n < left ? n : left;
}

struct played_end
played_call_end(const struct gw_exchange *x)
{
    struct played_end end = now.end;

    if (x->reply.is_ready)
        end.code = x->reply.code;
    return end;
}

bool
played_end_is_same(struct played_end a, struct played_end b)
{
    return a.n_payloads == b.n_payloads && a.hash == b.hash &&
        a.code == b.code && a.is_ended == b.is_ended;
}

const struct sluice_receiver *
played_call_receiver(void)
{
    return now.has_receiver ? &now.receiver : NULL;
}

bool
played_call_has_made_room(void)
{
    bool had_none = now.has_no_room;

    now.has_no_room = false;
    return had_none;
}
