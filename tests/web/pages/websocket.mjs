// SPDX-License-Identifier: Apache-2.0
// WebSocket in a browser: through the client module of examples/, in both of
// its forms, and bare.
import {
  STATUS, STATUS_BASE64, assert, collect, ended, entered, gateway, newId, npm,
  rejects, step, test,
} from "../kit.mjs";
import { Everyday } from "../messages.mjs";

const { RpcError, open } = await import(
  "/examples/websocket/sluice-websocket.js");
const { create, fromBinary, toBinary } = await npm("@bufbuild/protobuf");

const METHOD = `${gateway}/sluice.test.v1.Everyday`;

// --- The client module

const { input: Order, output: Answer } = Everyday.method.obey;
const FORMS = {
  json: {
    write: (order) => order,
    read: (answer) => ({ index: 0, ...answer }),
    details: STATUS_BASE64,
  },
  proto: {
    write: (order) => toBinary(Order, create(Order, order)),
    read: (bytes) => fromBinary(Answer, bytes),
    details: STATUS,
  },
};

const status = (code, message) => (error) => {
  assert(error instanceof RpcError, `${error}`);
  assert.equal(error.code, code);
  if (message !== undefined) assert.equal(error.message, message);
};

// The cardinalities, each as a call with one order and a list of answers.
const KINDS = {
  unary: async (url, options, order) =>
    [await open(`${url}/Obey`, options).send(order).response()],
  "server stream": (url, options, order) =>
    collect(open(`${url}/Stream`, options).send(order)),
  "client stream": async (url, options, order) =>
    [await open(`${url}/Collect`, options).send(order).end().response()],
  bidi: (url, options, order) =>
    collect(open(`${url}/Converse`, options).send(order).end()),
};

for (const [form, { write, read, details }] of Object.entries(FORMS)) {
  const it = (what, body) => test(`WebSocket, ${form}: ${what}`, body);

  it("a unary call", async () => {
    const answer = read(await open(`${METHOD}/Obey`, { form })
      .send(write({ id: "a", size: 100 })).response());
    assert.equal(answer.id, "a");
    assert.equal(answer.text.length, 100);
  });

  it("a server stream, message by message", async () => {
    const id = newId();
    const call = open(`${METHOD}/Stream`, { form })
      .send(write({ id, count: 3, tags: ["step"] }))[Symbol.asyncIterator]();
    for (let i = 0; i < 3; i++) {
      await step(id);
      assert.equal(read((await call.next()).value).index, i);
    }
    assert((await call.next()).done);
  });

  it("a client stream", async () => {
    const call = open(`${METHOD}/Collect`, { form });
    for (const id of ["a", "b", "c"]) call.send(write({ id }));
    assert.equal(read(await call.end().response()).id, "a,b,c");
  });

  it("bidi, an answer before the next request", async () => {
    const call = open(`${METHOD}/Converse`, { form });
    const answers = call[Symbol.asyncIterator]();
    for (let i = 0; i < 100; i++) {
      call.send(write({ id: `${i}` }));
      const { id, index } = read((await answers.next()).value);
      assert.equal(id, `${i}`);
      assert.equal(index, i);
    }
    call.end();
    assert((await answers.next()).done);
  });

  it("bidi, as fast as it goes", async () => {
    const call = open(`${METHOD}/Converse`, { form });
    for (let i = 0; i < 500; i++)
      call.send(write({ id: `${i}`, size: 1000 }));
    const answers = (await collect(call.end())).map(read);
    assert.deepEqual(answers.map((a) => a.index), [...Array(500).keys()]);
    assert(answers.every((a) => a.text.length === 1000));
  });

  for (const [kind, call] of Object.entries(KINDS)) {
    it(`${kind}: an error with details`, () => rejects(
      call(METHOD, { form }, write({ code: 5, message: "n\u00e9", details })),
      (error) => {
        status(5, "n\u00e9")(error);
        assert.equal(error.details[0].retryDelay, "30s");
      }));

    it(`${kind}: metadata`, async () => {
      const metadata = { "acme-id": ["6", "7"], "data-bin": "AQL/" };
      const [answer] = (await call(METHOD, { form, metadata },
        write({ count: 1 }))).map(read);
      assert.equal(answer.metadata["acme-id"], "7"); // the last one counts
      assert.equal(answer.metadata["data-bin"], "0102ff");
    });

    it(`${kind}: a deadline that passes`, async () => {
      const id = newId();
      await rejects(call(METHOD, { form, timeout: 0.3 },
        write({ id, hang: true })), status(4));
    });
  }

  for (const name of ["Obey", "Stream", "Collect", "Converse"])
    it(`${name}: a call that is cancelled`, async () => {
      const id = newId();
      const call = open(`${METHOD}/${name}`, { form })
        .send(write({ id, hang: true }));
      await entered(id);
      call.cancel();
      await ended(id);
    });
}

// --- Bare

