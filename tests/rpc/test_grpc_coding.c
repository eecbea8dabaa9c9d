/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_grpc_coding.c - compressed messages, against zlib used by
 * hand.
 */
#include "rpc/link/grpc_coding.h"
#include "rpc/link/grpc_framing.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>

#include <cmocka.h>
#include <zlib.h>

#define LIMIT (4u << 20)

struct fixture {
    struct sluice_pool *pool;
    struct rpc_grpc_coder *coder;
    uint8_t *packed; /* LIMIT bytes */
    size_t packed_len;
    struct sluice_bytes *out;
};

static int
setup(void **state)
{
    struct fixture *f = test_calloc(1, sizeof(*f));

    f->pool = sluice_pool_new();
    f->coder = rpc_grpc_coder_new();
    f->packed = test_malloc(LIMIT);
    *state = f;
    return f->pool == NULL || f->coder == NULL ? -1 : 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    sluice_bytes_unref(&f->out);
    rpc_grpc_coder_free(&f->coder);
    assert_null(f->coder);
    sluice_pool_free(&f->pool);
    test_free(f->packed);
    test_free(f);
    return 0;
}

/* Packs zeros bytes of zero behind the text, with zlib's own functions, and
 * appends that to what is packed. */
static void
pack(struct fixture *f, int window_bits, const char *text, size_t zeros)
{
    static uint8_t nothing[65536];
    z_stream z = { .next_in = (Bytef *)text };
    size_t n;

    assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, window_bits, 8, 0), Z_OK);
    z.avail_in = (uInt)strlen(text);
    z.next_out = f->packed + f->packed_len;
    z.avail_out = (uInt)(LIMIT - f->packed_len);
    while (zeros > 0) {
        assert_int_equal(deflate(&z, Z_NO_FLUSH), Z_OK);
        n = zeros < sizeof(nothing) ? zeros : sizeof(nothing);
        z.next_in = nothing;
        z.avail_in = (uInt)n;
        zeros -= n;
    }
    assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
    f->packed_len = LIMIT - z.avail_out;
    (void)deflateEnd(&z);
}

#define GZIP 31
#define ZLIB 15
#define RAW -15

static enum sluice_err
unpack_up_to(struct fixture *f, enum sluice_grpc_coding coding, size_t limit)
{
    sluice_bytes_unref(&f->out);
    return rpc_grpc_inflate(f->coder, f->pool, coding, f->packed, f->packed_len,
        limit, &f->out);
}

static enum sluice_err
unpack(struct fixture *f, enum sluice_grpc_coding coding)
{
    return unpack_up_to(f, coding, LIMIT);
}

static void
is_text(struct fixture *f, const char *text)
{
    assert_int_equal(sluice_bytes_size(f->out), strlen(text));
    assert_memory_equal(sluice_bytes_data(f->out), text, strlen(text));
}

/* ------------------------------------------------------------- inflating */

static void
gzip_and_deflate_are_inflated_in_turn(void **state)
{
    struct fixture *f = *state;
    int i;

    for (i = 0; i < 3; i++) {
        f->packed_len = 0;
        pack(f, GZIP, "hello, hello, hello", 0);
        assert_int_equal(unpack(f, SLUICE_GRPC_GZIP), SLUICE_OK);
        is_text(f, "hello, hello, hello");
        f->packed_len = 0;
        pack(f, ZLIB, "good-bye", 0);
        assert_int_equal(unpack(f, SLUICE_GRPC_DEFLATE), SLUICE_OK);
        is_text(f, "good-bye");
    }
}

static void
an_empty_message_may_be_compressed(void **state)
{
    struct fixture *f = *state;

    pack(f, GZIP, "", 0);
    assert_int_equal(unpack(f, SLUICE_GRPC_GZIP), SLUICE_OK);
    is_text(f, "");
}

static void
the_members_of_a_gzip_file_are_joined(void **state)
{
    struct fixture *f = *state;

    pack(f, GZIP, "one", 0);
    pack(f, GZIP, "", 0);
    pack(f, GZIP, "two", 600);
    assert_int_equal(unpack(f, SLUICE_GRPC_GZIP), SLUICE_OK);
    assert_int_equal(sluice_bytes_size(f->out), 606);
    assert_memory_equal(sluice_bytes_data(f->out), "onetwo\0", 7);
}

static void
what_follows_the_message_spoils_it(void **state)
{
    struct fixture *f = *state;

    pack(f, ZLIB, "one", 0);
    pack(f, ZLIB, "two", 0);
    assert_int_equal(unpack(f, SLUICE_GRPC_DEFLATE), SLUICE_EINVAL);
    f->packed_len = 0;
    pack(f, GZIP, "one", 0);
    f->packed[f->packed_len++] = 0;
    assert_int_equal(unpack(f, SLUICE_GRPC_GZIP), SLUICE_EINVAL);
    assert_null(f->out);
}

