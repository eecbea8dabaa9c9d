/* SPDX-License-Identifier: Apache-2.0 */
/* tests/gateway/fixture.c - see fixture.h. */
#include "tests/gateway/fixture.h"

#include <strings.h>
#include <sys/socket.h>
#include <unistd.h>

#include "examples/library/library.h"
#include "gateway/front.h"
#include "gateway/websocket.h"

#define SERVICE "sluice.example.library.v1.Library"

static const char base[] =
    "upstreams: {library: {target: \"inproc:library\", schema: l.pb}}\n"
    "services: [{name: " SERVICE ", upstream: library}]\n";

/* ------------------------------------------------------------- the worker */

/* Nothing is called: an empty service will do. */
static struct sluice_face_servicer *
servicer_new(void *arg, struct sluice_loop *loop)
{
    (void)arg;
    (void)loop;
    return sluice_face_servicer_new();
}

static bool
library_schema(void *arg, const struct route_config *config,
    const struct route_upstream *upstream, const char *name, uint8_t **data,
    size_t *len, char *why)
{
    const uint8_t *set = library_descriptor_set(len);

    (void)arg;
    (void)config;
    (void)upstream;
    (void)name;
    (void)why;
    *data = malloc(*len);
    assert_non_null(*data);
    memcpy(*data, set, *len);
    return true;
}

struct route_set *
fixture_load(const char *text)
{
    struct route_problems problems;
    struct route_config *config;
    struct route_set *set = NULL;

    route_problems_init(&problems);
    config = route_config_parse(text, strlen(text), false, "f", &problems);
    if (config != NULL)
        set = route_set_build(&config, library_schema, NULL, &problems);
    if (set == NULL)
        fail_msg("%s", problems.items[0].message);
    route_problems_fini(&problems);
    return set;
}

static const struct route_rpc *
find_rpc(const struct route_set *set, const char *name)
{
    for (size_t i = 0; i < set->n_rpcs; i++)
        if (strcmp(set->rpcs[i].name, name) == 0)
            return &set->rpcs[i];
    return NULL;
}

static void
free_exchange(struct gw_exchange *x)
{
    gw_websocket_free(&x->websocket);
    if (x->reader != NULL)
        gw_worker_reader_give(x->worker, &x->reader);
    sluice_metadata_unref(&x->request.metadata);
    sluice_metadata_unref(&x->initial_metadata);
    sluice_metadata_unref(&x->terminal_metadata);
    sluice_bytes_unref(&x->payload);
    sluice_bytes_unref(&x->response);
    sluice_bytes_unref(&x->reply.body);
    gw_buffer_fini(&x->bound);
    gw_buffer_fini(&x->message);
    gw_buffer_fini(&x->text);
    gw_buffer_fini(&x->out);
    gw_arena_reset(&x->arena);
    free(x);
}

void
fixture_renew(struct fixture *f)
{
    if (f->x != NULL)
        free_exchange(f->x);
    f->x = calloc(1, sizeof *f->x);
    assert_non_null(f->x);
    f->x->worker = f->worker;
    f->connection =
        (struct gw_connection){ .worker = f->worker, .fd = -1, .spare = -1 };
    f->x->connection = &f->connection;
    f->x->front = &gw_front_rest;
    f->x->form = &gw_form_json;
    f->x->rpc = find_rpc(f->set, "GetBook");
    assert_non_null(f->x->rpc);
    gw_arena_init(&f->x->arena, f->worker->pool);
}

void
fixture_open_serving(struct fixture *f, const char *route_file,
    const struct gw_inproc *inproc, const char *grpc)
{
    char why[256] = "";

    *f = (struct fixture){ .inproc = *inproc, .set = fixture_load(route_file) };
    f->shared = (struct gw_shared){
        .set = f->set,
        .inprocs = &f->inproc,
        .n_inprocs = 1,
        .grpc = grpc,
        .access_fd = -1,
        .n_workers = 1,
        .max_connections = 10,
        .max_surplus = 10,
    };
    f->worker = gw_worker_new(&f->shared, 0, NULL, why);
    if (f->worker == NULL)
        fail_msg("%s", why);
    fixture_renew(f);
}

void
fixture_open(struct fixture *f, const char *more)
{
    char text[2048];
    int len = snprintf(text, sizeof text, "%s%s", base, more);

    assert_in_range(len, 1, sizeof text - 1);
    fixture_open_serving(f, text,
        &(struct gw_inproc){
            .name = "library",
            .servicer_new = servicer_new,
            .servicer_free = sluice_face_servicer_free,
        },
        NULL);
}

void
fixture_drain(struct fixture *f)
{
    free_exchange(f->x);
    gw_worker_drain(f->worker);
}

void
fixture_free(struct fixture *f)
{
    gw_worker_free(&f->worker);
    route_set_free(&f->set);
}

void
fixture_close(struct fixture *f)
{
    fixture_drain(f);
    uv_run(&f->worker->uv, UV_RUN_DEFAULT);
    fixture_free(f);
}

int
fixture_setup(void **state)
{
    struct fixture *f = malloc(sizeof *f);

    assert_non_null(f);
    fixture_open(f, "");
    *state = f;
    return 0;
}

int
fixture_teardown(void **state)
{
    fixture_close(*state);
    free(*state);
    return 0;
}

/* --------------------------------------------------------------- metadata */

