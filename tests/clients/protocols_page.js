// The hub's page of all protocols in a headless Chromium: says something as each client, and prints what each was told.
//
//   node protocols_page.js URL
"use strict";

const assert = require("node:assert/strict");

const axe = require("axe-core");

const { run } = require("./browser.js");

run(async (browser) => {
  const errors = [];
  for (const [width, height] of [[1280, 800], [360, 640]]) {
    const page = await browser.newPage({ viewport: { width, height } });
    page.on("pageerror", (error) => errors.push(`${error}`));
    page.on("console", (said) => said.type() === "error" && errors.push(said.text()));
    await page.goto(`${process.argv[2]}/protocols?channel=${width}`);
    const joined = () => [...document.querySelectorAll(".state")].filter((state) => state.textContent.startsWith("In the channel")).length === 4;
    await page.waitForFunction(joined, null, { timeout: 60_000 });
    const speaking = await page.$$(".client form");
    for (const [index, form] of speaking.entries()) {
      await (await form.$("input")).fill(`number ${index}`);
      await (await form.$("button")).click();
      await page.waitForFunction((lines) => document.querySelectorAll(".log p").length === lines, 4 * (index + 1), { timeout: 60_000 });
    }
    const logs = await page.$$eval(".client", (all) => all.map((one) => [one.dataset.kind, [...one.querySelectorAll(".log p")].map((line) => line.textContent)]));
    console.log(JSON.stringify(Object.fromEntries(logs)));
    assert(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), "it is wider than the window");
    // The page's own policy takes no script of another.
    await page.evaluate(axe.source);
    const found = await page.evaluate(() => window.axe.run());
    assert.deepEqual(found.violations.map(({ id, nodes }) => [id, nodes.map(({ html }) => html)]), []);
    await page.close();
  }
  assert.deepEqual(errors, []);

  // Who is not let into a channel says so, and hears nothing of it.
  for (const refused of ["online-users", " x", "x".repeat(300)]) {
    const page = await browser.newPage();
    page.on("pageerror", (error) => errors.push(`${error}`));
    await page.goto(`${process.argv[2]}/protocols?channel=${encodeURIComponent(refused)}`);
    const told = () => [...document.querySelectorAll(".state")].filter((state) => /^(Not in the channel: .+|Refused, coming back…)$/.test(state.textContent)).length === 4;
    await page.waitForFunction(told, null, { timeout: 60_000 });
    await page.close();
  }
  // A name that event streams have for themselves.
  const page = await browser.newPage();
  page.on("pageerror", (error) => errors.push(`${error}`));
  await page.goto(`${process.argv[2]}/protocols?channel=ack`);
  const joined = () => [...document.querySelectorAll(".state")].filter((state) => state.textContent.startsWith("In the channel")).length === 4;
  await page.waitForFunction(joined, null, { timeout: 60_000 });
  await (await page.$(".client form input")).fill("hello");
  await (await page.$(".client form button")).click();
  await page.waitForFunction(() => document.querySelectorAll(".log p").length === 4, null, { timeout: 60_000 });
  assert.deepEqual(errors, []);
});
