// The page of the proof: what is cut comes back and nothing is lost or doubled, a room that crashes is contained, and what is to be
// copied runs as it is.
"use strict";

const assert = require("node:assert/strict");
const { readFileSync } = require("node:fs");
const net = require("node:net");
const { copied, runsCopied } = require("./copied.js");
const w = require("./window.js");

const PHONE = { width: 360, height: 740 };
const ORIGIN = new URL(w.url).origin;
const SIDES = ["Ama", "Kofi"];

/** The page, with both clients in the room; what its console complains of is a failure at the end. */
async function proof(browser, { address = `${ORIGIN}/proof`, ...options } = {}) {
  const page = await w.window(browser, options);
  page.complaints = [];
  page.on("pageerror", (error) => page.complaints.push(String(error)));
  page.on("console", (said) => said.type() === "error" && page.complaints.push(said.text()));
  await page.goto(address);
  await bothIn(page);
  return page;
}

const bothIn = (page) =>
  page.waitForFunction(() => [...document.querySelectorAll(".side .state")].filter(({ textContent }) => textContent === "In the room").length === 2);

/** Until each has heard so many more of the other's numbers. */
async function heardMore(page, more) {
  const before = await counts(page);
  await page.waitForFunction(
    ([before, more]) =>
      Object.entries(before).every(([side, { received }]) =>
        Number(document.querySelector(`.side[data-side="${side}"] [data-count="received"]`).textContent) >= received + more),
    [before, more],
  );
}

const counts = (page) =>
  page.$$eval(".side", (sides) =>
    Object.fromEntries(
      sides.map((side) => [
        side.dataset.side,
        Object.fromEntries([...side.querySelectorAll("[data-count]")].map((one) => [one.dataset.count, Number(one.textContent)])),
      ]),
    ),
  );

const cut = (page, side) => page.click(`.side[data-side="${side}"] button`);
const away = (page, side) => page.waitForSelector(`.side.away[data-side="${side}"]`);

/** Pauses, waits until nothing is under way, and tells what was counted. */
async function settled(page) {
  if ((await page.getAttribute("#run", "aria-pressed")) === "true") {
    await page.click("#run");
  }
  await page.waitForFunction(() => [...document.querySelectorAll('[data-count="waiting"]')].every(({ textContent }) => textContent === "0"));
  const sent = await counts(page);
  // What is answered is in the room, and may still be on its way to the other.
  await page.waitForFunction(
    (sent) =>
      Object.keys(sent).every((side, index, all) => {
        const count = (name) => Number(document.querySelector(`.side[data-side="${all[1 - index]}"] [data-count="${name}"]`).textContent);
        return count("received") + count("lost") >= sent[side].sent - sent[side].unknown;
      }),
    sent,
  );
  return counts(page);
}

/** Each has heard all of the other's, once. */
function nothingLost({ Ama, Kofi }) {
  for (const [one, other] of [[Ama, Kofi], [Kofi, Ama]]) {
    assert.deepEqual({ ...one, sent: 0 }, { sent: 0, received: other.sent, lost: 0, repeated: 0, waiting: 0, unknown: 0 });
    assert(one.sent > 0);
  }
}

async function axe(page, state) {
  // The page's policy forbids scripts of others: it comes over the debugger.
  await page.evaluate(readFileSync(require.resolve("axe-core/axe.min.js"), "utf8"));
  const { violations } = await page.evaluate(() => globalThis.axe.run(document, { resultTypes: ["violations"] }));
  assert.deepEqual(violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html).join(" ")}`), [], state);
}

/** A way to the hub that can be cut without a goodbye, swallow what goes one way before that, and be closed for a while. */
async function relay() {
  const hub = new URL(ORIGIN);
  const ends = new Set();
  let isOpen = true;
  let swallowed = "";
  const server = net.createServer((here) => {
    const there = isOpen ? net.connect(hub.port, hub.hostname) : null;
    if (!there) {
      here.destroy();
      return;
    }
    for (const [end, other] of [[here, there], [there, here]]) {
      ends.add(end);
      const way = end === here ? "to the hub" : "to the page";
      end.on("error", () => {}).on("close", () => ends.delete(end) && other.destroy());
      end.on("data", (data) => swallowed === way || other.destroyed || other.write(data)).on("end", () => other.end());
    }
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  return {
    address: `http://127.0.0.1:${server.address().port}/proof`,
    swallow: (way) => (swallowed = way),
    cut() {
      isOpen = false;
      ends.forEach((end) => end.resetAndDestroy());
    },
    mend() {
      isOpen = true;
      swallowed = "";
    },
    close: () => server.close(),
  };
}

