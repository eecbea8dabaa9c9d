# SPDX-License-Identifier: Apache-2.0
#
# library.proto as protoc-c takes it: the messages alone, under a package name
# that gives short C names. protoc-c 1.4 does not know proto3 `optional`, and
# protobuf-c 1.4 loses oneofs when a message comes in two parts; as a repeated
# field, of which the last one counts, the wire format is the same.
s/^package .*;/package library;/
/^import "google\/api\//d
/^import "google\/protobuf\/empty.proto"/d
/^service /,/^}/d
s/^  optional /  repeated /
