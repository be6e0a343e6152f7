// Written by dondo from the types of its events.
#nullable enable

using System.Collections.Generic;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace Dondo;

/// <summary>What clients send.</summary>
public static class ClientToServer
{
    /// <summary>With <c>JoinChannel</c>, answered with <c>JoinedChannel</c> or <c>Failure</c>.</summary>
    public const string JoinChannel = "join-channel";
    /// <summary>With <c>LeaveChannel</c>, answered with <c>LeftChannel</c> or <c>Failure</c>.</summary>
    public const string LeaveChannel = "leave-channel";
    /// <summary>With <c>JoinRoom</c>, answered with <c>JoinedRoom</c> or <c>Failure</c>.</summary>
    public const string JoinRoom = "join-room";
    /// <summary>With <c>NotifyRoom</c>, answered with <c>Notified</c> or <c>Failure</c>.</summary>
    public const string NotifyRoom = "notify-room";
    /// <summary>With <c>LeaveRoom</c>, answered with <c>LeftRoom</c> or <c>Failure</c>.</summary>
    public const string LeaveRoom = "leave-room";
    /// <summary>With <c>InviteRoom</c>, answered with <c>Managed</c> or <c>Failure</c>.</summary>
    public const string InviteRoom = "invite-room";
    /// <summary>With <c>KickRoom</c>, answered with <c>Managed</c> or <c>Failure</c>.</summary>
    public const string KickRoom = "kick-room";
    /// <summary>With <c>LockRoom</c>, answered with <c>Managed</c> or <c>Failure</c>.</summary>
    public const string LockRoom = "lock-room";
}

/// <summary>What clients hear.</summary>
public static class ServerToClient
{
    /// <summary>With <c>ChannelJoined</c>.</summary>
    public const string JoinChannel = "join-channel";
    /// <summary>With <c>ChannelLeft</c>.</summary>
    public const string LeaveChannel = "leave-channel";
    /// <summary>With <c>RoomJoined</c>.</summary>
    public const string JoinRoom = "join-room";
    /// <summary>With <c>RoomMessage</c>.</summary>
    public const string NotifyRoom = "notify-room";
    /// <summary>With <c>RoomLeft</c>.</summary>
    public const string LeaveRoom = "leave-room";
    /// <summary>With <c>RoomInvited</c>.</summary>
    public const string InviteRoom = "invite-room";
    /// <summary>With <c>RoomKicked</c>.</summary>
    public const string KickRoom = "kick-room";
    /// <summary>With <c>RoomLocked</c>.</summary>
    public const string LockRoom = "lock-room";
    /// <summary>With <c>ChannelsOnline</c>.</summary>
    public const string OnlineUsers = "online-users";
    /// <summary>With <c>RoomUsersOnline</c>.</summary>
    public const string RoomOnlineUsers = "room-online-users";
    /// <summary>With <c>HubError</c>.</summary>
    public const string HubError = "hub-error";
}

/// <summary>The answer of the server where it did not do what it was asked for.</summary>
public sealed record Failure
{
    [JsonPropertyName("ok")] public required bool Ok { get; init; }
    [JsonPropertyName("event")] public required string Event { get; init; }
    [JsonPropertyName("code")] public required string Code { get; init; }
    [JsonPropertyName("message")] public required string Message { get; init; }
    [JsonPropertyName("data")] public JsonElement? Data { get; init; }
}

/// <summary>Who may join a room.</summary>
public static class Access
{
    public const string Open = "open";
    public const string Token = "token";
    public const string Invite = "invite";
}

/// <summary>Somebody has joined the channel.</summary>
public sealed record ChannelJoined
{
    /// <summary>The sender's socket id; `server` of presence.</summary>
    [JsonPropertyName("clientId")] public required string ClientId { get; init; }
    [JsonPropertyName("data")] public required ChannelJoinedData Data { get; init; }
    [JsonPropertyName("source")] public required Source Source { get; init; }
    /// <summary>As the client said it, else the server's in ISO 8601.</summary>
    [JsonPropertyName("time")] public required string Time { get; init; }
}

