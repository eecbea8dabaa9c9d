/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_grpc_codings.c - the parts of the gRPC link that need no
 * network: timeouts, messages, base64, targets, backoff and framing.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <sluice/grpc.h>

#include "rpc/link/grpc_backoff.h"
#include "rpc/link/grpc_framing.h"
#include "rpc/link/grpc_target.h"

#include <arpa/inet.h>
#include <stdlib.h>

/* -------------------------------------------------------------- timeouts */

static int64_t
parsed(const char *text)
{
    int64_t ns = -1;

    assert_int_equal(sluice_grpc_timeout_parse(sluice_str(text), &ns),
        SLUICE_OK);
    return ns;
}

static void
refused(const char *text)
{
    int64_t ns;

    assert_int_equal(sluice_grpc_timeout_parse(sluice_str(text), &ns),
        SLUICE_EINVAL);
}

static void
a_timeout_has_digits_and_a_unit(void **state)
{
    (void)state;
    assert_int_equal(parsed("1S"), SLUICE_SECOND);
    assert_int_equal(parsed("1000m"), SLUICE_SECOND);
    assert_int_equal(parsed("1M"), 60 * SLUICE_SECOND);
    assert_int_equal(parsed("2H"), 7200 * SLUICE_SECOND);
    assert_int_equal(parsed("7u"), 7000);
    assert_int_equal(parsed("00000007n"), 7);
    assert_int_equal(parsed("0n"), 0);
}

static void
a_timeout_beyond_64_bits_is_clamped(void **state)
{
    (void)state;
    assert_int_equal(parsed("99999999H"), INT64_MAX - 1);
    assert_int_equal(parsed("2562048H"), INT64_MAX - 1);
}

static void
malformed_timeouts_are_refused(void **state)
{
    (void)state;
    refused("");
    refused("S");
    refused("1");
    refused("-1S");
    refused("+1S");
    refused("1.5S");
    refused("123456789m");
    refused("10s");
    refused("10 S");
    refused("1SS");
    refused(NULL);
}

static void
formats(int64_t ns, const char *text)
{
    char out[10];
    size_t len = sluice_grpc_timeout_format(ns, out);

    assert_true(len <= 10);
    assert_int_equal(len, strlen(text));
    assert_memory_equal(out, text, len);
}

static void
a_timeout_is_written_in_the_finest_unit_rounded_up(void **state)
{
    (void)state;
    formats(1, "1n");
    formats(99999999, "99999999n");
    formats(100000000, "100000u");
    formats(100000001, "100001u");
    formats(SLUICE_SECOND, "1000000u");
    formats(100 * SLUICE_SECOND, "100000m");
    formats(INT64_MAX, "2562048H");
    formats(INT64_MAX - 1, "2562048H");
}

/* -------------------------------------------------------------- messages */

static void
decodes(const char *in, const char *expected)
{
    char *copy = strdup(in);
    char out[64];
    size_t n = sluice_grpc_message_decode(copy, strlen(in), out);

    free(copy);
    assert_int_equal(n, strlen(expected));
    assert_memory_equal(out, expected, n);
}

static void
a_message_is_percent_decoded_and_never_refused(void **state)
{
    (void)state;
    decodes("50%25 of %C3%A9%0A", "50% of \xc3\xa9\n");
    decodes("%c3%a9", "\xc3\xa9");
    decodes("a%2", "a%2");
    decodes("a%", "a%");
    decodes("a%zz", "a%zz");
    decodes("%%41", "%A");
    decodes("", "");
}

static void
encodes(const char *in, const char *expected)
{
    char out[64];

    assert_int_equal(sluice_grpc_message_encode(in, strlen(in), NULL),
        strlen(expected));
    assert_int_equal(sluice_grpc_message_encode(in, strlen(in), out),
        strlen(expected));
    assert_memory_equal(out, expected, strlen(expected));
}

static void
a_message_is_encoded_where_it_must_be(void **state)
{
    (void)state;
    encodes("50% of \xc3\xa9\n", "50%25 of %C3%A9%0A");
    encodes("~ \x7f", "~ %7F");
    encodes("", "");
}

/* ---------------------------------------------------------------- base64 */

