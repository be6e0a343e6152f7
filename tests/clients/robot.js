// A stock socket.io-client on strings: reads one command a line, writes one answer or event a line, all JSON.
// Knows nothing of the hub; what is to be said and seen is written in tests/it/clients. Ends with its input.
//
//   node robot.js URL OPTIONS        OPTIONS: what io() takes, as JSON
//
// In:  [number, "emit" | "ask", event, ...args]  [number, "connect" | "where" | "spoil" | "end"]  [number, "refused", namespace]
//      [number, "enter", namespace]  [number, "askIn", namespace, event, ...args]
// Out: {answer: number, value}  {event, args}    Bytes are {"$bytes": hex} in both directions.
"use strict";

const { io } = require("socket.io-client");

const [url, options] = [process.argv[2], JSON.parse(process.argv[3])];
const socket = io(url, { autoConnect: false, forceNew: true, reconnectionDelay: 50, reconnectionDelayMax: 200, ...options });

const say = (line) => process.stdout.write(`${JSON.stringify(hex(line))}\n`);

hear(socket, "");

const does = {
  connect: () => socket.connect() && null,
  emit: (event, ...args) => socket.emit(event, ...args) && null,
  ask: (event, ...args) => socket.timeout(60_000).emitWithAck(event, ...args),
  where: () => ({ id: socket.id, transport: socket.io.engine.transport.name }),
  // No Socket.IO packet begins with 9: the server must close the connection.
  spoil: () => socket.io.engine.write("9") && null,
  end: () => socket.disconnect() && null,
  // Another namespace over the same connection: what comes there is told as "NAMESPACE EVENT".
  enter: (namespace) => hear(socket.io.socket(namespace), `${namespace} `).connect() && null,
  askIn: (namespace, event, ...args) => socket.io.socket(namespace).timeout(60_000).emitWithAck(event, ...args),
  refused: (namespace) =>
    new Promise((resolve) => {
      const other = io(url + namespace, { forceNew: true, ...options });
      const done = (value) => {
        other.disconnect();
        resolve(value);
      };
      other.on("connect", () => done(null));
      other.on("connect_error", (error) => done(error.message));
    }),
};

require("node:readline")
  .createInterface({ input: process.stdin })
  .on("line", async (line) => {
    const [answer, verb, ...args] = bytes(JSON.parse(line));
    say({ answer, value: (await does[verb](...args)) ?? null });
  })
  .on("close", () => process.exit());

/** Says all that comes to a socket. */
function hear(socket, prefix) {
  socket.on("connect", () => say({ event: `${prefix}$connect`, args: [socket.id] }));
  socket.on("disconnect", (reason) => say({ event: `${prefix}$disconnect`, args: [reason] }));
  socket.on("connect_error", (error) => say({ event: `${prefix}$connect_error`, args: [error.message, error.data ?? null] }));
  return socket.onAny((event, ...args) => {
    // What the server asks is answered with what it said.
    const ack = typeof args.at(-1) === "function" ? args.pop() : () => {};
    say({ event: prefix + event, args });
    ack(...args);
  });
}

/** Bytes to hex, wherever they stand. */
function hex(value) {
  if (Buffer.isBuffer(value) || value instanceof ArrayBuffer || ArrayBuffer.isView(value)) {
    return { $bytes: Buffer.from(value).toString("hex") };
  }
  return walk(value, hex);
}

/** And back. */
function bytes(value) {
  return typeof value?.$bytes === "string" ? Buffer.from(value.$bytes, "hex") : walk(value, bytes);
}

function walk(value, change) {
  if (Array.isArray(value)) {
    return value.map(change);
  }
  if (value !== null && typeof value === "object") {
    return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, change(inner)]));
  }
  return value;
}
