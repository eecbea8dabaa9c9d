/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/fuzz/speaker.c - marks of what is said, and the rules of saying it.
 */
#include "tests/fuzz/speaker.h"

#include <assert.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>

/* The bytes of a payload, for as long as the library holds it. */
struct mark {
    struct fuzz_watch *watch;
    const struct fuzz_speaker *speaker;
    unsigned number;
    size_t size;
    char rest[];
};

static const struct sluice_str mark_name = { "speaker-bin", 11 };

static void
on_released(void *arg)
{
    struct mark *mark = arg;

    assert(mark->watch->payloads > 0);
    mark->watch->payloads--;
    free(mark);
}

struct sluice_bytes *
fuzz_payload(struct fuzz_speaker *s, size_t size)
{
    struct mark *mark = calloc(1, sizeof(*mark) + size);
    struct sluice_bytes *b;

    assert(mark != NULL);
    if (s->watch->is_wire)
        size += sizeof(*mark);
    mark->size = size;
    mark->watch = s->watch;
    mark->speaker = s;
    mark->number = s->payloads;
    b = sluice_bytes_wrap(mark, size, on_released, mark);
    assert(b != NULL);
    s->watch->payloads++;
    return b;
}

void
fuzz_check_payload(const struct fuzz_speaker *s, unsigned n,
    struct sluice_bytes *payload)
{
    const uint8_t *data = sluice_bytes_data(payload);
    struct mark mark;

    if (s->watch->is_wire)
        assert(sluice_bytes_size(payload) >= sizeof(mark));
    memcpy(&mark, data, sizeof(mark));
    assert(mark.speaker == s && mark.number == n);
    assert(mark.size == sluice_bytes_size(payload));
}

/* Some pairs, or one over and over. */
static void
add_words(struct sluice_metadata *md, struct fuzz_input *in)
{
    unsigned n = fuzz_byte(in), times = n >= 250 ? 300 : 1;
    struct sluice_str name, value;

    for (n &= 3; n > 0; n--) {
        name = fuzz_text(in);
        value = fuzz_text(in);
        for (; times > 0; times--)
            (void)!sluice_metadata_add(md, name, value);
        times = 1;
    }
}

struct sluice_metadata *
fuzz_metadata(const struct fuzz_speaker *s)
{
    struct sluice_metadata *md = sluice_metadata_new(NULL);
    enum sluice_err err;

    assert(md != NULL);
    err = sluice_metadata_add(md, mark_name,
        sluice_str_n((const char *)&s, sizeof(s)));
    assert(err == SLUICE_OK);
    if (s->watch->is_wordy)
        add_words(md, &s->watch->in);
    return md;
}

void
fuzz_check_metadata(const struct fuzz_speaker *s,
    const struct sluice_metadata *md)
{
    struct sluice_str value = sluice_metadata_find(md, mark_name);

    assert(value.len == sizeof(s) && memcmp(value.ptr, &s, sizeof(s)) == 0);
}

/* ----------------------------------------------------------- speaking */

static void
choose_completion(struct fuzz_speaker *s, unsigned what, struct fuzz_values *v)
{
    struct sluice_completion *c = &v->completion;
    int n;

    v->values.completion = c;
    if ((what & 0x10) == 0)
        return;
    c->has_code = true;
    c->code = (int8_t)fuzz_byte(&s->watch->in);
    if ((what & 0x20) != 0 && s->watch->is_wordy) {
        c->message = fuzz_text(&s->watch->in);
    } else if ((what & 0x20) != 0) {
        n = snprintf(v->message, sizeof(v->message), "%d", (int)c->code);
        c->message = sluice_str_n(v->message, (size_t)n);
    }
    if ((what & 0x40) != 0)
        c->terminal_metadata = fuzz_metadata(s);
}

static int
choose_allowance(struct fuzz_input *in)
{
    static const int few[] = { 1, 2, 5, 100, INT_MAX, -1, INT_MIN, 1 };

    return few[fuzz_below(in, 8)];
}

void
fuzz_choose_values(struct fuzz_speaker *s, struct fuzz_values *v)
{
    struct fuzz_input *in = &s->watch->in;
    unsigned what = fuzz_byte(in);

    memset(v, 0, sizeof(*v));
    if ((what & 1) != 0)
        v->values.initial_metadata = fuzz_metadata(s);
    if ((what & 2) != 0)
        v->values.payload = fuzz_payload(s, (what >> 4) * s->watch->scale);
    if ((what & 4) != 0)
        choose_completion(s, what, v);
    if ((what & 8) != 0)
        v->values.allowance = choose_allowance(in);
}

void
fuzz_scribble(struct fuzz_values *v)
{
    memset(v, 0xee, sizeof(*v));
}

bool
fuzz_may_pass(const struct fuzz_speaker *s, const struct sluice_values *v)
{
    if (v->initial_metadata != NULL &&
        (s->said_metadata || s->payloads > 0 || s->said_completion))
        return false;
    if (s->said_completion && (v->payload != NULL || v->completion != NULL))
        return false;
    return v->allowance >= 0;
}

void
fuzz_note(struct fuzz_speaker *s, const struct sluice_values *v)
{
    s->said_metadata |= v->initial_metadata != NULL;
    s->payloads += v->payload != NULL;
    s->granted += v->allowance;
    if (v->completion == NULL)
        return;
    s->said_completion = true;
    s->has_code = v->completion->has_code;
    s->code = v->completion->code;
}

/* ------------------------------------------------------------ hearing */

void
fuzz_check_completion(const struct fuzz_speaker *s,
    const struct sluice_completion *c)
{
    char text[16];
    int n;

    assert(s->said_completion);
    assert(c->has_code == s->has_code && c->code == s->code);
    if (c->terminal_metadata != NULL)
        fuzz_check_metadata(s, c->terminal_metadata);
    if (c->message.ptr == NULL)
        return;
    n = snprintf(text, sizeof(text), "%d", (int)s->code);
    assert(sluice_str_equal(c->message, sluice_str_n(text, (size_t)n)));
}

void
fuzz_release(const struct sluice_values *v)
{
    struct sluice_metadata *md = v->initial_metadata;
    struct sluice_bytes *payload = v->payload;

    sluice_metadata_unref(&md);
    sluice_bytes_unref(&payload);
    if (v->completion == NULL)
        return;
    md = v->completion->terminal_metadata;
    sluice_metadata_unref(&md);
}
