/* SPDX-License-Identifier: Apache-2.0 */
/*
 * routes/scalar.c - parsing the texts inside a route file.
 */
#include "routes/scalar.h"

#include <arpa/inet.h>
#include <string.h>
#include <strings.h>

#define MEDIA_TYPE_MAX 255

static bool
is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Digits at *p, which moves behind them. False if there are none, or too many
 * for an int64_t. */
static bool
parse_digits(const char **p, int64_t *value)
{
    int64_t v = 0;

    if (!is_digit(**p))
        return false;
    for (; is_digit(**p); (*p)++) {
        if (__builtin_mul_overflow(v, 10, &v) ||
            __builtin_add_overflow(v, **p - '0', &v))
            return false;
    }
    *value = v;
    return true;
}

/* ---- Durations and sizes ------------------------------------------------ */

static int64_t
duration_unit(const char *unit)
{
    static const struct {
        const char *name;
        int64_t ns;
    } units[] = {
        { "ms", 1000000 },
        { "s", 1000000000 },
        { "m", 60 * (int64_t)1000000000 },
        { "h", 3600 * (int64_t)1000000000 },
    };

    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strcmp(unit, units[i].name) == 0)
            return units[i].ns;
    }
    return 0;
}

bool
route_parse_duration(const char *text, int64_t *ns)
{
    const char *p = text, *digits;
    int64_t whole, fraction = 0, unit, step;

    if (!parse_digits(&p, &whole))
        return false;
    digits = p;
    if (*p == '.') {
        digits = ++p;
        while (is_digit(*p))
            p++;
        if (p == digits || p - digits > 9)
            return false;
    }
    unit = duration_unit(p);
    if (unit == 0 || __builtin_mul_overflow(whole, unit, &whole))
        return false;
    step = unit;
    for (; is_digit(*digits); digits++) {
        step /= 10;
        fraction += step * (*digits - '0');
    }
    return !__builtin_add_overflow(whole, fraction, ns);
}

bool
route_parse_size(const char *text, int64_t *bytes)
{
    static const struct {
        const char *name;
        int64_t bytes;
    } units[] = {
        { "", 1 },
        { "B", 1 },
        { "KiB", 1 << 10 },
        { "MiB", 1 << 20 },
        { "GiB", 1 << 30 },
        { "KB", 1000 },
        { "kB", 1000 },
        { "MB", 1000000 },
        { "GB", 1000000000 },
    };
    const char *p = text;
    int64_t n;

    if (!parse_digits(&p, &n))
        return false;
    if (*p == ' ' && p[1] != '\0')
        p++;
    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (strcmp(p, units[i].name) == 0)
            return !__builtin_mul_overflow(n, units[i].bytes, bytes);
    }
    return false;
}

/* ---- Addresses ---------------------------------------------------------- */

static bool
is_port(const char *text, int64_t lowest)
{
    int64_t port;

    return strlen(text) <= 5 && parse_digits(&text, &port) && *text == '\0' &&
        port >= lowest && port <= 65535;
}

static bool
is_bracketed_ipv6(const char *text, size_t len)
{
    char address[INET6_ADDRSTRLEN];
    struct in6_addr ignored;

    if (len < 4 || len - 2 >= sizeof address || text[0] != '[' ||
        text[len - 1] != ']')
        return false;
    memcpy(address, text + 1, len - 2);
    address[len - 2] = '\0';
    return inet_pton(AF_INET6, address, &ignored) == 1;
}

