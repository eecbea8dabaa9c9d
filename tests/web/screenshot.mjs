// SPDX-License-Identifier: Apache-2.0
// Takes the picture of the explorer that the README shows:
//
//   sluice demo &
//   node tests/web/screenshot.mjs http://127.0.0.1:8080 docs/explorer.png
//
// More arguments choose another one: light or dark, width, height, and what to
// call, as in the page's address (ReadBook/sse).
import { writeFileSync } from "node:fs";
import { deflateSync, inflateSync } from "node:zlib";

import { openPage, startBrowser } from "./browser.mjs";

const [url, file, colorScheme = "light", width = "1280", height = "800", hash = "ReadBook/sse"] =
  process.argv.slice(2);

/* ------------------------------------------------------ a PNG, made smaller */

// PNG, section 9: what a row's filter has taken off each byte.
const PREDICTED = [() => 0, (a) => a, (a, b) => b, (a, b) => (a + b) >> 1, (a, b, c) => {
  const [pa, pb, pc] = [a, b, c].map((one) => Math.abs(a + b - c - one));
  return pa <= pb && pa <= pc ? a : pb <= pc ? b : c;
}];

function unfilter(raw, stride, bytes) {
  let above = new Uint8Array(stride);
  for (let at = 0; at < raw.length; at += stride + 1) {
    const row = raw.subarray(at + 1, at + 1 + stride);
    const predict = PREDICTED[raw[at]];
    for (let i = 0; i < stride; i++) row[i] += predict(row[i - bytes] ?? 0, above[i], above[i - bytes] ?? 0);
    raw[at] = 0;
    above = row;
  }
  return raw;
}

function chunk(type, data) {
  const made = Buffer.alloc(12 + data.length);
  made.writeUInt32BE(data.length);
  made.write(type, 4, "latin1");
  data.copy(made, 8);
  made.writeUInt32BE(crc(made.subarray(4, -4)), made.length - 4);
  return made;
}

function crc(bytes) {
  let value = ~0;
  for (const byte of bytes) {
    value ^= byte;
    for (let i = 0; i < 8; i++) value = (value >>> 1) ^ (value & 1 ? 0xedb88320 : 0);
  }
  return ~value >>> 0;
}

// For each pixel the nearest of 256 colours: those that are there most, and one
// of each other kind, lest small things lose theirs.
function index(rows, stride, bytes) {
  const counts = new Map();
  const colours = [];
  for (let at = 0; at < rows.length; at += stride + 1)
    for (let i = at + 1; i <= at + stride; i += bytes) {
      const colour = rows[i] << 16 | rows[i + 1] << 8 | rows[i + 2];
      colours.push(colour);
      counts.set(colour, (counts.get(colour) ?? 0) + 1);
    }
  const known = [...counts].sort((a, b) => b[1] - a[1]).map(([colour]) => colour);
  const kinds = new Map(known.toReversed().map((colour) => [colour & 0xe0e0e0, colour]));
  const palette = [...new Set([...known.slice(0, 96), ...kinds.values(), ...known.slice(96)])].slice(0, 256);
  const far = (a, b) => [0, 8, 16].reduce((sum, shift) => sum + ((a >> shift & 255) - (b >> shift & 255)) ** 2, 0);
  const nearest = new Map(known.map((colour) => [colour, palette.reduce((best, one, i) =>
    (far(one, colour) < far(palette[best], colour) ? i : best), 0)]));
  return { palette, pixels: colours.map((colour) => nearest.get(colour)) };
}

// Of an image without alpha or with it, eight bits a channel, as browsers make.
function shrink(png) {
  const parts = {};
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at))
    (parts[png.toString("latin1", at + 4, at + 8)] ??= []).push(png.subarray(at + 8, at + 8 + png.readUInt32BE(at)));
  const header = Buffer.from(parts.IHDR[0]);
  const bytes = header[9] === 2 ? 3 : 4;
  const width = header.readUInt32BE(0);
  const rows = unfilter(inflateSync(Buffer.concat(parts.IDAT)), width * bytes, bytes);
  const { palette, pixels } = index(rows, width * bytes, bytes);
  const made = Buffer.alloc(pixels.length + pixels.length / width);
  pixels.forEach((pixel, i) => { made[i + Math.floor(i / width) + 1] = pixel; });
  header[9] = 3; // indices of a palette
  return Buffer.concat([png.subarray(0, 8), chunk("IHDR", header),
    chunk("PLTE", Buffer.from(palette.flatMap((colour) => [colour >> 16, colour >> 8 & 255, colour & 255]))),
    chunk("IDAT", deflateSync(made, { level: 9, memLevel: 9 })), chunk("IEND", Buffer.alloc(0))]);
}

/* ------------------------------------------------------------------ the page */

const browser = await startBrowser();
try {
  const page = await openPage(browser, `${url}/#${hash}`, {
    colorScheme, viewport: { width: Number(width), height: Number(height) } });
  await page.click("#send");
  // Half of a stream, or all that comes.
  await page.waitForFunction(() =>
    document.querySelector("#response").dataset.state !== "running" ||
    document.querySelectorAll("#messages li").length >= 24);
  writeFileSync(file, shrink(await page.screenshot({ animations: "disabled" })));
} finally {
  await browser.close();
}
