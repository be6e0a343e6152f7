//! The view in a headless Chromium (tests/clients/admin.js).

use super::{PASSWORD, VIEWERS, hub_with, member_of};
use crate::proxies::Proxy;
use crate::support::{Application, Client, faults};
use serde_json::json;

/// What a stranger calls a channel to have the operator's browser run something.
const HOSTILE: &str = "<img src=x onerror=alert(1)>";

/// Fails if the view shows something else than there is, runs what strangers are called, has an error on its console or a finding of
/// axe, is wider than a phone, or does not do what its buttons say.
#[test]
fn the_view_is_walked_by_who_moderates_and_by_who_looks() {
    let hub = hub_with(|_| {}, faults::faulty);
    let (mut ama, ama_id) = member_of(&hub, "lobby");
    let (kofi, kofi_id) = member_of(&hub, "lobby");
    let (_esi, esi_id) = member_of(&hub, HOSTILE);
    let joined = ama.ask("join-room", &[json!({ "data": { "roomId": "den" } })]);
    assert_eq!(joined["ok"], true, "{joined}");
    let many: Vec<_> = (0..60)
        .map(|number| member_of(&hub, &format!("topic-{number:02}")))
        .collect();
    let body = json!({ "data": { "message": faults::PANICS } });
    assert_eq!(ama.ask("lobby", &[body])["ok"], false);

    let url = format!("http://{}", hub.operators());
    let pictures = std::env::var("DONDO_TEST_PICTURES").unwrap_or_default();
    let arguments = [
        url.as_str(),
        PASSWORD,
        VIEWERS,
        HOSTILE,
        &ama_id,
        &kofi_id,
        &esi_id,
        &pictures,
    ];
    let mut browser = Application::node("admin.js", &arguments);
    let (mut ama, mut kofi) = (Some(ama), Some(kofi));
    while let Some(wish) = browser.line() {
        match wish.as_str() {
            "ama hears that she is muted" => {
                let refused = ama.as_mut().unwrap().ask("lobby", &[json!("hi")]);
                assert_eq!(refused["code"], "muted", "{refused}");
            }
            "ama speaks" => {
                let told = ama.as_mut().unwrap().ask("lobby", &[json!("hi")]);
                assert_eq!(told["ok"], true, "{told}");
            }
            "the den is locked" => {
                let mut late = Client::connect(&hub);
                let refused = late.ask("join-room", &[json!({ "data": { "roomId": "den" } })]);
                assert_eq!(refused["ok"], false, "{refused}");
            }
            "kofi is put out" => drop(kofi.take().unwrap().socket.closed()),
            "go on" => {}
            other => panic!("the scenario asks for {other:?}"),
        }
        browser.say(&format!("{wish} done"));
    }
    drop(many);
}

/// Fails if nobody can log in to a view that a proxy has below a prefix, moderate there, or log out again.
#[test]
fn the_view_works_below_a_prefix_of_a_proxy() {
    let hub = super::hub();
    let (_client, id) = member_of(&hub, "lobby");
    let operators = hub.operators();
    let http = format!(
        "server {{ listen LISTEN; location /ops/ {{ proxy_pass http://{operators}/; proxy_set_header Host $http_host; }} }}"
    );
    let proxy = Proxy::nginx(hub, &http);
    let url = format!("{}/ops/admin", proxy.front().url());
    Application::node("admin_below.js", &[&url, PASSWORD, &id]).end();
}
