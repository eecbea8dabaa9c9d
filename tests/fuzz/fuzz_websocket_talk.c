/* SPDX-License-Identifier: Apache-2.0 */
/*
 * Any bytes as what a WebSocket client does once the handshake was good: frames,
 * mostly well-formed, on a real socket; the RPC is played. What goes upstream, the
 * responses and the Close do not depend on how the frames were cut, nor on when
 * the service had room; what the client gets is frames that RFC 6455 allows.
 */
#include "gateway/websocket_private.h"

#include <assert.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <sluice/status.h>

#include "gateway/admit.h"
#include "gateway/connection.h"
#include "gateway/front.h"
#include "protobuf/utf8.h"
#include "tests/fuzz/played_call.h"
#include "tests/gateway/fixture.h"

#define SAID_MAX 60000u
#define HEARD_MAX ((size_t)1 << 20)
#define MAX_TURNS 20000u
#define LARGE 60u /* times a text */

/* How a client begins, and what the service does when the client has said all. */
struct plan {
    const char *target;
    const char *protocol;
    struct sluice_str responses[3];
    unsigned n_responses;
    int code; /* of an abortion; 0: it completes */
    struct sluice_str details;
    size_t len;
    uint8_t said[SAID_MAX];
};

struct talk {
    struct fixture *f;
    const struct plan *plan;
    int fd;     /* the client's */
    int mhd_fd; /* which MHD would close */
    size_t n_heard;
    uint8_t heard[HEARD_MAX];
};

struct talk_end {
    struct played_end call;
    uint64_t hash; /* of what the client got, but for pings and pongs */
};

/* ---- Without libmicrohttpd ------------------------------------------------ */

static MHD_UpgradeHandler on_upgrade; /* that it was given */
static unsigned n_given_back;
static unsigned n_ended;

struct MHD_Response *__wrap_MHD_create_response_for_upgrade(
    MHD_UpgradeHandler handler, void *cls);
enum MHD_Result __wrap_MHD_add_response_header(struct MHD_Response *response,
    const char *name, const char *value);
enum MHD_Result __wrap_MHD_queue_response(struct MHD_Connection *mhd,
    unsigned status, struct MHD_Response *response);
void __wrap_MHD_destroy_response(struct MHD_Response *response);
enum MHD_Result __wrap_MHD_upgrade_action(struct MHD_UpgradeResponseHandle *urh,
    enum MHD_UpgradeAction action, ...);
void __wrap_gw_exchange_end_websocket(struct gw_exchange *x);

struct MHD_Response *
__wrap_MHD_create_response_for_upgrade(MHD_UpgradeHandler handler, void *cls)
{
    on_upgrade = handler;
    return cls;
}

enum MHD_Result
__wrap_MHD_add_response_header(struct MHD_Response *response, const char *name,
    const char *value)
{
    (void)response;
    assert(strlen(name) > 0 && strlen(value) > 0);
    return MHD_YES;
}

enum MHD_Result
__wrap_MHD_queue_response(struct MHD_Connection *mhd, unsigned status,
    struct MHD_Response *response)
{
    (void)mhd;
    (void)response;
    assert(status == 101);
    return MHD_YES;
}

void
__wrap_MHD_destroy_response(struct MHD_Response *response)
{
    (void)response;
}

enum MHD_Result
__wrap_MHD_upgrade_action(struct MHD_UpgradeResponseHandle *urh,
    enum MHD_UpgradeAction action, ...)
{
    (void)urh;
    assert(action == MHD_UPGRADE_ACTION_CLOSE);
    n_given_back++;
    return MHD_YES;
}

/* The exchange is the fixture's, and goes on. */
void
__wrap_gw_exchange_end_websocket(struct gw_exchange *x)
{
    (void)x;
    n_ended++;
}

/* ---- The plan ------------------------------------------------------------- */

static void
say(struct plan *p, const void *data, size_t len)
{
    if (len > sizeof p->said - p->len)
        len = sizeof p->said - p->len;
    memcpy(p->said + p->len, data, len);
    p->len += len;
}

