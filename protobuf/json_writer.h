/* SPDX-License-Identifier: Apache-2.0 */
/*
 * protobuf/json_writer.h - private to the JSON writer: what its files share.
 *
 * The writer goes down the message recursively, one level at a time. A level
 * is a span of wire bytes. Before anything of a level is written, pb_jw_settle
 * walks over its records (a submessage is one step) and checks three things:
 * that it is well formed, that fields ascend, and that nothing singular comes
 * twice. Nearly always that is so, and the level is written from where it
 * lies. Otherwise settle rewrites it into scratch memory so that it is so:
 * sorted, pieces of submessages joined, all but the last scalar and the last
 * member of a oneof dropped. What writes a level therefore sees fields in
 * order, each singular one once, and needs no memory of what it has written.
 *
 * Cost: every record is looked at twice, once to settle and once to write. At
 * worst (groups, or disorder at every level) each level passes over all bytes
 * below it, so max_depth times in all. Scratch is at most twice the message,
 * and only for messages in disorder.
 */
#ifndef PB_JSON_WRITER_H
#define PB_JSON_WRITER_H

#include "protobuf/json.h"
#include "protobuf/json_sink.h"
#include "protobuf/wire.h"

enum {
    PB_JW_DEPTH = 100,      /* when the options say nothing */
    PB_JW_DEPTH_MAX = 1000, /* whatever the options say: it is C stack */
};

struct pb_jw_slot; /* json_writer_merge.c */

struct pb_json_writer {
    struct pb_sink out;
    struct pb_json_options options;
    const struct pb_schema *schema; /* where the types of Anys are looked up */
    bool has_plain_keys;            /* JSON names, not pretty */
    bool is_fresh;   /* nothing written since the last { or [: no comma */
    unsigned indent; /* containers that are open */
    unsigned depth;  /* levels that may still be entered */
    unsigned in_any; /* required fields are not asked for inside */

    enum pb_err err; /* of the input; out has its own */
    struct pb_error *error;
    char path[256];      /* built backwards, on the way up from an error */
    size_t path_at;      /* where in it the path begins */
    const uint8_t *wire; /* the caller's message */
    size_t wire_len;
    size_t copied_at; /* where in it that lies what is now in copy */

    /* Scratch, kept from message to message. */
    uint8_t *copy; /* levels that had to be rewritten */
    size_t copy_half, copy_cap;
    bool is_copy_used;
    struct pb_jw_slot *slots;
    uint32_t n_slots, slots_max, slots_cap;
    uint32_t *table; /* open addressing, of slots or of map entries */
    size_t table_cap;
    uint8_t *marks; /* bit maps of void map entries, a stack */
    size_t marks_len, marks_cap;
};

/* The bytes of one level. */
struct pb_jw_span {
    const uint8_t *p, *end;
    bool owns_copy;
};

/* One value as it lies on the wire: the bits of a number, or bytes. */
struct pb_jw_value {
    uint64_t bits;
    const uint8_t *p;
    size_t len;
};

/* How far the writing of a level has come. */
struct pb_jw_level {
    const struct pb_message *message;
    const struct pb_field *likely; /* to come next, before end */
    const struct pb_field *end;
    bool is_strict;                 /* what is absent matters */
    unsigned next;                  /* defaults before it are written */
    unsigned required_next;         /* required fields before it are checked */
    const struct pb_field *missing; /* a required one */
};

/* ---- json_writer_state.c ------------------------------------------------- */

/* Both return false. at: the byte that is wrong. */
bool pb_jw_fail(struct pb_json_writer *w, enum pb_err kind, const uint8_t *at,
    const char *format, ...) __attribute__((format(printf, 4, 5)));
/* The record that begins at `at` is no wire format. */
bool pb_jw_broken(struct pb_json_writer *w, const uint8_t *at,
    const uint8_t *end);
bool pb_jw_no_memory(struct pb_json_writer *w);

