/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/header_list.h - a header whose value is a list, and which may be
 * spread over several lines: they mean what one line with all of them in their
 * order means (RFC 9110 section 5.3).
 */
#ifndef GW_HEADER_LIST_H
#define GW_HEADER_LIST_H

#include <microhttpd.h>

#include <sluice/bytes.h>

#include "gateway/arena.h"

/* All lines with this name as one value; no pointer: there is none. A single
 * line is borrowed from the head, of several there is a copy in the arena.
 * false: memory is short. */
bool gw_header_list(struct MHD_Connection *mhd, struct gw_arena *arena,
    const char *name, struct sluice_str *value);

#endif
