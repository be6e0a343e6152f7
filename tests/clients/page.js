// The first page in a headless Chromium, driven by playwright-core: scenarios for tests/it/page.rs.
// Where the hub itself must do something, it asks on its output and waits for a line on its input.
//
//   node page.js URL SCENARIO [DIR]      DIR: where screenshots go; none are made without it
"use strict";

const assert = require("node:assert/strict");
const { existsSync } = require("node:fs");
const path = require("node:path");
const { chromium } = require("playwright-core");

const [url, scenario, pictures] = process.argv.slice(2);
const lines = require("node:readline").createInterface({ input: process.stdin })[Symbol.asyncIterator]();

const WIDE = { width: 1200, height: 800 };
const NARROW = { width: 390, height: 844 };

function browserPath() {
  const names = ["chromium", "chromium-browser", "google-chrome"];
  const places = process.env.PATH.split(path.delimiter);
  const found = names.flatMap((name) => places.map((place) => path.join(place, name))).find((file) => existsSync(file));
  assert(found, "no Chromium in PATH: run ./tests/run once, which installs one");
  return found;
}

async function ask(what) {
  console.log(what);
  assert.equal((await lines.next()).value, `${what} done`);
}

/** A window of its own: nothing is shared with the others but the browser. */
async function open(browser, viewport, colorScheme = "light") {
  const context = await browser.newContext({ viewport, colorScheme });
  context.setDefaultTimeout(20_000);
  const page = await context.newPage();
  // A page whose script fails must not pass.
  page.on("pageerror", (error) => assert.fail(error));
  await page.goto(url);
  await page.waitForSelector('#state[data-state="connected"]');
  return page;
}

async function join(page, name, room = "den") {
  await page.fill("#name", name);
  await page.fill("#channel", "lobby");
  await page.fill("#room", room);
  await page.click("#join-button");
  await page.waitForSelector("#chat:not([hidden])");
}

async function say(page, target, text) {
  await page.selectOption("#target", target);
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

async function users(page, names) {
  await page.waitForFunction(
    (expected) => [...document.querySelectorAll("#users li")].map((li) => li.textContent).join() === expected,
    names.join(),
  );
  assert.equal(await page.textContent("#users-count"), String(names.length));
}

async function picture(page, name) {
  if (pictures) {
    await page.screenshot({ path: path.join(pictures, `${name}.png`) });
  }
}

const scenarios = {
  async chat(browser) {
    const ama = await open(browser, WIDE);
    await picture(ama, "1-join-wide");
    const kofi = await open(browser, NARROW, "dark");
    await picture(kofi, "1-join-narrow");
    await join(ama, "Ama");
    await join(kofi, "Kofi");
    for (const [page, own] of [[ama, "Ama"], [kofi, "Kofi"]]) {
      await users(page, ["Ama", "Kofi"].map((name) => (name === own ? `${name} (you)` : name)));
      await page.waitForSelector('#channels li[data-channel="lobby"]');
      assert.equal(await page.textContent("#channels-count"), "2");
    }
    const both = [ama, kofi];
    await say(ama, "channel", "Akwaaba!");
    await heard(both, ama, "Ama", "Akwaaba!");
    await say(kofi, "room", "Medaase <b>&amp;</b>");
    await heard(both, kofi, "Kofi", "Medaase <b>&amp;</b>");
    assert.equal(await ama.locator(".said b").count(), 0, "what others sent is text");
    for (let number = 1; number <= 12; number += 1) {
      await say(number % 2 ? ama : kofi, "channel", `line ${number}: a sentence that is long enough to need a second row on a phone`);
    }
    await heard(both, kofi, "Kofi", "line 12: a sentence that is long enough to need a second row on a phone");
    await picture(ama, "2-chat-wide");
    await picture(kofi, "2-chat-narrow");
    await kofi.click("#leave");
    await kofi.waitForSelector("#join:not([hidden])");
    await ama.locator('#log li.event:text("Kofi left channel lobby.")').waitFor();
    await users(ama, ["Ama (you)"]);
    await say(ama, "channel", "still there?");
    await heard([ama], ama, "Ama", "still there?");
    assert.equal(await kofi.locator(message("still there?")).count(), 0);
    await picture(ama, "3-left-wide");
    await picture(kofi, "3-left-narrow");
  },

  async restart(browser) {
    const ama = await open(browser, WIDE);
    const kofi = await open(browser, NARROW);
    await join(ama, "Ama");
    await join(kofi, "Kofi");
    await ask("stop");
    for (const page of [ama, kofi]) {
      await page.waitForSelector('#state:not([data-state="connected"])');
    }
    await say(ama, "channel", "into the void");
    await ama.waitForSelector("#error:not([hidden])");
    assert.equal(await ama.inputValue("#text"), "into the void", "what was not sent can be sent again");
    await picture(ama, "4-away-wide");
    await picture(kofi, "4-away-narrow");
    await ask("start");
    for (const page of [ama, kofi]) {
      await page.locator('#log li.event:text("You are back.")').waitFor();
      await page.waitForFunction(() => document.querySelectorAll("#users li").length === 2);
    }
    const both = [ama, kofi];
    await say(ama, "channel", "again");
    await heard(both, ama, "Ama", "again");
    await say(kofi, "room", "in the room, too");
    await heard(both, kofi, "Kofi", "in the room, too");
    await picture(ama, "5-back-wide");
  },
};

async function main() {
  const browser = await chromium.launch({
    executablePath: browserPath(),
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  try {
    await scenarios[scenario](browser);
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
