# SPDX-License-Identifier: Apache-2.0
#
# make check. Unit tests are cmocka programs; scenarios are programs, .py or
# .sh files that drive the real one. Whatever the kind, a test closes with
# cmocka's lines or with `N passed, N failed`: script/test adds those up.
#
# A test finds SLUICE (the program), top_srcdir and top_builddir, all absolute,
# in its environment, and is ended after TEST_TIMEOUT seconds.

TEST_TIMEOUT = 300
TEST_EXTENSIONS = .py .sh
AM_TESTS_ENVIRONMENT = \
	SLUICE='$(abs_top_builddir)/sluice'; export SLUICE; \
	top_srcdir='$(abs_top_srcdir)'; export top_srcdir; \
	top_builddir='$(abs_top_builddir)'; export top_builddir; \
	PYTHONDONTWRITEBYTECODE=1; export PYTHONDONTWRITEBYTECODE;
LOG_COMPILER = timeout --kill-after=5 $(TEST_TIMEOUT)
SH_LOG_COMPILER = $(LOG_COMPILER) bash
PY_LOG_COMPILER = $(LOG_COMPILER) $(PYTHON3)

# What tests read, made before they run
check_DATA =

# Unit tests whose code crosses threads, or may: stage tsan of script/test runs
# them. All of rpc/ and, by `thread_tests +=` in a fragment, any other,
# scenarios too.
thread_tests = $(filter tests/rpc/%,$(check_PROGRAMS))

# Memory that is counted, and fails when it is told to: tests/memory.h
memory = tests/memory.c tests/memory.h
memory_link = \
	-Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc,--wrap=reallocarray

include tests/fuzz/local.mk
include tests/rpc/local.mk
include tests/protobuf/local.mk
include tests/routes/local.mk
include tests/examples/local.mk
include tests/gateway/local.mk
include tests/scenarios/local.mk
include tests/conformance/local.mk
include tests/install/local.mk

TESTS += $(check_PROGRAMS)

check-threads: $(BUILT_SOURCES)
	@test -n "$(strip $(thread_tests))" || \
		{ echo "thread_tests names no test" >&2; exit 1; }
	@$(MAKE) $(AM_MAKEFLAGS) $(thread_tests) $(check_DATA) sluice
	@$(MAKE) $(AM_MAKEFLAGS) check-TESTS TESTS='$(thread_tests)' \
		check_PROGRAMS=
.PHONY: check-threads cmocka-is-missing

if !HAVE_CMOCKA
check-am: cmocka-is-missing
cmocka-is-missing:
	@echo "make check needs cmocka: run script/deps, then configure" >&2
	@exit 1
endif
