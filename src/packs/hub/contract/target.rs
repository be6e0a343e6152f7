//! Which channel or room an event means, out of the places that may name it (contract 2.4).
//! Refuses to know whether the target exists and whether the sender may use it.

use std::sync::Arc;

use super::{
    fault::{Code, Fault},
    name::{self, Named},
    payload::Payload,
};

/// The settings that decide about targets.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Rules {
    /// Longest name, in bytes.
    pub(crate) name_bytes_max: usize,
    /// `strict_targets`: refuse requests that name two targets, instead of taking the first.
    pub(crate) strict: bool,
}

/// A room's address: its id, and the channel that it belongs to, if any.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct RoomTarget {
    /// The room's id.
    pub(crate) room: Arc<str>,
    /// The channel; `None` for a room by itself.
    pub(crate) channel: Option<Arc<str>>,
}

/// join-channel and leave-channel: data.roomChannel › second argument › bare name › source.channel.
pub(crate) fn channel(payload: &Payload, rules: Rules) -> Result<Option<Arc<str>>, Fault> {
    let named = first_named(Named::Channel, &channel_candidates(payload), rules)?;
    named.map(name::as_channel).transpose()
}

/// leave-channel where nothing names the channel: the only one of the sender's.
pub(crate) fn channel_to_leave(joined: &[Arc<str>]) -> Result<Arc<str>, Fault> {
    let wrong = match joined {
        [only] => return Ok(only.clone()),
        [] => "nothing names the channel, and none is joined",
        _ => "nothing names the channel, and several are joined",
    };
    Err(Fault::new(Code::MissingChannel, wrong))
}

/// A channel message: the event's name, always. The payload is read only where `strict` asks whether it agrees.
pub(crate) fn channel_of_message(
    event: &str,
    payload: &Payload,
    rules: Rules,
) -> Result<Arc<str>, Fault> {
    let channel =
        name::check(Named::Channel, event, rules.name_bytes_max).and_then(name::as_channel)?;
    if rules.strict {
        agree(
            Named::Channel,
            &channel,
            &channel_candidates(payload),
            rules,
        )?;
    }
    Ok(channel)
}

/// The events of rooms. Room: data.roomId › second argument › bare name › source.room. Channel: data.roomChannel ›
/// source.channel; then, but for leave-room, [`RoomTarget::under_only`].
pub(crate) fn room(payload: &Payload, rules: Rules) -> Result<RoomTarget, Fault> {
    let source = payload.source();
    let rooms = [
        payload.room(),
        payload.second(),
        payload.bare(),
        source.room,
    ];
    let room = first_named(Named::Room, &rooms, rules)?
        .ok_or_else(|| Fault::new(Code::MissingRoom, "nothing names the room"))?;
    let channel = first_named(Named::Channel, &[payload.channel(), source.channel], rules)?
        .map(name::as_channel)
        .transpose()?;
    Ok(RoomTarget { room, channel })
}

impl RoomTarget {
    /// Where nothing names the channel: the only one of the sender's, or none. Not of a leave-room: there no channel means
    /// every seat of that room id (contract 3, 3.1), which the sender's channels must not narrow.
    pub(crate) fn under_only(mut self, joined: &[Arc<str>]) -> Self {
        if let (None, [only]) = (&self.channel, joined) {
            self.channel = Some(only.clone());
        }
        self
    }
}

fn channel_candidates(payload: &Payload) -> [Option<&[u8]>; 4] {
    [
        payload.channel(),
        payload.second(),
        payload.bare(),
        payload.source().channel,
    ]
}

/// The first candidate's name. With `strict`, the others must not say anything else.
fn first_named(
    named: Named,
    candidates: &[Option<&[u8]>],
    rules: Rules,
) -> Result<Option<Arc<str>>, Fault> {
    let Some(first) = candidates.iter().flatten().next() else {
        return Ok(None);
    };
    let name = name::read(named, first, rules.name_bytes_max)?;
    if rules.strict {
        agree(named, &name, candidates, rules)?;
    }
    Ok(Some(name))
}

