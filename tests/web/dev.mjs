import { openPage, startBrowser } from "./browser.mjs";
const url = "http://127.0.0.1:18980";
const browser = await startBrowser();
const shot = async (name, colorScheme, width, height, hash, act) => {
  const page = await openPage(browser, `${url}/#${hash}`, { colorScheme, viewport: { width, height } });
  await act(page); await page.waitForTimeout(300);
  await page.screenshot({ path: `/tmp/page-shots/${name}.png`, animations: "disabled" });
  console.log(name, page.problems); await page.context().close();
};
const send = (page) => page.click("#send");
await shot("ws", "dark", 1440, 900, "Discuss/websocket", async (p) => { await send(p); await p.waitForTimeout(700); await p.fill("#line", "Is it about obsession?"); await p.keyboard.press("Enter"); await p.waitForTimeout(300); await p.fill("#line", "One more"); });
await shot("error", "light", 1280, 800, "CreateBook/grpc-web", async (p) => { await p.click("text=a wrong type"); await send(p); await p.waitForTimeout(300); await p.click("#show-snippet"); });
await shot("stop", "light", 1280, 800, "ReadBook/connect", async (p) => { await send(p); await p.waitForTimeout(1500); await p.click("#stop"); await p.click("#head summary");});
await shot("deadline", "dark", 1280, 800, "ReadBook/websocket", async (p) => { await p.click("text=too late"); await send(p); await p.waitForTimeout(1500); });
await shot("fast", "light", 1280, 800, "ReadBook/rest", async (p) => { await p.click("text=as fast"); await send(p); await p.waitForTimeout(1500); });
await shot("phone", "dark", 390, 844, "GetBook/websocket", async (p) => { await send(p); await p.evaluate(() => document.querySelector("#response").scrollIntoView()); });
await shot("phone2", "light", 390, 844, "ReadBook/array", async (p) => { await send(p); });
await browser.close();
