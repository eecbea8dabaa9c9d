/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_target.c - reads target names. A name without a scheme, or
 * with one that gRPC does not know, is a host to be looked up, as in every
 * gRPC client; so "backend:50051" works although "backend" looks like a
 * scheme.
 */
#include "rpc/link/grpc_target.h"

#include <sluice/grpc.h>

#include <stdio.h>
#include <stdlib.h>
#include <uv.h>

static const char default_port[] = "443";

static bool
starts_with(struct sluice_str s, const char *prefix)
{
    size_t len = strlen(prefix);

    return s.len >= len && memcmp(s.ptr, prefix, len) == 0;
}

static struct sluice_str
skip(struct sluice_str s, size_t n)
{
    return sluice_str_n(s.ptr + n, s.len - n);
}

static const char *
find(struct sluice_str s, char c)
{
    return s.len == 0 ? NULL : memchr(s.ptr, c, s.len);
}

static bool
is_port(struct sluice_str s)
{
    unsigned n = 0;
    size_t i;

    if (s.len == 0 || s.len > 5)
        return false;
    for (i = 0; i < s.len; i++) {
        if (s.ptr[i] < '0' || s.ptr[i] > '9')
            return false;
        n = n * 10 + (unsigned)(s.ptr[i] - '0');
    }
    return n >= 1 && n <= 65535;
}

