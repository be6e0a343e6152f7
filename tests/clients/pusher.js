// Pusher's library for Node, unchanged: triggers events at a hub as if that were Pusher.
const Pusher = require("pusher");

const [host, port, secret] = process.argv.slice(2);
const at = (secret) => new Pusher({ appId: "3", key: "278d425bdf160c739803", secret, host, port, useTLS: false });

(async () => {
  const pusher = at(secret);
  await pusher.trigger(["orders", "lobby"], "new", { order: 7, é: "ü" });
  console.log("triggered");
  await pusher.triggerBatch([
    { channel: "orders", name: "first", data: "a text" },
    { channel: "orders", name: "second", data: [1, 2] },
  ]);
  console.log("batch");
  try {
    await at(secret.replace("7", "8")).trigger("orders", "forged", {});
  } catch (error) {
    if (error.status !== 401) throw error;
    console.log("refused");
  }
})();
