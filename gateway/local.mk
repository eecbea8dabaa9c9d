# SPDX-License-Identifier: Apache-2.0
#
# libgateway: everything of the program but main(), so that tests can link it.

noinst_LTLIBRARIES += gateway/libgateway.la
gateway_libgateway_la_SOURCES = \
	gateway/placeholder.c
gateway_libgateway_la_CFLAGS = $(AM_CFLAGS) -static

bin_PROGRAMS += sluice
sluice_SOURCES = gateway/main.c
sluice_LDADD = $(GATEWAY_LIBS)
