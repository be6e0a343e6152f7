//! Packets that are in order, and what becomes of them (wire reference 3).

use crate::support::{Form, Frame, WebSocket, in_both_forms};

use super::app::{App, is_alive, is_closed};

in_both_forms!(
    half_a_surrogate_in_an_events_name_costs_no_connection,
    a_connect_takes_its_credentials_and_ignores_an_id,
    the_root_is_left_out_and_a_comma_may_be_missing_at_the_end,
    a_query_is_part_of_a_namespaces_name,
    the_comma_is_always_written_behind_other_namespaces,
    names_that_only_look_reserved_and_numbers_are_events,
    ack_ids_come_back_as_numbers,
    answers_that_nobody_asked_for_are_ignored,
    a_placeholder_in_a_plain_event_is_an_ordinary_object,
    numbers_come_through_as_sent,
    one_connection_carries_several_namespaces,
    a_pong_between_attachments_is_fine,
);

fn half_a_surrogate_in_an_events_name_costs_no_connection(form: Form) {
    let app = App::start(form);
    let mut socket = app.inside(&["/"]);
    // The hub pack makes a channel of it, whose members hear it with U+FFFD in the surrogate's place.
    for (sent, heard) in [
        (r"\ud800", "\u{fffd}"),
        (r"a\udc00\ud83d\ude00", "a\u{fffd}😀"),
    ] {
        socket.text(&format!(r#"42["join-channel","{heard}"]"#));
        socket.text(&format!(r#"427["{sent}","hello"]"#));
        let mut said = socket.next_text();
        while !said.starts_with(&format!(r#"42["{heard}","#)) {
            assert!(said.starts_with("42["), "{said}");
            said = socket.next_text();
        }
        while !said.starts_with("437[") {
            said = socket.next_text();
        }
        assert!(said.contains(r#""ok":true"#), "{said}");
    }
    socket.text(r#"42["\udfff\ud800"]"#);
    socket.text(r#"42["echo",1]"#);
    while socket.next_text() != r#"42["echo",[1]]"# {}
}

fn says(socket: &mut WebSocket, packet: &str, answer: &str) {
    socket.text(packet);
    assert_eq!(socket.next_text(), answer, "{packet}");
}

fn a_connect_takes_its_credentials_and_ignores_an_id(form: Form) {
    let app = App::start(form);
    for (connect, auth) in [
        ("40", "null"),
        ("40{}", "{}"),
        (
            r#"40{"token":[1,{"a":null}]}"#,
            r#"{"token":[1,{"a":null}]}"#,
        ),
        (r#"401{"a":1}"#, r#"{"a":1}"#),
    ] {
        let mut socket = app.socket();
        socket.text(connect);
        assert!(socket.next_text().starts_with("40{\"sid\":\""), "{connect}");
        says(&mut socket, r#"420["auth"]"#, &format!("430[{auth}]"));
    }
}

fn the_root_is_left_out_and_a_comma_may_be_missing_at_the_end(form: Form) {
    let app = App::start(form);
    for connect in ["40/a", "40/a,", "40/a,{}"] {
        let mut socket = app.socket();
        socket.text(connect);
        assert!(
            socket.next_text().starts_with("40/a,{\"sid\":\""),
            "{connect}"
        );
    }
    for connect in ["40", "40/", "40/,"] {
        let mut socket = app.socket();
        socket.text(connect);
        assert!(socket.next_text().starts_with("40{\"sid\":\""), "{connect}");
        says(&mut socket, r#"42/,["echo"]"#, r#"42["echo",[]]"#);
        says(&mut socket, r#"42/,5["ack",1]"#, "435[[1]]");
    }
}

fn a_query_is_part_of_a_namespaces_name(form: Form) {
    let app = App::start(form);
    let mut socket = app.inside(&["/"]);
    says(
        &mut socket,
        "40/a?x=1,",
        r#"44/a?x=1,{"message":"Invalid namespace"}"#,
    );
    is_alive(&mut socket);
}

fn the_comma_is_always_written_behind_other_namespaces(form: Form) {
    let app = App::start(form);
    let mut socket = app.inside(&["/a"]);
    says(&mut socket, r#"42/a,["echo",1]"#, r#"42/a,["echo",[1]]"#);
    says(&mut socket, r#"42/a,3["ack"]"#, "43/a,3[[]]");
    says(
        &mut socket,
        r#"42/a,["ask",20000]"#,
        r#"42/a,0["question","?"]"#,
    );
    says(&mut socket, "43/a,0[]", r#"42/a,["answered",[]]"#);
    socket.text(r#"451-/a,["blobs",{"_placeholder":true,"num":0}]"#);
    socket.binary(b"x");
    assert_eq!(
        socket.next_text(),
        r#"451-/a,["blobs",[{"_placeholder":true,"num":0}]]"#
    );
    assert_eq!(socket.next(), Frame::Binary(b"x".to_vec()));
    says(
        &mut socket,
        "40/closed,",
        r#"44/closed,{"message":"not \"now\"","data":{"code":"closed"}}"#,
    );
}

fn names_that_only_look_reserved_and_numbers_are_events(form: Form) {
    let app = App::start(form);
    let mut socket = app.inside(&["/"]);
    says(&mut socket, r#"42["connection"]"#, r#"42["connection"]"#);
    says(&mut socket, "42[7]", r#"42["seven"]"#);
}

fn ack_ids_come_back_as_numbers(form: Form) {
    let app = App::start(form);
    let mut socket = app.inside(&["/"]);
    for (sent, back) in [
        ("12", "12"),
        ("0", "0"),
        ("007", "7"),
        ("9007199254740993", "9007199254740993"),
    ] {
        says(
            &mut socket,
            &format!(r#"42{sent}["ack","x"]"#),
            &format!(r#"43{back}[["x"]]"#),
        );
    }
}

fn answers_that_nobody_asked_for_are_ignored(form: Form) {
    let app = App::start(form);
    let mut socket = app.inside(&["/"]);
    for packet in ["4399[1]", "43[1]", "4399", "43"] {
        socket.text(packet);
        is_alive(&mut socket);
    }
}

fn a_placeholder_in_a_plain_event_is_an_ordinary_object(form: Form) {
    let app = App::start(form);
    let mut socket = app.inside(&["/"]);
    for object in [
        r#"{"_placeholder":true,"num":0}"#,
        r#"{"_placeholder":true,"num":"x"}"#,
    ] {
        says(
            &mut socket,
            &format!(r#"42["echo",{object}]"#),
            &format!(r#"42["echo",[{object}]]"#),
        );
    }
}

fn numbers_come_through_as_sent(form: Form) {
    // To a channel, since a handler of the host would read them.
    let app = App::start(form);
    let mut socket = app.inside(&["/"]);
    socket.text(r#"420["join-channel","c"]"#);
    while !socket.next_text().starts_with("430[") {}
    for message in [
        "123456789012345678901234567890",
        "1e400",
        "1.0",
        r#"{"a":1,"a":2}"#,
        r#""\u0041""#,
    ] {
        socket.text(&format!(r#"421["c",{{"data":{{"message":{message}}}}}]"#));
        let event = loop {
            let text = socket.next_text();
            if text.starts_with(r#"42["c","#) {
                break text;
            }
        };
        assert!(
            event.contains(&format!(r#""message":{message},"#)),
            "{message} in {event}"
        );
    }
}

fn one_connection_carries_several_namespaces(form: Form) {
    let app = App::start(form);
    let mut socket = app.inside(&["/", "/a", "/b"]);
    for (address, namespace) in [("", "/"), ("/a,", "/a"), ("/b,", "/b")] {
        says(
            &mut socket,
            &format!(r#"42{address}["echo",1]"#),
            &format!(r#"42{address}["echo",[1]]"#),
        );
        // Each has its own count of acks.
        says(
            &mut socket,
            &format!(r#"42{address}["ask",20000]"#),
            &format!(r#"42{address}0["question","?"]"#),
        );
        says(
            &mut socket,
            &format!(r#"43{address}0["{namespace}"]"#),
            &format!(r#"42{address}["answered",["{namespace}"]]"#),
        );
    }
    socket.text("4nonsense");
    is_closed(&mut socket, "all of them");
    let mut gone = [(); 3].map(|()| app.farewell().0);
    gone.sort();
    assert_eq!(gone, ["/", "/a", "/b"]);
}

fn a_pong_between_attachments_is_fine(form: Form) {
    let app = App::start(form);
    let mut socket = app.inside(&["/"]);
    socket.text(r#"452-["blobs",{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]"#);
    socket.text("3");
    socket.binary(b"one");
    socket.text("3");
    socket.frame(0x89, b"");
    socket.binary(b"two");
    let mut frames = [(); 4]
        .map(|()| socket.next())
        .into_iter()
        .filter(|frame| *frame != Frame::Pong(vec![]));
    let header = r#"452-["blobs",[{"_placeholder":true,"num":0},{"_placeholder":true,"num":1}]]"#;
    assert_eq!(frames.next(), Some(Frame::Text(header.to_owned())));
    assert_eq!(frames.next(), Some(Frame::Binary(b"one".to_vec())));
    assert_eq!(frames.next(), Some(Frame::Binary(b"two".to_vec())));
}
