// A program that uses the hub's events as they are declared: it compiles.
import { io, type Socket } from "socket.io-client";
import type {
  ClientToServerEvents,
  Failure,
  JoinedRoom,
  MessagesOf,
  MessagesTo,
  OptionalAcks,
  ServerToClientEvents,
} from "./hub";

type Heard = ServerToClientEvents & MessagesOf<"lobby" | `news:${string}`>;
type Sent = ClientToServerEvents & MessagesTo<"lobby" | `news:${string}`>;

const socket: Socket<Heard, Sent> = io("http://127.0.0.1:11000");

socket.on("connect", async () => {
  const joined: JoinedRoom | Failure = await socket.emitWithAck("join-room", {
    data: { roomId: "den", roomChannel: "lobby", capacity: 4, access: "invite", invite: ["ama"], history: 20 },
    source: { userName: "Ama" },
  });
  if (!joined.ok) {
    const code: string = joined.code;
    console.log(code, joined.message);
    return;
  }
  const position: string | undefined = joined.position;
  const users: (string | null)[] = joined.users.map((user) => user.userName);
  console.log(position, users, joined.access === "open");
  socket.emit("join-channel", { data: { roomChannel: 7 } }, (answer) => {
    if (answer.ok) console.log(answer.channel, answer.onlineUsers);
  });
  const { recipients } = (await socket.timeout(1000).emitWithAck("lobby", { data: { message: { any: 1 } } })) as {
    recipients: number;
  };
  console.log(recipients);
});
socket.on("lobby", ({ data, source }) => console.log(source.userName, data.message));
socket.on("news:today", ({ clientId }) => clientId.length);
socket.on("leave-room", ({ data }) => data.reason === "kick" && console.log(data.onlineUsers + 1));
socket.on("online-users", ({ data }) => console.log(Object.entries(data.channels)));
socket.on("room-online-users", ({ data }) => console.log(data.users[0]?.userName, data.truncated));
socket.on("hub-error", ({ code, event }) => console.log(code, event));

const hasty: Socket<Heard, OptionalAcks<Sent>> = socket as never;
hasty.emit("notify-room", { data: { roomId: "den", message: "hello" } });
hasty.emit("notify-room", { data: { roomId: "den", message: "hello" } }, (answer) => console.log(answer.ok));