/* Before bytes are dropped for what comes later, or joined with it: a parser
 * would refuse them when they are no message m. False after pb_jw_fail. */
bool pb_jw_check(struct pb_json_writer *w, const struct pb_message *m,
    const uint8_t *p, const uint8_t *end);

/* To be called on the way up from a failure, innermost first. */
void pb_jw_path_name(struct pb_json_writer *w, const char *name, size_t len);
void pb_jw_path_field(struct pb_json_writer *w, const struct pb_field *f);
void pb_jw_path_index(struct pb_json_writer *w, uint32_t i);

/* A level down (false after pb_jw_fail) and up again. */
static inline bool
pb_jw_enter(struct pb_json_writer *w, const uint8_t *at)
{
    if (w->depth == 0)
        return pb_jw_fail(w, PB_ELIMIT, at, "messages nest too deeply");
    w->depth--;
    return true;
}

static inline void
pb_jw_leave(struct pb_json_writer *w)
{
    w->depth++;
}

/* A line break and the indentation, of pretty texts. */
void pb_jw_line(struct pb_json_writer *w);

/* { or [ */
static inline void
pb_jw_open(struct pb_json_writer *w, char bracket)
{
    pb_sink_char(&w->out, bracket);
    w->is_fresh = true;
    w->indent++;
}

/* What precedes each member or element. */
static inline void
pb_jw_next(struct pb_json_writer *w)
{
    if (!w->is_fresh)
        pb_sink_char(&w->out, ',');
    w->is_fresh = false;
    if (w->options.pretty)
        pb_jw_line(w);
}

static inline void
pb_jw_close(struct pb_json_writer *w, char bracket)
{
    w->indent--;
    if (w->options.pretty && !w->is_fresh)
        pb_jw_line(w);
    w->is_fresh = false;
    pb_sink_char(&w->out, bracket);
}

/* What follows a member's name. */
void pb_jw_colon(struct pb_json_writer *w);
/* pb_jw_next, name and colon, whatever the options and the name are. */
void pb_jw_key_slowly(struct pb_json_writer *w, const struct pb_field *f);

/* The same: nearly always it is there ready made, and fits. */
static inline void
pb_jw_key(struct pb_json_writer *w, const struct pb_field *f)
{
    size_t skip = w->is_fresh;
    size_t len = f->key_len - skip;

    if (!w->has_plain_keys || f->key == NULL ||
        pb_sink_room(&w->out) < len + PB_BLOCK) {
        pb_jw_key_slowly(w, f);
        return;
    }
    pb_block_move(w->out.p, f->key + skip, len);
    w->out.p += len;
    w->is_fresh = false;
}

/* The same for a name that is plain. */
void pb_jw_member(struct pb_json_writer *w, const char *name);

/* ---- Reading values ------------------------------------------------------ */

/* Like their namesakes without jw, quick for one byte. */
static inline const uint8_t *
pb_jw_varint_read(const uint8_t *p, const uint8_t *end, uint64_t *v)
{
    if (p == end || *p >= 0x80)
        return pb_varint_read(p, end, v);
    *v = *p;
    return p + 1;
}

static inline const uint8_t *
pb_jw_len_read(const uint8_t *p, const uint8_t *end, size_t *len)
{
    if (p == end || *p >= 0x80)
        return pb_len_read(p, end, len);
    *len = *p++;
    return *len <= (size_t)(end - p) ? p : NULL;
}

static inline const uint8_t *
pb_jw_tag_read(const uint8_t *p, const uint8_t *end, uint32_t *number,
    unsigned *wire)
{
    if (p == end || *p >= 0x80)
        return pb_tag_read(p, end, number, wire);
    *number = *p >> 3;
    *wire = *p & 7;
    return *number == 0 || *wire > PB_WIRE_I32 ? NULL : p + 1;
}

