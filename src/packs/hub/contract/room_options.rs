//! What a join asks of the room that it makes, and proves to the one that it enters (contract 3, join-room).
//! Refuses to know whether the room exists; a wish that a room's state makes void is read all the same.

use std::sync::Arc;

use super::{
    fault::{Code, Fault},
    json,
    payload::Payload,
};

/// The join's own fields of `data`. All but the token stay in what is delivered.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct AskedOptions {
    /// Seats in the room, at least 1.
    pub(crate) capacity: Option<u32>,
    /// Who may enter.
    pub(crate) access: Option<Access>,
    /// Socket ids or accounts that may enter.
    pub(crate) invite: Vec<Arc<str>>,
    /// The proof for a room with [`Access::Token`]. A secret: for the hub alone.
    pub(crate) token: Option<String>,
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
    /// Reads them; `bad_payload` for a field of the wrong kind.
    pub(crate) fn read(payload: &Payload) -> Result<Self, Fault> {
        Ok(Self {
            capacity: payload.field("capacity").map(capacity).transpose()?,
            access: payload.field("access").map(access).transpose()?,
            invite: people(payload, "invite")?,
            token: payload.token().map(|token| token.into_owned()),
        })
    }
}

/// A field that lists socket ids or accounts; empty where it is absent, `bad_payload` where it is no list of strings.
pub(crate) fn people(payload: &Payload, field: &str) -> Result<Vec<Arc<str>>, Fault> {
    payload.field(field).map_or(Ok(Vec::new()), |raw| {
        serde_json::from_slice::<Vec<String>>(raw)
            .map(|list| list.into_iter().map(Arc::from).collect())
            .map_err(|_| bad(format!("data.{field} is a list of strings")))
    })
}

fn capacity(raw: &[u8]) -> Result<u32, Fault> {
    serde_json::from_slice(raw)
        .ok()
        .filter(|seats| *seats > 0)
        .ok_or_else(|| bad("data.capacity is an integer of at least 1"))
}

fn access(raw: &[u8]) -> Result<Access, Fault> {
    match json::string(raw).as_deref() {
        Some("open") => Ok(Access::Open),
        Some("invite") => Ok(Access::Invite),
        Some("token") => Ok(Access::Token),
        _ => Err(bad("data.access is open or invite")),
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
        AskedOptions::read(&Payload::read(&content.clone().into(), Use::Command).unwrap())
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
        assert_eq!(
            (read.access, read.token.as_deref()),
            (Some(Access::Token), Some("t"))
        );
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
        ] {
            assert_eq!(
                room_options(args).unwrap_err().code,
                Code::BadPayload,
                "{args}"
            );
        }
    }
}
