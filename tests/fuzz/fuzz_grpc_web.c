/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as a body of gRPC-Web: as they are, or as text that claims to be
 * base64. What is good in binary is as good in base64, wherever that is padded.
 */
#include "tests/fuzz/rpc_body.h"

#include <assert.h>
#include <stdlib.h>

#include <sluice/grpc.h>

#define BODY_MAX ((size_t)1 << 18)

static struct rpc_body_head
head_of(uint8_t how)
{
    static const char *const types[] = { "application/grpc-web+proto",
        "application/grpc-web+json", "application/grpc-web-text",
        "application/grpc-web-text+json" };
    static const char *const methods[] = { "GetBook", "ReadBook", "AddBooks",
        "Discuss" };

    return (struct rpc_body_head){
        .front = &gw_front_grpc_web,
        .content_type = types[how & 3],
        .method = methods[how >> 2 & 3],
        .coding = (enum sluice_grpc_coding)((how >> 4 & 3) % 3),
    };
}

/* In chunks, each padded by itself. */
static size_t
to_text(const uint8_t *data, size_t len, unsigned step, char *text)
{
    size_t n = 0;

    for (size_t at = 0; at < len; at += step) {
        size_t piece = len - at < step ? len - at : step;

        n += sluice_base64_encode(data + at, piece, text + n);
        while (n % 4 != 0)
            text[n++] = '=';
    }
    return n;
}

static void
check_text(const struct rpc_body_head *binary, struct played_end expected,
    const uint8_t *data, size_t len, unsigned step, struct fuzz_input cuts)
{
    struct rpc_body_head head = *binary;
    char *text = malloc(len * 4 + 4);
    size_t n;

    assert(text != NULL);
    head.content_type = strchr(head.content_type, 'j') != NULL
        ? "application/grpc-web-text+json"
        : "application/grpc-web-text+proto";
    n = to_text(data, len, step, text);
    assert(played_end_is_same(expected,
        rpc_body_check(&head, (const uint8_t *)text, n, cuts)));
    free(text);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct fuzz_input in = { data, size };
    uint8_t how = fuzz_byte(&in);
    unsigned step = fuzz_byte(&in) + 1u;
    struct sluice_str cuts = fuzz_text(&in);
    struct fuzz_input pieces = { (const uint8_t *)cuts.ptr, cuts.len };
    struct rpc_body_head head = head_of(how);
    struct played_end end;

    if (in.left > BODY_MAX)
        return 0;
    end = rpc_body_check(&head, in.at, in.left, pieces);
    if ((how & 2) == 0)
        check_text(&head, end, in.at, in.left, step, pieces);
    return 0;
}
