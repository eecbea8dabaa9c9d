// SPDX-License-Identifier: Apache-2.0
// A page's own fetch: REST and JSON, streams read while they arrive.
import {
  STATUS_BASE64, assert, ended, endedIfEntered, entered, gateway, newId,
  rejects, step, test,
} from "../kit.mjs";

const METHOD = `${gateway}/sluice.test.v1.Everyday`;
const TYPE = "type.googleapis.com/google.rpc";
const STREAMS = ["application/x-ndjson", "application/json",
  "text/event-stream"];

const it = (what, body) => test(`fetch: ${what}`, body);

function post(url, message, headers = {}, options = {}) {
  return fetch(url, {
    method: "POST", headers: { "Content-Type": "application/json", ...headers },
    body: JSON.stringify(message), ...options,
  });
}

const obey = (message, headers, options) =>
  post(`${METHOD}/Obey`, message, headers, options);

function stream(order, accept, headers = {}, options = {}) {
  const { id = newId(), ...query } = order;
  return fetch(`${gateway}/v1/streams/${id}?${new URLSearchParams(query)}`,
    { headers: { Accept: accept, ...headers }, ...options });
}

// The text of a body as it comes, until it has so much that matches.
class Reader {
  constructor(response) {
    this.pieces = response.body.pipeThrough(new TextDecoderStream())
      .getReader();
    this.text = "";
  }

  async until(pattern, count = 1) {
    while ([...this.text.matchAll(pattern)].length < count) {
      const { done, value } = await this.pieces.read();
      assert(!done, `ended before ${pattern}: ${this.text}`);
      this.text += value;
    }
    return this.text;
  }

  async toEnd() {
    for (;;) {
      const { done, value } = await this.pieces.read();
      if (done) return this.text;
      this.text += value;
    }
  }
}

// The messages of a body, whatever its form.
function messages(form, text) {
  if (form === "application/json") return JSON.parse(text);
  if (form === "text/event-stream")
    return [...text.matchAll(/^data: (.*)$/gm)].map(([, m]) => JSON.parse(m));
  return text.trim().split("\n").map((line) => JSON.parse(line));
}

// --- Unary

it("a message there and back", async () => {
  const sent = { name: "n\u00e9\u{1f600}", i64: "-9223372036854775808",
    raw: "AP8=", words: ["a", ""], inner: { text: "t", list: [1, 2] } };
  const answer = await post(`${gateway}/v1/echo`, sent);
  assert.equal(answer.status, 200);
  assert.deepEqual(await answer.json(), sent);
});

it("GET, PUT with path, query and a body", async () => {
  const got = await fetch(`${gateway}/v1/echo/n%C3%A9?i32=5&words=a&words=b`);
  assert.deepEqual(await got.json(),
    { name: "n\u00e9", i32: 5, words: ["a", "b"] });
  const put = await fetch(`${gateway}/v1/echo/n`, {
    method: "PUT", headers: { "Content-Type": "application/json" },
    body: '{"text":"t"}',
  });
  assert.deepEqual(await put.json(), { name: "n", inner: { text: "t" } });
});

it("an error with details", async () => {
  const answer = await obey({ code: 5, message: "n\u00e9",
    details: STATUS_BASE64 });
  assert.equal(answer.status, 404);
  const { code, message, details } = await answer.json();
  assert.equal(code, 5);
  assert.equal(message, "n\u00e9");
  assert.deepEqual(details,
    [{ "@type": `${TYPE}.RetryInfo`, retryDelay: "30s" }]);
});

it("an error of the gateway's own", async () => {
  const answer = await post(`${gateway}/v1/echo`, { inner: { number: "x" } });
  assert.equal(answer.status, 400);
  const { details: [detail] } = await answer.json();
  assert.equal(detail["@type"], `${TYPE}.BadRequest`);
  assert.equal(detail.fieldViolations[0].field, "inner.number");
});

it("metadata both ways", async () => {
  const answer = await obey(
    { tags: ["x=1", "y-bin=00ff", "t:z=3", "t:w-bin=abab"] },
    { "Grpc-Metadata-Acme-Id": "7", "Grpc-Metadata-Data-Bin": "AQL/" });
  assert.equal(answer.headers.get("grpc-metadata-x"), "1");
  assert.equal(answer.headers.get("grpc-metadata-y-bin"), "AP8");
  assert.equal(answer.headers.get("grpc-trailer-z"), "3");
  assert.equal(answer.headers.get("grpc-trailer-w-bin"), "q6s");
  const { metadata } = await answer.json();
  assert.equal(metadata["acme-id"], "7");
  assert.equal(metadata["data-bin"], "0102ff");
});

it("a deadline that goes upstream", async () => {
  const answer = await obey({}, { "X-Server-Timeout": "50" });
  const remaining = Number((await answer.json()).remainingMs);
  assert(remaining > 1000 && remaining <= 50000, `${remaining}`);
});

it("a deadline that passes", async () => {
  const id = newId();
  const answer = await obey({ id, hang: true }, { "X-Server-Timeout": "0.3" });
  assert.equal(answer.status, 504);
  assert.equal((await answer.json()).code, 4);
  await endedIfEntered(id);
});

it("a call that is aborted", async () => {
  const id = newId();
  const abort = new AbortController();
  const call = obey({ id, hang: true }, {}, { signal: abort.signal });
  entered(id).then(() => abort.abort());
  await rejects(call, (error) => assert.equal(error.name, "AbortError"));
  await ended(id);
});

// --- Server streams

