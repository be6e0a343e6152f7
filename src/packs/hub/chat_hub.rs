//! The ChatHub of SignalR's tutorials over the pack: its three methods become the pack's events, and its clients are told of
//! channels as calls of `ReceiveMessage`. The pack makes it and does
//! not know of it beyond that, and it knows no protocol, no session and no wire.

use std::{borrow::Cow, sync::Arc};

use dondo_actors::letter::Content;

use super::{
    command::no_channel,
    contract::{
        fault::{Code, Fault},
        json::{self, Field},
        name::{self, HUB_EVENTS, Named},
        payload::USER_NAME_BYTES_MAX,
    },
};
use crate::{
    dialect::{CallResult, CalledEvent},
    io::unknown_event,
};

/// The calls of one client.
#[derive(Debug)]
pub(crate) struct ChatHub {
    name_bytes_max: usize,
    /// It has asked for a channel: from then on it says itself where it is.
    joined: bool,
}

impl ChatHub {
    /// Of a client that has said nothing yet. No name of a channel has more bytes.
    pub(crate) fn new(name_bytes_max: usize) -> Self {
        Self {
            name_bytes_max,
            joined: false,
        }
    }

    /// The event that a call is, and one to be heard before it without an answer; or the failure object that answers it. The
    /// call has its method for its name, as the client wrote it.
    ///
    /// A client that says something before it has joined anything joins that channel: the tutorial's page expects to see its
    /// own line.
    pub(crate) fn call(&mut self, call: Content) -> CallResult {
        match self.read(&call) {
            Some(read) => read.map_err(|fault| fault.answer(&call.name)),
            None => Err(unknown_event(&call.name)),
        }
    }

    /// None if there is no such method.
    fn read(&mut self, call: &Content) -> Option<Result<CalledEvent, Fault>> {
        let is = |method: &str| call.name.eq_ignore_ascii_case(method);
        if is("JoinRoom") {
            Some(self.join_room(call))
        } else if is("LeaveRoom") {
            Some(self.leave_room(call))
        } else if is("SendMessage") {
            Some(self.send_message(call))
        } else {
            let mut commands = HUB_EVENTS.iter().filter(|event| !TOLD.contains(event));
            let command = commands.find(|command| is(command))?;
            self.joined |= command.starts_with("join-");
            let name = (*command).into();
            let call = call.clone();
            Some(Ok(CalledEvent {
                before: None,
                event: Content { name, ..call },
                is_void: false,
            }))
        }
    }

    fn join_room(&mut self, call: &Content) -> Result<CalledEvent, Fault> {
        let [room] = arguments(call)?;
        let event = seat("join-channel", &self.channel(room)?, None);
        self.joined = true;
        Ok(void(None, event))
    }

    fn leave_room(&self, call: &Content) -> Result<CalledEvent, Fault> {
        let [room] = arguments(call)?;
        let event = seat("leave-channel", &self.channel(room)?, None);
        Ok(void(None, event))
    }

    fn send_message(&mut self, call: &Content) -> Result<CalledEvent, Fault> {
        let [room, user, message] = arguments(call)?;
        let channel = self.channel(room)?;
        let user = user_name(user)?;
        let first = !std::mem::replace(&mut self.joined, true);
        let join = first.then(|| seat("join-channel", &channel, user));
        let mut args = b"{\"data\":{\"message\":".to_vec();
        args.extend_from_slice(message.as_bytes());
        put_target(&mut args, b",", &channel, user);
        let event = Content {
            name: channel,
            args: args.into(),
            blobs: call.blobs.clone(),
        };
        Ok(void(join, event))
    }

    fn channel(&self, raw: &str) -> Result<Arc<str>, Fault> {
        if !raw.starts_with('"') {
            return Err(bad("the argument 'room' is no text"));
        }
        if json::is_absent(raw) {
            return Err(no_channel());
        }
        name::as_channel(name::read(
            Named::Channel,
            raw.as_bytes(),
            self.name_bytes_max,
        )?)
    }
}

/// The hub's own methods have no results.
fn void(before: Option<Content>, event: Content) -> CalledEvent {
    CalledEvent {
        before,
        event,
        is_void: true,
    }
}

/// Events that the pack tells its clients, and takes of none.
const TOLD: [&str; 3] = ["online-users", "room-online-users", "hub-error"];

