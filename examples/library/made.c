/* SPDX-License-Identifier: Apache-2.0 */
/* A library must have a source; the others here are generated. */
extern const int library_made_placeholder;
const int library_made_placeholder = 0;
