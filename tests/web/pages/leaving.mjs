// SPDX-License-Identifier: Apache-2.0
// A gateway that is asked to stop while a page has streams open.
import { assert, config, newId, step, test } from "../kit.mjs";

const STATUS = "type.googleapis.com/google.rpc.Status";

const target = (id) =>
  `${config.leaving}/v1/streams/${id}?count=2&tags=step`;

function events(id) {
  const source = new EventSource(target(id));
  const first = new Promise((resolve) => { source.onmessage = resolve; });
  const last = new Promise((resolve) => { source.onerror = resolve; })
    .then((event) => { source.close(); return JSON.parse(event.data); });
  return { first, last };
}

function socket(id) {
  const one = new WebSocket(target(id).replace("http", "ws"));
  const all = [];
  const first = new Promise((resolve) => {
    one.onmessage = ({ data }) => { all.push(JSON.parse(data)); resolve(); };
  });
  const last = new Promise((resolve) => { one.onclose = resolve; })
    .then(({ code }) => { assert.equal(code, 1001); return all.pop(); });
  return { first, last };
}

function lines(id) {
  let hasFirst;
  const first = new Promise((resolve) => { hasFirst = resolve; });
  const last = (async () => {
    const { body } = await fetch(target(id));
    const reader = body.pipeThrough(new TextDecoderStream()).getReader();
    let text = "";
    for (;;) {
      const { done, value } = await reader.read();
      if (done) return JSON.parse(text.trim().split("\n").pop());
      text += value;
      hasFirst();
    }
  })();
  return { first, last };
}

test("leaving: streams of each form end with their Status", async () => {
  const streams = [events, socket, lines].map((open) => {
    const id = newId();
    return { id, ...open(id) };
  });
  for (const { id, first } of streams) {
    await step(id);
    await first;
  }
  await fetch(`${config.pages}/stop`);
  for (const { last } of streams) {
    const status = await last;
    assert.equal(status["@type"], STATUS);
    assert.equal(status.code, 14);
  }
});
