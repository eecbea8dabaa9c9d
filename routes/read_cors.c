/* SPDX-License-Identifier: Apache-2.0 */
/*
 * routes/read_cors.c - cors: of a route file. What an answer says about it is
 * the same each time, and so is put together here, once.
 */
#include "routes/arena.h"
#include "routes/read.h"
#include "routes/scalar.h"

#define SECOND_NS INT64_C(1000000000)
#define COUNT(a) (sizeof(a) / sizeof *(a))

#define METHODS "GET, HEAD, POST, PUT, PATCH, DELETE"

/* What the gateway understands or passes on by itself, and what the protocols
 * of RPCs send from browsers. */
#define HEADERS                                                          \
    "Content-Type, Content-Encoding, Authorization, X-Request-Id, "      \
    "Traceparent, Tracestate, Last-Event-Id, X-Server-Timeout, "         \
    "Grpc-Timeout, X-Grpc-Web, X-User-Agent, Connect-Protocol-Version, " \
    "Connect-Timeout-Ms, Connect-Content-Encoding, Connect-Accept-Encoding"

#define EXPOSE "Grpc-Status, Grpc-Message, Grpc-Status-Details-Bin"

/* ---- Origins ------------------------------------------------------------ */

static void
read_origins(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, void *into)
{
    struct route_cors *c = into;

    if (!route_read_some(r, key, v, "an origin"))
        return;
    route_read_origins(r, key, v, &c->origins, &c->n_origins);
    for (size_t i = 0; i < c->n_origins; i++)
        c->takes_any_origin |= strcmp(c->origins[i], "*") == 0;
}

/* ---- Names -------------------------------------------------------------- */

static void
read_cors_methods(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, void *into)
{
    struct route_cors *c = into;

    route_read_texts(r, key, v, route_is_token, "an HTTP method", &c->methods,
        &c->n_methods);
}

static void
read_headers(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, void *into)
{
    struct route_cors *c = into;

    route_read_texts(r, key, v, route_is_token, "* or the name of a header",
        &c->headers, &c->n_headers);
    for (size_t i = 0; i < c->n_headers; i++)
        c->takes_any_header |= strcmp(c->headers[i], "*") == 0;
}

/* "*" would mean nothing where there are credentials. */
static bool
is_name(const char *text)
{
    return route_is_token(text) && strcmp(text, "*") != 0;
}

static void
read_expose(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, void *into)
{
    struct route_cors *c = into;

    route_read_texts(r, key, v, is_name, "the name of a header", &c->expose,
        &c->n_expose);
}

/* ---- All of it ---------------------------------------------------------- */

void
route_read_cors(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, void *into)
{
    static const struct route_key keys[] = {
        { .name = "origins", .read = read_origins, .is_required = true },
        { .name = "methods", .read = read_cors_methods },
        { .name = "headers", .read = read_headers },
        { .name = "expose", .read = read_expose },
        { .name = "max_age",
            .read = route_read_duration,
            .min = 0,
            .max = 24 * 3600 * SECOND_NS,
            .offset = offsetof(struct route_cors, max_age_ns) },
        { .name = "credentials",
            .read = route_read_bool,
            .offset = offsetof(struct route_cors, takes_credentials) },
    };
    struct route_config *config = into;
    struct route_cors *c = &config->cors;

    c->is_on = true;
    c->max_age_ns = 2 * 3600 * SECOND_NS;
    route_read_map(r, v, key->name, keys, COUNT(keys), c);
    if (c->takes_any_origin && c->takes_credentials)
        route_problems_add(r->problems, r->file, v->line,
            "cors: credentials need origins by name, not \"*\"");
}

/* The names after those of text, which may be "". NULL: memory is short. */
static const char *
join(struct route_arena *arena, const char *text, const char *const *names,
    size_t n)
{
    for (size_t i = 0; text != NULL && i < n; i++)
        if (strcmp(names[i], "*") != 0)
            text = route_arena_format(arena, "%s%s%s", text,
                *text == '\0' ? "" : ", ", names[i]);
    return text;
}

void
route_settle_cors(struct route_reader *r)
{
    struct route_config *config = r->config;
    struct route_cors *c = &config->cors;

    if (!c->is_on)
        return;
    c->allow_methods = join(r->arena, c->n_methods == 0 ? METHODS : "",
        c->methods, c->n_methods);
    c->allow_headers =
        join(r->arena, HEADERS, config->metadata_in, config->n_metadata_in);
    if (c->allow_headers != NULL)
        c->allow_headers =
            join(r->arena, c->allow_headers, c->headers, c->n_headers);
    c->expose_headers = join(r->arena, EXPOSE, c->expose, c->n_expose);
    c->max_age = route_arena_format(r->arena, "%lld",
        (long long)(c->max_age_ns / SECOND_NS));
    if (c->allow_methods == NULL || c->allow_headers == NULL ||
        c->expose_headers == NULL || c->max_age == NULL)
        route_read_out_of_memory(r);
}
