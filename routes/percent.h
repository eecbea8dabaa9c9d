/* SPDX-License-Identifier: Apache-2.0 */
/*
 * routes/percent.h - percent-encoding, by length and never by NUL: bytes of a
 * path or a query to values, and the one spelling under which literals are
 * compared. Also how outside text is quoted in messages.
 */
#ifndef ROUTE_PERCENT_H
#define ROUTE_PERCENT_H

#include <stdbool.h>
#include <stddef.h>

/* The value of a hexadecimal digit, or -1. */
int route_hex(char c);

/* The byte that the escape at s stands for; -1 if s does not begin with one. */
int route_escape(const char *s, size_t len);

/* A-Z a-z 0-9 - . _ ~ (RFC 3986 section 2.3). */
bool route_is_unreserved(unsigned char c);

/* ! # $ & ' ( ) * + , / : ; = ? @ [ ] (RFC 3986 section 2.2, and %). */
bool route_is_reserved(unsigned char c);

enum route_decode {
    ROUTE_DECODE_ALL,             /* a single segment */
    ROUTE_DECODE_EXCEPT_SLASH,    /* fully_decode_reserved_expansion */
    ROUTE_DECODE_EXCEPT_RESERVED, /* several segments */
    ROUTE_DECODE_FORM             /* a query: all, and '+' is a space */
};

/* Decodes into out, which has room for len bytes, and returns how many there
 * are. What is not to be decoded stays as written. Every escape must be well
 * formed, as route_is_well_encoded() says. */
size_t route_percent_decode(const char *s, size_t len, enum route_decode how,
    char *out);

/* True if s is made of printable ASCII without spaces and every '%' begins an
 * escape. */
bool route_is_well_encoded(const char *s, size_t len);

/* The one spelling: escapes of unreserved characters become the characters,
 * the others get upper-case digits. Returns its length, or room + 1 when it
 * does not fit. Escapes must be well formed. */
size_t route_normalise(const char *s, size_t len, char *out, size_t room);

/* True of "." and "..", in any spelling, alone or with parameters behind a ";":
 * other programs drop those (/a/..;x=1/b), so none of them may mean a route.
 * Escapes need not be well formed. */
bool route_is_dot_segment(const char *s, size_t len);

/* No overlong forms, surrogates or bytes outside Unicode. */
bool route_is_utf8(const char *s, size_t len);

#define ROUTE_QUOTE_MAX 64

/* s for a message: printable, shortened, without its quotes; returns out. */
const char *route_quote(const char *s, size_t len, char out[ROUTE_QUOTE_MAX]);

#endif
