/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_grpc_request.c - what the gRPC client hands to nghttp2: the
 * fields of a request, and memory.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

#include <cmocka.h>

#include "rpc/link/grpc_memory.h"
#include "rpc/link/grpc_request.h"

/* ---------------------------------------------------------------- paths */

static struct sluice_pool *
pool_of(void **state)
{
    return *state;
}

static int
setup(void **state)
{
    *state = sluice_pool_new();
    return *state == NULL;
}

static int
teardown(void **state)
{
    struct sluice_pool *pool = *state;

    sluice_pool_free(&pool);
    return 0;
}

static enum sluice_err
make_path(struct sluice_pool *pool, struct sluice_str group,
    struct sluice_str method)
{
    struct rpc_grpc_request req = { .path = NULL };
    enum sluice_err err = rpc_grpc_request_init(&req, pool, group, method);

    rpc_grpc_request_fini(&req, pool);
    return err;
}

static void
assert_path(struct sluice_pool *pool, const char *group, const char *method,
    const char *path)
{
    struct rpc_grpc_request req = { .path = NULL };

    assert_int_equal(rpc_grpc_request_init(&req, pool, sluice_str(group),
                         sluice_str(method)),
        SLUICE_OK);
    assert_int_equal(req.path_len, strlen(path));
    assert_memory_equal(req.path, path, req.path_len);
    rpc_grpc_request_fini(&req, pool);
}

static void
a_path_is_made_of_group_and_method(void **state)
{
    struct sluice_pool *pool = pool_of(state);

    assert_path(pool, "a", "b", "/a/b");
    assert_path(pool, "pkg.Service", "Method", "/pkg.Service/Method");
    assert_path(pool, "a/b", "c", "/a/b/c");
}

static void
a_path_may_be_long(void **state)
{
    char group[301], path[400];

    memset(group, 'g', sizeof(group) - 1);
    group[sizeof(group) - 1] = '\0';
    snprintf(path, sizeof(path), "/%s/Method", group);
    assert_path(pool_of(state), group, "Method", path);
}

/* Every byte at every place of names of every length up to 20. */
static void
only_printable_names_make_a_path(void **state)
{
    struct sluice_str fine = sluice_str("fine");
    struct sluice_pool *pool = pool_of(state);
    enum sluice_err expected;
    struct sluice_str name;
    char text[20];
    unsigned byte;
    size_t at;

    for (name.len = 1; name.len <= sizeof(text); name.len++) {
        name.ptr = text;
        memset(text, '~', sizeof(text));
        for (at = 0; at < name.len; at++) {
            for (byte = 0; byte < 256; byte++) {
                text[at] = (char)byte;
                expected =
                    byte > 0x20 && byte < 0x7f ? SLUICE_OK : SLUICE_EINVAL;
                assert_int_equal(make_path(pool, name, fine), expected);
                if (byte != '/')
                    assert_int_equal(make_path(pool, fine, name), expected);
            }
            text[at] = '!';
        }
    }
}

static void
empty_names_and_methods_with_a_slash_make_no_path(void **state)
{
    struct sluice_pool *pool = pool_of(state);
    struct sluice_str empty = sluice_str(""), fine = sluice_str("fine");

    assert_int_equal(make_path(pool, empty, fine), SLUICE_EINVAL);
    assert_int_equal(make_path(pool, fine, empty), SLUICE_EINVAL);
    assert_int_equal(make_path(pool, fine, sluice_str("a/b")), SLUICE_EINVAL);
}

/* --------------------------------------------------------------- fields */

struct block {
    nghttp2_nv nv[RPC_GRPC_FIELDS];
    size_t count;
    size_t size;
};

static void
init_base(struct rpc_grpc_request_base *base)
{
    rpc_grpc_request_base_init(base, sluice_str("host:1"),
        sluice_str("agent/1"));
}

static void
make_block_of(struct rpc_grpc_request_base *base, struct block *b,
    struct rpc_grpc_request *req, struct sluice_pool *pool, int64_t timeout_ns)
{
    assert_int_equal(rpc_grpc_request_fields(req, pool, base, timeout_ns, b->nv,
                         &b->count, &b->size),
        SLUICE_OK);
}

