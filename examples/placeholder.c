/* SPDX-License-Identifier: Apache-2.0 */
/* Goes when the first real source of this folder comes. */
extern const int examples_placeholder;
const int examples_placeholder = 0;
