/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as method, path and query, with a space before the path and "?"
 * before the query, against a set of varied routes. What is bound must be
 * whole wire format; what is refused must leave no trace but its error.
 */
#include "routes/percent.h"
#include "tests/routes/support.h"

#include "protobuf/wire.h"

#include <assert.h>
#include <stddef.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const char routes[] =
    "upstreams: {u: {target: 'h:1', schema: types.pb}}\n"
    "services: [{name: '*'}]\n"
    "json: {pretty_on_request: true}\n"
    "http:\n"
    "  rules:\n"
    "  - selector: t.v1.Bare.One\n"
    "    get: /q\n"
    "    additional_bindings:\n"
    "    - get: /{name=**}/tail\n"
    "    - get: /{name=a/*/**}\n"
    "    - custom: {kind: '*', path: '/{ts}/{kind}:verb'}\n"
    "  - selector: t.v1.Bare.Two\n"
    "    get: /p/{id}/{sub.deeper.n}/{oa}\n"
    "    additional_bindings:\n"
    "    - get: /p/{id}/5/{f}\n"
    "    - get: /w/{wrapped}/{took}\n"
    "    - get: /v/{value}:x:y\n"
    "  - selector: t.v1.Bare.Three\n"
    "    post: /b/{sub.s}\n"
    "    body: book\n";

static struct route_set *
the_set(void)
{
    static struct route_set *set; /* the fuzzer's only state */
    struct route_problems problems;

    if (set == NULL) {
        set = build_set(routes, &problems);
        assert(set != NULL);
        route_problems_fini(&problems);
    }
    return set;
}

static void
check_match(const struct route_match *m, size_t path_len)
{
    assert(m->n_segments == m->binding->n_segments);
    for (unsigned i = 0; i < m->n_segments; i++) {
        assert(m->segments[i].at <= path_len);
        assert(m->segments[i].len <= path_len - m->segments[i].at);
        if (m->binding->star_star != (int)i)
            assert(m->segments[i].len > 0);
    }
}

static void
check_wire(const struct pb_buf *out)
{
    const uint8_t *p = out->data, *end;

    if (out->len == 0)
        return;
    for (end = p + out->len; p != end;) {
        uint32_t number;
        unsigned wire;

        p = pb_tag_read(p, end, &number, &wire);
        assert(p != NULL);
        p = pb_skip(p, end, number, wire, 10);
        assert(p != NULL);
    }
}

static void
bind(const struct route_match *m, const char *path, const char *query,
    size_t query_len)
{
    struct pb_error error = { .kind = PB_OK };
    struct pb_buf out;
    enum pb_err err;

    pb_buf_init_heap(&out, 1 << 20);
    err = route_bind(m, path, query, query_len, NULL, &out, &error);
    if (err == PB_OK) {
        check_wire(&out);
    } else {
        assert(out.len == 0 && error.kind == err && error.message[0] != '\0');
        assert(route_is_utf8(error.path, strlen(error.path)));
        assert(route_is_utf8(error.message, strlen(error.message)));
    }
    pb_buf_fini_heap(&out);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *s = (const char *)data, *end = s + size;
    const char *space = size > 0 ? memchr(s, ' ', size) : NULL;
    const char *path, *mark;
    char allow[ROUTE_ALLOW_MAX] = "x";
    struct route_match m;

    if (space == NULL)
        return 0;
    path = space + 1;
    mark = memchr(path, '?', (size_t)(end - path));
    if (mark == NULL)
        mark = end;
    switch (route_table_match(the_set()->table, s, (size_t)(space - s), path,
        (size_t)(mark - path), &m, allow)) {
    case ROUTE_FOUND:
        check_match(&m, (size_t)(mark - path));
        bind(&m, path, mark == end ? NULL : mark + 1,
            mark == end ? 0 : (size_t)(end - mark) - 1);
        break;
    case ROUTE_WRONG_METHOD:
        assert(allow[0] != '\0' && memchr(allow, '\0', sizeof allow) != NULL);
        break;
    case ROUTE_NOT_FOUND:
    case ROUTE_BAD_PATH:
        break;
    }
    return 0;
}
