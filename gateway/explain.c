/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/explain.c - see explain.h.
 *
 * The document grows as the request goes through the steps of gateway/rest.c;
 * the first refusal becomes its answer and ends it. Whether memory was short is
 * asked once, at the end: jansson's functions take NULL and fail.
 */
#include "gateway/explain.h"

#include <stdarg.h>
#include <stdio.h>

#include <sluice/status.h>

#include "gateway/admit.h"
#include "gateway/bad_input.h"
#include "gateway/bad_type.h"
#include "gateway/http_body.h"
#include "gateway/raw.h"
#include "gateway/rest.h"
#include "protobuf/unite.h"
#include "routes/explain.h"
#include "routes/http_body.h"
#include "routes/json_keys.h"
#include "routes/message.h"

#define NEAR_MAX 5

struct explainer {
    const struct route_set *set;
    struct gw_request request;
    struct sluice_str body;
    struct route_match match;
    const struct route_binding *binding;
    const struct pb_message *type; /* of the request message */
    struct pb_buf bound;           /* wire format of path and query */
    struct pb_buf message;
    struct pb_json_reader *reader;
    struct pb_json_writer *writer;
    json_t *doc;
    bool is_short; /* of memory */
};

/* The body is bytes as they are. */
static bool
takes_bytes(const struct explainer *x)
{
    return x->binding->rpc->is_raw || route_takes_http_body(x->binding);
}

/* ---- Building the document ------------------------------------------------- */

static void
put(struct explainer *x, json_t *object, const char *key, json_t *value)
{
    x->is_short |= json_object_set_new(object, key, value) != 0;
}

static void
append(struct explainer *x, const char *key, json_t *value)
{
    json_t *array = json_object_get(x->doc, key);

    x->is_short |= json_array_append_new(array, value) != 0;
}

static void
put_number(struct explainer *x, json_t *object, const char *key, unsigned n)
{
    put(x, object, key, json_integer(n));
}

