// Who is in the channel: the answer to our join lists them, joins and leaves keep that true, and where the hub counts
// others than are listed, it is asked anew.
import { at, countOf, fieldsOf, personOf, showPeople } from "./view.js";

/** How long the list may differ from the hub's count before it is asked for anew, in ms. */
const STALE_MS = 3_000;
/** A longer list is never complete. */
const LISTED_MAX = 100;

/** The people that the hub lists, whatever it sent. */
export const listed = (users) => (Array.isArray(users) ? users : []).map(fieldsOf).map(personOf);

export class Members {
  /** By their ids. */
  #people = new Map();
  #count = 0;
  /** Joins and leaves since we asked: the list in the answer may be older. */
  #since = null;
  #truncated = false;
  #stale = 0;
  #ask;
  #you;

  /** `ask` gives the answer to a join of the channel that we are in, or null; `you` gives our own id. */
  constructor(ask, you) {
    this.#ask = ask;
    this.#you = you;
  }

  /** Whether nobody else is there. */
  get alone() {
    return this.#count === 1;
  }

  /** We join: whom we knew may be gone, or have a new id. */
  begin() {
    this.#people.clear();
    this.#since = [];
  }

  /** The answer to a join came. */
  answered({ users, onlineUsers, truncated }) {
    const since = this.#since ?? [];
    this.#since = null;
    this.#truncated = truncated === true;
    this.#people = new Map(listed(users).map((person) => [person.id, person]));
    since.forEach((happened) => this.#apply(happened));
    this.counted(since.length ? this.#count : countOf(onlineUsers));
  }

  /** Somebody joined or left; `count` are there now. */
  moved(happened, count) {
    this.#since?.push(happened);
    this.#apply(happened);
    this.counted(count);
  }

  /** The hub counts so many. Joins to a large channel are counted, not told. */
  counted(count) {
    this.#count = count;
    if (this.#since) {
      return;
    }
    const people = [...this.#people.values()];
    const shown = Math.max(count, people.length);
    showPeople("members", people, shown, this.#you());
    at("people-button").textContent = `People ${shown}`;
    const wrong = people.length !== count && !(this.#truncated && people.length <= LISTED_MAX);
    if (!wrong) {
      clearTimeout(this.#stale);
      this.#stale = 0;
    } else if (!this.#stale) {
      this.#stale = setTimeout(() => this.#refresh(), STALE_MS);
    }
  }

  #apply({ person, joins }) {
    if (joins) {
      this.#people.set(person.id, person);
    } else {
      this.#people.delete(person.id);
    }
  }

  async #refresh() {
    const since = [];
    this.#since = since;
    const answer = await this.#ask();
    this.#stale = 0;
    if (this.#since !== since) {
      // A new join is under way.
      return;
    }
    if (answer) {
      this.answered(answer);
    } else {
      this.#since = null;
    }
  }
}
