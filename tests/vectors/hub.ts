// Written by dondo from the types of its events.

/** The answer of the server where it did not do what it was asked for. */
export interface Failure {
  ok: false;
  event: string;
  code: string;
  message: string;
  data?: unknown;
}

/** The same events, where no ack need be asked for; the answer to `emitWithAck` has no type then. */
export type OptionalAcks<Events> = {
  [Name in keyof Events]: Events[Name] extends (...data: [...infer Data, infer Ack]) => void
    ? Ack extends (...answer: never[]) => void
      ? (...data: [...Data, ack?: Ack]) => void
      : Events[Name]
    : Events[Name];
};

/** What clients send. */
export interface ClientToServerEvents {
  "join-channel": (data: JoinChannel, ack: (answer: JoinedChannel | Failure) => void) => void;
  "leave-channel": (data: LeaveChannel, ack: (answer: LeftChannel | Failure) => void) => void;
  "join-room": (data: JoinRoom, ack: (answer: JoinedRoom | Failure) => void) => void;
  "notify-room": (data: NotifyRoom, ack: (answer: Notified | Failure) => void) => void;
  "leave-room": (data: LeaveRoom, ack: (answer: LeftRoom | Failure) => void) => void;
  "invite-room": (data: InviteRoom, ack: (answer: Managed | Failure) => void) => void;
  "kick-room": (data: KickRoom, ack: (answer: Managed | Failure) => void) => void;
  "lock-room": (data: LockRoom, ack: (answer: Managed | Failure) => void) => void;
}

/** What clients hear. */
export interface ServerToClientEvents {
  "join-channel": (data: ChannelJoined) => void;
  "leave-channel": (data: ChannelLeft) => void;
  "join-room": (data: RoomJoined) => void;
  "notify-room": (data: RoomMessage) => void;
  "leave-room": (data: RoomLeft) => void;
  "invite-room": (data: RoomInvited) => void;
  "kick-room": (data: RoomKicked) => void;
  "lock-room": (data: RoomLocked) => void;
  "online-users": (data: ChannelsOnline) => void;
  "room-online-users": (data: RoomUsersOnline) => void;
  "hub-error": (data: HubError) => void;
}

/** Who may join a room. */
export type Access = "open" | "token" | "invite";

/** Somebody has joined the channel. */
export interface ChannelJoined {
  /** The sender's socket id; `server` of presence. */
  clientId: string;
  data: ChannelJoinedData;
  source: Source;
  /** As the client said it, else the server's in ISO 8601. */
  time: string;
}

export interface ChannelJoinedData {
  /** As it was sent; an empty text where nothing was. */
  message: unknown;
  /** Members of the channel. */
  onlineUsers: number;
  roomChannel: string | null;
  roomId: string | null;
}

/** Somebody has left the channel. */
export interface ChannelLeft {
  /** The sender's socket id; `server` of presence. */
  clientId: string;
  data: ChannelLeftData;
  source: Source;
  /** As the client said it, else the server's in ISO 8601. */
  time: string;
}

export interface ChannelLeftData {
  /** As it was sent; an empty text where nothing was. */
  message: unknown;
  /** Members of the channel. */
  onlineUsers: number;
  reason: LeftFor;
  roomChannel: string | null;
  roomId: string | null;
}

/** How many are in channels, and in which. */
export interface ChannelsOnline {
  /** The sender's socket id; `server` of presence. */
  clientId: string;
  data: ChannelsOnlineData;
  source: Source;
  /** As the client said it, else the server's in ISO 8601. */
  time: string;
}

export interface ChannelsOnlineData {
  /** Members of each channel. */
  channels: { [key: string]: number };
  /** As it was sent; an empty text where nothing was. */
  message: unknown;
  /** Clients in at least one channel. */
  onlineUsers: number;
  roomChannel: string | null;
  roomId: string | null;
  /** There are more channels. */
  truncated?: boolean;
}

/** What could not be done, where no ack was asked for. */
export interface HubError {
  code: string;
  event: string;
  message: string;
  ok: false;
}

/** The owner lets somebody into a room by invitation. */
export interface InviteRoom {
  data: InviteRoomData;
  source?: SourceSent | null;
  /** When, in ISO 8601; the server's time where nothing is said. */
  time?: string | null;
}

export interface InviteRoomData {
  /** Socket ids or accounts. */
  invite: string[];
  message?: unknown;
  /** The channel. */
  roomChannel?: string | number | null;
  /** The room. */
  roomId?: string | number | null;
}

/** Joins a channel, made if need be. Where `data` names none it is `source.channel`. */
export interface JoinChannel {
  data: JoinChannelData;
  source?: SourceSent | null;
  /** When, in ISO 8601; the server's time where nothing is said. */
  time?: string | null;
}

export interface JoinChannelData {
  /** So many of the last messages first: 0 to 100. */
  history?: number | null;
  message?: unknown;
  /** The channel. */
  roomChannel?: string | number | null;
  /** What was said since the `position` of an earlier ack. */
  since?: string | null;
}

