/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/face/context.h - how the servicer begins the service side of an RPC; the
 * rest of struct sluice_servicer_context is public (sluice/face.h).
 */
#ifndef FACE_CONTEXT_H
#define FACE_CONTEXT_H

#include <sluice/face.h>

/* Services op by method, which must outlive it. On SLUICE_REPLY_OK
 * *subscription has been filled; ABANDONED: op has terminated already; FAILED:
 * memory is short. */
enum sluice_reply face_context_service(
    const struct sluice_method_implementation *method,
    struct sluice_operation *op, struct sluice_subscription *subscription);

#endif
