# SPDX-License-Identifier: Apache-2.0
#
# libexamples: the services that are built in, for `sluice demo`.
#
# What is made from library.proto:
#   examples/library/library.pb-c.[ch]      message structs, for the servicer
#   examples/library/library.pb             descriptor set, for the schema
#   examples/library/library.pb.embed.[ch]  the same as library_pb[]
# and library.yaml.embed.[ch] is the route file as library_yaml[].
#
# When examples/library/library.proto and library.yaml are there, fill:
#   library_made = \
#	examples/library/library.pb-c.c \
#	examples/library/library.pb-c.h \
#	examples/library/library.pb.embed.c \
#	examples/library/library.pb.embed.h \
#	examples/library/library.yaml.embed.c \
#	examples/library/library.yaml.embed.h
#   nodist_examples_liblibrary_la_SOURCES = $(library_made)
#   CLEANFILES += examples/library/library.pb
#   EXTRA_DIST += examples/library/library.proto examples/library/library.yaml

noinst_LTLIBRARIES += examples/libexamples.la examples/liblibrary.la

examples_libexamples_la_SOURCES = \
	examples/placeholder.c
examples_libexamples_la_CFLAGS = $(AM_CFLAGS) -static

library_made =
examples_liblibrary_la_SOURCES = examples/library/made.c
nodist_examples_liblibrary_la_SOURCES = $(library_made)
examples_liblibrary_la_CFLAGS = $(GENERATED_CFLAGS) -static

BUILT_SOURCES += $(library_made)
CLEANFILES += $(library_made)
