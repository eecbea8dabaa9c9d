/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/test_grpc_status.c - the table of sluice/grpc.h, row by row: what
 * the peer does, the outcome of the operation, and the Abortion that the face
 * layer makes of it.
 */
#include "tests/rpc/grpc_scene.h"

#include <sluice/face.h>

#include <stdio.h>
#include <string.h>

/* ------------------------------------------------------------------ a call */

struct answer {
    bool is_over;
    bool is_completed;
    enum sluice_abortion_kind kind;
    enum sluice_outcome_kind outcome;
    bool has_code;
    int32_t code;
    char details[256];
    char trailer[32]; /* the value of "x-why" */
};

static void
on_initial_metadata(void *arg, struct sluice_metadata *metadata)
{
    (void)arg;
    sluice_metadata_unref(&metadata);
}

static enum sluice_reply
on_response(void *arg, struct sluice_bytes *response)
{
    (void)arg;
    sluice_bytes_unref(&response);
    return SLUICE_REPLY_OK;
}

static void
take(struct answer *a, bool has_code, int32_t code, struct sluice_str details,
    const struct sluice_metadata *terminal)
{
    struct sluice_str why = sluice_metadata_find(terminal, sluice_str("x-why"));

    a->is_over = true;
    a->has_code = has_code;
    a->code = code;
    (void)snprintf(a->details, sizeof(a->details), "%.*s", (int)details.len,
        details.ptr == NULL ? "" : details.ptr);
    (void)snprintf(a->trailer, sizeof(a->trailer), "%.*s", (int)why.len,
        why.ptr == NULL ? "" : why.ptr);
}

static void
on_complete(void *arg, const struct sluice_completion *completion)
{
    struct answer *a = arg;
    struct sluice_metadata *terminal = completion->terminal_metadata;

    a->is_completed = true;
    take(a, completion->has_code, completion->code, completion->message,
        terminal);
    sluice_metadata_unref(&terminal);
}

static void
on_abortion(void *arg, const struct sluice_abortion *abortion)
{
    struct answer *a = arg;

    a->kind = abortion->kind;
    a->outcome = abortion->outcome;
    take(a, abortion->has_code, abortion->code, abortion->details,
        abortion->terminal_metadata);
}

static bool
is_over(void *arg)
{
    return ((struct answer *)arg)->is_over;
}

/* A unary call with these metadata (taken), to its end. */
static void
call(struct grpc_world *w, struct sluice_metadata *metadata, struct answer *a)
{
    struct sluice_receiver receiver = { .initial_metadata = on_initial_metadata,
        .response = on_response,
        .complete = on_complete,
        .abortion = on_abortion,
        .arg = a };
    struct sluice_call_options options = { .timeout_ns = 20 * SLUICE_SECOND,
        .metadata = metadata };
    struct sluice_stub *stub = sluice_stub_new(w->end);
    struct sluice_call *c;

    memset(a, 0, sizeof(*a));
    assert_non_null(stub);
    assert_int_equal(sluice_stub_event_unary_unary(stub, sluice_str("test.Bad"),
                         sluice_str("Call"), sluice_bytes_copy(NULL, "x", 1),
                         &receiver, &options, &c),
        SLUICE_OK);
    grpc_world_until(w, is_over, a);
    sluice_call_unref(&c);
    sluice_stub_free(&stub);
}

/* ---------------------------------------------------------------- the rows */

struct row {
    const char *script;
    enum sluice_outcome_kind outcome;
    enum sluice_abortion_kind kind;
    int32_t code;
    const char *details; /* NULL: any */
};

static void
check(const struct answer *a, const struct row *row)
{
    if (a->is_completed || a->outcome != row->outcome || a->kind != row->kind ||
        !a->has_code || a->code != row->code)
        fail_msg("%s: %s, %s, code %d", row->script,
            a->is_completed ? "completed"
                            : sluice_outcome_kind_name(a->outcome),
            sluice_abortion_kind_name(a->kind), a->code);
    if (row->details != NULL)
        assert_string_equal(a->details, row->details);
}

static void
play(struct scene *s, const struct row *row)
{
    struct answer a;

    scene_open(s, row->script, NULL);
    call(&s->w, NULL, &a);
    check(&a, row);
    scene_close(s);
}

#define PLAY(state, rows)                                     \
    do {                                                      \
        size_t i_;                                            \
        for (i_ = 0; i_ < sizeof(rows) / sizeof(*rows); i_++) \
            play(*(state), &(rows)[i_]);                      \
    } while (0)