public sealed record ChannelJoinedData
{
    /// <summary>As it was sent; an empty text where nothing was.</summary>
    [JsonPropertyName("message")] public required JsonElement Message { get; init; }
    /// <summary>Members of the channel.</summary>
    [JsonPropertyName("onlineUsers")] public required uint OnlineUsers { get; init; }
    [JsonPropertyName("roomChannel")] public required string? RoomChannel { get; init; }
    [JsonPropertyName("roomId")] public required string? RoomId { get; init; }
}

/// <summary>Somebody has left the channel.</summary>
public sealed record ChannelLeft
{
    /// <summary>The sender's socket id; `server` of presence.</summary>
    [JsonPropertyName("clientId")] public required string ClientId { get; init; }
    [JsonPropertyName("data")] public required ChannelLeftData Data { get; init; }
    [JsonPropertyName("source")] public required Source Source { get; init; }
    /// <summary>As the client said it, else the server's in ISO 8601.</summary>
    [JsonPropertyName("time")] public required string Time { get; init; }
}

public sealed record ChannelLeftData
{
    /// <summary>As it was sent; an empty text where nothing was.</summary>
    [JsonPropertyName("message")] public required JsonElement Message { get; init; }
    /// <summary>Members of the channel.</summary>
    [JsonPropertyName("onlineUsers")] public required uint OnlineUsers { get; init; }
    [JsonPropertyName("reason")] public required string Reason { get; init; }
    [JsonPropertyName("roomChannel")] public required string? RoomChannel { get; init; }
    [JsonPropertyName("roomId")] public required string? RoomId { get; init; }
}

/// <summary>How many are in channels, and in which.</summary>
public sealed record ChannelsOnline
{
    /// <summary>The sender's socket id; `server` of presence.</summary>
    [JsonPropertyName("clientId")] public required string ClientId { get; init; }
    [JsonPropertyName("data")] public required ChannelsOnlineData Data { get; init; }
    [JsonPropertyName("source")] public required Source Source { get; init; }
    /// <summary>As the client said it, else the server's in ISO 8601.</summary>
    [JsonPropertyName("time")] public required string Time { get; init; }
}

public sealed record ChannelsOnlineData
{
    /// <summary>Members of each channel.</summary>
    [JsonPropertyName("channels")] public required IReadOnlyDictionary<string, uint> Channels { get; init; }
    /// <summary>As it was sent; an empty text where nothing was.</summary>
    [JsonPropertyName("message")] public required JsonElement Message { get; init; }
    /// <summary>Clients in at least one channel.</summary>
    [JsonPropertyName("onlineUsers")] public required uint OnlineUsers { get; init; }
    [JsonPropertyName("roomChannel")] public required string? RoomChannel { get; init; }
    [JsonPropertyName("roomId")] public required string? RoomId { get; init; }
    /// <summary>There are more channels.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("truncated")] public bool? Truncated { get; init; }
}

/// <summary>What could not be done, where no ack was asked for.</summary>
public sealed record HubError
{
    [JsonPropertyName("code")] public required string Code { get; init; }
    [JsonPropertyName("event")] public required string Event { get; init; }
    [JsonPropertyName("message")] public required string Message { get; init; }
    [JsonPropertyName("ok")] public required bool Ok { get; init; }
}

/// <summary>The owner lets somebody into a room by invitation.</summary>
public sealed record InviteRoom
{
    [JsonPropertyName("data")] public required InviteRoomData Data { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("source")] public SourceSent? Source { get; init; }
    /// <summary>When, in ISO 8601; the server's time where nothing is said.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("time")] public string? Time { get; init; }
}

public sealed record InviteRoomData
{
    /// <summary>Socket ids or accounts.</summary>
    [JsonPropertyName("invite")] public required IReadOnlyList<string> Invite { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("message")] public JsonElement? Message { get; init; }
    /// <summary>The channel.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("roomChannel")] public JsonElement? RoomChannel { get; init; }
    /// <summary>The room.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("roomId")] public JsonElement? RoomId { get; init; }
}

