/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/scenarios/faults.c - preloaded into the program: its system calls fail,
 * or do less than they could, as a schedule has it. faults.py writes the
 * schedule into the file that FAULTS names, mapped, and reads there what came
 * of it.
 *
 * Nothing is done to the program that a kernel may not do:
 *
 * Interrupted (EINTR)   Nothing has happened; the call may be made again.
 * Not now (EAGAIN), or one byte alone
 *                       The rest comes, or has room, a moment later. epoll(7)
 *                       lets who asked for edges take either for the end of
 *                       what there is and wait for the next edge, as
 *                       libmicrohttpd does, and the kernel makes one when the
 *                       rest comes. So is one made here: EPOLL_CTL_MOD looks
 *                       anew. Without it the fault would be one of no kernel.
 * ECONNRESET            The socket is dead from then on, in both directions.
 * EMFILE, ENFILE        Nothing was taken: who waits in a backlog still does.
 *
 * Eventfds, pipes and files are spared, but for the standard error output.
 */
#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <sys/sendfile.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define EXPORTED __attribute__((visibility("default")))
#define DESCRIPTORS 16384

/* As in faults.py: the points at which a call can fail, and what happens now
 * and then. */
enum point {
    CLIENT_READ,
    CLIENT_WRITE,
    UPSTREAM_READ,
    UPSTREAM_WRITE,
    LOG_WRITE,
    ACCEPT,
    CONNECT,
    SOCKET,
    DUPLICATE,
    WAIT,
    POINTS
};
enum fault { INTERRUPT, NOT_NOW, ONE_BYTE, FAULTS };

struct control {
    uint64_t seed;
    uint64_t rates[FAULTS]; /* of 1000 calls */
    struct {
        uint64_t error; /* of the calls in [from, until); 0: none */
        uint64_t from;
        uint64_t until;
        uint64_t seen;
    } aims[POINTS];
    uint64_t calls[POINTS];
    uint64_t caused[POINTS][FAULTS];
    uint64_t hits[POINTS];
};

#define CAN(fault) (1u << (fault))

static const unsigned possible[POINTS] = {
    [CLIENT_READ] = CAN(INTERRUPT) | CAN(NOT_NOW) | CAN(ONE_BYTE),
    [CLIENT_WRITE] = CAN(INTERRUPT) | CAN(NOT_NOW) | CAN(ONE_BYTE),
    [UPSTREAM_READ] = CAN(INTERRUPT) | CAN(NOT_NOW) | CAN(ONE_BYTE),
    [UPSTREAM_WRITE] = CAN(INTERRUPT) | CAN(NOT_NOW) | CAN(ONE_BYTE),
    [LOG_WRITE] = CAN(INTERRUPT) | CAN(ONE_BYTE),
    [ACCEPT] = CAN(INTERRUPT) | CAN(NOT_NOW),
    [CONNECT] = CAN(INTERRUPT),
    [WAIT] = CAN(INTERRUPT),
};

struct descriptor {
    enum { SPARED, CLIENT, UPSTREAM, LOG } side;
    uint64_t number; /* of the connection on its side */
    uint64_t calls;
    int epoll; /* that tells its edges; -1: none */
    struct epoll_event edges;
};

static struct control *control; /* NULL: not yet */
static struct descriptor descriptors[DESCRIPTORS];
static struct descriptor nobody;
static uint64_t n_connections;

static uint64_t
add(uint64_t *n)
{
    return __atomic_fetch_add(n, 1, __ATOMIC_RELAXED);
}

static struct descriptor *
find(int fd)
{
    return fd >= 0 && fd < DESCRIPTORS ? &descriptors[fd] : &nobody;
}

static void
become(int fd, int side)
{
    struct descriptor *d = find(fd);

    if (d == &nobody)
        return;
    *d = (struct descriptor){ .epoll = -1 };
    d->side = side;
    d->number = side == SPARED ? 0 : add(&n_connections);
}

