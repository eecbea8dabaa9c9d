/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/cors.c - see cors.h. */
#include "gateway/cors.h"

#include <strings.h>

#include "gateway/list.h"
#include "gateway/origin.h"
#include "gateway/worker.h"

/* The names of headers that answers have by themselves. They share the head
 * with the headers, and those that would take more room stay back. */
#define NAMES_MAX_BYTES 2048u
#define NAMES_SHARE 8u

/* ---------------------------------------------------------------- origins */

bool
gw_cors_allows(const struct route_cors *cors, struct sluice_str origin)
{
    return origin.len > 0 &&
        gw_origin_is_listed(origin, cors->origins, cors->n_origins);
}

bool
gw_cors_is_preflight(const struct route_cors *cors, const struct gw_request *r)
{
    return cors->is_on && gw_request_is(r, "OPTIONS") &&
        r->origin.ptr != NULL && r->preflight_method.len > 0;
}

/* ------------------------------------------------------------ what is sent */

struct names {
    struct sluice_str known; /* they are named anyway */
    char text[NAMES_MAX_BYTES];
    size_t len;
    size_t max;
};

/* Those that a page may always read, those that it never may, and those that
 * are the connection's. */
static bool
needs_no_word(struct sluice_str name)
{
    static const char *const names[] = { "cache-control", "connection",
        "content-language", "content-length", "content-type", "date", "expires",
        "keep-alive", "last-modified", "pragma", "set-cookie", "trailer",
        "transfer-encoding", "upgrade", "vary" };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (gw_list_is(name, names[i]))
            return true;
    return false;
}

static bool
has(struct sluice_str list, struct sluice_str name)
{
    struct sluice_str one;

    while (gw_list_next(&list, ',', &one))
        if (one.len == name.len &&
            strncasecmp(one.ptr, name.ptr, name.len) == 0)
            return true;
    return false;
}

static enum MHD_Result
on_header(void *cls, enum MHD_ValueKind kind, const char *name,
    const char *value)
{
    struct names *names = cls;
    struct sluice_str s = sluice_str(name);

    (void)value;
    if (kind != MHD_HEADER_KIND || needs_no_word(s) || has(names->known, s) ||
        has(sluice_str_n(names->text, names->len), s) ||
        names->len + s.len + 2 > names->max)
        return MHD_YES;
    memcpy(names->text + names->len, ", ", 2);
    memcpy(names->text + names->len + 2, s.ptr, s.len);
    names->len += s.len + 2;
    return MHD_YES;
}

static bool
add(struct MHD_Response *response, const char *name, const char *value)
{
    return MHD_add_response_header(response, name, value) == MHD_YES;
}

static bool
expose(struct gw_exchange *x, struct MHD_Response *response)
{
    const struct route_config *config = x->worker->set->config;
    struct sluice_str known = sluice_str(config->cors.expose_headers);
    struct names names = { .known = known,
        .max = config->max_header_bytes / NAMES_SHARE };
    char *all;

    if (names.max > sizeof names.text)
        names.max = sizeof names.text;
    MHD_get_response_headers(response, on_header, &names);
    all = gw_arena_take(&x->arena, known.len + names.len + 1);
    if (all == NULL)
        return false;
    memcpy(all, known.ptr, known.len);
    memcpy(all + known.len, names.text, names.len);
    all[known.len + names.len] = '\0';
    return add(response, MHD_HTTP_HEADER_ACCESS_CONTROL_EXPOSE_HEADERS, all);
}

/* A star in the list would not mean Authorization, and nothing where there are
 * credentials: what was asked for is said instead, unless it is malformed. */
static bool
add_allowed_headers(const struct gw_exchange *x, struct MHD_Response *response)
{
    static const char name[] = MHD_HTTP_HEADER_ACCESS_CONTROL_ALLOW_HEADERS;
    const struct route_cors *cors = &x->worker->set->config->cors;
    struct sluice_str asked = x->request.preflight_headers;

    return (cors->takes_any_header && asked.len > 0 &&
               add(response, name, asked.ptr)) ||
        add(response, name, cors->allow_headers);
}

/* The answer to a preflight. */
static bool
add_permissions(const struct gw_exchange *x, struct MHD_Response *response)
{
    const struct route_cors *cors = &x->worker->set->config->cors;

    return add(response, MHD_HTTP_HEADER_ACCESS_CONTROL_ALLOW_METHODS,
               cors->allow_methods) &&
        add_allowed_headers(x, response) &&
        add(response, MHD_HTTP_HEADER_ACCESS_CONTROL_MAX_AGE, cors->max_age);
}

/* What caches have to look at: the answer is not the same to everybody. */
static bool
add_vary(const struct gw_exchange *x, struct MHD_Response *response)
{
    if (x->reply.is_preflight)
        return add(response, MHD_HTTP_HEADER_VARY,
            "Origin, Access-Control-Request-Method, "
            "Access-Control-Request-Headers");
    return x->worker->set->config->cors.takes_any_origin ||
        add(response, MHD_HTTP_HEADER_VARY, "Origin");
}

bool
gw_cors_headers(struct gw_exchange *x, struct MHD_Response *response)
{
    const struct route_cors *cors = &x->worker->set->config->cors;
    struct sluice_str origin = x->request.origin;

    if (!cors->is_on)
        return true;
    if (!add_vary(x, response))
        return false;
    /* Where it is the same for everybody, everybody is told: a cache may have
     * it from who did not ask. */
    if (!cors->takes_any_origin && !gw_cors_allows(cors, origin))
        return true;
    return (x->reply.is_preflight ? add_permissions(x, response)
                                  : expose(x, response)) &&
        add(response, MHD_HTTP_HEADER_ACCESS_CONTROL_ALLOW_ORIGIN,
            cors->takes_any_origin ? "*" : origin.ptr) &&
        (!cors->takes_credentials ||
            add(response, MHD_HTTP_HEADER_ACCESS_CONTROL_ALLOW_CREDENTIALS,
                "true"));
}
