/* SPDX-License-Identifier: Apache-2.0 */
/*
 * examples/library/books.c - the methods about one book.
 */
#include <stdio.h>
#include <time.h>

#include "examples/library/name.h"
#include "examples/library/service.h"

/* ---- One book ------------------------------------------------------------- */

struct library_book *
library_find_book(struct library *lib, struct sluice_servicer_context *ctx,
    const char *field, const char *name)
{
    struct library_book *book;
    enum library_err err;

    if (!library_name_is_book(name)) {
        library_fail_field(lib, ctx, field,
            "must be shelves/{shelf}/books/{book}");
        return NULL;
    }
    err = library_store_get_book(lib->store, name, &book);
    if (err != LIBRARY_OK)
        library_fail_store(lib, ctx, err, name);
    return book;
}

void
library_get_book(struct library *lib, struct sluice_servicer_context *ctx,
    const void *message)
{
    const Library__GetBookRequest *request = message;
    struct library_book *book;

    book = library_find_book(lib, ctx, "name", request->name);
    if (book == NULL)
        return;
    library_reply_book(ctx, book);
    library_book_unref(&book);
}

void
library_delete_book(struct library *lib, struct sluice_servicer_context *ctx,
    const void *message)
{
    const Library__DeleteBookRequest *request = message;
    struct sluice_bytes *empty;
    enum library_err err;

    if (!library_name_is_book(request->name)) {
        library_fail_field(lib, ctx, "name",
            "must be shelves/{shelf}/books/{book}");
        return;
    }
    err = library_store_remove_book(lib->store, request->name);
    if (err != LIBRARY_OK) {
        library_fail_store(lib, ctx, err, request->name);
        return;
    }
    /* google.protobuf.Empty */
    empty = sluice_bytes_new(lib->pool, 0);
    if (empty != NULL)
        sluice_servicer_context_respond(ctx, empty);
    else
        library_fail(ctx, SLUICE_CODE_INTERNAL, "memory is short");
}

/* ---- New books ------------------------------------------------------------ */

/* Under the name that is in the message. */
static enum library_err
add(struct library_store *store, const Library__Book *message,
    struct library_book **book)
{
    enum library_err err;

    *book = library_book_new(message);
    if (*book == NULL)
        return LIBRARY_ENOMEM;
    err = library_store_add_book(store, *book);
    if (err != LIBRARY_OK)
        library_book_unref(book);
    return err;
}

/* Under the wanted id, or the next free number. */
static enum library_err
add_by_id(struct library_store *store, const char *parent, const char *id,
    Library__Book *message, struct library_book **book)
{
    enum library_err err;
    char made[32];

    if (id[0] != '\0') {
        library_name_of_book(message->name, parent, id);
        return add(store, message, book);
    }
    do {
        (void)snprintf(made, sizeof(made), "book-%u",
            library_store_next_number(store));
        library_name_of_book(message->name, parent, made);
        err = add(store, message, book);
    } while (err == LIBRARY_EXISTS);
    return err;
}

/* False: something in the request is wrong; answered. */
static bool
check_create(struct library *lib, struct sluice_servicer_context *ctx,
    const Library__CreateBookRequest *request)
{
    const char *field = "book", *problem = "is missing";

    if (!library_name_is_shelf(request->parent)) {
        library_fail_field(lib, ctx, "parent", "must be shelves/{shelf}");
        return false;
    }
    if (request->book_id[0] != '\0' && !library_id_is_valid(request->book_id)) {
        library_fail_field(lib, ctx, "book_id",
            "must be 1 to 63 letters, digits, or any of . _ ~ -");
        return false;
    }
    if (request->book != NULL)
        problem = library_book_problem(request->book, &field);
    if (problem != NULL)
        library_fail_field(lib, ctx, field, problem);
    return problem == NULL;
}

struct library_book *
library_add_book(struct library *lib, struct sluice_servicer_context *ctx,
    const Library__CreateBookRequest *request)
{
    Google__Protobuf__Timestamp created = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    char name[LIBRARY_NAME_MAX + 1];
    struct library_book *book;
    Library__Book message;
    struct timespec now;
    enum library_err err;

    if (!check_create(lib, ctx, request))
        return NULL;
    (void)clock_gettime(CLOCK_REALTIME, &now);
    created.seconds = now.tv_sec;
    created.nanos = (int32_t)now.tv_nsec;
    message = *request->book;          /* borrows; library_book_new() copies */
    message.base.n_unknown_fields = 0; /* what nobody checked is not kept */
    message.name = name;
    message.create_time = &created;
    err = add_by_id(lib->store, request->parent, request->book_id, &message,
        &book);
    if (err != LIBRARY_OK)
        library_fail_store(lib, ctx, err, name);
    return book;
}

void
library_create_book(struct library *lib, struct sluice_servicer_context *ctx,
    const void *message)
{
    struct library_book *book;

    book = library_add_book(lib, ctx, message);
    if (book == NULL)
        return;
    library_reply_book(ctx, book);
    library_book_unref(&book);
}

/* ---- Changed books -------------------------------------------------------- */

/* Puts message, which borrows from was, in the place of was, and answers. */
static void
replace(struct library *lib, struct sluice_servicer_context *ctx,
    struct library_book *was, const Library__Book *message)
{
    struct library_book *now = library_book_new(message);
    enum library_err err = LIBRARY_ENOMEM;

