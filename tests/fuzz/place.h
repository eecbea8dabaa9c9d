/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/fuzz/place.h - where gRPC clients of a fuzz target connect to: a unix
 * socket that listens for as long as the process lives, at a path that does not
 * outlast it. A target is linked with fuzz_place_link.
 */
#ifndef TESTS_FUZZ_PLACE_H
#define TESTS_FUZZ_PLACE_H

#include <uv.h>

#include <sluice/api.h>

/* Listens, from the first call on. */
struct sluice_str fuzz_place_target(void);

/* The next connection; < 0: there is none. */
int fuzz_place_accept(void);

/* Closes connections that nobody has accepted. */
void fuzz_place_refuse_rest(void);

/* The sockets of clients that connect from now on are narrow, or are not. */
void fuzz_place_narrow(bool is_narrow);

/* The socket takes little from whoever writes to it, until its peer reads. */
void fuzz_socket_narrow(int fd);

/* What libsluice calls in place of libuv. */
void __wrap_uv_pipe_connect(uv_connect_t *req, uv_pipe_t *handle,
    const char *name, uv_connect_cb cb);

#endif
