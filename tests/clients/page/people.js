// Who is there, what a refusal leaves, and what axe finds.
"use strict";

const assert = require("node:assert/strict");
const { readFileSync } = require("node:fs");
const w = require("./window.js");

async function axe(page, state) {
  // The page's policy forbids scripts of others: it comes over the debugger.
  await page.evaluate(readFileSync(require.resolve("axe-core/axe.min.js"), "utf8"));
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  const found = violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`);
  assert.deepEqual(found, [], state);
}

module.exports = {
  async people(browser) {
    const ama = await w.open(browser);
    await w.join(ama, "Ama");
    await w.lists(ama, "members", ["Ama (you)"]);
    const esi = await w.stranger("lobby", "Esi");
    await w.lists(ama, "members", ["Ama (you)", "Esi"]);
    const kofi = await w.open(browser);
    await w.join(kofi, "Kofi");
    await w.lists(kofi, "members", ["Ama", "Esi", "Kofi (you)"]);
    await w.lists(ama, "members", ["Ama (you)", "Esi", "Kofi"]);
    esi.close();
    for (const [page, names] of [[ama, ["Ama (you)", "Kofi"]], [kofi, ["Ama", "Kofi (you)"]]]) {
      await w.lists(page, "members", names);
    }
    // Whoever closes the window is gone from the list.
    await kofi.close();
    await w.lists(ama, "members", ["Ama (you)"]);
  },

  /** The hub tells of no joins and leaves. */
  async untold(browser) {
    const ama = await w.open(browser);
    await w.join(ama, "Ama");
    const esi = await w.stranger("lobby", "Esi");
    await w.lists(ama, "members", ["Ama (you)", "Esi"]);
    esi.close();
    await w.lists(ama, "members", ["Ama (you)"]);
  },

  async namesakes(browser) {
    const ama = await w.open(browser);
    await w.join(ama, "Ama");
    const one = await w.stranger("lobby", "Kofi");
    await w.lists(ama, "members", ["Ama (you)", "Kofi"]);
    await one.asks("lobby", { data: { message: "I am Kofi" }, source: { userName: "Kofi" } });
    await w.heard([ama], null, "Kofi", "I am Kofi");
    const marks = () => ama.locator("#members .mark").allTextContents();
    assert.deepEqual(await marks(), ["", ""], "one bearer needs no mark");
    const two = await w.stranger("lobby", "kofi");
    await two.asks("lobby", { data: { message: "no, I am" }, source: { userName: "kofi" } });
    await w.heard([ama], null, "kofi", "no, I am");
    const mark = (text) => ama.locator(w.message(text)).locator(".mark").textContent();
    assert.equal(await mark("I am Kofi"), ` #${one.socket.id.slice(0, 4)}`);
    assert.equal(await mark("no, I am"), ` #${two.socket.id.slice(0, 4)}`);
    assert.equal((await marks()).filter(Boolean).length, 2);
    await w.picture(ama, "11-namesakes-wide");
    one.close();
    two.close();
  },

  async focus(browser) {
    const ama = await w.open(browser);
    await ama.fill("#name", "Ama");
    await ama.fill("#channel", "disconnect");
    await ama.press("#channel", "Enter");
    await w.error(ama, "reserved_name");
    assert.equal(await w.focused(ama), "channel");
    await ama.click("#join-button");
    await w.error(ama, "reserved_name");
    assert.equal(await w.focused(ama), "join-button");
    await ama.fill("#name", "Ama\u202enimda");
    await ama.press("#name", "Enter");
    await w.error(ama, "invalid_name");
    assert.equal(await w.focused(ama), "name");
    assert.equal(await ama.locator("[aria-invalid]").getAttribute("id"), "name");
    await w.picture(ama, "12-refused-wide");
    await ama.click("#error-close");
    assert.equal(await ama.isHidden("#error"), true);
    await w.join(ama, "Ama");
    assert.equal(await w.focused(ama), "text");
  },

  async axe(browser) {
    for (const [viewport, colorScheme] of [[w.WIDE, "light"], [w.WIDE, "dark"], [w.NARROW, "light"], [w.NARROW, "dark"]]) {
      const name = `${viewport.width} ${colorScheme}`;
      const ama = await w.open(browser, { viewport, colorScheme });
      await axe(ama, `${name}, before joining`);
      await ama.fill("#name", "Ama");
      await ama.fill("#channel", "disconnect");
      await ama.press("#channel", "Enter");
      await w.error(ama, "reserved_name");
      await axe(ama, `${name}, with an error`);
      // A channel for each: newcomers are shown what was said.
      await w.join(ama, "Ama", { channel: name, room: "den" });
      const others = [];
      for (let number = 0; number < 8; number += 1) {
        others.push(await w.stranger(name, `Guest ${number % 7}`));
        await others[number].asks(name, { data: { message: `hello ${number}` }, source: { userName: `Guest ${number % 7}` } });
      }
      await w.say(ama, "in a channel", "channel");
      await w.heard([ama], ama, "Ama", "in a channel");
      await axe(ama, `${name}, in a channel`);
      if (viewport === w.NARROW) {
        await ama.click("#people-button");
        await axe(ama, `${name}, with the list of people`);
      }
      others.forEach((other) => other.close());
      await ama.context().close();
      await w.ask("go on");
    }
  },
};
