/* SPDX-License-Identifier: Apache-2.0 */
/* Goes when the first real source of this folder comes. */
extern const int gateway_placeholder;
const int gateway_placeholder = 0;
