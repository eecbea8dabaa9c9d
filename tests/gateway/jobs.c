/* SPDX-License-Identifier: Apache-2.0 */
/* tests/gateway/jobs.c - see jobs.h. */
#include "tests/gateway/jobs.h"

#include "tests/gateway/visits.h"

#define LARGE 60000u

/* ---- What the framework tells -------------------------------------------- */

static enum sluice_reply
on_request(void *arg, struct sluice_bytes *request)
{
    struct job *j = arg;

    assert_int_equal(j->n_request_ends, 0);
    assert_int_equal(j->n_terminations, 0);
    if (j->n_requests++ == 0)
        j->tag = visit_tag_in(sluice_bytes_data(request),
            sluice_bytes_size(request));
    sluice_bytes_unref(&request);
    if (!chance_once_in(j->jobs->chance, 40))
        return SLUICE_REPLY_OK;
    j->is_given_up = true;
    return SLUICE_REPLY_FAILED;
}

static enum sluice_reply
on_request_end(void *arg)
{
    struct job *j = arg;

    assert_int_equal(j->n_terminations, 0);
    j->n_request_ends++;
    assert_int_equal(j->n_request_ends, 1);
    return SLUICE_REPLY_OK;
}

static void
on_termination(void *arg)
{
    struct job *j = arg;

    j->n_terminations++;
    assert_int_equal(j->n_terminations, 1);
    sluice_servicer_context_unref(&j->ctx);
}

static enum sluice_reply
on_call(void *self, struct sluice_str group, struct sluice_str method,
    struct sluice_servicer_context *ctx,
    struct sluice_request_consumer *requests)
{
    struct jobs *jobs = self;
    struct job *j = &jobs->job[jobs->n];

    (void)group;
    if (chance_once_in(jobs->chance, 50))
        return SLUICE_REPLY_NO_SUCH_METHOD;
    assert_in_range(jobs->n, 0, JOBS_MAX - 1);
    jobs->n++;
    *j = (struct job){
        .jobs = jobs,
        .ctx = sluice_servicer_context_ref(ctx),
    };
    assert_in_range(method.len, 1, sizeof j->method - 1);
    memcpy(j->method, method.ptr, method.len);
    sluice_servicer_context_on_termination(ctx, on_termination, j);
    *requests = (struct sluice_request_consumer){
        .consume = on_request,
        .terminate = on_request_end,
        .arg = j,
    };
    return SLUICE_REPLY_OK;
}

/* ---- What the service does ------------------------------------------------ */

/* A message with the tag in its first text field; and a long text before that,
 * in one of the same number, of which the last one counts. */
static struct sluice_bytes *
response_of(const struct job *j, bool is_large)
{
    uint8_t field = strcmp(j->method, "ReadBook") == 0 ? 0x12 : 0x0a;
    size_t len = VISIT_TAG_LEN + (is_large ? LARGE : 0);
    struct sluice_bytes *b = sluice_bytes_new(NULL, len + 4);
    uint8_t *p = sluice_bytes_fill(b);
    size_t n = 0;

    if (strcmp(j->method, "AddBooks") == 0) {
        p[n++] = 0x08;
        p[n++] = (uint8_t)(1 + j->n_requests % 100);
        sluice_bytes_set_size(b, n);
        return b;
    }
    p[n++] = field;
    while (len >= 0x80) {
        p[n++] = (uint8_t)(len | 0x80);
        len >>= 7;
    }
    p[n++] = (uint8_t)len;
    if (is_large) {
        memset(p + n, 'x', LARGE);
        n += LARGE;
    }
    visit_tag_write(j->tag, (char *)p + n);
    sluice_bytes_set_size(b, n + VISIT_TAG_LEN);
    return b;
}

static bool
is_streaming(const struct job *j)
{
    return strcmp(j->method, "ReadBook") == 0 ||
        strcmp(j->method, "Discuss") == 0;
}