static void
deflate_without_its_wrapper_is_refused(void **state)
{
    struct fixture *f = *state;

    pack(f, RAW, "text", 0);
    assert_int_equal(unpack(f, SLUICE_GRPC_DEFLATE), SLUICE_EINVAL);
    f->packed_len = 0;
    pack(f, GZIP, "text", 0);
    assert_int_equal(unpack(f, SLUICE_GRPC_DEFLATE), SLUICE_EINVAL);
    f->packed_len = 0;
    pack(f, ZLIB, "text", 0);
    assert_int_equal(unpack(f, SLUICE_GRPC_GZIP), SLUICE_EINVAL);
}

static void
a_message_cut_anywhere_is_refused(void **state)
{
    struct fixture *f = *state;
    size_t whole;

    pack(f, GZIP, "some text", 5000);
    whole = f->packed_len;
    for (f->packed_len = 0; f->packed_len < whole; f->packed_len++)
        assert_int_equal(unpack(f, SLUICE_GRPC_GZIP), SLUICE_EINVAL);
    assert_int_equal(unpack(f, SLUICE_GRPC_GZIP), SLUICE_OK);
}

/* Each byte in turn is damaged: the checksum finds what the format does not.
 * Only gzip's head has bytes that mean nothing. */
static void
a_damaged_message_is_refused(void **state)
{
    struct fixture *f = *state;
    size_t i;

    pack(f, ZLIB, "some text", 5000);
    for (i = 0; i < f->packed_len; i++) {
        f->packed[i] ^= 0x55;
        assert_int_equal(unpack(f, SLUICE_GRPC_DEFLATE), SLUICE_EINVAL);
        f->packed[i] ^= 0x55;
    }
    assert_int_equal(unpack(f, SLUICE_GRPC_DEFLATE), SLUICE_OK);
}

static void
the_limit_is_exact(void **state)
{
    struct fixture *f = *state;
    static const size_t sizes[] = { 1, 511, 512, 513, 100000, 1u << 20 };
    size_t i;

    for (i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
        f->packed_len = 0;
        pack(f, GZIP, "", sizes[i]);
        assert_int_equal(unpack_up_to(f, SLUICE_GRPC_GZIP, sizes[i]),
            SLUICE_OK);
        assert_int_equal(sluice_bytes_size(f->out), sizes[i]);
        assert_int_equal(unpack_up_to(f, SLUICE_GRPC_GZIP, sizes[i] - 1),
            SLUICE_ELIMIT);
        assert_null(f->out);
    }
}

static void
what_swells_a_thousandfold_ends_at_the_limit(void **state)
{
    struct fixture *f = *state;

    pack(f, GZIP, "", (size_t)1 << 26);
    assert_true(f->packed_len < 1u << 17);
    assert_int_equal(unpack_up_to(f, SLUICE_GRPC_GZIP, 1000), SLUICE_ELIMIT);
    assert_int_equal(unpack(f, SLUICE_GRPC_GZIP), SLUICE_ELIMIT);
}

/* ------------------------------------------------------------- deflating */

static void
there_and_back(struct fixture *f, enum sluice_grpc_coding coding,
    const uint8_t *data, size_t len)
{
    struct sluice_bytes *packed =
        rpc_grpc_deflate(f->coder, f->pool, coding, data, len);

    assert_non_null(packed);
    assert_true(sluice_bytes_size(packed) < len);
    sluice_bytes_unref(&f->out);
    assert_int_equal(rpc_grpc_inflate(f->coder, f->pool, coding,
                         sluice_bytes_data(packed), sluice_bytes_size(packed),
                         len, &f->out),
        SLUICE_OK);
    assert_int_equal(sluice_bytes_size(f->out), len);
    assert_memory_equal(sluice_bytes_data(f->out), data, len);
    sluice_bytes_unref(&packed);
}

static void
what_is_deflated_inflates_to_the_same(void **state)
{
    struct fixture *f = *state;
    uint8_t *data = test_malloc(3000000);
    size_t len;
    size_t i;

    for (i = 0; i < 3000000; i++) /* packs to about a half */
        data[i] = (uint8_t)((i * 2654435761u) >> 13 & 15);
    for (len = 100; len < 3000000; len = len * 3 + 1) {
        there_and_back(f, SLUICE_GRPC_GZIP, data, len);
        there_and_back(f, SLUICE_GRPC_DEFLATE, data, len);
    }
    test_free(data);
}

static void
what_gets_no_smaller_is_left_alone(void **state)
{
    struct fixture *f = *state;
    uint8_t noise[5000];
    uint32_t x = 1;
    size_t i;

    for (i = 0; i < sizeof(noise); i++) {
        x = x * 1664525 + 1013904223;
        noise[i] = (uint8_t)(x >> 24);
    }
    for (i = 0; i <= sizeof(noise); i += i < 40 ? 1 : 620)
        assert_null(
            rpc_grpc_deflate(f->coder, f->pool, SLUICE_GRPC_GZIP, noise, i));
    memset(noise, 0, sizeof(noise));
    assert_null(
        rpc_grpc_deflate(f->coder, f->pool, SLUICE_GRPC_GZIP, noise, 20));
    assert_null(
        rpc_grpc_deflate(f->coder, f->pool, SLUICE_GRPC_IDENTITY, noise, 500));
}

