/* SPDX-License-Identifier: Apache-2.0 */
/*
 * routes/annotation.c - google.api.HttpRule from its wire format, by field
 * number (google/api/http.proto). It comes out of the descriptor of
 * a method, where it is an extension that the schema has kept as bytes.
 */
#include "routes/build.h"
#include "routes/arena.h"
#include "routes/percent.h"

#include "protobuf/schema.h"
#include "protobuf/wire.h"

enum {
    RULE_GET = 2,
    RULE_PUT,
    RULE_POST,
    RULE_DELETE,
    RULE_PATCH,
    RULE_BODY,
    RULE_CUSTOM,
    RULE_ADDITIONAL = 11,
    RULE_RESPONSE_BODY,
    CUSTOM_KIND = 1,
    CUSTOM_PATH,
};
#define MAX_GROUPS 32 /* nesting of unknown groups that is skipped */

static const char broken[] = "it is not a google.api.HttpRule";
static const char no_memory[] = "memory is short";

struct reader {
    struct route_arena *arena;
    const struct route_place *place;
    const char *why;
    bool is_additional;
    size_t n_additional;
};

/* One record: number, and its bytes if it is length-delimited. False at the end
 * or when broken; *p is then NULL if broken. */
static bool
next_record(const uint8_t **p, const uint8_t *end, uint32_t *number,
    const uint8_t **data, size_t *len)
{
    unsigned wire;

    if (*p == end)
        return false;
    *p = pb_tag_read(*p, end, number, &wire);
    if (*p == NULL)
        return false;
    *data = NULL;
    if (wire == PB_WIRE_LEN) {
        *data = *p = pb_len_read(*p, end, len);
        if (*p != NULL)
            *p += *len;
    } else {
        *p = pb_skip(*p, end, *number, wire, MAX_GROUPS);
    }
    return *p != NULL;
}

/* A text of the rule; empty ones are as good as none. */
static bool
take_text(struct reader *r, const uint8_t *data, size_t len, const char **text)
{
    const char *s = (const char *)data;

    if (!route_is_utf8(s, len) || memchr(s, '\0', len) != NULL) {
        r->why = broken;
        return false;
    }
    *text = len == 0 ? NULL : route_arena_text(r->arena, s, len);
    if (len > 0 && *text == NULL)
        r->why = no_memory;
    return len == 0 || *text != NULL;
}

static bool
take_custom(struct reader *r, const uint8_t *p, size_t len,
    struct route_rule *rule)
{
    const uint8_t *end = p + len, *data;
    uint32_t number;
    size_t n;

    while (next_record(&p, end, &number, &data, &n)) {
        bool ok = true;

        if (data != NULL && number == CUSTOM_KIND)
            ok = take_text(r, data, n, &rule->verb);
        else if (data != NULL && number == CUSTOM_PATH)
            ok = take_text(r, data, n, &rule->path);
        if (!ok)
            return false;
    }
    if (p == NULL)
        r->why = broken;
    return p != NULL;
}

static bool read_rule(struct reader *r, const uint8_t *p, size_t len,
    struct route_rule *rule);

static bool
take_additional(struct reader *r, const uint8_t *data, size_t len,
    struct route_rule *list, size_t i)
{
    bool ok;

    if (r->is_additional) {
        r->why = "additional bindings cannot have additional bindings";
        return false;
    }
    r->is_additional = true;
    ok = read_rule(r, data, len, &list[i]);
    r->is_additional = false;
    return ok;
}

static bool
take_field(struct reader *r, uint32_t number, const uint8_t *data, size_t len,
    struct route_rule *rule)
{
    static const char *const verbs[] = {
        [RULE_GET] = "GET",
        [RULE_PUT] = "PUT",
        [RULE_POST] = "POST",
        [RULE_DELETE] = "DELETE",
        [RULE_PATCH] = "PATCH",
    };

    switch (number) {
    case RULE_GET:
    case RULE_PUT:
    case RULE_POST:
    case RULE_DELETE:
    case RULE_PATCH:
        rule->verb = verbs[number];
        return take_text(r, data, len, &rule->path);
    case RULE_BODY:
        return take_text(r, data, len, &rule->body);
    case RULE_RESPONSE_BODY:
        return take_text(r, data, len, &rule->response_body);
    default:
        return true; /* the selector means nothing in an annotation */
    }
}

/* How many additional bindings there are, and that the wire format is whole. */
static bool
count_additional(struct reader *r, const uint8_t *p, size_t len, size_t *count)
{
    const uint8_t *end = p + len, *data;
    uint32_t number;
    size_t n;

    *count = 0;
    while (next_record(&p, end, &number, &data, &n))
        *count += data != NULL && number == RULE_ADDITIONAL;
    if (p == NULL)
        r->why = broken;
    return p != NULL;
}

/* Of the oneof of patterns the last one counts; two custom ones in a row
 * merge, as messages do. */
static bool
read_rule(struct reader *r, const uint8_t *p, size_t len,
    struct route_rule *rule)
{
    const uint8_t *end = p + len, *data;
    struct route_rule *list;
    bool is_custom = false;
    uint32_t number;
    size_t n;

    rule->place = *r->place;
    if (!count_additional(r, p, len, &n))
        return false;
    list = route_arena_array(r->arena, n, sizeof *list);
    if (list == NULL) {
        r->why = no_memory;
        return false;
    }
    rule->additional = list;
    while (next_record(&p, end, &number, &data, &n)) {
        bool ok;

        if (data == NULL)
            continue;
        if (number == RULE_CUSTOM) {
            if (!is_custom)
                rule->verb = rule->path = NULL;
            is_custom = true;
            ok = take_custom(r, data, n, rule);
        } else if (number == RULE_ADDITIONAL) {
            ok = take_additional(r, data, n, list, rule->n_additional++);
        } else {
            if (number >= RULE_GET && number <= RULE_PATCH)
                is_custom = false;
            ok = take_field(r, number, data, n, rule);
        }
        if (!ok)
            return false;
    }
    return true;
}

bool
route_rule_from_wire(struct route_arena *arena, const uint8_t *wire, size_t len,
    const struct route_place *place, struct route_rule *rule, const char **why)
{
    struct reader r = { .arena = arena, .place = place };
    bool ok;

    memset(rule, 0, sizeof *rule);
    ok = read_rule(&r, wire, len, rule);
    *why = r.why;
    return ok;
}
