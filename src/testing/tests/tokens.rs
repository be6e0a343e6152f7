//! A token's time, held: it ends, or another token takes its place.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

use crate::{
    Account, Builder, DisconnectReason, Dondo, Namespace, Tokens,
    keys::{samples::SECRET, sign},
    testing::TestHub,
};

const HOUR: Duration = Duration::from_secs(3600);
/// The setting `auth.leeway`, and half a minute: tokens are made by the time of day, which goes on while the hub's is held.
const LEEWAY: Duration = Duration::from_secs(60);

fn hub() -> Builder {
    Dondo::builder().tokens(Tokens::default().secret(SECRET.as_bytes()).unwrap())
}

/// A token that is good for so many hours.
fn token(account: &str, hours: u32) -> String {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let claims = json!({"sub": account, "exp": (now + HOUR * hours).as_secs()});
    sign(SECRET.as_bytes(), claims.as_object().unwrap()).unwrap()
}

/// Fails if a session outlives its token, or ends before it does.
#[test]
fn a_session_ends_with_its_token() {
    TestHub::run(hub(), async |hub| {
        let client = hub.client("/").auth(json!({"token": token("ada", 1)}));
        let client = client.connect().await.unwrap();
        hub.advance(HOUR - Duration::from_secs(60)).await;
        client.expect_nothing().await;
        hub.advance(Duration::from_secs(60) + LEEWAY).await;
        let told = client.expect::<Value>("hub-error").await;
        assert_eq!(
            (&told["event"], &told["code"]),
            (&json!("auth"), &json!("token_expired"))
        );
        assert_eq!(
            client.expect_disconnect().await,
            DisconnectReason::ForcedClose
        );
    });
}

/// Fails if a session ends with its first token although it has another one, outlives that, or takes one of another account.
#[test]
fn another_token_of_its_account_takes_the_place_of_the_first() {
    TestHub::run(hub(), async |hub| {
        let client = hub.client("/").auth(json!({"token": token("ada", 1)}));
        let client = client.connect().await.unwrap();
        for (shown, code) in [
            (json!(token("eve", 9)), "other_account"),
            (json!("nonsense"), "token_invalid"),
            (json!({"token": 7}), "bad_payload"),
            (json!(null), "bad_payload"),
        ] {
            let refused = client.emit_with_ack::<Value>("auth", &shown).await;
            assert_eq!(refused.unwrap_err().code(), code, "{shown}");
        }
        let renewed = [
            json!(token("ada", 2)),
            json!({"token": token("ada", 2)}),
            json!({"data": {"token": token("ada", 2)}}),
        ];
        for shown in renewed {
            let ack = client.emit_with_ack::<Value>("auth", &shown).await.unwrap();
            assert_eq!((&ack["ok"], &ack["account"]), (&json!(true), &json!("ada")));
            assert!(ack["expires"].is_u64(), "{ack}");
        }
        hub.advance(HOUR + LEEWAY).await;
        client.expect_nothing().await;
        hub.advance(HOUR).await;
        client.expect::<Value>("hub-error").await;
        client.expect_disconnect().await;
    });
}

/// Fails if a channel can have the name of the event that tokens are brought by, or cannot where none are taken.
#[test]
fn auth_is_the_hubs_event_where_tokens_are_taken() {
    TestHub::run(hub(), async |hub| {
        let client = hub.client("/").connect().await.unwrap();
        let refused = client.emit_with_ack::<Value>("join-channel", "auth").await;
        assert_eq!(refused.unwrap_err().code(), "reserved_name");
    });
    TestHub::run(Dondo::builder(), async |hub| {
        let client = hub.client("/").connect().await.unwrap();
        let joined = client.emit_with_ack::<Value>("join-channel", "auth").await;
        assert_eq!(joined.unwrap()["ok"], true);
    });
}

/// Fails if a guest becomes somebody while others know it as a guest, is not told what to do, loses what it has by asking, or is
/// told that its token is good where it is not.
#[test]
fn a_guest_stays_one_and_keeps_its_seats() {
    TestHub::run(hub(), async |hub| {
        let client = hub.client("/").connect().await.unwrap();
        let joined = client.emit_with_ack::<Value>("join-channel", "lobby").await;
        assert_eq!(joined.unwrap()["ok"], true);
        for (shown, code) in [
            (token("ada", 1), "other_account"),
            ("nonsense".to_owned(), "token_invalid"),
        ] {
            let refused = client.emit_with_ack::<Value>("auth", &shown).await;
            assert_eq!(refused.unwrap_err().code(), code);
        }
        let again = client.emit_with_ack::<Value>("join-channel", "lobby").await;
        let again = again.unwrap();
        assert_eq!(
            (&again["already"], &again["onlineUsers"]),
            (&json!(true), &json!(1))
        );
        assert_eq!(again["users"][0]["userName"], Value::Null);
        // The end of the token that was shown is none of the guest's.
        hub.advance(HOUR * 2).await;
        let said = client.emit_with_ack::<Value>("lobby", "still here").await;
        assert_eq!(said.unwrap()["recipients"], 1);
    });
}

struct Visitor(SystemTime);

impl Account for Visitor {
    fn account(&self) -> &'static str {
        "visitor"
    }

    fn expires(&self) -> Option<SystemTime> {
        Some(self.0)
    }
}

/// Fails if an account of the application's own has no end.
#[test]
fn an_applications_own_account_may_end_too() {
    let root = Namespace::new("/");
    TestHub::run(Dondo::builder().namespace(root), async |hub| {
        let ends = SystemTime::now() + HOUR;
        let client = hub.client("/").login(Visitor(ends)).connect();
        let client = client.await.unwrap();
        hub.advance(HOUR + LEEWAY).await;
        client.expect_disconnect().await;
    });
}
