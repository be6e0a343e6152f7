// The button that crashes the room, of a hub that runs with --dev: it asks the operators' listener, with the password that the
// start printed. Both come in the fragment of the link that it printed, which browsers send to nobody, or are pasted here.
const STORE = "dondo-dev";
const at = (id) => document.getElementById(id);

/** Where to ask and with which password, by a text that ends as the printed link does; null if it does not. */
function keyIn(text) {
  const [, operators, password] = /dev=((?:127\.0\.0\.1|localhost):\d+)\/([\w-]+)\s*$/.exec(text) ?? [];
  return password ? { operators, password } : null;
}

function stored() {
  try {
    return keyIn(sessionStorage.getItem(STORE) ?? "");
  } catch {
    return null;
  }
}

function store({ operators, password }) {
  try {
    sessionStorage.setItem(STORE, `dev=${operators}/${password}`);
  } catch {
    // A browser that keeps nothing: after a reload the link is needed again.
  }
}

/** Shows the button, where the hub has what is behind it. */
export function offerCrash({ room, namespace }) {
  if (document.documentElement.dataset.dev !== "on") {
    return;
  }
  let key = keyIn(location.hash);
  if (key) {
    store(key);
    history.replaceState(null, "", location.pathname + location.search);
  } else {
    key = stored();
  }
  let crashes = 0;
  const show = () => {
    at("key").hidden = key !== null;
    at("crash-now").hidden = key === null;
  };
  const tell = (text) => (at("crash-said").textContent = text);
  at("crash").hidden = false;
  show();
  at("key").addEventListener("submit", (event) => {
    event.preventDefault();
    key = keyIn(at("link").value);
    if (!key) {
      tell("That is not the link: it ends with #dev=, an address and a password.");
      return;
    }
    store(key);
    tell("");
    show();
    at("crash-now").focus();
  });
  at("crash-now").addEventListener("click", async () => {
    try {
      const answer = await fetch(`http://${key.operators}/dev/crash-room`, {
        method: "POST",
        headers: { Authorization: `Bearer ${key.password}`, "Content-Type": "application/json" },
        body: JSON.stringify({ room, namespace }),
      });
      const said = await answer.json();
      if (answer.status === 401) {
        key = null;
        show();
        at("link").focus();
        tell("The password is not that of this start: paste the link that the hub printed last.");
      } else if (said.crashed === true) {
        crashes += 1;
        tell(`The room's script panicked (${crashes}). The room caught it: its members, its order and its past are as before.`);
      } else {
        tell(`The room was not crashed: ${said.error?.message}`);
      }
    } catch {
      tell("The operators' listener does not answer.");
    }
  });
}
