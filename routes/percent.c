/* SPDX-License-Identifier: Apache-2.0 */
/*
 * routes/percent.c - percent-encoding and what goes with it.
 */
#include "routes/percent.h"

#include <stdint.h>
#include <string.h>

int
route_hex(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

int
route_escape(const char *s, size_t len)
{
    int high, low;

    if (len < 3 || s[0] != '%')
        return -1;
    high = route_hex(s[1]);
    low = route_hex(s[2]);
    return high < 0 || low < 0 ? -1 : high << 4 | low;
}

bool
route_is_unreserved(unsigned char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
        (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_' || c == '~';
}

bool
route_is_reserved(unsigned char c)
{
    return c != '\0' && strchr("!#$&'()*+,/:;=?@[]", c) != NULL;
}

static bool
is_decoded(unsigned char c, enum route_decode how)
{
    switch (how) {
    case ROUTE_DECODE_ALL:
    case ROUTE_DECODE_FORM:
        return true;
    case ROUTE_DECODE_EXCEPT_SLASH:
        return c != '/';
    case ROUTE_DECODE_EXCEPT_RESERVED:
        return !route_is_reserved(c);
    }
    return true;
}

size_t
route_percent_decode(const char *s, size_t len, enum route_decode how,
    char *out)
{
    size_t n = 0;

    for (size_t i = 0; i < len;) {
        int c = s[i] == '%' ? route_escape(s + i, len - i) : -1;

        if (c >= 0 && is_decoded((unsigned char)c, how)) {
            out[n++] = (char)c;
            i += 3;
        } else {
            out[n++] = s[i] == '+' && how == ROUTE_DECODE_FORM ? ' ' : s[i];
            i++;
        }
    }
    return n;
}

bool
route_is_well_encoded(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (s[i] <= 0x20 || s[i] >= 0x7f)
            return false;
        if (s[i] == '%' && route_escape(s + i, len - i) < 0)
            return false;
    }
    return true;
}

static char
upper(char c)
{
    return c >= 'a' && c <= 'z' ? (char)(c - 'a' + 'A') : c;
}

size_t
route_normalise(const char *s, size_t len, char *out, size_t room)
{
    size_t n = 0;

    for (size_t i = 0; i < len;) {
        int c = s[i] == '%' ? route_escape(s + i, len - i) : -1;
        size_t width = c >= 0 && !route_is_unreserved((unsigned char)c) ? 3 : 1;

        if (room - n < width)
            return room + 1;
        if (width == 3) {
            out[n] = '%';
            out[n + 1] = upper(s[i + 1]);
            out[n + 2] = upper(s[i + 2]);
        } else {
            out[n] = c >= 0 ? (char)c : s[i];
        }
        n += width;
        i += c >= 0 ? 3 : 1;
    }
    return n;
}

bool
route_is_dot_segment(const char *s, size_t len)
{
    size_t i = 0;
    unsigned dots = 0;

    for (; dots < 3 && i < len; dots++) {
        if (s[i] == '.')
            i++;
        else if (route_escape(s + i, len - i) == '.')
            i += 3;
        else
            break;
    }
    return (dots == 1 || dots == 2) &&
        (i == len || s[i] == ';' || route_escape(s + i, len - i) == ';');
}

/* Length of the UTF-8 sequence at s, 0 if it is not one (RFC 3629). */
static size_t
utf8_sequence(const unsigned char *s, size_t len)
{
    unsigned char low = 0x80, high = 0xbf;
    size_t n;

    if (s[0] < 0x80)
        return 1;
    if (s[0] < 0xc2 || s[0] > 0xf4)
        return 0;
    n = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    if (len < n)
        return 0;
    if (s[0] == 0xe0)
        low = 0xa0; /* overlong */
    else if (s[0] == 0xed)
        high = 0x9f; /* surrogates */
    else if (s[0] == 0xf0)
        low = 0x90; /* overlong */
    else if (s[0] == 0xf4)
        high = 0x8f; /* past U+10FFFF */
    if (s[1] < low || s[1] > high)
        return 0;
    for (size_t i = 2; i < n; i++) {
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    }
    return n;
}

bool
route_is_utf8(const char *s, size_t len)
{
    const unsigned char *p = (const unsigned char *)s;

    for (size_t i = 0; i < len;) {
        size_t n = utf8_sequence(p + i, len - i);

        if (n == 0)
            return false;
        i += n;
    }
    return true;
}

const char *
route_quote(const char *s, size_t len, char out[ROUTE_QUOTE_MAX])
{
    static const char digits[] = "0123456789ABCDEF";
    const unsigned char *p = (const unsigned char *)s;
    size_t n = 0, i = 0;

    while (i < len && n < ROUTE_QUOTE_MAX - 8) {
        size_t width = utf8_sequence(p + i, len - i);

        if (width == 0 || p[i] < 0x20 || p[i] == 0x7f) {
            out[n++] = '\\';
            out[n++] = 'x';
            out[n++] = digits[p[i] >> 4];
            out[n++] = digits[p[i] & 15];
            i++;
        } else {
            memcpy(out + n, s + i, width);
            n += width;
            i += width;
        }
    }
    if (i < len) {
        memcpy(out + n, "...", 3);
        n += 3;
    }
    out[n] = '\0';
    return out;
}
