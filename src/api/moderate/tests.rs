//! What is said of a sentence that stands although nobody could be put out for it.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;

use dondo_actors::directory::MemberLocation;
use dondo_actors::id::LocalId;
use serde_json::{Value, json};

use super::super::keys::ApiKey;
use super::*;
use crate::config::Settings;
use crate::io::tests::log::lines;
use crate::service::Dondo;
use crate::testing::in_held_time;

/// A hub whose namespaces run nowhere yet.
fn idle() -> Dondo {
    let settings = Settings {
        room_threads: 0,
        namespaces: vec!["/".to_owned(), "/b".to_owned()],
        ..Settings::default()
    };
    Dondo::builder().settings(settings).build().unwrap()
}

/// Fails if a ban that stands is answered as if nothing was done, is not in the log once, or does not say where nobody was asked; or
/// if what came to nothing is answered, or told, as if it was done.
#[test]
fn a_ban_is_answered_and_told_by_what_stands_and_a_disconnect_by_who_was_asked() {
    let said = lines();
    in_held_time(async {
        let api = idle().api;
        // Somebody whose namespace went before it was closed.
        let hub = &api.0.parts.hub;
        let place = MemberLocation {
            courier: hub.courier(),
            local_id: LocalId(7),
            address: "10.0.0.1".parse().ok(),
        };
        let member = MemberId::new("member");
        hub.members().enter(("/b".into(), member), place);
        let caller = ApiCaller {
            key: Arc::new(ApiKey::unfiled("key of bans", &[ApiRight::Moderate])),
            address: None,
        };
        let asked = json!({"address": "10.0.0.1"}).to_string();
        let ask = async |operation| api.moderate(&caller, operation, asked.as_bytes()).await;
        let answer = ask(ApiOperation::Ban).await.unwrap();
        let answer: Value = serde_json::from_slice(&answer.body).unwrap();
        assert_eq!(answer["unreached"], json!(["/b"]), "{answer}");
        assert_eq!(
            (&answer["ban"]["address"], &answer["disconnected"]),
            (&json!("10.0.0.1"), &json!(0))
        );
        assert_eq!(api.0.parts.moderation.bans().all().len(), 1);
        let refused = ask(ApiOperation::Disconnect).await.unwrap_err();
        assert_eq!(refused.code, "busy");
        let told: Vec<String> = said
            .try_iter()
            .filter(|line| line.contains("key of bans"))
            .collect();
        assert_eq!(told.len(), 1, "{told:?}");
        assert!(
            told[0].contains("Ban") && told[0].contains("10.0.0.1"),
            "{told:?}"
        );
    });
}
