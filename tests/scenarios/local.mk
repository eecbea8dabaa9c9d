# SPDX-License-Identifier: Apache-2.0
#
# Scenarios run the real program. A script is one name in each list:
#   TESTS += tests/scenarios/X.py
#   EXTRA_DIST += tests/scenarios/X.py
# and what the scripts import goes to EXTRA_DIST only.
