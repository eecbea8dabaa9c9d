// SPDX-License-Identifier: Apache-2.0
// Connect's own clients in Node, in both protocols and both codecs, over
// HTTP/1.1: @connectrpc/connect-node and, on fetch, @connectrpc/connect-web.
import { declare, declareSending } from "./connect_calls.mjs";
import { gateway, npm, run } from "./kit.mjs";
import { registry } from "./messages.mjs";
import { report } from "./node.mjs";

const node = npm("@connectrpc/connect-node");
const web = npm("@connectrpc/connect-web");

const compress = {
  sendCompression: node.compressionGzip, compressMinBytes: 1,
};

const http1 = { baseUrl: gateway, httpVersion: "1.1" };
const onFetch = { baseUrl: gateway };
const json = { useBinaryFormat: false, jsonOptions: { registry } };
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

for (const [name, transport] of Object.entries(CLIENTS)) {
  declare(name, transport);
  if (name.startsWith("connect-node")) declareSending(name, transport);
}
report(await run(8));
