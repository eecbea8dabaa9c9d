/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/fuzz/place.c - the wrapped function gets no context of ours, and the
 * socket is the process's: hence the one static object.
 */
#include "tests/fuzz/place.h"

#include <assert.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

void __real_uv_pipe_connect(uv_connect_t *req, uv_pipe_t *handle,
    const char *name, uv_connect_cb cb);

static struct {
    char target[64]; /* empty: nobody listens yet */
    int fd;
    bool is_narrow;
} place;

/* Found by its descriptor when its name is gone. */
static void
listen_somewhere(void)
{
    struct sockaddr_un a = { .sun_family = AF_UNIX };
    char folder[] = "/tmp/sluice-fuzz.XXXXXX";
    int path_fd, rc;

    place.fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    assert(place.fd >= 0);
    if (mkdtemp(folder) == NULL)
        abort();
    (void)snprintf(a.sun_path, sizeof(a.sun_path), "%s/s", folder);
    rc = bind(place.fd, (struct sockaddr *)&a, sizeof(a));
    assert(rc == 0);
    rc = listen(place.fd, 16);
    assert(rc == 0);
    path_fd = open(a.sun_path, O_PATH | O_CLOEXEC);
    assert(path_fd >= 0);
    (void)unlink(a.sun_path);
    (void)rmdir(folder);
    (void)snprintf(place.target, sizeof(place.target),
        "unix:///proc/self/fd/%d", path_fd);
}

struct sluice_str
fuzz_place_target(void)
{
    if (place.target[0] == '\0')
        listen_somewhere();
    return sluice_str(place.target);
}

int
fuzz_place_accept(void)
{
    return accept(place.fd, NULL, NULL);
}

void
fuzz_place_refuse_rest(void)
{
    int fd;

    while ((fd = fuzz_place_accept()) >= 0)
        (void)close(fd);
}

void
fuzz_place_narrow(bool is_narrow)
{
    place.is_narrow = is_narrow;
}

void
fuzz_socket_narrow(int fd)
{
    int least = 1; /* the kernel knows better */

    (void)setsockopt(fd, SOL_SOCKET, SO_SNDBUF, &least, sizeof(least));
}

void
__wrap_uv_pipe_connect(uv_connect_t *req, uv_pipe_t *handle, const char *name,
    uv_connect_cb cb)
{
    uv_os_fd_t fd;

    __real_uv_pipe_connect(req, handle, name, cb);
    if (place.is_narrow && uv_fileno((uv_handle_t *)handle, &fd) == 0)
        fuzz_socket_narrow(fd);
}
