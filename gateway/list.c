/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/list.c - see list.h. */
#include "gateway/list.h"

#include <ctype.h>
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

/* The parameters of the element whose token it is. */
static bool
find(struct sluice_str list, const char *token, struct sluice_str *parameters)
{
    size_t least = strlen(token);
    struct sluice_str name;

    while (gw_list_next(&list, ',', parameters)) {
        if (parameters->len < least ||
            !gw_list_may_be(*parameters->ptr, *token))
            continue;
        gw_list_next(parameters, ';', &name);
        if (gw_list_is(name, token))
            return true;
    }
    return false;
}

bool
gw_list_has(struct sluice_str list, const char *token)
{
    struct sluice_str parameters;

    return find(list, token, &parameters);
}

/* "0.5" in thousandths; what is no weight weighs nothing. */
static unsigned
parse_q(struct sluice_str s)
{
    unsigned q = 0;
    unsigned unit = GW_LIST_Q_ONE;

    if (s.len == 0 || s.len > 5 || (s.ptr[0] != '0' && s.ptr[0] != '1') ||
        (s.len > 1 && s.ptr[1] != '.'))
        return 0;
    for (size_t i = 0; i < s.len; i++) {
        if (i == 1)
            continue;
        if (!isdigit((unsigned char)s.ptr[i]))
            return 0;
        q += (unsigned)(s.ptr[i] - '0') * unit;
        unit /= 10;
    }
    return q > GW_LIST_Q_ONE ? GW_LIST_Q_ONE : q;
}

unsigned
gw_list_weight(struct sluice_str parameters)
{
    struct sluice_str p, name;

    while (gw_list_next(&parameters, ';', &p)) {
        gw_list_next(&p, '=', &name);
        if (gw_list_is(name, "q"))
            return p.ptr == NULL ? 0 : parse_q(gw_list_trim(p));
    }
    return GW_LIST_Q_ONE;
}

bool
gw_list_takes(struct sluice_str list, const char *coding)
{
    struct sluice_str parameters;

    return find(list, coding, &parameters) && gw_list_weight(parameters) > 0;
}
