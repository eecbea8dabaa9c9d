/* SPDX-License-Identifier: Apache-2.0 */
/*
 * examples/library/name.h - resource names: shelves/{shelf} and
 * shelves/{shelf}/books/{book}. The parts are 1 to 63 letters, digits and
 * . _ ~ - ; a lone "-" is no name but stands for every shelf.
 */
#ifndef LIBRARY_NAME_H
#define LIBRARY_NAME_H

#include <stdbool.h>
#include <stddef.h>

/* Longest name, without its NUL. */
#define LIBRARY_ID_MAX 63u
#define LIBRARY_NAME_MAX (sizeof("shelves//books/") - 1 + 2 * LIBRARY_ID_MAX)

bool library_id_is_valid(const char *id);
bool library_name_is_shelf(const char *name);
bool library_name_is_book(const char *name);

/* How much of a valid name of either kind names the shelf. */
size_t library_name_shelf_len(const char *name);

/* The last part of a valid name. */
const char *library_name_id(const char *name);

/* Both write at most LIBRARY_NAME_MAX + 1 bytes; the parts are valid. */
void library_name_of_shelf(char *to, const char *id);
void library_name_of_book(char *to, const char *shelf_name, const char *id);

#endif
