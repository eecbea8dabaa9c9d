/* SPDX-License-Identifier: Apache-2.0 */
/* Where the gateway listens: texts, sockets, and files that are in the way. */
#include "gateway/address.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <cmocka.h>

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/* ------------------------------------------------------------------ parsing */

/* What the text means, as "host port". */
static void
means(const char *text, const char *expected)
{
    struct gw_address a;
    char host[64];
    char shown[80];
    in_port_t port;

    assert_null(gw_address_parse(&a, text));
    assert_string_equal(a.text, text);
    gw_address_host((struct sockaddr *)&a.storage, host);
    if (a.storage.ss_family == AF_INET) {
        assert_int_equal(a.len, sizeof(struct sockaddr_in));
        port = ((struct sockaddr_in *)&a.storage)->sin_port;
    } else {
        assert_int_equal(a.storage.ss_family, AF_INET6);
        assert_int_equal(a.len, sizeof(struct sockaddr_in6));
        port = ((struct sockaddr_in6 *)&a.storage)->sin6_port;
    }
    snprintf(shown, sizeof shown, "%s %u", host, ntohs(port));
    assert_string_equal(shown, expected);
}

static void
is_bad(const char *text, const char *why)
{
    struct gw_address a;
    const char *said = gw_address_parse(&a, text);

    if (said == NULL)
        fail_msg("\"%s\" is taken", text);
    assert_string_equal(said, why);
}

static void
numeric_hosts_are_taken(void **state)
{
    (void)state;
    means("127.0.0.1:8080", "127.0.0.1 8080");
    means("0.0.0.0:1", "0.0.0.0 1");
    means("[::1]:443", "::1 443");
    means("[::]:65535", ":: 65535");
    means("[::ffff:10.0.0.1]:80", "::ffff:10.0.0.1 80");
}

static void
an_empty_host_is_every_address(void **state)
{
    (void)state;
    means(":80", "0.0.0.0 80");
}

static void
localhost_is_the_loopback(void **state)
{
    (void)state;
    means("localhost:80", "127.0.0.1 80");
}

static void
port_0_is_any_port(void **state)
{
    (void)state;
    means("127.0.0.1:0", "127.0.0.1 0");
}

static void
names_are_not_looked_up(void **state)
{
    (void)state;
    is_bad("example.com:80", "expected a numeric address or localhost");
    is_bad("LOCALHOST:80", "expected a numeric address or localhost");
    is_bad("1.2.3:80", "expected a numeric address or localhost");
    is_bad("http://127.0.0.1:80", "expected a numeric address or localhost");
}

static void
a_port_is_needed_and_in_range(void **state)
{
    static const char why[] = "expected a port from 0 to 65535";

    (void)state;
    is_bad("127.0.0.1:65536", why);
    is_bad("127.0.0.1:99999999999999999999", why);
    is_bad("127.0.0.1:", why);
    is_bad("127.0.0.1:-1", why);
    is_bad("127.0.0.1:+1", why);
    is_bad("127.0.0.1: 1", why);
    is_bad("127.0.0.1:1 ", why);
    is_bad("127.0.0.1:80x", why);
    is_bad("[::1]:", why);
    is_bad("[::1]:65536", why);
    is_bad("127.0.0.1", "expected host:port, [v6]:port or unix:/path");
    is_bad("", "expected host:port, [v6]:port or unix:/path");
}

static void
a_v6_address_needs_its_brackets(void **state)
{
    (void)state;
    is_bad("::1:80", "expected a numeric address or localhost");
    is_bad("[::1]", "expected [address]:port");
    is_bad("[::1]80", "expected [address]:port");
    is_bad("[::1:80", "expected [address]:port");
    is_bad("[]:80", "not an IPv6 address");
    is_bad("[127.0.0.1]:80", "not an IPv6 address");
    is_bad("[1:2:3:4:5:6:7:8:9]:80", "not an IPv6 address");
    is_bad("[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]:80",
        "not an IPv6 address");
}

static void
a_unix_path_is_taken_as_it_is(void **state)
{
    struct gw_address a;
    char host[64];

    (void)state;
    assert_null(gw_address_parse(&a, "unix:/run/x y:1.sock"));
    assert_int_equal(a.storage.ss_family, AF_UNIX);
    assert_string_equal(((struct sockaddr_un *)&a.storage)->sun_path,
        "/run/x y:1.sock");
    gw_address_host((struct sockaddr *)&a.storage, host);
    assert_string_equal(host, "unix");
    is_bad("unix:", "a path is missing after unix:");
}

static void
what_is_too_long_is_refused(void **state)
{
    char text[300] = "unix:";
    size_t room = sizeof((struct sockaddr_un *)0)->sun_path;
    struct gw_address a;

    (void)state;
    memset(text + 5, 'a', room - 1);
    assert_null(gw_address_parse(&a, text));
    memset(text + 5, 'a', room);
    is_bad(text, "the path of the unix socket is too long");
    memset(text + 5, 'a', 122);
    is_bad(text, "the path of the unix socket is too long");
    memset(text + 5, 'a', 123);
    is_bad(text, "an address of under 128 characters was expected");
    memset(text, '1', 100);
    memcpy(text + 70, ":80", 4);
    is_bad(text, "not an IPv4 address");
}

