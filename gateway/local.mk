# SPDX-License-Identifier: Apache-2.0
#
# libgateway: everything of the program but main(), so that tests can link it.

noinst_LTLIBRARIES += gateway/libgateway.la
gateway_libgateway_la_SOURCES = \
	gateway/accept.c \
	gateway/address.c \
	gateway/admit.c \
	gateway/arena.c \
	gateway/bad_input.c \
	gateway/bad_type.c \
	gateway/buffer.c \
	gateway/call.c \
	gateway/cli.c \
	gateway/cli_demo.c \
	gateway/cli_explain.c \
	gateway/cli_explain_print.c \
	gateway/cli_healthcheck.c \
	gateway/cli_routes.c \
	gateway/cli_serve.c \
	gateway/cli_transcode.c \
	gateway/cli_version.c \
	gateway/codec.c \
	gateway/connect.c \
	gateway/connect_error.c \
	gateway/connect_forms.c \
	gateway/connect_get.c \
	gateway/connection.c \
	gateway/cors.c \
	gateway/envelope.c \
	gateway/early.c \
	gateway/exchange.c \
	gateway/explain.c \
	gateway/front.c \
	gateway/grpc_web.c \
	gateway/handshake.c \
	gateway/header_list.c \
	gateway/http_body.c \
	gateway/list.c \
	gateway/listener.c \
	gateway/log.c \
	gateway/media_type.c \
	gateway/metadata_out.c \
	gateway/origin.c \
	gateway/page.c \
	gateway/pretty.c \
	gateway/pulse.c \
	gateway/raw.c \
	gateway/refusal.c \
	gateway/reply.c \
	gateway/request.c \
	gateway/rest.c \
	gateway/rest_array.c \
	gateway/rest_forms.c \
	gateway/rest_sse.c \
	gateway/rpc_intake.c \
	gateway/server.c \
	gateway/shard.c \
	gateway/socket.c \
	gateway/status_json.c \
	gateway/status_wire.c \
	gateway/steering.c \
	gateway/text_frames.c \
	gateway/transcode.c \
	gateway/upstream.c \
	gateway/values.c \
	gateway/watch.c \
	gateway/websocket.c \
	gateway/websocket_ahead.c \
	gateway/websocket_call.c \
	gateway/websocket_frames.c \
	gateway/websocket_io.c \
	gateway/websocket_message.c \
	gateway/websocket_metadata.c \
	gateway/websocket_receive.c \
	gateway/websocket_time.c \
	gateway/worker.c
gateway_libgateway_la_SOURCES += \
	gateway/accept.h \
	gateway/address.h \
	gateway/admit.h \
	gateway/arena.h \
	gateway/bad_input.h \
	gateway/bad_type.h \
	gateway/buffer.h \
	gateway/call.h \
	gateway/cli.h \
	gateway/cli_explain.h \
	gateway/codec.h \
	gateway/connect.h \
	gateway/connection.h \
	gateway/cors.h \
	gateway/envelope.h \
	gateway/early.h \
	gateway/exchange.h \
	gateway/explain.h \
	gateway/front.h \
	gateway/handshake.h \
	gateway/header_list.h \
	gateway/http_body.h \
	gateway/list.h \
	gateway/listener.h \
	gateway/log.h \
	gateway/media_type.h \
	gateway/metadata_out.h \
	gateway/origin.h \
	gateway/page.h \
	gateway/pretty.h \
	gateway/pulse.h \
	gateway/raw.h \
	gateway/refusal.h \
	gateway/reply.h \
	gateway/request.h \
	gateway/rest.h \
	gateway/rest_forms.h \
	gateway/rpc_intake.h \
	gateway/server.h \
	gateway/shard.h \
	gateway/socket.h \
	gateway/status_json.h \
	gateway/status_wire.h \
	gateway/steering.h \
	gateway/text_frames.h \
	gateway/transcode.h \
	gateway/upstream.h \
	gateway/values.h \
	gateway/watch.h \
	gateway/websocket.h \
	gateway/websocket_ahead.h \
	gateway/websocket_frames.h \
	gateway/websocket_private.h \
	gateway/worker.h
gateway_libgateway_la_CFLAGS = $(AM_CFLAGS) -static

bin_PROGRAMS += sluice
sluice_SOURCES = gateway/main.c
sluice_LDADD = $(GATEWAY_LIBS)
