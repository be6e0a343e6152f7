// The form for a token, of a hub that lets no guests in.
"use strict";

const assert = require("node:assert/strict");
const { readFileSync } = require("node:fs");
const { copied, runsCopied } = require("./copied.js");
const w = require("./window.js");

const ORIGIN = new URL(w.url).origin;
const PAGES = { chat: `${ORIGIN}/`, proof: `${ORIGIN}/proof`, protocols: `${ORIGIN}/protocols` };
/** What Chromium itself writes where an event stream or a WebSocket of SignalR's is refused. */
const REFUSED = /status of 401|WebSocket connection to .* failed/;

/** A page that is asked for a token; `page.addresses` are all that it asks for, `page.complaints` what its console says. */
async function asked(browser, { address = PAGES.chat, ...options } = {}) {
  const page = await w.window(browser, options);
  page.complaints = [];
  page.addresses = [];
  page.on("pageerror", (error) => page.complaints.push(String(error)));
  page.on("console", (said) => said.type() === "error" && !REFUSED.test(said.text()) && page.complaints.push(said.text()));
  page.on("request", (request) => page.addresses.push(request.url()));
  page.on("websocket", (socket) => page.addresses.push(socket.url()));
  await page.goto(address);
  await refused(page, "Nobody comes in without a token", "unauthorized");
  return page;
}

/** The hub's own sentence, and its code. */
async function refused(page, sentence, code) {
  const found = page.locator("#refusal", { hasText: new RegExp(`^${sentence}.* \\(${code}\\)$`, "i") });
  await found.waitFor();
}

async function give(page, token) {
  await page.fill("#token", token);
  await page.press("#token", "Enter");
}

const accepted = (page) => page.waitForSelector("#credentials", { state: "hidden" });

/** Nobody who looks at the page, its stores or its addresses finds any of the tokens. */
async function keepsToItself(page, tokens) {
  const held = await page.evaluate(() => [
    location.href,
    JSON.stringify(history.state),
    JSON.stringify({ ...sessionStorage }),
    JSON.stringify({ ...localStorage }),
    document.cookie,
    document.documentElement.outerHTML,
    ...[...document.querySelectorAll("input, textarea")].map(({ value }) => value),
  ]);
  for (const token of tokens) {
    assert(!held.some((text) => text.includes(token)), "the page shows or stores a token");
    assert(!page.addresses.some((address) => decodeURIComponent(address).includes(token)), "an address has a token");
  }
  for (const address of page.addresses) {
    assert.equal(new URL(address).host, new URL(w.url).host, "the page asks somebody else");
  }
}

async function axe(page, state) {
  await page.evaluate(readFileSync(require.resolve("axe-core/axe.min.js"), "utf8"));
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  assert.deepEqual(found, [], state);
}

