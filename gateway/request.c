/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/request.c - see request.h.
 *
 * Which headers become metadata: "Grpc-Metadata-X" as x, a handful by default,
 * an allow list from the route file; never hop-by-hop ones, never grpc-* or ':'
 * names. A "-bin" value is base64 here and bytes there: it is checked here,
 * because a gRPC server that meets a bad one may drop the whole connection that
 * all exchanges share.
 */
#include "gateway/request.h"

#include <sluice/grpc.h>

#include <ctype.h>
#include <strings.h>

#include "gateway/header_list.h"
#include "gateway/list.h"
#include "gateway/media_type.h"
#include "gateway/steering.h"
#include "routes/percent.h"

#define PREFIX "grpc-metadata-"
#define NAME_MAX_BYTES 256u

struct reading {
    struct gw_request *r;
    const struct route_config *config;
    struct sluice_pool *pool;
    bool is_short; /* of memory */
    bool
        is_called; /* metadata by the client: it is not to be lost in silence */
};

void
gw_request_set_target(struct gw_request *r, const char *target, size_t len)
{
    const char *mark = memchr(target, '?', len);

    r->target = target;
    r->target_len = len;
    r->path_len = mark == NULL ? len : (size_t)(mark - target);
    r->query = mark == NULL ? NULL : mark + 1;
    r->query_len = mark == NULL ? 0 : len - r->path_len - 1;
}

static bool
begins(const char *name, size_t len, const char *lower, size_t lower_len)
{
    return len >= lower_len && gw_list_may_be(*name, *lower) &&
        strncasecmp(name, lower, lower_len) == 0;
}

static bool
is(const char *name, size_t len, struct sluice_str lower)
{
    return len == lower.len && begins(name, len, lower.ptr, lower.len);
}

/* Whether it is one of n. */
static bool
is_in(const char *name, size_t len, const struct sluice_str *lower, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (is(name, len, lower[i]))
            return true;
    return false;
}

/* In a table of names. */
#define NAME(text)               \
    {                            \
        (text), sizeof(text) - 1 \
    }

void
gw_request_bad(struct gw_request *r, const char *name, const char *reason,
    struct sluice_str value)
{
    if (r->bad_header == NULL) {
        r->bad_header = name;
        r->bad_reason = reason;
        r->bad_value = value;
    }
}

/* ------------------------------------------------------------- metadata */

static void
add(struct reading *in, struct sluice_str name, struct sluice_str value)
{
    if (in->r->metadata == NULL)
        in->r->metadata = sluice_metadata_new(in->pool);
    if (in->r->metadata == NULL ||
        sluice_metadata_add(in->r->metadata, name, value) != SLUICE_OK)
        in->is_short = true;
}

static bool
is_reserved(struct sluice_str name)
{
    static const struct sluice_str names[] = { NAME("connection"),
        NAME("content-encoding"), NAME("content-length"), NAME("content-type"),
        NAME("host"), NAME("keep-alive"), NAME("proxy-authenticate"),
        NAME("proxy-authorization"), NAME("proxy-connection"), NAME("te"),
        NAME("trailer"), NAME("transfer-encoding"), NAME("upgrade"),
        NAME("user-agent") };

    return (name.len >= 5 && memcmp(name.ptr, "grpc-", 5) == 0) ||
        is_in(name.ptr, name.len, names, sizeof names / sizeof *names);
}

static void
add_binary(struct reading *in, const char *header, struct sluice_str name,
    const char *value, size_t len)
{
    struct sluice_bytes *b = sluice_bytes_new(in->pool, len / 4 * 3 + 3);
    size_t n;

    if (b == NULL) {
        in->is_short = true;
        return;
    }
    n = sluice_base64_decode(value, len, sluice_bytes_fill(b));
    if (n == SIZE_MAX)
        gw_request_bad(in->r, header, "expected base64",
            sluice_str_n(value, len));
    else
        add(in, name, sluice_str_n((char *)sluice_bytes_fill(b), n));
    sluice_bytes_unref(&b);
}

/* "-bin" values may be joined by commas: each is one value. */
static void
add_binaries(struct reading *in, const char *header, struct sluice_str name,
    const char *value, size_t len)
{
    const char *end = value + len;

    for (;;) {
        const char *comma = memchr(value, ',', (size_t)(end - value));
        const char *stop = comma == NULL ? end : comma;
        const char *from = value;

        while (from < stop && (*from == ' ' || *from == '\t'))
            from++;
        while (stop > from && (stop[-1] == ' ' || stop[-1] == '\t'))
            stop--;
        add_binary(in, header, name, from, (size_t)(stop - from));
        if (comma == NULL)
            return;
        value = comma + 1;
    }
}

/* Adds a header under a name still in mixed case; what may not travel is left
 * out ("Custom-Metadata" of gRPC over HTTP/2), but for a value of what the client
 * calls metadata: that is an error. */
