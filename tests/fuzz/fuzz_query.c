/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as method, path and query, with a space before the path and "?"
 * before the query, against a set of varied routes. What is bound must be
 * whole wire format; what is refused must leave no trace but its error.
 */
#include "routes/percent.h"
#include "tests/routes/support.h"

#include "protobuf/wire_check.h"

#include <assert.h>
#include <stddef.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define ROUTES                                               \
    "upstreams: {u: {target: 'h:1', schema: types.pb}}\n"    \
    "services: [{name: '*'}]\n"                              \
    "http:\n"                                                \
    "  rules:\n"                                             \
    "  - selector: t.v1.Bare.One\n"                          \
    "    get: /q\n"                                          \
    "    additional_bindings:\n"                             \
    "    - get: /{name=**}/tail\n"                           \
    "    - get: /{name=a/*/**}\n"                            \
    "    - custom: {kind: '*', path: '/{ts}/{kind}:verb'}\n" \
    "  - selector: t.v1.Bare.Two\n"                          \
    "    get: /p/{id}/{sub.deeper.n}/{oa}\n"                 \
    "    additional_bindings:\n"                             \
    "    - get: /p/{id}/5/{f}\n"                             \
    "    - get: /w/{wrapped}/{took}\n"                       \
    "    - get: /v/{value}:x:y\n"                            \
    "  - selector: t.v1.Bare.Three\n"                        \
    "    post: /b/{sub.s}\n"                                 \
    "    body: book\n"

/* Two of the same routes: in the second, unknown names are passed over. */
static const struct route_set *
the_set(unsigned i)
{
    static const char *const texts[] = {
        ROUTES "json: {pretty_on_request: true}\n",
        ROUTES "json: {ignore_unknown: true}\n",
    };
    static struct route_set *sets[2]; /* the fuzzer's only state */
    struct route_problems problems;

    if (sets[i] == NULL) {
        sets[i] = build_set(texts[i], &problems);
        assert(sets[i] != NULL);
        route_problems_fini(&problems);
    }
    return sets[i];
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
bind(const struct route_match *m, const char *path, const char *query,
    size_t query_len)
{
    const struct pb_message *input = m->binding->rpc->method->input;
    struct pb_error error = { .kind = PB_OK };
    struct route_asked asked;
    struct pb_buf out;
    enum pb_err err;

    pb_buf_init_heap(&out, 1 << 20);
    err = route_bind(m, path, query, query_len, &asked, &out, &error);
    if (err == PB_OK) {
        assert(pb_wire_check(input, out.data, out.len, 0, NULL) == PB_OK);
    } else {
        assert(out.len == 0 && error.kind == err && error.message[0] != '\0');
        assert(route_is_utf8(error.path, strlen(error.path)));
        assert(route_is_utf8(error.message, strlen(error.message)));
    }
    pb_buf_fini_heap(&out);
}

/* METHOD PATH?QUERY */
static void
ask(const struct route_set *set, const char *s, const char *space,
    const char *end)
{
    const char *path = space + 1;
    const char *mark = memchr(path, '?', (size_t)(end - path));
    char allow[ROUTE_ALLOW_MAX] = "x";
    const char *query = NULL;
    struct route_match m;

    if (mark == NULL)
        mark = end;
    else
        query = mark + 1;
    switch (route_table_match(set->table, s, (size_t)(space - s), path,
        (size_t)(mark - path), &m, allow)) {
    case ROUTE_FOUND:
        check_match(&m, (size_t)(mark - path));
        bind(&m, path, query, query == NULL ? 0 : (size_t)(end - query));
        break;
    case ROUTE_WRONG_METHOD:
        assert(allow[0] != '\0' && memchr(allow, '\0', sizeof allow) != NULL);
        break;
    case ROUTE_NOT_FOUND:
    case ROUTE_BAD_PATH:
        break;
    }
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *s = (const char *)data;
    const char *space = size > 0 ? memchr(s, ' ', size) : NULL;

    for (unsigned i = 0; space != NULL && i < 2; i++)
        ask(the_set(i), s, space, s + size);
    return 0;
}