static void
base64_there_and_back(void **state)
{
    uint8_t in[64];
    uint8_t back[66];
    char text[96];
    size_t len;
    size_t i;
    size_t n;

    (void)state;
    for (i = 0; i < sizeof(in); i++)
        in[i] = (uint8_t)(i * 37 + 200);
    for (len = 0; len <= sizeof(in); len++) {
        n = sluice_base64_encode(in, len, text);
        assert_int_equal(n, (len * 4 + 2) / 3);
        assert_int_equal(sluice_base64_decode(text, n, back), len);
        assert_memory_equal(back, in, len);
        for (; n % 4 != 0; n++)
            text[n] = '=';
        assert_int_equal(sluice_base64_decode(text, n, back), len);
        assert_memory_equal(back, in, len);
    }
}

static void
what_is_not_base64_is_refused(void **state)
{
    static const char *const bad[] = { "A", "AAAAA", "!!!", "AA-_",
        "A===", "====", "AA=A", "AA=", "A A ", "=" };
    uint8_t out[16];
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(sluice_base64_decode(bad[i], strlen(bad[i]), out),
            SIZE_MAX);
}

/* --------------------------------------------------------------- targets */

static void
target(struct rpc_grpc_target *t, const char *text)
{
    const char *why;

    assert_int_equal(rpc_grpc_target_parse(t, sluice_str(text), &why),
        SLUICE_OK);
}

static void
hosts(const char *text, const char *host, const char *port,
    const char *authority)
{
    struct rpc_grpc_target t;

    target(&t, text);
    assert_int_equal(t.kind, RPC_GRPC_TARGET_DNS);
    assert_string_equal(t.host, host);
    assert_string_equal(t.port, port);
    assert_string_equal(t.authority, authority);
}

static void
a_host_is_looked_up_with_or_without_a_scheme(void **state)
{
    (void)state;
    hosts("dns:///backend:50051", "backend", "50051", "backend:50051");
    hosts("dns:backend:50051", "backend", "50051", "backend:50051");
    hosts("backend:50051", "backend", "50051", "backend:50051");
    hosts("backend", "backend", "443", "backend:443");
    hosts("dns:///[::1]:9", "::1", "9", "[::1]:9");
    hosts("[::1]", "::1", "443", "[::1]:443");
    hosts("127.0.0.1:80", "127.0.0.1", "80", "127.0.0.1:80");
}

static void
addresses_are_taken_as_they_are(void **state)
{
    struct rpc_grpc_target t;
    const struct sockaddr_in *v4;

    (void)state;
    target(&t, "ipv4:10.0.0.1:50051,10.0.0.2");
    assert_int_equal(t.kind, RPC_GRPC_TARGET_ADDRESS);
    assert_int_equal(t.addresses, 2);
    assert_string_equal(t.authority, "10.0.0.1:50051");
    v4 = (const struct sockaddr_in *)&t.address[1];
    assert_int_equal(v4->sin_family, AF_INET);
    assert_int_equal(ntohs(v4->sin_port), 443);
    target(&t, "ipv6:[::1]:50051,[2001:db8::1]:7");
    assert_int_equal(t.addresses, 2);
    assert_int_equal(t.address[1].sin6_family, AF_INET6);
    assert_int_equal(ntohs(t.address[1].sin6_port), 7);
}

static void
a_unix_path_may_be_relative_or_absolute(void **state)
{
    struct rpc_grpc_target t;

    (void)state;
    target(&t, "unix:///run/x.sock");
    assert_int_equal(t.kind, RPC_GRPC_TARGET_UNIX);
    assert_string_equal(t.path, "/run/x.sock");
    assert_string_equal(t.authority, "localhost");
    target(&t, "unix:x.sock");
    assert_string_equal(t.path, "x.sock");
}

