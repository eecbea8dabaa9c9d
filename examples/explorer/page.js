// SPDX-License-Identifier: Apache-2.0
// The page: what is chosen and typed becomes a request, which is shown as it
// will be sent; a call's messages are shown as they arrive.
import { formsOf, RpcError, snippet, titleOf, wireText } from "./calls.js";
import { KINDS, methods, SERVICE } from "./methods.js";

const SHOWN_MAX = 500; // messages; all are counted

const $ = (id) => document.getElementById(id);

let method; // by choose()
let form;
let call = null; // the last one: what was seen of it
const typed = new Map(); // by method: what the user has made of its request

/* ------------------------------------------------------------------- elements */

function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const key of Object.keys(attributes)) {
    if (key.startsWith("on")) made.addEventListener(key.slice(2), attributes[key]);
    else if (attributes[key] !== false) made.setAttribute(key, attributes[key]);
  }
  made.append(...children);
  return made;
}

// JSON with its parts marked: keys, texts, and the rest of the scalars.
function json(value, indent) {
  const text = JSON.stringify(value, null, indent);
  const made = element("code", { class: "json" });
  let at = 0;
  for (const found of text.matchAll(/("(?:[^"\\]|\\.)*")(:)?|-?\d[\d.eE+-]*|true|false|null/g)) {
    const kind = found[2] ? "key" : found[1] ? "text" : "scalar";
    made.append(text.slice(at, found.index), element("span", { class: kind }, found[1] ?? found[0]), found[2] ?? "");
    at = found.index + found[0].length;
  }
  made.append(text.slice(at));
  return made;
}

function duration(ms) {
  if (ms < 10) return `${ms.toFixed(1)} ms`;
  return ms < 1000 ? `${Math.round(ms)} ms` : `${(ms / 1000).toFixed(2)} s`;
}

const pairs = (list) => list.flatMap(([name, value]) => [element("dt", {}, name), element("dd", {}, value)]);

/* --------------------------------------------------------- what can be chosen */

function listMethods() {
  for (const kind of Object.keys(KINDS)) {
    const items = methods.filter((one) => one.kind === kind).map((one) => element("li", {},
      element("a", { href: `#${one.name}`, "data-method": one.name },
        element("span", { class: `verb ${one.verb}` }, one.verb), element("b", {}, one.name),
        element("small", {}, one.route))));
    $("methods").append(element("section", {}, element("h2", {}, KINDS[kind]), element("ul", {}, ...items)));
  }
}

function showMethod() {
  const stream = (is, type) => (is ? `stream ${type}` : type);
  $("method").textContent = method.name;
  $("about").textContent = method.about;
  $("signature").textContent =
    `rpc ${method.name}(${stream(method.messages, method.takes)}) returns ` +
    `(${stream(method.kind === "server" || method.kind === "bidi", method.gives)})`;
  for (const link of document.querySelectorAll("[data-method]")) {
    if (link.dataset.method !== method.name) link.removeAttribute("aria-current");
    else {
      link.setAttribute("aria-current", "page");
      link.scrollIntoView({ block: "nearest", inline: "nearest" });
    }
  }
  document.title = `${method.name} · Sluice`;
}

function listForms() {
  $("forms").replaceChildren(...formsOf(method).map((one) => element("label", {},
    element("input", { type: "radio", name: "form", value: one.id,
      onchange: () => { location.hash = `${method.name}/${one.id}`; } }),
    element("span", {}, titleOf(one, method)))));
}

function showForms() {
  for (const one of $("forms").querySelectorAll("input")) one.checked = one.value === form.id;
  $("form-about").textContent = form.about;
  $("deadline").disabled = Boolean(form.noDeadline);
}

// "#ReadBook/sse" chooses both; what is missing stays as it is, where it fits.
function choose() {
  const [name, id] = location.hash.slice(1).split("/");
  const before = method;
  stop();
  call = null;
  method = methods.find((one) => one.name === name) ?? method ?? methods.find(({ kind }) => kind === "server");
  form = formsOf(method).find((one) => one.id === (id ?? form?.id)) ?? formsOf(method)[0];
  if (before !== method) {
    showMethod();
    listForms();
    showRequest(typed.get(method) ?? method);
  }
  showForms();
  showPreview();
  showCall();
}

