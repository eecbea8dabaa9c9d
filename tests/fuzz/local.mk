# SPDX-License-Identifier: Apache-2.0
#
# Fuzz targets: each defines LLVMFuzzerTestOneInput(), and is an ordinary test
# that replays its folder of tests/fuzz/corpus. --enable-fuzzing makes libFuzzer
# programs of them: `make check-fuzz` lets each try so many inputs, the same
# ones every time, and with FUZZ_SECONDS=600 in the environment go on for that
# long. A target is
#   fuzz_programs += tests/fuzz/fuzz_X
#   fuzz_runs += tests/fuzz/fuzz_X=10000
#   tests_fuzz_fuzz_X_SOURCES = tests/fuzz/fuzz_X.c $(fuzz_driver)
#   tests_fuzz_fuzz_X_LDADD = $(RPC_LIBS)
#   tests_fuzz_fuzz_X_LDFLAGS = $(fuzz_link)

fuzz_programs =
fuzz_runs =

if FUZZING
fuzz_driver = tests/fuzz/input.h
EXTRA_PROGRAMS += $(fuzz_programs)
else
fuzz_driver = tests/fuzz/input.h tests/fuzz/replay.c
check_PROGRAMS += $(fuzz_programs)
endif

check-fuzz: $(BUILT_SOURCES)
if FUZZING
	@$(MAKE) $(AM_MAKEFLAGS) $(fuzz_programs)
	@$(top_srcdir)/tests/fuzz/run $(top_srcdir)/tests/fuzz/corpus \
		$(fuzz_runs)
else
	@echo "configure with --enable-fuzzing CC=clang first" >&2
	@exit 1
endif
.PHONY: check-fuzz

fuzz_link = $(AM_LDFLAGS) $(FUZZER_LDFLAGS)

EXTRA_DIST += \
	tests/fuzz/corpus \
	tests/fuzz/run \
	tests/fuzz/seeds.py

# Time that passes only when a target says so, and chance without any.
fuzz_clock = tests/fuzz/clock.c tests/fuzz/clock.h
fuzz_clock_link = \
	-Wl,--wrap=uv_hrtime,--wrap=uv_now,--wrap=uv_timer_start,--wrap=uv_random

# Memory of pools that runs short when a target says so.
fuzz_shortage = tests/fuzz/shortage.c tests/fuzz/shortage.h
fuzz_shortage_link = -Wl,--wrap=sluice_pool_take

# Customers of the base layer.
fuzz_crowd = \
	tests/fuzz/crowd.c \
	tests/fuzz/crowd.h \
	tests/fuzz/customer.c \
	tests/fuzz/customer.h \
	tests/fuzz/speaker.c \
	tests/fuzz/speaker.h \
	$(fuzz_clock) $(fuzz_shortage)
fuzz_crowd_link = $(fuzz_clock_link) $(fuzz_shortage_link)

fuzz_programs += tests/fuzz/fuzz_operation
fuzz_runs += tests/fuzz/fuzz_operation=12000
tests_fuzz_fuzz_operation_SOURCES = \
	tests/fuzz/fuzz_operation.c \
	tests/fuzz/scripted.c \
	tests/fuzz/scripted.h \
	$(fuzz_crowd) $(fuzz_driver)
tests_fuzz_fuzz_operation_LDADD = $(RPC_LIBS)
tests_fuzz_fuzz_operation_LDFLAGS = $(fuzz_link) $(fuzz_crowd_link)

# Where gRPC clients connect to.
fuzz_place = tests/fuzz/place.c tests/fuzz/place.h
fuzz_place_link = -Wl,--wrap=uv_pipe_connect

# The gRPC link's other end.
fuzz_peer = \
	tests/fuzz/frames.c \
	tests/fuzz/frames.h \
	tests/fuzz/peer.c \
	tests/fuzz/peer.h

fuzz_programs += tests/fuzz/fuzz_grpc_client
fuzz_runs += tests/fuzz/fuzz_grpc_client=1500
tests_fuzz_fuzz_grpc_client_SOURCES = \
	tests/fuzz/fuzz_grpc_client.c \
	$(fuzz_crowd) $(fuzz_peer) $(fuzz_place) $(fuzz_driver)
tests_fuzz_fuzz_grpc_client_LDADD = $(RPC_LIBS)
tests_fuzz_fuzz_grpc_client_LDFLAGS = \
	$(fuzz_link) $(fuzz_crowd_link) $(fuzz_place_link)

