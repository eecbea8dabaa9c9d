/* SPDX-License-Identifier: Apache-2.0 */
/*
 * examples/library/answer.c - requests taken apart, answers and errors sent.
 *
 * An error is a code, a text, and where it helps a machine, a google.rpc.Status
 * with one detail in the terminal metadata grpc-status-details-bin. The details
 * are three fixed shapes of strings in strings, so they are written by hand.
 */
#include <assert.h>
#include <stdio.h>

#include "examples/library/join.h"
#include "examples/library/name.h"
#include "examples/library/service.h"

/* ---- Requests ------------------------------------------------------------- */

/* The joined bytes of a message, in scratch; *size changes with them. NULL: it
 * is no message, or does not fit. */
static const uint8_t *
join(struct library_scratch *scratch, const ProtobufCMessageDescriptor *type,
    const uint8_t *bytes, size_t *size)
{
    uint8_t *joined;

    joined = scratch->allocator.alloc(scratch, *size + LIBRARY_JOIN_SLACK);
    if (joined == NULL)
        return NULL;
    *size = library_join(type, bytes, *size, joined);
    return *size != SIZE_MAX ? joined : NULL;
}

static const void *
unpack(struct library_scratch *scratch, const ProtobufCMessageDescriptor *type,
    const uint8_t *bytes, size_t size)
{
    if (library_join_is_needed(type))
        bytes = join(scratch, type, bytes, &size);
    if (bytes == NULL)
        return NULL;
    return protobuf_c_message_unpack(type, &scratch->allocator, size, bytes);
}

const void *
library_unpack(struct library *lib, struct sluice_servicer_context *ctx,
    struct sluice_bytes *request, const ProtobufCMessageDescriptor *type)
{
    size_t size = sluice_bytes_size(request);
    const void *message = NULL;

    library_scratch_reset(&lib->scratch);
    if (size <= LIBRARY_MAX_REQUEST)
        message = unpack(&lib->scratch, type, sluice_bytes_data(request), size);
    if (size > LIBRARY_MAX_REQUEST || lib->scratch.has_overflowed)
        library_fail(ctx, SLUICE_CODE_RESOURCE_EXHAUSTED,
            "the request is larger than the library takes");
    else if (message == NULL)
        library_fail(ctx, SLUICE_CODE_INVALID_ARGUMENT,
            "the request is not a message of the method's type");
    sluice_bytes_unref(&request);
    return message;
}

/* ---- Answers -------------------------------------------------------------- */

struct sluice_bytes *
library_pack(struct library *lib, const ProtobufCMessage *message)
{
    struct sluice_bytes *bytes;

    bytes = sluice_bytes_new(lib->pool,
        protobuf_c_message_get_packed_size(message));
    if (bytes != NULL)
        protobuf_c_message_pack(message, sluice_bytes_fill(bytes));
    return bytes;
}

void
library_reply(struct library *lib, struct sluice_servicer_context *ctx,
    const ProtobufCMessage *message)
{
    struct sluice_bytes *bytes = library_pack(lib, message);

    if (bytes != NULL)
        sluice_servicer_context_respond(ctx, bytes);
    else
        library_fail(ctx, SLUICE_CODE_INTERNAL, "memory is short");
}

void
library_reply_book(struct sluice_servicer_context *ctx,
    struct library_book *book)
{
    sluice_servicer_context_respond(ctx, sluice_bytes_ref(book->wire));
}

/* Only an RPC that has ended, or memory, can refuse the text; the code matters
 * more, and whoever is left to hear it gets it. */
void
library_fail(struct sluice_servicer_context *ctx, enum sluice_code code,
    const char *text)
{
    enum sluice_err err;

    err = sluice_servicer_context_set_code(ctx, (int32_t)code);
    if (err == SLUICE_OK)
        err = sluice_servicer_context_set_details(ctx, sluice_str(text));
    (void)err;
    sluice_servicer_context_terminate(ctx);
}

/* ---- google.rpc.Status ---------------------------------------------------- */

/* Messages being written, from the inside out. Texts are ours or valid names,
 * so that 1 KiB is room for all. */
struct message {
    uint8_t bytes[1024];
    size_t len;
};

static void
put_byte(struct message *m, unsigned byte)
{
    assert(m->len < sizeof(m->bytes));
    m->bytes[m->len++] = (uint8_t)byte;
}

static void
put_bytes(struct message *m, unsigned field, const void *bytes, size_t len)
{
    assert(len < 1u << 14 && len + 3 <= sizeof(m->bytes) - m->len);
    put_byte(m, field << 3 | 2);
    if (len >= 0x80)
        put_byte(m, (len & 0x7f) | 0x80);
    put_byte(m, (unsigned)(len >= 0x80 ? len >> 7 : len));
    memcpy(m->bytes + m->len, bytes, len);
    m->len += len;
}

