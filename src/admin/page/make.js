// Elements. What is said in them is text, never HTML: names and causes are strangers' words.

export const at = (id) => document.getElementById(id);

/** An element with a text and properties. */
export function make(tag, text = "", properties = {}) {
  const element = Object.assign(document.createElement(tag), properties);
  element.textContent = text;
  return element;
}

/** Says a text where something else stood. What did not change is not touched, so that a screen reader stays quiet. */
export function say(element, text) {
  if (element.textContent !== text) {
    element.textContent = text;
  }
}

/** A stranger's name, which turns no other text around. */
export const name = (text, properties = {}) => make("bdi", text, properties);

/** Makes the children of an element those of some items, by their keys: who is there already stays, with its focus. */
export function keep(parent, items, key, create, change = () => {}) {
  const keys = new Set(items.map(key));
  // First: what is moved loses its focus.
  [...parent.children].filter((child) => !keys.has(child.dataset.key)).forEach((child) => child.remove());
  const there = new Map([...parent.children].map((child) => [child.dataset.key, child]));
  let place = parent.firstElementChild;
  for (const item of items) {
    const child = there.get(key(item)) ?? create(item);
    child.dataset.key = key(item);
    change(child, item);
    if (child === place) {
      place = place.nextElementSibling;
    } else {
      parent.insertBefore(child, place);
    }
  }
}

export const count = (number, one, many = `${one}s`) => `${number.toLocaleString("en")} ${number === 1 ? one : many}`;

export function ago(seconds) {
  for (const [unit, length] of [["day", 86_400], ["hour", 3_600], ["minute", 60]]) {
    if (seconds >= length) {
      return `${count(Math.floor(seconds / length), unit)} ago`;
    }
  }
  return seconds < 1 ? "now" : `${count(seconds, "second")} ago`;
}
