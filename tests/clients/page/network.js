// What lies between the page and the hub, and what the server says when it ends things.
"use strict";

const assert = require("node:assert/strict");
const http = require("node:http");
const net = require("node:net");
const w = require("./window.js");

/**
 * A proxy that passes requests on; `path` says to where, from where they came. WebSockets are passed on too, or `refuse`
 * gets their sockets.
 */
async function proxy({ path = (from) => from, refuse }) {
  const hub = new URL(w.url);
  const sockets = new Set();
  const server = http.createServer((request, answer) => {
    const { method, headers, url: from } = request;
    const options = { host: hub.hostname, port: hub.port, method, headers, path: path(from), agent: false };
    const on = http.request(options, (said) => {
      answer.writeHead(said.statusCode, said.headers);
      said.pipe(answer);
    });
    on.on("error", () => {
      if (answer.headersSent) {
        answer.destroy();
      } else {
        // As proxies do.
        answer.writeHead(502, { "Content-Type": "text/html" });
        answer.end("<html><head><title>502 Bad Gateway</title></head><body>nobody there</body></html>");
      }
    });
    answer.on("close", () => on.destroy());
    request.pipe(on);
  });
  server.on("connection", (socket) => sockets.add(socket.on("close", () => sockets.delete(socket))));
  server.on("upgrade", ({ method, url: from, rawHeaders }, socket) => {
    if (refuse) {
      refuse(socket);
      return;
    }
    const head = rawHeaders.map((part, place) => (place % 2 ? `${part}\r\n` : `${part}: `)).join("");
    const on = net.connect(hub.port, hub.hostname);
    on.on("error", () => socket.destroy()).on("close", () => socket.destroy());
    socket.on("error", () => on.destroy()).on("close", () => on.destroy());
    on.write(`${method} ${path(from)} HTTP/1.1\r\n${head}\r\n`);
    on.pipe(socket).pipe(on);
  });
  await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve));
  const close = () => {
    server.close();
    sockets.forEach((socket) => socket.destroy());
  };
  return { address: `http://127.0.0.1:${server.address().port}/`, close };
}

/** A window over a WebSocket. A page gives one up after five seconds, of which a busy machine may take all: another one is opened then. */
async function overWebSocket(browser, options) {
  for (let tries = 1; ; tries += 1) {
    const page = await w.open(browser, options);
    const transport = await w.transport(page);
    if (transport === "websocket") {
      return page;
    }
    assert(tries < 5, `it is over ${transport} again and again`);
    await page.context().close();
  }
}

/** The page below /chat/ of a proxy. */
async function belowPrefix(browser, path) {
  const between = await proxy({ path });
  const asked = [];
  const prepare = (page) => page.on("request", (request) => asked.push(request.url()));
  const address = `${between.address}chat/`;
  const ama = await overWebSocket(browser, { address, prepare });
  await w.join(ama, "Ama");
  await w.say(ama, "below a prefix");
  await w.heard([ama], ama, "Ama", "below a prefix");
  for (const one of asked) {
    assert(one.startsWith(address) || one.startsWith("data:"), `${one} is not below ${address}`);
  }
  await ama.close();
  between.close();
}

/** Two windows, one behind the proxy, chat; the one behind it is on long-polling and says so. */
async function overPolling(browser, refuse) {
  const between = await proxy({ refuse });
  const ama = await w.open(browser, { address: between.address });
  assert.equal(await w.transport(ama), "polling");
  assert.match(await ama.textContent("#state"), /long-polling/);
  await w.picture(ama, "6-polling-wide");
  const kofi = await overWebSocket(browser);
  await w.join(ama, "Ama", { room: "den" });
  await w.join(kofi, "Kofi", { room: "den" });
  await w.say(ama, "slowly", "channel");
  await w.heard([ama, kofi], ama, "Ama", "slowly");
  await w.say(kofi, "but surely", "room");
  await w.heard([ama, kofi], kofi, "Kofi", "but surely");
  await ama.goto("about:blank");
  // Long before the ping timeout: the page says goodbye.
  await w.lists(kofi, "members", ["Kofi (you)"]);
  between.close();
}

/** A promise to wait for, and what fulfils it. */
function gate() {
  let open;
  const opened = new Promise((resolve) => (open = resolve));
  return { opened, open };
}

