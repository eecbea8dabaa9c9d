# SPDX-License-Identifier: Apache-2.0
#
# A unit test is three lines:
#   check_PROGRAMS += tests/routes/test_X
#   tests_routes_test_X_SOURCES = tests/routes/test_X.c
#   tests_routes_test_X_LDADD = $(ROUTES_LIBS) $(CMOCKA_LIBS)
