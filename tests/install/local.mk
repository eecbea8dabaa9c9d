# SPDX-License-Identifier: Apache-2.0
#
# make installcheck, which make distcheck runs too: what is installed is enough
# to build a program against, shared and static, by pkg-config alone; and every
# header stands by itself. DESTDIR is heeded.

EXTRA_DIST += tests/install/check tests/install/consumer.c

installcheck-local:
	@CC='$(CC)' CFLAGS='$(CFLAGS) $(CODE_CFLAGS) $(SANITIZER_CFLAGS)' \
		PKG_CONFIG='$(PKG_CONFIG)' \
		$(SHELL) $(srcdir)/tests/install/check \
		'$(DESTDIR)' '$(prefix)' '$(libdir)' '$(bindir)' \
		$(srcdir)/tests/install/consumer.c
