// A Socket.IO client as far as dondo's page needs one: Engine.IO 4, Socket.IO 5, one namespace, text packets. WebSocket
// first; long-polling where that does not open, and from there once more to WebSocket: some proxies let only that through.
// Of events with attachments it reads the JSON alone.

import { bytesOf, PollingCarrier, WebSocketCarrier } from "./carriers.js";

/** How long a transport may take to open, or to take over, in ms: a proxy that swallows WebSocket must not hold people up. */
const OPEN_MS = 5_000;
/** How long the server may take to let us into the namespace, in ms. */
const CONNECT_MS = 20_000;
/** The pause before a new try, in ms: doubled with each that fails, then spread by half either way. */
const PAUSE_MS = 500;
const PAUSE_MAX_MS = 10_000;
/** A connection that lasted so long was a good one, in ms: the pauses begin anew. */
const GOOD_MS = 5_000;

/** A packet over the server's limit; both in bytes. Nothing was sent. */
export class TooLarge extends Error {
  constructor(bytes, limit) {
    super(`${bytes} bytes, and the server takes ${limit}`);
    Object.assign(this, { bytes, limit });
  }
}

/**
 * A connection that comes back by itself. `on` hears of it:
 * `connecting()`, `connected()`, `event(name, first argument)`, `lost(why)` (it tries again),
 * `ended(why, reason, code)` (it does not: `connect` does; the last two are a refusal's), `upgraded()` (the transport changed, and
 * nothing else).
 */
export class Connection {
  /** Our id while we are in the namespace, else "". */
  id = "";
  #address;
  #namespace;
  #auth;
  #on;
  #carrier = null;
  /** Ends the try to move to a WebSocket, if there is one. */
  #stopProbe = null;
  #handshake = null;
  #watchdog = 0;
  #again = 0;
  #tries = 0;
  #since = 0;
  #acks = 0;
  #waiting = new Map();

