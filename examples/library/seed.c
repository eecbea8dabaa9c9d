/* SPDX-License-Identifier: Apache-2.0 */
/*
 * examples/library/seed.c - the first shelves and books.
 */
#include "examples/library/name.h"
#include "examples/library/store.h"

struct seed {
    const char *id;
    const char *title;
    const char *author;
    int32_t year;
    int32_t pages;
    Library__Genre genre;
    const char *tag;
    int64_t price; /* whole dollars; 0: not for sale */
    const char *isbn;
};

static const struct seed classics[] = {
    { "don-quixote", "Don Quixote", "Miguel de Cervantes", 1605, 1072,
        LIBRARY__GENRE__NOVEL, "adventure", 18, NULL },
    { "frankenstein", "Frankenstein; or, The Modern Prometheus", "Mary Shelley",
        1818, 280, LIBRARY__GENRE__NOVEL, "gothic", 9, NULL },
    { "moby-dick", "Moby-Dick; or, The Whale", "Herman Melville", 1851, 635,
        LIBRARY__GENRE__NOVEL, "sea", 12, NULL },
    { "pride-and-prejudice", "Pride and Prejudice", "Jane Austen", 1813, 432,
        LIBRARY__GENRE__NOVEL, "society", 8, NULL },
};

static const struct seed science_fiction[] = {
    { "dune", "Dune", "Frank Herbert", 1965, 412,
        LIBRARY__GENRE__SCIENCE_FICTION, "desert", 15, NULL },
    { "solaris", "Solaris", "Stanis\305\202aw Lem", 1961, 204,
        LIBRARY__GENRE__SCIENCE_FICTION, "sea", 14, NULL },
    { "the-time-machine", "The Time Machine", "H. G. Wells", 1895, 118,
        LIBRARY__GENRE__SCIENCE_FICTION, "future", 6, NULL },
    { "twenty-thousand-leagues", "Twenty Thousand Leagues Under the Seas",
        "Jules Verne", 1870, 426, LIBRARY__GENRE__SCIENCE_FICTION, "sea", 0,
        NULL },
};

static const struct seed computing[] = {
    { "mythical-man-month", "The Mythical Man-Month",
        "Frederick P. Brooks, Jr.", 1995, 322, LIBRARY__GENRE__TECHNOLOGY,
        "management", 35, "9780201835953" },
    { "sicp", "Structure and Interpretation of Computer Programs",
        "Harold Abelson and Gerald Jay Sussman", 1996, 657,
        LIBRARY__GENRE__TECHNOLOGY, "lisp", 75, "9780262510875" },
    { "taocp-1", "The Art of Computer Programming, Volume 1", "Donald E. Knuth",
        1997, 650, LIBRARY__GENRE__SCIENCE, "algorithms", 80, "9780201896831" },
    { "the-c-programming-language", "The C Programming Language",
        "Brian W. Kernighan and Dennis M. Ritchie", 1988, 272,
        LIBRARY__GENRE__TECHNOLOGY, "c", 60, "9780131103627" },
};

#define N_OF(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
    const char *id;
    const char *theme;
    const struct seed *books;
    size_t n_books;
} shelves[] = {
    { "classics", "Classics", classics, N_OF(classics) },
    { "science-fiction", "Science fiction", science_fiction,
        N_OF(science_fiction) },
    { "computing", "Computing", computing, N_OF(computing) },
};

/* The generated structs have no const; library_book_new() only reads. */
static char *
text(const char *s)
{
    return (char *)(uintptr_t)s;
}

static struct library_book *
make_book(const char *shelf_name, const struct seed *seed)
{
    Google__Protobuf__Timestamp opening = GOOGLE__PROTOBUF__TIMESTAMP__INIT;
    Library__Money price = LIBRARY__MONEY__INIT;
    Library__Book book = LIBRARY__BOOK__INIT;
    char name[LIBRARY_NAME_MAX + 1];
    char *tags[] = { text(seed->tag) };
    char *isbn[] = { text(seed->isbn) };

    library_name_of_book(name, shelf_name, seed->id);
    opening.seconds = 1735689600; /* 2025-01-01T00:00:00Z */
    price.currency_code = text("USD");
    price.units = seed->price;
    book.name = name;
    book.title = text(seed->title);
    book.author = text(seed->author);
    book.year = seed->year;
    book.pages = seed->pages;
    book.n_tags = N_OF(tags);
    book.tags = tags;
    book.genre = seed->genre;
    book.price = seed->price > 0 ? &price : NULL;
    book.create_time = &opening;
    book.n_isbn = seed->isbn != NULL ? 1 : 0;
    book.isbn = isbn;
    return library_book_new(&book);
}

static enum library_err
add_book(struct library_store *store, const char *shelf_name,
    const struct seed *seed)
{
    struct library_book *book = make_book(shelf_name, seed);
    enum library_err err;

    if (book == NULL)
        return LIBRARY_ENOMEM;
    err = library_store_add_book(store, book);
    library_book_unref(&book);
    return err;
}

enum library_err
library_store_seed(struct library_store *store)
{
    char name[LIBRARY_NAME_MAX + 1];
    enum library_err err;
    size_t i, j;

    for (i = 0; i < N_OF(shelves); i++) {
        library_name_of_shelf(name, shelves[i].id);
        err = library_store_add_shelf(store, name, shelves[i].theme);
        for (j = 0; j < shelves[i].n_books && err == LIBRARY_OK; j++)
            err = add_book(store, name, &shelves[i].books[j]);
        if (err != LIBRARY_OK)
            return err;
    }
    return LIBRARY_OK;
}
