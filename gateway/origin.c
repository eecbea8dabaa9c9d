/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/origin.c - see origin.h. */
#include "gateway/origin.h"

#include <string.h>
#include <strings.h>

static bool
is_equal(struct sluice_str a, struct sluice_str b)
{
    return a.len == b.len && strncasecmp(a.ptr, b.ptr, a.len) == 0;
}

bool
gw_origin_is_listed(struct sluice_str origin, const char *const *list, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(list[i], "*") == 0 || is_equal(origin, sluice_str(list[i])))
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

bool
gw_origin_is_same(struct sluice_str origin, struct sluice_str host)
{
    const char *port = take_scheme(&origin);

    return port != NULL && host.len > 0 &&
        is_equal(without(origin, port), without(host, port));
}
