// SPDX-License-Identifier: Apache-2.0
// The WebSocket module of examples/ in Node, on a WebSocket that does just what
// the module asks for: texts and bytes of up to 64 KiB, whole frames.
import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { readFileSync } from "node:fs";
import { get } from "node:http";

// A page takes it for a module; Node would go by its name.
const { RpcError, open } = await import(`data:text/javascript,${
  encodeURIComponent(readFileSync(new URL(
    "../../examples/websocket/sluice-websocket.js", import.meta.url), "utf8"))}`);

const TEXT = 1, CLOSE = 8;

class Plain {
  readyState = 0;

  constructor(url, protocols) {
    const key = randomBytes(16).toString("base64");
    get(url.replace(/^ws/, "http"), { headers: {
      Connection: "Upgrade", Upgrade: "websocket", "Sec-WebSocket-Key": key,
      "Sec-WebSocket-Version": "13",
      "Sec-WebSocket-Protocol": protocols.join(", "),
    } }).on("upgrade", (answer, wire, head) => {
      assert.equal(answer.headers["sec-websocket-protocol"], protocols[0]);
      this.wire = wire;
      this.readyState = 1;
      this.onopen();
      let got = head;
      wire.on("data", (more) => { got = this.take(Buffer.concat([got, more])); });
      if (head.length > 0) got = this.take(head);
    });
  }

  take(bytes) {
    while (bytes.length >= 2) {
      const long = bytes[1] === 126;
      const at = long ? 4 : 2;
      if (bytes.length < at) break;
      const end = at + (long ? bytes.readUInt16BE(2) : bytes[1]);
      if (bytes.length < end) break;
      this.heed(bytes[0] & 15, bytes.subarray(at, end));
      bytes = bytes.subarray(end);
    }
    return bytes;
  }

  heed(opcode, payload) {
    if (opcode === CLOSE) {
      this.put(CLOSE, payload.subarray(0, 2));
      this.onclose({ code: payload.readUInt16BE(0),
        reason: payload.subarray(2).toString() });
    } else {
      this.onmessage({ data: opcode === TEXT ? payload.toString()
        : new Uint8Array(payload).buffer });
    }
  }

  put(opcode, payload) {
    const n = payload.length;
    const head = n < 126 ? [n | 128] : [254, n >> 8, n & 255];
    this.wire.write(Buffer.concat([
      Buffer.from([opcode | 128, ...head, 0, 0, 0, 0]), payload]));
  }

  send(data) {
    const isText = typeof data === "string";
    this.put(isText ? TEXT : 2, Buffer.from(data));
  }
}

const target = (method) =>
  `${process.env.GATEWAY}/sluice.test.v1.Everyday/${method}`;
const start = (method, options) =>
  open(target(method), { WebSocket: Plain, ...options });

async function collect(call) {
  const all = [];
  for await (const one of call) all.push(one);
  return all;
}

const cases = {
  async "every cardinality"() {
    assert.equal((await start("Obey").send({ id: "a" }).response()).id, "a");
    assert.equal((await collect(start("Stream").send({ count: 3 }))).length, 3);
    const ids = start("Collect").send({ id: "a" }).send({ id: "b" }).end();
    assert.equal((await ids.response()).id, "a,b");
    const talk = start("Converse");
    const answers = talk[Symbol.asyncIterator]();
    for (let i = 0; i < 5; i++) {
      talk.send({ id: `${i}` });
      assert.equal((await answers.next()).value.id, `${i}`);
    }
    talk.end();
    assert((await answers.next()).done);
  },

  async "metadata both ways"() {
    const call = start("Obey", { metadata: { x: "1" }, timeout: 30,
      responseMetadata: true });
    const answer = await call.send({ tags: ["a=2", "a=3", "t:b=4"] }).response();
    assert.equal(answer.metadata.x, "1");
    assert(Number(answer.remainingMs) <= 30000);
    assert.deepEqual([call.metadata, call.trailers],
      [{ a: ["2", "3"] }, { b: ["4"] }]);
  },

  async "bytes, with metadata of the service"() {
    const call = start("Stream", { form: "proto", responseMetadata: true });
    call.send(new Uint8Array([0x20, 2])); // count: 2
    assert.equal((await collect(call)).length, 2);
    assert.deepEqual([call.metadata, call.trailers], [{}, {}]);
  },

  async "metadata of a failure"() {
    const call = start("Obey", { responseMetadata: true });
    await assert.rejects(
      call.send({ code: 5, message: "no", tags: ["t:b=4"] }).response(),
      (error) => error instanceof RpcError && error.code === 5 &&
        error.message === "no" && error.metadata.b[0] === "4");
  },

  async "a failure without it"() {
    await assert.rejects(start("Obey").send({ code: 7 }).response(),
      (error) => error.code === 7 && error.metadata === undefined);
  },

  async "a fault that no second try would mend"() {
    await assert.rejects(start("Obey", { form: "proto" }).send("text").response(),
      (error) => error.code === 3 && error.message === "sluice.proto takes binary messages");
  },
};

for (const [name, body] of Object.entries(cases)) {
  await body();
  console.log(`ok ${name}`);
}
process.exit(0);
