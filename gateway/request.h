/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/request.h - the head of an HTTP request as the gateway needs it: the
 * target split, the headers that steer us, the rest turned into metadata.
 */
#ifndef GW_REQUEST_H
#define GW_REQUEST_H

#include <sluice/metadata.h>

#include <microhttpd.h>
#include <string.h>

#include "gateway/arena.h"
#include "gateway/handshake.h"
#include "routes/config.h"

#define GW_MAX_HEADERS 100u

struct gw_request {
    const char *target; /* raw, as received, in the exchange's arena */
    size_t target_len;
    size_t path_len;   /* up to '?' */
    const char *query; /* NULL: none */
    size_t query_len;
    const char *verb; /* MHD's, valid for the whole request */
    size_t verb_len;

    /* From the headers. */
    unsigned n_headers;
    struct sluice_str content_type;
    struct sluice_str accept;
    struct sluice_str accept_encoding;
    struct sluice_str connect_version; /* Connect-Protocol-Version; no pointer:
                                        * none */
    struct sluice_str last_event_id;   /* of a returning EventSource */
    struct sluice_str host;
    struct sluice_str origin; /* no pointer: none; not valid if several */
    struct sluice_str preflight_method;  /* Access-Control-Request-Method */
    struct sluice_str preflight_headers; /* Access-Control-Request-Headers */
    struct sluice_str forwarded_for;
    struct sluice_str user_agent; /* X-User-Agent, or else User-Agent */
    bool has_x_user_agent;
    bool has_content_length;
    uint64_t content_length;
    bool is_chunked;
    bool is_coded;       /* Content-Encoding: gzip and the like */
    bool wants_trailers; /* TE: trailers */
    bool is_from_page;   /* Origin, or Sec-Fetch-Mode of a script */
    bool has_bad_expect;
    bool has_split_list; /* a list came in several lines; they were joined */
    struct gw_handshake handshake; /* of a WebSocket */
    bool is_websocket;             /* it is wanted, and counts */
    int64_t timeout_ns;            /* -1: the client named none */
    struct sluice_metadata *metadata;

    /* What is wrong with a header; NULL when all is well. */
    const char *bad_header; /* its name */
    const char *bad_reason; /* what was expected */
    struct sluice_str bad_value;
};

/* Splits the target; target must stay. */
void gw_request_set_target(struct gw_request *r, const char *target,
    size_t len);

/* Whether its method is this one; a literal's length costs nothing here. */
static inline bool
gw_request_is(const struct gw_request *r, const char *verb)
{
    return r->verb_len == strlen(verb) &&
        memcmp(r->verb, verb, r->verb_len) == 0;
}

/* Reads every header once. Texts are those of the head, or in the arena. false:
 * memory is short. */
bool gw_request_read_headers(struct gw_request *r, struct MHD_Connection *mhd,
    const struct route_config *config, struct gw_arena *arena,
    const char *remote);

/* Notes what is wrong with a header; of several, the first stays. name and
 * reason are not copied. */
void gw_request_bad(struct gw_request *r, const char *name, const char *reason,
    struct sluice_str value);

/* One more piece of metadata, as the header "Grpc-Metadata-NAME: VALUE" would
 * give it. An error is in bad_header, under name. false: memory is short. */
bool gw_request_add_metadata(struct gw_request *r, struct sluice_pool *pool,
    const char *name, struct sluice_str value);

/* For protocols in which every header is metadata that is not of HTTP or of
 * browsers: adds those that gw_request_read_headers() has left. false: memory
 * is short. */
bool gw_request_read_metadata(struct gw_request *r, struct MHD_Connection *mhd,
    const struct route_config *config, struct sluice_pool *pool);

/* MHD is going to free the head: of its texts only the target remains, which
 * is ours, and the verb, which is GET. */
void gw_request_forget_head(struct gw_request *r);

/* How the body is coded. */
enum gw_media {
    GW_MEDIA_JSON, /* JSON values in UTF-8, or nothing said */
    GW_MEDIA_UNSUPPORTED
};
enum gw_media gw_request_media(const struct gw_request *r);

/* For a Content-Type that becomes a string of a message: what is no text is a
 * bad header. */
void gw_request_check_content_type(struct gw_request *r);

/* True when a body is announced (even an empty one counts as none). */
bool gw_request_has_body(const struct gw_request *r);

#endif
