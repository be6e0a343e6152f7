// Clients of every protocol and transport in one channel, who all say many things at the same time, while others come, go and
// are cut. Each chains a hash over what it sees, in order; all hashes are to be one.
//
//   node one_room.js URL MESSAGES      says {members: {kind: {seen, hash}}, disturbed: {how: times}} as JSON
"use strict";

const { createHash } = require("node:crypto");
const { io } = require("socket.io-client");
const signalR = require("@microsoft/signalr");
const { MessagePackHubProtocol } = require("@microsoft/signalr-protocol-msgpack");
const WebSocket = require("ws");

const [url, messages] = [process.argv[2], Number(process.argv[3])];
const ROOM = "one room";
/** Calls that one client leaves open. */
const WINDOW = 16;

/** Each opens a client that is in the channel: {say(text), leave(), cut()}; what it is told goes to `told(text)`. */
const kinds = {
  "socket.io polling": (told) => socketIo({ transports: ["polling"] }, told),
  "socket.io websocket": (told) => socketIo({ transports: ["websocket"] }, told),
  "socket.io upgraded": (told) => socketIo({}, told),
  "signalr websocket": (told) => hub({ transport: 1 }, false, told),
  "signalr websocket messagepack": (told) => hub({ transport: 1 }, true, told),
  "signalr without negotiation": (told) => hub({ transport: 1, skipNegotiation: true }, false, told),
  "signalr events": (told) => hub({ transport: 2 }, false, told),
  "signalr polling": (told) => hub({ transport: 4 }, false, told),
  "signalr polling messagepack": (told) => hub({ transport: 4 }, true, told),
  "plain websocket": plain,
  "event stream": events,
};

async function socketIo(options, told) {
  const socket = io(url, { forceNew: true, reconnection: false, ...options });
  await new Promise((resolve, reject) => socket.on("connect", resolve).on("connect_error", reject));
  socket.on(ROOM, (letter) => told(letter.data.message));
  await socket.emitWithAck("join-channel", { data: { roomChannel: ROOM } });
  return {
    say: (message) => socket.emitWithAck(ROOM, { data: { message } }),
    leave: async () => socket.disconnect(),
    cut: () => socket.io.engine.transport.ws?.terminate?.() ?? socket.disconnect(),
  };
}

async function hub(options, packed, told) {
  const sockets = [];
  class Kept extends WebSocket {
    constructor(...args) {
      super(...args);
      sockets.push(this);
    }
  }
  const builder = new signalR.HubConnectionBuilder();
  builder.withUrl(`${url}/chatHub`, { ...options, WebSocket: Kept }).configureLogging({ log: () => {} });
  if (packed) builder.withHubProtocol(new MessagePackHubProtocol());
  const connection = builder.build();
  connection.on("ReceiveMessage", (user, message) => {
    if (user !== "System") told(message);
  });
  await connection.start();
  await connection.invoke("JoinRoom", ROOM);
  return {
    say: (message) => connection.invoke("SendMessage", ROOM, "somebody", message),
    leave: () => connection.stop(),
    cut: () => sockets.forEach((socket) => socket.terminate()),
  };
}

async function plain(told) {
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
    leave: async () => socket.close(1000),
    cut: () => socket.terminate(),
  };
}

/** It listens alone; what is left of a record waits for the next piece. */
async function events(told) {
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
  return { leave: async () => controller.abort(), cut: () => controller.abort() };
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
    member.client = await kinds[name](member.told);
    members[name] = member;
  }
  let busy = true;
  const disturbed = { left: 0, "was cut": 0 };
  const disturbers = names.map(async (name, index) => {
    for (let turn = index; busy; turn++) {
      const client = await kinds[name](() => {});
      await new Promise((done) => setTimeout(done, 100));
      await (turn % 2 ? client.leave() : client.cut());
      disturbed[turn % 2 ? "left" : "was cut"] += 1;
    }
  });
  let next = 0;
  const speaking = names.filter((name) => members[name].client.say);
  const writers = speaking.flatMap((name) =>
    Array.from({ length: WINDOW }, async () => {
      while (next < messages) {
        const number = next++;
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
