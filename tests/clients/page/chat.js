// Two people chat, and one of them comes back.
"use strict";

const assert = require("node:assert/strict");
const w = require("./window.js");

/** Tab until the element with this id has the focus, as far as there are elements. */
async function tabTo(page, id) {
  for (let step = 0; step < 20 && (await w.focused(page)) !== id; step += 1) {
    await page.keyboard.press("Tab");
  }
  assert.equal(await w.focused(page), id);
}

module.exports = {
  async chat(browser) {
    const ama = await w.open(browser);
    await w.picture(ama, "1-join-wide");
    const kofi = await w.open(browser, { viewport: w.NARROW, colorScheme: "dark" });
    await w.picture(kofi, "1-join-narrow");
    await w.join(ama, "Ama", { room: "den" });
    await w.join(kofi, "Kofi", { room: "den" });
    for (const [page, own] of [[ama, "Ama"], [kofi, "Kofi"]]) {
      for (const list of ["members", "users"]) {
        await w.lists(page, list, ["Ama", "Kofi"].map((name) => (name === own ? `${name} (you)` : name)));
      }
      await page.waitForSelector('#channels li[data-channel="lobby"]', { state: "attached" });
      assert.equal(await page.textContent("#channels-count"), "2");
    }
    const both = [ama, kofi];
    await w.say(ama, "Akwaaba!", "channel");
    await w.heard(both, ama, "Ama", "Akwaaba!");
    await w.say(kofi, "Medaase <b>&amp;</b>", "room");
    await w.heard(both, kofi, "Kofi", "Medaase <b>&amp;</b>");
    assert.equal(await ama.locator(".said b").count(), 0, "what others sent is text");
    for (let number = 1; number <= 12; number += 1) {
      const text = `line ${number}: a sentence that is long enough to need a second row on a phone`;
      await w.say(number % 2 ? ama : kofi, text, "channel");
    }
    await w.heard(both, kofi, "Kofi", "line 12: a sentence that is long enough to need a second row on a phone");
    await w.picture(ama, "2-chat-wide");
    await w.picture(kofi, "2-chat-narrow");
    await kofi.click("#people-button");
    await kofi.locator("#members li").first().waitFor();
    await w.picture(kofi, "2-people-narrow");
    await kofi.click("#leave");
    await kofi.waitForSelector("#join:not([hidden])");
    await ama.locator("#log li.event", { hasText: /^Kofi left channel lobby$/ }).waitFor();
    await w.lists(ama, "members", ["Ama (you)"]);
    await w.lists(ama, "users", ["Ama (you)"]);
    await w.say(ama, "still there?", "channel");
    await w.heard([ama], ama, "Ama", "still there?");
    assert.equal(await kofi.locator(w.message("still there?")).count(), 0);
    await w.picture(ama, "3-left-wide");
    await w.picture(kofi, "3-left-narrow");
  },

  /** Faster than the hub answers: a line sent while another is on its way is neither dropped nor left in the box. */
  async fast(browser) {
    const ama = await w.open(browser);
    await w.join(ama, "Ama");
    const left = await ama.evaluate(() => {
      const box = document.querySelector("#text");
      for (const text of ["one", "two", "three"]) {
        box.value = text;
        box.dispatchEvent(new KeyboardEvent("keydown", { key: "Enter", cancelable: true }));
      }
      return box.value;
    });
    assert.equal(left, "");
    await w.heard([ama], ama, "Ama", "three");
    assert.deepEqual(await ama.locator("#log .said").allTextContents(), ["one", "two", "three"]);
  },

  async restart(browser) {
    const ama = await w.open(browser);
    const kofi = await w.open(browser, { viewport: w.NARROW });
    await w.join(ama, "Ama", { room: "den" });
    await w.join(kofi, "Kofi", { room: "den" });
    await w.ask("stop");
    for (const page of [ama, kofi]) {
      await page.waitForSelector('#state:not([data-state="connected"])');
    }
    await w.say(ama, "into the void", "channel");
    await w.error(ama, "Not connected: nothing was sent.");
    assert.equal(await ama.inputValue("#text"), "into the void", "what was not sent can be sent again");
    await w.picture(ama, "4-away-wide");
    await w.picture(kofi, "4-away-narrow");
    await w.ask("start");
    for (const page of [ama, kofi]) {
      await page.locator('#log li.event:text("You are back.")').waitFor();
    }
    for (const list of ["members", "users"]) {
      await w.lists(ama, list, ["Ama (you)", "Kofi"]);
    }
    const both = [ama, kofi];
    await w.say(ama, "again", "channel");
    await w.heard(both, ama, "Ama", "again");
    await w.say(kofi, "in the room, too", "room");
    await w.heard(both, kofi, "Kofi", "in the room, too");
    await w.picture(ama, "5-back-wide");
  },

  async reload(browser) {
    const ama = await w.open(browser);
    const kofi = await w.open(browser);
    await w.join(ama, "Ama", { channel: "café & co", room: "den" });
    await w.join(kofi, "Kofi", { channel: "café & co" });
    await ama.reload();
    await w.joined(ama);
    await w.lists(ama, "members", ["Ama (you)", "Kofi"]);
    await w.lists(ama, "users", ["Ama (you)"]);
    await w.say(kofi, "welcome back");
    await w.heard([ama], kofi, "Kofi", "welcome back");
    // Who was in a room speaks there, until another choice is made, and that is kept, too.
    await w.say(ama, "for the den");
    await w.heard([ama], ama, "Ama", "for the den");
    await w.say(ama, "for all", "channel");
    await w.heard([ama, kofi], ama, "Ama", "for all");
    assert.equal(await kofi.locator(w.message("for the den")).count(), 0);
    await ama.reload();
    await w.joined(ama);
    await w.say(ama, "for all again");
    await w.heard([ama, kofi], ama, "Ama", "for all again");
    // The address alone is an invitation: the place is filled in, the name is the guest's own.
    const esi = await w.open(browser, { address: ama.url() });
    assert.equal(await esi.inputValue("#channel"), "café & co");
    assert.equal(await esi.inputValue("#room"), "den");
    assert.equal(await esi.inputValue("#name"), "");
    await ama.click("#leave");
    await ama.waitForSelector("#join:not([hidden])");
    await ama.reload();
    await w.connected(ama);
    assert.equal(await ama.isVisible("#join"), true, "who left is not put back");
    assert.equal(await ama.inputValue("#name"), "Ama");
  },

  /** What was said stays in the log, however many come and go. */
  async comings(browser) {
    const ama = await w.open(browser);
    await w.join(ama, "Ama");
    await w.say(ama, "keep this");
    const guest = await w.stranger();
    for (let number = 0; number < 260; number += 1) {
      for (const event of ["leave-channel", "join-channel"]) {
        const answer = await guest.asks(event, { data: { roomChannel: "lobby" }, source: { userName: `Guest ${number}` } });
        assert.equal(answer.ok, true);
      }
    }
    await ama.locator("#log li.event", { hasText: "Guest 259 joined" }).waitFor();
    assert.equal(await ama.locator(w.message("keep this")).count(), 1);
    assert.equal(await ama.locator("#log li.event").count(), 100);
    guest.close();
  },

  async unread(browser) {
    const ama = await w.open(browser);
    const kofi = await w.open(browser);
    await w.join(ama, "Ama");
    await w.join(kofi, "Kofi");
    const hide = (hidden) =>
      ama.evaluate((value) => {
        Object.defineProperty(document, "hidden", { value, configurable: true });
        document.dispatchEvent(new Event("visibilitychange", { bubbles: true }));
      }, hidden);
    await hide(true);
    for (const text of ["one", "two"]) {
      await w.say(kofi, text);
      await w.heard([kofi], kofi, "Kofi", text);
    }
    await ama.waitForFunction(() => document.title.startsWith("(2) "));
    await hide(false);
    await ama.waitForFunction(() => !document.title.startsWith("("));
    await w.say(kofi, "three");
    await w.heard([ama], kofi, "Kofi", "three");
    assert.doesNotMatch(await ama.title(), /^\(/, "what is seen is not counted");
    // Beside another window, or under it, the page is shown but not looked at.
    await ama.evaluate(() => (document.hasFocus = () => false));
    await w.say(kofi, "four");
    await ama.waitForFunction(() => document.title.startsWith("(1) "));
    await ama.evaluate(() => {
      delete document.hasFocus;
      window.dispatchEvent(new Event("focus"));
    });
    await ama.waitForFunction(() => !document.title.startsWith("("));
  },

  async keyboard(browser) {
    const ama = await w.open(browser);
    await tabTo(ama, "name");
    await ama.keyboard.type("Ama");
    await tabTo(ama, "channel");
    await ama.keyboard.press("Enter");
    await w.joined(ama);
    await ama.waitForFunction(() => document.activeElement.id === "text");
    await ama.keyboard.type("two");
    await ama.keyboard.press("Shift+Enter");
    await ama.keyboard.type("lines");
    await ama.keyboard.press("Enter");
    await ama.waitForFunction(() => document.querySelector("#log .said")?.textContent === "two\nlines");
    assert.equal(await w.focused(ama), "text");
    await ama.keyboard.press("Shift+Tab");
    await ama.keyboard.press("Shift+Tab");
    assert.equal(await w.focused(ama), "leave");
    await ama.keyboard.press("Enter");
    await ama.waitForSelector("#join:not([hidden])");
    await ama.waitForFunction(() => document.activeElement.id === "channel");
  },

  /** A phone's keyboard takes half of the window, and the head of the page grows when the connection is lost. */
  async smaller(browser) {
    const ama = await w.open(browser, { viewport: w.NARROW });
    await w.join(ama, "Ama");
    for (let number = 1; number <= 20; number += 1) {
      await w.say(ama, `line ${number}`);
    }
    await w.heard([ama], ama, "Ama", "line 20");
    const inSight = (text) =>
      ama.waitForFunction((selector) => {
        const line = document.querySelector(selector).getBoundingClientRect();
        const log = document.getElementById("log").getBoundingClientRect();
        return line.top >= log.top - 1 && line.bottom <= log.bottom + 1;
      }, text);
    await ama.evaluate((selector) => document.querySelector(selector).parentElement.lastElementChild.classList.add("last"), "#log li");
    await inSight("#log .last");
    await ama.setViewportSize({ width: w.NARROW.width, height: w.NARROW.height / 2 });
    await inSight("#log .last");
    // Who reads what was said before stays there.
    await ama.evaluate(() => (document.getElementById("log").scrollTop = 0));
    await inSight("#log li:first-child");
    await ama.setViewportSize(w.NARROW);
    await inSight("#log li:first-child");
  },

  /** The hub has no namespace but /chat. */
  async namespace(browser) {
    const ama = await w.open(browser);
    const kofi = await w.open(browser);
    await w.join(ama, "Ama");
    await w.join(kofi, "Kofi");
    await w.say(ama, "in another namespace");
    await w.heard([ama, kofi], ama, "Ama", "in another namespace");
  },
};
