/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/bad_type.c - see bad_type.h. */
#include "gateway/bad_type.h"

#include <stdio.h>

#include <sluice/status.h>

#include "gateway/reply.h"
#include "routes/percent.h"

/* What a route has to be for a type to be taken there. */
enum {
    OF_RPC = 1,  /* its path is that of a method */
    JSON = 2,    /* there is a schema */
    UNARY = 4,   /* one request, one response */
    STREAMS = 8, /* several of either */
    UPLOADS = 16 /* several requests */
};

static const struct {
    const char *name;
    unsigned needs;
} types[] = {
    { "application/json", JSON },
    { "application/x-ndjson", JSON | UPLOADS },
    { "application/proto", OF_RPC | UNARY },
    { "application/connect+json", OF_RPC | JSON | STREAMS },
    { "application/connect+proto", OF_RPC | STREAMS },
    { "application/grpc-web", OF_RPC },
    { "application/grpc-web+proto", OF_RPC },
    { "application/grpc-web+json", OF_RPC | JSON },
    { "application/grpc-web-text", OF_RPC },
    { "application/grpc-web-text+proto", OF_RPC },
    { "application/grpc-web-text+json", OF_RPC | JSON },
};

#define TYPES (sizeof types / sizeof *types)

static unsigned
needs_met_by(const struct route_binding *b)
{
    const struct pb_method *m = b->rpc->method;
    bool is_unary = !m->client_streaming && !m->server_streaming;

    return (b->is_auto ? OF_RPC : 0u) | (b->rpc->is_raw ? 0u : JSON) |
        (is_unary ? UNARY : STREAMS) | (m->client_streaming ? UPLOADS : 0u);
}

/* A list of those that the route takes; NULL: memory is short. */
static const char *
list_types(struct gw_exchange *x)
{
    unsigned met = needs_met_by(x->binding);
    char list[512];
    size_t len = 0;

    for (size_t i = 0; i < TYPES; i++)
        if ((types[i].needs & ~met) == 0)
            len += (size_t)snprintf(list + len, sizeof list - len, "%s%s",
                len == 0 ? "" : ", ", types[i].name);
    return gw_arena_copy(&x->arena, list, len);
}

const char *
gw_bad_type_json(const struct route_rpc *rpc)
{
    return rpc->method->client_streaming
        ? "application/x-ndjson or application/json in UTF-8"
        : "application/json in UTF-8";
}

const char *
gw_bad_type_say(const char *expected, struct sluice_str found,
    char text[GW_BAD_TYPE_MAX])
{
    char quoted[ROUTE_QUOTE_MAX];

    if (found.len == 0)
        snprintf(text, GW_BAD_TYPE_MAX, "expected content-type %s, found none",
            expected);
    else
        snprintf(text, GW_BAD_TYPE_MAX,
            "expected content-type %s, found \"%s\"", expected,
            route_quote(found.ptr, found.len, quoted));
    return text;
}

void
gw_bad_type_refuse(struct gw_exchange *x, const char *expected)
{
    char text[GW_BAD_TYPE_MAX];

    gw_reply_bad_field(x, 415, "content-type", "Content-Type",
        gw_bad_type_say(expected, x->request.content_type, text));
    x->reply.lists_types = true;
}

void
gw_bad_type_refuse_coding(struct gw_exchange *x)
{
    gw_reply_error(x, 415, SLUICE_CODE_UNIMPLEMENTED, "content-encoding",
        "the body's content-encoding is not supported: expected none");
    x->reply.lists_identity = true;
}

/* The header is about one method of HTTP; NULL: not about this one. */
static const char *
header_for(const char *verb)
{
    if (strcmp(verb, "POST") == 0)
        return "Accept-Post";
    return strcmp(verb, "PATCH") == 0 ? "Accept-Patch" : NULL;
}

bool
gw_bad_type_headers(struct gw_exchange *x, struct MHD_Response *response)
{
    const char *name;
    const char *list;

    if (x->reply.lists_identity)
        return MHD_add_response_header(response,
                   MHD_HTTP_HEADER_ACCEPT_ENCODING, "identity") == MHD_YES;
    name = x->reply.lists_types ? header_for(x->request.verb) : NULL;
    if (name == NULL)
        return true;
    list = list_types(x);
    return list != NULL &&
        MHD_add_response_header(response, name, list) == MHD_YES;
}
