// The admin view below the prefix of a proxy, in a headless Chromium: logs in, mutes somebody, logs out.
//
//   node admin_below.js URL PASSWORD MEMBER
"use strict";

const assert = require("node:assert/strict");

const { run } = require("./browser.js");

const [url, password, member] = process.argv.slice(2);

run(async (browser) => {
  const context = await browser.newContext();
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  await page.goto(url);
  assert.equal(page.url(), `${url}/`);
  await page.fill("#password", password);
  await page.press("#password", "Enter");
  await page.waitForSelector('#state[data-state="good"]');
  for (const { name, path } of await context.cookies()) {
    assert.equal(path, new URL(url).pathname, name);
  }
  await page.getByRole("button", { name: "lobby", exact: true }).click();
  await page.getByRole("button", { name: `Mute ${member}`, exact: true }).click();
  await page.click("#dialog-do");
  await page.waitForFunction(() => document.querySelector("#done")?.textContent.includes("Mute: done."));
  await page.click("text=Log out");
  await page.waitForSelector("#password");
  assert.deepEqual((await context.cookies()).map(({ name }) => name), ["dondo-admin-known"]);
});
