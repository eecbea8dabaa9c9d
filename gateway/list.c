/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/list.c - see list.h. */
#include "gateway/list.h"

#include <string.h>
#include <strings.h>

bool
gw_list_is(struct sluice_str s, const char *lower)
{
    return s.len == strlen(lower) && strncasecmp(s.ptr, lower, s.len) == 0;
}

static bool
is_blank(char c)
{
    return c == ' ' || c == '\t';
}

struct sluice_str
gw_list_trim(struct sluice_str s)
{
    while (s.len > 0 && is_blank(s.ptr[0])) {
        s.ptr++;
        s.len--;
    }
    while (s.len > 0 && is_blank(s.ptr[s.len - 1]))
        s.len--;
    return s;
}

bool
gw_list_next(struct sluice_str *rest, char separator, struct sluice_str *part)
{
    const char *end;

    *part = *rest;
    if (rest->ptr == NULL)
        return false;
    end = memchr(rest->ptr, separator, rest->len);
    if (end == NULL) {
        rest->ptr = NULL;
        rest->len = 0;
    } else {
        part->len = (size_t)(end - rest->ptr);
        rest->len -= part->len + 1;
        rest->ptr = end + 1;
    }
    *part = gw_list_trim(*part);
    return true;
}
