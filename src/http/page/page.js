// The start of dondo's first page: loads its scripts, and where one does not come says so on the page.
const SCRIPTS = ["client.js", "view.js", "members.js", "memory.js", "chat.js"];
const LOAD_MS = 5_000;

document.getElementById("late").remove();

let missing = false;
for (const script of SCRIPTS) {
  const address = new URL(script, import.meta.url).href;
  const timer = setTimeout(() => tell(address, "no answer in 5 s"), LOAD_MS);
  import(address).then(
    () => clearTimeout(timer),
    (error) => tell(address, error.message),
  );
}

/** The first address that failed: others fail with it. */
function tell(address, why) {
  if (missing) {
    return;
  }
  missing = true;
  const state = document.getElementById("state");
  state.dataset.state = "failed";
  state.textContent = "The chat client is missing";
  document.getElementById("error-text").textContent =
    `This page cannot chat: ${address} could not be loaded (${why}). Reload the page to try again.`;
  document.getElementById("error").hidden = false;
}
