/* SPDX-License-Identifier: Apache-2.0 */
/*
 * protobuf/json_reader.h - the inside of the JSON reader, shared by its files.
 *
 * json_reader.c          pieces of text, the loop over tokens, the public face
 * json_reader_string.c   strings: whole ones in place, others byte by byte
 * json_reader_value.c    values, and which of them are objects and arrays
 * json_reader_scalar.c   the others: what a token means for its field
 * json_reader_frame.c    the stack: lengths, what has been seen
 * json_reader_keys.c     the keys of maps
 * json_reader_any.c      google.protobuf.Any
 * json_reader_error.c    positions, paths and excerpts
 *
 * One idea carries it: the state between two bytes is all here and nothing is
 * on the C stack, so a piece may end anywhere. A token that lies whole in its
 * piece is used in place; one that does not is collected (in text, or straight
 * in out when it is a string to be copied) and then takes the same way. Errors
 * are found at the same byte either way.
 *
 * What is seldom needed is a function of its own that is not inlined: the usual
 * way then has no registers to save.
 *
 * Functions that consume text take the next byte and return the byte to go on
 * with, or NULL when they have failed. Those that say why return NULL too; one
 * that returns bool passes that on as `!= NULL`.
 */
#ifndef PB_JSON_READER_H
#define PB_JSON_READER_H

#include <assert.h>

#include "protobuf/base64_in.h"
#include "protobuf/json.h"
#include "protobuf/number_in.h"

#define PB_READER_DEPTH 100       /* when the options do not say */
#define PB_READER_TOKEN_MAX 65535 /* names, enum values, times, masks */
#define PB_READER_REPLAYS 16      /* nested Anys with a late "@type" */
#define PB_NOWHERE SIZE_MAX

enum pb_reader_state {
    PB_AT_VALUE,   /* a value comes */
    PB_AT_ELEMENT, /* after "[": a value or "]" */
    PB_AT_MEMBER,  /* after "{": a name or "}" */
    PB_AT_NAME,    /* after a comma in an object */
    PB_AT_COLON,
    PB_AT_COMMA,  /* after a value: a comma or the closing bracket */
    PB_IN_STRING, /* from here on: within a token */
    PB_IN_NUMBER,
    PB_IN_LITERAL,
    PB_AT_END
};

/* What the next value is for. */
enum pb_reader_target {
    PB_TO_FIELD,   /* all of field: an array if repeated, null is absence */
    PB_TO_ELEMENT, /* one value of field, written even when it is the default */
    PB_TO_PACKED,  /* one value of field, without a tag */
    PB_TO_MESSAGE, /* the fields of message, without a tag and a length */
    PB_TO_NOTHING, /* to be skipped */
    PB_TO_TYPE     /* the "@type" of the ANY on top */
};

enum pb_reader_string {
    PB_STRING_NAME,  /* of a member; or a map key that is no string */
    PB_STRING_KEY,   /* a map key that is one: to out */
    PB_STRING_TEXT,  /* a string field: to out */
    PB_STRING_BYTES, /* a bytes field: decoded to out */
    PB_STRING_TOKEN, /* a number, enum value or well-known type: to text */
    PB_STRING_TYPE,  /* the type of an Any: to text */
    PB_STRING_SKIP,
    PB_STRING_SKIP_NAME
};

enum pb_frame_kind {
    PB_FRAME_ROOT,
    PB_FRAME_MESSAGE, /* object: members are fields */
    PB_FRAME_LIST,
    PB_FRAME_MAP,       /* object: members are entries */
    PB_FRAME_ENTRY,     /* no text of its own: ends with its one value */
    PB_FRAME_WRAP,      /* the same: wrappers, Value, Any around its value */
    PB_FRAME_ANY,       /* object whose "@type" is still unknown */
    PB_FRAME_ANY_VALUE, /* object {"@type", "value"} */
    PB_FRAME_SKIP_OBJECT,
    PB_FRAME_SKIP_LIST
};

struct pb_frame {
    uint8_t kind;
    bool is_typed;   /* ANY's object: "@type" has been read */
    bool is_lenient; /* required fields may be missing: inside of an Any, say */
    bool drop_empty; /* a body of no bytes leaves no record behind */
    bool has_key;    /* ENTRY: the key is complete */
    bool has_value;  /* ANY_VALUE: "value" has been read */
    uint16_t hint;   /* MESSAGE: the field that is likely next */
    uint32_t index;  /* LIST: of the element in hand; MAP: keys so far */
    size_t start;    /* in out: where its record begins */
    size_t len_at;   /* in out: the byte kept for the length, or NOWHERE */
    size_t words;    /* the reader's words are cut back to this at the end */
    const struct pb_message *message;
    const struct pb_field *field; /* MESSAGE: of the member in hand */
    const struct pb_field *group; /* ends with this field's EGROUP */
    union {
        struct {
            uint64_t seen;     /* fields, then oneofs: the first 64 */
            size_t more;       /* the others: index in words, or NOWHERE */
            size_t extensions; /* list in words: last seen, or NOWHERE */
        } members;
        struct {
            uint32_t cap;  /* slots of the table; 0: a plain list */
            uint32_t last; /* the slot filled last */
        } keys;
        struct {
            size_t at;         /* offset of the first member, or NOWHERE */
            size_t comma;      /* offset of the last comma */
            size_t line_start; /* of the first member */
            unsigned line;
        } any;
    } u;
};