/// <summary>Joins a channel, made if need be. Where `data` names none it is `source.channel`.</summary>
public sealed record JoinChannel
{
    [JsonPropertyName("data")] public required JoinChannelData Data { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("source")] public SourceSent? Source { get; init; }
    /// <summary>When, in ISO 8601; the server's time where nothing is said.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("time")] public string? Time { get; init; }
}

public sealed record JoinChannelData
{
    /// <summary>So many of the last messages first: 0 to 100.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("history")] public int? History { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("message")] public JsonElement? Message { get; init; }
    /// <summary>The channel.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("roomChannel")] public JsonElement? RoomChannel { get; init; }
    /// <summary>What was said since the `position` of an earlier ack.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("since")] public string? Since { get; init; }
}

/// <summary>Joins a room, made if need be, with a channel or without.</summary>
public sealed record JoinRoom
{
    [JsonPropertyName("data")] public required JoinRoomData Data { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("source")] public SourceSent? Source { get; init; }
    /// <summary>When, in ISO 8601; the server's time where nothing is said.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("time")] public string? Time { get; init; }
}

public sealed record JoinRoomData
{
    /// <summary>Who may join, of who makes the room.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("access")] public string? Access { get; init; }
    /// <summary>The most members, of who makes the room.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("capacity")] public uint? Capacity { get; init; }
    /// <summary>So many of the last messages first: 0 to 100.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("history")] public int? History { get; init; }
    /// <summary>Socket ids or accounts that may join, of who makes the room.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("invite")] public IReadOnlyList<string>? Invite { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("message")] public JsonElement? Message { get; init; }
    /// <summary>The channel.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("roomChannel")] public JsonElement? RoomChannel { get; init; }
    /// <summary>The room.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("roomId")] public JsonElement? RoomId { get; init; }
    /// <summary>What was said since the `position` of an earlier ack.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("since")] public string? Since { get; init; }
    /// <summary>What opens a room whose access is by token. Nobody else gets it.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("token")] public string? Token { get; init; }
}

/// <summary>The ack of `join-channel`.</summary>
public sealed record JoinedChannel
{
    /// <summary>The client was a member before.</summary>
    [JsonPropertyName("already")] public required bool Already { get; init; }
    [JsonPropertyName("channel")] public required string Channel { get; init; }
    /// <summary>The own socket id.</summary>
    [JsonPropertyName("clientId")] public required string ClientId { get; init; }
    /// <summary>Whether that was all there was.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("complete")] public bool? Complete { get; init; }
    [JsonPropertyName("event")] public required string Event { get; init; }
    [JsonPropertyName("ok")] public required bool Ok { get; init; }
    [JsonPropertyName("onlineUsers")] public required uint OnlineUsers { get; init; }
    /// <summary>For `data.since` of a later join, where history was asked for.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("position")] public string? Position { get; init; }
    /// <summary>How many letters came first.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("replayed")] public uint? Replayed { get; init; }
    /// <summary>There are more users.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("truncated")] public bool? Truncated { get; init; }
    [JsonPropertyName("users")] public required IReadOnlyList<User> Users { get; init; }
}

