/* SPDX-License-Identifier: Apache-2.0 */
/*
 * examples/library/library.c - the servicer of one thread: the table of
 * methods, and what is built in.
 */
#include "examples/library/library.h"

#include <stdlib.h>

#include "examples/library/service.h"
#include "library.pb.embed.h"
#include "sluice.yaml.embed.h"

#define GROUP "sluice.example.library.v1.Library"

/* Methods with one request: they get it unpacked. */
static const struct unary {
    const char *name;
    bool has_stream_response;
    const ProtobufCMessageDescriptor *request;
    library_unary_cb *handle;
} unaries[] = {
    { "CreateShelf", false, &library__create_shelf_request__descriptor,
        library_create_shelf },
    { "GetShelf", false, &library__get_shelf_request__descriptor,
        library_get_shelf },
    { "ListShelves", false, &library__list_shelves_request__descriptor,
        library_list_shelves },
    { "CreateBook", false, &library__create_book_request__descriptor,
        library_create_book },
    { "GetBook", false, &library__get_book_request__descriptor,
        library_get_book },
    { "ListBooks", false, &library__list_books_request__descriptor,
        library_list_books },
    { "UpdateBook", false, &library__update_book_request__descriptor,
        library_update_book },
    { "DeleteBook", false, &library__delete_book_request__descriptor,
        library_delete_book },
    { "MoveBook", false, &library__move_book_request__descriptor,
        library_move_book },
    { "ReadBook", true, &library__read_book_request__descriptor,
        library_read_book },
};
#define N_UNARIES (sizeof(unaries) / sizeof(unaries[0]))

/* What a method's implementation needs to know as its self. */
struct library_bound {
    struct library *lib;
    const struct unary *method;
};

static enum sluice_reply
on_request(void *self, struct sluice_bytes *request,
    struct sluice_servicer_context *ctx)
{
    const struct library_bound *bound = self;
    const void *message;

    message = library_unpack(bound->lib, ctx, request, bound->method->request);
    if (message != NULL)
        bound->method->handle(bound->lib, ctx, message);
    return SLUICE_REPLY_OK;
}

/* ---- The servicer --------------------------------------------------------- */

static enum sluice_err
add(struct sluice_face_servicer *servicer, const char *name,
    struct sluice_method_implementation implementation)
{
    return sluice_face_servicer_add(servicer, sluice_str(GROUP),
        sluice_str(name), &implementation);
}

static enum sluice_err
add_methods(struct sluice_face_servicer *servicer, struct library *lib)
{
    struct library_bound *bound;
    enum sluice_err err;
    size_t i;

    err = add(servicer, "AddBooks",
        sluice_stream_unary_event(library_add_books, lib));
    if (err == SLUICE_OK)
        err = add(servicer, "Discuss",
            sluice_stream_stream_event(library_discuss, lib));
    for (i = 0; i < N_UNARIES && err == SLUICE_OK; i++) {
        bound = &lib->bound[i];
        *bound = (struct library_bound){ lib, &unaries[i] };
        err = add(servicer, unaries[i].name,
            unaries[i].has_stream_response
                ? sluice_unary_stream_event(on_request, bound)
                : sluice_unary_unary_event(on_request, bound));
    }
    return err;
}

static void
free_library(void *arg)
{
    struct library *lib = arg;

    free(lib->bound);
    free(lib);
}

static struct library *
new_library(struct library_store *store, struct sluice_loop *loop)
{
    struct library *lib = malloc(sizeof(*lib)); /* mostly scratch */

    if (lib == NULL)
        return NULL;
    lib->store = store;
    lib->loop = loop;
    lib->pool = sluice_loop_pool(loop);
    lib->bound = calloc(N_UNARIES, sizeof(*lib->bound));
    if (lib->bound == NULL) {
        free(lib);
        return NULL;
    }
    library_scratch_init(&lib->scratch);
    return lib;
}

struct sluice_face_servicer *
library_servicer_new(struct library_store *store, struct sluice_loop *loop)
{
    struct sluice_face_servicer *servicer;
    struct library *lib;

    servicer = sluice_face_servicer_new();
    if (servicer == NULL)
        return NULL;
    lib = new_library(store, loop);
    if (lib == NULL) {
        sluice_face_servicer_free(&servicer);
        return NULL;
    }
    sluice_face_servicer_on_free(servicer, free_library, lib);
    if (add_methods(servicer, lib) != SLUICE_OK)
        sluice_face_servicer_free(&servicer);
    return servicer;
}

/* ---- What is built in ----------------------------------------------------- */

const uint8_t *
library_descriptor_set(size_t *len)
{
    *len = library_pb_size;
    return library_pb;
}

const char *
library_route_file(size_t *len)
{
    *len = sluice_yaml_size;
    return (const char *)sluice_yaml;
}
