// A client of plain WebSockets made of the npm package ws. Sends each line of its input, prints each message and the end.
//
//   node plain.js URL
"use strict";

const WebSocket = require("ws");

const socket = new WebSocket(`${process.argv[2].replace("http", "ws")}/ws`, "dondo.1");

socket.on("message", (data, isBinary) => console.log(isBinary ? `binary ${data.toString("hex")}` : data.toString()));
socket.on("close", (code) => {
  console.log(`closed ${code}`);
  process.exit();
});
socket.on("open", () => {
  require("node:readline")
    .createInterface({ input: process.stdin })
    .on("line", (line) => socket.send(line))
    .on("close", () => socket.close(1000));
});
