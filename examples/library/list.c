/* SPDX-License-Identifier: Apache-2.0 */
/*
 * examples/library/list.c - ListBooks: a snapshot of the books, narrowed by
 * the filters, put in order, and cut to a page.
 */
#include <stdlib.h>

#include "examples/library/name.h"
#include "examples/library/service.h"

/* ---- Filters -------------------------------------------------------------- */

static bool
has_tag(const Library__Book *book, const char *tag)
{
    size_t i;

    for (i = 0; i < book->n_tags; i++)
        if (strcmp(book->tags[i], tag) == 0)
            return true;
    return false;
}

static bool
is_wanted(const Library__Book *book, const Library__ListBooksRequest *request)
{
    size_t i;

    if (request->author[0] != '\0' &&
        strcmp(request->author, book->author) != 0)
        return false;
    if (request->genre != LIBRARY__GENRE__GENRE_UNSPECIFIED &&
        request->genre != book->genre)
        return false;
    for (i = 0; i < request->n_tags; i++)
        if (!has_tag(book, request->tags[i]))
            return false;
    return true;
}

/* Moves what is wanted to the front, in order, and lets go of the rest. */
static size_t
narrow(struct library_book **books, size_t n,
    const Library__ListBooksRequest *request)
{
    size_t i, kept = 0;

    for (i = 0; i < n; i++) {
        if (is_wanted(books[i]->message, request))
            books[kept++] = books[i];
        else
            library_book_unref(&books[i]);
    }
    return kept;
}

/* ---- Orders --------------------------------------------------------------- */

static const Library__Book *
book_at(const void *slot)
{
    return (*(struct library_book *const *)slot)->message;
}

/* Ties are broken by name, so that pages never overlap. */
static int
by_title(const void *a, const void *b)
{
    int order = strcmp(book_at(a)->title, book_at(b)->title);

    return order != 0 ? order : strcmp(book_at(a)->name, book_at(b)->name);
}

static int
by_author(const void *a, const void *b)
{
    int order = strcmp(book_at(a)->author, book_at(b)->author);

    return order != 0 ? order : strcmp(book_at(a)->name, book_at(b)->name);
}

static int
by_year(const void *a, const void *b)
{
    int32_t x = book_at(a)->year, y = book_at(b)->year;

    if (x != y)
        return x < y ? -1 : 1;
    return strcmp(book_at(a)->name, book_at(b)->name);
}

/* False: no such order. By name is how the store keeps them. */
static bool
sort(struct library_book **books, size_t n, Library__BookOrder order)
{
    static int (*const orders[])(const void *a, const void *b) = {
        [LIBRARY__BOOK_ORDER__BY_NAME] = NULL,
        [LIBRARY__BOOK_ORDER__BY_TITLE] = by_title,
        [LIBRARY__BOOK_ORDER__BY_AUTHOR] = by_author,
        [LIBRARY__BOOK_ORDER__BY_YEAR] = by_year,
    };
    size_t i = (size_t)order;

    if (i >= sizeof(orders) / sizeof(orders[0]))
        return false;
    if (orders[i] != NULL)
        qsort(books, n, sizeof(struct library_book *), orders[i]);
    return true;
}

/* ---- The method ----------------------------------------------------------- */

/* books has room for one page of messages. */
static void
reply_page(struct library *lib, struct sluice_servicer_context *ctx,
    const struct library_page *page, struct library_book **books, size_t n)
{
    Library__ListBooksResponse reply = LIBRARY__LIST_BOOKS_RESPONSE__INIT;
    size_t skip = page->skip < n ? page->skip : n;
    size_t size = page->size < n - skip ? page->size : n - skip;
    char token[LIBRARY_TOKEN_BYTES];
    size_t i;

    reply.books = calloc(size + 1, sizeof(Library__Book *));
    if (reply.books == NULL) {
        library_fail(ctx, SLUICE_CODE_INTERNAL, "memory is short");
        return;
    }
    for (i = 0; i < size; i++)
        reply.books[i] = books[skip + i]->message;
    reply.n_books = size;
    if (skip + size < n) {
        library_page_token(token, skip + size);
        reply.next_page_token = token;
    }
    library_reply(lib, ctx, &reply.base);
    free(reply.books);
}

void
library_list_books(struct library *lib, struct sluice_servicer_context *ctx,
    const void *message)
{
    const Library__ListBooksRequest *request = message;
    const char *shelf = request->parent;
    struct library_book **books;
    struct library_page page;
    enum library_err err;
    size_t n;

    if (strcmp(shelf, "shelves/-") == 0) {
        shelf = NULL;
    } else if (!library_name_is_shelf(shelf)) {
        library_fail_field(lib, ctx, "parent",
            "must be shelves/{shelf}, or shelves/- for all");
        return;
    }
    if (!library_page_parse(lib, ctx, request->page_size, request->page_token,
            &page))
        return;
    err = library_store_list_books(lib->store, shelf, &books, &n);
    if (err != LIBRARY_OK) {
        library_fail_store(lib, ctx, err, request->parent);
        return;
    }
    n = narrow(books, n, request);
    if (sort(books, n, request->order))
        reply_page(lib, ctx, &page, books, n);
    else
        library_fail_field(lib, ctx, "order", "is none that there is");
    library_store_release(books, n);
}
