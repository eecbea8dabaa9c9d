/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Strings. Names and tokens that lie whole in their piece and have no escapes
 * are found by looking for their closing quote and used where they lie. Text for
 * a string field is copied while it is looked at, block by block, escapes and
 * all. What neither of them takes (ends of pieces, tokens with escapes, errors)
 * goes through a small machine that can stop at every byte and hands its text
 * on in runs.
 */
#include "protobuf/json_reader.h"

#include "protobuf/json_scan.h"
#include "protobuf/utf8.h"
#include "protobuf/wire.h"

/* Skips whole characters that are not ASCII. */
static const char *
skip_characters(const char *p, const char *end)
{
    while (p < end && (unsigned char)*p >= 0x80) {
        int n = end - p >= 4 ? (int)pb_utf8_wide(p) : pb_utf8_sequence(p, end);

        if (n <= 0)
            break;
        p += n;
    }
    return p;
}

/* The closing quote of a string without escapes that ends in the piece; NULL:
 * this is no such string. */
static const char *
find_quote(const struct pb_json_reader *r, const char *p)
{
    const char *end = r->now.end;

    for (;;) {
        const char *q;

        p = pb_skip_plain(p, r->now.begin, end);
        if (p == end)
            return NULL;
        if (*p == '"')
            return p;
        q = skip_characters(p, end);
        if (q == p)
            return NULL;
        p = q;
    }
}

/* ---- Escapes ------------------------------------------------------------ */

/* What a backslash and this letter stand for; 0: nothing. */
static inline char
meaning_of(char letter)
{
    static const char meanings[256] = {
        ['"'] = '"',
        ['\\'] = '\\',
        ['/'] = '/',
        ['b'] = '\b',
        ['f'] = '\f',
        ['n'] = '\n',
        ['r'] = '\r',
        ['t'] = '\t',
    };

    return meanings[(unsigned char)letter];
}

static int
hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

static bool
is_high(uint32_t code)
{
    return code >= 0xd800 && code <= 0xdbff;
}

static bool
is_low(uint32_t code)
{
    return code >= 0xdc00 && code <= 0xdfff;
}

static uint32_t
join_surrogates(uint32_t high, uint32_t low)
{
    return 0x10000 + ((high - 0xd800) << 10) + (low - 0xdc00);
}

/* Reads \uXXXX; false: it is none. */
static bool
read_hex_escape(const char p[6], uint32_t *code)
{
    int a = hex_digit(p[2]), b = hex_digit(p[3]);
    int c = hex_digit(p[4]), d = hex_digit(p[5]);

    *code =
        (uint32_t)a << 12 | (uint32_t)b << 8 | (uint32_t)c << 4 | (uint32_t)d;
    return p[0] == '\\' && p[1] == 'u' && (a | b | c | d) >= 0;
}

/* ---- Copying ------------------------------------------------------------ */

/* An escape takes up to 12 bytes and stands for up to 4. */
#define ESCAPE_MAX 12
#define ESCAPED_MAX 4

/* Copies what the escape at p stands for, moving *to on. Returns the byte after
 * it; p: there is something wrong. */
static inline const char *
copy_escape(const char *p, uint8_t **to)
{
    char c = meaning_of(p[1]);
    uint32_t code, low;

    if (c != 0) {
        *(*to)++ = (uint8_t)c;
        return p + 2;
    }
    if (!read_hex_escape(p, &code) || is_low(code))
        return p;
    p += 6;
    if (is_high(code)) {
        if (!read_hex_escape(p, &low) || !is_low(low))
            return p - 6;
        code = join_surrogates(code, low);
        p += 6;
    }
    *to += pb_utf8_write((char *)*to, code);
    return p;
}

/* Copies text by the block, escapes and all; *is_wide: not all of it is ASCII,
 * and nobody has looked whether it is UTF-8. Returns where that ends: at what is
 * no text, or close to the end of the piece or of the room. */
static const char *
copy_blocks(const char *p, const char *end, struct pb_buf *out, bool *is_wide)
{
    uint8_t *to = out->data + out->len;
    const uint8_t *to_end = out->data + out->cap;
    unsigned wide = 0;

    while (end - p >= PB_BLOCK && to_end - to >= PB_BLOCK) {
        unsigned stops = pb_block_stops(p);
        const char *next;
        unsigned n;

        wide |= pb_block_wide(p);
        memcpy(to, p, PB_BLOCK);
        n = stops == 0 ? PB_BLOCK : (unsigned)__builtin_ctz(stops);
        p += n;
        to += n;
        if (stops == 0)
            continue;
        if (*p != '\\' || end - p < ESCAPE_MAX || to_end - to < ESCAPED_MAX)
            break;
        next = copy_escape(p, &to);
        if (next == p)
            break;
        p = next;
    }
    *is_wide = wide != 0;
    out->len = (size_t)(to - out->data);
    return p;
}

