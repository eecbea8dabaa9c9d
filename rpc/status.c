/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/status.c - the canonical codes and their HTTP statuses. The two
 * directions are different tables and no inverses of one another.
 */
#include <sluice/status.h>

static const struct {
    const char *name;
    unsigned http;
} codes[] = {
    [SLUICE_CODE_OK] = { "OK", 200 },
    [SLUICE_CODE_CANCELLED] = { "CANCELLED", 499 },
    [SLUICE_CODE_UNKNOWN] = { "UNKNOWN", 500 },
    [SLUICE_CODE_INVALID_ARGUMENT] = { "INVALID_ARGUMENT", 400 },
    [SLUICE_CODE_DEADLINE_EXCEEDED] = { "DEADLINE_EXCEEDED", 504 },
    [SLUICE_CODE_NOT_FOUND] = { "NOT_FOUND", 404 },
    [SLUICE_CODE_ALREADY_EXISTS] = { "ALREADY_EXISTS", 409 },
    [SLUICE_CODE_PERMISSION_DENIED] = { "PERMISSION_DENIED", 403 },
    [SLUICE_CODE_RESOURCE_EXHAUSTED] = { "RESOURCE_EXHAUSTED", 429 },
    [SLUICE_CODE_FAILED_PRECONDITION] = { "FAILED_PRECONDITION", 400 },
    [SLUICE_CODE_ABORTED] = { "ABORTED", 409 },
    [SLUICE_CODE_OUT_OF_RANGE] = { "OUT_OF_RANGE", 400 },
    [SLUICE_CODE_UNIMPLEMENTED] = { "UNIMPLEMENTED", 501 },
    [SLUICE_CODE_INTERNAL] = { "INTERNAL", 500 },
    [SLUICE_CODE_UNAVAILABLE] = { "UNAVAILABLE", 503 },
    [SLUICE_CODE_DATA_LOSS] = { "DATA_LOSS", 500 },
    [SLUICE_CODE_UNAUTHENTICATED] = { "UNAUTHENTICATED", 401 },
};

#define CODES ((int)(sizeof(codes) / sizeof(codes[0])))

const char *
sluice_err_text(enum sluice_err err)
{
    switch (err) {
    case SLUICE_OK:
        return "no error";
    case SLUICE_ENOMEM:
        return "memory is short";
    case SLUICE_EINVAL:
        return "an argument is not valid";
    case SLUICE_ESTATE:
        return "not possible in this state";
    case SLUICE_ETHREAD:
        return "not possible on this thread";
    case SLUICE_ELIMIT:
        return "a limit would be exceeded";
    case SLUICE_ENOTFOUND:
        return "not found";
    case SLUICE_EABORTED:
        return "the RPC has aborted";
    case SLUICE_ECANCELLED:
        return "the RPC was cancelled";
    case SLUICE_ETIMEDOUT:
        return "not within the time given";
    case SLUICE_EEND:
        return "there are no more values";
    }
    return "unknown error";
}

const char *
sluice_code_name(int code)
{
    return code >= 0 && code < CODES ? codes[code].name : NULL;
}

unsigned
sluice_code_http_status(int code)
{
    return code >= 0 && code < CODES ? codes[code].http : 500;
}

enum sluice_code
sluice_code_from_http_status(unsigned status)
{
    switch (status) {
    case 400:
    case 431:
        return SLUICE_CODE_INTERNAL;
    case 401:
        return SLUICE_CODE_UNAUTHENTICATED;
    case 403:
        return SLUICE_CODE_PERMISSION_DENIED;
    case 404:
        return SLUICE_CODE_UNIMPLEMENTED;
    case 429:
    case 502:
    case 503:
    case 504:
        return SLUICE_CODE_UNAVAILABLE;
    default:
        return SLUICE_CODE_UNKNOWN;
    }
}
