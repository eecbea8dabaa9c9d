// SPDX-License-Identifier: Apache-2.0
// Calls of the official gRPC-Web client, for Node and for pages.
import {
  STATUS, assert, ended, endedIfEntered, entered, fromBase64, gateway, newId,
  npm, rejects, step, test,
} from "./kit.mjs";
import { Everyday } from "./messages.mjs";

const grpc = await npm("grpc-web");
const { create, fromBinary, toBinary } = await npm("@bufbuild/protobuf");

function descriptor(name) {
  const method = Everyday.methods.find((m) => m.name === name);
  return {
    init: (message) => create(method.input, message),
    of: new grpc.MethodDescriptor(
      `/${Everyday.typeName}/${name}`,
      method.methodKind === "unary" ? grpc.MethodType.UNARY
        : grpc.MethodType.SERVER_STREAMING,
      Object, Object,
      (message) => toBinary(method.input, message),
      (bytes) => fromBinary(method.output, bytes)),
  };
}

class Client {
  constructor(format) {
    this.base = new grpc.GrpcWebClientBase({ format });
  }

  // The response, and what else the call told.
  unary(name, message, metadata = {}) {
    const { of, init } = descriptor(name);
    const told = {};
    return new Promise((resolve, reject) => {
      const call = this.base.rpcCall(gateway + of.getName(), init(message),
        metadata, of, (error, response) => {
          if (error) reject(error);
          else told.response = response;
        });
      call.on("metadata", (m) => { told.metadata = m; });
      call.on("status", (s) => { told.status = s; });
      call.on("end", () => resolve(told));
    });
  }

  stream(message, metadata = {}, onData = () => {}) {
    const { of, init } = descriptor("Stream");
    const told = { answers: [] };
    return new Promise((resolve, reject) => {
      const call = this.base.serverStreaming(gateway + of.getName(),
        init(message), metadata, of);
      call.on("data", (answer) => {
        told.answers.push(answer);
        onData(told, call, resolve);
      });
      call.on("metadata", (m) => { told.metadata = m; });
      call.on("status", (s) => { told.status = s; });
      call.on("error", (error) => reject(Object.assign(error, { told })));
      call.on("end", () => resolve(told));
    });
  }
}

function code(expected, also = () => {}) {
  return (error) => {
    assert.equal(error.code, expected, `${error.code} ${error.message}`);
    also(error);
  };
}

// Its message is the call's, its details are those of STATUS.
function hasDetails(metadata) {
  const details = [...STATUS.slice(6)];
  const status = [...fromBase64(metadata["grpc-status-details-bin"])];
  assert.deepEqual(status.slice(-details.length), details);
}