static void
say_frame(struct plan *p, uint8_t first, struct sluice_str text, size_t times)
{
    static const uint8_t key[4] = { 0x11, 0x22, 0x33, 0x44 };
    size_t n = text.len * times;
    uint8_t head[4] = { first, (uint8_t)(0x80 | n) };

    if (n > 125) {
        head[1] = 0x80 | 126;
        head[2] = (uint8_t)(n >> 8);
        head[3] = (uint8_t)n;
    }
    say(p, head, n > 125 ? 4 : 2);
    say(p, key, sizeof key);
    for (size_t i = 0; i < n; i++) {
        uint8_t c = (uint8_t)((uint8_t)text.ptr[i % text.len] ^ key[i % 4]);

        say(p, &c, 1);
    }
}

/* A frame with the first byte that is given but for two bits: one is for a large
 * one, the other for bytes as they are. */
static void
choose_frame(struct plan *p, struct fuzz_input *in)
{
    uint8_t first = fuzz_byte(in);
    struct sluice_str text = fuzz_text(in);

    if ((first & 0x10) != 0)
        say(p, text.ptr, text.len);
    else
        say_frame(p, first & 0xcf, text, (first & 0x20) != 0 ? LARGE : 1);
}

#define LIBRARY "/sluice.example.library.v1.Library/"

static void
choose_plan(struct plan *p, struct fuzz_input *in)
{
    static const char *const targets[] = { LIBRARY "GetBook",
        LIBRARY "ReadBook", LIBRARY "AddBooks", LIBRARY "Discuss",
        "/v1/shelves/1/books/2", "/v1/shelves/1/books/2:read?page_count=3",
        "/v1/shelves/1/books/2:move", "/v1/shelves/1/books?page_size=3" };
    static const char *const protocols[] = { NULL, "sluice.json",
        "sluice.proto", "sluice.json+metadata", "sluice.proto+metadata", NULL,
        NULL, NULL };
    uint8_t how = fuzz_byte(in), end = fuzz_byte(in);

    p->target = targets[how & 7];
    p->protocol = protocols[how >> 3 & 7];
    p->code = end & 15;
    p->n_responses = end >> 4 & 3;
    for (unsigned i = 0; i < p->n_responses; i++)
        p->responses[i] = fuzz_text(in);
    p->details = fuzz_text(in);
    while (!fuzz_has_ended(in))
        choose_frame(p, in);
}

/* ---- What the client gets ------------------------------------------------- */

static void
check_text(const uint8_t *data, size_t len)
{
    assert(pb_utf8_prefix_plainly(data, len) == len);
}

/* The payload; its length is told in as few bytes as can be. */
static const uint8_t *
read_length(const uint8_t *p, size_t *len)
{
    uint8_t first = p[1];
    size_t least = first == 127 ? 65536 : 126;

    assert(first < 128); /* not masked */
    p += 2;
    *len = first;
    if (first < 126)
        return p;
    *len = 0;
    for (unsigned n = first == 127 ? 8 : 2; n > 0; n--)
        *len = *len << 8 | *p++;
    assert(*len >= least);
    return p;
}

/* Whole frames, one Close at the most, and nothing after it. */
static uint64_t
check_heard(const struct talk *t)
{
    const uint8_t *p = t->heard, *end = p + t->n_heard;
    uint64_t hash = PLAYED_HASH;
    bool is_over = false;

    while (p < end) {
        uint8_t opcode = *p & 15;
        const uint8_t *begin = p;
        size_t len;

        assert(!is_over && (*p & 0xf0) == 0x80 && end - p >= 2);
        p = read_length(p, &len);
        assert(len <= (size_t)(end - p));
        assert(opcode < 8 ? opcode == GW_WS_OP_TEXT || opcode == GW_WS_OP_BINARY
                          : opcode <= GW_WS_OP_PONG && len <= 125);
        is_over = opcode == GW_WS_OP_CLOSE;
        if (opcode == GW_WS_OP_TEXT)
            check_text(p, len);
        else if (is_over && len > 0)
            check_text(p + 2, len - 2);
        p += len;
        if (opcode <= GW_WS_OP_CLOSE)
            hash = played_hash(hash, begin, (size_t)(p - begin));
    }
    return hash;
}

