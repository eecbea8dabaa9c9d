/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/scenarios/heap_counter.c - preloaded into the program by heap.py: counts
 * what is taken from the heap and given back, by who asked for it, and refuses
 * what it is told to. The return address tells who asked: it lies in the code of
 * the program or of a library.
 *
 * Counts and orders are in the file that HEAP_COUNTS names, mapped: the test
 * reads and writes them while the program runs. Under the address sanitizer as
 * a shared library the heap is the sanitizer's; it does not mind that we stand
 * in front of it (verify_asan_link_order=0).
 */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <link.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include <unwind.h>

#define EXPORTED __attribute__((visibility("default")))
#define CALLER __builtin_return_address(0)

/* As in heap.py. */
enum owner { PROGRAM, MICROHTTPD, NGHTTP2, UV, OTHERS, OWNERS };

#define TEXT_MAX 1024u

struct counts {
    uint64_t taken[OWNERS]; /* blocks */
    uint64_t given[OWNERS];

    /* Orders: of what the owners in this set (bits) ask for, the `failing`th
     * from now is refused; 0: nothing is. */
    uint64_t victims;
    uint64_t failing;
    uint64_t goes_on; /* what follows is refused as well */

    uint64_t asked; /* by the victims */
    uint64_t refused;
    char
        where[TEXT_MAX]; /* who was refused first: FILE+OFFSET of each caller */
};

/* The heap itself: libc's, unless a sanitizer has one. */
#define WEAK __attribute__((weak))
void *__libc_malloc(size_t size);
void *__libc_calloc(size_t count, size_t size);
void *__libc_realloc(void *p, size_t size);
void *__libc_memalign(size_t alignment, size_t size);
void __libc_free(void *p);
void *__interceptor_malloc(size_t size) WEAK;
void *__interceptor_calloc(size_t count, size_t size) WEAK;
void *__interceptor_realloc(void *p, size_t size) WEAK;
void *__interceptor_memalign(size_t alignment, size_t size) WEAK;
void __interceptor_free(void *p) WEAK;

static struct counts *counts; /* NULL: not yet */
static void *own_base;
static _Thread_local bool is_looking; /* at who calls, which may take memory */

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
    Dl_info self;
    void *p;

    if (fd < 0)
        abort();
    p = mmap(NULL, sizeof *counts, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    close(fd);
    if (p == MAP_FAILED)
        abort();
    dl_iterate_phdr(note_code, NULL);
    if (dladdr((void *)(uintptr_t)begin, &self) != 0)
        own_base = self.dli_fbase;
    counts = p;
}

static enum owner
find_owner(const void *caller)
{
    uintptr_t at = (uintptr_t)caller;
    unsigned owner = PROGRAM;

    while (owner < OTHERS && (at < code[owner].from || at >= code[owner].to))
        owner++;
    return owner;
}

static void
count(uint64_t *by_owner, const void *caller)
{
    __atomic_fetch_add(&by_owner[find_owner(caller)], 1, __ATOMIC_RELAXED);
}

static bool
is_next(void)
{
    uint64_t now = __atomic_load_n(&counts->failing, __ATOMIC_ACQUIRE);
    uint64_t next;

    do {
        if (now == 0)
            return false;
        next = now > 1 || counts->goes_on == 0 ? now - 1 : 1;
    } while (!__atomic_compare_exchange_n(&counts->failing, &now, next, false,
        __ATOMIC_ACQ_REL, __ATOMIC_ACQUIRE));
    return now == 1;
}

/* One of who has led to this, for addr2line. */
static _Unwind_Reason_Code
note_caller(struct _Unwind_Context *context, void *arg)
{
    uintptr_t at = _Unwind_GetIP(context);
    size_t *len = arg;
    const char *slash;
    Dl_info info;

    if (dladdr((void *)at, &info) == 0 || info.dli_fbase == own_base)
        return _URC_NO_REASON;
    slash = strrchr(info.dli_fname, '/');
    *len += (size_t)snprintf(counts->where + *len, TEXT_MAX - *len, "%s+%#lx ",
        slash == NULL ? info.dli_fname : slash + 1,
        (unsigned long)(at - (uintptr_t)info.dli_fbase));
    return *len < TEXT_MAX - 1 ? _URC_NO_REASON : _URC_END_OF_STACK;
}

static void
note_callers(void)
{
    size_t len = 0;

    is_looking = true;
    (void)_Unwind_Backtrace(note_caller, &len);
    is_looking = false;
}

/* Whether the caller is not to have what it asks for. */
__attribute__((noinline)) static bool
is_refused(const void *caller)
{
    if (counts == NULL || is_looking ||
        (counts->victims >> find_owner(caller) & 1) == 0)
        return false;
    __atomic_fetch_add(&counts->asked, 1, __ATOMIC_RELAXED);
    if (!is_next())
        return false;
    if (__atomic_fetch_add(&counts->refused, 1, __ATOMIC_RELAXED) == 0)
        note_callers();
    errno = ENOMEM;
    return true;
}

static void *
taken(void *p, const void *caller)
{
    if (p != NULL && counts != NULL)
        count(counts->taken, caller);
    return p;
}

static void
given(void *p, const void *caller)
{
    if (p != NULL && counts != NULL)
        count(counts->given, caller);
}

static void *
take_aligned(size_t alignment, size_t size)
{
    return __interceptor_memalign != NULL
        ? __interceptor_memalign(alignment, size)
        : __libc_memalign(alignment, size);
}

/* libuv resizes nothing but a loop's table of descriptors, and aborts when it
 * cannot: docs/design.md, section 9. */
static void *
resize(void *p, size_t size, const void *caller)
{
    void *q;

    if (size > 0 && find_owner(caller) != UV && is_refused(caller))
        return NULL;
    q = __interceptor_realloc != NULL ? __interceptor_realloc(p, size)
                                      : __libc_realloc(p, size);
    if (q != NULL || size == 0)
        given(p, caller);
    return taken(q, caller);
}

EXPORTED void *
malloc(size_t size)
{
    if (is_refused(CALLER))
        return NULL;
    return taken(__interceptor_malloc != NULL ? __interceptor_malloc(size)
                                              : __libc_malloc(size),
        CALLER);
}

EXPORTED void *
calloc(size_t n, size_t size)
{
    if (is_refused(CALLER))
        return NULL;
    return taken(__interceptor_calloc != NULL ? __interceptor_calloc(n, size)
                                              : __libc_calloc(n, size),
        CALLER);
}

EXPORTED void *
realloc(void *p, size_t size)
{
    return resize(p, size, CALLER);
}

EXPORTED void *
reallocarray(void *p, size_t n, size_t size)
{
    if (__builtin_mul_overflow(n, size, &size)) {
        errno = ENOMEM;
        return NULL;
    }
    return resize(p, size, CALLER);
}

EXPORTED void *
aligned_alloc(size_t alignment, size_t size)
{
    if (is_refused(CALLER))
        return NULL;
    return taken(take_aligned(alignment, size), CALLER);
}

EXPORTED int
posix_memalign(void **p, size_t alignment, size_t size)
{
    void *q = is_refused(CALLER) ? NULL : take_aligned(alignment, size);

    if (q == NULL)
        return ENOMEM;
    *p = taken(q, CALLER);
    return 0;
}

EXPORTED void
free(void *p)
{
    given(p, CALLER);
    if (__interceptor_free != NULL)
        __interceptor_free(p);
    else
        __libc_free(p);
}
