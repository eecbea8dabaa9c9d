/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/values.h - where the JSON values of a request stream begin and end:
 * they come one after the other, with white space between them or nothing, or
 * as the elements of one array. Which of the two is told by the first byte, as
 * long as no value is an array itself.
 *
 * What is inside of values is a reader's business (protobuf/json.h); each time a
 * value begins, it is given to one. What a reader says about places counts from
 * the beginning of its value, and is set right here.
 */
#ifndef GW_VALUES_H
#define GW_VALUES_H

#include <stdbool.h>
#include <stddef.h>

#include "protobuf/buf.h"

enum gw_values_state {
    GW_VALUES_START,
    GW_VALUES_PLAIN,   /* one after the other */
    GW_VALUES_FIRST,   /* after "[": a value or "]" */
    GW_VALUES_ELEMENT, /* after a comma: a value */
    GW_VALUES_AFTER,   /* after an element: a comma or "]" */
    GW_VALUES_END      /* after "]": white space */
};

struct gw_values_place {
    size_t offset;
    size_t line_start; /* offset of the line's first byte */
    unsigned line;     /* from 1 */
};

struct gw_values {
    enum gw_values_state state;
    bool may_be_array;
    struct gw_values_place now;
    struct gw_values_place value; /* where the one in hand began */
};

/* may_be_array: no value is an array, so that a "[" is not a value's. */
void gw_values_init(struct gw_values *v, bool may_be_array);

enum gw_values_next {
    GW_VALUES_MORE,  /* all of it stood between values */
    GW_VALUES_VALUE, /* a value begins at *used */
    GW_VALUES_WRONG  /* see the error */
};

/* What stands before the next value. */
enum gw_values_next gw_values_next(struct gw_values *v, const char *data,
    size_t len, size_t *used, struct pb_error *error);

/* These bytes were a value's. */
void gw_values_taken(struct gw_values *v, const char *data, size_t len);

/* The value has ended. */
void gw_values_ended(struct gw_values *v);

/* The text has ended, and not within a value. False: it may not, yet. */
bool gw_values_finish(const struct gw_values *v, struct pb_error *error);

/* Makes the place in an error of the reader, about the value in hand, one in
 * the whole text. */
void gw_values_set_right(const struct gw_values *v, struct pb_error *error);

#endif