static inline const uint8_t *
pb_jw_skip(const uint8_t *p, const uint8_t *end, uint32_t number, unsigned wire,
    unsigned depth)
{
    uint64_t bits;
    size_t len;

    if (wire == PB_WIRE_LEN) {
        p = pb_jw_len_read(p, end, &len);
        return p == NULL ? NULL : p + len;
    }
    if (wire == PB_WIRE_VARINT)
        return pb_jw_varint_read(p, end, &bits);
    return pb_skip(p, end, number, wire, depth);
}

static inline uint32_t
pb_jw_little32(const uint8_t *p)
{
    return (uint32_t)p[0] | (uint32_t)p[1] << 8 | (uint32_t)p[2] << 16 |
        (uint32_t)p[3] << 24;
}

/* Reads one value; returns the byte after it, or NULL (without pb_jw_fail). */
static inline const uint8_t *
pb_jw_read(const struct pb_field *f, const uint8_t *p, const uint8_t *end,
    struct pb_jw_value *v)
{
    switch (f->wire) {
    case PB_WIRE_VARINT:
        return pb_jw_varint_read(p, end, &v->bits);
    case PB_WIRE_I64:
        if (end - p < 8)
            return NULL;
        v->bits = pb_jw_little32(p) | (uint64_t)pb_jw_little32(p + 4) << 32;
        return p + 8;
    case PB_WIRE_I32:
        if (end - p < 4)
            return NULL;
        v->bits = pb_jw_little32(p);
        return p + 4;
    case PB_WIRE_LEN:
        p = pb_jw_len_read(p, end, &v->len);
        v->p = p;
        return p == NULL ? NULL : p + v->len;
    default:
        return NULL;
    }
}

/* Whether a record of that wire type is one of f, packed or not. */
static inline bool
pb_jw_accepts(const struct pb_field *f, unsigned wire)
{
    return wire == f->wire ||
        (wire == PB_WIRE_LEN && f->is_repeated && f->wire != PB_WIRE_SGROUP);
}

/* Fields and extensions, trying m->fields[hint] first. */
static inline const struct pb_field *
pb_jw_find(const struct pb_message *m, uint32_t number, unsigned hint)
{
    const struct pb_field *f;

    if (hint < m->n_fields && m->fields[hint].number == number)
        return &m->fields[hint];
    f = pb_message_field_by_number(m, number, hint);
    return f != NULL ? f : pb_schema_extension_by_number(m, number);
}

/* Zero, false, empty. */
static inline bool
pb_jw_is_default(const struct pb_field *f, const struct pb_jw_value *v)
{
    switch (f->type) {
    case PB_STRING:
    case PB_BYTES:
        return v->len == 0;
    case PB_INT32:
    case PB_UINT32:
    case PB_SINT32:
    case PB_ENUM:
        return (uint32_t)v->bits == 0; /* the rest is cut off */
    default:
        return v->bits == 0;
    }
}

/* A number that a closed enum does not have: as if it were not there. */
static inline bool
pb_jw_is_void(const struct pb_field *f, const struct pb_jw_value *v)
{
    return f->type == PB_ENUM && f->enumeration->is_closed &&
        pb_enum_value_by_number(f->enumeration, (int32_t)v->bits) == NULL;
}

/* ---- json_writer_value.c ------------------------------------------------- */

/* Reads one record of a message whose fields are few and not packed: *f is NULL
 * when it is unknown. Returns the byte after it, or NULL after pb_jw_fail. */
const uint8_t *pb_jw_read_known(struct pb_json_writer *w,
    const struct pb_message *m, const uint8_t *p, const uint8_t *end,
    const struct pb_field **f, struct pb_jw_value *v);
/* Reads a message of n singular scalars that are its first fields: the last
 * value of each, zero or empty when there is none. False after pb_jw_fail. */
bool pb_jw_read_fields(struct pb_json_writer *w, const struct pb_message *m,
    const uint8_t *p, const uint8_t *end, struct pb_jw_value *v, unsigned n);

/* Writes one value, no message. False after pb_jw_fail. */
bool pb_jw_scalar(struct pb_json_writer *w, const struct pb_field *f,
    const struct pb_jw_value *v);
