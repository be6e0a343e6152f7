// SignalR's browser clients in a headless Chromium: pages of another origin over every transport, and pages of the hub's own
// that do what the article's page does, beside a page of the JavaScript guide's.
//
//   node chat_hub.js         says the origin of its pages, and takes the hub's URL as a line
"use strict";

const assert = require("node:assert/strict");
const { once } = require("node:events");
const { createServer } = require("node:http");

const { run } = require("./browser.js");

const LIBRARIES = ["@microsoft/signalr", "signalr-8", "@aspnet/signalr"];
const script = (library) => {
  const file = library.startsWith("@microsoft/signalr-protocol") ? "signalr-protocol-msgpack" : "signalr";
  return { path: require.resolve(`${__dirname}/node_modules/${library}/dist/browser/${file}.js`) };
};

run(async (browser) => {
  const server = createServer((_, answer) => answer.setHeader("Content-Type", "text/html").end("<!doctype html><ul id=seen></ul>"));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const origin = `http://127.0.0.1:${server.address().port}`;
  console.log(origin);
  const [line] = await once(process.stdin, "data");
  const hub = line.toString().trim();

  const errors = [];
  const open = async (url, ...libraries) => {
    const page = await browser.newPage();
    page.on("pageerror", (error) => errors.push(`${error}`));
    page.on("console", (said) => {
      // The hub has no icon for a page that is none of its own.
      const { url: of } = said.location();
      // A second after its end nothing is known of a connection: a browser that is slow may say its last words to nobody.
      const late = said.text().includes("404") && of.includes("/chatHub?id=");
      if (said.type() === "error" && !late && !of.endsWith("/favicon.ico")) errors.push(`${said.text()} ${of}`);
    });
    await page.goto(url);
    for (const library of libraries) await page.addScriptTag(script(library));
    return page;
  };

  for (const library of LIBRARIES) {
    const page = await open(origin, library);
    for (const [transport, name] of [[1, "ws"], [2, "sse"], [4, "lp"]]) {
      const seen = await page.evaluate(chats, { url: `${hub}/chatHub`, transport, room: `${library} ${name}`, packed: false });
      assert.deepEqual(seen, ["me", { a: [1, "é"] }], `${library} over ${name}`);
    }
    await page.close();
  }
  const packed = await open(origin, "@microsoft/signalr", "@microsoft/signalr-protocol-msgpack");
  for (const transport of [1, 4]) {
    const seen = await packed.evaluate(chats, { url: `${hub}/chatHub`, transport, room: "packed", packed: true });
    assert.deepEqual(seen, ["me", { a: [1, "é"] }], `MessagePack over ${transport}`);
  }
  await packed.close();
  assert.deepEqual(errors, []);

  // The article's page joins nothing: it says something to a room, and shows what it is told.
  const pages = [await open(`${hub}/healthz`, LIBRARIES[0]), await open(`${hub}/healthz`, LIBRARIES[0])];
  for (const [index, page] of pages.entries()) await page.evaluate(showsAndSays, `user ${index}`);
  const guide = await open(`${hub}/healthz`);
  await guide.addScriptTag({ url: "/socket.io/socket.io.js" });
  await guide.evaluate(guided);
  await pages[0].evaluate(() => says("one"));
  await pages[1].evaluate(() => says("two"));
  await pages[0].evaluate(() => says("three"));
  await guide.evaluate(() => says("four"));
  const shows = (page, lines) => page.waitForFunction((all) => all.every((line) => seen.includes(line)), lines, { timeout: 60_000 });
  await shows(pages[0], ["user 0: one", "user 1: two", "user 0: three", "guide: four"]);
  await shows(pages[1], ["user 1: two", "user 0: three", "guide: four"]);
  await shows(guide, ["user 0: one", "user 1: two", "user 0: three", "guide: four"]);
  assert.deepEqual(errors, []);
  console.log("done");
});

/** In a page: joins, says something, and comes to what it was told. */
async function chats({ url, transport, room, packed }) {
  let builder = new signalR.HubConnectionBuilder().withUrl(url, { transport }).configureLogging(3);
  if (packed) builder = builder.withHubProtocol(new signalR.protocols.msgpack.MessagePackHubProtocol());
  const connection = builder.build();
  const told = new Promise((resolve) => {
    connection.on("ReceiveMessage", (user, message) => {
      if (user !== "System") resolve([user, message]);
    });
  });
  connection.on("online-users", () => {});
  await connection.start();
  await connection.invoke("JoinRoom", room);
  await connection.invoke("SendMessage", room, "me", { a: [1, "é"] });
  const seen = await told;
  await connection.stop();
  return seen;
}

/** In a page: a client of the ChatHub that joins nothing. */
async function showsAndSays(user) {
  window.seen = [];
  const connection = new signalR.HubConnectionBuilder().withUrl("/chatHub").configureLogging(3).build();
  connection.on("ReceiveMessage", (who, message) => {
    seen.push(`${who}: ${message}`);
  });
  window.says = (text) => connection.invoke("SendMessage", "General", user, text);
  await connection.start();
}

/** In a page: a client as the JavaScript guide has it. */
async function guided() {
  window.seen = [];
  const socket = io();
  const source = { userName: "guide" };
  socket.on("General", (letter) => seen.push(`${letter.source.userName}: ${letter.data.message}`));
  await new Promise((connected) => socket.on("connect", connected));
  await socket.emitWithAck("join-channel", { data: { roomChannel: "General" }, source });
  window.says = (message) => socket.emitWithAck("General", { data: { message }, source });
}
