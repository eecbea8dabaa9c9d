/* SPDX-License-Identifier: Apache-2.0 */
/*
 * routes/config.c - the keys of a route file, and loading one.
 */
#include "routes/config.h"
#include "routes/arena.h"
#include "routes/json_keys.h"
#include "routes/percent.h"
#include "routes/read.h"
#include "routes/scalar.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <strings.h>

#define SECOND_NS INT64_C(1000000000)
#define DAY_NS (24 * 3600 * SECOND_NS)
#define KIB ((int64_t)1024)
#define MIB (1024 * KIB)
#define GIB (1024 * MIB)
#define COUNT(a) (sizeof(a) / sizeof *(a))

/* ---- Services ----------------------------------------------------------- */

static void
read_service_name(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, void *into)
{
    if (v->kind == ROUTE_VALUE_TEXT &&
        (!route_is_selector(v->text) || strchr(v->text, ',') != NULL))
        route_read_expected(r, key->name, v, "pkg.Service, pkg.* or *");
    else
        route_read_text(r, key, v, into);
}

static void
read_services(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, void *into)
{
    static const struct route_key keys[] = {
        { .name = "name",
            .read = read_service_name,
            .is_required = true,
            .offset = offsetof(struct route_service, name) },
        { .name = "upstream",
            .read = route_read_text,
            .offset = offsetof(struct route_service, upstream) },
    };
    struct route_config *c = into;
    struct route_service *list;

    list = route_read_array(r, key, v, ROUTE_VALUE_LIST, sizeof *list);
    if (list == NULL)
        return;
    for (const struct route_value *e = v->first; e != NULL; e = e->next) {
        struct route_service *s = &list[c->n_services++];

        s->place.file = r->file;
        s->place.line = e->line;
        route_read_map(r, e, "a service", keys, COUNT(keys), s);
    }
    c->services = list;
}

/* Which upstream serves it; without a word about it, the only one. */
static void
settle_upstream(struct route_reader *r, struct route_service *s)
{
    const struct route_config *c = r->config;
    const char *nearest;
    const char **names;

    if (s->upstream == NULL) {
        if (c->n_upstreams == 1)
            s->upstream = c->upstreams[0].name;
        else if (c->n_upstreams > 1)
            route_problems_add(r->problems, r->file, s->place.line,
                "a service needs a key \"upstream\" when there are several");
        return;
    }
    for (size_t i = 0; i < c->n_upstreams; i++) {
        if (strcmp(c->upstreams[i].name, s->upstream) == 0)
            return;
    }
    names = route_arena_array(r->arena, c->n_upstreams, sizeof *names);
    if (names == NULL) {
        route_read_out_of_memory(r);
        return;
    }
    for (size_t i = 0; i < c->n_upstreams; i++)
        names[i] = c->upstreams[i].name;
    nearest = route_nearest(s->upstream, names, c->n_upstreams);
    route_problems_add(r->problems, r->file, s->place.line,
        "there is no upstream \"%s\"%s%s%s", s->upstream,
        nearest != NULL ? "; did you mean \"" : "",
        nearest != NULL ? nearest : "", nearest != NULL ? "\"?" : "");
    s->upstream = NULL;
}

/* Of a draft, what is whole remains. */
static void
settle_services(struct route_reader *r)
{
    struct route_config *c = r->config;
    struct route_service *services = (struct route_service *)c->services;
    size_t n = 0;

    for (size_t i = 0; i < c->n_services; i++) {
        settle_upstream(r, &services[i]);
        if (services[i].name != NULL && services[i].upstream != NULL)
            services[n++] = services[i];
    }
    c->has_gaps = n < c->n_services;
    c->n_services = n;
}

/* ---- Methods ------------------------------------------------------------ */

static void
read_selector(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, void *into)
{
    if (v->kind != ROUTE_VALUE_TEXT || !route_is_selector(v->text))
        route_read_expected(r, key->name, v,
            "pkg.Service.Method, pkg.Service.* or *, separated by commas");
    else
        route_read_text(r, key, v, into);
}

