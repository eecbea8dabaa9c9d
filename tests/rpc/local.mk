# SPDX-License-Identifier: Apache-2.0
#
# A unit test is three lines:
#   check_PROGRAMS += tests/rpc/test_X
#   tests_rpc_test_X_SOURCES = tests/rpc/test_X.c
#   tests_rpc_test_X_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)
# with PROTOBUF_LIBS, ROUTES_LIBS or GATEWAY_LIBS for the folders above.

# With pools, and with nghttp2, under the regime of tests/memory.h
memory_pool = $(memory) tests/rpc/memory_pool.c
memory_pool_link = $(memory_link) -Wl,--wrap=sluice_pool_take
memory_nghttp2 = $(memory) \
	tests/rpc/memory_nghttp2.c \
	tests/rpc/memory_nghttp2.h

check_PROGRAMS += tests/rpc/test_bytes
tests_rpc_test_bytes_SOURCES = tests/rpc/test_bytes.c $(memory)
tests_rpc_test_bytes_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)
tests_rpc_test_bytes_LDFLAGS = $(AM_LDFLAGS) $(memory_link)

check_PROGRAMS += tests/rpc/test_shelf
tests_rpc_test_shelf_SOURCES = tests/rpc/test_shelf.c
tests_rpc_test_shelf_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)
tests_rpc_test_shelf_LDFLAGS = $(AM_LDFLAGS) -Wl,--wrap=free

check_PROGRAMS += tests/rpc/test_loop
tests_rpc_test_loop_SOURCES = tests/rpc/test_loop.c
tests_rpc_test_loop_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)

values = tests/rpc/values.c tests/rpc/values.h

# The base layer: two Ends and what happens between them.
join = tests/rpc/join.c tests/rpc/join.h
base_world = tests/rpc/base_world.c tests/rpc/base_world.h $(join)
check_PROGRAMS += tests/rpc/test_base
tests_rpc_test_base_SOURCES = tests/rpc/test_base.c $(base_world)
tests_rpc_test_base_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)

# The gRPC link; the bad backend also serves scenarios: tests/bad-backend.
grpc_world = tests/rpc/grpc_world.c tests/rpc/grpc_world.h
bad_backend = \
	tests/rpc/bad_backend.c \
	tests/rpc/bad_backend.h \
	tests/rpc/bad_frames.c \
	tests/rpc/bad_frames.h
grpc_scene = tests/rpc/grpc_scene.c tests/rpc/grpc_scene.h \
	$(grpc_world) $(bad_backend)

check_PROGRAMS += tests/rpc/test_grpc_answers
tests_rpc_test_grpc_answers_SOURCES = \
	tests/rpc/test_grpc_answers.c $(grpc_scene)
tests_rpc_test_grpc_answers_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/rpc/test_grpc_connections
tests_rpc_test_grpc_connections_SOURCES = \
	tests/rpc/test_grpc_connections.c $(grpc_scene)
tests_rpc_test_grpc_connections_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/rpc/test_grpc_misbehaviour
tests_rpc_test_grpc_misbehaviour_SOURCES = \
	tests/rpc/test_grpc_misbehaviour.c $(grpc_scene)
tests_rpc_test_grpc_misbehaviour_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)

noinst_PROGRAMS += tests/bad-backend
tests_bad_backend_SOURCES = tests/rpc/bad_backend_main.c $(bad_backend)
tests_bad_backend_LDADD = $(NGHTTP2_LIBS) -lpthread

check_PROGRAMS += tests/rpc/test_grpc_streams
tests_rpc_test_grpc_streams_SOURCES = \
	tests/rpc/test_grpc_streams.c $(grpc_scene)
tests_rpc_test_grpc_streams_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/rpc/test_grpc_official
tests_rpc_test_grpc_official_SOURCES = \
	tests/rpc/test_grpc_official.c $(grpc_world)
tests_rpc_test_grpc_official_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)
EXTRA_DIST += tests/rpc/grpc_server.py

check_PROGRAMS += tests/rpc/test_grpc_random
tests_rpc_test_grpc_random_SOURCES = \
	tests/rpc/test_grpc_random.c $(grpc_scene)
tests_rpc_test_grpc_random_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/rpc/test_grpc_memory
tests_rpc_test_grpc_memory_SOURCES = \
	tests/rpc/test_grpc_memory.c \
	$(grpc_world) $(bad_backend) $(memory_nghttp2)
tests_rpc_test_grpc_memory_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)
tests_rpc_test_grpc_memory_LDFLAGS = $(AM_LDFLAGS) $(memory_link)

