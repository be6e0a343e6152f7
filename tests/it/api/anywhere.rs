//! A client by its id, in whichever namespace it is: also in one that a pattern makes.

use dondo::{Auth, Connecting, Namespace};
use serde_json::{Value, json};

use super::{ask, get, hub_with, is_put_out, post};
use crate::support::{Client, Hub, PATIENCE};

/// A hub with namespaces by pattern. Whoever sends a name with its CONNECT is logged in under it.
fn teams() -> Hub {
    let login = async |Auth(login): Auth<Value>, who: Connecting| {
        if let Some(name) = login["name"].as_str() {
            who.login(name.to_owned());
        }
        Ok(())
    };
    let teams = Namespace::hub("/teams/{team}").middleware(login);
    hub_with(|_| {}, |builder| builder.namespace(teams))
}

fn in_team(hub: &Hub, account: &str) -> Client {
    let login = json!({ "name": account }).to_string();
    Client::connect_with(hub, "/teams/7", "", &login)
}

/// Fails if a client in a namespace by pattern is nobody to who moderates, by any of the ways that find others.
#[test]
fn a_client_in_a_namespace_by_pattern_is_found_by_its_id() {
    let hub = teams();
    let mut muted = in_team(&hub, "esi");
    let id = muted.id.clone();
    post(&hub, "mute", &json!({ "member": id }));
    let said = muted.ask("lobby", &[json!("hi")]);
    assert_eq!(said["code"], "muted", "{said}");
    let banned = in_team(&hub, "ama");
    let done = post(&hub, "ban", &json!({ "member": banned.id }));
    assert_eq!(
        (&done["ban"]["account"], &done["disconnected"]),
        (&json!("ama"), &json!(1))
    );
    is_put_out(banned);
    let other = in_team(&hub, "kofi");
    let done = post(&hub, "disconnect", &json!({ "member": other.id }));
    assert_eq!(done["disconnected"], 1);
    is_put_out(other);
    assert_eq!(muted.ask("lobby", &[json!("hi")])["code"], "muted");
}

/// Fails if mutes of clients that are gone, or never were, stand and take the place of others.
#[test]
fn the_mute_of_a_client_stands_as_long_as_the_client_is_there() {
    let hub = teams();
    let (stays, goes) = (Client::connect(&hub), in_team(&hub, "ama"));
    let count = || get(&hub, "mutes?count=true")["count"].clone();
    for id in [&stays.id, &goes.id] {
        post(&hub, "mute", &json!({ "member": id }));
    }
    assert_eq!(count(), 2);
    let gone = json!({ "member": goes.id });
    drop(goes);
    let deadline = std::time::Instant::now() + PATIENCE;
    while count() != 1 {
        assert!(std::time::Instant::now() < deadline, "it stands");
        std::thread::yield_now();
    }
    let left = get(&hub, "mutes");
    assert_eq!(left["mutes"][0]["member"], json!(stays.id), "{left}");
    for nobody in [gone, json!({"member": "nobody"})] {
        let (status, said) = ask(&hub, "POST", "mute", &nobody);
        assert_eq!((status, &said["error"]["field"]), (404, &json!("member")));
    }
    assert_eq!(count(), 1);
}
