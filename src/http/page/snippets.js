// Clients to copy that join the room of the page, in languages that have libraries for it, with this hub's address filled in.

/** As most languages write a text. */
const quoted = (text) => JSON.stringify(text);

/**
 * By its name: what to copy. `origin`, `path` and `namespace` are the hub's, `events` where it has event streams, or "". With
 * `asked` each takes a token from the variable TOKEN.
 */
export function snippets({ origin, path, namespace, events, channel, room, asked }) {
  const address = quoted(origin + (namespace === "/" ? "" : namespace));
  const [inChannel, inRoom] = [quoted(channel), quoted(room)];
  const all = {
    JavaScript: `// npm install socket.io-client, then: node room.mjs
import { io } from "socket.io-client";

const socket = io(${address}, { path: ${quoted(path)}${asked ? ", auth: { token: process.env.TOKEN }" : ""} });
const letter = (message) => ({
  data: { message, roomChannel: ${inChannel}, roomId: ${inRoom} },
  source: { userName: "JavaScript" },
});

socket.on("notify-room", ({ data, source }) => console.log(source?.userName, data.message));
socket.on("connect", () => {
  socket.emit("join-channel", letter(""));
  socket.emit("join-room", letter(""));
  socket.emit("notify-room", letter("hello from JavaScript"));
});
`,
    Python: `# pip install "python-socketio[client]", then: python room.py
${asked ? "import os\n\n" : ""}import socketio

client = socketio.Client()
namespace = ${quoted(namespace)}


def send(event, message=""):
    data = {"message": message, "roomChannel": ${inChannel}, "roomId": ${inRoom}}
    client.emit(event, {"data": data, "source": {"userName": "Python"}}, namespace=namespace)


@client.on("notify-room", namespace=namespace)
def heard(said):
    print(said.get("source", {}).get("userName"), said["data"]["message"], flush=True)


@client.on("connect", namespace=namespace)
def connected():
    send("join-channel")
    send("join-room")
    send("notify-room", "hello from Python")


client.connect(${quoted(origin)}, socketio_path=${quoted(path.replace(/^\/|\/$/g, ""))}, namespaces=[namespace]${asked ? ', auth={"token": os.environ["TOKEN"]}' : ""})
client.wait()
`,
    "C#": `// dotnet add package SocketIOClient --version 3.1.2
using SocketIOClient;

var client = new SocketIO(${address}, new SocketIOOptions { Path = ${quoted(path.replace(/\/$/, ""))}${asked ? ', Auth = new { token = Environment.GetEnvironmentVariable("TOKEN") }' : ""} });
object Letter(string message) => new
{
    data = new { message, roomChannel = ${inChannel}, roomId = ${inRoom} },
    source = new { userName = "C#" },
};

client.On("notify-room", said => Console.WriteLine(said));
client.OnConnected += async (sender, e) =>
{
    await client.EmitAsync("join-channel", Letter(""));
    await client.EmitAsync("join-room", Letter(""));
    await client.EmitAsync("notify-room", Letter("hello from C#"));
};
await client.ConnectAsync();
Console.ReadLine();
`,
  };
  if (events) {
    const query = new URLSearchParams({ channel, room, history: "20" });
    if (namespace !== "/") {
      query.set("namespace", namespace);
    }
    all.curl = `# It listens: the last 20 messages, and each new one.
curl -sN ${asked ? '-H "Authorization: Bearer $TOKEN" ' : ""}'${origin}${events}?${query}'
`;
  }
  return all;
}
