// SPDX-License-Identifier: Apache-2.0
// Connect's own client of browsers, in both protocols and both codecs.
import { declare } from "../connect_calls.mjs";
import { gateway, npm, registry } from "../kit.mjs";

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
