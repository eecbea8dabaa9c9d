# SPDX-License-Identifier: Apache-2.0
#
# The manual page is installed; the other pages come along in the archive.
