/* SPDX-License-Identifier: Apache-2.0 */
/*
 * rpc/link/inproc.c - two Ends on one loop, joined by nothing but memory.
 *
 * An operation is a pipe with two halves, one per side. A ticket sent from one
 * half waits in the inbox of the other until a deferred task delivers it; its
 * metadata and payload arrive as they were sent, by reference. An abort does
 * not wait behind other tickets: it goes first, and they find the operation
 * terminated. It needs no memory but for its text, which it can do without.
 *
 * A side that leaves without a last word, because a ticket of its own got lost
 * or one of the other side was not in order, is reported to the other side as
 * a reception failure.
 */
#include <stdlib.h>

#include <sluice/link.h>
#include <sluice/status.h>

#include "rpc/check.h"
#include "rpc/metadata.h"

#define INPROC_MAGIC 0x696e7072u

struct letter {
    struct letter *next;
    size_t size; /* of this storage */
    struct sluice_ticket ticket;
    char text[]; /* group and method, or message */
};

struct half {
    struct pipe *pipe;
    struct sluice_operation *op; /* NULL: not yet accepted, or closed */
    bool is_closed;
    bool has_ended;          /* has sent its completion or an abort */
    bool is_short;           /* memory was, for something it had to send */
    struct sluice_task task; /* delivers the inbox */
    struct letter *inbox;
    struct letter **last_letter;
    struct sluice_ticket abort; /* NONE, or what goes first */
};

struct pipe {
    struct inproc *link;
    struct half invoker;
    struct half service;
};

struct inproc {
    struct sluice_link link; /* first: it is what Ends know */
    unsigned magic;
    struct sluice_end *service;
    struct sluice_loop *loop;
    struct sluice_pool *pool;
    size_t pipes;
};

/* ------------------------------------------------------------ letters */

static struct sluice_str
copy_text(char **at, struct sluice_str s)
{
    struct sluice_str copy = { NULL, 0 };

    if (s.ptr == NULL)
        return copy;
    copy = sluice_str_n(*at, s.len);
    if (s.len > 0)
        memcpy(*at, s.ptr, s.len);
    *at += s.len;
    return copy;
}

static void
release_references(struct sluice_ticket *t)
{
    rpc_metadata_drop(&t->initial_metadata);
    sluice_bytes_unref(&t->payload);
    rpc_metadata_drop(&t->terminal_metadata);
}

/* Takes the references of t. NULL when memory is short. */
static struct letter *
letter_new(struct inproc *in, struct sluice_ticket *t)
{
    size_t size =
        sizeof(struct letter) + t->group.len + t->method.len + t->message.len;
    struct letter *letter = sluice_pool_take(in->pool, size);
    char *at;

    if (letter == NULL) {
        release_references(t);
        return NULL;
    }
    at = letter->text;
    letter->next = NULL;
    letter->size = size;
    letter->ticket = *t;
    letter->ticket.protocol = NULL; /* options are for us, and mean nothing */
    letter->ticket.group = copy_text(&at, t->group);
    letter->ticket.method = copy_text(&at, t->method);
    letter->ticket.message = copy_text(&at, t->message);
    return letter;
}

/* Of a letter whose references have been handed on. */
static void
give_storage(struct inproc *in, struct letter *letter)
{
    sluice_pool_give(in->pool, letter, letter->size);
}

static struct letter *
take_letter(struct half *half)
{
    struct letter *letter = half->inbox;

    if (letter == NULL)
        return NULL;
    half->inbox = letter->next;
    if (half->inbox == NULL)
        half->last_letter = &half->inbox;
    return letter;
}

static void
empty_inbox(struct half *half)
{
    struct letter *letter;

    while ((letter = take_letter(half)) != NULL) {
        release_references(&letter->ticket);
        give_storage(half->pipe->link, letter);
    }
}

/* ------------------------------------------------------------- aborts */