/* A stretch of text. Offsets count from the start of the whole input. */
struct pb_source {
    const char *begin;
    const char *end;
    const char *next;  /* where to go on; of a source that waits */
    size_t base;       /* offset of begin */
    size_t line_start; /* offset of the line's first byte */
    unsigned line;
};

struct pb_chars {
    char *data;
    size_t len;
    size_t cap;
};

enum pb_string_step {
    PB_STEP_PLAIN,
    PB_STEP_ESCAPE,    /* after a backslash */
    PB_STEP_HEX,       /* after \u */
    PB_STEP_LOW_SLASH, /* after the first half of a surrogate pair */
    PB_STEP_LOW_U,
    PB_STEP_UTF8 /* within a character */
};

/* A string that did not lie whole in its piece, or has escapes. */
struct pb_string {
    uint8_t use;   /* enum pb_reader_string */
    uint8_t step;  /* enum pb_string_step */
    uint8_t n;     /* hex digits or bytes in hand */
    char bytes[4]; /* a character cut by the end of a piece */
    uint32_t code; /* the hex digits so far */
    uint32_t high; /* first half of a pair, or 0 */
    size_t at;     /* offset of the escape or character in hand */
    size_t start;  /* in out: its record, and its reserved length byte */
    size_t len_at;
    struct pb_base64 base64;
};

struct pb_json_reader {
    enum pb_reader_state state;
    enum pb_reader_target target;
    const struct pb_field *field;
    const struct pb_message *message;
    struct pb_frame *top;
    struct pb_buf *out;
    struct pb_source now;
    size_t token; /* offset of the token in hand */

    const struct pb_schema *schema;
    struct pb_json_options options; /* max_depth set */
    unsigned depth;
    uint64_t n_left;     /* values that may still come */
    const char *literal; /* "true", "false" or "null" */
    uint8_t literal_len; /* of it seen so far */
    struct pb_string string;
    struct pb_chars text; /* of the token in hand */

    struct pb_frame *frames;
    size_t n_frames;
    size_t frames_cap;
    uint64_t *words; /* bits, slots and lists of the frames */
    size_t n_words;
    size_t words_cap;
    uint64_t seed[2];

    struct pb_chars kept; /* an Any's members before its "@type" */
    size_t kept_base;     /* offset of the first byte of it */
    bool is_keeping;
    const char *piece_end; /* of the piece that feed was given */
    struct pb_source sources[PB_READER_REPLAYS]; /* that wait */
    unsigned n_sources;

    size_t origin; /* out->len at the start */
    enum pb_err err;
    struct pb_error *error; /* the caller's, may be NULL */
};

static inline size_t
pb_reader_offset(const struct pb_json_reader *r, const char *p)
{
    return r->now.base + (size_t)(p - r->now.begin);
}

/* Field numbers of google.protobuf.Value. */
enum {
    PB_VALUE_NULL = 1,
    PB_VALUE_NUMBER,
    PB_VALUE_STRING,
    PB_VALUE_BOOL,
    PB_VALUE_STRUCT,
    PB_VALUE_LIST
};

/* The message that the target is a value of; NULL: it is a scalar, or an array
 * or a map as a whole. */
static inline const struct pb_message *
pb_reader_target_message(const struct pb_json_reader *r)
{
    if (r->target == PB_TO_MESSAGE)
        return r->message;
    if (r->target == PB_TO_FIELD && r->field->is_repeated)
        return NULL;
    return r->field->message;
}

static inline bool
pb_reader_is_whole(const struct pb_json_reader *r)
{
    return r->target == PB_TO_FIELD && r->field->is_repeated;
}

/* A member of a well-known type, by its number. */
static inline const struct pb_field *
pb_reader_member(const struct pb_message *message, uint32_t number)
{
    const struct pb_field *f =
        pb_message_field_by_number(message, number, number - 1);

    assert(f != NULL); /* the schema knows the well-known types */
    return f;
}

