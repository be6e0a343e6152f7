// A stock client of SignalR on strings, as robot.js is of Socket.IO: one command a line in, one answer or event a line out.
//
//   node signalr.js URL OPTIONS      OPTIONS: {library, transport, format, skipNegotiation, reconnect, token, on: [methods]}
//
// In:  [number, "connect" | "where"]  [number, "invoke" | "send", method, ...args]
//      [number, "stream", method, ...args]  [number, "upload", method, items, ...args]
// Out: {answer: number, value} or {answer: number, error}  {event, args}
"use strict";

const [url, options] = [process.argv[2], JSON.parse(process.argv[3])];
const signalR = require(options.library ?? "@microsoft/signalr");

const say = (line) => process.stdout.write(`${JSON.stringify(line)}\n`);
const transport = { ws: 1, sse: 2, lp: 4 }[options.transport];

const builder = new signalR.HubConnectionBuilder()
  .configureLogging({ log: () => {} })
  .withUrl(url, {
    transport,
    skipNegotiation: options.skipNegotiation ?? false,
    accessTokenFactory: options.token ? () => options.token : undefined,
  });
if (options.format === "messagepack") {
  const { MessagePackHubProtocol } = require("@microsoft/signalr-protocol-msgpack");
  builder.withHubProtocol(new MessagePackHubProtocol());
}
if (options.reconnect) builder.withAutomaticReconnect([0, 50, 100, 200, 400, 800, 1600, 3200]);
const connection = builder.build();

for (const method of options.on ?? ["ReceiveMessage"]) {
  connection.on(method, (...args) => {
    say({ event: method, args });
    // Of a method that is asked for a result that is the answer; stock clients complain of any other.
    return method.startsWith("Ask") ? args[0] : undefined;
  });
}
connection.onclose((error) => say({ event: "$close", args: [error?.message ?? null] }));
connection.onreconnected?.((id) => say({ event: "$reconnected", args: [id] }));

const done = (stream) =>
  new Promise((resolve, reject) => {
    const items = [];
    stream.subscribe({ next: (item) => items.push(item), complete: () => resolve(items), error: reject });
  });

const does = {
  connect: () => connection.start(),
  where: () => ({ id: connection.connectionId ?? null, state: connection.state }),
  invoke: (method, ...args) => connection.invoke(method, ...args),
  send: (method, ...args) => connection.send(method, ...args),
  stream: (method, ...args) => done(connection.stream(method, ...args)),
  upload: (method, items, ...args) => {
    const subject = new signalR.Subject();
    const answer = connection.invoke(method, ...args, subject);
    items.forEach((item) => subject.next(item));
    subject.complete();
    return answer;
  },
};

require("node:readline")
  .createInterface({ input: process.stdin })
  .on("line", async (line) => {
    const [answer, verb, ...args] = JSON.parse(line);
    try {
      say({ answer, value: (await does[verb](...args)) ?? null });
    } catch (error) {
      say({ answer, error: error.message });
    }
  })
  .on("close", () => process.exit());
