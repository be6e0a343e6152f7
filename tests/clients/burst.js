// Three stock socket.io-clients in one channel, one of which says everything in one loop before it reads anything.
// Knows nothing of the hub; prints what each saw as one line of JSON and ends.
//
//   node burst.js URL TRANSPORT COUNT BYTES
"use strict";

const { io } = require("socket.io-client");

const [url, transport, count, bytes] = [process.argv[2], process.argv[3], Number(process.argv[4]), Number(process.argv[5])];
/** Without anything new for so long, nothing more is waited for. */
const SILENCE = 60_000;

const seen = [];
let last = Date.now();

function client() {
  const socket = io(url, { forceNew: true, reconnection: false, transports: [transport] });
  const mine = { received: 0, wrong: 0, disconnects: [] };
  seen.push(mine);
  socket.on("disconnect", (reason) => mine.disconnects.push(reason));
  socket.on("burst", ({ data: { message } }) => {
    last = Date.now();
    if (message.number !== mine.received || message.pad.length !== bytes) {
      mine.wrong += 1;
    }
    mine.received += 1;
  });
  const joined = () => socket.timeout(30_000).emitWithAck("join-channel", "burst");
  return new Promise((resolve) => socket.on("connect", resolve)).then(joined).then(() => socket);
}

Promise.all([client(), client(), client()]).then(([sender]) => {
  const pad = "x".repeat(bytes);
  for (let number = 0; number < count; number += 1) {
    sender.emit("burst", { data: { message: { number, pad } } });
  }
  setInterval(() => {
    const done = seen.every((one) => one.received >= count || one.disconnects.length > 0);
    if (done || Date.now() - last > SILENCE) {
      process.stdout.write(`${JSON.stringify(seen)}\n`);
      process.exit();
    }
  }, 50);
});
