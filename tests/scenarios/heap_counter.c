/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/scenarios/heap_counter.c - preloaded into the program by heap.py:
 * counts what is taken from the heap and given back, by who asked for it. The
 * return address tells: it lies in the code of the program or of a library.
 *
 * The counts are in the file that HEAP_COUNTS names, mapped, so that the test
 * reads them while the program runs.
 */
#include <fcntl.h>
#include <link.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))
#define CALLER __builtin_return_address(0)

/* As in heap.py. */
enum owner { PROGRAM, MICROHTTPD, NGHTTP2, UV, OTHERS, OWNERS };

struct counts {
    uint64_t taken[OWNERS];
    uint64_t given[OWNERS];
};

void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *p, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *p);

static struct counts *counts; /* NULL: not yet */

static struct {
    uintptr_t from;
    uintptr_t to;
} code[OWNERS];

static enum owner
owner_of(const char *path)
{
    if (path[0] == '\0')
        return PROGRAM;
    if (strstr(path, "libmicrohttpd.so") != NULL)
        return MICROHTTPD;
    if (strstr(path, "libnghttp2.so") != NULL)
        return NGHTTP2;
    return strstr(path, "libuv.so") != NULL ? UV : OTHERS;
}

static int
note_code(struct dl_phdr_info *info, size_t size, void *arg)
{
    enum owner owner = owner_of(info->dlpi_name);
    size_t i;

    (void)size;
    (void)arg;
    for (i = 0; i < info->dlpi_phnum && owner != OTHERS; i++) {
        const ElfW(Phdr) *segment = &info->dlpi_phdr[i];

        if (segment->p_type == PT_LOAD && (segment->p_flags & PF_X) != 0) {
            code[owner].from = info->dlpi_addr + segment->p_vaddr;
            code[owner].to = code[owner].from + segment->p_memsz;
        }
    }
    return 0;
}

__attribute__((constructor)) static void
begin(void)
{
    const char *path = getenv("HEAP_COUNTS");
    int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
    void *p;

    if (fd < 0)
        abort();
    p = mmap(NULL, sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (p == MAP_FAILED)
        abort();
    dl_iterate_phdr(note_code, NULL);
    counts = p;
}

static void
count(uint64_t *by_owner, const void *caller)
{
    uintptr_t at = (uintptr_t)caller;
    unsigned owner = PROGRAM;

    while (owner < OTHERS && (at < code[owner].from || at >= code[owner].to))
        owner++;
    __atomic_fetch_add(&by_owner[owner], 1, __ATOMIC_RELAXED);
}

static void
count_taken(const void *caller)
{
    if (counts != NULL)
        count(counts->taken, caller);
}

EXPORTED void *
malloc(size_t size)
{
    count_taken(CALLER);
    return __libc_malloc(size);
}

EXPORTED void *
calloc(size_t n, size_t size)
{
    count_taken(CALLER);
    return __libc_calloc(n, size);
}

EXPORTED void *
realloc(void *p, size_t size)
{
    count_taken(CALLER);
    return __libc_realloc(p, size);
}

EXPORTED void *
aligned_alloc(size_t alignment, size_t size)
{
    count_taken(CALLER);
    return __libc_memalign(alignment, size);
}

EXPORTED void
free(void *p)
{
    if (p != NULL && counts != NULL)
        count(counts->given, CALLER);
    __libc_free(p);
}
