/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/page.h - pages that are built in: files of the program itself that
 * browsers see beside the routes, at paths that no route claims. A page may
 * load and call its own origin and nothing else, which its headers say.
 *
 * Thread      Pages do not change once they are there: any.
 */
#ifndef GW_PAGE_H
#define GW_PAGE_H

#include "gateway/exchange.h"

/* The quotes, a SHA-1 in hexadecimal, a NUL. */
#define GW_PAGE_TAG_BYTES (2 + 2 * 20 + 1)

struct gw_page {
    const char *path;
    const char *type; /* of content */
    const void *data;
    size_t size;
    char tag[GW_PAGE_TAG_BYTES]; /* ETag, by gw_page_init() */
};

/* Everything but the tag is there. */
void gw_page_init(struct gw_page *page);

/* Makes the page that x asks for, or what is wrong with how it asks, the
 * answer. False: there is no page at that path. */
bool gw_page_answer(struct gw_exchange *x);

/* Adds what browsers have to know of the page that the answer is. */
bool gw_page_headers(const struct gw_page *page, struct MHD_Response *response);

#endif
