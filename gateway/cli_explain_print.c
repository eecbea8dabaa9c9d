/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/cli_explain_print.c - an explanation as lines for people, each with
 * its word first, or as one JSON document.
 */
#include <stdio.h>
#include <stdlib.h>

#include "gateway/cli_explain.h"

#define WORD "%-9s "

static const char *
text_of(const json_t *object, const char *key)
{
    const char *s = json_string_value(json_object_get(object, key));

    return s != NULL ? s : "";
}

/* As a JSON string, so that it stays in its line and shows where it ends. */
static bool
print_quoted(const json_t *value)
{
    return json_dumpf(value, stdout, JSON_ENCODE_ANY) == 0;
}

static void
print_declared(const json_t *b)
{
    const char *file = text_of(b, "file");
    int line = (int)json_integer_value(json_object_get(b, "line"));
    const char *how = text_of(b, "declared");

    if (strcmp(how, "annotation") == 0)
        printf(WORD "annotation of a service of %s:%d\n", "declared", file,
            line);
    else if (strcmp(how, "automatic") == 0)
        printf(WORD "automatic for a service of %s:%d\n", "declared", file,
            line);
    else
        printf(WORD "%s:%d\n", "declared", file, line);
}

static void
print_response(const json_t *b, const char *field)
{
    bool is_bytes = json_is_true(json_object_get(b, "givesBytes"));

    if (*field != '\0')
        printf(WORD "only %s%s\n", "response", field,
            is_bytes ? ", as bytes" : "");
    else if (is_bytes)
        printf(WORD "as bytes\n", "response");
}

static void
print_options(json_t *options)
{
    const char *key, *comma = "";
    json_t *value;

    if (json_object_size(options) == 0)
        return;
    printf(WORD, "json");
    json_object_foreach(options, key, value)
    {
        if (json_is_boolean(value))
            printf("%s%s: %s", comma, key,
                json_is_true(value) ? "true" : "false");
        else
            printf("%s%s: %d", comma, key, (int)json_integer_value(value));
        comma = ", ";
    }
    putchar('\n');
}

static void
print_binding(const json_t *b)
{
    const char *body = text_of(b, "body");
    const char *bytes =
        json_is_true(json_object_get(b, "takesBytes")) ? ", as bytes" : "";
    const json_t *target;
    size_t i;

    printf(WORD "%s %s\n", "route", text_of(b, "method"),
        text_of(b, "template"));
    print_declared(b);
    printf(WORD "%s (%s%s)\n", "rpc", text_of(b, "rpc"),
        text_of(b, "cardinality"),
        json_is_true(json_object_get(b, "isRaw")) ? ", raw" : "");
    printf(WORD "%s", "upstream", text_of(b, "upstream"));
    json_array_foreach(json_object_get(b, "targets"), i, target)
        printf(" %s", json_string_value(target));
    putchar('\n');
    if (*body == '\0')
        printf(WORD "none is taken\n", "body");
    else if (strcmp(body, "*") == 0)
        printf(WORD "-> the whole request message%s\n", "body", bytes);
    else
        printf(WORD "-> %s%s\n", "body", body, bytes);
    print_response(b, text_of(b, "responseBody"));
    print_options(json_object_get(b, "json"));
}

static bool
print_given(const char *word, const json_t *list)
{
    const json_t *given;
    bool is_good = true;
    size_t i;

    json_array_foreach(list, i, given)
    {
        const json_t *field = json_object_get(given, "field");

        printf(WORD, word);
        is_good &= print_quoted(json_object_get(given, "name"));
        printf(" = ");
        is_good &= print_quoted(json_object_get(given, "value"));
        if (json_is_string(field)) {
            printf(" -> ");
            is_good &= print_quoted(field);
            puts(json_is_true(json_object_get(given, "unknownValue"))
                    ? ", which has no such value"
                    : "");
        } else if (json_is_true(json_object_get(given, "system"))) {
            printf(" is for the gateway: how the answer is written\n");
        } else {
            printf(" is ignored: there is no such field\n");
        }
    }
    return is_good;
}

static void
print_outcome(const json_t *doc)
{
    const json_t *x, *answer = json_object_get(doc, "answer");
    const json_t *messages = json_object_get(doc, "messages");
    const char *mask = text_of(doc, "filledMask");
    size_t i;

    if (*mask != '\0')
        printf(WORD "the body's keys -> %s\n", "mask", mask);
    json_array_foreach(messages, i, x)
        printf(WORD "%s\n", "message", json_string_value(x));
    if (answer == NULL) {
        if (json_array_size(messages) == 0)
            printf(WORD "none: the request stream is empty\n", "message");
        return;
    }
    printf(WORD "%d %s: %s\n", "answer",
        (int)json_integer_value(json_object_get(answer, "status")),
        text_of(answer, "code"), text_of(answer, "message"));
    if (json_object_get(answer, "allow") != NULL)
        printf(WORD "%s\n", "allow", text_of(answer, "allow"));
}

static void
print_near(const json_t *near)
{
    const json_t *x;
    size_t i;

    json_array_foreach(near, i, x) printf(WORD "%s %s: %s\n", "loses",
        text_of(x, "method"), text_of(x, "template"), text_of(x, "why"));
}

bool
cli_explain_print_text(const json_t *doc)
{
    const json_t *binding = json_object_get(doc, "binding");
    bool is_good;

    if (binding != NULL)
        print_binding(binding);
    is_good = print_given("path", json_object_get(doc, "path"));
    is_good &= print_given("query", json_object_get(doc, "query"));
    print_outcome(doc);
    print_near(json_object_get(doc, "near"));
    return is_good;
}

/* The messages are put in as they are: they would not survive being read as
 * jansson's numbers. */
bool
cli_explain_print_json(json_t *doc)
{
    json_t *messages = json_incref(json_object_get(doc, "messages"));
    const json_t *x;
    char *text;
    size_t i;

    json_object_del(doc, "messages");
    text = json_dumps(doc, JSON_COMPACT);
    if (text != NULL) {
        printf("%.*s,\"messages\":[", (int)strlen(text) - 1, text);
        json_array_foreach(messages, i, x)
            printf("%s%s", i > 0 ? "," : "", json_string_value(x));
        puts("]}");
    }
    free(text);
    json_decref(messages);
    return text != NULL;
}
