# SPDX-License-Identifier: Apache-2.0
#
# library.proto as protoc-c takes it: the messages alone, under a package name
# that gives short C names, and proto3 `optional` as what it stands for, a
# oneof with one member (protoc-c 1.4 does not know the word).
s/^package .*;/package library;/
/^import "google\/api\//d
/^import "google\/protobuf\/empty.proto"/d
/^service /,/^}/d
s/^  optional \([a-z0-9]*\) \([a-z_]*\) = \([0-9]*\);/  oneof _\2 { \1 \2 = \3; }/
