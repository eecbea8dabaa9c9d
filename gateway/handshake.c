/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/handshake.c - see handshake.h. */
#include "gateway/handshake.h"

#include <sluice/grpc.h>

#include <string.h>
#include <strings.h>

#include "gateway/request.h"

#define KEY_BYTES 16u
#define KEY_LEN 24u /* of 16 bytes in base64, with its padding */

static bool
is(const char *name, size_t len, const char *lower)
{
    return strlen(lower) == len && strncasecmp(name, lower, len) == 0;
}

/* Of several, the first; that there are several is an error anyway. */
static bool
take(struct sluice_str *to, unsigned *n, struct sluice_str value)
{
    if ((*n)++ == 0)
        *to = value;
    return true;
}

bool
gw_handshake_read(struct gw_handshake *h, const char *name, size_t len,
    struct sluice_str value)
{
    if (is(name, len, "upgrade")) {
        h->is_wanted |= gw_request_list_has(value, "websocket");
        return true;
    }
    if (is(name, len, "connection")) {
        h->has_upgrade |= gw_request_list_has(value, "upgrade");
        return true;
    }
    if (is(name, len, "sec-websocket-key"))
        return take(&h->key, &h->n_keys, value);
    if (is(name, len, "sec-websocket-version"))
        return take(&h->version, &h->n_versions, value);
    return false;
}

static bool
is_key(struct sluice_str key)
{
    uint8_t bytes[KEY_LEN / 4 * 3 + 3];

    return key.len == KEY_LEN &&
        sluice_base64_decode(key.ptr, key.len, bytes) == KEY_BYTES;
}

const char *
gw_handshake_check(const struct gw_handshake *h, const char *verb,
    unsigned *status)
{
    *status = 400;
    if (strcmp(verb, "GET") != 0)
        return "the method must be GET";
    if (!h->has_upgrade)
        return "Connection must name upgrade";
    if (h->n_versions > 1)
        return "Sec-WebSocket-Version is given twice";
    if (h->n_versions == 0 ||
        !sluice_str_equal(h->version, sluice_str(GW_WEBSOCKET_VERSION))) {
        *status = 426;
        return "Sec-WebSocket-Version must be " GW_WEBSOCKET_VERSION;
    }
    if (h->n_keys > 1)
        return "Sec-WebSocket-Key is given twice";
    if (h->n_keys == 0 || !is_key(h->key))
        return "Sec-WebSocket-Key must be 16 bytes in base64";
    return NULL;
}