/* Copies plain text from p on, as far as there is room. */
static inline const char *
copy_plain(const struct pb_json_reader *r, const char *p)
{
    struct pb_buf *out = r->out;
    const char *end = r->now.end;
    uint8_t *to = out->data + out->len;
    size_t most = (size_t)(end - p);
    size_t n = 0, rest;

    if (most > out->cap - out->len)
        most = out->cap - out->len;
    for (; most - n >= PB_BLOCK; n += PB_BLOCK) {
        unsigned plain = pb_block_copy(to + n, p + n);

        if (plain < PB_BLOCK) {
            out->len += n + plain;
            return p + n + plain;
        }
    }
    rest = (size_t)(pb_skip_plain(p + n, r->now.begin, end) - (p + n));
    if (rest > most - n)
        rest = most - n;
    memcpy(to + n, p + n, rest);
    out->len += n + rest;
    return p + n + rest;
}

/* Copies a string's text from p on as far as that goes easily. It stops between
 * two characters. */
static const char *
copy_text(const struct pb_json_reader *r, const char *p)
{
    struct pb_buf *out = r->out;
    size_t start = out->len;
    const char *begin = p;
    bool is_wide;
    unsigned cut;

    p = copy_blocks(p, r->now.end, out, &is_wide);
    if (is_wide) {
        cut = pb_utf8_cut(begin, p);
        p -= cut;
        out->len -= cut;
        if (pb_utf8_prefix(begin, (size_t)(p - begin)) != (size_t)(p - begin)) {
            out->len = start; /* for the machine, which finds where */
            return begin;
        }
    }
    return copy_plain(r, p);
}

/* ---- Records for strings in out ----------------------------------------- */

/* A field that is absent when it has its default value. */
static bool
is_left_out(const struct pb_json_reader *r, enum pb_reader_string use)
{
    return use != PB_STRING_KEY && r->target == PB_TO_FIELD &&
        !r->field->has_presence;
}

static const struct pb_field *
record_field(const struct pb_json_reader *r, enum pb_reader_string use)
{
    return use == PB_STRING_KEY ? &r->top->message->fields[0] : r->field;
}

/* The tag, the length and room for the bytes. */
static inline enum pb_err
begin_record(struct pb_buf *out, const struct pb_field *field, size_t len)
{
    enum pb_err err =
        pb_buf_reserve(out, field->tag_len + pb_varint_size(len) + len);
    uint8_t *p;

    if (err != PB_OK)
        return err;
    p = pb_reader_put_tag(out->data + out->len, field);
    p = pb_varint_write(p, len);
    out->len = (size_t)(p - out->data);
    return PB_OK;
}

static enum pb_err
put_bytes(struct pb_json_reader *r, const char *text, size_t len)
{
    struct pb_base64 base64 = { 0 };
    enum pb_err err;
    size_t at;

    if (len == 0 && is_left_out(r, PB_STRING_BYTES))
        return PB_OK;
    err = begin_record(r->out, r->field, pb_base64_size(text, len));
    if (err == PB_OK)
        err = pb_base64_feed(&base64, text, len, r->out, &at);
    if (err == PB_OK)
        err = pb_base64_finish(&base64, r->out);
    return err;
}

/* ---- What a finished string is for -------------------------------------- */

/* A string that was copied to out is complete there. */
static inline bool
end_record(struct pb_json_reader *r, enum pb_reader_string use)
{
    if (use == PB_STRING_KEY) {
        if (!pb_reader_see_key(r))
            return false;
        r->state = PB_AT_COLON;
        return true;
    }
    return pb_reader_value_done(r);
}

/* The same, when its length has still to be set. */
static inline bool
close_record(struct pb_json_reader *r, enum pb_reader_string use, size_t start,
    size_t len_at)
{
    if (r->out->len == len_at + 1 && is_left_out(r, use))
        r->out->len = start;
    else if (!pb_reader_close_len(r, len_at))
        return false;
    return end_record(r, use);
}

static const char *
fail_token_length(struct pb_json_reader *r)
{
    return pb_reader_fail(r, PB_ELIMIT, r->token,
        "expected at most %d bytes in a name or value, found more",
        PB_READER_TOKEN_MAX);
}

