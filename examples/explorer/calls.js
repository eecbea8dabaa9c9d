// SPDX-License-Identifier: Apache-2.0
// A call in each of the forms in which Sluice takes it: what is sent, and how
// the answer is read while it arrives. Nothing here knows of the page.
//
// A form's request() gives what goes over the wire: verb, target, headers, and
// the body in parts, each a text and perhaps the bytes before it. start() sends
// it and tells `on` what happens:
//   on.head(status, text, headers)   on.sent(message)   on.message(message)
// It returns { done, stop, send, end }. done is a promise of the trailers; it
// fails with an RpcError, whose code, message and details every form has.
import { SERVICE } from "./methods.js";

const STATUS = "type.googleapis.com/google.rpc.Status";
const CODES = ["OK", "CANCELLED", "UNKNOWN", "INVALID_ARGUMENT", "DEADLINE_EXCEEDED", "NOT_FOUND", "ALREADY_EXISTS",
  "PERMISSION_DENIED", "RESOURCE_EXHAUSTED", "FAILED_PRECONDITION", "ABORTED", "OUT_OF_RANGE", "UNIMPLEMENTED",
  "INTERNAL", "UNAVAILABLE", "DATA_LOSS", "UNAUTHENTICATED"];

export class RpcError extends Error {
  constructor(code, message, details = [], trailers = []) {
    super(message);
    Object.assign(this, { code, details, trailers, codeName: CODES[code] ?? `code ${code}` });
  }
}

const statusError = ({ code, message, details }) => new RpcError(code, message, details);
const takesStream = (method) => method.kind === "client" || method.kind === "bidi";

/* ------------------------------------------------------------------ requests */

const encoder = new TextEncoder();

// Takes the value at "book.name" out of a message.
function take(message, path) {
  const names = path.split(".");
  const last = names.pop();
  const parent = names.reduce((value, name) => value?.[name] ?? {}, message);
  const value = parent[last] ?? "";
  delete parent[last];
  return String(value);
}

function* flat(value, name = "") {
  if (Array.isArray(value)) for (const one of value) yield* flat(one, name);
  else if (value === null || typeof value !== "object") yield [name, value];
  else for (const key of Object.keys(value)) yield* flat(value[key], name ? `${name}.${key}` : key);
}

const lines = (messages) => messages.map((message) => ({ text: `${JSON.stringify(message)}\n` }));

// The message, taken apart as its google.api.HttpRule says.
function rest(method, messages, headers = {}) {
  const parts = structuredClone(messages[0] ?? {});
  const path = method.route.replace(/\{([^=}]+)[^}]*\}/g, (_, name) =>
    take(parts, name).split("/").map(encodeURIComponent).join("/"));
  const body = method.body === "*" ? parts : parts[method.body];
  const query = method.body === "*" ? "" : String(new URLSearchParams([...flat({ ...parts, [method.body]: [] })]));
  const request = { verb: method.verb, target: path + (query && `?${query}`), headers };
  if (!method.body) return request;
  headers["Content-Type"] = takesStream(method) ? "application/x-ndjson" : "application/json";
  request.body = takesStream(method) ? lines(messages) : [{ text: JSON.stringify(body ?? {}) }];
  return request;
}

const post = (method, type, body, headers) =>
  ({ verb: "POST", target: `/${SERVICE}/${method.name}`, headers: { "Content-Type": type, ...headers }, body });

// gRPC-Web and Connect put five bytes before each message: flags and length.
function envelope(message) {
  const text = JSON.stringify(message);
  const before = new Uint8Array(5);
  new DataView(before.buffer).setUint32(1, encoder.encode(text).length);
  return { before, text };
}

export function bytesOf(body) {
  const all = body.flatMap(({ before, text }) => [...(before ?? []), ...encoder.encode(text)]);
  return new Uint8Array(all);
}

const base64 = (bytes) => btoa(String.fromCharCode(...bytes));

/* ------------------------------------------------------------------- answers */

async function* chunks(response) {
  const reader = response.body.getReader();
  try {
    for (let got = await reader.read(); !got.done; got = await reader.read()) yield got.value;
  } finally {
    reader.cancel().catch(() => {}); // what is left matters to nobody
  }
}