__attribute__((constructor)) static void
begin(void)
{
    const char *path = getenv("FAULTS");
    int fd = path == NULL ? -1 : open(path, O_RDWR | O_CLOEXEC);
    void *p;

    if (fd < 0)
        abort();
    p = mmap(NULL, sizeof *control, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    syscall(SYS_close, fd);
    if (p == MAP_FAILED)
        abort();
    for (int i = 0; i < DESCRIPTORS; i++)
        descriptors[i].epoll = -1;
    become(STDERR_FILENO, LOG);
    control = p;
}

/* ---- The schedule -------------------------------------------------------- */

/* Every bit of it depends on every bit of x (Steele and others, 2014). */
static uint64_t
mix(uint64_t x)
{
    x = (x ^ (x >> 30)) * 0xbf58476d1ce4e5b9u;
    x = (x ^ (x >> 27)) * 0x94d049bb133111ebu;
    return x ^ (x >> 31);
}

/* What happens to the next call is told by the seed, the connection and how
 * many it has made: not by time, and not by what other connections do. */
static enum fault
draw(enum point point, struct descriptor *d)
{
    uint64_t place = d->number << 32 | add(&d->calls);
    uint64_t dice = mix(mix(control->seed + point) + place) % 1000;

    for (int f = 0; f < FAULTS; f++) {
        if (dice < control->rates[f])
            return (possible[point] & CAN(f)) != 0 ? (enum fault)f : FAULTS;
        dice -= control->rates[f];
    }
    return FAULTS;
}

static int
aimed_error(enum point point)
{
    uint64_t n;

    if (control->aims[point].error == 0)
        return 0;
    n = add(&control->aims[point].seen);
    if (n < control->aims[point].from || n >= control->aims[point].until)
        return 0;
    add(&control->hits[point]);
    return (int)control->aims[point].error;
}

/* The rest comes a moment later, and is told of. */
static void
make_edge(int fd, struct descriptor *d)
{
    struct epoll_event edges = d->edges;

    if (d->epoll >= 0)
        (void)syscall(SYS_epoll_ctl, d->epoll, EPOLL_CTL_MOD, fd, &edges);
}

/* False: the call fails, with errno. len is that of a transfer, and may become
 * one; 0: there is none. */
static bool
may(enum point point, int fd, size_t *len)
{
    struct descriptor *d = find(fd);
    enum fault fault;
    int error;

    if (control == NULL)
        return true;
    add(&control->calls[point]);
    error = aimed_error(point);
    if (error != 0) {
        if (error == ECONNRESET)
            (void)syscall(SYS_shutdown, fd, SHUT_RDWR);
        errno = error;
        return false;
    }
    fault = draw(point, d);
    if (fault == FAULTS || (fault == ONE_BYTE && *len < 2))
        return true;
    add(&control->caused[point][fault]);
    if (fault != INTERRUPT)
        make_edge(fd, d);
    if (fault == ONE_BYTE)
        *len = 1;
    else
        errno = fault == INTERRUPT ? EINTR : EAGAIN;
    return fault == ONE_BYTE;
}

static bool
may_read(int fd, size_t *len)
{
    int side = find(fd)->side;

    if (side != CLIENT && side != UPSTREAM)
        return true;
    return may(side == CLIENT ? CLIENT_READ : UPSTREAM_READ, fd, len);
}

static bool
may_write(int fd, size_t *len)
{
    switch (find(fd)->side) {
    case CLIENT:
        return may(CLIENT_WRITE, fd, len);
    case UPSTREAM:
        return may(UPSTREAM_WRITE, fd, len);
    case LOG:
        return may(LOG_WRITE, fd, len);
    case SPARED:
        break;
    }
    return true;
}

/* The same for several pieces; one is where a single byte of them is told. */
static bool
may_move(bool (*may_do)(int fd, size_t *len), int fd, struct msghdr *m,
    struct iovec *one)
{
    size_t all = 0;
    size_t len;

    for (size_t i = 0; i < m->msg_iovlen; i++)
        all += m->msg_iov[i].iov_len;
    len = all;
    if (!may_do(fd, &len))
        return false;
    if (len == all)
        return true;
    while (m->msg_iov->iov_len == 0)
        m->msg_iov++;
    *one = (struct iovec){ m->msg_iov->iov_base, 1 };
    m->msg_iov = one;
    m->msg_iovlen = 1;
    return true;
}

static ssize_t
move(long call, bool (*may_do)(int fd, size_t *len), int fd,
    const struct iovec *pieces, int n)
{
    struct msghdr m = {
        .msg_iov = (struct iovec *)(uintptr_t)pieces,
        .msg_iovlen = (size_t)n,
    };
    struct iovec one;

    if (!may_move(may_do, fd, &m, &one))
        return -1;
    return syscall(call, fd, m.msg_iov, m.msg_iovlen);
}

/* ---- The calls ----------------------------------------------------------- */

EXPORTED ssize_t
read(int fd, void *buf, size_t len)
{
    return may_read(fd, &len) ? syscall(SYS_read, fd, buf, len) : -1;
}

EXPORTED ssize_t
recvfrom(int fd, void *restrict buf, size_t len, int flags,
    struct sockaddr *restrict from, socklen_t *restrict from_len)
{
    if (!may_read(fd, &len))
        return -1;
    return syscall(SYS_recvfrom, fd, buf, len, flags, from, from_len);
}

EXPORTED ssize_t
recv(int fd, void *buf, size_t len, int flags)
{
    return recvfrom(fd, buf, len, flags, NULL, NULL);
}

EXPORTED ssize_t
recvmsg(int fd, struct msghdr *m, int flags)
{
    struct iovec *pieces = m->msg_iov;
    size_t n = m->msg_iovlen;
    struct iovec one;
    ssize_t done = -1;

    if (may_move(may_read, fd, m, &one))
        done = syscall(SYS_recvmsg, fd, m, flags);
    m->msg_iov = pieces;
    m->msg_iovlen = n;
    return done;
}

EXPORTED ssize_t
readv(int fd, const struct iovec *pieces, int n)
{
    return move(SYS_readv, may_read, fd, pieces, n);
}

EXPORTED ssize_t
write(int fd, const void *buf, size_t len)
{
    return may_write(fd, &len) ? syscall(SYS_write, fd, buf, len) : -1;
}

EXPORTED ssize_t
sendto(int fd, const void *buf, size_t len, int flags,
    const struct sockaddr *to, socklen_t to_len)
{
    if (!may_write(fd, &len))
        return -1;
    return syscall(SYS_sendto, fd, buf, len, flags, to, to_len);
}

EXPORTED ssize_t
send(int fd, const void *buf, size_t len, int flags)
{
    return sendto(fd, buf, len, flags, NULL, 0);
}

EXPORTED ssize_t
sendmsg(int fd, const struct msghdr *given, int flags)
{
    struct msghdr m = *given;
    struct iovec one;

    if (!may_move(may_write, fd, &m, &one))
        return -1;
    return syscall(SYS_sendmsg, fd, &m, flags);
}

EXPORTED ssize_t
writev(int fd, const struct iovec *pieces, int n)
{
    return move(SYS_writev, may_write, fd, pieces, n);
}

EXPORTED ssize_t
sendfile64(int fd, int from, off64_t *offset, size_t len)
{
    if (!may_write(fd, &len))
        return -1;
    return syscall(SYS_sendfile, fd, from, offset, len);
}

EXPORTED int
accept4(int fd, struct sockaddr *restrict sa, socklen_t *restrict sa_len,
    int flags)
{
    size_t none = 0;
    int got = -1;

    if (may(ACCEPT, fd, &none))
        got = (int)syscall(SYS_accept4, fd, sa, sa_len, flags);
    if (got >= 0)
        become(got, CLIENT);
    return got;
}

EXPORTED int
socket(int domain, int type, int protocol)
{
    size_t none = 0;
    int got = -1;

    if (may(SOCKET, -1, &none))
        got = (int)syscall(SYS_socket, domain, type, protocol);
    if (got >= 0)
        become(got, SPARED);
    return got;
}

EXPORTED int
connect(int fd, const struct sockaddr *sa, socklen_t sa_len)
{
    size_t none = 0;

    if (find(fd)->side != UPSTREAM)
        become(fd, UPSTREAM);
    if (!may(CONNECT, fd, &none))
        return -1;
    return (int)syscall(SYS_connect, fd, sa, sa_len);
}

static int
control_descriptor(int fd, int command, uintptr_t arg)
{
    bool is_copy = command == F_DUPFD || command == F_DUPFD_CLOEXEC;
    size_t none = 0;
    int got;

    if (is_copy && !may(DUPLICATE, -1, &none))
        return -1;
    got = (int)syscall(SYS_fcntl, fd, command, arg);
    if (is_copy && got >= 0)
        become(got, find(fd)->side);
    return got;
}

EXPORTED int
fcntl(int fd, int command, ...)
{
    va_list ap;
    uintptr_t arg;

    va_start(ap, command);
    arg = va_arg(ap, uintptr_t);
    va_end(ap);
    return control_descriptor(fd, command, arg);
}

EXPORTED int
fcntl64(int fd, int command, ...)
{
    va_list ap;
    uintptr_t arg;

    va_start(ap, command);
    arg = va_arg(ap, uintptr_t);
    va_end(ap);
    return control_descriptor(fd, command, arg);
}

EXPORTED int
close(int fd)
{
    become(fd, SPARED);
    return (int)syscall(SYS_close, fd);
}

EXPORTED int
epoll_ctl(int epoll, int what, int fd, struct epoll_event *event)
{
    struct descriptor *d = find(fd);
    int result = (int)syscall(SYS_epoll_ctl, epoll, what, fd, event);

    if (result != 0 || d == &nobody)
        return result;
    if (what == EPOLL_CTL_DEL) {
        if (d->epoll == epoll)
            d->epoll = -1;
    } else if ((event->events & EPOLLET) != 0) {
        d->epoll = epoll;
        d->edges = *event;
    }
    return result;
}

EXPORTED int
epoll_pwait(int epoll, struct epoll_event *events, int n, int timeout,
    const sigset_t *mask)
{
    size_t none = 0;

    if (!may(WAIT, -1, &none))
        return -1;
    return (int)syscall(SYS_epoll_pwait, epoll, events, n, timeout, mask,
        _NSIG / 8);
}

EXPORTED int
epoll_wait(int epoll, struct epoll_event *events, int n, int timeout)
{
    return epoll_pwait(epoll, events, n, timeout, NULL);
}

EXPORTED int
poll(struct pollfd *fds, nfds_t n, int timeout)
{
    struct timespec ts = { timeout / 1000, timeout % 1000 * 1000000L };
    size_t none = 0;

    if (!may(WAIT, -1, &none))
        return -1;
    return (int)syscall(SYS_ppoll, fds, n, timeout < 0 ? NULL : &ts, NULL, 0);
}
