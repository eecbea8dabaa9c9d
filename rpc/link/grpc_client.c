/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/grpc_client.c - the client side of the gRPC link: one connection
 * to one target, made when needed, and the queue of calls without a stream.
 *
 * Every call starts in the queue. It is emptied when the session writes, at
 * the end of the turn, so that what a call is given within its first turn goes
 * out in one piece, and a call cancelled at once never leaves.
 */
#include "rpc/link/grpc_client.h"

#include "config.h"
#include "rpc/check.h"

#include <stdlib.h>
#include <uv.h>

#define CLIENT_MAGIC 0x67727063u

#define DEFAULT_MAX_MESSAGE (4u * 1024 * 1024)
#define DEFAULT_MAX_METADATA (16u * 1024)
#define DEFAULT_MAX_WAITING 10000u
#define DEFAULT_WINDOW 65535u
#define DEFAULT_CONNECT_TIMEOUT (20 * SLUICE_SECOND)
#define DEFAULT_INITIAL_BACKOFF (1 * SLUICE_SECOND)
#define DEFAULT_MAX_BACKOFF (120 * SLUICE_SECOND)
#define LEAST_KEEPALIVE_TIME (10 * SLUICE_SECOND)
#define DEFAULT_KEEPALIVE_TIMEOUT (20 * SLUICE_SECOND)
#define DEFAULT_USER_AGENT "grpc-c-sluice/" PACKAGE_VERSION

static const char unreachable[] = "the backend cannot be reached";
static const char closed[] = "the client has been closed";

/* ----------------------------------------------------------- connecting */

static void
give_up(struct sluice_grpc_client *client, struct rpc_grpc_call *call,
    struct rpc_grpc_end end)
{
    rpc_grpc_client_dequeue(client, call);
    rpc_grpc_call_end(call, end);
}

/* Those that wait for a better time stay. */
static void
fail_waiting(struct sluice_grpc_client *client, struct rpc_grpc_end end)
{
    struct rpc_grpc_call *call;
    struct rpc_grpc_call *next;

    for (call = TAILQ_FIRST(&client->waiting); call != NULL; call = next) {
        next = TAILQ_NEXT(call, link);
        if (!call->waits_for_ready)
            give_up(client, call, end);
    }
}

/* Leaves the backend alone for a while. */
static void
back_off(struct sluice_grpc_client *client)
{
    uint64_t due = client->attempt_began_ns +
        (uint64_t)rpc_grpc_backoff_next(&client->backoff);

    client->state = SLUICE_GRPC_TRANSIENT_FAILURE;
    sluice_timer_start(client->loop, &client->timer, due);
}

/* The attempt led to nothing. */
static void
connect_failed(struct sluice_grpc_client *client)
{
    back_off(client);
    fail_waiting(client, rpc_grpc_end_unreachable(unreachable));
}

/* The same, for want of memory here: the next call may try at once, unless some
 * are there already that wait for a better time. */
static void
connect_fell_short(struct sluice_grpc_client *client)
{
    client->state = SLUICE_GRPC_IDLE;
    sluice_timer_stop(client->loop, &client->timer);
    fail_waiting(client, rpc_grpc_end_short());
    if (client->waiting_count > 0)
        back_off(client);
}

static void
on_dialed(void *arg, struct rpc_grpc_socket *socket, bool is_short)
{
    struct sluice_grpc_client *client = arg;

    RPC_CHECK(client, CLIENT_MAGIC);
    assert(client->state == SLUICE_GRPC_CONNECTING);
    client->dial = NULL;
    if (socket != NULL) {
        client->session = rpc_grpc_session_new(client, socket);
        is_short = client->session == NULL;
    }
    if (is_short)
        connect_fell_short(client);
    else if (client->session == NULL)
        connect_failed(client);
}

static void
connect_now(struct sluice_grpc_client *client)
{
    assert(client->session == NULL && client->dial == NULL);
    client->state = SLUICE_GRPC_CONNECTING;
    client->attempt_began_ns = sluice_loop_now(client->loop);
    client->dial = rpc_grpc_dial_start(client->loop, &client->target,
        client->connect_timeout_ns, &client->hold, on_dialed, client);
    if (client->dial == NULL)
        connect_fell_short(client);
    else
        sluice_timer_start(client->loop, &client->timer,
            client->attempt_began_ns + (uint64_t)client->connect_timeout_ns);
}

