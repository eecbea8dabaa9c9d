/* SPDX-License-Identifier: Apache-2.0 */
/*
 * routes/query.c - the request fields that come from the query
 * (google/api/http.proto, docs/route-files.md).
 *
 * Parameters are written to the wire one by one, as they come. To notice that
 * one comes twice, or two members of a oneof, each is remembered by a 64-bit
 * hash of its path of fields; the paths are addresses of our own tables, so
 * nobody outside can aim for two that collide.
 *
 * System parameters are for the gateway itself. They begin with "$", as no
 * field does.
 */
#include "routes/fields.h"
#include "routes/percent.h"

#include <stdarg.h>
#include <stdio.h>

#define NAME_MAX_BYTES 1024
#define SEEN_MAX 2048 /* slots; at most three quarters are taken */

struct seen {
    uint64_t key; /* 0: free */
    const struct pb_field *field;
};

/* A parameter's name, as far as it could be resolved. */
struct target {
    const struct pb_field *path[ROUTE_MAX_FIELD_DEPTH];
    size_t depth;
    uint64_t hash;       /* of path */
    const char *map_key; /* m[key]; NULL: not a map's */
    size_t map_key_len;
    const char *rest; /* what leads nowhere */
    size_t rest_len;
    bool is_system;        /* no field, but for us */
    bool is_unknown_value; /* of an enum */
};

struct parser {
    const struct route_binding *binding;
    const struct route_json *json;
    struct route_asked *asked;
    struct pb_buf *out;
    struct pb_error *error;
    route_given_cb *on_given; /* may be NULL */
    void *arg;
    size_t at; /* offset of the current parameter */
    const char *name;
    size_t name_len;
    struct target target;
    size_t n_seen;
    size_t n_slots; /* a power of two */
    struct seen seen[SEEN_MAX];
    char name_room[NAME_MAX_BYTES];
    char value_room[ROUTE_MAX_QUERY];
};

/* ---- Errors ------------------------------------------------------------- */

/* Names the current parameter in an error that has been set. */
static enum pb_err
blame(struct parser *q, enum pb_err kind)
{
    const struct target *t = &q->target;

    route_fields_blame(&(const struct route_blamed){ .path = t->path,
                           .depth = t->depth,
                           .map_key = t->map_key,
                           .map_key_len = t->map_key_len,
                           .rest = t->rest,
                           .rest_len = t->rest_len,
                           .at = q->at },
        q->error);
    return kind;
}

__attribute__((format(printf, 3, 4))) static enum pb_err
fail(struct parser *q, enum pb_err kind, const char *format, ...)
{
    char message[sizeof q->error->message];
    va_list args;

    va_start(args, format);
    vsnprintf(message, sizeof message, format, args);
    va_end(args);
    pb_error_set(q->error, kind, "%s", message);
    return blame(q, kind);
}

/* ---- What has been seen ------------------------------------------------- */

static uint64_t
mix(uint64_t h, uint64_t v)
{
    h = (h ^ v) * UINT64_C(0x9e3779b97f4a7c15);
    return h ^ h >> 29;
}

static uint64_t
mix_pointer(uint64_t h, const void *p)
{
    return mix(h, (uint64_t)(uintptr_t)p);
}

static uint64_t
mix_bytes(uint64_t h, const uint8_t *p, size_t len)
{
    h = mix(h, len);
    for (size_t i = 0; i < len; i++)
        h = mix(h, p[i]);
    return h;
}

/* The field remembered under key, which is now f if there was none. NULL: the
 * table is full. */
static const struct pb_field *
remember(struct parser *q, uint64_t key, const struct pb_field *f)
{
    size_t mask = q->n_slots - 1;
    size_t i;

    key += key == 0;
    for (i = key & mask; q->seen[i].key != 0; i = (i + 1) & mask) {
        if (q->seen[i].key == key)
            return q->seen[i].field;
    }
    if (q->n_seen >= q->n_slots / 4 * 3)
        return NULL;
    q->seen[i].key = key;
    q->seen[i].field = f;
    q->n_seen++;
    return f;
}

#define TOO_MANY "expected at most %d fields and oneofs, found more"

static enum pb_err
too_many(struct parser *q)
{
    return fail(q, PB_ELIMIT, TOO_MANY, SEEN_MAX / 4 * 3);
}

static enum pb_err
fail_oneof(struct parser *q, const struct pb_field *f,
    const struct pb_field *other, const char *where)
{
    return fail(q, PB_EDUPLICATE,
        "expected one field of the oneof \"%.60s\", found \"%.60s\" as well%s",
        f->parent->oneof_names[f->oneof], other->json_name, where);
}

