# SPDX-License-Identifier: Apache-2.0
#
# Scenarios run the real program. A script is one name in the list below; what
# the scripts import goes to EXTRA_DIST only.

scenarios = \
	tests/scenarios/access_log.py \
	tests/scenarios/bad_backends.py \
	tests/scenarios/bad_connections.py \
	tests/scenarios/browser.py \
	tests/scenarios/bad_fronts.py \
	tests/scenarios/blackhole.py \
	tests/scenarios/bombs.py \
	tests/scenarios/churn.py \
	tests/scenarios/client_gone.py \
	tests/scenarios/compression.py \
	tests/scenarios/connect.py \
	tests/scenarios/configuration.py \
	tests/scenarios/cors.py \
	tests/scenarios/demo.py \
	tests/scenarios/drain.py \
	tests/scenarios/error_details.py \
	tests/scenarios/everyday.py \
	tests/scenarios/explain.py \
	tests/scenarios/far.py \
	tests/scenarios/flow_ends.py \
	tests/scenarios/flow_gone.py \
	tests/scenarios/flow_held.py \
	tests/scenarios/explorer.py \
	tests/scenarios/grpc_web.py \
	tests/scenarios/hostile_bodies.py \
	tests/scenarios/hostile_heads.py \
	tests/scenarios/http_body.py \
	tests/scenarios/http_body_streams.py \
	tests/scenarios/killed.py \
	tests/scenarios/limits.py \
	tests/scenarios/manual.py \
	tests/scenarios/metadata.py \
	tests/scenarios/options.py \
	tests/scenarios/protojson.py \
	tests/scenarios/random_official.py \
	tests/scenarios/raw.py \
	tests/scenarios/raw_limits.py \
	tests/scenarios/request_streams.py \
	tests/scenarios/required.py \
	tests/scenarios/slow_clients.py \
	tests/scenarios/streams.py \
	tests/scenarios/transcode.py \
	tests/scenarios/turned_away.py \
	tests/scenarios/updates.py \
	tests/scenarios/web_clients.py \
	tests/scenarios/ws.py \
	tests/scenarios/ws_bad.py \
	tests/scenarios/ws_flow.py

# Memory and instructions: of programs with a sanitizer they say nothing.
if !SANITIZED
scenarios += tests/scenarios/idle_streams.py
endif
tests/scenarios/idle_streams.log: bench/backend$(EXEEXT) bench/bench.pb

TESTS += $(scenarios)

# With two workers, so that what they share is seen by the thread sanitizer
thread_tests += \
	tests/scenarios/client_gone.py \
	tests/scenarios/drain.py \
	tests/scenarios/everyday.py \
	tests/scenarios/metadata.py \
	tests/scenarios/ws.py

EXTRA_DIST += \
	$(scenarios) \
	tests/scenarios/bad.py \
	tests/scenarios/everything.proto \
	tests/scenarios/files.proto \
	tests/scenarios/files.py \
	tests/scenarios/flights.py \
	tests/scenarios/forms.py \
	tests/scenarios/frames.py \
	tests/scenarios/harness.py \
	tests/scenarios/held.py \
	tests/scenarios/idle_streams.py \
	tests/scenarios/http2.py \
	tests/scenarios/leaving.py \
	tests/scenarios/nursery.py \
	tests/scenarios/peer.py \
	tests/scenarios/protojson.proto \
	tests/scenarios/protojson2.proto \
	tests/scenarios/random_disputes.py \
	tests/scenarios/random_json.py \
	tests/scenarios/random_schema.py \
	tests/scenarios/random_values.py \
	tests/scenarios/random_wire.py \
	tests/scenarios/slow.py \
	tests/scenarios/transcoder.py \
	tests/scenarios/victim.py \
	tests/scenarios/web.py \
	tests/scenarios/whole.py \
	tests/scenarios/websocket.py \
	tests/web/browser.mjs \
	tests/web/clients_in_browser.mjs \
	tests/web/connect_calls.mjs \
	tests/web/connect_clients.mjs \
	tests/web/explorer.mjs \
	tests/web/grpc_web_calls.mjs \
	tests/web/grpc_web_client.mjs \
	tests/web/kit.mjs \
	tests/web/messages.mjs \
	tests/web/node.mjs \
	tests/web/page.mjs \
	tests/web/pages/connect.mjs \
	tests/web/pages/cors.mjs \
	tests/web/pages/events.mjs \
	tests/web/pages/fetch.mjs \
	tests/web/pages/foreign.mjs \
	tests/web/pages/grpc_web.mjs \
	tests/web/pages/leaving.mjs \
	tests/web/pages/websocket.mjs \
	tests/web/websocket_module.mjs \
	tests/web/screenshot.mjs

check_DATA += tests/scenarios/everything.pb tests/scenarios/protojson2.pb
CLEANFILES += tests/scenarios/everything.pb tests/scenarios/protojson2.pb

check_DATA += tests/scenarios/files.pb
CLEANFILES += tests/scenarios/files.pb

