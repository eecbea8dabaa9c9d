/* SPDX-License-Identifier: Apache-2.0 */
/*
 * examples/library/shelves.c - the methods about shelves, and the paging that
 * they share with ListBooks.
 *
 * A page token is how many items came before, as decimal digits.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "examples/library/name.h"
#include "examples/library/service.h"

#define DEFAULT_PAGE 50u
#define MAX_PAGE 1000u
#define MAX_THEME 256u

/* ---- Paging --------------------------------------------------------------- */

static bool
parse_token(const char *token, size_t *skip)
{
    size_t len = strlen(token);

    if (len > 9 || strspn(token, "0123456789") != len)
        return false;
    *skip = strtoul(token, NULL, 10);
    return true;
}

bool
library_page_parse(struct library *lib, struct sluice_servicer_context *ctx,
    int32_t size, const char *token, struct library_page *page)
{
    if (size < 0) {
        library_fail_field(lib, ctx, "page_size", "must be zero or more");
        return false;
    }
    if (!parse_token(token, &page->skip)) {
        library_fail_field(lib, ctx, "page_token",
            "is none that the library gave");
        return false;
    }
    page->size = size == 0 ? DEFAULT_PAGE : (size_t)size;
    if (page->size > MAX_PAGE)
        page->size = MAX_PAGE;
    return true;
}

void
library_page_token(char *to, size_t skip)
{
    (void)snprintf(to, LIBRARY_TOKEN_BYTES, "%zu", skip);
}

/* ---- Shelves -------------------------------------------------------------- */

/* Borrows from shelf, which borrows from the store. */
static Library__Shelf
message_of(const struct library_shelf *shelf)
{
    Library__Shelf message = LIBRARY__SHELF__INIT;

    message.name = (char *)(uintptr_t)shelf->name;
    message.theme = (char *)(uintptr_t)shelf->theme;
    message.book_count = (int32_t)shelf->n_books;
    return message;
}

void
library_get_shelf(struct library *lib, struct sluice_servicer_context *ctx,
    const void *message)
{
    const Library__GetShelfRequest *request = message;
    struct library_shelf shelf;
    Library__Shelf reply;
    enum library_err err;

    if (!library_name_is_shelf(request->name)) {
        library_fail_field(lib, ctx, "name", "must be shelves/{shelf}");
        return;
    }
    err = library_store_get_shelf(lib->store, request->name, &shelf);
    if (err != LIBRARY_OK) {
        library_fail_store(lib, ctx, err, request->name);
        return;
    }
    reply = message_of(&shelf);
    library_reply(lib, ctx, &reply.base);
}

/* Under the wanted id, or the next free number. */
static enum library_err
add_shelf(struct library_store *store, const char *id, const char *theme,
    char *name)
{
    enum library_err err;
    char made[32];

    if (id[0] != '\0') {
        library_name_of_shelf(name, id);
        return library_store_add_shelf(store, name, theme);
    }
    do {
        (void)snprintf(made, sizeof(made), "shelf-%u",
            library_store_next_number(store));
        library_name_of_shelf(name, made);
        err = library_store_add_shelf(store, name, theme);
    } while (err == LIBRARY_EXISTS);
    return err;
}

void
library_create_shelf(struct library *lib, struct sluice_servicer_context *ctx,
    const void *message)
{
    const Library__CreateShelfRequest *request = message;
    const char *theme = request->shelf != NULL ? request->shelf->theme : "";
    const char *problem = library_text_problem(theme, MAX_THEME);
    struct library_shelf shelf;
    char name[LIBRARY_NAME_MAX + 1];
    Library__Shelf reply;
    enum library_err err;

    if (problem != NULL) {
        library_fail_field(lib, ctx, "shelf.theme", problem);
        return;
    }
    if (request->shelf_id[0] != '\0' &&
        !library_id_is_valid(request->shelf_id)) {
        library_fail_field(lib, ctx, "shelf_id",
            "must be 1 to 63 letters, digits, or any of . _ ~ -");
        return;
    }
    err = add_shelf(lib->store, request->shelf_id, theme, name);
    if (err == LIBRARY_OK)
        err = library_store_get_shelf(lib->store, name, &shelf);
    if (err != LIBRARY_OK) {
        library_fail_store(lib, ctx, err, name);
        return;
    }
    reply = message_of(&shelf);
    library_reply(lib, ctx, &reply.base);
}

/* The lists of a reply of up to MAX_PAGE shelves. */
struct shelf_list {
    struct library_shelf shelves[MAX_PAGE + 1];
    Library__Shelf messages[MAX_PAGE];
    Library__Shelf *pointers[MAX_PAGE];
};

static void
reply_shelves(struct library *lib, struct sluice_servicer_context *ctx,
    const struct library_page *page, struct shelf_list *list)
{
    Library__ListShelvesResponse reply = LIBRARY__LIST_SHELVES_RESPONSE__INIT;
    char token[LIBRARY_TOKEN_BYTES];
    size_t i, n;

    /* one more than fits tells whether there is another page */
    n = library_store_list_shelves(lib->store, page->skip, list->shelves,
        page->size + 1);
    if (n > page->size) {
        library_page_token(token, page->skip + page->size);
        reply.next_page_token = token;
        n = page->size;
    }
    for (i = 0; i < n; i++) {
        list->messages[i] = message_of(&list->shelves[i]);
        list->pointers[i] = &list->messages[i];
    }
    reply.n_shelves = n;
    reply.shelves = list->pointers;
    library_reply(lib, ctx, &reply.base);
}

void
library_list_shelves(struct library *lib, struct sluice_servicer_context *ctx,
    const void *message)
{
    const Library__ListShelvesRequest *request = message;
    struct library_page page;
    struct shelf_list *list;

    if (!library_page_parse(lib, ctx, request->page_size, request->page_token,
            &page))
        return;
    list = malloc(sizeof(*list));
    if (list == NULL) {
        library_fail(ctx, SLUICE_CODE_INTERNAL, "memory is short");
        return;
    }
    reply_shelves(lib, ctx, &page, list);
    free(list);
}
