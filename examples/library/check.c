/* SPDX-License-Identifier: Apache-2.0 */
/*
 * examples/library/check.c - what may stand in a book, field by field.
 */
#include "examples/library/service.h"

#define MAX_TEXT 256u
#define MAX_TAGS 20u
#define MAX_TAG 64u
#define MAX_ISBN 32u
#define MAX_PAGES 1000000
#define NANOS 1000000000

/* Length of the UTF-8 sequence at s, whose text ends with a NUL; 0: broken
 * (RFC 3629: shortest form, no surrogates, up to U+10FFFF). */
static size_t
sequence_len(const unsigned char *s)
{
    unsigned low = 0x80, high = 0xbf;
    size_t len, i;

    if (s[0] < 0x80)
        return 1;
    if (s[0] < 0xc2 || s[0] > 0xf4)
        return 0;
    len = s[0] < 0xe0 ? 2 : s[0] < 0xf0 ? 3 : 4;
    if (s[0] == 0xe0)
        low = 0xa0;
    else if (s[0] == 0xed)
        high = 0x9f;
    else if (s[0] == 0xf0)
        low = 0x90;
    else if (s[0] == 0xf4)
        high = 0x8f;
    if (s[1] < low || s[1] > high)
        return 0;
    for (i = 2; i < len; i++)
        if ((s[i] & 0xc0) != 0x80)
            return 0;
    return len;
}

static bool
is_utf8(const char *text)
{
    const unsigned char *s = (const unsigned char *)text;
    size_t len;

    for (; *s != '\0'; s += len) {
        len = sequence_len(s);
        if (len == 0)
            return false;
    }
    return true;
}

const char *
library_text_problem(const char *text, size_t max)
{
    if (strlen(text) > max)
        return "is too long";
    return is_utf8(text) ? NULL : "is not UTF-8";
}

static const char *
tags_problem(const Library__Book *book)
{
    const char *problem;
    size_t i;

    if (book->n_tags > MAX_TAGS)
        return "are more than 20";
    for (i = 0; i < book->n_tags; i++) {
        if (book->tags[i][0] == '\0')
            return "must not be empty";
        problem = library_text_problem(book->tags[i], MAX_TAG);
        if (problem != NULL)
            return problem;
    }
    return NULL;
}

static const char *
price_problem(const Library__Book *book)
{
    const Library__Money *price = book->price;

    if (price == NULL)
        return NULL;
    if (price->base.n_unknown_fields != 0)
        return "has fields that the library does not know";
    if (strlen(price->currency_code) != 3 ||
        strspn(price->currency_code, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != 3)
        return "needs a currency code of three capital letters";
    if (price->units < 0 || price->nanos < 0 || price->nanos >= NANOS)
        return "must be zero or more, its nanos below 1000000000";
    return NULL;
}

static const char *
isbn_problem(const Library__Book *book)
{
    if (book->n_isbn == 0)
        return NULL;
    return library_text_problem(book->isbn[book->n_isbn - 1], MAX_ISBN);
}

static const char *
title_problem(const Library__Book *book)
{
    if (book->title[0] == '\0')
        return "must not be empty";
    return library_text_problem(book->title, MAX_TEXT);
}

static const char *
author_problem(const Library__Book *book)
{
    return library_text_problem(book->author, MAX_TEXT);
}

static const char *
year_problem(const Library__Book *book)
{
    if (book->year < -3000 || book->year > 9999)
        return "must be from -3000 to 9999";
    return NULL;
}

static const char *
pages_problem(const Library__Book *book)
{
    if (book->pages < 0 || book->pages > MAX_PAGES)
        return "must be from 0 to 1000000";
    return NULL;
}

static const char *
genre_problem(const Library__Book *book)
{
    if (protobuf_c_enum_descriptor_get_value(&library__genre__descriptor,
            (int)book->genre) == NULL)
        return "is none that the library knows";
    return NULL;
}

static const struct {
    const char *field;
    const char *(*problem)(const Library__Book *book);
} checks[] = {
    { "book.title", title_problem },
    { "book.author", author_problem },
    { "book.year", year_problem },
    { "book.pages", pages_problem },
    { "book.tags", tags_problem },
    { "book.genre", genre_problem },
    { "book.price", price_problem },
    { "book.isbn", isbn_problem },
};

const char *
library_book_problem(const Library__Book *book, const char **field)
{
    const char *problem = NULL;
    size_t i;

    for (i = 0; i < sizeof(checks) / sizeof(checks[0]); i++) {
        *field = checks[i].field;
        problem = checks[i].problem(book);
        if (problem != NULL)
            break;
    }
    return problem;
}
