/* SPDX-License-Identifier: Apache-2.0 */
/* The head of a request: its target, what steers the gateway, what becomes
 * metadata. Heads are read by libmicrohttpd itself. */
#include "tests/gateway/fixture.h"

#include "gateway/request.h"

#define MORE \
    "metadata: {allow_request: [Cookie, x-tenant, accept, x-raw-bin]}\n"

/* What reading a head came to. Headers live as long as their connection, so
 * they are copied out. */
struct reading {
    struct fixture *f;
    struct gw_request r;
    char metadata[4096];
    char bad_header[64];
    char bad_reason[128];
    char content_type[64];
    char host[64];
    char accept[64];
    char accept_encoding[64];
    char preflight_headers[64];
    bool was_read;
};

struct world {
    struct fixture f;
    struct reading in;
};

static int
setup(void **state)
{
    struct world *w = calloc(1, sizeof *w);

    assert_non_null(w);
    fixture_open(&w->f, MORE);
    w->in.f = &w->f;
    *state = w;
    return 0;
}

static int
teardown(void **state)
{
    struct world *w = *state;

    fixture_close(&w->f);
    free(w);
    return 0;
}

static void
copy(char *to, size_t room, struct sluice_str s)
{
    snprintf(to, room, "%.*s", (int)s.len, s.ptr == NULL ? "" : s.ptr);
}

static enum MHD_Result
read_head(struct MHD_Connection *mhd, void *arg)
{
    struct reading *in = arg;
    struct gw_request *r = &in->r;

    in->was_read = gw_request_read_headers(r, mhd, in->f->set->config,
        &in->f->x->arena, "192.0.2.1");
    metadata_text(r->metadata, in->metadata, sizeof in->metadata);
    sluice_metadata_unref(&r->metadata);
    copy(in->bad_header, sizeof in->bad_header, sluice_str(r->bad_header));
    copy(in->bad_reason, sizeof in->bad_reason, sluice_str(r->bad_reason));
    copy(in->content_type, sizeof in->content_type, r->content_type);
    copy(in->host, sizeof in->host, r->host);
    copy(in->accept, sizeof in->accept, r->accept);
    copy(in->accept_encoding, sizeof in->accept_encoding, r->accept_encoding);
    copy(in->preflight_headers, sizeof in->preflight_headers,
        r->preflight_headers);
    gw_arena_reset(&in->f->x->arena);
    return http_queue_nothing(mhd);
}

/* Reads a head with these lines, each ending in \r\n, beside Host. */
static struct gw_request *
head(struct world *w, const char *lines)
{
    char text[8192];
    int n = snprintf(text, sizeof text,
        "GET /v1/x HTTP/1.1\r\nHost: h:1\r\n%s\r\n", lines);

    assert_in_range(n, 1, sizeof text - 1);
    memset(&w->in.r, 0, sizeof w->in.r);
    http_ask(text, read_head, &w->in, &w->f.answer);
    if (!w->f.answer.was_handled)
        fail_msg("refused: %s", w->f.answer.text);
    assert_true(w->in.was_read);
    return &w->in.r;
}

/* The head has this metadata, beside the address that it came from. */
static void
gives(struct world *w, const char *lines, const char *expected)
{
    char text[4096];

    head(w, lines);
    snprintf(text, sizeof text, "%sx-forwarded-for=192.0.2.1\n", expected);
    assert_string_equal(w->in.bad_header, "");
    assert_string_equal(w->in.metadata, text);
}

static void
is_bad(struct world *w, const char *line, const char *name, const char *reason)
{
    char text[1024];

    snprintf(text, sizeof text, "%s\r\n", line);
    head(w, text);
    assert_string_equal(w->in.bad_header, name);
    assert_string_equal(w->in.bad_reason, reason);
}

/* --------------------------------------------------------------- the target */

