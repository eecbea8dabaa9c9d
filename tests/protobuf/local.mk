# SPDX-License-Identifier: Apache-2.0
#
# A unit test is three lines:
#   check_PROGRAMS += tests/protobuf/test_X
#   tests_protobuf_test_X_SOURCES = tests/protobuf/test_X.c
#   tests_protobuf_test_X_LDADD = $(PROTOBUF_LIBS) $(CMOCKA_LIBS)

# Buffers, wire format, schemas
check_PROGRAMS += tests/protobuf/test_buf
tests_protobuf_test_buf_SOURCES = tests/protobuf/test_buf.c
tests_protobuf_test_buf_LDADD = $(PROTOBUF_LIBS) $(CMOCKA_LIBS)
