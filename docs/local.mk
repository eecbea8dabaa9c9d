# SPDX-License-Identifier: Apache-2.0
#
# The manual page is installed; other pages only come along in the archive:
# EXTRA_DIST += docs/X.md

dist_man_MANS += docs/sluice.1
EXTRA_DIST += \
	docs/base.md \
	docs/design.md \
	docs/explorer.png \
	docs/face.md \
	docs/links.md \
	docs/performance.json \
	docs/performance.md \
	docs/performance-large.svg \
	docs/performance-latency.svg \
	docs/performance-memory.svg \
	docs/performance-streams.svg \
	docs/performance-unary.svg \
	docs/route-files.md \
	docs/websocket.md