static void
splits(const char *target, const char *path, const char *query)
{
    struct gw_request r = { 0 };

    gw_request_set_target(&r, target, strlen(target));
    assert_ptr_equal(r.target, target);
    assert_int_equal(r.target_len, strlen(target));
    assert_int_equal(r.path_len, strlen(path));
    assert_int_equal(strncmp(target, path, r.path_len), 0);
    if (query == NULL) {
        assert_null(r.query);
        assert_int_equal(r.query_len, 0);
    } else {
        assert_int_equal(r.query_len, strlen(query));
        assert_string_equal(r.query, query);
    }
}

static void
the_target_is_split_at_its_first_question_mark(void **state)
{
    (void)state;
    splits("/a/b", "/a/b", NULL);
    splits("/a?x=1", "/a", "x=1");
    splits("/a?x=?&y=?", "/a", "x=?&y=?");
    splits("/a%3Fb?c", "/a%3Fb", "c");
    splits("*", "*", NULL);
    splits("", "", NULL);
}

static void
an_empty_query_is_not_an_absent_one(void **state)
{
    (void)state;
    splits("/a?", "/a", "");
    splits("?", "", "");
}

static void
only_the_given_length_is_looked_at(void **state)
{
    struct gw_request r = { 0 };

    (void)state;
    gw_request_set_target(&r, "/ab?c", 3);
    assert_int_equal(r.path_len, 3);
    assert_null(r.query);
    gw_request_set_target(&r, "/a?bcd", 4);
    assert_int_equal(r.query_len, 1);
}

/* ------------------------------------------------------------------- steering */

static void
a_plain_head_steers_nothing(void **state)
{
    struct gw_request *r = head(*state, "");

    assert_int_equal(r->n_headers, 1);
    assert_int_equal(r->timeout_ns, -1);
    assert_null(r->content_type.ptr);
    assert_null(r->bad_header);
    assert_false(r->has_content_length);
    assert_false(r->is_chunked);
    assert_false(r->wants_trailers);
    assert_false(r->has_bad_expect);
    assert_string_equal(((struct world *)*state)->in.host, "h:1");
}

static void
the_lines_of_a_list_are_one_list(void **state)
{
    struct world *w = *state;

    head(w,
        "Accept: text/a, text/b\r\nAccept-Encoding: br\r\naccept: text/c\r\n"
        "Access-Control-Request-Headers: x-a\r\nACCEPT:\r\n"
        "Access-Control-Request-Headers: x-b\r\nAccept-Encoding: gzip\r\n");

    assert_string_equal(w->in.accept, "text/a, text/b, text/c, ");
    assert_string_equal(w->in.accept_encoding, "br, gzip");
    assert_string_equal(w->in.preflight_headers, "x-a, x-b");
}

static void
names_of_headers_may_be_in_any_case(void **state)
{
    struct world *w = *state;
    struct gw_request *r = head(w,
        "cOnTeNt-TyPe: application/json\r\nACCEPT: text/x\r\n"
        "te: Trailers\r\ngrpc-TIMEOUT: 1S\r\n");

    assert_string_equal(w->in.content_type, "application/json");
    assert_string_equal(w->in.accept, "text/x");
    assert_true(r->wants_trailers);
    assert_int_equal(r->timeout_ns, SLUICE_SECOND);
}

static void
every_header_is_counted(void **state)
{
    assert_int_equal(head(*state, "X-A: 1\r\nX-A: 2\r\nX-B:\r\n")->n_headers,
        4);
}