/* Skips a value or a name. */
static bool
end_skipped(struct pb_json_reader *r, enum pb_reader_string use)
{
    if (use == PB_STRING_SKIP)
        return pb_reader_value_done(r);
    r->state = PB_AT_COLON;
    return true;
}

/* Uses a token that is complete; p is the byte after its closing quote. */
static const char *
use_token(struct pb_json_reader *r, const char *p, enum pb_reader_string use,
    const char *text, size_t len)
{
    bool ok;

    if (len > PB_READER_TOKEN_MAX)
        return fail_token_length(r);
    if (use == PB_STRING_TYPE)
        return pb_reader_any_type(r, p, text, len);
    if (use == PB_STRING_NAME)
        ok = pb_reader_name(r, text, len);
    else
        ok = pb_reader_token(r, text, len);
    return ok ? p : NULL;
}

/* ---- The machine -------------------------------------------------------- */

static const char *
fail_base64(struct pb_json_reader *r, const char *c)
{
    char excerpt[PB_EXCERPT_MAX];

    if (c == NULL)
        return pb_reader_fail(r, PB_EVALUE, r->token,
            "expected base64, found a length that base64 cannot have");
    return pb_reader_fail(r, PB_EVALUE, r->token, "expected base64, found %s",
        pb_excerpt(excerpt, c, 1));
}

/* A run of text of the string in hand. */
static bool
emit(struct pb_json_reader *r, const char *text, size_t len)
{
    struct pb_string *s = &r->string;
    enum pb_err err = PB_OK;
    size_t at = 0;

    switch ((enum pb_reader_string)s->use) {
    case PB_STRING_KEY:
    case PB_STRING_TEXT:
        err = pb_buf_put(r->out, text, len);
        break;
    case PB_STRING_BYTES:
        err = pb_base64_feed(&s->base64, text, len, r->out, &at);
        break;
    case PB_STRING_NAME:
    case PB_STRING_TOKEN:
    case PB_STRING_TYPE:
        err = pb_chars_append(&r->text, text, len, PB_READER_TOKEN_MAX);
        if (err == PB_ELIMIT)
            return fail_token_length(r) != NULL;
        break;
    case PB_STRING_SKIP:
    case PB_STRING_SKIP_NAME:
        break;
    }
    if (err == PB_EVALUE)
        fail_base64(r, text + at);
    else if (err != PB_OK)
        pb_reader_fail_out(r, err);
    return err == PB_OK;
}

/* Starts the machine. start: where in out the record begins that the string is
 * copied to, if any; len_at: the byte kept for its length, or NOWHERE. */
static void
begin_string(struct pb_json_reader *r, enum pb_reader_string use, size_t start,
    size_t len_at)
{
    struct pb_string *s = &r->string;

    memset(s, 0, sizeof(*s));
    s->use = (uint8_t)use;
    s->start = start;
    s->len_at = len_at;
    r->text.len = 0;
    r->state = PB_IN_STRING;
}

/* p is the byte after the closing quote. */
static const char *
end_string(struct pb_json_reader *r, const char *p)
{
    struct pb_string *s = &r->string;
    enum pb_reader_string use = (enum pb_reader_string)s->use;
    enum pb_err err = PB_OK;

    if (use == PB_STRING_SKIP || use == PB_STRING_SKIP_NAME)
        return end_skipped(r, use) ? p : NULL;
    if (s->len_at == PB_NOWHERE)
        return use_token(r, p, use, r->text.len > 0 ? r->text.data : "",
            r->text.len);
    if (use == PB_STRING_BYTES)
        err = pb_base64_finish(&s->base64, r->out);
    if (err == PB_EVALUE)
        return fail_base64(r, NULL);
    if (err != PB_OK)
        return pb_reader_fail_out(r, err);
    return close_record(r, use, s->start, s->len_at) ? p : NULL;
}

/* The byte after a backslash. */
static const char *
read_escape(struct pb_json_reader *r, const char *p)
{
    struct pb_string *s = &r->string;
    char noun[PB_BYTE_NOUN_MAX];
    char c = meaning_of(*p);

    if (*p == 'u') {
        s->step = PB_STEP_HEX;
        s->code = 0;
        s->n = 0;
        return p + 1;
    }
    if (c == 0)
        return pb_reader_fail(r, PB_ESYNTAX, s->at,
            "expected one of \"\\/bfnrtu after the backslash, found %s",
            pb_reader_byte_noun(noun, *p));
    s->step = PB_STEP_PLAIN;
    return emit(r, &c, 1) ? p + 1 : NULL;
}