check_PROGRAMS += tests/rpc/test_grpc_codings
tests_rpc_test_grpc_codings_SOURCES = tests/rpc/test_grpc_codings.c
tests_rpc_test_grpc_codings_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/rpc/test_base_echo
tests_rpc_test_base_echo_SOURCES = tests/rpc/test_base_echo.c $(base_world)
tests_rpc_test_base_echo_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/rpc/test_base_emission
tests_rpc_test_base_emission_SOURCES = tests/rpc/test_base_emission.c $(base_world)
tests_rpc_test_base_emission_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/rpc/test_base_end
tests_rpc_test_base_end_SOURCES = tests/rpc/test_base_end.c $(base_world)
tests_rpc_test_base_end_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/rpc/test_base_outcome
tests_rpc_test_base_outcome_SOURCES = tests/rpc/test_base_outcome.c $(base_world)
tests_rpc_test_base_outcome_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/rpc/test_base_service
tests_rpc_test_base_service_SOURCES = tests/rpc/test_base_service.c $(base_world)
tests_rpc_test_base_service_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/rpc/test_base_link
tests_rpc_test_base_link_SOURCES = tests/rpc/test_base_link.c $(base_world)
tests_rpc_test_base_link_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/rpc/test_base_memory
tests_rpc_test_base_memory_SOURCES = \
	tests/rpc/test_base_memory.c $(base_world) $(memory)
tests_rpc_test_base_memory_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)
tests_rpc_test_base_memory_LDFLAGS = $(AM_LDFLAGS) $(memory_link)
check_PROGRAMS += tests/rpc/test_base_matrix
tests_rpc_test_base_matrix_SOURCES = tests/rpc/test_base_matrix.c $(base_world)
tests_rpc_test_base_matrix_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/rpc/test_inproc
tests_rpc_test_inproc_SOURCES = tests/rpc/test_inproc.c $(base_world)
tests_rpc_test_inproc_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)

# ---- scenarios
TESTS += tests/rpc/scenarios.py
EXTRA_DIST += tests/rpc/scenarios.md tests/rpc/scenarios.py

check_PROGRAMS += tests/rpc/test_link
tests_rpc_test_link_SOURCES = tests/rpc/test_link.c $(base_world)
tests_rpc_test_link_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)

face_suite = \
	tests/rpc/face_invoke.c \
	tests/rpc/face_suite.c \
	tests/rpc/face_suite.h \
	tests/rpc/face_trades.c \
	tests/rpc/face_trades_event.c \
	tests/rpc/face_trades_foreign.c \
	tests/rpc/face_trades_inline.c \
	tests/rpc/face_witness.c \
	tests/rpc/face_witness.h \
	$(join) $(values)

check_PROGRAMS += tests/rpc/test_face_blocking
tests_rpc_test_face_blocking_SOURCES = tests/rpc/test_face_blocking.c $(face_suite)
tests_rpc_test_face_blocking_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/rpc/test_face_event
tests_rpc_test_face_event_SOURCES = tests/rpc/test_face_event.c $(face_suite)
tests_rpc_test_face_event_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/rpc/test_face_future
tests_rpc_test_face_future_SOURCES = tests/rpc/test_face_future.c $(face_suite)
tests_rpc_test_face_future_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/rpc/test_face_told
tests_rpc_test_face_told_SOURCES = tests/rpc/test_face_told.c $(face_suite)
tests_rpc_test_face_told_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/rpc/test_face_flow
tests_rpc_test_face_flow_SOURCES = tests/rpc/test_face_flow.c $(face_suite)
tests_rpc_test_face_flow_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/rpc/test_face_fates
tests_rpc_test_face_fates_SOURCES = tests/rpc/test_face_fates.c $(face_suite)
tests_rpc_test_face_fates_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/rpc/test_face_grpc
tests_rpc_test_face_grpc_SOURCES = tests/rpc/test_face_grpc.c $(face_suite)
tests_rpc_test_face_grpc_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/rpc/test_face_stress
tests_rpc_test_face_stress_SOURCES = tests/rpc/test_face_stress.c $(face_suite)
tests_rpc_test_face_stress_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)

# ---- face
face_fixture = \
	tests/rpc/face_fixture.c \
	tests/rpc/face_fixture.h \
	$(join) $(values)
face_stock = $(face_fixture) \
	tests/rpc/face_stock.c \
	tests/rpc/face_stock.h

