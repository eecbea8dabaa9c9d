/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_codec.c - the three small text codings of gRPC: grpc-timeout,
 * grpc-message and the base64 of "-bin" values. Bytes in, bytes out.
 */
#include <sluice/grpc.h>

#define TIMEOUT_MAX ((int64_t)99999999) /* eight digits, by the grammar */
#define TIMEOUT_DIGITS 8

static const struct {
    char name;
    int64_t ns;
} units[] = { /* finest first */
    { 'n', 1 }, { 'u', 1000 }, { 'm', 1000000 }, { 'S', 1000000000 },
    { 'M', 60 * (int64_t)1000000000 }, { 'H', 3600 * (int64_t)1000000000 }
};
#define UNITS (sizeof(units) / sizeof(units[0]))

static const char base64_alphabet[] =
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

enum sluice_err
sluice_grpc_timeout_parse(struct sluice_str value, int64_t *timeout_ns)
{
    int64_t n = 0;
    size_t i;
    size_t digits;

    if (value.ptr == NULL || value.len < 2 || value.len > TIMEOUT_DIGITS + 1)
        return SLUICE_EINVAL;
    digits = value.len - 1;
    for (i = 0; i < digits; i++) {
        if (value.ptr[i] < '0' || value.ptr[i] > '9')
            return SLUICE_EINVAL;
        n = n * 10 + (value.ptr[i] - '0');
    }
    for (i = 0; i < UNITS && units[i].name != value.ptr[digits]; i++)
        continue;
    if (i == UNITS)
        return SLUICE_EINVAL;
    if (__builtin_mul_overflow(n, units[i].ns, timeout_ns) ||
        *timeout_ns == INT64_MAX)
        *timeout_ns = INT64_MAX - 1;
    return SLUICE_OK;
}

size_t
sluice_grpc_timeout_format(int64_t timeout_ns, char *out)
{
    char digits[TIMEOUT_DIGITS];
    char *end = digits + sizeof(digits), *p = end;
    size_t i = 0;
    uint32_t n;

    /* INT64_MAX nanoseconds are 2562048 hours: the last unit always fits. */
    while (i + 1 < UNITS && timeout_ns > TIMEOUT_MAX * units[i].ns)
        i++;
    n = (uint32_t)((timeout_ns - 1) / units[i].ns + 1); /* rounded up */
    do {
        *--p = (char)('0' + n % 10);
        n /= 10;
    } while (n > 0);
    memcpy(out, p, (size_t)(end - p));
    out[end - p] = units[i].name;
    return (size_t)(end - p) + 1;
}

static int
hex_digit(char c)
{
    if (c >= '0' && c <= '9')
        return c - '0';
    if (c >= 'A' && c <= 'F')
        return c - 'A' + 10;
    if (c >= 'a' && c <= 'f')
        return c - 'a' + 10;
    return -1;
}

static bool
is_plain(char c)
{
    return c >= 0x20 && c <= 0x7e && c != '%';
}

size_t
sluice_grpc_message_encode(const char *in, size_t len, char *out)
{
    static const char digits[] = "0123456789ABCDEF";
    size_t n = 0;
    size_t i;

    for (i = 0; i < len; i++) {
        size_t size = is_plain(in[i]) ? 1 : 3;

        if (out != NULL && size == 1) {
            out[n] = in[i];
        } else if (out != NULL) {
            out[n] = '%';
            out[n + 1] = digits[(uint8_t)in[i] >> 4];
            out[n + 2] = digits[(uint8_t)in[i] & 15];
        }
        n += size;
    }
    return n;
}

size_t
sluice_grpc_message_decode(const char *in, size_t len, char *out)
{
    size_t i = 0;
    size_t n = 0;
    int high;
    int low;

    while (i < len) {
        if (in[i] == '%' && len - i > 2) {
            high = hex_digit(in[i + 1]);
            low = hex_digit(in[i + 2]);
            if (high >= 0 && low >= 0) {
                out[n++] = (char)(high << 4 | low);
                i += 3;
                continue;
            }
        }
        out[n++] = in[i++];
    }
    return n;
}

size_t
sluice_base64_encode(const void *in, size_t len, char *out)
{
    const uint8_t *p = in;
    size_t n = 0;
    size_t i;
    uint32_t v;

    for (i = 0; i + 2 < len; i += 3) {
        v = (uint32_t)p[i] << 16 | (uint32_t)p[i + 1] << 8 | p[i + 2];
        out[n++] = base64_alphabet[v >> 18];
        out[n++] = base64_alphabet[v >> 12 & 63];
        out[n++] = base64_alphabet[v >> 6 & 63];
        out[n++] = base64_alphabet[v & 63];
    }
    if (i < len) {
        v = (uint32_t)p[i] << 16;
        if (i + 1 < len)
            v |= (uint32_t)p[i + 1] << 8;
        out[n++] = base64_alphabet[v >> 18];
        out[n++] = base64_alphabet[v >> 12 & 63];
        if (i + 1 < len)
            out[n++] = base64_alphabet[v >> 6 & 63];
    }
    return n;
}

static int
base64_digit(char c)
{
    if (c >= 'A' && c <= 'Z')
        return c - 'A';
    if (c >= 'a' && c <= 'z')
        return c - 'a' + 26;
    if (c >= '0' && c <= '9')
        return c - '0' + 52;
    if (c == '+')
        return 62;
    return c == '/' ? 63 : -1;
}

/* Drops "=" and "==" where they complete a group of four; other ones stay and
 * are refused as digits. */
static size_t
without_padding(const char *in, size_t len)
{
    if (len == 0 || len % 4 != 0 || in[len - 1] != '=')
        return len;
    return in[len - 2] == '=' ? len - 2 : len - 1;
}

size_t
sluice_base64_decode(const char *in, size_t len, void *out)
{
    uint8_t *p = out;
    uint32_t bits = 0;
    size_t n = 0;
    size_t i;
    int digit;

    len = without_padding(in, len);
    if (len % 4 == 1)
        return SIZE_MAX;
    for (i = 0; i < len; i++) {
        digit = base64_digit(in[i]);
        if (digit < 0)
            return SIZE_MAX;
        bits = bits << 6 | (uint32_t)digit;
        if (i % 4 == 1)
            p[n++] = (uint8_t)(bits >> 4);
        else if (i % 4 == 2)
            p[n++] = (uint8_t)(bits >> 2);
        else if (i % 4 == 3)
            p[n++] = (uint8_t)bits;
    }
    return n;
}
