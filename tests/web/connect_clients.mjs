// SPDX-License-Identifier: Apache-2.0
// Connect's own clients, in both protocols and both codecs, over HTTP/1.1:
// @connectrpc/connect-node and, on fetch, @connectrpc/connect-web.
import assert from "node:assert/strict";
import {
  Everyday, RETRY_INFO, STATUS, collect, gateway, npm, registry, rejects, run,
  test,
} from "./kit.mjs";

const { Code, ConnectError, createClient, encodeBinaryHeader,
  decodeBinaryHeader } = npm("@connectrpc/connect");
const node = npm("@connectrpc/connect-node");
const web = npm("@connectrpc/connect-web");

const compress = {
  sendCompression: node.compressionGzip, compressMinBytes: 1,
};

const http1 = { baseUrl: gateway, httpVersion: "1.1" };
const onFetch = { baseUrl: gateway };
const json = { useBinaryFormat: false,
  jsonOptions: { registry } };
const binary = { useBinaryFormat: true };

const CLIENTS = {
  "connect-node, Connect": node.createConnectTransport({
    ...http1, ...binary }),
  "connect-node, Connect, JSON": node.createConnectTransport({
    ...http1, ...json }),
  "connect-node, Connect, GET": node.createConnectTransport({
    ...http1, ...binary, useHttpGet: true }),
  "connect-node, Connect, gzip": node.createConnectTransport({
    ...http1, ...binary, ...compress }),
  "connect-node, Connect, GET, JSON, gzip": node.createConnectTransport({
    ...http1, ...json, ...compress, useHttpGet: true }),
  "connect-node, gRPC-Web": node.createGrpcWebTransport({
    ...http1, ...binary }),
  "connect-node, gRPC-Web, JSON": node.createGrpcWebTransport({
    ...http1, ...json }),
  "connect-node, gRPC-Web, gzip": node.createGrpcWebTransport({
    ...http1, ...binary, ...compress }),
  "connect-web, Connect": web.createConnectTransport({
    ...onFetch, ...binary }),
  "connect-web, Connect, JSON": web.createConnectTransport({
    ...onFetch, ...json }),
  "connect-web, Connect, GET": web.createConnectTransport({
    ...onFetch, ...json, useHttpGet: true }),
  "connect-web, gRPC-Web": web.createGrpcWebTransport({
    ...onFetch, ...binary }),
  "connect-web, gRPC-Web, JSON": web.createGrpcWebTransport({
    ...onFetch, ...json }),
};

const EVERYTHING = {
  name: "n\u00e9\u{1f600}", i32: -1, i64: -(2n ** 63n), u64: 2n ** 64n - 1n,
  s64: -5n, f64: 7n, sf64: -7n, single: 1.5, real: 1e300, flag: true,
  raw: new Uint8Array([0, 255, 62, 63]), color: 2,
  inner: { text: "t", list: [1, 2], inner: { number: 3 } },
  words: ["a", ""], counts: { a: 1 }, byNumber: { 4: { text: "four" } },
  choice: { case: "choiceNumber", value: 0 }, maybe: "",
  when: { seconds: 1700000000n, nanos: 1000 },
  howLong: { seconds: -1n, nanos: -500000000 },
  structure: { a: [1, null, { b: true }] },
};

function code(expected, also = () => {}) {
  return (error) => {
    assert(error instanceof ConnectError, `${error}`);
    assert.equal(Code[error.code], Code[expected], `${error}`);
    also(error);
  };
}

