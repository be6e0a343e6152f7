// The token that a hub asks for which lets no guests in: a form for it, and the token for as long as this document lives. It is in
// no store and in no address: whatever else comes from this host could read a store, a browser writes one to disk to find its
// windows again, and an address is passed on, kept in histories and printed in logs. So a reload asks again.
//
// Ids that tests rely on (credentials.html, which is part of every page):
//   #credentials     the form, hidden unless the hub asks; #refusal says why it does, #token is the field

/** What another token mends. */
const MENDED = new Set(["unauthorized", "token_invalid", "token_expired", "token_foreign", "token_revoked"]);
/** What puts out whoever is in already. */
const OVER = new Set(["token_expired", "token_revoked"]);

const at = (id) => document.getElementById(id);

export class Credentials {
  #token = "";
  #next;
  /** Why our token lets us in no longer: the hub's sentence and its code. */
  #over = [];

  /** `given` is called when there is another token to connect with; `next` says where the focus goes from the form. */
  constructor({ given, next }) {
    this.#next = next;
    at("credentials").addEventListener("submit", (event) => {
      event.preventDefault();
      // What people copy has line ends at times, and no token has white space.
      const token = at("token").value.replace(/\s/gu, "");
      if (token) {
        this.#token = token;
        // Nothing that looks at the page later finds it there.
        at("token").value = "";
        // The same words once more would be no news.
        at("refusal").textContent = "";
        given();
      }
    });
  }

  /** What the hub is shown on connecting. */
  get auth() {
    return this.#token ? { token: this.#token } : undefined;
  }

  /** Whether the hub wants a token that it was not shown yet. */
  get asks() {
    return !at("credentials").hidden;
  }

  /** An error of the hub's that no request asked for: that a token ends is told ahead of the connection's end. */
  heard(event, payload) {
    if (event === "hub-error" && OVER.has(payload?.code)) {
      this.#over = [String(payload.message), payload.code];
    }
  }

  /** The hub ended the connection, or refused it with a code: asks for a token, if that is what it takes. */
  ended(why, code) {
    const [sentence, kind] = code ? [why, code] : this.#over;
    if (!MENDED.has(kind)) {
      return;
    }
    at("refusal").textContent = `${sentence} (${kind})`;
    at("credentials").hidden = false;
    // Not from under somebody who writes.
    if (document.activeElement === document.body) {
      at("token").focus();
    }
  }

  /** The hub lets us in. */
  accepted() {
    this.#over = [];
    const form = at("credentials");
    const hadFocus = form.contains(document.activeElement);
    form.hidden = true;
    if (hadFocus) {
      this.#next().focus();
    }
  }
}
