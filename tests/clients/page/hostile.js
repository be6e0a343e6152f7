// What others send to the page, meant well or not.
"use strict";

const assert = require("node:assert/strict");
const w = require("./window.js");

/** A window whose server can be made to say anything. */
async function injected(browser, options = {}) {
  let server;
  const prepare = (page) =>
    page.routeWebSocket(/./, (socket) => {
      server = socket;
      socket.connectToServer();
    });
  const page = await w.open(browser, { ...options, prepare });
  return { page, inject: (event, payload) => server.send(`42${JSON.stringify([event, payload])}`) };
}

/** Nothing sticks out at the side, of the window or of what is in it. */
async function fits(page) {
  const out = await page.evaluate(() => {
    const parts = [document.scrollingElement, ...["chat", "log", "online", "send"].map((id) => document.getElementById(id))];
    const wide = parts.filter(({ scrollWidth, clientWidth }) => scrollWidth > clientWidth);
    return wide.map(({ id, scrollWidth, clientWidth }) => `${id}: ${scrollWidth} in ${clientWidth}`);
  });
  assert.deepEqual(out, []);
}

const deep = (levels) => `${"[".repeat(levels)}${"]".repeat(levels)}`;

module.exports = {
  async hostile(browser) {
    const ama = await w.open(browser);
    await w.join(ama, "Ama", { room: "den" });
    const eve = await w.stranger("lobby", "Eve");
    const letters = [
      { data: { message: { a: [1, { b: null }] } }, source: { userName: "Eve" } },
      { data: { message: [1, "<img src=x onerror=alert(1)>"] }, time: { toString: "x" } },
      { data: { message: "time is an array" }, time: [[[]]] },
      { data: { message: "time is far" }, time: 9e15 },
      { data: { message: JSON.parse(deep(100)) } },
      { data: { message: "x".repeat(400_000) } },
      { data: { message: "y".repeat(40_000) } },
      { data: { message: null, roomId: { a: 1 } } },
      { data: { message: true }, source: null, clientId: { a: 1 }, id: { a: 1 } },
      { data: { message: new Uint8Array(64) } },
      "bare",
      7,
      [[[]]],
    ];
    for (const letter of letters) {
      await eve.asks("lobby", letter);
    }
    await eve.asks("lobby", { data: { message: "and now in peace" }, source: { userName: "Eve" } });
    await w.heard([ama], null, "Eve", "and now in peace");
    await ama.locator("#log li", { hasText: "the beginning of 400,000 characters" }).waitFor();
    await ama.locator("#log li button", { hasText: "Show all 40,000 characters" }).click();
    await ama.waitForFunction(() => [...document.querySelectorAll(".said")].some(({ textContent }) => textContent === "y".repeat(40_000)));
    assert.equal(await ama.locator("#log img").count(), 0);
    await w.say(ama, "unharmed", "channel");
    await w.heard([ama], ama, "Ama", "unharmed");
    // What the hub refuses, an older or another server may let through.
    const { page, inject } = await injected(browser);
    await w.join(page, "Ama");
    const odd = [null, 7, [], {}, { userName: "x" }, { userName: {} }, { userName: [1] }, { userName: "n".repeat(100_000) }];
    for (const source of odd) {
      for (const time of [null, {}, [], "x".repeat(10_000), -1e300]) {
        inject("lobby", { data: { message: "odd" }, source, time, clientId: source });
      }
      for (const event of ["join-channel", "leave-channel", "join-room", "leave-room", "notify-room", "hub-error"]) {
        inject(event, { data: source, source, clientId: source });
        inject(event, source);
      }
      inject("online-users", { data: { onlineUsers: source, channels: source } });
      inject("online-users", { data: { channels: { __proto__: null, lobby: source } } });
      inject("room-online-users", { data: { roomId: source, users: source } });
      inject("room-online-users", { data: { users: [source] } });
    }
    await w.say(page, "still here");
    await w.heard([page], page, "Ama", "still here");
    eve.close();
  },

  async bidi(browser) {
    const { page, inject } = await injected(browser);
    await w.join(page, "Ama");
    inject("lobby", {
      data: { message: "\u202eevil", roomChannel: "lobby" },
      clientId: "fake",
      source: { userName: "Ama\u202enimda" },
    });
    const who = page.locator(".who", { hasText: "nimda" });
    await who.waitFor();
    assert.equal(await who.textContent(), "Ama\ufffdnimda");
    assert.equal(await who.evaluate((element) => element.tagName), "BDI");
    // A right-to-left name does not reorder the title or the choices: it stands between isolates there.
    const choosing = await w.open(browser);
    await w.join(choosing, "Ama", { channel: "\u05e9\u05dc", room: "\u05d7" });
    assert.equal(await choosing.title(), "\u2068\u05d7\u2069 \u00b7 dondo");
    const choices = await choosing.locator("#target option").allTextContents();
    assert.deepEqual(choices, ["to channel \u2068\u05e9\u05dc\u2069", "to room \u2068\u05d7\u2069"]);
    await choosing.close();
    // The hub itself refuses such a name.
    const eve = await w.stranger();
    for (const userName of ["Ama\u202enimda", "a\u2066b", "a\u0000b", " a", "", "x".repeat(257), {}, [], true]) {
      const answer = await eve.asks("lobby", { data: { message: "x" }, source: { userName } });
      assert.deepEqual([answer.ok, answer.code], userName === "" ? [true, undefined] : [false, "invalid_name"], JSON.stringify(userName));
    }
    const kofi = await w.open(browser, { viewport: w.NARROW });
    await w.join(kofi, "دانا");
    await w.say(kofi, "مرحبا بالعالم, hello");
    await w.heard([page], kofi, "دانا", "مرحبا بالعالم, hello");
    const said = page.locator(w.message("مرحبا بالعالم, hello")).locator(".said");
    assert.equal(await said.evaluate((element) => getComputedStyle(element).direction), "rtl");
    await w.say(kofi, "שלום");
    await w.heard([page], kofi, "دانا", "שלום");
    await w.picture(page, "9-bidi-wide");
    await w.picture(kofi, "9-bidi-narrow");
    eve.close();
  },

  async names(browser) {
    const long = "W".repeat(256);
    const windows = [await w.open(browser), await w.open(browser, { viewport: w.NARROW, colorScheme: "dark" })];
    for (const page of windows) {
      await w.join(page, long, { channel: long, room: long });
      await w.say(page, "L".repeat(2_000), "channel");
      await page.locator("#log .said").first().waitFor();
    }
    for (const page of windows) {
      await page.waitForFunction(() => document.querySelectorAll("#members li").length === 2);
      await fits(page);
      assert(await page.isVisible("#send-button"));
      const { bottom, height } = await page.evaluate(() => ({
        bottom: document.getElementById("send").getBoundingClientRect().bottom,
        height: innerHeight,
      }));
      assert(bottom <= height, "the form to write in is in sight");
      const log = await page.evaluate(() => document.getElementById("log").clientHeight);
      assert(log > 150, `messages have room: ${log} px`);
    }
    await w.picture(windows[0], "10-long-wide");
    await w.picture(windows[1], "10-long-narrow");
    await windows[1].click("#people-button");
    await windows[1].locator("#members li").first().waitFor();
    await fits(windows[1]);
    await w.picture(windows[1], "10-long-people-narrow");
  },
};