/** Joins a room, made if need be, with a channel or without. */
export interface JoinRoom {
  data: JoinRoomData;
  source?: SourceSent | null;
  /** When, in ISO 8601; the server's time where nothing is said. */
  time?: string | null;
}

export interface JoinRoomData {
  /** Who may join, of who makes the room. */
  access?: Access | null;
  /** The most members, of who makes the room. */
  capacity?: number | null;
  /** So many of the last messages first: 0 to 100. */
  history?: number | null;
  /** Socket ids or accounts that may join, of who makes the room. */
  invite?: string[] | null;
  message?: unknown;
  /** The channel. */
  roomChannel?: string | number | null;
  /** The room. */
  roomId?: string | number | null;
  /** What was said since the `position` of an earlier ack. */
  since?: string | null;
  /** What opens a room whose access is by token. Nobody else gets it. */
  token?: string | null;
}

/** The ack of `join-channel`. */
export interface JoinedChannel {
  /** The client was a member before. */
  already: boolean;
  channel: string;
  /** The own socket id. */
  clientId: string;
  /** Whether that was all there was. */
  complete?: boolean;
  event: string;
  ok: true;
  onlineUsers: number;
  /** For `data.since` of a later join, where history was asked for. */
  position?: string;
  /** How many letters came first. */
  replayed?: number;
  /** There are more users. */
  truncated?: boolean;
  users: User[];
}

/** The ack of `join-room`. */
export interface JoinedRoom {
  access: Access;
  /** The room holds for its id in all channels. */
  allChannels?: boolean;
  /** The client was a member before. */
  already: boolean;
  capacity?: number;
  channel?: string;
  /** The own socket id. */
  clientId: string;
  /** Whether that was all there was. */
  complete?: boolean;
  /** The client has made the room. */
  created: boolean;
  event: string;
  ok: true;
  onlineUsers: number;
  /** The owner's socket id. */
  owner: string | null;
  /** For `data.since` of a later join, where history was asked for. */
  position?: string;
  /** How many letters came first. */
  replayed?: number;
  room: string;
  /** There are more users. */
  truncated?: boolean;
  users: User[];
}

/** The owner sends somebody out. */
export interface KickRoom {
  data: KickRoomData;
  source?: SourceSent | null;
  /** When, in ISO 8601; the server's time where nothing is said. */
  time?: string | null;
}

export interface KickRoomData {
  /** Socket ids. */
  kick: string[];
  message?: unknown;
  /** The channel. */
  roomChannel?: string | number | null;
  /** The room. */
  roomId?: string | number | null;
}

/** Leaves a channel and its rooms. Where nothing names one it is the only one joined. */
export interface LeaveChannel {
  data: LeaveChannelData;
  source?: SourceSent | null;
  /** When, in ISO 8601; the server's time where nothing is said. */
  time?: string | null;
}

export interface LeaveChannelData {
  message?: unknown;
  /** The channel. */
  roomChannel?: string | number | null;
}

/** Leaves a room; without a channel, under every channel. */
export interface LeaveRoom {
  data: LeaveRoomData;
  source?: SourceSent | null;
  /** When, in ISO 8601; the server's time where nothing is said. */
  time?: string | null;
}

export interface LeaveRoomData {
  message?: unknown;
  /** The channel. */
  roomChannel?: string | number | null;
  /** The room. */
  roomId?: string | number | null;
}

/** The ack of `leave-channel`. */
export interface LeftChannel {
  /** The client was no member. */
  already: boolean;
  channel: string;
  /** The own socket id. */
  clientId: string;
  event: string;
  ok: true;
  onlineUsers?: number;
}

/** Why somebody left. */
export type LeftFor = "leave" | "disconnect" | "kick";

/** The ack of `leave-room`. */
export interface LeftRoom {
  /** The client was no member. */
  already: boolean;
  channel?: string;
  /** The own socket id. */
  clientId: string;
  event: string;
  /** Each membership that was given up. */
  left: LeftSeat[];
  ok: true;
  onlineUsers?: number;
  room: string;
}

/** A membership of a room that was given up. */
export interface LeftSeat {
  channel: string | null;
  onlineUsers: number;
  room: string;
}

/** The owner closes a room to newcomers, or opens it. */
export interface LockRoom {
  data: LockRoomData;
  source?: SourceSent | null;
  /** When, in ISO 8601; the server's time where nothing is said. */
  time?: string | null;
}

export interface LockRoomData {
  /** True where nothing is said. */
  locked?: boolean | null;
  message?: unknown;
  /** The channel. */
  roomChannel?: string | number | null;
  /** The room. */
  roomId?: string | number | null;
}

/** The ack of an owner's event. */
export interface Managed {
  channel?: string;
  /** The own socket id. */
  clientId: string;
  event: string;
  ok: true;
  room: string;
}

/** The ack of a message. */
export interface Notified {
  channel?: string;
  /** The own socket id. */
  clientId: string;
  event: string;
  ok: true;
  /** Members that it was handed to. */
  recipients: number;
  room?: string;
}

