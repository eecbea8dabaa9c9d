/* SPDX-License-Identifier: Apache-2.0 */
/*
 * The reader's public face, and the loop that takes one token after the other
 * from the piece of text in hand. See json_reader.h for how it is divided.
 */
#include "protobuf/json_reader.h"

#include <assert.h>
#include <stdlib.h>
#include <sys/random.h>

#include "protobuf/json_scan.h"

/* Bytes of each kind that a reader keeps from one text to the next. */
#define MEMORY_KEPT (64 * 1024)

/* What the reader looks at while it has no piece. */
static const char nothing[1];

/* ---- Names -------------------------------------------------------------- */

/* Clients mostly keep to the order of the fields, so these are tried before the
 * index is asked: the field whose name stands at p, quotes, colon and all. */
static const struct pb_field *
find_expected(const struct pb_json_reader *r, const char *p)
{
    const struct pb_message *message = r->top->message;
    size_t left = (size_t)(r->now.end - p);
    unsigned i = r->top->hint;

    for (unsigned tries = 0; tries < 3 && i < message->n_fields; tries++, i++) {
        const struct pb_field *f = &message->fields[i];

        if (f->key != NULL &&
            pb_block_stands(p, left, f->key + 1, f->key_len - 1u))
            return f;
    }
    return NULL;
}

static const struct pb_field *
find_field(const struct pb_message *message, const char *name, size_t len)
{
    if (len > 2 && name[0] == '[' && name[len - 1] == ']')
        return pb_schema_extension_by_name(message, name + 1, len - 2);
    return pb_message_field_by_name(message, name, len);
}

static bool
fail_seen(struct pb_json_reader *r, enum pb_err err)
{
    if (err == PB_EDUPLICATE)
        return pb_reader_fail(r, err, r->token,
                   "expected each field once, found it again") != NULL;
    return pb_reader_fail_out(r, err) != NULL;
}

/* A value for that field of the message on top comes. */
static inline bool
aim_at_field(struct pb_json_reader *r, const struct pb_field *field)
{
    struct pb_frame *f = r->top;
    enum pb_err err;

    f->field = field;
    r->field = field;
    r->target = PB_TO_FIELD;
    if (field->is_extension) {
        err = pb_reader_see_extension(r, field);
    } else {
        f->hint = (uint16_t)(field->index + 1);
        err = pb_reader_see(r, field->index);
    }
    return err == PB_OK ? true : fail_seen(r, err);
}

static bool
message_name(struct pb_json_reader *r, const char *name, size_t len)
{
    struct pb_frame *f = r->top;
    const struct pb_field *field = find_field(f->message, name, len);

    r->state = PB_AT_COLON;
    if (field == NULL) {
        r->target = PB_TO_NOTHING;
        if (f->is_typed && len == 5 && memcmp(name, "@type", 5) == 0)
            return fail_seen(r, PB_EDUPLICATE);
        return r->options.ignore_unknown ||
            pb_reader_unknown(r, f->message, name, len) != NULL;
    }
    return aim_at_field(r, field);
}

/* A key that is no string in the message: its text, to be checked. */
static bool
entry_key(struct pb_json_reader *r, const char *text, size_t len)
{
    const struct pb_field *key = &r->top->message->fields[0];
    enum pb_number_fault fault = PB_NUMBER_OK;
    char excerpt[PB_EXCERPT_MAX];
    uint64_t bits = 0;
    enum pb_err err;

    if (key->type != PB_BOOL)
        fault = pb_number_to_bits((enum pb_type)key->type, text, len, &bits);
    else if (len == 4 && memcmp(text, "true", 4) == 0)
        bits = 1;
    else if (len != 5 || memcmp(text, "false", 5) != 0)
        fault = PB_NUMBER_SYNTAX;
    if (fault != PB_NUMBER_OK)
        return pb_reader_fail(r, PB_EVALUE, r->token,
                   "expected a key that is %s, found %s",
                   pb_type_noun((enum pb_type)key->type),
                   pb_excerpt(excerpt, text, len)) != NULL;
    err = pb_buf_put(r->out, key->tag, key->tag_len);
    if (err == PB_OK)
        err = pb_put_scalar(r->out, (enum pb_wire)key->wire, bits);
    if (err != PB_OK)
        return pb_reader_fail_out(r, err) != NULL;
    r->state = PB_AT_COLON;
    return pb_reader_see_key(r);
}