static void
on_timer(struct sluice_timer *timer)
{
    struct sluice_grpc_client *client =
        RPC_CONTAINER_OF(timer, struct sluice_grpc_client, timer);

    RPC_CHECK(client, CLIENT_MAGIC);
    if (client->state == SLUICE_GRPC_TRANSIENT_FAILURE) {
        client->state = SLUICE_GRPC_IDLE;
        if (client->waiting_count > 0)
            connect_now(client);
    } else if (client->dial != NULL) {
        rpc_grpc_dial_abandon(&client->dial);
        connect_failed(client);
    } else {
        assert(client->state == SLUICE_GRPC_CONNECTING);
        rpc_grpc_session_close(client->session); /* comes back as gone */
    }
}

/* The session takes no calls any more. One that never took any is no better
 * than none at all: connecting again at once could go on for ever. */
static void
lose_session(struct sluice_grpc_client *client, bool was_used, bool is_short)
{
    bool was_vain = client->state != SLUICE_GRPC_READY ||
        (!was_used && client->waiting_count > 0);

    client->session = NULL;
    if (client->state == SLUICE_GRPC_SHUTDOWN)
        return;
    client->state = SLUICE_GRPC_IDLE;
    sluice_timer_stop(client->loop, &client->timer);
    if (was_vain && is_short)
        connect_fell_short(client);
    else if (was_vain)
        connect_failed(client);
    else if (client->waiting_count > 0)
        connect_now(client);
}

void
rpc_grpc_client_session_ready(struct sluice_grpc_client *client,
    struct rpc_grpc_session *session)
{
    if (session != client->session || client->state != SLUICE_GRPC_CONNECTING)
        return;
    client->state = SLUICE_GRPC_READY;
    sluice_timer_stop(client->loop, &client->timer);
    rpc_grpc_backoff_reset(&client->backoff);
    rpc_grpc_session_wake(session);
}

void
rpc_grpc_client_session_drains(struct sluice_grpc_client *client,
    struct rpc_grpc_session *session, bool was_used)
{
    if (session == client->session)
        lose_session(client, was_used, false);
}

void
rpc_grpc_client_session_gone(struct sluice_grpc_client *client,
    struct rpc_grpc_session *session, bool was_used, bool is_short)
{
    if (session == client->session)
        lose_session(client, was_used, is_short);
}

/* ---------------------------------------------------------------- queue */

/* The call is in the queue: sees to it that this moves. */
static void
stir(struct sluice_grpc_client *client, struct rpc_grpc_call *call)
{
    switch (client->state) {
    case SLUICE_GRPC_IDLE:
        connect_now(client);
        break;
    case SLUICE_GRPC_READY:
        rpc_grpc_session_wake(client->session);
        break;
    case SLUICE_GRPC_TRANSIENT_FAILURE:
        if (!call->waits_for_ready)
            give_up(client, call, rpc_grpc_end_unreachable(unreachable));
        break;
    case SLUICE_GRPC_SHUTDOWN:
        give_up(client, call, rpc_grpc_end_unreachable(closed));
        break;
    case SLUICE_GRPC_CONNECTING:
        break;
    }
}

/* One call more may wait if it need not wait long: those that the session has
 * room for do not count. */
static bool
may_wait(const struct sluice_grpc_client *client)
{
    size_t slots = 0;

    if (client->waiting_count < client->max_waiting)
        return true;
    if (client->state == SLUICE_GRPC_READY)
        slots = rpc_grpc_session_slots(client->session);
    return client->waiting_count - client->max_waiting < slots;
}

enum sluice_err
rpc_grpc_client_enqueue(struct sluice_grpc_client *client,
    struct rpc_grpc_call *call)
{
    RPC_CHECK(client, CLIENT_MAGIC);
    if (client->state == SLUICE_GRPC_SHUTDOWN)
        return SLUICE_ESTATE;
    if (!may_wait(client)) {
        rpc_grpc_call_end(call,
            rpc_grpc_end_unreachable("too many calls wait for the backend"));
        return SLUICE_OK;
    }
    TAILQ_INSERT_TAIL(&client->waiting, call, link);
    client->waiting_count++;
    call->place = RPC_GRPC_WAITING;
    stir(client, call);
    return SLUICE_OK;
}

void
rpc_grpc_client_enqueue_again(struct sluice_grpc_client *client,
    struct rpc_grpc_call *call)
{
    TAILQ_INSERT_HEAD(&client->waiting, call, link);
    client->waiting_count++;
    call->place = RPC_GRPC_WAITING;
    stir(client, call);
}