fuzz_programs += tests/fuzz/fuzz_grpc_server
fuzz_runs += tests/fuzz/fuzz_grpc_server=1500
tests_fuzz_fuzz_grpc_server_SOURCES = \
	tests/fuzz/fuzz_grpc_server.c \
	$(fuzz_crowd) $(fuzz_peer) $(fuzz_place) $(fuzz_driver)
tests_fuzz_fuzz_grpc_server_LDADD = $(RPC_LIBS)
tests_fuzz_fuzz_grpc_server_LDFLAGS = \
	$(fuzz_link) $(fuzz_crowd_link) $(fuzz_place_link)

fuzz_programs += tests/fuzz/fuzz_grpc_pair
fuzz_runs += tests/fuzz/fuzz_grpc_pair=300
tests_fuzz_fuzz_grpc_pair_SOURCES = \
	tests/fuzz/fuzz_grpc_pair.c \
	$(fuzz_crowd) $(fuzz_place) $(fuzz_driver)
tests_fuzz_fuzz_grpc_pair_LDADD = $(RPC_LIBS)
tests_fuzz_fuzz_grpc_pair_LDFLAGS = \
	$(fuzz_link) $(fuzz_crowd_link) $(fuzz_place_link)

fuzz_programs += tests/fuzz/fuzz_grpc_text
fuzz_runs += tests/fuzz/fuzz_grpc_text=10000
tests_fuzz_fuzz_grpc_text_SOURCES = \
	tests/fuzz/fuzz_grpc_text.c $(fuzz_driver)
tests_fuzz_fuzz_grpc_text_LDADD = $(RPC_LIBS)
tests_fuzz_fuzz_grpc_text_LDFLAGS = $(fuzz_link)

fuzz_programs += tests/fuzz/fuzz_grpc_message
fuzz_runs += tests/fuzz/fuzz_grpc_message=4000
tests_fuzz_fuzz_grpc_message_SOURCES = \
	tests/fuzz/fuzz_grpc_message.c $(fuzz_driver)
tests_fuzz_fuzz_grpc_message_LDADD = $(RPC_LIBS)
tests_fuzz_fuzz_grpc_message_LDFLAGS = $(fuzz_link)

# The RPC of an exchange, on the fixture of the gateway's tests.
fuzz_played_call = \
	tests/fuzz/played_call.c \
	tests/fuzz/played_call.h \
	tests/gateway/fixture.c \
	tests/gateway/fixture.h
fuzz_played_call_link = \
	-Wl,--wrap=gw_call_start,--wrap=gw_call_start_for \
	-Wl,--wrap=gw_call_request,--wrap=gw_call_has_room \
	-Wl,--wrap=gw_call_is_waited_for \
	-Wl,--wrap=gw_call_half_close,--wrap=gw_call_give_up \
	-Wl,--wrap=gw_exchange_called \
	-Wl,--wrap=sluice_call_cancel,--wrap=sluice_call_allow

# Bodies of the protocols of RPCs.
fuzz_rpc_body = \
	tests/fuzz/rpc_body.c \
	tests/fuzz/rpc_body.h \
	$(fuzz_played_call)

fuzz_programs += tests/fuzz/fuzz_grpc_web
fuzz_runs += tests/fuzz/fuzz_grpc_web=3000
tests_fuzz_fuzz_grpc_web_SOURCES = \
	tests/fuzz/fuzz_grpc_web.c $(fuzz_rpc_body) $(fuzz_driver)
tests_fuzz_fuzz_grpc_web_LDADD = $(GATEWAY_LIBS) $(CMOCKA_LIBS)
tests_fuzz_fuzz_grpc_web_LDFLAGS = $(fuzz_link) $(fuzz_played_call_link)

fuzz_programs += tests/fuzz/fuzz_connect
fuzz_runs += tests/fuzz/fuzz_connect=3000
tests_fuzz_fuzz_connect_SOURCES = \
	tests/fuzz/fuzz_connect.c $(fuzz_rpc_body) $(fuzz_driver)
tests_fuzz_fuzz_connect_LDADD = $(GATEWAY_LIBS) $(CMOCKA_LIBS)
tests_fuzz_fuzz_connect_LDFLAGS = $(fuzz_link) $(fuzz_played_call_link)
