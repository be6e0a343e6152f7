// What dondo's page shows. Knows no connection. What others sent is only ever set as text: isolated, so that its direction
// and its controls end with it, and of bounded length.

/** Lines of the log, by kind: comings and goings must not push out what was said. */
const LINES_MAX = { message: 500, event: 100 };
/** Characters of a message that are shown at once; the rest on demand, but of what is longer than `WHOLE_MAX`: hundreds of
 * lines must not hold hundreds of megabytes. */
const TEXT_MAX = 5_000;
const WHOLE_MAX = 100_000;
const NAME_MAX = 256;
/** Names whose bearers are told apart. */
const NAMES_MAX = 2_000;
const BEARERS_MAX = 100;
/** People of a list that are shown. */
const LISTED_MAX = 100;
const HUES = 6;

export const at = (id) => document.getElementById(id);

export function element(tag, text = "", className = "") {
  const made = document.createElement(tag);
  made.className = className;
  made.textContent = text;
  return made;
}

/** A value of others as a name: text or number, else "". Controls that turn what is around them show as what they are. */
export function nameOf(value) {
  const text = typeof value === "string" || typeof value === "number" ? String(value) : "";
  return text.slice(0, NAME_MAX).replace(/[\p{Cc}\u202a-\u202e\u2066-\u2069]/gu, "\ufffd").trim();
}

/** A value of others as an object whose fields can be read. */
export function fieldsOf(value) {
  return typeof value === "object" && value !== null && !Array.isArray(value) ? value : {};
}

export function countOf(value) {
  return Number.isSafeInteger(value) && value >= 0 ? value : 0;
}

/** A name that cannot reorder what stands beside it. */
export function isolated(name, className = "") {
  const shown = element("bdi", name, className);
  shown.title = name;
  return shown;
}

/** The same in plain text, for options and the title. */
export const isolatedText = (name) => `\u2068${name}\u2069`;

/** A place in words and isolated names. */
export function place(room, channel) {
  if (!room) {
    return ["channel ", isolated(channel)];
  }
  return channel ? ["room ", isolated(room), " of ", isolated(channel)] : ["room ", isolated(room)];
}

/** By look-alike name: the ids that bear it. */
const bearers = new Map();
/** Names with a new bearer on the page. */
const borne = new Set();

/** Forgets whom it has seen: after a reconnection everybody may have a new id. */
export function forgetBearers() {
  bearers.clear();
}

/** Who speaks or moves, as the hub tells it: `verified` is its word that the name is an account's. */
export function speakerOf({ clientId, source }) {
  return personOf({ ...fieldsOf(source), clientId });
}

/** Who is listed, likewise. */
export function personOf({ clientId, userName, verified }) {
  return { id: nameOf(clientId), name: nameOf(userName), verified: verified === true };
}

/** A person: the name, a mark where it is an account's and, where several bear it, the first characters of the id. */
export function person({ id, name, verified }) {
  const shown = name || id.slice(0, 4) || "Someone";
  const mark = element("span", "", "mark");
  mark.dataset.look = shown.normalize("NFKC").replace(/\p{Cf}/gu, "").toLowerCase();
  mark.dataset.id = id;
  const ids = bearers.get(mark.dataset.look) ?? new Set();
  if (ids.size < BEARERS_MAX && bearers.size < NAMES_MAX) {
    bearers.set(mark.dataset.look, ids.add(id));
  }
  if (ids.size > 1) {
    if (!borne.size) {
      // Once they stand on the page, with what came together with them.
      queueMicrotask(tellApart);
    }
    borne.add(mark.dataset.look);
  }
  return [isolated(shown, `who hue${hue(id)}`), ...(verified ? [accountMark()] : []), mark];
}

/** Beside the name, where no name can draw it. */
function accountMark() {
  const shown = element("span", "\u2713", "verified");
  shown.role = "img";
  shown.ariaLabel = "an account's name";
  shown.title = "The hub vouches that this name is an account's";
  return shown;
}

