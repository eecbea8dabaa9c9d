/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader's stack: what is open, where its length goes, what it has seen.
 *
 * A length is not known before its end. One byte is kept for it; a body of more
 * than 127 bytes is moved up by the bytes that are missing when it closes, so
 * that every length is of the shortest form.
 *
 * What a frame needs beyond its struct (bits of large messages, keys of maps)
 * lies in words, which grows and shrinks with the stack: only the top frame
 * ever adds to it.
 */
#include "protobuf/json_reader.h"

#include <assert.h>
#include <stdlib.h>

#include "protobuf/wire.h"

#define FRAMES_FIRST 32
#define WORDS_FIRST 64
#define TEXT_FIRST 256

/* Room for need items of size bytes; doubles. */
static bool
grow_array(void **array, size_t *cap, size_t need, size_t size, size_t first)
{
    size_t n = *cap == 0 ? first : *cap;
    void *bigger;

    while (n < need)
        if (__builtin_mul_overflow(n, 2u, &n))
            return false;
    if (n == *cap)
        return true;
    bigger = reallocarray(*array, n, size);
    if (bigger == NULL)
        return false;
    *array = bigger;
    *cap = n;
    return true;
}

bool
pb_reader_add_words(struct pb_json_reader *r, size_t n)
{
    void *words = r->words;
    bool ok = grow_array(&words, &r->words_cap, r->n_words + n,
        sizeof(r->words[0]), WORDS_FIRST);

    r->words = words;
    if (ok) {
        memset(r->words + r->n_words, 0, n * sizeof(r->words[0]));
        r->n_words += n;
    }
    return ok;
}

enum pb_err
pb_chars_append(struct pb_chars *t, const char *p, size_t len, size_t max)
{
    void *data = t->data;

    if (len > max - t->len)
        return PB_ELIMIT;
    if (len > t->cap - t->len) {
        if (!grow_array(&data, &t->cap, t->len + len, 1, TEXT_FIRST))
            return PB_ENOMEM;
        t->data = data;
    }
    if (len > 0)
        memcpy(t->data + t->len, p, len);
    t->len += len;
    return PB_OK;
}

/* ---- Open and close ----------------------------------------------------- */

static struct pb_frame *__attribute__((noinline))
push_growing(struct pb_json_reader *r, enum pb_frame_kind kind)
{
    void *frames = r->frames;

    if (!grow_array(&frames, &r->frames_cap, r->n_frames + 1,
            sizeof(*r->frames), FRAMES_FIRST)) {
        pb_reader_fail_out(r, PB_ENOMEM);
        return NULL;
    }
    r->frames = frames;
    if (r->n_frames > 0)
        r->top = &r->frames[r->n_frames - 1];
    return pb_reader_push(r, kind);
}

struct pb_frame *
pb_reader_push(struct pb_json_reader *r, enum pb_frame_kind kind)
{
    bool is_lenient = r->n_frames > 0 && r->top->is_lenient;
    struct pb_frame *f;

    if (r->n_frames == r->frames_cap)
        return push_growing(r, kind);
    f = &r->frames[r->n_frames++];
    f->kind = (uint8_t)kind;
    f->is_typed = false;
    f->is_lenient = is_lenient;
    f->drop_empty = false;
    f->has_key = false;
    f->has_value = false;
    f->hint = 0;
    f->index = 0;
    f->start = r->out->len;
    f->len_at = PB_NOWHERE;
    f->words = r->n_words;
    f->message = NULL;
    f->field = NULL;
    f->group = NULL;
    if (kind == PB_FRAME_MAP) {
        f->u.keys.cap = 0;
    } else if (kind == PB_FRAME_MESSAGE) {
        f->u.members.seen = 0;
        f->u.members.more = PB_NOWHERE;
        f->u.members.extensions = PB_NOWHERE;
    }
    r->top = f;
    return f;
}

bool
pb_reader_open_len(struct pb_json_reader *r, const uint8_t *tag, size_t tag_len)
{
    struct pb_buf *out = r->out;
    enum pb_err err = pb_buf_reserve(out, tag_len + 1);

    if (err != PB_OK) {
        pb_reader_fail_out(r, err);
        return false;
    }
    for (size_t i = 0; i < tag_len; i++)
        out->data[out->len++] = tag[i];
    r->top->len_at = out->len;
    out->data[out->len++] = 0;
    return true;
}

