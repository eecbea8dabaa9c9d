/* SPDX-License-Identifier: Apache-2.0 */
/*
 * examples/library/scratch.h - memory for one request's message: handed out
 * from front to back, taken back all at once. A message that does not fit is
 * refused, which bounds what a few hostile bytes can blow up to.
 */
#ifndef LIBRARY_SCRATCH_H
#define LIBRARY_SCRATCH_H

#include <stdbool.h>
#include <protobuf-c/protobuf-c.h>

#define LIBRARY_SCRATCH_BYTES (256u * 1024u)

struct library_scratch {
    ProtobufCAllocator allocator; /* for protobuf-c's unpack functions */
    size_t used;
    bool has_overflowed;
    _Alignas(max_align_t) unsigned char bytes[LIBRARY_SCRATCH_BYTES];
};

void library_scratch_init(struct library_scratch *scratch);

/* Everything handed out is void from here on. */
void library_scratch_reset(struct library_scratch *scratch);

#endif