/* A message that is given whole, as a text, is not given a second time by what
 * lies inside it. prefix: the hash of f's path, which check_once() remembers. */
static enum pb_err
check_not_whole(struct parser *q, const struct pb_field *f,
    const struct pb_field *inside, uint64_t prefix)
{
    const struct pb_field *first;

    if (!route_field_takes_text(f))
        return PB_OK;
    first = remember(q, prefix, inside);
    if (first == NULL)
        return too_many(q);
    if (first == f)
        return fail(q, PB_EDUPLICATE, "\"%.60s\" is already given whole",
            f->json_name);
    return PB_OK;
}

/* No two members of one oneof, at any level, nor a message and its parts. */
static enum pb_err
check_levels(struct parser *q, const struct target *t)
{
    uint64_t above = 1;

    for (size_t i = 0; i < t->depth; i++) {
        const struct pb_field *f = t->path[i];

        if (f->oneof >= 0) {
            const struct pb_field *first;

            first = remember(q, mix(above, (uint64_t)f->oneof + 2), f);
            if (first == NULL)
                return too_many(q);
            if (first != f)
                return fail_oneof(q, f, first, "");
        }
        above = mix_pointer(above, f);
        if (i + 1 < t->depth) {
            enum pb_err err = check_not_whole(q, f, t->path[i + 1], above);

            if (err != PB_OK)
                return err;
        }
    }
    return PB_OK;
}

/* key: of an entry of a map, as it is on the wire, where 1 and 01 are one. Does
 * not say where: the caller does. */
static enum pb_err
check_once(struct parser *q, const struct target *t, const uint8_t *key,
    size_t key_len)
{
    const struct pb_field *leaf = t->path[t->depth - 1];
    uint64_t hash = t->hash;
    size_t n_before = q->n_seen;

    if (key != NULL)
        hash = mix_bytes(hash, key, key_len);
    if (remember(q, hash, leaf) == NULL)
        return pb_error_set(q->error, PB_ELIMIT, TOO_MANY, SEEN_MAX / 4 * 3);
    if (q->n_seen == n_before)
        return pb_error_set(q->error, PB_EDUPLICATE,
            "expected one value, found another%s",
            key != NULL ? " for this key" : "");
    return PB_OK;
}

/* The paths part at two members of a oneof. */
static enum pb_err
fail_path_oneof(struct parser *q, const struct target *t,
    const struct route_bound_variable *v)
{
    size_t i = 0;

    while (t->path[i] == v->path[i])
        i++;
    return fail_oneof(q, t->path[i], v->path[i], ", in the path");
}

/* Neither the path nor the body gives it, or another member of its oneof. */
static enum pb_err
check_free(struct parser *q, const struct target *t)
{
    const struct route_binding *b = q->binding;

    if (b->body == ROUTE_BODY_ALL)
        return fail(q, PB_EDUPLICATE,
            "expected in the body, which is the whole request, "
            "found in the query");
    if (b->body == ROUTE_BODY_FIELD && t->path[0] == b->body_field)
        return fail(q, PB_EDUPLICATE,
            "expected in the body, found in the query");
    if (b->body == ROUTE_BODY_FIELD && t->path[0]->oneof >= 0 &&
        t->path[0]->oneof == b->body_field->oneof)
        return fail_oneof(q, t->path[0], b->body_field, ", in the body");
    for (unsigned i = 0; i < b->n_variables; i++) {
        const struct route_bound_variable *v = &b->variables[i];

        switch (route_fields_overlap(v->path, v->depth, t->path, t->depth)) {
        case ROUTE_APART:
            break;
        case ROUTE_SAME:
        case ROUTE_WITHIN:
            return fail(q, PB_EDUPLICATE,
                "expected in the path only, found in the query as well");
        case ROUTE_ONE_OF:
            return fail_path_oneof(q, t, v);
        }
    }
    return PB_OK;
}

/* ---- Names -------------------------------------------------------------- */

static bool
may_be_unknown(const struct parser *q)
{
    return q->json->options.ignore_unknown;
}

static enum pb_err
unknown(struct parser *q, const struct pb_message *m, const char *s, size_t len)
{
    char quoted[ROUTE_QUOTE_MAX];
    const char *nearest;

    if (may_be_unknown(q))
        return PB_EUNKNOWN; /* nobody will read why */
    if (q->binding->rpc->is_raw)
        return fail(q, PB_EUNKNOWN,
            "expected no query, as the request is bytes without fields");
    if (len == 0)
        return fail(q, PB_EUNKNOWN, "expected a field of %.80s, found no name",
            m->full_name);
    route_quote(s, len, quoted);
    nearest = pb_message_nearest_field(m, s, len);
    if (nearest != NULL)
        return fail(q, PB_EUNKNOWN,
            "there is no field \"%s\" in %.80s; did you mean \"%.60s\"?",
            quoted, m->full_name, nearest);
    return fail(q, PB_EUNKNOWN, "there is no field \"%s\" in %.80s", quoted,
        m->full_name);
}

