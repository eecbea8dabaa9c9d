/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/media_type.c - see media_type.h. */
#include "gateway/media_type.h"

#include <string.h>

#include "gateway/list.h"

bool
gw_media_type_is(struct sluice_str content_type, const char *type)
{
    struct sluice_str name;

    if (content_type.len < strlen(type))
        return false;
    gw_list_next(&content_type, ';', &name);
    return gw_list_is(name, type);
}

static struct sluice_str
unquoted(struct sluice_str s)
{
    if (s.len >= 2 && s.ptr[0] == '"' && s.ptr[s.len - 1] == '"')
        return sluice_str_n(s.ptr + 1, s.len - 2);
    return s;
}

/* Only UTF-8 is JSON (RFC 8259 section 8.1). */
static bool
is_utf8_parameter(struct sluice_str parameter)
{
    struct sluice_str name;
    struct sluice_str charset;

    gw_list_next(&parameter, '=', &name);
    if (!gw_list_is(name, "charset"))
        return true;
    charset = unquoted(gw_list_trim(parameter));
    return gw_list_is(charset, "utf-8") || gw_list_is(charset, "utf8");
}

bool
gw_media_type_is_utf8(struct sluice_str content_type)
{
    struct sluice_str parameter;

    gw_list_next(&content_type, ';', &parameter);
    while (gw_list_next(&content_type, ';', &parameter))
        if (!is_utf8_parameter(parameter))
            return false;
    return true;
}
