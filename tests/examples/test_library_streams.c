/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/examples/test_library_streams.c - the library's streams, and that none
 * of them gets ahead of its reader.
 */
#include "tests/examples/library_fixture.h"

#define MOBY_DICK "shelves/classics/books/moby-dick"

/* Turns the loop until an RPC started after everything else is answered: what
 * could have happened by then has. */
static void
settle(struct fixture_library *l)
{
    Library__GetBookRequest request = LIBRARY__GET_BOOK_REQUEST__INIT;
    struct sluice_call_options options = { .timeout_ns = LONG_TIME };
    struct observer o;
    int i;

    request.name = text(MOBY_DICK);
    for (i = 0; i < 3; i++) {
        observe(&o);
        call_bytes(&l->f, &o, SLUICE_UNARY_UNARY, "GetBook",
            packed(&request.base), &options);
        run_until(&l->f, &o.n_ends);
        observer_fini(&o);
    }
}

/* ---- ReadBook ------------------------------------------------------------- */

static Library__ReadBookRequest
reading_of(const char *name)
{
    Library__ReadBookRequest request = LIBRARY__READ_BOOK_REQUEST__INIT;

    request.name = text(name);
    return request;
}

static void
read_book(struct fixture_library *l, const Library__ReadBookRequest *request)
{
    start(l, SLUICE_UNARY_STREAM, "ReadBook", &request->base);
}

static void
a_book_is_read_to_its_end(void **state)
{
    Library__ReadBookRequest request = reading_of(MOBY_DICK);
    struct fixture_library *l = *state;
    const Library__Page *page;

    read_book(l, &request);
    run_until(&l->f, &l->o.n_ends);
    assert_completed(&l->o, SLUICE_CODE_OK);
    assert_int_equal(l->o.n_responses, 635);
    page = reply_at(l, 634, &library__page__descriptor);
    assert_int_equal(page->number, 635);
    assert_int_equal(strlen(page->text), 200);
    assert_int_equal(strncmp(page->text, "Page 635 of 635. ", 17), 0);
}

static void
a_part_of_a_book_is_read(void **state)
{
    Library__ReadBookRequest request = reading_of(MOBY_DICK);
    struct fixture_library *l = *state;
    const Library__Page *page;

    request.first_page = 634;
    request.page_count = 1;
    request.page_chars = 65536;
    read_book(l, &request);
    run_until(&l->f, &l->o.n_ends);
    assert_int_equal(l->o.n_responses, 1);
    page = reply_at(l, 0, &library__page__descriptor);
    assert_int_equal(page->number, 634);
    assert_int_equal(strlen(page->text), 65536);
}

static void
a_page_may_be_shorter_than_its_heading(void **state)
{
    Library__ReadBookRequest request = reading_of(MOBY_DICK);
    struct fixture_library *l = *state;
    const Library__Page *page;

    request.page_chars = 1;
    request.page_count = 1;
    read_book(l, &request);
    run_until(&l->f, &l->o.n_ends);
    page = reply_at(l, 0, &library__page__descriptor);
    assert_string_equal(page->text, "P");
}

static void
more_pages_than_there_are_end_with_the_book(void **state)
{
    Library__ReadBookRequest request = reading_of(MOBY_DICK);
    struct fixture_library *l = *state;

    request.first_page = 630;
    request.page_count = INT32_MAX;
    read_book(l, &request);
    run_until(&l->f, &l->o.n_ends);
    assert_int_equal(l->o.n_responses, 6);
}

static void
pages_are_made_as_they_are_read(void **state)
{
    Library__ReadBookRequest request = reading_of(MOBY_DICK);
    struct fixture_library *l = *state;

    l->o.receiver.manual_allowance = true;
    read_book(l, &request);
    settle(l);
    assert_int_equal(l->o.n_responses, 1);
    sluice_call_allow(l->o.call, 3);
    settle(l);
    assert_int_equal(l->o.n_responses, 4);
    sluice_call_cancel(l->o.call);
    run_until_idle(&l->f);
    assert_aborted(&l->o, SLUICE_ABORTION_CANCELLED);
}

