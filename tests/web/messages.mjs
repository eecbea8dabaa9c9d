// SPDX-License-Identifier: Apache-2.0
// The messages and the service of the tests, from the descriptor set.
import { descriptors, npm } from "./kit.mjs";

const { createFileRegistry, fromBinary } = await npm("@bufbuild/protobuf");
const { FileDescriptorSetSchema } = await npm("@bufbuild/protobuf/wkt");

export const registry = createFileRegistry(
  fromBinary(FileDescriptorSetSchema, await descriptors()));
export const Everyday = registry.getService("sluice.test.v1.Everyday");
