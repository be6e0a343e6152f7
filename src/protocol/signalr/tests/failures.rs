//! Calls that fail, in the words of an ASP.NET server.

use dondo_actors::ports::Protocol;

use super::{
    sessions::{answer, call, opened, say},
    *,
};

/// Fails if a text is not ASP.NET's, which users' code looks for.
#[test]
fn failures_have_the_words_of_aspnet() {
    let mut session = opened("json");
    call(&mut session, "u", "SENDMESSAGE");
    let kept = (1 << 63) + 1;
    let failed = |number, args: &str| {
        let completed = text(&session.ack("/chat", number, &answer(args)));
        let completed: serde_json::Value = serde_json::from_str(&completed).unwrap();
        completed["error"].as_str().unwrap_or("none").to_owned()
    };
    for (args, expected) in [
        (
            r#"{"ok":false,"event":"X","code":"unknown_event","message":"no handler has this name"}"#,
            "Failed to invoke 'X' due to an error on the server. HubException: Method does not exist.",
        ),
        (
            r#"{"ok":false,"event":"X","code":"bad_payload","message":"no text"}"#,
            "Failed to invoke 'X' due to an error on the server. InvalidDataException: bad_payload: no text",
        ),
        (
            r#"{"ok":false,"event":"X","code":"room_full","message":"2 are in","data":[]}"#,
            "An unexpected error occurred invoking 'X' on the server. HubException: room_full: 2 are in",
        ),
        (
            r#"{"ok":false,"event":"X","code":"internal","message":"the server's handler failed"}"#,
            "An unexpected error occurred invoking 'X' on the server.",
        ),
        (
            r#"{"ok":false,"message":"m"}"#,
            "An unexpected error occurred invoking '' on the server. HubException: m",
        ),
        (
            r#"{"ok":false,"event":"X","code":"no_items","message":"it is not answered with items"}"#,
            "The client attempted to invoke the non-streaming 'X' method with a streaming invocation.",
        ),
        (
            r#"{"ok":false,"event":"X","code":"items_only","message":"it is answered with items"}"#,
            "The client attempted to invoke the streaming 'X' method with a non-streaming invocation.",
        ),
        (
            r#"{"ok":false,"event":"X","code":"wrong_streams","message":"Client sent 1 stream(s), handler expects 0."}"#,
            "An unexpected error occurred invoking 'X' on the server. HubException: Client sent 1 stream(s), Hub method expects 0.",
        ),
        // A host's own failures keep their words, whatever their codes.
        (
            r#"{"ok":false,"event":"X","code":"unknown_event","message":"no concert of this name"}"#,
            "An unexpected error occurred invoking 'X' on the server. HubException: unknown_event: no concert of this name",
        ),
        (
            r#"{"ok":false,"event":"X","code":"no_items","message":"the cart is empty"}"#,
            "An unexpected error occurred invoking 'X' on the server. HubException: no_items: the cart is empty",
        ),
        (
            r#"{"ok":false,"event":"X","code":"items_only","message":"no services"}"#,
            "An unexpected error occurred invoking 'X' on the server. HubException: items_only: no services",
        ),
        (
            r#"{"ok":false,"event":"X","code":"wrong_streams","message":"the handler of rivers says no"}"#,
            "An unexpected error occurred invoking 'X' on the server. HubException: wrong_streams: the handler of rivers says no",
        ),
        (r#"{"ok":true,"event":"X"}"#, "none"),
        (r#"{"ok":"false"}"#, "none"),
        (r#"{"ok":false},1"#, "none"),
        (r#"[{"ok":false}]"#, "none"),
    ] {
        assert_eq!(failed(3, args), expected, "{args}");
    }
    // As the client wrote it, not as the event is spelt.
    assert_eq!(
        failed(
            kept,
            r#"{"ok":false,"event":"sendMessage","code":"forbidden","message":"no"}"#
        ),
        "An unexpected error occurred invoking 'SENDMESSAGE' on the server. HubException: forbidden: no"
    );
}

#[test]
fn what_asks_for_nothing_is_answered_with_nothing() {
    let mut session = opened("json");
    for silent in [
        r#"{"type":5,"invocationId":"1"}"#,
        r#"{"type":8,"sequenceId":1}"#,
        r#"{"type":9,"sequenceId":1}"#,
        r#"{"type":99}"#,
    ] {
        assert_eq!(say(&mut session, silent), None, "{silent}");
    }
}
