/* SPDX-License-Identifier: Apache-2.0 */
/* What is done on the sockets of clients without waiting. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <cmocka.h>

#include <errno.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "gateway/socket.h"

#define MUCH ((size_t)4 * 1024 * 1024)

struct pair {
    int here;
    int there;
    int interruptions; /* of the calls to come */
};

static struct pair pair;

static int
is_interrupted(void)
{
    if (pair.interruptions == 0)
        return 0;
    pair.interruptions--;
    errno = EINTR;
    return 1;
}

ssize_t __real_send(int fd, const void *data, size_t len, int flags);
ssize_t __wrap_send(int fd, const void *data, size_t len, int flags);
ssize_t __real_recv(int fd, void *buf, size_t len, int flags);
ssize_t __wrap_recv(int fd, void *buf, size_t len, int flags);
int __real_poll(struct pollfd *fds, nfds_t n, int timeout);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout);

ssize_t
__wrap_send(int fd, const void *data, size_t len, int flags)
{
    return is_interrupted() ? -1 : __real_send(fd, data, len, flags);
}

ssize_t
__wrap_recv(int fd, void *buf, size_t len, int flags)
{
    return is_interrupted() ? -1 : __real_recv(fd, buf, len, flags);
}

int
__wrap_poll(struct pollfd *fds, nfds_t n, int timeout)
{
    return is_interrupted() ? -1 : __real_poll(fds, n, timeout);
}

static int
setup(void **state)
{
    int fds[2];

    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
    pair = (struct pair){ .here = fds[0], .there = fds[1] };
    *state = &pair;
    return 0;
}

static int
teardown(void **state)
{
    struct pair *p = *state;

    close(p->here);
    if (p->there >= 0)
        close(p->there);
    return 0;
}

static void
what_finds_no_room_is_left(void **state)
{
    struct pair *p = *state;
    char *much = calloc(1, MUCH);
    ssize_t n;

    assert_non_null(much);
    n = gw_socket_send(p->here, much, MUCH);
    assert_true(n > 0 && (size_t)n < MUCH);
    assert_int_equal(gw_socket_send(p->here, much, 1), 0);
    free(much);
}

static void
a_peer_that_has_gone_breaks_it(void **state)
{
    struct pair *p = *state;

    close(p->there);
    p->there = -1;
    assert_int_equal(gw_socket_send(p->here, "x", 1), -1);
    assert_true((gw_socket_events(p->here, 0) & POLLHUP) != 0);
}

static void
the_end_comes_after_the_last_byte(void **state)
{
    struct pair *p = *state;
    char byte;

    assert_false(gw_socket_is_at_end(p->here));
    assert_int_equal(gw_socket_send(p->there, "x", 1), 1);
    shutdown(p->there, SHUT_WR);
    assert_false(gw_socket_is_at_end(p->here));
    assert_int_equal(recv(p->here, &byte, 1, 0), 1);
    assert_true(gw_socket_is_at_end(p->here));
    assert_int_equal(gw_socket_past(p->here), GW_SOCKET_ENDED_THERE);
}

static void
interrupted_calls_are_made_again(void **state)
{
    struct pair *p = *state;

    p->interruptions = 3;
    assert_int_equal(gw_socket_send(p->here, "abc", 3), 3);
    assert_int_equal(p->interruptions, 0);
    p->interruptions = 2;
    assert_int_equal(gw_socket_events(p->there, POLLIN), POLLIN);
    p->interruptions = 2;
    assert_int_equal(gw_socket_past(p->there), GW_SOCKET_ENDED_HERE);
    shutdown(p->there, SHUT_WR);
    p->interruptions = 2;
    assert_true(gw_socket_is_at_end(p->here));
    assert_int_equal(p->interruptions, 0);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(what_finds_no_room_is_left, setup,
            teardown),
        cmocka_unit_test_setup_teardown(a_peer_that_has_gone_breaks_it, setup,
            teardown),
        cmocka_unit_test_setup_teardown(the_end_comes_after_the_last_byte,
            setup, teardown),
        cmocka_unit_test_setup_teardown(interrupted_calls_are_made_again, setup,
            teardown),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