/* ---- One talk ------------------------------------------------------------- */

static struct gw_websocket *
socket_of(const struct talk *t)
{
    return t->f->x->websocket;
}

static bool
is_open(const struct talk *t)
{
    return gw_ws_is_open(socket_of(t));
}

static void
turn(struct talk *t)
{
    const struct sluice_receiver *r = played_call_receiver();
    ssize_t n;

    (void)uv_run(&t->f->worker->uv, UV_RUN_NOWAIT);
    n = recv(t->fd, t->heard + t->n_heard, sizeof t->heard - t->n_heard,
        MSG_DONTWAIT);
    if (n > 0)
        t->n_heard += (size_t)n;
    assert(t->n_heard < sizeof t->heard);
    if (r != NULL && played_call_has_made_room() && t->f->x->is_calling)
        r->allowance(r->arg, 1);
}

/* Until all that was said has been looked at. */
static void
settle(struct talk *t)
{
    unsigned turns = 0;
    int unread = 1;

    for (int quiet = 0; quiet < 4; quiet++) {
        assert(turns++ < MAX_TURNS);
        turn(t);
        (void)ioctl(t->f->connection.fd, FIONREAD, &unread);
        if (is_open(t) && (unread > 0 || socket_of(t)->is_held))
            quiet = 0;
    }
}

static void
open_talk(struct talk *t)
{
    struct gw_exchange *x = t->f->x;
    struct gw_handshake *h = &x->request.handshake;
    struct gw_admission admission;
    int fds[2], rc;

    rc = socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, fds);
    assert(rc == 0);
    t->fd = fds[0];
    t->mhd_fd = fds[1];
    t->f->connection.fd = fds[1];
    t->f->connection.holders = GW_HELD_BY_MHD;
    t->f->connection.shard = t->f->worker->shards[0];
    x->request.verb = "GET";
    x->request.verb_len = 3;
    x->request.timeout_ns = -1;
    x->request.is_websocket = true;
    gw_request_set_target(&x->request, t->plan->target,
        strlen(t->plan->target));
    (void)gw_handshake_read(h, "Upgrade", 7, sluice_str("websocket"));
    (void)gw_handshake_read(h, "Connection", 10, sluice_str("upgrade"));
    (void)gw_handshake_read(h, "Sec-WebSocket-Version", 21, sluice_str("13"));
    (void)gw_handshake_read(h, "Sec-WebSocket-Key", 17,
        sluice_str("dGhlIHNhbXBsZSBub25jZQ=="));
    if (t->plan->protocol != NULL)
        (void)gw_handshake_read(h, "Sec-WebSocket-Protocol", 22,
            sluice_str(t->plan->protocol));
    rc = (int)gw_admit_target(t->f->set, &x->request, &x->worker->match,
        &admission);
    assert(rc == GW_ADMIT_ROUTE);
    x->binding = x->worker->match.binding;
    x->rpc = x->binding->rpc;
    x->front = &gw_front_websocket;
    x->front->begin(x);
    assert(!x->reply.is_ready);
    x->intake->end(x);
    rc = (int)gw_websocket_queue(x);
    assert(rc == MHD_YES);
}

/* The first piece comes with the handshake. */
static void
say_all(struct talk *t)
{
    const uint8_t *p = t->plan->said;
    size_t left = t->plan->len, n = left > 0 ? played_call_cut(left) : 0;
    ssize_t sent;

    on_upgrade(t->f->x, NULL, NULL, (const char *)p, n, t->f->connection.fd,
        (struct MHD_UpgradeResponseHandle *)t);
    for (unsigned turns = 0; n < left && is_open(t); turns++) {
        assert(turns < 2 * SAID_MAX);
        turn(t);
        p += n;
        left -= n;
        sent =
            send(t->fd, p, played_call_cut(left), MSG_DONTWAIT | MSG_NOSIGNAL);
        n = sent > 0 ? (size_t)sent : 0;
    }
    settle(t);
}