/// <summary>The ack of `join-room`.</summary>
public sealed record JoinedRoom
{
    [JsonPropertyName("access")] public required string Access { get; init; }
    /// <summary>The room holds for its id in all channels.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("allChannels")] public bool? AllChannels { get; init; }
    /// <summary>The client was a member before.</summary>
    [JsonPropertyName("already")] public required bool Already { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("capacity")] public uint? Capacity { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("channel")] public string? Channel { get; init; }
    /// <summary>The own socket id.</summary>
    [JsonPropertyName("clientId")] public required string ClientId { get; init; }
    /// <summary>Whether that was all there was.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("complete")] public bool? Complete { get; init; }
    /// <summary>The client has made the room.</summary>
    [JsonPropertyName("created")] public required bool Created { get; init; }
    [JsonPropertyName("event")] public required string Event { get; init; }
    [JsonPropertyName("ok")] public required bool Ok { get; init; }
    [JsonPropertyName("onlineUsers")] public required uint OnlineUsers { get; init; }
    /// <summary>The owner's socket id.</summary>
    [JsonPropertyName("owner")] public required string? Owner { get; init; }
    /// <summary>For `data.since` of a later join, where history was asked for.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("position")] public string? Position { get; init; }
    /// <summary>How many letters came first.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("replayed")] public uint? Replayed { get; init; }
    [JsonPropertyName("room")] public required string Room { get; init; }
    /// <summary>There are more users.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("truncated")] public bool? Truncated { get; init; }
    [JsonPropertyName("users")] public required IReadOnlyList<User> Users { get; init; }
}

/// <summary>The owner sends somebody out.</summary>
public sealed record KickRoom
{
    [JsonPropertyName("data")] public required KickRoomData Data { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("source")] public SourceSent? Source { get; init; }
    /// <summary>When, in ISO 8601; the server's time where nothing is said.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("time")] public string? Time { get; init; }
}

public sealed record KickRoomData
{
    /// <summary>Socket ids.</summary>
    [JsonPropertyName("kick")] public required IReadOnlyList<string> Kick { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("message")] public JsonElement? Message { get; init; }
    /// <summary>The channel.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("roomChannel")] public JsonElement? RoomChannel { get; init; }
    /// <summary>The room.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("roomId")] public JsonElement? RoomId { get; init; }
}

/// <summary>Leaves a channel and its rooms. Where nothing names one it is the only one joined.</summary>
public sealed record LeaveChannel
{
    [JsonPropertyName("data")] public required LeaveChannelData Data { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("source")] public SourceSent? Source { get; init; }
    /// <summary>When, in ISO 8601; the server's time where nothing is said.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("time")] public string? Time { get; init; }
}

public sealed record LeaveChannelData
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("message")] public JsonElement? Message { get; init; }
    /// <summary>The channel.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("roomChannel")] public JsonElement? RoomChannel { get; init; }
}

/// <summary>Leaves a room; without a channel, under every channel.</summary>
public sealed record LeaveRoom
{
    [JsonPropertyName("data")] public required LeaveRoomData Data { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("source")] public SourceSent? Source { get; init; }
    /// <summary>When, in ISO 8601; the server's time where nothing is said.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("time")] public string? Time { get; init; }
}

public sealed record LeaveRoomData
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("message")] public JsonElement? Message { get; init; }
    /// <summary>The channel.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("roomChannel")] public JsonElement? RoomChannel { get; init; }
    /// <summary>The room.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("roomId")] public JsonElement? RoomId { get; init; }
}

/// <summary>The ack of `leave-channel`.</summary>
public sealed record LeftChannel
{
    /// <summary>The client was no member.</summary>
    [JsonPropertyName("already")] public required bool Already { get; init; }
    [JsonPropertyName("channel")] public required string Channel { get; init; }
    /// <summary>The own socket id.</summary>
    [JsonPropertyName("clientId")] public required string ClientId { get; init; }
    [JsonPropertyName("event")] public required string Event { get; init; }
    [JsonPropertyName("ok")] public required bool Ok { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("onlineUsers")] public uint? OnlineUsers { get; init; }
}

/// <summary>Why somebody left.</summary>
public static class LeftFor
{
    public const string Leave = "leave";
    public const string Disconnect = "disconnect";
    public const string Kick = "kick";
}

/// <summary>The ack of `leave-room`.</summary>
public sealed record LeftRoom
{
    /// <summary>The client was no member.</summary>
    [JsonPropertyName("already")] public required bool Already { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("channel")] public string? Channel { get; init; }
    /// <summary>The own socket id.</summary>
    [JsonPropertyName("clientId")] public required string ClientId { get; init; }
    [JsonPropertyName("event")] public required string Event { get; init; }
    /// <summary>Each membership that was given up.</summary>
    [JsonPropertyName("left")] public required IReadOnlyList<LeftSeat> Left { get; init; }
    [JsonPropertyName("ok")] public required bool Ok { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("onlineUsers")] public uint? OnlineUsers { get; init; }
    [JsonPropertyName("room")] public required string Room { get; init; }
}

