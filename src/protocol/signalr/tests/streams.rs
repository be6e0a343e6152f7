//! Streams both ways, as a session speaks them.

use dondo_actors::{
    letter::TransportMessage,
    ports::{ClientPacket, EventStreams, ItemsAs, Protocol},
};

use super::{
    sessions::{answer, call, opened, reply, say},
    *,
};

/// A call for a stream.
fn stream(session: &mut SignalR, id: &str) -> Option<ClientPacket> {
    let record = format!(r#"{{"type":4,"invocationId":"{id}","target":"Count","arguments":[]}}"#);
    say(session, &record)
}

fn number(called: Option<ClientPacket>) -> u64 {
    match called {
        Some(ClientPacket::Event { ack, .. }) => ack.expect("a number"),
        other => panic!("no event: {other:?}"),
    }
}

fn cancel(session: &mut SignalR, id: &str) -> Option<u64> {
    match say(session, &format!(r#"{{"type":5,"invocationId":"{id}"}}"#)) {
        Some(ClientPacket::Cancel { id, .. }) => Some(id),
        None => None,
        other => panic!("no cancel: {other:?}"),
    }
}

/// Fails if items have another id than their call, or an end tells a result, or an error in other words than ASP.NET's.
#[test]
fn items_have_the_id_of_their_call_and_an_end_without_a_result() {
    let mut session = opened("json");
    for id in ["4", "b6f1e4de"] {
        let number = number(stream(&mut session, id));
        for _ in 0..2 {
            let item = session
                .item("/chat", number, &answer(r#"{"a":1}"#))
                .unwrap();
            let told = format!(r#"{{"type":2,"invocationId":"{id}","item":{{"a":1}}}}"#);
            assert_eq!(text(&item), told);
        }
        let end = session.items_end("/chat", number, None).unwrap();
        assert_eq!(text(&end), format!(r#"{{"type":3,"invocationId":"{id}"}}"#));
    }
    for (failure, more) in [
        (
            r#"{"ok":false,"code":"internal","message":"it failed"}"#,
            "",
        ),
        (
            r#"{"ok":false,"code":"room_full","message":"2 are in"}"#,
            " HubException: room_full: 2 are in",
        ),
    ] {
        let number = number(stream(&mut session, "5"));
        let end = session.items_end("/chat", number, Some(&answer(failure)));
        let told = format!(
            r#"{{"type":3,"invocationId":"5","error":"An error occurred on the server while streaming results.{more}"}}"#
        );
        assert_eq!(text(&end.unwrap()), told);
    }
    let mut packed = opened("messagepack");
    let count = b"\x96\x04\x80\xa1\x32\xa5Count\x91\x03\x90";
    let called = packed.decode(TransportMessage::Binary(count.to_vec().into()));
    let number = number(called.unwrap());
    let item = packed.item("/chat", number, &answer("0")).unwrap();
    assert_eq!(bytes(&item), &b"\x06\x94\x02\x80\xa1\x32\x00"[..]);
}

/// Fails if one stream's cancel ends another one, or a plain call takes a stream's place.
#[test]
fn an_id_is_one_streams_until_that_has_ended() {
    let mut session = opened("json");
    for id in ["1", "b6f1e4de"] {
        let first = number(stream(&mut session, id));
        assert_eq!(
            reply(stream(&mut session, id)),
            format!(
                r#"{{"type":3,"invocationId":"{id}","error":"Invocation ID '{id}' is already in use."}}"#
            )
        );
        let plain = number(call(&mut session, id, "x"));
        assert_ne!(plain, first);
        let completed = text(&session.ack("/chat", plain, &answer("")));
        assert_eq!(completed, format!(r#"{{"type":3,"invocationId":"{id}"}}"#));
        assert_eq!(cancel(&mut session, id), Some(first));
        session.items_end("/chat", first, None);
        assert_eq!(cancel(&mut session, id), None);
        let again = number(stream(&mut session, id));
        // Refused before it began, it is answered as any other call.
        session.ack("/chat", again, &answer(r#"{"ok":false}"#));
        assert_eq!(cancel(&mut session, id), None);
    }
}

/// Fails if a stream of the client's is not told from a result that it was asked for, or its error from an item.
#[test]
fn streams_of_the_client_are_items_and_an_end_under_its_names() {
    let mut session = opened("json");
    let upload =
        r#"{"type":1,"invocationId":"1","target":"Up","arguments":[],"streamIds":["2","x"]}"#;
    let Some(ClientPacket::Event { streams, .. }) = say(&mut session, upload) else {
        panic!("no event");
    };
    let sent = vec!["2".into(), "x".into()];
    let taken = ItemsAs::Refused;
    assert_eq!(streams, EventStreams { taken, sent });
    let namespace = || "/chat".into();
    let stream = || "x".into();
    for (record, said) in [
        (
            r#"{"type":2,"invocationId":"x","item":[1]}"#,
            ClientPacket::Item {
                namespace: namespace(),
                stream: stream(),
                item: answer("[1]"),
            },
        ),
        (
            r#"{"type":3,"invocationId":"x"}"#,
            ClientPacket::ItemsEnd {
                namespace: namespace(),
                stream: stream(),
                error: None,
            },
        ),
        (
            r#"{"type":3,"invocationId":"x","error":"lost"}"#,
            ClientPacket::ItemsEnd {
                namespace: namespace(),
                stream: stream(),
                error: Some("lost".into()),
            },
        ),
    ] {
        assert_eq!(say(&mut session, record), Some(said), "{record}");
    }
    let many = format!(
        r#"{{"type":1,"target":"Up","arguments":[],"streamIds":[{}"1"]}}"#,
        r#""1","#.repeat(64)
    );
    assert_eq!(json(&many), Err("a call has more than 64 streams".into()));
    let packed_many = [&b"\x96\x01\x80\xc0\xa1x\x90\xdc\xff\xff"[..], &[0xa0; 100]].concat();
    assert_eq!(
        packed(&packed_many),
        Err("a call has more than 64 streams".into())
    );
}