/* Does null stand for a value of the target, not for absence? */
static inline bool
pb_reader_is_null_a_value(const struct pb_json_reader *r)
{
    const struct pb_message *message;

    if (pb_reader_is_whole(r))
        return false;
    message = pb_reader_target_message(r);
    if (message != NULL)
        return message->wkt == PB_WKT_VALUE;
    return r->field->type == PB_ENUM && r->field->enumeration->is_null_value;
}

/* ---- json_reader_error.c ------------------------------------------------ */

/* Notes the error at that offset of the line in hand. Returns NULL. */
const char *pb_reader_fail(struct pb_json_reader *r, enum pb_err kind,
    size_t offset, const char *format, ...)
    __attribute__((cold, format(printf, 4, 5)));

/* PB_ESYNTAX: what stands at p is not what was expected. */
const char *pb_reader_unexpected(struct pb_json_reader *r, const char *p,
    const char *expected) __attribute__((cold));

/* A byte in words: 'x', or "the byte 0x00". Returns to. */
#define PB_BYTE_NOUN_MAX 24
const char *pb_reader_byte_noun(char to[PB_BYTE_NOUN_MAX], char byte);

/* PB_ESYNTAX: the token in hand is no number of JSON's. */
const char *pb_reader_bad_number(struct pb_json_reader *r, const char *text,
    size_t len) __attribute__((cold));

/* PB_EVALUE at the token in hand: "expected <what the target takes>, found
 * <found>". */
const char *pb_reader_mismatch(struct pb_json_reader *r, const char *found)
    __attribute__((cold));
/* The same; found is the text of the token, note may be "". */
const char *pb_reader_mismatch_text(struct pb_json_reader *r, const char *text,
    size_t len, bool is_string, const char *note) __attribute__((cold));

/* Turns a failure to write to out, or to get memory, into the error. */
const char *pb_reader_fail_out(struct pb_json_reader *r, enum pb_err err)
    __attribute__((cold));

/* Room for a quoted excerpt. */
#define PB_EXCERPT_MAX 208

/* text in quotes, escaped, shortened, printable; returns to. */
const char *pb_excerpt(char to[PB_EXCERPT_MAX], const char *text, size_t len);

/* What a value of message is to be: "an object", "a duration such as ...". */
const char *pb_message_noun(const struct pb_message *message);

/* PB_EUNKNOWN: message has no field of that name. Tells the nearest one. */
const char *pb_reader_unknown(struct pb_json_reader *r,
    const struct pb_message *message, const char *name, size_t len)
    __attribute__((cold));

/* ---- json_reader_frame.c ------------------------------------------------ */

/* A new top frame, all zero but kind, start and the inherited; NULL: failed. */
struct pb_frame *pb_reader_push(struct pb_json_reader *r,
    enum pb_frame_kind kind);

/* Writes what comes before the body of the message in hand (its tag and a byte
 * for the length; nothing at the top), to be closed with the top frame. */
bool pb_reader_open_message(struct pb_json_reader *r);
/* The same for a field's own LEN record: packed scalars, entries. */
bool pb_reader_open_len(struct pb_json_reader *r, const uint8_t *tag,
    size_t tag_len);
/* The length or the end tag of what the top frame opened. */
bool pb_reader_close(struct pb_json_reader *r);

static inline void
pb_reader_pop(struct pb_json_reader *r)
{
    assert(r->n_frames > 1);
    r->n_words = r->top->words;
    r->n_frames--;
    r->top--;
}

/* Closes and pops the top frame. */
static inline bool
pb_reader_end_frame(struct pb_json_reader *r)
{
    const struct pb_frame *f = r->top;

    if ((f->len_at != PB_NOWHERE || f->group != NULL) && !pb_reader_close(r))
        return false;
    pb_reader_pop(r);
    return true;
}

/* Pops it and takes back what it wrote. */
void pb_reader_drop(struct pb_json_reader *r);

/* Puts the length of everything after len_at into the byte there, moving the
 * rest up if it needs more. */
bool pb_reader_close_long(struct pb_json_reader *r, size_t len_at);

static inline bool
pb_reader_close_len(struct pb_json_reader *r, size_t len_at)
{
    size_t len = r->out->len - len_at - 1;

    if (len >= 0x80)
        return pb_reader_close_long(r, len_at);
    r->out->data[len_at] = (uint8_t)len;
    return true;
}

/* Writes the tag of one element where there is room. Returns the byte after it.
 */
static inline uint8_t *
pb_reader_put_tag(uint8_t *to, const struct pb_field *f)
{
    *to++ = f->tag[0];
    for (unsigned i = 1; i < f->tag_len; i++)
        *to++ = f->tag[i];
    return to;
}

/* After a value: ends the frames that end with it and sets the state. */
bool pb_reader_value_ends_frames(struct pb_json_reader *r);