static void
a_pause_ends_by_itself(void **state)
{
    Google__Protobuf__Duration pause = GOOGLE__PROTOBUF__DURATION__INIT;
    Library__ReadBookRequest request = reading_of(MOBY_DICK);
    struct fixture_library *l = *state;

    pause.nanos = 1;
    request.pause = &pause;
    request.page_count = 5;
    read_book(l, &request);
    run_until(&l->f, &l->o.n_ends);
    assert_completed(&l->o, SLUICE_CODE_OK);
    assert_int_equal(l->o.n_responses, 5);
}

static void
no_page_comes_in_a_pause(void **state)
{
    Google__Protobuf__Duration pause = GOOGLE__PROTOBUF__DURATION__INIT;
    Library__ReadBookRequest request = reading_of(MOBY_DICK);
    struct fixture_library *l = *state;

    pause.seconds = 60;
    request.pause = &pause;
    read_book(l, &request);
    settle(l);
    assert_int_equal(l->o.n_responses, 1);
    sluice_call_cancel(l->o.call);
    run_until_idle(&l->f);
    assert_aborted(&l->o, SLUICE_ABORTION_CANCELLED);
}

static void
nothing_is_waited_for_after_the_last_page(void **state)
{
    Google__Protobuf__Duration pause = GOOGLE__PROTOBUF__DURATION__INIT;
    Library__ReadBookRequest request = reading_of(MOBY_DICK);
    struct fixture_library *l = *state;

    pause.seconds = 60;
    request.pause = &pause;
    request.page_count = 1;
    read_book(l, &request);
    settle(l);
    assert_completed(&l->o, SLUICE_CODE_OK);
    assert_int_equal(l->o.n_responses, 1);
}

static void
an_odd_pause_is_refused(void **state)
{
    static const struct {
        int64_t seconds;
        int32_t nanos;
    } table[] = { { -1, 0 }, { 0, -1 }, { 61, 0 }, { 60, 1 }, { 0, 1000000000 },
        { INT64_MAX, 0 } };
    Google__Protobuf__Duration pause = GOOGLE__PROTOBUF__DURATION__INIT;
    Library__ReadBookRequest request = reading_of(MOBY_DICK);
    struct fixture_library *l = *state;
    size_t i;

    request.pause = &pause;
    for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        observer_fini(&l->o);
        observe(&l->o);
        pause.seconds = table[i].seconds;
        pause.nanos = table[i].nanos;
        read_book(l, &request);
        run_until(&l->f, &l->o.n_ends);
        assert_failed(l, SLUICE_CODE_INVALID_ARGUMENT, "pause: ");
    }
}

static void
an_odd_reading_is_refused(void **state)
{
    static const struct {
        int32_t first, count, chars;
        enum sluice_code code;
    } table[] = {
        { 636, 0, 0, SLUICE_CODE_OUT_OF_RANGE },
        { -1, 0, 0, SLUICE_CODE_OUT_OF_RANGE },
        { 0, -1, 0, SLUICE_CODE_INVALID_ARGUMENT },
        { 0, 0, -1, SLUICE_CODE_INVALID_ARGUMENT },
        { 0, 0, 65537, SLUICE_CODE_INVALID_ARGUMENT },
    };
    Library__ReadBookRequest request = reading_of(MOBY_DICK);
    struct fixture_library *l = *state;
    size_t i;

    for (i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
        observer_fini(&l->o);
        observe(&l->o);
        request.first_page = table[i].first;
        request.page_count = table[i].count;
        request.page_chars = table[i].chars;
        read_book(l, &request);
        run_until(&l->f, &l->o.n_ends);
        assert_failed(l, table[i].code, "");
        assert_int_equal(l->o.n_responses, 0);
    }
}

static void
a_book_that_is_not_there_cannot_be_read(void **state)
{
    Library__ReadBookRequest request = reading_of("shelves/x/books/y");
    struct fixture_library *l = *state;

    read_book(l, &request);
    run_until(&l->f, &l->o.n_ends);
    assert_failed(l, SLUICE_CODE_NOT_FOUND, "shelves/x does not exist");
}

/* ---- AddBooks ------------------------------------------------------------- */

