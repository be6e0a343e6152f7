// engine.io-client on an endpoint that speaks Engine.IO alone: engine.js URL PATH; says on a line what each connection saw
const { Socket } = require("engine.io-client");

const [url, path] = process.argv.slice(2);

function opened(options) {
  return new Socket(url, { path, ...options });
}

function told(what, seen) {
  console.log(JSON.stringify({ what, ...seen }));
}

// Is greeted before it says anything, then says a word for each that it hears: the last one ends it.
function converses(transport) {
  return new Promise((resolve) => {
    const heard = [];
    const socket = opened({
      transports: [transport],
      query: { name: "a b&=" },
      extraHeaders: { "x-who": "Ama" },
    });
    const words = ["akwaaba €\ud83d\ude00", Buffer.from([0, 255]), "later", "end"];
    socket.on("message", (data) => {
      heard.push(typeof data === "string" ? data : { bytes: [...data] });
      if (words.length > 0) socket.send(words.shift());
    });
    socket.on("close", (reason) => {
      told("conversation", { transport, heard, reason });
      resolve();
    });
  });
}

// The server's login turns away whoever comes over the first transport.
function isTurnedAway(transports) {
  return new Promise((resolve) => {
    const [refused] = transports;
    const socket = opened({
      transports,
      tryAllTransports: true,
      upgrade: false,
      transportOptions: { [refused]: { query: { deny: 1 } } },
    });
    socket.on("open", () => {
      told("turned away", { refused, transport: socket.transport.name });
      socket.on("close", resolve);
      socket.close();
    });
  });
}

// Says more than a message may have.
function saysTooMuch(transport) {
  return new Promise((resolve) => {
    const socket = opened({ transports: [transport] });
    socket.on("open", () => socket.send("a".repeat(101)));
    socket.on("close", (reason, details) => {
      const code = details.context.code ?? details.description;
      told("too much", { transport, reason, code });
      resolve();
    });
  });
}

async function main() {
  for (const transport of ["polling", "websocket"]) await converses(transport);
  for (const transport of ["polling", "websocket"]) await saysTooMuch(transport);
  await isTurnedAway(["polling", "websocket"]);
  await isTurnedAway(["websocket", "polling"]);
  process.exit(0);
}

main();
