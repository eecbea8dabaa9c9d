// SPDX-License-Identifier: Apache-2.0
//
// One RPC over a WebSocket to Sluice (docs/websocket.md), for browsers and Node.
//
//   const call = open("https://api.example/pkg.Chat/Talk", { metadata: { tenant: "t" } });
//   call.send({ text: "hello" });               // one message of a stream
//   call.end();                                 // no more of them
//   for await (const message of call) { ... }   // throws an RpcError if it fails
//   const answer = await open(url).send(request).response();  // unary

const STATUS = "type.googleapis.com/google.rpc.Status";
const FAULTS = { 1002: 3, 1003: 3, 1007: 3, 1009: 8, 1011: 13 }; // Closes without a Status

export class RpcError extends Error {
  constructor(closeCode, reason, status) {
    super(status?.message || reason || "the connection was lost");
    this.code = status?.code ?? (closeCode >= 4000 ? closeCode - 4000 : FAULTS[closeCode] ?? 14);
    this.details = status?.details ?? [];
    this.metadata = status?.metadata;
  }
}

// Options: metadata, timeout in seconds, responseMetadata (true: there will be
// call.metadata before the first message, call.trailers after the last), form
// ("json" or "proto": messages are bytes), and WebSocket, a constructor.
export function open(url, { metadata, timeout, responseMetadata, form = "json", WebSocket = globalThis.WebSocket } = {}) {
  const first = metadata || timeout !== undefined || responseMetadata;
  const socket = new WebSocket(String(url).replace(/^http/, "ws"), [`sluice.${form}${first ? "+metadata" : ""}`]);
  const outgoing = first
    ? [JSON.stringify({ metadata, timeout: timeout === undefined ? undefined : `${timeout}s`,
      response_metadata: responseMetadata })] : [];
  const incoming = []; // messages that nobody has asked for yet
  let status, ended, wake = () => {}; // status: a text that may be the last one

  const put = (data) => (socket.readyState === 0 ? outgoing.push(data) : socket.send(data));
  const arrive = (message) => { incoming.push(message); wake(); };
  socket.binaryType = "arraybuffer";
  socket.onopen = () => outgoing.forEach((data) => socket.send(data));
  socket.onmessage = ({ data }) => {
    if (status) arrive(status); // it was a message after all
    status = undefined;
    const message = typeof data === "string" ? JSON.parse(data) : new Uint8Array(data);
    if (message?.["@type"] === STATUS) status = message;
    else if (responseMetadata && !call.metadata) call.metadata = message.metadata;
    else arrive(message);
  };
  socket.onclose = ({ code, reason }) => {
    if (code === 1000 && status && !responseMetadata) arrive(status);
    call.trailers = status?.metadata;
    ended ??= { error: code === 1000 ? undefined : new RpcError(code, reason, status) };
    wake();
  };
  socket.onerror = () => socket.onclose({ code: 1006, reason: "" });

  const next = async () => {
    while (incoming.length === 0 && !ended) await new Promise((resolve) => { wake = resolve; });
    if (incoming.length > 0) return { value: incoming.shift(), done: false };
    if (ended.error) throw ended.error;
    return { value: undefined, done: true };
  };
  const call = {
    send(message) { put(form === "json" ? JSON.stringify(message) : message); return call; },
    end() { put(""); return call; },
    cancel() { socket.close(1000); return { done: true }; },
    async response() {
      const only = await next();
      await next(); // it counts when all went well
      return only.value;
    },
    [Symbol.asyncIterator]: () => ({ next, return: async () => call.cancel() }),
  };
  return call;
}
