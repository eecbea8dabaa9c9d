/* SPDX-License-Identifier: Apache-2.0 */
/*
 * gateway/transcode.h - messages from one file descriptor to another, as JSON
 * or in the binary format: what "sluice transcode" does once it knows what is
 * wanted. Blocking; SIGPIPE is the caller's to ignore.
 */
#ifndef GW_TRANSCODE_H
#define GW_TRANSCODE_H

#include "protobuf/json.h"

enum gw_format { GW_FORMAT_JSON, GW_FORMAT_BINARY };

struct gw_transcode {
    const struct pb_message *message;
    struct pb_json_options json;
    enum gw_format from;
    enum gw_format to;
    int in;  /* the caller's, like */
    int out; /* this one */
};

/* All of the input is one message. It is passed on while it comes, as far as
 * the formats allow: when it fails, a part may have been written. False: it did
 * fail, and why has been said on stderr, as "sluice: stdin:LINE:COLUMN: PATH:
 * ..." or, of binary input, "sluice: stdin: byte N: PATH: ...". */
bool gw_transcode_one(const struct gw_transcode *t);

/* The input is messages, each after its length in 4 bytes, little endian, and
 * so are the answers. A message that cannot be transcoded is answered by the
 * length 0xffffffff and then what is wrong with it, after its own length: the
 * text that gw_transcode_one() says after "stdin:". Answers are not kept back
 * while more input is waited for. False: the input ended within a message, one
 * was over 2 GiB, or reading or writing failed; it has been said on stderr. */
bool gw_transcode_delimited(const struct gw_transcode *t);

#endif
