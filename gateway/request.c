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

#include "routes/percent.h"

#define PREFIX "Grpc-Metadata-"
#define NAME_MAX_BYTES 256u

struct reading {
    struct gw_request *r;
    const struct route_config *config;
    struct sluice_pool *pool;
    bool is_short; /* of memory */
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
is(const char *name, size_t len, const char *lower)
{
    return strlen(lower) == len && strncasecmp(name, lower, len) == 0;
}

static void
bad(struct gw_request *r, const char *name, const char *reason,
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
    static const char *const names[] = { "connection", "content-encoding",
        "content-length", "content-type", "host", "keep-alive",
        "proxy-authenticate", "proxy-authorization", "proxy-connection", "te",
        "trailer", "transfer-encoding", "upgrade", "user-agent" };

    if (name.len >= 5 && memcmp(name.ptr, "grpc-", 5) == 0)
        return true;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (sluice_str_equal(name, sluice_str(names[i])))
            return true;
    return false;
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
        bad(in->r, header, "expected base64", sluice_str_n(value, len));
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
 * out ("Custom-Metadata" of gRPC over HTTP/2). */
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
}

static bool
is_passed(const struct route_config *config, const char *name, size_t len)
{
    static const char *const names[] = { "authorization", "traceparent",
        "tracestate", "x-request-id" };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (is(name, len, names[i]))
            return true;
    if (len > 12 && strncasecmp(name, "x-forwarded-", 12) == 0)
        return true;
    for (size_t i = 0; i < config->n_metadata_in; i++)
        if (is(name, len, config->metadata_in[i]))
            return true;
    return false;
}

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
read_grpc_timeout(struct gw_request *r, const char *name,
    struct sluice_str value)
{
    int64_t ns;

    if (!parse_long_milliseconds(value, &ns) &&
        sluice_grpc_timeout_parse(value, &ns) != SLUICE_OK)
        bad(r, name, "expected 1 to 8 digits and one of H M S m u n", value);
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

static void
read_seconds(struct gw_request *r, const char *name, struct sluice_str value)
{
    int64_t ns;

    if (!parse_seconds(value, &ns))
        bad(r, name, "expected seconds, such as 2 or 0.5", value);
    else
        set_timeout(r, ns);
}

/* "Connect-Timeout-Ms": up to ten digits (Connect protocol, Unary-Request). */
static void
read_milliseconds(struct gw_request *r, const char *name,
    struct sluice_str value)
{
    int64_t ms = 0;