function tellApart() {
  for (const mark of document.querySelectorAll(".mark:empty")) {
    if (borne.has(mark.dataset.look)) {
      mark.textContent = ` #${mark.dataset.id.slice(0, 4)}`;
    }
  }
  borne.clear();
}

function hue(id) {
  let sum = 0;
  for (const character of id) {
    sum = (sum * 31 + character.codePointAt(0)) % 9973;
  }
  return sum % HUES;
}

/** Lines that came since the page was last drawn, and the characters of their messages. */
let pending = [];
let pendingLength = 0;
const PENDING_LENGTH_MAX = 5_000_000;
let drawing = 0;

/**
 * Adds a line to the log; the oldest of its kind go when there are too many. Who has scrolled up to read stays there. `parts` makes what
 * stands in the line, when it is drawn: of a burst only what is seen costs the page anything, and pings are answered.
 */
export function addLine(kind, room, parts, { mine = false, length = 0 } = {}) {
  pending.push({ kind, room, parts, mine });
  pendingLength += length;
  drawSoon();
  if (pendingLength > PENDING_LENGTH_MAX) {
    draw();
  } else if (pending.length > 2 * (LINES_MAX.message + LINES_MAX.event)) {
    pending = newest(pending, (added) => added.kind);
  }
}

/** Those that the log has room for, in their order. */
function newest(lines, kindOf) {
  const room = { ...LINES_MAX };
  return [...lines].reverse().filter((one) => room[kindOf(one)]-- > 0).reverse();
}

function drawSoon() {
  if (drawing) {
    return;
  }
  // A page that is not looked at has no frames.
  drawing = setTimeout(draw, 200);
  requestAnimationFrame(draw);
}

function draw() {
  if (!drawing) {
    return;
  }
  clearTimeout(drawing);
  drawing = 0;
  const follow = isAtEnd();
  const drawn = newest(pending, ({ kind }) => kind);
  forgetPending();
  at("lines").append(...drawn.map(line));
  const all = [...at("lines").children];
  const stay = new Set(newest(all, ({ dataset }) => dataset.kind));
  all.filter((item) => !stay.has(item)).forEach((item) => item.remove());
  if (follow || drawn.some(({ mine }) => mine)) {
    scrollToEnd();
  } else if (drawn.some(({ kind }) => kind === "message")) {
    at("newest").hidden = false;
  }
  showTitle();
}

function line({ kind, room, parts, mine }) {
  const item = element("li", "", mine ? `${kind} mine` : kind);
  item.dataset.kind = kind;
  item.dataset.room = room;
  item.append(...parts());
  return item;
}

function forgetPending() {
  pending = [];
  pendingLength = 0;
}

/** An empty log. */
export function clearLines() {
  forgetPending();
  at("lines").replaceChildren();
}

/** Keeps the newest line in sight when a keyboard or a notice takes room from the log. */
export function followLog() {
  let follow = true;
  at("log").addEventListener("scroll", () => {
    follow = isAtEnd();
    if (follow) {
      at("newest").hidden = true;
    }
  });
  new ResizeObserver(() => {
    if (follow) {
      scrollToEnd();
    }
  }).observe(at("log"));
}

/** Whether the newest line is in sight, or nearly. */
function isAtEnd() {
  const log = at("log");
  return log.scrollHeight - log.scrollTop - log.clientHeight < 60;
}

export function scrollToEnd() {
  at("log").scrollTop = at("log").scrollHeight;
  at("newest").hidden = true;
}

/** A message line. `time` and `message` are as others sent them. */
export function addMessage({ speaker, room, channel, time, message, mine }) {
  const text = textOf(message);
  const parts = () => {
    const where = element("span", "", "place");
    where.append(...place(room, channel));
    return [...person(speaker), " ", where, " ", clock(time), said(text)];
  };
  addLine("message", room, parts, { mine, length: text.length });
}

