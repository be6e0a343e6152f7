// A headless Chromium that asks nobody but the pages it is sent to.
"use strict";

const assert = require("node:assert/strict");
const { existsSync } = require("node:fs");
const path = require("node:path");
const { chromium } = require("playwright-core");

function executablePath() {
  const names = ["chromium", "chromium-browser", "google-chrome"];
  const places = process.env.PATH.split(path.delimiter);
  const found = names.flatMap((name) => places.map((place) => path.join(place, name))).find((file) => existsSync(file));
  assert(found, "no Chromium in PATH: run ./tests/run once, which installs one");
  return found;
}

// Where a screenshot goes that somebody asks for: git keeps nothing of that folder.
exports.pictureAt = (folder, name) => path.join(__dirname, "../../target/pictures", folder, `${name}.png`);

// Runs `what` with a browser, and ends the process: with 1 and the error, if there is one.
exports.run = async (what) => {
  let failed = 0;
  try {
    const browser = await chromium.launch({
      executablePath: executablePath(),
      // Several begin at a time, on a machine that does much else: longer than the half minute that it has of itself.
      timeout: 180_000,
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
      await what(browser);
    } finally {
      await browser.close();
    }
  } catch (error) {
    console.error(error);
    failed = 1;
  }
  process.exit(failed);
};
