// One client of each protocol, side by side in one channel. Those without a library are written out here: so little is needed.

import { Connection } from "./client.js";

const { path, namespace, chatHub, websocket, events } = document.documentElement.dataset;
const channel = new URLSearchParams(location.search).get("channel") || "protocols";
/** The separator of SignalR's records. */
const END = "\x1e";

const at = (place, scheme = location.protocol) => {
  const url = new URL(place, location.href);
  url.protocol = scheme;
  return url;
};
const socketAt = (place) => at(place, location.protocol === "https:" ? "wss:" : "ws:");

/** What a kind does: it hears `told(who, what)` and `is(state)`, and comes to a function that says something, if it can. */
const kinds = {
  "Socket.IO": ({ told, is }) => {
    const source = { userName: "Socket.IO" };
    const connection = new Connection({
      path,
      namespace,
      auth: null,
      on: {
        connecting: () => is("Connecting…"),
        connected: async () => {
          await connection.emit("join-channel", { data: { roomChannel: channel }, source }, 10_000);
          is("In the channel");
        },
        event: (name, payload) => name === channel && told(payload.source.userName ?? payload.clientId, payload.data.message),
        lost: (why) => is(`Lost: ${why}`),
        ended: (why) => is(`Ended: ${why}`),
        upgraded: () => {},
      },
    });
    connection.connect();
    return (message) => connection.emit(channel, { data: { message }, source }, 10_000);
  },

  SignalR: ({ told, is }) => {
    const socket = new WebSocket(socketAt(chatHub));
    const send = (record) => socket.send(JSON.stringify(record) + END);
    const call = (target, ...args) => send({ type: 1, target, arguments: args });
    socket.onopen = () => send({ protocol: "json", version: 1 });
    socket.onclose = () => is("Closed");
    socket.onmessage = ({ data }) => {
      for (const record of data.split(END).filter(Boolean).map((text) => JSON.parse(text))) {
        if (record.type === undefined && !record.error) {
          call("JoinRoom", channel);
          is("In the channel");
        }
        if (record.type === 6) send({ type: 6 });
        if (record.type === 1 && record.target === "ReceiveMessage" && record.arguments[0] !== "System") told(...record.arguments);
      }
    };
    return (message) => call("SendMessage", channel, "SignalR", message);
  },

  "Plain WebSocket": ({ told, is }) => {
    const socket = new WebSocket(socketAt(websocket), "dondo.1");
    const source = { userName: "Plain WebSocket" };
    const send = (event, payload, id) => socket.send(JSON.stringify({ type: "event", event, payload, id }));
    socket.onopen = () => {
      socket.send(JSON.stringify({ type: "connect" }));
      send("join-channel", { data: { roomChannel: channel }, source }, 0);
    };
    socket.onclose = () => is("Closed");
    socket.onmessage = ({ data }) => {
      const message = JSON.parse(data);
      if (message.type === "ack" && message.id === 0) is(message.payload.ok ? "In the channel" : message.payload.message);
      if (message.event === channel) told(message.payload.source.userName ?? message.payload.clientId, message.payload.data.message);
    };
    return (message) => send(channel, { data: { message }, source });
  },

  "Event stream": ({ told, is }) => {
    const url = at(events);
    url.search = new URLSearchParams({ channel, userName: "Event stream" });
    const stream = new EventSource(url);
    stream.onerror = () => is("Lost");
    stream.addEventListener("ack", ({ data }) => is(JSON.parse(data).ok ? "In the channel, listening" : data));
    stream.addEventListener(channel, ({ data }) => {
      const { source, clientId, data: said } = JSON.parse(data);
      told(source.userName ?? clientId, said.message);
    });
    return null;
  },
};

const served = { "Socket.IO": path, SignalR: chatHub, "Plain WebSocket": websocket, "Event stream": events };
document.querySelector("#channel").textContent = channel;

for (const [name, start] of Object.entries(kinds)) {
  const client = document.querySelector("#client").content.cloneNode(true).firstElementChild;
  const [state, log, form] = [".state", ".log", "form"].map((part) => client.querySelector(part));
  client.dataset.kind = name;
  client.querySelector("h2").textContent = name;
  log.ariaLabel = `What ${name} is told`;
  form.elements[0].ariaLabel = `Say something as ${name}`;
  document.querySelector("#clients").append(client);
  const is = (text) => {
    state.textContent = text;
  };
  const told = (who, message) => {
    const line = document.createElement("p");
    line.textContent = `${who}: ${typeof message === "string" ? message : JSON.stringify(message)}`;
    log.append(line);
    log.scrollTop = log.scrollHeight;
    if (log.children.length > 200) log.firstChild.remove();
  };
  if (!served[name]) {
    is("Switched off on this hub");
    form.remove();
    continue;
  }
  const say = start({ told, is });
  if (!say) form.remove();
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const [input] = form.elements;
    say(input.value);
    input.value = "";
  });
}