static void
a_bad_target_is_refused_with_a_reason(void **state)
{
    static const char *const bad[] = { "", "dns:", "dns:///", "dns:///a b",
        "dns://8.8.8.8/a", "a:0", "a:65536", "a:x", "a:", ":1", "a:1:2", "::1",
        "[::1", "[::1]x", "[]:1", "ipv4:a:1", "ipv4:", "ipv4:1.2.3.4,",
        "ipv6:[1.2.3.4]:1", "ipv6:[::1]:0", "unix:", "unix://x",
        "passthrough:///a:1", "http://a", "a/b", "dns:a:99999999999",
        "ipv4:1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,"
        "1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,1.1.1.1,"
        "1.1.1.1,1.1.1.1" };
    char long_path[200];
    const char *why;
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
        why = NULL;
        assert_int_equal(sluice_grpc_target_check(sluice_str(bad[i]), &why),
            SLUICE_EINVAL);
        assert_non_null(why);
        assert_true(strlen(why) > 0);
    }
    memset(long_path, 'a', sizeof(long_path));
    memcpy(long_path, "unix:", 5);
    assert_int_equal(sluice_grpc_target_check(sluice_str_n(long_path,
                                                  sizeof(long_path)),
                         &why),
        SLUICE_EINVAL);
    assert_int_equal(sluice_grpc_target_check(sluice_str_n("unix:a\0b", 8),
                         &why),
        SLUICE_EINVAL);
    assert_int_equal(sluice_grpc_target_check(sluice_str_n("a\0b:1", 5), &why),
        SLUICE_EINVAL);
    assert_int_equal(sluice_grpc_target_check(sluice_str(NULL), &why),
        SLUICE_EINVAL);
}

/* --------------------------------------------------------------- backoff */

static void
backoff_grows_by_1_6_up_to_its_maximum(void **state)
{
    struct rpc_grpc_backoff b;
    int64_t base = SLUICE_SECOND;
    int64_t delay;
    int i;

    (void)state;
    rpc_grpc_backoff_init(&b, SLUICE_SECOND, 120 * SLUICE_SECOND, 1);
    assert_int_equal(rpc_grpc_backoff_next(&b), SLUICE_SECOND);
    for (i = 0; i < 20; i++) {
        base = base / 5 * 8;
        if (base > 120 * SLUICE_SECOND)
            base = 120 * SLUICE_SECOND;
        delay = rpc_grpc_backoff_next(&b);
        assert_true(delay >= base / 5 * 4 - 1 && delay <= base / 5 * 6 + 1);
    }
    rpc_grpc_backoff_reset(&b);
    assert_int_equal(rpc_grpc_backoff_next(&b), SLUICE_SECOND);
}

static void
backoff_does_not_overflow(void **state)
{
    struct rpc_grpc_backoff b;
    int i;

    (void)state;
    rpc_grpc_backoff_init(&b, INT64_MAX / 4, INT64_MAX / 2, 7);
    for (i = 0; i < 10; i++)
        assert_true(rpc_grpc_backoff_next(&b) > 0);
}

/* --------------------------------------------------------------- framing */

#define MAX_MESSAGE 300000u

struct frames {
    struct sluice_pool *pool;
    struct rpc_grpc_reading reading;
    struct rpc_grpc_reader reader;
};

static int
make_reader(void **state)
{
    struct frames *f = test_calloc(1, sizeof(*f));

    f->pool = sluice_pool_new();
    f->reading.pool = f->pool;
    f->reading.coder = rpc_grpc_coder_new();
    f->reading.max_message = MAX_MESSAGE;
    *state = f;
    return f->pool == NULL || f->reading.coder == NULL ? -1 : 0;
}

static int
free_reader(void **state)
{
    struct frames *f = *state;

    rpc_grpc_reader_fini(&f->reader, f->pool);
    rpc_grpc_coder_free(&f->reading.coder);
    sluice_pool_free(&f->pool);
    test_free(f);
    return 0;
}

/* Two messages, of sizes a and b, as on the wire. */
static uint8_t *
two_messages(uint32_t a, uint32_t b, size_t *len)
{
    uint8_t *wire = test_malloc(10 + a + b);
    uint32_t sizes[2] = { a, b };
    uint8_t *p = wire;
    uint32_t j;
    int i;

    for (i = 0; i < 2; i++) {
        *p++ = 0;
        *p++ = (uint8_t)(sizes[i] >> 24);
        *p++ = (uint8_t)(sizes[i] >> 16);
        *p++ = (uint8_t)(sizes[i] >> 8);
        *p++ = (uint8_t)sizes[i];
        for (j = 0; j < sizes[i]; j++)
            *p++ = (uint8_t)(j * 7 + (uint32_t)i);
    }
    *len = 10 + a + b;
    return wire;
}

