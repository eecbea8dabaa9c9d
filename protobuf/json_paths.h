/* SPDX-License-Identifier: Apache-2.0 */
/*
 * protobuf/json_paths.h - which fields a JSON object names: the paths of a
 * google.protobuf.FieldMask, for an update that came without one.
 */
#ifndef PB_JSON_PATHS_H
#define PB_JSON_PATHS_H

#include "protobuf/json.h"

/* Appends to out, as the content of a FieldMask, the path of each field that
 * the object gives, in its order and by the names of the .proto. text has been
 * accepted as a message of that type by a reader with these options (may be
 * NULL); whatever it is, nothing beyond its end is read.
 *
 * A path goes down to what has no fields of its own in JSON: scalars, repeated
 * fields and maps, well-known types, null; and an object that gives none. What
 * a reader ignores does not count: unknown names, unknown values of enums. A
 * mask cannot name extensions: a text that gives one has no paths at all, as
 * has one that is not an object.
 *
 * PB_EFULL or PB_ENOMEM from out, PB_ENOMEM for an escaped name, PB_ELIMIT
 * over 1000 nested objects, PB_ESYNTAX when no reader would have accepted it.
 * After an error out is as it was. */
enum pb_err pb_json_paths(const struct pb_message *message,
    const struct pb_json_options *options, const char *text, size_t len,
    struct pb_buf *out);

#endif
