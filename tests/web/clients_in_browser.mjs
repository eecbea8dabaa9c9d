// SPDX-License-Identifier: Apache-2.0
// Clients in Chromium: each module of pages/ in a page and a context of its
// own, which are not of the gateway's origin.
import { openPage, startBrowser } from "./browser.mjs";
import { report } from "./node.mjs";

// Chromium has six connections to a server. A case may hold one while it asks
// for another.
const AT_ONCE = 3;

const config = JSON.parse(process.env.CONFIG);
const MODULES = {
  connect: config.pages, grpc_web: config.pages, fetch: config.pages,
  events: config.pages, websocket: config.pages, cors: config.pages,
  leaving: config.pages, foreign: config.foreign,
};

// In the page.
async function runCases([name, settings, atOnce]) {
  globalThis.CONFIG = settings;
  await import(`/web/pages/${name}.mjs`);
  const { run } = await import("/web/kit.mjs");
  return run(atOnce);
}

async function runModule(browser, [name, pages]) {
  const page = await openPage(browser, `${pages}/`);
  const uncaught = [];
  page.on("pageerror", (error) => uncaught.push(error.stack));
  try {
    const outcomes = await page.evaluate(runCases,
      [name, { ...config, name, pages }, AT_ONCE]);
    return uncaught.length === 0 ? outcomes : [...outcomes,
      { name: `${name}: what nobody catches`, error: uncaught.join("\n") }];
  } catch (error) {
    return [{ name, error: [error.stack, ...page.problems].join("\n") }];
  } finally {
    await page.context().close();
  }
}

const browser = await startBrowser();
const outcomes = await Promise.all(
  Object.entries(MODULES).map((one) => runModule(browser, one)));
await browser.close();
report(outcomes.flat());