    if (now != NULL)
        err = library_store_swap_book(lib->store, was, now);
    if (err == LIBRARY_OK)
        library_reply_book(ctx, now);
    else
        library_fail_store(lib, ctx, err, message->name);
    library_book_unref(&now);
}

void
library_move_book(struct library *lib, struct sluice_servicer_context *ctx,
    const void *message)
{
    const Library__MoveBookRequest *request = message;
    char name[LIBRARY_NAME_MAX + 1];
    struct library_book *was;
    Library__Book moved;

    if (!library_name_is_shelf(request->to_shelf)) {
        library_fail_field(lib, ctx, "to_shelf", "must be shelves/{shelf}");
        return;
    }
    was = library_find_book(lib, ctx, "name", request->name);
    if (was == NULL)
        return;
    library_name_of_book(name, request->to_shelf,
        library_name_id(request->name));
    moved = *was->message;
    moved.name = name;
    replace(lib, ctx, was, &moved);
    library_book_unref(&was);
}

/* A field that an update may change: whether it is set, and how to take it. */
#define SETTABLE(field, is_set, ...)                                       \
    static bool has_##field(const Library__Book *b)                        \
    {                                                                      \
        return is_set;                                                     \
    }                                                                      \
    static void take_##field(Library__Book *to, const Library__Book *from) \
    {                                                                      \
        __VA_ARGS__;                                                       \
    }

SETTABLE(title, b->title[0] != '\0', to->title = from->title)
SETTABLE(author, b->author[0] != '\0', to->author = from->author)
SETTABLE(year, b->year != 0, to->year = from->year)
SETTABLE(pages, b->pages != 0, to->pages = from->pages)
SETTABLE(tags, b->n_tags != 0, to->n_tags = from->n_tags; to->tags = from->tags)
SETTABLE(genre, b->genre != LIBRARY__GENRE__GENRE_UNSPECIFIED,
    to->genre = from->genre)
SETTABLE(price, b->price != NULL, to->price = from->price)
SETTABLE(isbn, b->n_isbn != 0, to->n_isbn = from->n_isbn; to->isbn = from->isbn)

static const struct {
    const char *path;
    bool (*has)(const Library__Book *book);
    void (*take)(Library__Book *to, const Library__Book *from);
} settable[] = {
    { "title", has_title, take_title },
    { "author", has_author, take_author },
    { "year", has_year, take_year },
    { "pages", has_pages, take_pages },
    { "tags", has_tags, take_tags },
    { "genre", has_genre, take_genre },
    { "price", has_price, take_price },
    { "isbn", has_isbn, take_isbn },
};
#define N_SETTABLE (sizeof(settable) / sizeof(settable[0]))

/* A book as it will be. Its own price, when only a part of that changes. */
struct change {
    Library__Book book;
    Library__Money price;
};

static bool
take_price_part(struct change *to, const Library__Book *from, const char *part)
{
    static const Library__Money none = LIBRARY__MONEY__INIT;
    const Library__Money *given = from->price != NULL ? from->price : &none;

    if (to->book.price != &to->price) {
        to->price = to->book.price != NULL ? *to->book.price : none;
        to->book.price = &to->price;
    }
    if (strcmp(part, "currency_code") == 0)
        to->price.currency_code = given->currency_code;
    else if (strcmp(part, "units") == 0)
        to->price.units = given->units;
    else if (strcmp(part, "nanos") == 0)
        to->price.nanos = given->nanos;
    else
        return false;
    return true;
}

/* What the library gives may be named, by who sends back what it got, but is
 * not taken. */
static bool
is_given_by_library(const char *path)
{
    return strcmp(path, "name") == 0 || strcmp(path, "create_time") == 0;
}

static bool
take_path(struct change *to, const Library__Book *from, const char *path)
{
    static const char price[] = "price.";
    bool takes_all = strcmp(path, "*") == 0;
    bool has_taken = takes_all || is_given_by_library(path);
    size_t i;

    if (strncmp(path, price, sizeof(price) - 1) == 0)
        return take_price_part(to, from, path + sizeof(price) - 1);
    for (i = 0; i < N_SETTABLE; i++)
        if (takes_all || strcmp(path, settable[i].path) == 0) {
            settable[i].take(&to->book, from);
            has_taken = true;
        }
    return has_taken;
}

/* False: the mask names something else. */
static bool
take_update(struct change *to, const Library__UpdateBookRequest *request)
{
    const Google__Protobuf__FieldMask *mask = request->update_mask;
    size_t i;

    if (mask == NULL || mask->n_paths == 0) {
        for (i = 0; i < N_SETTABLE; i++)
            if (settable[i].has(request->book))
                settable[i].take(&to->book, request->book);
        return true;
    }
    for (i = 0; i < mask->n_paths; i++)
        if (!take_path(to, request->book, mask->paths[i]))
            return false;
    return true;
}

void
library_update_book(struct library *lib, struct sluice_servicer_context *ctx,
    const void *message)
{
    const Library__UpdateBookRequest *request = message;
    const char *name = request->book != NULL ? request->book->name : "";
    const char *field, *problem;
    struct library_book *was;
    struct change changed;

    was = library_find_book(lib, ctx, "book.name", name);
    if (was == NULL)
        return;
    changed.book = *was->message;
    if (!take_update(&changed, request)) {
        field = "update_mask";
        problem = "names a field that cannot be changed";
    } else {
        problem = library_book_problem(&changed.book, &field);
    }
    if (problem != NULL)
        library_fail_field(lib, ctx, field, problem);
    else
        replace(lib, ctx, was, &changed.book);
    library_book_unref(&was);
}