static void
read_update_mask(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, void *into)
{
    struct route_method_options *m = into;

    if (v->kind == ROUTE_VALUE_TEXT && strcmp(v->text, "auto") == 0)
        m->fills_mask = 1;
    else if (v->kind == ROUTE_VALUE_TEXT && strcmp(v->text, "off") == 0)
        m->fills_mask = 0;
    else
        route_read_expected(r, key->name, v, "auto or off");
}

static void
read_cardinality(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, void *into)
{
    static const char *const names[] = { "unary-unary", "stream-unary",
        "unary-stream", "stream-stream" };
    struct route_method_options *m = into;

    for (size_t i = 0; v->kind == ROUTE_VALUE_TEXT && i < COUNT(names); i++)
        if (strcmp(v->text, names[i]) == 0)
            m->cardinality = (int8_t)i; /* by ROUTE_STREAM_IN and _OUT */
    if (m->cardinality < 0)
        route_read_expected(r, key->name, v,
            "unary-unary, unary-stream, stream-unary or stream-stream");
}

static void
read_content_type(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, void *into)
{
    if (v->kind != ROUTE_VALUE_TEXT || !route_is_media_type(v->text))
        route_read_expected(r, key->name, v,
            "a media type as in HTTP: type/subtype, perhaps with parameters");
    else
        route_read_text(r, key, v, into);
}

static void
read_sse(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, void *into)
{
    static const struct route_key keys[] = {
        { .name = "id_field",
            .read = route_read_text,
            .offset = offsetof(struct route_method_options, sse_id_field) },
        { .name = "last_event_id",
            .read = route_read_text,
            .offset =
                offsetof(struct route_method_options, sse_last_event_id) },
        { .name = "retry",
            .read = route_read_duration,
            .min = 0,
            .max = DAY_NS,
            .offset = offsetof(struct route_method_options, sse_retry_ns) },
    };

    route_read_map(r, v, key->name, keys, COUNT(keys), into);
}

static void
read_methods(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, void *into)
{
    static const struct route_key keys[] = {
        { .name = "selector",
            .read = read_selector,
            .is_required = true,
            .offset = offsetof(struct route_method_options, selector) },
        { .name = "timeout",
            .read = route_read_duration,
            .min = SECOND_NS / 1000,
            .max = 365 * DAY_NS,
            .offset = offsetof(struct route_method_options, timeout_ns) },
        { .name = "max_timeout",
            .read = route_read_duration,
            .min = SECOND_NS / 1000,
            .max = 365 * DAY_NS,
            .offset = offsetof(struct route_method_options, max_timeout_ns) },
        { .name = "update_mask",
            .read = read_update_mask,
            .offset = offsetof(struct route_method_options, fills_mask) },
        { .name = "cardinality", .read = read_cardinality },
        { .name = "content_type",
            .read = read_content_type,
            .offset = offsetof(struct route_method_options, content_type) },
        { .name = "json",
            .read = route_read_json,
            .offset = offsetof(struct route_method_options, json) },
        { .name = "sse", .read = read_sse },
    };
    struct route_config *c = into;
    struct route_method_options *list;

    list = route_read_array(r, key, v, ROUTE_VALUE_LIST, sizeof *list);
    if (list == NULL)
        return;
    for (const struct route_value *e = v->first; e != NULL; e = e->next) {
        struct route_method_options *m = &list[c->n_methods++];

        m->place.file = r->file;
        m->place.line = e->line;
        m->timeout_ns = m->max_timeout_ns = m->sse_retry_ns = -1;
        m->fills_mask = m->cardinality = -1;
        route_read_map(r, e, "a method", keys, COUNT(keys), m);
        if (m->timeout_ns > m->max_timeout_ns && m->max_timeout_ns >= 0)
            route_problems_add(r->problems, r->file, e->line,
                "timeout is longer than max_timeout");
    }
    c->methods = list;
}

/* ---- Metadata ----------------------------------------------------------- */