/* The text of an abort is storage of its own. */
static void
take_abort(struct half *half, struct sluice_ticket *abort)
{
    *abort = half->abort;
    memset(&half->abort, 0, sizeof(half->abort));
}

static void
give_abort_text(struct inproc *in, struct sluice_ticket *abort)
{
    sluice_pool_give(in->pool, (char *)abort->message.ptr,
        abort->message.len + 1);
}

static void
drop_abort(struct half *half)
{
    struct sluice_ticket abort;

    take_abort(half, &abort);
    release_references(&abort);
    give_abort_text(half->pipe->link, &abort);
}

/* Takes the references of t. */
static void
post_abort(struct half *to, struct sluice_ticket *t)
{
    struct inproc *in = to->pipe->link;
    char *text = NULL;

    if (t->message.ptr != NULL)
        text = sluice_pool_take(in->pool, t->message.len + 1);
    if (text != NULL)
        memcpy(text, t->message.ptr, t->message.len);
    drop_abort(to);
    to->abort = *t;
    to->abort.protocol = NULL;
    to->abort.message = sluice_str_n(text, text != NULL ? t->message.len : 0);
    sluice_loop_defer(in->loop, &to->task);
}

/* -------------------------------------------------------------- pipes */

static struct half *
other_half(struct half *half)
{
    struct pipe *pipe = half->pipe;

    return half == &pipe->invoker ? &pipe->service : &pipe->invoker;
}

static void
close_half(struct half *half)
{
    struct pipe *pipe = half->pipe;

    half->is_closed = true;
    half->op = NULL;
    empty_inbox(half);
    drop_abort(half);
    sluice_task_cancel(&half->task);
    if (!other_half(half)->is_closed)
        return;
    assert(pipe->link->pipes > 0);
    pipe->link->pipes--;
    sluice_pool_give(pipe->link->pool, pipe, sizeof(*pipe));
}

static enum sluice_err
post_letter(struct half *to, struct sluice_ticket *t)
{
    struct inproc *in = to->pipe->link;
    struct letter *letter = letter_new(in, t);

    if (letter == NULL)
        return SLUICE_ENOMEM;
    *to->last_letter = letter;
    to->last_letter = &letter->next;
    sluice_loop_defer(in->loop, &to->task);
    return SLUICE_OK;
}

static void
deliver_inbox(struct half *half)
{
    struct inproc *in = half->pipe->link;
    struct sluice_ticket abort;
    struct letter *letter;

    if (half->abort.termination != SLUICE_TERMINATION_NONE) {
        take_abort(half, &abort);
        sluice_operation_deliver(half->op, &abort);
        give_abort_text(in, &abort);
    }
    while ((letter = take_letter(half)) != NULL) {
        sluice_operation_deliver(half->op, &letter->ticket);
        give_storage(in, letter);
    }
}

static void
on_invoker_inbox(struct sluice_task *task)
{
    deliver_inbox(RPC_CONTAINER_OF(task, struct half, task));
}

/* The service wants no new operation: neither half has further use. */
static void
refuse(struct half *service)
{
    struct sluice_ticket t = { .termination = SLUICE_TERMINATION_SHUTDOWN };
    struct half *invoker = other_half(service);

    if (!invoker->is_closed)
        sluice_operation_deliver(invoker->op, &t);
    close_half(service);
}

static void
on_service_inbox(struct sluice_task *task)
{
    struct half *half = RPC_CONTAINER_OF(task, struct half, task);
    struct inproc *in = half->pipe->link;
    struct letter *letter;
    enum sluice_err err;

    if (half->op == NULL) {
        letter = take_letter(half);
        err = sluice_end_accept(in->service, &in->link, half, &letter->ticket,
            &half->op);
        give_storage(in, letter);
        if (err != SLUICE_OK) {
            refuse(half);
            return;
        }
    }
    deliver_inbox(half);
}

/* ----------------------------------------------------------- the link */

