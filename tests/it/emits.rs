//! What is said beside the words: to whose clients, and how it travels, to stock clients over sockets.

use std::time::Duration;

use dondo::config::Settings;
use dondo::{Auth, Blob, Connecting, Data, Namespace, Socket, account};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::clients::{Kind, Robot};
use crate::support::{Client, Form, Hub, LongPoll, http, in_both_forms};

in_both_forms!(
    compress_says_whether_an_answer_to_a_poll_may_be_compressed,
    the_newest_letter_of_a_key_replaces_what_waits_and_overtakes_nothing,
);

#[derive(Deserialize)]
struct Login {
    name: String,
}

/// Whoever comes in says who it is, and may speak to an account.
fn by_name() -> Namespace {
    Namespace::new("/")
        .middleware(
            async |client: Connecting, Auth(login): Auth<Option<Login>>| {
                if let Some(Login { name }) = login {
                    client.login(name);
                }
                Ok(())
            },
        )
        .on(
            "tell",
            async |s: Socket, Data((name, text)): Data<(String, Value)>| {
                let told = s.to(account(name)).emit("told", text)?.await?;
                Ok(told.recipients)
            },
        )
}

/// Whoever is in says something to all others, so compressed or under such a key.
fn speaking() -> Namespace {
    Namespace::new("/")
        .on_connect(async |s: Socket| {
            s.join("r").await?;
            Ok(())
        })
        .on(
            "compress",
            async |s: Socket, Data((compress, text)): Data<(bool, String)>| {
                let told = s.broadcast().compress(compress).emit("told", text)?;
                told.await?;
                Ok(())
            },
        )
        .on(
            "ask uncompressed",
            async |s: Socket, Data(text): Data<Value>| {
                let minute = Duration::from_secs(60);
                let asking = s.broadcast().compress(false);
                drop(asking.emit_with_ack::<Value>("told", text, minute)?);
                Ok(())
            },
        )
        .on("say", async |s: Socket, Data(text): Data<Value>| {
            s.to("r").emit("told", text)?.await?;
            Ok(())
        })
        .on(
            "latest",
            async |s: Socket, Data((key, text)): Data<(String, Value)>| {
                s.to("r").latest(&key).emit("told", text)?.await?;
                Ok(())
            },
        )
        .on(
            "latest of all",
            async |s: Socket, Data((key, text)): Data<(String, Value)>| {
                s.broadcast().latest(&key).emit("told", text)?.await?;
                Ok(())
            },
        )
        .on(
            "latest blob",
            async |s: Socket, Data((key, number)): Data<(String, u8)>| {
                let blob = Blob(vec![number].into());
                s.to("r").latest(&key).emit("told", blob)?.await?;
                Ok(())
            },
        )
}

fn hub(form: Form) -> Hub {
    let one_worker = |settings: &mut Settings| {
        settings.workers = 1;
        // What a poll is answered with is told exactly, and a ping would be among it.
        settings.engine.ping_interval = Duration::from_secs(3600);
    };
    form.built(one_worker, |builder| builder.namespace(speaking()))
}

/// Fails if what is not to be compressed is, alone or beside what may be, by the hub or by its host, or if anything else is not.
fn compress_says_whether_an_answer_to_a_poll_may_be_compressed(form: Form) {
    let hub = hub(form);
    let mut speaker = Client::connect(&hub);
    let poll = LongPoll::connect(&hub);
    let mut kept = http::connect(&hub);
    let asked = [("Accept-Encoding", "gzip")];
    let text = "x".repeat(5000);
    let (gzip, identity) = (Some("gzip"), Some("identity"));
    for (letters, encoding) in [
        (&[true][..], gzip),
        (&[false], identity),
        (&[true, false, true], identity),
        (&[true, true], gzip),
    ] {
        for compress in letters {
            speaker.ask("compress", &[json!(compress), json!(text)]);
        }
        let answer = http::ask(&mut kept, &poll.target("polling"), &asked);
        assert_eq!(answer.header("Content-Encoding"), encoding, "{letters:?}");
        let body = match encoding == gzip {
            true => http::gunzip(&answer.body),
            false => answer.body,
        };
        let packet = format!("42[\"told\",\"{text}\"]");
        let all = vec![packet; letters.len()].join("\u{1e}");
        assert!(body == all.as_bytes(), "{letters:?}");
    }
    speaker.ask("ask uncompressed", &[json!(text)]);
    let answer = http::ask(&mut kept, &poll.target("polling"), &asked);
    assert_eq!(answer.header("Content-Encoding"), identity, "that asks");
}

