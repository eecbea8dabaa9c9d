/* SPDX-License-Identifier: Apache-2.0 */
/* Descriptors that want to do harm, and memory that runs out. */
#include "tests/memory.h"
#include "tests/protobuf/descriptor_text.h"
#include "tests/protobuf/everything.pb.embed.h"
#include "tests/protobuf/legacy.pb.embed.h"
#include "protobuf/schema.h"
#include "protobuf/wire.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

/* ---- Memory ------------------------------------------------------------- */

static enum pb_err
load(const uint8_t *set, size_t len, struct pb_error *e)
{
    struct pb_schema_builder *b = pb_schema_builder_new();
    struct pb_schema *s = NULL;
    enum pb_err err = PB_ENOMEM;

    if (b != NULL)
        err = pb_schema_builder_add_set(b, set, len, e);
    if (err == PB_OK)
        err = pb_schema_builder_build(b, &s, e);
    pb_schema_builder_free(&b);
    assert_true((s != NULL) == (err == PB_OK));
    pb_schema_free(&s);
    return err;
}

static void
any_allocation_may_fail(void **state)
{
    struct pb_error e;
    unsigned long n = 1;

    (void)state;
    for (;; n++) {
        enum pb_err err;

        memory_fail_from(n);
        err = load(everything_pb, everything_pb_size, &e);
        if (memory_suffices().refused == 0) {
            assert_int_equal(err, PB_OK);
            break;
        }
        assert_int_equal(err, PB_ENOMEM);
    }
    assert_in_range(n, 5, 1000);
}

/* ---- Damage ------------------------------------------------------------- */

/* Whether it loads is no matter: it must say so, and touch nothing else. */
static void
load_damaged(const uint8_t *set, size_t len)
{
    struct pb_error e = { .kind = PB_OK };
    uint8_t *copy = malloc(len > 0 ? len : 1);
    enum pb_err err;

    assert_non_null(copy);
    memcpy(copy, set, len);
    err = load(copy, len, &e);
    assert_int_equal(e.kind, err);
    assert_true(err == PB_OK || e.message[0] != '\0');
    assert_true(memchr(e.message, '\0', sizeof e.message) != NULL);
    free(copy);
}

static void
a_set_may_end_anywhere(void **state)
{
    (void)state;
    for (size_t len = 0; len < legacy_pb_size; len++)
        load_damaged(legacy_pb, len);
}

static void
any_byte_may_be_any_other(void **state)
{
    static const uint8_t masks[] = { 0x01, 0x02, 0x08, 0x80, 0xff };
    uint8_t *copy = malloc(legacy_pb_size);

    (void)state;
    assert_non_null(copy);
    memcpy(copy, legacy_pb, legacy_pb_size);
    for (size_t i = 0; i < legacy_pb_size; i++) {
        for (size_t j = 0; j < sizeof masks; j++) {
            copy[i] ^= masks[j];
            load_damaged(copy, legacy_pb_size);
            copy[i] ^= masks[j];
        }
    }
    free(copy);
}

static void
several_bytes_may_be_wrong_at_once(void **state)
{
    uint8_t *copy = malloc(everything_pb_size);
    uint64_t random = 1;

    (void)state;
    assert_non_null(copy);
    for (unsigned round = 0; round < 300; round++) {
        memcpy(copy, everything_pb, everything_pb_size);
        for (unsigned i = 0; i < 4; i++) {
            random = random * 6364136223846793005u + 1442695040888963407u;
            copy[(random >> 33) % everything_pb_size] = (uint8_t)(random >> 25);
        }
        load_damaged(copy, everything_pb_size);
    }
    free(copy);
}

/* ---- Limits ------------------------------------------------------------- */

/* out = tag, length of in, in */
static void
wrap(struct pb_buf *out, uint8_t tag, const struct pb_buf *in)
{
    assert_int_equal(pb_buf_put(out, &tag, 1), PB_OK);
    assert_int_equal(pb_put_varint(out, in->len), PB_OK);
    assert_int_equal(pb_buf_put(out, in->data, in->len), PB_OK);
}

/* A file with messages nested to that depth. */
static enum pb_err
load_nested(unsigned depth, struct pb_error *e)
{
    struct pb_buf inner, outer, set;
    enum pb_err err;

    pb_buf_init_heap(&inner, SIZE_MAX);
    for (unsigned i = 0; i < depth; i++) {
        pb_buf_init_heap(&outer, SIZE_MAX);
        assert_int_equal(pb_buf_put(&outer, "\x0a\x01M", 3), PB_OK);
        if (i > 0)
            wrap(&outer, 0x1a, &inner);
        pb_buf_fini_heap(&inner);
        inner = outer;
    }
    pb_buf_init_heap(&outer, SIZE_MAX);
    assert_int_equal(pb_buf_put(&outer,
                         "\x0a\x01"
                         "a",
                         3),
        PB_OK);
    wrap(&outer, 0x22, &inner);
    pb_buf_init_heap(&set, SIZE_MAX);
    wrap(&set, 0x0a, &outer);
    err = load(set.data, set.len, e);
    pb_buf_fini_heap(&inner);
    pb_buf_fini_heap(&outer);
    pb_buf_fini_heap(&set);
    return err;
}

