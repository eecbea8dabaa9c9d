/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/bad_input.h - what is said about input that is refused: the field,
 * what was found, what was expected, and where in the body.
 */
#ifndef GW_BAD_INPUT_H
#define GW_BAD_INPUT_H

#include "protobuf/buf.h"

struct gw_bad_input {
    unsigned status; /* of HTTP */
    int code;
    char field[256]; /* its path in JSON names; "" at the top */
    char description[512];
    char message[1024];
};

/* what is "body", "path or query", or a header. */
void gw_bad_input_say(struct gw_bad_input *bad, const char *what,
    const struct pb_error *error);

#endif
