/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/grpc_scene.h - a bad backend with a script, a world that calls it,
 * and two calls.
 */
#ifndef TESTS_RPC_GRPC_SCENE_H
#define TESTS_RPC_GRPC_SCENE_H

#include "tests/rpc/bad_backend.h"
#include "tests/rpc/grpc_world.h"

/* Goes before any script that plays a connection that works. */
#define HELLO "wait preface; settings; ack; "

/* Answers one call after the other. */
#define SERVE "label; wait end; ok; message pong; status 0; again"

struct scene {
    struct bad_backend *backend;
    struct grpc_world w;
    struct grpc_call call;
    struct grpc_call next;
};

/* For cmocka: *state is a scene. */
int scene_setup(void **state);
int scene_teardown(void **state);
#define SCENE(name) \
    cmocka_unit_test_setup_teardown(name, scene_setup, scene_teardown)

/* options may be NULL. */
void scene_open(struct scene *s, const char *script,
    const struct sluice_grpc_client_options *options);
void scene_close(struct scene *s);

/* Scene, a unary call that is answered with pong, and no more. */
void scene_hear_pong(struct scene *s, const char *script);

/* Scene, a unary call, its outcome, and no more. */
void scene_play(struct scene *s, const char *script,
    enum sluice_outcome_kind kind, int32_t code);

/* The same, after which a second call must be answered with pong: on the same
 * connection if that is the script of one, on a new one if it is of two. */
void scene_play_on(struct scene *s, const char *script,
    enum sluice_outcome_kind kind, int32_t code, unsigned connections);

#endif