static void
a_status_of_the_peer(void **state)
{
    static const struct {
        enum sluice_outcome_kind outcome;
        enum sluice_abortion_kind kind;
    } rows[17] = {
        [1] = { SLUICE_CANCELLED, SLUICE_ABORTION_CANCELLED },
        [2] = { SLUICE_REMOTE_FAILURE, SLUICE_ABORTION_REMOTE_FAILURE },
        [3] = { SLUICE_REMOTE_FAILURE, SLUICE_ABORTION_REMOTE_FAILURE },
        [4] = { SLUICE_EXPIRED, SLUICE_ABORTION_EXPIRED },
        [5] = { SLUICE_REMOTE_FAILURE, SLUICE_ABORTION_REMOTE_FAILURE },
        [6] = { SLUICE_REMOTE_FAILURE, SLUICE_ABORTION_REMOTE_FAILURE },
        [7] = { SLUICE_REMOTE_FAILURE, SLUICE_ABORTION_REMOTE_FAILURE },
        [8] = { SLUICE_REMOTE_FAILURE, SLUICE_ABORTION_REMOTE_FAILURE },
        [9] = { SLUICE_REMOTE_FAILURE, SLUICE_ABORTION_REMOTE_FAILURE },
        [10] = { SLUICE_REMOTE_FAILURE, SLUICE_ABORTION_REMOTE_FAILURE },
        [11] = { SLUICE_REMOTE_FAILURE, SLUICE_ABORTION_REMOTE_FAILURE },
        [12] = { SLUICE_LOCAL_FAILURE, SLUICE_ABORTION_LOCAL_FAILURE },
        [13] = { SLUICE_REMOTE_FAILURE, SLUICE_ABORTION_REMOTE_FAILURE },
        [14] = { SLUICE_REMOTE_SHUTDOWN, SLUICE_ABORTION_REMOTE_SHUTDOWN },
        [15] = { SLUICE_REMOTE_FAILURE, SLUICE_ABORTION_REMOTE_FAILURE },
        [16] = { SLUICE_REMOTE_FAILURE, SLUICE_ABORTION_REMOTE_FAILURE },
    };
    struct scene *s = *state;
    struct answer a;
    char script[256];
    struct row row;
    int code;

    for (code = 1; code <= 16; code++) {
        (void)snprintf(script, sizeof(script),
            HELLO "wait end; ok; message m; status %d | grpc-message=so%%20far"
                  " | x-why=asked; hold",
            code);
        row = (struct row){ script, rows[code].outcome, rows[code].kind, code,
            "so far" };
        scene_open(s, script, NULL);
        call(&s->w, NULL, &a);
        check(&a, &row);
        assert_string_equal(a.trailer, "asked");
        scene_close(s);
    }
}

static void
status_0_completes(void **state)
{
    struct scene *s = *state;
    struct answer a;

    scene_open(s,
        HELLO "wait end; ok; message m; status 0 | grpc-message=fine"
              " | x-why=asked; hold",
        NULL);
    call(&s->w, NULL, &a);
    assert_true(a.is_completed);
    assert_true(a.has_code);
    assert_int_equal(a.code, 0);
    assert_string_equal(a.details, "fine");
    assert_string_equal(a.trailer, "asked");
    scene_close(s);
}

static void
an_http_answer(void **state)
{
#define HTTP(status, code)                                               \
    {                                                                    \
        HELLO "wait end; headers end | :status=" status                  \
              " | content-type=text/html; hold",                         \
            SLUICE_REMOTE_FAILURE, SLUICE_ABORTION_REMOTE_FAILURE, code, \
            "the backend answered without a gRPC status"                 \
    }
    static const struct row rows[] = { HTTP("200", 2), HTTP("400", 13),
        HTTP("401", 16), HTTP("403", 7), HTTP("404", 12), HTTP("429", 14),
        HTTP("500", 2), HTTP("502", 14), HTTP("503", 14), HTTP("504", 14) };

    PLAY(state, rows);
}

static void
a_reset_of_the_stream(void **state)
{
#define RESET(error, code)                                                   \
    {                                                                        \
        HELLO "wait end; ok; rst " error "; hold", SLUICE_RECEPTION_FAILURE, \
            SLUICE_ABORTION_NETWORK_FAILURE, code,                           \
            "the backend reset the stream"                                   \
    }
    static const struct row rows[] = { RESET("0", 13), RESET("1", 13),
        RESET("2", 13), RESET("3", 13), RESET("4", 13), RESET("5", 13),
        RESET("6", 13),
        { HELLO "wait end; ok; rst 7; hold", SLUICE_REMOTE_SHUTDOWN,
            SLUICE_ABORTION_REMOTE_SHUTDOWN, 14,
            "the backend is shutting down or refuses calls" },
        { HELLO "wait end; ok; rst 8; hold", SLUICE_CANCELLED,
            SLUICE_ABORTION_CANCELLED, 1, "the backend cancelled the call" },
        RESET("9", 13), RESET("10", 13), RESET("11", 8), RESET("12", 7),
        RESET("13", 13), RESET("14", 2), RESET("4294967295", 2) };

    PLAY(state, rows);
}

static void
a_goaway_below_the_call(void **state)
{
    static const struct row rows[] = { { HELLO "wait end; goaway 0 0; hold",
        SLUICE_REMOTE_SHUTDOWN, SLUICE_ABORTION_REMOTE_SHUTDOWN, 14,
        "the backend is shutting down or refuses calls" } };

    PLAY(state, rows);
}

