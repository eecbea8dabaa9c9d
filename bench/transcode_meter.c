/* SPDX-License-Identifier: Apache-2.0 */
/*
 * transcode_meter SET [ROUNDS [DOCUMENTS [WAYS [TIMES]]]]: what transcoding costs
 * beside jansson, for each document of documents.c whose name is in DOCUMENTS
 * (default: all). One line of NAME=VALUE for each round: MB of JSON text per
 * second of this thread's CPU, each way after the other.
 *
 *   pieces  JSON to wire, fed as libmicrohttpd hands a body on
 *   blocks  the same in blocks of 64 KiB
 *   whole   the same, all at once
 *   parse   jansson: text to tree
 *   write   wire to JSON
 *   dump    jansson: tree to compact text
 *
 * WAYS, a list of these, and TIMES, how often each is done in a round, are for
 * profiles and for valgrind. Before anything is measured, what
 * each way makes is looked at.
 */
#include "bench/documents.h"
#include "protobuf/json.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

/* What it reads at once into a pool of 8 KiB. */
#define PIECE_BYTES 3949u
#define BLOCK_BYTES 65536u
#define OUT_MAX (64u << 20)
#define ROUND_S 0.05

struct bench {
    struct document document;
    const struct pb_message *message;
    struct pb_json_reader *reader;
    struct pb_json_writer *writer;
    struct pb_buf wire;
    struct pb_buf out;
    json_t *tree;
    unsigned times; /* 0: as often as ROUND_S takes */
};

static const struct pb_json_options plain;

static _Noreturn void
die(const char *what, const char *why)
{
    (void)fprintf(stderr, "transcode_meter: %s: %s\n", what, why);
    exit(1);
}

/* ---- Ways ----------------------------------------------------------------- */

static void
read_in_pieces(struct bench *b, size_t piece)
{
    const struct document *d = &b->document;
    enum pb_json_state state = PB_JSON_MORE;
    struct pb_error error;

    b->out.len = 0;
    pb_json_reader_start(b->reader, b->message, &plain, &b->out);
    for (size_t at = 0; at < d->len && state == PB_JSON_MORE; at += piece)
        state = pb_json_reader_feed(b->reader, d->text + at,
            d->len - at < piece ? d->len - at : piece, NULL, &error);
    if (state != PB_JSON_DONE)
        die(d->name, "is not read");
}

static void
do_pieces(struct bench *b)
{
    read_in_pieces(b, PIECE_BYTES);
}

static void
do_blocks(struct bench *b)
{
    read_in_pieces(b, BLOCK_BYTES);
}

static void
do_whole(struct bench *b)
{
    read_in_pieces(b, b->document.len);
}

static void
do_parse(struct bench *b)
{
    json_t *tree = json_loadb(b->document.text, b->document.len, 0, NULL);

    if (tree == NULL)
        die(b->document.name, "is not read by jansson");
    json_decref(tree);
}

static void
do_write(struct bench *b)
{
    struct pb_error error;

    b->out.len = 0;
    if (pb_wire_to_json(b->writer, b->message, &plain, b->wire.data,
            b->wire.len, &b->out, &error) != PB_OK)
        die(b->document.name, error.message);
}

static void
do_dump(struct bench *b)
{
    char *text = json_dumps(b->tree, JSON_COMPACT);

    if (text == NULL)
        die(b->document.name, "is not written by jansson");
    free(text);
}

static const struct {
    const char *name;
    void (*run)(struct bench *b);
} ways[] = {
    { "pieces", do_pieces },
    { "blocks", do_blocks },
    { "whole", do_whole },
    { "parse", do_parse },
    { "write", do_write },
    { "dump", do_dump },
};

#define WAYS (sizeof ways / sizeof ways[0])

/* ---- Measuring ------------------------------------------------------------ */