/* Names that mean something on one hop only, or that frame messages. */
static bool
is_header_name(const char *text)
{
    static const char *const never[] = {
        "connection",
        "content-length",
        "content-type",
        "host",
        "keep-alive",
        "proxy-authenticate",
        "proxy-authorization",
        "proxy-connection",
        "te",
        "trailer",
        "transfer-encoding",
        "upgrade",
    };

    if (!route_is_token(text) || strncasecmp(text, "grpc-", 5) == 0)
        return false;
    for (size_t i = 0; i < COUNT(never); i++) {
        if (strcasecmp(text, never[i]) == 0)
            return false;
    }
    return true;
}

static void
read_names(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, const char *const **items, size_t *n)
{
    route_read_texts(r, key, v, is_header_name,
        "a header name, neither hop-by-hop nor grpc-*", items, n);
    for (size_t i = 0; i < *n; i++) {
        for (char *s = (char *)(*items)[i]; *s != '\0'; s++) /* our copy */
            *s = (char)tolower((unsigned char)*s);
    }
}

static void
read_allow_request(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, void *into)
{
    struct route_config *c = into;

    read_names(r, key, v, &c->metadata_in, &c->n_metadata_in);
}

static void
read_allow_response(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, void *into)
{
    struct route_config *c = into;

    read_names(r, key, v, &c->metadata_out, &c->n_metadata_out);
}

static void
read_websocket_origins(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, void *into)
{
    struct route_config *c = into;

    route_read_origins(r, key, v, &c->websocket_origins,
        &c->n_websocket_origins);
}

/* ---- Maps of options ---------------------------------------------------- */

#define SIZE(key, least, most)                                                \
    {                                                                         \
        .name = #key, .read = route_read_size, .min = (least), .max = (most), \
        .offset = offsetof(struct route_config, key)                          \
    }
#define TIMEOUT(key, member, least)                                    \
    {                                                                  \
        .name = key, .read = route_read_duration, .min = (least),      \
        .max = DAY_NS, .offset = offsetof(struct route_config, member) \
    }

static const struct route_key limits_keys[] = {
    SIZE(max_request_message, 1, GIB),
    SIZE(max_response_message, 1, GIB),
    SIZE(max_header_bytes, KIB, MIB),
    { .name = "max_connections",
        .read = route_read_unsigned,
        .min = 1,
        .max = 1000000,
        .offset = offsetof(struct route_config, max_connections) },
    { .name = "max_elements",
        .read = route_read_unsigned,
        .min = 1,
        .max = 1000000000,
        .offset = offsetof(struct route_config, json.options.max_elements) },
};

static const struct route_key timeouts_keys[] = {
    TIMEOUT("header", header_timeout_ns, SECOND_NS / 1000),
    TIMEOUT("body", body_timeout_ns, SECOND_NS / 1000),
    TIMEOUT("idle", idle_timeout_ns, SECOND_NS / 1000),
    TIMEOUT("send", send_timeout_ns, SECOND_NS / 1000),
    TIMEOUT("grace", shutdown_grace_ns, 0),
    TIMEOUT("ping", ping_ns, SECOND_NS / 1000),
    TIMEOUT("pong", pong_timeout_ns, SECOND_NS / 1000),
    TIMEOUT("stream_head", stream_head_ns, SECOND_NS / 1000),
    TIMEOUT("heartbeat", heartbeat_ns, SECOND_NS / 1000),
};

static const struct route_key metadata_keys[] = {
    { .name = "allow_request", .read = read_allow_request },
    { .name = "allow_response", .read = read_allow_response },
};

static const struct route_key websocket_keys[] = {
    { .name = "origins", .read = read_websocket_origins },
};

static const struct route_key connect_keys[] = {
    { .name = "require_version",
        .read = route_read_bool,
        .offset = offsetof(struct route_config, connect_requires_version) },
};

static void
read_style(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, void *into)
{
    struct route_config *c = into;

    if (v->kind == ROUTE_VALUE_TEXT && strcmp(v->text, "google") == 0)
        c->errors_are_google = true;
    else if (v->kind != ROUTE_VALUE_TEXT || strcmp(v->text, "status") != 0)
        route_read_expected(r, key->name, v, "status or google");
}

