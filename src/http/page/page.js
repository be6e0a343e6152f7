// The start of dondo's first page: loads its scripts, and where one does not come says so on the page.
const LOAD_MS = 5_000;

document.getElementById("late").remove();

let missing = false;
// A script fails with those that it imports: they come first, so that the one that failed is named. The page's head has the
// browser fetch all at once.
for (const scripts of [["carriers.js", "view.js"], ["client.js", "credentials.js", "members.js", "memory.js"], ["chat.js"]]) {
  await Promise.all(scripts.map(load));
}

async function load(script) {
  const address = new URL(script, import.meta.url).href;
  const timer = setTimeout(() => tell(address, "was not answered in 5 s"), LOAD_MS);
  try {
    await import(address);
  } catch (error) {
    tell(address, "could not be loaded");
    throw error;
  } finally {
    clearTimeout(timer);
  }
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
    `This page cannot chat: ${address} ${why}. Reload the page to try again.`;
  document.getElementById("error-close").hidden = true;
  document.getElementById("error").hidden = false;
}
