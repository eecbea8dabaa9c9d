/* SPDX-License-Identifier: Apache-2.0 */
/*
 * examples/library/read.c - ReadBook: a stream of pages. A page is made when
 * the reader has allowance for it and not before, so a reading keeps no more
 * than its place in the book, however long that is and however slow the reader;
 * nor before the pause after the last one is over.
 */
#include <stdio.h>

#include "examples/library/service.h"

#define DEFAULT_CHARS 200u
#define MAX_CHARS 65536u
#define MAX_PAUSE_NS (60 * SLUICE_SECOND)

struct reading {
    struct library *lib;
    struct sluice_servicer_context *ctx; /* outlives the reading */
    struct library_book *book;
    int64_t next;
    int64_t last;
    size_t page_chars;
    int64_t pause_ns;
    struct sluice_timer pause; /* runs: the next page is not due yet */
};

/* What every page says, over and over, after its heading. */
static const char filler[] =
    "The words of this book are its author's, so this copy has none of them; "
    "but it has as many letters on each page as you asked for. ";

/* text has page_chars + 1 bytes of room. */
static void
fill_page(const struct reading *reading, char *text, int64_t number)
{
    size_t at, part, chars = reading->page_chars;
    int n;

    n = snprintf(text, chars + 1, "Page %lld of %d. ", (long long)number,
        reading->book->message->pages);
    at = n < 0 ? 0 : (size_t)n;
    for (; at < chars; at += part) {
        part = sizeof(filler) - 1;
        if (part > chars - at)
            part = chars - at;
        memcpy(text + at, filler, part);
    }
    text[chars] = '\0';
}

/* NULL when memory is short. */
static struct sluice_bytes *
make_page(const struct reading *reading, int64_t number)
{
    size_t room = reading->page_chars + 1;
    Library__Page page = LIBRARY__PAGE__INIT;
    struct sluice_bytes *bytes;
    char *text;

    text = sluice_pool_take(reading->lib->pool, room);
    if (text == NULL)
        return NULL;
    fill_page(reading, text, number);
    page.number = (int32_t)number;
    page.text = text;
    bytes = library_pack(reading->lib, &page.base);
    sluice_pool_give(reading->lib->pool, text, room);
    return bytes;
}

static void
start_pause(struct reading *reading)
{
    struct sluice_loop *loop = reading->lib->loop;

    sluice_timer_start(loop, &reading->pause,
        sluice_loop_now(loop) + (uint64_t)reading->pause_ns);
}

static void
read_on(struct reading *reading)
{
    struct sluice_servicer_context *ctx = reading->ctx;
    struct sluice_bytes *page;

    while (reading->next <= reading->last &&
        !sluice_timer_is_running(&reading->pause) &&
        sluice_servicer_context_response_budget(ctx) > 0) {
        page = make_page(reading, reading->next);
        if (page == NULL) {
            library_fail(ctx, SLUICE_CODE_INTERNAL, "memory is short");
            return;
        }
        reading->next++;
        if (reading->pause_ns > 0 && reading->next <= reading->last)
            start_pause(reading);
        sluice_servicer_context_consume(ctx, page);
    }
    if (reading->next > reading->last)
        sluice_servicer_context_terminate(ctx);
}

static void
on_pause_over(struct sluice_timer *timer)
{
    read_on((void *)((char *)timer - offsetof(struct reading, pause)));
}

static void
on_allowance(void *arg, int n)
{
    (void)n;
    read_on(arg);
}

static void
on_termination(void *arg)
{
    struct reading *reading = arg;

    sluice_timer_stop(reading->lib->loop, &reading->pause);
    library_book_unref(&reading->book);
    sluice_pool_give(reading->lib->pool, reading, sizeof(*reading));
}

/* False: it is negative or too long. */
static bool
find_pause(struct reading *reading, const Google__Protobuf__Duration *pause)
{
    if (pause == NULL)
        return true;
    if (pause->seconds < 0 || pause->seconds > MAX_PAUSE_NS / SLUICE_SECOND ||
        pause->nanos < 0 || pause->nanos >= SLUICE_SECOND)
        return false;
    reading->pause_ns = pause->seconds * SLUICE_SECOND + pause->nanos;
    return reading->pause_ns <= MAX_PAUSE_NS;
}

/* False: there are no such pages; answered. */
static bool
find_pages(struct reading *reading, const Library__ReadBookRequest *request)
{
    int64_t pages = reading->book->message->pages;

    if (request->first_page < 0 || request->first_page > pages) {
        library_fail(reading->ctx, SLUICE_CODE_OUT_OF_RANGE,
            "first_page: the book has no such page");
        return false;
    }
    if (request->page_count < 0) {
        library_fail_field(reading->lib, reading->ctx, "page_count",
            "must be zero or more");
        return false;
    }
    if (request->page_chars < 0 || request->page_chars > (int32_t)MAX_CHARS) {
        library_fail_field(reading->lib, reading->ctx, "page_chars",
            "must be from 0 to 65536");
        return false;
    }
    if (!find_pause(reading, request->pause)) {
        library_fail_field(reading->lib, reading->ctx, "pause",
            "must be from 0s to 60s");
        return false;
    }
    reading->next = request->first_page == 0 ? 1 : request->first_page;
    reading->last = pages;
    if (request->page_count > 0 &&
        request->page_count < pages - reading->next + 1)
        reading->last = reading->next + request->page_count - 1;
    reading->page_chars =
        request->page_chars == 0 ? DEFAULT_CHARS : (size_t)request->page_chars;
    return true;
}

void
library_read_book(struct library *lib, struct sluice_servicer_context *ctx,
    const void *message)
{
    const Library__ReadBookRequest *request = message;
    struct library_book *book;
    struct reading *reading;

    book = library_find_book(lib, ctx, "name", request->name);
    if (book == NULL)
        return;
    reading = sluice_pool_take(lib->pool, sizeof(*reading));
    if (reading == NULL) {
        library_book_unref(&book);
        library_fail(ctx, SLUICE_CODE_INTERNAL, "memory is short");
        return;
    }
    *reading = (struct reading){ .lib = lib,
        .ctx = ctx,
        .book = book,
        .pause = { .expire = on_pause_over } };
    sluice_servicer_context_on_termination(ctx, on_termination, reading);
    if (!find_pages(reading, request))
        return;
    sluice_servicer_context_on_allowance(ctx, on_allowance, reading);
    read_on(reading);
}
