// Opens the first page in a headless Chromium, or an empty one with the stock client, which polls first; says when it is connected, and stays until a line comes on its input.
//
//   node proxied_page.js URL page|stock
"use strict";

const assert = require("node:assert/strict");
const { existsSync } = require("node:fs");
const path = require("node:path");
const { once } = require("node:events");
const { chromium } = require("playwright-core");

const [url, client] = process.argv.slice(2);

function browserPath() {
  const names = ["chromium", "chromium-browser", "google-chrome"];
  const places = process.env.PATH.split(path.delimiter);
  const found = names.flatMap((name) => places.map((place) => path.join(place, name))).find((file) => existsSync(file));
  assert(found, "no Chromium in PATH: run ./tests/run once, which installs one");
  return found;
}

async function main() {
  const browser = await chromium.launch({
    executablePath: browserPath(),
    args: ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-component-update"],
  });
  try {
    const page = await browser.newPage();
    if (client === "stock") {
      await page.goto(`${url}/healthz`);
      await page.addScriptTag({ url: "/socket.io/socket.io.js" });
      await page.evaluate(() => new Promise((connected) => io().on("connect", connected)));
    } else {
      await page.goto(url);
      await page.waitForSelector('#state[data-state="connected"]', { timeout: 60_000 });
    }
    console.log("connected");
    // Its end, too: a test that failed leaves no browser behind.
    await Promise.race([once(process.stdin, "data"), once(process.stdin, "end")]);
  } finally {
    await browser.close();
  }
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