static void
add_header(struct reading *in, const char *header, const char *name,
    size_t name_len, const char *value, size_t len)
{
    char lower[NAME_MAX_BYTES];
    struct sluice_str key = { lower, name_len };

    if (name_len == 0 || name_len > sizeof lower)
        return;
    for (size_t i = 0; i < name_len; i++)
        lower[i] = (char)tolower((unsigned char)name[i]);
    if (!sluice_metadata_name_is_valid(key) || is_reserved(key))
        return;
    if (key.len > 4 && memcmp(key.ptr + key.len - 4, "-bin", 4) == 0)
        add_binaries(in, header, key, value, len);
    else if (sluice_metadata_value_is_valid(key, sluice_str_n(value, len)))
        add(in, key, sluice_str_n(value, len));
    else if (in->is_called)
        gw_request_bad(in->r, header, "expected printable ASCII",
            sluice_str_n(value, len));
}

/* "Grpc-Metadata-X" */
static void
add_called(struct reading *in, const char *header, size_t header_len,
    const char *value, size_t len)
{
    in->is_called = true;
    add_header(in, header, header + sizeof PREFIX - 1,
        header_len - (sizeof PREFIX - 1), value, len);
    in->is_called = false;
}

static bool
is_passed(const struct route_config *config, const char *name, size_t len)
{
    static const char *const by_length[] = {
        [10] = "tracestate",
        [11] = "traceparent",
        [12] = "x-request-id",
        [13] = "authorization",
    };

    if (len < sizeof by_length / sizeof *by_length && by_length[len] != NULL &&
        begins(name, len, by_length[len], len))
        return true;
    if (len > 12 && begins(name, len, "x-forwarded-", 12))
        return true;
    for (size_t i = 0; i < config->n_metadata_in; i++)
        if (gw_list_may_be(*name, *config->metadata_in[i]) &&
            is(name, len, sluice_str(config->metadata_in[i])))
            return true;
    return false;
}

/* --------------------------------------------------------------- headers */

static const struct sluice_str forwarded_for = NAME("x-forwarded-for");

/* What clients call metadata. */
static bool
is_called(const char *name, size_t len)
{
    return len > sizeof PREFIX - 1 &&
        begins(name, len, PREFIX, sizeof PREFIX - 1);
}

static void
add_callers(struct reading *in, struct sluice_str callers)
{
    if (callers.len > 0 &&
        sluice_metadata_value_is_valid(forwarded_for, callers))
        add(in, forwarded_for, callers);
}

/* On the wire User-Agent is the gRPC client's, which is us. */
static void
add_user_agent(struct reading *in)
{
    struct sluice_str name = { "x-user-agent", 12 };
    struct sluice_str value = in->r->user_agent;

    if (value.len > 0 && sluice_metadata_value_is_valid(name, value) &&
        (in->r->metadata == NULL ||
            sluice_metadata_find(in->r->metadata, name).ptr == NULL))
        add(in, name, value);
}

static enum MHD_Result
on_header(void *cls, enum MHD_ValueKind kind, const char *name, size_t name_len,
    const char *value, size_t value_len)
{
    struct reading *in = cls;

    (void)kind;
    if (value == NULL)
        value = "";
    in->r->n_headers++;
    if (gw_steering_read(in->r, sluice_str_n(name, name_len),
            sluice_str_n(value, value_len)))
        return MHD_YES;
    if (is(name, name_len, forwarded_for)) {
        add_callers(in, in->r->forwarded_for);
        in->r->forwarded_for = sluice_str_n(value, value_len);
        return MHD_YES;
    }
    if (is_called(name, name_len))
        add_called(in, name, name_len, value, value_len);
    else if (is_passed(in->config, name, name_len))
        add_header(in, name, name, name_len, value, value_len);
    return MHD_YES;
}

/* What clients of RPCs send besides metadata: of HTTP, of browsers, and of the
 * protocols themselves. */
static bool
is_no_metadata(const char *name, size_t len)
{
    static const struct sluice_str names[] = { NAME("accept"),
        NAME("accept-charset"), NAME("accept-encoding"),
        NAME("accept-language"), NAME("access-control-request-headers"),
        NAME("access-control-request-method"), NAME("cache-control"),
        NAME("cookie"), NAME("dnt"), NAME("if-modified-since"),
        NAME("if-none-match"), NAME("origin"), NAME("pragma"), NAME("priority"),
        NAME("range"), NAME("referer"), NAME("upgrade-insecure-requests"),
        NAME("x-grpc-web"), NAME("x-http-method-override") };

    return (len > 4 && begins(name, len, "sec-", 4)) ||
        (len > 8 && begins(name, len, "connect-", 8)) ||
        is_in(name, len, names, sizeof names / sizeof *names);
}