static inline bool
pb_reader_value_done(struct pb_json_reader *r)
{
    unsigned kind = r->top->kind;

    if (kind == PB_FRAME_MESSAGE || kind == PB_FRAME_LIST) {
        r->state = PB_AT_COMMA;
        return true;
    }
    return pb_reader_value_ends_frames(r);
}

/* Marks bit i (a field's index, or n_fields + oneof) of the top frame. */
enum pb_err pb_reader_see_slowly(struct pb_json_reader *r, unsigned i);

static inline enum pb_err
pb_reader_see(struct pb_json_reader *r, unsigned i)
{
    uint64_t *seen = &r->top->u.members.seen;

    if (i >= 64 || *seen >> i & 1)
        return pb_reader_see_slowly(r, i);
    *seen |= UINT64_C(1) << i;
    return PB_OK;
}

enum pb_err pb_reader_see_extension(struct pb_json_reader *r,
    const struct pb_field *field);
bool pb_reader_has_seen(const struct pb_json_reader *r, unsigned i);

/* n more words, zero, on top; they go with the frame on top. */
bool pb_reader_add_words(struct pb_json_reader *r, size_t n);

/* Appends to a text, at most max bytes in all. */
enum pb_err pb_chars_append(struct pb_chars *t, const char *p, size_t len,
    size_t max);

/* ---- json_reader_keys.c ------------------------------------------------- */

/* The key of the top frame, an ENTRY, is complete: duplicates fail. */
bool pb_reader_see_key(struct pb_json_reader *r);
/* Takes back the last key of the MAP on top. */
void pb_reader_forget_key(struct pb_json_reader *r);

/* ---- json_reader_string.c ----------------------------------------------- */

/* The string whose first byte after the quote is at p. */
const char *pb_reader_string(struct pb_json_reader *r, const char *p,
    enum pb_reader_string use);
/* The same for a Value, if the string lies whole in the piece and the Value is
 * no group; NULL without an error: it is not so. */
const char *pb_reader_value_string(struct pb_json_reader *r, const char *p);
/* The same for a string field, with PB_STRING_TEXT. */
const char *pb_reader_text(struct pb_json_reader *r, const char *p);
const char *pb_reader_string_more(struct pb_json_reader *r, const char *p);

/* ---- json_reader_value.c ------------------------------------------------ */

/* Every value that is read is counted, once, before anything is done with it:
 * `[[],[],...]` costs far more than its bytes. False: there are too many. */
static inline bool
pb_reader_count(struct pb_json_reader *r)
{
    return r->n_left-- > 0;
}
/* The error when there are. Returns NULL. */
const char *pb_reader_too_many(struct pb_json_reader *r) __attribute__((cold));

const char *pb_reader_value(struct pb_json_reader *r, const char *p);

/* ---- json_reader_scalar.c ----------------------------------------------- */

/* The string, number or literal that begins at p. */
const char *pb_reader_begin_string(struct pb_json_reader *r, const char *p);
const char *pb_reader_begin_number(struct pb_json_reader *r, const char *p);
const char *pb_reader_begin_literal(struct pb_json_reader *r, const char *p);
const char *pb_reader_number_more(struct pb_json_reader *r, const char *p);
bool pb_reader_number_end(struct pb_json_reader *r);
const char *pb_reader_literal_more(struct pb_json_reader *r, const char *p);

/* The string token in hand is complete. */
bool pb_reader_token(struct pb_json_reader *r, const char *text, size_t len);

/* ---- json_reader.c ------------------------------------------------------ */

/* A name, or a map key that is no string, is complete. */
bool pb_reader_name(struct pb_json_reader *r, const char *text, size_t len);

/* ---- json_reader_any.c -------------------------------------------------- */

/* A name in an ANY or ANY_VALUE frame. */
bool pb_reader_any_name(struct pb_json_reader *r, const char *text, size_t len);
/* Before the first name of an ANY, whose opening quote is at offset. */
void pb_reader_any_begin(struct pb_json_reader *r, size_t offset);
/* "@type" is complete; p is the byte after it. */
const char *pb_reader_any_type(struct pb_json_reader *r, const char *p,
    const char *text, size_t len);
/* The closing bracket of an ANY or ANY_VALUE. */
bool pb_reader_any_end(struct pb_json_reader *r);
/* Moves on to a piece of the text. */
void pb_reader_use_piece(struct pb_json_reader *r, const char *text,
    size_t len);
/* All of the piece that may be looked at is used up: returns its end, unless an
 * Any would have to keep too much. */
const char *pb_reader_piece_used(struct pb_json_reader *r);
/* Copies what an Any has to keep of the piece, up to end. */
enum pb_err pb_reader_keep(struct pb_json_reader *r, const char *end);

#endif
