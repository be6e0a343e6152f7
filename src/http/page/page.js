// dondo's first page: one name, one channel, maybe one room. It speaks the hub's contract through the stock
// Socket.IO client and knows nothing of the server behind it. What others sent is only ever set as text.
//
// Ids that tests rely on (index.html):
//   #state           connection; data-state = loading | connecting | connected | disconnected | failed,
//                    data-transport = websocket | polling | ""
//   #error           the last error, hidden if there is none
//   #reconnect       shown when the client will not try again by itself
//   #join            form with #name, #channel, #room, #join-button (disabled until connected)
//   #chat            shown once joined: #where, #leave, #log, and the form #send with #target
//                    (channel | room), #text, #send-button
//   #log li          one line each; data-kind = message | event, data-room = room id or "", class mine;
//                    in messages .who and .said
//   #online          #users (li[data-client]) and #users-count: the room; #channels (li[data-channel]) and
//                    #channels-count: the namespace; #people is hidden without a room
"use strict";

const ANSWER_MS = 10_000;
const LINES_MAX = 500;
const OWN_MAX = 100;

const path = document.documentElement.dataset.path;
const at = (id) => document.getElementById(id);

let socket = null;
/** Where we are or want to be: { name, channel, room }, or null. */
let seat = null;
/** True while a join or a leave waits for its answer. */
let moving = false;
/** True while a message waits for its answer. */
let sending = false;
/** Ids of own messages shown once and expected once more: the answer and the echo come in any order. */
const own = new Set();

at("join").addEventListener("submit", (event) => {
  event.preventDefault();
  join();
});
at("leave").addEventListener("click", leave);
at("send").addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});
at("reconnect").addEventListener("click", () => {
  showState("connecting", "Connecting…");
  socket.connect();
});
loadClient();

function loadClient() {
  const script = document.createElement("script");
  const address = `${path}socket.io.js`;
  const missing = () => {
    showState("failed", "The chat client is missing");
    showError(
      `The Socket.IO client could not be loaded from ${address}, so this page cannot chat. ` +
        "Start the server with --client-dist and the dist folder of the npm package socket.io-client.",
    );
  };
  script.src = address;
  script.addEventListener("error", missing);
  script.addEventListener("load", () => (typeof io === "function" ? connect() : missing()));
  document.head.append(script);
}

function connect() {
  showState("connecting", "Connecting…");
  socket = io({ path });
  socket.on("connect", () => {
    socket.io.engine.on("upgrade", showConnected);
    showConnected();
    rejoin();
  });
  socket.on("disconnect", () => {
    const again = socket.active;
    showState(
      "disconnected",
      again ? "Connection lost, trying again…" : "The server ended the connection",
      !again,
    );
  });
  socket.on("connect_error", (error) => {
    const again = socket.active;
    showState(
      again ? "connecting" : "failed",
      again ? "The server cannot be reached, trying again…" : `The server refused us: ${error.message}`,
      !again,
    );
  });
  socket.onAny(hear);
}

/** Sends one event and gives the answer, or an error fit to be shown. Never sends later than now. */
function ask(event, payload) {
  return new Promise((resolve, reject) => {
    if (!socket.connected) {
      reject(new Error("Not connected: nothing was sent."));
      return;
    }
    socket.timeout(ANSWER_MS).emit(event, payload, (unanswered, answer) => {
      if (unanswered) {
        reject(new Error(`${event} got no answer: it may or may not have arrived.`));
      } else if (answer?.ok === true) {
        resolve(answer);
      } else {
        reject(new Error(readable(answer)));
      }
    });
  });
}

/** The payload that all commands and messages share. */
function letter({ name, channel }, room, message) {
  return {
    data: { message, roomId: room || null, roomChannel: channel },
    time: new Date().toISOString(),
    clientId: socket.id,
    source: {
      platform: "web",
      appName: "dondo-page",
      appVersion: "1",
      clientId: socket.id,
      userName: name,
      channel,
    },
  };
}