static void
put_text(struct message *m, unsigned field, const char *text)
{
    put_bytes(m, field, text, strlen(text));
}

static void
put_message(struct message *m, unsigned field, const struct message *inner)
{
    put_bytes(m, field, inner->bytes, inner->len);
}

/* Status{code 1, message 2, details 3 of Any{type_url 1, value 2}} */
static void
put_status(struct message *status, enum sluice_code code, const char *text,
    const char *type_url, const struct message *detail)
{
    struct message any = { .len = 0 };

    put_text(&any, 1, type_url);
    put_message(&any, 2, detail);
    put_byte(status, 1 << 3);
    put_byte(status, code);
    put_text(status, 2, text);
    put_message(status, 3, &any);
}

static void
fail_with_detail(struct library *lib, struct sluice_servicer_context *ctx,
    enum sluice_code code, const char *text, const char *type_url,
    const struct message *detail)
{
    struct sluice_metadata *metadata = sluice_metadata_new(lib->pool);
    struct message status = { .len = 0 };
    enum sluice_err err = SLUICE_ENOMEM;

    put_status(&status, code, text, type_url, detail);
    if (metadata != NULL)
        err =
            sluice_metadata_add(metadata, sluice_str("grpc-status-details-bin"),
                sluice_str_n((const char *)status.bytes, status.len));
    if (err == SLUICE_OK) {
        err = sluice_servicer_context_set_terminal_metadata(ctx, metadata);
        metadata = NULL;
    }
    (void)err; /* as for library_fail(): the code is what matters */
    sluice_metadata_unref(&metadata);
    library_fail(ctx, code, text);
}

void
library_fail_field(struct library *lib, struct sluice_servicer_context *ctx,
    const char *field, const char *text)
{
    struct message violation = { .len = 0 }, detail = { .len = 0 };
    char whole[256];

    /* BadRequest{field_violations 1 of {field 1, description 2}} */
    put_text(&violation, 1, field);
    put_text(&violation, 2, text);
    put_message(&detail, 1, &violation);
    (void)snprintf(whole, sizeof(whole), "%s: %s", field, text);
    fail_with_detail(lib, ctx, SLUICE_CODE_INVALID_ARGUMENT, whole,
        "type.googleapis.com/google.rpc.BadRequest", &detail);
}

static void
fail_resource(struct library *lib, struct sluice_servicer_context *ctx,
    enum sluice_code code, const char *type, const char *name, const char *what)
{
    struct message detail = { .len = 0 };
    char text[LIBRARY_NAME_MAX + 64];

    (void)snprintf(text, sizeof(text), "%s %s", name, what);
    /* ResourceInfo{resource_type 1, resource_name 2, description 4} */
    put_text(&detail, 1, type);
    put_text(&detail, 2, name);
    put_text(&detail, 4, what);
    fail_with_detail(lib, ctx, code, text,
        "type.googleapis.com/google.rpc.ResourceInfo", &detail);
}

void
library_fail_store(struct library *lib, struct sluice_servicer_context *ctx,
    enum library_err err, const char *name)
{
    static const char book[] = "sluice.example.library.v1.Book";
    static const char shelf[] = "sluice.example.library.v1.Shelf";
    const char *type = library_name_is_book(name) ? book : shelf;
    char shelf_name[LIBRARY_NAME_MAX + 1];

    switch (err) {
    case LIBRARY_OK:
        break;
    case LIBRARY_ENOMEM:
        library_fail(ctx, SLUICE_CODE_INTERNAL, "memory is short");
        return;
    case LIBRARY_NO_SHELF:
        (void)snprintf(shelf_name, sizeof(shelf_name), "%.*s",
            (int)library_name_shelf_len(name), name);
        fail_resource(lib, ctx, SLUICE_CODE_NOT_FOUND, shelf, shelf_name,
            "does not exist");
        return;
    case LIBRARY_NO_BOOK:
        fail_resource(lib, ctx, SLUICE_CODE_NOT_FOUND, book, name,
            "does not exist");
        return;
    case LIBRARY_EXISTS:
        fail_resource(lib, ctx, SLUICE_CODE_ALREADY_EXISTS, type, name,
            "exists already");
        return;
    case LIBRARY_FULL:
        library_fail(ctx, SLUICE_CODE_RESOURCE_EXHAUSTED,
            "the library is full");
        return;
    case LIBRARY_CHANGED:
        library_fail(ctx, SLUICE_CODE_ABORTED,
            "somebody else changed the book meanwhile");
        return;
    }
    assert(!"an error that the store does not have");
}
