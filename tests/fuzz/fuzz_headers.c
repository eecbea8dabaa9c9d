/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as the values of headers that are lists, types, origins or parts of
 * a WebSocket's handshake. What is said twice, in another case or with other
 * blanks around its separators means the same; what is asked for first and
 * plainly is what comes out.
 */
#include <assert.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>

#include <sluice/grpc.h>

#include "gateway/accept.h"
#include "gateway/handshake.h"
#include "gateway/list.h"
#include "gateway/media_type.h"
#include "gateway/origin.h"
#include "gateway/pretty.h"
#include "gateway/request.h"
#include "tests/fuzz/input.h"

#define VALUE_MAX ((size_t)4096)

/* A value with something before, or in another spelling; exactly as long, so that
 * nothing behind it can be read unnoticed. */
static char *
spelled(struct sluice_str before, struct sluice_str value, bool upper,
    size_t *len)
{
    char *text = malloc(before.len + 3 * value.len + 1), *p = text;

    assert(text != NULL);
    if (before.len > 0)
        memcpy(p, before.ptr, before.len);
    p += before.len;
    for (size_t i = 0; i < value.len; i++) {
        char c = value.ptr[i];
        bool is_separator = upper && (c == ',' || c == ';');

        if (is_separator)
            *p++ = ' ';
        *p++ = upper ? (char)toupper((unsigned char)c) : c;
        if (is_separator)
            *p++ = '\t';
    }
    *len = (size_t)(p - text);
    text = realloc(text, *len + (*len == 0));
    assert(text != NULL);
    return text;
}

/* ---- Lists ------------------------------------------------------------------- */

/* The parts stand in the list one after the other, and that is all of it. */
static void
check_list(struct sluice_str list, char separator)
{
    struct sluice_str rest = list, part;
    const char *at = list.ptr;

    while (gw_list_next(&rest, separator, &part)) {
        assert(part.ptr >= at && part.ptr + part.len <= list.ptr + list.len);
        assert(memchr(part.ptr, separator, part.len) == NULL);
        assert(part.len == 0 || !isblank((unsigned char)part.ptr[0]));
        assert(
            part.len == 0 || !isblank((unsigned char)part.ptr[part.len - 1]));
        assert(rest.ptr == NULL || rest.ptr > part.ptr + part.len - 1);
        at = rest.ptr;
    }
    assert(rest.ptr == NULL && rest.len == 0 && part.len == 0);
}

/* What is put first counts. */
static void
check_codings(struct sluice_str list)
{
    static const char *const firsts[] = { "gzip,", "x, gzip;q=0 ,",
        "GZIP;q=0.001,", "gzip;q=0.000," };
    size_t len;

    for (unsigned i = 0; i < 4; i++) {
        char *text = spelled(sluice_str(firsts[i]), list, false, &len);

        assert(gw_list_has(sluice_str_n(text, len), "gzip"));
        assert(gw_list_takes(sluice_str_n(text, len), "gzip") == (i % 2 == 0));
        free(text);
    }
    if (gw_list_takes(list, "gzip"))
        assert(gw_list_has(list, "gzip"));
}

/* ---- Accept -------------------------------------------------------------------- */

static const char *const stream_types[] = {
    [GW_STREAM_NDJSON] = "application/x-ndjson,",
    [GW_STREAM_ARRAY] = "application/json,",
    [GW_STREAM_SSE] = "text/event-stream,",
};

static void
check_accept(struct sluice_str accept)
{
    static const struct sluice_str nothing = { "", 0 };
    enum gw_stream_type type = gw_accept_stream(accept);
    struct route_asked asked = { .pretty = ROUTE_PRETTY_UNASKED };
    bool is_pretty = gw_pretty(&asked, accept, false);
    size_t len;
    char *text = spelled(nothing, accept, true, &len);
    struct sluice_str upper = sluice_str_n(text, len);

    assert(gw_accept_stream(upper) == type);
    assert(gw_pretty(&asked, upper, false) == is_pretty);
    free(text);
    for (unsigned i = 0; i < 3; i++) {
        text = spelled(sluice_str(stream_types[i]), accept, false, &len);
        assert(gw_accept_stream(sluice_str_n(text, len)) ==
            (enum gw_stream_type)i);
        free(text);
    }
    text = spelled(sluice_str("application/json+pretty,"), accept, false, &len);
    assert(gw_pretty(&asked, sluice_str_n(text, len), false));
    free(text);
}