static void
trailers_are_wanted_by_their_token(void **state)
{
    static const struct {
        const char *lines;
        bool wants;
    } heads[] = {
        { "TE: trailers\r\n", true },
        { "TE: TRAILERS\r\n", true },
        { "TE: gzip, trailers\r\n", true },
        { "TE: gzip,trailers , deflate\r\n", true },
        { "TE: gzip,\ttrailers\r\n", true },
        { "TE: trailers\t,gzip\r\n", true },
        { "TE: trailers;q=0.5\r\n", true },
        { "TE: trailers\r\nTE: gzip\r\n", true },
        { "TE: gzip\r\nTE: trailers\r\n", true },
        { "TE: gzip\r\n", false },
        { "TE: trailersx\r\n", false },
        { "TE: xtrailers\r\n", false },
        { "TE: gzip;x=trailers\r\n", false },
        { "TE:\r\n", false },
    };

    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        if (head(*state, heads[i].lines)->wants_trailers != heads[i].wants)
            fail_msg("%s", heads[i].lines);
}

static void
only_100_continue_can_be_expected(void **state)
{
    assert_false(head(*state, "Expect: 100-Continue\r\n")->has_bad_expect);
    assert_true(head(*state, "Expect: 200-ok\r\n")->has_bad_expect);
    assert_true(head(*state, "Expect:\r\n")->has_bad_expect);
    assert_true(
        head(*state, "Expect: x\r\nExpect: 100-continue\r\n")->has_bad_expect);
}

static void
the_script_of_a_page_is_known(void **state)
{
    static const struct {
        const char *lines;
        bool is_from_page;
    } heads[] = {
        { "Sec-Fetch-Mode: cors\r\n", true },
        { "sec-fetch-mode: same-origin\r\n", true },
        { "Origin: https://app.example\r\n", true },
        { "Origin: null\r\n", true },
        { "Sec-Fetch-Mode: navigate\r\n", false },
        { "Sec-Fetch-Mode: no-cors\r\n", false },
        { "Sec-Fetch-Site: cross-site\r\n", false },
    };

    for (size_t i = 0; i < sizeof heads / sizeof *heads; i++)
        if (head(*state, heads[i].lines)->is_from_page != heads[i].is_from_page)
            fail_msg("%s", heads[i].lines);
}

/* ---------------------------------------------------------------- the timeout */

static void
timeout_is(struct world *w, const char *lines, int64_t expected)
{
    struct gw_request *r = head(w, lines);

    if (r->bad_header != NULL)
        fail_msg("%s is refused", lines);
    assert_int_equal(r->timeout_ns, expected);
}

static void
grpc_timeout_has_six_units(void **state)
{
    timeout_is(*state, "Grpc-Timeout: 1H\r\n", 3600 * SLUICE_SECOND);
    timeout_is(*state, "Grpc-Timeout: 2M\r\n", 120 * SLUICE_SECOND);
    timeout_is(*state, "Grpc-Timeout: 3S\r\n", 3 * SLUICE_SECOND);
    timeout_is(*state, "Grpc-Timeout: 4m\r\n", 4 * SLUICE_MS);
    timeout_is(*state, "Grpc-Timeout: 5u\r\n", 5000);
    timeout_is(*state, "Grpc-Timeout: 6n\r\n", 6);
    timeout_is(*state, "Grpc-Timeout: 0n\r\n", 0);
    timeout_is(*state, "Grpc-Timeout: 99999999S\r\n", 99999999 * SLUICE_SECOND);
}

static void
milliseconds_may_have_two_digits_more(void **state)
{
    timeout_is(*state, "Grpc-Timeout: 123456789m\r\n", 123456789 * SLUICE_MS);
    timeout_is(*state, "Grpc-Timeout: 9999999999m\r\n", 9999999999 * SLUICE_MS);
}

static void
a_malformed_grpc_timeout_is_named(void **state)
{
    static const char *const values[] = { "12345678901m", "12345678xm", "", "S",
        "1", "1x", "1 S", "-1S", "+1S", "1.5S", "123456789S", "1Ss", "1s" };

    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        char line[64];

        snprintf(line, sizeof line, "Grpc-Timeout: %s", values[i]);
        is_bad(*state, line, "Grpc-Timeout",
            "expected 1 to 8 digits and one of H M S m u n");
    }
}

