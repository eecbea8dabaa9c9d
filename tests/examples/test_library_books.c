/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/examples/test_library_books.c - the library's methods about one book,
 * through the whole RPC framework.
 */
#include "tests/examples/library_fixture.h"

#define MOBY_DICK "shelves/classics/books/moby-dick"
#define BOOK_OF_64_LETTERS    \
    "shelves/classics/books/" \
    "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
#define DETAILS "grpc-status-details-bin"

/* ---- Getting -------------------------------------------------------------- */

static void
a_seeded_book_can_be_got(void **state)
{
    const Library__Book *book = get_book(*state, MOBY_DICK);

    assert_string_equal(book->name, MOBY_DICK);
    assert_string_equal(book->title, "Moby-Dick; or, The Whale");
    assert_string_equal(book->author, "Herman Melville");
    assert_int_equal(book->year, 1851);
    assert_int_equal(book->genre, LIBRARY__GENRE__NOVEL);
    assert_string_equal(book->price->currency_code, "USD");
    assert_non_null(book->create_time);
    assert_int_equal(book->n_isbn, 0);
}

static void
a_new_book_has_its_isbn(void **state)
{
    const Library__Book *book =
        get_book(*state, "shelves/computing/books/taocp-1");

    assert_int_equal(book->n_isbn, 1);
    assert_string_equal(book->isbn[0], "9780201896831");
}

static void
get(struct fixture_library *l, const char *name)
{
    Library__GetBookRequest request = LIBRARY__GET_BOOK_REQUEST__INIT;

    request.name = text(name);
    ask(l, "GetBook", &request.base);
}

/* Status{5, text, [ResourceInfo]}, as protoc --encode writes it. */
static const char not_found[] = "\x08\x05\x12\x2a"
                                "shelves/classics/books/none does not exist"
                                "\x1a\x7c\x0a\x2b"
                                "type.googleapis.com/google.rpc.ResourceInfo"
                                "\x12\x4d\x0a\x1e"
                                "sluice.example.library.v1.Book"
                                "\x12\x1b"
                                "shelves/classics/books/none"
                                "\x22\x0e"
                                "does not exist";

static void
a_book_that_is_not_there_is_not_found_with_details(void **state)
{
    struct fixture_library *l = *state;
    struct sluice_str details;

    get(l, "shelves/classics/books/none");
    assert_failed(l, SLUICE_CODE_NOT_FOUND,
        "shelves/classics/books/none does not exist");
    details = sluice_metadata_find(l->o.abortion.terminal_metadata,
        sluice_str(DETAILS));
    assert_int_equal(details.len, sizeof(not_found) - 1);
    assert_memory_equal(details.ptr, not_found, details.len);
}

static void
a_book_on_no_shelf_is_told_by_the_shelf(void **state)
{
    struct fixture_library *l = *state;

    get(l, "shelves/none/books/moby-dick");
    assert_failed(l, SLUICE_CODE_NOT_FOUND, "shelves/none does not exist");
}

static void
a_name_of_another_shape_is_an_invalid_argument(void **state)
{
    static const char *const names[] = { "", "shelves", "shelves/",
        "shelves/classics", "shelves/classics/books/",
        "shelves/classics/books/a/b", "shelves/classics/books/a b",
        "shelves/-/books/moby-dick", "/shelves/classics/books/a",
        "shelves//books/a", "shelves/classics/pages/a", BOOK_OF_64_LETTERS };
    struct fixture_library *l = *state;
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
        get(l, names[i]);
        assert_failed(l, SLUICE_CODE_INVALID_ARGUMENT, "name: must be");
        assert_non_null(sluice_metadata_find(l->o.abortion.terminal_metadata,
            sluice_str(DETAILS))
                            .ptr);
    }
}

/* ---- Hostile requests ----------------------------------------------------- */

