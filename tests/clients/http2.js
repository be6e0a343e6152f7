// A WebSocket over HTTP/2 (RFC 8441), as browsers open one where the server offers it: prints the status and how the
// first message begins.
//
//   node http2.js URL
"use strict";

const http2 = require("node:http2");

const url = process.argv[2];
const session = http2.connect(url);
session.on("error", (error) => {
  console.error(error);
  process.exit(1);
});
session.on("remoteSettings", (settings) => {
  if (!settings.enableConnectProtocol) {
    console.error("the server offers no WebSocket over HTTP/2");
    process.exit(1);
  }
  const stream = session.request({
    ":method": "CONNECT",
    ":protocol": "websocket",
    ":scheme": "http",
    ":authority": new URL(url).host,
    ":path": "/socket.io/?EIO=4&transport=websocket",
    origin: url,
    "sec-websocket-version": "13",
  });
  stream.on("response", (headers) => {
    stream.once("data", (frame) => {
      // Behind the head of a short frame of text.
      console.log(headers[":status"], frame.subarray(2, 4).toString());
      process.exit(0);
    });
  });
});
