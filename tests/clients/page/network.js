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
    on.on("error", () => answer.destroy());
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

/** The page below /chat/ of a proxy. */
async function belowPrefix(browser, path) {
  const between = await proxy({ path });
  const asked = [];
  const prepare = (page) => page.on("request", (request) => asked.push(request.url()));
  const address = `${between.address}chat/`;
  const ama = await w.open(browser, { address, prepare });
  assert.equal(await w.transport(ama), "websocket");
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
  const kofi = await w.open(browser);
  assert.equal(await w.transport(kofi), "websocket");
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

/** Requests for `file` get no answer. */
const swallow = (file) => (page) => page.route(`**/${file}`, () => {});

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

  stripped: (browser) => belowPrefix(browser, (from) => from.replace(/^\/chat/, "")),

  /** The hub's path is /chat/socket.io/. */
  unstripped: (browser) => belowPrefix(browser, (from) => from),

  /** A restart of the hub, seen over long-polling. */
  async refusedRestart(browser) {
    const between = await proxy({ refuse: (socket) => socket.destroy() });
    const ama = await w.open(browser, { address: between.address });
    await w.join(ama, "Ama");
    await w.ask("stop");
    await ama.waitForSelector('#state:not([data-state="connected"])');
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
    for (const file of ["client.js", "view.js", "chat.js"]) {
      const never = await w.window(browser, { prepare: swallow(file) });
      await never.goto(w.url, { waitUntil: "commit" });
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
      }
    }
    assert.equal(await ama.locator('#log li.event:text("You are back.")').count(), 0, "the page was cut");
  },
};
