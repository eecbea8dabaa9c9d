/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/page.c - see page.h. */
#include "gateway/page.h"

#include <sha1.h>
#include <stdio.h>

#include <sluice/status.h>

#include "gateway/list.h"
#include "gateway/reply.h"
#include "gateway/worker.h"

void
gw_page_init(struct gw_page *page)
{
    char digest[SHA1_DIGEST_STRING_LENGTH];

    (void)SHA1Data(page->data, page->size, digest);
    snprintf(page->tag, sizeof page->tag, "\"%s\"", digest);
}

/* ------------------------------------------------------------------ requests */

static const struct gw_page *
find(const struct gw_pages *pages, const struct gw_request *r)
{
    for (size_t i = 0; i < pages->n; i++) {
        const struct gw_page *page = &pages->page[i];

        if (strlen(page->path) == r->path_len &&
            memcmp(page->path, r->target, r->path_len) == 0)
            return page;
    }
    return NULL;
}

/* RFC 9110 section 13.1.2, by weak comparison: who compresses a page on the way
 * makes its tag a weak one. */
static bool
is_known(const struct gw_page *page, struct MHD_Connection *mhd)
{
    const char *value = MHD_lookup_connection_value(mhd, MHD_HEADER_KIND,
        MHD_HTTP_HEADER_IF_NONE_MATCH);
    char weak[2 + GW_PAGE_TAG_BYTES];
    struct sluice_str list;

    if (value == NULL)
        return false;
    list = sluice_str(value);
    snprintf(weak, sizeof weak, "w/%s", page->tag);
    return gw_list_has(list, page->tag) || gw_list_has(list, weak) ||
        gw_list_has(list, "*");
}

static void
show(struct gw_exchange *x, const struct gw_page *page)
{
    struct sluice_bytes *body =
        sluice_bytes_wrap(page->data, page->size, NULL, NULL);

    if (body == NULL) {
        gw_reply_error(x, 500, SLUICE_CODE_INTERNAL, "memory",
            "memory is short");
        return;
    }
    gw_reply_ok(x, body);
    /* With the length that a 200 has; MHD leaves the body out. */
    if (is_known(page, x->mhd))
        x->reply.status = 304;
    x->reply.content_type = page->type;
    x->reply.outcome = "page";
    x->reply.page = page;
}

bool
gw_page_answer(struct gw_exchange *x)
{
    const struct gw_page *page = find(&x->worker->shared->pages, &x->request);

    if (page == NULL || x->request.is_websocket)
        return false;
    if (!gw_request_is(&x->request, "GET") &&
        !gw_request_is(&x->request, "HEAD")) {
        gw_reply_error(x, 405, SLUICE_CODE_UNIMPLEMENTED, "method",
            "a page is there for GET and HEAD");
        x->reply.allow = "GET, HEAD";
        return true;
    }
    show(x, page);
    return true;
}

/* ------------------------------------------------------------------- answers */

bool
gw_page_headers(const struct gw_page *page, struct MHD_Response *response)
{
    const char *const headers[][2] = {
        { MHD_HTTP_HEADER_ETAG, page->tag },
        /* It may be kept, but is asked about: the program may be a new one. */
        { MHD_HTTP_HEADER_CACHE_CONTROL, "no-cache" },
        { "Content-Security-Policy",
            "default-src 'none'; script-src 'self'; style-src 'self'; "
            "connect-src 'self'; img-src data:; base-uri 'none'; "
            "form-action 'none'; frame-ancestors 'none'" },
        { "X-Content-Type-Options", "nosniff" },
        { "Referrer-Policy", "no-referrer" },
    };

    for (size_t i = 0; i < sizeof headers / sizeof *headers; i++)
        if (MHD_add_response_header(response, headers[i][0], headers[i][1]) !=
            MHD_YES)
            return false;
    return true;
}
