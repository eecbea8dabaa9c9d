// SPDX-License-Identifier: Apache-2.0
// Clicks through the explorer, which `sluice demo` serves at /, in Chromium:
// every method in every form, what fails and how, and what is stopped.
import { execFileSync } from "node:child_process";

import { openPage, startBrowser } from "./browser.mjs";
import { assert, gateway, npm, run, test } from "./kit.mjs";
import { registry } from "./messages.mjs";
import { report } from "./node.mjs";

const { getOption } = npm("@bufbuild/protobuf");

const Library = registry.getService("sluice.example.library.v1.Library");
const KINDS = { unary: "One request, one answer", server_streaming: "A stream of answers",
  client_streaming: "A stream of requests", bidi_streaming: "Streams both ways" };
const ALL = ["rest", "json", "grpc-web", "grpc-web-text", "connect", "websocket"];
const SAFE = [...ALL, "connect-get"];
const STREAM = [...ALL, "array"];
const READ = [...STREAM, "sse"];
const IN_ENVELOPES = ["grpc-web", "grpc-web-text"];

const browser = await startBrowser();
const page = await openPage(browser, gateway);
const sockets = [];
page.on("websocket", (socket) => sockets.push(socket.url()));
const requests = [];
page.on("request", (request) => requests.push(request.url()));

/* ------------------------------------------------------- hands and eyes on it */

async function choose(method, form) {
  await page.click(`nav a[data-method=${method}]`);
  await page.waitForSelector(`nav a[data-method=${method}][aria-current=page]`);
  if (form) await page.check(`#forms input[value=${form}]`, { force: true });
}

async function edit({ path = {}, message, deadline }) {
  for (const [name, value] of Object.entries(path)) await page.fill(`#path input[name="${name}"]`, value);
  if (message !== undefined)
    await page.fill("#message", typeof message === "string" ? message : JSON.stringify(message));
  if (deadline !== undefined) await page.fill("#deadline", deadline);
}

const attempt = (name) => page.click(`#tries button:text-is("${name}")`);
const state = (...wanted) => page.waitForFunction((all) =>
  all.includes(document.querySelector("#response").dataset.state), wanted);
const count = (n) => page.waitForFunction((wanted) =>
  document.querySelector("#count").textContent === wanted, String(n));

// What is seen of the call.
const seen = () => page.evaluate(() => window.seen());

async function send() {
  await page.click("#send");
  await state("done", "failed");
  return seen();
}

// The same in one go, for what is done hundreds of times: a method, a form, one
// of its tries or an edit, and a call to its end.
const call = (wanted) => page.evaluate(async ({ method, form, name, change, isTalk }) => {
  const $ = (selector) => document.querySelector(selector);
  const all = (selector) => Array.from(document.querySelectorAll(selector));
  const press = async (element) => {
    const turned = new Promise((resolve) => addEventListener("hashchange", resolve, { once: true }));
    const before = location.hash;
    element.click();
    if (location.hash !== before) await turned;
  };
  const until = (check) => new Promise((resolve) => {
    const observer = new MutationObserver(() => check() && (observer.disconnect(), resolve()));
    observer.observe($("#response"), { subtree: true, childList: true, attributes: true });
  });
  const type = (selector, text) => {
    $(selector).value = text;
    $(selector).dispatchEvent(new Event("input", { bubbles: true }));
  };
  await press($(`nav a[data-method=${method}]`));
  await press($(`#forms input[value=${form}]`));
  if (name) all("#tries button").find((one) => one.textContent === name).click();
  if (change?.path) type(`#path input[name="${change.path[0]}"]`, change.path[1]);
  if (change?.message) type("#message", JSON.stringify(change.message));
  type("#deadline", form !== "sse" && change?.deadline || "");
  const isOver = () => /done|failed/.test($("#response").dataset.state);
  $("#send").click();
  if (isTalk) {
    if (!isOver() && !$("#outcome").textContent.startsWith("101"))
      await until(() => isOver() || $("#outcome").textContent.startsWith("101"));
    $("#end").click();
  }
  if (!isOver()) await until(isOver);
  return window.seen();
}, { ...wanted, isTalk: isTalk(wanted.method, wanted.form) });

const isTalk = (method, form) => form === "websocket" && (method === "AddBooks" || method === "Discuss");