static void
end_call(struct talk *t, const struct sluice_receiver *r, bool is_cancelled)
{
    const struct sluice_completion good = { .has_code = true };
    struct sluice_abortion bad = { .kind = SLUICE_ABORTION_REMOTE_FAILURE,
        .outcome = SLUICE_REMOTE_FAILURE,
        .has_code = true,
        .code = t->plan->code,
        .details = t->plan->details };

    if (is_cancelled)
        bad = (struct sluice_abortion){ .kind = SLUICE_ABORTION_CANCELLED,
            .outcome = SLUICE_CANCELLED };
    if (is_cancelled || t->plan->code != 0)
        r->abortion(r->arg, &bad);
    else
        r->complete(r->arg, &good);
    settle(t);
}

/* As a service does, whatever it was told. */
static void
answer(struct talk *t, const struct sluice_receiver *r)
{
    struct gw_exchange *x = t->f->x;
    bool is_stream = x->rpc->method->server_streaming;
    unsigned n = is_stream ? t->plan->n_responses : t->plan->code == 0;
    enum sluice_reply reply = SLUICE_REPLY_OK;

    r->initial_metadata(r->arg, NULL);
    for (unsigned i = 0; i < n && reply == SLUICE_REPLY_OK; i++) {
        reply = r->response(r->arg,
            sluice_bytes_copy(x->worker->pool, t->plan->responses[i].ptr,
                t->plan->responses[i].len));
        settle(t);
    }
    end_call(t, r, reply != SLUICE_REPLY_OK);
}

/* The client leaves, if nobody has yet. */
static void
close_talk(struct talk *t)
{
    struct gw_exchange *x = t->f->x;

    (void)shutdown(t->fd, SHUT_WR);
    settle(t);
    assert(!is_open(t) && n_given_back == 1 && n_ended == 1);
    sluice_timer_stop(t->f->worker->loop, &t->f->connection.timer);
    assert(x->connection->websocket == NULL);
    (void)close(t->fd);
    (void)close(t->mhd_fd);
    (void)close(t->f->connection.fd);
}

static struct talk_end
run(const struct plan *plan, struct fuzz_input cuts)
{
    struct talk *t = calloc(1, sizeof *t);
    const struct sluice_receiver *r;
    struct talk_end end;

    assert(t != NULL);
    t->f = played_call_fixture("limits: {max_request_message: 8KiB}\n");
    t->plan = plan;
    n_given_back = n_ended = 0;
    played_call_begin(cuts);
    open_talk(t);
    say_all(t);
    r = played_call_receiver();
    if (r != NULL && t->f->x->is_calling && socket_of(t)->state == GW_WS_OPEN)
        answer(t, r);
    close_talk(t);
    end.call = played_call_end(t->f->x);
    end.hash = check_heard(t);
    free(t);
    return end;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct fuzz_input none = { NULL, 0 };
    struct fuzz_input in = { data, size };
    struct sluice_str cuts = fuzz_text(&in);
    struct fuzz_input pieces = { (const uint8_t *)cuts.ptr, cuts.len };
    struct plan *plan = calloc(1, sizeof *plan);
    struct talk_end whole, cut;

    assert(plan != NULL);
    choose_plan(plan, &in);
    whole = run(plan, none);
    cut = run(plan, pieces);
    assert(played_end_is_same(whole.call, cut.call));
    /* Of text that is neither JSON nor UTF-8 either may be told. */
    assert(whole.hash == cut.hash ||
        whole.call.code == SLUICE_CODE_INVALID_ARGUMENT);
    free(plan);
    return 0;
}