static void
check_message(struct sluice_bytes **message, uint32_t size, int i)
{
    uint32_t j;

    assert_int_equal(sluice_bytes_size(*message), size);
    for (j = 0; j < size; j++)
        if (sluice_bytes_data(*message)[j] != (uint8_t)(j * 7 + (uint32_t)i))
            fail_msg("byte %u differs", j);
    sluice_bytes_unref(message);
}

static void
in_pieces_of(struct frames *f, uint32_t a, uint32_t b, size_t piece)
{
    struct sluice_bytes *message;
    enum rpc_grpc_read result;
    size_t len;
    uint8_t *wire = two_messages(a, b, &len);
    const uint8_t *p = wire;
    size_t n;
    int found = 0;

    while (len > 0) {
        n = piece < len ? piece : len;
        len -= n;
        while (n > 0) {
            result =
                rpc_grpc_reader_feed(&f->reader, &f->reading, &p, &n, &message);
            if (result == RPC_GRPC_READ_MESSAGE) {
                check_message(&message, found == 0 ? a : b, found);
                found++;
            } else {
                assert_int_equal(result, RPC_GRPC_READ_MORE);
                assert_int_equal(n, 0);
            }
        }
    }
    assert_int_equal(found, 2);
    assert_false(rpc_grpc_reader_is_within(&f->reader));
    test_free(wire);
}

static void
messages_are_whole_however_they_are_cut(void **state)
{
    size_t piece;

    for (piece = 1; piece < 40; piece++)
        in_pieces_of(*state, 20, 5, piece);
    in_pieces_of(*state, 0, 0, 1);
    in_pieces_of(*state, 0, 3, 100);
    in_pieces_of(*state, 65536, 65537, 16384);
    in_pieces_of(*state, MAX_MESSAGE, 1, 16384);
    in_pieces_of(*state, 200001, 131072, 1000000);
}

static void
held_bytes_come_out_as_they_went_in(void **state)
{
    struct frames *f = *state;
    struct sluice_bytes *message;
    size_t len;
    size_t taken;
    uint8_t *wire = two_messages(30000, 30001, &len);
    size_t at;

    assert_false(rpc_grpc_reader_has_news(&f->reader, &f->reading));
    for (at = 0; at < len; at++)
        assert_int_equal(rpc_grpc_reader_hold(&f->reader, f->pool, wire + at,
                             1),
            SLUICE_OK);
    assert_true(rpc_grpc_reader_has_news(&f->reader, &f->reading));
    assert_int_equal(rpc_grpc_reader_feed_held(&f->reader, &f->reading, &taken,
                         &message),
        RPC_GRPC_READ_MESSAGE);
    assert_int_equal(taken, 30005);
    check_message(&message, 30000, 0);
    assert_int_equal(rpc_grpc_reader_feed_held(&f->reader, &f->reading, &taken,
                         &message),
        RPC_GRPC_READ_MESSAGE);
    check_message(&message, 30001, 1);
    assert_false(rpc_grpc_reader_is_holding(&f->reader));
    test_free(wire);
}

static void
a_partial_held_message_is_no_news(void **state)
{
    struct frames *f = *state;
    static const uint8_t part[] = { 0, 0, 0, 0, 3, 'a', 'b' };
    struct sluice_bytes *message;
    size_t taken;
    size_t i;

    for (i = 0; i < sizeof(part); i++) {
        assert_int_equal(rpc_grpc_reader_hold(&f->reader, f->pool, part + i, 1),
            SLUICE_OK);
        assert_false(rpc_grpc_reader_has_news(&f->reader, &f->reading));
    }
    assert_int_equal(rpc_grpc_reader_feed_held(&f->reader, &f->reading, &taken,
                         &message),
        RPC_GRPC_READ_MORE);
    assert_int_equal(rpc_grpc_reader_hold(&f->reader, f->pool,
                         (const uint8_t *)"c", 1),
        SLUICE_OK);
    assert_true(rpc_grpc_reader_has_news(&f->reader, &f->reading));
}

