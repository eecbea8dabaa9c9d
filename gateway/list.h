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

/* Whether two bytes may be one letter in either case. False for most names that
 * are compared, and cheaper than the comparison. */
static inline bool
gw_list_may_be(char c, char letter)
{
    return ((c ^ letter) & ~0x20) == 0;
}

/* Without the blanks around it. */
struct sluice_str gw_list_trim(struct sluice_str s);

/* Cuts off what stands before the next separator, trimmed. False, with an empty
 * part: there is nothing more; rest->ptr is NULL then, and after the last. */
bool gw_list_next(struct sluice_str *rest, char separator,
    struct sluice_str *part);

/* Whether a list of tokens, such as the value of Connection, has this one, with
 * or without parameters. */
bool gw_list_has(struct sluice_str list, const char *token);

/* Whether a list of codings, such as the value of Accept-Encoding, has this
 * one, and does not have it only to refuse it ("gzip;q=0"). */
bool gw_list_takes(struct sluice_str list, const char *coding);

/* The weight among the parameters of an element, in thousandths; GW_LIST_Q_ONE
 * when there is none, 0 for what is no weight (RFC 9110 section 12.4.2). */
unsigned gw_list_weight(struct sluice_str parameters);

#define GW_LIST_Q_ONE 1000u

#endif
