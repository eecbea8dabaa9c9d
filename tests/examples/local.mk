# SPDX-License-Identifier: Apache-2.0
#
# Unit tests of the built-in services: see tests/rpc/local.mk.

library_fixture = $(face_fixture) \
	tests/examples/library_fixture.c \
	tests/examples/library_fixture.h
library_libs = $(EXAMPLES_LIBS) $(RPC_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/examples/test_library_books
tests_examples_test_library_books_SOURCES = \
	tests/examples/test_library_books.c $(library_fixture)
tests_examples_test_library_books_LDADD = $(library_libs)

check_PROGRAMS += tests/examples/test_library_lists
tests_examples_test_library_lists_SOURCES = \
	tests/examples/test_library_lists.c $(library_fixture)
tests_examples_test_library_lists_LDADD = $(library_libs)

check_PROGRAMS += tests/examples/test_library_streams
tests_examples_test_library_streams_SOURCES = \
	tests/examples/test_library_streams.c $(library_fixture)
tests_examples_test_library_streams_LDADD = $(library_libs)

check_PROGRAMS += tests/examples/test_library_store
tests_examples_test_library_store_SOURCES = \
	tests/examples/test_library_store.c $(library_fixture)
tests_examples_test_library_store_LDADD = $(library_libs)
thread_tests += tests/examples/test_library_store

$(tests_examples_test_library_books_OBJECTS) \
$(tests_examples_test_library_lists_OBJECTS) \
$(tests_examples_test_library_streams_OBJECTS) \
$(tests_examples_test_library_store_OBJECTS): $(library_made)

TESTS += tests/examples/pages.py
EXTRA_DIST += tests/examples/pages.py
