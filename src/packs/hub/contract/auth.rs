//! The event by which a client brings another token, and its answer. Refuses to know what is in a token.

use std::time::UNIX_EPOCH;

use bytes::Bytes;
use dondo_actors::ports::LoggedIn;
use serde::Serialize;

use super::{
    fault::{Code, Fault},
    json,
};
use crate::io::Arguments;

/// The token: a text, or `token` of an object, there or in its `data`.
pub(crate) fn token(arguments: &Arguments) -> Result<String, Fault> {
    let wrong = || {
        Fault::new(
            Code::BadPayload,
            "a token is a text, or the field token of an object",
        )
    };
    let text = std::str::from_utf8(arguments.text()).map_err(|_| wrong())?;
    let (first, _) = json::first_two(text).ok_or_else(wrong)?;
    let value: serde_json::Value =
        serde_json::from_str(first.unwrap_or("null")).map_err(|_| wrong())?;
    let of = |object: &serde_json::Value| object.get("token").cloned();
    let token = match value {
        serde_json::Value::String(token) => Some(token.into()),
        object => of(&object).or_else(|| of(object.get("data")?)),
    };
    match token {
        Some(serde_json::Value::String(token)) => Ok(token),
        _ => Err(wrong()),
    }
}

#[derive(Serialize)]
struct Renewed<'a> {
    ok: bool,
    event: &'a str,
    account: &'a str,
    /// Seconds since 1970, as in a token.
    expires: Option<u64>,
}

/// The ack of a token that was taken.
pub(crate) fn answer(event: &str, login: &LoggedIn) -> Bytes {
    let expires = login
        .expires
        .and_then(|end| end.duration_since(UNIX_EPOCH).ok());
    json::text(&Renewed {
        ok: true,
        event,
        account: &login.account,
        expires: expires.map(|since| since.as_secs()),
    })
}
