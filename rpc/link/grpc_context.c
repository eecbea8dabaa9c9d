/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_context.c - see the header.
 */
#include "rpc/link/grpc_context.h"

#include "rpc/bytes.h"
#include "rpc/check.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>

/* "unix-abstract:" and a whole path. */
#define TEXT_ROOM (sizeof(((struct sockaddr_un *)0)->sun_path) + 16)

void
rpc_grpc_context_init(struct sluice_grpc_context *context,
    struct sluice_bytes *peer, struct sluice_str authority,
    enum sluice_err (*set_coding)(struct sluice_grpc_context *context,
        enum sluice_grpc_coding coding))
{
    context->magic = RPC_GRPC_CONTEXT_MAGIC;
    context->peer = sluice_bytes_ref(peer);
    context->authority = authority;
    context->set_coding = set_coding;
}

void
rpc_grpc_context_fini(struct sluice_grpc_context *context)
{
    rpc_bytes_drop(&context->peer);
    context->magic = 0;
}

/* ----------------------------------------------------------- addresses */

static size_t
ipv4_text(const struct sockaddr *address, char *out, size_t room)
{
    const struct sockaddr_in *a = (const struct sockaddr_in *)address;
    char ip[INET_ADDRSTRLEN] = "";

    (void)inet_ntop(AF_INET, &a->sin_addr, ip, sizeof(ip));
    return (size_t)snprintf(out, room, "ipv4:%s:%u", ip,
        (unsigned)ntohs(a->sin_port));
}

static size_t
ipv6_text(const struct sockaddr *address, char *out, size_t room)
{
    const struct sockaddr_in6 *a = (const struct sockaddr_in6 *)address;
    char ip[INET6_ADDRSTRLEN] = "";
    unsigned port = ntohs(a->sin6_port);

    /* A client of ours or theirs that came by IPv4 all the same. */
    if (IN6_IS_ADDR_V4MAPPED(&a->sin6_addr)) {
        (void)inet_ntop(AF_INET, a->sin6_addr.s6_addr + 12, ip, sizeof(ip));
        return (size_t)snprintf(out, room, "ipv4:%s:%u", ip, port);
    }
    (void)inet_ntop(AF_INET6, &a->sin6_addr, ip, sizeof(ip));
    if (a->sin6_scope_id != 0)
        return (size_t)snprintf(out, room, "ipv6:[%s%%%u]:%u", ip,
            (unsigned)a->sin6_scope_id, port);
    return (size_t)snprintf(out, room, "ipv6:[%s]:%u", ip, port);
}

static size_t
unix_text(const struct sockaddr *address, size_t len, char *out, size_t room)
{
    const struct sockaddr_un *a = (const struct sockaddr_un *)address;
    size_t head = offsetof(struct sockaddr_un, sun_path);
    size_t n = len > head ? len - head : 0;
    const char *path = a->sun_path;
    const char *scheme = "unix:";
    size_t used;

    if (n > 0 && path[0] == '\0') {
        scheme = "unix-abstract:"; /* a name, which may hold any bytes */
        path++;
        n--;
    } else {
        n = strnlen(path, n);
    }
    used = (size_t)snprintf(out, room, "%s", scheme);
    assert(used + n <= room);
    memcpy(out + used, path, n);
    return used + n;
}

struct sluice_bytes *
rpc_grpc_address_text(struct sluice_pool *pool, const struct sockaddr *address,
    size_t len)
{
    char text[TEXT_ROOM];
    size_t n = 0;

    if (len >= sizeof(struct sockaddr_in) && address->sa_family == AF_INET)
        n = ipv4_text(address, text, sizeof(text));
    else if (len >= sizeof(struct sockaddr_in6) &&
        address->sa_family == AF_INET6)
        n = ipv6_text(address, text, sizeof(text));
    else if (len >= sizeof(address->sa_family) &&
        address->sa_family == AF_UNIX && len <= sizeof(struct sockaddr_un))
        n = unix_text(address, len, text, sizeof(text));
    assert(n <= sizeof(text));
    return sluice_bytes_copy(pool, text, n);
}

struct sluice_bytes *
rpc_grpc_peer_new(struct sluice_pool *pool, const uv_stream_t *stream)
{
    struct sockaddr_storage address;
    socklen_t len = sizeof(address);
    uv_os_fd_t fd;

    memset(&address, 0, sizeof(address));
    if (uv_fileno((const uv_handle_t *)stream, &fd) != 0 ||
        getpeername(fd, (struct sockaddr *)&address, &len) != 0)
        len = 0; /* it has just gone: no text, but no failure either */
    return rpc_grpc_address_text(pool, (const struct sockaddr *)&address, len);
}

/* --------------------------------------------------------------- public */

struct sluice_str
sluice_grpc_context_peer(const struct sluice_grpc_context *context)
{
    RPC_CHECK(context, RPC_GRPC_CONTEXT_MAGIC);
    return sluice_str_n((const char *)sluice_bytes_data(context->peer),
        sluice_bytes_size(context->peer));
}

struct sluice_str
sluice_grpc_context_authority(const struct sluice_grpc_context *context)
{
    RPC_CHECK(context, RPC_GRPC_CONTEXT_MAGIC);
    return context->authority;
}

enum sluice_err
sluice_grpc_context_set_coding(struct sluice_grpc_context *context,
    enum sluice_grpc_coding coding)
{
    RPC_CHECK(context, RPC_GRPC_CONTEXT_MAGIC);
    return context->set_coding(context, coding);
}
