/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as each of gRPC's small texts; the first byte says which: timeouts,
 * percent-coded messages, base64, metadata, targets, lists of codings. Whatever
 * is read is within its bounds, and what is written is read back the same.
 */
#include <assert.h>
#include <stdlib.h>

#include <sluice/grpc.h>

#include "rpc/link/grpc_coding.h"
#include "rpc/link/grpc_metadata.h"
#include "rpc/link/grpc_server_answer.h"
#include "rpc/link/grpc_target.h"
#include "tests/fuzz/input.h"

/* Of exactly that many bytes, so that the sanitizer sees the end. */
static char *
room(size_t size)
{
    char *p = malloc(size > 0 ? size : 1);

    assert(p != NULL);
    return p;
}

/* ------------------------------------------------------------- timeouts */

static void
check_format(int64_t ns)
{
    char text[10];
    int64_t again;
    size_t len = sluice_grpc_timeout_format(ns, text);
    enum sluice_err err;

    assert(len >= 2 && len <= 9);
    err = sluice_grpc_timeout_parse(sluice_str_n(text, len), &again);
    assert(err == SLUICE_OK);
    /* Rounded up, in the eight digits that there are */
    assert(again >= ns && again - ns <= ns / 99999);
}

static void
timeouts(struct fuzz_input *in)
{
    int64_t ns = 0, number = 0;

    if (in->left >= sizeof(number))
        memcpy(&number, in->at, sizeof(number));
    if (number > 0 && number < INT64_MAX)
        check_format(number);
    if (sluice_grpc_timeout_parse(fuzz_rest(in), &ns) != SLUICE_OK)
        return;
    assert(ns >= 0 && ns < INT64_MAX);
    if (ns > 0)
        check_format(ns);
}

/* ------------------------------------------------------------- messages */

static struct sluice_str
value_of(const struct rpc_grpc_fields *f, const char *name)
{
    struct sluice_str found;
    size_t i;

    for (i = 0; i < f->count; i++) {
        found = sluice_str_n((char *)f->nv[i].name, f->nv[i].namelen);
        if (sluice_str_equal(found, sluice_str(name)))
            return sluice_str_n((char *)f->nv[i].value, f->nv[i].valuelen);
    }
    return sluice_str(NULL);
}

/* What a server says of a call comes to the client as it was, but for its
 * length. */
static void
check_status(struct sluice_str message, size_t max_size)
{
    struct rpc_grpc_answer answer = { .message_len = 0 };
    nghttp2_nv nv[RPC_GRPC_FIELDS];
    struct rpc_grpc_fields f = { .nv = nv };
    struct sluice_str sent;
    size_t i, n;
    char *text;

    rpc_grpc_answer_set_status(&answer, NULL, 5, message);
    rpc_grpc_answer_trailers(&answer, NULL, max_size, &f);
    assert(sluice_str_equal(value_of(&f, "grpc-status"), sluice_str("5")));
    sent = value_of(&f, "grpc-message");
    for (i = 0; i < sent.len; i++)
        assert(sent.ptr[i] >= 0x20 && sent.ptr[i] <= 0x7e);
    text = room(sent.len);
    n = sluice_grpc_message_decode(sent.ptr, sent.len, text);
    assert(n <= message.len && (n == 0 || memcmp(text, message.ptr, n) == 0));
    if (max_size > message.len * 3 + 200 && message.len < 1000)
        assert(n == message.len);
    free(text);
    rpc_grpc_answer_fini(&answer, NULL);
}

static void
messages(struct fuzz_input *in)
{
    size_t max_size = fuzz_byte(in) * 100u;
    struct sluice_str message = fuzz_rest(in);
    char *text = room(message.len);

    assert(sluice_grpc_message_decode(message.ptr, message.len, text) <=
        message.len);
    free(text);
    check_status(message, max_size);
}

/* --------------------------------------------------------------- base64 */

static void
base64(struct fuzz_input *in)
{
    struct sluice_str bytes = fuzz_rest(in);
    char *text = room((bytes.len + 2) / 3 * 4);
    char *again = room(bytes.len / 4 * 3 + 3), *back;
    size_t n = sluice_base64_encode(bytes.ptr, bytes.len, text);

    assert(n == (bytes.len * 4 + 2) / 3);
    back = room(n / 4 * 3 + 3);
    assert(sluice_base64_decode(text, n, back) == bytes.len);
    assert(bytes.len == 0 || memcmp(back, bytes.ptr, bytes.len) == 0);
    n = sluice_base64_decode(bytes.ptr, bytes.len, again);
    assert(n == SIZE_MAX || n <= bytes.len / 4 * 3 + 2);
    free(text);
    free(back);
    free(again);
}

/* ------------------------------------------------------------- metadata */