bool
pb_reader_name(struct pb_json_reader *r, const char *text, size_t len)
{
    switch ((enum pb_frame_kind)r->top->kind) {
    case PB_FRAME_MESSAGE:
        return message_name(r, text, len);
    case PB_FRAME_ENTRY:
        return entry_key(r, text, len);
    default:
        return pb_reader_any_name(r, text, len);
    }
}

/* Opens an entry of the map on top, up to its key. */
static bool
open_entry(struct pb_json_reader *r)
{
    const struct pb_field *field = r->top->field;
    const struct pb_message *entry = r->top->message;

    if (pb_reader_push(r, PB_FRAME_ENTRY) == NULL)
        return false;
    r->top->message = entry;
    return pb_reader_open_len(r, field->tag, field->tag_len);
}

/* A name has to stand at p. */
static const char *
name(struct pb_json_reader *r, const char *p)
{
    enum pb_reader_string use = PB_STRING_NAME;
    const char *quote;

    r->token = pb_reader_offset(r, p);
    if (*p != '"')
        return pb_reader_unexpected(r, p, "a name in double quotes");
    switch ((enum pb_frame_kind)r->top->kind) {
    case PB_FRAME_MAP:
        if (!open_entry(r))
            return NULL;
        r->field = &r->top->message->fields[1];
        r->target = PB_TO_ELEMENT;
        if (r->top->message->fields[0].type == PB_STRING)
            use = PB_STRING_KEY;
        break;
    case PB_FRAME_SKIP_OBJECT:
        r->target = PB_TO_NOTHING;
        use = PB_STRING_SKIP_NAME;
        break;
    case PB_FRAME_ANY:
        if (r->top->u.any.at == PB_NOWHERE)
            pb_reader_any_begin(r, r->token);
        break;
    case PB_FRAME_MESSAGE:
        quote = pb_find_near_quote(p + 1, r->now.begin, r->now.end);
        if (quote == NULL)
            break;
        return message_name(r, p + 1, (size_t)(quote - p) - 1) ? quote + 1
                                                               : NULL;
    default:
        break;
    }
    return pb_reader_string(r, p + 1, use);
}

/* ---- Brackets and commas ------------------------------------------------ */

static bool
check_required(struct pb_json_reader *r)
{
    struct pb_frame *f = r->top;

    for (unsigned i = 0; i < f->message->n_fields; i++) {
        const struct pb_field *field = &f->message->fields[i];

        if (!field->is_required || pb_reader_has_seen(r, i))
            continue;
        f->field = field;
        return pb_reader_fail(r, PB_EVALUE, r->token,
                   "expected the required field \"%s\", found none",
                   field->json_name) != NULL;
    }
    return true;
}

static bool
is_list(const struct pb_frame *f)
{
    return f->kind == PB_FRAME_LIST || f->kind == PB_FRAME_SKIP_LIST;
}

/* The closing bracket at p ends the frame on top. */
static const char *
close_bracket(struct pb_json_reader *r, const char *p)
{
    struct pb_frame *f = r->top;

    r->token = pb_reader_offset(r, p);
    r->depth--;
    if (f->kind == PB_FRAME_ANY || f->kind == PB_FRAME_ANY_VALUE)
        return pb_reader_any_end(r) ? p + 1 : NULL;
    if (f->kind == PB_FRAME_MESSAGE && f->message->has_required &&
        !f->is_lenient && !check_required(r))
        return NULL;
    return pb_reader_end_frame(r) && pb_reader_value_done(r) ? p + 1 : NULL;
}

static const char *
skip_space_slowly(struct pb_json_reader *r, const char *p)
{
    for (; p < r->now.end && (unsigned char)*p <= ' '; p++) {
        if (*p == '\n') {
            r->now.line++;
            r->now.line_start = pb_reader_offset(r, p) + 1;
        } else if (*p != ' ' && *p != '\t' && *p != '\r') {
            break;
        }
    }
    return p;
}

static inline const char *
skip_space(struct pb_json_reader *r, const char *p)
{
    if (p < r->now.end && (unsigned char)*p > ' ')
        return p;
    return skip_space_slowly(r, p);
}

/* The value at p, if there is anything. */
static const char *
value(struct pb_json_reader *r, const char *p)
{
    p = skip_space(r, p);
    return p < r->now.end ? pb_reader_value(r, p) : p;
}

/* A name at p; the colon and the value too if they are there. */
static const char *
member(struct pb_json_reader *r, const char *p)
{
    p = name(r, p);
    if (p == NULL || r->state != PB_AT_COLON || p == r->now.end || *p != ':')
        return p;
    r->state = PB_AT_VALUE;
    return value(r, p + 1);
}