/* What is not UTF-8 is replaced. */
static void
put_text(struct explainer *x, json_t *object, const char *key, const char *s,
    size_t len)
{
    json_t *value = json_stringn(s, len);
    struct pb_buf quoted;

    if (value == NULL) {
        pb_buf_init_heap(&quoted, SIZE_MAX);
        if (pb_json_quote(&quoted, s, len) == PB_OK)
            value = json_loadb((const char *)quoted.data, quoted.len,
                JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
        pb_buf_fini_heap(&quoted);
    }
    put(x, object, key, value);
}

static void
put_string(struct explainer *x, json_t *object, const char *key, const char *s)
{
    put_text(x, object, key, s, strlen(s));
}

/* ---- The answer ------------------------------------------------------------ */

/* NULL when memory is short; put() takes that. */
static json_t *
put_answer(struct explainer *x, unsigned status, int code, const char *message)
{
    json_t *answer;

    put(x, x->doc, "answer", json_object());
    answer = json_object_get(x->doc, "answer");
    put_number(x, answer, "status", status);
    put_string(x, answer, "code", sluice_code_name(code));
    put_string(x, answer, "message", message);
    return answer;
}

static void
refuse_input(struct explainer *x, const char *what,
    const struct pb_error *error)
{
    struct gw_bad_input bad;
    json_t *answer;

    if (error->kind == PB_ENOMEM) {
        x->is_short = true;
        return;
    }
    gw_bad_input_say(&bad, what, error);
    answer = put_answer(x, bad.status, bad.code, bad.message);
    put_string(x, answer, "field", bad.field);
    put_string(x, answer, "description", bad.description);
}

static void
refuse_admission(struct explainer *x, const struct gw_admission *a)
{
    json_t *answer;

    if (a->is_bad_path) {
        refuse_input(x, "path", &a->error);
        return;
    }
    answer = put_answer(x, a->status, a->code, a->message);
    if (a->allow[0] != '\0')
        put_string(x, answer, "allow", a->allow);
}

static size_t
max_of(const struct explainer *x)
{
    return x->set->config->max_request_message;
}

__attribute__((format(printf, 4, 5))) static void
refuse(struct explainer *x, unsigned status, int code, const char *format, ...)
{
    char text[256];
    va_list args;

    va_start(args, format);
    vsnprintf(text, sizeof text, format, args);
    va_end(args);
    put_answer(x, status, code, text);
}

static void
refuse_body(struct explainer *x, const struct pb_error *error)
{
    if (error->kind == PB_EFULL)
        refuse(x, 413, SLUICE_CODE_RESOURCE_EXHAUSTED, GW_MESSAGE_OVER_LIMIT,
            max_of(x));
    else
        refuse_input(x, "body", error);
}

/* ---- The route ------------------------------------------------------------- */

static const char *
declared(const struct route_binding *b)
{
    if (b->is_auto)
        return "automatic";
    return b->is_annotation ? "annotation" : "rule";
}

static void
put_body_rule(struct explainer *x, json_t *object)
{
    switch (x->binding->body) {
    case ROUTE_BODY_NONE:
        put(x, object, "body", json_null());
        break;
    case ROUTE_BODY_ALL:
        put_string(x, object, "body", "*");
        break;
    case ROUTE_BODY_FIELD:
        put_string(x, object, "body", x->binding->body_field->name);
        break;
    }
}

/* Those that the file gives, for all methods or for this one. */
static void
put_options(struct explainer *x, json_t *object)
{
    struct route_json_entry list[ROUTE_JSON_KEYS_MAX];
    size_t n = route_json_list(&x->binding->rpc->json, list);
    json_t *options;

    if (n == 0)
        return;
    options = json_object();
    for (size_t i = 0; i < n; i++)
        put(x, options, list[i].key,
            list[i].is_flag ? json_boolean(list[i].value)
                            : json_integer(list[i].value));
    put(x, object, "json", options);
}

static void
put_binding(struct explainer *x)
{
    const struct route_binding *b = x->binding;
    const struct route_upstream *u =
        &x->set->config->upstreams[b->rpc->upstream];
    json_t *object = json_object(), *targets = json_array();

    put_string(x, object, "method", b->verb);
    put_string(x, object, "template", b->template_text);
    put_string(x, object, "declared", declared(b));
    put_string(x, object, "file", b->place.file);
    put_number(x, object, "line", b->place.line);
    put_string(x, object, "rpc", b->rpc->method->full_name);
    put_string(x, object, "cardinality",
        pb_method_cardinality_name(b->rpc->method));
    put_string(x, object, "upstream", u->name);
    for (size_t i = 0; i < u->n_targets; i++)
        if (json_array_append_new(targets, json_string(u->targets[i])) != 0)
            x->is_short = true;
    put(x, object, "targets", targets);
    put_body_rule(x, object);
    if (b->response_field != NULL)
        put_string(x, object, "responseBody", b->response_field->name);
    else
        put(x, object, "responseBody", json_null());
    if (takes_bytes(x))
        put(x, object, "takesBytes", json_true());
    if (b->rpc->is_raw || route_gives_http_body(b))
        put(x, object, "givesBytes", json_true());
    if (b->rpc->is_raw)
        put(x, object, "isRaw", json_true());
    else
        put_options(x, object);
    put(x, x->doc, "binding", object);
}

static void
put_near(struct explainer *x)
{
    const struct gw_request *r = &x->request;
    struct route_near near[NEAR_MAX];
    size_t n = route_explain(x->set, r->verb, r->verb_len, r->target,
        r->path_len, near, NEAR_MAX);

    for (size_t i = 0; i < n; i++) {
        const struct route_binding *b = near[i].binding;
        json_t *object = json_object();

        put_string(x, object, "method", b->verb);
        put_string(x, object, "template", b->template_text);
        put_string(x, object, "rpc", b->rpc->method->full_name);
        put_string(x, object, "why", near[i].why);
        append(x, "near", object);
    }
}

static bool
find_route(struct explainer *x)
{
    struct gw_admission admission;

    if (!gw_admit_verb(x->request.verb, x->request.verb_len, &admission)) {
        refuse_admission(x, &admission);
        return false;
    }
    switch (gw_admit_target(x->set, &x->request, &x->match, &admission)) {
    case GW_ADMIT_ROUTE:
        x->binding = x->match.binding;
        x->type = x->binding->rpc->method->input;
        put_binding(x);
        put_near(x);
        return true;
    case GW_ADMIT_OPTIONS:
        put_answer(x, 204, SLUICE_CODE_OK, "the gateway answers by itself");
        break;
    case GW_ADMIT_HEALTH:
        put_answer(x, 200, SLUICE_CODE_OK,
            "no route claims this path: the gateway tells its health");
        break;
    case GW_ADMIT_REFUSED:
        refuse_admission(x, &admission);
        put_near(x);
        break;
    }
    return false;
}

/* ---- Path and query -------------------------------------------------------- */

/* "book.name", "labels[k]" */
static void
put_field_path(struct explainer *x, json_t *object,
    const struct route_given *given)
{
    struct pb_buf path;
    enum pb_err err = PB_OK;

    pb_buf_init_heap(&path, SIZE_MAX);
    for (size_t i = 0; err == PB_OK && i < given->depth; i++) {
        const struct pb_field *f = given->path[i];

        if (i > 0)
            err = pb_buf_put(&path, ".", 1);
        if (err == PB_OK)
            err = pb_buf_put(&path, f->name, f->name_len);
    }
    if (err == PB_OK && given->map_key != NULL) {
        err = pb_buf_put(&path, "[", 1);
        if (err == PB_OK)
            err = pb_buf_put(&path, given->map_key, given->map_key_len);
        if (err == PB_OK)
            err = pb_buf_put(&path, "]", 1);
    }
    if (err == PB_OK)
        put_text(x, object, "field", (const char *)path.data, path.len);
    x->is_short |= err != PB_OK;
    pb_buf_fini_heap(&path);
}

static void
on_given(void *arg, const struct route_given *given)
{
    struct explainer *x = arg;
    json_t *object = json_object();

    put_text(x, object, "name", given->name, given->name_len);
    put_text(x, object, "value", given->text, given->len);
    if (given->depth > 0)
        put_field_path(x, object, given);
    else
        put(x, object, "field", json_null());
    if (given->is_system)
        put(x, object, "system", json_true());
    if (given->is_unknown_value)
        put(x, object, "unknownValue", json_true());
    append(x, given->is_variable ? "path" : "query", object);
}

/* What is said of the body before any of it is there. */
static bool
check_type(struct explainer *x)
{
    const struct gw_request *r = &x->request;
    char text[GW_BAD_TYPE_MAX];

    if (route_takes_http_body(x->binding))
        gw_request_check_content_type(&x->request);
    if (r->bad_header != NULL) {
        refuse(x, 400, SLUICE_CODE_INVALID_ARGUMENT, GW_BAD_HEADER,
            r->bad_header, r->bad_reason);
        return false;
    }
    if (x->body.len > 0 && !takes_bytes(x) &&
        gw_request_media(r) != GW_MEDIA_JSON) {
        refuse(x, 415, SLUICE_CODE_INVALID_ARGUMENT, "%s",
            gw_bad_type_say(gw_bad_type_json(x->binding->rpc), r->content_type,
                text));
        return false;
    }
    return true;
}

static bool
bind_target(struct explainer *x)
{
    const struct gw_request *r = &x->request;
    struct pb_error error = { 0 };

    if (route_bind_telling(&x->match, r->target, r->query, r->query_len, NULL,
            &x->bound, &error, on_given, x) == PB_OK)
        return true;
    error.line = 0;
    refuse_input(x, "path or query", &error);
    return false;
}

/* ---- Messages -------------------------------------------------------------- */

/* What has no JSON would go upstream all the same. */
static void
show_message(struct explainer *x)
{
    struct pb_error error = { 0 };
    struct pb_buf text;
    json_t *shown = NULL;

    pb_buf_init_heap(&text, SIZE_MAX);
    if (pb_wire_to_json(x->writer, x->type, &x->binding->rpc->json.options,
            x->message.data, x->message.len, &text, &error) == PB_OK)
        shown = json_stringn((const char *)text.data, text.len);
    else if (error.kind != PB_ENOMEM)
        shown = json_string("null");
    append(x, "messages", shown);
    pb_buf_fini_heap(&text);
}

/* Of bytes nobody knows more. */
static void
show_raw(struct explainer *x, const char *data, size_t len)
{
    char *text = malloc(len / 3 * 4 + 8);
    json_t *shown = NULL;

    if (text != NULL) {
        size_t n = sluice_base64_encode(data, len, text);

        while (n % 4 != 0)
            text[n++] = '=';
        shown = json_sprintf("{\"bytes\":%zu,\"base64\":\"%.*s\"}", len, (int)n,
            text);
    }
    append(x, "messages", shown);
    free(text);
}

static enum pb_err
unite(struct explainer *x)
{
    struct pb_buf whole;
    enum pb_err err;

    pb_buf_init_heap(&whole, x->message.max);
    err = pb_wire_unite(x->type, x->message.data, x->message.len, &whole);
    pb_buf_fini_heap(&x->message);
    x->message = whole;
    return err;
}

static enum pb_err
fill_mask(struct explainer *x)
{
    const struct route_binding *b = x->binding;
    size_t before = x->message.len;
    enum pb_err err;

    if (!route_mask_is_wanted(b, x->request.verb, x->bound.data, x->bound.len))
        return PB_OK;
    err = route_mask_put(b, x->body.ptr, x->body.len, &x->message);
    if (x->message.len > before)
        put_string(x, x->doc, "filledMask", b->mask_field->name);
    return err;
}

static enum pb_err
add_bound(struct explainer *x)
{
    const struct gw_request *r = &x->request;
    enum pb_err err;

    err = pb_buf_put(&x->message, x->bound.data, x->bound.len);
    if (err == PB_OK)
        err = fill_mask(x);
    if (err == PB_OK && route_binds_inside(x->binding, r->query, r->query_len))
        err = unite(x);
    return err;
}

/* The body's part of the message is there. */
static bool
finish_message(struct explainer *x, bool is_first, bool is_pieced)
{
    struct pb_error error = { 0 };
    enum pb_err err = is_first ? add_bound(x) : PB_OK;

    if (err != PB_OK) {
        error.kind = err;
        refuse_body(x, &error);
        return false;
    }
    if (is_pieced &&
        route_message_check(x->writer, x->type, x->message.data, x->message.len,
            &error) != PB_OK) {
        refuse_input(x, "request", &error);
        return false;
    }
    show_message(x);
    return true;
}

/* One JSON value of the body, which is not blank. *used is up to its end. */
static bool
read_value(struct explainer *x, const char *text, size_t len, bool is_first,
    size_t *used)
{
    bool is_pieced = is_first && route_is_pieced(x->binding, x->bound.len);
    struct pb_error error = { 0 };
    enum pb_json_state state;

    x->message.len = 0;
    route_body_start(x->binding, x->reader, &x->binding->rpc->json.options,
        &x->message);
    if (is_pieced)
        pb_json_reader_allow_missing(x->reader);
    state = pb_json_reader_feed(x->reader, text, len, used, &error);
    if (state == PB_JSON_MORE)
        state = pb_json_reader_finish(x->reader, &error);
    if (state == PB_JSON_DONE && !x->binding->rpc->method->client_streaming)
        state =
            pb_json_reader_rest(x->reader, text + *used, len - *used, &error);
    if (state == PB_JSON_ERROR) {
        refuse_body(x, &error);
        return false;
    }
    return finish_message(x, is_first, is_pieced);
}

static size_t
skip_space(struct sluice_str s, size_t at)
{
    while (
        at < s.len && strchr(" \t\n\r", s.ptr[at]) != NULL && s.ptr[at] != '\0')
        at++;
    return at;
}

static bool
read_stream(struct explainer *x)
{
    size_t at = skip_space(x->body, 0);

    for (bool is_first = true; at < x->body.len; is_first = false) {
        size_t used;

        if (!read_value(x, x->body.ptr + at, x->body.len - at, is_first, &used))
            return false;
        at = skip_space(x->body, at + used);
    }
    return true;
}

/* The body's bytes as they are: one message, or several of a stream, of which
 * the first has all the rest. */
static bool
read_bytes(struct explainer *x)
{
    bool is_stream = x->binding->rpc->method->client_streaming;
    bool is_pieced = route_is_pieced(x->binding, x->bound.len);
    struct route_http_body body = gw_http_body_of(&x->request);
    size_t at = 0;

    do {
        bool is_first = at == 0;
        struct pb_error error = { 0 };

        body.len = x->body.len - at;
        if (body.len > 0) /* else there may be no body */
            body.data = (const uint8_t *)x->body.ptr + at;
        if (is_stream && body.len > 0) {
            body.len = gw_http_body_piece(x->binding, body,
                is_first ? x->bound.len : 0, max_of(x));
            if (body.len == 0)
                error.kind = PB_EFULL;
        }
        x->message.len = 0;
        if (error.kind == PB_OK)
            error.kind = route_http_body_put(x->binding, &body, &x->message);
        if (error.kind != PB_OK) {
            refuse_body(x, &error);
            return false;
        }
        if (!finish_message(x, is_first, is_first && is_pieced))
            return false;
        at += body.len;
        body.type_len = 0;
    } while (at < x->body.len);
    return true;
}

/* Bytes of a request stream are messages that are as large as they can be. */
static bool
read_raw(struct explainer *x)
{
    bool is_stream = x->binding->rpc->method->client_streaming;
    size_t at = 0;

    if (!is_stream)
        show_raw(x, x->body.ptr, x->body.len);
    while (is_stream && at < x->body.len) {
        size_t n = gw_raw_piece(x->body.len - at, max_of(x));

        show_raw(x, x->body.ptr + at, n);
        at += n;
    }
    return true;
}

static bool
read_body(struct explainer *x)
{
    bool is_blank = skip_space(x->body, 0) == x->body.len;
    bool is_stream = x->binding->rpc->method->client_streaming;
    bool is_bytes = route_takes_http_body(x->binding);
    bool is_raw = x->binding->rpc->is_raw;
    size_t used;

    if (is_stream && !is_raw)
        return is_bytes ? read_bytes(x) : read_stream(x);
    if (!is_stream && x->body.len > max_of(x)) {
        refuse(x, 413, SLUICE_CODE_RESOURCE_EXHAUSTED, GW_BODY_OVER_LIMIT,
            max_of(x));
        return false;
    }
    if (is_raw)
        return read_raw(x);
    if (is_bytes)
        return read_bytes(x);
    if (!is_blank && x->binding->body == ROUTE_BODY_NONE) {
        put_answer(x, 400, SLUICE_CODE_INVALID_ARGUMENT, GW_NO_BODY_TAKEN);
        return false;
    }
    if (!is_blank)
        return read_value(x, x->body.ptr, x->body.len, true, &used);
    (void)route_body_put_empty(x->binding, &x->message);
    return finish_message(x, true, x->type->has_required);
}

/* ---- The whole ------------------------------------------------------------- */

static bool
begin(struct explainer *x)
{
    pb_buf_init_heap(&x->bound, GW_BOUND_MAX_BYTES);
    pb_buf_init_heap(&x->message, max_of(x));
    x->reader = pb_json_reader_new();
    x->writer = pb_json_writer_new();
    x->doc = json_object();
    put_string(x, x->doc, "method", x->request.verb);
    put_string(x, x->doc, "target", x->request.target);
    put(x, x->doc, "path", json_array());
    put(x, x->doc, "query", json_array());
    put(x, x->doc, "near", json_array());
    put(x, x->doc, "messages", json_array());
    return !x->is_short && x->reader != NULL && x->writer != NULL;
}

static void
end(struct explainer *x)
{
    pb_buf_fini_heap(&x->bound);
    pb_buf_fini_heap(&x->message);
    pb_json_reader_free(&x->reader);
    pb_json_writer_free(&x->writer);
    if (x->is_short) {
        json_decref(x->doc);
        x->doc = NULL;
    }
}

json_t *
gw_explain(const struct route_set *set, const struct gw_question *q,
    bool *is_called)
{
    struct explainer x = { .set = set, .body = q->body };

    gw_request_set_target(&x.request, q->target, strlen(q->target));
    x.request.verb = q->verb;
    x.request.verb_len = strlen(q->verb);
    x.request.content_type = q->content_type;
    *is_called = false;
    if (begin(&x))
        *is_called = find_route(&x) && check_type(&x) && bind_target(&x) &&
            read_body(&x);
    else
        x.is_short = true;
    end(&x);
    *is_called = *is_called && x.doc != NULL;
    return x.doc;
}
