// dondo's chat: one name, one channel, maybe one room. It speaks the hub's contract over our own small client
// (client.js), shows it with view.js, and knows nothing of the server behind it.
//
// Ids that tests rely on (index.html):
//   #state           connection; data-state = loading | connecting | connected | disconnected | failed,
//                    data-transport = websocket | polling | ""
//   #error           the last error in #error-text, hidden if there is none
//   #late            shown where page.js did not come
//   #reconnect       shown when the client will not try again by itself
//   #join            form with #name, #channel, #room, #join-button (aria-disabled until connected)
//   #chat            shown once joined: #where, #leave, #log, and the form #send with #target
//                    (channel | room), #text, #send-button
//   #log li          one line each; data-kind = message | event, data-room = room id or "", class mine;
//                    in messages .who, .mark (ids, where two have one name) and .said
//   #online          #members and #members-count: the channel; #users and #users-count: the room (li[data-client]);
//                    #channels (li[data-channel]) and #channels-count: the namespace; #people is hidden without a room
import { Connection, TooLarge } from "./client.js";
import { Credentials } from "./credentials.js";
import { listed, Members } from "./members.js";
import { recall, recallTarget, remember } from "./memory.js";
import * as view from "./view.js";

const { at, isolated, nameOf, fieldsOf, countOf, showState, showError } = view;
const ANSWER_MS = 10_000;
const OWN_MAX = 100;
/** Letters of former times that a newcomer is shown. */
const HISTORY = 20;
/** The most that the hub tells whoever comes back of what was said meanwhile, and so many are known again. */
const MISSED_MAX = 100;
const SHOWN_MAX = 500;

/** Where we are or want to be: { name, channel, room }, or null. */
let seat = null;
/** Whom we spoke to here before: "channel" or "room"; "" if we are new. */
let target = "";
/** True while a join or a leave waits for its answer. */
let moving = false;
/** Whether the connection was lost and is being tried again. */
let retrying = false;
/** Ids of own messages shown once and expected once more: the answer and the echo come in any order. */
const own = new Set();
/** Messages that were shown, the newest last: who comes back is told of some of them again. */
const shown = new Set();
/** The events that join where a message that was shown before came again. */
const met = new Set();
/** Where we joined last, by the event that joins: what was said since the hub can tell. */
const positions = new Map();

const { path, namespace } = document.documentElement.dataset;
const credentials = new Credentials({ given: () => hub.connect(), next: () => at(seat ? "text" : "name") });
const hub = new Connection({
  path,
  namespace,
  auth: () => credentials.auth,
  on: {
    connecting: () => showState("connecting", retrying ? at("state").textContent : "Connecting…"),
    connected() {
      retrying = false;
      view.showConnected(hub.transport);
      allowJoin();
      credentials.accepted();
      rejoin();
    },
    upgraded: () => view.showConnected(hub.transport),
    event: hear,
    lost: (why) => disconnected(`${why}, trying again…`, false),
    ended(why, reason, code) {
      disconnected(why, true);
      credentials.ended(reason, code);
    },
  },
});

const members = new Members(async () => {
  const answer = seat && !moving ? await ask("join-channel", letter(seat, "", "")).catch(() => null) : null;
  return answer && answer.channel === seat?.channel ? answer : null;
}, () => hub.id);

at("join").addEventListener("submit", submit(join));
at("send").addEventListener("submit", submit(send));
at("leave").addEventListener("click", leave);
at("reconnect").addEventListener("click", () => hub.connect());
at("error-close").addEventListener("click", () => {
  showError("");
  at(seat ? "text" : "name").focus();
});
at("newest").addEventListener("click", () => {
  view.scrollToEnd();
  at("text").focus();
});
view.followLog();
at("text").addEventListener("keydown", (event) => {
  // Enter that ends the composition of a character is not for us.
  if (event.key === "Enter" && !event.shiftKey && !event.isComposing) {
    event.preventDefault();
    send();
  }
});
at("people-button").addEventListener("click", ({ target }) => {
  const open = target.getAttribute("aria-expanded") !== "true";
  target.setAttribute("aria-expanded", open);
  at("online").classList.toggle("open", open);
});
at("target").addEventListener("change", () => {
  target = at("target").value;
  remember(seat);
});
if (recall()) {
  seat = wanted();
  target = recallTarget();
  showSeat();
}
hub.connect();

function submit(action) {
  return (event) => {
    event.preventDefault();
    action();
  };
}

function disconnected(text, again) {
  retrying = !again;
  showState("disconnected", text, { again });
  allowJoin();
}

