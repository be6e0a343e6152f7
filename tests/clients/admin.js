// The admin view in a headless Chromium: as who moderates and as who looks, wide and narrow, light and dark. Where a client of the hub must
// see something, it asks on its output and waits for a line on its input.
//
//   node admin.js URL PASSWORD VIEWERS HOSTILE AMA KOFI ESI [NAME]
// NAME: screenshots go to target/pictures/NAME
"use strict";

const assert = require("node:assert/strict");

const axe = require("axe-core");

const { pictureAt, run } = require("./browser.js");

const [url, password, viewers, hostile, ama, kofi, esi, pictures] = process.argv.slice(2);
const lines = require("node:readline").createInterface({ input: process.stdin })[Symbol.asyncIterator]();

const WIDE = { width: 1200, height: 800 };
const NARROW = { width: 360, height: 740 };

const errors = [];

/** Lets the test look at a client of the hub. */
async function ask(what) {
  console.log(what);
  assert.equal((await lines.next()).value, `${what} done`);
}

async function open(browser, viewport, colorScheme) {
  const context = await browser.newContext({ viewport, colorScheme });
  context.setDefaultTimeout(60_000);
  const page = await context.newPage();
  page.on("pageerror", (error) => errors.push(`${error}`));
  page.on("console", (said) => said.type() === "error" && errors.push(said.text()));
  page.on("dialog", (dialog) => errors.push(`a script of a stranger ran: ${dialog.message()}`));
  page.on("request", (request) => request.url().startsWith(`${url}/`) || request.url() === "data:," || errors.push(`it asks ${request.url()}`));
  await page.goto(`${url}/admin`);
  return page;
}

async function logIn(page, typed) {
  await page.fill("#password", typed);
  await page.press("#password", "Enter");
}

const begun = (page) => page.waitForSelector('#state[data-state="good"]');

/** No finding of axe, and nothing to scroll aside for. */
async function inOrder(page, name) {
  await page.evaluate(axe.source);
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`), [], name);
  assert(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name} is wider than the window`);
  if (pictures) {
    await page.screenshot({ path: pictureAt(pictures, `admin ${name}`), fullPage: true });
  }
}

/** Looks until all is as it should be: a thread that has not answered within half a second is shown without its numbers for a moment. */
async function comes(look) {
  for (const deadline = Date.now() + 60_000; ; ) {
    try {
      return await look();
    } catch (error) {
      if (Date.now() > deadline) {
        throw error;
      }
    }
  }
}

const text = (page, selector) => page.textContent(selector);
const shows = (page, selector, wanted) =>
  page.waitForFunction(([place, words]) => document.querySelector(place)?.textContent.includes(words), [selector, wanted]);
const names = (page) => page.locator("#names li bdi").allTextContents();
const button = (page, name) => page.getByRole("button", { name, exact: true });

async function find(page, kind, begin) {
  await page.selectOption("#kind", kind);
  await page.fill("#begin", begin);
  await page.press("#begin", "Enter");
}

/** Presses a button that asks back, and says yes. */
async function does(page, name, told, { reason } = {}) {
  await button(page, name).click();
  await page.waitForSelector("#dialog[open]");
  if (reason) {
    await page.fill("#reason", reason);
  }
  await page.click("#dialog-do");
  await shows(page, "#done", told);
}

/** What anybody sees who is logged in. */
async function looks(page) {
  await begun(page);
  await shows(page, "#numbers", "/s");
  await comes(async () => {
    const numbers = await text(page, "#numbers");
    assert.match(numbers, /Sessions63/);
    const tree = await text(page, "#tree");
    for (const part of ["hub", "room thread 0", "namespace /", "HTTP workers", "courier 1"]) {
      assert(tree.includes(part), `${part}: ${tree}`);
    }
    assert.match(tree, /channel lobby – 2 members.*restarted 1 time, last .*: a log that was told to/);
    assert.match(await text(page, "#crashed"), /channel lobby of \/1.*a log that was told to/);
    // The largest channel is first; of strangers' names no letter is HTML.
    assert.equal((await names(page))[0], "lobby");
  });
  await find(page, "channels", hostile.slice(0, 5));
  await page.waitForFunction((name) => document.querySelector("#names")?.textContent === `${name}1 member`, hostile);
  await page.getByRole("button", { name: hostile }).click();
  await shows(page, "#members", esi);
  assert.equal(await text(page, "#inside-title"), `In the channel ${hostile}`);
  assert.equal(await page.locator("img").count(), 0);
  // A page, and what comes behind it.
  await find(page, "channels", "topic-");
  await page.waitForFunction(() => document.querySelectorAll("#names li").length === 50);
  await page.click("#more-names");
  await page.waitForFunction(() => document.querySelectorAll("#names li").length === 60);
  assert.deepEqual((await names(page)).at(-1), "topic-59");
  assert(await page.locator("#more-names").isHidden());
  await find(page, "channels", "topic-07");
  await page.waitForFunction(() => document.querySelectorAll("#names li").length === 1);
  await find(page, "rooms", "");
  await page.waitForFunction(() => document.querySelector("#names")?.textContent === "den1 member");
  await find(page, "rooms", "nothing");
  await page.waitForSelector("#no-names:visible");
}

