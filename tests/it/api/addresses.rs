//! Whom an address stands for where somebody is banned by it: all of a network of IPv6, and nobody where it is anybody's.

use serde_json::{Value, json};

use super::{ask, hub, hub_with, joins, member_of, post};
use crate::support::{Client, Hub, http};

const OPENING: &str = "/socket.io/?EIO=4&transport=polling";

/// A hub behind a proxy on this machine, which says whom it speaks for.
fn behind_a_proxy() -> Hub {
    hub_with(
        |config| config.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()],
        |builder| builder,
    )
}

/// A request of a client of this address.
fn asked(hub: &Hub, method: &str, target: &str, address: &str, body: &str) -> http::Answer {
    let headers = [("X-Forwarded-For", address)];
    http::request(hub, method, target, &headers, body.as_bytes())
}

/// Opens a session from an address and connects; its member's id.
fn guest_from(hub: &Hub, address: &str) -> String {
    let opened = asked(hub, "GET", OPENING, address, "").text();
    let opened: Value = serde_json::from_str(&opened[1..]).unwrap();
    let target = format!("{OPENING}&sid={}", opened["sid"].as_str().unwrap());
    let join = r#"420["join-channel","lobby"]"#;
    let sent = format!("40\u{1e}{join}");
    assert_eq!(asked(hub, "POST", &target, address, &sent).status, 200);
    let ack: Value = loop {
        let heard = asked(hub, "GET", &target, address, "").text();
        // A packet begins so; an id or a time that another one tells may hold these digits, too.
        let mut packets = heard.split('\u{1e}');
        if let Some(ack) = packets.find_map(|packet| packet.strip_prefix("430")) {
            break serde_json::from_str(ack).unwrap();
        }
    };
    ack[0]["clientId"].as_str().unwrap().to_owned()
}

/// Fails if whoever is banned comes back from the next address of its own network, stays there, or others of the same
/// provider go with it.
#[test]
fn a_ban_of_an_address_of_ipv6_is_one_of_its_network() {
    let hub = behind_a_proxy();
    guest_from(&hub, "2001:db8:0:1::7");
    let other = guest_from(&hub, "2001:db8:0:2::7");
    let banned = post(&hub, "ban", &json!({"address": "2001:db8:0:1:ffff::1"}));
    assert_eq!(
        (&banned["ban"]["address"], &banned["disconnected"]),
        (&json!("2001:db8:0:1::"), &json!(1))
    );
    let status = |address| asked(&hub, "GET", OPENING, address, "").status;
    assert_eq!(
        [status("2001:db8:0:1::8"), status("2001:db8:0:2::8")],
        [403, 200]
    );
    let by_member = post(&hub, "ban", &json!({"member": other}));
    assert_eq!(by_member["ban"]["address"], "2001:db8:0:2::");
    assert_eq!(status("2001:db8:0:2::8"), 403);
    let lifted = ask(&hub, "DELETE", "ban?address=2001:db8:0:1::", &Value::Null);
    assert_eq!(lifted.1["lifted"], true);
    assert_eq!(status("2001:db8:0:1::8"), 200);
}

/// Fails if the ban of one guest is one of everybody: of all clients of this machine, or of all behind a proxy.
#[test]
fn a_guest_whose_address_is_everybodys_is_not_banned_by_it() {
    for hub in [hub(), behind_a_proxy()] {
        let mut guest = member_of(&hub, "lobby");
        let id = joins(&mut guest, "lobby");
        let (status, said) = ask(&hub, "POST", "ban", &json!({"member": id}));
        assert_eq!(
            (status, &said["error"]["code"], &said["error"]["field"]),
            (409, &json!("address_shared"), &json!("member"))
        );
        drop(Client::connect(&hub));
        post(&hub, "mute", &json!({"member": id}));
        assert_eq!(guest.ask("lobby", &[json!("hi")])["code"], "muted");
    }
}
