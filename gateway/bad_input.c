/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/bad_input.c - see bad_input.h. */
#include "gateway/bad_input.h"

#include <stdio.h>

#include <sluice/status.h>

void
gw_bad_input_say(struct gw_bad_input *bad, const char *what,
    const struct pb_error *error)
{
    memset(bad, 0, sizeof *bad);
    if (error->kind == PB_ENOMEM) {
        bad->status = 500;
        bad->code = SLUICE_CODE_INTERNAL;
        snprintf(bad->message, sizeof bad->message, "memory is short");
        return;
    }
    bad->status = 400;
    bad->code = SLUICE_CODE_INVALID_ARGUMENT;
    if (error->kind == PB_EMANY) { /* nothing is wrong with it but its size */
        bad->status = 413;
        bad->code = SLUICE_CODE_RESOURCE_EXHAUSTED;
    }
    snprintf(bad->field, sizeof bad->field, "%s", error->path);
    if (error->line > 0)
        snprintf(bad->description, sizeof bad->description,
            "%s (line %u, column %u, byte %zu)", error->message, error->line,
            error->column, error->offset);
    else
        snprintf(bad->description, sizeof bad->description, "%s",
            error->message);
    snprintf(bad->message, sizeof bad->message, "invalid %s: %s%s%s", what,
        bad->field, bad->field[0] == '\0' ? "" : ": ", bad->description);
}
