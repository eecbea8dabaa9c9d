// SPDX-License-Identifier: Apache-2.0
// The kit's ground in a page: CONFIG is a global, packages come through the
// import map, and of Node's assert there is what the cases use.
export const config = globalThis.CONFIG;
export const npm = (name) => import(name);

export async function descriptors() {
  const answer = await fetch("/descriptors");
  return new Uint8Array(await answer.arrayBuffer());
}

const show = (value) => JSON.stringify(value, (_, inner) =>
  typeof inner === "bigint" ? `${inner}n` : inner);

function isSame(a, b) {
  if (Object.is(a, b)) return true;
  if (typeof a !== "object" || typeof b !== "object" || !a || !b) return false;
  const keys = Object.keys(a);
  return Array.isArray(a) === Array.isArray(b) &&
    keys.length === Object.keys(b).length &&
    keys.every((key) => Object.hasOwn(b, key) && isSame(a[key], b[key]));
}

export function assert(value, message = "it should hold") {
  if (!value) throw new Error(message);
}

assert.equal = (found, expected, message = "") =>
  assert(Object.is(found, expected),
    `${message} found ${show(found)}, expected ${show(expected)}`);
assert.deepEqual = (found, expected, message = "") =>
  assert(isSame(found, expected),
    `${message} found ${show(found)}, expected ${show(expected)}`);
assert.match = (found, pattern) =>
  assert(pattern.test(found), `${show(found)} does not match ${pattern}`);