static const char *
fail_surrogate(struct pb_json_reader *r)
{
    return pb_reader_fail(r, PB_ESYNTAX, r->string.at,
        "expected both halves of a surrogate pair, found one");
}

/* Four hex digits are in: a character, or the first half of one. */
static bool
end_hex(struct pb_json_reader *r)
{
    struct pb_string *s = &r->string;
    uint32_t c = s->code;
    char bytes[4];

    if (is_low(c) != (s->high != 0)) {
        fail_surrogate(r);
        return false;
    }
    if (is_high(c)) {
        s->high = c;
        s->step = PB_STEP_LOW_SLASH;
        return true;
    }
    if (s->high != 0)
        c = join_surrogates(s->high, c);
    s->high = 0;
    s->step = PB_STEP_PLAIN;
    return emit(r, bytes, pb_utf8_write(bytes, c));
}

static const char *
read_hex(struct pb_json_reader *r, const char *p)
{
    struct pb_string *s = &r->string;
    int digit = hex_digit(*p);
    char noun[PB_BYTE_NOUN_MAX];

    if (digit < 0)
        return pb_reader_fail(r, PB_ESYNTAX, s->at,
            "expected four hex digits after \\u, found %s",
            pb_reader_byte_noun(noun, *p));
    s->code = s->code << 4 | (unsigned)digit;
    if (++s->n == 4 && !end_hex(r))
        return NULL;
    return p + 1;
}

/* The second half of a surrogate pair has to follow: its \u. */
static const char *
read_low_escape(struct pb_json_reader *r, const char *p)
{
    struct pb_string *s = &r->string;
    bool is_slash = s->step == PB_STEP_LOW_SLASH;

    if (*p != (is_slash ? '\\' : 'u'))
        return fail_surrogate(r);
    s->step = is_slash ? PB_STEP_LOW_U : PB_STEP_HEX;
    s->code = 0;
    s->n = 0;
    return p + 1;
}

static const char *
fail_utf8(struct pb_json_reader *r)
{
    return pb_reader_fail(r, PB_ESYNTAX, r->string.at,
        "expected UTF-8, found a sequence of bytes that is none");
}

/* One more byte of a character that began in another piece. */
static const char *
read_cut_character(struct pb_json_reader *r, const char *p)
{
    struct pb_string *s = &r->string;
    int n;

    s->bytes[s->n++] = *p;
    n = pb_utf8_sequence(s->bytes, s->bytes + s->n);
    if (n == 0)
        return fail_utf8(r);
    if (n > 0) {
        s->step = PB_STEP_PLAIN;
        if (!emit(r, s->bytes, (size_t)n))
            return NULL;
    }
    return p + 1;
}

/* The byte that ended a run of plain text. */
static const char *
read_special(struct pb_json_reader *r, const char *p)
{
    struct pb_string *s = &r->string;
    const char *q;

    s->at = pb_reader_offset(r, p);
    if (*p == '\\') {
        s->step = PB_STEP_ESCAPE;
        return p + 1;
    }
    if ((unsigned char)*p < 0x20)
        return pb_reader_fail(r, PB_ESYNTAX, s->at,
            "expected text, found the control character 0x%02x, which has "
            "to be escaped",
            (unsigned char)*p);
    q = skip_characters(p, r->now.end);
    if (q > p)
        return emit(r, p, (size_t)(q - p)) ? q : NULL;
    if (pb_utf8_sequence(p, r->now.end) == 0)
        return fail_utf8(r);
    s->step = PB_STEP_UTF8;
    s->n = 1;
    s->bytes[0] = *p;
    return p + 1;
}

const char *
pb_reader_string_more(struct pb_json_reader *r, const char *p)
{
    struct pb_string *s = &r->string;

    while (p != NULL && p < r->now.end) {
        const char *run;

        switch ((enum pb_string_step)s->step) {
        case PB_STEP_PLAIN:
            if (s->use == PB_STRING_TEXT || s->use == PB_STRING_KEY)
                p = copy_text(r, p);
            run = p;
            p = pb_skip_plain(p, r->now.begin, r->now.end);
            if (p > run && !emit(r, run, (size_t)(p - run)))
                return NULL;
            if (p == r->now.end)
                return p;
            if (*p == '"')
                return end_string(r, p + 1);
            p = read_special(r, p);
            break;
        case PB_STEP_ESCAPE:
            p = read_escape(r, p);
            break;
        case PB_STEP_HEX:
            p = read_hex(r, p);
            break;
        case PB_STEP_LOW_SLASH:
        case PB_STEP_LOW_U:
            p = read_low_escape(r, p);
            break;
        case PB_STEP_UTF8:
            p = read_cut_character(r, p);
            break;
        }
    }
    return p;
}

