/* SPDX-License-Identifier: Apache-2.0 */
/* gateway/server.c - see server.h. */
#include "gateway/server.h"

#include <errno.h>
#include <fcntl.h>
#include <malloc.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>
#include <unistd.h>

#include "gateway/address.h"
#include "gateway/connection.h"
#include "gateway/upstream.h"

#define DEFAULT_LISTEN "127.0.0.1:8080"
#define WORKERS_MAX 256u
#define LARGE_BYTES (64 * 1024)
#define TRIM_BYTES (1024 * 1024)

/* Descriptors that are no client's: standard ones, libuv's for signals, a log;
 * a worker's loop, a name being looked up, WebSockets that have two for a
 * moment, somebody who is refused. */
#define OF_THE_PROCESS 8u
#define OF_A_WORKER 16u
#define CLIENTS_PER_SHARD 128u

struct server {
    struct gw_shared shared;
    struct gw_address *addresses;
    struct gw_worker **workers;
    unsigned n_started;
    size_t most_descriptors; /* that may be open */
    bool has_less_clients;   /* than were asked for */
    bool serves_grpc;
    char grpc[128]; /* where */
};

/* Unless it is told, glibc keeps what one large message took for the next one,
 * which may never come. What pools keep of such for some seconds goes back to
 * the system then, wherever it lies. */
static void
give_memory_back(void)
{
#ifdef __GLIBC__
    (void)mallopt(M_MMAP_THRESHOLD, LARGE_BYTES);
    (void)mallopt(M_TRIM_THRESHOLD, TRIM_BYTES);
#endif
}

/* Descriptors: as many as the hard limit allows, for connections are many. How
 * many that is. */
static size_t
raise_descriptor_limit(void)
{
    struct rlimit limit;

    if (getrlimit(RLIMIT_NOFILE, &limit) != 0)
        return SIZE_MAX;
    if (limit.rlim_cur < limit.rlim_max) {
        limit.rlim_cur = limit.rlim_max;
        (void)setrlimit(RLIMIT_NOFILE, &limit);
        (void)getrlimit(RLIMIT_NOFILE, &limit);
    }
    return limit.rlim_cur == RLIM_INFINITY ? SIZE_MAX : limit.rlim_cur;
}

/* For how many clients of a worker there are descriptors. Who is over that is
 * told so; were all descriptors theirs, none would be left for an upstream. */
static size_t
clients_for(const struct server *s, const struct route_config *config)
{
    size_t each = s->most_descriptors / s->shared.n_workers;
    size_t needed = OF_THE_PROCESS + OF_A_WORKER;
    size_t shards;

    /* An upstream has two connections while one of them drains. */
    needed += s->shared.n_addresses + 2 * config->n_upstreams;
    if (each <= needed)
        return 1;
    each -= needed;
    shards = each / CLIENTS_PER_SHARD + 1;
    if (shards > GW_SHARDS_MAX)
        shards = GW_SHARDS_MAX;
    return each > shards ? each - shards : 1;
}

static void
limit_clients(struct server *s, const struct route_config *config)
{
    size_t wanted = config->max_connections / s->shared.n_workers;
    size_t room = clients_for(s, config);
    size_t surplus = room / 4 < GW_SURPLUS_MAX ? room / 4 : GW_SURPLUS_MAX;

    if (wanted == 0)
        wanted = 1;
    s->has_less_clients = room - surplus < wanted;
    s->shared.max_connections = s->has_less_clients ? room - surplus : wanted;
    s->shared.max_surplus = surplus;
}

static unsigned
worker_count(const struct route_config *config)
{
    unsigned n = config->workers;

    if (n == 0)
        n = uv_available_parallelism();
    if (n > WORKERS_MAX)
        n = WORKERS_MAX;
    return n;
}

static int
open_access_log(const struct route_config *config)
{
    int fd;

    if (config->access_log == NULL || strcmp(config->access_log, "-") == 0)
        return STDERR_FILENO;
    if (strcmp(config->access_log, "off") == 0)
        return -1;
    fd = open(config->access_log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC,
        0640);
    if (fd < 0)
        gw_log("%s: access_log: cannot open %s: %s", config->file,
            config->access_log, strerror(errno));
    return fd;
}

static bool
parse_addresses(struct server *s, const struct gw_server_options *options)
{
    const struct route_config *config = options->set->config;
    bool is_one = options->listen != NULL || config->n_listen == 0;
    size_t n = is_one ? 1 : config->n_listen;

    s->addresses = calloc(n, sizeof *s->addresses);
    if (s->addresses == NULL) {
        gw_log("memory is short");
        return false;
    }
    for (size_t i = 0; i < n; i++) {
        const char *text = options->listen != NULL ? options->listen
            : is_one                               ? DEFAULT_LISTEN
                                                   : config->listen[i];
        const char *why = gw_address_parse(&s->addresses[i], text);

        if (why != NULL) {
            gw_log("%s: listen: %s: %s", config->file, text, why);
            return false;
        }
        s->shared.n_addresses++;
    }
    return true;
}

/* The first worker's socket decides a port of 0 for the others, and all share
 * the one socket of a unix path. */
static int
listen_for(struct gw_address *a, unsigned index, int first)
{
    int fd;

    if (index > 0 && a->storage.ss_family == AF_UNIX)
        return dup(first);
    if (index == 0 && !gw_address_is_free(a))
        return -1;
    fd = gw_address_listen(a);
    if (fd >= 0 && index == 0) {
        a->len = sizeof a->storage;
        (void)getsockname(fd, (struct sockaddr *)&a->storage, &a->len);
    }
    return fd;
}