fn agree(
    named: Named,
    name: &str,
    candidates: &[Option<&[u8]>],
    rules: Rules,
) -> Result<(), Fault> {
    let same = |raw: &&[u8]| {
        name::read(named, raw, rules.name_bytes_max).is_ok_and(|candidate| *candidate == *name)
    };
    match candidates.iter().flatten().all(same) {
        true => Ok(()),
        false => Err(Fault::new(
            Code::TargetMismatch,
            "the request names two targets, which the setting strict_targets forbids",
        )),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use bytes::Bytes;
    use dondo_actors::letter::Content;

    use super::{super::payload::Use, *};

    const RULES: Rules = Rules {
        name_bytes_max: 256,
        strict: false,
    };
    const STRICT: Rules = Rules {
        name_bytes_max: 256,
        strict: true,
    };

    fn payload(args: &'static str, purpose: Use) -> Payload {
        let content = Content {
            name: "x".into(),
            args: Bytes::from_static(args.as_bytes()),
            blobs: Vec::new(),
        };
        Payload::read(&content.into(), purpose).unwrap()
    }

    fn command(args: &'static str) -> Payload {
        payload(args, Use::Command)
    }

    fn joined(names: &[&str]) -> Vec<Arc<str>> {
        names.iter().map(|name| Arc::from(*name)).collect()
    }

    /// The channel that is named; `-` where none is.
    fn named(args: &'static str) -> Result<String, Code> {
        channel(&command(args), RULES)
            .map(|name| name.as_deref().unwrap_or("-").to_owned())
            .map_err(|fault| fault.code)
    }

    fn room_address(args: &'static str, channels: &[&str]) -> (String, Option<String>) {
        let target = room(&command(args), RULES).unwrap();
        let target = target.under_only(&joined(channels));
        let channel = target.channel.map(|channel| channel.to_string());
        (target.room.to_string(), channel)
    }

    #[test]
    fn join_channel_takes_data_then_second_then_bare_then_source() {
        let all = r#"{"data":{"roomChannel":"d"},"source":{"channel":"s"}},"2""#;
        assert_eq!(named(all).unwrap(), "d");
        let no_data = r#"{"data":{"roomChannel":null},"source":{"channel":"s"}},"2""#;
        assert_eq!(named(no_data).unwrap(), "2");
        assert_eq!(named(r#""bare","2""#).unwrap(), "2");
        assert_eq!(named(r#""bare""#).unwrap(), "bare");
        assert_eq!(named(r#"{"source":{"channel":"s"}}"#).unwrap(), "s");
        assert_eq!(named(r#"{"data":{"channel":3946}}"#).unwrap(), "3946");
        assert_eq!(named(r#"null,7"#).unwrap(), "7");
    }

    #[test]
    fn join_channel_tells_missing_invalid_and_reserved_names_apart() {
        assert_eq!(named(""), Ok("-".into()));
        assert_eq!(named(r#""""#), Ok("-".into()));
        assert_eq!(named(r#"{"data":{}},{"a":1}"#), Ok("-".into()));
        assert_eq!(named("1.5"), Err(Code::InvalidName));
        assert_eq!(named(r#""x",1.5"#), Err(Code::InvalidName));
        assert_eq!(
            named(r#"{"data":{"roomChannel":["x"]}},"y""#),
            Err(Code::InvalidName)
        );
        assert_eq!(named(r#""disconnect""#), Err(Code::ReservedName));
    }

    #[test]
    fn leave_channel_without_a_name_means_the_only_joined_one() {
        let leave = |channels: &[&str]| {
            channel_to_leave(&joined(channels))
                .map(|name| name.to_string())
                .map_err(|fault| fault.code)
        };
        assert_eq!(leave(&["a"]), Ok("a".into()));
        assert_eq!(leave(&[]), Err(Code::MissingChannel));
        assert_eq!(leave(&["a", "b"]), Err(Code::MissingChannel));
    }

    #[test]
    fn a_channel_message_goes_to_the_event_whatever_its_payload_says() {
        let sent = payload(
            r#"{"data":{"roomChannel":"d"},"source":{"channel":["odd"]}},"2""#,
            Use::Message,
        );
        let target = |event, rules| {
            channel_of_message(event, &sent, rules)
                .map(|name| name.to_string())
                .map_err(|fault| fault.code)
        };
        assert_eq!(target("e", RULES), Ok("e".into()));
        assert_eq!(target("e", STRICT), Err(Code::TargetMismatch));
        assert_eq!(target("notify-room", RULES), Err(Code::ReservedName));
        assert_eq!(target(" e", RULES), Err(Code::InvalidName));
        let agreeing = payload(r#"{"data":{"roomChannel":"e"}},"e""#, Use::Message);
        assert!(channel_of_message("e", &agreeing, STRICT).is_ok());
    }

    #[test]
    fn a_room_is_named_by_data_then_second_then_bare_then_source() {
        let all = r#"{"data":{"roomId":"d","room":"alias"},"source":{"room":"s"}},"2""#;
        assert_eq!(room_address(all, &[]).0, "d");
        let alias = r#"{"data":{"roomId":"","Room":"alias"},"source":{"room":"s"}},"2""#;
        assert_eq!(room_address(alias, &[]).0, "alias");
        assert_eq!(room_address(r#"{"source":{"Room":"s"}},"2""#, &[]).0, "2");
        assert_eq!(room_address(r#"3946"#, &[]).0, "3946");
        assert_eq!(room_address(r#"{"source":{"Room":"s"}}"#, &[]).0, "s");
        assert_eq!(room_address(r#""join-channel""#, &[]).0, "join-channel");
    }

    #[test]
    fn a_rooms_channel_is_named_by_data_then_source_then_the_only_joined_one() {
        let channel = |args, channels: &[&str]| room_address(args, channels).1;
        let all = r#"{"data":{"roomId":"r","roomChannel":"d"},"source":{"channel":"s"}},"2""#;
        assert_eq!(channel(all, &["j"]).as_deref(), Some("d"));
        let source = r#"{"data":{"roomId":"r"},"source":{"channel":"s"}}"#;
        assert_eq!(channel(source, &["j"]).as_deref(), Some("s"));
        assert_eq!(channel(r#""r","r""#, &["j"]).as_deref(), Some("j"));
        assert_eq!(channel(r#""r""#, &["j", "k"]), None);
        assert_eq!(channel(r#""r""#, &[]), None);
    }

    #[test]
    fn a_string_to_notify_room_is_text_and_names_nothing() {
        let text = payload(r#""r""#, Use::Message);
        assert_eq!(room(&text, RULES).unwrap_err().code, Code::MissingRoom);
        let named = payload(r#""hello","r""#, Use::Message);
        assert_eq!(&*room(&named, RULES).unwrap().room, "r");
    }

    #[test]
    fn a_room_in_a_reserved_channel_is_refused() {
        let sent = command(r#"{"roomId":"r","channel":"ping"}"#);
        assert_eq!(room(&sent, RULES).unwrap_err().code, Code::ReservedName);
    }

    #[test]
    fn leave_room_is_not_narrowed_by_the_channels_joined() {
        let target = room(&command(r#""r""#), RULES).unwrap();
        assert_eq!(target.channel, None);
        let target = room(&command(r#"{"roomId":"r","roomChannel":"c"}"#), RULES).unwrap();
        assert_eq!(target.channel.as_deref(), Some("c"));
    }

    #[test]
    fn strict_targets_refuse_what_names_two_and_take_what_agrees() {
        let join = |args| channel(&command(args), STRICT).map_err(|fault| fault.code);
        assert_eq!(
            join(r#"{"data":{"roomChannel":"a"}},"b""#),
            Err(Code::TargetMismatch)
        );
        assert_eq!(
            join(r#"{"data":{"roomChannel":"a"},"source":{"channel":"b"}}"#),
            Err(Code::TargetMismatch)
        );
        assert!(join(r#"{"data":{"roomChannel":"7"},"source":{"channel":7}},"7""#).is_ok());
        let rooms = command(r#"{"data":{"roomId":"a"},"source":{"room":"b"}}"#);
        assert_eq!(room(&rooms, STRICT).unwrap_err().code, Code::TargetMismatch);
    }
}