module.exports = {
  async proof(browser) {
    const page = await proof(browser);
    assert.equal(await page.textContent("#verdict"), "lost 0, repeated 0");
    await heardMore(page, 3);
    // She is away for ten seconds, of which a busy machine may take most before he says another word.
    do {
      await bothIn(page);
      await cut(page, "Ama");
      await away(page, "Ama");
    } while (!(await heardWhileAway(page)));
    await w.picture(page, "proof-cut-wide");
    await bothIn(page);
    await heardMore(page, 3);
    nothingLost(await settled(page));
    assert.equal(await page.textContent("#verdict"), "lost 0, repeated 0");
    // Both at once: nobody is in the room meanwhile.
    await page.click("#run");
    await heardMore(page, 2);
    for (const side of SIDES) {
      await cut(page, side);
    }
    for (const side of SIDES) {
      await away(page, side);
    }
    await bothIn(page);
    await heardMore(page, 3);
    nothingLost(await settled(page));
    assert.deepEqual(page.complaints, []);
  },

  /** The line breaks without a word, in the middle of what is said, again and again. */
  async proofRelay(browser) {
    const between = await relay();
    const page = await proof(browser, { address: between.address });
    page.complaints.length = 0;
    // What was said arrived and nobody was told, or it did not arrive.
    for (const way of ["", "to the page", "to the hub", "to the page", "to the hub"]) {
      await heardMore(page, 2);
      between.swallow(way);
      if (way) {
        await page.waitForFunction(() => [...document.querySelectorAll('[data-count="waiting"]')].every(({ textContent }) => Number(textContent) > 1));
      }
      between.cut();
      for (const side of SIDES) {
        await away(page, side);
      }
      between.mend();
      await bothIn(page);
    }
    await heardMore(page, 2);
    nothingLost(await settled(page));
    between.close();
  },

  /** A hub that starts anew knows nothing of what was said: the page says what it cannot know, and goes on. */
  async proofRestart(browser) {
    const page = await proof(browser);
    await heardMore(page, 3);
    await w.ask("stop");
    for (const side of SIDES) {
      await away(page, side);
    }
    await w.ask("start");
    await bothIn(page);
    await heardMore(page, 3);
    const { Ama, Kofi } = await settled(page);
    for (const [one, other] of [[Ama, Kofi], [Kofi, Ama]]) {
      assert.equal(one.repeated, 0);
      // None is passed over in silence: what was not heard is lost, or its speaker does not know.
      assert(one.received + one.lost + other.unknown >= other.sent, JSON.stringify({ one, other }));
      assert(one.lost <= other.unknown, JSON.stringify({ one, other }));
    }
  },

  async proofCrash(browser) {
    const page = await proof(browser, { address: w.url });
    assert.equal(new URL(page.url()).hash, "", "the password does not stay in the address");
    await heardMore(page, 2);
    for (let time = 1; time <= 3; time += 1) {
      await page.click("#crash-now");
      await page.locator("#crash-said", { hasText: `The room's script panicked (${time}).` }).waitFor();
      await heardMore(page, 2);
    }
    await w.picture(page, "proof-crashed-wide");
    assert.equal(await page.locator(".side.away").count(), 0, "nobody was put out");
    nothingLost(await settled(page));
    assert.deepEqual(page.complaints, []);
    // A reload of this window still has it; another window asks for the link.
    await page.reload();
    await page.waitForSelector("#crash-now:not([hidden])");
    const other = await proof(browser);
    assert.equal(await other.isVisible("#crash-now"), false);
    await other.fill("#link", "nonsense");
    await other.press("#link", "Enter");
    await other.locator("#crash-said", { hasText: "That is not the link" }).waitFor();
    await other.fill("#link", w.url.replace(/[^/]*$/, "wrong-password-wrong"));
    await other.press("#link", "Enter");
    await other.click("#crash-now");
    await other.locator("#crash-said", { hasText: "is not that of this start" }).waitFor();
    await other.fill("#link", w.url);
    await other.press("#link", "Enter");
    await axe(other, "with --dev");
    await other.click("#crash-now");
    await other.locator("#crash-said", { hasText: "panicked (1)" }).waitFor();
  },

  async proofCopied(browser) {
    const page = await proof(browser);
    await page.click("#run");
    assert.deepEqual(await page.$$eval("#snippets details", (all) => all.map(({ dataset }) => dataset.language)), ["JavaScript", "Python", "C#", "curl"]);
    const curl = await runsCopied(page, "curl");
    await curl.says("event: ack");
    const javaScript = await runsCopied(page, "JavaScript");
    await javaScript.says("JavaScript hello from JavaScript");
    const python = await runsCopied(page, "Python");
    await python.says("Python hello from Python");
    // Each is in the room of the page, and of the others.
    await javaScript.says("Python hello from Python");
    await curl.says("hello from Python");
    for (const side of SIDES) {
      for (const name of ["JavaScript", "Python"]) {
        await page.locator(`.side[data-side="${side}"] .lines li`, { hasText: `${name}: hello from ${name}` }).waitFor();
      }
    }
    await page.click("#run");
    await javaScript.says("Ama number 1");
    for (const language of await page.$$eval("#snippets details", (all) => all.map(({ dataset }) => dataset.language))) {
      const text = await copied(page, language);
      assert(text.includes(ORIGIN) && text.includes(new URL(page.url()).searchParams.get("room")), language);
    }
    [curl, javaScript, python].forEach((one) => one.stop());
    nothingLost(await settled(page));
  },

  async proofInvited(browser) {
    const page = await proof(browser, { address: `${ORIGIN}/proof?channel=caf%C3%A9%20%26%20co&room=den` });
    const link = await page.inputValue("#invitation");
    // As the camera of a phone would see it.
    const seen = await page.evaluate(async () => {
      const picture = document.querySelector("#picture");
      await picture.decode();
      const canvas = Object.assign(document.createElement("canvas"), { width: 400, height: 400 });
      const context = canvas.getContext("2d");
      context.drawImage(picture, 0, 0, 400, 400);
      return Array.from(context.getImageData(0, 0, 400, 400).data);
    });
    const { default: decodeQR } = await import("qr/decode.js");
    assert.equal(decodeQR({ width: 400, height: 400, data: Uint8Array.from(seen) }), link);
    const guest = await w.open(browser, { address: link, viewport: PHONE });
    await guest.fill("#name", "Esi");
    await guest.click("#join-button");
    await w.joined(guest);
    await w.say(guest, "hello there", "room");
    for (const side of SIDES) {
      await page.locator(`.side[data-side="${side}"] .lines li`, { hasText: "Esi: hello there" }).waitFor();
    }
    await guest.locator("#log .said", { hasText: /^number \d+$/ }).first().waitFor();
    assert.deepEqual(page.complaints, []);
  },

  /** What others say is text of bounded length, and no number counts that is not the other client's. */
  async proofHostile(browser) {
    const page = await proof(browser, { address: `${ORIGIN}/proof?channel=open&room=den` });
    const stranger = await w.stranger("open", "Eve", ORIGIN);
    const place = { roomChannel: "open", roomId: "den" };
    await stranger.asks("join-room", { data: place });
    const ids = ["", 7, null, {}, "a:b", "x:Ama:1", ":::", "x:Kofi:-1", "x:Kofi:1e999"];
    for (const id of ids) {
      const message = [{ nested: [1] }, "<img src=x onerror=alert(1)>", "y".repeat(100_000), null][ids.indexOf(id) % 4];
      await stranger.asks("notify-room", { data: { ...place, message }, id, source: id === 7 ? "no object" : { userName: { no: "name" } } });
    }
    await stranger.asks("notify-room", { data: { ...place, message: "the end" }, source: { userName: "Eve" } });
    for (const side of SIDES) {
      await page.locator(`.side[data-side="${side}"] .lines li`, { hasText: "Eve: the end" }).waitFor();
    }
    assert.equal(await page.locator(".lines img").count(), 0);
    assert((await page.$$eval(".lines li", (all) => Math.max(...all.map(({ textContent }) => textContent.length)))) < 1000);
    await heardMore(page, 2);
    nothingLost(await settled(page));
    stranger.close();
    assert.deepEqual(page.complaints, []);
  },

  async proofLooks(browser) {
    for (const [viewport, colorScheme] of [[w.WIDE, "light"], [w.WIDE, "dark"], [PHONE, "light"], [PHONE, "dark"]]) {
      const name = `${viewport.width}-${colorScheme}`;
      const page = await proof(browser, { viewport, colorScheme });
      await heardMore(page, 2);
      await axe(page, name);
      assert(await page.evaluate(() => document.documentElement.scrollWidth <= innerWidth), `${name}: it is wider than the window`);
      await page.locator("#picture").evaluate((picture) => picture.decode());
      await w.picture(page, `proof-${name}`, { fullPage: true });
      // By the keyboard alone: every button is reached in the order in which it stands, and works.
      await page.focus("header a");
      const reached = [];
      const order = () => page.evaluate(() => (document.activeElement.matches("#run, .side button, .lines, summary, pre, input, #copy-invitation")
        ? document.activeElement.closest("[data-side]")?.dataset.side + document.activeElement.tagName : ""));
      for (let step = 0; step < 30 && reached.at(-1) !== "undefinedPRE"; step += 1) {
        await page.keyboard.press("Tab");
        reached.push(await order());
      }
      const both = SIDES.flatMap((side) => [`${side}BUTTON`, `${side}OL`]);
      assert.deepEqual(reached.filter(Boolean), [
        "undefinedBUTTON", ...both, "undefinedINPUT", "undefinedBUTTON", "undefinedSUMMARY", "undefinedPRE",
      ]);
      await page.focus("#run");
      await page.keyboard.press("Space");
      assert.equal(await page.getAttribute("#run", "aria-pressed"), "false");
      await page.focus('[data-side="Kofi"] button');
      await page.keyboard.press("Enter");
      await away(page, "Kofi");
      await axe(page, `${name}, cut`);
      await page.focus('details[data-language="Python"] summary');
      await page.keyboard.press("Enter");
      await page.locator('details[data-language="Python"] pre').waitFor();
      await axe(page, `${name}, with Python`);
      assert.deepEqual(page.complaints, [], name);
      await page.context().close();
      await w.ask("go on");
    }
  },
};

/** What is said to the room reaches who is in it, also while the other is away; false if she was back before. */
async function heardWhileAway(page) {
  const { Ama, Kofi } = await counts(page);
  const how = await page.waitForFunction(
    ([sent, received]) => {
      const count = (side, name) => Number(document.querySelector(`.side[data-side="${side}"] [data-count="${name}"]`).textContent);
      if (count("Kofi", "sent") > sent && count("Ama", "received") === received && count("Ama", "waiting") > 0) {
        return "heard";
      }
      return document.querySelector('.side.away[data-side="Ama"]') === null && "back";
    },
    [Kofi.sent + 4, Ama.received],
  );
  return (await how.jsonValue()) === "heard";
}
