/* SPDX-License-Identifier: Apache-2.0 */
/*
 * examples/rpc/numbers.h - the service that face.c calls in its own process
 * and grpc.c serves to the world: numbers, written in decimal digits.
 *
 *   Square     one number in, its square out             inline style
 *   CountDown  one number in, all from it down to 1 out  event style
 *   Sum        numbers in, their sum out                 inline style
 */
#ifndef NUMBERS_H
#define NUMBERS_H

#include <sluice/face.h>

#define NUMBERS_GROUP "example.Numbers"

/* pool: for the inline methods; to be freed when the End has stopped, before
 * the servicer. NULL when memory is short. */
struct sluice_face_servicer *numbers_servicer_new(
    struct sluice_thread_pool *pool);

/* A number as a message, and back: what is not a number counts as 0. Takes the
 * reference. */
struct sluice_bytes *number_message(long number);
long message_number(struct sluice_bytes *message);

#endif
