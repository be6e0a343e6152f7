//! What a token allows in channels and rooms: lists of patterns, read from its claim `dondo`.
//! Knows no event: what is asked for says the pack.

use serde_json::Value;

use crate::name_pattern;

/// Patterns of one list.
const PATTERNS_MAX: usize = 256;

/// What may be allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Right {
    Join,
    Send,
    History,
    /// To be told who is there.
    Presence,
    /// No slow mode and no capacity holds for its bearer. Alone of all it has to be said.
    Moderate,
}

/// What it is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Wanted<'a> {
    Channel(&'a str),
    /// A room, and the channel that it is in.
    Room(&'a str, Option<&'a str>),
}

/// What is allowed. A list that is not there allows all; that of who moderates nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Rights {
    join: Option<Vec<Pattern>>,
    send: Option<Vec<Pattern>>,
    history: Option<Vec<Pattern>>,
    presence: Option<Vec<Pattern>>,
    moderate: Option<Vec<Pattern>>,
}

/// Whom one entry of a list allows.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Pattern {
    /// Channels, and rooms in whatever channel.
    Either(NamePattern),
    Channel(NamePattern),
    Room {
        room: NamePattern,
        /// Without one: rooms in any channel and in none.
        channel: Option<NamePattern>,
    },
}

/// See [`name_pattern`].
#[derive(Clone, Debug, PartialEq, Eq)]
struct NamePattern(String);

impl Rights {
    /// Reads the claim. What is not known is an error: a right that nobody looks at would allow too much.
    pub(super) fn read(claim: &Value) -> Result<Self, String> {
        let Value::Object(lists) = claim else {
            return Err("its claim \"dondo\" is no object".to_owned());
        };
        let mut rights = Self::default();
        for (name, list) in lists {
            let place = match name.as_str() {
                "join" => &mut rights.join,
                "send" => &mut rights.send,
                "history" => &mut rights.history,
                "presence" => &mut rights.presence,
                "moderate" => &mut rights.moderate,
                _ => {
                    return Err(format!(
                        "its claim \"dondo\" has {name:?} in it; known are join, send, history, presence and moderate"
                    ));
                }
            };
            let wrong = |why| format!("dondo.{name} in it {why}");
            *place = Some(patterns(list).map_err(wrong)?);
        }
        Ok(rights)
    }

    pub(crate) fn allow(&self, right: Right, wanted: Wanted<'_>) -> bool {
        let list = match right {
            Right::Join => &self.join,
            Right::Send => &self.send,
            Right::History => &self.history,
            Right::Presence => &self.presence,
            Right::Moderate => match &self.moderate {
                Some(list) => return list.iter().any(|pattern| pattern.fits(wanted)),
                None => return false,
            },
        };
        let allowed = |list: &Vec<Pattern>| list.iter().any(|pattern| pattern.fits(wanted));
        list.as_ref().is_none_or(allowed)
    }

    /// Whether its bearer is told who is in every channel.
    pub(crate) fn see_all(&self) -> bool {
        let all = |pattern: &Pattern| match pattern {
            Pattern::Either(name) | Pattern::Channel(name) => name.0 == "*",
            Pattern::Room { .. } => false,
        };
        self.presence
            .as_ref()
            .is_none_or(|list| list.iter().any(all))
    }

    /// Whether its bearer moderates everything: what holds for an account as a whole does not hold for it.
    pub(crate) fn moderate_all(&self) -> bool {
        let all = Pattern::Either(NamePattern("*".to_owned()));
        self.moderate
            .as_ref()
            .is_some_and(|list| list.contains(&all))
    }
}

impl Rights {
    /// Whether it tells rooms apart by their channels.
    pub(super) fn has_rooms_of_channels(&self) -> bool {
        let lists = [&self.join, &self.send, &self.history, &self.presence]
            .into_iter()
            .flatten();
        let of_channel = |pattern: &Pattern| {
            matches!(
                pattern,
                Pattern::Room {
                    channel: Some(_),
                    ..
                }
            )
        };
        lists.flatten().any(of_channel)
    }
}

fn patterns(list: &Value) -> Result<Vec<Pattern>, &'static str> {
    let Value::Array(list) = list else {
        return Err("is no list");
    };
    if list.len() > PATTERNS_MAX {
        return Err("has more than 256 entries");
    }
    list.iter().map(Pattern::read).collect()
}