function wanted() {
  return Object.fromEntries(["name", "channel", "room"].map((field) => [field, at(field).value.trim()]));
}

/** Sends one event and gives the answer, or an error fit to be shown. Never sends later than now. */
async function ask(event, payload) {
  const answer = await hub.emit(event, payload, ANSWER_MS);
  if (answer?.ok !== true) {
    throw new Error(readable(answer));
  }
  return answer;
}

/** The payload that all commands and messages share; `asked` goes into a command's data. */
function letter({ name, channel }, room, message, asked = {}) {
  return {
    data: { message, roomId: room || null, roomChannel: channel, ...asked },
    time: new Date().toISOString(),
    clientId: hub.id,
    source: { platform: "web", appName: "dondo-page", appVersion: "1", clientId: hub.id, userName: name, channel },
  };
}

/** Takes the seat; whether all was told that was said since we were there, or as much as a newcomer is told. */
async function take(place) {
  met.clear();
  view.forgetBearers();
  members.begin();
  const answer = await enter("join-channel", place, "");
  members.answered(answer);
  if (!place.room) {
    return whole("join-channel", answer);
  }
  try {
    const inRoom = await enter("join-room", place, place.room);
    return whole("join-channel", answer) && whole("join-room", inRoom);
  } catch (error) {
    // Half a seat is none: the form is shown again.
    await ask("leave-channel", letter(place, "", "")).catch(() => {});
    throw error;
  }
}

/** Where one of those that came again was shown before, nothing is missing between, however many there were. */
const whole = (event, { complete }) => complete !== false || met.has(event);

async function enter(event, place, room) {
  const since = positions.get(event);
  const asked = since ? { since, history: MISSED_MAX } : { history: HISTORY };
  const answer = await ask(event, letter(place, room, "", asked));
  positions.set(event, answer.position);
  return answer;
}

async function join() {
  if (moving || seat) {
    return;
  }
  const place = wanted();
  if (!place.name || !place.channel) {
    showError("A name and a channel are needed.");
    at(place.name ? "channel" : "name").focus();
    return;
  }
  if (!hub.id) {
    showError("Not connected yet: try again in a moment.");
    return;
  }
  move(true);
  showError("");
  view.markInvalid();
  view.clearLines();
  shown.clear();
  positions.clear();
  target = "";
  // Set before the answer: the first events of the channel may come ahead of it.
  seat = place;
  try {
    await take(place);
    showSeat();
    at("text").focus();
    if (members.alone) {
      view.addLine("event", "", () => ["Nobody else is here yet. Whoever opens this page's address finds you."]);
    }
  } catch (error) {
    giveUp(error);
  } finally {
    move(false);
  }
}