static enum rpc_grpc_read
read_prefix(struct frames *f, const char *prefix)
{
    const uint8_t *p = (const uint8_t *)prefix;
    struct sluice_bytes *message;
    size_t n = RPC_GRPC_PREFIX;
    enum rpc_grpc_read result =
        rpc_grpc_reader_feed(&f->reader, &f->reading, &p, &n, &message);

    assert_null(message);
    rpc_grpc_reader_fini(&f->reader, f->pool);
    return result;
}

static void
bad_prefixes_are_told_apart(void **state)
{
    struct frames *f = *state;

    assert_int_equal(read_prefix(f, "\0\377\377\377\377"),
        RPC_GRPC_READ_IMPOSSIBLE);
    assert_int_equal(read_prefix(f, "\0\200\0\0\0"), RPC_GRPC_READ_IMPOSSIBLE);
    assert_int_equal(read_prefix(f, "\0\177\377\377\377"),
        RPC_GRPC_READ_TOO_LARGE);
    assert_int_equal(read_prefix(f, "\0\0\4\223\341"), RPC_GRPC_READ_TOO_LARGE);
    assert_int_equal(read_prefix(f, "\0\0\4\223\340"), RPC_GRPC_READ_MORE);
    assert_int_equal(read_prefix(f, "\1\0\0\0\1"), RPC_GRPC_READ_COMPRESSED);
    f->reader.coding = SLUICE_GRPC_GZIP;
    assert_int_equal(read_prefix(f, "\1\0\0\0\1"), RPC_GRPC_READ_MORE);
    assert_int_equal(read_prefix(f, "\1\0\4\223\340"), RPC_GRPC_READ_MORE);
    assert_int_equal(read_prefix(f, "\1\0\7\0\0"), RPC_GRPC_READ_TOO_LARGE);
    f->reader.has_unknown_coding = true;
    assert_int_equal(read_prefix(f, "\1\0\0\0\1"), RPC_GRPC_READ_UNKNOWN);
    assert_int_equal(read_prefix(f, "\0\0\0\0\1"), RPC_GRPC_READ_MORE);
    assert_int_equal(read_prefix(f, "\2\0\0\0\1"), RPC_GRPC_READ_MALFORMED);
    assert_int_equal(read_prefix(f, "\377\0\0\0\1"), RPC_GRPC_READ_MALFORMED);
}

static void
memory_follows_what_arrives_not_what_is_announced(void **state)
{
    struct frames *f = *state;
    const uint8_t prefix[] = { 0, 0, 4, 0x93, 0xe0, 'x' };
    const uint8_t *p = prefix;
    size_t n = sizeof(prefix);
    struct sluice_bytes *message;

    assert_int_equal(rpc_grpc_reader_feed(&f->reader, &f->reading, &p, &n,
                         &message),
        RPC_GRPC_READ_MORE);
    assert_true(sluice_bytes_capacity(f->reader.partial) < 2 * 65536);
}

int
main(void)
{
#define R(name) cmocka_unit_test_setup_teardown(name, make_reader, free_reader)
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_timeout_has_digits_and_a_unit),
        cmocka_unit_test(a_timeout_beyond_64_bits_is_clamped),
        cmocka_unit_test(malformed_timeouts_are_refused),
        cmocka_unit_test(a_timeout_is_written_in_the_finest_unit_rounded_up),
        cmocka_unit_test(a_message_is_percent_decoded_and_never_refused),
        cmocka_unit_test(a_message_is_encoded_where_it_must_be),
        cmocka_unit_test(base64_there_and_back),
        cmocka_unit_test(what_is_not_base64_is_refused),
        cmocka_unit_test(a_host_is_looked_up_with_or_without_a_scheme),
        cmocka_unit_test(addresses_are_taken_as_they_are),
        cmocka_unit_test(a_unix_path_may_be_relative_or_absolute),
        cmocka_unit_test(a_bad_target_is_refused_with_a_reason),
        cmocka_unit_test(backoff_grows_by_1_6_up_to_its_maximum),
        cmocka_unit_test(backoff_does_not_overflow),
        R(messages_are_whole_however_they_are_cut),
        R(held_bytes_come_out_as_they_went_in),
        R(a_partial_held_message_is_no_news),
        R(bad_prefixes_are_told_apart),
        R(memory_follows_what_arrives_not_what_is_announced),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
