/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a response with an HttpBody in it: all of the message, a field,
 * or a member of a oneof, as the first byte says. What is found there must be
 * what the JSON of the message shows, and what is refused must not be shown.
 */
#include "routes/http_body.h"
#include "tests/routes/support.h"

#include "protobuf/json.h"

#include <assert.h>
#include <stddef.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define TEXT_MAX ((size_t)1 << 20)

static const char yaml[] =
    "upstreams: {u: {target: 'h:1', schema: bodies.pb}}\n"
    "services: [{name: '*'}]\n";

static struct route_set *
the_set(void)
{
    static struct route_set *set; /* the fuzzer's only state */
    struct route_problems problems;

    if (set != NULL)
        return set;
    set = build_set(yaml, &problems);
    if (set == NULL)
        __builtin_trap();
    route_problems_fini(&problems);
    return set;
}

static const struct route_rpc *
rpc_of(const struct route_set *set, const char *name)
{
    for (size_t i = 0; i < set->n_rpcs; i++)
        if (strcmp(set->rpcs[i].name, name) == 0)
            return &set->rpcs[i];
    __builtin_trap();
}

static struct route_binding
binding_of(const struct route_set *set, uint8_t choice)
{
    static const char *const fields[] = { "raw", "page" };
    struct route_binding b = { .rpc = rpc_of(set, "Keep"),
        .body = ROUTE_BODY_FIELD };

    if (choice % 3 == 2)
        return (struct route_binding){ .rpc = rpc_of(set, "Put"),
            .body = ROUTE_BODY_ALL };
    b.body_field = b.response_field =
        pb_message_field_by_name(b.rpc->method->output, fields[choice % 3],
            strlen(fields[choice % 3]));
    return b;
}

static enum pb_err
show(const struct route_binding *b, const uint8_t *wire, size_t len,
    struct pb_buf *text)
{
    struct pb_json_writer *w = pb_json_writer_new();
    struct pb_error error;
    enum pb_err err;

    assert(w != NULL);
    err = b->response_field != NULL
        ? pb_wire_field_to_json(w, b->response_field, NULL, wire, len, text,
              &error)
        : pb_wire_to_json(w, b->rpc->method->output, NULL, wire, len, text,
              &error);
    pb_json_writer_free(&w);
    return err;
}

/* A message that is not there is null, and one without anything {}. */
static bool
is_same(const struct pb_buf *a, const struct pb_buf *b)
{
    if (a->len == 4 && memcmp(a->data, "null", 4) == 0)
        return b->len == 2;
    return a->len == b->len && memcmp(a->data, b->data, a->len) == 0;
}

static void
compare(const struct route_binding *b, const struct route_http_body *body,
    const struct pb_buf *text)
{
    struct pb_buf wire, again;

    if (memmem(text->data, text->len, "\"extensions\":", 13) != NULL)
        return; /* we do not read them */
    pb_buf_init_heap(&wire, TEXT_MAX);
    pb_buf_init_heap(&again, TEXT_MAX);
    assert(route_http_body_put(b, body, &wire) == PB_OK);
    assert(wire.len == route_http_body_size(b, body));
    assert(show(b, wire.data, wire.len, &again) == PB_OK);
    assert(is_same(text, &again));
    pb_buf_fini_heap(&wire);
    pb_buf_fini_heap(&again);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct route_http_body body;
    struct route_binding b;
    struct pb_buf text;
    enum pb_err err, shown;

    if (size == 0 || size > TEXT_MAX / 8)
        return 0;
    b = binding_of(the_set(), data[0]);
    data++;
    size--;
    err = route_http_body_read(&b, data, size, &body);
    assert(err == PB_OK || err == PB_ESYNTAX);
    pb_buf_init_heap(&text, TEXT_MAX);
    shown = show(&b, data, size, &text);
    if (err == PB_OK) {
        assert(body.len == 0 ||
            (body.data >= data && body.data + body.len <= data + size));
        if (shown == PB_OK)
            compare(&b, &body, &text);
    } else {
        /* Of a field the writer does not look at what was replaced. */
        assert(shown != PB_OK || b.response_field != NULL);
    }
    pb_buf_fini_heap(&text);
    return 0;
}