/** After a reconnection or a reload the server knows us no more. */
async function rejoin() {
  if (!seat || moving) {
    return;
  }
  const { id } = hub;
  const first = !at("lines").childElementCount;
  move(true);
  try {
    const all = await take(seat);
    showSeat();
    showError("");
    if (first) {
      at("text").focus();
    } else {
      view.addLine("event", "", () => [all ? "You are back." : "You are back. Some of what was said meanwhile is not here."]);
    }
  } catch (error) {
    if (hub.id === id) {
      giveUp(error);
    }
  } finally {
    move(false);
  }
  // The connection changed while we waited: once more on the new one.
  if (seat && hub.id && hub.id !== id) {
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
    if (hub.id) {
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
  if (!seat || !text.trim()) {
    return;
  }
  if (moving) {
    showError("You are joining or leaving: nothing was sent. Try again in a moment.");
    return;
  }
  const from = seat;
  const room = at("target").value === "room" ? from.room : "";
  const message = { ...letter(from, room, text), id: newId() };
  at("text").value = "";
  showError("");
  try {
    await ask(room ? "notify-room" : from.channel, message);
    if (from === seat) {
      // Where the hub does not echo, the answer is the only sign that it was sent.
      showMessage(message);
    }
  } catch (error) {
    showError(error instanceof TooLarge ? tooLarge(error) : error.message);
    // Below what was typed meanwhile: what was not sent can be sent again.
    at("text").value = [at("text").value, text].filter(Boolean).join("\n");
  }
}

function tooLarge({ bytes, limit }) {
  const [is, most] = [bytes, limit].map((number) => number.toLocaleString("en"));
  return `Your message was not sent: it takes ${is} bytes and this server takes at most ${most}. Shorten it and send it again.`;
}

/** Everything the hub says. A channel's messages come as events of the channel's name. */
function hear(event, payload) {
  credentials.heard(event, payload);
  const said = fieldsOf(payload);
  const data = fieldsOf(said.data);
  const room = nameOf(data.roomId);
  switch (event) {
    case "hub-error":
      showError(readable(said));
      break;
    case "online-users":
      hearCounts(data);
      break;
    case "room-online-users":
      if (seat?.room && room === nameOf(seat.room)) {
        const users = listed(data.users);
        view.showPeople("users", users, Math.max(countOf(data.onlineUsers), users.length), hub.id);
      }
      break;
    case "join-channel":
    case "leave-channel":
      if (seat && data.roomChannel === seat.channel) {
        members.moved({ person: view.speakerOf(said), joins: event === "join-channel" }, countOf(data.onlineUsers));
      }
      hearMove(event, said, data, "");
      break;
    case "join-room":
    case "leave-room":
      hearMove(event, said, data, room);
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

function hearMove(event, said, data, room) {
  const left = data.reason === "disconnect" ? " went offline from " : " left ";
  const [who, channel] = [view.speakerOf(said), nameOf(data.roomChannel)];
  const does = event.startsWith("join") ? " joined " : left;
  view.addLine("event", room, () => [...view.person(who), does, ...view.place(room, channel)]);
}

function hearCounts(data) {
  const channels = Object.entries(fieldsOf(data.channels)).map(([name, count]) => [name, countOf(count)]);
  view.showChannels(countOf(data.onlineUsers), channels, data.truncated === true);
  const ours = channels.find(([name]) => name === seat?.channel);
  if (ours) {
    members.counted(ours[1]);
  }
}

function showMessage(message) {
  const mine = message.clientId === hub.id;
  const id = typeof message.id === "string" ? message.id : "";
  if (mine && id) {
    if (own.delete(id)) {
      return;
    }
    own.add(id);
    if (own.size > OWN_MAX) {
      own.delete(own.values().next().value);
    }
  }
  const data = fieldsOf(message.data);
  const key = JSON.stringify([message.clientId, message.time, message.id, data]);
  if (shown.has(key)) {
    met.add(nameOf(data.roomId) ? "join-room" : "join-channel");
    return;
  }
  shown.add(key);
  if (shown.size > SHOWN_MAX) {
    shown.delete(shown.values().next().value);
  }
  view.addMessage({
    speaker: view.speakerOf(message),
    room: nameOf(data.roomId),
    channel: nameOf(data.roomChannel),
    time: message.time,
    message: data.message,
    mine,
  });
  if (!mine) {
    view.countUnread();
  }
}

/** The form or the chat, as we have a seat or not. */
function showSeat() {
  for (const [id, shown] of [["join", !seat], ["chat", seat], ["online", seat], ["people", seat?.room]]) {
    at(id).hidden = !shown;
  }
  view.showTitle(nameOf(seat?.room || seat?.channel));
  if (!seat) {
    for (const list of ["members", "users", "channels"]) {
      at(list).replaceChildren();
    }
    remember(seat);
    return;
  }
  const [name, channel, room] = [seat.name, seat.channel, seat.room].map(nameOf);
  at("where").replaceChildren(isolated(name), " in ", ...view.place(room, channel));
  const targets = [["channel", `to channel ${view.isolatedText(channel)}`]];
  if (room) {
    targets.push(["room", `to room ${view.isolatedText(room)}`]);
  }
  // Who goes into a room means to speak there.
  const chosen = target || (room ? "room" : "channel");
  at("target").replaceChildren(...targets.map(([value, text]) => new Option(text, value, false, value === chosen)));
  at("target").hidden = !room;
  remember(seat);
}

function giveUp(error) {
  const wasIn = !at("chat").hidden;
  seat = null;
  showSeat();
  showError(error.message);
  const [, named] = /\b(channel|room|user)\b(?: can have the)? name\b/.exec(error.message) ?? [];
  view.markInvalid(named === "user" ? "name" : named);
  if (wasIn) {
    // What had the focus is hidden now.
    at("channel").focus();
  }
}

function move(busy) {
  moving = busy;
  allowJoin();
  at("leave").setAttribute("aria-disabled", busy);
}

function allowJoin() {
  at("join-button").setAttribute("aria-disabled", moving || !hub.id);
}

/** An error of the hub in words, with its code to look up. */
function readable(answer) {
  const { message, code } = fieldsOf(answer);
  const [why, word] = [nameOf(message) || "the server refused it", nameOf(code)];
  return `${why[0].toUpperCase()}${why.slice(1)}${word ? ` (${word})` : ""}`;
}

/** Unlike `crypto.randomUUID`, this also works on a page that came over plain HTTP from another machine. */
function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(12)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}
