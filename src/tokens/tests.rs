//! What is read of a token that one of our keys signed.

#![allow(clippy::unwrap_used)]

use std::sync::atomic::{AtomicU64, Ordering};

use serde_json::json;

use super::*;
use crate::keys::{samples::SECRET, sign};

/// A second of 2001.
const NOW: u64 = 1_000_000_000;

struct Still;

impl Clock for Still {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(NOW)
    }
}

fn credentials(change: impl FnOnce(&mut AuthSettings)) -> Credentials {
    let mut settings = AuthSettings {
        leeway: Duration::ZERO,
        ..AuthSettings::default()
    };
    change(&mut settings);
    let tokens = Tokens::default().secret(SECRET.as_bytes()).unwrap();
    let credentials = Credentials::new(
        &settings,
        tokens,
        Arc::new(Still),
        Revoked::new(Arc::new(Still), settings.leeway),
    );
    credentials.unwrap().unwrap()
}

fn token(claims: Value) -> String {
    sign(SECRET.as_bytes(), claims.as_object().unwrap()).unwrap()
}

/// Whom claims are for, or the code of their refusal.
fn judged(credentials: &Credentials, claims: Value) -> Result<TokenAccount, &'static str> {
    let account = credentials.account(&token(claims));
    account.map_err(|fault| fault.code.as_str())
}

fn refused(claims: Value) -> &'static str {
    judged(&credentials(|_| ()), claims).unwrap_err()
}

/// Fails if the account or the name is read elsewhere than the settings say.
#[test]
fn a_token_says_whom_it_is_for() {
    let claims =
        json!({"sub": "a1", "name": "Ada", "mail": "ada@example.com", "exp": NOW + 1, "level": 7});
    let ada = judged(&credentials(|_| ()), claims.clone()).unwrap();
    assert_eq!((ada.account(), ada.name()), ("a1", "Ada"));
    assert_eq!(ada.expires(), UNIX_EPOCH + Duration::from_secs(NOW + 1));
    assert_eq!(ada.claim::<u8>("level"), Some(7));
    assert_eq!(ada.claim::<String>("level"), None);
    let by_mail = credentials(|settings| {
        settings.account_claim = "mail".to_owned();
        settings.name_claim = "nickname".to_owned();
    });
    let ada = judged(&by_mail, claims).unwrap();
    assert_eq!(
        (ada.account(), ada.name()),
        ("ada@example.com", "ada@example.com")
    );
}

/// Fails if a token is good a second longer than it says, or without saying how long, or if the leeway moves nothing.
#[test]
fn a_token_is_good_in_its_time_alone() {
    assert!(
        judged(
            &credentials(|_| ()),
            json!({"sub": "a", "exp": NOW + 1, "nbf": NOW})
        )
        .is_ok()
    );
    for (claims, code) in [
        (json!({"sub": "a", "exp": NOW}), "token_expired"),
        (json!({"sub": "a", "exp": NOW - 1}), "token_expired"),
        (
            json!({"sub": "a", "exp": NOW as f64 - 0.5}),
            "token_expired",
        ),
        (json!({"sub": "a", "exp": 0}), "token_expired"),
        (json!({"sub": "a"}), "token_invalid"),
        (json!({"sub": "a", "exp": null}), "token_invalid"),
        (json!({"sub": "a", "exp": "2999-01-01"}), "token_invalid"),
        (json!({"sub": "a", "exp": -1}), "token_invalid"),
        (json!({"sub": "a", "exp": u64::MAX}), "token_invalid"),
        (json!({"sub": "a", "exp": 1e300}), "token_invalid"),
        (
            json!({"sub": "a", "exp": NOW + 9, "nbf": NOW + 1}),
            "token_invalid",
        ),
    ] {
        assert_eq!(refused(claims.clone()), code, "{claims}");
    }
    let lenient = credentials(|settings| settings.leeway = Duration::from_secs(5));
    assert!(
        judged(
            &lenient,
            json!({"sub": "a", "exp": NOW - 4, "nbf": NOW + 5})
        )
        .is_ok()
    );
    assert_eq!(
        judged(&lenient, json!({"sub": "a", "exp": NOW - 5})).unwrap_err(),
        "token_expired"
    );
}

/// Fails if somebody else's token, or one for somebody else, is taken where the settings name who makes them for whom.
#[test]
fn a_token_of_another_maker_or_for_another_reader_is_foreign() {
    let named = credentials(|settings| {
        settings.issuer = Some("id".to_owned());
        settings.audience = Some("chat".to_owned());
    });
    for aud in [json!("chat"), json!(["mail", "chat"])] {
        assert!(
            judged(
                &named,
                json!({"sub": "a", "exp": NOW + 1, "iss": "id", "aud": aud})
            )
            .is_ok()
        );
    }
    for claims in [
        json!({"sub": "a", "exp": NOW + 1}),
        json!({"sub": "a", "exp": NOW + 1, "iss": "id"}),
        json!({"sub": "a", "exp": NOW + 1, "aud": "chat"}),
        json!({"sub": "a", "exp": NOW + 1, "iss": ["id"], "aud": "chat"}),
        json!({"sub": "a", "exp": NOW + 1, "iss": "id", "aud": "chats"}),
        json!({"sub": "a", "exp": NOW + 1, "iss": "id", "aud": []}),
        json!({"sub": "a", "exp": NOW + 1, "iss": "id", "aud": [["chat"]]}),
    ] {
        assert_eq!(
            judged(&named, claims.clone()).unwrap_err(),
            "token_foreign",
            "{claims}"
        );
    }
}

