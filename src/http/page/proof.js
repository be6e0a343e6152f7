// The proof: two clients side by side in one room, what each has lost or heard twice of the other's, and buttons that break things.
//
// Ids that tests rely on (proof.html):
//   #verdict               what both have lost and heard twice; "lost 0, repeated 0"
//   #run                   starts and pauses; aria-pressed says which
//   .side                  one for each client; data-side is its name; [data-count] are its counts
//   #crash-now, #crash-said, #key with #link   where the hub runs with --dev
//   #invitation, #picture  the link to the chat in this room, and its picture
//   #snippets details      one for each language; data-language is its name
import { offerCrash } from "./crash.js";
import { Credentials } from "./credentials.js";
import { Side } from "./side.js";
import { snippets } from "./snippets.js";

const SAY_MS = 500;
const CUT_S = 10;
const LINES_MAX = 50;
const TEXT_MAX = 500;
/** A page that nobody looks at any more is not to speak for ever. */
const SAID_MAX = 1_200;

const at = (id) => document.getElementById(id);
const { path, namespace, events } = document.documentElement.dataset;
const { channel, room } = place();
const run = letters(12);
let saying = 0;
let drawing = 0;

at("room").textContent = room;
const credentials = new Credentials({
  given: () => {
    sides.forEach(({ side }) => side.connect());
    showSnippets();
  },
  next: () => at("run"),
});
const sides = [["Ama", "Kofi"], ["Kofi", "Ama"]].map(([name, other]) => shown(name, other));
at("run").addEventListener("click", () => (saying ? pause() : start()));
start();
offerCrash({ room, namespace });
invite();
showSnippets();

/** Where we meet: as the address says, else in a room of our own, which the address says from then on. */
function place() {
  const address = new URL(location.href);
  const channel = address.searchParams.get("channel") || "proof";
  const room = address.searchParams.get("room") || letters(6);
  address.searchParams.set("channel", channel);
  address.searchParams.set("room", room);
  history.replaceState(null, "", address);
  return { channel, room };
}

function letters(count) {
  return Array.from(crypto.getRandomValues(new Uint8Array(count)), (byte) => (byte % 36).toString(36)).join("");
}

function start() {
  at("run").textContent = "Pause";
  at("run").ariaPressed = "true";
  saying = setInterval(() => {
    // Who is not heard from the first number on would count those before as lost.
    if (sides.every(({ side }) => side.isIn || side.sent > 0)) {
      sides.forEach(({ side }) => side.say());
    }
    if (sides.some(({ side }) => side.sent % SAID_MAX === 0 && side.sent > 0)) {
      pause();
    }
  }, SAY_MS);
}

function pause() {
  clearInterval(saying);
  saying = 0;
  at("run").textContent = "Go on";
  at("run").ariaPressed = "false";
}

/** One client, and its part of the page. */
function shown(name, other) {
  const part = at("side").content.cloneNode(true).firstElementChild;
  const [state, button, lines] = [".state", "button", ".lines"].map((one) => part.querySelector(one));
  part.dataset.side = name;
  part.querySelector("h2").textContent = name;
  lines.ariaLabel = `What ${name} hears`;
  at("sides").append(part);
  const line = (who, text) => {
    const item = document.createElement("li");
    const said = typeof text === "string" ? text : JSON.stringify(text) ?? "";
    const speaker = document.createElement("bdi");
    speaker.textContent = String(who ?? "Someone").slice(0, 64);
    const words = document.createElement("bdi");
    words.textContent = said.slice(0, TEXT_MAX);
    item.append(speaker, ": ", words);
    lines.prepend(item);
    if (lines.children.length > LINES_MAX) {
      lines.lastChild.remove();
    }
  };
  const side = new Side({ name, other, run, channel, room, path, namespace, credentials, on: { changed: drawSoon, line } });
  button.addEventListener("click", () => cut(side, button));
  return { side, part, state };
}

function cut(side, button) {
  if (side.isCut) {
    return;
  }
  side.cut();
  const began = Date.now();
  button.ariaDisabled = "true";
  const show = () => {
    const left = Math.ceil(CUT_S - (Date.now() - began) / 1000);
    if (left > 0) {
      button.textContent = `Back in ${left} s`;
      return;
    }
    clearInterval(ticking);
    button.textContent = `Cut my network for ${CUT_S} s`;
    button.ariaDisabled = null;
    side.mend();
  };
  const ticking = setInterval(show, 250);
  show();
}

function drawSoon() {
  drawing ||= setTimeout(draw, 50);
}

function set(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

function draw() {
  drawing = 0;
  for (const { side, part, state } of sides) {
    const { sent, waiting, unknown, tally } = side;
    const counts = { sent, waiting, unknown, received: tally.received, lost: tally.lost, repeated: tally.repeated };
    for (const [name, count] of Object.entries(counts)) {
      const shown = part.querySelector(`[data-count="${name}"]`);
      set(shown, String(count));
      shown.classList.toggle("bad", count > 0 && ["lost", "repeated", "unknown"].includes(name));
    }
    set(state, side.refused ? `${side.state}. Refused: ${side.refused}` : side.state);
    part.classList.toggle("away", !side.isIn);
  }
  const sum = (count) => sides.reduce((sum, { side }) => sum + count(side), 0);
  const [lost, repeated] = [sum(({ tally }) => tally.lost), sum(({ tally }) => tally.repeated)];
  set(at("verdict"), `lost ${lost}, repeated ${repeated}`);
  at("verdict").classList.toggle("bad", lost + repeated > 0);
}

function invite() {
  const link = new URL("./", location.href);
  link.search = new URLSearchParams({ channel, room });
  at("invitation").value = link.href;
  at("picture").src = `invitation.svg?${new URLSearchParams({ link: link.href })}`;
  at("near").hidden = !/^(localhost|127\.[\d.]+|\[::1\])$/.test(location.hostname);
  at("copy-invitation").addEventListener("click", () => copy(link.href, at("invitation")));
}

function showSnippets() {
  const { origin, pathname: endpoint } = new URL(path, location.href);
  const stream = events ? new URL(events, location.href).pathname : "";
  const all = snippets({ origin, path: endpoint, namespace, events: stream, channel, room, asked: !!credentials.auth });
  at("snippets").replaceChildren();
  for (const [language, text] of Object.entries(all)) {
    const details = document.createElement("details");
    const summary = document.createElement("summary");
    const code = document.createElement("pre");
    const button = document.createElement("button");
    details.name = "snippet";
    details.dataset.language = language;
    summary.textContent = language;
    code.textContent = text;
    code.tabIndex = 0;
    code.ariaLabel = `A client in ${language}`;
    code.role = "region";
    button.type = "button";
    button.className = "plain";
    button.textContent = "Copy";
    button.ariaLabel = `Copy the client in ${language}`;
    button.addEventListener("click", () => copy(text, code));
    details.append(summary, code, button);
    at("snippets").append(details);
  }
  at("snippets").firstElementChild.open = true;
}

/** To the clipboard; where the browser has none for pages over plain HTTP, what is to be copied is selected. */
async function copy(text, shown) {
  try {
    await navigator.clipboard.writeText(text);
    at("copied").textContent = "Copied.";
  } catch {
    getSelection().selectAllChildren(shown);
    shown.select?.();
    at("copied").textContent = "Selected: copy it with the keyboard.";
  }
}