/* ----------------------------------------------------------------- the request */

const text = ({ message = {}, messages }) =>
  (messages ? messages.map((one) => JSON.stringify(one)).join("\n") : JSON.stringify(message, null, 2));

function showRequest({ path, message, messages, text: asTyped, deadline = "" }) {
  $("path").replaceChildren(...Object.entries({ ...method.path, ...path }).map(([name, value]) =>
    element("label", { class: "field" }, element("span", {}, name),
      element("input", { name, value, spellcheck: "false", autocomplete: "off" }))));
  $("message-label").textContent = method.messages ? "messages, one a line" : method.path ? "other fields" : "message";
  $("message").value = asTyped ?? text({ message, messages });
  $("deadline").value = deadline;
  fitEditor();
  $("tries").replaceChildren(...(method.tries ? ["Try "] : []), ...(method.tries ?? []).map((one) =>
    element("button", { type: "button", onclick: () => { showRequest({ ...method, ...one }); keepTyped(); showPreview(); } },
      one.label)));
}

function fitEditor() {
  const { style } = $("message");
  style.height = "0";
  style.height = `${Math.min(360, $("message").scrollHeight + 2)}px`;
}

function typedPath() {
  return Object.fromEntries(Array.from($("path").querySelectorAll("input"), (one) => [one.name, one.value]));
}

function keepTyped() {
  typed.set(method, { path: typedPath(), text: $("message").value, deadline: $("deadline").value });
}

function put(message, path, value) {
  const names = path.split(".");
  const last = names.pop();
  const parent = names.reduce((one, name) => (one[name] ??= {}), message);
  parent[last] = value;
}

// What was typed, as messages. Throws what the user has to mend.
function readMessages() {
  const values = $("message").value;
  if (method.messages)
    return values.split("\n").map((line, i) => [line.trim(), i]).filter(([line]) => line)
      .map(([line, i]) => parse(line, `line ${i + 1}: `));
  const message = parse(values.trim() || "{}", "");
  for (const [name, value] of Object.entries(typedPath())) put(message, name, value);
  return [message];
}

function parse(line, place) {
  let value;
  try {
    value = JSON.parse(line);
  } catch (error) {
    throw new Error(`${place}${error.message}`);
  }
  if (value === null || typeof value !== "object" || Array.isArray(value))
    throw new Error(`${place}a message is a JSON object: {...}`);
  return value;
}

function readRequest() {
  if (!$("deadline").validity.valid) throw new Error("the deadline is a number of seconds, such as 0.5");
  const messages = readMessages();
  const deadline = form.noDeadline ? "" : $("deadline").value;
  return { messages, request: form.request(method, messages, { deadline }) };
}

function showPreview() {
  let made = null;
  try {
    made = readRequest();
    $("mistake").textContent = "";
    $("wire").textContent = wireText(made.request);
    const { language, text: shown } = snippet(form, method, made.request);
    $("show-snippet").textContent = language;
    $("snippet").textContent = shown;
    $("snippet").setAttribute("aria-label", language);
  } catch (error) {
    $("mistake").textContent = error.message;
  }
  $("message").setAttribute("aria-invalid", String(!made));
  showButtons();
  return made;
}

function showSnippet(isSnippet) {
  $("show-wire").setAttribute("aria-pressed", String(!isSnippet));
  $("show-snippet").setAttribute("aria-pressed", String(isSnippet));
  $("wire").hidden = isSnippet;
  $("snippet").hidden = !isSnippet;
}

async function copy() {
  const shown = $("wire").hidden ? $("snippet") : $("wire");
  try {
    await navigator.clipboard.writeText(shown.textContent);
    $("copy").textContent = "Copied";
    setTimeout(() => { $("copy").textContent = "Copy"; }, 1500);
  } catch {
    getSelection().selectAllChildren(shown); // not allowed here: the user may
  }
}

