/* SPDX-License-Identifier: Apache-2.0 */
/* Goes when the first real source of this folder comes. */
extern const int rpc_placeholder;
const int rpc_placeholder = 0;