static const struct route_key errors_keys[] = {
    { .name = "style", .read = read_style },
    { .name = "debug_info",
        .read = route_read_bool,
        .offset = offsetof(struct route_config, errors_show_debug) },
};

/* Each is a map whose members belong to the configuration itself. */
static void
read_section(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, void *into)
{
    static const struct {
        const char *name;
        const struct route_key *keys;
        size_t n_keys;
    } sections[] = {
        { "limits", limits_keys, COUNT(limits_keys) },
        { "timeouts", timeouts_keys, COUNT(timeouts_keys) },
        { "metadata", metadata_keys, COUNT(metadata_keys) },
        { "websocket", websocket_keys, COUNT(websocket_keys) },
        { "connect", connect_keys, COUNT(connect_keys) },
        { "errors", errors_keys, COUNT(errors_keys) },
    };

    for (size_t i = 0; i < COUNT(sections); i++) {
        if (strcmp(sections[i].name, key->name) == 0)
            route_read_map(r, v, key->name, sections[i].keys,
                sections[i].n_keys, into);
    }
}

/* ---- The top ------------------------------------------------------------ */

static void
read_listen(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, void *into)
{
    struct route_config *c = into;

    c->listen_line = v->line;
    if (route_read_some(r, key, v, "an address"))
        route_read_texts(r, key, v, route_is_listen_address,
            "host:port, [ipv6]:port or unix:/path", &c->listen, &c->n_listen);
}

/* A google.api.Service begins with these; they say nothing to us. */
static void
check_type(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, void *into)
{
    (void)into;
    if (v->kind != ROUTE_VALUE_TEXT ||
        strcmp(v->text, "google.api.Service") != 0)
        route_read_expected(r, key->name, v, "google.api.Service");
}

static void
check_version(struct route_reader *r, const struct route_key *key,
    const struct route_value *v, void *into)
{
    (void)into;
    if (v->kind != ROUTE_VALUE_INTEGER || v->integer < 0)
        route_read_expected(r, key->name, v, "a whole number");
}

static const struct route_key top_keys[] = {
    { .name = "type", .read = check_type },
    { .name = "config_version",
        .alias = "configVersion",
        .read = check_version },
    { .name = "listen", .read = read_listen },
    { .name = "workers",
        .read = route_read_unsigned,
        .min = 0,
        .max = 256,
        .offset = offsetof(struct route_config, workers) },
    { .name = "upstreams", .read = route_read_upstreams, .is_required = true },
    { .name = "services", .read = read_services, .is_required = true },
    { .name = "http", .read = route_read_http },
    { .name = "methods", .read = read_methods },
    { .name = "json",
        .read = route_read_json,
        .offset = offsetof(struct route_config, json) },
    { .name = "limits", .read = read_section },
    { .name = "timeouts", .read = read_section },
    { .name = "access_log",
        .read = route_read_text,
        .offset = offsetof(struct route_config, access_log) },
    { .name = "metadata", .read = read_section },
    { .name = "websocket", .read = read_section },
    { .name = "connect", .read = read_section },
    { .name = "errors", .read = read_section },
    { .name = "cors", .read = route_read_cors },
};

static struct route_config *
new_config(const char *file)
{
    struct route_arena *arena = route_arena_new();
    struct route_config *c = NULL;

    if (arena != NULL)
        c = route_arena_take(arena, sizeof *c);
    if (c != NULL)
        c->file = route_arena_text(arena, file, strlen(file));
    if (c == NULL || c->file == NULL) {
        route_arena_free(&arena);
        return NULL;
    }
    c->arena = arena;
    c->max_request_message = (size_t)(4 * MIB);
    c->max_response_message = (size_t)(4 * MIB);
    c->max_header_bytes = (size_t)(8 * KIB);
    c->json.options.max_elements = 1000000;
    c->max_connections = 10000;
    c->header_timeout_ns = 10 * SECOND_NS;
    c->body_timeout_ns = 30 * SECOND_NS;
    c->idle_timeout_ns = 75 * SECOND_NS;
    c->send_timeout_ns = 60 * SECOND_NS;
    c->shutdown_grace_ns = 10 * SECOND_NS;
    c->ping_ns = 30 * SECOND_NS;
    c->pong_timeout_ns = 10 * SECOND_NS;
    c->stream_head_ns = 1 * SECOND_NS;
    c->heartbeat_ns = 15 * SECOND_NS;
    c->access_log = "-";
    return c;
}

