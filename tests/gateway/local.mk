# SPDX-License-Identifier: Apache-2.0
#
# A unit test is three lines:
#   check_PROGRAMS += tests/gateway/test_X
#   tests_gateway_test_X_SOURCES = tests/gateway/test_X.c
#   tests_gateway_test_X_LDADD = $(GATEWAY_LIBS) $(CMOCKA_LIBS)