/// <summary>A membership of a room that was given up.</summary>
public sealed record LeftSeat
{
    [JsonPropertyName("channel")] public required string? Channel { get; init; }
    [JsonPropertyName("onlineUsers")] public required uint OnlineUsers { get; init; }
    [JsonPropertyName("room")] public required string Room { get; init; }
}

/// <summary>The owner closes a room to newcomers, or opens it.</summary>
public sealed record LockRoom
{
    [JsonPropertyName("data")] public required LockRoomData Data { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("source")] public SourceSent? Source { get; init; }
    /// <summary>When, in ISO 8601; the server's time where nothing is said.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("time")] public string? Time { get; init; }
}

public sealed record LockRoomData
{
    /// <summary>True where nothing is said.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("locked")] public bool? Locked { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("message")] public JsonElement? Message { get; init; }
    /// <summary>The channel.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("roomChannel")] public JsonElement? RoomChannel { get; init; }
    /// <summary>The room.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("roomId")] public JsonElement? RoomId { get; init; }
}

/// <summary>The ack of an owner's event.</summary>
public sealed record Managed
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("channel")] public string? Channel { get; init; }
    /// <summary>The own socket id.</summary>
    [JsonPropertyName("clientId")] public required string ClientId { get; init; }
    [JsonPropertyName("event")] public required string Event { get; init; }
    [JsonPropertyName("ok")] public required bool Ok { get; init; }
    [JsonPropertyName("room")] public required string Room { get; init; }
}

/// <summary>The ack of a message.</summary>
public sealed record Notified
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("channel")] public string? Channel { get; init; }
    /// <summary>The own socket id.</summary>
    [JsonPropertyName("clientId")] public required string ClientId { get; init; }
    [JsonPropertyName("event")] public required string Event { get; init; }
    [JsonPropertyName("ok")] public required bool Ok { get; init; }
    /// <summary>Members that it was handed to.</summary>
    [JsonPropertyName("recipients")] public required uint Recipients { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("room")] public string? Room { get; init; }
}

/// <summary>A message to a room.</summary>
public sealed record NotifyRoom
{
    [JsonPropertyName("data")] public required NotifyRoomData Data { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("source")] public SourceSent? Source { get; init; }
    /// <summary>When, in ISO 8601; the server's time where nothing is said.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("time")] public string? Time { get; init; }
}

public sealed record NotifyRoomData
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("message")] public JsonElement? Message { get; init; }
    /// <summary>The channel.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("roomChannel")] public JsonElement? RoomChannel { get; init; }
    /// <summary>The room.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("roomId")] public JsonElement? RoomId { get; init; }
}

/// <summary>The owner has let somebody in.</summary>
public sealed record RoomInvited
{
    /// <summary>The sender's socket id; `server` of presence.</summary>
    [JsonPropertyName("clientId")] public required string ClientId { get; init; }
    [JsonPropertyName("data")] public required RoomInvitedData Data { get; init; }
    [JsonPropertyName("source")] public required Source Source { get; init; }
    /// <summary>As the client said it, else the server's in ISO 8601.</summary>
    [JsonPropertyName("time")] public required string Time { get; init; }
}

public sealed record RoomInvitedData
{
    /// <summary>Socket ids or accounts.</summary>
    [JsonPropertyName("invite")] public required IReadOnlyList<string> Invite { get; init; }
    /// <summary>As it was sent; an empty text where nothing was.</summary>
    [JsonPropertyName("message")] public required JsonElement Message { get; init; }
    [JsonPropertyName("roomChannel")] public required string? RoomChannel { get; init; }
    [JsonPropertyName("roomId")] public required string? RoomId { get; init; }
}

