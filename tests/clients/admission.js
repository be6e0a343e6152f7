// Asks to be let into each namespace at once, and says on a line how that ended: admission.js URL TRANSPORT
const { io } = require("socket.io-client");

const [url, transport] = process.argv.slice(2);
const namespaces = ["/slow", "/fails", "/panics", "/panics-at-once", "/never"];
let left = namespaces.length;

function told(namespace, how) {
  console.log(JSON.stringify({ namespace, ...how }));
  if (--left === 0) process.exit(0);
}

for (const namespace of namespaces) {
  const socket = io(url + namespace, {
    transports: [transport],
    auth: { word: "akwaaba" },
    query: { room: "a b" },
    extraHeaders: { "x-who": "Ama" },
    reconnection: false,
  });
  socket.on("connect", () => socket.emit("who"));
  socket.on("who", (known) => told(namespace, { who: JSON.parse(known) }));
  socket.on("connect_error", (error) =>
    told(namespace, { error: error.message, data: error.data ?? null }),
  );
}