static void
messages_nest_to_a_limit(void **state)
{
    struct pb_error e;

    (void)state;
    assert_int_equal(load_nested(99, &e), PB_OK);
    assert_int_equal(load_nested(100, &e), PB_ELIMIT);
    assert_memory_equal(e.message, "a: nested too deep at byte ", 27);
    assert_int_equal(load_nested(5000, &e), PB_ELIMIT);
}

static void
elements_are_counted(void **state)
{
    size_t len = 5000000;
    uint8_t *file = malloc(len);
    struct pb_schema_builder *b = pb_schema_builder_new();
    struct pb_error e;

    (void)state;
    assert_non_null(file);
    for (size_t i = 0; i < len; i += 2) {
        file[i] = 0x22;
        file[i + 1] = 0;
    }
    assert_int_equal(pb_schema_builder_add_file(b, file, len, &e), PB_ELIMIT);
    pb_schema_builder_free(&b);
    free(file);
}

static void
bytes_are_counted_over_all_files(void **state)
{
    size_t len = (size_t)33 << 20; /* twice that is too much */
    uint8_t *file = calloc(1, len);
    struct pb_schema_builder *b = pb_schema_builder_new();
    struct pb_error e;
    uint8_t *end;

    (void)state;
    assert_non_null(file);
    /* name 'a', and one unknown field with all the rest */
    memcpy(file,
        "\x0a\x01"
        "a\xfa\x07",
        5);
    end = pb_varint_write(file + 5, len - 9);
    assert_int_equal(end - file, 9);
    assert_int_equal(pb_schema_builder_add_file(b, file, len, &e), PB_OK);
    assert_int_equal(pb_schema_builder_add_file(b, file, len, &e), PB_ELIMIT);
    assert_string_equal(e.message, "more than 64 MiB of descriptors");
    pb_schema_builder_free(&b);
    free(file);
}

static void
a_message_has_so_many_fields_and_no_more(void **state)
{
    struct pb_error e;

    (void)state;
    for (unsigned n = 65000; n <= 65001; n++) {
        struct pb_buf message, file, set;
        enum pb_err err;

        pb_buf_init_heap(&message, SIZE_MAX);
        assert_int_equal(pb_buf_put(&message, "\x0a\x01M", 3), PB_OK);
        for (unsigned i = 0; i < n; i++) {
            uint8_t field[] = { 0x12, 14, 0x0a, 6, 'f', '0', '0', '0', '0', '0',
                0x28, PB_INT32, 0x18, 0, 0, 0 };
            uint32_t number = i + 1 < 19000 ? i + 1 : i + 1001;

            for (unsigned j = 0, rest = i; j < 5; j++, rest /= 10)
                field[5 + j] = (uint8_t)('0' + rest % 10);
            field[13] = (uint8_t)(number | 0x80);
            field[14] = (uint8_t)(number >> 7 | 0x80);
            field[15] = (uint8_t)(number >> 14);
            assert_int_equal(pb_buf_put(&message, field, sizeof field), PB_OK);
        }
        pb_buf_init_heap(&file, SIZE_MAX);
        assert_int_equal(pb_buf_put(&file,
                             "\x0a\x01"
                             "a",
                             3),
            PB_OK);
        wrap(&file, 0x22, &message);
        pb_buf_init_heap(&set, SIZE_MAX);
        wrap(&set, 0x0a, &file);
        err = load(set.data, set.len, &e);
        assert_int_equal(err, n == 65000 ? PB_OK : PB_ELIMIT);
        pb_buf_fini_heap(&message);
        pb_buf_fini_heap(&file);
        pb_buf_fini_heap(&set);
    }
    assert_string_equal(e.message, "a: message M: has more than 65000 fields");
}

static void
imports_may_form_a_long_chain(void **state)
{
    enum { FILES = 20000 };
    struct pb_schema_builder *b = pb_schema_builder_new();
    struct pb_schema *s;

    (void)state;
    for (unsigned i = 0; i < FILES; i++) {
        uint8_t file[] = { 0x0a, 2, (uint8_t)(i >> 8), (uint8_t)i, 0x1a, 2,
            (uint8_t)((i + 1) >> 8), (uint8_t)(i + 1) };

        assert_int_equal(pb_schema_builder_add_file(b, file,
                             i + 1 < FILES ? sizeof file : 4, NULL),
            PB_OK);
    }
    assert_int_equal(pb_schema_builder_build(b, &s, NULL), PB_OK);
    pb_schema_free(&s);
    pb_schema_builder_free(&b);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_allocation_may_fail),
        cmocka_unit_test(a_set_may_end_anywhere),
        cmocka_unit_test(any_byte_may_be_any_other),
        cmocka_unit_test(several_bytes_may_be_wrong_at_once),
        cmocka_unit_test(messages_nest_to_a_limit),
        cmocka_unit_test(elements_are_counted),
        cmocka_unit_test(bytes_are_counted_over_all_files),
        cmocka_unit_test(a_message_has_so_many_fields_and_no_more),
        cmocka_unit_test(imports_may_form_a_long_chain),
    };

    return cmocka_run_group_tests_name("schema, hostile", tests, NULL, NULL);
}
