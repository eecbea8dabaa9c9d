/* SPDX-License-Identifier: Apache-2.0 */
/*
 * examples/library/store.h - the shelves and books behind the servicers.
 *
 * A book never changes: an update puts another one in its place. So whoever
 * was handed a book reads it, or sends its bytes, without holding a lock; the
 * lock only guards which books stand where.
 *
 * Ownership   A book is counted. "Gives" hands out a reference.
 * Thread      Any.
 */
#ifndef LIBRARY_STORE_H
#define LIBRARY_STORE_H

#include <stdatomic.h>

#include "examples/library/library.h"
#include "library.pb-c.h"

#define LIBRARY_MAX_SHELVES 1000u
#define LIBRARY_MAX_BOOKS 10000u

enum library_err {
    LIBRARY_OK,
    LIBRARY_ENOMEM,
    LIBRARY_NO_SHELF,
    LIBRARY_NO_BOOK,
    LIBRARY_EXISTS, /* the name is taken */
    LIBRARY_FULL,   /* LIBRARY_MAX_SHELVES or _BOOKS are reached */
    LIBRARY_CHANGED /* somebody else was faster */
};

struct library_book {
    atomic_uint refs;
    Library__Book *message;    /* owned; its name is valid */
    struct sluice_bytes *wire; /* the same, packed */
};

/* A deep copy; NULL when memory is short. */
struct library_book *library_book_new(const Library__Book *original);
struct library_book *library_book_ref(struct library_book *book);
/* Accepts NULL in *book, and clears it. */
void library_book_unref(struct library_book **book);

/* Strings live as long as the store. */
struct library_shelf {
    const char *name;
    const char *theme;
    size_t n_books;
};

/* An empty store. */
struct library_store *library_store_make(void);

/* Puts the first books in (seed.c). */
enum library_err library_store_seed(struct library_store *store);

/* Grows with each call: for names that nobody chose. */
unsigned library_store_next_number(struct library_store *store);

/* Names are valid, here and below. */
enum library_err library_store_add_shelf(struct library_store *store,
    const char *name, const char *theme);
enum library_err library_store_get_shelf(struct library_store *store,
    const char *name, struct library_shelf *shelf);

/* Up to n shelves in the order of their names, after skipping some; returns
 * how many. */
size_t library_store_list_shelves(struct library_store *store, size_t skip,
    struct library_shelf *shelves, size_t n);

/* Gives. */
enum library_err library_store_get_book(struct library_store *store,
    const char *name, struct library_book **book);

/* Keeps a reference of its own. */
enum library_err library_store_add_book(struct library_store *store,
    struct library_book *book);

/* Puts now, under its own name, in the place of was. */
enum library_err library_store_swap_book(struct library_store *store,
    struct library_book *was, struct library_book *now);

enum library_err library_store_remove_book(struct library_store *store,
    const char *name);

/* Gives all books of a shelf, or of every shelf for NULL, in the order of
 * their names. Ends with library_store_release(). */
enum library_err library_store_list_books(struct library_store *store,
    const char *shelf_name, struct library_book ***books, size_t *n);
void library_store_release(struct library_book **books, size_t n);

#endif
