/* SPDX-License-Identifier: Apache-2.0 */
/*
 * tests/fuzz/peer.c - a socket's other end.
 */
#include "tests/fuzz/peer.h"

#include <assert.h>
#include <errno.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#define HEAD 9
#define PREFACE "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"
#define PREFACE_LEN 24u

void
fuzz_peer_open(struct fuzz_peer *p, int fd, bool is_server)
{
    int rc = fcntl(fd, F_SETFL, O_NONBLOCK);

    assert(rc == 0);
    memset(p, 0, sizeof(*p));
    p->fd = fd;
    p->is_server = is_server;
    p->words = is_server ? &fuzz_responses : &fuzz_requests;
    p->preface = is_server ? PREFACE_LEN : 0;
    rc = nghttp2_hd_inflate_new(&p->inflater);
    assert(rc == 0);
    if (!is_server)
        fuzz_bytes_add(&p->out, PREFACE, PREFACE_LEN);
}

void
fuzz_peer_close(struct fuzz_peer *p)
{
    if (p->fd < 0)
        return;
    (void)close(p->fd);
    p->fd = -1;
    nghttp2_hd_inflate_del(p->inflater);
}

/* -------------------------------------------------------------- writing */

void
fuzz_peer_write(struct fuzz_peer *p, size_t most)
{
    size_t len = p->out.len - p->sent;
    ssize_t n;

    if (p->fd < 0 || len == 0)
        return;
    n = send(p->fd, p->out.data + p->sent, len < most ? len : most,
        MSG_NOSIGNAL);
    if (n < 0)
        return; /* full, or nobody is there any more */
    p->sent += (size_t)n;
    if (p->sent == p->out.len)
        p->sent = p->out.len = 0;
}

void
fuzz_peer_speak(struct fuzz_peer *p, struct fuzz_input *in)
{
    unsigned cut = fuzz_byte(in);

    if (p->fd < 0)
        return;
    fuzz_frames_choose(&p->out, in, p->words);
    if (cut >= 128)
        fuzz_peer_write(p, cut - 128u);
    else if (cut >= 64 && p->out.len - p->sent > cut - 64u)
        fuzz_peer_write(p, p->out.len - p->sent - (cut - 64u));
    else if (cut < 32)
        fuzz_peer_write(p, SIZE_MAX);
}

void
fuzz_peer_shut(struct fuzz_peer *p)
{
    if (p->fd >= 0)
        (void)shutdown(p->fd, SHUT_WR);
}

/* -------------------------------------------------------------- reading */

static bool
is_name(const nghttp2_nv *nv, const char *name)
{
    return sluice_str_equal(sluice_str_n((const char *)nv->name, nv->namelen),
        sluice_str(name));
}

static void
check_field(struct fuzz_peer *p, const nghttp2_nv *nv)
{
    size_t i;

    for (i = 0; i < nv->namelen; i++)
        assert(nv->name[i] < 'A' || nv->name[i] > 'Z');
    for (i = 0; i < nv->valuelen; i++)
        assert(nv->value[i] >= 0x20 && nv->value[i] < 0x7f);
    if (is_name(nv, "grpc-status"))
        p->grpc_statuses++;
    if (!is_name(nv, ":status"))
        return;
    p->statuses++;
    p->block_of->is_ok = nv->valuelen == 3 && memcmp(nv->value, "200", 3) == 0;
}

static void
check_block_end(struct fuzz_peer *p)
{
    struct fuzz_stream *s = p->block_of;

    p->is_in_block = false;
    nghttp2_hd_inflate_end_headers(p->inflater);
    if (p->is_server)
        assert(p->statuses == 0 && p->grpc_statuses == 0);
    else
        assert(p->statuses == (s->has_head ? 0 : 1));
    if (!s->has_ended)
        assert(p->grpc_statuses == 0);
    else if (s->is_ok)
        assert(p->grpc_statuses == 1);
    s->has_head = true;
}