/* "key]" behind "m[" at the end of the name. */
static enum pb_err
resolve_map_key(struct parser *q, const struct pb_field *f, const char *s,
    const char *end, struct target *t)
{
    if (!f->is_map)
        return fail(q, PB_EVALUE, "found [key], but \"%.60s\" is not a map",
            f->json_name);
    if (!route_field_takes_text(&f->message->fields[1]))
        return fail(q, PB_EVALUE,
            "\"%.60s\" is a map of messages, which a query cannot give",
            f->json_name);
    if (s == end || end[-1] != ']')
        return fail(q, PB_EVALUE,
            "expected %.60s[key], found no \"]\" at the end", f->json_name);
    t->rest_len = 0;
    t->map_key = s;
    t->map_key_len = (size_t)(end - 1 - s);
    return PB_OK;
}

/* Looks at the last field of the name. */
static enum pb_err
check_leaf(struct parser *q, const struct pb_field *f)
{
    if (f->is_map)
        return fail(q, PB_EVALUE,
            "expected %.60s[key], as it is a map, found no key", f->json_name);
    if (!route_field_takes_text(f) && f->is_repeated)
        return fail(q, PB_EVALUE,
            "\"%.60s\" is a list of messages, which a query cannot give",
            f->json_name);
    if (!route_field_takes_text(f))
        return fail(q, PB_EVALUE,
            "expected a field inside \"%.60s\", which is a message, "
            "found no name of one",
            f->json_name);
    return PB_OK;
}

/* Of the field that s begins with: a name, or "[pkg.ext]". */
static size_t
name_length(const char *s, const char *end)
{
    const char *p = s;

    if (p < end && *p == '[') {
        p = memchr(p, ']', (size_t)(end - p));
        p = p == NULL ? end : p + 1;
    }
    while (p < end && *p != '.' && *p != '[')
        p++;
    return (size_t)(p - s);
}

static const struct pb_field *
field_named(const struct pb_message *m, const char *s, size_t len)
{
    if (len > 2 && s[0] == '[' && s[len - 1] == ']')
        return pb_schema_extension_by_name(m, s + 1, len - 2);
    return pb_message_field_by_name(m, s, len);
}

/* a.b.c, a.b[key] or a.[pkg.ext].c */
static enum pb_err
resolve(struct parser *q, struct target *t)
{
    const struct pb_message *m = q->binding->rpc->method->input;
    const char *s = q->name, *end = q->name + q->name_len;

    for (;;) {
        size_t len = name_length(s, end);
        const struct pb_field *f = field_named(m, s, len);

        if (f == NULL)
            return unknown(q, m, s, len);
        if (t->depth == ROUTE_MAX_FIELD_DEPTH)
            return fail(q, PB_ELIMIT,
                "expected a name of at most %d fields, found more",
                ROUTE_MAX_FIELD_DEPTH);
        t->path[t->depth++] = f;
        t->hash = mix_pointer(t->hash, f);
        s += len;
        t->rest = s;
        t->rest_len = (size_t)(end - s);
        if (s == end)
            return check_leaf(q, f);
        if (*s++ == '[')
            return resolve_map_key(q, f, s, end, t);
        t->rest = s;
        t->rest_len--;
        if (!route_field_has_children(f))
            return fail(q, PB_EVALUE, "there is no field inside \"%.60s\"%s",
                f->json_name, f->is_repeated ? ", which is repeated" : "");
        m = f->message;
    }
}

/* ---- Values ------------------------------------------------------------- */

static enum pb_err
put_map_entry(struct parser *q, const struct target *t, const char *value,
    size_t len)
{
    const struct pb_field *entry = t->path[t->depth - 1];
    const struct pb_field *fields = entry->message->fields;
    char quoted[ROUTE_QUOTE_MAX];
    size_t start = q->out->len;
    enum pb_err err;

    if (!route_is_utf8(t->map_key, t->map_key_len))
        return pb_error_set(q->error, PB_EVALUE,
            "expected a key in UTF-8, found \"%s\"",
            route_quote(t->map_key, t->map_key_len, quoted));
    err = pb_text_to_wire(&fields[0], &q->json->options, t->map_key,
        t->map_key_len, q->out, q->error);
    if (err == PB_OK)
        err = check_once(q, t, q->out->data + start, q->out->len - start);
    if (err == PB_OK)
        err = pb_text_to_wire(&fields[1], &q->json->options, value, len, q->out,
            q->error);
    return err;
}

