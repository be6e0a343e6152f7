// Opens the first page in a headless Chromium, or an empty one with the stock client, which polls first; says when it is
// connected, the first page when it shows that it is over WebSocket; and stays until a line comes on its input.
//
//   node proxied_page.js URL page|stock
"use strict";

const { once } = require("node:events");

const { run } = require("./browser.js");

const [url, client] = process.argv.slice(2);

run(async (browser) => {
  const page = await browser.newPage();
  if (client === "stock") {
    await page.goto(`${url}/healthz`);
    await page.addScriptTag({ url: "/socket.io/socket.io.js" });
    await page.evaluate(() => new Promise((connected) => io().on("connect", connected)));
  } else {
    await page.goto(url);
    await page.waitForSelector('#state:text-is("Connected over WebSocket")', { timeout: 60_000 });
  }
  console.log("connected");
  // Its end, too: a test that failed leaves no browser behind.
  await Promise.race([once(process.stdin, "data"), once(process.stdin, "end")]);
});
