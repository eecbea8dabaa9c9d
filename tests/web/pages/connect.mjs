// SPDX-License-Identifier: Apache-2.0
// Connect's own client of browsers, in both protocols and both codecs.
import { declare } from "../connect_calls.mjs";
import { assert, gateway, npm, test } from "../kit.mjs";
import { Everyday, registry } from "../messages.mjs";

const { createClient } = await npm("@connectrpc/connect");
const { createConnectTransport, createGrpcWebTransport } =
  await npm("@connectrpc/connect-web");

const binary = { baseUrl: gateway, useBinaryFormat: true };
const json = { baseUrl: gateway, useBinaryFormat: false,
  jsonOptions: { registry } };

declare("connect-web, Connect", createConnectTransport(binary));
declare("connect-web, Connect, JSON", createConnectTransport(json));
declare("connect-web, Connect, GET", createConnectTransport({
  ...binary, useHttpGet: true }));
declare("connect-web, Connect, GET, JSON", createConnectTransport({
  ...json, useHttpGet: true }));
declare("connect-web, gRPC-Web", createGrpcWebTransport(binary));
declare("connect-web, gRPC-Web, JSON", createGrpcWebTransport(json));

for (const make of [createConnectTransport, createGrpcWebTransport])
  test(`connect-web, ${make.name}: what browsers add is no metadata`,
    async () => {
      const client = createClient(Everyday, make(binary));
      const { metadata } = await client.obey({});
      assert.deepEqual(Object.keys(metadata).sort(),
        ["user-agent", "x-forwarded-for", "x-user-agent"]);
    });
