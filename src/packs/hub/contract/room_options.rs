//! The fields of `data` that are about a room: what a join asks of the one that it makes, and an owner of his (contract 3).
//! Refuses to know whether the room exists; a wish that a room's state makes void is read all the same.

use std::sync::Arc;

use super::{
    fault::{Code, Fault},
    json,
    name::{self, Named},
    payload::Payload,
};

/// Socket ids or accounts in one command.
const PEOPLE_MAX: usize = 256;

/// The join's own fields of `data`. All but the token stay in what is delivered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AskedOptions {
    /// Seats in the room, at least 1.
    pub(crate) capacity: Option<u32>,
    /// Who may enter.
    pub(crate) access: Option<Access>,
    /// Socket ids or accounts that may enter.
    pub(crate) invite: Vec<Arc<str>>,
    /// What opens a room by token.
    pub(crate) token: Option<Arc<str>>,
}

/// Who may enter a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Access {
    /// Everybody.
    Open,
    /// Those whom the owner invites.
    Invite,
    /// Those who bring a token for the room.
    Token,
}

impl AskedOptions {
    /// Reads them; `bad_payload` for a field of the wrong kind, `invalid_name` for a guest that is no name.
    pub(crate) fn read(payload: &Payload, name_bytes_max: usize) -> Result<Self, Fault> {
        Ok(Self {
            capacity: payload.field("capacity").map(capacity).transpose()?,
            access: payload.field("access").map(access).transpose()?,
            invite: named(&people(payload, "invite")?, name_bytes_max)?,
            token: payload.token().map(token).transpose()?,
        })
    }
}

/// `data.locked` of lock-room; what is not said is true.
pub(crate) fn locked(payload: &Payload) -> Result<bool, Fault> {
    match payload.field("locked") {
        None | Some(b"true") => Ok(true),
        Some(b"false") => Ok(false),
        Some(_) => Err(bad("data.locked is true or false")),
    }
}

/// Whom an owner's event is about: at least one.
pub(crate) fn listed(
    payload: &Payload,
    field: &str,
    name_bytes_max: usize,
) -> Result<Vec<Arc<str>>, Fault> {
    let people = people(payload, field)?;
    if people.is_empty() {
        return Err(bad(format!("data.{field} lists nobody")));
    }
    if people.len() > PEOPLE_MAX {
        return Err(Fault::new(
            Code::LimitReached,
            format!("data.{field} lists at most {PEOPLE_MAX}"),
        ));
    }
    named(&people, name_bytes_max)
}

/// Socket ids or accounts; empty where the field is absent, `bad_payload` where it is no list of strings.
fn people(payload: &Payload, field: &str) -> Result<Vec<String>, Fault> {
    payload.field(field).map_or(Ok(Vec::new()), |raw| {
        serde_json::from_slice(raw).map_err(|_| bad(format!("data.{field} is a list of strings")))
    })
}

fn named(people: &[String], name_bytes_max: usize) -> Result<Vec<Arc<str>>, Fault> {
    let people = people.iter();
    people
        .map(|person| name::check(Named::Other, person, name_bytes_max))
        .collect()
}

fn capacity(raw: &[u8]) -> Result<u32, Fault> {
    serde_json::from_slice(raw)
        .ok()
        .filter(|seats| *seats > 0)
        .ok_or_else(|| bad("data.capacity is an integer of at least 1"))
}

fn token(raw: &[u8]) -> Result<Arc<str>, Fault> {
    let token = json::string(raw).map(Arc::from);
    token.ok_or_else(|| bad("data.token is a text"))
}

fn access(raw: &[u8]) -> Result<Access, Fault> {
    match json::string(raw).as_deref() {
        Some("open") => Ok(Access::Open),
        Some("invite") => Ok(Access::Invite),
        Some("token") => Ok(Access::Token),
        _ => Err(bad("data.access is open, invite or token")),
    }
}

fn bad(message: impl Into<std::borrow::Cow<'static, str>>) -> Fault {
    Fault::new(Code::BadPayload, message)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use bytes::Bytes;
    use dondo_actors::letter::Content;

    use super::{super::payload::Use, *};

    fn room_options(args: &'static str) -> Result<AskedOptions, Fault> {
        let content = Content {
            name: "join-room".into(),
            args: Bytes::from_static(args.as_bytes()),
            blobs: Vec::new(),
        };
        AskedOptions::read(&Payload::read(&content.into(), Use::Command).unwrap(), 256)
    }

    #[test]
    fn a_join_may_ask_for_capacity_access_and_guests() {
        let read = room_options(
            r#"{"data":{"roomId":"r","capacity":2,"Access":"invite","invite":["a","b"],"token":"t"}}"#,
        );
        assert_eq!(
            read.unwrap(),
            AskedOptions {
                capacity: Some(2),
                access: Some(Access::Invite),
                invite: vec!["a".into(), "b".into()],
                token: Some("t".into()),
            }
        );
    }

    #[test]
    fn the_flat_form_and_a_bare_object_ask_as_well() {
        assert_eq!(
            room_options(r#"{"roomId":"r","capacity":3}"#)
                .unwrap()
                .capacity,
            Some(3)
        );
        let read = room_options(r#"{"access":"token","token":"t"},"r""#).unwrap();
        assert_eq!(read.access, Some(Access::Token));
    }

    #[test]
    fn absent_fields_ask_for_nothing() {
        assert_eq!(
            room_options(r#"{"data":{"roomId":"r","capacity":null,"access":"","token":null}}"#)
                .unwrap(),
            AskedOptions::default()
        );
        assert_eq!(room_options(r#""r""#).unwrap(), AskedOptions::default());
    }

    #[test]
    fn fields_of_the_wrong_kind_are_bad_payload() {
        for args in [
            r#"{"data":{"capacity":0}}"#,
            r#"{"data":{"capacity":-1}}"#,
            r#"{"data":{"capacity":2.5}}"#,
            r#"{"data":{"capacity":"2"}}"#,
            r#"{"data":{"capacity":4294967296}}"#,
            r#"{"data":{"access":"closed"}}"#,
            r#"{"data":{"access":1}}"#,
            r#"{"data":{"invite":"a"}}"#,
            r#"{"data":{"invite":[1]}}"#,
            r#"{"data":{"token":1}}"#,
        ] {
            assert_eq!(
                room_options(args).unwrap_err().code,
                Code::BadPayload,
                "{args}"
            );
        }
    }
}
