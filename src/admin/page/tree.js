// The tree of supervision: who starts whom anew, how each part answers, how often it was started anew and why the last time.

import { ago, at, count, keep, make, name, say } from "./make.js";

/** Who a record is of. */
const key = ({ kind, namespace, name, number }) => JSON.stringify([kind, namespace ?? null, name ?? null, number ?? null]);

/** A part with the parts below it. */
function node(label, fact, who, parts = []) {
  return { label, fact, who: who && key(who), parts };
}

const lag = (milliseconds) =>
  milliseconds === null ? "does not answer" : `answers in ${milliseconds < 1 ? "less than 1" : Math.round(milliseconds)} ms`;

function namespaceNode(told, namespace) {
  const seen = told.health.namespaces.find((one) => one.name === namespace.name);
  const rooms = namespace.rooms + namespace.plainRooms;
  const facts = namespace.answers
    ? [count(namespace.members, "member"), `${namespace.online} in channels`, count(namespace.channels, "channel"), count(rooms, "room")]
    : [];
  const listed = new Set(namespace.largest.map(({ channel }) => channel));
  const crashed = told.crashed.filter((one) => one.namespace === namespace.name && one.name !== null);
  const others = crashed.filter((one) => one.kind !== "channel" || !listed.has(one.name));
  return node(`namespace ${namespace.name}`, [lag(seen?.lag_ms ?? null), ...facts].join(", "), { kind: "namespace", namespace: namespace.name }, [
    ...namespace.largest.map(({ channel, members }) =>
      node(`channel ${channel}`, count(members, "member"), { kind: "channel", namespace: namespace.name, name: channel }),
    ),
    ...others.map((one) => node(`${one.kind} ${one.name}`, "", one)),
  ]);
}

function parts(told) {
  const threads = Array.from({ length: Math.max(1, told.roomThreads) }, (_, number) => {
    const own = told.namespaces.filter(({ thread }) => thread === number);
    const label = told.roomThreads === 0 ? "rooms on the first worker" : `room thread ${number}`;
    return node(label, count(own.length, "namespace"), { kind: "room thread", number }, own.map((one) => namespaceNode(told, one)));
  });
  const couriers = told.health.couriers.map(({ worker, lag_ms, backlog, full, suspended }) => {
    const state = suspended ? "given up" : full ? "full" : `${backlog} deliveries to make`;
    return node(`courier ${worker}`, `${lag(lag_ms)}, ${state}`, { kind: "courier", number: worker });
  });
  const workers = told.crashed.filter(({ kind }) => kind === "worker");
  const ended = workers.map((one) => node(`worker ${one.number}`, "", one));
  return [
    node("hub", "", { kind: "hub" }, threads),
    node("HTTP workers", count(couriers.length, "courier"), undefined, [...ended, ...couriers]),
  ];
}

/** What a crash says of itself. */
function told_of(crash) {
  const lost = crash.pieces ? `${count(crash.pieces, "call")} lost` : "";
  const restarts = crash.restarts ? `restarted ${count(crash.restarts, "time")}` : "";
  return `${[restarts, lost].filter(Boolean).join(", ")}, last ${ago(crash.secondsAgo)}: ${crash.cause}`;
}

function show(list, nodes, crashes) {
  keep(
    list,
    nodes,
    ({ label }) => label,
    ({ label }) => {
      const item = make("li");
      item.append(name(label), make("span", "", { className: "quiet" }), make("span", "", { className: "crash" }), make("ul"));
      return item;
    },
    (item, { fact, who, parts }) => {
      const [, facts, crash, below] = item.children;
      say(facts, fact && ` – ${fact}`);
      const record = crashes.get(who);
      say(crash, record ? told_of(record) : "");
      crash.hidden = !record;
      below.hidden = parts.length === 0;
      show(below, parts, crashes);
    },
  );
}

function table(crashed) {
  keep(
    at("crashed").tBodies[0],
    crashed,
    key,
    ({ kind, namespace, name: own, number }) => {
      const row = make("tr");
      const who = make("td");
      who.append(name([kind, own ?? number, namespace !== null && own !== null ? `of ${namespace}` : namespace].filter((part) => part !== null).join(" ")));
      row.append(who, make("td"), make("td"), make("td"), make("td"));
      return row;
    },
    (row, { restarts, pieces, secondsAgo, cause }) =>
      [restarts, pieces, ago(secondsAgo), cause].forEach((value, place) => say(row.cells[place + 1], `${value}`)),
  );
  at("crashed").parentElement.hidden = crashed.length === 0;
  at("no-crashes").hidden = crashed.length > 0;
}

export function tree(told) {
  const crashes = new Map(told.crashed.map((one) => [key(one), one]));
  show(at("tree"), parts(told), crashes);
  table(told.crashed);
}
