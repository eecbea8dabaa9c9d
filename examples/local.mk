# SPDX-License-Identifier: Apache-2.0
#
# The services that are built in, for `sluice demo`.
#
# libexamples is written; liblibrary is made from library.proto and from the
# files of explorer/, which become index_html[], page_js[] and so on:
#   library.pb-c.[ch]        message structs, for the servicer
#   library.pb               descriptor set, for the schema
#   library.pb.embed.[ch]    the same as library_pb[]
#   sluice.yaml.embed.[ch]   the route file as sluice_yaml[]

noinst_LTLIBRARIES += examples/libexamples.la examples/liblibrary.la

examples_libexamples_la_SOURCES = \
	examples/explorer/explorer.c \
	examples/explorer/explorer.h \
	examples/library/answer.c \
	examples/library/books.c \
	examples/library/check.c \
	examples/library/join.c \
	examples/library/join.h \
	examples/library/library.c \
	examples/library/library.h \
	examples/library/list.c \
	examples/library/name.c \
	examples/library/name.h \
	examples/library/read.c \
	examples/library/scratch.c \
	examples/library/scratch.h \
	examples/library/seed.c \
	examples/library/service.h \
	examples/library/shelves.c \
	examples/library/store.c \
	examples/library/store.h \
	examples/library/streams.c
examples_libexamples_la_CFLAGS = $(AM_CFLAGS) -static

library_messages = \
	examples/library/library.pb-c.c \
	examples/library/library.pb-c.h
library_imports = \
	examples/library/google/protobuf/duration.pb-c.c \
	examples/library/google/protobuf/duration.pb-c.h \
	examples/library/google/protobuf/field_mask.pb-c.c \
	examples/library/google/protobuf/field_mask.pb-c.h \
	examples/library/google/protobuf/timestamp.pb-c.c \
	examples/library/google/protobuf/timestamp.pb-c.h
explorer_made = \
	examples/explorer/calls.js.embed.c \
	examples/explorer/calls.js.embed.h \
	examples/explorer/index.html.embed.c \
	examples/explorer/index.html.embed.h \
	examples/explorer/methods.js.embed.c \
	examples/explorer/methods.js.embed.h \
	examples/explorer/page.js.embed.c \
	examples/explorer/page.js.embed.h \
	examples/explorer/style.css.embed.c \
	examples/explorer/style.css.embed.h
library_made = \
	$(library_messages) \
	$(library_imports) \
	$(explorer_made) \
	examples/library/library.pb.embed.c \
	examples/library/library.pb.embed.h \
	examples/library/sluice.yaml.embed.c \
	examples/library/sluice.yaml.embed.h
examples_liblibrary_la_SOURCES =
nodist_examples_liblibrary_la_SOURCES = $(library_made)
examples_liblibrary_la_CFLAGS = $(GENERATED_CFLAGS) -static

BUILT_SOURCES += $(library_made)
CLEANFILES += \
	$(library_made) \
	examples/library/library.pb \
	examples/library/messages/library.proto
EXTRA_DIST += \
	examples/explorer/calls.js \
	examples/explorer/index.html \
	examples/explorer/methods.js \
	examples/explorer/page.js \
	examples/explorer/style.css \
	examples/library/library.proto \
	examples/library/messages.sed \
	examples/library/sluice.yaml \
	examples/websocket/sluice-websocket.js

# What library.proto imports besides protobuf's own; in the archive by
# protobuf/local.mk.
library_annotations = \
	protobuf/fixed/google/api/annotations.proto \
	protobuf/fixed/google/api/http.proto

examples/library/library.pb: examples/library/library.proto \
		$(library_annotations)
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(PROTOC) \
		--proto_path=$(top_srcdir)/examples/library \
		--proto_path=$(protobuf_fixed) \
		--include_imports --descriptor_set_out=$@ library.proto

# The C structs come from what messages.sed leaves of library.proto.
examples/library/messages/library.proto: examples/library/library.proto \
		examples/library/messages.sed
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(SED) \
		-f $(top_srcdir)/examples/library/messages.sed \
		$(top_srcdir)/examples/library/library.proto > $@.tmp && \
		mv $@.tmp $@

examples/library/%.pb-c.c examples/library/%.pb-c.h: \
		examples/library/messages/%.proto
	$(AM_V_GEN)$(PROTOC_C) --proto_path=examples/library/messages \
		--c_out=examples/library $*.proto

# protoc knows where its own .proto files are.
examples/library/google/protobuf/%.pb-c.c \
examples/library/google/protobuf/%.pb-c.h:
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(PROTOC_C) \
		--c_out=examples/library google/protobuf/$*.proto

$(examples_libexamples_la_OBJECTS): $(library_made)

# Programs that show how libsluice is used, by itself: docs/base.md, face.md and
# links.md have their text and what they print.
rpc_examples = examples/rpc/base examples/rpc/face examples/rpc/grpc
noinst_PROGRAMS += $(rpc_examples)
examples_rpc_base_SOURCES = examples/rpc/base.c
examples_rpc_base_LDADD = $(RPC_LIBS)
examples_rpc_face_SOURCES = \
	examples/rpc/face.c \
	examples/rpc/numbers.c \
	examples/rpc/numbers.h
examples_rpc_face_LDADD = $(RPC_LIBS)
examples_rpc_grpc_SOURCES = \
	examples/rpc/grpc.c \
	examples/rpc/numbers.c \
	examples/rpc/numbers.h
examples_rpc_grpc_LDADD = $(RPC_LIBS)