static void
send_raw(struct fixture_library *l, const char *method, const void *bytes,
    size_t len)
{
    struct sluice_call_options options = { .timeout_ns = LONG_TIME };

    call_bytes(&l->f, &l->o, SLUICE_UNARY_UNARY, method,
        sluice_bytes_copy(NULL, bytes, len), &options);
    run_until(&l->f, &l->o.n_ends);
}

static void
a_request_that_is_no_message_is_an_invalid_argument(void **state)
{
    struct fixture_library *l = *state;

    send_raw(l, "GetBook", "\x0a\xff", 2);
    assert_failed(l, SLUICE_CODE_INVALID_ARGUMENT, "the request is not");
}

static void
a_big_request_is_refused(void **state)
{
    static char bytes[64 * 1024 + 1];
    struct fixture_library *l = *state;

    send_raw(l, "GetBook", bytes, sizeof(bytes));
    assert_failed(l, SLUICE_CODE_RESOURCE_EXHAUSTED, "the request is larger");
}

static void
a_small_request_that_grows_big_is_refused(void **state)
{
    static char bytes[60 * 1024]; /* 30720 empty tags of a ListBooksRequest */
    struct fixture_library *l = *state;
    size_t i;

    for (i = 0; i < sizeof(bytes); i += 2)
        bytes[i] = 6 << 3 | 2;
    send_raw(l, "ListBooks", bytes, sizeof(bytes));
    assert_failed(l, SLUICE_CODE_RESOURCE_EXHAUSTED, "the request is larger");
}

/* ---- Creating ------------------------------------------------------------- */

/* A CreateBook request for classics, to be changed. */
struct creation {
    Library__CreateBookRequest request;
    Library__Book book;
    Library__Money price;
};

static void
init_creation(struct creation *c)
{
    static const Library__CreateBookRequest request =
        LIBRARY__CREATE_BOOK_REQUEST__INIT;
    static const Library__Book book = LIBRARY__BOOK__INIT;
    static const Library__Money price = LIBRARY__MONEY__INIT;

    c->request = request;
    c->book = book;
    c->price = price;
    c->request.parent = text("shelves/classics");
    c->request.book = &c->book;
    c->book.title = text("Emma");
    c->book.author = text("Jane Austen");
    c->price.currency_code = text("EUR");
}

static void
a_created_book_is_there(void **state)
{
    char *isbn[] = { text("") };
    struct fixture_library *l = *state;
    const Library__Book *book;
    struct creation c;

    init_creation(&c);
    c.request.book_id = text("emma");
    c.book.price = &c.price;
    c.price.units = 7;
    c.book.n_isbn = 1;
    c.book.isbn = isbn;
    book =
        ask_for(l, "CreateBook", &c.request.base, &library__book__descriptor);
    assert_string_equal(book->name, "shelves/classics/books/emma");
    assert_true(book->create_time->seconds > 0);

    book = get_book(l, "shelves/classics/books/emma");
    assert_string_equal(book->title, "Emma");
    assert_int_equal(book->price->units, 7);
    assert_int_equal(book->n_isbn, 1);
    assert_string_equal(book->isbn[0], "");
}

static void
books_without_an_id_get_different_names(void **state)
{
    struct fixture_library *l = *state;
    const Library__Book *book;
    struct creation c;
    char first[256];

    init_creation(&c);
    book =
        ask_for(l, "CreateBook", &c.request.base, &library__book__descriptor);
    snprintf(first, sizeof(first), "%s", book->name);
    book =
        ask_for(l, "CreateBook", &c.request.base, &library__book__descriptor);
    assert_string_not_equal(book->name, first);
    assert_string_equal(get_book(l, first)->title, "Emma");
}

static void
a_made_up_name_avoids_those_that_are_taken(void **state)
{
    struct fixture_library *l = *state;
    const Library__Book *book;
    struct creation c;

    init_creation(&c);
    c.request.book_id = text("book-1");
    (void)ask_for(l, "CreateBook", &c.request.base, &library__book__descriptor);
    c.request.book_id = text("");
    book =
        ask_for(l, "CreateBook", &c.request.base, &library__book__descriptor);
    assert_string_equal(book->name, "shelves/classics/books/book-2");
}