async function* texts(response) {
  const decoder = new TextDecoder();
  for await (const chunk of chunks(response)) yield decoder.decode(chunk, { stream: true });
}

async function* ndjson(response) {
  let rest = "";
  for await (const text of texts(response)) {
    const whole = (rest + text).split("\n");
    rest = whole.pop();
    for (const line of whole) yield JSON.parse(line);
  }
}

// The elements of a JSON array, each as soon as its last byte is there.
async function* elements(response) {
  let rest = "", at = 0, begin = 0, depth = 0, inString = false;
  for await (const text of texts(response)) {
    for (rest += text; at < rest.length; at++) {
      const c = rest[at];
      if (inString && c === "\\") at++;
      else if (c === '"') inString = !inString;
      else if (inString) continue;
      else if (c === "{" && depth++ === 1) begin = at;
      else if (c === "[") depth++;
      else if (c === "]") depth--;
      else if (c === "}" && --depth === 1) yield JSON.parse(rest.slice(begin, at + 1));
    }
    const keep = depth > 1 ? begin : at;
    rest = rest.slice(keep);
    begin = 0;
    at -= keep;
  }
}

// Base64 that is made of pieces, each with its own padding.
async function* unbase64(response) {
  let rest = "";
  for await (const text of texts(response)) {
    rest += text;
    const end = rest.length - rest.length % 4;
    const plain = rest.slice(0, end).match(/.{4}/g)?.map(atob).join("") ?? "";
    rest = rest.slice(end);
    yield Uint8Array.from(plain, (c) => c.charCodeAt(0));
  }
}

async function* envelopes(source) {
  let rest = new Uint8Array();
  for await (const chunk of source) {
    const joined = new Uint8Array(rest.length + chunk.length);
    joined.set(rest);
    joined.set(chunk, rest.length);
    for (rest = joined; rest.length >= 5;) {
      const end = 5 + new DataView(rest.buffer, rest.byteOffset).getUint32(1);
      if (rest.length < end) break;
      yield { flags: rest[0], text: new TextDecoder().decode(rest.subarray(5, end)) };
      rest = rest.subarray(end);
    }
  }
}

async function failIfRefused(response) {
  if (!response.ok) throw statusError(await response.json());
}

async function readOne(response, on) {
  await failIfRefused(response);
  on.message(await response.json());
}

const readStream = (values) => async (response, on) => {
  await failIfRefused(response);
  for await (const value of values(response)) {
    if (value?.["@type"] === STATUS) throw statusError(value);
    on.message(value);
  }
};

const readGrpcWeb = (decode) => async (response, on) => {
  await failIfRefused(response);
  for await (const { flags, text } of envelopes(decode(response))) {
    if (!(flags & 0x80)) {
      on.message(JSON.parse(text));
      continue;
    }
    const trailers = text.trim().split("\r\n").map((line) => line.split(/: ?(.*)/, 2));
    const { "grpc-status": status, "grpc-message": message = "", "grpc-status-details-bin": details } =
      Object.fromEntries(trailers);
    if (status !== "0")
      throw new RpcError(Number(status), decodeURIComponent(message), details && statusDetails(details), trailers);
    return trailers;
  }
  throw new RpcError(2, "the answer ended without its trailers");
};

function connectError({ code, message = "", details = [] }, trailers) {
  const canonical = code === "canceled" ? 1 : CODES.indexOf(code.toUpperCase());
  return new RpcError(canonical, message, details.map(({ type, debug, value }) =>
    ({ "@type": type, ...(debug ?? { value }) })), trailers);
}

async function readConnect(response, on) {
  const value = await response.json();
  if (!response.ok) throw connectError(value);
  on.message(value);
}

async function readConnectStream(response, on) {
  if (!response.headers.get("content-type")?.startsWith("application/connect+"))
    throw connectError(await response.json());
  for await (const { flags, text } of envelopes(chunks(response))) {
    const value = JSON.parse(text);
    if (!(flags & 2)) {
      on.message(value);
      continue;
    }
    const trailers = [...flat(value.metadata ?? {})];
    if (value.error) throw connectError(value.error, trailers);
    return trailers;
  }
  throw new RpcError(2, "the answer ended without its last message");
}

