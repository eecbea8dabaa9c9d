/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/pretty.c - see pretty.h. */
#include "gateway/pretty.h"

#include "gateway/list.h"

/* "pretty", "pretty=true", "pretty=false", values perhaps in quotes. */
static enum route_pretty
parameter(struct sluice_str p)
{
    struct sluice_str name = { NULL, 0 };

    gw_list_next(&p, '=', &name);
    if (!gw_list_is(name, "pretty"))
        return ROUTE_PRETTY_UNASKED;
    if (p.ptr == NULL)
        return ROUTE_PRETTY_YES;
    p = gw_list_trim(p);
    if (gw_list_is(p, "true") || gw_list_is(p, "\"true\""))
        return ROUTE_PRETTY_YES;
    if (gw_list_is(p, "false") || gw_list_is(p, "\"false\""))
        return ROUTE_PRETTY_NO;
    return ROUTE_PRETTY_UNASKED;
}

/* One element of the list: a type and its parameters. */
static enum route_pretty
media_range(struct sluice_str range)
{
    enum route_pretty pretty = ROUTE_PRETTY_UNASKED;
    struct sluice_str part = { NULL, 0 };

    gw_list_next(&range, ';', &part);
    if (gw_list_is(part, "application/json+pretty"))
        return ROUTE_PRETTY_YES;
    if (!gw_list_is(part, "application/json"))
        return ROUTE_PRETTY_UNASKED;
    while (pretty == ROUTE_PRETTY_UNASKED && gw_list_next(&range, ';', &part))
        pretty = parameter(part);
    return pretty;
}

bool
gw_pretty(const struct route_asked *asked, struct sluice_str accept,
    bool by_default)
{
    enum route_pretty pretty = asked->pretty;
    struct sluice_str range;

    while (pretty == ROUTE_PRETTY_UNASKED && gw_list_next(&accept, ',', &range))
        pretty = media_range(range);
    return pretty == ROUTE_PRETTY_UNASKED ? by_default
                                          : pretty == ROUTE_PRETTY_YES;
}