static void
server_timeout_is_seconds_with_decimals(void **state)
{
    timeout_is(*state, "X-Server-Timeout: 2\r\n", 2 * SLUICE_SECOND);
    timeout_is(*state, "X-Server-Timeout: 0\r\n", 0);
    timeout_is(*state, "X-Server-Timeout: 007\r\n", 7 * SLUICE_SECOND);
    timeout_is(*state, "X-Server-Timeout: 0.5\r\n", SLUICE_SECOND / 2);
    timeout_is(*state, "X-Server-Timeout: 1.250\r\n", 1250 * SLUICE_MS);
    timeout_is(*state, "X-Server-Timeout: 0.000000001\r\n", 1);
    timeout_is(*state, "X-Server-Timeout: 2147483647.999999999\r\n",
        2147483648 * SLUICE_SECOND - 1);
    timeout_is(*state, "X-Server-Timeout: 0.30000000000000004\r\n",
        300 * SLUICE_MS);
}

static void
a_malformed_server_timeout_is_named(void **state)
{
    static const char *const values[] = { "", ".", "1.", ".5", "-1", "+1",
        "1e3", "0x10", "1 2", "1,5", "1.2.3", "1.x", "1s", "x", "2147483648",
        "99999999999999999999", "0.123456789x" };

    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        char line[64];

        snprintf(line, sizeof line, "X-Server-Timeout: %s", values[i]);
        is_bad(*state, line, "X-Server-Timeout",
            "expected seconds, such as 2 or 0.5");
    }
}

static void
of_several_timeouts_the_shortest_counts(void **state)
{
    timeout_is(*state, "Grpc-Timeout: 9S\r\nX-Server-Timeout: 3\r\n",
        3 * SLUICE_SECOND);
    timeout_is(*state, "X-Server-Timeout: 9\r\nGrpc-Timeout: 3S\r\n",
        3 * SLUICE_SECOND);
}

static void
the_first_bad_header_is_named(void **state)
{
    is_bad(*state, "Grpc-Timeout: x\r\nX-Server-Timeout: x", "Grpc-Timeout",
        "expected 1 to 8 digits and one of H M S m u n");
}

/* -------------------------------------------------------------- what is passed */

static void
the_usual_headers_are_passed(void **state)
{
    gives(*state,
        "Authorization: Bearer a b\r\nTraceparent: 00-1\r\n"
        "Tracestate: a=1\r\nX-Request-Id: r\r\n",
        "authorization=Bearer a b\ntraceparent=00-1\ntracestate=a=1\n"
        "x-request-id=r\n");
}

static void
all_of_x_forwarded_is_passed(void **state)
{
    gives(*state, "X-Forwarded-Host: a\r\nX-Forwarded-Proto: https\r\n",
        "x-forwarded-host=a\nx-forwarded-proto=https\n");
}

static void
the_allow_list_is_passed_in_any_case(void **state)
{
    gives(*state, "COOKIE: a=b\r\nX-Tenant: t\r\n", "cookie=a=b\nx-tenant=t\n");
}

static void
what_steers_us_is_passed_when_allowed(void **state)
{
    struct world *w = *state;

    gives(w, "Accept: text/x\r\n", "accept=text/x\n");
    assert_string_equal(w->in.accept, "text/x");
}

static void
anything_else_is_not_passed(void **state)
{
    gives(*state,
        "X-Other: 1\r\nAccept-Language: de\r\nContent-Type: a/b\r\n"
        "Origin: o\r\nX-Tenants: 1\r\n",
        "");
}

static void
prefixed_names_lose_their_prefix(void **state)
{
    gives(*state,
        "Grpc-Metadata-Color: red\r\ngrpc-metadata-X-B: 2\r\n"
        "GRPC-METADATA-Color: blue\r\n",
        "color=red\nx-b=2\ncolor=blue\n");
}

static void
a_prefix_alone_is_no_name(void **state)
{
    gives(*state, "Grpc-Metadata-: 1\r\nGrpc-Metadata: 2\r\n", "");
}

