// Commands of who may moderate: asked back in a dialog, done, and told. Bans and mutes that stand, to be lifted.

import { command, lift, read } from "./ask.js";
import { at, keep, make, name } from "./make.js";

/** Tells what came of something: a sentence, nothing, or why not. */
export async function told(promise) {
  at("error").hidden = true;
  try {
    const sentence = await promise;
    at("done").textContent = sentence ?? "";
    at("done").hidden = !sentence;
  } catch (error) {
    at("done").hidden = true;
    at("error").textContent = `That did not work: ${error.message}`;
    at("error").hidden = false;
  }
}

/** What was done, in words. */
function done(title, answer) {
  if (answer.kicked === false) {
    return "It was not there any more.";
  }
  if (answer.disconnected !== undefined) {
    const closed = `${title}: ${answer.disconnected === 1 ? "one connection was" : `${answer.disconnected} connections were`} closed.`;
    const missed = answer.unreached?.length ? ` Not everybody could be asked in ${answer.unreached.join(", ")}: do it once more.` : "";
    return closed + missed;
  }
  return `${title}: done.`;
}

/** Asks back, and does it. */
export function act({ title, whom, asksHowLong = false, asksWhy = false, path, body }, then) {
  at("dialog-title").textContent = title;
  at("dialog-whom").textContent = whom;
  at("dialog-do").textContent = title;
  at("dialog-for").hidden = !asksHowLong;
  at("dialog-reason").hidden = !asksWhy;
  at("reason").value = "";
  const dialog = at("dialog");
  dialog.returnValue = "";
  dialog.onclose = () => {
    if (dialog.returnValue !== "do") {
      return;
    }
    const time = asksHowLong && at("for").value ? { for: at("for").value } : {};
    const reason = asksWhy && at("reason").value ? { reason: at("reason").value } : {};
    const all = async () => {
      const answer = await command(path, { ...body, ...time, ...reason });
      await Promise.all([then(), asksHowLong ? sentences() : undefined]);
      return done(title, answer);
    };
    told(all());
  };
  dialog.showModal();
}

/** Sentences that are shown, and where each kind goes on. */
let shown = { all: [], next: {} };

const key = ({ kind, account, address, member }) => JSON.stringify([kind, account, address, member]);

function line(sentence) {
  const { kind, account, address, member, until, reason } = sentence;
  const item = make("li");
  const text = make("span", `${kind === "bans" ? "Ban" : "Mute"} of `);
  text.append(name(account ?? address ?? member), until ? ` until ${until}` : "");
  if (reason) {
    text.append(": ", name(reason));
  }
  const button = make("button", "Lift", { type: "button", className: "plain" });
  button.setAttribute("aria-label", `Lift the ${kind.slice(0, -1)} of ${account ?? address ?? member}`);
  button.addEventListener("click", () => {
    const subject = { account, address, member };
    told(lift(kind.slice(0, -1), subject).then(() => sentences()).then(() => "It is lifted."));
  });
  item.append(text, button);
  return item;
}

async function page(kind, after) {
  const answer = await read(kind, { after, limit: 50 });
  shown.all.push(...answer[kind].map((sentence) => ({ kind, ...sentence })));
  shown.next[kind] = answer.next;
}

function show() {
  keep(at("sentence-list"), shown.all, key, line);
  at("no-sentences").hidden = shown.all.length > 0;
  at("more-sentences").hidden = !Object.values(shown.next).some(Boolean);
}

/** Reads the bans and mutes that stand. */
export async function sentences() {
  shown = { all: [], next: {} };
  at("sentence-list").replaceChildren();
  await Promise.all(["bans", "mutes"].map((kind) => page(kind)));
  show();
}

/** Once, for who may moderate. */
export function begin() {
  at("sentences").hidden = false;
  at("more-sentences").addEventListener("click", () => {
    const more = Object.entries(shown.next).filter(([, next]) => next);
    told(Promise.all(more.map(([kind, next]) => page(kind, next))).then(() => show()));
  });
  told(sentences());
}
