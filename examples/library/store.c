/* SPDX-License-Identifier: Apache-2.0 */
/*
 * examples/library/store.c - shelves and books, each in the order of their
 * names, in arrays that are searched by halving. What takes time, making and
 * letting go of books, happens outside of the lock.
 */
#include "examples/library/store.h"

#include <assert.h>
#include <pthread.h>
#include <stdlib.h>

#include "examples/library/name.h"

struct shelf {
    char *name;
    char *theme;
    struct library_book **books;
    size_t n_books;
    size_t room;
};

struct library_store {
    pthread_mutex_t lock;
    struct shelf *shelves; /* LIBRARY_MAX_SHELVES of room */
    size_t n_shelves;
    size_t n_books;
    atomic_uint number;
};

/* ---- Books ---------------------------------------------------------------- */

struct library_book *
library_book_new(const Library__Book *original)
{
    struct library_book *book = malloc(sizeof(*book));
    Library__Book like = *original;
    size_t size;

    if (book == NULL)
        return NULL;
    if (like.n_isbn > 1) { /* an optional one, really (messages.sed) */
        like.isbn += like.n_isbn - 1;
        like.n_isbn = 1;
    }
    size = library__book__get_packed_size(&like);
    atomic_init(&book->refs, 1);
    book->message = NULL;
    book->wire = sluice_bytes_new(NULL, size);
    if (book->wire == NULL)
        goto out;
    library__book__pack(&like, sluice_bytes_fill(book->wire));
    book->message =
        library__book__unpack(NULL, size, sluice_bytes_data(book->wire));

out:
    if (book->message == NULL)
        library_book_unref(&book);
    return book;
}

struct library_book *
library_book_ref(struct library_book *book)
{
    atomic_fetch_add_explicit(&book->refs, 1, memory_order_relaxed);
    return book;
}

void
library_book_unref(struct library_book **book_in)
{
    struct library_book *book = *book_in;

    *book_in = NULL;
    if (book == NULL ||
        atomic_fetch_sub_explicit(&book->refs, 1, memory_order_acq_rel) != 1)
        return;
    library__book__free_unpacked(book->message, NULL);
    sluice_bytes_unref(&book->wire);
    free(book);
}

/* ---- The store ------------------------------------------------------------ */

struct library_store *
library_store_make(void)
{
    struct library_store *store = calloc(1, sizeof(*store));

    if (store == NULL)
        return NULL;
    store->shelves = calloc(LIBRARY_MAX_SHELVES, sizeof(*store->shelves));
    if (store->shelves == NULL || pthread_mutex_init(&store->lock, NULL) != 0) {
        free(store->shelves);
        free(store);
        return NULL;
    }
    return store;
}

struct library_store *
library_store_new(void)
{
    struct library_store *store = library_store_make();

    if (store != NULL && library_store_seed(store) != LIBRARY_OK)
        library_store_free(&store);
    return store;
}

void
library_store_free(struct library_store **store_in)
{
    struct library_store *store = *store_in;
    struct shelf *shelf;
    size_t i, j;

    *store_in = NULL;
    if (store == NULL)
        return;
    for (i = 0; i < store->n_shelves; i++) {
        shelf = &store->shelves[i];
        for (j = 0; j < shelf->n_books; j++)
            library_book_unref(&shelf->books[j]);
        free(shelf->books);
        free(shelf->theme);
        free(shelf->name);
    }
    pthread_mutex_destroy(&store->lock);
    free(store->shelves);
    free(store);
}

unsigned
library_store_next_number(struct library_store *store)
{
    return atomic_fetch_add(&store->number, 1) + 1;
}

static void
lock(struct library_store *store)
{
    int err = pthread_mutex_lock(&store->lock);

    assert(err == 0);
    (void)err;
}

static void
unlock(struct library_store *store)
{
    int err = pthread_mutex_unlock(&store->lock);

    assert(err == 0);
    (void)err;
}

/* ---- Shelves -------------------------------------------------------------- */