static void
a_name_is_taken_once(void **state)
{
    struct fixture_library *l = *state;
    struct creation c;

    init_creation(&c);
    c.request.book_id = text("moby-dick");
    ask(l, "CreateBook", &c.request.base);
    assert_failed(l, SLUICE_CODE_ALREADY_EXISTS, MOBY_DICK " exists already");
}

static void
a_book_needs_a_shelf(void **state)
{
    struct fixture_library *l = *state;
    struct creation c;

    init_creation(&c);
    c.request.parent = text("shelves/none");
    ask(l, "CreateBook", &c.request.base);
    assert_failed(l, SLUICE_CODE_NOT_FOUND, "shelves/none does not exist");
    c.request.parent = text("shelves/-");
    ask(l, "CreateBook", &c.request.base);
    assert_failed(l, SLUICE_CODE_INVALID_ARGUMENT, "parent: ");
}

static void
a_request_without_a_book_is_an_invalid_argument(void **state)
{
    struct fixture_library *l = *state;
    struct creation c;

    init_creation(&c);
    c.request.book = NULL;
    ask(l, "CreateBook", &c.request.base);
    assert_failed(l, SLUICE_CODE_INVALID_ARGUMENT, "book: is missing");
}

static void
no_title(struct creation *c)
{
    c->book.title = text("");
}

static void
broken_title(struct creation *c)
{
    c->book.title = text("\xc3\x28");
}

static void
long_author(struct creation *c)
{
    static char author[258];

    memset(author, 'a', sizeof(author) - 1);
    c->book.author = author;
}

static void
far_year(struct creation *c)
{
    c->book.year = 10000;
}

static void
negative_pages(struct creation *c)
{
    c->book.pages = -1;
}

static void
empty_tag(struct creation *c)
{
    static char *tags[2];

    tags[0] = text("ok");
    tags[1] = text("");
    c->book.n_tags = 2;
    c->book.tags = tags;
}

static void
many_tags(struct creation *c)
{
    static char *tags[21];
    size_t i;

    for (i = 0; i < 21; i++)
        tags[i] = text("t");
    c->book.n_tags = 21;
    c->book.tags = tags;
}

static void
unknown_genre(struct creation *c)
{
    c->book.genre = (Library__Genre)77;
}

static void
odd_currency(struct creation *c)
{
    c->book.price = &c->price;
    c->price.currency_code = text("eur");
}

static void
many_nanos(struct creation *c)
{
    c->book.price = &c->price;
    c->price.nanos = 1000000000;
}

static void
long_isbn(struct creation *c)
{
    static char *isbn[1];

    isbn[0] = text("012345678901234567890123456789012");
    c->book.n_isbn = 1;
    c->book.isbn = isbn;
}

static void
odd_id(struct creation *c)
{
    c->request.book_id = text("a/b");
}

static void
each_field_of_a_new_book_is_checked(void **state)
{
    static const struct {
        void (*spoil)(struct creation *c);
        const char *text;
    } table[] = {
        { no_title, "book.title: must not be empty" },
        { broken_title, "book.title: is not UTF-8" },
        { long_author, "book.author: is too long" },
        { far_year, "book.year: " },
        { negative_pages, "book.pages: " },
        { empty_tag, "book.tags: must not be empty" },
        { many_tags, "book.tags: are more than 20" },
        { unknown_genre, "book.genre: " },
        { odd_currency, "book.price: needs a currency" },
        { many_nanos, "book.price: must be" },
        { long_isbn, "book.isbn: is too long" },
        { odd_id, "book_id: " },
    };
    struct fixture_library *l = *state;
    struct creation c;
    size_t i;

    for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        init_creation(&c);
        table[i].spoil(&c);
        ask(l, "CreateBook", &c.request.base);
        assert_failed(l, SLUICE_CODE_INVALID_ARGUMENT, table[i].text);
    }
}

/* ---- Updating ------------------------------------------------------------- */