function declare(name, client) {
  const it = (what, body) => test(`${name}: ${what}`, body);

  it("a unary call with every kind of field", async () => {
    const answer = await client.echo(EVERYTHING);
    assert.equal(answer.name, EVERYTHING.name);
    for (const field of ["i64", "u64", "s64", "f64", "sf64", "real"])
      assert.equal(answer[field], EVERYTHING[field], field);
    assert.deepEqual([...answer.raw], [0, 255, 62, 63]);
    assert.equal(answer.inner.inner.number, 3);
    assert.equal(answer.byNumber[4].text, "four");
    assert.deepEqual(answer.choice, { case: "choiceNumber", value: 0 });
    assert.equal(answer.maybe, "");
    assert.equal(answer.when.seconds, 1700000000n);
    assert.equal(answer.howLong.nanos, -500000000);
    assert.deepEqual(answer.structure, EVERYTHING.structure);
  });

  it("empty messages", async () => {
    await client.nothing({});
    assert.equal((await client.obey({})).id, "");
  });

  it("a large answer", async () => {
    const answer = await client.obey({ size: 3 << 20 });
    assert.equal(answer.text.length, 3 << 20);
  });

  it("metadata both ways", async () => {
    let header, trailer;
    const answer = await client.obey({
      id: "a", tags: ["x=1", "x=2", "y-bin=00ff", "t:z=3", "t:w-bin=abab"],
    }, {
      headers: { "acme-id": "7",
        "data-bin": encodeBinaryHeader(new Uint8Array([1, 2, 255])) },
      onHeader: (h) => { header = h; },
      onTrailer: (t) => { trailer = t; },
    });
    assert.equal(answer.metadata["acme-id"], "7");
    assert.equal(answer.metadata["data-bin"], "0102ff");
    assert.equal(header.get("x"), "1, 2");
    assert.deepEqual([...decodeBinaryHeader(header.get("y-bin"))], [0, 255]);
    assert.equal(trailer.get("z"), "3");
    assert.deepEqual([...decodeBinaryHeader(trailer.get("w-bin"))],
      [0xab, 0xab]);
  });

  it("an error with details and metadata", () => rejects(
    client.obey({ code: 5, message: "no", details: STATUS,
      tags: ["x=1", "t:z=3"] }),
    code(Code.NotFound, (error) => {
      assert.equal(error.rawMessage, "no");
      assert.equal(error.metadata.get("x"), "1");
      assert.equal(error.metadata.get("z"), "3");
      assert.equal(error.details.length, 1);
      const { type, typeUrl, value } = error.details[0];
      assert.match(type ?? typeUrl, /(^|\/)google\.rpc\.RetryInfo$/);
      assert.deepEqual(Buffer.from(value), RETRY_INFO);
    })));

  it("every code", async () => {
    for (let n = 1; n <= 16; n++)
      await rejects(client.obey({ code: n, message: `n\u00e9 ${n}%` }),
        code(n, (error) =>
          assert.equal(error.rawMessage, `n\u00e9 ${n}%`)));
  });

  it("a method that the backend does not have", () => rejects(
    client.missing({}), code(Code.Unimplemented)));

  it("a deadline that goes upstream", async () => {
    const answer = await client.obey({}, { timeoutMs: 50000 });
    assert(answer.remainingMs > 1000n && answer.remainingMs <= 50000n);
  });

  it("a deadline that passes", () => rejects(
    client.obey({ hang: true }, { timeoutMs: 300 }),
    code(Code.DeadlineExceeded)));

  it("a call that is cancelled", async () => {
    const abort = new AbortController();
    const call = client.obey({ hang: true }, { signal: abort.signal });
    setTimeout(() => abort.abort(), 200);
    await rejects(call, code(Code.Canceled));
  });

  it("a server stream", async () => {
    let header, trailer;
    const answers = await collect(client.stream(
      { id: "s", count: 20, size: 3000, tags: ["t:z=3", "t:z=4"] }, {
        onHeader: (h) => { header = h; },
        onTrailer: (t) => { trailer = t; },
      }));
    assert.deepEqual(answers.map((a) => a.index),
      [...Array(20).keys()]);
    assert(header.get("content-type"));
    assert.equal(trailer.get("z"), "3, 4");
  });

  it("an empty server stream", async () => {
    assert.deepEqual(await collect(client.stream({})), []);
  });

  it("a server stream that fails late", async () => {
    const seen = [];
    await rejects((async () => {
      for await (const answer of client.stream({ count: 9, failAfter: 3 }))
        seen.push(answer);
    })(), code(Code.DataLoss, (error) =>
      assert.equal(error.rawMessage, "broken off")));
    assert.equal(seen.length, 3);
  });

  it("a server stream that fails at once, with details", () => rejects(
    collect(client.stream({ code: 5, message: "no", details: STATUS })),
    code(Code.NotFound, (error) => assert.equal(error.details.length, 1))));

  it("messages that arrive before the end, and a deadline", async () => {
    const seen = [];
    await rejects((async () => {
      for await (const answer of client.stream({ count: 2, hang: true },
        { timeoutMs: 1000 })) seen.push(answer);
    })(), code(Code.DeadlineExceeded));
    assert.equal(seen.length, 2);
  });

  it("a server stream that is left", async () => {
    const abort = new AbortController();
    let n = 0;
    await rejects((async () => {
      for await (const _ of client.stream({ count: 2, hang: true },
        { signal: abort.signal })) if (++n === 2) abort.abort();
    })(), code(Code.Canceled));
    assert.equal(n, 2);
  });
}

// Where the client can send a stream.
function declareSending(name, client) {
  const it = (what, body) => test(`${name}: ${what}`, body);

  async function* orders(n) {
    for (let i = 0; i < n; i++) yield { id: `${i}` };
  }

  it("a client stream", async () => {
    assert.equal((await client.collect(orders(50))).index, 50);
    assert.equal((await client.collect(orders(0))).index, 0);
  });

  it("a bidi stream, one half after the other", async () => {
    const answers = await collect(client.converse(orders(20)));
    assert.deepEqual(answers.map((a) => a.id),
      [...Array(20).keys()].map(String));
  });
}

for (const [name, transport] of Object.entries(CLIENTS)) {
  const client = createClient(Everyday, transport);
  declare(name, client);
  if (name.startsWith("connect-node")) declareSending(name, client);
}
await run();