void
rpc_grpc_client_dequeue(struct sluice_grpc_client *client,
    struct rpc_grpc_call *call)
{
    assert(call->place == RPC_GRPC_WAITING && client->waiting_count > 0);
    TAILQ_REMOVE(&client->waiting, call, link);
    client->waiting_count--;
    call->place = RPC_GRPC_NOWHERE;
}

static void
submit(struct sluice_grpc_client *client, struct rpc_grpc_session *session,
    struct rpc_grpc_call *call)
{
    rpc_grpc_client_dequeue(client, call);
    switch (rpc_grpc_session_submit(session, call)) {
    case SLUICE_OK:
        break;
    case SLUICE_ELIMIT:
        rpc_grpc_call_end(call,
            rpc_grpc_end_exhausted("the request has too much metadata"));
        break;
    case SLUICE_ENOMEM:
        rpc_grpc_call_end(call, rpc_grpc_end_short());
        break;
    default:
        rpc_grpc_call_end(call,
            rpc_grpc_end_unreachable("the backend takes no calls"));
        break;
    }
}

void
rpc_grpc_client_pump(struct sluice_grpc_client *client,
    struct rpc_grpc_session *session)
{
    size_t slots;

    if (session != client->session || client->waiting_count == 0)
        return;
    for (slots = rpc_grpc_session_slots(session);
         slots > 0 && client->waiting_count > 0; slots--)
        submit(client, session, TAILQ_FIRST(&client->waiting));
}

/* ---------------------------------------------------------- life's ends */

static bool
is_usable(const struct sluice_grpc_client_options *o)
{
    return o->initial_window <= INT32_MAX && o->max_window <= INT32_MAX &&
        o->connect_timeout_ns >= 0 && o->initial_backoff_ns >= 0 &&
        o->max_backoff_ns >= 0 && o->keepalive_time_ns >= 0 &&
        o->keepalive_timeout_ns >= 0 && o->max_message <= UINT32_MAX;
}

static void
take_keepalive(struct sluice_grpc_client *c,
    const struct sluice_grpc_client_options *o)
{
    c->keepalive.time_ns = o->keepalive_time_ns;
    if (o->keepalive_time_ns > 0 && !o->keepalive_is_permitted &&
        o->keepalive_time_ns < LEAST_KEEPALIVE_TIME)
        c->keepalive.time_ns = LEAST_KEEPALIVE_TIME;
    c->keepalive.timeout_ns = o->keepalive_timeout_ns
        ? o->keepalive_timeout_ns
        : DEFAULT_KEEPALIVE_TIMEOUT;
    c->keepalive.is_polite = !o->keepalive_is_permitted;
    c->keepalive_without_calls = o->keepalive_without_calls;
}

static void
take_options(struct sluice_grpc_client *c,
    const struct sluice_grpc_client_options *o, uint64_t seed)
{
    int64_t initial = o->initial_backoff_ns;
    int64_t max = o->max_backoff_ns;

    c->reading.pool = c->pool;
    c->reading.max_message =
        o->max_message ? o->max_message : DEFAULT_MAX_MESSAGE;
    c->max_metadata = o->max_metadata ? o->max_metadata : DEFAULT_MAX_METADATA;
    c->max_waiting = o->max_waiting ? o->max_waiting : DEFAULT_MAX_WAITING;
    c->initial_window = o->initial_window ? o->initial_window : DEFAULT_WINDOW;
    c->max_window = o->max_window;
    if (o->max_window == 0)
        c->max_window =
            o->initial_window ? o->initial_window : RPC_GRPC_WINDOW_MOST;
    c->connect_timeout_ns =
        o->connect_timeout_ns ? o->connect_timeout_ns : DEFAULT_CONNECT_TIMEOUT;
    take_keepalive(c, o);
    initial = initial ? initial : DEFAULT_INITIAL_BACKOFF;
    max = max ? max : DEFAULT_MAX_BACKOFF;
    rpc_grpc_backoff_init(&c->backoff, initial, max > initial ? max : initial,
        seed);
}

static enum sluice_err
take_texts(struct sluice_grpc_client *c,
    const struct sluice_grpc_client_options *o)
{
    struct sluice_str authority = o->authority;
    struct sluice_str agent = o->user_agent;

    if (authority.len == 0)
        authority = sluice_str(c->target.authority);
    if (agent.len == 0)
        agent = sluice_str(DEFAULT_USER_AGENT);
    if (!sluice_metadata_value_is_valid(sluice_str("authority"), authority) ||
        !sluice_metadata_value_is_valid(sluice_str("user-agent"), agent))
        return SLUICE_EINVAL;
    c->texts = malloc(authority.len + agent.len);
    if (c->texts == NULL)
        return SLUICE_ENOMEM;
    memcpy(c->texts, authority.ptr, authority.len);
    memcpy(c->texts + authority.len, agent.ptr, agent.len);
    rpc_grpc_request_base_init(&c->request,
        sluice_str_n(c->texts, authority.len),
        sluice_str_n(c->texts + authority.len, agent.len));
    return SLUICE_OK;
}

