# SPDX-License-Identifier: Apache-2.0
#
# A unit test is three lines:
#   check_PROGRAMS += tests/gateway/test_X
#   tests_gateway_test_X_SOURCES = tests/gateway/test_X.c
#   tests_gateway_test_X_LDADD = $(GATEWAY_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/gateway/test_accept
tests_gateway_test_accept_SOURCES = tests/gateway/test_accept.c
tests_gateway_test_accept_LDADD = $(GATEWAY_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/gateway/test_address
tests_gateway_test_address_SOURCES = tests/gateway/test_address.c
tests_gateway_test_address_LDADD = $(GATEWAY_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/gateway/test_admit
tests_gateway_test_admit_SOURCES = tests/gateway/test_admit.c
tests_gateway_test_admit_LDADD = $(GATEWAY_LIBS) $(CMOCKA_LIBS)

# The pool is wrapped: it is counted, and fails when told to
check_PROGRAMS += tests/gateway/test_arena
tests_gateway_test_arena_SOURCES = tests/gateway/test_arena.c
tests_gateway_test_arena_LDADD = $(GATEWAY_LIBS) $(CMOCKA_LIBS)
tests_gateway_test_arena_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=sluice_pool_take -Wl,--wrap=sluice_pool_give

check_PROGRAMS += tests/gateway/test_buffer
tests_gateway_test_buffer_SOURCES = tests/gateway/test_buffer.c
tests_gateway_test_buffer_LDADD = $(GATEWAY_LIBS) $(CMOCKA_LIBS)
tests_gateway_test_buffer_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=sluice_bytes_new

check_PROGRAMS += tests/gateway/test_envelope
tests_gateway_test_envelope_SOURCES = tests/gateway/test_envelope.c
tests_gateway_test_envelope_LDADD = $(GATEWAY_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/gateway/test_text_frames
tests_gateway_test_text_frames_SOURCES = tests/gateway/test_text_frames.c
tests_gateway_test_text_frames_LDADD = $(GATEWAY_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/gateway/test_values
tests_gateway_test_values_SOURCES = tests/gateway/test_values.c
tests_gateway_test_values_LDADD = $(GATEWAY_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/gateway/test_handshake
tests_gateway_test_handshake_SOURCES = tests/gateway/test_handshake.c
tests_gateway_test_handshake_LDADD = $(GATEWAY_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/gateway/test_log
tests_gateway_test_log_SOURCES = tests/gateway/test_log.c
tests_gateway_test_log_LDADD = $(GATEWAY_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/gateway/test_explain
tests_gateway_test_explain_SOURCES = tests/gateway/test_explain.c $(memory)
tests_gateway_test_explain_LDFLAGS = $(AM_LDFLAGS) $(memory_link)
tests_gateway_test_explain_LDADD = tests/routes/libsupport.la \
	$(GATEWAY_LIBS) $(CMOCKA_LIBS)

# On a worker and an exchange of tests/gateway/fixture.h
gateway_fixture = tests/gateway/fixture.c tests/gateway/fixture.h
check_PROGRAMS += tests/gateway/test_request
tests_gateway_test_request_SOURCES = tests/gateway/test_request.c \
	$(gateway_fixture)
tests_gateway_test_request_LDADD = $(GATEWAY_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/gateway/test_cors
tests_gateway_test_cors_SOURCES = tests/gateway/test_cors.c \
	$(gateway_fixture)
tests_gateway_test_cors_LDADD = $(GATEWAY_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/gateway/test_metadata_out
tests_gateway_test_metadata_out_SOURCES = tests/gateway/test_metadata_out.c \
	$(gateway_fixture)
tests_gateway_test_metadata_out_LDADD = $(GATEWAY_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/gateway/test_http_body
tests_gateway_test_http_body_SOURCES = tests/gateway/test_http_body.c \
	$(gateway_fixture)
tests_gateway_test_http_body_LDADD = $(GATEWAY_LIBS) $(CMOCKA_LIBS)
tests_gateway_test_http_body_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=sluice_bytes_new

check_PROGRAMS += tests/gateway/test_page
tests_gateway_test_page_SOURCES = tests/gateway/test_page.c \
	$(gateway_fixture)
tests_gateway_test_page_LDADD = $(GATEWAY_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/gateway/test_refusal
tests_gateway_test_refusal_SOURCES = tests/gateway/test_refusal.c \
	$(gateway_fixture)
tests_gateway_test_refusal_LDADD = $(GATEWAY_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/gateway/test_reply
tests_gateway_test_reply_SOURCES = tests/gateway/test_reply.c \
	$(gateway_fixture)
tests_gateway_test_reply_LDADD = $(GATEWAY_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/gateway/test_reply_http
tests_gateway_test_reply_http_SOURCES = tests/gateway/test_reply_http.c \
	$(gateway_fixture)
tests_gateway_test_reply_http_LDADD = $(GATEWAY_LIBS) $(CMOCKA_LIBS)

# Memory and threads are short when they are told to be
check_PROGRAMS += tests/gateway/test_server
thread_tests += tests/gateway/test_server
tests_gateway_test_server_SOURCES = tests/gateway/test_server.c \
	$(gateway_fixture) $(memory)
tests_gateway_test_server_LDADD = $(GATEWAY_LIBS) $(CMOCKA_LIBS)
tests_gateway_test_server_LDFLAGS = $(AM_LDFLAGS) $(memory_link) \
	-Wl,--wrap=pthread_create -Wl,--wrap=gw_log

check_PROGRAMS += tests/gateway/test_status_json
tests_gateway_test_status_json_SOURCES = tests/gateway/test_status_json.c
tests_gateway_test_status_json_LDADD = $(GATEWAY_LIBS) $(CMOCKA_LIBS)

# What upstreams say in their trailers.
fuzz_programs += tests/fuzz/fuzz_status_json
fuzz_runs += tests/fuzz/fuzz_status_json=2000
tests_fuzz_fuzz_status_json_SOURCES = \
	tests/fuzz/fuzz_status_json.c $(fuzz_driver)
tests_fuzz_fuzz_status_json_LDADD = $(GATEWAY_LIBS)
tests_fuzz_fuzz_status_json_LDFLAGS = $(fuzz_link)

check_PROGRAMS += tests/gateway/test_status_wire
tests_gateway_test_status_wire_SOURCES = tests/gateway/test_status_wire.c
tests_gateway_test_status_wire_LDADD = $(GATEWAY_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/gateway/test_connect
tests_gateway_test_connect_SOURCES = tests/gateway/test_connect.c \
	$(gateway_fixture)
tests_gateway_test_connect_LDADD = $(GATEWAY_LIBS) $(CMOCKA_LIBS)
tests_gateway_test_connect_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=sluice_bytes_new
check_PROGRAMS += tests/gateway/test_origin
tests_gateway_test_origin_SOURCES = tests/gateway/test_origin.c
tests_gateway_test_origin_LDADD = $(GATEWAY_LIBS) $(CMOCKA_LIBS)


check_PROGRAMS += tests/gateway/test_websocket_ahead
tests_gateway_test_websocket_ahead_SOURCES = \
	tests/gateway/test_websocket_ahead.c
tests_gateway_test_websocket_ahead_LDADD = $(GATEWAY_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/gateway/test_websocket_frames
tests_gateway_test_websocket_frames_SOURCES = \
	tests/gateway/test_websocket_frames.c
tests_gateway_test_websocket_frames_LDADD = $(GATEWAY_LIBS) $(CMOCKA_LIBS)

# Values of a request stream, of types of the JSON reader's tests.
fuzz_programs += tests/fuzz/fuzz_values
fuzz_runs += tests/fuzz/fuzz_values=4000
tests_fuzz_fuzz_values_SOURCES = \
	tests/fuzz/fuzz_values.c $(fuzz_json_kit) $(fuzz_driver)
nodist_tests_fuzz_fuzz_values_SOURCES = $(tests_protobuf_reader_made)
tests_fuzz_fuzz_values_LDADD = $(GATEWAY_LIBS)
tests_fuzz_fuzz_values_LDFLAGS = $(fuzz_link)

# What headers say.
fuzz_programs += tests/fuzz/fuzz_headers
fuzz_runs += tests/fuzz/fuzz_headers=10000
tests_fuzz_fuzz_headers_SOURCES = tests/fuzz/fuzz_headers.c $(fuzz_driver)
tests_fuzz_fuzz_headers_LDADD = $(GATEWAY_LIBS)
tests_fuzz_fuzz_headers_LDFLAGS = $(fuzz_link)

# What WebSocket clients send.
fuzz_programs += tests/fuzz/fuzz_websocket
fuzz_runs += tests/fuzz/fuzz_websocket=10000
tests_fuzz_fuzz_websocket_SOURCES = \
	tests/fuzz/fuzz_websocket.c $(fuzz_driver)
tests_fuzz_fuzz_websocket_LDADD = $(GATEWAY_LIBS)
tests_fuzz_fuzz_websocket_LDFLAGS = $(fuzz_link)

# And what they do in a talk, with the RPC played.
fuzz_programs += tests/fuzz/fuzz_websocket_talk
fuzz_runs += tests/fuzz/fuzz_websocket_talk=3000
tests_fuzz_fuzz_websocket_talk_SOURCES = \
	tests/fuzz/fuzz_websocket_talk.c $(fuzz_played_call) $(fuzz_driver)
tests_fuzz_fuzz_websocket_talk_LDADD = $(GATEWAY_LIBS) $(CMOCKA_LIBS)
tests_fuzz_fuzz_websocket_talk_LDFLAGS = \
	$(fuzz_link) $(fuzz_played_call_link) \
	-Wl,--wrap=MHD_create_response_for_upgrade \
	-Wl,--wrap=MHD_add_response_header,--wrap=MHD_queue_response \
	-Wl,--wrap=MHD_destroy_response,--wrap=MHD_upgrade_action \
	-Wl,--wrap=gw_exchange_end_websocket

check_PROGRAMS += tests/gateway/test_list
tests_gateway_test_list_SOURCES = tests/gateway/test_list.c
tests_gateway_test_list_LDADD = $(GATEWAY_LIBS) $(CMOCKA_LIBS)

check_PROGRAMS += tests/gateway/test_media_type
tests_gateway_test_media_type_SOURCES = tests/gateway/test_media_type.c
tests_gateway_test_media_type_LDADD = $(GATEWAY_LIBS) $(CMOCKA_LIBS)

# System calls are wrapped: they are interrupted when told to
check_PROGRAMS += tests/gateway/test_socket
tests_gateway_test_socket_SOURCES = tests/gateway/test_socket.c
tests_gateway_test_socket_LDADD = $(GATEWAY_LIBS) $(CMOCKA_LIBS)
tests_gateway_test_socket_LDFLAGS = $(AM_LDFLAGS) \
	-Wl,--wrap=send -Wl,--wrap=recv -Wl,--wrap=poll
# Seeded schedules of both sides of a worker, with a clock that they turn.
check_PROGRAMS += tests/gateway/test_schedules
tests_gateway_test_schedules_SOURCES = \
	tests/gateway/chance.h \
	tests/gateway/jobs.c \
	tests/gateway/jobs.h \
	tests/gateway/test_schedules.c \
	tests/gateway/visits.c \
	tests/gateway/visits.h \
	$(gateway_fixture) $(fuzz_clock)
tests_gateway_test_schedules_LDADD = $(GATEWAY_LIBS) $(CMOCKA_LIBS)
tests_gateway_test_schedules_LDFLAGS = $(AM_LDFLAGS) $(fuzz_clock_link)