/* -------------------------------------------------------------------- the call */

const isTalk = () => Boolean(method.messages) && form.id === "websocket";

function begin() {
  const made = showPreview();
  if (!made || call?.state === "running") return;
  const mine = { state: "running", began: performance.now(), received: [], sent: [], fresh: [], dropped: 0 };
  const note = (list, direction) => (message) => {
    if (mine.state !== "running") return;
    const at = performance.now() - mine.began;
    mine[list].push(at);
    mine.fresh.push({ message, at, direction });
    changed(mine);
  };
  call = mine;
  mine.handle = form.start(form, made.request, method, made.messages, {
    head: (status, statusText, headers) => { mine.head = { status, statusText, headers }; changed(mine); },
    sent: note("sent", "out"),
    message: note("received", "in"),
  });
  mine.handle.done.then((trailers) => finish(mine, "done", { trailers }), (error) => finish(mine, "failed", { error }));
  $("messages").replaceChildren();
  showCall();
  tick(mine);
  if ($("response").getBoundingClientRect().top > innerHeight - 120) $("response").scrollIntoView();
}

function finish(mine, state, { trailers, error }) {
  if (mine.state !== "running") return;
  Object.assign(mine, { state, error, trailers: trailers ?? error?.trailers ?? [], took: performance.now() - mine.began });
  changed(mine);
}

function stop() {
  if (call?.state !== "running") return;
  finish(call, "stopped", {});
  call.handle.stop();
}

function say() {
  if (call?.state !== "running" || !$("line").value) return;
  call.handle.send(method.add.make($("line").value));
  $("line").value = "";
  $("line").focus();
}

/* ------------------------------------------------------------------ the answer */

function changed(mine) {
  if (mine !== call || mine.isDue) return;
  mine.isDue = true;
  requestAnimationFrame(() => {
    mine.isDue = false;
    if (mine === call) showCall();
  });
}

// While it runs, time is seen to pass.
function tick(mine) {
  if (mine !== call || mine.state !== "running") return;
  showFigures();
  requestAnimationFrame(() => tick(mine));
}

function showButtons() {
  const isRunning = call?.state === "running";
  $("send").disabled = isRunning || $("message").getAttribute("aria-invalid") === "true";
  $("send").textContent = isTalk() ? "Open and send" : "Send";
  $("stop").disabled = !isRunning;
  const wasTalking = !$("composer").hidden;
  $("composer").hidden = !(isRunning && isTalk() && call.head);
  if (!wasTalking && !$("composer").hidden) $("line").focus();
  $("line-label").textContent = method.add?.label ?? "";
}

function outcome() {
  const { head, state, error, received } = call ?? {};
  const parts = [];
  if (head) parts.push(element("b", { class: "status" }, `${head.status} ${head.statusText}`));
  switch (state) {
  case undefined: parts.push("Nothing sent yet."); break;
  case "running": parts.push(head ? "answering…" : "waiting…"); break;
  case "done": parts.push("finished well"); break;
  case "stopped": parts.push(`stopped by you after ${received.length}; the RPC is cancelled`); break;
  case "failed": parts.push(error instanceof RpcError ? `failed: ${error.codeName}` : "failed"); break;
  }
  return parts;
}

function showCall() {
  $("response").dataset.state = call?.state ?? "idle";
  $("outcome").replaceChildren(...outcome());
  showButtons();
  showFigures();
  showFailure(call?.error);
  showMessages();
  showPairs("head", "headers", call?.head?.headers);
  showPairs("tail", "trailers", call?.trailers);
}

function showPairs(box, list, values) {
  $(box).hidden = !values?.length;
  $(list).replaceChildren(...pairs(values ?? []));
}

function showFailure(error) {
  $("failure").hidden = !error;
  $("failure").replaceChildren();
  if (!error) return;
  const details = (error.details ?? []).map(({ "@type": type, ...fields }) => element("li", {},
    element("b", {}, type.replace(/.*[/.]/, "")), json(fields, 2)));
  $("failure").append(
    element("p", {}, element("b", {}, error instanceof RpcError ? `${error.codeName} (${error.code})` : "No answer"),
      ` ${error.message}`),
    ...(details.length ? [element("ul", {}, ...details)] : []));
}

