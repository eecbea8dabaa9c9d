# SPDX-License-Identifier: Apache-2.0
#
# Measurements. Programs go to EXTRA_PROGRAMS: only `make bench/NAME` builds
# them; bench/run does.

EXTRA_PROGRAMS += bench/backend
bench_backend_SOURCES = bench/backend.c \
	bench/backend_call.c bench/backend_call.h
bench_backend_LDADD = $(UV_LIBS) $(NGHTTP2_LIBS)

bench/bench.pb: bench/bench.proto
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(PROTOC) \
		--proto_path=$(srcdir)/bench --proto_path=$(protobuf_fixed) \
		--include_imports --descriptor_set_out=$@ \
		$(srcdir)/bench/bench.proto
CLEANFILES += bench/bench.pb
EXTRA_DIST += \
	bench/README.md \
	bench/bench.proto \
	bench/chart \
	bench/compare/grpc_gateway.py \
	bench/compare/markdown.py \
	bench/compare/meter.py \
	bench/compare/peers.py \
	bench/compare/svg.py \
	bench/compare/table.py \
	bench/compare/tree.py \
	bench/compare/wire.py \
	bench/compare/workloads.py \
	bench/peers/envoy.yaml \
	bench/peers/grpc-gateway/go.mod \
	bench/peers/grpc-gateway/go.sum \
	bench/peers/grpc-gateway/main.go \
	bench/peers/haproxy.cfg \
	bench/peers/nghttpx.conf \
	bench/peers/nginx.conf \
	bench/peers/sluice.yaml \
	bench/instructions \
	bench/rpc \
	bench/run \
	bench/syscalls

EXTRA_PROGRAMS += bench/load
bench_load_SOURCES = bench/load.c \
	bench/load_answer.c bench/load_answer.h \
	bench/load_client.c bench/load_client.h

EXTRA_PROGRAMS += bench/ideal
bench_ideal_SOURCES = bench/ideal.c
bench_ideal_LDADD = $(UV_LIBS) $(NGHTTP2_LIBS) $(MICROHTTPD_LIBS)
EXTRA_DIST += bench/README.md bench/bench.proto bench/run bench/rpc
EXTRA_DIST += bench/cancel bench/flow bench/scenario_tools.py bench/soak

# The RPC framework beside a bare exchange: bench/rpc.
bench_meter = bench/heap.c bench/meter.c bench/meter.h
bench_rpc_caller = bench/rpc_caller.c bench/rpc_caller.h $(bench_meter)

EXTRA_PROGRAMS += bench/bare
bench_bare_SOURCES = bench/bare.c $(bench_meter)
bench_bare_LDADD = $(UV_LIBS) $(NGHTTP2_LIBS)

EXTRA_PROGRAMS += bench/rpc_inproc
bench_rpc_inproc_SOURCES = bench/rpc_inproc.c $(bench_rpc_caller)
bench_rpc_inproc_LDADD = $(RPC_LIBS)

EXTRA_PROGRAMS += bench/rpc_link
bench_rpc_link_SOURCES = bench/rpc_link.c $(bench_rpc_caller)
bench_rpc_link_LDADD = $(RPC_LIBS)

EXTRA_PROGRAMS += bench/rpc_server
bench_rpc_server_SOURCES = bench/rpc_server.c $(bench_meter)
bench_rpc_server_LDADD = $(RPC_LIBS)

# JSON <-> wire beside jansson: bench/transcode.
EXTRA_PROGRAMS += bench/transcode_meter
bench_transcode_meter_SOURCES = bench/transcode_meter.c \
	bench/documents.c bench/documents.h
bench_transcode_meter_LDADD = $(PROTOBUF_LIBS) $(JANSSON_LIBS) -lm

bench/documents.pb: bench/documents.proto
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(PROTOC) \
		--proto_path=$(srcdir)/bench --proto_path=$(protobuf_fixed) \
		--include_imports --descriptor_set_out=$@ \
		$(srcdir)/bench/documents.proto
CLEANFILES += bench/documents.pb
EXTRA_DIST += bench/documents.proto bench/transcode

# Routing: bench/routing, and tests/routes/test_flat.py.
EXTRA_PROGRAMS += bench/routing_meter
CLEANFILES += bench/routing_meter$(EXEEXT)
bench_routing_meter_SOURCES = bench/routing_meter.c
bench_routing_meter_LDADD = $(ROUTES_LIBS)
EXTRA_DIST += bench/routing

# What is held while nothing happens: bench/idle.
EXTRA_PROGRAMS += bench/lone
bench_lone_SOURCES = bench/lone.c
EXTRA_DIST += bench/idle

# A long way between programs: bench/latency.
EXTRA_PROGRAMS += bench/delay
bench_delay_SOURCES = bench/delay.c
bench_delay_LDADD = $(UV_LIBS)
EXTRA_DIST += bench/latency
