// The first page in a headless Chromium, driven by playwright-core: scenarios for tests/it/page.rs.
// Where the hub itself must do something, a scenario asks on its output and waits for a line on its input.
//
//   node page.js URL SCENARIO [NAME]      NAME: screenshots go to target/pictures/NAME; none are made without it
"use strict";

const { run } = require("./browser.js");

const scenarios = {
  ...require("./page/chat.js"),
  ...require("./page/network.js"),
  ...require("./page/hostile.js"),
  ...require("./page/people.js"),
  ...require("./page/proof.js"),
  ...require("./page/credentials.js"),
};

run((browser) => scenarios[process.argv[3]](browser));
