/* SPDX-License-Identifier: Apache-2.0 */
/*
 * protobuf/number_out.h - numbers as the decimal text that ProtoJSON wants.
 *
 * Each function writes at `to`, where PB_NUMBER_MAX bytes must be free, and
 * returns the byte after the text. No locale, no allocation.
 */
#ifndef PB_NUMBER_OUT_H
#define PB_NUMBER_OUT_H

#include <stdint.h>

enum { PB_NUMBER_MAX = 40 }; /* more than any text, which is moved in blocks */

uint8_t *pb_u64_format(uint8_t *to, uint64_t v);
uint8_t *pb_i64_format(uint8_t *to, int64_t v);

/* v with leading zeros, exactly `digits` (1 to 9) of them. */
uint8_t *pb_u32_format_fixed(uint8_t *to, uint32_t v, unsigned digits);

/* The shortest text that reads back as the same number; of several, the one
 * nearest to it. Plain from 1e-6 to below 1e21, with an exponent otherwise:
 * 0.000001, 1e-7, 100, 1e+21, -0. v must be finite. */
uint8_t *pb_double_format(uint8_t *to, double v);
uint8_t *pb_float_format(uint8_t *to, float v);

#endif
