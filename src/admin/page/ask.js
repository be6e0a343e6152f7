// What the page asks of the hub. All addresses are relative to the page's own.

/** What the hub refuses, in its own words. */
export class Refused extends Error {}

/** How long an answer may take. */
const PATIENCE = 10_000;

async function answer(address, options = {}) {
  const response = await fetch(address, { ...options, cache: "no-store", signal: AbortSignal.timeout(PATIENCE) });
  if (response.status === 401) {
    // The session is over: the same address has the form for the password.
    location.reload();
    return new Promise(() => {});
  }
  const body = await response.json();
  if (!response.ok) {
    throw new Refused(body?.error?.message ?? `the hub answers ${response.status}`);
  }
  return body;
}

const query = (parameters) => {
  const given = Object.entries(parameters).filter(([, value]) => value !== undefined && value !== null);
  return given.length ? `?${new URLSearchParams(given)}` : "";
};

export const state = () => answer("state");

/** Reads from the HTTP API. */
export const read = (path, parameters = {}) => answer(`api/v1/${path}${query(parameters)}`);

/** Commands over the HTTP API. */
export const command = (path, body) =>
  answer(`api/v1/${path}`, { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) });

/** Takes a sentence back. */
export const lift = (path, subject) => answer(`api/v1/${path}${query(subject)}`, { method: "DELETE" });
