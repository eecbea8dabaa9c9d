# SPDX-License-Identifier: Apache-2.0
#
# libpb: schemas, wire format, JSON. No I/O, no clock.

noinst_LTLIBRARIES += protobuf/libpb.la

# Schemas
protobuf_libpb_la_SOURCES = \
	protobuf/arena.c \
	protobuf/arena.h \
	protobuf/block.h \
	protobuf/buf.c \
	protobuf/buf.h \
	protobuf/json.h \
	protobuf/power10.c \
	protobuf/power10.h \
	protobuf/normalize.c \
	protobuf/normalize.h \
	protobuf/schema.h \
	protobuf/schema_ask.c \
	protobuf/schema_build.c \
	protobuf/schema_check.c \
	protobuf/schema_declare.c \
	protobuf/schema_features.c \
	protobuf/schema_field.c \
	protobuf/schema_index.c \
	protobuf/schema_internal.h \
	protobuf/schema_link.c \
	protobuf/schema_nearest.c \
	protobuf/schema_raw.c \
	protobuf/schema_raw.h \
	protobuf/schema_symbol.c \
	protobuf/schema_table.c \
	protobuf/unite.c \
	protobuf/unite.h \
	protobuf/wire.c \
	protobuf/wire_check.c \
	protobuf/wire_check.h \
	protobuf/wire.h
nodist_protobuf_libpb_la_SOURCES = $(pb_builtin_made)

# Wire format to JSON
protobuf_libpb_la_SOURCES += \
	protobuf/base64_out.c \
	protobuf/json_sink.c \
	protobuf/json_sink.h \
	protobuf/json_writer.c \
	protobuf/json_writer.h \
	protobuf/json_writer_map.c \
	protobuf/json_writer_merge.c \
	protobuf/json_writer_state.c \
	protobuf/json_writer_value.c \
	protobuf/number_out.c \
	protobuf/number_out.h \
	protobuf/wkt_out.c \
	protobuf/wkt_text_out.c

# JSON to wire
protobuf_libpb_la_SOURCES += \
	protobuf/base64_in.c \
	protobuf/base64_in.h \
	protobuf/json_paths.c \
	protobuf/json_paths.h \
	protobuf/json_reader.c \
	protobuf/json_reader.h \
	protobuf/json_reader_any.c \
	protobuf/json_reader_error.c \
	protobuf/json_reader_frame.c \
	protobuf/json_reader_keys.c \
	protobuf/json_reader_scalar.c \
	protobuf/json_reader_string.c \
	protobuf/json_reader_value.c \
	protobuf/json_scan.h \
	protobuf/number_in.c \
	protobuf/number_in.h \
	protobuf/text.c \
	protobuf/utf8.c \
	protobuf/utf8.h \
	protobuf/wkt_in.c \
	protobuf/wkt_in.h
# -static: an object for programs only; these libraries are never shared
protobuf_libpb_la_CFLAGS = $(AM_CFLAGS) -static

# The types that every schema contains, as a descriptor set inside libpb
pb_builtin_protos = \
	google/api/httpbody.proto \
	google/protobuf/any.proto \
	google/protobuf/duration.proto \
	google/protobuf/empty.proto \
	google/protobuf/field_mask.proto \
	google/protobuf/struct.proto \
	google/protobuf/timestamp.proto \
	google/protobuf/wrappers.proto \
	google/rpc/error_details.proto \
	google/rpc/status.proto
pb_builtin_made = \
	protobuf/builtin.pb.embed.c \
	protobuf/builtin.pb.embed.h
pb_builtin_files = $(pb_builtin_protos:%=protobuf/fixed/%)

protobuf/builtin.pb: $(pb_builtin_files)
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(PROTOC) \
		--proto_path=$(protobuf_fixed) --descriptor_set_out=$@ \
		$(pb_builtin_protos)

# automake takes a rule without commands for one that overrides its own, unless
# it cannot read the target.
pb_builtin_user = protobuf/libpb_la-schema_build
$(pb_builtin_user).lo: protobuf/builtin.pb.embed.h

BUILT_SOURCES += $(pb_builtin_made)
CLEANFILES += $(pb_builtin_made) protobuf/builtin.pb
EXTRA_DIST += $(pb_builtin_files)

# For the .proto files of services
EXTRA_DIST += \
	protobuf/fixed/google/api/annotations.proto \
	protobuf/fixed/google/api/http.proto