/// The user's name as it was sent: the client's word, and `null` where it says nothing.
fn user_name(raw: &str) -> Result<Option<&str>, Fault> {
    if json::is_absent(raw) {
        return Ok(None);
    }
    if !raw.starts_with('"') {
        return Err(bad("the argument 'user' is no text"));
    }
    name::read_user(raw.as_bytes(), USER_NAME_BYTES_MAX)?;
    Ok(Some(raw))
}

/// Arguments of a call that are counted. It may have a million.
const ARGUMENTS_READ_MAX: usize = 16;

fn arguments<const COUNT: usize>(call: &Content) -> Result<[&str; COUNT], Fault> {
    let values = std::str::from_utf8(&call.args)
        .ok()
        .and_then(|args| json::first_values(args, ARGUMENTS_READ_MAX))
        .ok_or_else(|| bad("the arguments are not valid JSON"))?;
    <[_; COUNT]>::try_from(values).map_err(|values| {
        let given = match values.len() {
            ARGUMENTS_READ_MAX => format!("{ARGUMENTS_READ_MAX} or more"),
            given => given.to_string(),
        };
        bad(format!(
            "Invocation provides {given} argument(s) but target expects {COUNT}."
        ))
    })
}

fn seat(event: &'static str, channel: &str, user: Option<&str>) -> Content {
    let mut args = b"{\"data\":{".to_vec();
    put_target(&mut args, b"", channel, user);
    Content {
        name: event.into(),
        args: args.into(),
        blobs: Vec::new(),
    }
}

/// Appends the end of `data` and the source.
fn put_target(args: &mut Vec<u8>, comma: &[u8], channel: &str, user: Option<&str>) {
    args.extend_from_slice(comma);
    args.extend_from_slice(b"\"roomChannel\":");
    json::put(args, channel);
    args.extend_from_slice(b"},\"source\":{\"userName\":");
    args.extend_from_slice(user.unwrap_or("null").as_bytes());
    args.extend_from_slice(b"}}");
}

fn bad(message: impl Into<Cow<'static, str>>) -> Fault {
    Fault::new(Code::BadPayload, message)
}

/// The view for ChatHub's clients: a channel's messages, joins and leaves as `ReceiveMessage(user, message)`, of which the user
/// is always a text, all else under its own name. A pure function of a letter, so it is made once for all of them.
pub(crate) fn view(content: &Content) -> Content {
    match received(content) {
        Some(args) => Content {
            name: "ReceiveMessage".into(),
            args: args.into(),
            blobs: content.blobs.clone(),
        },
        None => content.clone(),
    }
}

/// The arguments of `ReceiveMessage`, of a letter in normal form that is about a channel.
fn received(content: &Content) -> Option<Vec<u8>> {
    let happened = match &*content.name {
        "join-channel" => Some("joined"),
        "leave-channel" => Some("left"),
        name if name::reserved(name) => return None,
        _ => None,
    };
    let top = json::fields(std::str::from_utf8(&content.args).ok()?)?;
    let (data, client_id) = (value(&top, "data")?, value(&top, "clientId")?);
    let data = json::fields(data)?;
    let mut args = Vec::with_capacity(content.args.len());
    if let Some(happened) = happened {
        let who = json::string(client_id.as_bytes()).unwrap_or(client_id.into());
        let channel = json::string(value(&data, "roomChannel")?.as_bytes())?;
        args.extend_from_slice(b"\"System\",");
        json::put(
            &mut args,
            &format!("{who} has {happened} the room {channel}"),
        );
        return Some(args);
    }
    let source = json::fields(value(&top, "source")?)?;
    let user = value(&source, "userName").filter(|user| !json::is_absent(user));
    match user.unwrap_or(client_id) {
        text if text.starts_with('"') => args.extend_from_slice(text.as_bytes()),
        // Of Socket.IO's clients a name may be a number, and with `insecure.keep-client-id` an id anything: handlers here take a text.
        other => json::put(&mut args, other),
    }
    args.push(b',');
    args.extend_from_slice(value(&data, "message")?.as_bytes());
    Some(args)
}

fn value<'a>(fields: &[Field<'a>], name: &str) -> Option<&'a str> {
    let field = fields.iter().find(|field| field.name == name);
    field.map(|field| field.value)
}

#[cfg(test)]
mod tests;
