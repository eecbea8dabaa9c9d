/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/rpc/join.c - see join.h.
 */
#include "tests/rpc/join.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>
#include <uv.h>

#include <sluice/status.h>

/* ------------------------------------------------------------ the sockets */

static void
listen_somewhere(struct join *j)
{
    const char *folder = getenv("TMPDIR"), *why = NULL;

    if (j->kind == OVER_UNIX)
        snprintf(j->address, sizeof(j->address), "unix:%s/sluice-%ld-%llx",
            folder != NULL ? folder : "/tmp", (long)getpid(),
            (unsigned long long)uv_hrtime());
    else
        snprintf(j->address, sizeof(j->address), "127.0.0.1:0");
    if (sluice_grpc_server_listen(j->server, sluice_str(j->address), &why) !=
        SLUICE_OK)
        fail_msg("cannot listen on %s: %s", j->address, why);
    if (j->kind == OVER_TCP)
        snprintf(j->address, sizeof(j->address), "ipv4:127.0.0.1:%u",
            sluice_grpc_server_port(j->server, 0));
}

void
join_serve(struct join *j, enum join_kind kind, struct sluice_end *serving)
{
    memset(j, 0, sizeof(*j));
    j->kind = kind;
    j->serving = serving;
    if (!is_grpc(kind))
        return;
    (void)signal(SIGPIPE, SIG_IGN);
    assert_int_equal(sluice_grpc_server_new(sluice_end_loop(serving), serving,
                         NULL, &j->server),
        SLUICE_OK);
    listen_somewhere(j);
}

void
join_invoke(struct join *j, struct sluice_end *invoking)
{
    struct sluice_grpc_client_options options = { .max_message = 0 };

    if (is_grpc(j->kind)) {
        options.target = sluice_str(j->address);
        assert_int_equal(sluice_grpc_client_new(sluice_end_loop(invoking),
                             &options, &j->client),
            SLUICE_OK);
        sluice_end_join(invoking, sluice_grpc_client_link(j->client));
        return;
    }
    j->link = sluice_inproc_link_new(j->serving);
    assert_non_null(j->link);
    sluice_end_join(invoking, j->link);
}

void
join_leave(struct join *j, void (*on_closed)(void *arg), void *arg)
{
    if (is_grpc(j->kind)) {
        sluice_grpc_client_close(&j->client, on_closed, arg);
        return;
    }
    sluice_inproc_link_free(&j->link);
    on_closed(arg);
}

void
join_close(struct join *j, void (*on_closed)(void *arg), void *arg)
{
    if (j->server != NULL)
        sluice_grpc_server_close(&j->server, on_closed, arg);
    else
        on_closed(arg);
}

/* ---------------------------------------------------------- the difference */

int32_t
join_code_of_service(enum sluice_outcome_kind service)
{
    switch (service) {
    case SLUICE_COMPLETED:
        return SLUICE_CODE_OK;
    case SLUICE_CANCELLED:
        return SLUICE_CODE_CANCELLED;
    case SLUICE_EXPIRED:
        return SLUICE_CODE_DEADLINE_EXCEEDED;
    case SLUICE_LOCAL_SHUTDOWN:
        return SLUICE_CODE_UNAVAILABLE;
    case SLUICE_LOCAL_FAILURE:
        return SLUICE_CODE_UNKNOWN;
    case SLUICE_RECEPTION_FAILURE:
        return SLUICE_CODE_INTERNAL;
    case SLUICE_REMOTE_FAILURE: /* no such method */
        return SLUICE_CODE_UNIMPLEMENTED;
    case SLUICE_REMOTE_SHUTDOWN:
    case SLUICE_TRANSMISSION_FAILURE:
        break;
    }
    fail_msg("%s is not told", sluice_outcome_kind_name(service));
    return -1;
}

int32_t
join_code_of_invoker(enum sluice_outcome_kind invoker)
{
    switch (invoker) {
    case SLUICE_CANCELLED:
        return SLUICE_CODE_CANCELLED;
    case SLUICE_LOCAL_SHUTDOWN:
        return SLUICE_CODE_UNAVAILABLE;
    case SLUICE_LOCAL_FAILURE:
        return SLUICE_CODE_INTERNAL;
    default:
        break;
    }
    fail_msg("%s is not told", sluice_outcome_kind_name(invoker));
    return -1;
}

static void
add_word(char *out, size_t size, const char *word)
{
    size_t len = strlen(out);

    snprintf(out + len, size - len, "%s%s", len > 0 ? " " : "", word);
}

static void
add_completion(char *out, size_t size, const char *word, bool is_invoker)
{
    char kept[128];
    size_t len;

    if (!is_invoker) {
        add_word(out, size, "c");
        return;
    }
    snprintf(kept, sizeof(kept), "%s", word[1] == '\0' ? "c0" : word);
    len = strlen(kept);
    if (kept[len - 1] == ':')
        kept[len - 1] = '\0';
    add_word(out, size, kept);
}

void
join_words(enum join_kind kind, bool is_invoker, const char *words, char *out,
    size_t size)
{
    char copy[8192], *rest = copy, *word;

    if (!is_grpc(kind)) {
        snprintf(out, size, "%s", words);
        return;
    }
    *out = '\0';
    snprintf(copy, sizeof(copy), "%s", words);
    while ((word = strsep(&rest, " ")) != NULL) {
        if (*word == 'c')
            add_completion(out, size, word, is_invoker);
        else if (*word == 'm' || *word == 'p' || (*word == 't' && is_invoker))
            add_word(out, size, word);
    }
}