static enum sluice_err
take_memory(struct sluice_grpc_client *c)
{
    c->shared = rpc_grpc_session_shared_new(c->pool);
    c->reading.coder = rpc_grpc_coder_new();
    if (c->shared == NULL || c->reading.coder == NULL)
        return SLUICE_ENOMEM;
    return rpc_grpc_buffers_init(&c->buffers);
}

static void
client_free(struct sluice_grpc_client *c)
{
    rpc_grpc_session_shared_free(&c->shared);
    rpc_grpc_coder_free(&c->reading.coder);
    free(c->texts);
    rpc_grpc_buffers_fini(&c->buffers);
    c->magic = 0;
    free(c);
}

static void
on_hold_free(struct rpc_grpc_hold *hold)
{
    struct sluice_grpc_client *client =
        RPC_CONTAINER_OF(hold, struct sluice_grpc_client, hold);
    void (*on_closed)(void *arg) = client->on_closed;
    void *arg = client->on_closed_arg;

    RPC_CHECK(client, CLIENT_MAGIC);
    client_free(client);
    if (on_closed != NULL)
        on_closed(arg);
}

/* Runs after the call of close has returned. */
static void
on_close_task(struct sluice_task *task)
{
    struct sluice_grpc_client *client =
        RPC_CONTAINER_OF(task, struct sluice_grpc_client, closed);

    rpc_grpc_hold_drop(&client->hold);
}

enum sluice_err
sluice_grpc_client_new(struct sluice_loop *loop,
    const struct sluice_grpc_client_options *options,
    struct sluice_grpc_client **client)
{
    struct sluice_grpc_client *c;
    enum sluice_err err;
    const char *why;
    uint64_t seed;

    *client = NULL;
    if (!is_usable(options))
        return SLUICE_EINVAL;
    c = calloc(1, sizeof(*c));
    if (c == NULL)
        return SLUICE_ENOMEM;
    c->link.ops = &rpc_grpc_call_ops;
    c->magic = CLIENT_MAGIC;
    c->loop = loop;
    c->pool = sluice_loop_pool(loop);
    c->timer.expire = on_timer;
    c->closed.run = on_close_task;
    c->hold.on_free = on_hold_free;
    TAILQ_INIT(&c->waiting);
    TAILQ_INIT(&c->sessions);
    if (uv_random(NULL, NULL, &seed, sizeof(seed), 0, NULL) != 0)
        seed = uv_hrtime();
    take_options(c, options, seed);

    err = rpc_grpc_target_parse(&c->target, options->target, &why);
    if (err == SLUICE_OK)
        err = take_texts(c, options);
    if (err == SLUICE_OK)
        err = take_memory(c);
    if (err != SLUICE_OK) {
        client_free(c);
        return err;
    }
    rpc_grpc_hold_take(&c->hold);
    *client = c;
    return SLUICE_OK;
}

struct sluice_link *
sluice_grpc_client_link(struct sluice_grpc_client *client)
{
    RPC_CHECK(client, CLIENT_MAGIC);
    return &client->link;
}

void
sluice_grpc_client_close(struct sluice_grpc_client **client,
    void (*on_closed)(void *arg), void *arg)
{
    struct sluice_grpc_client *c = *client;

    RPC_CHECK(c, CLIENT_MAGIC);
    *client = NULL;
    c->state = SLUICE_GRPC_SHUTDOWN;
    c->on_closed = on_closed;
    c->on_closed_arg = arg;
    sluice_timer_stop(c->loop, &c->timer);
    rpc_grpc_dial_abandon(&c->dial);
    /* Only calls nobody listens to can be left, the End being stopped. */
    while (!TAILQ_EMPTY(&c->waiting))
        give_up(c, TAILQ_FIRST(&c->waiting), rpc_grpc_end_unreachable(closed));
    while (!TAILQ_EMPTY(&c->sessions))
        rpc_grpc_session_close(TAILQ_FIRST(&c->sessions));
    sluice_loop_defer(c->loop, &c->closed);
}

enum sluice_grpc_state
sluice_grpc_client_state(const struct sluice_grpc_client *client)
{
    RPC_CHECK(client, CLIENT_MAGIC);
    return client->state;
}