/** A clock of the window's own that stands until it is moved. */
async function holdClock(page) {
  await page.clock.install({ time: 0 });
  await page.clock.pauseAt(3_600_000);
}

/**
 * A window to which WebSocket is refused, but for the upgrade of its session: `upgrade` gets that. `answer` gets the answers
 * to its polls, and may hold them.
 */
const refused = (upgrade, answer = () => {}) => async (page) => {
  await holdClock(page);
  await page.route(/transport=polling/, async (route) => {
    if (route.request().method() !== "GET") {
      return route.continue();
    }
    // One is still waiting when the window is closed.
    const response = await route.fetch({ timeout: 0 }).catch(() => {});
    await answer();
    return response && route.fulfill({ response }).catch(() => {});
  });
  await page.routeWebSocket(/./, (socket) => (socket.url().includes("sid=") ? upgrade(socket) : socket.close()));
};

/** Ama's window and a stranger talk while the window is about to move to a WebSocket; what is said may not get lost. */
async function talkOverTheMove(browser, move) {
  const [joined, held, paused] = [gate(), gate(), gate()];
  let probes = 0;
  let probing = false;
  const upgrade = async (socket) => {
    probes += 1;
    await joined.opened;
    const hub = socket.connectToServer();
    socket.onMessage(async (text) => {
      // From now on polls are answered at once, and the next answer is held: the window waits for it.
      probing ||= text === "2probe";
      hub.send(text);
    });
    hub.onMessage((text) => {
      socket.send(text);
      if (text === "3probe") {
        paused.open({ socket, hub });
      }
    });
  };
  const ama = await w.open(browser, { prepare: refused(upgrade, () => probing && held.opened) });
  assert.match(await ama.textContent("#state"), /long-polling/);
  await w.join(ama, "Ama");
  const kofi = await w.stranger("lobby", "Kofi");
  const heard = [];
  kofi.socket.on("lobby", ({ data, source }) => source.userName === "Ama" && heard.push(data.message));
  const said = { Ama: [], Kofi: [] };
  const talk = async () => {
    for (let line = 0; line < 5; line += 1) {
      const number = said.Ama.length;
      said.Kofi.push(`Kofi ${number}`);
      kofi.socket.emit("lobby", { data: { message: `Kofi ${number}` }, source: { userName: "Kofi" } });
      said.Ama.push(`Ama ${number}`);
      await w.say(ama, `Ama ${number}`);
    }
  };
  await talk();
  joined.open();
  await talk();
  const carriers = await paused.opened;
  await talk();
  await move({ ama, ...carriers, letGo: held.open });
  await talk();
  await ama.clock.resume();
  for (const name of ["Ama", "Kofi"]) {
    await ama.locator(w.message(said[name].at(-1))).waitFor();
    const shown = ama.locator("#log li", { has: ama.locator(`.who:text-is("${name}")`) }).locator(".said");
    assert.deepEqual(await shown.allTextContents(), said[name]);
  }
  // What it says comes behind all that the window said.
  const last = new Promise((resolve) => kofi.socket.on("lobby", ({ data }) => data.message === "the end" && resolve()));
  await w.say(ama, "the end");
  await last;
  assert.deepEqual(heard, [...said.Ama, "the end"]);
  assert.equal(await ama.locator('#log li.event:text("You are back.")').count(), 0, "it is one session");
  assert.equal(probes, 1);
  kofi.close();
  return ama;
}

/** Requests for `file` get no answer. */
const swallow = (file) => (page) => page.route(`**/${file}`, () => {});

/** In a page: `timers` tells how many were set. */
function countTimers() {
  const set = globalThis.setTimeout;
  globalThis.timers = 0;
  globalThis.setTimeout = (...what) => {
    globalThis.timers += 1;
    return set(...what);
  };
}

