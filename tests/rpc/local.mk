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

# The gRPC link; the bad backend also serves scenarios: tests/bad-backend.
grpc_world = tests/rpc/grpc_world.c tests/rpc/grpc_world.h \
	tests/rpc/bad_backend.c tests/rpc/bad_backend.h

check_PROGRAMS += tests/rpc/test_grpc_misbehaviour
tests_rpc_test_grpc_misbehaviour_SOURCES = \
	tests/rpc/test_grpc_misbehaviour.c $(grpc_world)
tests_rpc_test_grpc_misbehaviour_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)

noinst_PROGRAMS += tests/bad-backend
tests_bad_backend_SOURCES = tests/rpc/bad_backend_main.c \
	tests/rpc/bad_backend.c tests/rpc/bad_backend.h
tests_bad_backend_LDADD = $(NGHTTP2_LIBS) -lpthread

check_PROGRAMS += tests/rpc/test_grpc_codings
tests_rpc_test_grpc_codings_SOURCES = tests/rpc/test_grpc_codings.c
tests_rpc_test_grpc_codings_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)
