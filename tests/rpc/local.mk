# SPDX-License-Identifier: Apache-2.0
#
# A unit test is three lines:
#   check_PROGRAMS += tests/rpc/test_X
#   tests_rpc_test_X_SOURCES = tests/rpc/test_X.c
#   tests_rpc_test_X_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)
# with PROTOBUF_LIBS, ROUTES_LIBS or GATEWAY_LIBS for the folders above.

check_PROGRAMS += tests/rpc/test_base
tests_rpc_test_base_SOURCES = tests/rpc/test_base.c
tests_rpc_test_base_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)