/* ------------------------------------ details of errors, as gRPC-Web has them */

const SHAPES = {
  Status: { 3: ["details", "Any"] },
  Any: { 1: ["@type"], 2: ["value", Uint8Array] },
  "google.rpc.ResourceInfo": { 1: ["resourceType"], 2: ["resourceName"], 3: ["owner"], 4: ["description"] },
  "google.rpc.BadRequest": { 1: ["fieldViolations", "FieldViolation"] },
  FieldViolation: { 1: ["field"], 2: ["description"] },
};

// A protobuf message whose known fields are texts, bytes and lists of messages.
function decode(bytes, shape) {
  const message = {};
  let at = 0;
  const varint = () => {
    let value = 0;
    for (let unit = 1; ; unit *= 128) {
      const byte = bytes[at++];
      value += (byte & 127) * unit;
      if (byte < 128) return value;
    }
  };
  while (at < bytes.length) {
    const tag = varint();
    const len = varint(); // or the value of a number
    if (tag % 8 !== 2) continue;
    const part = bytes.subarray(at, at += len);
    const [name, type] = SHAPES[shape][tag >> 3] ?? [];
    if (typeof type === "string") (message[name] ??= []).push(decode(part, type));
    else if (name) message[name] = type ? part : new TextDecoder().decode(part);
  }
  return message;
}

