# SPDX-License-Identifier: Apache-2.0
#
# Measurements. Programs go to EXTRA_PROGRAMS: only `make bench/NAME` builds
# them; bench/run does.

EXTRA_PROGRAMS += bench/backend
bench_backend_SOURCES = bench/backend.c
bench_backend_LDADD = $(UV_LIBS) $(NGHTTP2_LIBS)

bench/bench.pb: bench/bench.proto
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(PROTOC) \
		--proto_path=$(srcdir)/bench --proto_path=$(protobuf_fixed) \
		--include_imports --descriptor_set_out=$@ \
		$(srcdir)/bench/bench.proto
CLEANFILES += bench/bench.pb
EXTRA_DIST += bench/README.md bench/bench.proto bench/run