const it = (what, body) => test(`WebSocket, bare: ${what}`, body);

class Socket {
  constructor(path, protocols) {
    this.socket = new WebSocket(gateway.replace("http", "ws") + path,
      protocols);
    this.socket.binaryType = "arraybuffer";
    this.waiting = [];
    this.wake = () => {};
    for (const type of ["open", "message", "close"])
      this.socket.addEventListener(type, (event) => {
        this.waiting.push(event);
        this.wake();
      });
  }

  async next(type) {
    while (this.waiting.length === 0)
      await new Promise((resolve) => { this.wake = resolve; });
    const event = this.waiting.shift();
    assert.equal(event.type, type, `${event.code} ${event.data}`);
    return event;
  }

  async opened() {
    await this.next("open");
    return this;
  }

  send(data) {
    this.socket.send(data);
    return this;
  }

  async json() {
    return JSON.parse((await this.next("message")).data);
  }

  async closed(code) {
    const event = await this.next("close");
    assert.equal(event.code, code);
    assert.equal(event.wasClean, code !== 1006);
    return event.reason;
  }
}

const socket = (...all) => new Socket(...all).opened();
const rpc = (name, protocol) =>
  socket(`/sluice.test.v1.Everyday/${name}`, protocol);

it("without a subprotocol answers are as the first request", async () => {
  const texts = (await rpc("Converse")).send('{"id":"a"}');
  assert.equal((await texts.json()).id, "a");
  texts.send(FORMS.proto.write({ id: "b" }));
  assert.equal((await texts.json()).id, "b");
  texts.send("");
  await texts.closed(1000);
  const bytes = (await rpc("Converse")).send(FORMS.proto.write({ id: "a" }));
  const { data } = await bytes.next("message");
  assert.equal(fromBinary(Answer, new Uint8Array(data)).id, "a");
  bytes.send("");
  await bytes.closed(1000);
});

it("a GET route needs no message", async () => {
  const one = await socket("/v1/orders/n%C3%A9?size=2");
  const { id, text } = await one.json();
  assert.equal(id, "n\u00e9");
  assert.equal(text, "xx");
  await one.closed(1000);
});

it("the first known subprotocol is chosen, no extension", async () => {
  const one = await socket("/v1/orders/1", ["chat", "sluice.json"]);
  assert.equal(one.socket.protocol, "sluice.json");
  assert.equal(one.socket.extensions, "");
  await one.json();
  await one.closed(1000);
});

it("a browser gives up when no subprotocol is chosen", async () => {
  await new Socket("/v1/orders/1", ["chat"]).closed(1006);
});

it("a handshake that is refused", async () => {
  await new Socket("/nowhere").closed(1006);
});

it("blobs, views and large messages", async () => {
  const one = await rpc("Converse");
  const order = FORMS.proto.write({ id: "x".repeat(1 << 20) });
  for (const data of [new Blob([order]), order.buffer, order]) {
    const answer = await one.send(data).next("message");
    assert.equal(fromBinary(Answer, new Uint8Array(answer.data)).id.length,
      1 << 20);
  }
  one.send("");
  await one.closed(1000);
});

it("every status is a code of Close", async () => {
  for (let code = 1; code <= 16; code++) {
    const one = (await rpc("Obey")).send(JSON.stringify({ code,
      message: "\u20ac".repeat(100) }));
    const told = await one.json();
    assert.equal(told.code, code);
    assert.equal(told.message.length, 100);
    assert.equal(await one.closed(4000 + code), "\u20ac".repeat(41));
  }
});

it("a message of the wrong kind is 1003", async () => {
  await (await rpc("Collect", "sluice.json")).send(new Uint8Array(1))
    .closed(1003);
  await (await rpc("Collect", "sluice.proto")).send("{}").closed(1003);
});

it("a message over the limit is 1009", async () => {
  await (await rpc("Echo")).send(`{"name":"${"x".repeat(4 << 20)}"}`)
    .closed(1009);
});

it("what is wrong with a message is 4003", async () => {
  const one = (await rpc("Obey")).send('{"size":"many"}');
  const { code, details } = await one.json();
  assert.equal(code, 3);
  assert.equal(details[0].fieldViolations[0].field, "size");
  await one.closed(4003);
});

it("a Close is answered with its code, and cancels", async () => {
  for (const code of [1000, 3000, 4321]) {
    const id = newId();
    const one = (await rpc("Converse")).send(JSON.stringify({ id,
      hang: true }));
    await entered(id);
    one.socket.close(code, "bye");
    await one.closed(code);
    await ended(id);
  }
});

it("a socket whose page is gone cancels", async () => {
  const id = newId();
  const frame = document.body.appendChild(document.createElement("iframe"));
  const url = `${gateway.replace("http", "ws")}/v1/streams/${id}?hang=true`;
  new frame.contentWindow.WebSocket(url);
  await entered(id);
  frame.remove();
  await ended(id);
});
