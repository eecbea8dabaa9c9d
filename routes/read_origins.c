/* SPDX-License-Identifier: Apache-2.0 */
/*
 * routes/read_origins.c - origins of pages, as cors: and websocket: name them.
 * What a browser would write in another way would never be met, so it is a
 * mistake.
 */
#include "routes/read.h"

#include <ctype.h>
#include <string.h>

static bool
is_host_char(char c)
{
    return (c >= 'a' && c <= 'z') || isdigit((unsigned char)c) || c == '-' ||
        c == '.' || c == '_' || c == ':' || c == '[' || c == ']';
}

static bool
is_scheme(const char *text, const char *end)
{
    for (const char *c = text; c < end; c++)
        if (!(*c >= 'a' && *c <= 'z') && (c == text || !is_host_char(*c)))
            return false;
    return end > text;
}

/* The port that goes without saying. */
static bool
says_default_port(const char *origin)
{
    static const char *const schemes[][2] = { { "https://", ":443" },
        { "http://", ":80" } };
    const char *port = strrchr(origin, ':');

    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++)
        if (strncmp(origin, schemes[i][0], strlen(schemes[i][0])) == 0)
            return strcmp(port, schemes[i][1]) == 0;
    return false;
}

/* As browsers write them (RFC 6454 section 6.1): a scheme, a host in lower case
 * and perhaps a port; in place of the leftmost label "*" may stand. */
static bool
is_origin(const char *text)
{
    const char *host = strstr(text, "://");

    if (strcmp(text, "*") == 0)
        return true;
    if (host == NULL || !is_scheme(text, host))
        return false;
    host += 3;
    if (strncmp(host, "*.", 2) == 0)
        host += 2;
    if (*host == '\0' || *host == '.' || *host == ':')
        return false;
    for (; *host != '\0'; host++)
        if (!is_host_char(*host))
            return false;
    return !says_default_port(text);
}

void
route_read_origins(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, const char *const **origins, size_t *n)
{
    route_read_texts(r, key, v, is_origin,
        "*, or an origin as browsers write it, such as https://example.com or "
        "https://*.example.com",
        origins, n);
}