static void
reserved_names_are_never_passed(void **state)
{
    static const char *const names[] = { "Grpc-Timeout", "grpc-status", "grpc-",
        "grpc-tags-bin", "Connection", "Content-Encoding", "Content-Length",
        "Content-Type", "Host", "Keep-Alive", "Proxy-Authenticate",
        "Proxy-Authorization", "Proxy-Connection", "TE", "Trailer",
        "Transfer-Encoding", "Upgrade", "User-Agent" };

    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        char line[80];

        snprintf(line, sizeof line, "Grpc-Metadata-%s: x\r\n", names[i]);
        gives(*state, line, "");
    }
}

static void
names_that_only_look_reserved_are_passed(void **state)
{
    gives(*state, "Grpc-Metadata-Grpc: 1\r\nGrpc-Metadata-Te2: 2\r\n",
        "grpc=1\nte2=2\n");
}

static void
names_that_gRPC_cannot_carry_are_left_out(void **state)
{
    gives(*state, "Grpc-Metadata-A!b: 1\r\nGrpc-Metadata-A*: 2\r\n", "");
}

static void
names_of_any_length_are_left_out_or_passed(void **state)
{
    char name[260];
    char line[300];
    char expected[300];

    memset(name, 'a', sizeof name);
    snprintf(line, sizeof line, "Grpc-Metadata-%.257s: x\r\n", name);
    gives(*state, line, "");
    snprintf(line, sizeof line, "Grpc-Metadata-%.256s: x\r\n", name);
    snprintf(expected, sizeof expected, "%.256s=x\n", name);
    gives(*state, line, expected);
}

static void
values_that_gRPC_cannot_carry_are_left_out(void **state)
{
    gives(*state, "X-Tenant: \xc3\xa9\r\nCookie: a\tb\r\n", "");
}

static void
an_empty_value_is_passed(void **state)
{
    gives(*state, "X-Tenant:\r\n", "x-tenant=\n");
}

/* ---------------------------------------------------------------- binary values */

static void
binary_values_are_bytes_behind_base64(void **state)
{
    gives(*state,
        "Grpc-Metadata-A-Bin: aGk=\r\nGrpc-Metadata-B-Bin: aGk\r\n"
        "X-Raw-Bin: eA==\r\n",
        "a-bin=hi\nb-bin=hi\nx-raw-bin=x\n");
}

static void
joined_binary_values_are_several(void **state)
{
    gives(*state, "Grpc-Metadata-A-Bin: aGk=,eA==\r\n", "a-bin=hi\na-bin=x\n");
    gives(*state, "Grpc-Metadata-A-Bin: aGk ,\t eA ,\r\n",
        "a-bin=hi\na-bin=x\na-bin=\n");
}

static void
an_empty_binary_value_is_empty(void **state)
{
    gives(*state, "Grpc-Metadata-A-Bin:\r\n", "a-bin=\n");
}

static void
binary_values_that_are_no_base64_are_named(void **state)
{
    static const char why[] = "expected base64";

    is_bad(*state, "Grpc-Metadata-A-Bin: a", "Grpc-Metadata-A-Bin", why);
    is_bad(*state, "Grpc-Metadata-A-Bin: a-_b", "Grpc-Metadata-A-Bin", why);
    is_bad(*state, "Grpc-Metadata-A-Bin: a b=", "Grpc-Metadata-A-Bin", why);
    is_bad(*state, "Grpc-Metadata-A-Bin: aGk=,*", "Grpc-Metadata-A-Bin", why);
    is_bad(*state, "X-Raw-Bin: ====", "X-Raw-Bin", why);
}

static void
metadata_that_gRPC_cannot_carry_is_named(void **state)
{
    static const char why[] = "expected printable ASCII";

    is_bad(*state, "Grpc-Metadata-A: caf\xc3\xa9", "Grpc-Metadata-A", why);
    is_bad(*state, "Grpc-Metadata-A: b\tc", "Grpc-Metadata-A", why);
    gives(*state, "X-Request-Id: \xff\r\nGrpc-Metadata-TE: \xff\r\n", "");
}