struct update {
    Library__UpdateBookRequest request;
    Library__Book book;
    Google__Protobuf__FieldMask mask;
    char *paths[2];
};

static void
init_update(struct update *u, const char *path)
{
    static const Library__UpdateBookRequest request =
        LIBRARY__UPDATE_BOOK_REQUEST__INIT;
    static const Library__Book book = LIBRARY__BOOK__INIT;
    static const Google__Protobuf__FieldMask mask =
        GOOGLE__PROTOBUF__FIELD_MASK__INIT;

    u->request = request;
    u->book = book;
    u->mask = mask;
    u->paths[0] = text(path);
    u->mask.paths = u->paths;
    u->mask.n_paths = 1;
    u->request.book = &u->book;
    if (path != NULL)
        u->request.update_mask = &u->mask;
    u->book.name = text(MOBY_DICK);
}

static const Library__Book *
update(struct fixture_library *l, const struct update *u)
{
    (void)ask_for(l, "UpdateBook", &u->request.base,
        &library__book__descriptor);
    return get_book(l, MOBY_DICK);
}

static void
an_update_without_a_mask_takes_what_is_set(void **state)
{
    const Library__Book *book;
    struct update u;

    init_update(&u, NULL);
    u.book.title = text("The Whale");
    book = update(*state, &u);
    assert_string_equal(book->title, "The Whale");
    assert_string_equal(book->author, "Herman Melville");
    assert_int_equal(book->year, 1851);
}

static void
a_masked_field_is_taken_even_when_unset(void **state)
{
    const Library__Book *book;
    struct update u;

    init_update(&u, "price");
    u.book.title = text("not taken");
    book = update(*state, &u);
    assert_null(book->price);
    assert_string_equal(book->title, "Moby-Dick; or, The Whale");
}

static void
a_star_takes_all_but_what_the_library_gives(void **state)
{
    const Library__Book *book;
    struct update u;

    init_update(&u, "*");
    u.book.title = text("T");
    book = update(*state, &u);
    assert_string_equal(book->name, MOBY_DICK);
    assert_string_equal(book->title, "T");
    assert_string_equal(book->author, "");
    assert_int_equal(book->pages, 0);
    assert_int_equal(book->n_tags, 0);
    assert_non_null(book->create_time);
}

static void
what_the_library_gives_may_be_named_but_is_not_taken(void **state)
{
    static const char *const paths[] = { "name", "create_time" };
    struct update u;
    size_t i;

    for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        const Library__Book *book;

        init_update(&u, paths[i]);
        book = update(*state, &u);
        assert_string_equal(book->name, MOBY_DICK);
        assert_non_null(book->create_time);
    }
}

static void
a_mask_may_name_a_part_of_the_price(void **state)
{
    Library__Money price = LIBRARY__MONEY__INIT;
    const Library__Book *book;
    struct update u;

    init_update(&u, "price.units");
    u.mask.n_paths = 2;
    u.paths[1] = text("price.nanos");
    price.units = 99;
    price.nanos = 5;
    u.book.price = &price;
    book = update(*state, &u);
    assert_non_null(book->price);
    assert_string_equal(book->price->currency_code, "USD");
    assert_int_equal(book->price->units, 99);
    assert_int_equal(book->price->nanos, 5);
}

static void
a_part_of_a_price_that_is_not_given_is_emptied(void **state)
{
    const Library__Book *book;
    struct update u;

    init_update(&u, "price.units");
    book = update(*state, &u);
    assert_non_null(book->price);
    assert_string_equal(book->price->currency_code, "USD");
    assert_int_equal(book->price->units, 0);
}

static void
a_mask_may_not_name_anything_else(void **state)
{
    static const char *const paths[] = { "titel", "price.", "price.unit",
        "tags.0", "create_time.seconds", "" };
    struct fixture_library *l = *state;
    struct update u;
    size_t i;

    for (i = 0; i < sizeof(paths) / sizeof(paths[0]); i++) {
        init_update(&u, paths[i]);
        ask(l, "UpdateBook", &u.request.base);
        assert_failed(l, SLUICE_CODE_INVALID_ARGUMENT, "update_mask: ");
    }
}

