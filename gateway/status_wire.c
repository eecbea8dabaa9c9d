/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/status_wire.c - see status_wire.h. */
#include "gateway/status_wire.h"

#include "protobuf/wire.h"

#define RETRY_INFO "google.rpc.RetryInfo"
#define RETRY_MAX_SECONDS 86400

struct record {
    uint32_t number;
    unsigned wire;
    uint64_t varint;
    const uint8_t *data;
    size_t len;
};

/* The next field of a message. NULL at a break. */
static const uint8_t *
next_record(const uint8_t *p, const uint8_t *end, struct record *r)
{
    p = pb_tag_read(p, end, &r->number, &r->wire);
    if (p == NULL)
        return NULL;
    if (r->wire == PB_WIRE_VARINT)
        return pb_varint_read(p, end, &r->varint);
    if (r->wire == PB_WIRE_LEN) {
        r->data = pb_len_read(p, end, &r->len);
        return r->data == NULL ? NULL : r->data + r->len;
    }
    return pb_skip(p, end, r->number, r->wire, 100);
}

/* Absent text has no end to compute: it is taken as empty. */
static const uint8_t *
first_byte(struct sluice_str s)
{
    return (const uint8_t *)(s.ptr == NULL ? "" : s.ptr);
}

bool
gw_status_read(struct sluice_str status, int32_t *code,
    struct sluice_str *message)
{
    const uint8_t *p = first_byte(status);
    const uint8_t *end = p + status.len;

    *code = 0;
    *message = sluice_str_n("", 0);
    while (p != end) {
        struct record r;

        p = next_record(p, end, &r);
        if (p == NULL)
            return false;
        if (r.number == 1 && r.wire == PB_WIRE_VARINT)
            *code = (int32_t)r.varint;
        if (r.number == 2 && r.wire == PB_WIRE_LEN)
            *message = sluice_str_n((const char *)r.data, r.len);
    }
    return true;
}

static bool
split_any(struct gw_detail *d)
{
    const uint8_t *p = first_byte(d->any);
    const uint8_t *end = p + d->any.len;

    d->url = sluice_str_n("", 0);
    d->value = sluice_str_n("", 0);
    while (p != end) {
        struct record r;

        p = next_record(p, end, &r);
        if (p == NULL)
            return false;
        if (r.wire == PB_WIRE_LEN && r.number == 1)
            d->url = sluice_str_n((const char *)r.data, r.len);
        if (r.wire == PB_WIRE_LEN && r.number == 2)
            d->value = sluice_str_n((const char *)r.data, r.len);
    }
    return true;
}

bool
gw_status_next_detail(struct sluice_str status, size_t *at,
    struct gw_detail *detail)
{
    const uint8_t *first = first_byte(status);
    const uint8_t *end = first + status.len;
    const uint8_t *p = first + *at;

    while (p != end) {
        struct record r;

        p = next_record(p, end, &r);
        if (p == NULL)
            return false;
        *at = (size_t)(p - first);
        if (r.number != 3 || r.wire != PB_WIRE_LEN)
            continue;
        detail->any = sluice_str_n((const char *)r.data, r.len);
        if (split_any(detail))
            return true;
    }
    return false;
}

bool
gw_detail_is(const struct gw_detail *detail, const char *name)
{
    struct sluice_str url = detail->url;
    size_t len = strlen(name);

    return url.len >= len && memcmp(url.ptr + url.len - len, name, len) == 0 &&
        (url.len == len || url.ptr[url.len - len - 1] == '/');
}

