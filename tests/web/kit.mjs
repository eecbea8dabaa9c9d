// SPDX-License-Identifier: Apache-2.0
// What the tests of clients share, in Node and in a page alike: the packages,
// as tests/npm locks them; what the backend knows of a call; and a way to
// declare and run cases.
const platform = await import(
  globalThis.document ? "./page.mjs" : "./node.mjs");

export const { assert, npm, descriptors } = platform;

// { gateway, pages, ... }: addresses, http://host:port
export const { config } = platform;
export const { gateway } = config;

export function fromBase64(text) {
  return Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
}

// A google.rpc.Status: 5, "no", with a RetryInfo of 30 s.
export const STATUS_BASE64 =
  "CAUSAm5vGjAKKHR5cGUuZ29vZ2xlYXBpcy5jb20vZ29vZ2xlLnJwYy5SZXRyeUluZm8S" +
  "BAoCCB4";
export const STATUS = fromBase64(STATUS_BASE64);
export const RETRY_INFO = [0x0a, 0x02, 0x08, 0x1e];

// --- What the backend knows of the calls with an id

let ids = 0;

export function newId() {
  return `${config.name}-${++ids}`;
}

async function ask(id, what) {
  const answer = await fetch(`${config.pages}/call/${id}/${what}`);
  assert.equal(answer.status, 200, `${what} of ${id}`);
  return answer.text();
}

// Resolve when the backend has begun with the call; when it is told that the
// call is over.
export const entered = (id) => ask(id, "entered");
export const ended = (id) => ask(id, "ended");

// Lets a stream whose order is tagged "step" send its next message.
export const step = (id) => ask(id, "step");

export const wasEntered = async (id) => await ask(id, "seen") === "true";

// What is over before it has come so far is never begun.
export async function endedIfEntered(id) {
  if (await wasEntered(id)) await ended(id);
}

// --- Cases

// Only what hangs needs so long. The backend loses its patience before.
const PATIENCE_MS = 90000;

const cases = [];

export function test(name, body) {
  cases.push({ name, body });
}

function inTime(promise) {
  let timer;
  const limit = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error("it hangs")), PATIENCE_MS);
  });
  return Promise.race([promise, limit]).finally(() => clearTimeout(timer));
}

async function outcome({ name, body }) {
  try {
    await inTime(body());
    return { name };
  } catch (error) {
    return { name, error: `${error.message}\n${error.stack}` };
  }
}

// Runs what was declared, some at once; [{ name, error }], without an error
// if it passed.
export async function run(atOnce) {
  const left = cases.entries();
  const outcomes = [];
  const worker = async () => {
    for (const [i, one] of left) outcomes[i] = await outcome(one);
  };

  await Promise.all(Array.from({ length: atOnce }, worker));
  return outcomes;
}

export async function rejects(promise, check = () => {}) {
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
