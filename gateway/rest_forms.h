/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/rest_forms.h - the forms of answers in JSON. A stream has three:
 * lines, the elements of one array, and server-sent events.
 */
#ifndef GW_REST_FORMS_H
#define GW_REST_FORMS_H

#include "gateway/front.h"

/* gw_form_json is in front.h: failures before any choice have it. */
extern const struct gw_form gw_form_ndjson;
extern const struct gw_form gw_form_array;
extern const struct gw_form gw_form_sse;

/* ---- For the forms -------------------------------------------------------- */

/* Appends a message of a stream to x->out, on one line. */
enum pb_err gw_rest_put_message(struct gw_exchange *x,
    const struct sluice_bytes *response, struct pb_error *error);

/* Makes a failure a whole answer or, of a stream that has begun, what closes
 * it: the Status with its "@type", and what stands before and after it. */
void gw_rest_fail(struct gw_exchange *x, const struct gw_status *status,
    const char *before, const char *after);

#endif
