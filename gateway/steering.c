/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/steering.c - see steering.h. A table of names by their length: most
 * headers of a request are found not to be in it by one look.
 */
#include "gateway/steering.h"

#include <ctype.h>
#include <strings.h>

#include <sluice/grpc.h>

#include "gateway/list.h"

/* --------------------------------------------------------------- timeouts */

static void
set_timeout(struct gw_request *r, int64_t timeout_ns)
{
    if (r->timeout_ns < 0 || timeout_ns < r->timeout_ns)
        r->timeout_ns = timeout_ns;
}

/* Clients in browsers send a deadline of more than 27 hours as 9 or 10 digits
 * of milliseconds, two more than gRPC allows. */
static bool
parse_long_milliseconds(struct sluice_str value, int64_t *ns)
{
    int64_t ms = 0;

    if (value.len < 10 || value.len > 11 || value.ptr[value.len - 1] != 'm')
        return false;
    for (size_t i = 0; i + 1 < value.len; i++) {
        if (!isdigit((unsigned char)value.ptr[i]))
            return false;
        ms = ms * 10 + (value.ptr[i] - '0');
    }
    *ns = ms * SLUICE_MS;
    return true;
}

static void
read_grpc_timeout(struct gw_request *r, struct sluice_str name,
    struct sluice_str value)
{
    int64_t ns;

    (void)name;
    if (!parse_long_milliseconds(value, &ns) &&
        sluice_grpc_timeout_parse(value, &ns) != SLUICE_OK)
        gw_request_bad(r, "Grpc-Timeout",
            "expected 1 to 8 digits and one of H M S m u n", value);
    else
        set_timeout(r, ns);
}

/* "X-Server-Timeout": seconds; of decimals the first nine count. */
static bool
parse_seconds(struct sluice_str text, int64_t *ns)
{
    size_t i = 0;
    int64_t unit = SLUICE_SECOND;

    *ns = 0;
    while (i < text.len && isdigit((unsigned char)text.ptr[i])) {
        *ns = *ns * 10 + (text.ptr[i++] - '0');
        if (*ns > INT32_MAX)
            return false;
    }
    if (i == 0)
        return false;
    *ns *= SLUICE_SECOND;
    if (i < text.len && text.ptr[i] == '.' && ++i == text.len)
        return false;
    for (; i < text.len && isdigit((unsigned char)text.ptr[i]); i++) {
        unit /= 10;
        *ns += (text.ptr[i] - '0') * unit;
    }
    return i == text.len && (text.ptr[i - 1] != '.');
}

void
gw_steering_limit_time(struct gw_request *r, const char *name,
    struct sluice_str seconds)
{
    int64_t ns;

    if (!parse_seconds(seconds, &ns))
        gw_request_bad(r, name, "expected seconds, such as 2 or 0.5", seconds);
    else
        set_timeout(r, ns);
}

static void
read_server_timeout(struct gw_request *r, struct sluice_str name,
    struct sluice_str value)
{
    (void)name;
    gw_steering_limit_time(r, "X-Server-Timeout", value);
}

/* "Connect-Timeout-Ms": up to ten digits (Connect protocol, Unary-Request). */
static void
read_milliseconds(struct gw_request *r, struct sluice_str name,
    struct sluice_str value)
{
    int64_t ms = 0;

    (void)name;
    for (size_t i = 0; i < value.len; i++) {
        if (i >= 10 || !isdigit((unsigned char)value.ptr[i])) {
            ms = -1;
            break;
        }
        ms = ms * 10 + (value.ptr[i] - '0');
    }
    if (value.len == 0 || ms < 0)
        gw_request_bad(r, "Connect-Timeout-Ms", "expected 1 to 10 digits",
            value);
    else
        set_timeout(r, ms * SLUICE_MS);
}

/* -------------------------------------------------------------- the client */

/* Pages cannot set User-Agent, which is the browser's: what they call themselves
 * in X-User-Agent goes first. Of several the first counts. */
static void
read_user_agent(struct gw_request *r, struct sluice_str name,
    struct sluice_str value)
{
    bool is_x = name.len == sizeof "x-user-agent" - 1;

    if (r->user_agent.ptr == NULL || (is_x && !r->has_x_user_agent))
        r->user_agent = value;
    r->has_x_user_agent |= is_x;
}

static void
read_connect_version(struct gw_request *r, struct sluice_str name,
    struct sluice_str value)
{
    (void)name;
    if (r->connect_version.ptr != NULL)
        gw_request_bad(r, "Connect-Protocol-Version", "expected one version",
            value);
    r->connect_version = value;
}

/* ---------------------------------------------------------------- the body */

/* A list of content codings in which nothing but "identity" stands. */
static bool
is_identity(struct sluice_str list)
{
    struct sluice_str coding;

    while (gw_list_next(&list, ',', &coding))
        if (coding.len > 0 && !gw_list_is(coding, "identity"))
            return false;
    return true;
}

static void
read_content_encoding(struct gw_request *r, struct sluice_str name,
    struct sluice_str value)
{
    (void)name;
    r->is_coded |= !is_identity(value);
}

