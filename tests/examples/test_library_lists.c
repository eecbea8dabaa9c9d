/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/examples/test_library_lists.c - the library's lists and shelves, and
 * what it has built in.
 */
#include "tests/examples/library_fixture.h"

#define MOBY_DICK "shelves/classics/books/moby-dick"

/* ---- Listing -------------------------------------------------------------- */

static const Library__ListBooksResponse *
list(struct fixture_library *l, const Library__ListBooksRequest *request)
{
    return ask_for(l, "ListBooks", &request->base,
        &library__list_books_response__descriptor);
}

static Library__ListBooksRequest
list_of(const char *parent)
{
    Library__ListBooksRequest request = LIBRARY__LIST_BOOKS_REQUEST__INIT;

    request.parent = text(parent);
    return request;
}

static void
a_shelf_lists_its_books_by_name(void **state)
{
    Library__ListBooksRequest request = list_of("shelves/classics");
    const Library__ListBooksResponse *r = list(*state, &request);

    assert_int_equal(r->n_books, 4);
    assert_string_equal(r->books[0]->name,
        "shelves/classics/books/don-quixote");
    assert_string_equal(r->books[3]->name,
        "shelves/classics/books/pride-and-prejudice");
    assert_string_equal(r->next_page_token, "");
}

static void
pages_together_are_the_whole(void **state)
{
    Library__ListBooksRequest request = list_of("shelves/-");
    const Library__ListBooksResponse *r;
    char token[32] = "";
    size_t n = 0, pages = 0;

    request.page_size = 5;
    request.order = LIBRARY__BOOK_ORDER__BY_YEAR;
    do {
        request.page_token = token;
        r = list(*state, &request);
        n += r->n_books;
        pages++;
        snprintf(token, sizeof(token), "%s", r->next_page_token);
    } while (token[0] != '\0');
    assert_int_equal(n, 12);
    assert_int_equal(pages, 3);
}

static void
a_page_beyond_the_end_is_empty(void **state)
{
    Library__ListBooksRequest request = list_of("shelves/classics");
    const Library__ListBooksResponse *r;

    request.page_token = text("999999999");
    r = list(*state, &request);
    assert_int_equal(r->n_books, 0);
    assert_string_equal(r->next_page_token, "");
}

static void
each_order_puts_its_first_book_first(void **state)
{
    static const struct {
        Library__BookOrder order;
        const char *title;
    } table[] = {
        { LIBRARY__BOOK_ORDER__BY_TITLE, "Don Quixote" },
        { LIBRARY__BOOK_ORDER__BY_AUTHOR, "The C Programming Language" },
        { LIBRARY__BOOK_ORDER__BY_YEAR, "Don Quixote" },
    };
    Library__ListBooksRequest request = list_of("shelves/-");
    size_t i;

    for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        request.order = table[i].order;
        assert_string_equal(list(*state, &request)->books[0]->title,
            table[i].title);
    }
}

static void
filters_narrow_a_list(void **state)
{
    char *tags[] = { text("sea") };
    Library__ListBooksRequest request = list_of("shelves/-");
    struct fixture_library *l = *state;

    request.tags = tags;
    request.n_tags = 1;
    assert_int_equal(list(l, &request)->n_books, 3);
    request.genre = LIBRARY__GENRE__SCIENCE_FICTION;
    assert_int_equal(list(l, &request)->n_books, 2);
    request.author = text("Jules Verne");
    assert_int_equal(list(l, &request)->n_books, 1);
    request.author = text("Nobody");
    assert_int_equal(list(l, &request)->n_books, 0);
}

static void
an_odd_list_is_an_invalid_argument(void **state)
{
    Library__ListBooksRequest request = list_of("shelves/classics");
    struct fixture_library *l = *state;

    request.page_size = -1;
    ask(l, "ListBooks", &request.base);
    assert_failed(l, SLUICE_CODE_INVALID_ARGUMENT, "page_size: ");
    request.page_size = 0;
    request.page_token = text("12x");
    ask(l, "ListBooks", &request.base);
    assert_failed(l, SLUICE_CODE_INVALID_ARGUMENT, "page_token: ");
    request.page_token = text("12345678901234567890");
    ask(l, "ListBooks", &request.base);
    assert_failed(l, SLUICE_CODE_INVALID_ARGUMENT, "page_token: ");
    request.page_token = text("");
    request.order = (Library__BookOrder)-1;
    ask(l, "ListBooks", &request.base);
    assert_failed(l, SLUICE_CODE_INVALID_ARGUMENT, "order: ");
    request = list_of("shelves/none");
    ask(l, "ListBooks", &request.base);
    assert_failed(l, SLUICE_CODE_NOT_FOUND, "shelves/none");
}

/* ---- Shelves -------------------------------------------------------------- */

