/* SPDX-License-Identifier: Apache-2.0 */
/* What an exchange makes of bodies that are not JSON, without a client: limits
 * to the byte, parts of payloads, and memory that is short. sluice_bytes_new()
 * is wrapped: blocks are counted, and fail when told to. */
#include "gateway/http_body.h"
#include "routes/http_body.h"
#include "tests/gateway/fixture.h"

static unsigned blocks;
static long blocks_left = -1; /* -1: no end */

struct sluice_bytes *__real_sluice_bytes_new(struct sluice_pool *pool,
    size_t size);
struct sluice_bytes *__wrap_sluice_bytes_new(struct sluice_pool *pool,
    size_t size);

struct sluice_bytes *
__wrap_sluice_bytes_new(struct sluice_pool *pool, size_t size)
{
    blocks++;
    if (blocks_left == 0)
        return NULL;
    if (blocks_left > 0)
        blocks_left--;
    return __real_sluice_bytes_new(pool, size);
}

/* An exchange whose request and response are an HttpBody each. */
struct scene {
    struct fixture f;
    struct pb_method method;
    struct route_rpc rpc;
    struct route_binding binding;
};

static int
set_up(void **state)
{
    struct scene *s = calloc(1, sizeof *s);
    const struct pb_schema *schema;

    assert_non_null(s);
    fixture_open(&s->f, "");
    schema = s->f.set->schemas[0];
    s->method = *s->f.x->rpc->method;
    s->method.input = s->method.output =
        pb_schema_message(schema, "google.api.HttpBody", 19);
    assert_non_null(s->method.input);
    s->rpc = *s->f.x->rpc;
    s->rpc.method = &s->method;
    s->binding =
        (struct route_binding){ .rpc = &s->rpc, .body = ROUTE_BODY_ALL };
    s->f.x->rpc = &s->rpc;
    s->f.x->binding = &s->binding;
    blocks_left = -1;
    *state = s;
    return 0;
}

static int
tear_down(void **state)
{
    struct scene *s = *state;

    blocks_left = -1;
    gw_buffer_fini(&s->f.x->bound);
    gw_buffer_fini(&s->f.x->message);
    fixture_close(&s->f);
    free(s);
    return 0;
}

/* ---- Requests ------------------------------------------------------------ */

static size_t
piece(const struct scene *s, size_t type_len, size_t len, size_t bound,
    size_t max)
{
    struct route_http_body body = { .type_len = type_len, .len = len };

    return gw_http_body_piece(&s->binding, body, bound, max);
}

static void
a_piece_is_as_large_as_the_limit_lets_it_be(void **state)
{
    struct scene *s = *state;

    assert_int_equal(piece(s, 0, 10, 0, 12), 10);
    assert_int_equal(piece(s, 0, 10, 0, 11), 9);
    assert_int_equal(piece(s, 0, 10, 0, 3), 1);
    assert_int_equal(piece(s, 0, 10, 0, 2), 0);
    assert_int_equal(piece(s, 0, 10, 0, 0), 0);
    assert_int_equal(piece(s, 0, 1, 0, 3), 1);
    assert_int_equal(piece(s, 3, 10, 4, 21), 10);
    assert_int_equal(piece(s, 3, 10, 4, 12), 1);
    assert_int_equal(piece(s, 3, 10, 4, 11), 0);
    assert_int_equal(piece(s, 0, 1000, 100, 50), 0);
}

static void
a_piece_has_at_most_64_KiB_of_data(void **state)
{
    struct scene *s = *state;

    assert_int_equal(piece(s, 0, 65535, 0, 4 << 20), 65535);
    assert_int_equal(piece(s, 0, 65536, 0, 4 << 20), 65536);
    assert_int_equal(piece(s, 0, 65537, 0, 4 << 20), 65536);
    assert_int_equal(piece(s, 0, 1 << 30, 0, 4 << 20), 65536);
}

/* Where a shorter length needs a shorter varint one more byte may fit; it need
 * not be used, but the limit must hold. */
static void
no_piece_makes_a_message_over_the_limit(void **state)
{
    struct scene *s = *state;

    for (size_t max = 0; max < 600; max++) {
        struct route_http_body body = { .len = piece(s, 0, 600, 0, max) };

        if (body.len > 0)
            assert_in_range(route_http_body_size(&s->binding, &body), max - 1,
                max);
        else
            assert_in_range(max, 0, 2);
    }
}

/* As gw_rest_begin() does, with a Content-Length or, without one, chunked. */
static void
begin(struct scene *s, const uint64_t *content_length, size_t max)
{
    struct gw_exchange *x = s->f.x;

    x->request.is_chunked = content_length == NULL;
    x->request.has_content_length = content_length != NULL;
    x->request.content_length = content_length == NULL ? 0 : *content_length;
    gw_buffer_init(&x->bound, s->f.worker->pool, 100);
    gw_buffer_init(&x->message, s->f.worker->pool, max);
    gw_http_body_begin(x);
}

static void
an_announced_body_takes_one_block(void **state)
{
    struct scene *s = *state;
    struct gw_exchange *x = s->f.x;
    uint64_t len = 300000;
    char data[1000] = "";

    begin(s, &len, 4 << 20);
    assert_false(x->reply.is_ready);
    blocks = 0;
    for (int i = 0; i < 300; i++)
        assert_int_equal(gw_intake_http_body.body(x, data, 1000), 1000);
    assert_int_equal(x->message.pb.len, len);
    assert_int_equal(blocks, 1);
}

