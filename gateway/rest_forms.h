/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/rest_forms.h - the forms of answers in JSON. */
#ifndef GW_REST_FORMS_H
#define GW_REST_FORMS_H

#include "gateway/front.h"

/* gw_form_json is in front.h: failures before any choice have it. */
extern const struct gw_form gw_form_ndjson;

#endif
