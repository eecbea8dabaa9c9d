# SPDX-License-Identifier: Apache-2.0
#
# A unit test is three lines:
#   check_PROGRAMS += tests/rpc/test_X
#   tests_rpc_test_X_SOURCES = tests/rpc/test_X.c
#   tests_rpc_test_X_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)
# and, when the code it tests crosses threads, thread_tests += tests/rpc/test_X;
# with PROTOBUF_LIBS, ROUTES_LIBS or GATEWAY_LIBS for the folders above.

check_PROGRAMS += tests/rpc/test_placeholder
tests_rpc_test_placeholder_SOURCES = tests/rpc/test_placeholder.c
tests_rpc_test_placeholder_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)
thread_tests += tests/rpc/test_placeholder
