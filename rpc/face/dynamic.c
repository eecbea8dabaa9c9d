/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/face/dynamic.c - a stub that knows the methods of its group: for each a
 * multi-callable, made beforehand, found by name in a sorted array.
 */
#include <stdlib.h>

#include "rpc/check.h"
#include "rpc/face/stub.h"

#define DYNAMIC_MAGIC 0x64796e61u

struct sluice_dynamic_stub {
    unsigned magic;
    size_t count;
    struct sluice_multi_callable *callables[]; /* by method */
};

static int
compare_names(struct sluice_str a, struct sluice_str b)
{
    size_t len = a.len < b.len ? a.len : b.len;
    int order = len > 0 ? memcmp(a.ptr, b.ptr, len) : 0;

    return order != 0 ? order : (a.len > b.len) - (a.len < b.len);
}

static int
compare_callables(const void *a, const void *b)
{
    struct sluice_multi_callable *const *left = a, *const *right = b;

    return compare_names((*left)->method, (*right)->method);
}

static int
compare_with_name(const void *name, const void *element)
{
    struct sluice_multi_callable *const *callable = element;

    return compare_names(*(const struct sluice_str *)name, (*callable)->method);
}

static enum sluice_err
add_all(struct sluice_dynamic_stub *dynamic, struct sluice_stub *stub,
    struct sluice_str group, const struct sluice_dynamic_method *methods,
    size_t n_methods)
{
    struct sluice_multi_callable *callable;
    size_t i;

    for (i = 0; i < n_methods; i++) {
        if ((unsigned)methods[i].cardinality > SLUICE_STREAM_STREAM)
            return SLUICE_EINVAL;
        callable = sluice_stub_multi_callable(stub, methods[i].cardinality,
            group, methods[i].name);
        if (callable == NULL)
            return SLUICE_ENOMEM;
        dynamic->callables[dynamic->count++] = callable;
    }
    return SLUICE_OK;
}

static bool
has_twins(const struct sluice_dynamic_stub *dynamic)
{
    size_t i;

    for (i = 1; i < dynamic->count; i++)
        if (compare_callables(&dynamic->callables[i - 1],
                &dynamic->callables[i]) == 0)
            return true;
    return false;
}

enum sluice_err
sluice_dynamic_stub_new(struct sluice_end *end, struct sluice_str group,
    const struct sluice_dynamic_method *methods, size_t n_methods,
    struct sluice_dynamic_stub **stub)
{
    struct sluice_stub generic = { .end = end };
    struct sluice_dynamic_stub *dynamic;
    enum sluice_err err;
    size_t size;

    *stub = NULL;
    if (__builtin_mul_overflow(n_methods, sizeof(dynamic->callables[0]),
            &size) ||
        __builtin_add_overflow(size, sizeof(*dynamic), &size))
        return SLUICE_ENOMEM;
    dynamic = malloc(size);
    if (dynamic == NULL)
        return SLUICE_ENOMEM;

    dynamic->magic = DYNAMIC_MAGIC;
    dynamic->count = 0;
    err = add_all(dynamic, &generic, group, methods, n_methods);
    if (err == SLUICE_OK) {
        qsort(dynamic->callables, dynamic->count, sizeof(dynamic->callables[0]),
            compare_callables);
        if (has_twins(dynamic))
            err = SLUICE_EINVAL;
    }
    if (err == SLUICE_OK)
        *stub = dynamic;
    else
        sluice_dynamic_stub_free(&dynamic);
    return err;
}

void
sluice_dynamic_stub_free(struct sluice_dynamic_stub **stub)
{
    struct sluice_dynamic_stub *dynamic = *stub;
    size_t i;

    if (dynamic == NULL)
        return;
    RPC_CHECK(dynamic, DYNAMIC_MAGIC);
    for (i = 0; i < dynamic->count; i++)
        sluice_multi_callable_free(&dynamic->callables[i]);
    dynamic->magic = 0;
    free(dynamic);
    *stub = NULL;
}

void
sluice_dynamic_stub_set_thread_pool(struct sluice_dynamic_stub *stub,
    struct sluice_thread_pool *pool)
{
    size_t i;

    RPC_CHECK(stub, DYNAMIC_MAGIC);
    for (i = 0; i < stub->count; i++)
        stub->callables[i]->pool = pool;
}

enum sluice_err
sluice_dynamic_stub_find(struct sluice_dynamic_stub *stub,
    struct sluice_str method, struct sluice_multi_callable **callable)
{
    struct sluice_multi_callable **found;

    RPC_CHECK(stub, DYNAMIC_MAGIC);
    found = bsearch(&method, stub->callables, stub->count,
        sizeof(stub->callables[0]), compare_with_name);
    if (found == NULL) {
        *callable = NULL;
        return SLUICE_ENOTFOUND;
    }
    *callable = *found;
    return SLUICE_OK;
}

enum sluice_cardinality
sluice_multi_callable_cardinality(const struct sluice_multi_callable *callable)
{
    return callable->cardinality;
}
