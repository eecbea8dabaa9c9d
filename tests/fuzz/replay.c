/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/fuzz/replay.c - runs a fuzz target over inputs that are there already,
 * with any compiler: by default its part of tests/fuzz/corpus, else the files
 * and folders named. `make check` does, so that a corpus is a test.
 */
#include "tests/fuzz/input.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

#define MOST_BYTES ((size_t)1 << 20)

static unsigned
replay_file(const char *path)
{
    uint8_t *data = malloc(MOST_BYTES);
    FILE *f = fopen(path, "rb");
    size_t size;

    if (data == NULL || f == NULL) {
        perror(path);
        exit(1);
    }
    size = fread(data, 1, MOST_BYTES, f);
    (void)fclose(f);
    /* So that the sanitizer sees the end of the input. */
    data = realloc(data, size > 0 ? size : 1);
    (void)fprintf(stderr, "%s\n", path); /* known, should it not come back */
    (void)LLVMFuzzerTestOneInput(data, size);
    free(data);
    return 1;
}

static int
is_visible(const struct dirent *entry)
{
    return entry->d_name[0] != '.';
}

static unsigned
replay_folder(const char *path)
{
    struct dirent **entries;
    int n = scandir(path, &entries, is_visible, alphasort), i;
    char file[4096];

    if (n < 0) {
        perror(path);
        exit(1);
    }
    for (i = 0; i < n; i++) {
        (void)snprintf(file, sizeof(file), "%s/%s", path, entries[i]->d_name);
        (void)replay_file(file);
        free(entries[i]);
    }
    free(entries);
    return (unsigned)n;
}

static unsigned
replay(const char *path)
{
    struct stat st;

    if (stat(path, &st) != 0) {
        perror(path);
        exit(1);
    }
    return S_ISDIR(st.st_mode) ? replay_folder(path) : replay_file(path);
}

static unsigned
replay_corpus(const char *program)
{
    const char *top = getenv("top_srcdir"), *name = strrchr(program, '/');
    char folder[4096];

    (void)snprintf(folder, sizeof(folder), "%s/tests/fuzz/corpus/%s",
        top != NULL ? top : ".", name != NULL ? name + 1 : program);
    return replay(folder);
}

int
main(int argc, char **argv)
{
    unsigned done = 0;
    int i;

    (void)LLVMFuzzerTestOneInput((const uint8_t *)"", 0);
    if (argc == 1)
        done = replay_corpus(argv[0]);
    for (i = 1; i < argc; i++)
        done += replay(argv[i]);
    (void)printf("%u passed, 0 failed\n", done);
    return 0;
}