static void
read_content_length(struct gw_request *r, struct sluice_str name,
    struct sluice_str value)
{
    (void)name;
    r->has_content_length = true;
    r->content_length = 0;
    for (size_t i = 0; i < value.len; i++) {
        char c = value.ptr[i];

        /* MHD has refused what is not a number; a huge one saturates. */
        if (c < '0' || c > '9')
            return;
        if (r->content_length > (UINT64_MAX - 9) / 10) {
            r->content_length = UINT64_MAX;
            return;
        }
        r->content_length = r->content_length * 10 + (uint64_t)(c - '0');
    }
}

static void
read_content_type(struct gw_request *r, struct sluice_str name,
    struct sluice_str value)
{
    (void)name;
    if (r->content_type.ptr != NULL)
        gw_request_bad(r, "Content-Type", "expected one media type", value);
    r->content_type = value;
}

static void
read_transfer_encoding(struct gw_request *r, struct sluice_str name,
    struct sluice_str value)
{
    (void)name;
    (void)value;
    r->is_chunked = true;
}

static void
read_expect(struct gw_request *r, struct sluice_str name,
    struct sluice_str value)
{
    (void)name;
    r->has_bad_expect |= !gw_list_is(value, "100-continue");
}

/* --------------------------------------------------------------- the answer */

static void
read_te(struct gw_request *r, struct sluice_str name, struct sluice_str value)
{
    (void)name;
    r->wants_trailers |= gw_list_has(value, "trailers");
}

static void
read_origin(struct gw_request *r, struct sluice_str name,
    struct sluice_str value)
{
    (void)name;
    r->origin = r->origin.ptr == NULL ? value : sluice_str("several");
    r->is_from_page = true;
}

/* What fetch() and the like have, and neither a navigation nor an image. */
static void
read_fetch_mode(struct gw_request *r, struct sluice_str name,
    struct sluice_str value)
{
    (void)name;
    r->is_from_page |=
        gw_list_is(value, "cors") || gw_list_is(value, "same-origin");
}

static void
read_handshake(struct gw_request *r, struct sluice_str name,
    struct sluice_str value)
{
    (void)gw_handshake_read(&r->handshake, name.ptr, name.len, value);
}

/* ---------------------------------------------------------------- the table */

#define LONGEST_NAME 30u

/* Two kinds: those which are looked at by a function, and those whose value is
 * kept, of several the last; that a list has several lines is noted. What
 * is_shared may be metadata as well. */
struct steering {
    const char *name;
    void (*read)(struct gw_request *r, struct sluice_str name,
        struct sluice_str value);
    size_t kept; /* where in struct gw_request, if there is no function */
    bool is_shared;
    bool is_list;
};

#define READ(name, function)            \
    {                                   \
        name, function, 0, false, false \
    }
#define KEPT(name, member, is_shared, is_list)                              \
    {                                                                       \
        name, NULL, offsetof(struct gw_request, member), is_shared, is_list \
    }

static const struct steering by_length[LONGEST_NAME + 1][3] = {
    [2] = { READ("te", read_te) },
    [4] = { KEPT("host", host, false, false) },
    [6] = { KEPT("accept", accept, true, true), READ("expect", read_expect),
        { "origin", read_origin, 0, true, false } },
    [7] = { READ("upgrade", read_handshake) },
    [10] = { READ("connection", read_handshake),
        READ("user-agent", read_user_agent) },
    [12] = { READ("content-type", read_content_type),
        READ("grpc-timeout", read_grpc_timeout),
        READ("x-user-agent", read_user_agent) },
    [13] = { KEPT("last-event-id", last_event_id, true, false) },
    [14] = { READ("content-length", read_content_length),
        { "sec-fetch-mode", read_fetch_mode, 0, true, false } },
    [15] = { KEPT("accept-encoding", accept_encoding, true, true) },
    [16] = { READ("content-encoding", read_content_encoding),
        READ("x-server-timeout", read_server_timeout) },
    [17] = { READ("transfer-encoding", read_transfer_encoding),
        READ("sec-websocket-key", read_handshake) },
    [18] = { READ("connect-timeout-ms", read_milliseconds) },
    [21] = { READ("sec-websocket-version", read_handshake) },
    [22] = { READ("sec-websocket-protocol", read_handshake) },
    [24] = { READ("connect-protocol-version", read_connect_version) },
    [29] = { KEPT("access-control-request-method", preflight_method, true,
        false) },
    [30] = { KEPT("access-control-request-headers", preflight_headers, true,
        true) },
};

/* Most others of the length end with another letter. */
static inline const struct steering *
find(struct sluice_str name)
{
    const struct steering *s;
    size_t last = name.len - 1;

    if (name.len == 0 || name.len > LONGEST_NAME)
        return NULL;
    s = by_length[name.len];
    for (size_t i = 0; i < 3 && s[i].name != NULL; i++)
        if (gw_list_may_be(name.ptr[last], s[i].name[last]) &&
            strncasecmp(name.ptr, s[i].name, name.len) == 0)
            return &s[i];
    return NULL;
}

bool
gw_steering_read(struct gw_request *r, struct sluice_str name,
    struct sluice_str value)
{
    const struct steering *s = find(name);
    struct sluice_str *kept;

    if (s == NULL)
        return false;
    if (s->read != NULL) {
        s->read(r, name, value);
    } else {
        kept = (struct sluice_str *)((char *)r + s->kept);
        r->has_split_list |= s->is_list && kept->ptr != NULL;
        *kept = value;
    }
    return !s->is_shared;
}

bool
gw_steering_is(struct sluice_str name)
{
    const struct steering *s = find(name);

    return s != NULL && !s->is_shared;
}
