/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as the JSON values of a request stream, read one after the other.
 * However they are cut, the messages are the same, or the error and its place;
 * and what comes one after the other comes the same in one array, and the
 * reverse.
 */
#include "gateway/values.h"

#include <assert.h>
#include <stdlib.h>

#include "tests/fuzz/input.h"
#include "tests/fuzz/json_kit.h"

#define TEXT_MAX ((size_t)1 << 20)

struct walk {
    struct gw_values v;
    struct pb_json_reader *reader;
    const struct pb_message *type;
    struct pb_buf message; /* in hand */
    struct pb_buf all;     /* each with its length */
    struct pb_buf text;    /* the values again: in an array, if they were not */
    bool in_value;
    bool is_wrong;
    size_t n;
    struct pb_error error;
};

static void
put(struct pb_buf *b, const void *p, size_t n)
{
    enum pb_err err = pb_buf_put(b, p, n);

    assert(err == PB_OK);
}

static bool
is_array(const struct walk *w)
{
    return w->v.state != GW_VALUES_START && w->v.state != GW_VALUES_PLAIN;
}

static void
begin_value(struct walk *w)
{
    static const struct pb_json_options options = { .max_depth = 50 };
    const char *before = is_array(w) ? " " : w->n == 0 ? "[" : ",";

    put(&w->text, before, 1);
    w->message.len = 0;
    pb_json_reader_start(w->reader, w->type, &options, &w->message);
    w->in_value = true;
}

static void
end_value(struct walk *w)
{
    w->in_value = false;
    gw_values_ended(&w->v);
    put(&w->all, &w->message.len, sizeof w->message.len);
    put(&w->all, w->message.data, w->message.len);
    w->n++;
}

static size_t
take_value(struct walk *w, const char *data, size_t len)
{
    size_t used = len;
    enum pb_json_state state =
        pb_json_reader_feed(w->reader, data, len, &used, &w->error);

    if (state == PB_JSON_ERROR) {
        gw_values_set_right(&w->v, &w->error);
        w->is_wrong = true;
        return len;
    }
    if (state == PB_JSON_MORE)
        used = len;
    gw_values_taken(&w->v, data, used);
    put(&w->text, data, used);
    if (state == PB_JSON_DONE)
        end_value(w);
    return used;
}

static size_t
take_between(struct walk *w, const char *data, size_t len)
{
    size_t used;

    switch (gw_values_next(&w->v, data, len, &used, &w->error)) {
    case GW_VALUES_MORE:
        assert(used == len);
        break;
    case GW_VALUES_VALUE:
        assert(used < len);
        begin_value(w);
        break;
    case GW_VALUES_WRONG:
        w->is_wrong = true;
        break;
    }
    return used;
}

static void
feed(struct walk *w, const char *data, size_t len)
{
    for (size_t at = 0; at < len && !w->is_wrong;)
        at += (w->in_value ? take_value : take_between)(w, data + at, len - at);
}

static void
finish(struct walk *w)
{
    if (w->is_wrong)
        return;
    if (w->in_value) {
        w->is_wrong =
            pb_json_reader_finish(w->reader, &w->error) != PB_JSON_DONE;
        if (w->is_wrong)
            gw_values_set_right(&w->v, &w->error);
        else
            end_value(w);
    }
    if (!w->is_wrong)
        w->is_wrong = !gw_values_finish(&w->v, &w->error);
    if (!is_array(w))
        put(&w->text, w->n == 0 ? "[]" : "]", w->n == 0 ? 2 : 1);
}

static void
open_walk(struct walk *w, const struct pb_message *type, bool may_be_array)
{
    *w = (struct walk){ .type = type, .reader = pb_json_reader_new() };
    assert(w->reader != NULL);
    gw_values_init(&w->v, may_be_array);
    pb_buf_init_heap(&w->message, TEXT_MAX);
    pb_buf_init_heap(&w->all, SIZE_MAX);
    pb_buf_init_heap(&w->text, SIZE_MAX);
}

static void
close_walk(struct walk *w)
{
    pb_json_reader_free(&w->reader);
    pb_buf_fini_heap(&w->message);
    pb_buf_fini_heap(&w->all);
    pb_buf_fini_heap(&w->text);
}

static bool
is_same(const struct pb_buf *a, const struct pb_buf *b)
{
    return a->len == b->len &&
        (a->len == 0 || memcmp(a->data, b->data, a->len) == 0);
}

/* Line and column are where the offset is. */
static void
check_place(const struct pb_error *e, const char *text, size_t len)
{
    unsigned line = 1;
    size_t line_start = 0;

    if (e->line == 0)
        return; /* it is about all of a value */
    fuzz_check(e->offset <= len, "an error behind the text");
    for (size_t i = 0; i < e->offset; i++) {
        if (text[i] == '\n') {
            line++;
            line_start = i + 1;
        }
    }
    fuzz_check(e->line == line && e->column == e->offset - line_start + 1,
        "an error in two places");
}

static void
check_same(const struct walk *a, const struct walk *b)
{
    fuzz_check(a->is_wrong == b->is_wrong, "another verdict");
    fuzz_check(a->n == b->n && is_same(&a->all, &b->all), "other messages");
    if (a->is_wrong)
        fuzz_check(a->error.offset == b->error.offset &&
                a->error.line == b->error.line &&
                a->error.column == b->error.column &&
                strcmp(a->error.message, b->error.message) == 0 &&
                strcmp(a->error.path, b->error.path) == 0,
            "another error");
}

static void
check_pieces(const struct walk *whole, const char *text, size_t len,
    size_t piece)
{
    struct walk w;

    open_walk(&w, whole->type, whole->v.may_be_array);
    for (size_t at = 0; at < len; at += piece)
        feed(&w, text + at, piece < len - at ? piece : len - at);
    finish(&w);
    check_same(whole, &w);
    close_walk(&w);
}

/* The values in an array if they were not in one, and without if they were. */
static void
check_other_form(const struct walk *whole)
{
    struct walk w;

    open_walk(&w, whole->type, true);
    feed(&w, (const char *)whole->text.data, whole->text.len);
    finish(&w);
    fuzz_check(!is_array(whole) == is_array(&w), "the same form");
    check_same(whole, &w);
    close_walk(&w);
}

/* The first byte chooses the type, the second how the rest is cut, and whether a
 * value might be an array. */
int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data + 2;
    struct walk whole;

    if (size < 2)
        return 0;
    size -= 2;
    open_walk(&whole, fuzz_type(data[0]), (data[1] & 0x80) == 0);
    feed(&whole, text, size);
    finish(&whole);
    if (whole.is_wrong)
        check_place(&whole.error, text, size);
    check_pieces(&whole, text, size, (data[1] & 7) + 1u);
    if (!whole.is_wrong && whole.v.may_be_array)
        check_other_form(&whole);
    close_walk(&whole);
    return 0;
}
