/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/routes/support.c - see the header.
 */
#include "routes/http_body.h"
#include "routes/message.h"
#include "tests/routes/support.h"

#include "protobuf/wire.h"
#include "tests/routes/bodies.pb.embed.h"
#include "tests/routes/groups.pb.embed.h"
#include "tests/routes/types.pb.embed.h"

#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

bool
embedded_schema(void *arg, const struct route_config *config,
    const struct route_upstream *upstream, const char *name, uint8_t **data,
    size_t *len, char *why)
{
    const unsigned char *from = types_pb;

    (void)arg;
    (void)config;
    (void)upstream;
    *len = types_pb_size;
    if (strcmp(name, "groups.pb") == 0) {
        from = groups_pb;
        *len = groups_pb_size;
    } else if (strcmp(name, "bodies.pb") == 0) {
        from = bodies_pb;
        *len = bodies_pb_size;
    } else if (strcmp(name, "types.pb") != 0) {
        snprintf(why, ROUTE_WHY_MAX, "there is no %s", name);
        return false;
    }
    *data = malloc(*len);
    assert_non_null(*data);
    memcpy(*data, from, *len);
    return true;
}

struct route_set *
build_set(const char *yaml, struct route_problems *problems)
{
    struct route_config *c;

    route_problems_init(problems);
    c = route_config_draft(yaml, strlen(yaml), false, "f", problems);
    if (c == NULL)
        return NULL;
    return route_set_build(&c, embedded_schema, NULL, problems);
}

int
free_set(void **state)
{
    struct route_set *set = *state;

    route_set_free(&set);
    return 0;
}

const char *
show_problems(struct route_problems *problems, char *out, size_t room)
{
    size_t n = 0;

    out[0] = '\0';
    for (size_t i = 0; i < problems->count && n < room; i++)
        n += (size_t)snprintf(out + n, room - n, "%s%u: %s", i > 0 ? "\n" : "",
            problems->items[i].line, problems->items[i].message);
    route_problems_fini(problems);
    return out;
}

struct route_set *
set_with_rules(const char *rules)
{
    struct route_problems problems;
    struct route_set *set;
    char yaml[4096], shown[2048];

    snprintf(yaml, sizeof yaml,
        "upstreams: {u: {target: 'h:1', schema: types.pb}}\n"
        "services: [{name: t.v1.Bare}]\n"
        "http:\n rules:\n%s",
        rules);
    set = build_set(yaml, &problems);
    if (set == NULL)
        fail_msg("%s", show_problems(&problems, shown, sizeof shown));
    route_problems_fini(&problems);
    return set;
}

/* ---- Wire format in words ----------------------------------------------- */

struct shower {
    char *out;
    size_t room, n;
};

__attribute__((format(printf, 2, 3))) static void
put(struct shower *s, const char *format, ...)
{
    va_list args;

    va_start(args, format);
    if (s->n < s->room)
        s->n += (size_t)vsnprintf(s->out + s->n, s->room - s->n, format, args);
    va_end(args);
}

static const uint8_t *show_message(struct shower *s, const struct pb_message *m,
    const uint8_t *p, const uint8_t *end);

static void
show_bytes(struct shower *s, const struct pb_field *f, const uint8_t *p,
    size_t len)
{
    put(s, f->type == PB_STRING ? ":\"" : ":");
    for (size_t i = 0; i < len; i++) {
        if (f->type == PB_BYTES)
            put(s, "%02X", p[i]);
        else if (p[i] == '\0')
            put(s, "\\0");
        else
            put(s, "%c", p[i]);
    }
    put(s, f->type == PB_STRING ? "\"" : "");
}

static void
show_fixed64(struct shower *s, const struct pb_field *f, const uint8_t *p)
{
    uint64_t bits;
    double d;

    memcpy(&bits, p, 8);
    memcpy(&d, p, 8);
    if (f->type == PB_DOUBLE)
        put(s, ":%g", d);
    else
        put(s, ":%" PRIu64, bits);
}

static const uint8_t *
show_value(struct shower *s, const struct pb_field *f, unsigned wire,
    const uint8_t *p, const uint8_t *end)
{
    uint64_t v = 0;
    size_t len;

    switch (wire) {
    case PB_WIRE_VARINT:
        p = pb_varint_read(p, end, &v);
        assert_non_null(p);
        put(s, ":%" PRId64, (int64_t)v);
        return p;
    case PB_WIRE_I64:
        assert_true(end - p >= 8);
        show_fixed64(s, f, p);
        return p + 8;
    case PB_WIRE_SGROUP:
        put(s, "{");
        p = show_message(s, f->message, p, end);
        put(s, "}");
        return p;
    default:
        assert_int_equal(wire, PB_WIRE_LEN);
        p = pb_len_read(p, end, &len);
        assert_non_null(p);
        if (f->type == PB_MESSAGE) {
            put(s, "{");
            show_message(s, f->message, p, p + len);
            put(s, "}");
        } else {
            show_bytes(s, f, p, len);
        }
        return p + len;
    }
}