static double
cpu_s(void)
{
    struct timespec t;

    (void)clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* MB of text per second, over about ROUND_S. */
static double
measure(struct bench *b, void (*run)(struct bench *b))
{
    unsigned n = 0;
    unsigned batch =
        b->times > 0 ? b->times : 1 + 200000 / (unsigned)b->document.len;
    double begin, spent;

    run(b); /* caches, pages */
    begin = cpu_s();
    do {
        for (unsigned i = 0; i < batch; i++)
            run(b);
        n += batch;
        spent = cpu_s() - begin;
    } while (b->times == 0 && spent < ROUND_S);
    return (double)b->document.len * n / spent / 1e6;
}

/* All ways of reading make the same wire, and what is written from it reads
 * back as that. */
static void
check(struct bench *b)
{
    struct document original = b->document;

    do_whole(b);
    if (pb_buf_put(&b->wire, b->out.data, b->out.len) != PB_OK)
        die(b->document.name, "memory is short");
    for (unsigned i = 0; i < 2; i++) {
        ways[i].run(b);
        if (b->out.len != b->wire.len ||
            memcmp(b->out.data, b->wire.data, b->wire.len) != 0)
            die(ways[i].name, "makes another wire");
    }
    do_write(b);
    b->document.len = b->out.len;
    b->document.text = malloc(b->out.len);
    if (b->document.text == NULL)
        die(b->document.name, "memory is short");
    memcpy(b->document.text, b->out.data, b->out.len);
    do_whole(b);
    if (b->out.len != b->wire.len ||
        memcmp(b->out.data, b->wire.data, b->wire.len) != 0)
        die(b->document.name, "reads back as something else");
    free(b->document.text);
    b->document = original;
}

static void
measure_document(struct bench *b, unsigned rounds, const char *which)
{
    b->wire.len = 0;
    check(b);
    b->tree = json_loadb(b->document.text, b->document.len, 0, NULL);
    if (b->tree == NULL)
        die(b->document.name, "is not read by jansson");
    for (unsigned round = 0; round < rounds; round++) {
        printf("document=%s bytes=%zu wire=%zu", b->document.name,
            b->document.len, b->wire.len);
        for (size_t i = 0; i < WAYS; i++)
            if (which == NULL || strstr(which, ways[i].name) != NULL)
                printf(" %s=%.2f", ways[i].name, measure(b, ways[i].run));
        printf(" what=%s\n", b->document.what);
        (void)fflush(stdout);
    }
    json_decref(b->tree);
}

/* ---- Setting up ----------------------------------------------------------- */

static struct pb_schema *
load_schema(const char *path)
{
    struct pb_schema_builder *builder = pb_schema_builder_new();
    struct pb_schema *schema = NULL;
    static uint8_t set[65536];
    struct pb_error error;
    FILE *f = fopen(path, "rb");
    size_t n = f == NULL ? 0 : fread(set, 1, sizeof set, f);

    if (n == 0 || builder == NULL)
        die(path, "cannot be read");
    (void)fclose(f);
    if (pb_schema_builder_add_set(builder, set, n, &error) != PB_OK ||
        pb_schema_builder_build(builder, &schema, &error) != PB_OK)
        die(path, error.message);
    pb_schema_builder_free(&builder);
    return schema;
}

int
main(int argc, char **argv)
{
    unsigned rounds = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 1;
    struct pb_schema *schema;
    struct bench b = { .reader = pb_json_reader_new(),
        .writer = pb_json_writer_new(),
        .times = argc > 5 ? (unsigned)strtoul(argv[5], NULL, 10) : 0 };

    if (argc < 2 || argc > 6)
        die("usage", "transcode_meter SET [ROUNDS [DOCUMENTS [WAYS [TIMES]]]]");
    if (b.reader == NULL || b.writer == NULL)
        die("start", "memory is short");
    schema = load_schema(argv[1]);
    pb_buf_init_heap(&b.wire, OUT_MAX);
    pb_buf_init_heap(&b.out, OUT_MAX);
    for (unsigned i = 0; i < DOCUMENTS; i++) {
        if (argc > 3 && strchr(argv[3], 'a' + (int)i) == NULL)
            continue;
        b.document = document_make(i);
        b.message =
            pb_schema_message(schema, b.document.type, strlen(b.document.type));
        if (b.message == NULL)
            die(b.document.type, "is not in the schema");
        measure_document(&b, rounds, argc > 4 ? argv[4] : NULL);
        free(b.document.text);
    }
    pb_buf_fini_heap(&b.wire);
    pb_buf_fini_heap(&b.out);
    pb_json_reader_free(&b.reader);
    pb_json_writer_free(&b.writer);
    pb_schema_free(&schema);
    return 0;
}
