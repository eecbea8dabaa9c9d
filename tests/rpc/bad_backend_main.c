/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/bad_backend_main.c - the bad backend as a program: bad-backend
 * SCRIPT, where SCRIPT is the script itself or @FILE. Prints its port, then
 * serves until its input ends.
 */
#include "tests/rpc/bad_backend.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char *
read_file(const char *name)
{
    static char text[65536];
    FILE *f = fopen(name, "r");
    size_t n;

    if (f == NULL) {
        perror(name);
        exit(1);
    }
    n = fread(text, 1, sizeof(text) - 1, f);
    text[n] = '\0';
    (void)fclose(f);
    return text;
}

int
main(int argc, char **argv)
{
    struct bad_backend *b;
    char c;

    if (argc != 2) {
        (void)fputs("usage: bad-backend SCRIPT | @FILE\n", stderr);
        return 2;
    }
    b = bad_backend_start(argv[1][0] == '@' ? read_file(argv[1] + 1) : argv[1]);
    (void)printf("%u\n", bad_backend_port(b));
    (void)fflush(stdout);
    while (read(STDIN_FILENO, &c, 1) > 0)
        continue;
    bad_backend_stop(&b);
    return 0;
}
