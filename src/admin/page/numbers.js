// How many there are, how fast they come, and why sessions ended.

import { ago, at, keep, make, say } from "./make.js";

const bytes = (number) => {
  if (number === null) {
    return "unknown";
  }
  const power = Math.min(4, number < 1024 ? 0 : Math.floor(Math.log2(number) / 10));
  return `${(number / 1024 ** power).toFixed(power && number / 1024 ** power < 100 ? 1 : 0)} ${["B", "KiB", "MiB", "GiB", "TiB"][power]}`;
};
const whole = (number) => number.toLocaleString("en");
const rate = (number) => `${number.toLocaleString("en", { maximumFractionDigits: number < 10 ? 1 : 0 })}/s`;

/** The counters of a look before: a rate is what came between two looks. */
let before;

function rates({ milliseconds, counts }) {
  const past = before?.milliseconds <= milliseconds ? before : undefined;
  before = { milliseconds, counts };
  const seconds = past && (milliseconds - past.milliseconds) / 1000;
  return (counter) => (seconds ? rate(Math.max(0, counts[counter] - past.counts[counter]) / seconds) : "…");
}

/** Pairs of a list of terms. */
function pairs(list, all) {
  const flat = all.flatMap(([term, value]) => [{ tag: "dt", term, text: term }, { tag: "dd", term, text: value }]);
  keep(list, flat, ({ tag, term }) => `${tag} ${term}`, ({ tag }) => make(tag), (element, { text }) => say(element, text));
}

/** In the list of numbers each pair has a group of its own, so that the grid keeps it together. */
function grid(list, all) {
  keep(
    list,
    all,
    ([term]) => term,
    ([term]) => {
      const group = make("div");
      group.append(make("dt", term), make("dd"));
      return group;
    },
    (group, [, value]) => say(group.lastElementChild, value),
  );
}

export function numbers(told) {
  const { counts } = told;
  const each = rates(told);
  grid(at("numbers"), [
    ["Sessions", whole(counts.sessions)],
    ["Connections", whole(counts.connections)],
    ["Members", whole(counts.members)],
    ["Channels and rooms", whole(counts.rooms)],
    ["Messages", each("letters")],
    ["Deliveries", each("deliveries")],
    ["Closes", each("closes")],
    ["Pauses for rates", each("pauses")],
    ["Held for clients", `${bytes(counts.bytes)} of ${bytes(counts.bytesMax)}`],
    ["Memory", bytes(counts.residentBytes)],
    ["Crashes", whole(counts.crashes)],
    ["Started", ago(told.uptimeSeconds)],
    ["Version", told.version],
  ]);
  const listed = (all) => (all.length ? all.map(({ what, count }) => [what, whole(count)]) : [["none", "0"]]);
  pairs(at("closes"), listed(told.closes));
  pairs(at("refusals"), listed(told.refusals));
}
