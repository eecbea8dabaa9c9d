// SPDX-License-Identifier: Apache-2.0
// EventSource: server-sent events as a browser takes them.
import {
  STATUS_BASE64, assert, config, ended, gateway, newId, step, test,
} from "../kit.mjs";

const STATUS = "type.googleapis.com/google.rpc.Status";

const it = (what, body) => test(`EventSource: ${what}`, body);

function target(order, base = gateway) {
  const { id, ...query } = order;
  return `${base}/v1/streams/${id}?${new URLSearchParams(query)}`;
}

// Events of every kind in their order, as they come.
class Events {
  constructor(url, options) {
    this.source = new EventSource(url, options);
    this.waiting = [];
    this.wake = () => {};
    for (const type of ["open", "message", "error"])
      this.source.addEventListener(type, (event) => {
        this.waiting.push({ type, data: event.data, id: event.lastEventId });
        this.wake();
      });
  }

  async next(type) {
    while (this.waiting.length === 0)
      await new Promise((resolve) => { this.wake = resolve; });
    const event = this.waiting.shift();
    assert.equal(event.type, type, event.data);
    return event;
  }

  async message() {
    return JSON.parse((await this.next("message")).data);
  }

  // event: error of the stream has a Status, an error of the connection none.
  async status() {
    const status = JSON.parse((await this.next("error")).data);
    assert.equal(status["@type"], STATUS);
    return status;
  }

  close() {
    this.source.close();
    assert.deepEqual(this.waiting, []);
  }
}

// As many heartbeats as were sent to a stream that began now.
async function heartbeats(n) {
  const abort = new AbortController();
  const answer = await fetch(target({ id: newId(), count: 1, tags: "step" }), {
    headers: { Accept: "text/event-stream" }, signal: abort.signal });
  const reader = answer.body.pipeThrough(new TextDecoderStream()).getReader();
  let text = "";
  while (text.split(":\n\n").length <= n) {
    const { done, value } = await reader.read();
    assert(!done, text);
    text += value;
  }
  assert.match(text, /^(retry: 10\n)?(:\n\n)+$/);
  abort.abort();
}

it("messages as they come", async () => {
  const id = newId();
  const events = new Events(target({ id, count: 4, tags: "step" }));
  await events.next("open");
  for (let i = 0; i < 3; i++) {
    await step(id);
    const { data, id: last } = await events.next("message");
    assert.equal(JSON.parse(data).index ?? 0, i);
    assert.equal(last, `${i}`);
  }
  events.close();
  await ended(id);
});

it("heartbeats are not seen", async () => {
  const id = newId();
  const events = new Events(target({ id, count: 3, tags: "step" }));
  await events.next("open");
  await heartbeats(5);
  await step(id);
  await events.message();
  await heartbeats(5);
  await step(id);
  assert.equal((await events.message()).index, 1);
  events.close();
});

it("a stream that ends is taken up again after the last message", async () => {
  const events = new Events(target({ id: newId(), tags: "resume" }));
  for (let i = 0; i < 8; i += 2) {
    await events.next("open");
    assert.equal((await events.message()).index ?? 0, i);
    assert.equal((await events.message()).index ?? 0, i + 1);
    assert.equal((await events.next("error")).data, undefined);
    assert.equal(events.source.readyState, EventSource.CONNECTING);
  }
  events.close();
});

it("a failure at once is the end", async () => {
  const events = new Events(target({ id: newId(), code: 5, message: "no" }));
  assert.equal((await events.next("error")).data, undefined);
  assert.equal(events.source.readyState, EventSource.CLOSED);
  events.close();
});

it("a failure late is an event", async () => {
  const id = newId();
  const events = new Events(target({ id, count: 5, failAfter: 2 }));
  await events.next("open");
  await events.message();
  await events.message();
  const status = await events.status();
  assert.equal(status.code, 15);
  assert.equal(status.message, "broken off");
  events.source.close();
  await ended(id);
});

it("an error with details", async () => {
  const id = newId();
  const events = new Events(target({ id, count: 1, code: 5, message: "no",
    details: STATUS_BASE64 }));
  await events.next("open");
  await events.message();
  const { code, details } = await events.status();
  assert.equal(code, 5);
  assert.equal(details[0].retryDelay, "30s");
  events.source.close();
});

it("a deadline of the method's", async () => {
  const id = newId();
  const events = new Events(target({ id, count: 1, hang: true },
    config.open));
  await events.next("open");
  await events.message();
  assert.equal((await events.status()).code, 4);
  events.source.close();
  await ended(id);
});

it("closing cancels the call", async () => {
  const id = newId();
  const events = new Events(target({ id, count: 1, hang: true }));
  await events.next("open");
  await events.message();
  events.close();
  await ended(id);
});

it("cookies are sent with credentials, and only then", async () => {
  document.cookie = "who=me";
  for (const withCredentials of [true, false]) {
    const id = newId();
    const events = new Events(target({ id, count: 1, hang: true }),
      { withCredentials });
    await events.next("open");
    assert.equal((await events.message()).metadata.cookie,
      withCredentials ? "who=me" : undefined);
    events.close();
  }
});