bool
pb_reader_open_message(struct pb_json_reader *r)
{
    const struct pb_field *field = r->field;
    enum pb_err err;

    if (r->target == PB_TO_MESSAGE)
        return true;
    if (field->type != PB_GROUP)
        return pb_reader_open_len(r, field->tag, field->tag_len);
    err = pb_buf_put(r->out, field->tag, field->tag_len);
    if (err != PB_OK) {
        pb_reader_fail_out(r, err);
        return false;
    }
    r->top->group = field;
    return true;
}

bool
pb_reader_close_long(struct pb_json_reader *r, size_t len_at)
{
    struct pb_buf *out = r->out;
    size_t len = out->len - len_at - 1;
    size_t more = pb_varint_size(len) - 1;
    enum pb_err err = len > INT32_MAX ? PB_EFULL : pb_buf_reserve(out, more);

    if (err != PB_OK) {
        pb_reader_fail_out(r, err);
        return false;
    }
    memmove(out->data + len_at + 1 + more, out->data + len_at + 1, len);
    out->len += more;
    pb_varint_write(out->data + len_at, len);
    return true;
}

/* A group's end tag: its start tag with the other wire type. */
static bool
close_group(struct pb_json_reader *r, const struct pb_field *group)
{
    uint8_t tag[sizeof(group->tag)];
    enum pb_err err;

    memcpy(tag, group->tag, sizeof(tag));
    tag[0] = (uint8_t)((tag[0] & ~7) | PB_WIRE_EGROUP);
    err = pb_buf_put(r->out, tag, group->tag_len);
    if (err != PB_OK)
        pb_reader_fail_out(r, err);
    return err == PB_OK;
}

bool
pb_reader_close(struct pb_json_reader *r)
{
    struct pb_frame *f = r->top;

    if (f->group != NULL)
        return close_group(r, f->group);
    if (!f->drop_empty || r->out->len != f->len_at + 1)
        return pb_reader_close_len(r, f->len_at);
    r->out->len = f->start;
    return true;
}

void
pb_reader_drop(struct pb_json_reader *r)
{
    r->out->len = r->top->start;
    pb_reader_pop(r);
}

bool
pb_reader_value_ends_frames(struct pb_json_reader *r)
{
    while (r->top->kind == PB_FRAME_ENTRY || r->top->kind == PB_FRAME_WRAP)
        if (!pb_reader_end_frame(r))
            return false;
    r->state = r->top->kind == PB_FRAME_ROOT ? PB_AT_END : PB_AT_COMMA;
    return true;
}

/* ---- Members of a message ----------------------------------------------- */

/* The word and the bit that stand for i; NULL: not there yet. */
static uint64_t *
find_bit(const struct pb_json_reader *r, struct pb_frame *f, unsigned i,
    uint64_t *bit)
{
    *bit = UINT64_C(1) << (i % 64);
    if (i < 64)
        return &f->u.members.seen;
    if (f->u.members.more == PB_NOWHERE)
        return NULL;
    return &r->words[f->u.members.more + i / 64 - 1];
}

enum pb_err
pb_reader_see_slowly(struct pb_json_reader *r, unsigned i)
{
    struct pb_frame *f = r->top;
    uint64_t bit;
    uint64_t *word = find_bit(r, f, i, &bit);

    if (word == NULL) {
        size_t n_bits = (size_t)f->message->n_fields + f->message->n_oneofs;
        size_t at = r->n_words;

        if (!pb_reader_add_words(r, (n_bits + 63) / 64 - 1))
            return PB_ENOMEM;
        f->u.members.more = at;
        word = find_bit(r, f, i, &bit);
    }
    if (*word & bit)
        return PB_EDUPLICATE;
    *word |= bit;
    return PB_OK;
}

bool
pb_reader_has_seen(const struct pb_json_reader *r, unsigned i)
{
    uint64_t bit;
    const uint64_t *word = find_bit(r, r->top, i, &bit);

    return word != NULL && (*word & bit) != 0;
}

/* Extensions have no index: they are a list in words, pairs of the field and
 * the pair before. */
enum pb_err
pb_reader_see_extension(struct pb_json_reader *r, const struct pb_field *field)
{
    struct pb_frame *f = r->top;
    size_t at = f->u.members.extensions;

    for (; at != PB_NOWHERE; at = (size_t)r->words[at + 1])
        if (r->words[at] == (uintptr_t)field)
            return PB_EDUPLICATE;
    at = r->n_words;
    if (!pb_reader_add_words(r, 2))
        return PB_ENOMEM;
    r->words[at] = (uintptr_t)field;
    r->words[at + 1] = f->u.members.extensions;
    f->u.members.extensions = at;
    return PB_OK;
}
