/* SPDX-License-Identifier: Apache-2.0 */
/*
 * examples/library/service.h - what the library's methods share: the servicer
 * of one thread, and the ways to answer.
 */
#ifndef LIBRARY_SERVICE_H
#define LIBRARY_SERVICE_H

#include <sluice/loop.h>
#include <sluice/status.h>

#include "examples/library/scratch.h"
#include "examples/library/store.h"

#define LIBRARY_MAX_REQUEST (64u * 1024u)

struct library {
    struct library_store *store;
    struct sluice_loop *loop;
    struct sluice_pool *pool; /* the loop's */
    struct library_scratch scratch;
    struct library_bound *bound; /* library.c */
};

/* ---- Requests ------------------------------------------------------------- */

/* The message in request, which is taken. It lives in lib->scratch until that
 * is reset. NULL: it was no such message, or too big; the RPC has been
 * answered. */
const void *library_unpack(struct library *lib,
    struct sluice_servicer_context *ctx, struct sluice_bytes *request,
    const ProtobufCMessageDescriptor *type);

/* ---- Answers: each ends the RPC ------------------------------------------- */

/* The packed message; NULL when memory is short. */
struct sluice_bytes *library_pack(struct library *lib,
    const ProtobufCMessage *message);

void library_reply(struct library *lib, struct sluice_servicer_context *ctx,
    const ProtobufCMessage *message);
void library_reply_book(struct sluice_servicer_context *ctx,
    struct library_book *book);

/* An error with a text and nothing else. */
void library_fail(struct sluice_servicer_context *ctx, enum sluice_code code,
    const char *text);

/* INVALID_ARGUMENT, with a google.rpc.BadRequest about field. */
void library_fail_field(struct library *lib,
    struct sluice_servicer_context *ctx, const char *field, const char *text);

/* What the store says about the shelf or book of a valid name: a code, and a
 * google.rpc.ResourceInfo where the resource is the matter. err is not
 * LIBRARY_OK. */
void library_fail_store(struct library *lib,
    struct sluice_servicer_context *ctx, enum library_err err,
    const char *name);

/* ---- Books ---------------------------------------------------------------- */

/* "is too long" (in bytes) or "is not UTF-8"; NULL: neither. */
const char *library_text_problem(const char *text, size_t max);

/* The first thing that is wrong with what somebody wants to put on a shelf,
 * its names and times aside; *field is then the field's name below "book".
 * NULL: nothing is. */
const char *library_book_problem(const Library__Book *book, const char **field);

/* Adds the book that request asks for, and gives it. NULL: it could not be
 * added; the RPC has been answered. */
struct library_book *library_add_book(struct library *lib,
    struct sluice_servicer_context *ctx,
    const Library__CreateBookRequest *request);

/* The book of that name, given. NULL: there is none; answered. */
struct library_book *library_find_book(struct library *lib,
    struct sluice_servicer_context *ctx, const char *field, const char *name);

/* ---- Paging --------------------------------------------------------------- */

struct library_page {
    size_t skip;
    size_t size;
};
/* Room for the digits of any size_t. */
#define LIBRARY_TOKEN_BYTES 21u

/* False: the token or size is none of ours; answered. */
bool library_page_parse(struct library *lib,
    struct sluice_servicer_context *ctx, int32_t size, const char *token,
    struct library_page *page);
/* The token of what comes after the first skip; to has LIBRARY_TOKEN_BYTES. */
void library_page_token(char *to, size_t skip);

/* ---- The methods ---------------------------------------------------------- */

/* Of unary requests. message is of the type that the table in library.c says,
 * and lives for the call. */
typedef void library_unary_cb(struct library *lib,
    struct sluice_servicer_context *ctx, const void *message);

library_unary_cb library_create_shelf;
library_unary_cb library_get_shelf;
library_unary_cb library_list_shelves;
library_unary_cb library_create_book;
library_unary_cb library_get_book;
library_unary_cb library_list_books;
library_unary_cb library_update_book;
library_unary_cb library_delete_book;
library_unary_cb library_move_book;
library_unary_cb library_read_book;

sluice_stream_event_cb library_add_books;
sluice_stream_event_cb library_discuss;

#endif