/* The headers that on_header() has left. */
static enum MHD_Result
on_metadata(void *cls, enum MHD_ValueKind kind, const char *name,
    size_t name_len, const char *value, size_t value_len)
{
    struct reading *in = cls;

    (void)kind;
    if (value == NULL)
        value = "";
    if (gw_steering_is(sluice_str_n(name, name_len)) ||
        is(name, name_len, forwarded_for) ||
        is_passed(in->config, name, name_len) || is_called(name, name_len) ||
        is_no_metadata(name, name_len))
        return MHD_YES;
    add_header(in, name, name, name_len, value, value_len);
    return MHD_YES;
}

bool
gw_request_read_metadata(struct gw_request *r, struct MHD_Connection *mhd,
    const struct route_config *config, struct sluice_pool *pool)
{
    struct reading in = { .r = r, .config = config, .pool = pool };

    MHD_get_connection_values_n(mhd, MHD_HEADER_KIND, on_metadata, &in);
    return !in.is_short;
}

void
gw_request_forget_head(struct gw_request *r)
{
    const struct sluice_str nothing = { NULL, 0 };

    r->verb = "GET";
    r->verb_len = 3;
    r->content_type = r->accept = r->accept_encoding = nothing;
    r->connect_version = r->last_event_id = r->forwarded_for = nothing;
    r->host = r->origin = r->user_agent = nothing;
    r->preflight_method = r->preflight_headers = nothing;
    r->handshake.key = r->handshake.version = nothing;
}

/* "X-Forwarded-For: client, proxy": we add who called us, whatever was claimed
 * before. What is too long to be joined stays a value of its own. */
static void
add_forwarded_for(struct reading *in, const char *remote)
{
    char text[1024];
    struct sluice_str before = in->r->forwarded_for;
    size_t len = strlen(remote);

    if (before.len == 0 || before.len + 2 + len > sizeof text ||
        !sluice_metadata_value_is_valid(forwarded_for, before)) {
        add_callers(in, before);
        if (len > 0)
            add(in, forwarded_for, sluice_str_n(remote, len));
        return;
    }
    memcpy(text, before.ptr, before.len);
    memcpy(text + before.len, ", ", 2);
    memcpy(text + before.len + 2, remote, len);
    add(in, forwarded_for, sluice_str_n(text, before.len + 2 + len));
}

static bool
join_lists(struct gw_request *r, struct MHD_Connection *mhd,
    struct gw_arena *arena)
{
    return gw_header_list(mhd, arena, "accept", &r->accept) &&
        gw_header_list(mhd, arena, "accept-encoding", &r->accept_encoding) &&
        gw_header_list(mhd, arena, "access-control-request-headers",
            &r->preflight_headers);
}

bool
gw_request_read_headers(struct gw_request *r, struct MHD_Connection *mhd,
    const struct route_config *config, struct gw_arena *arena,
    const char *remote)
{
    struct reading in = { .r = r, .config = config, .pool = arena->pool };

    r->timeout_ns = -1;
    MHD_get_connection_values_n(mhd, MHD_HEADER_KIND, on_header, &in);
    add_user_agent(&in);
    add_forwarded_for(&in, remote);
    if (r->has_split_list && !join_lists(r, mhd, arena))
        in.is_short = true;
    return !in.is_short;
}

/* ----------------------------------------------------- what comes otherwise */

bool
gw_request_add_metadata(struct gw_request *r, struct sluice_pool *pool,
    const char *name, struct sluice_str value)
{
    struct reading in = { .r = r, .pool = pool, .is_called = true };

    add_header(&in, name, name, strlen(name), value.ptr, value.len);
    return !in.is_short;
}

/* --------------------------------------------------------------- the body */

/* JSON values, one or many: how many is said by the route. */
static bool
is_json(struct sluice_str type)
{
    static const char *const types[] = { "application/json",
        "application/x-ndjson", "application/ndjson", "application/jsonl" };

    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        if (gw_media_type_is(type, types[i]))
            return true;
    return gw_list_trim(type).len == 0;
}

enum gw_media
gw_request_media(const struct gw_request *r)
{
    struct sluice_str type = r->content_type;

    if (sluice_str_equal(type, sluice_str("application/json")))
        return GW_MEDIA_JSON; /* as nearly all write it */
    return is_json(type) && gw_media_type_is_utf8(type) ? GW_MEDIA_JSON
                                                        : GW_MEDIA_UNSUPPORTED;
}

void
gw_request_check_content_type(struct gw_request *r)
{
    struct sluice_str type = r->content_type;
    bool is_text = route_is_utf8(type.ptr, type.len);

    for (size_t i = 0; is_text && i < type.len; i++)
        is_text = !iscntrl((unsigned char)type.ptr[i]) || type.ptr[i] == '\t';
    if (!is_text)
        gw_request_bad(r, "Content-Type", "expected printable UTF-8", type);
}

bool
gw_request_has_body(const struct gw_request *r)
{
    return r->is_chunked || (r->has_content_length && r->content_length > 0);
}
