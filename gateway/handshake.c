/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/handshake.c - see handshake.h. */
#include "gateway/handshake.h"

#include <sluice/grpc.h>

#include <assert.h>
#include <sha1.h>
#include <string.h>
#include <strings.h>

#include "gateway/list.h"

#define KEY_BYTES 16u
#define KEY_LEN 24u /* of 16 bytes in base64, with its padding */

/* RFC 6455 section 1.3 */
#define GUID "258EAFA5-E914-47DA-95CA-C5AB0DC85B11"

static const struct gw_subprotocol subprotocols[] = {
    { "sluice.json", GW_WS_JSON, false },
    { "sluice.json+metadata", GW_WS_JSON, true },
    { "sluice.proto", GW_WS_PROTO, false },
    { "sluice.proto+metadata", GW_WS_PROTO, true },
};

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

static const struct gw_subprotocol *
find_subprotocol(struct sluice_str name)
{
    for (size_t i = 0; i < sizeof subprotocols / sizeof *subprotocols; i++)
        if (sluice_str_equal(name, sluice_str(subprotocols[i].name)))
            return &subprotocols[i];
    return NULL;
}

/* In the order of the client's preference, which may go over several lines. */
static void
choose_subprotocol(struct gw_handshake *h, struct sluice_str list)
{
    struct sluice_str name;

    while (h->subprotocol == NULL && gw_list_next(&list, ',', &name))
        h->subprotocol = find_subprotocol(name);
}

bool
gw_handshake_read(struct gw_handshake *h, const char *name, size_t len,
    struct sluice_str value)
{
    if (is(name, len, "upgrade")) {
        h->is_wanted |= gw_list_has(value, "websocket");
        return true;
    }
    if (is(name, len, "connection")) {
        h->has_upgrade |= gw_list_has(value, "upgrade");
        return true;
    }
    if (is(name, len, "sec-websocket-key"))
        return take(&h->key, &h->n_keys, value);
    if (is(name, len, "sec-websocket-version"))
        return take(&h->version, &h->n_versions, value);
    if (is(name, len, "sec-websocket-protocol")) {
        choose_subprotocol(h, value);
        return true;
    }
    return false;
}

static bool
is_key(struct sluice_str key)
{
    uint8_t bytes[KEY_LEN / 4 * 3 + 3];

    return key.len == KEY_LEN &&
        sluice_base64_decode(key.ptr, key.len, bytes) == KEY_BYTES;
}

static bool
is_wrong(struct gw_handshake_fault *fault, const char *field,
    const char *expected, struct sluice_str found)
{
    *fault = (struct gw_handshake_fault){
        .field = field,
        .expected = expected,
        .found = found,
        .status = 400,
    };
    return false;
}

bool
gw_handshake_check(const struct gw_handshake *h, const char *verb,
    struct gw_handshake_fault *fault)
{
    const struct sluice_str nothing = { NULL, 0 };

    if (strcmp(verb, "GET") != 0)
        return is_wrong(fault, NULL, "the method must be GET", nothing);
    if (!h->has_upgrade)
        return is_wrong(fault, "Connection", "expected upgrade", nothing);
    if (h->n_versions > 1)
        return is_wrong(fault, "Sec-WebSocket-Version", "expected one value",
            nothing);
    if (h->n_versions == 0 ||
        !sluice_str_equal(h->version, sluice_str(GW_WEBSOCKET_VERSION))) {
        (void)is_wrong(fault, "Sec-WebSocket-Version",
            "expected " GW_WEBSOCKET_VERSION, h->version);
        fault->status = 426;
        return false;
    }
    if (h->n_keys > 1)
        return is_wrong(fault, "Sec-WebSocket-Key", "expected one value",
            nothing);
    if (h->n_keys == 0 || !is_key(h->key))
        return is_wrong(fault, "Sec-WebSocket-Key",
            "expected 16 bytes in base64", h->key);
    return true;
}

void
gw_handshake_accept(struct sluice_str key,
    char accept[GW_WEBSOCKET_ACCEPT_LEN + 1])
{
    char text[KEY_LEN + sizeof GUID];
    uint8_t digest[SHA1_DIGEST_LENGTH];
    SHA1_CTX sha1;
    size_t n;

    assert(key.len == KEY_LEN);
    memcpy(text, key.ptr, KEY_LEN);
    memcpy(text + KEY_LEN, GUID, sizeof GUID);
    SHA1Init(&sha1);
    SHA1Update(&sha1, (const uint8_t *)text, KEY_LEN + sizeof GUID - 1);
    SHA1Final(digest, &sha1);
    n = sluice_base64_encode(digest, sizeof digest, accept);
    while (n < GW_WEBSOCKET_ACCEPT_LEN)
        accept[n++] = '=';
    accept[n] = '\0';
}