async function take(wanted) {
  await ask("join-channel", letter(wanted, "", ""));
  if (!wanted.room) {
    return;
  }
  try {
    await ask("join-room", letter(wanted, wanted.room, ""));
  } catch (error) {
    // Half a seat is none: the form is shown again.
    await ask("leave-channel", letter(wanted, "", "")).catch(() => {});
    throw error;
  }
}

async function join() {
  if (moving || seat) {
    return;
  }
  const [name, channel, room] = ["name", "channel", "room"].map((id) => at(id).value.trim());
  if (!name || !channel) {
    showError("A name and a channel are needed.");
    return;
  }
  const wanted = { name, channel, room };
  move(true);
  showError("");
  at("log").replaceChildren();
  // Set before the answer: the first events of the channel may come ahead of it.
  seat = wanted;
  try {
    await take(wanted);
    showSeat();
    at("text").focus();
  } catch (error) {
    giveUp(error);
  } finally {
    move(false);
  }
}

/** After a reconnection the server knows us no more. */
async function rejoin() {
  if (!seat || moving) {
    return;
  }
  const id = socket.id;
  move(true);
  try {
    await take(seat);
    showError("");
    line("event", "", "You are back.");
  } catch (error) {
    if (socket.id === id) {
      giveUp(error);
    }
  } finally {
    move(false);
  }
  // The connection changed while we waited: once more on the new one.
  if (seat && socket.connected && socket.id !== id) {
    rejoin();
  }
}

async function leave() {
  if (moving || !seat) {
    return;
  }
  move(true);
  showError("");
  try {
    if (socket.connected) {
      // The server takes us out of the channel's rooms, too.
      await ask("leave-channel", letter(seat, "", ""));
    }
    seat = null;
    showSeat();
    at("channel").focus();
  } catch (error) {
    showError(error.message);
  } finally {
    move(false);
  }
}

async function send() {
  const text = at("text").value;
  if (sending || moving || !seat || !text.trim()) {
    return;
  }
  const room = at("target").value === "room" ? seat.room : "";
  const message = { ...letter(seat, room, text), id: newId() };
  at("text").value = "";
  showError("");
  sending = true;
  at("send-button").setAttribute("aria-disabled", "true");
  try {
    await ask(room ? "notify-room" : seat.channel, message);
    // Where the hub does not echo, the answer is the only sign that it was sent.
    showMessage(message);
  } catch (error) {
    showError(error.message);
    if (!at("text").value) {
      at("text").value = text;
    }
  } finally {
    sending = false;
    at("send-button").removeAttribute("aria-disabled");
  }
}

/** Everything the hub says. A channel's messages come as events of the channel's name. */
function hear(event, said) {
  const data = said?.data ?? {};
  const who = said?.source?.userName || said?.clientId || "Someone";
  switch (event) {
    case "hub-error":
      showError(readable(said));
      break;
    case "online-users":
      showChannels(data);
      break;
    case "room-online-users":
      if (data.roomId === seat?.room) {
        showUsers(data);
      }
      break;
    case "join-channel":
      line("event", "", `${who} joined ${place(data)}.`);
      break;
    case "join-room":
      line("event", data.roomId, `${who} joined ${place(data)}.`);
      break;
    case "leave-channel":
    case "leave-room":
      line("event", data.roomId, `${who} ${data.reason === "disconnect" ? "went offline from" : "left"} ${place(data)}.`);
      break;
    case "notify-room":
      showMessage(said);
      break;
    default:
      if (event === seat?.channel) {
        showMessage(said);
      }
  }
}

function showMessage(message) {
  const mine = message.clientId === socket.id;
  if (mine && message.id) {
    if (own.delete(message.id)) {
      return;
    }
    own.add(message.id);
    if (own.size > OWN_MAX) {
      own.delete(own.values().next().value);
    }
  }
  const data = message.data ?? {};
  const said = typeof data.message === "string" ? data.message : JSON.stringify(data.message);
  const time = new Date(message.time);
  const clock = element("time", "");
  if (!Number.isNaN(time.getTime())) {
    clock.dateTime = time.toISOString();
    clock.textContent = time.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  }
  const item = line("message", data.roomId);
  item.classList.toggle("mine", mine);
  item.append(
    element("span", message.source?.userName || message.clientId, "who"),
    " ",
    element("span", place(data), "place"),
    " ",
    clock,
    element("span", said, "said"),
  );
  scroll();
}