/// Fails if a claim that is no name becomes one that others see, or if rights that cannot be read allow everything.
#[test]
fn claims_that_cannot_be_used_are_refused() {
    for (claim, value) in [
        ("sub", json!(null)),
        ("sub", json!(7)),
        ("sub", json!("")),
        ("sub", json!(" a")),
        ("sub", json!("a\nb")),
        ("sub", json!("a".repeat(257))),
        ("name", json!("\u{202e}ada")),
        ("name", json!("\u{200b}")),
        ("sub", json!("\u{3164}\u{2800}")),
        ("name", json!(["Ada"])),
        ("dondo", json!([])),
        ("dondo", json!({"joins": []})),
        ("room", json!("desk")),
    ] {
        let mut claims = json!({"sub": "a", "exp": NOW + 1});
        claims[claim] = value;
        assert_eq!(refused(claims.clone()), "token_invalid", "{claims}");
    }
}

/// Fails if a token opens another room, the room of another channel, or a room to another account than it says.
#[test]
fn a_token_of_a_room_opens_that_room_alone() {
    let credentials = credentials(|_| ());
    let opens = |claims: Value, room, channel, account| {
        let bearer = RoomBearer {
            room,
            channel,
            account,
        };
        let opened = credentials.room(&token(claims), bearer);
        opened.map_err(|fault| fault.code.as_str())
    };
    let any = json!({"room": "r", "exp": NOW + 1});
    let sales = json!({"room": "r", "channel": "sales", "exp": NOW + 1});
    let adas = json!({"room": "r", "sub": "ada", "exp": NOW + 1});
    assert_eq!(opens(any.clone(), "r", None, None), Ok(()));
    assert_eq!(opens(any.clone(), "r", Some("sales"), Some("ada")), Ok(()));
    assert_eq!(opens(any, "q", None, None), Err("forbidden"));
    assert_eq!(opens(sales.clone(), "r", Some("sales"), None), Ok(()));
    assert_eq!(
        opens(sales.clone(), "r", Some("ops"), None),
        Err("forbidden")
    );
    assert_eq!(opens(sales, "r", None, None), Err("forbidden"));
    assert_eq!(opens(adas.clone(), "r", None, Some("ada")), Ok(()));
    assert_eq!(
        opens(adas.clone(), "r", None, Some("eve")),
        Err("forbidden")
    );
    assert_eq!(opens(adas, "r", None, None), Err("forbidden"));
    let lets_in = json!({"sub": "ada", "exp": NOW + 1});
    assert_eq!(opens(lets_in, "r", None, Some("ada")), Err("forbidden"));
    let old = json!({"room": "r", "exp": NOW});
    assert_eq!(opens(old, "r", None, None), Err("token_expired"));
}

/// A clock that a test sets.
struct SetClock(AtomicU64);

impl Clock for SetClock {
    fn now(&self) -> SystemTime {
        UNIX_EPOCH + Duration::from_secs(self.0.load(Ordering::Relaxed))
    }
}

/// Fails if a token that was taken back for as long as it is good is good once more before the hub takes it for over.
#[test]
fn what_is_taken_back_until_its_end_is_taken_by_nobody_in_the_leeway_behind_it_either() {
    let clock = Arc::new(SetClock(AtomicU64::new(NOW)));
    let settings = AuthSettings {
        leeway: Duration::from_secs(60),
        ..AuthSettings::default()
    };
    let tokens = Tokens::default().secret(SECRET.as_bytes()).unwrap();
    let revoked = Revoked::new(clock.clone(), settings.leeway);
    let credentials = Credentials::new(&settings, tokens, clock.clone(), revoked.clone());
    let credentials = credentials.unwrap().unwrap();
    let is_taken = || {
        judged(
            &credentials,
            json!({"sub": "ada", "jti": "7", "exp": NOW + 10}),
        )
    };
    assert!(is_taken().is_ok());
    assert!(revoked.revoke("7", Duration::from_secs(10)).is_ok());
    for second in 0..70 {
        clock.0.store(NOW + second, Ordering::Relaxed);
        assert_eq!(is_taken().err(), Some("token_revoked"), "{second}");
    }
    clock.0.store(NOW + 70, Ordering::Relaxed);
    assert_eq!(is_taken().err(), Some("token_expired"));
    assert!(revoked.all().is_empty(), "it is known for too long");
}

/// Fails if keys can be lost by reading them again.
#[test]
fn without_a_key_and_with_guests_nothing_is_asked() {
    let none = |guests| {
        let settings = AuthSettings {
            guests,
            ..AuthSettings::default()
        };
        Credentials::new(
            &settings,
            Tokens::default(),
            Arc::new(Still),
            Revoked::new(Arc::new(Still), settings.leeway),
        )
        .unwrap()
    };
    assert!(none(true).is_none());
    assert!(none(false).is_some_and(|credentials| !credentials.has_guests()));
    let credentials = credentials(|_| ());
    assert_eq!(
        credentials.read_again().unwrap().unwrap(),
        "1 key: HS256 of the application"
    );
    assert!(judged(&credentials, json!({"sub": "a", "exp": NOW + 1})).is_ok());
}
