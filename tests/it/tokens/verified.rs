//! What tells an account from a guest who took its name: `verified`, which the hub alone says, over every protocol.

use serde_json::{Value, json};

use super::{Issuer, ada, connect, hub};
use crate::support::chat_hub::{HANDSHAKE, records};
use crate::support::{Client, EventReader, Hub, PlainClient, WebSocket};

fn den(message: &str) -> Value {
    json!({
        "data": {"roomId": "den", "roomChannel": "lobby", "message": message},
        // Of all that a guest may say: an account has this name.
        "source": {"userName": "Ada L.", "verified": true, "Verified": true, "VERIFIED": 1},
        "verified": "by itself",
    })
}

fn plain(hub: &Hub, auth: Value) -> PlainClient {
    let mut socket = WebSocket::open(hub, "/ws");
    socket.text(&json!({"type": "connect", "auth": auth}).to_string());
    PlainClient::welcomed(socket)
}

/// SignalR's protocol by hand, in the room.
struct Called(WebSocket, Vec<Value>);

impl Called {
    fn open(hub: &Hub, more: &str) -> Self {
        let (_, mut socket) = WebSocket::handshake(hub, &format!("/chatHub{more}"), &[]);
        socket.text(HANDSHAKE);
        let mut called = Self(socket, Vec::new());
        called.call("join-room", den(""));
        called
    }

    fn call(&mut self, method: &str, argument: Value) {
        let call =
            json!({"type": 1, "invocationId": "1", "target": method, "arguments": [argument]});
        self.0.text(&format!("{call}\u{1e}"));
        let answer = self.until(&|record| record["type"] == 3);
        assert_eq!(answer["result"]["ok"], true, "{answer}");
    }

    fn until(&mut self, is_meant: &dyn Fn(&Value) -> bool) -> Value {
        loop {
            if let Some(place) = self.1.iter().position(is_meant) {
                return self.1.remove(place);
            }
            let came = records(&self.0.next_text());
            self.1.extend(came);
        }
    }
}

/// Fails if a client that is logged in is not marked, a guest can mark itself, or a protocol leaves the mark out, of those who speak
/// or of those who hear.
#[test]
fn who_is_logged_in_is_told_from_who_says_so_over_every_protocol() {
    let mut issuer = Issuer::start();
    let (hub, _folder) = hub("verified", |_| {});
    let token = issuer.sign("HS256", &ada(json!({})));
    let mut ear = Client::connect(&hub);
    let mut dotnet = Client::connect_to(&hub, "/", "&dialect=dotnet");
    for ear in [&mut ear, &mut dotnet] {
        assert_eq!(ear.ask("join-room", &[den("")])["ok"], true);
    }
    let mut plain_ear = plain(&hub, json!({}));
    plain_ear.ask("join-room", den(""));
    let mut stream = EventReader::open(&hub, "/events?channel=lobby&room=den");
    stream.event("ack");
    let mut called_ear = Called::open(&hub, "");

    let mut heard = |text: &str, verified: Option<bool>| {
        let is_said = |letter: &Value, data: &str, message: &str| letter[data][message] == text;
        let expected = json!({"name": "Ada L.", "verified": verified, "top": "by itself"});
        let seen = |letter: &Value, source: &str, name: &str, verified: &str| {
            let source = &letter[source];
            let keys = source.as_object().unwrap().keys();
            let marks = keys.filter(|key| key.eq_ignore_ascii_case("verified"));
            let found = json!({"name": source[name], "verified": source[verified], "top": letter["verified"]});
            assert_eq!(found, expected, "{text}: {letter}");
            assert_eq!(
                marks.count(),
                usize::from(expected["verified"] == true),
                "{letter}"
            );
        };
        let camel = |letter: &Value| seen(letter, "source", "userName", "verified");
        let letter = ear.event("notify-room").remove(0);
        assert!(is_said(&letter, "data", "message"), "{letter}");
        camel(&letter);
        let letter = dotnet.event("notify-room").remove(0);
        assert!(is_said(&letter, "Data", "Message"), "{letter}");
        seen(&letter, "Source", "UserName", "Verified");
        camel(&plain_ear.event("notify-room")["payload"]);
        camel(&stream.event("notify-room").json());
        let record = called_ear.until(&|record| record["target"] == "notify-room");
        camel(&record["arguments"][0]);
    };

    let mut guest = Client::connect(&hub);
    let mut member = connect(&hub, &token);
    for (client, text, verified) in [
        (&mut guest, "a guest", None),
        (&mut member, "an account", Some(true)),
    ] {
        client.ask("join-room", &[den("")]);
        client.ask("notify-room", &[den(text)]);
        heard(text, verified);
    }
    for (auth, text, verified) in [
        (json!({}), "a plain guest", None),
        (json!({"token": token}), "a plain account", Some(true)),
    ] {
        let mut client = plain(&hub, auth);
        client.ask("join-room", den(""));
        client.ask("notify-room", den(text));
        heard(text, verified);
    }
    let with_token = format!("?access_token={token}");
    for (more, text, verified) in [
        ("", "a guest who calls", None),
        (&with_token, "an account that calls", Some(true)),
    ] {
        let mut client = Called::open(&hub, more);
        client.call("notify-room", den(text));
        heard(text, verified);
    }
}

/// Fails if joins, leaves, what a lost connection leaves, presence or what is kept for newcomers tell of a guest as of an account.
#[test]
fn comings_goings_and_presence_tell_a_guest_from_an_account() {
    let mut issuer = Issuer::start();
    let (hub, _folder) = hub("verified-presence", |_| {});
    let token = issuer.sign("HS256", &ada(json!({})));
    let mut ear = Client::connect(&hub);
    ear.ask(
        "join-room",
        &[json!({"roomId": "den", "roomChannel": "lobby"})],
    );
    ear.event("join-room");
    for verified in [None, Some(true)] {
        let open = || match verified {
            None => Client::connect(&hub),
            Some(_) => connect(&hub, &token),
        };
        let expected = json!({"userName": "Ada L.", "verified": verified});
        let mut told = |event: &str| {
            let source = ear.event(event)[0]["source"].clone();
            let found = json!({"userName": source["userName"], "verified": source["verified"]});
            assert_eq!(found, expected, "{event}: {source}");
        };
        let mut client = open();
        let joined = client.ask("join-room", &[den("")]);
        let user = joined["users"][1].clone();
        let mut present = json!({"clientId": client.id, "userName": "Ada L."});
        if verified.is_some() {
            present["verified"] = json!(true);
        }
        assert_eq!(user, present, "{joined}");
        told("join-room");
        client.ask("notify-room", &[den("kept")]);
        told("notify-room");
        client.ask("leave-room", &[den("")]);
        told("leave-room");
        client.ask("join-room", &[den("")]);
        told("join-room");
        drop(client);
        told("leave-room");
        let mut newcomer = Client::connect(&hub);
        let wish = json!({"data": {"roomId": "den", "roomChannel": "lobby", "history": 1}});
        newcomer.ask("join-room", &[wish]);
        let kept = newcomer.event("notify-room").remove(0);
        assert_eq!(kept["source"]["verified"], json!(verified), "{kept}");
        drop(newcomer);
        ear.event("join-room");
        ear.event("leave-room");
    }
}
