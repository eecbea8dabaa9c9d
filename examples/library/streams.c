/* SPDX-License-Identifier: Apache-2.0 */
/*
 * examples/library/streams.c - the methods with a stream of requests: AddBooks,
 * which answers once, and Discuss, which answers each.
 *
 * Discuss takes the next remark only when its answer could go out at once;
 * somebody who talks without listening is not listened to either.
 */
#include <stdio.h>

#include "examples/library/service.h"

#define MAX_REMARK 2000u

/* ---- AddBooks ------------------------------------------------------------- */

struct delivery {
    struct library *lib;
    struct sluice_servicer_context *ctx; /* outlives the delivery */
    Library__AddBooksSummary summary;
    bool is_refused; /* answered; what still arrives is let go of */
};

static enum sluice_reply
take_book(void *arg, struct sluice_bytes *request)
{
    struct delivery *delivery = arg;
    const Library__CreateBookRequest *message;
    struct library_book *book = NULL;

    if (delivery->is_refused) {
        sluice_bytes_unref(&request);
        return SLUICE_REPLY_OK;
    }
    message = library_unpack(delivery->lib, delivery->ctx, request,
        &library__create_book_request__descriptor);
    if (message != NULL)
        book = library_add_book(delivery->lib, delivery->ctx, message);
    if (book == NULL) {
        delivery->is_refused = true;
        return SLUICE_REPLY_OK;
    }
    delivery->summary.added++;
    delivery->summary.pages += book->message->pages;
    library_book_unref(&book);
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
end_delivery(void *arg)
{
    struct delivery *delivery = arg;

    if (!delivery->is_refused)
        library_reply(delivery->lib, delivery->ctx, &delivery->summary.base);
    return SLUICE_REPLY_OK;
}

static void
forget_delivery(void *arg)
{
    struct delivery *delivery = arg;

    sluice_pool_give(delivery->lib->pool, delivery, sizeof(*delivery));
}

enum sluice_reply
library_add_books(void *self, struct sluice_servicer_context *ctx,
    struct sluice_request_consumer *requests)
{
    struct library *lib = self;
    struct delivery *delivery;

    delivery = sluice_pool_take(lib->pool, sizeof(*delivery));
    if (delivery == NULL)
        return SLUICE_REPLY_FAILED;
    *delivery = (struct delivery){
        .lib = lib,
        .ctx = ctx,
        .summary = LIBRARY__ADD_BOOKS_SUMMARY__INIT,
    };
    sluice_servicer_context_on_termination(ctx, forget_delivery, delivery);
    *requests = (struct sluice_request_consumer){
        .consume = take_book,
        .terminate = end_delivery,
        .arg = delivery,
    };
    return SLUICE_REPLY_OK;
}

/* ---- Discuss -------------------------------------------------------------- */

struct discussion {
    struct library *lib;
    struct sluice_servicer_context *ctx; /* outlives the discussion */
    int32_t n_remarks;
    bool is_over;    /* answered for good */
    bool owes_grant; /* as soon as an answer can go out */
};

/* NULL: what was said cannot be answered; the RPC has been. */
static struct library_book *
find_subject(struct discussion *talk, const Library__Remark *remark)
{
    const char *problem;

    problem = library_text_problem(remark->author, MAX_REMARK);
    if (problem != NULL) {
        library_fail_field(talk->lib, talk->ctx, "author", problem);
        return NULL;
    }
    problem = library_text_problem(remark->text, MAX_REMARK);
    if (problem != NULL) {
        library_fail_field(talk->lib, talk->ctx, "text", problem);
        return NULL;
    }
    return library_find_book(talk->lib, talk->ctx, "name", remark->name);
}

static void
answer_remark(struct discussion *talk, const Library__Remark *remark,
    const struct library_book *book)
{
    Library__Remark reply = LIBRARY__REMARK__INIT;
    struct sluice_bytes *bytes;
    char text[MAX_REMARK + 512];
    char librarian[] = "The librarian";

    (void)snprintf(text, sizeof(text), "%s on \"%s\": noted.",
        remark->author[0] != '\0' ? remark->author : "Somebody",
        book->message->title);
    reply.name = remark->name;
    reply.author = librarian;
    reply.text = text;
    reply.number = ++talk->n_remarks;
    bytes = library_pack(talk->lib, &reply.base);
    if (bytes != NULL) {
        sluice_servicer_context_consume(talk->ctx, bytes);
        return;
    }
    talk->is_over = true;
    library_fail(talk->ctx, SLUICE_CODE_INTERNAL, "memory is short");
}

static void
listen_on(struct discussion *talk)
{
    talk->owes_grant = sluice_servicer_context_response_budget(talk->ctx) <= 0;
    if (!talk->owes_grant)
        sluice_servicer_context_allow(talk->ctx, 1);
}

static enum sluice_reply
hear(void *arg, struct sluice_bytes *request)
{
    struct discussion *talk = arg;
    const Library__Remark *remark;
    struct library_book *book = NULL;

    if (talk->is_over) {
        sluice_bytes_unref(&request);
        return SLUICE_REPLY_OK;
    }
    remark = library_unpack(talk->lib, talk->ctx, request,
        &library__remark__descriptor);
    if (remark != NULL)
        book = find_subject(talk, remark);
    if (book == NULL) {
        talk->is_over = true;
        return SLUICE_REPLY_OK;
    }
    answer_remark(talk, remark, book);
    library_book_unref(&book);
    if (!talk->is_over)
        listen_on(talk);
    return SLUICE_REPLY_OK;
}

static enum sluice_reply
end_discussion(void *arg)
{
    struct discussion *talk = arg;

    talk->is_over = true;
    sluice_servicer_context_terminate(talk->ctx);
    return SLUICE_REPLY_OK;
}

static void
on_allowance(void *arg, int n)
{
    struct discussion *talk = arg;

    (void)n;
    if (talk->owes_grant && !talk->is_over)
        listen_on(talk);
}

static void
forget_discussion(void *arg)
{
    struct discussion *talk = arg;

    sluice_pool_give(talk->lib->pool, talk, sizeof(*talk));
}

enum sluice_reply
library_discuss(void *self, struct sluice_servicer_context *ctx,
    struct sluice_request_consumer *requests)
{
    struct library *lib = self;
    struct discussion *talk;

    talk = sluice_pool_take(lib->pool, sizeof(*talk));
    if (talk == NULL)
        return SLUICE_REPLY_FAILED;
    *talk = (struct discussion){ .lib = lib, .ctx = ctx };
    sluice_servicer_context_on_termination(ctx, forget_discussion, talk);
    sluice_servicer_context_on_allowance(ctx, on_allowance, talk);
    *requests = (struct sluice_request_consumer){
        .consume = hear,
        .terminate = end_discussion,
        .arg = talk,
        .manual_allowance = true,
    };
    return SLUICE_REPLY_OK;
}
