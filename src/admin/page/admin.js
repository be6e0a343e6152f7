// The admin view: looks at the hub once a second while somebody looks at the page.

import { begin as beginActs } from "./act.js";
import { state } from "./ask.js";
import { at, keep, make, say } from "./make.js";
import { numbers } from "./numbers.js";
import { begin as beginRooms, rooms } from "./rooms.js";
import { tree } from "./tree.js";

const INTERVAL = 1_000;

let isBegun = false;

function show(told) {
  const { ready, draining, reasons } = told.health;
  at("state").dataset.state = ready ? "good" : "bad";
  say(at("state"), ready ? "Ready" : draining ? "Shutting down" : "Not ready");
  keep(at("reasons"), reasons, (reason) => reason, (reason) => make("li", reason));
  at("reasons").hidden = reasons.length === 0;
  say(at("role"), told.role === "write" ? "You may moderate." : "You may look.");
  numbers(told);
  tree(told);
  rooms(told);
  if (!isBegun) {
    isBegun = true;
    beginRooms();
    if (told.role === "write") {
      beginActs();
    }
  }
}

function unreachable() {
  at("state").dataset.state = "bad";
  say(at("state"), "The hub does not answer; what is shown is old.");
}

/** Ready when somebody looks at the page. */
const seen = () =>
  new Promise((ready) => {
    const look = () => {
      if (!document.hidden) {
        document.removeEventListener("visibilitychange", look);
        ready();
      }
    };
    document.addEventListener("visibilitychange", look);
    look();
  });

for (;;) {
  await seen();
  const told = await state().catch(unreachable);
  if (told) {
    show(told);
  }
  await new Promise((next) => setTimeout(next, INTERVAL));
}