/// <summary>Somebody has joined the room.</summary>
public sealed record RoomJoined
{
    /// <summary>The sender's socket id; `server` of presence.</summary>
    [JsonPropertyName("clientId")] public required string ClientId { get; init; }
    [JsonPropertyName("data")] public required RoomJoinedData Data { get; init; }
    [JsonPropertyName("source")] public required Source Source { get; init; }
    /// <summary>As the client said it, else the server's in ISO 8601.</summary>
    [JsonPropertyName("time")] public required string Time { get; init; }
}

public sealed record RoomJoinedData
{
    /// <summary>As it was sent; an empty text where nothing was.</summary>
    [JsonPropertyName("message")] public required JsonElement Message { get; init; }
    /// <summary>Members of the room.</summary>
    [JsonPropertyName("onlineUsers")] public required uint OnlineUsers { get; init; }
    [JsonPropertyName("roomChannel")] public required string? RoomChannel { get; init; }
    [JsonPropertyName("roomId")] public required string? RoomId { get; init; }
}

/// <summary>The owner has sent somebody out.</summary>
public sealed record RoomKicked
{
    /// <summary>The sender's socket id; `server` of presence.</summary>
    [JsonPropertyName("clientId")] public required string ClientId { get; init; }
    [JsonPropertyName("data")] public required RoomKickedData Data { get; init; }
    [JsonPropertyName("source")] public required Source Source { get; init; }
    /// <summary>As the client said it, else the server's in ISO 8601.</summary>
    [JsonPropertyName("time")] public required string Time { get; init; }
}

public sealed record RoomKickedData
{
    /// <summary>Socket ids.</summary>
    [JsonPropertyName("kick")] public required IReadOnlyList<string> Kick { get; init; }
    /// <summary>As it was sent; an empty text where nothing was.</summary>
    [JsonPropertyName("message")] public required JsonElement Message { get; init; }
    [JsonPropertyName("roomChannel")] public required string? RoomChannel { get; init; }
    [JsonPropertyName("roomId")] public required string? RoomId { get; init; }
}

/// <summary>Somebody has left the room.</summary>
public sealed record RoomLeft
{
    /// <summary>The sender's socket id; `server` of presence.</summary>
    [JsonPropertyName("clientId")] public required string ClientId { get; init; }
    [JsonPropertyName("data")] public required RoomLeftData Data { get; init; }
    [JsonPropertyName("source")] public required Source Source { get; init; }
    /// <summary>As the client said it, else the server's in ISO 8601.</summary>
    [JsonPropertyName("time")] public required string Time { get; init; }
}

public sealed record RoomLeftData
{
    /// <summary>As it was sent; an empty text where nothing was.</summary>
    [JsonPropertyName("message")] public required JsonElement Message { get; init; }
    /// <summary>Members of the room.</summary>
    [JsonPropertyName("onlineUsers")] public required uint OnlineUsers { get; init; }
    [JsonPropertyName("reason")] public required string Reason { get; init; }
    [JsonPropertyName("roomChannel")] public required string? RoomChannel { get; init; }
    [JsonPropertyName("roomId")] public required string? RoomId { get; init; }
}

/// <summary>The owner has closed the room to newcomers, or opened it.</summary>
public sealed record RoomLocked
{
    /// <summary>The sender's socket id; `server` of presence.</summary>
    [JsonPropertyName("clientId")] public required string ClientId { get; init; }
    [JsonPropertyName("data")] public required RoomLockedData Data { get; init; }
    [JsonPropertyName("source")] public required Source Source { get; init; }
    /// <summary>As the client said it, else the server's in ISO 8601.</summary>
    [JsonPropertyName("time")] public required string Time { get; init; }
}

public sealed record RoomLockedData
{
    /// <summary>True where nothing is said.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("locked")] public bool? Locked { get; init; }
    /// <summary>As it was sent; an empty text where nothing was.</summary>
    [JsonPropertyName("message")] public required JsonElement Message { get; init; }
    [JsonPropertyName("roomChannel")] public required string? RoomChannel { get; init; }
    [JsonPropertyName("roomId")] public required string? RoomId { get; init; }
}

