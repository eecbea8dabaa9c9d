/* SPDX-License-Identifier: Apache-2.0 */
/*
 * bench/heap.c - counts this process's heap allocations, nghttp2's apart from
 * all others: malloc and its like are replaced, as glibc provides for, and the
 * return address tells who called. nghttp2 must be the shared library.
 */
#include <link.h>
#include <stdlib.h>
#include <string.h>

#include "bench/meter.h"

/* Libraries are to find these before libc's. */
#define EXPORTED __attribute__((visibility("default")))

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *p, size_t size);

static struct {
    uintptr_t from; /* where nghttp2's code lies */
    uintptr_t to;
    uint64_t others;
    uint64_t nghttp2;
} heap;

static int
look_for_nghttp2(struct dl_phdr_info *info, size_t size, void *arg)
{
    size_t i;

    (void)size;
    (void)arg;
    if (strstr(info->dlpi_name, "libnghttp2.so") == NULL)
        return 0;
    for (i = 0; i < info->dlpi_phnum; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];

        if (segment->p_type == PT_LOAD && (segment->p_flags & PF_X) != 0) {
            heap.from = info->dlpi_addr + segment->p_vaddr;
            heap.to = heap.from + segment->p_memsz;
        }
    }
    return 1;
}

__attribute__((constructor)) static void
find_nghttp2(void)
{
    dl_iterate_phdr(look_for_nghttp2, NULL);
}

static void
count(const void *caller)
{
    uintptr_t at = (uintptr_t)caller;

    if (at >= heap.from && at < heap.to)
        heap.nghttp2++;
    else
        heap.others++;
}

EXPORTED void *
malloc(size_t size)
{
    count(__builtin_return_address(0));
    return __libc_malloc(size);
}

EXPORTED void *
calloc(size_t n, size_t size)
{
    count(__builtin_return_address(0));
    return __libc_calloc(n, size);
}

EXPORTED void *
realloc(void *p, size_t size)
{
    count(__builtin_return_address(0));
    return __libc_realloc(p, size);
}

uint64_t
heap_allocations(void)
{
    return heap.others;
}

uint64_t
heap_nghttp2_allocations(void)
{
    return heap.nghttp2;
}
