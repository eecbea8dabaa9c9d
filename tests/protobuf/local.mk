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
check_PROGRAMS += tests/protobuf/test_base64_in
tests_protobuf_test_base64_in_SOURCES = tests/protobuf/test_base64_in.c
tests_protobuf_test_base64_in_LDADD = $(PROTOBUF_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/protobuf/test_block
tests_protobuf_test_block_SOURCES = tests/protobuf/test_block.c
tests_protobuf_test_block_LDADD = $(PROTOBUF_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/protobuf/test_wire
tests_protobuf_test_wire_SOURCES = tests/protobuf/test_wire.c
tests_protobuf_test_wire_LDADD = $(PROTOBUF_LIBS) $(CMOCKA_LIBS)

# Schemas made by protoc, as arrays: everything_pb[], legacy_pb[]
tests_protobuf_made = \
	tests/protobuf/everything.pb.embed.c \
	tests/protobuf/everything.pb.embed.h \
	tests/protobuf/legacy.pb.embed.c \
	tests/protobuf/legacy.pb.embed.h
BUILT_SOURCES += $(tests_protobuf_made)
CLEANFILES += $(tests_protobuf_made) \
	tests/protobuf/everything.pb \
	tests/protobuf/legacy.pb
EXTRA_DIST += \
	tests/protobuf/everything.proto \
	tests/protobuf/legacy.proto
tests_protobuf_made_users = \
	tests/protobuf/test_schema \
	tests/protobuf/test_schema_hostile
$(tests_protobuf_made_users:%=%.o): $(tests_protobuf_made)
.PRECIOUS: tests/protobuf/%.pb
tests/protobuf/%.pb: tests/protobuf/%.proto
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(PROTOC) \
		--proto_path=$(top_srcdir)/tests/protobuf \
		--proto_path=$(protobuf_fixed) \
		--include_imports --descriptor_set_out=$@ \
		$(top_srcdir)/tests/protobuf/$*.proto

check_PROGRAMS += tests/protobuf/test_schema
tests_protobuf_test_schema_SOURCES = \
	tests/protobuf/schema_fixture.h \
	tests/protobuf/test_schema.c
nodist_tests_protobuf_test_schema_SOURCES = $(tests_protobuf_made)
tests_protobuf_test_schema_LDADD = $(PROTOBUF_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/protobuf/test_schema_rules
tests_protobuf_test_schema_rules_SOURCES = \
	tests/protobuf/descriptor_text.c \
	tests/protobuf/descriptor_text.h \
	tests/protobuf/schema_fixture.h \
	tests/protobuf/test_schema_rules.c
tests_protobuf_test_schema_rules_LDADD = $(PROTOBUF_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/protobuf/test_schema_errors
tests_protobuf_test_schema_errors_SOURCES = \
	tests/protobuf/descriptor_text.c \
	tests/protobuf/descriptor_text.h \
	tests/protobuf/test_schema_errors.c
tests_protobuf_test_schema_errors_LDADD = $(PROTOBUF_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/protobuf/test_schema_hostile
tests_protobuf_test_schema_hostile_SOURCES = \
	tests/protobuf/descriptor_text.c \
	tests/protobuf/descriptor_text.h \
	tests/protobuf/test_schema_hostile.c $(memory)
nodist_tests_protobuf_test_schema_hostile_SOURCES = $(tests_protobuf_made)
tests_protobuf_test_schema_hostile_LDADD = $(PROTOBUF_LIBS) $(CMOCKA_LIBS)
tests_protobuf_test_schema_hostile_LDFLAGS = $(AM_LDFLAGS) $(memory_link)

fuzz_programs += tests/fuzz/fuzz_descriptor
fuzz_runs += tests/fuzz/fuzz_descriptor=4000
tests_fuzz_fuzz_descriptor_SOURCES = \
	tests/fuzz/fuzz_descriptor.c $(fuzz_driver)
tests_fuzz_fuzz_descriptor_LDADD = $(PROTOBUF_LIBS)
tests_fuzz_fuzz_descriptor_LDFLAGS = $(fuzz_link)

# JSON to wire: the kit reads every text in pieces of all kinds
tests_protobuf_reader_made = \
	tests/protobuf/reader.pb.embed.c \
	tests/protobuf/reader.pb.embed.h \
	tests/protobuf/reader2.pb.embed.c \
	tests/protobuf/reader2.pb.embed.h
BUILT_SOURCES += $(tests_protobuf_reader_made)
CLEANFILES += $(tests_protobuf_reader_made) \
	tests/protobuf/reader.pb \
	tests/protobuf/reader2.pb
EXTRA_DIST += \
	tests/protobuf/reader.proto \
	tests/protobuf/reader2.proto
tests/protobuf/reader_kit.o: $(tests_protobuf_reader_made)
tests_protobuf_reader_kit = \
	tests/protobuf/reader_kit.c \
	tests/protobuf/reader_kit.h

check_PROGRAMS += tests/protobuf/test_json_reader
tests_protobuf_test_json_reader_SOURCES = \
	$(tests_protobuf_reader_kit) \
	tests/protobuf/test_json_reader.c
nodist_tests_protobuf_test_json_reader_SOURCES = $(tests_protobuf_reader_made)
tests_protobuf_test_json_reader_LDADD = $(PROTOBUF_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/protobuf/test_json_reader_room
tests_protobuf_test_json_reader_room_SOURCES = \
	$(tests_protobuf_reader_kit) \
	tests/protobuf/test_json_reader_room.c
nodist_tests_protobuf_test_json_reader_room_SOURCES = \
	$(tests_protobuf_reader_made)
tests_protobuf_test_json_reader_room_LDADD = $(PROTOBUF_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/protobuf/test_json_reader_scalars
tests_protobuf_test_json_reader_scalars_SOURCES = \
	$(tests_protobuf_reader_kit) \
	tests/protobuf/test_json_reader_scalars.c
nodist_tests_protobuf_test_json_reader_scalars_SOURCES = \
	$(tests_protobuf_reader_made)
tests_protobuf_test_json_reader_scalars_LDADD = \
	$(PROTOBUF_LIBS) $(CMOCKA_LIBS)

# Wire format to JSON. writer2.proto imports writer3.proto.
tests_protobuf_writer_made = \
	tests/protobuf/writer2.pb.embed.c \
	tests/protobuf/writer2.pb.embed.h
tests_protobuf_writer_fixture = \
	tests/protobuf/writer_fixture.c \
	tests/protobuf/writer_fixture.h
BUILT_SOURCES += $(tests_protobuf_writer_made)
CLEANFILES += $(tests_protobuf_writer_made) tests/protobuf/writer2.pb
EXTRA_DIST += \
	tests/protobuf/writer2.proto \
	tests/protobuf/writer3.proto
tests/protobuf/writer2.pb: tests/protobuf/writer3.proto
tests/protobuf/writer_fixture.o: $(tests_protobuf_writer_made)

check_PROGRAMS += tests/protobuf/test_number_out
tests_protobuf_test_number_out_SOURCES = tests/protobuf/test_number_out.c
tests_protobuf_test_number_out_LDADD = $(PROTOBUF_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/protobuf/test_json_sink
tests_protobuf_test_json_sink_SOURCES = \
	$(tests_protobuf_writer_fixture) \
	tests/protobuf/test_json_sink.c
nodist_tests_protobuf_test_json_sink_SOURCES = $(tests_protobuf_writer_made)
tests_protobuf_test_json_sink_LDADD = $(PROTOBUF_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/protobuf/test_json_writer
tests_protobuf_test_json_writer_SOURCES = \
	$(tests_protobuf_writer_fixture) \
	tests/protobuf/test_json_writer.c
nodist_tests_protobuf_test_json_writer_SOURCES = $(tests_protobuf_writer_made)
tests_protobuf_test_json_writer_LDADD = $(PROTOBUF_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/protobuf/test_json_writer_merge
tests_protobuf_test_json_writer_merge_SOURCES = \
	$(tests_protobuf_writer_fixture) \
	tests/protobuf/test_json_writer_merge.c
nodist_tests_protobuf_test_json_writer_merge_SOURCES = \
	$(tests_protobuf_writer_made)
tests_protobuf_test_json_writer_merge_LDADD = $(PROTOBUF_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/protobuf/test_wire_check
tests_protobuf_test_wire_check_SOURCES = \
	$(tests_protobuf_writer_fixture) \
	tests/protobuf/test_wire_check.c
nodist_tests_protobuf_test_wire_check_SOURCES = $(tests_protobuf_writer_made)
tests_protobuf_test_wire_check_LDADD = $(PROTOBUF_LIBS) $(CMOCKA_LIBS)

# realloc is wrapped: the n-th call fails
check_PROGRAMS += tests/protobuf/test_normalize
tests_protobuf_test_normalize_SOURCES = \
	$(tests_protobuf_writer_fixture) \
	tests/protobuf/test_normalize.c
nodist_tests_protobuf_test_normalize_SOURCES = $(tests_protobuf_writer_made)
tests_protobuf_test_normalize_LDADD = $(PROTOBUF_LIBS) $(CMOCKA_LIBS)
tests_protobuf_test_normalize_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=realloc -Wl,--wrap=reallocarray

check_PROGRAMS += tests/protobuf/test_wkt_out
tests_protobuf_test_wkt_out_SOURCES = \
	$(tests_protobuf_writer_fixture) \
	tests/protobuf/test_wkt_out.c
nodist_tests_protobuf_test_wkt_out_SOURCES = $(tests_protobuf_writer_made)
tests_protobuf_test_wkt_out_LDADD = $(PROTOBUF_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/protobuf/test_json_writer_hostile
tests_protobuf_test_json_writer_hostile_SOURCES = \
	$(tests_protobuf_writer_fixture) \
	tests/protobuf/test_json_writer_hostile.c $(memory)
nodist_tests_protobuf_test_json_writer_hostile_SOURCES = \
	$(tests_protobuf_writer_made)
tests_protobuf_test_json_writer_hostile_LDADD = \
	$(PROTOBUF_LIBS) $(CMOCKA_LIBS)
tests_protobuf_test_json_writer_hostile_LDFLAGS = $(AM_LDFLAGS) $(memory_link)

# Against the official library
tests_protobuf_pipe = tests/protobuf/pipe.c tests/protobuf/pipe.h
TESTS += tests/protobuf/test_json_writer_official.py
EXTRA_DIST += tests/protobuf/test_json_writer_official.py
EXTRA_PROGRAMS += tests/protobuf/wire_to_json
CLEANFILES += tests/protobuf/wire_to_json$(EXEEXT)
tests_protobuf_wire_to_json_SOURCES = \
	tests/protobuf/wire_to_json.c $(tests_protobuf_pipe)
tests_protobuf_wire_to_json_LDADD = $(PROTOBUF_LIBS)
tests/protobuf/test_json_writer_official.log: \
	tests/protobuf/wire_to_json$(EXEEXT) \
	tests/protobuf/writer2.pb

fuzz_programs += tests/fuzz/fuzz_json_writer
fuzz_runs += tests/fuzz/fuzz_json_writer=8000
tests_fuzz_fuzz_json_writer_SOURCES = \
	tests/fuzz/fuzz_json_writer.c $(fuzz_driver)
nodist_tests_fuzz_fuzz_json_writer_SOURCES = $(tests_protobuf_writer_made)
tests/fuzz/fuzz_json_writer.o: $(tests_protobuf_writer_made)
tests_fuzz_fuzz_json_writer_LDADD = $(PROTOBUF_LIBS)
tests_fuzz_fuzz_json_writer_LDFLAGS = $(fuzz_link)

check_PROGRAMS += tests/protobuf/test_json_paths
tests_protobuf_test_json_paths_SOURCES = \
	$(tests_protobuf_reader_kit) \
	tests/protobuf/test_json_paths.c
nodist_tests_protobuf_test_json_paths_SOURCES = $(tests_protobuf_reader_made)
tests_protobuf_test_json_paths_LDADD = $(PROTOBUF_LIBS) $(CMOCKA_LIBS)

# JSON text of types of the reader's.
fuzz_json_kit = tests/fuzz/json_kit.c tests/fuzz/json_kit.h
tests/fuzz/json_kit.o: $(tests_protobuf_reader_made)

fuzz_programs += tests/fuzz/fuzz_json_paths
fuzz_runs += tests/fuzz/fuzz_json_paths=8000
tests_fuzz_fuzz_json_paths_SOURCES = \
	tests/fuzz/fuzz_json_paths.c $(fuzz_json_kit) $(fuzz_driver)
nodist_tests_fuzz_fuzz_json_paths_SOURCES = $(tests_protobuf_reader_made)
tests_fuzz_fuzz_json_paths_LDADD = $(PROTOBUF_LIBS)
tests_fuzz_fuzz_json_paths_LDFLAGS = $(fuzz_link)

check_PROGRAMS += tests/protobuf/test_json_reader_types
tests_protobuf_test_json_reader_types_SOURCES = \
	$(tests_protobuf_reader_kit) \
	tests/protobuf/test_json_reader_types.c
nodist_tests_protobuf_test_json_reader_types_SOURCES = \
	$(tests_protobuf_reader_made)
tests_protobuf_test_json_reader_types_LDADD = $(PROTOBUF_LIBS) $(CMOCKA_LIBS)

# What grows may fail; malloc is for the kit
check_PROGRAMS += tests/protobuf/test_json_reader_hostile
tests_protobuf_test_json_reader_hostile_SOURCES = \
	$(tests_protobuf_reader_kit) \
	tests/protobuf/test_json_reader_hostile.c $(memory)
nodist_tests_protobuf_test_json_reader_hostile_SOURCES = \
	$(tests_protobuf_reader_made)
tests_protobuf_test_json_reader_hostile_LDADD = \
	$(PROTOBUF_LIBS) $(CMOCKA_LIBS)
tests_protobuf_test_json_reader_hostile_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=realloc,--wrap=reallocarray

check_PROGRAMS += tests/protobuf/test_text
tests_protobuf_test_text_SOURCES = \
	$(tests_protobuf_reader_kit) \
	tests/protobuf/test_text.c
nodist_tests_protobuf_test_text_SOURCES = $(tests_protobuf_reader_made)
tests_protobuf_test_text_LDADD = $(PROTOBUF_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/protobuf/test_number_in
tests_protobuf_test_number_in_SOURCES = tests/protobuf/test_number_in.c
tests_protobuf_test_number_in_LDADD = $(PROTOBUF_LIBS) $(CMOCKA_LIBS)

# A locale with a decimal comma, whatever the system has
german_locale = tests/protobuf/locale/de_DE.UTF-8
check_DATA += $(german_locale)/LC_NUMERIC
$(german_locale)/LC_NUMERIC:
	$(AM_V_GEN)$(MKDIR_P) $(german_locale) && \
		localedef -i de_DE -f UTF-8 $(german_locale)
clean-local:
	rm -rf tests/protobuf/locale

# Against the official library
TESTS += tests/protobuf/test_json_reader_official.py
EXTRA_DIST += tests/protobuf/test_json_reader_official.py
EXTRA_PROGRAMS += tests/protobuf/json_to_wire
CLEANFILES += tests/protobuf/json_to_wire$(EXEEXT)
tests_protobuf_json_to_wire_SOURCES = \
	tests/protobuf/json_to_wire.c $(tests_protobuf_pipe)
tests_protobuf_json_to_wire_LDADD = $(PROTOBUF_LIBS)
tests/protobuf/test_json_reader_official.log: \
	tests/protobuf/json_to_wire$(EXEEXT) \
	tests/protobuf/reader.pb \
	tests/protobuf/reader2.pb

fuzz_programs += tests/fuzz/fuzz_json_reader
fuzz_runs += tests/fuzz/fuzz_json_reader=8000
tests_fuzz_fuzz_json_reader_SOURCES = \
	tests/fuzz/fuzz_json_reader.c $(fuzz_json_kit) $(fuzz_driver)
nodist_tests_fuzz_fuzz_json_reader_SOURCES = $(tests_protobuf_reader_made)
tests_fuzz_fuzz_json_reader_LDADD = $(PROTOBUF_LIBS)
tests_fuzz_fuzz_json_reader_LDFLAGS = $(fuzz_link)

check_PROGRAMS += tests/protobuf/test_unite
tests_protobuf_test_unite_SOURCES = tests/protobuf/test_unite.c
tests_protobuf_test_unite_LDADD = $(PROTOBUF_LIBS) $(CMOCKA_LIBS)
