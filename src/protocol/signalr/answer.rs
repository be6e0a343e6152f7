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
use crate::protocol::json::put;

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

fn error(target: &str, code: &str, message: &str) -> String {
    let failed = format!("Failed to invoke '{target}' due to an error on the server.");
    let unexpected = format!("An unexpected error occurred invoking '{target}' on the server.");
    match (code, message) {
        ("unknown_event", _) => format!("{failed} HubException: Method does not exist."),
        ("bad_payload", message) => format!("{failed} InvalidDataException: {message}"),
        ("internal", _) | ("", "") => unexpected,
        ("", message) => format!("{unexpected} HubException: {message}"),
        (code, "") => format!("{unexpected} HubException: {code}"),
        (code, message) => format!("{unexpected} HubException: {code}: {message}"),
    }
}

/// A plain method was called for a stream.
pub(super) fn no_stream(target: &str) -> String {
    format!(
        "The client attempted to invoke the non-streaming '{target}' method with a streaming invocation."
    )
}

/// A method was given streams of the caller's; none takes any.
pub(super) fn streams_given(target: &str, streams: usize) -> String {
    let message = format!("Client sent {streams} stream(s), Hub method expects 0.");
    error(target, "", &message)
}

/// The failure of a call that no handler sees.
pub(super) fn failure(code: &str, message: &str) -> Bytes {
    let mut object = b"{\"ok\":false,\"code\":".to_vec();
    put(&mut object, code);
    object.extend_from_slice(b",\"message\":");
    put(&mut object, message);
    object.push(b'}');
    object.into()
}

/// What a client answers to an event of ours. Its error is a failure, as the hub's own are.
pub(super) fn answered(outcome: Completed) -> Answer {
    let (args, blobs) = match outcome {
        Completed::Void => (Bytes::new(), Vec::new()),
        Completed::Result(value) => (value.text, value.blobs),
        Completed::Error(error) => (failure("client_error", &error), Vec::new()),
    };
    Answer { args, blobs }
}
