//! What a call comes to: the answers of handlers as completions, failures in the words of an ASP.NET server, which users'
//! code looks for.

use std::borrow::Cow;

use bytes::Bytes;
use dondo_actors::ports::Answer;
use memchr::memmem;
use serde::Deserialize;

use super::{
    message::{Completed, Values},
    msgpack,
};
use crate::{
    failures::{ITEMS_ONLY, NO_ITEMS, StreamCounts, UNKNOWN_EVENT, WRONG_STREAMS},
    protocol::json::put,
};

/// The one argument of an answer that says `"ok":false`.
#[derive(Deserialize)]
struct FailureObject<'a> {
    ok: bool,
    #[serde(borrow, default)]
    event: Cow<'a, str>,
    #[serde(borrow, default)]
    code: Cow<'a, str>,
    #[serde(borrow, default)]
    message: Cow<'a, str>,
}

/// How a call ended that was answered so. `target` is its method as the client wrote it, where the answer has another name
/// for it. Of several arguments it is an array.
pub(super) fn completed(answer: &Answer, target: Option<&str>) -> Completed {
    if let Some(error) = error_in(&answer.args, target) {
        return Completed::Error(error);
    }
    let mut values = Values::from(answer);
    match msgpack::count(&values.text) {
        0 => return Completed::Void,
        1 => {}
        _ => values.text = [b"[", &values.text[..], b"]"].concat().into(),
    }
    Completed::Result(values)
}

/// The error that an answer is.
pub(super) fn error_in(args: &[u8], target: Option<&str>) -> Option<String> {
    // Most answers are none, and reading them would cost more than this.
    memmem::find(args, b"\"ok\"")?;
    let failure: FailureObject<'_> = serde_json::from_slice(args).ok()?;
    let target = target.unwrap_or(&failure.event);
    (!failure.ok).then(|| error(target, &failure.code, &failure.message))
}

/// How ASP.NET says that a call has too few or too many arguments, word by word.
const ARGUMENT_COUNT: &str = "Invocation provides ";

fn error(target: &str, code: &str, message: &str) -> String {
    let failed = format!("Failed to invoke '{target}' due to an error on the server.");
    let attempted = "The client attempted to invoke the";
    let unexpected = format!("An unexpected error occurred invoking '{target}' on the server.");
    match (code, message) {
        UNKNOWN_EVENT => format!("{failed} HubException: Method does not exist."),
        NO_ITEMS => {
            format!("{attempted} non-streaming '{target}' method with a streaming invocation.")
        }
        ITEMS_ONLY => {
            format!("{attempted} streaming '{target}' method with a non-streaming invocation.")
        }
        ("bad_payload", _) if message.starts_with(ARGUMENT_COUNT) => {
            format!("{failed} InvalidDataException: {message}")
        }
        ("bad_payload", _) => format!("{failed} InvalidDataException: {code}: {message}"),
        (WRONG_STREAMS, _) => match StreamCounts::read(message) {
            Some(StreamCounts { sent, taken }) => {
                let words = format!("Client sent {sent} stream(s), Hub method expects {taken}.");
                hub_exception(unexpected, "", &words)
            }
            None => hub_exception(unexpected, code, message),
        },
        _ => hub_exception(unexpected, code, message),
    }
}

/// An error with what the client may know of it.
fn hub_exception(error: String, code: &str, message: &str) -> String {
    match (code, message) {
        ("internal", _) | ("", "") => error,
        ("", text) | (text, "") => format!("{error} HubException: {text}"),
        (code, message) => format!("{error} HubException: {code}: {message}"),
    }
}

/// A stream failed that had begun; `failure` is a failure object.
pub(super) fn stream_failed(failure: &[u8]) -> String {
    let error = "An error occurred on the server while streaming results.".to_owned();
    match serde_json::from_slice::<FailureObject<'_>>(failure) {
        Ok(failure) => hub_exception(error, &failure.code, &failure.message),
        Err(_) => error,
    }
}

/// A stream is asked for under the id of another one.
pub(super) fn in_use(id: &str) -> String {
    format!("Invocation ID '{id}' is already in use.")
}

/// The failure of a call that no handler sees.
fn failure(code: &str, message: &str) -> Bytes {
    let mut object = b"{\"ok\":false,\"code\":".to_vec();
    put(&mut object, code);
    object.extend_from_slice(b",\"message\":");
    put(&mut object, message);
    object.push(b'}');
    object.into()
}

/// The failure of a call whose method nobody may have.
pub(super) fn unknown_event() -> Bytes {
    let (code, message) = UNKNOWN_EVENT;
    failure(code, message)
}

/// What a client answers to an event of ours. Its error is a failure, as the hub's own are.
pub(super) fn answered(outcome: Completed) -> Answer {
    match outcome {
        Completed::Void => Answer::default(),
        Completed::Result(value) => value.into(),
        Completed::Error(error) => Answer {
            args: failure("client_error", &error),
            blobs: Vec::new(),
        },
    }
}
