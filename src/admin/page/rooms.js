// Which channels and rooms there are, and who is in one of them: a page at a time, in an order that does not change.

import { command, read } from "./ask.js";
import { act, told } from "./act.js";
import { at, count, keep, make, name, say } from "./make.js";

const PAGE = 50;

/** What the hub said last. */
let last;
/** What is listed by name: where, and behind which name it goes on. */
let listed;
/** The channel or room that is looked into. */
let inside;

/** The last text before all that begin so, so that a page behind it begins with them. */
function before(begin) {
  const letters = [...begin];
  const end = letters.pop()?.codePointAt(0);
  if (!end) {
    return undefined;
  }
  // Half of a pair is no letter.
  const previous = end === 0xe000 ? 0xd7ff : end - 1;
  return `${letters.join("")}${String.fromCodePoint(previous)}\u{10ffff}\u{10ffff}`;
}

function entry(place) {
  const item = make("li");
  const button = make("button", "", { type: "button", className: "name" });
  button.append(name(place.name));
  button.addEventListener("click", () => look(place));
  item.append(button, make("span", "", { className: "quiet" }));
  return item;
}

const key = ({ namespace, kind, name }) => JSON.stringify([namespace, kind, name]);

function names(places) {
  keep(at("names"), places, key, entry, (item, { members }) => say(item.lastElementChild, count(members, "member")));
  at("no-names").hidden = places.length > 0;
}

function largest() {
  const namespace = at("namespace").value;
  const of = last.namespaces.find((one) => one.name === namespace);
  names((of?.largest ?? []).map(({ channel, members }) => ({ namespace, kind: "channel", name: channel, members })));
  at("more-names").hidden = true;
}

/** Lists by name, from `after` on. */
async function page(after) {
  const { namespace, kind, begin, places } = listed;
  const wanted = listed;
  const answer = await read(kind, { namespace, after, limit: PAGE });
  if (wanted !== listed) {
    return;
  }
  const one = kind === "rooms" ? "room" : "channel";
  const all = answer[kind].map((found) => ({ namespace, kind: one, name: found[one], members: found.members }));
  places.push(...all.filter((place) => place.name.startsWith(begin)));
  // Behind the last of those that begin so nobody needs to look.
  const goesOn = answer.next !== null && (begin === "" || answer.next.startsWith(begin) || answer.next < begin);
  listed.next = goesOn ? answer.next : null;
  names(places);
  at("more-names").hidden = listed.next === null;
}

function find() {
  const [kind, begin] = [at("kind").value, at("begin").value];
  if (kind === "largest" && begin === "") {
    listed = undefined;
    largest();
    return undefined;
  }
  listed = { namespace: at("namespace").value, kind: kind === "rooms" ? "rooms" : "channels", begin, places: [], next: null };
  return page(before(begin));
}

function row(member) {
  const line = make("tr");
  const id = make("td");
  id.append(name(member.id));
  const account = make("td");
  account.append(name(member.account ?? ""));
  line.append(id, account, make("td", member.address ?? ""));
  if (last.role === "write") {
    const acts = make("td");
    const known = member.account === null ? { member: member.id } : { account: member.account };
    const whom = member.account === null ? `member ${member.id}` : `account ${member.account}`;
    const lasting = member.account === null ? `address ${member.address}` : whom;
    const { namespace, kind, name: place } = inside.place;
    const button = (title, options) => {
      const one = make("button", title, { type: "button", className: "plain" });
      one.setAttribute("aria-label", `${title} ${member.account ?? member.id}`);
      one.addEventListener("click", () => act({ title, ...options }, () => refresh()));
      acts.append(one);
    };
    button("Kick", { whom: `${whom}, out of ${place}`, asksWhy: true, path: "kick", body: { namespace, member: member.id, [kind]: place } });
    button("Disconnect", { whom, path: "disconnect", body: { member: member.id } });
    button("Mute", { whom, asksWhy: true, asksHowLong: true, path: "mute", body: known });
    button("Ban", { whom: lasting, asksWhy: true, asksHowLong: true, path: "ban", body: { member: member.id } });
    line.append(acts);
  }
  return line;
}

async function members(after) {
  const wanted = inside;
  const { namespace, kind, name: of } = wanted.place;
  const answer = await read(`${kind}s/${encodeURIComponent(of)}/members`, { namespace, after, limit: PAGE });
  if (wanted !== inside) {
    return;
  }
  wanted.members.push(...answer.members);
  wanted.next = answer.next;
  keep(at("members").tBodies[0], wanted.members, ({ id }) => `${key(wanted.place)} ${id}`, row);
  at("members").parentElement.hidden = wanted.members.length === 0;
  at("no-members").hidden = wanted.members.length > 0;
  at("more-members").hidden = wanted.next === null;
}

/** Looks into a channel or room. */
function look(place) {
  inside = { place, members: [], next: null };
  at("inside").hidden = false;
  const title = at("inside-title");
  title.replaceChildren(`In the ${place.kind} `, name(place.name), place.namespace === "/" ? "" : ` of ${place.namespace}`);
  const again = make("button", "Look again", { type: "button", className: "plain" });
  again.addEventListener("click", () => refresh());
  const buttons = [again];
  if (last.role === "write" && place.kind === "room") {
    // A lock is one of a room's address, which is the room and the channel that its clients name with it.
    const of = make("input", "", { id: "of", autocomplete: "off", spellcheck: false, dir: "auto" });
    const line = make("p");
    line.append(make("label", "Its channel, if clients name one", { htmlFor: "of" }), of);
    buttons.push(line);
    for (const [text, locked, said] of [["Lock", true, "locked: nobody else comes in"], ["Unlock", false, "open again"]]) {
      const button = make("button", text, { type: "button", className: "plain" });
      const body = () => ({ namespace: place.namespace, room: place.name, locked, ...(of.value && { channel: of.value }) });
      button.addEventListener("click", () => told(command("lock", body()).then(() => `The room is ${said}.`)));
      buttons.push(button);
    }
  }
  at("inside-buttons").replaceChildren(...buttons);
  at("members").querySelector(".acts").hidden = last.role !== "write";
  at("members").tBodies[0].replaceChildren();
  at("inside").scrollIntoView({ block: "nearest" });
  return told(members());
}

function refresh() {
  inside = { place: inside.place, members: [], next: null };
  return told(members());
}

/** Once, when the page begins. */
export function begin() {
  at("find").addEventListener("submit", (event) => {
    event.preventDefault();
    told(find());
  });
  at("namespace").addEventListener("change", () => told(find()));
  at("kind").addEventListener("change", () => told(find()));
  at("more-names").addEventListener("click", () => told(page(listed.next)));
  at("more-members").addEventListener("click", () => told(members(inside.next)));
}

/** With each look at the hub. */
export function rooms(state) {
  last = state;
  keep(at("namespace"), state.namespaces, (one) => one.name, (one) => make("option", one.name, { value: one.name }));
  if (!listed) {
    largest();
  }
}