struct sluice_metadata *
metadata_of(const char *name, ...)
{
    struct sluice_metadata *md = sluice_metadata_new(NULL);
    va_list ap;

    assert_non_null(md);
    va_start(ap, name);
    while (name != NULL) {
        assert_int_equal(sluice_metadata_add(md, sluice_str(name),
                             sluice_str(va_arg(ap, const char *))),
            SLUICE_OK);
        name = va_arg(ap, const char *);
    }
    va_end(ap);
    return md;
}

const char *
metadata_text(const struct sluice_metadata *md, char *out, size_t room)
{
    size_t n = md == NULL ? 0 : sluice_metadata_count(md);
    size_t len = 0;

    out[0] = '\0';
    for (size_t i = 0; i < n; i++) {
        struct sluice_metadatum m = sluice_metadata_at(md, i);

        len += (size_t)snprintf(out + len, room - len, "%.*s=%.*s\n",
            (int)m.name.len, m.name.ptr, (int)m.value.len, m.value.ptr);
        assert_true(len < room);
    }
    return out;
}

/* ---------------------------------------------------- one request over HTTP */

struct asking {
    http_handle_cb *handle;
    void *arg;
    struct http_answer *answer;
    bool is_completed;
};

/* The head alone comes first; answering then would cost the connection. */
static enum MHD_Result
on_request(void *cls, struct MHD_Connection *mhd, const char *url,
    const char *verb, const char *version, const char *upload,
    size_t *upload_size, void **context)
{
    struct asking *a = cls;

    (void)url;
    (void)verb;
    (void)version;
    (void)upload;
    (void)upload_size;
    if (*context == NULL) {
        *context = a;
        return MHD_YES;
    }
    a->answer->was_handled = true;
    return a->handle(mhd, a->arg);
}

static void
on_completed(void *cls, struct MHD_Connection *mhd, void **context,
    enum MHD_RequestTerminationCode code)
{
    struct asking *a = cls;

    (void)mhd;
    (void)context;
    (void)code;
    a->is_completed = true;
}

static struct MHD_Daemon *
start_daemon(struct asking *a)
{
    struct MHD_Daemon *d = MHD_start_daemon(MHD_USE_EPOLL |
            MHD_USE_NO_LISTEN_SOCKET | MHD_USE_NO_THREAD_SAFETY,
        0, NULL, NULL, on_request, a, MHD_OPTION_NOTIFY_COMPLETED, on_completed,
        a, MHD_OPTION_CLIENT_DISCIPLINE_LVL, 1,
        MHD_OPTION_SIGPIPE_HANDLED_BY_APP, 1,
        MHD_OPTION_CONNECTION_MEMORY_LIMIT, (size_t)64 * 1024, MHD_OPTION_END);

    assert_non_null(d);
    return d;
}

/* What has arrived. false: the end. */
static bool
receive(int fd, struct http_answer *answer)
{
    for (;;) {
        size_t room = sizeof answer->text - 1 - answer->len;
        ssize_t n = recv(fd, answer->text + answer->len, room, MSG_DONTWAIT);

        if (n <= 0)
            return n < 0;
        answer->len += (size_t)n;
    }
}

void
http_ask(const char *request, http_handle_cb *handle, void *arg,
    struct http_answer *answer)
{
    struct asking a = { .handle = handle, .arg = arg, .answer = answer };
    struct MHD_Daemon *daemon = start_daemon(&a);
    struct sockaddr_storage peer = { .ss_family = AF_UNIX };
    ssize_t len = (ssize_t)strlen(request);
    unsigned rounds = 0;
    int fds[2];

    answer->was_handled = false;
    answer->len = 0;
    assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, fds),
        0);
    assert_int_equal(send(fds[0], request, (size_t)len, MSG_NOSIGNAL), len);
    assert_int_equal(MHD_add_connection(daemon, fds[1],
                         (struct sockaddr *)&peer, sizeof(sa_family_t)),
        MHD_YES);
    /* Both ends are here: each round gets on, or all has been said. */
    do
        MHD_run(daemon);
    while (receive(fds[0], answer) && !a.is_completed && ++rounds < 10000);
    receive(fds[0], answer);
    answer->text[answer->len] = '\0';
    MHD_stop_daemon(daemon);
    close(fds[0]);
    assert_true(rounds < 10000);
}

enum MHD_Result
http_queue_nothing(struct MHD_Connection *mhd)
{
    struct MHD_Response *response = MHD_create_response_empty(MHD_RF_NONE);
    enum MHD_Result result = MHD_queue_response(mhd, 204, response);

    MHD_destroy_response(response);
    return result;
}

bool
http_has(const struct http_answer *answer, const char *line)
{
    size_t len = strlen(line);

    for (const char *at = strstr(answer->text, "\r\n"); at != NULL;
         at = strstr(at, "\r\n")) {
        at += 2;
        if (strncmp(at, line, len) == 0 && strncmp(at + len, "\r\n", 2) == 0)
            return true;
    }
    return false;
}

unsigned
http_count(const struct http_answer *answer, const char *name)
{
    size_t len = strlen(name);
    unsigned n = 0;

    for (const char *at = strstr(answer->text, "\r\n"); at != NULL;
         at = strstr(at, "\r\n")) {
        at += 2;
        if (strncasecmp(at, name, len) == 0 && at[len] == ':')
            n++;
    }
    return n;
}