static void
init_half(struct half *half, struct pipe *pipe,
    void (*on_inbox)(struct sluice_task *task))
{
    memset(half, 0, sizeof(*half));
    half->pipe = pipe;
    half->task.run = on_inbox;
    half->last_letter = &half->inbox;
}

static enum sluice_err
inproc_open(struct sluice_link *link, struct sluice_operation *op,
    struct sluice_ticket *first, void **transport)
{
    struct inproc *in = RPC_CONTAINER_OF(link, struct inproc, link);
    struct pipe *pipe;
    enum sluice_err err;

    RPC_CHECK(in, INPROC_MAGIC);
    pipe = sluice_pool_take(in->pool, sizeof(*pipe));
    if (pipe == NULL) {
        release_references(first);
        return SLUICE_ENOMEM;
    }
    pipe->link = in;
    init_half(&pipe->invoker, pipe, on_invoker_inbox);
    init_half(&pipe->service, pipe, on_service_inbox);
    pipe->invoker.has_ended =
        first->termination == SLUICE_TERMINATION_COMPLETION;
    /* Whoever wants nothing is not told of the end either. */
    pipe->service.has_ended = first->subscription == SLUICE_SUBSCRIPTION_NONE;
    err = post_letter(&pipe->service, first);
    if (err != SLUICE_OK) {
        sluice_pool_give(in->pool, pipe, sizeof(*pipe));
        return err;
    }
    in->pipes++;
    pipe->invoker.op = op;
    *transport = &pipe->invoker;
    return SLUICE_OK;
}

static enum sluice_err
inproc_send(void *transport, struct sluice_ticket *ticket)
{
    struct half *from = transport, *to = other_half(from);
    bool aborts = ticket->termination > SLUICE_TERMINATION_COMPLETION;
    enum sluice_err err = SLUICE_OK;

    RPC_CHECK(from->pipe->link, INPROC_MAGIC);
    if (aborts && to->op == NULL && !to->is_closed)
        close_half(to); /* the service has not seen it and never will */
    if (to->is_closed)
        release_references(ticket);
    else if (aborts)
        post_abort(to, ticket);
    else
        err = post_letter(to, ticket);
    from->is_short |= err != SLUICE_OK;
    if (ticket->termination != SLUICE_TERMINATION_NONE && err == SLUICE_OK)
        from->has_ended = true;
    return err;
}

static void
inproc_close(void *transport)
{
    struct sluice_ticket lost = {
        .termination = SLUICE_TERMINATION_RECEPTION_FAILURE,
    };
    struct sluice_ticket unsent = {
        .termination = SLUICE_TERMINATION_LOCAL_FAILURE,
        .has_code = true,
        .code = SLUICE_CODE_INTERNAL,
        .message = sluice_str("memory is short"),
    };
    struct half *half = transport;

    /* An abort never fails. */
    if (half->is_short)
        (void)inproc_send(half, &unsent);
    else if (!half->has_ended)
        (void)inproc_send(half, &lost);
    close_half(half);
}

static const struct sluice_link_ops inproc_ops = {
    .open = inproc_open,
    .send = inproc_send,
    .close = inproc_close,
};

struct sluice_link *
sluice_inproc_link_new(struct sluice_end *service)
{
    struct inproc *in = calloc(1, sizeof(*in));

    if (in == NULL)
        return NULL;
    in->link.ops = &inproc_ops;
    in->magic = INPROC_MAGIC;
    in->service = service;
    in->loop = sluice_end_loop(service);
    in->pool = sluice_loop_pool(in->loop);
    return &in->link;
}

void
sluice_inproc_link_free(struct sluice_link **link)
{
    struct inproc *in;

    if (*link == NULL)
        return;
    in = RPC_CONTAINER_OF(*link, struct inproc, link);
    RPC_CHECK(in, INPROC_MAGIC);
    assert(in->pipes == 0);
    *link = NULL;
    in->magic = 0;
    free(in);
}
