//! Keys of every kind, each by its setting.

use serde_json::json;

use super::{Issuer, KeyFolder, SECRET, ada, code_of, connect, connect_error, hub, now, seen};
use crate::support::Hub;

/// Fails if tokens of one kind of key are not known, or if the client's own word is what others see.
#[test]
fn a_secret_knows_its_tokens() {
    let mut issuer = Issuer::start();
    let (hub, _folder) = hub("secret", |_| {});
    let token = issuer.sign("HS256", &ada(json!({})));
    assert_eq!(seen(&mut connect(&hub, &token)), "Ada L.");
    let nameless = issuer.sign("HS256", &json!({"sub": "ada", "exp": now() + 60}));
    assert_eq!(seen(&mut connect(&hub, &nameless)), "ada");
    let foreign = issuer.sign_with(
        "HS256",
        &ada(json!({})),
        &json!({"secret": format!("{SECRET}\n")}),
    );
    let refusal = connect_error(&hub, "", &json!({ "token": foreign }));
    assert_eq!(code_of(&refusal), "token_foreign");
}

/// Fails if tokens of one kind of key are not known, or those of another key of its kind are.
#[test]
fn a_public_key_knows_the_tokens_of_its_kind() {
    let mut issuer = Issuer::start();
    let folder = KeyFolder::new("public");
    for algorithm in ["RS256", "ES256", "EdDSA"] {
        let pem = folder.write(algorithm, &issuer.pem(algorithm));
        let hub = Hub::with(|settings| settings.auth.public_key_file = Some(pem));
        let token = issuer.sign(algorithm, &ada(json!({})));
        assert_eq!(seen(&mut connect(&hub, &token)), "Ada L.", "{algorithm}");
        let forged = issuer.forge(algorithm, &ada(json!({})));
        let others = ["RS256", "ES256", "EdDSA"].into_iter();
        let others = others.filter(|other| *other != algorithm);
        let others: Vec<_> = others
            .map(|other| issuer.sign(other, &ada(json!({}))))
            .collect();
        for foreign in others.iter().chain([&forged]) {
            let refusal = connect_error(&hub, "", &json!({ "token": foreign }));
            assert_eq!(code_of(&refusal), "token_foreign", "{algorithm}");
        }
        // The attack of 2015: the public key, which everybody has, as the secret.
        for secret in [
            issuer.pem(algorithm),
            issuer.pem(algorithm).trim_end().to_owned(),
        ] {
            if secret.len() < 32 {
                continue;
            }
            let confused = issuer.sign_with("HS256", &ada(json!({})), &json!({ "secret": secret }));
            let refusal = connect_error(&hub, "", &json!({ "token": confused }));
            assert_eq!(code_of(&refusal), "token_foreign", "{algorithm}");
        }
    }
}

/// Fails if a key of a set is not found, by its name or without, or one is taken that has another name than the token says.
#[test]
fn a_set_of_keys_knows_the_tokens_of_each() {
    let mut issuer = Issuer::start();
    let folder = KeyFolder::new("set");
    let set = folder.write("jwks.json", &issuer.keys["jwks"].to_string());
    let hub = Hub::with(|settings| settings.auth.jwks_file = Some(set));
    for algorithm in ["RS256", "ES256", "EdDSA"] {
        let named = json!({"kid": format!("key-{algorithm}")});
        for header in [named, json!({})] {
            let token = issuer.sign_with(algorithm, &ada(json!({})), &header);
            assert_eq!(seen(&mut connect(&hub, &token)), "Ada L.", "{algorithm}");
        }
        let other = issuer.sign_with(algorithm, &ada(json!({})), &json!({"kid": "another"}));
        let forged = issuer.forge(algorithm, &ada(json!({})));
        for foreign in [other, forged] {
            let refusal = connect_error(&hub, "", &json!({ "token": foreign }));
            assert_eq!(code_of(&refusal), "token_foreign", "{algorithm}");
        }
    }
}

/// Fails if the claims of account and name, the maker, the reader or the leeway are others than the settings say.
#[test]
fn the_settings_say_what_is_read_of_a_token() {
    let mut issuer = Issuer::start();
    let (hub, _folder) = hub("claims", |settings| {
        settings.auth.account_claim = "email".to_owned();
        settings.auth.name_claim = "nickname".to_owned();
        settings.auth.issuer = Some("https://id.example".to_owned());
        settings.auth.audience = Some("chat".to_owned());
        settings.auth.leeway = std::time::Duration::from_secs(300);
    });
    let claims = json!({
        "email": "ada@example.com", "nickname": "countess", "name": "Ada", "exp": now() - 60,
        "iss": "https://id.example", "aud": ["chat", "mail"],
    });
    let token = issuer.sign("HS256", &claims);
    assert_eq!(seen(&mut connect(&hub, &token)), "countess");
    for (claim, value, code) in [
        ("iss", json!("https://other.example"), "token_foreign"),
        ("aud", json!("mail"), "token_foreign"),
        ("exp", json!(now() - 301), "token_expired"),
        ("email", json!(null), "token_invalid"),
    ] {
        let mut claims = claims.clone();
        claims[claim] = value;
        let token = issuer.sign("HS256", &claims);
        let refusal = connect_error(&hub, "", &json!({ "token": token }));
        assert_eq!(code_of(&refusal), code, "{claims}");
    }
}
