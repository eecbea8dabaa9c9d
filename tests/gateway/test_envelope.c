/* SPDX-License-Identifier: Apache-2.0 */
/* Messages after five bytes of flags and length, however they are cut up. */
#include "gateway/envelope.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <cmocka.h>

#define MAX 1000u

struct fixture {
    struct sluice_pool *pool;
    struct gw_buffer out;
    struct gw_envelope e;
};

static int
set_up(void **state)
{
    struct fixture *f = malloc(sizeof *f);

    assert_non_null(f);
    f->pool = sluice_pool_new();
    assert_non_null(f->pool);
    gw_buffer_init(&f->out, f->pool, MAX);
    gw_envelope_init(&f->e);
    *state = f;
    return 0;
}

static int
tear_down(void **state)
{
    struct fixture *f = *state;

    gw_buffer_fini(&f->out);
    sluice_pool_free(&f->pool);
    free(f);
    return 0;
}

/* Takes the message that is whole. */
static void
takes(struct fixture *f, uint8_t flags, const char *text)
{
    struct sluice_bytes *b = gw_buffer_take(&f->out);

    assert_non_null(b);
    assert_int_equal(gw_envelope_flags(&f->e), flags);
    assert_int_equal(sluice_bytes_size(b), strlen(text));
    assert_memory_equal(sluice_bytes_data(b), text, strlen(text));
    sluice_bytes_unref(&b);
    gw_envelope_next(&f->e);
}

static const char two[] = "\x00\x00\x00\x00\x05"
                          "first"
                          "\x81\x00\x00\x00\x06"
                          "second";

/* In pieces of that many bytes. */
static void
reads_two(struct fixture *f, size_t piece)
{
    static const char *const texts[] = { "first", "second" };
    static const uint8_t flags[] = { 0, 0x81 };
    size_t n = 0;

    for (size_t at = 0; at < sizeof two - 1;) {
        size_t rest = sizeof two - 1 - at, used;
        size_t len = rest < piece ? rest : piece;
        enum gw_envelope_state s =
            gw_envelope_feed(&f->e, two + at, len, &f->out, &used);

        assert_true(used <= len);
        at += used;
        if (s == GW_ENVELOPE_MESSAGE) {
            takes(f, flags[n], texts[n]);
            n++;
        } else {
            assert_int_equal(s, GW_ENVELOPE_MORE);
            assert_int_equal(used, len);
            assert_false(gw_envelope_is_between(&f->e));
        }
    }
    assert_int_equal(n, 2);
    assert_true(gw_envelope_is_between(&f->e));
}

static void
messages_come_whole_however_they_are_cut(void **state)
{
    for (size_t piece = 1; piece < sizeof two; piece++)
        reads_two(*state, piece);
}

static void
an_empty_message_is_one(void **state)
{
    struct fixture *f = *state;
    size_t used;

    assert_int_equal(gw_envelope_feed(&f->e, "\x02\0\0\0\0\0", 6, &f->out,
                         &used),
        GW_ENVELOPE_MESSAGE);
    assert_int_equal(used, 5);
    takes(f, 2, "");
}

static void
the_limit_is_met_to_the_byte(void **state)
{
    struct fixture *f = *state;
    char bytes[GW_ENVELOPE_HEAD + MAX];
    size_t used;

    memset(bytes, 'x', sizeof bytes);
    gw_envelope_write((uint8_t *)bytes, 0, MAX);
    assert_int_equal(gw_envelope_feed(&f->e, bytes, sizeof bytes, &f->out,
                         &used),
        GW_ENVELOPE_MESSAGE);
    assert_int_equal(used, sizeof bytes);
    assert_int_equal(f->out.pb.len, MAX);
}

static void
a_length_over_the_limit_is_refused_before_its_bytes(void **state)
{
    static const uint32_t lengths[] = { MAX + 1, 0x7fffffff, 0xffffffff };
    struct fixture *f = *state;

    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        uint8_t head[GW_ENVELOPE_HEAD];
        size_t used;

        gw_envelope_init(&f->e);
        gw_envelope_write(head, 0, lengths[i]);
        assert_int_equal(gw_envelope_feed(&f->e, (char *)head, sizeof head,
                             &f->out, &used),
            GW_ENVELOPE_TOO_LONG);
        assert_int_equal(gw_envelope_length(&f->e), lengths[i]);
        assert_null(f->out.bytes);
    }
}

/* A promise of much costs little. */
static void
room_is_made_for_what_has_come(void **state)
{
    struct fixture *f = *state;
    uint8_t head[GW_ENVELOPE_HEAD];
    size_t used;

    f->out.pb.max = 1u << 30;
    gw_envelope_write(head, 0, 1u << 30);
    assert_int_equal(gw_envelope_feed(&f->e, (char *)head, sizeof head, &f->out,
                         &used),
        GW_ENVELOPE_MORE);
    assert_true(f->out.pb.cap < 16384);
}

int
main(void)
{
#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        T(messages_come_whole_however_they_are_cut),
        T(an_empty_message_is_one),
        T(the_limit_is_met_to_the_byte),
        T(a_length_over_the_limit_is_refused_before_its_bytes),
        T(room_is_made_for_what_has_come),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