static void
an_update_is_checked_as_a_whole(void **state)
{
    struct fixture_library *l = *state;
    struct update u;

    init_update(&u, "title");
    ask(l, "UpdateBook", &u.request.base);
    assert_failed(l, SLUICE_CODE_INVALID_ARGUMENT, "book.title: ");
    assert_string_equal(get_book(l, MOBY_DICK)->title,
        "Moby-Dick; or, The Whale");
}

static void
an_update_needs_its_book(void **state)
{
    struct fixture_library *l = *state;
    struct update u;

    init_update(&u, NULL);
    u.book.name = text("shelves/classics/books/none");
    ask(l, "UpdateBook", &u.request.base);
    assert_failed(l, SLUICE_CODE_NOT_FOUND, "shelves/classics/books/none");
    u.request.book = NULL;
    ask(l, "UpdateBook", &u.request.base);
    assert_failed(l, SLUICE_CODE_INVALID_ARGUMENT, "book.name: ");
}

static void
a_book_that_comes_in_parts_is_one_book(void **state)
{
    /* book {isbn: "" title: "T" year: 5 price {units: 7}}, then
     * book {name price {currency_code: "EUR"} pages: 9 isbn: "1"} */
    static const char parts[] = "\x0a\x0b\x52\x00\x12\x01T\x20\x05"
                                "\x42\x02\x10\x07"
                                "\x0a\x2e\x0a\x20" MOBY_DICK "\x42\x05\x0a\x03"
                                "EUR"
                                "\x28\x09\x52\x01"
                                "1";
    struct fixture_library *l = *state;
    const Library__Book *book;

    send_raw(l, "UpdateBook", parts, sizeof(parts) - 1);
    assert_completed(&l->o, SLUICE_CODE_OK);
    book = get_book(l, MOBY_DICK);
    assert_string_equal(book->title, "T");
    assert_int_equal(book->year, 5);
    assert_int_equal(book->pages, 9);
    assert_int_equal(book->price->units, 7);
    assert_string_equal(book->price->currency_code, "EUR");
    assert_int_equal(book->n_isbn, 1);
    assert_string_equal(book->isbn[0], "1");
}

static void
a_book_in_more_parts_than_anybody_needs_is_refused(void **state)
{
    struct fixture_library *l = *state;
    char bytes[65 * 2];
    size_t i;

    for (i = 0; i < sizeof(bytes); i += 2) {
        bytes[i] = 0x0a;
        bytes[i + 1] = 0;
    }
    send_raw(l, "UpdateBook", bytes, sizeof(bytes));
    assert_failed(l, SLUICE_CODE_INVALID_ARGUMENT, "the request is not");
}

/* ---- Deleting and moving -------------------------------------------------- */

static void
a_deleted_book_is_gone(void **state)
{
    Library__DeleteBookRequest request = LIBRARY__DELETE_BOOK_REQUEST__INIT;
    struct fixture_library *l = *state;

    request.name = text(MOBY_DICK);
    ask(l, "DeleteBook", &request.base);
    assert_completed(&l->o, SLUICE_CODE_OK);
    assert_response(&l->o, 0, "");
    ask(l, "DeleteBook", &request.base);
    assert_failed(l, SLUICE_CODE_NOT_FOUND, MOBY_DICK);
    get(l, MOBY_DICK);
    assert_failed(l, SLUICE_CODE_NOT_FOUND, MOBY_DICK);
}

static void
move(struct fixture_library *l, const char *name, const char *to)
{
    Library__MoveBookRequest request = LIBRARY__MOVE_BOOK_REQUEST__INIT;

    request.name = text(name);
    request.to_shelf = text(to);
    ask(l, "MoveBook", &request.base);
}