static void
make_block(struct block *b, struct rpc_grpc_request *req,
    struct sluice_pool *pool, int64_t timeout_ns)
{
    struct rpc_grpc_request_base base;

    init_base(&base);
    make_block_of(&base, b, req, pool, timeout_ns);
}

static void
assert_field(const nghttp2_nv *nv, const char *name, const char *value)
{
    assert_int_equal(nv->namelen, strlen(name));
    assert_memory_equal(nv->name, name, nv->namelen);
    assert_int_equal(nv->valuelen, strlen(value));
    assert_memory_equal(nv->value, value, nv->valuelen);
}

static const char *const usual[][2] = { { ":method", "POST" },
    { ":scheme", "http" }, { ":path", "/a/b" }, { ":authority", "host:1" },
    { "te", "trailers" }, { "content-type", "application/grpc" },
    { "grpc-accept-encoding", "identity,deflate,gzip" },
    { "user-agent", "agent/1" } };
#define USUAL (sizeof(usual) / sizeof(usual[0]))

static void
a_request_has_the_fields_of_all_requests_first(void **state)
{
    struct rpc_grpc_request req = { .path = NULL };
    struct sluice_pool *pool = pool_of(state);
    struct block b;
    size_t size = 0;
    size_t i;

    assert_int_equal(rpc_grpc_request_init(&req, pool, sluice_str("a"),
                         sluice_str("b")),
        SLUICE_OK);
    make_block(&b, &req, pool, SLUICE_NO_TIMEOUT);
    assert_int_equal(b.count, USUAL);
    for (i = 0; i < USUAL; i++) {
        assert_field(&b.nv[i], usual[i][0], usual[i][1]);
        size += strlen(usual[i][0]) + strlen(usual[i][1]) + 32;
    }
    assert_int_equal(b.size, size);
    rpc_grpc_request_fini(&req, pool);
}

static void
a_requests_own_fields_follow(void **state)
{
    struct rpc_grpc_request req = { .path = NULL };
    struct sluice_pool *pool = pool_of(state);
    struct block b;

    assert_int_equal(rpc_grpc_request_init(&req, pool, sluice_str("a"),
                         sluice_str("b")),
        SLUICE_OK);
    req.coding = SLUICE_GRPC_GZIP;
    req.metadata = sluice_metadata_new(pool);
    assert_int_equal(sluice_metadata_add(req.metadata, sluice_str("key"),
                         sluice_str("value")),
        SLUICE_OK);
    make_block(&b, &req, pool, SLUICE_SECOND);
    assert_int_equal(b.count, USUAL + 3);
    assert_field(&b.nv[USUAL], "grpc-timeout", "1000000u");
    assert_field(&b.nv[USUAL + 1], "grpc-encoding", "gzip");
    assert_field(&b.nv[USUAL + 2], "key", "value");
    rpc_grpc_request_fini(&req, pool);
}

static void
assert_timeout(struct sluice_pool *pool, int64_t ns, const char *text)
{
    struct rpc_grpc_request req = { .path = NULL };
    struct block b;

    assert_int_equal(rpc_grpc_request_init(&req, pool, sluice_str("a"),
                         sluice_str("b")),
        SLUICE_OK);
    make_block(&b, &req, pool, ns);
    assert_field(&b.nv[USUAL], "grpc-timeout", text);
    assert_int_equal(b.nv[USUAL].flags & NGHTTP2_NV_FLAG_NO_INDEX, 0);
    rpc_grpc_request_fini(&req, pool);
}

