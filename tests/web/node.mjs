// SPDX-License-Identifier: Apache-2.0
// The kit's ground in Node: CONFIG and DESCRIPTORS are in the environment.
import strict from "node:assert/strict";
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";

const require = createRequire(new URL("../npm/package.json", import.meta.url));

export const assert = strict;
export const npm = require;
export const config = JSON.parse(process.env.CONFIG);
export const descriptors = () => readFileSync(process.env.DESCRIPTORS);

// Says how cases went, and ends with that.
export function report(outcomes) {
  for (const { name, error } of outcomes)
    console.log(error ? `FAILED ${name}\n${error}` : `ok ${name}`);
  const failed = outcomes.filter(({ error }) => error).length;
  console.log(`${outcomes.length - failed} passed, ${failed} failed`);
  process.exit(failed || !outcomes.length ? 1 : 0);
}