/* Letters, digits, '-', '.', '_'; inside brackets an IPv6 address with zone. */
static bool
is_host(struct sluice_str s, bool bracketed)
{
    size_t i;
    char c;

    if (s.len == 0 || s.len > RPC_GRPC_TARGET_HOST)
        return false;
    for (i = 0; i < s.len; i++) {
        c = s.ptr[i];
        if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
            (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_')
            continue;
        if (bracketed && (c == ':' || c == '%'))
            continue;
        return false;
    }
    return true;
}

/* "host", "host:port", "[address]" or "[address]:port". */
static enum sluice_err
split_host_port(struct sluice_str text, char *host, char *port,
    const char **why)
{
    struct sluice_str h = text;
    struct sluice_str p = sluice_str(default_port);
    const char *end;
    bool bracketed = starts_with(text, "[");

    end = bracketed ? find(text, ']') : find(text, ':');
    if (bracketed && end == NULL) {
        *why = "\"[\" without \"]\"";
        return SLUICE_EINVAL;
    }
    if (bracketed) {
        h = sluice_str_n(text.ptr + 1, (size_t)(end - text.ptr) - 1);
        end = end + 1 == text.ptr + text.len ? NULL : end + 1;
    } else if (end != NULL) {
        h = sluice_str_n(text.ptr, (size_t)(end - text.ptr));
    }
    if (end != NULL) {
        if (*end != ':') {
            *why = "text between \"]\" and the port";
            return SLUICE_EINVAL;
        }
        p = skip(text, (size_t)(end + 1 - text.ptr));
        if (!bracketed && find(p, ':') != NULL) {
            *why = "an IPv6 address must be in brackets";
            return SLUICE_EINVAL;
        }
    }
    if (!is_host(h, bracketed)) {
        *why = h.len == 0 ? "the host is missing" : "not a host name";
        return SLUICE_EINVAL;
    }
    if (!is_port(p)) {
        *why = "the port must be 1 to 65535";
        return SLUICE_EINVAL;
    }
    memcpy(host, h.ptr, h.len);
    host[h.len] = '\0';
    memcpy(port, p.ptr, p.len);
    port[p.len] = '\0';
    return SLUICE_OK;
}

/* The first of the texts becomes :authority, with the port that is used. */
static void
set_authority(struct rpc_grpc_target *target, const char *host,
    const char *port)
{
    bool bracketed = strchr(host, ':') != NULL;

    (void)snprintf(target->authority, sizeof(target->authority), "%s%s%s:%s",
        bracketed ? "[" : "", host, bracketed ? "]" : "", port);
}

/* After the scheme: "//authority/path" or "path". */
static enum sluice_err
parse_dns(struct rpc_grpc_target *target, struct sluice_str rest,
    const char **why)
{
    enum sluice_err err;

    if (starts_with(rest, "///")) {
        rest = skip(rest, 3);
    } else if (starts_with(rest, "//")) {
        *why = "a DNS server of its own is not supported; write dns:///";
        return SLUICE_EINVAL;
    }
    target->kind = RPC_GRPC_TARGET_DNS;
    err = split_host_port(rest, target->host, target->port, why);
    if (err == SLUICE_OK)
        set_authority(target, target->host, target->port);
    return err;
}

static enum sluice_err
parse_unix(struct rpc_grpc_target *target, struct sluice_str rest,
    const char **why)
{
    if (starts_with(rest, "//")) {
        rest = skip(rest, 2);
        if (!starts_with(rest, "/")) {
            *why = "unix:// must be followed by an absolute path";
            return SLUICE_EINVAL;
        }
    }
    if (rest.len == 0 || rest.len >= sizeof(target->path)) {
        *why = rest.len == 0 ? "the path is missing" : "the path is too long";
        return SLUICE_EINVAL;
    }
    if (find(rest, '\0') != NULL) {
        *why = "the path contains a NUL";
        return SLUICE_EINVAL;
    }
    target->kind = RPC_GRPC_TARGET_UNIX;
    memcpy(target->path, rest.ptr, rest.len);
    target->path[rest.len] = '\0';
    memcpy(target->authority, "localhost", sizeof "localhost");
    return SLUICE_OK;
}

static enum sluice_err
add_address(struct rpc_grpc_target *target, struct sluice_str text, bool v6,
    const char **why)
{
    struct sockaddr_in6 *slot;
    enum sluice_err err;
    int port;
    int rc;

    if (target->addresses == RPC_GRPC_TARGET_ADDRESSES) {
        *why = "more than 16 addresses";
        return SLUICE_EINVAL;
    }
    err = split_host_port(text, target->host, target->port, why);
    if (err != SLUICE_OK)
        return err;
    slot = &target->address[target->addresses];
    memset(slot, 0, sizeof(*slot));
    port = (int)strtol(target->port, NULL, 10);
    rc = v6 ? uv_ip6_addr(target->host, port, slot)
            : uv_ip4_addr(target->host, port, (struct sockaddr_in *)slot);
    if (rc != 0) {
        *why = v6 ? "not an IPv6 address" : "not an IPv4 address";
        return SLUICE_EINVAL;
    }
    if (target->addresses++ == 0)
        set_authority(target, target->host, target->port);
    return SLUICE_OK;
}

/* "address[:port]{,address[:port]}" */
static enum sluice_err
parse_addresses(struct rpc_grpc_target *target, struct sluice_str rest, bool v6,
    const char **why)
{
    struct sluice_str one;
    enum sluice_err err;
    const char *comma;

    if (starts_with(rest, "///"))
        rest = skip(rest, 3);
    target->kind = RPC_GRPC_TARGET_ADDRESS;
    for (;;) {
        comma = find(rest, ',');
        one = rest;
        if (comma != NULL)
            one.len = (size_t)(comma - rest.ptr);
        err = add_address(target, one, v6, why);
        if (err != SLUICE_OK || comma == NULL)
            return err;
        rest = skip(rest, one.len + 1);
    }
}

enum sluice_err
rpc_grpc_target_parse(struct rpc_grpc_target *target, struct sluice_str text,
    const char **why)
{
    memset(target, 0, sizeof(*target));
    *why = "";
    if (text.ptr == NULL || text.len == 0) {
        *why = "the target is missing";
        return SLUICE_EINVAL;
    }
    if (starts_with(text, "dns:"))
        return parse_dns(target, skip(text, 4), why);
    if (starts_with(text, "unix:"))
        return parse_unix(target, skip(text, 5), why);
    if (starts_with(text, "ipv4:"))
        return parse_addresses(target, skip(text, 5), false, why);
    if (starts_with(text, "ipv6:"))
        return parse_addresses(target, skip(text, 5), true, why);
    return parse_dns(target, text, why);
}

enum sluice_err
sluice_grpc_target_check(struct sluice_str target, const char **why)
{
    struct rpc_grpc_target parsed;

    return rpc_grpc_target_parse(&parsed, target, why);
}