static void
a_created_shelf_is_there_and_empty(void **state)
{
    Library__CreateShelfRequest request = LIBRARY__CREATE_SHELF_REQUEST__INIT;
    Library__GetShelfRequest get_request = LIBRARY__GET_SHELF_REQUEST__INIT;
    Library__Shelf shelf = LIBRARY__SHELF__INIT;
    struct fixture_library *l = *state;
    const Library__Shelf *reply;

    shelf.theme = text("Poems");
    request.shelf = &shelf;
    request.shelf_id = text("poems");
    reply =
        ask_for(l, "CreateShelf", &request.base, &library__shelf__descriptor);
    assert_string_equal(reply->name, "shelves/poems");
    ask(l, "CreateShelf", &request.base);
    assert_failed(l, SLUICE_CODE_ALREADY_EXISTS, "shelves/poems");

    get_request.name = text("shelves/poems");
    reply =
        ask_for(l, "GetShelf", &get_request.base, &library__shelf__descriptor);
    assert_string_equal(reply->theme, "Poems");
    assert_int_equal(reply->book_count, 0);
    get_request.name = text("shelves/classics");
    reply =
        ask_for(l, "GetShelf", &get_request.base, &library__shelf__descriptor);
    assert_int_equal(reply->book_count, 4);
}

static void
a_shelf_without_an_id_gets_a_name(void **state)
{
    Library__CreateShelfRequest request = LIBRARY__CREATE_SHELF_REQUEST__INIT;
    const Library__Shelf *reply;

    reply = ask_for(*state, "CreateShelf", &request.base,
        &library__shelf__descriptor);
    assert_string_equal(reply->name, "shelves/shelf-1");
    assert_string_equal(reply->theme, "");
}

static void
an_odd_shelf_is_refused(void **state)
{
    Library__CreateShelfRequest request = LIBRARY__CREATE_SHELF_REQUEST__INIT;
    Library__GetShelfRequest get_request = LIBRARY__GET_SHELF_REQUEST__INIT;
    Library__Shelf shelf = LIBRARY__SHELF__INIT;
    struct fixture_library *l = *state;

    request.shelf_id = text("-");
    ask(l, "CreateShelf", &request.base);
    assert_failed(l, SLUICE_CODE_INVALID_ARGUMENT, "shelf_id: ");
    shelf.theme = text("\xed\xa0\x80");
    request.shelf = &shelf;
    ask(l, "CreateShelf", &request.base);
    assert_failed(l, SLUICE_CODE_INVALID_ARGUMENT, "shelf.theme: ");
    get_request.name = text(MOBY_DICK);
    ask(l, "GetShelf", &get_request.base);
    assert_failed(l, SLUICE_CODE_INVALID_ARGUMENT, "name: ");
    get_request.name = text("shelves/none");
    ask(l, "GetShelf", &get_request.base);
    assert_failed(l, SLUICE_CODE_NOT_FOUND, "shelves/none");
}

static void
shelves_are_listed_page_by_page(void **state)
{
    Library__ListShelvesRequest request = LIBRARY__LIST_SHELVES_REQUEST__INIT;
    const Library__ListShelvesResponse *r;

    request.page_size = 2;
    r = ask_for(*state, "ListShelves", &request.base,
        &library__list_shelves_response__descriptor);
    assert_int_equal(r->n_shelves, 2);
    assert_string_equal(r->shelves[0]->name, "shelves/classics");
    assert_string_equal(r->next_page_token, "2");
    request.page_token = text("2");
    r = ask_for(*state, "ListShelves", &request.base,
        &library__list_shelves_response__descriptor);
    assert_int_equal(r->n_shelves, 1);
    assert_string_equal(r->shelves[0]->name, "shelves/science-fiction");
    assert_string_equal(r->next_page_token, "");
}

/* ---- What is built in ----------------------------------------------------- */

/* How many FileDescriptorProtos the set holds: each is tag 1, a length of one
 * or two bytes, and what the length says. */
static size_t
count_files(const uint8_t *set, size_t len)
{
    size_t at = 0, n = 0, size;

    while (at < len) {
        assert_int_equal(set[at++], 1 << 3 | 2);
        size = set[at++];
        if (size >= 0x80)
            size = (size & 0x7f) | (size_t)set[at++] << 7;
        assert_true(size <= len - at);
        at += size;
        n++;
    }
    return n;
}

static void
the_descriptor_set_has_every_import(void **state)
{
    size_t len;
    const uint8_t *set = library_descriptor_set(&len);

    (void)state;
    /* library, annotations, http; descriptor, duration, empty, field_mask,
     * timestamp */
    assert_int_equal(count_files(set, len), 8);
}

static void
the_route_file_is_a_string_about_the_library(void **state)
{
    size_t len;
    const char *text = library_route_file(&len);

    (void)state;
    assert_int_equal(strlen(text), len);
    assert_non_null(strstr(text, "target: inproc:library"));
    assert_non_null(strstr(text, "name: sluice.example.library.v1.Library"));
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        LIBRARY_TEST(a_shelf_lists_its_books_by_name),
        LIBRARY_TEST(pages_together_are_the_whole),
        LIBRARY_TEST(a_page_beyond_the_end_is_empty),
        LIBRARY_TEST(each_order_puts_its_first_book_first),
        LIBRARY_TEST(filters_narrow_a_list),
        LIBRARY_TEST(an_odd_list_is_an_invalid_argument),
        LIBRARY_TEST(a_created_shelf_is_there_and_empty),
        LIBRARY_TEST(a_shelf_without_an_id_gets_a_name),
        LIBRARY_TEST(an_odd_shelf_is_refused),
        LIBRARY_TEST(shelves_are_listed_page_by_page),
        cmocka_unit_test(the_descriptor_set_has_every_import),
        cmocka_unit_test(the_route_file_is_a_string_about_the_library),
    };

    return cmocka_run_group_tests_name("library, lists", tests, NULL, NULL);
}