/** In a page: three stock clients in one channel, one of which says everything in one loop. What each of them saw. */
async function burstInPage([transport, count, bytes]) {
  const seen = [];
  const client = async () => {
    const socket = window.io({ forceNew: true, reconnection: false, transports: [transport] });
    const mine = { received: 0, wrong: 0, disconnects: [] };
    seen.push(mine);
    mine.done = new Promise((resolve) => {
      socket.on("disconnect", (reason) => resolve(mine.disconnects.push(reason)));
      socket.on("burst", ({ data: { message } }) => {
        mine.wrong += Number(Number.parseInt(message, 10) !== mine.received || message.length !== bytes);
        mine.received += 1;
        if (mine.received === count) {
          resolve();
        }
      });
    });
    await new Promise((resolve) => socket.on("connect", resolve));
    await socket.emitWithAck("join-channel", "burst");
    return socket;
  };
  const sockets = await Promise.all([client(), client(), client()]);
  for (let number = 0; number < count; number += 1) {
    sockets[0].emit("burst", `${number} `.padEnd(bytes, "x"));
  }
  await Promise.all(seen.map((mine) => mine.done));
  const saw = seen.map(({ received, wrong, disconnects }) => ({ received, wrong, disconnects: [...disconnects] }));
  sockets.forEach((socket) => socket.disconnect());
  return saw;
}

