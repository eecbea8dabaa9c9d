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

check_PROGRAMS += tests/routes/test_symbols
tests_routes_test_symbols_SOURCES = tests/routes/test_symbols.c
tests_routes_test_symbols_LDADD = $(ROUTES_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/routes/test_config
tests_routes_test_config_SOURCES = tests/routes/test_config.c
tests_routes_test_config_LDADD = $(ROUTES_LIBS) $(CMOCKA_LIBS)

# Descriptor sets for the tests that need schemas
tests_routes_made = \
	tests/routes/bodies.pb.embed.c \
	tests/routes/bodies.pb.embed.h \
	tests/routes/groups.pb.embed.c \
	tests/routes/groups.pb.embed.h \
	tests/routes/types.pb.embed.c \
	tests/routes/types.pb.embed.h
BUILT_SOURCES += $(tests_routes_made)
CLEANFILES += \
	$(tests_routes_made) \
	tests/routes/bodies.pb \
	tests/routes/groups.pb \
	tests/routes/types.pb
EXTRA_DIST += \
	tests/routes/bodies.proto \
	tests/routes/groups.proto \
	tests/routes/types.proto

tests/routes/%.pb: tests/routes/%.proto
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(PROTOC) \
		--proto_path=$(top_srcdir)/tests/routes \
		--proto_path=$(protobuf_fixed) \
		--include_imports --descriptor_set_out=$@ $<

.PRECIOUS: tests/routes/%.pb

check_LTLIBRARIES = tests/routes/libsupport.la
tests_routes_libsupport_la_SOURCES = \
	tests/routes/support.c \
	tests/routes/support.h
nodist_tests_routes_libsupport_la_SOURCES = $(tests_routes_made)
tests_routes_libsupport_la_CFLAGS = $(AM_CFLAGS) -static
# As in protobuf/local.mk: a target that automake does not read
tests_routes_made_user = tests/routes/libsupport_la-support
$(tests_routes_made_user).lo: $(tests_routes_made)

check_PROGRAMS += tests/routes/test_examples
tests_routes_test_examples_SOURCES = tests/routes/test_examples.c
tests_routes_test_examples_LDADD = tests/routes/libsupport.la \
	$(ROUTES_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/routes/test_bind
tests_routes_test_bind_SOURCES = tests/routes/test_bind.c
tests_routes_test_bind_LDADD = tests/routes/libsupport.la \
	$(ROUTES_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/routes/test_options
tests_routes_test_options_SOURCES = tests/routes/test_options.c
tests_routes_test_options_LDADD = tests/routes/libsupport.la \
	$(ROUTES_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/routes/test_raw
tests_routes_test_raw_SOURCES = tests/routes/test_raw.c
tests_routes_test_raw_LDADD = tests/routes/libsupport.la \
	$(ROUTES_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/routes/test_explain
tests_routes_test_explain_SOURCES = tests/routes/test_explain.c
tests_routes_test_explain_LDADD = tests/routes/libsupport.la \
	$(ROUTES_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/routes/test_http_body
tests_routes_test_http_body_SOURCES = tests/routes/test_http_body.c
tests_routes_test_http_body_LDADD = tests/routes/libsupport.la \
	$(ROUTES_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/routes/test_set
tests_routes_test_set_SOURCES = tests/routes/test_set.c $(memory)
tests_routes_test_set_LDFLAGS = $(AM_LDFLAGS) $(memory_link)
tests_routes_test_set_LDADD = tests/routes/libsupport.la \
	$(ROUTES_LIBS) $(CMOCKA_LIBS)

# Instructions per match do not grow with the routes. Programs with a sanitizer
# do not run under valgrind.
if !SANITIZED
TESTS += tests/routes/test_flat.py
endif
EXTRA_DIST += tests/routes/test_flat.py
tests/routes/test_flat.log: bench/routing_meter$(EXEEXT)

fuzz_programs += \
	tests/fuzz/fuzz_http_body \
	tests/fuzz/fuzz_query \
	tests/fuzz/fuzz_route_file \
	tests/fuzz/fuzz_template
fuzz_runs += \
	tests/fuzz/fuzz_http_body=4000 \
	tests/fuzz/fuzz_query=4000 \
	tests/fuzz/fuzz_route_file=2000 \
	tests/fuzz/fuzz_template=8000
routes_fuzz_libs = tests/routes/libsupport.la $(ROUTES_LIBS) $(CMOCKA_LIBS)
tests_fuzz_fuzz_http_body_SOURCES = \
	tests/fuzz/fuzz_http_body.c $(fuzz_driver)
tests_fuzz_fuzz_http_body_LDADD = $(routes_fuzz_libs)
tests_fuzz_fuzz_http_body_LDFLAGS = $(fuzz_link)
tests_fuzz_fuzz_query_SOURCES = \
	tests/fuzz/fuzz_query.c $(fuzz_driver)
tests_fuzz_fuzz_query_LDADD = $(routes_fuzz_libs)
tests_fuzz_fuzz_query_LDFLAGS = $(fuzz_link)
tests_fuzz_fuzz_route_file_SOURCES = \
	tests/fuzz/fuzz_route_file.c $(fuzz_driver)
tests_fuzz_fuzz_route_file_LDADD = $(routes_fuzz_libs)
tests_fuzz_fuzz_route_file_LDFLAGS = $(fuzz_link)
tests_fuzz_fuzz_template_SOURCES = \
	tests/fuzz/fuzz_template.c $(fuzz_driver)
tests_fuzz_fuzz_template_LDADD = $(ROUTES_LIBS)
tests_fuzz_fuzz_template_LDFLAGS = $(fuzz_link)
