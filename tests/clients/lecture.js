// The page of examples/lecture.rs in a headless Chromium: two windows chat in one room, a third one is in another.
//
//   node lecture.js URL
"use strict";

const assert = require("node:assert/strict");
const { run } = require("./browser.js");

const url = process.argv[2];

async function open(browser, asked) {
  const context = await browser.newContext({ ignoreHTTPSErrors: true });
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  page.on("pageerror", (error) => assert.fail(error));
  page.on("request", (request) => asked.add(new URL(request.url()).origin));
  const connected = page.waitForEvent("websocket").then((socket) => socket.waitForEvent("framereceived", opened));
  await page.goto(url);
  await connected;
  return page;
}

const opened = ({ payload }) => payload.startsWith("40/lecture,");
const line = (page, text) => page.locator("#transcript li", { hasText: text }).first().waitFor();

async function join(page, user, room) {
  await page.fill("[name=user]", user);
  await page.fill("[name=room]", room);
  await page.click("#join button");
  await line(page, `${user} has joined room ${room}`);
}

async function say(page, text) {
  await page.fill("[name=text]", text);
  await page.press("[name=text]", "Enter");
}

run(async (browser) => {
  const asked = new Set();
  const [ama, kofi, yaa] = [await open(browser, asked), await open(browser, asked), await open(browser, asked)];
  await line(ama, "somebody has connected");
  await join(ama, "ama", "3946");
  await join(kofi, "kofi", "3946");
  await line(ama, "kofi has joined room 3946");
  await join(yaa, "yaa", "5");
  await say(kofi, "hello <b>you</b>!");
  await say(kofi, "indeed");
  for (const page of [ama, kofi]) {
    await line(page, "kofi: hello <b>you</b>!");
    await line(page, "kofi: indeed");
    assert.equal(await page.locator("#transcript b").count(), 0, "what others sent is text");
  }
  await say(yaa, "alone");
  await line(yaa, "yaa: alone");
  assert.equal(await yaa.locator("li", { hasText: "kofi:" }).count(), 0);
  assert.deepEqual([...asked], [new URL(url).origin]);
});
