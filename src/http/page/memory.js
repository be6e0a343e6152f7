// Where a reload finds itself again: the place stands in the address, to be passed on to others; the name, whether we were
// in, and whether we spoke to the room or the channel, in the window's own store.
import { at, fieldsOf, nameOf } from "./view.js";

const FIELDS = ["name", "channel", "room"];
const STORE = "dondo";

/** Keeps the form's fields, and `seat`: where we are, or null. */
export function remember(seat) {
  const address = new URL(location.href);
  for (const field of ["channel", "room"]) {
    address.searchParams.delete(field);
    if (seat?.[field]) {
      address.searchParams.set(field, seat[field]);
    }
  }
  const fields = FIELDS.map((field) => [field, at(field).value]);
  try {
    history.replaceState(null, "", address);
    const kept = { ...Object.fromEntries(fields), in: Boolean(seat), target: at("target").value };
    sessionStorage.setItem(STORE, JSON.stringify(kept));
  } catch {
    // A browser that keeps nothing: the page works all the same.
  }
}

/** Fills the form with what the address names and the window kept; whether this window was in that very place. */
export function recall() {
  const kept = stored();
  const address = new URL(location.href).searchParams;
  const linked = address.has("channel");
  const found = linked ? { ...kept, channel: address.get("channel"), room: address.get("room") ?? "" } : kept;
  for (const field of FIELDS) {
    if (typeof found[field] === "string" && nameOf(found[field])) {
      at(field).value = nameOf(found[field]);
    }
  }
  const same = ["channel", "room"].every((field) => at(field).value === String(kept[field]).trim());
  return kept.in === true && linked && same && at("name").value !== "";
}

/** Whom the window spoke to when it was last here: "channel" or "room"; "" if it was not. */
export function recallTarget() {
  const { target } = stored();
  return target === "channel" || target === "room" ? target : "";
}

function stored() {
  try {
    return fieldsOf(JSON.parse(sessionStorage.getItem(STORE) ?? "{}"));
  } catch {
    return {};
  }
}