static void
a_moved_book_keeps_all_but_its_shelf(void **state)
{
    struct fixture_library *l = *state;
    const Library__Book *book;

    move(l, MOBY_DICK, "shelves/computing");
    assert_completed(&l->o, SLUICE_CODE_OK);
    book = get_book(l, "shelves/computing/books/moby-dick");
    assert_int_equal(book->year, 1851);
    get(l, MOBY_DICK);
    assert_failed(l, SLUICE_CODE_NOT_FOUND, MOBY_DICK);
}

static void
a_book_that_cannot_be_moved_stays(void **state)
{
    struct fixture_library *l = *state;
    struct creation c;

    init_creation(&c);
    c.request.parent = text("shelves/computing");
    c.request.book_id = text("moby-dick");
    (void)ask_for(l, "CreateBook", &c.request.base, &library__book__descriptor);
    move(l, MOBY_DICK, "shelves/computing");
    assert_failed(l, SLUICE_CODE_ALREADY_EXISTS,
        "shelves/computing/books/moby-dick exists already");
    move(l, MOBY_DICK, "shelves/none");
    assert_failed(l, SLUICE_CODE_NOT_FOUND, "shelves/none does not exist");
    move(l, MOBY_DICK, "classics");
    assert_failed(l, SLUICE_CODE_INVALID_ARGUMENT, "to_shelf: ");
    (void)get_book(l, MOBY_DICK);
}

static void
a_book_may_be_moved_to_where_it_is(void **state)
{
    struct fixture_library *l = *state;

    move(l, MOBY_DICK, "shelves/classics");
    assert_completed(&l->o, SLUICE_CODE_OK);
    (void)get_book(l, MOBY_DICK);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        LIBRARY_TEST(a_seeded_book_can_be_got),
        LIBRARY_TEST(a_new_book_has_its_isbn),
        LIBRARY_TEST(a_book_that_is_not_there_is_not_found_with_details),
        LIBRARY_TEST(a_book_on_no_shelf_is_told_by_the_shelf),
        LIBRARY_TEST(a_name_of_another_shape_is_an_invalid_argument),
        LIBRARY_TEST(a_request_that_is_no_message_is_an_invalid_argument),
        LIBRARY_TEST(a_big_request_is_refused),
        LIBRARY_TEST(a_small_request_that_grows_big_is_refused),
        LIBRARY_TEST(a_created_book_is_there),
        LIBRARY_TEST(books_without_an_id_get_different_names),
        LIBRARY_TEST(a_made_up_name_avoids_those_that_are_taken),
        LIBRARY_TEST(a_name_is_taken_once),
        LIBRARY_TEST(a_book_needs_a_shelf),
        LIBRARY_TEST(a_request_without_a_book_is_an_invalid_argument),
        LIBRARY_TEST(each_field_of_a_new_book_is_checked),
        LIBRARY_TEST(an_update_without_a_mask_takes_what_is_set),
        LIBRARY_TEST(a_masked_field_is_taken_even_when_unset),
        LIBRARY_TEST(a_star_takes_all_but_what_the_library_gives),
        LIBRARY_TEST(what_the_library_gives_may_be_named_but_is_not_taken),
        LIBRARY_TEST(a_mask_may_name_a_part_of_the_price),
        LIBRARY_TEST(a_part_of_a_price_that_is_not_given_is_emptied),
        LIBRARY_TEST(a_mask_may_not_name_anything_else),
        LIBRARY_TEST(an_update_is_checked_as_a_whole),
        LIBRARY_TEST(an_update_needs_its_book),
        LIBRARY_TEST(a_book_that_comes_in_parts_is_one_book),
        LIBRARY_TEST(a_book_in_more_parts_than_anybody_needs_is_refused),
        LIBRARY_TEST(a_deleted_book_is_gone),
        LIBRARY_TEST(a_moved_book_keeps_all_but_its_shelf),
        LIBRARY_TEST(a_book_that_cannot_be_moved_stays),
        LIBRARY_TEST(a_book_may_be_moved_to_where_it_is),
    };

    return cmocka_run_group_tests_name("library, books", tests, NULL, NULL);
}
