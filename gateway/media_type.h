/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/media_type.h - what a Content-Type says (RFC 9110 section 8.3.1).
 */
#ifndef GW_MEDIA_TYPE_H
#define GW_MEDIA_TYPE_H

#include <sluice/metadata.h>

/* Whether it is this type, which is in lower case; in any case, with or without
 * parameters. */
bool gw_media_type_is(struct sluice_str content_type, const char *type);

/* Whether no parameter says that its text is anything but UTF-8. */
bool gw_media_type_is_utf8(struct sluice_str content_type);

#endif
