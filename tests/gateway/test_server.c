/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Starts that fail, at every step: no thread can be had, and before that the
 * n-th allocation fails. What was made is gone afterwards (the leak checker
 * looks), the unix socket's file too, and a message was written.
 */
#include "gateway/server.h"

#include <errno.h>
#include <unistd.h>

#include "tests/gateway/fixture.h"
#include "tests/memory.h"

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
    void *(*run)(void *arg), void *arg);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
    void *(*run)(void *arg), void *arg);
void __wrap_gw_log(const char *format, ...)
    __attribute__((format(printf, 1, 2)));

static struct {
    unsigned threads_left;
    unsigned messages;
    char message[256]; /* the last one */
} world;

/* Memory is enough from the first thread on. */
int
__wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attributes,
    void *(*run)(void *arg), void *arg)
{
    memory_suffices();
    if (world.threads_left == 0)
        return EAGAIN;
    world.threads_left--;
    return __real_pthread_create(thread, attributes, run, arg);
}

void
__wrap_gw_log(const char *format, ...)
{
    va_list ap;

    va_start(ap, format);
    vsnprintf(world.message, sizeof world.message, format, ap);
    va_end(ap);
    world.messages++;
}

struct start {
    struct route_set *set;
    char folder[40];
    char listen[64];
};

static struct sluice_face_servicer *
servicer_new(void *arg, struct sluice_loop *loop)
{
    (void)arg;
    (void)loop;
    return sluice_face_servicer_new();
}

static int
setup(void **state)
{
    struct start *s = calloc(1, sizeof *s);

    assert_non_null(s);
    memory_suffices();
    world.threads_left = 0;
    s->set = fixture_load(
        "workers: 3\n"
        "access_log: off\n"
        "upstreams:\n"
        "  near: {target: \"inproc:library\", schema: l.pb}\n"
        "  far: {target: \"127.0.0.1:1\", schema: l.pb}\n"
        "services:\n"
        "- {name: sluice.example.library.v1.Library, upstream: near}\n");
    snprintf(s->folder, sizeof s->folder, "/tmp/test_server.XXXXXX");
    assert_non_null(mkdtemp(s->folder));
    snprintf(s->listen, sizeof s->listen, "unix:%s/socket", s->folder);
    *state = s;
    return 0;
}

static int
teardown(void **state)
{
    struct start *s = *state;

    route_set_free(&s->set);
    unlink(s->listen + strlen("unix:"));
    rmdir(s->folder);
    free(s);
    return 0;
}

static void
fails(struct start *s)
{
    const struct gw_inproc inproc = {
        .name = "library",
        .servicer_new = servicer_new,
        .servicer_free = sluice_face_servicer_free,
    };
    const struct gw_server_options options = {
        .set = s->set,
        .inprocs = &inproc,
        .n_inprocs = 1,
        .listen = s->listen,
    };

    world.messages = 0;
    assert_int_equal(gw_server_run(&options), 1);
    assert_int_equal(world.messages, 1);
    assert_int_equal(access(s->listen + strlen("unix:"), F_OK), -1);
}

/* ------------------------------------------------------------------- tests */

static void
a_thread_that_cannot_be_had_ends_the_others(void **state)
{
    for (unsigned n = 0; n < 3; n++) {
        world.threads_left = n;
        fails(*state);
        assert_string_equal(world.message, "cannot start a thread");
    }
}

static void
memory_may_run_short_at_every_step_of_the_start(void **state)
{
    unsigned long n = 0;

    do {
        memory_fail_nth(++n);
        fails(*state);
    } while (memory_so_far().refused > 0);
    assert_in_range(n, 50, 10000);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(
            a_thread_that_cannot_be_had_ends_the_others, setup, teardown),
        cmocka_unit_test_setup_teardown(
            memory_may_run_short_at_every_step_of_the_start, setup, teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
