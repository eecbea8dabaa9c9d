/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/list.h - the value of a header as a list: elements between commas,
 * their parameters between semicolons (RFC 9110 section 5.6). Quoted strings
 * are not looked into: nobody who is asked here needs a separator in one.
 */
#ifndef GW_LIST_H
#define GW_LIST_H

#include <sluice/metadata.h>

/* In any case; lower is in lower case. */
bool gw_list_is(struct sluice_str s, const char *lower);

/* Without the blanks around it. */
struct sluice_str gw_list_trim(struct sluice_str s);

/* Cuts off what stands before the next separator, trimmed. False, with an empty
 * part: there is nothing more; rest->ptr is NULL then, and after the last. */
bool gw_list_next(struct sluice_str *rest, char separator,
    struct sluice_str *part);

#endif
