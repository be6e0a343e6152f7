//! The pages of a hub that lets no guests in: they ask for a token, and keep it to themselves.

use serde_json::json;

use crate::api::{KeysFile, ask};
use crate::support::Application;
use crate::tokens::{Issuer, ada, hub, now};

/// Plays a scenario, which has tokens made and taken back.
fn play(scenario: &str) {
    let mut issuer = Issuer::start();
    let keys = KeysFile::new();
    let (hub, _folder) = hub("page", |settings| {
        settings.auth.guests = false;
        settings.auth.leeway = std::time::Duration::ZERO;
        settings.api.keys_file = Some(keys.path().into());
    });
    let url = hub.url();
    let mut arguments = vec![&*url, scenario];
    let folder = std::env::var("DONDO_TEST_PICTURES").ok();
    arguments.extend(folder.as_deref());
    let mut browser = Application::node("page.js", &arguments);
    while let Some(wish) = browser.line() {
        let mut sign = |more| issuer.sign("HS256", &ada(more));
        let answer = match wish.split_once(' ') {
            Some(("good", id)) => sign(json!({ "jti": id })),
            Some(("short", seconds)) => {
                let seconds: u64 = seconds.parse().unwrap();
                sign(json!({"exp": now() + seconds}))
            }
            Some(("revoke", id)) => {
                let (status, said) = ask(
                    &hub,
                    "POST",
                    "tokens/revoke",
                    &json!({"id": id, "for": "1h"}),
                );
                assert_eq!(status, 200, "{said}");
                format!("{wish} done")
            }
            None if wish == "expired" => sign(json!({"exp": now() - 31})),
            None if wish == "foreign" => issuer.forge("RS256", &ada(json!({}))),
            _ => panic!("the scenario asks for {wish:?}"),
        };
        browser.say(&answer);
    }
}

/// Fails if the chat cannot connect to a hub without guests, a refusal is not told by the hub's sentence and its code, a good token
/// does not bring a window in, it is found in an address, a store, a link or the page, or an account's name has no mark.
#[test]
fn the_chat_asks_for_a_token_and_keeps_it_to_itself() {
    play("credentials");
}

/// Fails if the end of a token in the midst of a chat is not told, takes the focus from who writes, or costs with another token the
/// seat or what was said meanwhile.
#[test]
fn a_chat_goes_on_with_another_token_where_the_first_one_ends() {
    play("credentialsEnd");
}

/// Fails if the two clients of the proof do not both come in with one token, its invitation has the token, or what is to be copied
/// has it, too, or does not run with one.
#[test]
fn the_proof_asks_for_a_token_once_and_invites_without_it() {
    play("credentialsProof");
}

/// Fails if one of the clients of all protocols does not come in with the page's token, or stays out when it gets the next one.
#[test]
fn the_page_of_all_protocols_asks_once_for_all_its_clients() {
    play("credentialsProtocols");
}

/// Fails if the form has findings of axe, by day, by night or on a phone, is wider than the window, or needs a mouse.
#[test]
fn the_form_for_a_token_has_no_findings_and_needs_no_mouse() {
    play("credentialsLooks");
}

/// Fails if a hub with guests shows the form, or marks a guest's name as an account's.
#[test]
fn a_hub_with_guests_asks_for_no_token() {
    let hub = crate::support::Hub::start();
    super::play(hub, "credentialsNone");
}
