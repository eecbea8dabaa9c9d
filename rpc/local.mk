# SPDX-License-Identifier: Apache-2.0
#
# libsluice, the RPC framework: installed, shared and static.
#
# New source: add it here. New public header: add it to pkginclude_HEADERS and
# mark what it offers SLUICE_API; everything else is hidden.

pkginclude_HEADERS += \
	include/sluice/api.h \
	include/sluice/base.h \
	include/sluice/bytes.h \
	include/sluice/face.h \
	include/sluice/grpc.h \
	include/sluice/grpc_server.h \
	include/sluice/link.h \
	include/sluice/loop.h \
	include/sluice/metadata.h \
	include/sluice/rendezvous.h \
	include/sluice/status.h \
	include/sluice/thread.h

EXTRA_DIST += rpc/base/design.md

lib_LTLIBRARIES += libsluice.la
libsluice_la_SOURCES = \
	rpc/base/emission.c \
	rpc/base/end.c \
	rpc/base/end.h \
	rpc/base/expiration.c \
	rpc/base/fifo.c \
	rpc/base/fifo.h \
	rpc/base/ingestion.c \
	rpc/base/operation.c \
	rpc/base/operation.h \
	rpc/base/reception.c \
	rpc/base/subscription.c \
	rpc/bytes.c \
	rpc/bytes.h \
	rpc/check.h \
	rpc/loop.c \
	rpc/metadata.c \
	rpc/metadata.h \
	rpc/pool.c \
	rpc/pool.h \
	rpc/printable.h \
	rpc/shelf.c \
	rpc/shelf.h \
	rpc/status.c \
	rpc/thread.c \
	rpc/thread_pool.c \
	rpc/wheel.c \
	rpc/wheel.h
libsluice_la_LDFLAGS = \
	-version-info $(LIBSLUICE_VERSION_INFO) \
	-no-undefined \
	$(SANITIZER_CFLAGS)
libsluice_la_LIBADD = $(UV_LIBS) $(NGHTTP2_LIBS) $(ZLIB_LIBS) -lpthread

# ---- face
libsluice_la_SOURCES += \
	rpc/face/call.c \
	rpc/face/call.h \
	rpc/face/context.c \
	rpc/face/context.h \
	rpc/face/dynamic.c \
	rpc/face/inline.c \
	rpc/face/inline.h \
	rpc/face/rendezvous.c \
	rpc/face/rendezvous.h \
	rpc/face/rendezvous_call.c \
	rpc/face/rendezvous_call.h \
	rpc/face/rendezvous_context.c \
	rpc/face/rendezvous_future.c \
	rpc/face/rendezvous_requests.c \
	rpc/face/rendezvous_service.c \
	rpc/face/rendezvous_service.h \
	rpc/face/rendezvous_stub.c \
	rpc/face/rendezvous_wait.c \
	rpc/face/rpc.c \
	rpc/face/rpc.h \
	rpc/face/service.c \
	rpc/face/servicer.c \
	rpc/face/stub.c \
	rpc/face/stub.h \
	rpc/face/text.c

# ---- links
libsluice_la_SOURCES += \
	rpc/link/grpc_backoff.c \
	rpc/link/grpc_backoff.h \
	rpc/link/grpc_bucket.c \
	rpc/link/grpc_bucket.h \
	rpc/link/grpc_call.c \
	rpc/link/grpc_call.h \
	rpc/link/grpc_client.c \
	rpc/link/grpc_client.h \
	rpc/link/grpc_codec.c \
	rpc/link/grpc_coding.c \
	rpc/link/grpc_coding.h \
	rpc/link/grpc_context.c \
	rpc/link/grpc_context.h \
	rpc/link/grpc_dial.c \
	rpc/link/grpc_dial.h \
	rpc/link/grpc_end.c \
	rpc/link/grpc_end.h \
	rpc/link/grpc_fields.c \
	rpc/link/grpc_fields.h \
	rpc/link/grpc_framing.c \
	rpc/link/grpc_framing.h \
	rpc/link/grpc_keepalive.c \
	rpc/link/grpc_keepalive.h \
	rpc/link/grpc_memory.c \
	rpc/link/grpc_memory.h \
	rpc/link/grpc_metadata.c \
	rpc/link/grpc_metadata.h \
	rpc/link/grpc_request.c \
	rpc/link/grpc_request.h \
	rpc/link/grpc_response.c \
	rpc/link/grpc_response.h \
	rpc/link/grpc_server.c \
	rpc/link/grpc_server.h \
	rpc/link/grpc_server_answer.c \
	rpc/link/grpc_server_answer.h \
	rpc/link/grpc_server_call.c \
	rpc/link/grpc_server_call.h \
	rpc/link/grpc_server_conn.c \
	rpc/link/grpc_server_conn.h \
	rpc/link/grpc_server_events.c \
	rpc/link/grpc_server_guard.c \
	rpc/link/grpc_server_guard.h \
	rpc/link/grpc_server_listen.c \
	rpc/link/grpc_server_request.c \
	rpc/link/grpc_server_request.h \
	rpc/link/grpc_server_stream.c \
	rpc/link/grpc_session.c \
	rpc/link/grpc_session.h \
	rpc/link/grpc_session_events.c \
	rpc/link/grpc_session_private.h \
	rpc/link/grpc_socket.c \
	rpc/link/grpc_socket.h \
	rpc/link/grpc_stream.c \
	rpc/link/grpc_target.c \
	rpc/link/grpc_target.h \
	rpc/link/grpc_window.c \
	rpc/link/grpc_window.h \
	rpc/link/grpc_wire.c \
	rpc/link/grpc_wire.h \
	rpc/link/grpc_writer.c \
	rpc/link/grpc_writer.h \
	rpc/link/inproc.c