impl Pattern {
    fn read(entry: &Value) -> Result<Self, &'static str> {
        let wrong =
            "has an entry that is neither a text nor {\"channel\": …}, {\"room\": …} or both";
        if let Value::String(name) = entry {
            return Ok(Self::Either(NamePattern(name.clone())));
        }
        let fields = entry.as_object().ok_or(wrong)?;
        let of = |name: &str| match fields.get(name) {
            None => Ok(None),
            Some(Value::String(name)) => Ok(Some(NamePattern(name.clone()))),
            Some(_) => Err(wrong),
        };
        let (room, channel) = (of("room")?, of("channel")?);
        let read = usize::from(room.is_some()) + usize::from(channel.is_some());
        match (room, channel) {
            _ if read < fields.len() => Err(wrong),
            (Some(room), channel) => Ok(Self::Room { room, channel }),
            (None, Some(channel)) => Ok(Self::Channel(channel)),
            (None, None) => Err(wrong),
        }
    }

    fn fits(&self, wanted: Wanted<'_>) -> bool {
        match (self, wanted) {
            (Self::Either(name) | Self::Channel(name), Wanted::Channel(channel)) => {
                name.fits(channel)
            }
            (Self::Either(name), Wanted::Room(room, _)) => name.fits(room),
            (Self::Room { room, channel }, Wanted::Room(id, of)) => {
                let in_channel = |own: &NamePattern| of.is_some_and(|of| own.fits(of));
                room.fits(id) && channel.as_ref().is_none_or(in_channel)
            }
            (Self::Channel(_), Wanted::Room(..)) | (Self::Room { .. }, Wanted::Channel(_)) => false,
        }
    }
}

impl NamePattern {
    fn fits(&self, name: &str) -> bool {
        name_pattern::fits(&self.0, name)
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use serde_json::json;

    use super::*;

    fn rights(claim: Value) -> Rights {
        Rights::read(&claim).unwrap()
    }

    /// Fails if an empty list allows something, or a list that is not there forbids it.
    #[test]
    fn no_list_allows_all_and_an_empty_one_nothing() {
        let rights = rights(json!({"join": []}));
        let channel = Wanted::Channel("a");
        assert!(!rights.allow(Right::Join, channel));
        assert!(rights.allow(Right::Send, channel));
        assert!(rights.allow(Right::History, Wanted::Room("r", None)));
    }

    /// Fails if somebody moderates without being told to, or who does so in a part counts as who does so everywhere.
    #[test]
    fn nobody_moderates_who_is_not_said_to() {
        let channel = Wanted::Channel("orders-1");
        for (claim, here, everywhere) in [
            (json!({}), false, false),
            (json!({"moderate": []}), false, false),
            (json!({"moderate": ["orders-*"]}), true, false),
            (json!({"moderate": [{"channel": "*"}]}), true, false),
            (json!({"moderate": ["*"]}), true, true),
        ] {
            let rights = rights(claim.clone());
            let found = rights.allow(Right::Moderate, channel);
            assert_eq!(
                (found, rights.moderate_all()),
                (here, everywhere),
                "{claim}"
            );
        }
    }

    /// Fails if a room is taken for a channel of its name where that is told apart, or if a pattern with a channel allows the
    /// room without one: whoever is there hears all of its channels.
    #[test]
    fn a_room_is_meant_under_its_channel() {
        let all = rights(json!({"join": ["a"]}));
        let channel = rights(json!({"join": [{"channel": "a"}]}));
        let room = rights(json!({"join": [{"room": "a"}]}));
        let within = rights(json!({"join": [{"room": "a", "channel": "orders-*"}]}));
        for (wanted, expected) in [
            (Wanted::Channel("a"), [true, true, false, false]),
            (Wanted::Room("a", None), [true, false, true, false]),
            (
                Wanted::Room("a", Some("orders-1")),
                [true, false, true, true],
            ),
            (Wanted::Room("a", Some("sales")), [true, false, true, false]),
            (Wanted::Room("b", Some("orders-1")), [false; 4]),
        ] {
            let found = [&all, &channel, &room, &within].map(|one| one.allow(Right::Join, wanted));
            assert_eq!(found, expected, "{wanted:?}");
        }
    }

    /// Fails if who may see a part is told of the whole, or who may see all is not.
    #[test]
    fn who_sees_all_channels_is_said_to_or_not_limited() {
        let channel = Wanted::Channel("orders-1");
        for (claim, here, everywhere) in [
            (json!({}), true, true),
            (json!({"presence": []}), false, false),
            (json!({"presence": ["orders-*"]}), true, false),
            (json!({"presence": [{"channel": "*"}]}), true, true),
            (json!({"presence": [{"room": "*"}]}), false, false),
            (json!({"presence": ["*"]}), true, true),
        ] {
            let rights = rights(claim.clone());
            let found = rights.allow(Right::Presence, channel);
            assert_eq!((found, rights.see_all()), (here, everywhere), "{claim}");
        }
    }

    /// Fails if a claim that is misspelled or of another kind is read as one that allows everything.
    #[test]
    fn what_cannot_be_read_allows_nothing() {
        for claim in [
            json!("join"),
            json!(null),
            json!({"jion": ["a"]}),
            json!({"presence": "a"}),
            json!({"join": "a"}),
            json!({"join": null}),
            json!({"join": [1]}),
            json!({"join": [{}]}),
            json!({"join": [{"room": "a", "chanel": "b"}]}),
            json!({"join": [{"room": 1}]}),
            json!({"join": vec!["a"; 257]}),
        ] {
            assert!(Rights::read(&claim).is_err(), "{claim}");
        }
    }
}
