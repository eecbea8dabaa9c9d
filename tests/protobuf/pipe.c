/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/protobuf/pipe.c - questions and answers of a tool.
 */
#include "tests/protobuf/pipe.h"

#include "protobuf/buf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define MAX_SET (64 << 20)

_Noreturn void
pipe_die(const char *what, const char *why)
{
    (void)fprintf(stderr, "%s: %s: %s\n", program_invocation_short_name, what,
        why);
    exit(2);
}

/* ---- Schema -------------------------------------------------------------- */

static void
read_file(const char *path, struct pb_buf *b)
{
    FILE *f = fopen(path, "rb");
    uint8_t part[4096];
    size_t n;

    if (f == NULL)
        pipe_die(path, "cannot be opened");
    b->len = 0;
    while ((n = fread(part, 1, sizeof part, f)) > 0)
        if (pb_buf_put(b, part, n) != PB_OK)
            pipe_die(path, "too large");
    (void)fclose(f);
}

struct pb_schema *
pipe_schema(char **paths, int n)
{
    struct pb_schema_builder *builder = pb_schema_builder_new();
    struct pb_schema *schema = NULL;
    struct pb_error error;
    struct pb_buf set;

    if (builder == NULL)
        pipe_die("schema", "out of memory");
    pb_buf_init_heap(&set, MAX_SET);
    for (int i = 0; i < n; i++) {
        read_file(paths[i], &set);
        if (pb_schema_builder_add_set(builder, set.data, set.len, &error) !=
            PB_OK)
            pipe_die(paths[i], error.message);
    }
    if (pb_schema_builder_build(builder, &schema, &error) != PB_OK)
        pipe_die("schema", error.message);
    pb_schema_builder_free(&builder);
    pb_buf_fini_heap(&set);
    return schema;
}

/* ---- Questions and answers ----------------------------------------------- */

uint8_t *
pipe_read(size_t *len)
{
    uint8_t head[4], *bytes;
    size_t n;

    if (fread(head, 1, sizeof head, stdin) != sizeof head)
        return NULL;
    n = (size_t)head[0] | (size_t)head[1] << 8 | (size_t)head[2] << 16 |
        (size_t)head[3] << 24;
    bytes = malloc(n > 0 ? n : 1);
    if (bytes == NULL)
        pipe_die("standard input", "out of memory");
    if (fread(bytes, 1, n, stdin) != n)
        pipe_die("standard input", "ends within a question");
    *len = n;
    return bytes;
}

static void
put(const void *p, size_t n)
{
    if (n > 0 && fwrite(p, 1, n, stdout) != n)
        pipe_die("standard output", "cannot be written");
}

static void
put_len(size_t n)
{
    const uint8_t bytes[4] = { (uint8_t)n, (uint8_t)(n >> 8),
        (uint8_t)(n >> 16), (uint8_t)(n >> 24) };

    put(bytes, sizeof bytes);
}

void
pipe_answer(const void *p, size_t n)
{
    put_len(n);
    put(p, n);
    (void)fflush(stdout);
}

void
pipe_refuse(const char *why)
{
    put_len(UINT32_MAX);
    pipe_answer(why, strlen(why));
}