/* Where the shelf that the first len characters name is, or would be. */
static size_t
shelf_place(const struct library_store *store, const char *name, size_t len,
    bool *is_there)
{
    size_t low = 0, high = store->n_shelves, middle;
    const char *there;
    int order;

    while (low < high) {
        middle = low + (high - low) / 2;
        there = store->shelves[middle].name;
        order = strncmp(there, name, len);
        if (order == 0 && there[len] != '\0')
            order = 1;
        if (order == 0) {
            *is_there = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *is_there = false;
    return low;
}

/* The shelf of a name of either kind; NULL if there is none. */
static struct shelf *
find_shelf(const struct library_store *store, const char *name)
{
    bool is_there;
    size_t place;

    place = shelf_place(store, name, library_name_shelf_len(name), &is_there);
    return is_there ? &store->shelves[place] : NULL;
}

static struct library_shelf
describe(const struct shelf *shelf)
{
    return (struct library_shelf){ shelf->name, shelf->theme, shelf->n_books };
}

static enum library_err
insert_shelf(struct library_store *store, const struct shelf *shelf)
{
    size_t place;
    bool is_there;

    place = shelf_place(store, shelf->name, strlen(shelf->name), &is_there);
    if (is_there)
        return LIBRARY_EXISTS;
    if (store->n_shelves == LIBRARY_MAX_SHELVES)
        return LIBRARY_FULL;
    memmove(&store->shelves[place + 1], &store->shelves[place],
        (store->n_shelves - place) * sizeof(*shelf));
    store->shelves[place] = *shelf;
    store->n_shelves++;
    return LIBRARY_OK;
}

enum library_err
library_store_add_shelf(struct library_store *store, const char *name,
    const char *theme)
{
    struct shelf shelf = { .name = strdup(name), .theme = strdup(theme) };
    enum library_err err = LIBRARY_ENOMEM;

    if (shelf.name != NULL && shelf.theme != NULL) {
        lock(store);
        err = insert_shelf(store, &shelf);
        unlock(store);
    }
    if (err != LIBRARY_OK) {
        free(shelf.theme);
        free(shelf.name);
    }
    return err;
}

enum library_err
library_store_get_shelf(struct library_store *store, const char *name,
    struct library_shelf *out)
{
    const struct shelf *shelf;

    lock(store);
    shelf = find_shelf(store, name);
    if (shelf != NULL)
        *out = describe(shelf);
    unlock(store);
    return shelf != NULL ? LIBRARY_OK : LIBRARY_NO_SHELF;
}

size_t
library_store_list_shelves(struct library_store *store, size_t skip,
    struct library_shelf *shelves, size_t n)
{
    size_t i = 0;

    lock(store);
    for (; i < n && skip + i < store->n_shelves; i++)
        shelves[i] = describe(&store->shelves[skip + i]);
    unlock(store);
    return i;
}

/* ---- Books on shelves ----------------------------------------------------- */

static size_t
book_place(const struct shelf *shelf, const char *name, bool *is_there)
{
    size_t low = 0, high = shelf->n_books, middle;
    int order;

    while (low < high) {
        middle = low + (high - low) / 2;
        order = strcmp(shelf->books[middle]->message->name, name);
        if (order == 0) {
            *is_there = true;
            return middle;
        }
        if (order < 0)
            low = middle + 1;
        else
            high = middle;
    }
    *is_there = false;
    return low;
}

static bool
make_room(struct shelf *shelf)
{
    size_t room = shelf->room == 0 ? 8 : shelf->room * 2;
    struct library_book **books;

    if (shelf->n_books < shelf->room)
        return true;
    books = realloc(shelf->books, room * sizeof(struct library_book *));
    if (books == NULL)
        return false;
    shelf->books = books;
    shelf->room = room;
    return true;
}

/* Keeps the reference that it is given, on LIBRARY_OK. */
static enum library_err
insert_book(struct library_store *store, struct library_book *book)
{
    struct shelf *shelf = find_shelf(store, book->message->name);
    size_t place;
    bool is_there;

    if (shelf == NULL)
        return LIBRARY_NO_SHELF;
    place = book_place(shelf, book->message->name, &is_there);
    if (is_there)
        return LIBRARY_EXISTS;
    if (store->n_books == LIBRARY_MAX_BOOKS)
        return LIBRARY_FULL;
    if (!make_room(shelf))
        return LIBRARY_ENOMEM;
    memmove(&shelf->books[place + 1], &shelf->books[place],
        (shelf->n_books - place) * sizeof(struct library_book *));
    shelf->books[place] = book;
    shelf->n_books++;
    store->n_books++;
    return LIBRARY_OK;
}

/* The book's slot, or NULL with the reason. */
static struct library_book **
find_book(const struct library_store *store, const char *name,
    struct shelf **shelf, enum library_err *err)
{
    size_t place;
    bool is_there;

    *shelf = find_shelf(store, name);
    *err = LIBRARY_NO_SHELF;
    if (*shelf == NULL)
        return NULL;
    place = book_place(*shelf, name, &is_there);
    *err = is_there ? LIBRARY_OK : LIBRARY_NO_BOOK;
    return is_there ? &(*shelf)->books[place] : NULL;
}

/* Hands the shelf's reference to the caller. */
static struct library_book *
take_out(struct library_store *store, struct shelf *shelf,
    struct library_book **slot)
{
    size_t place = (size_t)(slot - shelf->books);
    struct library_book *book = *slot;

    memmove(slot, slot + 1,
        (shelf->n_books - place - 1) * sizeof(struct library_book *));
    shelf->n_books--;
    store->n_books--;
    return book;
}

enum library_err
library_store_get_book(struct library_store *store, const char *name,
    struct library_book **book)
{
    struct library_book **slot;
    struct shelf *shelf;
    enum library_err err;

    *book = NULL;
    lock(store);
    slot = find_book(store, name, &shelf, &err);
    if (slot != NULL)
        *book = library_book_ref(*slot);
    unlock(store);
    return err;
}

enum library_err
library_store_add_book(struct library_store *store, struct library_book *book)
{
    struct library_book *held = library_book_ref(book);
    enum library_err err;

    lock(store);
    err = insert_book(store, held);
    unlock(store);
    if (err != LIBRARY_OK)
        library_book_unref(&held);
    return err;
}

/* Moves between names or shelves. The new place is found first, so that a
 * failure leaves the old one as it was. */
static enum library_err
move(struct library_store *store, struct library_book *was,
    struct library_book *now)
{
    struct library_book **slot;
    struct shelf *shelf;
    enum library_err err;

    store->n_books--; /* was does not count against the limit */
    err = insert_book(store, now);
    store->n_books++;
    if (err != LIBRARY_OK)
        return err;
    slot = find_book(store, was->message->name, &shelf, &err);
    assert(slot != NULL && *slot == was);
    (void)take_out(store, shelf, slot);
    return LIBRARY_OK;
}

enum library_err
library_store_swap_book(struct library_store *store, struct library_book *was,
    struct library_book *now)
{
    struct library_book *loser = library_book_ref(now);
    struct library_book **slot;
    struct shelf *shelf;
    enum library_err err;

    lock(store);
    slot = find_book(store, was->message->name, &shelf, &err);
    if (slot != NULL && *slot != was)
        err = LIBRARY_CHANGED;
    else if (slot != NULL &&
        strcmp(was->message->name, now->message->name) == 0)
        *slot = now;
    else if (slot != NULL)
        err = move(store, was, now);
    unlock(store);

    if (err == LIBRARY_OK)
        loser = was; /* the store's reference to it */
    library_book_unref(&loser);
    return err;
}

enum library_err
library_store_remove_book(struct library_store *store, const char *name)
{
    struct library_book *book = NULL;
    struct library_book **slot;
    struct shelf *shelf;
    enum library_err err;

    lock(store);
    slot = find_book(store, name, &shelf, &err);
    if (slot != NULL)
        book = take_out(store, shelf, slot);
    unlock(store);
    library_book_unref(&book);
    return err;
}

/* ---- Lists ---------------------------------------------------------------- */

static size_t
gather(const struct shelf *shelf, struct library_book **to)
{
    size_t i;

    for (i = 0; i < shelf->n_books; i++)
        to[i] = library_book_ref(shelf->books[i]);
    return shelf->n_books;
}

enum library_err
library_store_list_books(struct library_store *store, const char *shelf_name,
    struct library_book ***books, size_t *n)
{
    const struct shelf *shelf = NULL;
    enum library_err err = LIBRARY_OK;
    size_t i;

    *n = 0;
    *books = calloc(LIBRARY_MAX_BOOKS, sizeof(struct library_book *));
    if (*books == NULL)
        return LIBRARY_ENOMEM;

    lock(store);
    if (shelf_name != NULL)
        shelf = find_shelf(store, shelf_name);
    if (shelf != NULL)
        *n = gather(shelf, *books);
    else if (shelf_name != NULL)
        err = LIBRARY_NO_SHELF;
    else
        for (i = 0; i < store->n_shelves; i++)
            *n += gather(&store->shelves[i], *books + *n);
    unlock(store);

    if (err != LIBRARY_OK) {
        library_store_release(*books, 0);
        *books = NULL;
    }
    return err;
}

void
library_store_release(struct library_book **books, size_t n)
{
    size_t i;

    for (i = 0; i < n; i++)
        library_book_unref(&books[i]);
    free(books);
}