/// Fails if a client that reads late hears what is outdated, misses what is not, or hears something before what was said before it.
fn the_newest_letter_of_a_key_replaces_what_waits_and_overtakes_nothing(form: Form) {
    let hub = hub(form);
    let mut speaker = Client::connect(&hub);
    // Nobody polls while others speak: all of it waits.
    let mut late = LongPoll::connect(&hub);
    let told = |text: &str| format!("42[\"told\",{text}]");
    for (event, name) in [("latest", "a room"), ("latest of all", "everybody")] {
        for number in 0..100 {
            speaker.ask(event, &[json!("a"), json!(number)]);
        }
        assert_eq!(late.poll(), [told("99")], "{name}");
        for (key, number) in [
            ("a", 1),
            ("", 2),
            ("a", 3),
            ("b", 4),
            ("a", 5),
            ("b", 6),
            ("b", 7),
        ] {
            match key {
                "" => speaker.ask("say", &[json!(number)]),
                key => speaker.ask(event, &[json!(key), json!(number)]),
            };
        }
        let all = [1, 2, 4, 5, 7].map(|number| told(&number.to_string()));
        assert_eq!(late.poll(), all, "{name}");
    }
    for number in [1, 2, 3] {
        speaker.ask("latest blob", &[json!("a"), json!(number)]);
    }
    let blob = r#"451-["told",{"_placeholder":true,"num":0}]"#;
    assert_eq!(late.poll(), [blob, "bAw=="]);
}

/// Fails if a stock client that reads hears an older letter behind a newer one, or not the last one.
#[test]
fn a_stock_client_hears_what_supersedes_in_order_and_the_last_of_it() {
    let hub = hub(Form::Standalone);
    let mut speaker = Client::connect(&hub);
    for kind in [Kind::JsPolling, Kind::JsWebSocket] {
        let mut robot = Robot::start(&hub, kind);
        robot.tell("connect", &[]);
        robot.event("$connect");
        for number in 1..=200 {
            speaker.emit("latest", &[json!("a"), json!(number)]);
        }
        let mut last = 0;
        while last < 200 {
            let number = robot.letter("told").as_u64().unwrap();
            assert!(number > last, "{kind:?}: {number} behind {last}");
            last = number;
        }
    }
}

/// Fails if a client of the account is on another worker or transport and does not hear it, or if somebody else does.
#[test]
fn an_accounts_clients_hear_it_on_every_worker_and_transport() {
    let workers = |settings: &mut Settings| settings.workers = 2;
    let hub = Form::Standalone.built(workers, |builder| builder.namespace(by_name()));
    let start = |kind: Kind, auth: Value| {
        let mut robot = Robot::start_in(&hub, kind, "/", auth);
        robot.tell("connect", &[]);
        robot.event("$connect");
        robot
    };
    let kinds = [Kind::JsPolling, Kind::JsWebSocket, Kind::JsDefault];
    let mut phones: Vec<Robot> = kinds
        .into_iter()
        .map(|kind| start(kind, json!({ "name": "ama" })))
        .collect();
    let mut kofi = start(Kind::JsWebSocket, json!({ "name": "kofi" }));
    let mut guest = start(Kind::JsWebSocket, Value::Null);
    assert_eq!(guest.ask("tell", &[json!("ama"), json!(1)]), 3);
    // Of its own account a client speaks to the others.
    assert_eq!(phones[0].ask("tell", &[json!("ama"), json!(2)]), 2);
    assert_eq!(guest.ask("tell", &[json!("nobody"), json!(3)]), 0);
    assert_eq!(guest.ask("tell", &[json!("kofi"), json!(4)]), 1);
    assert_eq!(kofi.letter("told"), 4, "and nothing before it");
    for (number, phone) in phones.iter_mut().enumerate() {
        assert_eq!(phone.letter("told"), 1);
        if number > 0 {
            assert_eq!(phone.letter("told"), 2);
        }
    }
}
