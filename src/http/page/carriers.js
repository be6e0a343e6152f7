// What carries the packets of dondo's page: a WebSocket, or long-polling.

const SEPARATOR = "\x1e";
export const bytesOf = (text) => new TextEncoder().encode(text).length;

/** Why a WebSocket closed, in words. */
function closed({ code, reason }) {
  switch (code) {
    case 1001:
    case 1012:
      return "The server is shutting down";
    case 1005:
    case 1006:
      return "The connection was lost";
    case 1009:
      return "The server found a message too large";
    default:
      return `The server closed the connection (${code}${reason ? `: ${reason}` : ""})`;
  }
}

/**
 * Carries packets over a WebSocket. `opens`, `heard` and `ended` are set by its owner, and never called before `start`
 * returned.
 */
export class WebSocketCarrier {
  name = "websocket";
  #socket;

  start(address) {
    const url = new URL(address);
    url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
    url.searchParams.set("transport", this.name);
    try {
      this.#socket = new WebSocket(url);
    } catch (error) {
      // Something in the browser forbids it.
      setTimeout(() => this.ended(error.message));
      return;
    }
    this.#socket.onopen = () => this.opens();
    this.#socket.onmessage = ({ data }) => typeof data === "string" && this.heard(data);
    this.#socket.onclose = (event) => this.ended(closed(event));
  }

  opens() {}

  opened() {}

  send(packet) {
    this.#socket.send(packet);
  }

  stop() {
    this.opens = this.heard = this.ended = () => {};
    this.#socket?.close();
  }
}

/** Carries packets over long-polling: one GET that waits, and one POST at a time. */
export class PollingCarrier {
  name = "polling";
  #url;
  #limit = Infinity;
  #queue = [];
  #polling = false;
  #posting = false;
  /** Called when nothing is under way any more; null unless it pauses. */
  #paused = null;
  #stopped = new AbortController();

  start(address) {
    this.#url = new URL(address);
    this.#url.searchParams.set("transport", this.name);
    this.#poll();
  }

  opened({ sid, maxPayload }) {
    this.#url.searchParams.set("sid", sid);
    this.#limit = maxPayload;
  }

  send(packet) {
    this.#queue.push(packet);
    this.#post();
  }

  /** Asks and sends no more. When all that was under way is answered it gives what waits to be sent. */
  async pause() {
    await new Promise((idle) => {
      this.#paused = () => !this.#polling && !this.#posting && idle();
      this.#paused();
    });
    return this.#queue;
  }

  resume() {
    this.#paused = null;
    this.#poll();
    this.#post();
  }

  stop() {
    this.#stopped.abort();
    if (this.#url.searchParams.has("sid")) {
      // Also from a page that is being left: else the others would see us until the ping timeout.
      fetch(this.#url, { method: "POST", body: "1", keepalive: true }).catch(() => {});
    }
  }

  async #poll() {
    if (this.#polling) {
      return;
    }
    this.#polling = true;
    try {
      while (!this.#paused && !this.#stopped.signal.aborted) {
        for (const packet of (await this.#ask("GET")).split(SEPARATOR)) {
          if (!this.#stopped.signal.aborted) {
            this.heard(packet);
          }
        }
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#polling = false;
      this.#paused?.();
    }
  }

  async #post() {
    if (this.#posting) {
      return;
    }
    this.#posting = true;
    try {
      while (!this.#paused && this.#queue.length) {
        let body = this.#queue.shift();
        let bytes = bytesOf(body);
        while (this.#queue.length && (bytes += 1 + bytesOf(this.#queue[0])) <= this.#limit) {
          body += SEPARATOR + this.#queue.shift();
        }
        await this.#ask("POST", body);
      }
    } catch (error) {
      this.#fail(error);
    } finally {
      this.#posting = false;
      this.#paused?.();
    }
  }

  async #ask(method, body) {
    const options = { method, body, cache: "no-store", signal: this.#stopped.signal };
    const answer = await fetch(this.#url, options).catch(() => {
      throw new Error("The server cannot be reached");
    });
    const text = await answer.text();
    if (!answer.ok) {
      throw new Error(refused(answer, text));
    }
    return text;
  }

  #fail(error) {
    if (!this.#stopped.signal.aborted) {
      this.ended(error.message);
    }
  }
}

/** What an answer says in words. A proxy's page for an error says no more than its number. */
function refused({ status, statusText, headers }, text) {
  if (!headers.get("content-type")?.includes("html")) {
    return `The server answered ${status}: ${message(text).slice(0, 200) || statusText}`;
  }
  return status >= 502 && status <= 504 ? `The server cannot be reached (${status})` : `The server answered ${status}`;
}

/** The sentence in an answer: its `message` where it is JSON. */
function message(text) {
  try {
    return String(JSON.parse(text).message ?? text);
  } catch {
    return text;
  }
}