function messageItem({ message, at, direction }) {
  return element("li", { class: direction },
    element("time", {}, `+${duration(at)}`),
    element("span", { class: "arrow", title: direction === "in" ? "received" : "sent" }, direction === "in" ? "←" : "→"),
    json(message, method.kind === "unary" || method.kind === "client" && direction === "in" ? 2 : 0));
}

function showMessages() {
  const list = $("messages");
  if (!call) {
    list.replaceChildren();
    return;
  }
  const isAtEnd = list.scrollTop + list.clientHeight >= list.scrollHeight - 4;
  const fresh = call.fresh.splice(0).slice(-SHOWN_MAX);
  list.append(...fresh.map(messageItem));
  while (list.children.length > SHOWN_MAX) list.firstChild.remove();
  if (isAtEnd) list.scrollTop = list.scrollHeight;
}

// Of the last second while it runs; of all when it is over.
function rate({ received, state }, now) {
  if (state === "running") return received.filter((at) => at > now - 1000).length / Math.min(1, now / 1000);
  return received.length > 1 ? received.length / (now / 1000) : 0;
}

function showFigures() {
  const now = call ? call.took ?? performance.now() - call.began : 0;
  $("count").textContent = (call?.received.length ?? 0).toLocaleString("en");
  $("rate").textContent = call ? Math.round(rate(call, now)).toLocaleString("en") : "0";
  $("elapsed").textContent = duration(now);
  drawTimeline(now);
}

/* ---------------------------------------------------------------- the timeline */

const BINS = 125;
const SPANS = [10, 20, 50, 100, 200, 500, 1000, 2000, 5000, 10000, 20000, 60000, 120000, 300000, 600000, 3600000];

// A bar for each bin of times that is not empty.
function bars(times, span, direction) {
  const bins = new Array(BINS).fill(0);
  for (const at of times) bins[Math.min(BINS - 1, Math.floor(at / span * BINS))]++;
  const highest = Math.max(3, ...bins);
  const line = (n, i) => `M${(i + 0.5) * 1000 / BINS} 40v${direction * Math.sqrt(n / highest)}`;
  return bins.map((n, i) => n && line(n, i)).filter(Boolean).join("");
}

const tickLabel = (ms) => (ms < 1000 ? `${ms} ms` : `${ms / 1000} s`);

function drawTimeline(now) {
  const span = SPANS.find((one) => one >= now) ?? now;
  $("in-bars").setAttribute("d", bars(call?.received ?? [], span, -34));
  $("out-bars").setAttribute("d", bars(call?.sent ?? [], span, 18));
  $("end-bar").setAttribute("d", call?.took === undefined ? "" : `M${call.took / span * 1000} 2v60`);
  if ($("axis").dataset.span !== String(span)) {
    $("axis").dataset.span = span;
    $("axis").replaceChildren(...[0, 0.25, 0.5, 0.75, 1].map((part) =>
      element("span", {}, part ? tickLabel(span * part) : "0")));
  }
}

/* ----------------------------------------------------------------------- begin */

listMethods();
$("request").addEventListener("submit", (event) => { event.preventDefault(); begin(); });
$("request").addEventListener("input", () => { keepTyped(); showPreview(); });
$("message").addEventListener("input", fitEditor);
$("message").addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) { event.preventDefault(); begin(); }
});
$("stop").addEventListener("click", stop);
$("show-wire").addEventListener("click", () => showSnippet(false));
$("show-snippet").addEventListener("click", () => showSnippet(true));
$("copy").addEventListener("click", copy);
$("say").addEventListener("click", say);
$("line").addEventListener("keydown", (event) => { if (event.key === "Enter") { event.preventDefault(); say(); } });
$("end").addEventListener("click", () => call?.handle.end());
addEventListener("hashchange", choose);
$("methods").setAttribute("data-service", SERVICE);
choose();
