/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/origin.h - whether the page that a browser says it acts for (RFC
 * 6454, the Origin header) may do so. No I/O.
 */
#ifndef GW_ORIGIN_H
#define GW_ORIGIN_H

#include <stdbool.h>
#include <stddef.h>

#include <sluice/bytes.h>

/* True if origin is one of a configured list, in which "*" is every origin, and
 * in place of the leftmost label of a host one or more. Browsers write origins
 * in lower case, and so does the list. */
bool gw_origin_is_listed(struct sluice_str origin, const char *const *list,
    size_t n);

/* True if origin is where host, the value of Host, leads to: the same name and
 * the same port, the scheme's own if none is said. The scheme itself cannot be
 * compared: a proxy may have taken TLS off. */
bool gw_origin_is_same(struct sluice_str origin, struct sluice_str host);

#endif
