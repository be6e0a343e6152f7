// Whoever makes tokens for a hub: keys and tokens by the npm package jose, which knows nothing of dondo. One command a line in,
// one answer a line out, all JSON. Ends with its input.
//
// In:  [number, "keys"]                             a PEM of the public key for each algorithm, and all of them as a set
//      [number, "sign", algorithm, claims, header]  a token by this issuer's key; of "HS256" the secret is the header's `secret`
//      [number, "forge", algorithm, claims]         the same by another key of that kind
// Out: {answer: number, value}
"use strict";

const ALGORITHMS = ["RS256", "ES256", "EdDSA"];

const ready = import("jose").then(async (jose) => {
  const pairs = async () =>
    Object.fromEntries(
      await Promise.all(
        ALGORITHMS.map(async (algorithm) => [algorithm, await jose.generateKeyPair(algorithm, { extractable: true })]),
      ),
    );
  return { jose, own: await pairs(), others: await pairs() };
});

const text = (value) => new TextEncoder().encode(value);

async function signed(keys, algorithm, claims, { secret, ...header } = {}) {
  const { jose } = await ready;
  const key = algorithm === "HS256" ? text(secret) : keys[algorithm].privateKey;
  return new jose.SignJWT(claims).setProtectedHeader({ alg: algorithm, typ: "JWT", ...header }).sign(key);
}

const does = {
  keys: async () => {
    const { jose, own } = await ready;
    const found = { jwks: { keys: [] } };
    for (const algorithm of ALGORITHMS) {
      found[algorithm] = await jose.exportSPKI(own[algorithm].publicKey);
      const jwk = await jose.exportJWK(own[algorithm].publicKey);
      found.jwks.keys.push({ ...jwk, kid: `key-${algorithm}`, use: "sig" });
    }
    return found;
  },
  sign: async (...asked) => signed((await ready).own, ...asked),
  forge: async (...asked) => signed((await ready).others, ...asked),
};

require("node:readline")
  .createInterface({ input: process.stdin })
  .on("line", async (line) => {
    const [answer, verb, ...args] = JSON.parse(line);
    process.stdout.write(`${JSON.stringify({ answer, value: (await does[verb](...args)) ?? null })}\n`);
  })
  .on("close", () => process.exit());
