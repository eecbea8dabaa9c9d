// SPDX-License-Identifier: Apache-2.0
// What a page of an origin that is allowed may do, and may not.
import {
  assert, config, gateway, newId, rejects, test, wasEntered,
} from "../kit.mjs";

const it = (what, body) => test(`CORS: ${what}`, body);

const order = (id, base = gateway) => `${base}/v1/orders/${id}`;

async function isKept(call) {
  await rejects(call, (error) =>
    assert(error instanceof TypeError, `${error}`));
}

it("headers that are allowed reach the service", async () => {
  const answer = await fetch(order("1"), { headers: {
    Authorization: "Bearer x", "X-Request-Id": "7",
    "Grpc-Metadata-Acme-Id": "8" } });
  const { metadata } = await answer.json();
  assert.equal(metadata.authorization, "Bearer x");
  assert.equal(metadata["x-request-id"], "7");
  assert.equal(metadata["acme-id"], "8");
});

it("what browsers add is no metadata", async () => {
  const answer = await fetch(order("1"), { cache: "no-cache" });
  const { metadata } = await answer.json();
  assert.deepEqual(Object.keys(metadata).sort(),
    ["user-agent", "x-forwarded-for", "x-user-agent"]);
  assert.equal(metadata["x-user-agent"], navigator.userAgent);
});

it("a call with a header that is not allowed is not made", async () => {
  const id = newId();
  await isKept(fetch(order(id), { headers: { "X-Other": "1" } }));
  assert(!await wasEntered(id));
});

it("a method that is not allowed", async () => {
  await isKept(fetch(order("1"), { method: "DELETE" }));
});

it("errors may be read", async () => {
  const answer = await fetch(`${gateway}/nowhere`);
  assert.equal(answer.status, 404);
  assert.equal((await answer.json()).code, 5);
});

it("response headers may be read: metadata, and those exposed", async () => {
  const answer = await fetch(`${order("1")}?tags=x=1&tags=etag=e&tags=t:z=2`);
  assert.equal(answer.headers.get("grpc-metadata-x"), "1");
  assert.equal(answer.headers.get("grpc-trailer-z"), "2");
  assert.equal(answer.headers.get("etag"), "e");
});

it("cookies come and go with credentials, and only then", async () => {
  const ask = async (query, credentials) =>
    (await (await fetch(order(`1?${query}`), { credentials })).json()).metadata;
  await ask("tags=set-cookie=a=1", "omit");
  assert.equal((await ask("", "include")).cookie, undefined);
  await ask("tags=set-cookie=a=1", "include");
  assert.equal((await ask("", "include")).cookie, "a=1");
  assert.equal((await ask("", "omit")).cookie, undefined);
});

it("where every origin is allowed, credentials are not", async () => {
  const url = order("1", config.open);
  const answer = await fetch(url, { headers: { "X-Other": "1" } });
  assert.equal(answer.status, 200);
  await isKept(fetch(url, { credentials: "include" }));
});

it("without cors: nothing may be read", async () => {
  await isKept(fetch(order("1", config.closed)));
  const id = newId();
  await isKept(fetch(order(id, config.closed), { headers: {
    Authorization: "x" } }));
  assert(!await wasEntered(id));
});
