//! Calls that fail, in the words of an ASP.NET server.

use dondo_actors::ports::Protocol;

use super::{
    sessions::{answer, call, opened, reply, say},
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
            "Failed to invoke 'X' due to an error on the server. InvalidDataException: no text",
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
fn streams_are_answered_with_what_they_are_not() {
    let mut session = opened("json");
    assert_eq!(
        reply(say(
            &mut session,
            r#"{"type":4,"invocationId":"1","target":"Count","arguments":[]}"#
        )),
        r#"{"type":3,"invocationId":"1","error":"The client attempted to invoke the non-streaming 'Count' method with a streaming invocation."}"#
    );
    let upload = r#"{"type":1,"invocationId":"1","target":"Up","arguments":[],"streamIds":["2"]}"#;
    assert_eq!(
        reply(say(&mut session, upload)),
        r#"{"type":3,"invocationId":"1","error":"An unexpected error occurred invoking 'Up' on the server. HubException: Client sent 1 stream(s), Hub method expects 0."}"#
    );
    for silent in [
        r#"{"type":1,"target":"Up","arguments":[],"streamIds":["2"]}"#,
        r#"{"type":2,"invocationId":"2","item":1}"#,
        r#"{"type":3,"invocationId":"2"}"#,
        r#"{"type":5,"invocationId":"1"}"#,
        r#"{"type":8,"sequenceId":1}"#,
        r#"{"type":9,"sequenceId":1}"#,
        r#"{"type":99}"#,
    ] {
        assert_eq!(say(&mut session, silent), None, "{silent}");
    }
}