function show() {
  window.seen = () => {
    const text = (selector) => document.querySelector(selector).textContent;
    const messages = (selector) => Array.from(document.querySelectorAll(selector), (one) => JSON.parse(one.textContent));
    return { state: document.querySelector("#response").dataset.state, outcome: text("#outcome"),
      count: text("#count"), failure: text("#failure"), received: messages("#messages .in code"),
      sent: messages("#messages .out code"), headers: text("#headers"), trailers: text("#trailers") };
  };
}
await page.addInitScript(show);
await page.reload();

// A book that may be taken away.
async function newBook() {
  const made = await fetch(`${gateway}/v1/shelves/computing/books`, { method: "POST",
    headers: { "Content-Type": "application/json" }, body: '{"title":"Of the test"}' });
  assert.equal(made.status, 200);
  return (await made.json()).name;
}

/* ------------------------------------------------------------------ the page */

test("all of it comes from the gateway, and works without anything else", async () => {
  const fresh = await openPage(browser, "about:blank");
  const loaded = [];
  fresh.on("request", (request) => loaded.push(request.url()));
  await fresh.goto(`${gateway}/#GetBook/rest`);
  await fresh.click("#send");
  await fresh.waitForSelector("#response[data-state=done]");
  assert.deepEqual(loaded.map((url) => url.replace(gateway, "").replace(/#.*/, "")).filter((url) => !url.startsWith("data:")).sort(),
    ["/", "/calls.js", "/methods.js", "/page.js", "/style.css", "/v1/shelves/classics/books/moby-dick"]);
  assert.deepEqual(fresh.problems, []);
  await fresh.context().close();
});

test("its methods are those of the library, with their routes", async () => {
  const http = registry.getExtension("google.api.http");
  const shown = await page.$$eval("nav section", (sections) => sections.flatMap((section) =>
    Array.from(section.querySelectorAll("a"), (link) => [link.querySelector("b").textContent,
      section.querySelector("h2").textContent, link.querySelector(".verb").textContent,
      link.querySelector("small").textContent])));
  const declared = Library.methods.map((method) => {
    const { pattern } = getOption(method, http);
    return [method.name, KINDS[method.methodKind], pattern.case.toUpperCase(), pattern.value];
  });
  assert.deepEqual(shown.sort(), declared.sort());
  for (const { name, input, output, methodKind } of Library.methods) {
    await choose(name);
    await page.waitForFunction((wanted) => document.querySelector("#method").textContent === wanted, name);
    const stream = (is, type) => `(${is ? "stream " : ""}${type.typeName.replace("sluice.example.library.v1.", "")})`;
    assert.equal(await page.textContent("#signature"), `rpc ${name}${
      stream(/client|bidi/.test(methodKind), input)} returns ${stream(/server|bidi/.test(methodKind), output)}`);
  }
});

test("an address chooses the method and the form", async () => {
  const fresh = await openPage(browser, `${gateway}/#Discuss/websocket`);
  assert.equal(await fresh.textContent("#method"), "Discuss");
  assert(await fresh.isChecked("#forms input[value=websocket]"));
  assert.equal(await fresh.getAttribute("nav a[data-method=Discuss]", "aria-current"), "page");
  await fresh.context().close();
});

for (const [colorScheme, width] of [["light", 360], ["dark", 360], ["light", 800], ["dark", 1280]])
  test(`nothing sticks out, ${colorScheme}, ${width} wide`, async () => {
    const fresh = await openPage(browser, gateway, { colorScheme, viewport: { width, height: 800 } });
    const wide = await fresh.evaluate(async (names) => {
      const found = [];
      for (const name of names) {
        location.hash = name;
        await new Promise((resolve) => addEventListener("hashchange", resolve, { once: true }));
        if (document.documentElement.scrollWidth > innerWidth) found.push(name);
      }
      return found;
    }, Library.methods.map(({ name }) => name));
    assert.deepEqual(wide, []);
    assert.deepEqual(fresh.problems, []);
    await fresh.context().close();
  });

/* --------------------------------------------------- every method, every form */

const good = {
  ListShelves: { forms: SAFE, check: ({ received: [{ shelves }] }) =>
    assert(shelves.some(({ name }) => name === "shelves/classics")) },
  GetShelf: { forms: SAFE, check: ({ received: [shelf] }) => assert.equal(shelf.theme, "Classics") },
  CreateShelf: { forms: ALL, check: ({ received: [shelf] }) => {
    assert.match(shelf.name, /^shelves\/./);
    assert.equal(shelf.theme, "Poetry");
  } },
  ListBooks: { forms: SAFE, check: ({ received: [{ books }] }) => assert.deepEqual(
    books.map(({ year }) => year), books.map(({ year }) => year).sort()) },
  GetBook: { forms: SAFE, check: ({ received: [book] }) => assert.equal(book.author, "Herman Melville") },
  CreateBook: { forms: ALL, check: ({ received: [book] }) => {
    assert.match(book.name, /^shelves\/science-fiction\/books\/./);
    assert.deepEqual([book.title, book.author, book.year], ["Eden", "Stanisław Lem", 1959]);
  } },
  UpdateBook: { forms: ALL, check: ({ received: [book] }) => {
    assert.deepEqual(book.tags, ["sea", "whale"]);
    assert.equal(book.title, "Moby-Dick; or, The Whale");
  } },
  DeleteBook: { forms: ALL, edit: async () => ({ path: ["name", await newBook()] }),
    check: ({ received }) => assert.deepEqual(received, [{}]) },
  MoveBook: { forms: ALL, edit: async () => ({ path: ["name", await newBook()] }),
    check: ({ received: [book] }) => assert.match(book.name, /^shelves\/classics\/books\/./) },
  ReadBook: { forms: READ, edit: () => ({ message: { pageCount: 20, pageChars: 16, pause: "0.002s" } }),
    check: ({ received, count: n }) => {
      assert.deepEqual(received.map(({ number }) => number), Array.from({ length: 20 }, (_, i) => i + 1));
      assert.equal(n, "20");
    } },
  AddBooks: { forms: STREAM, check: ({ received, sent }) => {
    assert.deepEqual(received, [{ added: 3, pages: "1386" }]);
    assert.equal(sent.length, 3);
  } },
  Discuss: { forms: STREAM, check: ({ received, sent }) => {
    assert.deepEqual(received.map(({ number }) => number), [1, 2]);
    assert.match(received[1].text, /^Ahab on "Moby-Dick/);
    assert.equal(sent.length, 2);
  } },
};

test("every method has a result expected of it here", () =>
  assert.deepEqual(Object.keys(good).sort(), Library.methods.map(({ name }) => name).sort()));

for (const [method, { forms, edit: change, check }] of Object.entries(good)) {
  test(`${method} has all its forms`, async () => {
    await choose(method);
    assert.deepEqual((await page.$$eval("#forms input", (all) => all.map((one) => one.value))).sort(), [...forms].sort());
  });
  for (const form of forms)
    test(`${method} works as ${form}`, async () => {
      const found = await call({ method, form, change: await change?.() });
      assert.equal(found.state, "done", found.failure);
      assert.match(found.outcome, form === "websocket" ? /^101 / : /^200 OK/);
      check(found);
      if (form !== "sse") assert.notEqual(found.headers, "");
      if (IN_ENVELOPES.includes(form)) assert.match(found.trailers, /grpc-status0/);
    });
}

test("so far nothing was wrong with the page", () => assert.deepEqual(page.problems, []));

/* ---------------------------------------------------------------- what fails */


const bad = {
  ListShelves: ["a wrong type", "INVALID_ARGUMENT", /ten/, "BadRequest"],
  GetShelf: ["a shelf that is not there", "NOT_FOUND", /shelves\/none does not exist/, "ResourceInfo"],
  CreateShelf: ["a name that is taken", "ALREADY_EXISTS", /shelves\/classics/, "ResourceInfo"],
  ListBooks: ["an unknown field", "INVALID_ARGUMENT", /pagesize/, "BadRequest"],
  GetBook: ["a book that is not there", "NOT_FOUND", /books\/none does not exist/, "ResourceInfo"],
  CreateBook: ["a wrong type", "INVALID_ARGUMENT", /book\.year: expected an int32, found "soon"/, "BadRequest"],
  MoveBook: ["a book that is not there", "NOT_FOUND", /books\/none does not exist/, "ResourceInfo"],
  ReadBook: ["a book that is not there", "NOT_FOUND", /books\/none does not exist/, "ResourceInfo"],
  AddBooks: ["one without a title", "INVALID_ARGUMENT", /book\.title/, "BadRequest"],
  Discuss: ["about no book", "NOT_FOUND", /books\/none does not exist/, "ResourceInfo"],
};

for (const [method, [name, code, message, detail]] of Object.entries(bad))
  for (const form of good[method].forms)
    test(`${method} explains "${name}" as ${form}`, async () => {
      const { failure, outcome, received } = await call({ method, form, name });
      assert(received.length <= (method === "Discuss" ? 1 : 0));
      if (form === "sse") {
        assert.match(failure, /an EventSource is not told why/);
        return;
      }
      assert.match(failure, new RegExp(`^${code} \\(\\d+\\) `));
      assert.match(failure, message);
      assert.match(failure, new RegExp(`${detail}\\{`));
      assert.match(outcome, new RegExp(`failed: ${code}$`));
    });

for (const form of READ.filter((one) => one !== "sse"))
  test(`a deadline ends ${form} in its own way`, async () => {
    const { failure, received } = await call({ method: "ReadBook", form, change: {
      path: ["name", "shelves/classics/books/moby-dick"], message: { pause: "60s" }, deadline: "1" } });
    assert.match(failure, /^DEADLINE_EXCEEDED \(4\) /);
    assert.equal(received.length, 1);
  });

test("an EventSource can set no deadline", async () => {
  await choose("ReadBook", "sse");
  assert(await page.isDisabled("#deadline"));
});

/* ----------------------------------------------------------- while it arrives */

for (const form of READ)
  test(`a message of ${form} is there before the next, and Stop ends the call`, async () => {
    await choose("ReadBook", form);
    await edit({ message: { pause: "60s" } });
    if (form !== "sse") await edit({ deadline: "" });
    await page.click("#send");
    await count(1);
    assert.equal((await seen()).state, "running");
    assert.notEqual(await page.getAttribute("#in-bars", "d"), "");
    await page.click("#stop");
    await state("stopped");
    const { state: end, outcome, received } = await seen();
    assert.equal(end, "stopped");
    assert.match(outcome, /stopped by you after 1; the RPC is cancelled$/);
    assert.equal(received.length, 1);
    assert(await page.isDisabled("#stop"));
  });

test("another method stops the call", async () => {
  await choose("ReadBook", "rest");
  await page.click("#send");
  await count(1);
  await choose("GetBook");
  await state("idle");
});

test("a fast stream is counted to its end", async () => {
  await choose("ReadBook", "rest");
  await attempt("as fast as it goes");
  const { count: n, received } = await send();
  assert.equal(n, "635");
  assert.equal(received.length, 500); // the others are not kept
  assert.equal(received.at(-1).number, 635);
});

test("a conversation goes both ways until there is no more to say", async () => {
  await choose("Discuss", "websocket");
  await edit({ message: '{"name":"shelves/classics/books/moby-dick","author":"Ishmael"}' });
  await page.click("#send");
  await count(1);
  await page.fill("#line", "And the sea?");
  await page.press("#line", "Enter");
  await count(2);
  await page.fill("#line", "And Ahab?");
  await page.click("#say");
  await count(3);
  await page.click("#end");
  await state("done");
  const { sent, received } = await seen();
  assert.deepEqual(sent.map(({ text }) => text), [undefined, "And the sea?", "And Ahab?"]);
  assert.match(received[2].text, /^You on "Moby-Dick/);
  assert(await page.isHidden("#composer"));
});

test("a delivery grows over a WebSocket", async () => {
  await choose("AddBooks", "websocket");
  await edit({ message: "" });
  await page.click("#send");
  await page.waitForSelector("#composer:visible");
  await page.waitForFunction(() => document.querySelector("#outcome").textContent.startsWith("101"));
  await page.fill("#line", "Persuasion");
  await page.click("#say");
  await page.click("#end");
  await state("done");
  assert.deepEqual((await seen()).received, [{ added: 1 }]);
});

/* ------------------------------------------------------------------ by itself */

const shownSnippet = async () => {
  await page.click("#show-snippet");
  return page.textContent("#snippet");
};

const SNIPPETS = [["ListBooks", SAFE, /"books":\[/], ["CreateBook", ALL, /"title":"Don't \\"%s\\"é"/],
  ["ReadBook", READ, /"number":3/], ["AddBooks", STREAM, /"added":2/], ["Discuss", STREAM, /"number":2/]];
const EDITS = {
  ListBooks: {}, ReadBook: { message: { pageCount: 3 } }, Discuss: {},
  CreateBook: { message: { book: { title: "Don't \"%s\"é" } } },
  AddBooks: { message: ["A", "B"].map((title) =>
    JSON.stringify({ parent: "shelves/computing", book: { title } })).join("\n") },
};

// As a shell has it, or a console.
async function perform(text, language, pattern) {
  if (language === "curl") return execFileSync("sh", ["-c", text], { encoding: "latin1" });
  let printed = "";
  const done = page.waitForEvent("console", (message) => {
    printed += `${message.text()}\n`;
    return pattern.test(printed);
  });
  await page.evaluate(`{ ${text} }`);
  await done;
  return printed;
}

for (const [method, forms, pattern] of SNIPPETS)
  for (const form of forms)
    test(`${method} as ${form} can be copied and works elsewhere`, async () => {
      await page.goto(`${gateway}/#${method}/${form}`);
      await page.reload();
      await edit(EDITS[method]);
      const text = await shownSnippet();
      let printed = await perform(text, await page.textContent("#show-snippet"), pattern);
      if (form === "grpc-web-text") printed = printed.match(/.{4}/g).map(atob).join("");
      assert.match(form === "websocket" || form === "sse" ? printed : Buffer.from(printed, "latin1").toString(), pattern);
    });

test("Copy takes what is shown", async () => {
  const fresh = await openPage(browser, `${gateway}/#GetBook/rest`, { permissions: ["clipboard-read", "clipboard-write"] });
  await fresh.click("#show-snippet");
  await fresh.click("#copy");
  await fresh.waitForSelector("#copy:text-is('Copied')");
  assert.equal(await fresh.evaluate(() => navigator.clipboard.readText()), await fresh.textContent("#snippet"));
  assert.match(await fresh.textContent("#snippet"), /^curl /);
  await fresh.context().close();
});

test("the wire is shown as it is", async () => {
  await page.reload();
  await choose("ReadBook", "connect");
  await edit({ message: { pageCount: 2 } });
  assert.equal(await page.textContent("#wire"), `POST /sluice.example.library.v1.Library/ReadBook HTTP/1.1
Host: ${new URL(gateway).host}
Content-Type: application/connect+json
Connect-Protocol-Version: 1

[00 00 00 00 39] {"pageCount":2,"name":"shelves/classics/books/moby-dick"}`);
});

/* ------------------------------------------------------------------- by hand */

test("a mistake in the JSON is shown, and nothing is sent", async () => {
  await choose("ListBooks", "rest");
  for (const message of ["{", "3", "[1]", "null"]) {
    await edit({ message });
    assert.notEqual(await page.textContent("#mistake"), "");
    assert(await page.isDisabled("#send"));
    assert.equal(await page.getAttribute("#message", "aria-invalid"), "true");
  }
  await edit({ message: "" });
  assert.equal(await page.textContent("#mistake"), "");
  assert.equal((await send()).state, "done");
  await choose("Discuss", "rest");
  await edit({ message: "{}\n\n{" });
  assert.match(await page.textContent("#mistake"), /^line 3: /);
});

test("a deadline is a number", async () => {
  await choose("GetBook", "rest");
  await edit({ deadline: "soon" });
  assert.match(await page.textContent("#mistake"), /^the deadline is /);
  await edit({ deadline: "1.5" });
  assert.match(await page.textContent("#wire"), /^X-Server-Timeout: 1\.5$/m);
  await edit({ deadline: "" });
});

test("what was typed is still there after a look at another method", async () => {
  await choose("ListBooks", "rest");
  await edit({ path: { parent: "shelves/classics" }, message: { pageSize: 2 } });
  await choose("Discuss");
  await choose("ListBooks", "rest");
  assert.match(await page.textContent("#wire"), /^GET \/v1\/shelves\/classics\/books\?pageSize=2 /);
});

test("keys are enough", async () => {
  await choose("GetBook", "rest");
  await page.focus("#forms input:checked");
  await page.keyboard.press("ArrowRight");
  await page.waitForFunction(() => location.hash === "#GetBook/json");
  assert.equal(await page.evaluate(() => document.activeElement.value), "json");
  await page.focus("#message");
  await page.keyboard.press("Control+Enter");
  await state("done");
  await page.focus("#path input");
  await page.keyboard.press("Enter");
  await state("done");
});

// The browser itself says of each failure that it is one.
test("nothing else was wrong with the page", () => {
  for (const problem of page.problems)
    assert.match(problem, /^Failed to load resource: the server responded with a status of 4\d\d /);
});

test("no request has left the gateway", () => {
  const places = new Set([...requests, ...sockets].map((url) => new URL(url)).filter(({ protocol }) => protocol !== "data:")
    .map(({ host }) => host));
  assert.deepEqual([...places], [new URL(gateway).host]);
  assert(sockets.length > 10 && requests.length > 100);
});

const outcomes = await run(1);
await browser.close();
report(outcomes);