/// <summary>A message to the room, or to a channel under the channel's name.</summary>
public sealed record RoomMessage
{
    /// <summary>The sender's socket id; `server` of presence.</summary>
    [JsonPropertyName("clientId")] public required string ClientId { get; init; }
    [JsonPropertyName("data")] public required RoomMessageData Data { get; init; }
    [JsonPropertyName("source")] public required Source Source { get; init; }
    /// <summary>As the client said it, else the server's in ISO 8601.</summary>
    [JsonPropertyName("time")] public required string Time { get; init; }
}

public sealed record RoomMessageData
{
    /// <summary>As it was sent; an empty text where nothing was.</summary>
    [JsonPropertyName("message")] public required JsonElement Message { get; init; }
    [JsonPropertyName("roomChannel")] public required string? RoomChannel { get; init; }
    [JsonPropertyName("roomId")] public required string? RoomId { get; init; }
}

/// <summary>Who is in the room.</summary>
public sealed record RoomUsersOnline
{
    /// <summary>The sender's socket id; `server` of presence.</summary>
    [JsonPropertyName("clientId")] public required string ClientId { get; init; }
    [JsonPropertyName("data")] public required RoomUsersOnlineData Data { get; init; }
    [JsonPropertyName("source")] public required Source Source { get; init; }
    /// <summary>As the client said it, else the server's in ISO 8601.</summary>
    [JsonPropertyName("time")] public required string Time { get; init; }
}

public sealed record RoomUsersOnlineData
{
    /// <summary>As it was sent; an empty text where nothing was.</summary>
    [JsonPropertyName("message")] public required JsonElement Message { get; init; }
    /// <summary>Members of the room.</summary>
    [JsonPropertyName("onlineUsers")] public required uint OnlineUsers { get; init; }
    [JsonPropertyName("roomChannel")] public required string? RoomChannel { get; init; }
    [JsonPropertyName("roomId")] public required string? RoomId { get; init; }
    /// <summary>There are more users.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("truncated")] public bool? Truncated { get; init; }
    [JsonPropertyName("users")] public required IReadOnlyList<User> Users { get; init; }
}

/// <summary>Who spoke: what the client said of itself, but for its socket id and whether it is logged in.</summary>
public sealed record Source
{
    [JsonPropertyName("appName")] public required string? AppName { get; init; }
    [JsonPropertyName("appVersion")] public required string? AppVersion { get; init; }
    [JsonPropertyName("channel")] public required string? Channel { get; init; }
    [JsonPropertyName("clientId")] public required string ClientId { get; init; }
    [JsonPropertyName("platform")] public required string? Platform { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("room")] public string? Room { get; init; }
    [JsonPropertyName("userName")] public required string? UserName { get; init; }
    /// <summary>It is logged in, or the hub itself: the name is not its own word.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("verified")] public bool? Verified { get; init; }
}

/// <summary>Who speaks, by the client's own word.</summary>
public sealed record SourceSent
{
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("appName")] public string? AppName { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("appVersion")] public string? AppVersion { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("channel")] public JsonElement? Channel { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("clientId")] public string? ClientId { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("platform")] public string? Platform { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("room")] public JsonElement? Room { get; init; }
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("userName")] public string? UserName { get; init; }
}

/// <summary>A member.</summary>
public sealed record User
{
    [JsonPropertyName("clientId")] public required string ClientId { get; init; }
    [JsonPropertyName("userName")] public required string? UserName { get; init; }
    /// <summary>It is logged in: the name is not its own word.</summary>
    [JsonIgnore(Condition = JsonIgnoreCondition.WhenWritingNull)] [JsonPropertyName("verified")] public bool? Verified { get; init; }
}

// A message to a channel is an event of the channel's name, with the data of ClientToServer.NotifyRoom; its members hear it with
// those of ServerToClient.NotifyRoom.