/** Adds a line to the log; the oldest go when there are too many. */
function line(kind, room, text = "") {
  const log = at("log");
  const item = element("li", text, kind);
  item.dataset.kind = kind;
  item.dataset.room = room ?? "";
  log.append(item);
  while (log.childElementCount > LINES_MAX) {
    log.firstElementChild.remove();
  }
  scroll();
  return item;
}

function scroll() {
  const log = at("log");
  const last = log.lastElementChild;
  // Who has scrolled up to read stays there.
  if (log.scrollHeight - log.scrollTop - log.clientHeight < last.offsetHeight + 80) {
    log.scrollTop = log.scrollHeight;
  }
}

function showUsers(data) {
  const users = Array.isArray(data.users) ? data.users : [];
  at("users-count").textContent = data.onlineUsers ?? users.length;
  at("users").replaceChildren(
    ...users.map(({ clientId, userName }) => {
      const item = element("li", (userName || clientId) + (clientId === socket.id ? " (you)" : ""));
      item.dataset.client = clientId;
      return item;
    }),
  );
}

function showChannels(data) {
  at("channels-count").textContent = data.onlineUsers ?? "";
  const items = Object.entries(data.channels ?? {}).map(([channel, count]) => {
    const item = element("li", "");
    item.dataset.channel = channel;
    item.append(element("span", channel), element("span", count, "count"));
    return item;
  });
  if (data.truncated) {
    items.push(element("li", "and more", "quiet"));
  }
  at("channels").replaceChildren(...items);
}

/** The form or the chat, as we have a seat or not. */
function showSeat() {
  for (const [id, shown] of [["join", !seat], ["chat", seat], ["online", seat], ["people", seat?.room]]) {
    at(id).hidden = !shown;
  }
  if (!seat) {
    at("users").replaceChildren();
    at("channels").replaceChildren();
    return;
  }
  at("where").textContent = `${seat.name} in ${place({ roomId: seat.room, roomChannel: seat.channel })}`;
  const targets = [["channel", `to channel ${seat.channel}`]];
  if (seat.room) {
    targets.push(["room", `to room ${seat.room}`]);
  }
  at("target").replaceChildren(...targets.map(([value, text]) => new Option(text, value)));
}

function giveUp(error) {
  seat = null;
  showSeat();
  showError(error.message);
}

function move(busy) {
  moving = busy;
  at("join-button").disabled = busy || !socket.connected;
  at("leave").disabled = busy;
}

function showConnected() {
  const transport = socket.io.engine.transport.name;
  showState("connected", `Connected over ${transport === "websocket" ? "WebSocket" : "long-polling"}`, false, transport);
}

function showState(state, text, offerReconnect = false, transport = "") {
  const shown = at("state");
  shown.dataset.state = state;
  shown.dataset.transport = transport;
  shown.textContent = text;
  at("reconnect").hidden = !offerReconnect;
  at("join-button").disabled = moving || state !== "connected";
}

function showError(text) {
  at("error").textContent = text;
  at("error").hidden = !text;
}

/** An error of the hub in words: what was asked, what is wrong, and its code to look up. */
function readable(answer) {
  const { event, message, code } = answer ?? {};
  return `${event ? `${event}: ` : ""}${message || "the server refused it"}${code ? ` (${code})` : ""}`;
}

function place({ roomId, roomChannel }) {
  if (!roomId) {
    return `channel ${roomChannel}`;
  }
  return roomChannel ? `room ${roomId} of ${roomChannel}` : `room ${roomId}`;
}

function element(tag, text, className = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

/** Unlike `crypto.randomUUID`, this also works on a page that came over plain HTTP from another machine. */
function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
