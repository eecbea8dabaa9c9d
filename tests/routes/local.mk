# SPDX-License-Identifier: Apache-2.0
#
# A unit test is three lines:
#   check_PROGRAMS += tests/routes/test_X
#   tests_routes_test_X_SOURCES = tests/routes/test_X.c
#   tests_routes_test_X_LDADD = $(ROUTES_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/routes/test_template
tests_routes_test_template_SOURCES = tests/routes/test_template.c
tests_routes_test_template_LDADD = $(ROUTES_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/routes/test_percent
tests_routes_test_percent_SOURCES = tests/routes/test_percent.c
tests_routes_test_percent_LDADD = $(ROUTES_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/routes/test_match
tests_routes_test_match_SOURCES = tests/routes/test_match.c
tests_routes_test_match_LDADD = $(ROUTES_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/routes/test_config
tests_routes_test_config_SOURCES = tests/routes/test_config.c
tests_routes_test_config_LDADD = $(ROUTES_LIBS) $(CMOCKA_LIBS)
