// One of the two clients of the proof: it says numbers in a room, counts what it hears of the other's, and after a cut asks the
// hub for what was said meanwhile. What it said without an answer it says again if the hub does not tell it of that, with the
// same number; so nothing is lost as long as the hub keeps what was said, and what would come twice is counted.
import { Connection } from "./client.js";
import { Tally } from "./tally.js";

const ANSWER_MS = 10_000;
/** How often the position in the room's past is asked for: what lies before the last but one is not asked for again. */
const POSITION_MS = 20_000;
/** Numbers that wait for a connection; then no more are said. */
const WAITING_MAX = 500;

export class Side {
  tally = new Tally();
  sent = 0;
  /** Of these nobody knows whether they arrived: the hub had forgotten what was said meanwhile. */
  unknown = 0;
  state = "Connecting…";
  isIn = false;
  isCut = false;
  refused = "";
  #name;
  #other;
  #place;
  #run;
  #on;
  #hub;
  #unsent = [];
  #unanswered = new Set();
  #positions = [];
  #refreshing = 0;

  /** `on` hears `changed()` and `line(who, text)`. */
  constructor({ name, other, run, channel, room, path, namespace, credentials, on }) {
    [this.#name, this.#other, this.#run, this.#on] = [name, other, run, on];
    this.#place = { roomChannel: channel, roomId: room };
    this.#hub = new Connection({
      path,
      namespace,
      auth: () => credentials.auth,
      on: {
        connecting: () => this.#is("Connecting…"),
        connected: () => {
          credentials.accepted();
          this.#join();
        },
        upgraded() {},
        event: (event, payload) => {
          credentials.heard(event, payload);
          if (event === "notify-room") {
            this.#hear(payload);
          }
        },
        lost: (why) => this.#away(this.isCut ? why : `${why}, trying again…`),
        ended: (why, reason, code) => {
          this.#away(why);
          credentials.ended(reason, code);
        },
      },
    });
    this.connect();
  }

  /** Says the next number, now or when it can. */
  say() {
    if (this.#unsent.length >= WAITING_MAX) {
      return;
    }
    this.sent += 1;
    this.#unsent.push(this.sent);
    this.#flush();
    this.#on.changed();
  }

  /** Numbers that are still to arrive. */
  get waiting() {
    return this.#unsent.length + this.#unanswered.size;
  }

  /** Loses its connection, and has none until `mend`. */
  cut() {
    this.isCut = true;
    this.#hub.cut("No network");
  }

  mend() {
    this.isCut = false;
    this.#hub.connect();
  }

  /** Connects where it is neither cut nor connected. */
  connect() {
    if (!this.isCut) {
      this.#hub.connect();
    }
  }

  #is(state) {
    this.state = state;
    this.#on.changed();
  }

  #away(why) {
    this.isIn = false;
    clearInterval(this.#refreshing);
    this.tally.endAgain();
    this.#is(why);
  }

  async #join() {
    const { id } = this.#hub;
    const [since] = this.#positions;
    this.#is("Joining…");
    try {
      await this.#ask("join-channel", {});
      this.tally.beginAgain();
      const { position, complete } = await this.#ask("join-room", since ? { since } : { history: 0 });
      this.tally.endAgain();
      this.#remember(position);
      this.isIn = true;
      this.#is("In the room");
      this.#sayAgain(!since || complete !== false);
      this.#refreshing = setInterval(() => this.#refresh(), POSITION_MS);
    } catch (error) {
      // Else the connection is another by now, and joins by itself.
      if (this.#hub.id === id) {
        this.#away(error.message);
      }
    }
  }

  /** What has no answer and was not told again has not arrived, where all was told. */
  #sayAgain(isAllTold) {
    const unanswered = [...this.#unanswered];
    this.#unanswered.clear();
    if (isAllTold) {
      this.#unsent.unshift(...unanswered);
    } else {
      this.unknown += unanswered.length;
    }
    this.#flush();
  }

  #flush() {
    while (this.isIn && this.#unsent.length) {
      const number = this.#unsent.shift();
      this.#unanswered.add(number);
      const more = { message: `number ${number}` };
      this.#ask("notify-room", more, `${this.#run}:${this.#name}:${number}`).then(
        () => this.#unanswered.delete(number),
        (error) => {
          if (error.isRefusal) {
            this.#unanswered.delete(number);
            this.refused = error.message;
          }
        },
      ).then(() => this.#on.changed());
    }
  }

  /** The position may be that of what is still on its way here: the one before it is used. */
  async #refresh() {
    const answer = await this.#ask("join-room", { history: 0 }).catch(() => ({}));
    this.#remember(answer.position);
  }

  #remember(position) {
    if (position) {
      this.#positions = [...this.#positions, position].slice(-2);
    }
  }

  async #ask(event, more, id) {
    const data = { ...this.#place, ...more };
    const source = { userName: this.#name, appName: "dondo-proof" };
    const answer = await this.#hub.emit(event, { data, source, id }, ANSWER_MS);
    if (answer?.ok !== true) {
      throw Object.assign(new Error(String(answer?.message ?? "The hub refused it")), { isRefusal: true });
    }
    return answer;
  }

  #hear(payload) {
    const { data, id, source } = payload ?? {};
    if (data?.roomId !== this.#place.roomId) {
      return;
    }
    const [run, who, digits] = typeof id === "string" ? id.split(":") : [];
    const number = Number(digits);
    if (run !== this.#run || !Number.isSafeInteger(number) || number < 1) {
      this.#on.line(source?.userName, data.message);
    } else if (who === this.#name) {
      this.#unanswered.delete(number);
    } else if (who === this.#other) {
      this.tally.heard(number);
      this.#on.line(who, data.message);
    }
    this.#on.changed();
  }
}