/* The same when the name at p is one that was expected. */
static inline const char *
expected_member(struct pb_json_reader *r, const char *p,
    const struct pb_field *field)
{
    r->token = pb_reader_offset(r, p);
    if (!aim_at_field(r, field))
        return NULL;
    r->state = PB_AT_VALUE;
    return value(r, p + field->key_len - 1);
}

/* Members of the message on top from the name at p on, until there is one whose
 * value is not complete: this saves most rounds of the loop over tokens. */
static const char *
members(struct pb_json_reader *r, const char *p)
{
    while (p < r->now.end) {
        const struct pb_field *field = find_expected(r, p);

        p = field != NULL ? expected_member(r, p, field) : member(r, p);
        if (p == NULL || p == r->now.end || r->state != PB_AT_COMMA ||
            *p != ',')
            break;
        r->state = PB_AT_NAME;
        r->top->field = NULL;
        p = skip_space(r, p + 1);
    }
    return p;
}

/* The element behind a comma. */
static const char *
next_element(struct pb_json_reader *r, const char *p)
{
    struct pb_frame *f = r->top;

    r->state = PB_AT_VALUE;
    r->target = PB_TO_NOTHING;
    if (f->kind == PB_FRAME_LIST) {
        f->index++;
        r->field = f->field;
        r->target = f->field->is_packed ? PB_TO_PACKED : PB_TO_ELEMENT;
    }
    return value(r, p);
}

/* A name has to stand at p, or behind the space there. */
static const char *
next_member(struct pb_json_reader *r, const char *p)
{
    r->state = PB_AT_NAME;
    p = skip_space(r, p);
    if (r->top->kind == PB_FRAME_MESSAGE)
        return members(r, p);
    return p < r->now.end ? member(r, p) : p;
}

/* A comma or the closing bracket has to stand at p. After a comma it goes on
 * as far as it can. */
static const char *
comma(struct pb_json_reader *r, const char *p)
{
    struct pb_frame *f = r->top;

    if (is_list(f)) {
        if (*p == ',')
            return next_element(r, p + 1);
        if (*p == ']')
            return close_bracket(r, p);
        return pb_reader_unexpected(r, p, "',' or ']'");
    }
    if (*p == '}')
        return close_bracket(r, p);
    if (*p != ',')
        return pb_reader_unexpected(r, p, "',' or '}'");
    if (f->kind == PB_FRAME_MESSAGE)
        f->field = NULL;
    else if (f->kind == PB_FRAME_ANY)
        f->u.any.comma = pb_reader_offset(r, p);
    return next_member(r, p + 1);
}

static const char *
colon(struct pb_json_reader *r, const char *p)
{
    if (*p != ':')
        return pb_reader_unexpected(r, p, "':'");
    r->state = PB_AT_VALUE;
    return p + 1;
}

/* ---- The loop ----------------------------------------------------------- */

/* Takes the token at p < end, or more. */
static const char *
step(struct pb_json_reader *r, const char *p)
{
    switch (r->state) {
    case PB_AT_VALUE:
        return pb_reader_value(r, p);
    case PB_AT_ELEMENT:
        if (*p == ']')
            return close_bracket(r, p);
        r->state = PB_AT_VALUE;
        return pb_reader_value(r, p);
    case PB_AT_MEMBER:
        if (*p == '}')
            return close_bracket(r, p);
        return next_member(r, p);
    case PB_AT_NAME:
        return next_member(r, p);
    case PB_AT_COLON:
        return colon(r, p);
    case PB_AT_COMMA:
        return comma(r, p);
    case PB_IN_STRING:
        return pb_reader_string_more(r, p);
    case PB_IN_NUMBER:
        return pb_reader_number_more(r, p);
    case PB_IN_LITERAL:
        return pb_reader_literal_more(r, p);
    case PB_AT_END:
        break;
    }
    return p;
}

/* The kept text of an Any is used up: back to what waits. */
static const char *
end_source(struct pb_json_reader *r)
{
    if (r->state == PB_IN_NUMBER && !pb_reader_number_end(r))
        return NULL;
    r->now = r->sources[--r->n_sources];
    return r->now.next;
}

/* Reads on from p. Returns where it stopped: at the end of the value or of the
 * text; NULL: failed. */