static void
an_announced_body_over_the_limit_is_413_at_once(void **state)
{
    struct scene *s = *state;
    uint64_t len = 97;

    begin(s, &len, 100);
    assert_false(s->f.x->reply.is_ready);
    len = 98;
    begin(s, &len, 100);
    assert_false(s->f.x->reply.is_ready);
    len = 99;
    begin(s, &len, 100);
    assert_true(s->f.x->reply.is_ready && s->f.x->reply.close);
    assert_int_equal(s->f.x->reply.status, 413);
}

static void
without_memory_an_upload_is_500(void **state)
{
    struct scene *s = *state;
    struct gw_exchange *x = s->f.x;
    uint64_t len = 3;

    begin(s, &len, 100);
    blocks_left = 0;
    assert_int_equal(gw_intake_http_body.body(x, "abc", 3), 3);
    blocks_left = -1;
    assert_true(x->reply.is_ready && x->is_refused);
    assert_int_equal(x->reply.status, 500);

    fixture_renew(&s->f);
    x = s->f.x;
    x->rpc = &s->rpc;
    x->binding = &s->binding;
    begin(s, NULL, 100);
    x->request.content_type = sluice_str("a/b");
    gw_buffer_leave_front(&x->message, 10);
    blocks_left = 0;
    gw_intake_http_body.end(x); /* of an empty body */
    blocks_left = -1;
    assert_true(x->reply.is_ready);
    assert_int_equal(x->reply.status, 500);
}

/* ---- Answers ------------------------------------------------------------- */

static void
respond(struct scene *s, const char *wire, size_t len)
{
    sluice_bytes_unref(&s->f.x->response);
    s->f.x->response = sluice_bytes_copy(NULL, wire, len);
    assert_non_null(s->f.x->response);
}

static void
the_answer_is_part_of_the_payload(void **state)
{
    static const char wire[] = "\x0a\3a/b\x12\4data\x20\1";
    struct scene *s = *state;
    struct sluice_bytes *payload;

    respond(s, wire, sizeof wire - 1);
    payload = sluice_bytes_ref(s->f.x->response); /* somebody else's, too */
    assert_int_equal(gw_form_http_body.reply(s->f.x, NULL), PB_OK);
    assert_ptr_equal(s->f.x->reply.body, payload);
    assert_int_equal(s->f.x->reply.body_skip, 7);
    assert_int_equal(s->f.x->reply.body_drop, 2);
    assert_string_equal(s->f.x->reply.content_type, "a/b");
    assert_int_equal(sluice_bytes_size(payload), sizeof wire - 1);
    sluice_bytes_unref(&payload);
}

static void
an_answer_without_data_is_no_part_of_it(void **state)
{
    struct scene *s = *state;

    respond(s, "\x0a\1 \x20\1", 5);
    assert_int_equal(gw_form_http_body.reply(s->f.x, NULL), PB_OK);
    assert_int_equal(s->f.x->reply.body_skip + s->f.x->reply.body_drop, 5);
    assert_string_equal(s->f.x->reply.content_type, GW_HTTP_BODY_TYPE);
}

static void
a_broken_answer_is_said_to_be_one(void **state)
{
    struct scene *s = *state;

    respond(s, "\x12\5data", 6);
    assert_int_equal(gw_form_http_body.reply(s->f.x, NULL), PB_ESYNTAX);
    assert_false(s->f.x->reply.is_ready);
    assert_int_equal(gw_form_http_body_stream.put(s->f.x, s->f.x->response,
                         NULL),
        PB_ESYNTAX);
}

static void
a_stream_is_data_under_the_first_type(void **state)
{
    struct scene *s = *state;
    struct gw_exchange *x = s->f.x;

    gw_buffer_init(&x->out, s->f.worker->pool, 8);
    respond(s, "\x0a\3a/b\x12\4data", 11);
    assert_int_equal(gw_form_http_body_stream.put(x, x->response, NULL), PB_OK);
    respond(s, "\x0a\3\r\n \x12\3set", 10);
    assert_int_equal(gw_form_http_body_stream.put(x, x->response, NULL), PB_OK);
    assert_string_equal(x->out_type, "a/b");
    assert_int_equal(x->out.pb.len, 7);
    assert_memory_equal(x->out.pb.data, "dataset", 7);
    assert_int_equal(gw_form_http_body_stream.put(x, x->response, NULL),
        PB_EFULL);
    assert_int_equal(x->out.pb.len, 7);
    blocks_left = 0;
    gw_buffer_fini(&x->out);
    assert_int_equal(gw_form_http_body_stream.put(x, x->response, NULL),
        PB_ENOMEM);
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, set_up, tear_down)

int
main(void)
{
    const struct CMUnitTest tests[] = {
        TEST(a_piece_is_as_large_as_the_limit_lets_it_be),
        TEST(a_piece_has_at_most_64_KiB_of_data),
        TEST(no_piece_makes_a_message_over_the_limit),
        TEST(an_announced_body_takes_one_block),
        TEST(an_announced_body_over_the_limit_is_413_at_once),
        TEST(without_memory_an_upload_is_500),
        TEST(the_answer_is_part_of_the_payload),
        TEST(an_answer_without_data_is_no_part_of_it),
        TEST(a_broken_answer_is_said_to_be_one),
        TEST(a_stream_is_data_under_the_first_type),
    };

    return cmocka_run_group_tests(tests, NULL, NULL);
}
