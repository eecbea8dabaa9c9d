// SPDX-License-Identifier: Apache-2.0
// What the tests of clients share: the packages, as tests/npm locks them; the
// messages, from the descriptor set; and a way to say what passed.
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

export const npm = createRequire(
  new URL("../npm/package.json", import.meta.url));

const protobuf = npm("@bufbuild/protobuf");
const { FileDescriptorSetSchema } = npm("@bufbuild/protobuf/wkt");

export const gateway = process.env.GATEWAY; // http://127.0.0.1:port

export const registry = protobuf.createFileRegistry(protobuf.fromBinary(
  FileDescriptorSetSchema, readFileSync(process.env.DESCRIPTORS)));
export const Everyday = registry.getService("sluice.test.v1.Everyday");

// A google.rpc.Status: 5, "no", with a RetryInfo of 30 s.
export const STATUS = Buffer.from(
  "CAUSAm5vGjAKKHR5cGUuZ29vZ2xlYXBpcy5jb20vZ29vZ2xlLnJwYy5SZXRyeUluZm8S" +
  "BAoCCB4", "base64");
export const RETRY_INFO = Buffer.from("0a02081e", "hex");

const cases = [];

export function test(name, body) {
  cases.push({ name, body });
}

// Runs what was declared, one after the other.
export async function run() {
  let failed = 0;
  for (const { name, body } of cases) {
    try {
      await body();
    } catch (error) {
      failed++;
      console.log(`FAILED ${name}\n${error.stack}`);
    }
  }
  console.log(`${cases.length - failed} passed, ${failed} failed`);
  process.exit(failed || !cases.length ? 1 : 0);
}

export async function rejects(promise, check) {
  let error = null;
  try {
    await promise;
  } catch (caught) {
    error = caught;
  }
  assert(error, "it should have failed");
  check(error);
}

export async function collect(stream) {
  const all = [];
  for await (const one of stream) all.push(one);
  return all;
}
