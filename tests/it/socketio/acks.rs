//! Answers to events, both ways (wire reference 3.3).

use crate::support::{Form, WebSocket, in_both_forms};

use super::app::{App, is_alive};

in_both_forms!(
    an_answer_carries_its_arguments_under_the_clients_id,
    only_the_first_answer_is_sent,
    the_servers_questions_are_numbered_from_0_and_answered_each_to_its_own,
    only_the_clients_first_answer_counts,
    a_handler_that_asks_after_a_large_packet_is_answered,
    an_answer_that_comes_too_late_is_ignored,
);

fn says(socket: &mut WebSocket, packet: &str, answer: &str) {
    socket.text(packet);
    assert_eq!(socket.next_text(), answer, "{packet}");
}

fn an_answer_carries_its_arguments_under_the_clients_id(form: Form) {
    let app = App::start(form);
    let mut socket = app.inside(&["/", "/a"]);
    says(
        &mut socket,
        r#"4212["ack",1,{"a":[]},null]"#,
        r#"4312[[1,{"a":[]},null]]"#,
    );
    says(&mut socket, r#"420["ack two"]"#, r#"430["one",2]"#);
    says(&mut socket, r#"425["ack none"]"#, "435[]");
    says(&mut socket, r#"42/a,5["ack two"]"#, r#"43/a,5["one",2]"#);
    // The same id again is another question.
    says(&mut socket, r#"420["ack two"]"#, r#"430["one",2]"#);
    // No id, no answer.
    socket.text(r#"42["ack two"]"#);
    is_alive(&mut socket);
}

fn only_the_first_answer_is_sent(form: Form) {
    let app = App::start(form);
    let mut socket = app.inside(&["/"]);
    says(&mut socket, r#"423["ack twice"]"#, r#"433["first"]"#);
    is_alive(&mut socket);
}

fn the_servers_questions_are_numbered_from_0_and_answered_each_to_its_own(form: Form) {
    let app = App::start(form);
    let mut socket = app.inside(&["/"]);
    for id in 0..3 {
        says(
            &mut socket,
            r#"42["ask",20000]"#,
            &format!(r#"42{id}["question","?"]"#),
        );
    }
    for id in [1, 0, 2] {
        says(
            &mut socket,
            &format!(r#"43{id}["to {id}",1]"#),
            &format!(r#"42["answered",["to {id}",1]]"#),
        );
    }
}

fn only_the_clients_first_answer_counts(form: Form) {
    let app = App::start(form);
    let mut socket = app.inside(&["/"]);
    says(&mut socket, r#"42["ask",20000]"#, r#"420["question","?"]"#);
    says(
        &mut socket,
        r#"430["first"]"#,
        r#"42["answered",["first"]]"#,
    );
    socket.text(r#"430["second"]"#);
    is_alive(&mut socket);
}

fn a_handler_that_asks_after_a_large_packet_is_answered(form: Form) {
    let app = App::start(form);
    let mut socket = app.inside(&["/"]);
    // More than may be in handling at once: the answer is read all the same.
    socket.text(r#"452-["ask",20000,{"_placeholder":true,"num":0}]"#);
    for _ in 0..2 {
        socket.binary(&[0; 1_000_000]);
    }
    assert_eq!(socket.next_text(), r#"420["question","?"]"#);
    says(&mut socket, r#"430["yes"]"#, r#"42["answered",["yes"]]"#);
}

fn an_answer_that_comes_too_late_is_ignored(form: Form) {
    let app = App::start(form);
    let mut socket = app.inside(&["/"]);
    says(&mut socket, r#"42["ask",50]"#, r#"420["question","?"]"#);
    let failed = socket.next_text();
    assert!(failed.starts_with(r#"42["failed","#), "{failed}");
    socket.text(r#"430["late"]"#);
    is_alive(&mut socket);
    // Neither does it answer the next question.
    says(&mut socket, r#"42["ask",20000]"#, r#"421["question","?"]"#);
    socket.text(r#"430["later"]"#);
    says(
        &mut socket,
        r#"431["in time"]"#,
        r#"42["answered",["in time"]]"#,
    );
}