/* ------------------------------------------------------------ in a stream */

static void
compressed_and_plain_messages_mix(void **state)
{
    struct fixture *f = *state;
    struct rpc_grpc_reading reading = { f->pool, f->coder, LIMIT };
    struct rpc_grpc_reader reader = { .coding = SLUICE_GRPC_GZIP };
    uint8_t wire[200];
    const uint8_t *p = wire;
    size_t len;

    pack(f, GZIP, "packed", 0);
    rpc_grpc_write_prefix(wire, true, f->packed_len);
    memcpy(wire + 5, f->packed, f->packed_len);
    len = 5 + f->packed_len;
    rpc_grpc_write_prefix(wire + len, false, 5);
    memcpy(wire + len + 5, "plain", 5);
    len += 10;

    assert_int_equal(rpc_grpc_reader_feed(&reader, &reading, &p, &len, &f->out),
        RPC_GRPC_READ_MESSAGE);
    is_text(f, "packed");
    sluice_bytes_unref(&f->out);
    assert_int_equal(rpc_grpc_reader_feed(&reader, &reading, &p, &len, &f->out),
        RPC_GRPC_READ_MESSAGE);
    is_text(f, "plain");
    assert_int_equal(len, 0);
    assert_false(rpc_grpc_reader_is_within(&reader));
}

static enum rpc_grpc_read
read_packed(struct fixture *f, size_t max_message)
{
    struct rpc_grpc_reading reading = { f->pool, f->coder, max_message };
    struct rpc_grpc_reader reader = { .coding = SLUICE_GRPC_GZIP };
    const uint8_t *p = f->packed;
    size_t len = f->packed_len;
    uint8_t prefix[RPC_GRPC_PREFIX];
    const uint8_t *head = prefix;
    size_t head_len = sizeof(prefix);
    enum rpc_grpc_read result;

    rpc_grpc_write_prefix(prefix, true, len);
    result = rpc_grpc_reader_feed(&reader, &reading, &head, &head_len, &f->out);
    if (result == RPC_GRPC_READ_MORE)
        result = rpc_grpc_reader_feed(&reader, &reading, &p, &len, &f->out);
    rpc_grpc_reader_fini(&reader, f->pool);
    return result;
}

static void
a_bad_compressed_message_says_what_is_bad(void **state)
{
    struct fixture *f = *state;

    pack(f, GZIP, "", 100000);
    assert_int_equal(read_packed(f, 99999), RPC_GRPC_READ_TOO_LARGE);
    assert_null(f->out);
    f->packed_len--;
    assert_int_equal(read_packed(f, LIMIT), RPC_GRPC_READ_CORRUPT);
    f->packed_len = 0;
    assert_int_equal(read_packed(f, LIMIT), RPC_GRPC_READ_CORRUPT);
}

/* --------------------------------------------------------------- headers */

static void
codings_have_names(void **state)
{
    static const char *const bad[] = { "", "GZIP", "gzip ", "br", "x-gzip",
        "identity,gzip" };
    enum sluice_grpc_coding coding;
    size_t i;

    (void)state;
    for (i = 0; i < 3; i++) {
        assert_int_equal(rpc_grpc_coding_parse(rpc_grpc_coding_name(
                                                   (enum sluice_grpc_coding)i),
                             &coding),
            SLUICE_OK);
        assert_int_equal(coding, i);
    }
    for (i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
        assert_int_equal(rpc_grpc_coding_parse(sluice_str(bad[i]), &coding),
            SLUICE_ENOTFOUND);
}

static void
accepted_codings_are_a_list(void **state)
{
    static const struct {
        const char *list;
        unsigned set;
    } cases[] = {
        { "", 1 },
        { "identity", 1 },
        { "gzip", 3 },
        { RPC_GRPC_ACCEPTED_CODINGS, 7 },
        { " identity , gzip,\tdeflate ", 7 },
        { "snappy,br,deflate", 5 },
        { ",,gzip,,", 3 },
        { "gzip;q=1", 1 },
    };
    size_t i;

    (void)state;
    for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
        assert_int_equal(rpc_grpc_codings_parse(sluice_str(cases[i].list)),
            cases[i].set);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(gzip_and_deflate_are_inflated_in_turn),
        T(an_empty_message_may_be_compressed),
        T(the_members_of_a_gzip_file_are_joined),
        T(what_follows_the_message_spoils_it),
        T(deflate_without_its_wrapper_is_refused),
        T(a_message_cut_anywhere_is_refused),
        T(a_damaged_message_is_refused),
        T(the_limit_is_exact),
        T(what_swells_a_thousandfold_ends_at_the_limit),
        T(what_is_deflated_inflates_to_the_same),
        T(what_gets_no_smaller_is_left_alone),
        T(compressed_and_plain_messages_mix),
        T(a_bad_compressed_message_says_what_is_bad),
        cmocka_unit_test(codings_have_names),
        cmocka_unit_test(accepted_codings_are_a_list),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