static void
a_timeout_has_three_digits_that_mostly_repeat(void **state)
{
    struct sluice_pool *pool = pool_of(state);

    assert_timeout(pool, 60 * SLUICE_SECOND, "60000000u");
    assert_timeout(pool, 60 * SLUICE_SECOND - 1, "60000000u");
    assert_timeout(pool, 59900000001, "60000000u");
    assert_timeout(pool, 59900000000, "59900000u");
    assert_timeout(pool, 1234500000, "1240000u");
    assert_timeout(pool, 999, "999n");
    assert_timeout(pool, 1001, "1010n");
    assert_timeout(pool, 0, "1n");
    assert_timeout(pool, 9212000000000000000, "2561112H");
    assert_timeout(pool, 9215000000000000000, "2561112H");
    assert_timeout(pool, INT64_MAX - 1, "2562048H");
}

/* What the last request had must not show in the text of this one. */
static void
a_timeout_has_the_same_text_whatever_came_before(void **state)
{
    static const int64_t timeouts[] = { 9212000000000000000,
        9215000000000000000, 9220000000000000001, INT64_MAX - 1,
        60 * SLUICE_SECOND, 60 * SLUICE_SECOND - 1, 59900000001, 59900000000,
        59899999999, 0, 1, 2, 999, 1000, 1001, 1010, 1011, 999500, 1000000,
        INT64_MAX - 1, INT64_MAX - 2, 1000000000000000000,
        60 * SLUICE_SECOND + 1 };
    const size_t n = sizeof(timeouts) / sizeof(timeouts[0]);
    struct rpc_grpc_request req = { .path = NULL };
    struct sluice_pool *pool = pool_of(state);
    struct rpc_grpc_request_base base;
    char text[sizeof(req.timeout) + 1];
    struct block b;
    size_t i;

    assert_int_equal(rpc_grpc_request_init(&req, pool, sluice_str("a"),
                         sluice_str("b")),
        SLUICE_OK);
    init_base(&base);
    for (i = 0; i < n * n; i++) { /* each of them behind each */
        make_block_of(&base, &b, &req, pool, timeouts[i / n]);
        make_block_of(&base, &b, &req, pool, timeouts[i % n]);
        snprintf(text, sizeof(text), "%.*s", (int)b.nv[USUAL].valuelen,
            (char *)b.nv[USUAL].value);
        assert_timeout(pool, timeouts[i % n], text);
    }
    rpc_grpc_request_fini(&req, pool);
}

/* -------------------------------------------------------------- indexing */

/* Both ends of a connection's header compression. */
struct wire {
    struct sluice_pool *pool;
    struct rpc_grpc_request_base base;
    nghttp2_hd_deflater *deflater;
    nghttp2_hd_inflater *inflater;
};

static void
open_wire(struct wire *w, void **state)
{
    w->pool = pool_of(state);
    init_base(&w->base);
    assert_int_equal(nghttp2_hd_deflate_new(&w->deflater, 4096), 0);
    assert_int_equal(nghttp2_hd_inflate_new(&w->inflater), 0);
}

static void
close_wire(struct wire *w)
{
    nghttp2_hd_deflate_del(w->deflater);
    nghttp2_hd_inflate_del(w->inflater);
}

/* Whether the block's last field, which must be this, came as never indexed. */
static bool
inflate(struct wire *w, const uint8_t *in, size_t len, const char *name,
    const char *value)
{
    bool is_never_indexed = false;
    int flags = 0;
    nghttp2_nv nv;
    ssize_t used;

    while ((flags & NGHTTP2_HD_INFLATE_FINAL) == 0) {
        used = nghttp2_hd_inflate_hd2(w->inflater, &nv, &flags, in, len, true);
        assert_true(used >= 0);
        in += used;
        len -= (size_t)used;
        if ((flags & NGHTTP2_HD_INFLATE_EMIT) == 0)
            continue;
        is_never_indexed = (nv.flags & NGHTTP2_NV_FLAG_NO_INDEX) != 0;
        if (len == 0)
            assert_field(&nv, name, value);
    }
    nghttp2_hd_inflate_end_headers(w->inflater);
    return is_never_indexed;
}

