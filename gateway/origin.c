/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/origin.c - see origin.h. */
#include "gateway/origin.h"

#include <ctype.h>
#include <string.h>
#include <strings.h>

/* What stands for a star is part of a host's name and nothing else. */
static bool
fits(const char *pattern, struct sluice_str origin)
{
    const char *star = strchr(pattern, '*');
    size_t before, after;

    if (star == NULL)
        return sluice_str_equal(origin, sluice_str(pattern));
    before = (size_t)(star - pattern);
    after = strlen(star + 1);
    if (origin.len <= before + after ||
        memcmp(origin.ptr, pattern, before) != 0 ||
        memcmp(origin.ptr + origin.len - after, star + 1, after) != 0)
        return false;
    for (size_t i = before; i < origin.len - after; i++) {
        unsigned char c = (unsigned char)origin.ptr[i];

        if (!isalnum(c) && c != '-' && c != '.' && c != '_')
            return false;
    }
    return true;
}

bool
gw_origin_is_listed(struct sluice_str origin, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i], "*") == 0 || fits(list[i], origin))
            return true;
    return false;
}

/* Takes the scheme off; its default port, with the colon, or NULL. */
static const char *
take_scheme(struct sluice_str *origin)
{
    static const struct {
        const char *text;
        const char *port;
    } schemes[] = { { "https://", ":443" }, { "http://", ":80" } };

    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        size_t len = strlen(schemes[i].text);

        if (origin->len > len &&
            strncasecmp(origin->ptr, schemes[i].text, len) == 0) {
            origin->ptr += len;
            origin->len -= len;
            return schemes[i].port;
        }
    }
    return NULL;
}

static struct sluice_str
without(struct sluice_str authority, const char *port)
{
    size_t len = strlen(port);

    if (authority.len > len &&
        memcmp(authority.ptr + authority.len - len, port, len) == 0)
        authority.len -= len;
    return authority;
}

static bool
is_equal(struct sluice_str a, struct sluice_str b)
{
    return a.len == b.len && strncasecmp(a.ptr, b.ptr, a.len) == 0;
}

bool
gw_origin_is_same(struct sluice_str origin, struct sluice_str host)
{
    const char *port = take_scheme(&origin);

    return port != NULL && host.len > 0 &&
        is_equal(without(origin, port), without(host, port));
}
