// SPDX-License-Identifier: Apache-2.0
// Calls of Connect's own clients, for Node and for pages: whatever transport
// they are given.
import {
  RETRY_INFO, STATUS, assert, collect, ended, endedIfEntered, entered, newId,
  npm, rejects, step, test,
} from "./kit.mjs";
import { Everyday } from "./messages.mjs";

const { Code, ConnectError, createClient, encodeBinaryHeader,
  decodeBinaryHeader } = await npm("@connectrpc/connect");

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

export function declare(name, transport) {
  const client = createClient(Everyday, transport);
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
      assert.deepEqual([...value], RETRY_INFO);
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
    const id = newId();
    const abort = new AbortController();
    const call = client.obey({ id, hang: true }, { signal: abort.signal });
    entered(id).then(() => abort.abort());
    await rejects(call, code(Code.Canceled));
    await ended(id);
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

  it("a server stream, metadata both ways", async () => {
    let header;
    const headers = { "acme-id": "7",
      "data-bin": encodeBinaryHeader(new Uint8Array([1, 2, 255])) };
    const [answer] = await collect(client.stream({ count: 1 }, { headers }));
    assert.equal(answer.metadata["acme-id"], "7");
    assert.equal(answer.metadata["data-bin"], "0102ff");
    await collect(client.stream({ tags: ["x=1", "x=2", "y-bin=00ff"] }, {
      onHeader: (h) => { header = h; } }));
    assert.equal(header.get("x"), "1, 2");
    assert.deepEqual([...decodeBinaryHeader(header.get("y-bin"))], [0, 255]);
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

  it("a server stream's deadline that passes", async () => {
    const id = newId();
    await rejects(collect(client.stream({ id, count: 2, hang: true },
      { timeoutMs: 300 })), code(Code.DeadlineExceeded));
    await endedIfEntered(id);
  });

  it("a server stream, message by message", async () => {
    const id = newId();
    const messages = client.stream({ id, count: 3, tags: ["step"] })[
      Symbol.asyncIterator]();
    for (let i = 0; i < 3; i++) {
      await step(id);
      assert.equal((await messages.next()).value.index, i);
    }
    assert((await messages.next()).done);
  });

  it("a server stream that is left", async () => {
    const id = newId();
    const abort = new AbortController();
    let n = 0;
    await rejects((async () => {
      for await (const _ of client.stream({ id, count: 2, hang: true },
        { signal: abort.signal })) if (++n === 2) abort.abort();
    })(), code(Code.Canceled));
    assert.equal(n, 2);
    await ended(id);
  });
}

// Where the client can send a stream.
export function declareSending(name, transport) {
  const client = createClient(Everyday, transport);
  const it = (what, body) => test(`${name}: ${what}`, body);

  async function* orders(n) {
    for (let i = 0; i < n; i++) yield { id: `${i}` };
  }

  async function* one(order) {
    yield order;
  }

  const METADATA = {
    tags: ["x=1", "x=2", "y-bin=00ff", "t:z=3", "t:w-bin=abab"],
  };

  async function metadataOf(call) {
    const told = {};
    told.answer = await call(one(METADATA), {
      headers: { "acme-id": "7",
        "data-bin": encodeBinaryHeader(new Uint8Array([1, 2, 255])) },
      onHeader: (h) => { told.header = h; },
      onTrailer: (t) => { told.trailer = t; },
    });
    assert.equal(told.header.get("x"), "1, 2");
    assert.deepEqual([...decodeBinaryHeader(told.header.get("y-bin"))],
      [0, 255]);
    assert.equal(told.trailer.get("z"), "3");
    assert.deepEqual([...decodeBinaryHeader(told.trailer.get("w-bin"))],
      [0xab, 0xab]);
    return told.answer;
  }

  // Either cardinality: its name, the call, and the answers of it.
  for (const [kind, call] of [
    ["a client stream", (...all) => client.collect(...all)],
    ["a bidi stream", (...all) => collect(client.converse(...all))],
  ]) {
    it(`${kind}: metadata both ways`, async () => {
      const last = [await metadataOf(call)].flat().pop();
      assert.equal(last.metadata["acme-id"], "7");
      assert.equal(last.metadata["data-bin"], "0102ff");
    });

    it(`${kind}: an error with details and metadata`, () => rejects(
      call(one({ code: 5, message: "no", details: STATUS, tags: ["t:z=3"] })),
      code(Code.NotFound, (error) => {
        assert.equal(error.rawMessage, "no");
        assert.equal(error.metadata.get("z"), "3");
        assert.deepEqual([...error.details[0].value], RETRY_INFO);
      })));

    it(`${kind}: a deadline that passes`, async () => {
      const id = newId();
      await rejects(call(one({ id, hang: true }), { timeoutMs: 300 }),
        code(Code.DeadlineExceeded));
    });

    it(`${kind}: a call that is cancelled`, async () => {
      const id = newId();
      const abort = new AbortController();
      const answer = call(one({ id, hang: true }), { signal: abort.signal });
      entered(id).then(() => abort.abort());
      await rejects(answer, code(Code.Canceled));
      await ended(id);
    });
  }

  it("a client stream", async () => {
    assert.equal((await client.collect(orders(50))).index, 50);
    assert.equal((await client.collect(orders(0))).index, 0);
  });

  it("a client stream that arrives while it is written", async () => {
    const id = newId();
    const answer = await client.collect((async function* () {
      yield { id };
      await entered(id); // before there is a second one
      yield { id: "b" };
    })());
    assert.equal(answer.id, `${id},b`);
  });

  it("a bidi stream, one half after the other", async () => {
    const answers = await collect(client.converse(orders(20)));
    assert.deepEqual(answers.map((a) => a.id),
      [...Array(20).keys()].map(String));
  });
}
