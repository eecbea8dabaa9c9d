/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_end.c - statuses, resets and losses become terminations.
 */
#include "rpc/link/grpc_end.h"

#include <sluice/status.h>

#include <nghttp2/nghttp2.h>

static struct rpc_grpc_end
end(enum sluice_termination termination, int32_t code, const char *text)
{
    struct rpc_grpc_end e = { termination, code, sluice_str(text) };

    return e;
}

static enum sluice_termination
termination_of_status(int32_t status)
{
    switch (status) {
    case SLUICE_CODE_OK:
        return SLUICE_TERMINATION_COMPLETION;
    case SLUICE_CODE_CANCELLED:
        return SLUICE_TERMINATION_CANCELLATION;
    case SLUICE_CODE_DEADLINE_EXCEEDED:
        return SLUICE_TERMINATION_EXPIRATION;
    case SLUICE_CODE_UNAVAILABLE:
        return SLUICE_TERMINATION_SHUTDOWN;
    case SLUICE_CODE_UNIMPLEMENTED: /* calling it is the caller's defect */
        return SLUICE_TERMINATION_REMOTE_FAILURE;
    default:
        return SLUICE_TERMINATION_LOCAL_FAILURE;
    }
}

struct rpc_grpc_end
rpc_grpc_end_status(int32_t status, struct sluice_str message)
{
    struct rpc_grpc_end e;

    e.termination = termination_of_status(status);
    e.code = status;
    e.text = message;
    return e;
}

struct rpc_grpc_end
rpc_grpc_end_http(unsigned http_status)
{
    return end(SLUICE_TERMINATION_LOCAL_FAILURE,
        sluice_code_from_http_status(http_status),
        "the backend answered without a gRPC status");
}

struct rpc_grpc_end
rpc_grpc_end_reset(uint32_t error_code)
{
    static const char text[] = "the backend reset the stream";

    switch (error_code) {
    case NGHTTP2_CANCEL:
        return end(SLUICE_TERMINATION_CANCELLATION, SLUICE_CODE_CANCELLED,
            "the backend cancelled the call");
    case NGHTTP2_REFUSED_STREAM:
        return rpc_grpc_end_refused();
    case NGHTTP2_ENHANCE_YOUR_CALM:
        return end(SLUICE_TERMINATION_RECEPTION_FAILURE,
            SLUICE_CODE_RESOURCE_EXHAUSTED, text);
    case NGHTTP2_INADEQUATE_SECURITY:
        return end(SLUICE_TERMINATION_RECEPTION_FAILURE,
            SLUICE_CODE_PERMISSION_DENIED, text);
    default:
        return end(SLUICE_TERMINATION_RECEPTION_FAILURE,
            error_code <= NGHTTP2_HTTP_1_1_REQUIRED ? SLUICE_CODE_INTERNAL
                                                    : SLUICE_CODE_UNKNOWN,
            text);
    }
}

struct rpc_grpc_end
rpc_grpc_end_malformed(const char *text)
{
    return end(SLUICE_TERMINATION_REMOTE_FAILURE, SLUICE_CODE_INTERNAL, text);
}

struct rpc_grpc_end
rpc_grpc_end_broken(void)
{
    return end(SLUICE_TERMINATION_RECEPTION_FAILURE, SLUICE_CODE_INTERNAL,
        "the backend broke the rules of HTTP/2");
}

struct rpc_grpc_end
rpc_grpc_end_exhausted(const char *text)
{
    return end(SLUICE_TERMINATION_REMOTE_FAILURE,
        SLUICE_CODE_RESOURCE_EXHAUSTED, text);
}

struct rpc_grpc_end
rpc_grpc_end_lost(void)
{
    return end(SLUICE_TERMINATION_RECEPTION_FAILURE, SLUICE_CODE_UNAVAILABLE,
        "the connection to the backend was lost");
}

struct rpc_grpc_end
rpc_grpc_end_short(void)
{
    return end(SLUICE_TERMINATION_REMOTE_FAILURE, SLUICE_CODE_INTERNAL,
        "memory is short");
}

struct rpc_grpc_end
rpc_grpc_end_refused(void)
{
    return end(SLUICE_TERMINATION_SHUTDOWN, SLUICE_CODE_UNAVAILABLE,
        "the backend is shutting down or refuses calls");
}

struct rpc_grpc_end
rpc_grpc_end_unreachable(const char *text)
{
    return end(SLUICE_TERMINATION_TRANSMISSION_FAILURE, SLUICE_CODE_UNAVAILABLE,
        text);
}
