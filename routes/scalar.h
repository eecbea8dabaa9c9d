/* SPDX-License-Identifier: Apache-2.0 */
/*
 * routes/scalar.h - the little languages inside the texts of a route file:
 * durations, sizes, addresses, selectors, names of headers.
 */
#ifndef ROUTE_SCALAR_H
#define ROUTE_SCALAR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* "5s", "0.25s", "100ms", "2m", "1h": digits, perhaps a fraction, a unit. That
 * takes in every Duration of ProtoJSON that is not negative. Exact to a
 * nanosecond; false if malformed or above 2^63 - 1. */
bool route_parse_duration(const char *text, int64_t *ns);

/* "8KiB", "4MiB", "1GiB", "512", and B, KB, MB, GB by thousands. */
bool route_parse_size(const char *text, int64_t *bytes);

/* host:port, [::1]:port, unix:/path. The port may be 0 to listen. */
bool route_is_listen_address(const char *text);

/* dns:///host:port, dns://authority/host:port, dns:host:port,
 * ipv4:a.b.c.d:port, ipv6:[::]:port, unix:path, unix:///path, inproc:NAME,
 * host:port. */
bool route_is_target(const char *text);

/* Comma-separated names; the last component of each may be "*". */
bool route_is_selector(const char *text);

/* Walks over the patterns of a selector: the next one in *pattern and *len,
 * without blanks. *cursor begins as the selector. False behind the last. */
bool route_selector_next(const char **cursor, const char **pattern,
    size_t *len);

/* pkg.Service: identifiers with dots. */
bool route_is_full_name(const char *text, size_t len);

/* How much of the text's first len bytes, or of what stands before its NUL, is an
 * HTTP token (RFC 9110 section 5.6.2). */
size_t route_token_length(const char *text, size_t len);

/* Such a token: a method or header name. */
bool route_is_token(const char *text);

/* type/subtype, perhaps with parameters, whose syntax is not looked at: what
 * can be a Content-Type. At most 255 bytes. */
bool route_is_media_type(const char *text);

#endif
