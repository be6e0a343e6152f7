// Clients of every protocol and transport in one channel, who all say many things at the same time, while others come, go and
// are cut. Each chains a hash over what it sees, in order; all hashes are to be one.
//
//   node one_room.js URL MESSAGES      says {members: {kind: {seen, hash}}, disturbed: {kind: {left, cut}}} as JSON
"use strict";

const { createHash } = require("node:crypto");
const { once } = require("node:events");
const net = require("node:net");
const { io } = require("socket.io-client");
const signalR = require("@microsoft/signalr");
const { MessagePackHubProtocol } = require("@microsoft/signalr-protocol-msgpack");
const WebSocket = require("ws");

const [hub, messages] = [process.argv[2], Number(process.argv[3])];
const ROOM = "one room";
/** From this one on everybody waits for the disturbers. */
const LATE = Math.floor(messages * 0.9);
/** What is looked at is order, not how long a client waits where ten thousand messages are on their way. */
const PATIENCE = 600_000;
/** Calls that one client leaves open. */
const WINDOW = 16;

/** Each opens a client of the hub at this URL that is in the channel: {say(text), leave()}; what it is told goes to `told(text)`. */
const kinds = {
  "socket.io polling": (url, told) => socketIo(url, { transports: ["polling"] }, told),
  "socket.io websocket": (url, told) => socketIo(url, { transports: ["websocket"] }, told),
  "socket.io upgraded": (url, told) => socketIo(url, {}, told),
  "signalr websocket": (url, told) => signalr(url, { transport: 1 }, false, told),
  "signalr websocket messagepack": (url, told) => signalr(url, { transport: 1 }, true, told),
  "signalr without negotiation": (url, told) => signalr(url, { transport: 1, skipNegotiation: true }, false, told),
  "signalr events": (url, told) => signalr(url, { transport: 2 }, false, told),
  "signalr polling": (url, told) => signalr(url, { transport: 4 }, false, told),
  "signalr polling messagepack": (url, told) => signalr(url, { transport: 4 }, true, told),
  "plain websocket": plain,
  "event stream": events,
};

/** A way to the hub of one client's own. To be cut it takes all its connections, and nobody says anything. */
async function way() {
  const { hostname, port } = new URL(hub);
  const ends = new Set();
  const server = net.createServer((near) => {
    const far = net.connect(port, hostname);
    for (const [end, other] of [[near, far], [far, near]]) {
      ends.add(end);
      end.setNoDelay(true).on("error", () => {}).on("close", () => {
        ends.delete(end);
        other.destroy();
      });
      end.pipe(other);
    }
  });
  await once(server.listen(0, "127.0.0.1"), "listening");
  const cut = () => {
    server.close();
    ends.forEach((end) => end.destroy());
  };
  return { url: `http://127.0.0.1:${server.address().port}`, cut };
}

async function socketIo(url, options, told) {
  const socket = io(url, { forceNew: true, reconnection: false, timeout: PATIENCE, ...options });
  await new Promise((resolve, reject) => socket.on("connect", resolve).on("connect_error", reject));
  socket.on(ROOM, (letter) => told(letter.data.message));
  await socket.emitWithAck("join-channel", { data: { roomChannel: ROOM } });
  return {
    say: (message) => socket.emitWithAck(ROOM, { data: { message } }),
    // Its last words are with the hub when it is closed.
    leave: () =>
      new Promise((resolve) => {
        if (!socket.connected) return resolve();
        socket.io.engine.on("close", resolve);
        socket.disconnect();
      }),
  };
}

async function signalr(url, options, packed, told) {
  const builder = new signalR.HubConnectionBuilder();
  builder.withUrl(`${url}/chatHub`, options).configureLogging({ log: () => {} });
  if (packed) builder.withHubProtocol(new MessagePackHubProtocol());
  const connection = builder.build();
  connection.serverTimeoutInMilliseconds = PATIENCE;
  connection.on("ReceiveMessage", (user, message) => {
    if (user !== "System") told(message);
  });
  await connection.start();
  await connection.invoke("JoinRoom", ROOM);
  return {
    say: (message) => connection.invoke("SendMessage", ROOM, "somebody", message),
    leave: () => connection.stop(),
  };
}

