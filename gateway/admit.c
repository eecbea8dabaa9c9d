/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/admit.c - see admit.h. */
#include "gateway/admit.h"

#include <stdio.h>
#include <string.h>

#include <sluice/status.h>

#include "routes/percent.h"
#include "routes/scalar.h"

static void
refuse(struct gw_admission *a, unsigned status, int code, const char *outcome,
    const char *message)
{
    a->status = status;
    a->code = code;
    a->outcome = outcome;
    a->message = message;
    a->allow[0] = '\0';
    a->is_bad_path = false;
}

static void
refuse_verb(struct gw_admission *a, const char *allow)
{
    refuse(a, 405, SLUICE_CODE_UNIMPLEMENTED, "method",
        "this path does not allow this method");
    snprintf(a->allow, sizeof a->allow, "%s", allow);
}

/* What has to stand where a path goes wrong. */
static const char *
expected_at(const char *path, size_t at, size_t len)
{
    if (at == 0)
        return "\"/\" first";
    return at < len && path[at] == '%'
        ? "two hexadecimal digits, not both 0, after \"%\""
        : "printable ASCII other than blanks and \"#\"";
}

static void
refuse_path(struct gw_admission *a, const char *path, size_t len)
{
    size_t at = route_path_fault(path, len);
    size_t width = at < len && path[at] == '%' ? 3 : 1;
    char found[ROUTE_QUOTE_MAX];

    if (width > len - at)
        width = len - at;
    refuse(a, 400, SLUICE_CODE_INVALID_ARGUMENT, "path",
        "the path is malformed");
    a->is_bad_path = true;
    pb_error_set(&a->error, PB_EVALUE, "expected %s, found \"%s\" at byte %zu",
        expected_at(path, at, len), route_quote(path + at, width, found), at);
}

static bool
is(const char *s, size_t len, const char *text)
{
    return len == strlen(text) && memcmp(s, text, len) == 0;
}

bool
gw_admit_verb(const char *verb, size_t len, struct gw_admission *a)
{
    /* MHD lets control bytes through. */
    if (route_token_length(verb, len) < len) {
        refuse(a, 400, SLUICE_CODE_INVALID_ARGUMENT, "method",
            "the method is not a token");
        return false;
    }
    if (is(verb, len, "CONNECT")) {
        refuse(a, 501, SLUICE_CODE_UNIMPLEMENTED, "method",
            "the gateway makes no tunnels");
        return false;
    }
    return true;
}

/* A path that has no route. */
static enum gw_admit
admit_other(const struct gw_request *r, struct gw_admission *a)
{
    if (!is(r->target, r->path_len, "/healthz")) {
        refuse(a, 404, SLUICE_CODE_NOT_FOUND, "no route",
            "no route matches this path");
        return GW_ADMIT_REFUSED;
    }
    if (gw_request_is(r, "GET") || gw_request_is(r, "HEAD"))
        return GW_ADMIT_HEALTH;
    refuse_verb(a, "GET, HEAD");
    return GW_ADMIT_REFUSED;
}

/* Its handshake has to be a GET, whatever the method of the route is. */
static bool
asks_for_websocket(const struct gw_request *r)
{
    return r->is_websocket && gw_request_is(r, "GET");
}

enum gw_admit
gw_admit_target(const struct route_set *set, const struct gw_request *r,
    struct route_match *match, struct gw_admission *a)
{
    enum route_result result = ROUTE_BAD_PATH;
    char allow[ROUTE_ALLOW_MAX];

    if (gw_request_is(r, "OPTIONS") && is(r->target, r->target_len, "*"))
        return GW_ADMIT_OPTIONS;
    if (r->path_len > ROUTE_MAX_QUERY || r->query_len > ROUTE_MAX_QUERY) {
        refuse(a, 414, SLUICE_CODE_INVALID_ARGUMENT, "target",
            "neither the path nor the query may have more than 64 KiB");
        return GW_ADMIT_REFUSED;
    }
    if (asks_for_websocket(r))
        result =
            route_table_match_any(set->table, r->target, r->path_len, match);
    else if (r->target_len > 0 && r->target[0] == '/')
        result = route_table_match(set->table, r->verb, r->verb_len, r->target,
            r->path_len, match, allow);
    switch (result) {
    case ROUTE_FOUND:
        return GW_ADMIT_ROUTE;
    case ROUTE_NOT_FOUND:
        return admit_other(r, a);
    case ROUTE_WRONG_METHOD:
        refuse_verb(a, allow);
        break;
    case ROUTE_BAD_PATH:
        refuse_path(a, r->target, r->path_len);
        break;
    }
    return GW_ADMIT_REFUSED;
}
