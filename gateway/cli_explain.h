/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/cli_explain.h - how "sluice explain" prints (gateway/explain.h). */
#ifndef GW_CLI_EXPLAIN_H
#define GW_CLI_EXPLAIN_H

#include "gateway/cli.h"
#include "gateway/explain.h"

/* False when memory is short. What stdout comes to is asked by the caller. */
bool cli_explain_print_text(const json_t *doc);

/* Takes the messages out of doc. */
bool cli_explain_print_json(json_t *doc);

#endif