void
route_config_free(struct route_config **config)
{
    struct route_arena *arena;

    if (*config == NULL)
        return;
    arena = (*config)->arena; /* the config itself is in it */
    *config = NULL;
    route_arena_free(&arena);
}

struct route_config *
route_config_draft(const char *text, size_t len, bool is_json, const char *file,
    struct route_problems *problems)
{
    size_t n_before = route_problems_total(problems);
    struct route_config *c = new_config(file);
    struct route_reader r = { c, problems, NULL, NULL };
    struct route_value *root;

    if (c == NULL) {
        route_problems_add(problems, file, 0, "memory is short");
        return NULL;
    }
    r.file = c->file;
    r.arena = c->arena;
    root = is_json
        ? route_value_read_json(text, len, c->file, c->arena, problems)
        : route_value_read_yaml(text, len, c->file, c->arena, problems);
    if (root != NULL && root->kind == ROUTE_VALUE_MAP) {
        route_read_map(&r, root, "a route file", top_keys, COUNT(top_keys), c);
        settle_services(&r);
        route_settle_cors(&r);
    } else {
        if (root != NULL)
            route_read_expected(&r, "a route file", root, "a map");
        route_config_free(&c);
    }
    if (route_problems_total(problems) != n_before) {
        route_problems_sort(problems);
        if (c != NULL)
            c->is_flawed = true;
    }
    return c;
}

/* A draft that has no mistakes is the real thing. */
static struct route_config *
only_good(struct route_config *draft)
{
    if (draft != NULL && draft->is_flawed)
        route_config_free(&draft);
    return draft;
}

struct route_config *
route_config_parse(const char *text, size_t len, bool is_json, const char *file,
    struct route_problems *problems)
{
    return only_good(route_config_draft(text, len, is_json, file, problems));
}

/* ---- Files -------------------------------------------------------------- */

/* The file's bytes, malloc'd; at most max of them, else why is "too large". */
char *
route_file_read(const char *path, size_t max, size_t *len, const char **why)
{
    FILE *f = fopen(path, "rbe");
    size_t cap = 0, n = 0;
    char *data = NULL;

    *why = NULL;
    if (f == NULL) {
        *why = strerror(errno);
        return NULL;
    }
    while (*why == NULL && !feof(f)) {
        if (n == cap) {
            char *grown;

            cap = cap == 0 ? 16 * 1024 : cap * 2;
            grown = realloc(data, cap);
            if (grown == NULL) {
                *why = "memory is short";
                break;
            }
            data = grown;
        }
        n += fread(data + n, 1, cap - n, f);
        if (ferror(f))
            *why = strerror(errno);
        else if (n > max)
            *why = "the file is too large";
    }
    fclose(f);
    if (*why != NULL) {
        free(data);
        return NULL;
    }
    *len = n;
    return data;
}

static bool
ends_in(const char *s, const char *end)
{
    size_t s_len = strlen(s), end_len = strlen(end);

    return s_len >= end_len && strcmp(s + s_len - end_len, end) == 0;
}

struct route_config *
route_config_load_draft(const char *path, struct route_problems *problems)
{
    struct route_config *c;
    const char *why;
    size_t len;
    char *text = route_file_read(path, ROUTE_MAX_FILE, &len, &why);

    if (text == NULL) {
        route_problems_add(problems, path, 0, "cannot be read: %s", why);
        return NULL;
    }
    c = route_config_draft(text, len, ends_in(path, ".json"), path, problems);
    free(text);
    return c;
}

struct route_config *
route_config_load(const char *path, struct route_problems *problems)
{
    return only_good(route_config_load_draft(path, problems));
}