static const char *
run(struct pb_json_reader *r, const char *p)
{
    while (p != NULL && r->state != PB_AT_END) {
        if (r->state < PB_IN_STRING)
            p = skip_space(r, p);
        if (p < r->now.end)
            p = step(r, p);
        else if (r->n_sources > 0)
            p = end_source(r);
        else
            return pb_reader_piece_used(r);
    }
    return p;
}

/* ---- Public ------------------------------------------------------------- */

struct pb_json_reader *
pb_json_reader_new(void)
{
    struct pb_json_reader *r = calloc(1, sizeof(*r));

    if (r == NULL)
        return NULL;
    /* Without the kernel's randomness the addresses have to do. */
    if (getrandom(r->seed, sizeof(r->seed), GRND_NONBLOCK) !=
        (ssize_t)sizeof(r->seed)) {
        r->seed[0] = (uintptr_t)r;
        r->seed[1] = (uintptr_t)&r;
    }
    r->err = PB_ESYNTAX; /* not started */
    return r;
}

void
pb_json_reader_free(struct pb_json_reader **reader)
{
    struct pb_json_reader *r = *reader;

    *reader = NULL;
    if (r == NULL)
        return;
    free(r->frames);
    free(r->words);
    free(r->text.data);
    free(r->kept.data);
    free(r);
}

/* What one hostile text made grow does not stay for all that follow. */
static void
trim(struct pb_json_reader *r)
{
    if (r->kept.cap > MEMORY_KEPT) {
        free(r->kept.data);
        r->kept = (struct pb_chars){ 0 };
    }
    if (r->words_cap > MEMORY_KEPT / sizeof(r->words[0])) {
        free(r->words);
        r->words = NULL;
        r->words_cap = 0;
    }
}

static void
start(struct pb_json_reader *r, const struct pb_schema *schema,
    const struct pb_json_options *options, struct pb_buf *out)
{
    trim(r);
    r->err = PB_OK;
    r->error = NULL;
    r->out = out;
    r->origin = out->len;
    r->schema = schema;
    r->options = *options;
    if (r->options.max_depth == 0)
        r->options.max_depth = PB_READER_DEPTH;
    r->depth = 0;
    r->n_left = UINT64_MAX;
    if (r->options.max_elements > 0)
        r->n_left = (uint64_t)r->options.max_elements + 1; /* the whole, too */
    r->is_keeping = false;
    r->n_sources = 0;
    r->n_words = 0;
    r->n_frames = 0;
    r->token = 0;
    r->now = (struct pb_source){ .begin = nothing, .end = nothing, .line = 1 };
    r->piece_end = nothing;
    r->state = PB_AT_VALUE;
    if (pb_reader_push(r, PB_FRAME_ROOT) == NULL)
        r->err = PB_ENOMEM;
}

void
pb_json_reader_start(struct pb_json_reader *r, const struct pb_message *message,
    const struct pb_json_options *options, struct pb_buf *out)
{
    start(r, message->schema, options, out);
    r->message = message;
    r->field = NULL;
    r->target = PB_TO_MESSAGE;
}

void
pb_json_reader_start_field(struct pb_json_reader *r,
    const struct pb_field *field, const struct pb_json_options *options,
    struct pb_buf *out)
{
    start(r, field->parent->schema, options, out);
    r->field = field;
    r->target = PB_TO_FIELD;
    if (r->err == PB_OK)
        r->top->field = field;
}

void
pb_json_reader_allow_missing(struct pb_json_reader *r)
{
    if (r->err == PB_OK)
        r->top->is_lenient = true;
}

/* A failure from before this call, whose details are gone. */
static enum pb_json_state
fail_again(const struct pb_json_reader *r, struct pb_error *error)
{
    pb_error_set(error, r->err, "%s",
        r->err == PB_ENOMEM ? "out of memory" : "the value was refused before");
    return PB_JSON_ERROR;
}