static void
a_binary_header_that_is_not_passed_is_not_checked(void **state)
{
    gives(*state, "X-Other-Bin: *\r\nGrpc-Metadata-Grpc-X-Bin: *\r\n", "");
}

/* --------------------------------------------------------------- who called us */

static void
who_called_is_added_to_who_called_before(void **state)
{
    struct world *w = *state;

    head(w, "X-Forwarded-For: 10.0.0.1, 10.0.0.2\r\n");
    assert_string_equal(w->in.metadata,
        "x-forwarded-for=10.0.0.1, 10.0.0.2, 192.0.2.1\n");
}

static void
an_empty_list_of_callers_is_none(void **state)
{
    gives(*state, "X-Forwarded-For:\r\n", "");
}

static void
several_lines_of_callers_are_one_list(void **state)
{
    struct world *w = *state;

    head(w, "X-Forwarded-For: 10.0.0.1\r\nX-Forwarded-For: 10.0.0.2\r\n");
    assert_string_equal(w->in.metadata,
        "x-forwarded-for=10.0.0.1\nx-forwarded-for=10.0.0.2, 192.0.2.1\n");
}

static void
who_called_is_told_whatever_the_client_claims(void **state)
{
    char line[2048];
    char expected[2048];
    char callers[1500];

    gives(*state, "X-Forwarded-For: \xff\r\n", "");
    memset(callers, '1', sizeof callers);
    snprintf(line, sizeof line, "X-Forwarded-For: %.1500s\r\n", callers);
    snprintf(expected, sizeof expected, "x-forwarded-for=%.1500s\n", callers);
    gives(*state, line, expected);
}

/* --------------------------------------------------------------------- the body */

static void
media_is(const char *content_type, enum gw_media expected)
{
    struct gw_request r = { .content_type = sluice_str(content_type) };

    if (gw_request_media(&r) != expected)
        fail_msg("%s", content_type == NULL ? "(absent)" : content_type);
}

static void
json_in_UTF_8_is_taken(void **state)
{
    static const char *const types[] = { NULL, "", " \t", "application/json",
        "Application/JSON", " application/json ", "application/x-ndjson",
        "application/ndjson", "application/jsonl; charset=utf-8",
        "application/json;charset=utf-8", "application/json; charset=UTF-8",
        "application/json ; charset=\"utf-8\"", "application/json;charset=utf8",
        "application/json;", "application/json; ;", "application/json;v=1",
        "application/json;v=1; charset=utf-8" };

    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        media_is(types[i], GW_MEDIA_JSON);
}

static void
any_other_body_is_unsupported(void **state)
{
    static const char *const types[] = { "text/plain", "application/jsonx",
        "application/jsonls", "application/json-seq", "application/jso",
        "application", "json", "application/json+x", "application/x-protobuf",
        "application/grpc", "text/json", "application/x-www-form-urlencoded",
        ";", "; charset=utf-8", "application/json, text/plain",
        "application/json;charset=latin1", "application/json;charset=utf-16",
        "application/json;charset=", "application/json;charset=\"",
        "application/json;charset=\"utf-8",
        "application/json;CHARSET=iso-8859-1",
        "application/json;charset=utf-8;charset=utf-16" };

    (void)state;
    for (size_t i = 0; i < sizeof types / sizeof *types; i++)
        media_is(types[i], GW_MEDIA_UNSUPPORTED);
}

static void
a_body_is_announced_by_a_length_or_by_chunks(void **state)
{
    struct gw_request none = { 0 };
    struct gw_request empty = { .has_content_length = true };
    struct gw_request some = { .has_content_length = true,
        .content_length = 1 };
    struct gw_request chunked = { .is_chunked = true };

    (void)state;
    assert_false(gw_request_has_body(&none));
    assert_false(gw_request_has_body(&empty));
    assert_true(gw_request_has_body(&some));
    assert_true(gw_request_has_body(&chunked));
}

