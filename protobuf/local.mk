# SPDX-License-Identifier: Apache-2.0
#
# libpb: schemas, wire format, JSON. No I/O, no clock.
#
# libpbfixed: the schemas we know when we are built. To add one, put its .proto
# below protobuf/fixed/ and its name into pb_fixed_protos; the .pb-c.c and
# .pb-c.h come from protoc-c and are included as "google/api/http.pb-c.h".

noinst_LTLIBRARIES += protobuf/libpb.la protobuf/libpbfixed.la

protobuf_libpb_la_SOURCES = \
	protobuf/buf.h \
	protobuf/json.h \
	protobuf/schema.h \
	protobuf/wire.h \
	protobuf/placeholder.c
# -static: an object for programs only; these libraries are never shared
protobuf_libpb_la_CFLAGS = $(AM_CFLAGS) -static

pb_fixed_protos =

pb_fixed_made = \
	$(pb_fixed_protos:.proto=.pb-c.c) \
	$(pb_fixed_protos:.proto=.pb-c.h)
protobuf_libpbfixed_la_SOURCES = protobuf/fixed.c
nodist_protobuf_libpbfixed_la_SOURCES = \
	$(pb_fixed_protos:.proto=.pb-c.c)
protobuf_libpbfixed_la_CFLAGS = $(GENERATED_CFLAGS) -static

BUILT_SOURCES += $(pb_fixed_made)
CLEANFILES += $(pb_fixed_made)
EXTRA_DIST += $(pb_fixed_protos)
