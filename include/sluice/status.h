/* SPDX-License-Identifier: Apache-2.0 */
/*
 * sluice/status.h - the canonical status codes (google.rpc.Code) and the
 * tables that relate them to HTTP.
 */
#ifndef SLUICE_STATUS_H
#define SLUICE_STATUS_H

#include <sluice/api.h>

enum sluice_code {
    SLUICE_CODE_OK = 0,
    SLUICE_CODE_CANCELLED = 1,
    SLUICE_CODE_UNKNOWN = 2,
    SLUICE_CODE_INVALID_ARGUMENT = 3,
    SLUICE_CODE_DEADLINE_EXCEEDED = 4,
    SLUICE_CODE_NOT_FOUND = 5,
    SLUICE_CODE_ALREADY_EXISTS = 6,
    SLUICE_CODE_PERMISSION_DENIED = 7,
    SLUICE_CODE_RESOURCE_EXHAUSTED = 8,
    SLUICE_CODE_FAILED_PRECONDITION = 9,
    SLUICE_CODE_ABORTED = 10,
    SLUICE_CODE_OUT_OF_RANGE = 11,
    SLUICE_CODE_UNIMPLEMENTED = 12,
    SLUICE_CODE_INTERNAL = 13,
    SLUICE_CODE_UNAVAILABLE = 14,
    SLUICE_CODE_DATA_LOSS = 15,
    SLUICE_CODE_UNAUTHENTICATED = 16
};

/* "NOT_FOUND" and so on; NULL for a number outside 0..16. */
SLUICE_API const char *sluice_code_name(int code);

/* The HTTP status of a code; 500 for a number outside 0..16. */
SLUICE_API unsigned sluice_code_http_status(int code);

/* The code a gRPC client gives an HTTP response that carries no grpc-status;
 * UNKNOWN for any status that gRPC does not list. */
SLUICE_API enum sluice_code sluice_code_from_http_status(unsigned status);

#endif