/* ---- Entry -------------------------------------------------------------- */

/* Text of a field, or a key: what is left when copying stops is for the
 * machine. */
static inline const char *
read_text(struct pb_json_reader *r, const char *p, enum pb_reader_string use)
{
    struct pb_buf *out = r->out;
    size_t start = out->len;
    enum pb_err err = begin_record(out, record_field(r, use), 0);
    size_t len_at = out->len - 1;

    if (err != PB_OK)
        return pb_reader_fail_out(r, err);
    p = copy_plain(r, p);
    if (p < r->now.end && *p != '"')
        p = copy_text(r, p);
    if (p < r->now.end && *p == '"')
        return close_record(r, use, start, len_at) ? p + 1 : NULL;
    begin_string(r, use, start, len_at);
    return pb_reader_string_more(r, p);
}

static const char *__attribute__((noinline))
long_text(struct pb_json_reader *r, const char *p)
{
    return read_text(r, p, PB_STRING_TEXT);
}

/* Most texts end in their first block. */
const char *
pb_reader_text(struct pb_json_reader *r, const char *p)
{
    const struct pb_field *f = r->field;
    struct pb_buf *out = r->out;
    uint8_t *to;
    unsigned n;

    if (r->now.end - p < PB_BLOCK ||
        out->cap - out->len < sizeof(f->tag) + 1 + PB_BLOCK)
        return long_text(r, p);
    to = pb_reader_put_tag(out->data + out->len, f);
    n = pb_block_copy(to + 1, p);
    if (n == 0 || n == PB_BLOCK || p[n] != '"')
        return long_text(r, p);
    *to = (uint8_t)n;
    out->len = (size_t)(to + 1 + n - out->data);
    return pb_reader_value_done(r) ? p + n + 1 : NULL;
}

/* Whole bytes at once; or the machine, which finds the same errors at the same
 * place however the text is cut. */
static const char *
read_bytes(struct pb_json_reader *r, const char *p)
{
    const char *quote = find_quote(r, p);
    struct pb_buf *out = r->out;
    size_t start = out->len;
    enum pb_err err;

    if (quote != NULL) {
        if (put_bytes(r, p, (size_t)(quote - p)) == PB_OK)
            return end_record(r, PB_STRING_BYTES) ? quote + 1 : NULL;
        out->len = start;
    }
    err = begin_record(out, r->field, 0);
    if (err != PB_OK)
        return pb_reader_fail_out(r, err);
    begin_string(r, PB_STRING_BYTES, start, out->len - 1);
    return pb_reader_string_more(r, p);
}

const char *
pb_reader_string(struct pb_json_reader *r, const char *p,
    enum pb_reader_string use)
{
    const char *quote;

    if (use == PB_STRING_TEXT)
        return pb_reader_text(r, p);
    if (use == PB_STRING_KEY)
        return read_text(r, p, PB_STRING_KEY);
    if (use == PB_STRING_BYTES)
        return read_bytes(r, p);
    quote = find_quote(r, p);
    if (quote == NULL) {
        begin_string(r, use, r->out->len, PB_NOWHERE);
        return pb_reader_string_more(r, p);
    }
    if (use == PB_STRING_SKIP || use == PB_STRING_SKIP_NAME)
        return end_skipped(r, use) ? quote + 1 : NULL;
    return use_token(r, quote + 1, use, p, (size_t)(quote - p));
}

const char *
pb_reader_value_string(struct pb_json_reader *r, const char *p)
{
    const char *quote = find_quote(r, p);
    struct pb_buf *out = r->out;
    size_t start = out->len;
    size_t len, whole;
    enum pb_err err = PB_OK;

    if (quote == NULL ||
        (r->target != PB_TO_MESSAGE && r->field->type == PB_GROUP))
        return NULL;
    len = (size_t)(quote - p);
    whole = 1 + pb_varint_size(len) + len;
    if (r->target != PB_TO_MESSAGE)
        err = begin_record(out, r->field, whole);
    if (err == PB_OK)
        err = pb_buf_reserve(out, whole);
    if (err != PB_OK) {
        out->len = start;
        return NULL;
    }
    out->data[out->len++] = PB_VALUE_STRING << 3 | PB_WIRE_LEN;
    out->len = (size_t)(pb_varint_write(out->data + out->len, len) - out->data);
    memcpy(out->data + out->len, p, len);
    out->len += len;
    return pb_reader_value_done(r) ? quote + 1 : NULL;
}
