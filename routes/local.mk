# SPDX-License-Identifier: Apache-2.0
#
# libroutes: templates, rules, matching, route files. Reads only its files.

noinst_LTLIBRARIES += routes/libroutes.la
routes_libroutes_la_SOURCES = \
	routes/annotation.c \
	routes/arena.c \
	routes/arena.h \
	routes/bind.c \
	routes/build.h \
	routes/config.c \
	routes/config.h \
	routes/explain.c \
	routes/explain.h \
	routes/fields.c \
	routes/fields.h \
	routes/http_body.c \
	routes/http_body.h \
	routes/json_keys.c \
	routes/json_keys.h \
	routes/match.c \
	routes/message.c \
	routes/message.h \
	routes/percent.c \
	routes/percent.h \
	routes/problems.c \
	routes/query.c \
	routes/read.c \
	routes/read.h \
	routes/read_cors.c \
	routes/read_http.c \
	routes/read_origins.c \
	routes/read_service_config.c \
	routes/read_upstreams.c \
	routes/resolve.c \
	routes/scalar.c \
	routes/scalar.h \
	routes/set.c \
	routes/set_raw.c \
	routes/set_rpcs.c \
	routes/table.h \
	routes/template.c \
	routes/template.h \
	routes/tree.c \
	routes/tree.h \
	routes/value.c \
	routes/value.h \
	routes/value_json.c \
	routes/value_yaml.c
routes_libroutes_la_CFLAGS = $(AM_CFLAGS) -static
