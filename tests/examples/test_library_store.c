/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/examples/test_library_store.c - the store alone: its limits, its races
 * and its threads.
 */
#include "tests/examples/library_fixture.h"

#include <pthread.h>

#include "examples/library/name.h"

static struct library_book *
book_named(const char *name)
{
    Library__Book like = LIBRARY__BOOK__INIT;
    struct library_book *book;

    like.name = text(name);
    like.title = text("T");
    book = library_book_new(&like);
    assert_non_null(book);
    return book;
}

static enum library_err
add(struct library_store *store, const char *name)
{
    struct library_book *book = book_named(name);
    enum library_err err = library_store_add_book(store, book);

    library_book_unref(&book);
    return err;
}

static int
open_store(void **state)
{
    struct library_store *store = library_store_make();

    assert_non_null(store);
    assert_int_equal(library_store_add_shelf(store, "shelves/a", ""),
        LIBRARY_OK);
    assert_int_equal(library_store_add_shelf(store, "shelves/ab", ""),
        LIBRARY_OK);
    *state = store;
    return 0;
}

static int
close_store(void **state)
{
    struct library_store *store = *state;

    library_store_free(&store);
    assert_null(store);
    return 0;
}

/* ---- Names ---------------------------------------------------------------- */

static void
a_shelf_is_not_taken_for_another_that_begins_alike(void **state)
{
    struct library_store *store = *state;
    struct library_shelf shelf;

    assert_int_equal(add(store, "shelves/ab/books/x"), LIBRARY_OK);
    assert_int_equal(library_store_get_shelf(store, "shelves/a", &shelf),
        LIBRARY_OK);
    assert_int_equal(shelf.n_books, 0);
    assert_int_equal(library_store_get_shelf(store, "shelves/ab", &shelf),
        LIBRARY_OK);
    assert_int_equal(shelf.n_books, 1);
    assert_int_equal(library_store_get_shelf(store, "shelves/abc", &shelf),
        LIBRARY_NO_SHELF);
}

static void
the_longest_names_fit(void **state)
{
    char id[LIBRARY_ID_MAX + 1], shelf[LIBRARY_NAME_MAX + 1],
        book[LIBRARY_NAME_MAX + 1];

    memset(id, 'x', LIBRARY_ID_MAX);
    id[LIBRARY_ID_MAX] = '\0';
    library_name_of_shelf(shelf, id);
    library_name_of_book(book, shelf, id);
    assert_int_equal(strlen(book), LIBRARY_NAME_MAX);
    assert_true(library_name_is_book(book));
    assert_string_equal(library_name_id(book), id);
    assert_int_equal(library_store_add_shelf(*state, shelf, ""), LIBRARY_OK);
    assert_int_equal(add(*state, book), LIBRARY_OK);
}

/* ---- Limits --------------------------------------------------------------- */

static void
a_full_store_takes_no_more_books(void **state)
{
    struct library_store *store = *state;
    struct library_book **books;
    struct library_book *was, *now;
    char name[64];
    size_t i, n;

    for (i = 0; i < LIBRARY_MAX_BOOKS; i++) {
        snprintf(name, sizeof(name), "shelves/a/books/%zu", i);
        assert_int_equal(add(store, name), LIBRARY_OK);
    }
    assert_int_equal(add(store, "shelves/ab/books/x"), LIBRARY_FULL);
    assert_int_equal(library_store_list_books(store, NULL, &books, &n),
        LIBRARY_OK);
    assert_int_equal(n, LIBRARY_MAX_BOOKS);
    library_store_release(books, n);

    /* moving needs no room */
    assert_int_equal(library_store_get_book(store, "shelves/a/books/0", &was),
        LIBRARY_OK);
    now = book_named("shelves/ab/books/0");
    assert_int_equal(library_store_swap_book(store, was, now), LIBRARY_OK);
    library_book_unref(&was);
    library_book_unref(&now);
    assert_int_equal(add(store, "shelves/ab/books/x"), LIBRARY_FULL);
    assert_int_equal(library_store_remove_book(store, "shelves/a/books/1"),
        LIBRARY_OK);
    assert_int_equal(add(store, "shelves/ab/books/x"), LIBRARY_OK);
}