static struct sluice_bytes *
delivery_of(const char *title, int32_t pages)
{
    Library__CreateBookRequest request = LIBRARY__CREATE_BOOK_REQUEST__INIT;
    Library__Book book = LIBRARY__BOOK__INIT;

    request.parent = text("shelves/classics");
    request.book = &book;
    book.title = text(title);
    book.pages = pages;
    return packed(&request.base);
}

static void
a_delivery_is_summed_up(void **state)
{
    struct fixture_library *l = *state;
    const Library__AddBooksSummary *summary;
    int i;

    start(l, SLUICE_STREAM_UNARY, "AddBooks", NULL);
    for (i = 0; i < 50; i++)
        sluice_call_consume(l->o.call, delivery_of("A", 100));
    sluice_call_terminate(l->o.call);
    run_until(&l->f, &l->o.n_ends);
    assert_completed(&l->o, SLUICE_CODE_OK);
    summary = reply_at(l, 0, &library__add_books_summary__descriptor);
    assert_int_equal(summary->added, 50);
    assert_int_equal(summary->pages, 5000);
}

static void
an_empty_delivery_is_fine(void **state)
{
    struct fixture_library *l = *state;
    const Library__AddBooksSummary *summary;

    start(l, SLUICE_STREAM_UNARY, "AddBooks", NULL);
    sluice_call_terminate(l->o.call);
    run_until(&l->f, &l->o.n_ends);
    assert_completed(&l->o, SLUICE_CODE_OK);
    summary = reply_at(l, 0, &library__add_books_summary__descriptor);
    assert_int_equal(summary->added, 0);
}

static void
a_delivery_ends_at_the_first_bad_book(void **state)
{
    struct fixture_library *l = *state;

    start(l, SLUICE_STREAM_UNARY, "AddBooks", NULL);
    sluice_call_consume(l->o.call, delivery_of("good", 1));
    sluice_call_consume(l->o.call, delivery_of("", 1));
    sluice_call_consume(l->o.call, delivery_of("never seen", 1));
    run_until_idle(&l->f);
    assert_failed(l, SLUICE_CODE_INVALID_ARGUMENT, "book.title: ");
    assert_string_equal(get_book(l, "shelves/classics/books/book-1")->title,
        "good");
}

static void
a_cut_delivery_leaves_nothing_behind(void **state)
{
    struct fixture_library *l = *state;

    start(l, SLUICE_STREAM_UNARY, "AddBooks", NULL);
    sluice_call_consume(l->o.call, delivery_of("good", 1));
    settle(l);
    sluice_call_cancel(l->o.call);
    run_until_idle(&l->f);
    assert_aborted(&l->o, SLUICE_ABORTION_CANCELLED);
}

/* ---- Discuss -------------------------------------------------------------- */

static struct sluice_bytes *
remark_on(const char *name, const char *author)
{
    Library__Remark remark = LIBRARY__REMARK__INIT;

    remark.name = text(name);
    remark.author = text(author);
    remark.text = text("It is about a whale.");
    return packed(&remark.base);
}

static void
each_remark_is_answered(void **state)
{
    struct fixture_library *l = *state;
    const Library__Remark *reply;
    int i;

    start(l, SLUICE_STREAM_STREAM, "Discuss", NULL);
    for (i = 0; i < 20; i++)
        sluice_call_consume(l->o.call, remark_on(MOBY_DICK, "Ishmael"));
    sluice_call_terminate(l->o.call);
    run_until(&l->f, &l->o.n_ends);
    assert_completed(&l->o, SLUICE_CODE_OK);
    assert_int_equal(l->o.n_responses, 20);
    reply = reply_at(l, 19, &library__remark__descriptor);
    assert_int_equal(reply->number, 20);
    assert_string_equal(reply->author, "The librarian");
    assert_string_equal(reply->text,
        "Ishmael on \"Moby-Dick; or, The Whale\": noted.");
}

