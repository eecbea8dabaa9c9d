# SPDX-License-Identifier: Apache-2.0
#
# libroutes: templates, rules, matching, route files. Reads only its file.

noinst_LTLIBRARIES += routes/libroutes.la
routes_libroutes_la_SOURCES = \
	routes/config.h \
	routes/table.h \
	routes/template.h \
	routes/placeholder.c
routes_libroutes_la_CFLAGS = $(AM_CFLAGS) -static