static void
a_full_store_takes_no_more_shelves(void **state)
{
    struct library_store *store = *state;
    enum library_err err = LIBRARY_OK;
    char name[64];
    unsigned i;

    for (i = 2; i < LIBRARY_MAX_SHELVES; i++) {
        snprintf(name, sizeof(name), "shelves/%u", i);
        err = library_store_add_shelf(store, name, "");
        assert_int_equal(err, LIBRARY_OK);
    }
    assert_int_equal(library_store_add_shelf(store, "shelves/more", ""),
        LIBRARY_FULL);
    assert_int_equal(library_store_add_shelf(store, "shelves/2", ""),
        LIBRARY_EXISTS);
}

/* ---- Races ---------------------------------------------------------------- */

static void
a_swap_that_comes_second_is_told(void **state)
{
    struct library_store *store = *state;
    struct library_book *was, *first, *second, *there;

    assert_int_equal(add(store, "shelves/a/books/x"), LIBRARY_OK);
    assert_int_equal(library_store_get_book(store, "shelves/a/books/x", &was),
        LIBRARY_OK);
    first = book_named("shelves/a/books/x");
    second = book_named("shelves/a/books/x");
    assert_int_equal(library_store_swap_book(store, was, first), LIBRARY_OK);
    assert_int_equal(library_store_swap_book(store, was, second),
        LIBRARY_CHANGED);
    assert_int_equal(library_store_get_book(store, "shelves/a/books/x", &there),
        LIBRARY_OK);
    assert_ptr_equal(there, first);
    assert_int_equal(library_store_remove_book(store, "shelves/a/books/x"),
        LIBRARY_OK);
    assert_int_equal(library_store_swap_book(store, first, second),
        LIBRARY_NO_BOOK);
    library_book_unref(&there);
    library_book_unref(&second);
    library_book_unref(&first);
    library_book_unref(&was);
}

#define ROUNDS 300

/* Puts books of its own up and takes them down, and reads everybody's. */
static void *
be_busy(void *arg)
{
    struct library_store *store = arg;
    unsigned id = library_store_next_number(store);
    struct library_book *book = NULL;
    struct library_book **books;
    char name[64];
    uintptr_t n_bad = 0;
    size_t n;
    int i;

    snprintf(name, sizeof(name), "shelves/a/books/%u", id);
    for (i = 0; i < ROUNDS; i++) {
        n_bad += add(store, name) != LIBRARY_OK;
        n_bad += library_store_get_book(store, name, &book) != LIBRARY_OK;
        library_book_unref(&book);
        n_bad +=
            library_store_list_books(store, NULL, &books, &n) != LIBRARY_OK;
        n_bad += n < 1;
        library_store_release(books, n);
        n_bad += library_store_remove_book(store, name) != LIBRARY_OK;
    }
    return (void *)n_bad;
}

static void
threads_share_a_store(void **state)
{
    struct library_store *store = *state;
    struct library_shelf shelf;
    pthread_t threads[4];
    void *n_bad;
    size_t i;

    for (i = 0; i < 4; i++)
        assert_int_equal(pthread_create(&threads[i], NULL, be_busy, store), 0);
    for (i = 0; i < 4; i++) {
        assert_int_equal(pthread_join(threads[i], &n_bad), 0);
        assert_null(n_bad);
    }
    assert_int_equal(library_store_get_shelf(store, "shelves/a", &shelf),
        LIBRARY_OK);
    assert_int_equal(shelf.n_books, 0);
}

#define STORE_TEST(t) \
    cmocka_unit_test_setup_teardown(t, open_store, close_store)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        STORE_TEST(a_shelf_is_not_taken_for_another_that_begins_alike),
        STORE_TEST(the_longest_names_fit),
        STORE_TEST(a_full_store_takes_no_more_books),
        STORE_TEST(a_full_store_takes_no_more_shelves),
        STORE_TEST(a_swap_that_comes_second_is_told),
        STORE_TEST(threads_share_a_store),
    };

    return cmocka_run_group_tests_name("library, store", tests, NULL, NULL);
}