check_PROGRAMS += tests/rpc/test_face_call
tests_rpc_test_face_call_SOURCES = tests/rpc/test_face_call.c $(face_stock)
tests_rpc_test_face_call_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/rpc/test_face_abort
tests_rpc_test_face_abort_SOURCES = tests/rpc/test_face_abort.c $(face_stock)
tests_rpc_test_face_abort_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/rpc/test_face_service
tests_rpc_test_face_service_SOURCES = \
	tests/rpc/test_face_service.c $(face_stock)
tests_rpc_test_face_service_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/rpc/test_face_memory
tests_rpc_test_face_memory_SOURCES = \
	tests/rpc/test_face_memory.c $(face_stock) $(memory_pool)
tests_rpc_test_face_memory_LDFLAGS = $(AM_LDFLAGS) $(memory_pool_link)
tests_rpc_test_face_memory_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/rpc/test_face_many
tests_rpc_test_face_many_SOURCES = tests/rpc/test_face_many.c $(face_fixture)
tests_rpc_test_face_many_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)

# ---- gRPC server
serving = tests/rpc/serving.c tests/rpc/serving.h

check_PROGRAMS += tests/rpc/test_grpc_server_official
tests_rpc_test_grpc_server_official_SOURCES = \
	tests/rpc/test_grpc_server_official.c $(serving)
tests_rpc_test_grpc_server_official_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)
EXTRA_DIST += tests/rpc/grpc_client.py

bad_client = \
	tests/rpc/bad_client.c \
	tests/rpc/bad_client.h \
	tests/rpc/bad_frames.c \
	tests/rpc/bad_frames.h \
	$(serving)

check_PROGRAMS += tests/rpc/test_grpc_server_requests
tests_rpc_test_grpc_server_requests_SOURCES = \
	tests/rpc/test_grpc_server_requests.c $(bad_client)
tests_rpc_test_grpc_server_requests_LDADD = \
	$(RPC_LIBS) $(CMOCKA_LIBS) $(ZLIB_LIBS)

check_PROGRAMS += tests/rpc/test_grpc_server_streams
tests_rpc_test_grpc_server_streams_SOURCES = \
	tests/rpc/test_grpc_server_streams.c $(bad_client)
tests_rpc_test_grpc_server_streams_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/rpc/test_grpc_server_abuse
tests_rpc_test_grpc_server_abuse_SOURCES = \
	tests/rpc/test_grpc_server_abuse.c $(bad_client)
tests_rpc_test_grpc_server_abuse_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/rpc/test_grpc_server_connections
tests_rpc_test_grpc_server_connections_SOURCES = \
	tests/rpc/test_grpc_server_connections.c $(bad_client)
tests_rpc_test_grpc_server_connections_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/rpc/test_grpc_server_sluice
tests_rpc_test_grpc_server_sluice_SOURCES = \
	tests/rpc/test_grpc_server_sluice.c $(grpc_world) $(serving)
tests_rpc_test_grpc_server_sluice_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/rpc/test_grpc_server_memory
tests_rpc_test_grpc_server_memory_SOURCES = \
	tests/rpc/test_grpc_server_memory.c $(bad_client) $(memory_nghttp2)
tests_rpc_test_grpc_server_memory_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)
tests_rpc_test_grpc_server_memory_LDFLAGS = $(AM_LDFLAGS) $(memory_link)
# ---- gRPC client
check_PROGRAMS += tests/rpc/test_grpc_coding
tests_rpc_test_grpc_coding_SOURCES = tests/rpc/test_grpc_coding.c
tests_rpc_test_grpc_coding_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/rpc/test_grpc_writer
tests_rpc_test_grpc_writer_SOURCES = tests/rpc/test_grpc_writer.c
tests_rpc_test_grpc_writer_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/rpc/test_grpc_keepalive
tests_rpc_test_grpc_keepalive_SOURCES = \
	tests/rpc/test_grpc_keepalive.c $(grpc_scene)
tests_rpc_test_grpc_keepalive_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/rpc/test_grpc_window
tests_rpc_test_grpc_window_SOURCES = tests/rpc/test_grpc_window.c
tests_rpc_test_grpc_window_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/rpc/test_grpc_status
tests_rpc_test_grpc_status_SOURCES = tests/rpc/test_grpc_status.c $(grpc_scene)
tests_rpc_test_grpc_status_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/rpc/test_grpc_options
tests_rpc_test_grpc_options_SOURCES = \
	tests/rpc/test_grpc_options.c $(grpc_scene)
tests_rpc_test_grpc_options_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/rpc/test_face_text
tests_rpc_test_face_text_SOURCES = tests/rpc/test_face_text.c $(face_fixture)
tests_rpc_test_face_text_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/rpc/test_face_codes
tests_rpc_test_face_codes_SOURCES = tests/rpc/test_face_codes.c $(face_stock)
tests_rpc_test_face_codes_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)