/* A request with this metadata; how long it is on the wire. */
static size_t
send_request(struct wire *w, const char *name, const char *value,
    bool *is_never_indexed)
{
    struct rpc_grpc_request req = { .path = NULL };
    uint8_t out[2048];
    struct block b;
    ssize_t len;

    assert_int_equal(rpc_grpc_request_init(&req, w->pool, sluice_str("a"),
                         sluice_str("b")),
        SLUICE_OK);
    req.metadata = sluice_metadata_new(w->pool);
    assert_int_equal(sluice_metadata_add(req.metadata, sluice_str(name),
                         sluice_str(value)),
        SLUICE_OK);
    make_block_of(&w->base, &b, &req, w->pool, 60 * SLUICE_SECOND);
    len = nghttp2_hd_deflate_hd(w->deflater, out, sizeof(out), b.nv, b.count);
    assert_true(len > 0);
    *is_never_indexed = inflate(w, out, (size_t)len, name, value);
    rpc_grpc_request_fini(&req, w->pool);
    return (size_t)len;
}

static void
assert_always_never_indexed(void **state, const char *name, const char *value)
{
    bool is_never_indexed;
    struct wire w;
    size_t i;

    open_wire(&w, state);
    for (i = 0; i < 4; i++) {
        send_request(&w, name, value, &is_never_indexed);
        assert_true(is_never_indexed);
    }
    close_wire(&w);
}

static void
assert_one_byte_when_repeated(void **state, const char *name, const char *value)
{
    bool is_never_indexed;
    size_t first, last;
    struct wire w;

    open_wire(&w, state);
    send_request(&w, "x", "y", &is_never_indexed);
    first = send_request(&w, name, value, &is_never_indexed);
    assert_true(is_never_indexed);
    send_request(&w, name, value, &is_never_indexed);
    assert_false(is_never_indexed);
    last = send_request(&w, name, value, &is_never_indexed);
    assert_false(is_never_indexed);
    /* A literal has a byte for its kind, one for each length, and texts that
     * Huffman's code makes shorter by a third at most. */
    assert_true(last + 1 + (strlen(name) + strlen(value)) * 5 / 8 < first);
    assert_int_equal(send_request(&w, "x", "y", &is_never_indexed),
        last - 1 + 5);
    close_wire(&w);
}

static void
what_says_who_sent_a_request_is_one_byte_when_it_repeats(void **state)
{
    assert_one_byte_when_repeated(state, "x-forwarded-for", "203.0.113.7");
    assert_one_byte_when_repeated(state, "x-forwarded-proto", "https");
    assert_one_byte_when_repeated(state, "x-forwarded-host", "example.com");
    assert_one_byte_when_repeated(state, "x-forwarded-port", "8443");
    assert_one_byte_when_repeated(state, "x-user-agent",
        "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 "
        "Firefox/140.0");
}

static void
secrets_and_what_else_a_call_brings_are_never_indexed(void **state)
{
    assert_always_never_indexed(state, "authorization", "Bearer abc");
    assert_always_never_indexed(state, "cookie", "session=abcdefghijklmnopqrs");
    assert_always_never_indexed(state, "x-api-key", "abc");
    assert_always_never_indexed(state, "x-forwarded-access-token", "abc");
    assert_always_never_indexed(state, "x-forwarded-email", "a@b.example");
    assert_always_never_indexed(state, "x-forwarded-usr", "abc");
    assert_always_never_indexed(state, "x-forwarded", "abc");
    assert_always_never_indexed(state, "x-user-agents", "abc");
    assert_always_never_indexed(state, "x-user-token", "abc");
    assert_always_never_indexed(state, "x-forwarded-hash", "abc");
    assert_always_never_indexed(state, "x-forwarded-roles", "abc");
    assert_always_never_indexed(state, "x-request-id", "1");
}

static void
a_long_value_is_never_indexed(void **state)
{
    char agent[258];

    memset(agent, 'a', sizeof(agent));
    agent[257] = '\0';
    assert_always_never_indexed(state, "x-user-agent", agent);
    agent[256] = '\0';
    assert_one_byte_when_repeated(state, "x-user-agent", agent);
}

