/* SPDX-License-Identifier: Apache-2.0 */
/* Goes when the first real source of this folder comes. */
extern const int routes_placeholder;
const int routes_placeholder = 0;
