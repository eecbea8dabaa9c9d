// SPDX-License-Identifier: Apache-2.0
// Clients in Chromium, in pages that are not of the gateway's origin. Each has
// a context of its own: cookies and connections that no other page shares.
import { openPage, startBrowser } from "./browser.mjs";
import { report } from "./node.mjs";

// Chromium has six connections to a server. A case may hold one while it asks
// for another.
const AT_ONCE = 3;

const config = JSON.parse(process.env.CONFIG);
const PAGES = [ // what of pages/ runs there, and the origin
  { modules: ["connect", "grpc_web", "websocket", "cors"], at: config.pages },
  { modules: ["fetch", "events", "leaving"], at: config.pages },
  { modules: ["foreign"], at: config.foreign },
];

// In the page.
async function runCases([settings, modules, atOnce]) {
  globalThis.CONFIG = settings;
  for (const name of modules) await import(`/web/pages/${name}.mjs`);
  const { run } = await import("/web/kit.mjs");
  return run(atOnce);
}

async function runPage(browser, { modules, at }) {
  const name = modules[0];
  const page = await openPage(browser, `${at}/`);
  const uncaught = [];
  page.on("pageerror", (error) => uncaught.push(error.stack));
  try {
    const outcomes = await page.evaluate(runCases,
      [{ ...config, name, pages: at }, modules, AT_ONCE]);
    return uncaught.length === 0 ? outcomes : [...outcomes,
      { name: `${name}: what nobody catches`, error: uncaught.join("\n") }];
  } catch (error) {
    return [{ name, error: [error.stack, ...page.problems].join("\n") }];
  }
}

const browser = await startBrowser();
const outcomes = await Promise.all(PAGES.map((one) => runPage(browser, one)));
await browser.close();
report(outcomes.flat());