/* Each would push out what the requests have in common. */
static void
many_senders_in_turn_leave_the_table_alone(void **state)
{
    bool is_never_indexed;
    char address[32];
    size_t before;
    struct wire w;
    unsigned i;

    open_wire(&w, state);
    send_request(&w, "x", "y", &is_never_indexed);
    before = send_request(&w, "x", "y", &is_never_indexed);
    for (i = 0; i < 2000; i++) {
        snprintf(address, sizeof(address), "203.0.%u.%u", i / 10 % 100, i % 10);
        send_request(&w, "x-forwarded-for", address, &is_never_indexed);
        assert_true(is_never_indexed);
    }
    assert_int_equal(send_request(&w, "x", "y", &is_never_indexed), before);
    close_wire(&w);
}

/* --------------------------------------------------------------- memory */

static void
nghttp2_is_given_memory_from_the_pool(void **state)
{
    struct sluice_pool *pool = pool_of(state);
    nghttp2_mem mem;
    void *p, *again;

    rpc_grpc_memory_init(&mem, pool);
    p = mem.malloc(100, mem.mem_user_data);
    assert_non_null(p);
    assert_int_equal((uintptr_t)p % _Alignof(max_align_t), 0);
    memset(p, 1, 100);
    mem.free(p, mem.mem_user_data);
    again = mem.malloc(90, mem.mem_user_data);
    assert_non_null(again);
    mem.free(again, mem.mem_user_data);
    mem.free(NULL, mem.mem_user_data);
}

static void
zeroed_memory_is_zero(void **state)
{
    nghttp2_mem mem;
    uint8_t *p;
    size_t i;

    rpc_grpc_memory_init(&mem, pool_of(state));
    p = mem.malloc(300, mem.mem_user_data);
    memset(p, 1, 300);
    mem.free(p, mem.mem_user_data);
    p = mem.calloc(100, 3, mem.mem_user_data);
    for (i = 0; i < 300; i++)
        assert_int_equal(p[i], 0);
    mem.free(p, mem.mem_user_data);
}

static void
what_grows_keeps_its_contents(void **state)
{
    nghttp2_mem mem;
    uint8_t *p;
    size_t i;

    rpc_grpc_memory_init(&mem, pool_of(state));
    p = mem.realloc(NULL, 10, mem.mem_user_data);
    for (i = 0; i < 10; i++)
        p[i] = (uint8_t)i;
    p = mem.realloc(p, 200000, mem.mem_user_data);
    memset(p + 10, 1, 199990);
    p = mem.realloc(p, 5, mem.mem_user_data);
    for (i = 0; i < 5; i++)
        assert_int_equal(p[i], i);
    mem.free(p, mem.mem_user_data);
}

static void
sizes_that_overflow_get_nothing(void **state)
{
    nghttp2_mem mem;
    void *p;

    rpc_grpc_memory_init(&mem, pool_of(state));
    assert_null(mem.malloc(SIZE_MAX, mem.mem_user_data));
    assert_null(mem.calloc(SIZE_MAX / 2, 3, mem.mem_user_data));
    p = mem.malloc(1, mem.mem_user_data);
    assert_null(mem.realloc(p, SIZE_MAX - 4, mem.mem_user_data));
    mem.free(p, mem.mem_user_data);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_path_is_made_of_group_and_method),
        TEST(a_path_may_be_long),
        TEST(only_printable_names_make_a_path),
        TEST(empty_names_and_methods_with_a_slash_make_no_path),
        TEST(a_request_has_the_fields_of_all_requests_first),
        TEST(a_requests_own_fields_follow),
        TEST(a_timeout_has_three_digits_that_mostly_repeat),
        TEST(a_timeout_has_the_same_text_whatever_came_before),
        TEST(what_says_who_sent_a_request_is_one_byte_when_it_repeats),
        TEST(secrets_and_what_else_a_call_brings_are_never_indexed),
        TEST(a_long_value_is_never_indexed),
        TEST(many_senders_in_turn_leave_the_table_alone),
        TEST(nghttp2_is_given_memory_from_the_pool),
        TEST(zeroed_memory_is_zero),
        TEST(what_grows_keeps_its_contents),
        TEST(sizes_that_overflow_get_nothing),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