// Xhr: what stands for XMLHttpRequest.
export function declare(mode, format, Xhr) {
  const client = new Client(format);
  const it = (what, body) => test(`grpc-web, ${mode}: ${what}`, () => {
    globalThis.XMLHttpRequest = Xhr;
    return body();
  });

  it("a unary call", async () => {
    const told = await client.unary("Obey", { id: "a", size: 100 });
    assert.equal(told.response.id, "a");
    assert.equal(told.response.text.length, 100);
  });

  it("every length of message", async () => {
    for (let n = 0; n < 40; n++)
      assert.equal((await client.unary("Obey", { id: "i".repeat(n) }))
        .response.id.length, n);
  });

  it("an empty message", async () => {
    assert((await client.unary("Nothing", {})).response);
  });

  it("metadata both ways", async () => {
    const told = await client.unary("Obey",
      { tags: ["x=1", "y-bin=00ff", "t:z=3", "t:w-bin=abab"] },
      { "acme-id": "7", "data-bin": "AQL/" });
    assert.equal(told.response.metadata["acme-id"], "7");
    assert.equal(told.response.metadata["data-bin"], "0102ff");
    assert.equal(told.response.metadata["x-user-agent"].split(", ").pop(),
      "grpc-web-javascript/0.1");
    assert.equal(told.metadata.x, "1");
    assert.equal(told.metadata["y-bin"], "AP8");
    assert.equal(told.status.metadata.z, "3");
    assert.equal(told.status.metadata["w-bin"], "q6s");
  });

  it("an error with details", () => rejects(
    client.unary("Obey", { code: 5, message: "n\u00e9 100%",
      details: STATUS, tags: ["t:z=3"] }),
    code(5, (error) => {
      assert.equal(error.message, "n\u00e9 100%");
      assert.equal(error.metadata.z, "3");
      hasDetails(error.metadata);
    })));

  it("every code", async () => {
    for (let n = 1; n <= 16; n++)
      await rejects(client.unary("Obey", { code: n, message: `no ${n}` }),
        code(n, (error) => assert.equal(error.message, `no ${n}`)));
  });

  it("a method that the backend does not have", () => rejects(
    client.unary("Missing", {}), code(12)));

  it("a deadline that goes upstream", async () => {
    const { response } = await client.unary("Obey", {},
      { deadline: `${Date.now() + 50000}` });
    assert(response.remainingMs > 1000n && response.remainingMs <= 50000n);
  });

  it("a deadline days from now", async () => {
    const { response } = await client.unary("Obey", {},
      { deadline: `${Date.now() + 2e9}` });
    assert(response.remainingMs > 1900000000n);
  });

  it("a deadline that passes", () => rejects(
    client.unary("Obey", { hang: true }, { deadline: `${Date.now() + 300}` }),
    code(4)));

  it("a server stream", async () => {
    const told = await client.stream({ count: 20, size: 3000,
      tags: ["t:z=3"] });
    assert.deepEqual(told.answers.map((a) => a.index), [...Array(20).keys()]);
    assert.equal(told.status.code, 0);
  });

  it("a server stream, metadata both ways", async () => {
    const sent = { "acme-id": "7", "data-bin": "AQL/" };
    const { answers: [answer] } = await client.stream({ count: 1 }, sent);
    assert.equal(answer.metadata["acme-id"], "7");
    assert.equal(answer.metadata["data-bin"], "0102ff");
    const told = await client.stream({ tags: ["x=1", "t:z=3"] });
    assert.equal(told.metadata.x, "1");
    assert.equal(told.status.metadata.z, "3");
  });

  it("a server stream that fails at once", () => rejects(
    client.stream({ code: 9, message: "not so" }),
    code(9, (error) => assert.equal(error.message, "not so"))));

  it("a server stream that fails with details", () => rejects(
    client.stream({ count: 1, code: 5, message: "no", details: STATUS }),
    code(5, (error) => hasDetails(error.metadata))));

  it("a server stream that fails late", () => rejects(
    client.stream({ count: 9, failAfter: 3 }),
    code(15, (error) => assert.equal(error.told.answers.length, 3))));

  it("a server stream's deadline that passes", async () => {
    const id = newId();
    await rejects(client.stream({ id, count: 1, hang: true },
      { deadline: `${Date.now() + 300}` }), code(4));
    await endedIfEntered(id);
  });

  it("a server stream that is cancelled", async () => {
    const id = newId();
    const { of, init } = descriptor("Stream");
    const call = client.base.serverStreaming(gateway + of.getName(),
      init({ id, hang: true }), {}, of);
    await entered(id);
    call.cancel();
    await ended(id);
  });

  // In binary mode this client sees nothing before the end.
  if (format === "text") {
    it("a server stream, message by message", async () => {
      const id = newId();
      await step(id);
      const told = await client.stream({ id, count: 3, tags: ["step"] }, {},
        () => step(id));
      assert.deepEqual(told.answers.map((a) => a.index), [0, 1, 2]);
    });

    it("a server stream that is left", async () => {
      const id = newId();
      const told = await client.stream({ id, count: 2, hang: true }, {},
        (soFar, call, resolve) => {
          if (soFar.answers.length < 2) return;
          call.cancel();
          resolve(soFar);
        });
      assert.equal(told.answers.length, 2);
      await ended(id);
    });
  }

  it("a unary call that is cancelled", async () => {
    const id = newId();
    const { of, init } = descriptor("Obey");
    let answered = 0;
    const call = client.base.rpcCall(gateway + of.getName(),
      init({ id, hang: true }), {}, of, () => answered++);
    await entered(id);
    call.cancel();
    await ended(id);
    assert.equal(answered, 0);
  });
}