tests/scenarios/files.pb: tests/scenarios/files.proto
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(PROTOC) \
		--proto_path=$(srcdir)/tests/scenarios \
		--proto_path=$(protobuf_fixed) \
		--include_imports --descriptor_set_out=$@ \
		$(srcdir)/tests/scenarios/files.proto

tests/scenarios/everything.pb: tests/scenarios/everything.proto
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(PROTOC) \
		--proto_path=$(srcdir)/tests/scenarios \
		--proto_path=$(protobuf_fixed) \
		--include_imports --descriptor_set_out=$@ \
		$(srcdir)/tests/scenarios/everything.proto

tests/scenarios/protojson2.pb: tests/scenarios/protojson2.proto \
		tests/scenarios/protojson.proto
	$(AM_V_GEN)$(MKDIR_P) $(@D) && $(PROTOC) \
		--proto_path=$(srcdir)/tests/scenarios \
		--proto_path=$(protobuf_fixed) \
		--include_imports --descriptor_set_out=$@ \
		$(srcdir)/tests/scenarios/protojson2.proto

# Who takes what from the heap. Sanitizers have a heap of their own.
if !SANITIZED
TESTS += tests/scenarios/heap.py
endif
EXTRA_DIST += \
	tests/scenarios/heap.py \
	tests/scenarios/heap_counter.c
tests/scenarios/heap.log: tests/scenarios/heap_counter.so
CLEANFILES += tests/scenarios/heap_counter.so

tests/scenarios/heap_counter.so: tests/scenarios/heap_counter.c
	$(AM_V_CC)$(MKDIR_P) $(@D) && $(CC) $(WARN_CFLAGS) $(CFLAGS) \
		-D_GNU_SOURCE -fPIC -shared -o $@ \
		$(srcdir)/tests/scenarios/heap_counter.c

# Memory that runs short. The program is ours but for what it keeps of memory
# that was given back: nothing.
if !SANITIZED
TESTS += \
	tests/scenarios/starved.py \
	tests/scenarios/starved_start.py
endif
EXTRA_DIST += \
	tests/scenarios/memory.py \
	tests/scenarios/starved.py \
	tests/scenarios/starved_flows.py \
	tests/scenarios/starved_kinds.py \
	tests/scenarios/starved_start.py \
	tests/scenarios/starving.py
EXTRA_PROGRAMS += tests/scenarios/unpooled
tests_scenarios_unpooled_SOURCES = \
	gateway/exchange.c \
	gateway/main.c \
	gateway/worker.c \
	rpc/pool.c
tests_scenarios_unpooled_CPPFLAGS = $(AM_CPPFLAGS) -DRPC_POOL_KEEPS=0
tests_scenarios_unpooled_LDADD = $(GATEWAY_LIBS)
CLEANFILES += tests/scenarios/unpooled$(EXEEXT)
tests/scenarios/starved.log tests/scenarios/starved_start.log: \
	tests/scenarios/heap_counter.so \
	tests/scenarios/unpooled$(EXEEXT)
# System calls that fail or do little, and a time of day that jumps: libraries
# that are preloaded. Sanitizers want to come first themselves.
if !SANITIZED
TESTS += \
	tests/scenarios/clock_jumps.py \
	tests/scenarios/descriptors.py \
	tests/scenarios/syscall_failures.py
endif
EXTRA_DIST += \
	tests/scenarios/clock_jumps.py \
	tests/scenarios/descriptors.py \
	tests/scenarios/faults.c \
	tests/scenarios/faults.py \
	tests/scenarios/syscall_failures.py \
	tests/scenarios/wall_clock.c
tests/scenarios/clock_jumps.log: tests/scenarios/wall_clock.so
tests/scenarios/descriptors.log: tests/scenarios/faults.so
tests/scenarios/syscall_failures.log: tests/scenarios/faults.so
CLEANFILES += tests/scenarios/faults.so tests/scenarios/wall_clock.so

tests/scenarios/faults.so: tests/scenarios/faults.c
	$(AM_V_CC)$(MKDIR_P) $(@D) && $(CC) $(WARN_CFLAGS) $(CFLAGS) \
		-D_GNU_SOURCE -fPIC -shared -o $@ \
		$(srcdir)/tests/scenarios/faults.c

tests/scenarios/wall_clock.so: tests/scenarios/wall_clock.c
	$(AM_V_CC)$(MKDIR_P) $(@D) && $(CC) $(WARN_CFLAGS) $(CFLAGS) \
		-D_GNU_SOURCE -fPIC -shared -o $@ \
		$(srcdir)/tests/scenarios/wall_clock.c

# Instructions per request. Programs with a sanitizer do not run under valgrind.
if !SANITIZED
TESTS += tests/scenarios/instructions.py
endif
EXTRA_DIST += \
	tests/scenarios/callgrind.py \
	tests/scenarios/instructions.py
tests/scenarios/instructions.log: bench/backend$(EXEEXT) bench/bench.pb
CLEANFILES += bench/backend$(EXEEXT)
