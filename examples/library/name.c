/* SPDX-License-Identifier: Apache-2.0 */
/*
 * examples/library/name.c - resource names.
 */
#include "examples/library/name.h"

#include <assert.h>
#include <stdio.h>
#include <string.h>

#define SHELVES "shelves/"
#define BOOKS "/books/"

/* How many characters of an id stand at s. */
static size_t
id_len(const char *s)
{
    return strspn(s,
        "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
        "0123456789._~-");
}

static bool
is_id(const char *s, size_t len)
{
    return len >= 1 && len <= LIBRARY_ID_MAX && !(len == 1 && s[0] == '-');
}

/* What follows the shelf in name; NULL if it does not begin with one. */
static const char *
after_shelf(const char *name)
{
    size_t len;

    if (strncmp(name, SHELVES, strlen(SHELVES)) != 0)
        return NULL;
    name += strlen(SHELVES);
    len = id_len(name);
    return is_id(name, len) ? name + len : NULL;
}

bool
library_id_is_valid(const char *id)
{
    size_t len = id_len(id);

    return is_id(id, len) && id[len] == '\0';
}

bool
library_name_is_shelf(const char *name)
{
    const char *rest = after_shelf(name);

    return rest != NULL && rest[0] == '\0';
}

bool
library_name_is_book(const char *name)
{
    const char *rest = after_shelf(name);

    return rest != NULL && strncmp(rest, BOOKS, strlen(BOOKS)) == 0 &&
        library_id_is_valid(rest + strlen(BOOKS));
}

size_t
library_name_shelf_len(const char *name)
{
    const char *rest = after_shelf(name);

    assert(rest != NULL);
    return (size_t)(rest - name);
}

const char *
library_name_id(const char *name)
{
    return strrchr(name, '/') + 1;
}

void
library_name_of_shelf(char *to, const char *id)
{
    int n = snprintf(to, LIBRARY_NAME_MAX + 1, SHELVES "%s", id);

    assert(n > 0 && (size_t)n <= LIBRARY_NAME_MAX);
}

void
library_name_of_book(char *to, const char *shelf_name, const char *id)
{
    int n = snprintf(to, LIBRARY_NAME_MAX + 1, "%s" BOOKS "%s", shelf_name, id);

    assert(n > 0 && (size_t)n <= LIBRARY_NAME_MAX);
}