run(async (browser) => {
  // Who looks.
  const viewer = await open(browser, NARROW, "dark");
  assert.equal(await viewer.title(), "Log in – dondo admin");
  await inOrder(viewer, "login, narrow, dark");
  await logIn(viewer, viewers);
  await looks(viewer);
  assert.equal(await text(viewer, "#role"), "You may look.");
  assert(await viewer.locator("#sentences").isHidden());
  await find(viewer, "channels", "lobby");
  await button(viewer, "lobby").click();
  await shows(viewer, "#members", ama);
  assert.equal(await viewer.locator("#members button").count(), 0, "nothing to press");
  await inOrder(viewer, "viewer, narrow, dark");
  await ask("go on");

  // Who moderates.
  const page = await open(browser, WIDE, "light");
  await inOrder(page, "login, wide, light");
  await logIn(page, password);
  await looks(page);
  assert.equal(await text(page, "#role"), "You may moderate.");
  await find(page, "channels", "lobby");
  await button(page, "lobby").click();
  await shows(page, "#members", ama);
  await inOrder(page, "moderator, wide, light");
  // Whoever thinks better of it does nothing.
  await button(page, `Ban ${ama}`).click();
  await inOrder(page, "dialog, wide, light");
  await page.keyboard.press("Escape");
  await page.waitForSelector("#dialog:not([open])", { state: "attached" });
  await does(page, `Mute ${ama}`, "Mute: done.", { reason: "noise" });
  await ask("ama hears that she is muted");
  await shows(page, "#sentence-list", "noise");
  await inOrder(page, "a mute, wide, light");
  await button(page, `Lift the mute of ${ama}`).click();
  await shows(page, "#done", "It is lifted.");
  await ask("ama speaks");
  await does(page, `Disconnect ${kofi}`, "one connection was closed");
  await ask("kofi is put out");
  await page.waitForFunction((id) => !document.querySelector("#members").textContent.includes(id), kofi);
  // It was on the page when it was gone: the hub says so, and nothing else happens.
  await find(page, "rooms", "den");
  await button(page, "den").click();
  await shows(page, "#members", ama);
  await page.fill("#of", "lobby");
  await button(page, "Lock").click();
  await shows(page, "#done", "locked");
  await ask("the den is locked");
  await does(page, `Kick ${ama}`, "Kick: done.");
  await page.waitForSelector("#no-members:visible");

  for (const [viewport, colorScheme] of [[WIDE, "dark"], [NARROW, "light"]]) {
    const other = await open(browser, viewport, colorScheme);
    await logIn(other, password);
    await begun(other);
    await find(other, "channels", "lobby");
    await button(other, "lobby").click();
    await shows(other, "#members", ama);
    await inOrder(other, `moderator, ${viewport.width}, ${colorScheme}`);
    await button(other, `Ban ${ama}`).click();
    await inOrder(other, `dialog, ${viewport.width}, ${colorScheme}`);
    await other.context().close();
    await ask("go on");
  }

  // Nobody is logged in any more on the pages of a session that is over.
  assert.deepEqual(errors, []);
  await page.click("text=Log out");
  await page.waitForSelector("#password");
  // What the page asked for meanwhile was refused, and the browser writes of the status to its console by itself.
  assert.deepEqual(errors.filter((error) => !error.includes("401")), []);

  // A wrong one is told, which it writes of, too.
  await logIn(page, "wrong");
  await shows(page, "#said", "That is not the password.");
  await inOrder(page, "a wrong password, wide, light");
});