static enum pb_err
put(struct parser *q, struct target *t, const char *value, size_t len)
{
    const struct pb_field *leaf = t->path[t->depth - 1];
    size_t n_around = t->map_key != NULL ? t->depth : t->depth - 1;
    size_t start = q->out->len;
    char quoted[ROUTE_QUOTE_MAX];
    enum pb_err err;

    if (!route_is_utf8(value, len))
        return fail(q, PB_EVALUE, "expected UTF-8, found \"%s\"",
            route_quote(value, len, quoted));
    err = t->map_key != NULL ? put_map_entry(q, t, value, len)
                             : pb_text_to_wire(leaf, &q->json->options, value,
                                   len, q->out, q->error);
    t->is_unknown_value = err == PB_EUNKNOWN;
    if (t->is_unknown_value && may_be_unknown(q)) {
        q->out->len = start; /* the key of a map's entry stands there */
        return PB_OK;
    }
    if (err != PB_OK)
        return blame(q, err);
    err = route_fields_wrap(q->out, start, t->path, n_around);
    if (err != PB_OK)
        return fail(q, err, "the request does not fit in memory");
    return PB_OK;
}

/* ---- System parameters -------------------------------------------------- */

static bool
is_pretty_print(const struct parser *q)
{
    static const char name[] = "$prettyPrint";

    return q->json->pretty_on_request && q->name_len == sizeof name - 1 &&
        memcmp(q->name, name, sizeof name - 1) == 0;
}

static bool
is_text(const char *s, size_t len, const char *text)
{
    return strlen(text) == len && memcmp(s, text, len) == 0;
}

/* Without a value it is true. */
static enum pb_err
take_pretty_print(struct parser *q, const char *value, size_t len)
{
    char quoted[ROUTE_QUOTE_MAX];
    enum route_pretty *pretty = &q->asked->pretty;

    if (*pretty != ROUTE_PRETTY_UNASKED)
        return fail(q, PB_EDUPLICATE, "given twice");
    if (len == 0 || is_text(value, len, "true") || is_text(value, len, "1"))
        *pretty = ROUTE_PRETTY_YES;
    else if (is_text(value, len, "false") || is_text(value, len, "0"))
        *pretty = ROUTE_PRETTY_NO;
    else
        return fail(q, PB_EVALUE, "expected true or false, found \"%s\"",
            route_quote(value, len, quoted));
    return PB_OK;
}

/* ---- Parameters --------------------------------------------------------- */

static bool
is_plain(const char *s, size_t len)
{
    return memchr(s, '%', len) == NULL && memchr(s, '+', len) == NULL;
}

static enum pb_err
take_name(struct parser *q, const char *name, size_t len)
{
    struct target *t = &q->target;

    t->depth = 0;
    t->hash = 1;
    t->map_key = NULL;
    t->is_unknown_value = false;
    t->rest = q->name = name;
    t->rest_len = q->name_len = len;
    if (len > NAME_MAX_BYTES)
        return fail(q, PB_ELIMIT,
            "expected a name of at most %d bytes, found %zu", NAME_MAX_BYTES,
            len);
    if (!is_plain(name, len)) {
        q->name_len =
            route_percent_decode(name, len, ROUTE_DECODE_FORM, q->name_room);
        q->name = q->name_room;
        t->rest = q->name;
        t->rest_len = q->name_len;
    }
    return PB_OK;
}

static void
tell(const struct parser *q, const struct target *t, const char *text,
    size_t len)
{
    if (q->on_given != NULL)
        q->on_given(q->arg,
            &(struct route_given){ .name = q->name,
                .name_len = q->name_len,
                .text = text,
                .len = len,
                .path = t->path,
                .depth = t->depth,
                .is_system = t->is_system,
                .is_unknown_value = t->is_unknown_value,
                .map_key = t->map_key,
                .map_key_len = t->map_key_len });
}

/* Where the parameter in hand goes; t->depth is 0 if to no field. */
static enum pb_err
find_target(struct parser *q, struct target *t)
{
    enum pb_err err;

    t->is_system = is_pretty_print(q);
    if (t->is_system)
        return PB_OK;
    err = resolve(q, t);
    if (err == PB_EUNKNOWN && may_be_unknown(q)) {
        t->depth = 0;
        return PB_OK;
    }
    if (err == PB_OK)
        err = check_free(q, t);
    if (err == PB_OK)
        err = check_levels(q, t);
    if (err == PB_OK && !t->path[t->depth - 1]->is_repeated) {
        err = check_once(q, t, NULL, 0);
        if (err != PB_OK)
            return blame(q, err);
    }
    return err;
}