    for (size_t i = 0; i < value.len; i++) {
        if (i >= 10 || !isdigit((unsigned char)value.ptr[i])) {
            ms = -1;
            break;
        }
        ms = ms * 10 + (value.ptr[i] - '0');
    }
    if (value.len == 0 || ms < 0)
        bad(r, name, "expected 1 to 10 digits", value);
    else
        set_timeout(r, ms * SLUICE_MS);
}

/* --------------------------------------------------------------- headers */

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

/* What follows the token in its element, where there is one: *rest. */
static bool
find_in_list(struct sluice_str list, const char *token, struct sluice_str *rest)
{
    size_t len = strlen(token);

    for (size_t at = 0; at < list.len;) {
        size_t end = at;
        size_t stop;

        while (end < list.len && list.ptr[end] != ',')
            end++;
        while (at < end && is_blank(list.ptr[at]))
            at++;
        stop = at;
        while (stop < end && list.ptr[stop] != ';' && !is_blank(list.ptr[stop]))
            stop++;
        *rest = sluice_str_n(list.ptr + stop, end - stop);
        if (stop - at == len && strncasecmp(list.ptr + at, token, len) == 0)
            return true;
        at = end + 1;
    }
    return false;
}

bool
gw_request_list_has(struct sluice_str list, const char *token)
{
    struct sluice_str rest;

    return find_in_list(list, token, &rest);
}

struct sluice_str
gw_request_trim(struct sluice_str s)
{
    while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t')) {
        s.ptr++;
        s.len--;
    }
    while (s.len > 0 && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
        s.len--;
    return s;
}

/* "q=0", "Q=0.000" (RFC 9110 section 12.4.2). */
static bool
is_zero_weight(struct sluice_str s)
{
    s = gw_request_trim(s);
    if (s.len < 3 || (s.ptr[0] | 0x20) != 'q' || s.ptr[1] != '=')
        return false;
    for (size_t i = 2; i < s.len; i++)
        if (s.ptr[i] != '0' && s.ptr[i] != '.')
            return false;
    return true;
}

bool
gw_request_list_takes(struct sluice_str list, const char *coding)
{
    struct sluice_str rest;

    if (!find_in_list(list, coding, &rest))
        return false;
    rest = gw_request_trim(rest);
    return rest.len == 0 || rest.ptr[0] != ';' ||
        !is_zero_weight(sluice_str_n(rest.ptr + 1, rest.len - 1));
}

bool
gw_request_is_type(struct sluice_str content_type, const char *type)
{
    const char *semi;

    content_type = gw_request_trim(content_type);
    semi = memchr(content_type.ptr == NULL ? "" : content_type.ptr, ';',
        content_type.len);
    if (semi != NULL)
        content_type.len = (size_t)(semi - content_type.ptr);
    content_type = gw_request_trim(content_type);
    return is(content_type.ptr, content_type.len, type);
}

/* A list of content codings in which nothing but "identity" stands. */
static bool
is_identity(struct sluice_str list)
{
    while (list.len > 0) {
        const char *comma = memchr(list.ptr, ',', list.len);
        struct sluice_str coding = { list.ptr,
            comma == NULL ? list.len : (size_t)(comma - list.ptr) };
        size_t used = coding.len + (comma != NULL);

        coding = gw_request_trim(coding);
        if (coding.len > 0 && !is(coding.ptr, coding.len, "identity"))
            return false;
        list.ptr += used;
        list.len -= used;
    }
    return true;
}

static void
read_content_length(struct gw_request *r, struct sluice_str value)
{
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

/* The headers that steer the gateway; those that are lists may come in several
 * lines. false: not one of them, or one that may be passed as well. */
static bool
read_steering(struct gw_request *r, const char *name, size_t len,
    struct sluice_str value)
{
    switch (len) {
    case 2:
        if (!is(name, len, "te"))
            return false;
        r->wants_trailers |= gw_request_list_has(value, "trailers");
        return true;
    case 4:
        if (!is(name, len, "host"))
            return false;
        r->host = value;
        return true;
    case 6:
        if (is(name, len, "accept"))
            r->accept = value;
        if (is(name, len, "origin"))
            r->origin = r->origin.ptr == NULL ? value : sluice_str("several");
        if (!is(name, len, "expect"))
            return false;
        r->has_bad_expect |= !is(value.ptr, value.len, "100-continue");
        return true;
    case 7:
    case 10:
    case 21:
    case 22:
        return gw_handshake_read(&r->handshake, name, len, value);
    case 12:
        if (is(name, len, "content-type")) {
            if (r->content_type.ptr != NULL)
                bad(r, "Content-Type", "expected one media type", value);
            r->content_type = value;
            return true;
        }
        if (is(name, len, "grpc-timeout")) {
            read_grpc_timeout(r, "Grpc-Timeout", value);
            return true;
        }
        return false;
    case 13:
        if (is(name, len, "last-event-id"))
            r->last_event_id = value;
        return false;
    case 15:
        if (is(name, len, "accept-encoding"))
            r->accept_encoding = value;
        return false;
    case 24:
        if (!is(name, len, "connect-protocol-version"))
            return false;
        r->connect_version = value;
        return true;
    case 14:
        if (!is(name, len, "content-length"))
            return false;
        read_content_length(r, value);
        return true;
    case 16:
        if (is(name, len, "content-encoding")) {
            r->is_coded |= !is_identity(value);
            return true;
        }
        if (is(name, len, "x-server-timeout")) {
            read_seconds(r, "X-Server-Timeout", value);
            return true;
        }
        return false;
    case 18:
        if (!is(name, len, "connect-timeout-ms"))
            return false;
        read_milliseconds(r, "Connect-Timeout-Ms", value);
        return true;
    case 17:
        if (!is(name, len, "transfer-encoding"))
            return gw_handshake_read(&r->handshake, name, len, value);
        r->is_chunked = true;
        return true;
    case 29:
        if (is(name, len, "access-control-request-method"))
            r->preflight_method = value;
        return false;
    case 30:
        if (is(name, len, "access-control-request-headers"))
            r->preflight_headers = value;
        return false;
    default:
        return false;
    }
}

static void
add_callers(struct reading *in, struct sluice_str callers)
{
    struct sluice_str name = { "x-forwarded-for", 15 };

    if (callers.len > 0 && sluice_metadata_value_is_valid(name, callers))
        add(in, name, callers);
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
    if (read_steering(in->r, name, name_len, sluice_str_n(value, value_len)))
        return MHD_YES;
    if (is(name, name_len, "x-forwarded-for")) {
        add_callers(in, in->r->forwarded_for);
        in->r->forwarded_for = sluice_str_n(value, value_len);
        return MHD_YES;
    }
    if (name_len > sizeof PREFIX - 1 &&
        strncasecmp(name, PREFIX, sizeof PREFIX - 1) == 0)
        add_header(in, name, name + sizeof PREFIX - 1,
            name_len - (sizeof PREFIX - 1), value, value_len);
    else if (is(name, name_len, "user-agent"))
        add_header(in, name, "x-user-agent", 12, value, value_len);
    else if (is_passed(in->config, name, name_len))
        add_header(in, name, name, name_len, value, value_len);
    return MHD_YES;
}

/* What clients of RPCs send besides metadata: of HTTP, of browsers, and of the
 * protocols themselves. */
static bool
is_no_metadata(const char *name, size_t len)
{
    static const char *const names[] = { "accept", "accept-charset",
        "accept-encoding", "accept-language", "access-control-request-headers",
        "access-control-request-method", "cache-control", "cookie", "dnt",
        "if-modified-since", "if-none-match", "origin", "pragma", "priority",
        "range", "referer", "upgrade-insecure-requests", "x-grpc-web",
        "x-http-method-override" };

    if ((len > 4 && strncasecmp(name, "sec-", 4) == 0) ||
        (len > 8 && strncasecmp(name, "connect-", 8) == 0))
        return true;
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        if (is(name, len, names[i]))
            return true;
    return false;
}

/* The headers that on_header() has left. */
static enum MHD_Result
on_metadata(void *cls, enum MHD_ValueKind kind, const char *name,
    size_t name_len, const char *value, size_t value_len)
{
    struct reading *in = cls;
    struct gw_request unused = { .content_type = { .ptr = NULL } };

    (void)kind;
    if (value == NULL)
        value = "";
    if (read_steering(&unused, name, name_len,
            sluice_str_n(value, value_len)) ||
        is(name, name_len, "x-forwarded-for") ||
        is(name, name_len, "user-agent") ||
        is_passed(in->config, name, name_len) ||
        (name_len > sizeof PREFIX - 1 &&
            strncasecmp(name, PREFIX, sizeof PREFIX - 1) == 0) ||
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
    r->host = r->origin = nothing;
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
    struct sluice_str name = { "x-forwarded-for", 15 };

    if (before.len == 0 || before.len + 2 + len > sizeof text ||
        !sluice_metadata_value_is_valid(name, before)) {
        add_callers(in, before);
        add_callers(in, sluice_str_n(remote, len));
        return;
    }
    memcpy(text, before.ptr, before.len);
    memcpy(text + before.len, ", ", 2);
    memcpy(text + before.len + 2, remote, len);
    add_callers(in, sluice_str_n(text, before.len + 2 + len));
}

bool
gw_request_read_headers(struct gw_request *r, struct MHD_Connection *mhd,
    const struct route_config *config, struct sluice_pool *pool,
    const char *remote)
{
    struct reading in = { .r = r, .config = config, .pool = pool };

    r->timeout_ns = -1;
    MHD_get_connection_values_n(mhd, MHD_HEADER_KIND, on_header, &in);
    add_forwarded_for(&in, remote);
    return !in.is_short;
}

/* ----------------------------------------------------- what comes otherwise */

bool
gw_request_add_metadata(struct gw_request *r, struct sluice_pool *pool,
    const char *name, struct sluice_str value)
{
    struct reading in = { .r = r, .pool = pool };

    add_header(&in, name, name, strlen(name), value.ptr, value.len);
    return !in.is_short;
}

void
gw_request_limit_time(struct gw_request *r, const char *name,
    struct sluice_str seconds)
{
    read_seconds(r, name, seconds);
}

/* --------------------------------------------------------------- the body */

/* Only UTF-8 is JSON (RFC 8259 section 8.1). */
static bool
is_utf8_parameter(struct sluice_str p)
{
    p = gw_request_trim(p);
    if (p.len < 8 || strncasecmp(p.ptr, "charset=", 8) != 0)
        return true;
    p.ptr += 8;
    p.len -= 8;
    if (p.len >= 2 && p.ptr[0] == '"' && p.ptr[p.len - 1] == '"') {
        p.ptr++;
        p.len -= 2;
    }
    return is(p.ptr, p.len, "utf-8") || is(p.ptr, p.len, "utf8");
}

bool
gw_request_is_utf8(struct sluice_str content_type)
{
    for (;;) {
        const char *semi =
            memchr(content_type.ptr == NULL ? "" : content_type.ptr, ';',
                content_type.len);
        struct sluice_str p;

        if (semi == NULL)
            return true;
        content_type.len -= (size_t)(semi + 1 - content_type.ptr);
        content_type.ptr = semi + 1;
        p = content_type;
        semi = memchr(p.ptr, ';', p.len);
        if (semi != NULL)
            p.len = (size_t)(semi - p.ptr);
        if (!is_utf8_parameter(p))
            return false;
    }
}

enum gw_media
gw_request_media(const struct gw_request *r)
{
    struct sluice_str type = r->content_type;
    bool is_json = gw_request_trim(type).len == 0 ||
        gw_request_is_type(type, "application/json") ||
        gw_request_is_type(type, "application/x-ndjson");

    return is_json && gw_request_is_utf8(type) ? GW_MEDIA_JSON
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
        bad(r, "Content-Type", "expected printable UTF-8", type);
}

bool
gw_request_has_body(const struct gw_request *r)
{
    return r->is_chunked || (r->has_content_length && r->content_length > 0);
}
