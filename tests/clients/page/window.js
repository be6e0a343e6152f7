// What the scenarios of the page share: windows of a headless Chromium, and what people do and see in them.
"use strict";

const assert = require("node:assert/strict");
const { io } = require("socket.io-client");

const { pictureAt } = require("../browser.js");

const [url, , pictures] = process.argv.slice(2);
const lines = require("node:readline").createInterface({ input: process.stdin })[Symbol.asyncIterator]();

const WIDE = { width: 1200, height: 800 };
const NARROW = { width: 390, height: 844 };

/** Lets the test do something to the hub. */
async function ask(what) {
  console.log(what);
  assert.equal((await lines.next()).value, `${what} done`);
}

/** Has the test make something, which it answers in a line. */
async function fetched(what) {
  console.log(what);
  return (await lines.next()).value;
}

/** A window of its own: nothing is shared with the others but the browser. `prepare` sees it before it is loaded. */
async function window(browser, { viewport = WIDE, colorScheme = "light", prepare = () => {} } = {}) {
  const context = await browser.newContext({ viewport, colorScheme });
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  await prepare(page);
  return page;
}

/** The same, connected. A page whose script fails must not pass. */
async function open(browser, { address = url, ...options } = {}) {
  const page = await window(browser, options);
  page.on("pageerror", (error) => assert.fail(error));
  await page.goto(address);
  await connected(page);
  return page;
}

const connected = (page) => page.waitForSelector('#state[data-state="connected"]');
const transport = (page) => page.getAttribute("#state", "data-transport");

async function join(page, name, { channel = "lobby", room = "" } = {}) {
  await page.fill("#name", name);
  await page.fill("#channel", channel);
  await page.fill("#room", room);
  await page.click("#join-button");
  await joined(page);
}

/** Until the hub answered that the page is in: after a reload the chat is shown before. */
const joined = (page) => page.waitForSelector('#chat:not([hidden]) #leave[aria-disabled="false"]');

async function say(page, text, target) {
  if (target) {
    await page.selectOption("#target", target);
  }
  await page.fill("#text", text);
  await page.press("#text", "Enter");
}

const message = (text) => `#log li[data-kind="message"]:has(.said:text-is("${text}"))`;

/** All windows show it, once, with the speaker's name; only the speaker's as their own. */
async function heard(pages, speaker, name, text) {
  for (const page of pages) {
    const item = page.locator(message(text));
    await item.waitFor();
    assert.equal(await item.count(), 1, `${text} is shown once`);
    assert.equal(await item.locator(".who").textContent(), name);
    assert.equal(await item.evaluate((li) => li.classList.contains("mine")), page === speaker);
  }
}

/** Until a list of people (#members, #users) shows these, in any order. */
async function lists(page, list, names) {
  const shown = () => page.locator(`#${list} li`).allTextContents();
  const expected = JSON.stringify([...names].sort());
  const wait = page.waitForFunction(
    ([id, wanted]) => JSON.stringify([...document.querySelectorAll(`#${id} li`)].map((li) => li.textContent).sort()) === wanted,
    [list, expected],
  );
  await wait.catch(async (late) => assert.fail(`${late.message} #${list} shows ${await shown()} instead of ${expected}`));
  assert.equal(await page.textContent(`#${list}-count`), String(names.length));
}

const focused = (page) => page.evaluate(() => document.activeElement.id);

async function error(page, part) {
  await page.locator("#error:not([hidden])", { hasText: part }).waitFor();
}

/** A stock client beside the page, in the channel. */
async function stranger(channel = "lobby", userName = "Stranger", address = url) {
  const socket = io(address, { transports: ["websocket"], forceNew: true, timeout: 60_000 });
  await new Promise((resolve, reject) => socket.on("connect", resolve).on("connect_error", reject));
  const asks = (event, payload) => socket.timeout(60_000).emitWithAck(event, payload);
  const joined = await asks("join-channel", { data: { roomChannel: channel }, source: { userName } });
  assert.equal(joined.ok, true, JSON.stringify(joined));
  return { socket, asks, close: () => socket.disconnect() };
}

async function picture(page, name, options = {}) {
  if (pictures) {
    await page.screenshot({ path: pictureAt(pictures, name), ...options });
  }
}

module.exports = {
  url, WIDE, NARROW, ask, fetched, window, open, connected, transport, join, joined, say, message, heard, lists, focused, error, stranger, picture,
};