/* Up to the end, or behind the end tag of a group. */
static const uint8_t *
show_message(struct shower *s, const struct pb_message *m, const uint8_t *p,
    const uint8_t *end)
{
    bool is_first = true;

    while (p != end) {
        const struct pb_field *f;
        uint32_t number;
        unsigned wire;

        p = pb_tag_read(p, end, &number, &wire);
        assert_non_null(p);
        if (wire == PB_WIRE_EGROUP)
            return p;
        f = pb_message_field_by_number(m, number, 0);
        if (f == NULL)
            f = pb_schema_extension_by_number(m, number);
        assert_non_null(f);
        put(s, "%s%s", is_first ? "" : " ", f->name);
        p = show_value(s, f, wire, p, end);
        assert_non_null(p);
        is_first = false;
    }
    return p;
}

/* ---- Requests ----------------------------------------------------------- */

static enum pb_err
read_body(const struct route_binding *b, const char *body, struct pb_buf *out,
    struct pb_error *error)
{
    struct pb_json_reader *r;
    enum pb_json_state state;
    size_t used;

    if (route_takes_http_body(b))
        return route_http_body_put(b,
            &(struct route_http_body){ "image/png", 9, (const uint8_t *)body,
                strlen(body) },
            out);
    r = pb_json_reader_new();
    assert_non_null(r);
    route_body_start(b, r, &b->rpc->json.options, out);
    state = pb_json_reader_feed(r, body, strlen(body), &used, error);
    if (state == PB_JSON_MORE)
        state = pb_json_reader_finish(r, error);
    pb_json_reader_free(&r);
    return state == PB_JSON_DONE ? PB_OK : error->kind;
}

/* What path and query gave begins at bound_at. */
static void
fill_mask(const struct route_binding *b, const char *body, size_t bound_at,
    struct pb_buf *out)
{
    const uint8_t *bound = out->len > 0 ? out->data + bound_at : NULL;

    if (route_mask_is_wanted(b, "PATCH", bound, out->len - bound_at))
        assert_int_equal(route_mask_put(b, body,
                             body == NULL ? 0 : strlen(body), out),
            PB_OK);
}

static void
bind_request(const struct route_match *match, const char *path,
    const char *query, const char *body, bool has_mask, struct shower *s)
{
    const struct pb_message *m = match->binding->rpc->method->input;
    struct pb_error error;
    struct pb_buf out;
    size_t body_len;
    enum pb_err err = PB_OK;

    pb_buf_init_heap(&out, 1 << 20);
    if (body == NULL)
        err = route_body_put_empty(match->binding, &out);
    else
        err = read_body(match->binding, body, &out, &error);
    body_len = out.len;
    if (err == PB_OK)
        err = route_bind(match, path, query, query == NULL ? 0 : strlen(query),
            NULL, &out, &error);
    if (err == PB_OK && has_mask)
        fill_mask(match->binding, body, body_len, &out);
    if (err == PB_OK) {
        if (out.len > 0)
            show_message(s, m, out.data, out.data + out.len);
    } else {
        assert_int_equal(error.kind, err);
        put(s, "%s: %s", error.path, error.message);
    }
    pb_buf_fini_heap(&out);
}

static const char *
show_request(const struct route_set *set, const char *method,
    const char *target, const char *body, bool has_mask, char *out, size_t room)
{
    const char *mark = strchr(target, '?');
    size_t path_len = mark != NULL ? (size_t)(mark - target) : strlen(target);
    struct shower s = { out, room, 0 };
    char allow[ROUTE_ALLOW_MAX];
    struct route_match match;

    out[0] = '\0';
    switch (route_table_match(set->table, method, strlen(method), target,
        path_len, &match, allow)) {
    case ROUTE_FOUND:
        bind_request(&match, target, mark != NULL ? mark + 1 : NULL, body,
            has_mask, &s);
        break;
    case ROUTE_NOT_FOUND:
        put(&s, "404");
        break;
    case ROUTE_WRONG_METHOD:
        put(&s, "405 %s", allow);
        break;
    case ROUTE_BAD_PATH:
        put(&s, "400");
        break;
    }
    return out;
}

const char *
request(const struct route_set *set, const char *method, const char *target,
    const char *body, char *out, size_t room)
{
    return show_request(set, method, target, body, false, out, room);
}

void
updates(const struct route_set *set, const char *target, const char *body,
    const char *expected)
{
    char shown[8192];

    assert_string_equal(show_request(set, "PATCH", target, body, true, shown,
                            sizeof shown),
        expected);
}

void
gives(const struct route_set *set, const char *method, const char *target,
    const char *body, const char *expected)
{
    char shown[8192];

    assert_string_equal(request(set, method, target, body, shown, sizeof shown),
        expected);
}