module.exports = {
  async credentials(browser) {
    const page = await asked(browser);
    assert.equal(await w.focused(page), "token");
    const tried = ["no token", await w.fetched("expired"), await w.fetched("foreign"), await w.fetched("good one")];
    const told = [["the token is no good", "token_invalid"], ["the token has expired", "token_expired"],
      ["the token is not for this hub", "token_foreign"]];
    for (const [index, [sentence, code]] of told.entries()) {
      await give(page, tried[index]);
      await refused(page, sentence, code);
      assert.equal(await page.inputValue("#token"), "");
    }
    // As it is copied from a terminal that breaks lines.
    await give(page, ` ${tried[3].slice(0, 40)} ${tried[3].slice(40)} `);
    await w.connected(page);
    await accepted(page);
    assert.equal(await w.focused(page), "name");
    await w.join(page, "Eve", { channel: "lobby", room: "den" });
    await w.say(page, "I am in", "room");
    await page.locator(w.message("I am in")).waitFor();
    await keepsToItself(page, tried.slice(1));
    // What a link says is no token of this window's.
    const other = await asked(browser, { address: `${PAGES.chat}?channel=lobby&token=${tried[3]}&access_token=${tried[3]}` });
    await other.close();
    // It is told of the name in the token.
    const second = await asked(browser);
    await give(second, tried[3]);
    await accepted(second);
    await w.join(second, "Kofi", { channel: "lobby", room: "den" });
    await w.say(second, "so am I", "room");
    await w.heard([page], null, "Ada L.", "so am I");
    // The hub's word that a name is an account's stands beside it: in what was said, and in the lists.
    assert.equal(await page.locator("#log .said", { hasText: "so am I" }).locator("..").locator(".verified").count(), 1);
    await page.waitForFunction(() => document.querySelectorAll("#members .verified").length === 2 && document.querySelectorAll("#users .verified").length === 2);
    // A reload asks again, and finds its place again with a token.
    await page.reload();
    await refused(page, "Nobody comes in without a token", "unauthorized");
    await keepsToItself(page, tried.slice(1));
    await give(page, tried[3]);
    await accepted(page);
    await w.joined(page);
    assert.deepEqual([...page.complaints, ...second.complaints], []);
  },

  async credentialsEnd(browser) {
    const page = await asked(browser);
    await give(page, await w.fetched("good first"));
    await accepted(page);
    await w.join(page, "Ama");
    const other = await asked(browser);
    await give(other, await w.fetched("good second"));
    await accepted(other);
    await w.join(other, "Kofi");
    await page.focus("#text");
    await w.ask("revoke first");
    await refused(page, "the token was revoked", "token_revoked");
    assert.equal(await w.focused(page), "text");
    await w.say(other, "said meanwhile");
    await other.locator(w.message("said meanwhile")).waitFor();
    const third = await w.fetched("good third");
    await give(page, third);
    await accepted(page);
    await w.joined(page);
    await page.locator(w.message("said meanwhile")).waitFor();
    assert.equal(await page.locator(w.message("said meanwhile")).count(), 1);
    assert.equal(await w.focused(page), "text");
    await w.say(page, "back");
    await other.locator(w.message("back")).waitFor();
    // One that ends by itself, however long this machine takes to connect with it.
    const late = await asked(browser);
    for (let seconds = 4; await late.isVisible("#credentials"); seconds *= 2) {
      await give(late, await w.fetched(`short ${seconds}`));
      await late.waitForFunction(() => document.getElementById("credentials").hidden || document.getElementById("refusal").textContent);
    }
    await refused(late, "the token has expired", "token_expired");
    await keepsToItself(page, [third]);
    assert.deepEqual([...page.complaints, ...other.complaints, ...late.complaints], []);
  },

  async credentialsProof(browser) {
    const page = await asked(browser, { address: PAGES.proof });
    assert.equal(await w.focused(page), "token");
    const token = await w.fetched("good proof");
    await give(page, "no token");
    await refused(page, "the token is no good", "token_invalid");
    await give(page, token);
    await accepted(page);
    assert.equal(await w.focused(page), "run");
    await page.waitForFunction(() =>
      [...document.querySelectorAll('[data-count="received"]')].filter(({ textContent }) => Number(textContent) > 2).length === 2);
    assert.equal(await page.textContent("#verdict"), "lost 0, repeated 0");
    await page.locator("#picture").evaluate((picture) => picture.decode());
    await keepsToItself(page, [token]);
    // What is to be copied has a place for one, and no token.
    assert.match(await copied(page, "C#"), /Auth = new .*"TOKEN"/);
    const variables = { TOKEN: token };
    const curl = await runsCopied(page, "curl", variables);
    await curl.says("event: ack");
    for (const language of ["JavaScript", "Python"]) {
      const client = await runsCopied(page, language, variables);
      await client.says(`Ada L. hello from ${language}`);
      await curl.says(`hello from ${language}`);
      client.stop();
    }
    curl.stop();
    // Both are put out, and both come in with the next one.
    await w.ask("revoke proof");
    await refused(page, "the token was revoked", "token_revoked");
    await page.waitForFunction(() => document.querySelectorAll(".side.away").length === 2);
    await give(page, await w.fetched("good again"));
    await accepted(page);
    await page.waitForFunction(() =>
      [...document.querySelectorAll(".side .state")].filter(({ textContent }) => textContent === "In the room").length === 2);
    assert.deepEqual(page.complaints, []);
  },

  async credentialsProtocols(browser) {
    const page = await asked(browser, { address: PAGES.protocols });
    const inAll = () =>
      page.waitForFunction(() =>
        [...document.querySelectorAll(".state")].filter(({ textContent }) => textContent.startsWith("In the channel")).length === 4);
    for (const token of ["good protocols", "good others"]) {
      await give(page, await w.fetched(token));
      await accepted(page);
      await inAll();
      const said = await page.locator(".log p").count();
      for (const form of await page.$$(".client form")) {
        await (await form.$("input")).fill("hello");
        await (await form.$("button")).click();
      }
      await page.waitForFunction((lines) => document.querySelectorAll(".log p").length === lines, said + 12);
      // Each is put out by its token's end, and comes back with the next one.
      await w.ask(`revoke ${token.split(" ")[1]}`);
      await refused(page, "the token was revoked", "token_revoked");
      await page.waitForFunction(() => document.querySelectorAll(".state").length === 4
        && ![...document.querySelectorAll(".state")].some(({ textContent }) => textContent.startsWith("In the channel")));
    }
    assert.deepEqual(page.complaints, []);
  },

  async credentialsLooks(browser) {
    for (const [kind, address] of Object.entries(PAGES)) {
      for (const [viewport, colorScheme] of [[w.WIDE, "light"], [w.WIDE, "dark"], [w.NARROW, "light"], [w.NARROW, "dark"]]) {
        const name = `${kind}-${viewport.width}-${colorScheme}`;
        const page = await asked(browser, { address, viewport, colorScheme });
        await axe(page, name);
        assert(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name}: it is wider than the window`);
        await w.picture(page, `credentials-${name}`);
        await page.keyboard.type("no token");
        await page.keyboard.press("Tab");
        await page.keyboard.press("Space");
        await refused(page, "the token is no good", "token_invalid");
        await page.keyboard.press("Shift+Tab");
        assert.equal(await w.focused(page), "token");
        await page.keyboard.type(await w.fetched("good looks"));
        await page.keyboard.press("Enter");
        await accepted(page);
        await axe(page, `${name}, let in`);
        assert.deepEqual(page.complaints, [], name);
        await page.context().close();
      }
    }
  },

  async credentialsNone(browser) {
    const page = await w.open(browser);
    assert.equal(await page.isVisible("#credentials"), false);
    await w.join(page, "Ama \u2713");
    assert.equal(await page.isVisible("#credentials"), false);
    assert.equal(await page.locator(".verified").count(), 0);
  },
};
