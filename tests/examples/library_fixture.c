/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/examples/library_fixture.c - the library on one side, a stub on the
 * other.
 */
#include "tests/examples/library_fixture.h"

int
open_library(void **state)
{
    struct fixture_library *l = calloc(1, sizeof(*l));
    struct sluice_loop *loop;

    assert_non_null(l);
    l->store = library_store_new();
    assert_non_null(l->store);
    loop = fixture_open_loop(&l->f);
    fixture_open(&l->f, library_servicer_new(l->store, loop), loop);
    l->f.group = "sluice.example.library.v1.Library";
    observe(&l->o);
    *state = l;
    return 0;
}

static void
drop_reply(struct fixture_library *l)
{
    if (l->got != NULL)
        protobuf_c_message_free_unpacked(l->got, NULL);
    l->got = NULL;
}

int
close_library(void **state)
{
    struct fixture_library *l = *state;

    drop_reply(l);
    observer_fini(&l->o);
    fixture_close(&l->f);
    library_store_free(&l->store);
    free(l);
    return 0;
}

struct sluice_bytes *
packed(const ProtobufCMessage *message)
{
    struct sluice_bytes *b;

    b = sluice_bytes_new(NULL, protobuf_c_message_get_packed_size(message));
    assert_non_null(b);
    protobuf_c_message_pack(message, sluice_bytes_fill(b));
    return b;
}

void
start(struct fixture_library *l, enum sluice_cardinality cardinality,
    const char *method, const ProtobufCMessage *request)
{
    struct sluice_call_options options = { .timeout_ns = LONG_TIME };

    call_bytes(&l->f, &l->o, cardinality, method,
        request != NULL ? packed(request) : NULL, &options);
}

void
ask(struct fixture_library *l, const char *method,
    const ProtobufCMessage *request)
{
    observer_fini(&l->o);
    observe(&l->o);
    start(l, SLUICE_UNARY_UNARY, method, request);
    run_until(&l->f, &l->o.n_ends);
}

const void *
reply_at(struct fixture_library *l, unsigned i,
    const ProtobufCMessageDescriptor *type)
{
    struct sluice_str bytes = response_text(&l->o, i);

    drop_reply(l);
    l->got = protobuf_c_message_unpack(type, NULL, bytes.len,
        (const uint8_t *)bytes.ptr);
    assert_non_null(l->got);
    return l->got;
}

const void *
ask_for(struct fixture_library *l, const char *method,
    const ProtobufCMessage *request, const ProtobufCMessageDescriptor *type)
{
    ask(l, method, request);
    assert_completed(&l->o, SLUICE_CODE_OK);
    return reply_at(l, 0, type);
}

const Library__Book *
get_book(struct fixture_library *l, const char *name)
{
    Library__GetBookRequest request = LIBRARY__GET_BOOK_REQUEST__INIT;

    request.name = text(name);
    return ask_for(l, "GetBook", &request.base, &library__book__descriptor);
}

void
assert_failed(const struct fixture_library *l, enum sluice_code code,
    const char *text)
{
    char begin[sizeof(l->o.text)];
    size_t len = strlen(text);

    assert_failed_with(&l->f, &l->o, (int32_t)code);
    assert_true(len < sizeof(begin));
    memcpy(begin, l->o.text, len);
    begin[len] = '\0';
    assert_string_equal(begin, text);
}