/* ---- Content-Type ---------------------------------------------------------------- */

static void
check_type(struct sluice_str type)
{
    struct gw_request r = { .content_type = type };
    size_t len;
    char *text = spelled(sluice_str("application/json;"), type, false, &len);
    struct sluice_str ours = sluice_str_n(text, len);

    assert(gw_media_type_is(ours, "application/json"));
    if (gw_media_type_is(type, "application/json"))
        assert((gw_request_media(&r) == GW_MEDIA_JSON) ==
            gw_media_type_is_utf8(type));
    gw_request_check_content_type(&r);
    if (r.bad_header == NULL)
        assert(type.len == 0 || memchr(type.ptr, '\n', type.len) == NULL);
    free(text);
}

/* ---- Origin ---------------------------------------------------------------------- */

static void
check_origin(struct sluice_str origin, struct sluice_str host)
{
    static const char *const any[] = { "http://a", "*" };
    char *url;
    size_t len;

    assert(gw_origin_is_listed(origin, any, 2));
    url = spelled(sluice_str("https://"), host, false, &len);
    assert(gw_origin_is_same(sluice_str_n(url, len), host) == (host.len > 0));
    free(url);
    if (gw_origin_is_same(origin, host))
        assert(origin.len + sizeof ":443" > host.len + sizeof "http:/");
}

/* ---- Handshake ------------------------------------------------------------------- */

static void
check_good(const struct gw_handshake *h)
{
    char accept[GW_WEBSOCKET_ACCEPT_LEN + 1];
    uint8_t digest[GW_WEBSOCKET_ACCEPT_LEN];

    assert(h->has_upgrade && h->n_keys == 1 && h->n_versions == 1);
    assert(sluice_str_equal(h->version, sluice_str(GW_WEBSOCKET_VERSION)));
    gw_handshake_accept(h->key, accept);
    assert(strlen(accept) == GW_WEBSOCKET_ACCEPT_LEN);
    assert(sluice_base64_decode(accept, GW_WEBSOCKET_ACCEPT_LEN, digest) == 20);
}

/* Fields of any value; said twice they are no better. */
static void
check_handshake(struct fuzz_input *in)
{
    static const char *const names[] = { "Upgrade", "connection",
        "Sec-WebSocket-Key", "sec-websocket-version", "Sec-WebSocket-Protocol",
        "Sec-WebSocket-Extensions" };
    struct gw_handshake h = { .is_wanted = false };
    struct fuzz_input again = *in;
    struct gw_handshake_fault fault;

    while (!fuzz_has_ended(in)) {
        const char *name = names[fuzz_below(in, 6)];

        (void)gw_handshake_read(&h, name, strlen(name), fuzz_text(in));
    }
    if (!gw_handshake_check(&h, "GET", &fault)) {
        assert(fault.status == 400 || fault.status == 426);
        assert(fault.field != NULL && fault.expected != NULL);
        return;
    }
    check_good(&h);
    while (!fuzz_has_ended(&again)) {
        const char *name = names[fuzz_below(&again, 6)];

        (void)gw_handshake_read(&h, name, strlen(name), fuzz_text(&again));
    }
    assert(!gw_handshake_check(&h, "GET", &fault));
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = { data, size };
    unsigned what = fuzz_below(&in, 5);
    struct sluice_str first;

    if (size > VALUE_MAX)
        return 0;
    switch (what) {
    case 0:
        check_accept(fuzz_rest(&in));
        break;
    case 1:
        first = fuzz_rest(&in);
        check_list(first, ',');
        check_list(first, ';');
        check_codings(first);
        break;
    case 2:
        check_type(fuzz_rest(&in));
        break;
    case 3:
        first = fuzz_text(&in);
        check_origin(first, fuzz_rest(&in));
        break;
    default:
        check_handshake(&in);
        break;
    }
    return 0;
}
