// SPDX-License-Identifier: Apache-2.0
// Takes the picture of the explorer that the README shows:
//
//   sluice demo &
//   node tests/web/screenshot.mjs http://127.0.0.1:8080 docs/explorer.png
//
// More arguments choose another one: light or dark, width, height, and what to
// call, as in the page's address (ReadBook/sse).
import { openPage, startBrowser } from "./browser.mjs";

const [url, file, colorScheme = "light", width = "1280", height = "800", hash = "ReadBook/sse"] =
  process.argv.slice(2);
const browser = await startBrowser();
try {
  const page = await openPage(browser, `${url}/#${hash}`, {
    colorScheme, viewport: { width: Number(width), height: Number(height) } });
  await page.click("#send");
  // Half of a stream, or all that comes.
  await page.waitForFunction(() =>
    document.querySelector("#response").dataset.state !== "running" ||
    document.querySelectorAll("#messages li").length >= 24);
  await page.screenshot({ path: file, animations: "disabled" });
} finally {
  await browser.close();
}
