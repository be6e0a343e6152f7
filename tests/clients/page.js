// The first page in a headless Chromium, driven by playwright-core: scenarios for tests/it/page.rs.
// Where the hub itself must do something, a scenario asks on its output and waits for a line on its input.
//
//   node page.js URL SCENARIO [DIR]      DIR: where screenshots go; none are made without it
"use strict";

const assert = require("node:assert/strict");
const { existsSync } = require("node:fs");
const path = require("node:path");
const { chromium } = require("playwright-core");

const scenarios = {
  ...require("./page/chat.js"),
  ...require("./page/network.js"),
  ...require("./page/hostile.js"),
  ...require("./page/people.js"),
};

function browserPath() {
  const names = ["chromium", "chromium-browser", "google-chrome"];
  const places = process.env.PATH.split(path.delimiter);
  const found = names.flatMap((name) => places.map((place) => path.join(place, name))).find((file) => existsSync(file));
  assert(found, "no Chromium in PATH: run ./tests/run once, which installs one");
  return found;
}

async function main() {
  const browser = await chromium.launch({
    executablePath: browserPath(),
    args: [
      "--headless",
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--disable-background-networking",
      "--disable-component-update",
      "--disable-sync",
    ],
  });
  try {
    await scenarios[process.argv[3]](browser);
  } finally {
    await browser.close();
  }
}

main().then(
  () => process.exit(0),
  (error) => {
    console.error(error);
    process.exit(1);
  },
);