static void
a_content_type_that_is_passed_on_is_printable_UTF_8(void **state)
{
    static const char *const good[] = { "", "a/b", "a\tb",
        "a/b; c=\"\xc3\xa9\"" };
    static const char *const bad[] = { "\xff", "a/b\xc3", "a\001", "\x7f", "\r",
        "\n" };

    struct gw_request none = { 0 };

    (void)state;
    gw_request_check_content_type(&none);
    assert_null(none.bad_header);
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct gw_request r = { .content_type = sluice_str(good[i]) };

        gw_request_check_content_type(&r);
        assert_null(r.bad_header);
    }
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct gw_request r = { .content_type = sluice_str(bad[i]) };

        gw_request_check_content_type(&r);
        assert_string_equal(r.bad_header, "Content-Type");
        assert_string_equal(r.bad_reason, "expected printable UTF-8");
    }
}

static void
the_length_of_a_body_is_read(void **state)
{
    struct gw_request *r = head(*state, "Content-Length: 0\r\n");

    assert_true(r->has_content_length);
    assert_int_equal(r->content_length, 0);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_target_is_split_at_its_first_question_mark),
        cmocka_unit_test(an_empty_query_is_not_an_absent_one),
        cmocka_unit_test(only_the_given_length_is_looked_at),
        TEST(a_plain_head_steers_nothing),
        TEST(names_of_headers_may_be_in_any_case),
        TEST(every_header_is_counted),
        TEST(trailers_are_wanted_by_their_token),
        TEST(the_script_of_a_page_is_known),
        TEST(only_100_continue_can_be_expected),
        TEST(grpc_timeout_has_six_units),
        TEST(milliseconds_may_have_two_digits_more),
        TEST(a_malformed_grpc_timeout_is_named),
        TEST(server_timeout_is_seconds_with_decimals),
        TEST(a_malformed_server_timeout_is_named),
        TEST(of_several_timeouts_the_shortest_counts),
        TEST(the_first_bad_header_is_named),
        TEST(the_usual_headers_are_passed),
        TEST(all_of_x_forwarded_is_passed),
        TEST(the_allow_list_is_passed_in_any_case),
        TEST(what_steers_us_is_passed_when_allowed),
        TEST(anything_else_is_not_passed),
        TEST(prefixed_names_lose_their_prefix),
        TEST(a_prefix_alone_is_no_name),
        TEST(reserved_names_are_never_passed),
        TEST(names_that_only_look_reserved_are_passed),
        TEST(names_that_gRPC_cannot_carry_are_left_out),
        TEST(names_of_any_length_are_left_out_or_passed),
        TEST(values_that_gRPC_cannot_carry_are_left_out),
        TEST(an_empty_value_is_passed),
        TEST(binary_values_are_bytes_behind_base64),
        TEST(joined_binary_values_are_several),
        TEST(an_empty_binary_value_is_empty),
        TEST(binary_values_that_are_no_base64_are_named),
        TEST(metadata_that_gRPC_cannot_carry_is_named),
        TEST(a_binary_header_that_is_not_passed_is_not_checked),
        TEST(who_called_is_added_to_who_called_before),
        TEST(an_empty_list_of_callers_is_none),
        TEST(the_lines_of_a_list_are_one_list),
        TEST(several_lines_of_callers_are_one_list),
        TEST(who_called_is_told_whatever_the_client_claims),
        cmocka_unit_test(json_in_UTF_8_is_taken),
        cmocka_unit_test(any_other_body_is_unsupported),
        cmocka_unit_test(a_body_is_announced_by_a_length_or_by_chunks),
        cmocka_unit_test(a_content_type_that_is_passed_on_is_printable_UTF_8),
        TEST(the_length_of_a_body_is_read),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