for (const form of STREAMS) {
  it(`${form}, message by message`, async () => {
    const id = newId();
    const answer = await stream({ id, count: 3, tags: "step" }, form);
    assert.equal(answer.headers.get("content-type").split(";")[0], form);
    const reader = new Reader(answer);
    for (let i = 1; i <= 3; i++) {
      await step(id);
      const text = await reader.until(/"id":/g, i);
      assert.equal([...text.matchAll(/"id":/g)].length, i);
    }
    await reader.toEnd();
    assert.deepEqual(messages(form, reader.text).map((m) => m.index ?? 0),
      [0, 1, 2]);
  });

  it(`${form}, large`, async () => {
    const reader = new Reader(await stream({ count: 200, size: 9000 }, form));
    await reader.toEnd();
    const all = messages(form, reader.text);
    assert.deepEqual(all.map((m) => m.index ?? 0), [...Array(200).keys()]);
    assert(all.every((m) => m.text.length === 9000));
  });

  it(`${form}, failing at once`, async () => {
    const answer = await stream({ code: 5, message: "no",
      details: STATUS_BASE64 }, form);
    assert.equal(answer.status, 404);
    const { details } = await answer.json();
    assert.equal(details[0].retryDelay, "30s");
  });

  it(`${form}, failing late`, async () => {
    const id = newId();
    const answer = await stream({ id, count: 9, failAfter: 3 }, form);
    await ended(id); // what nobody has read by then must not be lost
    await fetch(`${gateway}/v1/orders/1`);
    const reader = new Reader(answer);
    await reader.toEnd();
    const all = messages(form, reader.text);
    assert.equal(all.length, 4);
    assert.equal(all[3]["@type"], `${TYPE}.Status`);
    assert.equal(all[3].code, 15);
  });

  it(`${form}, metadata`, async () => {
    const answer = await stream({ tags: "x=1" }, form,
      { "Grpc-Metadata-Acme-Id": "7" });
    assert.equal(answer.headers.get("grpc-metadata-x"), "1");
    await answer.text();
    const [message] = messages(form, await (await stream({ count: 1 }, form,
      { "Grpc-Metadata-Acme-Id": "7" })).text());
    assert.equal(message.metadata["acme-id"], "7");
  });

  it(`${form}, a deadline that passes`, async () => {
    const id = newId();
    const reader = new Reader(await stream({ id, count: 2, hang: true }, form,
      { "X-Server-Timeout": "2" }));
    await reader.toEnd();
    assert.deepEqual(messages(form, reader.text).map((m) => m.code ?? 0),
      [0, 0, 4]);
    await ended(id);
  });

  it(`${form}, aborted`, async () => {
    const id = newId();
    const abort = new AbortController();
    const reader = new Reader(await stream({ id, count: 2, hang: true }, form,
      {}, { signal: abort.signal }));
    await reader.until(/"id":/g, 2);
    abort.abort();
    await rejects(reader.pieces.read(), (error) =>
      assert.equal(error.name, "AbortError"));
    await ended(id);
  });

  it(`${form}, a reader that is cancelled`, async () => {
    const id = newId();
    const reader = new Reader(await stream({ id, count: 2, hang: true },
      form));
    await reader.until(/"id":/g, 2);
    await reader.pieces.cancel();
    await ended(id);
  });
}

// --- Client streams, and bidi one half after the other

for (const [form, body] of [
  ["lines", '{"id":"a"}\n{"id":"b"}\n{"id":"c"}\n'],
  ["an array", '[{"id":"a"}, {"id":"b"}, {"id":"c"}]'],
]) {
  const send = (url, text = body, headers = {}) => fetch(url, {
    method: "POST", body: text,
    headers: { "Content-Type": "application/json", ...headers },
  });

  it(`a client stream as ${form}`, async () => {
    const answer = await send(`${gateway}/v1/collections`);
    const { id, index } = await answer.json();
    assert.equal(id, "a,b,c");
    assert.equal(index, 3);
  });

  it(`a bidi stream as ${form}`, async () => {
    const answer = await send(`${METHOD}/Converse`);
    const all = messages("application/x-ndjson", await answer.text());
    assert.deepEqual(all.map((m) => m.id), ["a", "b", "c"]);
  });
}

for (const [kind, url] of [
  ["a client stream", `${gateway}/v1/collections`],
  ["a bidi stream", `${METHOD}/Converse`],
]) {
  it(`${kind}: an error with details`, async () => {
    const answer = await post(url, { code: 5, message: "no",
      details: STATUS_BASE64 });
    assert.equal(answer.status, 404);
    const { code, details } = await answer.json();
    assert.equal(code, 5);
    assert.equal(details[0].retryDelay, "30s");
  });

  it(`${kind}: metadata both ways`, async () => {
    const answer = await post(url, { tags: ["x=1"] },
      { "Grpc-Metadata-Acme-Id": "7" });
    assert.equal(answer.headers.get("grpc-metadata-x"), "1");
    assert.equal((await answer.json()).metadata["acme-id"], "7");
  });

  it(`${kind}: a deadline that passes`, async () => {
    const id = newId();
    const answer = await post(url, { id, hang: true },
      { "X-Server-Timeout": "0.3" });
    assert.equal(answer.status, 504);
    await endedIfEntered(id);
  });

  it(`${kind}: a call that is aborted`, async () => {
    const id = newId();
    const abort = new AbortController();
    const call = post(url, { id, hang: true }, {}, { signal: abort.signal });
    entered(id).then(() => abort.abort());
    await rejects(call.then((answer) => answer.text()));
    await ended(id);
  });
}