/** A message to a room. */
export interface NotifyRoom {
  data: NotifyRoomData;
  source?: SourceSent | null;
  /** When, in ISO 8601; the server's time where nothing is said. */
  time?: string | null;
}

export interface NotifyRoomData {
  message?: unknown;
  /** The channel. */
  roomChannel?: string | number | null;
  /** The room. */
  roomId?: string | number | null;
}

/** The owner has let somebody in. */
export interface RoomInvited {
  /** The sender's socket id; `server` of presence. */
  clientId: string;
  data: RoomInvitedData;
  source: Source;
  /** As the client said it, else the server's in ISO 8601. */
  time: string;
}

export interface RoomInvitedData {
  /** Socket ids or accounts. */
  invite: string[];
  /** As it was sent; an empty text where nothing was. */
  message: unknown;
  roomChannel: string | null;
  roomId: string | null;
}

/** Somebody has joined the room. */
export interface RoomJoined {
  /** The sender's socket id; `server` of presence. */
  clientId: string;
  data: RoomJoinedData;
  source: Source;
  /** As the client said it, else the server's in ISO 8601. */
  time: string;
}

export interface RoomJoinedData {
  /** As it was sent; an empty text where nothing was. */
  message: unknown;
  /** Members of the room. */
  onlineUsers: number;
  roomChannel: string | null;
  roomId: string | null;
}

/** The owner has sent somebody out. */
export interface RoomKicked {
  /** The sender's socket id; `server` of presence. */
  clientId: string;
  data: RoomKickedData;
  source: Source;
  /** As the client said it, else the server's in ISO 8601. */
  time: string;
}

export interface RoomKickedData {
  /** Socket ids. */
  kick: string[];
  /** As it was sent; an empty text where nothing was. */
  message: unknown;
  roomChannel: string | null;
  roomId: string | null;
}

/** Somebody has left the room. */
export interface RoomLeft {
  /** The sender's socket id; `server` of presence. */
  clientId: string;
  data: RoomLeftData;
  source: Source;
  /** As the client said it, else the server's in ISO 8601. */
  time: string;
}

export interface RoomLeftData {
  /** As it was sent; an empty text where nothing was. */
  message: unknown;
  /** Members of the room. */
  onlineUsers: number;
  reason: LeftFor;
  roomChannel: string | null;
  roomId: string | null;
}

/** The owner has closed the room to newcomers, or opened it. */
export interface RoomLocked {
  /** The sender's socket id; `server` of presence. */
  clientId: string;
  data: RoomLockedData;
  source: Source;
  /** As the client said it, else the server's in ISO 8601. */
  time: string;
}

export interface RoomLockedData {
  /** True where nothing is said. */
  locked?: boolean;
  /** As it was sent; an empty text where nothing was. */
  message: unknown;
  roomChannel: string | null;
  roomId: string | null;
}

/** A message to the room, or to a channel under the channel's name. */
export interface RoomMessage {
  /** The sender's socket id; `server` of presence. */
  clientId: string;
  data: RoomMessageData;
  source: Source;
  /** As the client said it, else the server's in ISO 8601. */
  time: string;
}

export interface RoomMessageData {
  /** As it was sent; an empty text where nothing was. */
  message: unknown;
  roomChannel: string | null;
  roomId: string | null;
}

/** Who is in the room. */
export interface RoomUsersOnline {
  /** The sender's socket id; `server` of presence. */
  clientId: string;
  data: RoomUsersOnlineData;
  source: Source;
  /** As the client said it, else the server's in ISO 8601. */
  time: string;
}

export interface RoomUsersOnlineData {
  /** As it was sent; an empty text where nothing was. */
  message: unknown;
  /** Members of the room. */
  onlineUsers: number;
  roomChannel: string | null;
  roomId: string | null;
  /** There are more users. */
  truncated?: boolean;
  users: User[];
}

/** Who spoke: what the client said of itself, but for its socket id and whether it is logged in. */
export interface Source {
  appName: string | null;
  appVersion: string | null;
  channel: string | null;
  clientId: string;
  platform: string | null;
  room?: string | null;
  userName: string | null;
  /** It is logged in, or the hub itself: the name is not its own word. */
  verified?: boolean;
}

/** Who speaks, by the client's own word. */
export interface SourceSent {
  appName?: string | null;
  appVersion?: string | null;
  channel?: string | number | null;
  clientId?: string | null;
  platform?: string | null;
  room?: string | number | null;
  userName?: string | null;
}

/** A member. */
export interface User {
  clientId: string;
  userName: string | null;
  /** It is logged in: the name is not its own word. */
  verified?: boolean;
}

/**
 * A message to a channel is an event of the channel's name:
 * `Socket<ServerToClientEvents & MessagesOf<"lobby">, ClientToServerEvents & MessagesTo<"lobby">>`.
 */
export type MessagesTo<Channel extends string> = {
  [Name in Channel]: ClientToServerEvents["notify-room"];
};

/** What the members of a channel hear of such a message. */
export type MessagesOf<Channel extends string> = {
  [Name in Channel]: ServerToClientEvents["notify-room"];
};
