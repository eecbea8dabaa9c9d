/* SPDX-License-Identifier: Apache-2.0 */
/* Goes when the first real source of this folder comes. */
extern const int protobuf_placeholder;
const int protobuf_placeholder = 0;