/* name=value, or a name alone, which is as good as name= */
static enum pb_err
take_parameter(struct parser *q, const char *s, size_t len)
{
    const char *equals = memchr(s, '=', len);
    size_t name_len = equals != NULL ? (size_t)(equals - s) : len;
    const char *value = equals != NULL ? equals + 1 : s + len;
    size_t value_len = (size_t)(s + len - value);
    struct target *t = &q->target;
    enum pb_err err = take_name(q, s, name_len);

    if (err == PB_OK)
        err = find_target(q, t);
    if (err != PB_OK)
        return err;
    if (!is_plain(value, value_len)) {
        value_len = route_percent_decode(value, value_len, ROUTE_DECODE_FORM,
            q->value_room);
        value = q->value_room;
    }
    if (t->is_system)
        err = take_pretty_print(q, value, value_len);
    else if (t->depth > 0)
        err = put(q, t, value, value_len);
    tell(q, t, value, value_len);
    return err;
}

/* Refuses the byte at `at`, and names the parameter that it is in. */
static enum pb_err
fail_byte(struct parser *q, const char *query, size_t len, size_t at)
{
    struct target *t = &q->target;
    char quoted[ROUTE_QUOTE_MAX];
    size_t from = at;

    while (from > 0 && query[from - 1] != '&')
        from--;
    t->rest = query + from;
    while (from + t->rest_len < at && t->rest[t->rest_len] != '=')
        t->rest_len++;
    q->at = at;
    if (query[at] == '%')
        return fail(q, PB_ESYNTAX,
            "expected two hexadecimal digits after \"%%\", found \"%s\" "
            "at byte %zu of the query",
            route_quote(query + at, len - at < 3 ? len - at : 3, quoted), at);
    return fail(q, PB_ESYNTAX,
        "expected printable ASCII, all else percent-encoded, found the byte "
        "0x%02x at byte %zu of the query",
        (unsigned char)query[at], at);
}

/* Refuses what cannot be a query, and makes the table of what has been seen as
 * large as this one can need: two slots for everything that may be a field, a
 * member of a oneof or a part of a message, but no more than there is. */
static enum pb_err
prepare(struct parser *q, const char *query, size_t len)
{
    size_t n_parameters = 1, n_marks = 4;

    q->target.depth = 0;
    q->target.map_key = NULL;
    q->target.rest_len = 0;
    q->at = 0;
    if (len > ROUTE_MAX_QUERY)
        return fail(q, PB_ELIMIT,
            "expected a query of at most 64 KiB, found %zu bytes", len);
    for (size_t i = 0; i < len; i++) {
        char c = query[i];

        if (c >= 'a' && c <= 'z')
            continue;
        if (c <= 0x20 || c >= 0x7f || c == '#' ||
            (c == '%' && route_escape(query + i, len - i) < 0))
            return fail_byte(q, query, len, i);
        n_parameters += c == '&';
        n_marks += ((c == '&') + (c == '.' || c == '%')) * 2;
    }
    if (n_parameters > ROUTE_MAX_PARAMETERS)
        return fail(q, PB_ELIMIT, "expected at most %d parameters, found %zu",
            ROUTE_MAX_PARAMETERS, n_parameters);
    q->n_slots = 16;
    while (q->n_slots < n_marks * 2 && q->n_slots < SEEN_MAX)
        q->n_slots *= 2;
    memset(q->seen, 0, q->n_slots * sizeof *q->seen);
    q->n_seen = 0;
    return PB_OK;
}

enum pb_err
route_bind_query(const struct route_binding *b, const char *query, size_t len,
    struct route_asked *asked, struct pb_buf *out, struct pb_error *error,
    route_given_cb *on_given, void *arg)
{
    struct parser q; /* large: nothing in it is cleared that is not used */
    enum pb_err err;

    q.binding = b;
    q.json = &b->rpc->json;
    q.asked = asked;
    q.out = out;
    q.error = error;
    q.on_given = on_given;
    q.arg = arg;
    err = prepare(&q, query, len);
    for (size_t i = 0; err == PB_OK && i < len;) {
        const char *ampersand = memchr(query + i, '&', len - i);
        size_t n =
            ampersand != NULL ? (size_t)(ampersand - query) - i : len - i;

        q.at = i;
        if (n > 0)
            err = take_parameter(&q, query + i, n);
        i += n + 1;
    }
    return err;
}