# ---- threads
check_PROGRAMS += tests/rpc/test_thread
tests_rpc_test_thread_SOURCES = tests/rpc/test_thread.c
tests_rpc_test_thread_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)

thread_scene = tests/rpc/thread_scene.c tests/rpc/thread_scene.h $(values)

check_PROGRAMS += tests/rpc/test_rendezvous_call
tests_rpc_test_rendezvous_call_SOURCES = \
	tests/rpc/test_rendezvous_call.c $(thread_scene)
tests_rpc_test_rendezvous_call_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)
check_PROGRAMS += tests/rpc/test_face_methods
tests_rpc_test_face_methods_SOURCES = \
	tests/rpc/test_face_methods.c $(face_stock)
tests_rpc_test_face_methods_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)
# ---- gRPC client

check_PROGRAMS += tests/rpc/test_rendezvous_future
tests_rpc_test_rendezvous_future_SOURCES = \
	tests/rpc/test_rendezvous_future.c $(thread_scene)
tests_rpc_test_rendezvous_future_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/rpc/test_rendezvous_stream
tests_rpc_test_rendezvous_stream_SOURCES = \
	tests/rpc/test_rendezvous_stream.c $(thread_scene)
tests_rpc_test_rendezvous_stream_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/rpc/test_rendezvous_end
tests_rpc_test_rendezvous_end_SOURCES = \
	tests/rpc/test_rendezvous_end.c $(thread_scene)
tests_rpc_test_rendezvous_end_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)

face_threads = \
	tests/rpc/face_threads.c \
	tests/rpc/face_threads.h \
	$(values)

check_PROGRAMS += tests/rpc/test_face_inline
tests_rpc_test_face_inline_SOURCES = \
	tests/rpc/test_face_inline.c $(face_threads)
tests_rpc_test_face_inline_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/rpc/test_face_inline_values
tests_rpc_test_face_inline_values_SOURCES = \
	tests/rpc/test_face_inline_values.c $(face_threads)
tests_rpc_test_face_inline_values_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/rpc/test_face_inline_ends
tests_rpc_test_face_inline_ends_SOURCES = \
	tests/rpc/test_face_inline_ends.c $(face_threads)
tests_rpc_test_face_inline_ends_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/rpc/test_face_answering
tests_rpc_test_face_answering_SOURCES = \
	tests/rpc/test_face_answering.c $(face_threads)
tests_rpc_test_face_answering_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/rpc/test_face_inline_memory
tests_rpc_test_face_inline_memory_SOURCES = \
	tests/rpc/test_face_inline_memory.c $(face_threads) $(memory)
tests_rpc_test_face_inline_memory_LDFLAGS = $(AM_LDFLAGS) $(memory_link)
tests_rpc_test_face_inline_memory_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/rpc/test_face_inline_many
tests_rpc_test_face_inline_many_SOURCES = \
	tests/rpc/test_face_inline_many.c $(face_threads)
tests_rpc_test_face_inline_many_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/rpc/test_rendezvous_requests
tests_rpc_test_rendezvous_requests_SOURCES = \
	tests/rpc/test_rendezvous_requests.c $(thread_scene)
tests_rpc_test_rendezvous_requests_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/rpc/test_rendezvous_door
tests_rpc_test_rendezvous_door_SOURCES = \
	tests/rpc/test_rendezvous_door.c $(face_stock)
tests_rpc_test_rendezvous_door_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/rpc/test_rendezvous_memory
tests_rpc_test_rendezvous_memory_SOURCES = \
	tests/rpc/test_rendezvous_memory.c $(thread_scene) $(memory_pool)
tests_rpc_test_rendezvous_memory_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)
tests_rpc_test_rendezvous_memory_LDFLAGS = $(AM_LDFLAGS) \
	$(memory_pool_link) \
	-Wl,--wrap=uv_thread_create,--wrap=uv_loop_init,--wrap=uv_async_init

check_PROGRAMS += tests/rpc/test_grpc_request
tests_rpc_test_grpc_request_SOURCES = tests/rpc/test_grpc_request.c
tests_rpc_test_grpc_request_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)

# ---- the steady state of both layers, over both links
check_PROGRAMS += tests/rpc/test_no_malloc
tests_rpc_test_no_malloc_SOURCES = \
	tests/rpc/test_no_malloc.c $(face_fixture)
tests_rpc_test_no_malloc_LDADD = $(RPC_LIBS) $(CMOCKA_LIBS)