static void
check_received(const struct sluice_metadata *md)
{
    struct sluice_metadatum m;
    size_t i;

    for (i = 0; i < sluice_metadata_count(md); i++) {
        m = sluice_metadata_at(md, i);
        assert(sluice_metadata_name_is_valid(m.name));
        assert(sluice_metadata_value_is_valid(m.name, m.value));
        assert(!rpc_grpc_name_is_reserved(m.name));
    }
}

static bool
is_same(const struct sluice_metadata *a, const struct sluice_metadata *b)
{
    struct sluice_metadatum m, n;
    size_t i;

    if (sluice_metadata_count(a) != sluice_metadata_count(b))
        return false;
    for (i = 0; i < sluice_metadata_count(a); i++) {
        m = sluice_metadata_at(a, i);
        n = sluice_metadata_at(b, i);
        if (!sluice_str_equal(m.name, n.name) ||
            !sluice_str_equal(m.value, n.value))
            return false;
    }
    return true;
}

/* What has been received may travel on, and arrives the same. */
static void
check_sent(const struct sluice_metadata *md)
{
    struct sluice_metadata *back = sluice_metadata_new(NULL);
    nghttp2_nv nv[RPC_GRPC_FIELDS];
    struct rpc_grpc_fields f = { .nv = nv };
    struct rpc_grpc_text binary = { .ptr = NULL };
    enum sluice_err err;
    size_t i;

    assert(back != NULL);
    err = rpc_grpc_fields_add_metadata(&f, md, NULL, &binary);
    assert(err == SLUICE_OK || sluice_metadata_count(md) > RPC_GRPC_FIELDS);
    for (i = 0; err == SLUICE_OK && i < f.count; i++)
        err = rpc_grpc_metadata_receive(back, NULL,
            sluice_str_n((char *)f.nv[i].name, f.nv[i].namelen),
            sluice_str_n((char *)f.nv[i].value, f.nv[i].valuelen));
    assert(err == SLUICE_ELIMIT || (err == SLUICE_OK && is_same(md, back)));
    rpc_grpc_text_drop(&binary, NULL);
    sluice_metadata_unref(&back);
}

static void
metadata(struct fuzz_input *in)
{
    static const char *const names[] = { "x", "x-bin", "grpc-x", "te",
        "content-type", "grpc-trace-bin", ":path", "host" };
    struct sluice_metadata *md = sluice_metadata_new(NULL);
    struct sluice_str name, value;
    unsigned n;

    assert(md != NULL);
    while (!fuzz_has_ended(in)) {
        n = fuzz_byte(in);
        name = n < 8 ? sluice_str(names[n]) : fuzz_text(in);
        value = fuzz_text(in);
        (void)!rpc_grpc_metadata_receive(md, NULL, name, value);
    }
    check_received(md);
    check_sent(md);
    sluice_metadata_unref(&md);
}

/* -------------------------------------------------------------- targets */

static void
targets(struct fuzz_input *in)
{
    struct rpc_grpc_target t;
    struct sluice_str text = fuzz_rest(in);
    const char *why = NULL;
    enum sluice_err err = rpc_grpc_target_parse(&t, text, &why);

    assert(sluice_grpc_target_check(text, &why) == err);
    if (err != SLUICE_OK) {
        assert(err == SLUICE_EINVAL && why != NULL && why[0] != '\0');
        return;
    }
    assert(memchr(t.authority, '\0', sizeof(t.authority)) != NULL);
    switch (t.kind) {
    case RPC_GRPC_TARGET_DNS:
        assert(t.host[0] != '\0' &&
            strnlen(t.host, sizeof(t.host)) < sizeof(t.host));
        assert(t.port[0] != '\0' &&
            strnlen(t.port, sizeof(t.port)) < sizeof(t.port));
        break;
    case RPC_GRPC_TARGET_ADDRESS:
        assert(t.addresses > 0 && t.addresses <= RPC_GRPC_TARGET_ADDRESSES);
        break;
    case RPC_GRPC_TARGET_UNIX:
        assert(t.path[0] != '\0' &&
            strnlen(t.path, sizeof(t.path)) < sizeof(t.path));
        break;
    }
}

/* -------------------------------------------------------------- codings */

static void
codings(struct fuzz_input *in)
{
    struct sluice_str text = fuzz_rest(in);
    unsigned set = rpc_grpc_codings_parse(text);
    enum sluice_grpc_coding coding;

    assert((set & RPC_GRPC_CODING_BIT(SLUICE_GRPC_IDENTITY)) != 0);
    assert(set < RPC_GRPC_CODING_BIT(SLUICE_GRPC_DEFLATE) * 2);
    if (rpc_grpc_coding_parse(text, &coding) == SLUICE_OK)
        assert(coding <= SLUICE_GRPC_DEFLATE);
    (void)rpc_grpc_is_grpc_type(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static void (*const kinds[])(struct fuzz_input * in) = { timeouts, messages,
        base64, metadata, targets, codings };
    struct fuzz_input in = { data, size };

    if (size > 0)
        kinds[fuzz_below(&in, 6)](&in);
    return 0;
}
