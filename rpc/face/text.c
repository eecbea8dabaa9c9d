/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/face/text.c - the words of the face layer: names of its enumerations,
 * what a code of failure is called, and errors as a line for people.
 */
#include <sluice/face.h>

#include <stdio.h>

#include <sluice/status.h>

/* ---- Names ---------------------------------------------------------------- */

const char *
sluice_cardinality_name(enum sluice_cardinality cardinality)
{
    switch (cardinality) {
    case SLUICE_UNARY_UNARY:
        return "request-unary/response-unary";
    case SLUICE_UNARY_STREAM:
        return "request-unary/response-streaming";
    case SLUICE_STREAM_UNARY:
        return "request-streaming/response-unary";
    case SLUICE_STREAM_STREAM:
        return "request-streaming/response-streaming";
    }
    return "unknown";
}

const char *
sluice_style_name(enum sluice_style style)
{
    switch (style) {
    case SLUICE_INLINE:
        return "inline";
    case SLUICE_EVENT:
        return "event";
    }
    return "unknown";
}

const char *
sluice_abortion_kind_name(enum sluice_abortion_kind kind)
{
    switch (kind) {
    case SLUICE_ABORTION_CANCELLED:
        return "cancelled";
    case SLUICE_ABORTION_EXPIRED:
        return "expired";
    case SLUICE_ABORTION_LOCAL_SHUTDOWN:
        return "local shutdown";
    case SLUICE_ABORTION_REMOTE_SHUTDOWN:
        return "remote shutdown";
    case SLUICE_ABORTION_NETWORK_FAILURE:
        return "network failure";
    case SLUICE_ABORTION_LOCAL_FAILURE:
        return "local failure";
    case SLUICE_ABORTION_REMOTE_FAILURE:
        return "remote failure";
    }
    return "unknown";
}

const char *
sluice_abortion_error_name(enum sluice_abortion_kind kind)
{
    switch (kind) {
    case SLUICE_ABORTION_CANCELLED:
        return "CancellationError";
    case SLUICE_ABORTION_EXPIRED:
        return "ExpirationError";
    case SLUICE_ABORTION_LOCAL_SHUTDOWN:
        return "LocalShutdownError";
    case SLUICE_ABORTION_REMOTE_SHUTDOWN:
        return "RemoteShutdownError";
    case SLUICE_ABORTION_NETWORK_FAILURE:
        return "NetworkError";
    case SLUICE_ABORTION_LOCAL_FAILURE:
        return "LocalError";
    case SLUICE_ABORTION_REMOTE_FAILURE:
        return "RemoteError";
    }
    return "AbortionError";
}

enum sluice_abortion_kind
sluice_abortion_kind_of_code(int32_t code)
{
    switch (code) {
    case SLUICE_CODE_CANCELLED:
        return SLUICE_ABORTION_CANCELLED;
    case SLUICE_CODE_DEADLINE_EXCEEDED:
        return SLUICE_ABORTION_EXPIRED;
    case SLUICE_CODE_UNIMPLEMENTED:
        return SLUICE_ABORTION_LOCAL_FAILURE;
    case SLUICE_CODE_UNAVAILABLE:
        return SLUICE_ABORTION_REMOTE_SHUTDOWN;
    default:
        return SLUICE_ABORTION_REMOTE_FAILURE;
    }
}

/* ---- Errors --------------------------------------------------------------- */

/* Where a text goes: it counts on when there is no more room. */
struct text {
    char *buf;
    size_t size;
    size_t len;
};

static void
put(struct text *t, struct sluice_str s)
{
    size_t room = t->len < t->size ? t->size - t->len - 1 : 0;

    if (room > s.len)
        room = s.len;
    if (room > 0)
        memcpy(t->buf + t->len, s.ptr, room);
    t->len += s.len;
}

static size_t
finish(struct text *t)
{
    if (t->size > 0)
        t->buf[t->len < t->size ? t->len : t->size - 1] = '\0';
    return t->len;
}

static void
put_code(struct text *t, const struct sluice_abortion *abortion)
{
    char number[16];

    if (!abortion->has_code) {
        put(t, sluice_str("None"));
        return;
    }
    snprintf(number, sizeof(number), "%ld", (long)abortion->code);
    put(t, sluice_str(number));
}

static void
put_details(struct text *t, struct sluice_str details)
{
    if (details.ptr == NULL) {
        put(t, sluice_str("None"));
        return;
    }
    put(t, sluice_str("\""));
    put(t, details);
    put(t, sluice_str("\""));
}

size_t
sluice_abortion_text(const struct sluice_abortion *abortion, char *buf,
    size_t size)
{
    struct text t = { .buf = buf, .size = size };

    put(&t, sluice_str(sluice_abortion_error_name(abortion->kind)));
    put(&t, sluice_str("(code="));
    put_code(&t, abortion);
    put(&t, sluice_str(", details="));
    put_details(&t, abortion->details);
    put(&t, sluice_str(")"));
    return finish(&t);
}

size_t
sluice_no_such_method_text(struct sluice_str group, struct sluice_str method,
    char *buf, size_t size)
{
    struct text t = { .buf = buf, .size = size };

    put(&t, sluice_str("NoSuchMethodError("));
    put(&t, group);
    put(&t, sluice_str(", "));
    put(&t, method);
    put(&t, sluice_str(")"));
    return finish(&t);
}
