# SPDX-License-Identifier: Apache-2.0
#
# The protobuf project's conformance suite. What it needs comes by npm, from
# what tests/npm locks (script/deps test), and is looked for when it runs: a
# build needs none of it.

TESTS += tests/conformance/suite.py
EXTRA_DIST += \
	tests/conformance/runner \
	tests/conformance/suite.py \
	tests/conformance/testee.py \
	tests/npm/.npmrc \
	tests/npm/package-lock.json \
	tests/npm/package.json
