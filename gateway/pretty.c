/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/pretty.c - see pretty.h. */
#include "gateway/pretty.h"

#include <string.h>
#include <strings.h>

static bool
is(struct sluice_str s, const char *lower)
{
    return s.len == strlen(lower) && strncasecmp(s.ptr, lower, s.len) == 0;
}

static struct sluice_str
trim(struct sluice_str s)
{
    while (s.len > 0 && (s.ptr[0] == ' ' || s.ptr[0] == '\t')) {
        s.ptr++;
        s.len--;
    }
    while (s.len > 0 && (s.ptr[s.len - 1] == ' ' || s.ptr[s.len - 1] == '\t'))
        s.len--;
    return s;
}

/* Cuts off what stands before the separator; false: there is nothing more. */
static bool
next_part(struct sluice_str *rest, char separator, struct sluice_str *part)
{
    const char *end;

    if (rest->ptr == NULL)
        return false;
    end = memchr(rest->ptr, separator, rest->len);
    *part = *rest;
    if (end == NULL) {
        rest->ptr = NULL;
        rest->len = 0;
    } else {
        part->len = (size_t)(end - rest->ptr);
        rest->len -= part->len + 1;
        rest->ptr = end + 1;
    }
    *part = trim(*part);
    return true;
}

/* "pretty", "pretty=true", "pretty=false", values perhaps in quotes. */
static enum route_pretty
parameter(struct sluice_str p)
{
    struct sluice_str name = { NULL, 0 };

    next_part(&p, '=', &name);
    if (!is(name, "pretty"))
        return ROUTE_PRETTY_UNASKED;
    if (p.ptr == NULL)
        return ROUTE_PRETTY_YES;
    p = trim(p);
    if (is(p, "true") || is(p, "\"true\""))
        return ROUTE_PRETTY_YES;
    if (is(p, "false") || is(p, "\"false\""))
        return ROUTE_PRETTY_NO;
    return ROUTE_PRETTY_UNASKED;
}

/* One element of the list: a type and its parameters. */
static enum route_pretty
media_range(struct sluice_str range)
{
    enum route_pretty pretty = ROUTE_PRETTY_UNASKED;
    struct sluice_str part = { NULL, 0 };

    next_part(&range, ';', &part);
    if (is(part, "application/json+pretty"))
        return ROUTE_PRETTY_YES;
    if (!is(part, "application/json"))
        return ROUTE_PRETTY_UNASKED;
    while (pretty == ROUTE_PRETTY_UNASKED && next_part(&range, ';', &part))
        pretty = parameter(part);
    return pretty;
}

bool
gw_pretty(const struct route_asked *asked, struct sluice_str accept,
    bool by_default)
{
    enum route_pretty pretty = asked->pretty;
    struct sluice_str range;

    while (pretty == ROUTE_PRETTY_UNASKED && next_part(&accept, ',', &range))
        pretty = media_range(range);
    return pretty == ROUTE_PRETTY_UNASKED ? by_default
                                          : pretty == ROUTE_PRETTY_YES;
}
