//! Events and answers with attachments (wire reference 3 and 3.1).

use crate::support::polling::SEPARATOR;
use crate::support::{Form, Frame, Polling, WebSocket, in_both_forms};

use super::app::{App, is_alive};

in_both_forms!(
    attachments_follow_their_event_in_the_order_of_the_walk,
    attachments_that_no_placeholder_names_are_dropped,
    one_attachment_may_stand_in_two_places,
    as_many_attachments_as_the_limit_are_fine,
    empty_and_large_attachments_come_through,
    each_attachment_may_be_as_long_as_a_message,
    answers_with_attachments_have_their_own_type,
    in_polling_a_binary_event_stays_undivided,
    nothing_comes_between_an_event_and_its_attachments,
);

fn placeholder(number: usize) -> String {
    format!(r#"{{"_placeholder":true,"num":{number}}}"#)
}

fn expect(socket: &mut WebSocket, text: &str, blobs: &[&[u8]]) {
    assert_eq!(socket.next_text(), text);
    for blob in blobs {
        assert_eq!(socket.next(), Frame::Binary(blob.to_vec()), "{text}");
    }
}

fn attachments_follow_their_event_in_the_order_of_the_walk(form: Form) {
    let app = App::start(form);
    let mut socket = app.inside(&["/"]);
    let [p0, p1, p2, p3] = [0, 1, 2, 3].map(placeholder);
    // Numbered out of order by the client; what comes back is numbered depth first.
    socket.text(&format!(
        r#"454-["picture",{{"front":{p2},"middle":{{"title":"t","layers":[{p0},{p3}]}},"back":{p1}}}]"#
    ));
    for blob in [b"layer 1", b"back   ", b"front  ", b"layer 2"] {
        socket.binary(blob);
    }
    let back = format!(
        r#"454-["picture",{{"front":{p0},"middle":{{"title":"t","layers":[{p1},{p2}]}},"back":{p3}}}]"#
    );
    expect(
        &mut socket,
        &back,
        &[b"front  ", b"layer 1", b"layer 2", b"back   "],
    );
}

fn attachments_that_no_placeholder_names_are_dropped(form: Form) {
    let app = App::start(form);
    let mut socket = app.inside(&["/"]);
    let [p0, p1] = [0, 1].map(placeholder);
    socket.text(&format!(r#"453-["blobs",{p1}]"#));
    for blob in [b"a", b"b", b"c"] {
        socket.binary(blob);
    }
    expect(&mut socket, &format!(r#"451-["blobs",[{p0}]]"#), &[b"b"]);
    socket.text(r#"451-["echo",1]"#);
    socket.binary(b"a");
    expect(&mut socket, r#"42["echo",[1]]"#, &[]);
    let _ = p1;
    is_alive(&mut socket);
}

fn one_attachment_may_stand_in_two_places(form: Form) {
    let app = App::start(form);
    let mut socket = app.inside(&["/"]);
    let p0 = placeholder(0);
    socket.text(&format!(r#"451-["blobs",{p0},{p0}]"#));
    socket.binary(b"same");
    expect(
        &mut socket,
        &format!(r#"451-["blobs",[{p0},{p0}]]"#),
        &[b"same"],
    );
}

fn as_many_attachments_as_the_limit_are_fine(form: Form) {
    let app = App::start(form);
    let mut socket = app.inside(&["/"]);
    let all: Vec<String> = (0..10).map(placeholder).collect();
    socket.text(&format!(r#"4510-["blobs",{}]"#, all.join(",")));
    let blobs: Vec<[u8; 2]> = (0..10).map(|number| [number, 0xff]).collect();
    blobs.iter().for_each(|blob| socket.binary(blob));
    let blobs: Vec<&[u8]> = blobs.iter().map(|blob| &blob[..]).collect();
    expect(
        &mut socket,
        &format!(r#"4510-["blobs",[{}]]"#, all.join(",")),
        &blobs,
    );
}

fn empty_and_large_attachments_come_through(form: Form) {
    let app = App::start(form);
    let mut socket = app.inside(&["/"]);
    let [p0, p1] = [0, 1].map(placeholder);
    let large = vec![3; 300_000];
    socket.text(&format!(r#"452-["blobs",{p0},{p1}]"#));
    socket.binary(b"");
    socket.binary(&large);
    expect(
        &mut socket,
        &format!(r#"452-["blobs",[{p0},{p1}]]"#),
        &[b"", &large],
    );
}

fn each_attachment_may_be_as_long_as_a_message(form: Form) {
    let app = App::start(form);
    let mut socket = app.inside(&["/"]);
    let text = format!(
        r#"["blobs",{},{},{}]"#,
        placeholder(0),
        placeholder(1),
        placeholder(2)
    );
    let back = format!(
        r#"453-["blobs",[{},{},{}]]"#,
        placeholder(0),
        placeholder(1),
        placeholder(2)
    );
    let blobs: Vec<Vec<u8>> = (0..3).map(|byte| vec![byte; 1_000_000]).collect();
    socket.text(&format!("453-{text}"));
    blobs.iter().for_each(|blob| socket.binary(blob));
    let blobs: Vec<&[u8]> = blobs.iter().map(Vec::as_slice).collect();
    expect(&mut socket, &back, &blobs);
    is_alive(&mut socket);
}

fn answers_with_attachments_have_their_own_type(form: Form) {
    let app = App::start(form);
    let mut socket = app.inside(&["/"]);
    let p0 = placeholder(0);
    socket.text(&format!(r#"451-12["ack blob",{p0}]"#));
    socket.binary(b"mine");
    expect(&mut socket, &format!("461-12[{p0}]"), &[b"mine"]);
    socket.text(r#"42["ask for blob"]"#);
    expect(&mut socket, r#"420["question","?"]"#, &[]);
    socket.text(&format!("461-0[{p0}]"));
    socket.binary(b"yours");
    expect(
        &mut socket,
        &format!(r#"451-["answered",{p0}]"#),
        &[b"yours"],
    );
}

fn in_polling_a_binary_event_stays_undivided(form: Form) {
    let app = App::with(form, |config| config.workers = 1);
    let polling = Polling::open(&app, "/socket.io/");
    polling.say("40");
    assert!(polling.read().starts_with("40{"));
    let [p0, p1] = [0, 1].map(placeholder);
    let body = [&format!(r#"452-["blobs",{p0},{p1}]"#), "bAQID", "bBAU="].join(SEPARATOR);
    let back = [&format!(r#"452-["blobs",[{p0},{p1}]]"#), "bAQID", "bBAU="].join(SEPARATOR);
    polling.say(&body);
    polling.settle();
    assert_eq!(polling.read(), back);
    let mut waiting = polling.wait();
    polling.say(&body);
    assert_eq!(crate::support::http::read(&mut waiting).text(), back);
    // The client may cut it where it likes.
    for packet in body.split(SEPARATOR) {
        polling.say(packet);
    }
    polling.settle();
    assert_eq!(polling.read(), back);
}

fn nothing_comes_between_an_event_and_its_attachments(form: Form) {
    const EACH: usize = 100;
    let app = App::start(form);
    let mut reader = app.inside(&["/a", "/b"]);
    std::thread::scope(|scope| {
        for namespace in ["/a", "/b"] {
            let mut writer = app.inside(&[namespace]);
            scope.spawn(move || {
                for _ in 0..EACH {
                    writer.text(&format!(r#"451-{namespace},["to all",{}]"#, placeholder(0)));
                    writer.binary(namespace.as_bytes());
                }
                // A question at the end: what came before has been taken in.
                writer.text(&format!(r#"42{namespace},7["ack"]"#));
                assert_eq!(writer.next_text(), format!("43{namespace},7[[]]"));
            });
        }
        let mut left = [EACH; 2];
        while left != [0; 2] {
            let header = reader.next_text();
            let namespace = if header.starts_with("452-/a,") {
                "/a"
            } else {
                "/b"
            };
            let [p0, p1] = [0, 1].map(placeholder);
            let expected = format!(r#"452-{namespace},["to all",{p0},{p1}]"#);
            expect_rest(&mut reader, &header, &expected, namespace);
            left[usize::from(namespace == "/b")] -= 1;
        }
    });
}

fn expect_rest(reader: &mut WebSocket, header: &str, expected: &str, namespace: &str) {
    assert_eq!(header, expected);
    for _ in 0..2 {
        assert_eq!(reader.next(), Frame::Binary(namespace.as_bytes().to_vec()));
    }
}