static bool
is_host(const char *text, size_t len)
{
    if (len == 0 || len > 253)
        return false;
    if (text[0] == '[')
        return is_bracketed_ipv6(text, len);
    for (size_t i = 0; i < len; i++) {
        char c = text[i];

        if (!((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || is_digit(c) ||
                c == '-' || c == '.' || c == '_'))
            return false;
    }
    return true;
}

static bool
is_host_and_port(const char *text, int64_t lowest_port)
{
    const char *colon = strrchr(text, ':');

    return colon != NULL && is_host(text, (size_t)(colon - text)) &&
        is_port(colon + 1, lowest_port);
}

static bool
is_ipv4_and_port(const char *text)
{
    const char *colon = strrchr(text, ':');
    char address[INET_ADDRSTRLEN];
    struct in_addr ignored;
    size_t len;

    if (colon == NULL || !is_port(colon + 1, 1))
        return false;
    len = (size_t)(colon - text);
    if (len >= sizeof address)
        return false;
    memcpy(address, text, len);
    address[len] = '\0';
    return inet_pton(AF_INET, address, &ignored) == 1;
}

/* What is behind a scheme that text begins with, or NULL. */
static const char *
behind(const char *text, const char *scheme)
{
    size_t len = strlen(scheme);

    return strncasecmp(text, scheme, len) == 0 ? text + len : NULL;
}

bool
route_is_listen_address(const char *text)
{
    const char *rest = behind(text, "unix:");

    return rest != NULL ? *rest != '\0' : is_host_and_port(text, 0);
}

bool
route_is_target(const char *text)
{
    const char *rest;

    if ((rest = behind(text, "dns://")) != NULL) {
        rest = strchr(rest, '/');
        return rest != NULL && is_host_and_port(rest + 1, 1);
    }
    if ((rest = behind(text, "dns:")) != NULL)
        return is_host_and_port(rest, 1);
    if ((rest = behind(text, "ipv4:")) != NULL)
        return is_ipv4_and_port(rest);
    if ((rest = behind(text, "ipv6:")) != NULL)
        return rest[0] == '[' && is_host_and_port(rest, 1);
    if ((rest = behind(text, "unix://")) != NULL)
        return rest[0] == '/' && rest[1] != '\0';
    if ((rest = behind(text, "unix:")) != NULL ||
        (rest = behind(text, "inproc:")) != NULL)
        return *rest != '\0';
    return is_host_and_port(text, 1);
}

/* ---- Names -------------------------------------------------------------- */

static bool
is_ident(const char *s, size_t len)
{
    for (size_t i = 0; i < len; i++) {
        if (!((s[i] >= 'a' && s[i] <= 'z') || (s[i] >= 'A' && s[i] <= 'Z') ||
                s[i] == '_' || (i > 0 && is_digit(s[i]))))
            return false;
    }
    return len > 0;
}

bool
route_is_full_name(const char *text, size_t len)
{
    const char *end = text + len;

    for (;;) {
        const char *dot = memchr(text, '.', (size_t)(end - text));

        if (dot == NULL)
            return is_ident(text, (size_t)(end - text));
        if (!is_ident(text, (size_t)(dot - text)))
            return false;
        text = dot + 1;
    }
}

static bool
is_pattern(const char *s, size_t len)
{
    if (len == 1 && s[0] == '*')
        return true;
    if (len > 2 && s[len - 1] == '*' && s[len - 2] == '.')
        len -= 2;
    return route_is_full_name(s, len);
}

bool
route_selector_next(const char **cursor, const char **pattern, size_t *len)
{
    const char *from = *cursor, *end;

    if (from == NULL)
        return false;
    end = strchrnul(from, ',');
    *cursor = *end == ',' ? end + 1 : NULL;
    while (*from == ' ')
        from++;
    while (end > from && end[-1] == ' ')
        end--;
    *pattern = from;
    *len = (size_t)(end - from);
    return true;
}

bool
route_is_selector(const char *text)
{
    const char *cursor = text, *pattern;
    size_t len;

    while (route_selector_next(&cursor, &pattern, &len)) {
        if (!is_pattern(pattern, len))
            return false;
    }
    return true;
}

static const bool in_token[256] = {
    ['!'] = true,
    ['#' ... '\''] = true,
    ['*' ... '+'] = true,
    ['-' ... '.'] = true,
    ['0' ... '9'] = true,
    ['A' ... 'Z'] = true,
    ['^' ... 'z'] = true,
    ['|'] = true,
    ['~'] = true,
};

size_t
route_token_length(const char *text, size_t len)
{
    size_t n = 0;

    while (n < len && in_token[(unsigned char)text[n]])
        n++;
    return n;
}

bool
route_is_token(const char *text)
{
    size_t n = route_token_length(text, SIZE_MAX);

    return n > 0 && text[n] == '\0';
}

bool
route_is_media_type(const char *text)
{
    size_t type = route_token_length(text, SIZE_MAX), subtype;

    if (type == 0 || text[type] != '/' || strlen(text) > MEDIA_TYPE_MAX)
        return false;
    text += type + 1;
    subtype = route_token_length(text, SIZE_MAX);
    text += subtype;
    if (subtype == 0 || (*text != '\0' && *text != ';' && *text != ' '))
        return false;
    while (*text >= ' ' && *text <= '~')
        text++;
    return *text == '\0';
}
