//! Answers to polls (wire reference 1.3).

use crate::support::http::{self, Answer};
use crate::support::polling::SEPARATOR;
use crate::support::{ECHO, Form, Polling, in_both_forms};

in_both_forms!(
    a_long_poll_is_compressed_for_who_asks_for_it,
    a_get_is_answered_with_packets_as_plain_text,
    a_post_is_answered_with_ok_as_html,
    another_method_gets_500_and_the_session_goes_on,
    a_get_waits_until_there_is_a_packet,
    all_that_is_queued_goes_in_one_body,
    a_body_toward_the_client_has_no_limit,
    one_poll_takes_no_more_than_its_share_and_the_next_ones_the_rest,
);

fn headers<'a>(answer: &'a Answer, names: [&str; 3]) -> [Option<&'a str>; 3] {
    names.map(|name| answer.header(name))
}

const NAMES: [&str; 3] = ["Content-Type", "Content-Length", "Cache-Control"];

fn a_long_poll_is_compressed_for_who_asks_for_it(form: Form) {
    let asked = [("Accept-Encoding", "gzip, deflate, br")];
    for (compressed, encoding) in [(true, Some("gzip")), (false, None)] {
        let hub = form.echoing_with(|config| config.engine.http_compression = compressed);
        let polling = Polling::open(&hub, ECHO);
        // One connection for all polls: each answer ends where the next begins.
        let mut kept = http::connect(&hub);
        for length in [900_000, 1024, 1023, 50_000] {
            let packet = format!("4{}", "x".repeat(length - 1));
            polling.say(&packet);
            polling.settle();
            let encoding = encoding.filter(|_| length >= 1024);
            // What the hub does not compress the host's own would.
            let is_asked = encoding.is_some() || form == Form::Standalone;
            let asked = if is_asked { &asked[..] } else { &[] };
            let answer = http::ask(&mut kept, &polling.target(), asked);
            assert_eq!(answer.header("Content-Encoding"), encoding, "{length}");
            assert_eq!(answer.header("Cache-Control"), Some("no-store"));
            let body = match encoding {
                Some(_) => http::gunzip(&answer.body),
                None => answer.body,
            };
            assert!(body == packet.as_bytes(), "{length}");
            polling.say(&packet);
            polling.settle();
            let plain = http::ask(&mut kept, &polling.target(), &[]);
            assert!(plain.body == packet.as_bytes(), "{length}");
        }
        hub.wait_for("dondo_bytes{what=\"answers\"}", 0);
    }
}

fn a_get_is_answered_with_packets_as_plain_text(form: Form) {
    let hub = form.echoing();
    let open = http::get(&hub, &format!("{ECHO}?EIO=4&transport=polling"));
    let length = open.body.len().to_string();
    let plain = Some("text/plain; charset=UTF-8");
    assert_eq!(
        headers(&open, NAMES),
        [plain, Some(&length), Some("no-store")]
    );
    let polling = Polling::open(&hub, ECHO);
    polling.say("4é");
    let answer = polling.get();
    assert_eq!((answer.status, answer.text().as_str()), (200, "4é"));
    assert_eq!(
        headers(&answer, NAMES),
        [plain, Some("3"), Some("no-store")]
    );
}

fn a_post_is_answered_with_ok_as_html(form: Form) {
    let hub = form.echoing();
    let answer = Polling::open(&hub, ECHO).post("4a");
    assert_eq!((answer.status, answer.text().as_str()), (200, "ok"));
    assert_eq!(
        headers(&answer, NAMES),
        [Some("text/html"), Some("2"), Some("no-store")]
    );
}

fn another_method_gets_500_and_the_session_goes_on(form: Form) {
    let hub = form.echoing();
    let polling = Polling::open(&hub, ECHO);
    for method in ["PUT", "DELETE", "PATCH", "OPTIONS"] {
        let answer = http::request(&hub, method, &polling.target(), &[], b"");
        assert_eq!((answer.status, answer.body.len()), (500, 0), "{method}");
        polling.is_alive();
    }
}

fn a_get_waits_until_there_is_a_packet(form: Form) {
    let hub = form.echoing();
    let polling = Polling::open(&hub, ECHO);
    let mut waiting = polling.wait();
    // An answer to nothing would hold something else than the message.
    polling.say("4at last");
    assert_eq!(http::read(&mut waiting).text(), "4at last");
}

fn all_that_is_queued_goes_in_one_body(form: Form) {
    let hub = form.echoing();
    let polling = Polling::open(&hub, ECHO);
    let packets: Vec<String> = (0..200).map(|number| format!("4{number}")).collect();
    for ten in packets.chunks(10) {
        polling.say(&ten.join(SEPARATOR));
    }
    polling.settle();
    assert_eq!(polling.read(), packets.join(SEPARATOR));
}

fn a_body_toward_the_client_has_no_limit(form: Form) {
    let hub = form.echoing_with(|config| config.engine.max_payload = 1000);
    let polling = Polling::open(&hub, ECHO);
    let packet = format!("4{}", "x".repeat(900));
    let all = vec![packet.as_str(); 20].join(SEPARATOR);
    for _ in 0..20 {
        polling.say(&packet);
    }
    polling.settle();
    assert_eq!(polling.read(), all);
}

fn one_poll_takes_no_more_than_its_share_and_the_next_ones_the_rest(form: Form) {
    let hub = form.echoing_with(|config| config.delivery.outbox_bytes_max = Some(8 << 20));
    let polling = Polling::open(&hub, ECHO);
    let packets: Vec<String> = ["a", "b", "c", "d", "e"]
        .map(|letter| format!("4{}", letter.repeat(900_000)))
        .into();
    for packet in &packets {
        polling.say(packet);
    }
    polling.settle();
    let mut got = Vec::new();
    while got.len() < packets.len() {
        let body = polling.read();
        assert!(body.len() < 2 << 20, "{} bytes at once", body.len());
        got.extend(body.split(SEPARATOR).map(str::to_owned));
    }
    assert!(got == packets, "all of it, in order");
}
