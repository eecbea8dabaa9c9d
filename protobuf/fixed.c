/* SPDX-License-Identifier: Apache-2.0 */
/* A library must have a source; the others here are generated. */
extern const int pb_fixed_placeholder;
const int pb_fixed_placeholder = 0;
