// What is to be copied from the proof, run as it stands.
"use strict";

const { spawn } = require("node:child_process");
const path = require("node:path");

const CLIENTS = path.join(__dirname, "..");

/** A program that is given what stands on the page, as it stands there. */
function runs(command, words, text, variables) {
  const child = spawn(command, words, { cwd: CLIENTS, env: { ...process.env, ...variables }, stdio: ["pipe", "pipe", "inherit"] });
  let said = "";
  const waiting = new Set();
  child.stdout.on("data", (data) => {
    said += data;
    waiting.forEach((look) => look());
  });
  child.stdin.end(text);
  return {
    says: (part) =>
      new Promise((resolve, reject) => {
        const look = () => said.includes(part) && resolve();
        waiting.add(look);
        look();
        child.on("exit", (code) => reject(new Error(`${command} ended with ${code} after: ${said}`)));
      }),
    stop: () => child.kill("SIGKILL"),
  };
}

const STARTS = {
  curl: ["sh"],
  JavaScript: ["node", "--input-type=module", "-"],
  Python: [path.join(CLIENTS, ".venv/bin/python"), "-"],
};

/** The page's client in a language. */
const copied = (page, language) => page.locator(`details[data-language="${language}"] pre`).textContent();

/** The same, running: with `variables` in its environment. */
async function runsCopied(page, language, variables = {}) {
  const [command, ...words] = STARTS[language];
  return runs(command, words, await copied(page, language), variables);
}

module.exports = { copied, runsCopied };