module.exports = {
  async alone(browser) {
    const asked = [];
    const ama = await w.open(browser, { prepare: (page) => page.on("request", (request) => asked.push(request.url())) });
    await w.join(ama, "Ama");
    assert(asked.length > 3);
    for (const address of asked) {
      assert(address.startsWith(w.url) || address.startsWith("data:"), `${address} is not the hub's`);
      assert.doesNotMatch(address, /socket\.io\.js/, "the stock client is for other people's pages");
    }
  },

  refused: (browser) => overPolling(browser, (socket) => socket.end("HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n")),

  swallowed: (browser) => overPolling(browser, () => {}),

  /** The browser itself forbids WebSocket. */
  async forbidden(browser) {
    const forbid = () => {
      globalThis.WebSocket = class {
        constructor() {
          throw new DOMException("not here", "SecurityError");
        }
      };
    };
    const ama = await w.open(browser, { prepare: (page) => page.addInitScript(forbid) });
    assert.equal(await w.transport(ama), "polling");
    await w.join(ama, "Ama");
    await w.say(ama, "all the same");
    await w.heard([ama], ama, "Ama", "all the same");
  },

  async upgraded(browser) {
    const ama = await talkOverTheMove(browser, async ({ ama: page, letGo }) => {
      letGo();
      await page.waitForSelector('#state[data-transport="websocket"]');
    });
    assert.equal(await ama.textContent("#state"), "Connected over WebSocket");
  },

  /** The last poll takes too long, and the window gives the WebSocket up. */
  async halfway(browser) {
    const ama = await talkOverTheMove(browser, async ({ ama: page, socket, hub, letGo }) => {
      const closed = new Promise((resolve) => socket.onClose(resolve));
      await page.clock.runFor(5_000);
      await closed;
      await hub.close();
      letGo();
    });
    assert.equal(await w.transport(ama), "polling");
    assert.match(await ama.textContent("#state"), /long-polling/);
  },

  /** The WebSocket opens, and says nothing. */
  async silentProbe(browser) {
    const probed = gate();
    const closed = gate();
    let open = true;
    let probes = 0;
    const upgrade = (socket) => {
      probes += 1;
      socket.onMessage((text) => probed.open(text));
      socket.onClose(() => {
        open = false;
        closed.open();
      });
    };
    const ama = await w.open(browser, { prepare: refused(upgrade) });
    await w.join(ama, "Ama");
    assert.equal(await probed.opened, "2probe");
    await ama.clock.runFor(4_999);
    assert.equal(open, true);
    await ama.clock.runFor(1);
    await closed.opened;
    await ama.clock.resume();
    await w.say(ama, "as before");
    await w.heard([ama], ama, "Ama", "as before");
    assert.match(await ama.textContent("#state"), /long-polling/);
    assert.equal(probes, 1);
  },

  stripped: (browser) => belowPrefix(browser, (from) => from.replace(/^\/chat/, "")),

  /** The hub's path is /chat/socket.io/. */
  unstripped: (browser) => belowPrefix(browser, (from) => from),

  /** A restart of the hub, seen over long-polling. */
  async refusedRestart(browser) {
    const between = await proxy({ refuse: (socket) => socket.destroy() });
    const ama = await w.open(browser, { address: between.address });
    await w.join(ama, "Ama");
    await w.ask("stop");
    // Not the page that the proxy sends in place of an answer.
    await ama.locator("#state", { hasText: /^The server cannot be reached \(502\), trying again…$/ }).waitFor();
    await w.ask("start");
    await ama.locator('#log li.event:text("You are back.")').waitFor();
    assert.equal(await w.transport(ama), "polling");
    await w.say(ama, "again");
    await w.heard([ama], ama, "Ama", "again");
    between.close();
  },

  /** The hub has room for one. */
  async full(browser) {
    const ama = await w.open(browser);
    const kofi = await w.window(browser);
    await kofi.goto(w.url);
    await kofi.locator("#state", { hasText: "503" }).waitFor();
    assert.match(await kofi.textContent("#state"), /trying again/);
    await w.picture(kofi, "13-full-wide");
    await ama.close();
    await w.connected(kofi);
  },

  async missing(browser) {
    // How many scripts are waited for by then, each with a timer.
    for (const [file, waiting] of [["carriers.js", 2], ["view.js", 2], ["client.js", 6], ["credentials.js", 6], ["chat.js", 7]]) {
      const prepare = async (page) => {
        await swallow(file)(page);
        await holdClock(page);
        await page.addInitScript(countTimers);
      };
      const never = await w.window(browser, { prepare });
      await never.goto(w.url, { waitUntil: "commit" });
      await never.waitForFunction((count) => globalThis.timers === count, waiting);
      await never.clock.runFor(4_999);
      assert.equal(await never.isVisible("#error"), false, `${file} has 5 s`);
      await never.clock.runFor(1);
      await w.error(never, `${new URL(file, w.url).href} was not answered in 5 s`);
      assert.equal(await never.getAttribute("#state", "data-state"), "failed");
    }
    const gone = await w.window(browser, { prepare: (page) => page.route("**/client.js", (route) => route.abort()) });
    await gone.goto(w.url);
    await w.error(gone, `${new URL("client.js", w.url).href} could not be loaded`);
    await w.picture(gone, "7-missing-wide");
    const none = await w.window(browser, { prepare: swallow("page.js") });
    await none.goto(w.url, { waitUntil: "commit" });
    await none.locator("#late", { hasText: "page.js" }).waitFor({ state: "visible" });
  },

  /** The hub takes 10,000 bytes. */
  async large(browser) {
    const ama = await w.open(browser);
    await w.join(ama, "Ama");
    const long = "é".repeat(6_000);
    await w.say(ama, long);
    await w.error(ama, "this server takes at most 10,000");
    assert.match(await ama.textContent("#error"), /takes 12,\d\d\d bytes/, "bytes, not characters");
    assert.equal(await ama.inputValue("#text"), long, "the text is kept");
    assert.equal(await w.focused(ama), "text");
    await w.picture(ama, "8-large-wide");
    await w.say(ama, "shorter");
    await w.heard([ama], ama, "Ama", "shorter");
    assert.equal(await ama.isHidden("#error"), true);
    assert.equal(await ama.locator('#log li.event:text("You are back.")').count(), 0, "the connection stood");
  },

  /** The hub pings ten times a second. */
  async heartbeat(browser) {
    let pongs = 0;
    let heard = () => {};
    const enough = new Promise((resolve) => (heard = resolve));
    const count = ({ payload }) => payload === "3" && (pongs += 1) === 5 && heard();
    const prepare = (page) => page.on("websocket", (socket) => socket.on("framesent", count));
    const ama = await w.open(browser, { prepare });
    await w.join(ama, "Ama");
    await enough;
    await w.say(ama, "still the first connection");
    await w.heard([ama], ama, "Ama", "still the first connection");
    assert.equal(await ama.locator('#log li.event:text("You are back.")').count(), 0);
  },

  async silence(browser) {
    const ama = await w.window(browser);
    let first = true;
    let told = () => {};
    const silenced = new Promise((resolve) => (told = resolve));
    await ama.exposeFunction("tell", (text) => text === "Nothing was heard from the server, trying again…" && told());
    await ama.addInitScript(() => {
      new MutationObserver(() => globalThis.tell(document.getElementById("state")?.textContent)).observe(document, {
        childList: true,
        subtree: true,
      });
    });
    // The first connection is promised five pings a second, which the hub does not send.
    await ama.routeWebSocket(/./, (socket) => {
      const hub = socket.connectToServer();
      const silent = first;
      first = false;
      hub.onMessage((text) => {
        const hasty = String(text).replace(/"pingInterval":\d+,"pingTimeout":\d+/, '"pingInterval":100,"pingTimeout":100');
        socket.send(silent ? hasty : text);
      });
    });
    await ama.goto(w.url);
    await w.connected(ama);
    await silenced;
    await w.connected(ama);
    await w.join(ama, "Ama");
  },

  async ended(browser) {
    let server;
    const prepare = (page) =>
      page.routeWebSocket(/./, (socket) => {
        server = socket;
        socket.connectToServer();
      });
    const ama = await w.open(browser, { prepare });
    await w.join(ama, "Ama");
    server.send("41");
    await ama.locator("#state", { hasText: "The server ended the connection" }).waitFor();
    await ama.click("#reconnect");
    await ama.locator('#log li.event:text("You are back.")').waitFor();
    await server.close({ code: 1001 });
    await ama.locator('#log li.event:text("You are back.")').nth(1).waitFor();
    const lost = await w.window(browser, {
      prepare: (page) =>
        page.route(w.url, async (route) => {
          const answer = await route.fetch();
          const body = (await answer.text()).replace('data-namespace="/"', 'data-namespace="/nowhere"');
          await route.fulfill({ response: answer, body });
        }),
    });
    await lost.goto(w.url);
    await lost.locator("#state", { hasText: "The server refused us: Invalid namespace" }).waitFor();
    assert.equal(await lost.isVisible("#reconnect"), true);
  },

  /** A newcomer sees what was said last; who was away sees what was said meanwhile, and nothing twice. */
  async newcomer(browser) {
    const { opened: back, open: comeBack } = gate();
    let server;
    const prepare = (page) =>
      page.routeWebSocket(/./, async (socket) => {
        if (server) {
          await back;
        }
        server = socket;
        socket.connectToServer();
      });
    const ama = await w.open(browser, { prepare });
    await w.join(ama, "Ama", { room: "den" });
    // More than the hub tells whoever comes back.
    const lines = Array.from({ length: 120 }, (_, place) => `line ${place + 1}`);
    for (const line of lines) {
      await w.say(ama, line, "channel");
    }
    await w.say(ama, "in the den", "room");
    await w.heard([ama], ama, "Ama", "in the den");
    const kofi = await w.open(browser);
    await w.join(kofi, "Kofi", { room: "den" });
    await w.heard([kofi], ama, "Ama", "in the den");
    const said = (page) => page.locator("#log .said").allTextContents();
    assert.deepEqual(await said(kofi), [...lines.slice(-20), "in the den"]);
    await server.close({ code: 1001 });
    await ama.waitForSelector('#state:not([data-state="connected"])');
    await w.say(kofi, "meanwhile", "channel");
    await w.say(kofi, "meanwhile in the den", "room");
    await w.heard([kofi], kofi, "Kofi", "meanwhile in the den");
    comeBack();
    await ama.locator('#log li.event:text-is("You are back.")').waitFor();
    await w.heard([ama], kofi, "Kofi", "meanwhile");
    await w.heard([ama], kofi, "Kofi", "meanwhile in the den");
    assert.deepEqual(await said(ama), [...lines, "in the den", "meanwhile", "meanwhile in the den"]);
  },

  /** Stock clients in a page burst; they get all of it, and the hub's own page beside them stays. */
  async burst(browser) {
    const ama = await w.open(browser);
    await w.join(ama, "Ama", { channel: "burst" });
    const page = await w.open(browser);
    await page.addScriptTag({ url: new URL("socket.io/socket.io.js", w.url).href });
    for (const transport of ["websocket", "polling"]) {
      for (const [count, bytes] of [[5, 600_000], [30, 80_000], [25_000, 20]]) {
        const seen = await page.evaluate(burstInPage, [transport, count, bytes]);
        const all = { received: count, wrong: 0, disconnects: [] };
        assert.deepEqual(seen, [all, all, all], `${count} of ${bytes} bytes over ${transport}`);
        const isLast = (start) => [...document.querySelectorAll("#log .said")].at(-1)?.textContent.startsWith(start);
        await ama.waitForFunction(isLast, `${count - 1} `, { timeout: 120_000 }).catch(async (late) => {
          const end = await ama.evaluate(() => [...document.querySelectorAll("#log li")].slice(-3).map((li) => li.textContent.slice(0, 80)));
          assert.fail(`${late.message} after ${count} of ${bytes} bytes over ${transport}: ${JSON.stringify(end)}`);
        });
        await w.ask("go on");
      }
    }
    assert.equal(await ama.locator('#log li.event:text("You are back.")').count(), 0, "the page was cut");
  },
};