bool pb_jw_no_utf8(struct pb_json_writer *w, const uint8_t *at);

static inline bool
pb_jw_string(struct pb_json_writer *w, const uint8_t *p, size_t n)
{
    const uint8_t *bad = pb_sink_string(&w->out, p, n);

    return bad == NULL || pb_jw_no_utf8(w, bad);
}

/* The same text as a member's name, numbers in quotes. */
bool pb_jw_map_key(struct pb_json_writer *w, const struct pb_field *f,
    const struct pb_jw_value *v);

/* ---- json_writer.c ------------------------------------------------------- */

/* A whole message, whatever its JSON form. */
bool pb_jw_message(struct pb_json_writer *w, const struct pb_message *m,
    const uint8_t *p, const uint8_t *end);
/* The fields of a settled level, inside braces that the caller writes. */
bool pb_jw_fields(struct pb_json_writer *w, const struct pb_message *m,
    const uint8_t *p, const uint8_t *end);
/* Writes the defaults that come before f; notes that it is there. */
void pb_jw_begin_strict(struct pb_json_writer *w, struct pb_jw_level *l,
    const struct pb_field *f);

/* Writes the key of f, and before it what must precede it. */
static inline void
pb_jw_begin(struct pb_json_writer *w, struct pb_jw_level *l,
    const struct pb_field *f)
{
    if (l->is_strict)
        pb_jw_begin_strict(w, l, f);
    pb_jw_key(w, f);
}

/* ---- json_writer_merge.c ------------------------------------------------- */

/* See above. group: 0, or the number of the group whose body begins at s->p:
 * s->end is then set to its end, and *after to the byte after its end tag.
 * False after pb_jw_fail; every true is followed by a release, innermost
 * first, when the level is written. */
bool pb_jw_settle(struct pb_json_writer *w, const struct pb_message *m,
    struct pb_jw_span *s, uint32_t group, const uint8_t **after);
static inline void
pb_jw_release(struct pb_json_writer *w, struct pb_jw_span *s)
{
    if (s->owns_copy)
        w->is_copy_used = false;
    s->owns_copy = false;
}

/* Room for cap entries in the hash table, all of them 0. */
bool pb_jw_clear_table(struct pb_json_writer *w, size_t cap);

/* ---- json_writer_map.c --------------------------------------------------- */

/* Writes the run of entries of f at p, nothing when none counts. Returns the
 * byte after the run, or NULL after pb_jw_fail. */
const uint8_t *pb_jw_map(struct pb_json_writer *w, struct pb_jw_level *l,
    const struct pb_field *f, const uint8_t *p, const uint8_t *end);
/* The same without level and key: only the object, {} for none. */
bool pb_jw_map_object(struct pb_json_writer *w, const struct pb_field *f,
    const uint8_t *p, const uint8_t *end);

/* ---- wkt_out.c ----------------------------------------------------------- */

/* Whether the JSON form of m is its own and not an object of its fields. */
static inline bool
pb_jw_is_special(const struct pb_message *m)
{
    return m->wkt != PB_WKT_NONE && m->wkt != PB_WKT_EMPTY &&
        m->wkt != PB_WKT_HTTP_BODY;
}
/* Writes it. The span need not be settled. */
bool pb_jw_special(struct pb_json_writer *w, const struct pb_message *m,
    const uint8_t *p, const uint8_t *end);

/* ---- wkt_text_out.c ------------------------------------------------------ */

/* Those that are one string. */
bool pb_jw_timestamp(struct pb_json_writer *w, const struct pb_message *m,
    const uint8_t *p, const uint8_t *end);
bool pb_jw_duration(struct pb_json_writer *w, const struct pb_message *m,
    const uint8_t *p, const uint8_t *end);
bool pb_jw_field_mask(struct pb_json_writer *w, const struct pb_message *m,
    const uint8_t *p, const uint8_t *end);

#endif