static void
send_metadata(struct job *j)
{
    struct sluice_metadata *md = sluice_metadata_new(NULL);

    if (sluice_servicer_context_set_initial_metadata(j->ctx, md) != SLUICE_OK)
        return; /* it is too late for that: so be it */
}

static void
respond(struct job *j)
{
    bool is_large = chance_once_in(j->jobs->chance, 30);

    if (j->tag == 0 || (j->n_responses > 0 && !is_streaming(j)))
        return;
    if (sluice_servicer_context_response_budget(j->ctx) <= 0 &&
        !chance_once_in(j->jobs->chance, 8))
        return;
    j->n_responses++;
    sluice_servicer_context_consume(j->ctx, response_of(j, is_large));
}

static void
complete(struct job *j, int code)
{
    j->is_answered = true;
    if (!is_streaming(j) && j->n_responses == 0 && code == 0 && j->tag != 0) {
        j->n_responses++;
        sluice_servicer_context_respond(j->ctx, response_of(j, false));
        return;
    }
    if (j->n_responses == 0 && !is_streaming(j) && code == 0)
        code = 3;
    j->code = code;
    if (code != 0)
        (void)!sluice_servicer_context_set_code(j->ctx, code);
    sluice_servicer_context_terminate(j->ctx);
}

static void
act(struct job *j)
{
    struct chance *c = j->jobs->chance;

    switch (chance_below(c, 12)) {
    case 0:
        send_metadata(j);
        break;
    case 1:
        complete(j, 0);
        break;
    case 2:
        if (chance_once_in(c, 3))
            complete(j, (int)(1 + chance_below(c, 16)));
        break;
    case 3:
        j->is_given_up = chance_once_in(c, 6);
        if (j->is_given_up)
            sluice_servicer_context_cancel(j->ctx);
        break;
    default:
        respond(j);
        break;
    }
}

void
jobs_act(struct jobs *jobs)
{
    struct job *j;

    if (jobs->n == 0)
        return;
    j = &jobs->job[chance_below(jobs->chance, jobs->n)];
    if (j->ctx != NULL && !j->is_answered && !j->is_given_up)
        act(j);
}

void
jobs_finish(struct jobs *jobs)
{
    for (unsigned i = 0; i < jobs->n; i++) {
        struct job *j = &jobs->job[i];

        if (j->ctx != NULL && !j->is_answered && !j->is_given_up)
            complete(j, chance_once_in(jobs->chance, 4) ? 5 : 0);
    }
}

unsigned
jobs_terminated(const struct jobs *jobs)
{
    unsigned n = 0;

    for (unsigned i = 0; i < jobs->n; i++)
        n += jobs->job[i].n_terminations;
    return n;
}

const struct job *
jobs_find(const struct jobs *jobs, unsigned tag)
{
    for (unsigned i = 0; i < jobs->n; i++)
        if (jobs->job[i].tag == tag)
            return &jobs->job[i];
    return NULL;
}

/* ---- The service ---------------------------------------------------------- */

static struct sluice_face_servicer *
servicer_new(void *arg, struct sluice_loop *loop)
{
    struct sluice_face_servicer *s = sluice_face_servicer_new();

    (void)loop;
    assert_non_null(s);
    assert_int_equal(sluice_face_servicer_set_multi_method(s,
                         &(struct sluice_multi_method_implementation){
                             .service = on_call,
                             .self = arg,
                         }),
        SLUICE_OK);
    return s;
}

struct gw_inproc
jobs_service(struct jobs *jobs)
{
    return (struct gw_inproc){
        .name = "library",
        .servicer_new = servicer_new,
        .servicer_free = sluice_face_servicer_free,
        .arg = jobs,
    };
}

void
jobs_begin(struct jobs *jobs, struct chance *chance)
{
    assert_int_equal(jobs_terminated(jobs), jobs->n);
    jobs->n = 0;
    jobs->chance = chance;
}