/* Every address, into fds. false: a message was written, and none is open. */
static bool
listen_everywhere(struct server *s, unsigned index, const int *first, int *fds)
{
    for (size_t i = 0; i < s->shared.n_addresses; i++) {
        fds[i] = listen_for(&s->addresses[i], index, first[i]);
        if (fds[i] >= 0)
            continue;
        gw_log("cannot listen on %s: %s", s->addresses[i].text,
            strerror(errno));
        while (i-- > 0)
            close(fds[i]);
        return false;
    }
    return true;
}

/* first are the first worker's sockets, found out by it; fds is scratch. */
static bool
make_worker(struct server *s, unsigned index, int *first, int *fds)
{
    char why[256];

    if (!listen_everywhere(s, index, first, fds))
        return false;
    if (index == 0)
        memcpy(first, fds, s->shared.n_addresses * sizeof *fds);
    s->workers[index] = gw_worker_new(&s->shared, index, fds, why);
    if (s->workers[index] == NULL)
        gw_log("worker %u: %s", index, why);
    return s->workers[index] != NULL;
}

static bool
make_workers(struct server *s)
{
    int *first = calloc(s->shared.n_addresses, sizeof *first);
    int *fds = calloc(s->shared.n_addresses, sizeof *fds);
    bool is_good;

    s->workers = calloc(s->shared.n_workers, sizeof(struct gw_worker *));
    is_good = first != NULL && fds != NULL && s->workers != NULL;
    if (!is_good)
        gw_log("memory is short");
    for (unsigned i = 0; is_good && i < s->shared.n_workers; i++)
        is_good = make_worker(s, i, first, fds);
    free(first);
    free(fds);
    return is_good;
}

static bool
start_workers(struct server *s)
{
    s->serves_grpc = gw_worker_grpc_address(s->workers[0], s->grpc);
    for (; s->n_started < s->shared.n_workers; s->n_started++)
        if (!gw_worker_start(s->workers[s->n_started])) {
            gw_log("cannot start a thread");
            return false;
        }
    return true;
}

static void
announce(const struct server *s)
{
    for (size_t i = 0; i < s->shared.n_addresses; i++) {
        const struct gw_address *a = &s->addresses[i];

        gw_address_print(a);
    }
    if (s->serves_grpc)
        gw_log("serving gRPC on %s", s->grpc);
    if (s->has_less_clients)
        gw_log("max_connections: %u cannot be had where %zu descriptors may "
               "be open (ulimit -n); it is %zu",
            s->shared.set->config->max_connections, s->most_descriptors,
            s->shared.max_connections * s->shared.n_workers);
}

static void
wait_for_signal(void)
{
    sigset_t set;
    int got;

    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    sigwait(&set, &got);
    /* A second one is not waited for: it ends the process. */
    sigemptyset(&set);
    pthread_sigmask(SIG_SETMASK, &set, NULL);
}

static void
block_signals(void)
{
    sigset_t set;

    signal(SIGPIPE, SIG_IGN);
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    pthread_sigmask(SIG_BLOCK, &set, NULL);
}

static void
drain(struct server *s)
{
    for (unsigned i = 0; i < s->n_started; i++)
        gw_worker_drain(s->workers[i]);
    for (unsigned i = 0; i < s->n_started; i++)
        gw_worker_await_drain(s->workers[i]);
}

/* Whatever of it there is. */
static void
finish(struct server *s)
{
    for (unsigned i = 0; s->workers != NULL && i < s->shared.n_workers; i++)
        if (s->workers[i] != NULL) {
            gw_worker_join(s->workers[i]);
            gw_worker_free(&s->workers[i]);
        }
    for (size_t i = 0; i < s->shared.n_addresses; i++)
        gw_address_cleanup(&s->addresses[i]);
    if (s->shared.access_fd > STDERR_FILENO)
        close(s->shared.access_fd);
    free(s->workers);
    free(s->addresses);
}

int
gw_server_run(const struct gw_server_options *options)
{
    const struct route_config *config = options->set->config;
    struct server s = {
        .shared = {
            .set = options->set,
            .inprocs = options->inprocs,
            .n_inprocs = options->n_inprocs,
            .pages = options->pages,
            .grpc = options->grpc,
            .n_workers = worker_count(config),
        },
    };
    int status = 1;

    block_signals();
    s.most_descriptors = raise_descriptor_limit();
    give_memory_back();
    s.shared.access_fd = open_access_log(config);
    if (s.shared.access_fd < 0 && config->access_log != NULL &&
        strcmp(config->access_log, "off") != 0)
        return 1;
    if (!parse_addresses(&s, options))
        goto out;
    limit_clients(&s, config);
    if (!make_workers(&s))
        goto out;
    if (!start_workers(&s)) {
        drain(&s);
        goto out;
    }
    announce(&s);
    wait_for_signal();
    drain(&s);
    gw_log("draining");
    status = 0;

out:
    finish(&s);
    if (status == 0)
        gw_log("stopped");
    return status;
}

void
gw_server_check(const struct route_config *config,
    const struct gw_inproc *inprocs, size_t n_inprocs,
    struct route_problems *problems)
{
    for (size_t i = 0; i < config->n_listen; i++) {
        struct gw_address a;
        const char *why = gw_address_parse(&a, config->listen[i]);

        if (why != NULL)
            route_problems_add(problems, config->file, config->listen_line,
                "listen: %s: %s", config->listen[i], why);
    }
    for (size_t i = 0; i < config->n_upstreams; i++) {
        const struct route_upstream *u = &config->upstreams[i];
        const char *why = u->n_targets == 0
            ? NULL /* a draft's: a problem already */
            : gw_upstream_check_target(u->targets[0], inprocs, n_inprocs);

        if (why != NULL)
            route_problems_add(problems, u->place.file, u->place.line,
                "upstream %s: target %s: %s", u->name, u->targets[0], why);
    }
}
