# SPDX-License-Identifier: Apache-2.0
#
# Measurements. Programs go to EXTRA_PROGRAMS: only `make bench/NAME` builds
# them.