async function plain(url, told) {
  const socket = new WebSocket(`${url.replace("http", "ws")}/ws`, "dondo.1");
  const waiting = new Map();
  const ask = (event, payload) =>
    new Promise((resolve) => {
      waiting.set(waiting.size, resolve);
      socket.send(JSON.stringify({ type: "event", event, payload, id: waiting.size - 1 }));
    });
  socket.on("error", () => {});
  socket.on("message", (data) => {
    const message = JSON.parse(data);
    if (message.type === "ack") waiting.get(message.id)(message.payload);
    if (message.event === ROOM) told(message.payload.data.message);
  });
  await new Promise((resolve) => socket.on("open", resolve));
  socket.send(JSON.stringify({ type: "connect" }));
  await ask("join-channel", ROOM);
  return {
    say: (message) => ask(ROOM, { data: { message } }),
    leave: () =>
      new Promise((resolve) => {
        if (socket.readyState === WebSocket.CLOSED) return resolve();
        socket.on("close", resolve).close(1000);
      }),
  };
}

/** It listens alone; what is left of a record waits for the next piece. */
async function events(url, told) {
  const controller = new AbortController();
  const answer = await fetch(`${url}/events?channel=${encodeURIComponent(ROOM)}`, { signal: controller.signal });
  const field = (record, name) => record.split(/\r?\n/).find((line) => line.startsWith(`${name}:`))?.slice(name.length + 1).trim();
  const joined = new Promise((resolve) => {
    (async () => {
      let text = "";
      for await (const piece of answer.body.pipeThrough(new TextDecoderStream())) {
        const records = (text + piece).split(/\r?\n\r?\n/);
        text = records.pop();
        for (const record of records) {
          const event = field(record, "event");
          if (event === "ack") resolve();
          if (event === ROOM) told(JSON.parse(field(record, "data")).data.message);
        }
      }
    })().catch(() => {});
  });
  await joined;
  return { leave: async () => controller.abort() };
}

async function main() {
  const names = Object.keys(kinds);
  const members = {};
  for (const name of names) {
    const member = { seen: 0, hash: "" };
    member.all = new Promise((resolve) => {
      member.told = (message) => {
        member.hash = createHash("sha256").update(member.hash).update(JSON.stringify(message)).digest("hex");
        if (++member.seen === messages) resolve();
      };
    });
    member.client = await kinds[name](hub, member.told);
    members[name] = member;
  }
  let busy = true;
  const disturbed = Object.fromEntries(names.map((name) => [name, { left: 0, cut: 0 }]));
  let all;
  const bothWays = new Promise((resolve) => (all = resolve));
  const disturbers = names.map(async (name, index) => {
    for (let turn = index; busy; turn++) {
      const through = await way();
      const client = await kinds[name](through.url, () => {});
      await new Promise((done) => setTimeout(done, 100));
      if (turn % 2) await client.leave();
      through.cut();
      disturbed[name][turn % 2 ? "left" : "cut"] += 1;
      if (Object.values(disturbed).every(({ left, cut }) => left && cut)) all();
    }
  });
  let next = 0;
  const speaking = names.filter((name) => members[name].client.say);
  const writers = speaking.flatMap((name) =>
    Array.from({ length: WINDOW }, async () => {
      while (next < messages) {
        const number = next++;
        // The last of them are said when one of each kind has left and one was cut.
        if (number >= LATE) await bothWays;
        await members[name].client.say({ name, number });
      }
    }),
  );
  await Promise.all(writers);
  await Promise.all(names.map((name) => members[name].all));
  busy = false;
  await Promise.all(disturbers);
  const seen = names.map((name) => [name, { seen: members[name].seen, hash: members[name].hash }]);
  console.log(JSON.stringify({ members: Object.fromEntries(seen), disturbed }));
  process.exit(0);
}

main().catch((error) => {
  console.error(error);
  process.exit(1);
});
