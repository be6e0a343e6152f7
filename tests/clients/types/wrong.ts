// A program that uses the hub's events wrongly: each line that ends so does not compile, and no other.
import { io, type Socket } from "socket.io-client";
import type { ClientToServerEvents, MessagesTo, OptionalAcks, ServerToClientEvents } from "./hub";

const socket: Socket<ServerToClientEvents, ClientToServerEvents> = io("http://127.0.0.1:11000");
const hasty: Socket<ServerToClientEvents, OptionalAcks<ClientToServerEvents & MessagesTo<"lobby">>> = socket as never;

socket.emit("join-chanel", { data: {} }, () => {}); // wrong
socket.emit("join-channel", { data: {} }); // wrong
socket.emit("join-channel", { data: { history: "20" } }, () => {}); // wrong
socket.emit("join-channel", { data: { roomchannel: "lobby" } }, () => {}); // wrong
socket.emit("join-room", { data: { roomId: "den", access: "closed" } }, () => {}); // wrong
socket.emit("kick-room", { data: { roomId: "den" } }, () => {}); // wrong
socket.emit("notify-room", "hello", () => {}); // wrong
socket.emit("notify-room", { data: { roomId: "den" } }, (answer) => answer.recipients); // wrong
socket.emit("leave-room", { data: {} }, (answer) => answer.ok && answer.left[0]!.seats); // wrong
hasty.emit("lobby", { data: { message: "hello" }, time: 7 }); // wrong
hasty.emit("lobbi", { data: { message: "hello" } }); // wrong
hasty.emit("lobby", { data: { message: "hello" } });

socket.on("room-online-user", () => {}); // wrong
socket.on("join-room", ({ data }) => data.reason); // wrong
socket.on("leave-room", ({ data }) => data.reason === "left"); // wrong
socket.on("notify-room", ({ data }) => data.message.length); // wrong
socket.on("online-users", ({ data }) => data.users); // wrong
socket.on("room-online-users", ({ data }) => data.users[0]!.userName.length); // wrong
socket.on("hub-error", (error: string) => error); // wrong
socket.emitWithAck("join-channel", { data: {} }).then((answer) => answer.users); // wrong
