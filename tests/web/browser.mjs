// SPDX-License-Identifier: Apache-2.0
// A real browser for tests: Debian's Chromium, without a window, driven by
// playwright-core. It is started once for a whole test, with a profile of its
// own that is gone afterwards, and knows no host but this one.
//
//   const browser = await startBrowser();
//   const page = await openPage(browser, url);
//   ... page is Playwright's; page.problems is what went wrong in it ...
//   await browser.close();
import { accessSync, constants } from "node:fs";
import { createRequire } from "node:module";
import { delimiter, join } from "node:path";

const npm = createRequire(new URL("../npm/package.json", import.meta.url));

const FLAGS = [
  "--no-sandbox", // root cannot have it; only pages of ours are opened
  "--disable-gpu",
  "--disable-quic",
  "--no-first-run",
  "--disable-background-networking",
  "--disable-component-update",
  "--disable-sync",
  "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, " +
    "EXCLUDE localhost",
];

const PATIENCE_MS = 60000; // only what hangs needs so long

function isProgram(path) {
  try {
    accessSync(path, constants.X_OK);
    return true;
  } catch {
    return false;
  }
}

function findChromium() {
  const found = (process.env.PATH ?? "").split(delimiter)
    .map((folder) => join(folder, "chromium")).find(isProgram);
  if (!found)
    throw new Error("no chromium in PATH: script/deps test installs it");
  return found;
}

// Playwright's Browser; close() ends it.
export function startBrowser() {
  return npm("playwright-core").chromium.launch(
    { executablePath: findChromium(), args: FLAGS, timeout: PATIENCE_MS });
}

// Playwright's Page, in a context that shares nothing with others (options are
// those of newContext). What the page complains about is in page.problems:
// errors on its console, exceptions that nobody caught.
export async function openPage(browser, url, options = {}) {
  const context = await browser.newContext(options);
  const page = await context.newPage();
  page.setDefaultTimeout(PATIENCE_MS);
  page.problems = [];
  page.on("console", (message) => {
    if (message.type() === "error") page.problems.push(message.text());
  });
  page.on("pageerror", (error) => page.problems.push(`${error.stack}`));
  await page.goto(url);
  return page;
}
