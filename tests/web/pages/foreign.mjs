// SPDX-License-Identifier: Apache-2.0
// A page of an origin that is not allowed.
import {
  assert, config, entered, gateway, newId, npm, rejects, test, wasEntered,
} from "../kit.mjs";
import { Everyday } from "../messages.mjs";

const { Code, createClient } = await npm("@connectrpc/connect");
const { createConnectTransport, createGrpcWebTransport } =
  await npm("@connectrpc/connect-web");

const it = (what, body) => test(`foreign page: ${what}`, body);

const isTypeError = (error) =>
  assert(error instanceof TypeError, `${error}`);

const closing = (url) => new Promise((resolve) => {
  const socket = new WebSocket(url.replace("http", "ws"));
  let told = "";
  socket.onmessage = ({ data }) => { told = data; };
  socket.onclose = ({ code }) => resolve({ code, told });
});

it("an answer is kept from it", async () => {
  const id = newId();
  await rejects(fetch(`${gateway}/v1/orders/${id}`), isTypeError);
  await entered(id); // there is no question before so simple a request
});

it("what needs a preflight is not sent", async () => {
  const id = newId();
  await rejects(fetch(`${gateway}/v1/echo`, { method: "POST",
    headers: { "Content-Type": "application/json" }, body: "{}" }),
  isTypeError);
  await rejects(fetch(`${gateway}/v1/orders/${id}`, { headers: {
    Authorization: "Bearer x" } }), isTypeError);
  assert(!await wasEntered(id));
});

it("Connect and gRPC-Web calls fail before they are made", async () => {
  for (const make of [createConnectTransport, createGrpcWebTransport]) {
    const id = newId();
    const client = createClient(Everyday, make({ baseUrl: gateway }));
    await rejects(client.obey({ id }), (error) =>
      assert.equal(Code[error.code], "Unknown"));
    assert(!await wasEntered(id));
  }
});

it("events are kept from it", async () => {
  const source = new EventSource(`${gateway}/v1/streams/s?count=1`);
  await new Promise((resolve) => { source.onerror = resolve; });
  assert.equal(source.readyState, EventSource.CLOSED);
});

it("a WebSocket is refused", async () => {
  const id = newId();
  const { code } = await closing(`${gateway}/v1/orders/${id}`);
  assert.equal(code, 1006);
  assert(!await wasEntered(id));
});

it("a WebSocket is refused where nothing is said of origins", async () => {
  const { code } = await closing(`${config.closed}/v1/orders/1`);
  assert.equal(code, 1006);
});

it("where every origin is allowed it may call", async () => {
  const answer = await fetch(`${config.open}/v1/echo`, { method: "POST",
    headers: { "Content-Type": "application/json", "X-Other": "1" },
    body: '{"name":"a"}' });
  assert.equal((await answer.json()).name, "a");
  const { code, told } = await closing(`${config.open}/v1/orders/1`);
  assert.equal(code, 1000);
  assert.equal(JSON.parse(told).id, "1");
});
