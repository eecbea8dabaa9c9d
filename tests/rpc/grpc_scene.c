/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/grpc_scene.c - see the header.
 */
#include "tests/rpc/grpc_scene.h"

int
scene_setup(void **state)
{
    *state = test_calloc(1, sizeof(struct scene));
    return *state == NULL ? -1 : 0;
}

int
scene_teardown(void **state)
{
    test_free(*state);
    return 0;
}

void
scene_open(struct scene *s, const char *script,
    const struct sluice_grpc_client_options *options)
{
    s->backend = bad_backend_start(script);
    grpc_world_open(&s->w, bad_backend_port(s->backend), options);
    grpc_call_init(&s->call, &s->w);
    grpc_call_init(&s->next, &s->w);
}

void
scene_close(struct scene *s)
{
    grpc_call_fini(&s->call);
    grpc_call_fini(&s->next);
    grpc_world_close(&s->w);
    bad_backend_stop(&s->backend);
}

void
scene_hear_pong(struct scene *s, const char *script)
{
    scene_open(s, script, NULL);
    grpc_call_unary(&s->call, &s->w, "Call");
    grpc_call_ended(&s->call, SLUICE_COMPLETED, 0);
    assert_string_equal(s->call.text, "pong");
    scene_close(s);
}

void
scene_play(struct scene *s, const char *script, enum sluice_outcome_kind kind,
    int32_t code)
{
    scene_open(s, script, NULL);
    grpc_call_unary(&s->call, &s->w, "Call");
    grpc_call_ended(&s->call, kind, code);
    scene_close(s);
}

void
scene_play_on(struct scene *s, const char *script,
    enum sluice_outcome_kind kind, int32_t code, unsigned connections)
{
    scene_open(s, script, NULL);
    grpc_call_unary(&s->call, &s->w, "Call");
    grpc_call_ended(&s->call, kind, code);
    grpc_call_unary(&s->next, &s->w, "Call");
    grpc_call_ended(&s->next, SLUICE_COMPLETED, 0);
    assert_string_equal(s->next.text, "pong");
    assert_int_equal(bad_backend_connections(s->backend), connections);
    scene_close(s);
}