/* ---------------------------------------------------------------- listening */

struct fixture {
    char folder[40];
    char path[64];
    struct gw_address unix_address;
};

static int
setup(void **state)
{
    struct fixture *f = calloc(1, sizeof *f);
    char text[80];

    assert_non_null(f);
    snprintf(f->folder, sizeof f->folder, "/tmp/test_address.XXXXXX");
    assert_non_null(mkdtemp(f->folder));
    snprintf(f->path, sizeof f->path, "%s/socket", f->folder);
    snprintf(text, sizeof text, "unix:%s", f->path);
    assert_null(gw_address_parse(&f->unix_address, text));
    *state = f;
    return 0;
}

static int
teardown(void **state)
{
    struct fixture *f = *state;

    unlink(f->path);
    rmdir(f->folder);
    free(f);
    return 0;
}

static int
listen_on(const struct gw_address *a)
{
    int fd = gw_address_listen(a);

    if (fd < 0)
        fail_msg("%s: %s", a->text, strerror(errno));
    return fd;
}

static in_port_t
port_of(int fd)
{
    struct sockaddr_in in;
    socklen_t len = sizeof in;

    assert_int_equal(getsockname(fd, (struct sockaddr *)&in, &len), 0);
    return ntohs(in.sin_port);
}

/* A connection made to the address arrives at the listening fd: the accepted
 * side of one whose other is gone already. */
static int
accept_one(const struct gw_address *a, int fd)
{
    int client = socket(a->storage.ss_family, SOCK_STREAM, 0);
    int accepted;

    assert_int_equal(connect(client, (const struct sockaddr *)&a->storage,
                         a->len),
        0);
    accepted = accept(fd, NULL, NULL);
    assert_true(accepted >= 0);
    close(client);
    return accepted;
}

static void
assert_reaches(const struct gw_address *a, int fd)
{
    close(accept_one(a, fd));
}

static void
port_0_gets_a_port_that_others_can_share(void **state)
{
    struct gw_address a;
    int first;
    int second;

    (void)state;
    assert_null(gw_address_parse(&a, "127.0.0.1:0"));
    first = listen_on(&a);
    ((struct sockaddr_in *)&a.storage)->sin_port = htons(port_of(first));
    second = listen_on(&a);
    assert_int_not_equal(port_of(first), 0);
    assert_int_equal(port_of(second), port_of(first));
    close(first);
    assert_reaches(&a, second);
    close(second);
}

static int
option_of(int fd, int level, int name)
{
    int value = -1;
    socklen_t len = sizeof value;

    assert_int_equal(getsockopt(fd, level, name, &value, &len), 0);
    return value;
}

static void
a_silent_peer_is_asked_whether_it_is_still_there(void **state)
{
    struct gw_address a;
    int fd, accepted;

    (void)state;
    assert_null(gw_address_parse(&a, "127.0.0.1:0"));
    fd = listen_on(&a);
    ((struct sockaddr_in *)&a.storage)->sin_port = htons(port_of(fd));
    accepted = accept_one(&a, fd);
    assert_int_equal(option_of(accepted, SOL_SOCKET, SO_KEEPALIVE), 1);
    assert_int_equal(option_of(accepted, IPPROTO_TCP, TCP_KEEPIDLE), 60);
    assert_int_equal(option_of(accepted, IPPROTO_TCP, TCP_KEEPINTVL), 10);
    assert_int_equal(option_of(accepted, IPPROTO_TCP, TCP_KEEPCNT), 3);
    close(accepted);
    close(fd);
}

static void
the_socket_does_not_block_and_is_not_inherited(void **state)
{
    struct fixture *f = *state;
    int fd = listen_on(&f->unix_address);

    assert_true((fcntl(fd, F_GETFL) & O_NONBLOCK) != 0);
    assert_true((fcntl(fd, F_GETFD) & FD_CLOEXEC) != 0);
    assert_int_equal(accept(fd, NULL, NULL), -1);
    assert_int_equal(errno, EAGAIN);
    close(fd);
}

static void
a_v6_address_leaves_the_v4_port_alone(void **state)
{
    struct gw_address a;
    socklen_t len = sizeof(int);
    int is_alone = 0;
    int fd;

    (void)state;
    assert_null(gw_address_parse(&a, "[::1]:0"));
    fd = gw_address_listen(&a);
    if (fd < 0) { /* only on a machine without IPv6 */
        assert_true(errno == EAFNOSUPPORT || errno == EADDRNOTAVAIL);
        return;
    }
    assert_int_equal(getsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &is_alone, &len),
        0);
    assert_int_equal(is_alone, 1);
    close(fd);
}

static void
an_address_that_is_not_ours_is_an_error(void **state)
{
    struct gw_address a;

    (void)state;
    assert_null(gw_address_parse(&a, "203.0.113.1:0"));
    assert_int_equal(gw_address_listen(&a), -1);
    assert_int_equal(errno, EADDRNOTAVAIL);
}