static void
a_lost_connection(void **state)
{
    static const struct row rows[] = {
        { HELLO "wait end", SLUICE_RECEPTION_FAILURE,
            SLUICE_ABORTION_NETWORK_FAILURE, 14,
            "the connection to the backend was lost" },
        { HELLO "wait end; ok; reset", SLUICE_RECEPTION_FAILURE,
            SLUICE_ABORTION_NETWORK_FAILURE, 14,
            "the connection to the backend was lost" },
        { "wait preface", SLUICE_TRANSMISSION_FAILURE,
            SLUICE_ABORTION_NETWORK_FAILURE, 14,
            "the backend cannot be reached" },
    };

    PLAY(state, rows);
}

#define GZIP                                  \
    HELLO "wait end; headers | :status=200 |" \
          " content-type=application/grpc | grpc-encoding=gzip; "

static void
a_message_over_the_limit(void **state)
{
    static const struct row rows[] = {
        { HELLO "wait end; ok; data 00 00400001; hold", SLUICE_LOCAL_FAILURE,
            SLUICE_ABORTION_LOCAL_FAILURE, 8,
            "a message is larger than the limit" },
        { GZIP "data 01 00900000; hold", SLUICE_LOCAL_FAILURE,
            SLUICE_ABORTION_LOCAL_FAILURE, 8,
            "a message is larger than the limit" },
    };

    PLAY(state, rows);
}

static void
an_answer_that_is_not_grpc(void **state)
{
#define MALFORMED(script, details)                                            \
    {                                                                         \
        script "; hold", SLUICE_LOCAL_FAILURE, SLUICE_ABORTION_LOCAL_FAILURE, \
            13, details                                                       \
    }
    static const struct row rows[] = {
        MALFORMED(HELLO "wait end; ok; data end",
            "the stream ends without a status"),
        MALFORMED(HELLO "wait end; ok; data 00 00000005 01; status 0",
            "the stream ends in a message"),
        MALFORMED(HELLO "wait end; ok; data 02 00000000",
            "a message has an unknown flag"),
        MALFORMED(HELLO "wait end; ok; data 01 00000001 00",
            "a message is compressed, unasked"),
        MALFORMED(HELLO "wait end; headers | :status=200 |"
                        " content-type=application/grpc |"
                        " grpc-encoding=identity; data 01 00000001 00",
            "a message is compressed, unasked"),
        MALFORMED(HELLO "wait end; headers | :status=200 |"
                        " content-type=application/grpc |"
                        " grpc-encoding=snappy; data 01 00000001 00",
            "a message is compressed in an unknown way"),
        MALFORMED(GZIP "data 01 00000005 0102030405",
            "a compressed message is damaged"),
        MALFORMED(GZIP "data 01 00000000", "a compressed message is damaged"),
        MALFORMED(HELLO "wait end; ok; headers end | grpc-status=0 | a-bin=!",
            "the backend sent binary metadata that is not base64"),
    };

    PLAY(state, rows);
}

static void
broken_http2(void **state)
{
    static const struct row rows[] = {
        { HELLO "wait end; ok; frame 0 8 1 ff; hold", SLUICE_RECEPTION_FAILURE,
            SLUICE_ABORTION_NETWORK_FAILURE, 13,
            "the backend broke the rules of HTTP/2" },
    };

    PLAY(state, rows);
}

static void
too_much_metadata_in_the_request(void **state)
{
    static const struct row row = { "request", SLUICE_LOCAL_FAILURE,
        SLUICE_ABORTION_LOCAL_FAILURE, 8, "the request has too much metadata" };
    struct scene *s = *state;
    struct sluice_metadata *md = sluice_metadata_new(NULL);
    char *value = test_malloc(61u * 1024);
    struct answer a;

    memset(value, 'v', 61u * 1024);
    assert_int_equal(sluice_metadata_add(md, sluice_str("big"),
                         sluice_str_n(value, 61u * 1024)),
        SLUICE_OK);
    scene_open(s, HELLO SERVE, NULL);
    call(&s->w, md, &a);
    check(&a, &row);
    scene_close(s);
    test_free(value);
}

static void
too_many_that_wait(void **state)
{
    static const struct row row = { "queue", SLUICE_TRANSMISSION_FAILURE,
        SLUICE_ABORTION_NETWORK_FAILURE, 14,
        "too many calls wait for the backend" };
    struct sluice_grpc_client_options o = { .max_waiting = 1 };
    struct scene *s = *state;
    struct answer a;

    scene_open(s, "wait preface; settings 3=0; ack; hold", &o);
    grpc_call_start(&s->call, "Call", "x", true);
    call(&s->w, NULL, &a);
    check(&a, &row);
    scene_close(s);
}

int
main(void)
{
    const struct CMUnitTest tests[] = {
        SCENE(status_0_completes),
        SCENE(a_status_of_the_peer),
        SCENE(an_http_answer),
        SCENE(a_reset_of_the_stream),
        SCENE(a_goaway_below_the_call),
        SCENE(a_lost_connection),
        SCENE(a_message_over_the_limit),
        SCENE(too_much_metadata_in_the_request),
        SCENE(too_many_that_wait),
        SCENE(an_answer_that_is_not_grpc),
        SCENE(broken_http2),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