function statusDetails(text) {
  const bytes = Uint8Array.from(atob(text), (c) => c.charCodeAt(0));
  return (decode(bytes, "Status").details ?? []).map(({ "@type": type, value }) => {
    const name = type.replace(/.*\//, "");
    return { "@type": name, ...(SHAPES[name] ? decode(value, name) : { value: base64(value) }) };
  });
}

/* --------------------------------------------------------------------- calls */

const BROKEN = "the connection was lost in the middle of the answer";

function startFetch(form, request, method, messages, on) {
  const leave = new AbortController();
  const go = async () => {
    const response = await fetch(request.target, {
      method: request.verb, headers: request.headers, signal: leave.signal, cache: "no-store",
      body: request.body && bytesOf(request.body),
    });
    on.head(response.status, response.statusText, [...response.headers]);
    const read = typeof form.read === "function" ? form.read : form.read[method.kind];
    try {
      return await read(response, on) ?? [];
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      throw new RpcError(14, BROKEN);
    }
  };
  if (takesStream(method)) messages.forEach(on.sent);
  return { done: go(), stop: () => leave.abort() };
}

// An EventSource tells nothing of a failure's status, and would come again at
// the end of a stream.
function startEvents(form, request, method, messages, on) {
  const source = new EventSource(request.target);
  const done = new Promise((resolve, reject) => {
    source.onopen = () => on.head(200, "OK", []);
    source.onmessage = ({ data }) => on.message(JSON.parse(data));
    source.onerror = ({ data }) => {
      const isRefused = source.readyState === EventSource.CLOSED;
      source.close();
      if (data) reject(statusError(JSON.parse(data)));
      else if (isRefused) reject(new RpcError(2, "refused; an EventSource is not told why. Another form will say it"));
      else resolve([]);
    };
  });
  return { done, stop: () => source.close() };
}

// docs/websocket.md. A Status may be the last message of a call that fails.
function startSocket(form, request, method, messages, on) {
  const socket = new WebSocket(location.origin.replace(/^http/, "ws") + request.target, request.protocol);
  const put = (text) => socket.readyState === WebSocket.OPEN && socket.send(text);
  const send = (message) => {
    put(JSON.stringify(message));
    if (takesStream(method)) on.sent(message);
  };
  const done = new Promise((resolve, reject) => {
    let status;
    const arrive = () => status && on.message(status);
    socket.onopen = () => {
      on.head(101, "Switching Protocols", [["sec-websocket-protocol", socket.protocol]]);
      if (request.first) put(request.first);
      messages.forEach(send);
    };
    socket.onmessage = ({ data }) => {
      arrive();
      const message = JSON.parse(data);
      status = message?.["@type"] === STATUS ? message : undefined;
      if (!status) on.message(message);
    };
    socket.onclose = ({ code, reason }) => {
      const trailers = [["close", `${code}${reason && ` ${reason}`}`]];
      if (code === 1000) arrive(), resolve(trailers);
      else reject(new RpcError(code >= 4000 ? code - 4000 : 14, status?.message ?? (reason || "the connection was lost"),
        status?.details, trailers));
    };
  });
  return { done, stop: () => socket.close(), send, end: () => put("") };
}

/* --------------------------------------------------------------------- forms */

const seconds = ({ deadline }) => deadline && { "X-Server-Timeout": deadline };
const grpcTimeout = ({ deadline }) => deadline && { "grpc-timeout": `${Math.ceil(deadline * 1000)}m` };
const connectTimeout = ({ deadline }) => deadline && { "Connect-Timeout-Ms": `${Math.ceil(deadline * 1000)}` };

const answers = { unary: readOne, client: readOne, server: readStream(ndjson), bidi: readStream(ndjson) };
const arrays = { client: readOne, server: readStream(elements), bidi: readStream(elements) };
const connects = { unary: readConnect, client: readConnectStream, server: readConnectStream, bidi: readConnectStream };

export const forms = [
  {
    id: "rest", title: "REST", streams: "NDJSON", read: answers, start: startFetch,
    about: "JSON at the route of the method's google.api.http annotation; streams are a line for each message.",
    request: (method, messages, options) => rest(method, messages, { ...seconds(options) }),
  }, {
    id: "array", title: "JSON array", fits: (method) => method.kind !== "unary", read: arrays, start: startFetch,
    about: "The same route; a stream is one JSON array, whose elements are read as they arrive.",
    request(method, messages, options) {
      const request = rest(method, messages, { Accept: "application/json", ...seconds(options) });
      if (!takesStream(method)) return request;
      request.headers["Content-Type"] = "application/json";
      request.body = [{ text: JSON.stringify(messages) }];
      return request;
    },
  }, {
    id: "sse", title: "SSE", fits: (method) => method.kind === "server", start: startEvents, noDeadline: true,
    about: "Server-sent events, read by the browser's own EventSource.",
    request: (method, messages) => rest(method, messages, { Accept: "text/event-stream" }),
  }, {
    id: "json", title: "JSON by name", read: answers, start: startFetch,
    about: "The whole message as JSON, at the method's name: there for every method, annotated or not.",
    request: (method, messages, options) => takesStream(method)
      ? post(method, "application/x-ndjson", lines(messages), seconds(options))
      : post(method, "application/json", [{ text: JSON.stringify(messages[0]) }], seconds(options)),
  }, {
    id: "grpc-web", title: "gRPC-Web", read: readGrpcWeb(chunks), start: startFetch,
    about: "Five bytes before each message, trailers at the end of the body; here with JSON inside.",
    request: (method, messages, options) => post(method, "application/grpc-web+json", messages.map(envelope),
      { "X-Grpc-Web": "1", ...grpcTimeout(options) }),
  }, {
    id: "grpc-web-text", title: "gRPC-Web text", read: readGrpcWeb(unbase64), start: startFetch,
    about: "gRPC-Web in base64, for clients that can read nothing but text while it arrives.",
    request: (method, messages, options) => post(method, "application/grpc-web-text+json",
      [{ text: base64(bytesOf(messages.map(envelope))) }],
      { Accept: "application/grpc-web-text+json", "X-Grpc-Web": "1", ...grpcTimeout(options) }),
  }, {
    id: "connect", title: "Connect", read: connects, start: startFetch,
    about: "Plain JSON for one request and one answer; streams in envelopes that end with a message of their own.",
    request: (method, messages, options) => method.kind === "unary"
      ? post(method, "application/json", [{ text: JSON.stringify(messages[0]) }],
        { "Connect-Protocol-Version": "1", ...connectTimeout(options) })
      : post(method, "application/connect+json", messages.map(envelope),
        { "Connect-Protocol-Version": "1", ...connectTimeout(options) }),
  }, {
    id: "connect-get", title: "Connect GET", fits: (method) => method.kind === "unary" && method.safe,
    about: "For methods without side effects: the request is in the query, so caches can keep the answer.",
    read: readConnect, start: startFetch,
    request: (method, messages, options) => ({
      verb: "GET", headers: { ...connectTimeout(options) }, target: `/${SERVICE}/${method.name}?${
        new URLSearchParams({ connect: "v1", encoding: "json", message: JSON.stringify(messages[0]) })}`,
    }),
  }, {
    id: "websocket", title: "WebSocket", start: startSocket,
    about: "A text message for each JSON message, truly both ways at once.",
    request(method, messages, { deadline }) {
      const form = deadline ? "sluice.json+metadata" : "sluice.json";
      return {
        verb: "GET", target: `/${SERVICE}/${method.name}`, protocol: form,
        headers: { Connection: "Upgrade", Upgrade: "websocket", "Sec-WebSocket-Protocol": form },
        first: deadline && JSON.stringify({ timeout: `${deadline}s` }), frames: messages,
      };
    },
  },
];

export const formsOf = (method) => forms.filter(({ fits }) => !fits || fits(method));
export const titleOf = (form, method) => (method.kind === "unary" ? form.title : form.streams ?? form.title);

/* -------------------------------------------------------- the same by oneself */

const quote = (text) => `'${text.replaceAll("'", "'\\''")}'`;
const octal = (bytes) => Array.from(bytes, (byte) => `\\${byte.toString(8).padStart(3, "0")}`).join("");
const hex = (bytes) => Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join(" ");

// What goes over the wire, but for what the browser adds.
export function wireText({ verb, target, headers, body = [], first, frames }) {
  const head = [`${verb} ${target} HTTP/1.1`, `Host: ${location.host}`];
  for (const name of Object.keys(headers)) head.push(`${name}: ${headers[name]}`);
  const parts = body.map(({ before, text }) => (before ? `[${hex(before)}] ${text}\n` : text));
  if (frames) parts.push(...[first, ...frames.map((one) => JSON.stringify(one))].filter(Boolean).map((one) => `→ ${one}\n`));
  return `${head.join("\n")}\n\n${parts.join("")}`.trimEnd();
}

function socketScript({ target, protocol, first, frames }, endsItself) {
  const sent = [...(first ? [first] : []), ...frames.map((one) => JSON.stringify(one)), ...(endsItself ? [] : [""])];
  return [`const socket = new WebSocket(${JSON.stringify(location.origin.replace(/^http/, "ws") + target)}, "${protocol}");`,
    "socket.onopen = () => {",
    ...sent.map((one) => `  socket.send(${JSON.stringify(one)});`),
    "};", "socket.onmessage = ({ data }) => console.log(data);",
    "socket.onclose = ({ code, reason }) => console.log(code, reason);"].join("\n");
}

const eventScript = ({ target }) =>
  [`const source = new EventSource(${JSON.stringify(location.origin + target)});`,
    "source.onmessage = ({ data }) => console.log(data);",
    "source.onerror = ({ data }) => {", "  source.close(); // or it comes again", "  if (data) console.log(data);",
    "};"].join("\n");

function curlCommand({ verb, target, headers, body }) {
  const isBinary = body?.some(({ before }) => before);
  const words = ["curl -sS -N", quote(location.origin + target)];
  if (verb !== (body ? "POST" : "GET")) words[0] += ` -X ${verb}`;
  for (const name of Object.keys(headers)) words.push(`-H ${quote(`${name}: ${headers[name]}`)}`);
  if (!body) return words.join(" \\\n  ");
  if (!isBinary) return [...words, `--data-binary ${quote(body.map(({ text }) => text).join(""))}`].join(" \\\n  ");
  const input = body.map(({ before, text }) => octal(before) + text.replaceAll("\\", "\\\\").replaceAll("%", "%%"));
  return `printf ${quote(input.join(""))} |\n  ${[...words, "--data-binary @- -o -"].join(" \\\n  ")}`;
}

// { language, text }: the call, to be pasted elsewhere.
export function snippet(form, method, request) {
  if (form.start === startSocket) return { language: "JavaScript", text: socketScript(request, !takesStream(method)) };
  if (form.start === startEvents) return { language: "JavaScript", text: eventScript(request) };
  return { language: "curl", text: curlCommand(request) };
}