  /** `path`: the endpoint, relative to the page. `auth`: gives an object for the server, or undefined, whenever we connect. */
  constructor({ path, namespace, auth = () => undefined, on }) {
    this.#address = new URL(path, document.baseURI);
    this.#address.search = "?EIO=4";
    this.#namespace = namespace === "/" ? "" : `${namespace},`;
    this.#auth = auth;
    this.#on = on;
    addEventListener("online", () => this.#again && this.connect());
    addEventListener("pagehide", () => this.#drop());
    // The browser kept the page, but not its connection.
    addEventListener("pageshow", ({ persisted }) => persisted && this.connect());
  }

  /** `websocket` or `polling`. */
  get transport() {
    return this.#carrier?.name ?? "";
  }

  /** Connects now, unless that is so or under way. */
  connect() {
    if (!this.#carrier) {
      this.#stopTimers();
      this.#on.connecting();
      this.#open(new WebSocketCarrier());
    }
  }

  /**
   * Sends an event and gives what the server answers. Rejects with `TooLarge`, or with an error fit to be shown where
   * nothing was sent, or no answer came within `ms`.
   */
  emit(event, payload, ms) {
    return new Promise((resolve, reject) => {
      if (!this.id) {
        throw new Error("Not connected: nothing was sent.");
      }
      const ack = this.#acks;
      const packet = `42${this.#namespace}${ack}${JSON.stringify([event, payload])}`;
      const bytes = bytesOf(packet);
      if (bytes > this.#handshake.maxPayload) {
        throw new TooLarge(bytes, this.#handshake.maxPayload);
      }
      this.#acks += 1;
      const unanswered = () => {
        this.#waiting.delete(ack);
        reject(new Error("No answer came: it may or may not have arrived."));
      };
      this.#waiting.set(ack, { resolve, unanswered, timer: setTimeout(unanswered, ms) });
      this.#carrier.send(packet);
    });
  }

  /** Drops the connection at once, with what is on its way, and stays away until `connect`. */
  cut(why) {
    this.#drop();
    this.#on.lost(why);
  }

  #open(carrier) {
    this.#use(carrier);
    this.#watch(OPEN_MS, "The server does not answer");
    carrier.start(this.#address);
  }

  #use(carrier) {
    this.#carrier = carrier;
    carrier.heard = (packet) => this.#read(packet);
    carrier.ended = (why) => this.#ended(why);
  }

  /** Tries once to move the session to a WebSocket: a proxy may refuse those that open sessions alone. */
  #upgrade(polling) {
    const socket = new WebSocketCarrier();
    const stay = () => {
      this.#stopProbe();
      polling.resume();
    };
    const timer = setTimeout(stay, OPEN_MS);
    this.#stopProbe = () => {
      clearTimeout(timer);
      socket.stop();
      this.#stopProbe = null;
    };
    socket.opens = () => socket.send("2probe");
    socket.ended = stay;
    socket.heard = async (packet) => {
      if (packet !== "3probe") {
        stay();
        return;
      }
      const unsent = await polling.pause();
      if (polling !== this.#carrier) {
        return;
      }
      clearTimeout(timer);
      this.#stopProbe = null;
      this.#use(socket);
      ["5", ...unsent].forEach((one) => socket.send(one));
      this.#on.upgraded();
    };
    const address = new URL(this.#address);
    address.searchParams.set("sid", this.#handshake.sid);
    socket.start(address);
  }

  #read(packet) {
    if (this.id) {
      this.#watchBeat();
    }
    try {
      switch (packet[0]) {
        case "0": {
          this.#handshake = JSON.parse(packet.slice(1));
          this.#carrier.opened(this.#handshake);
          const auth = this.#auth();
          this.#carrier.send(`40${this.#namespace}${auth ? JSON.stringify(auth) : ""}`);
          this.#watch(CONNECT_MS, "The server does not let us in");
          break;
        }
        case "1":
          this.#ended("The server closed the connection");
          break;
        case "2":
          this.#carrier.send("3");
          break;
        case "4":
          this.#message(packet.slice(1));
          break;
        case "6":
        case "b":
          break;
        default:
          this.#ended("What answers is no hub");
      }
    } catch (error) {
      if (!(error instanceof SyntaxError)) {
        throw error;
      }
      this.#ended("The server sent something unreadable");
    }
  }

  /** `<type>[<attachments>-][<namespace>,][<ack>][<JSON>]` */
  #message(packet) {
    const [head, type, namespace = "", ack] = /^(\d)(?:\d+-)?(\/[^,]*(?:,|$))?(\d*)/.exec(packet) ?? [""];
    if (namespace.replace(/,?$/, ",") !== (this.#namespace || ",")) {
      return;
    }
    const rest = packet.slice(head.length);
    const data = rest ? JSON.parse(rest) : undefined;
    switch (type) {
      case "0":
        this.id = data.sid;
        this.#since = Date.now();
        this.#watchBeat();
        this.#on.connected();
        if (this.#carrier instanceof PollingCarrier && this.#handshake.upgrades.includes("websocket")) {
          this.#upgrade(this.#carrier);
        }
        break;
      case "1":
        this.#drop();
        this.#on.ended("The server ended the connection");
        break;
      case "2":
      case "5":
        this.#on.event(data[0], data[1]);
        break;
      case "3":
      case "6": {
        const asked = this.#waiting.get(Number(ack));
        this.#waiting.delete(Number(ack));
        clearTimeout(asked?.timer);
        asked?.resolve(data[0]);
        break;
      }
      case "4": {
        const reason = String(data?.message ?? "it gave no reason");
        this.#drop();
        this.#on.ended(`The server refused us: ${reason}`, reason, data?.data?.code);
      }
    }
  }

  #ended(why) {
    const next = !this.#handshake && this.#carrier instanceof WebSocketCarrier;
    const lasted = this.id && Date.now() - this.#since > GOOD_MS;
    this.#drop();
    if (next) {
      this.#open(new PollingCarrier());
      return;
    }
    this.#tries = lasted ? 0 : this.#tries + 1;
    const pause = Math.min(PAUSE_MS * 2 ** this.#tries, PAUSE_MAX_MS) * (0.5 + Math.random());
    this.#again = setTimeout(() => this.connect(), pause);
    this.#on.lost(why);
  }

  /** Ends what there is; what waits for an answer gets none. */
  #drop() {
    this.#stopTimers();
    this.#stopProbe?.();
    this.#carrier?.stop();
    this.#carrier = this.#handshake = null;
    this.id = "";
    const waiting = [...this.#waiting.values()];
    for (const { unanswered, timer } of waiting) {
      clearTimeout(timer);
      unanswered();
    }
  }

  #stopTimers() {
    clearTimeout(this.#watchdog);
    clearTimeout(this.#again);
    this.#again = 0;
  }

  #watch(ms, why) {
    clearTimeout(this.#watchdog);
    this.#watchdog = setTimeout(() => this.#ended(why), ms);
  }

  /** The server pings: longer silence means that the connection is dead. */
  #watchBeat() {
    this.#watch(this.#handshake.pingInterval + this.#handshake.pingTimeout, "Nothing was heard from the server");
  }
}
