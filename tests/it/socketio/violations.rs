//! Packets that close the connection (wire reference 3): a close frame, nothing else, and every member goes.

use dondo::DisconnectReason;

use crate::support::polling::SEPARATOR;
use crate::support::{Form, Polling, in_both_forms};

use super::app::{App, is_alive, is_closed};

in_both_forms!(
    a_connect_with_wrong_credentials_closes,
    a_packet_that_is_none_closes,
    a_packet_for_a_namespace_that_is_not_connected_closes,
    a_second_connect_closes_also_while_the_first_one_waits,
    a_reserved_event_name_closes,
    a_wrong_number_of_attachments_closes,
    a_placeholder_that_names_no_attachment_closes,
    a_text_before_the_last_attachment_closes,
    attachments_that_stay_away_close,
    on_polling_the_members_go_at_once,
);

const FORCED: &str = "dondo_closes_total{reason=\"forced close\"}";

/// Each list of packets, texts and `<binary>`, closes a connection that is in `/`; its member hears why.
fn all_close(form: Form, lists: &[&[&str]]) {
    let app = App::start(form);
    for (number, packets) in lists.iter().enumerate() {
        let mut socket = app.inside(&["/"]);
        is_alive(&mut socket);
        for packet in *packets {
            match *packet {
                "<binary>" => socket.binary(b"data"),
                text => socket.text(text),
            }
        }
        is_closed(&mut socket, &format!("{packets:?}"));
        assert_eq!(
            app.farewell(),
            ("/".to_owned(), DisconnectReason::ForcedClose),
            "{packets:?}"
        );
        app.wait_for(FORCED, number as u64 + 1);
        app.wait_for("dondo_members", 0);
    }
}

fn a_connect_with_wrong_credentials_closes(form: Form) {
    let app = App::start(form);
    for packet in [
        "40[]", "40null", "40\"x\"", "401", "40{", "40{}x", "40/a,[]",
    ] {
        let mut socket = app.socket();
        if packet == "401" {
            // An id alone is ignored as well.
            socket.text(packet);
            assert!(socket.next_text().starts_with("40{"));
            continue;
        }
        socket.text(packet);
        is_closed(&mut socket, packet);
    }
}

fn a_packet_that_is_none_closes(form: Form) {
    all_close(
        form,
        &[
            &["4"],
            &["47"],
            &["4abc"],
            &["42"],
            &["42[]"],
            &["42{}"],
            &["42[true]"],
            &["42[null]"],
            &["42[[\"x\"]]"],
            &["42[\"x\""],
            &["42[\"x\"]]"],
            &["42-1[\"x\"]"],
            &["42abc[\"x\"]"],
            &["421.5[\"x\"]"],
            &["431{}"],
            &["431\"x\""],
            &["41{}"],
            &["44{\"message\":\"x\"}"],
            &["<binary>"],
        ],
    );
}

fn a_packet_for_a_namespace_that_is_not_connected_closes(form: Form) {
    all_close(
        form,
        &[
            &["42/a,[\"echo\"]"],
            &["43/a,1[]"],
            &["41/a,"],
            &[
                "451-/a,[\"blobs\",{\"_placeholder\":true,\"num\":0}]",
                "<binary>",
            ],
            &["42/nowhere,[\"echo\"]"],
        ],
    );
    // And before the first one.
    let app = App::start(form);
    for packet in ["42[\"echo\"]", "430[]", "41"] {
        let mut socket = app.socket();
        socket.text(packet);
        is_closed(&mut socket, packet);
    }
}

fn a_second_connect_closes_also_while_the_first_one_waits(form: Form) {
    all_close(form, &[&["40"], &["40{}"]]);
    let app = App::start(form);
    let mut socket = app.inside(&["/slow"]);
    socket.text("40/slow,");
    is_closed(&mut socket, "its connect handler still runs");
    assert_eq!(
        app.farewell(),
        ("/slow".to_owned(), DisconnectReason::ForcedClose)
    );
    app.wait_for("dondo_members", 0);
}

fn a_reserved_event_name_closes(form: Form) {
    all_close(
        form,
        &[
            &["42[\"connect\"]"],
            &["42[\"connect_error\"]"],
            &["42[\"disconnect\"]"],
            &["42[\"disconnecting\"]"],
            &["42[\"newListener\"]"],
            &["42[\"removeListener\"]"],
            &["42[\"\\u0063onnect\"]"],
        ],
    );
}

fn a_wrong_number_of_attachments_closes(form: Form) {
    all_close(
        form,
        &[
            &["45[\"blobs\"]"],
            &["450-[\"blobs\"]"],
            &["45-[\"blobs\"]"],
            &["4511-[\"blobs\"]"],
            &["4599999999999999999999-[\"blobs\"]"],
            &["46[1]"],
            &["4611-0[1]"],
        ],
    );
}

fn a_placeholder_that_names_no_attachment_closes(form: Form) {
    all_close(
        form,
        &[
            &["451-[\"x\",{\"_placeholder\":true,\"num\":1}]", "<binary>"],
            &["451-[\"x\",{\"_placeholder\":true,\"num\":-1}]", "<binary>"],
            &[
                "451-[\"x\",{\"_placeholder\":true,\"num\":\"0\"}]",
                "<binary>",
            ],
            &[
                "451-[\"x\",{\"_placeholder\":true,\"num\":0.5}]",
                "<binary>",
            ],
            &["451-[\"x\",{\"_placeholder\":true}]", "<binary>"],
        ],
    );
}

fn a_text_before_the_last_attachment_closes(form: Form) {
    let half = "452-[\"blobs\",{\"_placeholder\":true,\"num\":0}]";
    all_close(
        form,
        &[
            &[half, "42[\"echo\"]"],
            &[half, "<binary>", "42[\"echo\"]"],
            &[half, "40/a,"],
            &[half, "41"],
            &[half, half],
        ],
    );
}

fn attachments_that_stay_away_close(form: Form) {
    let app = App::with(form, |config| {
        config.engine.attachments_timeout = std::time::Duration::from_millis(200)
    });
    let mut socket = app.inside(&["/"]);
    socket.text("451-[\"blobs\",{\"_placeholder\":true,\"num\":0}]");
    is_closed(&mut socket, "the time is over");
    assert_eq!(
        app.farewell(),
        ("/".to_owned(), DisconnectReason::HalfPacket)
    );
}

fn on_polling_the_members_go_at_once(form: Form) {
    let app = App::with(form, |config| config.workers = 1);
    for packet in ["4nonsense", "42/a,[\"echo\"]"] {
        let polling = Polling::open(&app, "/socket.io/");
        polling.say("40");
        assert!(polling.read().starts_with("40{"));
        // No GET waits; the reference would keep the member until the next one, or for 30 s.
        polling.say(&[packet, "42[\"echo\"]"].join(SEPARATOR));
        assert_eq!(
            app.farewell(),
            ("/".to_owned(), DisconnectReason::ForcedClose),
            "{packet}"
        );
        app.wait_for("dondo_members", 0);
        polling.settle();
        assert_eq!(polling.read(), "6\x1e1", "{packet}");
    }
    // And a GET that waits is told.
    let polling = Polling::open(&app, "/socket.io/");
    polling.say("40");
    assert!(polling.read().starts_with("40{"));
    let mut waiting = polling.wait();
    polling.say("4nonsense");
    assert_eq!(crate::support::http::read(&mut waiting).text(), "1");
}