static void
who_does_not_listen_is_not_heard(void **state)
{
    struct fixture_library *l = *state;
    int i;

    l->o.receiver.manual_allowance = true;
    start(l, SLUICE_STREAM_STREAM, "Discuss", NULL);
    for (i = 0; i < 20; i++)
        sluice_call_consume(l->o.call, remark_on(MOBY_DICK, ""));
    sluice_call_terminate(l->o.call);
    settle(l);
    assert_int_equal(l->o.n_responses, 1);
    assert_int_equal(l->o.n_allowed, 0);
    sluice_call_allow(l->o.call, 2);
    settle(l);
    assert_int_equal(l->o.n_responses, 3);
    sluice_call_allow(l->o.call, 17);
    run_until(&l->f, &l->o.n_ends);
    assert_completed(&l->o, SLUICE_CODE_OK);
    assert_int_equal(l->o.n_responses, 20);
}

static void
a_remark_on_no_book_ends_the_discussion(void **state)
{
    struct fixture_library *l = *state;

    start(l, SLUICE_STREAM_STREAM, "Discuss", NULL);
    sluice_call_consume(l->o.call, remark_on(MOBY_DICK, "Ahab"));
    sluice_call_consume(l->o.call,
        remark_on("shelves/classics/books/none", "Ahab"));
    sluice_call_consume(l->o.call, remark_on(MOBY_DICK, "Ahab"));
    run_until_idle(&l->f);
    assert_failed(l, SLUICE_CODE_NOT_FOUND, "shelves/classics/books/none");
    assert_int_equal(l->o.n_responses, 1);
}

static void
a_remark_that_is_no_message_ends_the_discussion(void **state)
{
    struct fixture_library *l = *state;

    start(l, SLUICE_STREAM_STREAM, "Discuss", NULL);
    sluice_call_consume(l->o.call, bytes_of("\x0a\x7f"));
    run_until_idle(&l->f);
    assert_failed(l, SLUICE_CODE_INVALID_ARGUMENT, "the request is not");
}

static void
an_endless_remark_is_refused(void **state)
{
    static char author[2002];
    struct fixture_library *l = *state;

    memset(author, 'a', sizeof(author) - 1);
    start(l, SLUICE_STREAM_STREAM, "Discuss", NULL);
    sluice_call_consume(l->o.call, remark_on(MOBY_DICK, author));
    run_until_idle(&l->f);
    assert_failed(l, SLUICE_CODE_INVALID_ARGUMENT, "author: is too long");
}

static void
a_discussion_may_be_broken_off(void **state)
{
    struct fixture_library *l = *state;

    start(l, SLUICE_STREAM_STREAM, "Discuss", NULL);
    sluice_call_consume(l->o.call, remark_on(MOBY_DICK, "Ahab"));
    run_until(&l->f, &l->o.n_responses);
    sluice_call_cancel(l->o.call);
    run_until_idle(&l->f);
    assert_aborted(&l->o, SLUICE_ABORTION_CANCELLED);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        LIBRARY_TEST(a_book_is_read_to_its_end),
        LIBRARY_TEST(a_part_of_a_book_is_read),
        LIBRARY_TEST(a_page_may_be_shorter_than_its_heading),
        LIBRARY_TEST(more_pages_than_there_are_end_with_the_book),
        LIBRARY_TEST(pages_are_made_as_they_are_read),
        LIBRARY_TEST(a_pause_ends_by_itself),
        LIBRARY_TEST(no_page_comes_in_a_pause),
        LIBRARY_TEST(nothing_is_waited_for_after_the_last_page),
        LIBRARY_TEST(an_odd_pause_is_refused),
        LIBRARY_TEST(an_odd_reading_is_refused),
        LIBRARY_TEST(a_book_that_is_not_there_cannot_be_read),
        LIBRARY_TEST(a_delivery_is_summed_up),
        LIBRARY_TEST(an_empty_delivery_is_fine),
        LIBRARY_TEST(a_delivery_ends_at_the_first_bad_book),
        LIBRARY_TEST(a_cut_delivery_leaves_nothing_behind),
        LIBRARY_TEST(each_remark_is_answered),
        LIBRARY_TEST(who_does_not_listen_is_not_heard),
        LIBRARY_TEST(a_remark_on_no_book_ends_the_discussion),
        LIBRARY_TEST(a_remark_that_is_no_message_ends_the_discussion),
        LIBRARY_TEST(an_endless_remark_is_refused),
        LIBRARY_TEST(a_discussion_may_be_broken_off),
    };

    return cmocka_run_group_tests_name("library, streams", tests, NULL, NULL);
}
