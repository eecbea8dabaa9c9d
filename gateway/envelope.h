/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/envelope.h - messages in a stream of bytes, each after five bytes: one
 * of flags, four of its length, big-endian. gRPC-Web ("Framing") and Connect
 * ("Enveloped-Message") both have them; what the flags mean is theirs.
 *
 * A length is believed only as far as bytes have arrived: room is made for them
 * and not for what was announced, and a length over the limit ends the stream
 * before the message does.
 */
#ifndef GW_ENVELOPE_H
#define GW_ENVELOPE_H

#include "gateway/buffer.h"

#define GW_ENVELOPE_HEAD 5u

struct gw_envelope {
    uint8_t head[GW_ENVELOPE_HEAD];
    uint8_t n_head; /* bytes of it that are here */
    uint32_t left;  /* bytes of the message still to come, once it is whole */
};

enum gw_envelope_state {
    GW_ENVELOPE_MORE,     /* all was taken, the message is not whole */
    GW_ENVELOPE_MESSAGE,  /* it is: take it, and feed on */
    GW_ENVELOPE_TOO_LONG, /* it would be over out's limit */
    GW_ENVELOPE_NO_MEMORY
};

void gw_envelope_init(struct gw_envelope *e);

/* Reads on, at most to the end of one message, which goes to out (an empty one,
 * whose limit is that of a message). *used is how much was taken. After
 * TOO_LONG or NO_MEMORY it must not be fed again. */
enum gw_envelope_state gw_envelope_feed(struct gw_envelope *e, const char *data,
    size_t len, struct gw_buffer *out, size_t *used);

/* Of the message that is whole, or, as soon as its first byte is here, of the
 * one that is arriving. */
static inline uint8_t
gw_envelope_flags(const struct gw_envelope *e)
{
    return e->head[0];
}

/* The length that was announced; after TOO_LONG. */
uint32_t gw_envelope_length(const struct gw_envelope *e);

/* Whether flags and length of the message that is arriving are here. */
static inline bool
gw_envelope_has_head(const struct gw_envelope *e)
{
    return e->n_head == GW_ENVELOPE_HEAD;
}

/* Whether nothing of a message has come: the stream may end here. */
static inline bool
gw_envelope_is_between(const struct gw_envelope *e)
{
    return e->n_head == 0;
}

/* After a message: the next one begins. */
static inline void
gw_envelope_next(struct gw_envelope *e)
{
    e->n_head = 0;
}

/* Writes a head. */
void gw_envelope_write(uint8_t head[GW_ENVELOPE_HEAD], uint8_t flags,
    uint32_t len);

#endif