static void
a_unix_socket_can_be_listened_on(void **state)
{
    struct fixture *f = *state;
    int fd = listen_on(&f->unix_address);

    assert_reaches(&f->unix_address, fd);
    close(fd);
}

static void
a_socket_file_of_a_process_that_is_gone_is_replaced(void **state)
{
    struct fixture *f = *state;
    int fd = listen_on(&f->unix_address);

    close(fd);
    assert_int_equal(access(f->path, F_OK), 0);
    fd = listen_on(&f->unix_address);
    assert_reaches(&f->unix_address, fd);
    close(fd);
}

static void
a_socket_that_somebody_listens_on_stays_theirs(void **state)
{
    struct fixture *f = *state;
    int theirs = listen_on(&f->unix_address);
    int accepted;

    assert_int_equal(gw_address_listen(&f->unix_address), -1);
    assert_int_equal(errno, EADDRINUSE);
    while ((accepted = accept(theirs, NULL, NULL)) >= 0)
        close(accepted); /* it may have been asked whether it lives */
    assert_reaches(&f->unix_address, theirs);
    close(theirs);
}

static void
a_file_that_is_no_socket_stays(void **state)
{
    struct fixture *f = *state;
    struct stat st;
    int fd = open(f->path, O_WRONLY | O_CREAT, 0600);

    assert_int_equal(write(fd, "mine", 4), 4);
    close(fd);
    assert_int_equal(gw_address_listen(&f->unix_address), -1);
    assert_int_equal(errno, EADDRINUSE);
    assert_int_equal(stat(f->path, &st), 0);
    assert_int_equal(st.st_size, 4);
}

static void
cleanup_removes_the_file_of_a_unix_socket(void **state)
{
    struct fixture *f = *state;
    struct gw_address tcp;

    assert_null(gw_address_parse(&tcp, "127.0.0.1:0"));
    close(listen_on(&f->unix_address));
    gw_address_cleanup(&tcp);
    assert_int_equal(access(f->path, F_OK), 0);
    gw_address_cleanup(&f->unix_address);
    assert_int_equal(access(f->path, F_OK), -1);
}

static void
cleanup_leaves_the_socket_of_another_process(void **state)
{
    struct fixture *f = *state;
    int theirs;

    close(listen_on(&f->unix_address));
    theirs = listen_on(&f->unix_address);
    gw_address_cleanup(&f->unix_address);
    assert_int_equal(access(f->path, F_OK), 0);
    close(theirs);
}

/* -------------------------------------------------------------- what is said */

static void
prints(const char *text, const char *expected)
{
    struct gw_address a;
    char said[256] = "";
    int saved = dup(STDERR_FILENO);
    ssize_t n;
    int fds[2];

    assert_null(gw_address_parse(&a, text));
    assert_int_equal(pipe(fds), 0);
    dup2(fds[1], STDERR_FILENO);
    gw_address_print(&a);
    dup2(saved, STDERR_FILENO);
    close(saved);
    close(fds[1]);
    n = read(fds[0], said, sizeof said - 1);
    close(fds[0]);
    assert_true(n > 0);
    assert_string_equal(said, expected);
}

static void
the_address_is_printed_as_a_url(void **state)
{
    (void)state;
    prints("localhost:8080", "sluice: listening on http://127.0.0.1:8080\n");
    prints("[::1]:80", "sluice: listening on http://[::1]:80\n");
    prints("unix:/run/a.sock", "sluice: listening on unix:/run/a.sock\n");
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, setup, teardown)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(numeric_hosts_are_taken),
        cmocka_unit_test(an_empty_host_is_every_address),
        cmocka_unit_test(localhost_is_the_loopback),
        cmocka_unit_test(port_0_is_any_port),
        cmocka_unit_test(names_are_not_looked_up),
        cmocka_unit_test(a_port_is_needed_and_in_range),
        cmocka_unit_test(a_v6_address_needs_its_brackets),
        cmocka_unit_test(a_unix_path_is_taken_as_it_is),
        cmocka_unit_test(what_is_too_long_is_refused),
        cmocka_unit_test(port_0_gets_a_port_that_others_can_share),
        cmocka_unit_test(a_silent_peer_is_asked_whether_it_is_still_there),
        TEST(the_socket_does_not_block_and_is_not_inherited),
        cmocka_unit_test(a_v6_address_leaves_the_v4_port_alone),
        cmocka_unit_test(an_address_that_is_not_ours_is_an_error),
        TEST(a_unix_socket_can_be_listened_on),
        TEST(a_socket_file_of_a_process_that_is_gone_is_replaced),
        TEST(a_socket_that_somebody_listens_on_stays_theirs),
        TEST(a_file_that_is_no_socket_stays),
        TEST(cleanup_removes_the_file_of_a_unix_socket),
        TEST(cleanup_leaves_the_socket_of_another_process),
        cmocka_unit_test(the_address_is_printed_as_a_url),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