static void
check_block(struct fuzz_peer *p, const uint8_t *data, size_t len, bool is_last)
{
    nghttp2_nv nv;
    ssize_t n;
    int flags;

    do {
        n = nghttp2_hd_inflate_hd2(p->inflater, &nv, &flags, data, len,
            is_last);
        assert(n >= 0);
        data += n;
        len -= (size_t)n;
        if ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0)
            check_field(p, &nv);
    } while ((flags & NGHTTP2_HD_INFLATE_EMIT) != 0 || len > 0);
    if (is_last)
        check_block_end(p);
}

static struct fuzz_stream *
stream_of(struct fuzz_peer *p, uint32_t number)
{
    struct fuzz_stream *last = &p->stream[FUZZ_STREAMS - 1];

    assert(number % 2 == 1);
    if (number / 2 < FUZZ_STREAMS - 1)
        return &p->stream[number / 2];
    if (last->number != number)
        *last = (struct fuzz_stream){ .number = number };
    return last;
}

static void
check_stream(struct fuzz_stream *s, unsigned type, unsigned flags)
{
    if (type != NGHTTP2_RST_STREAM)
        assert(!s->has_ended);
    s->has_ended |=
        type == NGHTTP2_RST_STREAM || (flags & NGHTTP2_FLAG_END_STREAM) != 0;
}

static void
check_headers(struct fuzz_peer *p, unsigned flags, const uint8_t *data,
    size_t len)
{
    assert((flags & (NGHTTP2_FLAG_PADDED | NGHTTP2_FLAG_PRIORITY)) == 0);
    p->is_in_block = true;
    p->statuses = 0;
    p->grpc_statuses = 0;
    check_block(p, data, len, (flags & NGHTTP2_FLAG_END_HEADERS) != 0);
}

static void
check_frame(struct fuzz_peer *p, size_t len)
{
    const uint8_t *f = p->frame;
    unsigned type = f[3], flags = f[4];
    uint32_t stream = (uint32_t)f[5] << 24 | (uint32_t)f[6] << 16 |
        (uint32_t)f[7] << 8 | f[8];

    assert(p->has_begun || type == NGHTTP2_SETTINGS);
    p->has_begun = true;
    assert(type <= NGHTTP2_CONTINUATION && type != NGHTTP2_PUSH_PROMISE);
    assert(p->is_in_block == (type == NGHTTP2_CONTINUATION));
    if (type == NGHTTP2_HEADERS || type == NGHTTP2_DATA ||
        type == NGHTTP2_RST_STREAM) {
        p->block_of = stream_of(p, stream);
        check_stream(p->block_of, type, flags);
    }
    if (type == NGHTTP2_HEADERS)
        check_headers(p, flags, f + HEAD, len);
    else if (type == NGHTTP2_CONTINUATION)
        check_block(p, f + HEAD, len, (flags & NGHTTP2_FLAG_END_HEADERS) != 0);
}

/* Takes what belongs to the preface, or to one frame. */
static size_t
take(struct fuzz_peer *p, const uint8_t *data, size_t len)
{
    size_t want, n;

    if (p->preface > 0) {
        n = len < p->preface ? len : p->preface;
        assert(memcmp(&PREFACE[PREFACE_LEN - p->preface], data, n) == 0);
        p->preface -= n;
        return n;
    }
    want = HEAD;
    if (p->have >= HEAD)
        want +=
            (size_t)p->frame[0] << 16 | (size_t)p->frame[1] << 8 | p->frame[2];
    assert(want <= sizeof(p->frame));
    n = len < want - p->have ? len : want - p->have;
    memcpy(p->frame + p->have, data, n);
    p->have += n;
    if (p->have == want &&
        (want > HEAD || memcmp(p->frame, "\0\0\0", 3) == 0)) {
        p->have = 0;
        check_frame(p, want - HEAD);
    }
    return n;
}

void
fuzz_peer_read(struct fuzz_peer *p)
{
    uint8_t data[16384];
    size_t at;
    ssize_t n;

    if (p->fd < 0)
        return;
    while ((n = recv(p->fd, data, sizeof(data), 0)) > 0) {
        for (at = 0; at < (size_t)n;)
            at += take(p, data + at, (size_t)n - at);
    }
}
