// One client of each protocol, side by side in one channel. Those without a library are written out here: so little is needed.

import { Connection } from "./client.js";
import { Credentials } from "./credentials.js";

const { path, namespace, chatHub, websocket, events } = document.documentElement.dataset;
const channel = new URLSearchParams(location.search).get("channel") || "protocols";
/** The separator of SignalR's records. */
const END = "\x1e";

/** Names that event streams have for records of their own: an event of one of these comes behind `channel:`. */
const OF_STREAMS = ["welcome", "refused", "ack", "open", "error"];
/** What the ChatHub itself says of who comes and goes; a user may be called System, too. */
const COMING_AND_GOING = /^\S{20} has (joined|left) the room /;
/** After how long a client without a library comes back, in ms. */
const AGAIN_MS = 3000;

const at = (place, scheme = location.protocol) => {
  const url = new URL(place, location.href);
  url.protocol = scheme;
  return url;
};
const socketAt = (place) => at(place, location.protocol === "https:" ? "wss:" : "ws:");
const inNamespace = (url) => {
  if (namespace !== "/") url.searchParams.set("namespace", namespace);
  return url;
};
/** What the hub is shown where it lets no guests in: the client of Socket.IO, which is the first, asks for it. */
let credentials;
/** Who says what in an event of a channel. */
const saidIn = (payload) => [payload?.source?.userName ?? payload?.clientId, payload?.data?.message];
/** Where a token goes that no message has a place for. */
const withToken = (url) => {
  const { token } = credentials.auth ?? {};
  if (token) url.searchParams.set("access_token", token);
  return url;
};
/** Opens one thing after the other, each with a function to call when it has ended; comes to a function that gives the present one. */
const kept = (open, is) => {
  let present;
  const later = () => setTimeout(again, AGAIN_MS);
  const again = () => {
    // Socket.IO's client asks for all of us, and without an answer the hub would refuse us once more.
    if (credentials.asks) {
      later();
      return;
    }
    present = open((how) => {
      is(`${how}, coming back…`);
      later();
    });
  };
  again();
  return () => present;
};
/** Says something over the present one of the sockets that are `kept`. */
const over = (present, say) => present().readyState === WebSocket.OPEN && say(present());

/**
 * What a kind does: it hears `told(who, what)`, `joined(answer)` and `is(state)`, and comes to a function that says something,
 * if it can.
 */
const kinds = {
  "Socket.IO": ({ told, joined, is }) => {
    const source = { userName: "Socket.IO" };
    const emit = (event, data) => connection.emit(event, { data, source }, 10_000);
    const connection = new Connection({
      path,
      namespace,
      auth: () => credentials.auth,
      on: {
        connecting: () => is("Connecting…"),
        connected: () => {
          credentials.accepted();
          emit("join-channel", { roomChannel: channel }).then(joined, (error) => is(error.message));
        },
        event: (name, payload) => {
          credentials.heard(name, payload);
          if (name === channel) told(...saidIn(payload));
        },
        lost: (why) => is(`Lost: ${why}`),
        ended: (why, reason, code) => {
          is(`Ended: ${why}`);
          credentials.ended(reason, code);
        },
        upgraded: () => {},
      },
    });
    credentials = new Credentials({ given: () => connection.connect(), next: () => document.querySelector(".client input") });
    connection.connect();
    return (message) => emit(channel, { message }).catch((error) => is(error.message));
  },

  SignalR: ({ told, joined, is }) => {
    const send = (socket, record) => socket.send(JSON.stringify(record) + END);
    const call = (socket, target, args, invocationId) => send(socket, { type: 1, target, arguments: args, invocationId });
    const open = (closed) => {
      const socket = new WebSocket(withToken(socketAt(chatHub)));
      socket.onclose = () => closed("Closed");
      socket.onopen = () => send(socket, { protocol: "json", version: 1 });
      socket.onmessage = ({ data }) => {
        for (const { type, target, invocationId, arguments: args, error } of data.split(END).filter(Boolean).map((text) => JSON.parse(text))) {
          if (type === undefined && !error) call(socket, "JoinRoom", [channel], "join");
          if (type === 3 && invocationId === "join") joined({ ok: !error, message: error });
          if (type === 6) send(socket, { type: 6 });
          if (type === 1 && target === "ReceiveMessage" && !(args[0] === "System" && COMING_AND_GOING.test(args[1]))) told(...args);
        }
      };
      return socket;
    };
    const present = kept(open, is);
    return (message) => over(present, (socket) => call(socket, "SendMessage", [channel, "SignalR", message]));
  },

  "Plain WebSocket": ({ told, joined, is }) => {
    const source = { userName: "Plain WebSocket" };
    const send = (socket, event, data, id) => socket.send(JSON.stringify({ type: "event", event, payload: { data, source }, id }));
    const open = (closed) => {
      const socket = new WebSocket(inNamespace(socketAt(websocket)), "dondo.1");
      socket.onclose = () => closed("Closed");
      socket.onopen = () => {
        socket.send(JSON.stringify({ type: "connect", auth: credentials.auth }));
        send(socket, "join-channel", { roomChannel: channel }, 0);
      };
      socket.onmessage = ({ data }) => {
        const { type, id, event, payload } = JSON.parse(data);
        if (type === "ack" && id === 0) joined(payload);
        if (type === "event" && event === channel) told(...saidIn(payload));
      };
      return socket;
    };
    const present = kept(open, is);
    return (message) => over(present, (socket) => send(socket, channel, { message }));
  },

  "Event stream": ({ told, joined, is }) => {
    const url = inNamespace(at(events));
    url.searchParams.set("channel", channel);
    url.searchParams.set("userName", "Event stream");
    const open = (closed) => {
      const stream = new EventSource(withToken(url));
      // A browser comes back by itself, but not from a refusal.
      stream.onerror = () => (stream.readyState === EventSource.CLOSED ? closed("Refused") : is("Lost"));
      stream.addEventListener("ack", ({ data }) => joined(JSON.parse(data), ", listening"));
      stream.addEventListener(OF_STREAMS.includes(channel) ? `channel:${channel}` : channel, ({ data }) => {
        told(...saidIn(JSON.parse(data)));
      });
      return stream;
    };
    kept(open, is);
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
  let [isIn, isRefused] = [false, false];
  const is = (text) => {
    state.textContent = text;
    isIn = false;
  };
  const joined = ({ ok, message }, how = "") => {
    is(ok ? `In the channel${how}` : `Not in the channel: ${message}`);
    [isIn, isRefused] = [ok, !ok];
  };
  const told = (who, message) => {
    // What has the channel's name is something else then.
    if (isRefused) return;
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
  const say = start({ told, joined, is });
  if (!say) form.remove();
  form.addEventListener("submit", (event) => {
    event.preventDefault();
    const [input] = form.elements;
    if (!isIn) return;
    say(input.value);
    input.value = "";
  });
}