enum pb_json_state
pb_json_reader_feed(struct pb_json_reader *r, const char *text, size_t len,
    size_t *used, struct pb_error *error)
{
    enum pb_json_state state = PB_JSON_ERROR;
    const char *stop = NULL;
    enum pb_err err;

    if (used != NULL)
        *used = 0;
    if (r->err != PB_OK)
        return fail_again(r, error);
    if (r->state == PB_AT_END)
        return PB_JSON_DONE;
    r->error = error;
    pb_reader_use_piece(r, len > 0 ? text : nothing, len);
    stop = run(r, r->now.begin);
    if (stop != NULL && r->state == PB_AT_END) {
        state = PB_JSON_DONE;
    } else if (stop != NULL) {
        err = pb_reader_keep(r, stop);
        if (err != PB_OK)
            pb_reader_fail_out(r, err);
        else
            state = PB_JSON_MORE;
    }
    if (used != NULL && stop != NULL)
        *used = (size_t)(stop - r->now.begin);
    if (state == PB_JSON_DONE) {
        r->now.end = stop; /* what follows is for pb_json_reader_rest() */
        r->piece_end = stop;
    }
    if (state == PB_JSON_MORE)
        pb_reader_use_piece(r, nothing, 0);
    r->error = NULL;
    return state;
}

/* What has to come next. */
static const char *
awaited(const struct pb_json_reader *r)
{
    switch (r->state) {
    case PB_AT_VALUE:
        return "a value";
    case PB_AT_ELEMENT:
        return "a value or ']'";
    case PB_AT_MEMBER:
        return "a name or '}'";
    case PB_AT_NAME:
        return "a name";
    case PB_AT_COLON:
        return "':'";
    case PB_AT_COMMA:
        return is_list(r->top) ? "',' or ']'" : "',' or '}'";
    case PB_IN_STRING:
        return "the rest of a string";
    case PB_IN_NUMBER:
        return is_list(r->top) ? "',' or ']' after a number"
                               : "',' or '}' after a number";
    case PB_IN_LITERAL:
        return r->literal;
    case PB_AT_END:
        break;
    }
    return "nothing";
}

enum pb_json_state
pb_json_reader_finish(struct pb_json_reader *r, struct pb_error *error)
{
    if (r->err != PB_OK)
        return fail_again(r, error);
    r->error = error;
    if (r->state == PB_IN_NUMBER && r->depth == 0)
        pb_reader_number_end(r);
    else if (r->state != PB_AT_END)
        pb_reader_fail(r, PB_ESYNTAX, r->now.base,
            "expected %s, found the end of the text",
            pb_json_reader_is_blank(r) ? "a JSON value" : awaited(r));
    r->error = NULL;
    return r->err == PB_OK ? PB_JSON_DONE : PB_JSON_ERROR;
}

bool
pb_json_reader_is_blank(const struct pb_json_reader *r)
{
    return r->state == PB_AT_VALUE && r->n_frames == 1;
}

size_t
pb_json_reader_settled(const struct pb_json_reader *r)
{
    size_t end = r->out->len;

    if (r->state == PB_IN_STRING && r->string.start < end)
        end = r->string.start;
    for (size_t i = 0; i < r->n_frames; i++) {
        const struct pb_frame *f = &r->frames[i];

        if (f->len_at == PB_NOWHERE && f->kind != PB_FRAME_MAP)
            continue;
        if (f->start < end)
            end = f->start;
        break;
    }
    return end - r->origin;
}

void
pb_json_reader_shifted(struct pb_json_reader *r, size_t taken)
{
    r->string.start -= taken;
    if (r->string.len_at != PB_NOWHERE)
        r->string.len_at -= taken;
    for (size_t i = 0; i < r->n_frames; i++) {
        struct pb_frame *f = &r->frames[i];

        f->start -= taken;
        if (f->len_at != PB_NOWHERE)
            f->len_at -= taken;
    }
}

enum pb_json_state
pb_json_reader_rest(struct pb_json_reader *r, const char *text, size_t len,
    struct pb_error *error)
{
    const char *p;

    if (r->err != PB_OK)
        return fail_again(r, error);
    r->error = error;
    pb_reader_use_piece(r, len > 0 ? text : nothing, len);
    p = skip_space(r, r->now.begin);
    if (p != r->now.end)
        pb_reader_unexpected(r, p, "the end of the text");
    r->error = NULL;
    return r->err == PB_OK ? PB_JSON_DONE : PB_JSON_ERROR;
}

enum pb_err
pb_json_to_wire(struct pb_json_reader *r, const struct pb_message *message,
    const struct pb_json_options *options, const char *text, size_t len,
    struct pb_buf *out, struct pb_error *error)
{
    enum pb_json_state state;
    size_t used;

    pb_json_reader_start(r, message, options, out);
    state = pb_json_reader_feed(r, text, len, &used, error);
    if (state == PB_JSON_MORE)
        pb_json_reader_finish(r, error);
    else if (state == PB_JSON_DONE)
        pb_json_reader_rest(r, text + used, len - used, error);
    return r->err;
}