function clock(time) {
  const shown = element("time");
  const usable = typeof time === "number" || (typeof time === "string" && time.length < 64);
  const date = new Date(usable ? time : NaN);
  if (!Number.isNaN(date.getTime())) {
    shown.dateTime = date.toISOString();
    shown.title = date.toLocaleString();
    shown.textContent = date.toLocaleTimeString([], { hour: "2-digit", minute: "2-digit" });
  }
  return shown;
}

function said(text) {
  const shown = element("span", text.slice(0, TEXT_MAX), "said");
  shown.dir = "auto";
  if (text.length <= TEXT_MAX) {
    return shown;
  }
  const length = text.length.toLocaleString("en");
  if (text.length > WHOLE_MAX) {
    shown.append(element("small", `… the beginning of ${length} characters`));
    return shown;
  }
  const more = element("button", `Show all ${length} characters`, "plain");
  more.type = "button";
  more.addEventListener("click", () => {
    shown.textContent = text;
    shown.tabIndex = -1;
    shown.focus();
  });
  shown.append("… ", more);
  return shown;
}

function textOf(message) {
  if (typeof message === "string") {
    return message;
  }
  try {
    return JSON.stringify(message ?? "");
  } catch {
    // Nested deeper than the browser can write.
    return "(a message that cannot be shown)";
  }
}

/** Fills a list of people; `count` tells how many there are, of whom some may not be listed. `you` is our own id. */
export function showPeople(list, people, count, you) {
  at(`${list}-count`).textContent = count;
  const shown = people.slice(0, LISTED_MAX);
  const items = shown.map((one) => {
    const item = element("li");
    item.dataset.client = one.id;
    const whole = element("span");
    whole.append(...person(one), one.id === you ? " (you)" : "");
    item.append(whole);
    return item;
  });
  if (count > shown.length) {
    items.push(element("li", `and ${count - shown.length} more`, "quiet"));
  }
  at(list).replaceChildren(...items);
}

/** Fills the list of channels: pairs of name and count. */
export function showChannels(total, channels, truncated) {
  at("channels-count").textContent = total;
  const items = channels.map(([name, count]) => {
    const item = element("li");
    item.dataset.channel = name;
    item.append(isolated(nameOf(name)), element("span", count, "count"));
    return item;
  });
  if (truncated) {
    items.push(element("li", "and more", "quiet"));
  }
  at("channels").replaceChildren(...items);
}

/** The state of the connection, beside the name of the page. */
export function showState(state, text, { again = false, transport = "" } = {}) {
  const shown = at("state");
  shown.dataset.state = state;
  shown.dataset.transport = transport;
  if (shown.textContent !== text) {
    shown.textContent = text;
  }
  at("reconnect").hidden = !again;
}

/** Marks one field of the form as what was refused, or none. */
export function markInvalid(field) {
  for (const id of ["name", "channel", "room"]) {
    at(id).ariaInvalid = id === field ? "true" : null;
  }
}

export function showConnected(transport) {
  const polling = transport === "polling";
  const text = polling ? "Connected over long-polling (WebSocket did not get through)" : "Connected over WebSocket";
  showState("connected", text, { transport });
}

export function showError(text) {
  at("error-text").textContent = text;
  at("error").hidden = !text;
}

let titlePlace = "";
let unread = 0;

/** The title: messages that nobody has looked at, and where we are, or "". */
export function showTitle(place = titlePlace) {
  titlePlace = place;
  const where = place ? `${isolatedText(place)} · dondo` : "dondo";
  document.title = unread ? `(${unread}) ${where}` : where;
}

/** A message came: it is unread if the page is not being looked at. */
export function countUnread() {
  if (document.hidden || !document.hasFocus()) {
    unread += 1;
    drawSoon();
  }
}

for (const happening of ["visibilitychange", "focus"]) {
  window.addEventListener(
    happening,
    () => {
      if (!document.hidden && unread) {
        unread = 0;
        showTitle();
      }
    },
    true,
  );
}