/* Duration inside RetryInfo: seconds 1, nanos 2. */
static int
duration_seconds(struct sluice_str retry_info)
{
    const uint8_t *p = (const uint8_t *)retry_info.ptr;
    const uint8_t *end = p + retry_info.len;
    struct record delay = { .data = p };
    int64_t seconds = 0;
    int32_t nanos = 0;

    while (p != end) {
        struct record r;

        p = next_record(p, end, &r);
        if (p == NULL)
            return 0;
        if (r.number == 1 && r.wire == PB_WIRE_LEN)
            delay = r;
    }
    p = delay.data;
    end = p + delay.len;
    while (p != end) {
        struct record r;

        p = next_record(p, end, &r);
        if (p == NULL)
            return 0;
        if (r.number == 1 && r.wire == PB_WIRE_VARINT)
            seconds = (int64_t)r.varint;
        if (r.number == 2 && r.wire == PB_WIRE_VARINT)
            nanos = (int32_t)r.varint;
    }
    if (seconds < 0)
        return 0;
    if (seconds >= RETRY_MAX_SECONDS)
        return RETRY_MAX_SECONDS;
    return (int)seconds + (nanos > 0);
}

int
gw_status_retry_seconds(struct sluice_str status)
{
    struct gw_detail d;
    size_t at = 0;

    while (gw_status_next_detail(status, &at, &d))
        if (gw_detail_is(&d, RETRY_INFO))
            return duration_seconds(d.value);
    return -1;
}

/* ------------------------------------------------------------------ writing */

static enum pb_err
put_bytes(struct pb_buf *out, unsigned number, struct sluice_str s)
{
    enum pb_err err = pb_buf_reserve(out, s.len + 20);
    uint8_t *p;

    if (err != PB_OK)
        return err;
    p = out->data + out->len;
    *p++ = (uint8_t)(number << 3 | PB_WIRE_LEN);
    out->len = (size_t)(pb_varint_write(p, s.len) - out->data);
    return pb_buf_put(out, s.ptr, s.len);
}

static enum pb_err
put_head(const struct gw_status *status, struct pb_buf *out)
{
    enum pb_err err = pb_buf_reserve(out, 20);
    uint8_t *p;

    if (err != PB_OK)
        return err;
    p = out->data + out->len;
    *p++ = 1 << 3 | PB_WIRE_VARINT;
    p = pb_varint_write(p, (uint32_t)gw_status_number(status));
    out->len = (size_t)(p - out->data);
    return put_bytes(out, 2, status->message);
}

/* A BadRequest with one violation: innermost first, each around the one
 * before. */
static enum pb_err
put_violation(const struct gw_status *status, struct pb_buf *out)
{
    uint8_t text[2048];
    struct pb_buf violation = { text, 0, 1024, 1024, NULL, NULL };
    struct pb_buf request = { text + 1024, 0, 1024, 1024, NULL, NULL };
    struct pb_buf any = { text, 0, 1024, 1024, NULL, NULL };
    enum pb_err err = put_bytes(&violation, 1, status->field);

    if (err == PB_OK)
        err = put_bytes(&violation, 2, status->description);
    if (err == PB_OK)
        err = put_bytes(&request, 1,
            sluice_str_n((char *)violation.data, violation.len));
    if (err == PB_OK)
        err = put_bytes(&any, 1,
            sluice_str("type.googleapis.com/google.rpc.BadRequest"));
    if (err == PB_OK)
        err =
            put_bytes(&any, 2, sluice_str_n((char *)request.data, request.len));
    if (err == PB_OK)
        err = put_bytes(out, 3, sluice_str_n((char *)any.data, any.len));
    return err;
}

/* A DebugInfo, or what may have one inside. */
static bool
tells_debug(const struct gw_detail *d)
{
    return gw_detail_is(d, GW_DEBUG_INFO) ||
        (d->value.len > 0 &&
            memmem(d->value.ptr, d->value.len, GW_DEBUG_INFO,
                sizeof GW_DEBUG_INFO - 1) != NULL);
}

enum pb_err
gw_status_to_wire(const struct gw_status *status, bool shows_debug,
    struct pb_buf *out)
{
    size_t before = out->len, at = 0, bare;
    enum pb_err err = put_head(status, out);
    struct gw_detail d;

    bare = out->len;
    if (err == PB_OK && status->description.ptr != NULL)
        err = put_violation(status, out);
    while (err == PB_OK && gw_status_next_detail(status->details, &at, &d))
        if (shows_debug || !tells_debug(&d))
            err = put_bytes(out, 3, d.any);
    if (err != PB_OK || out->len == bare)
        out->len = before;
    return err;
}
