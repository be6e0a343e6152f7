//! Which keys are taken, and which tokens they know. Tokens of other programs are in `tests/it/tokens`.

#![allow(clippy::unwrap_used)]

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use serde_json::json;

use super::samples::{
    ED25519_JWKS, ED25519_PEM, P256_PEM, P384_PEM, RSA_PEM, RSA_PKCS1_PEM, SECRET, SHORT_RSA_PEM,
};
use super::*;

fn secret() -> Keys {
    Keys::of_secret(SECRET.as_bytes(), "a test").unwrap()
}

fn claims() -> Claims {
    let claims = json!({"sub": "ada"});
    claims.as_object().unwrap().clone()
}

fn token(header: Value) -> String {
    let header = BASE64_URL_SAFE_NO_PAD.encode(header.to_string());
    let claims = BASE64_URL_SAFE_NO_PAD.encode(json!({"sub": "ada"}).to_string());
    format!("{header}.{claims}.")
}

/// Fails if a key is good for another algorithm than that of its kind, or one that is too weak, or not the signer's to give away,
/// is taken.
#[test]
fn a_key_is_for_the_algorithm_of_its_kind() {
    for (pem, algorithm) in [
        (ED25519_PEM, "EdDSA"),
        (P256_PEM, "ES256"),
        (RSA_PEM, "RS256"),
        (RSA_PKCS1_PEM, "RS256"),
    ] {
        let keys: Vec<_> = Keys::of_pem(pem, "k.pem").unwrap().described().collect();
        assert_eq!(keys, [format!("{algorithm} of k.pem")]);
    }
    let private = ED25519_PEM.replace("PUBLIC", "PRIVATE");
    for (pem, why) in [
        (P384_PEM, "not P-256"),
        (SHORT_RSA_PEM, "2048"),
        (&private, "private"),
        (SECRET, "no public key"),
        ("", "no public key"),
    ] {
        let wrong = Keys::of_pem(pem, "k.pem").unwrap_err().to_string();
        assert!(wrong.contains(why), "{wrong}");
    }
    let wrong = Keys::of_secret(&[b'a'; 31], "s").unwrap_err().to_string();
    assert!(wrong.contains("31 bytes"), "{wrong}");
    assert!(Keys::of_secret(&[b'a'; 32], "s").is_ok());
}

const X: &str = "H7ptlQzrBtzpzHL0gkn4pXlJA18uDlA8WEx9AzeRhk0";

fn one() -> Value {
    json!({"kty": "OKP", "crv": "Ed25519", "x": X, "alg": "EdDSA", "use": "sig"})
}

/// Base64url of a number of so many bytes.
fn number(bytes: usize) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(vec![0xff; bytes])
}

/// Fails if one key of a set that cannot be used, or is for something else, keeps the others from being used, is used itself, or
/// is passed over without a word that names it and says why; or if one for encryption is spoken of.
#[test]
fn of_a_set_what_signs_tokens_is_taken_and_what_is_not_is_told() {
    let set = Keys::of_jwks(ED25519_JWKS, "set").unwrap();
    assert_eq!(set.unused(), None);
    let keys: Vec<_> = set.keys.described().collect();
    assert_eq!(keys, ["EdDSA of set, id \"one\""]);
    let (short, long) = (number(128), number(513));
    let zeros = BASE64_URL_SAFE_NO_PAD.encode([vec![0; 128], vec![0xff; 128]].concat());
    let good = number(256);
    for (other, why) in [
        (
            json!({"kty": "OKP", "crv": "Ed25519", "x": X, "use": "enc"}),
            None,
        ),
        (
            json!({"kty": "RSA", "n": good, "e": "AQAB", "use": "enc", "alg": "RSA-OAEP"}),
            None,
        ),
        (
            json!({"kty": "RSA", "n": good, "e": "AQAB", "key_ops": ["wrapKey"]}),
            None,
        ),
        (
            json!({"kty": "OKP", "crv": "X25519", "x": X}),
            Some("Ed25519"),
        ),
        (
            json!({"kty": "EC", "crv": "P-384", "x": X, "y": X}),
            Some("P-256"),
        ),
        (json!({"kty": "oct", "k": "c2VjcmV0"}), Some("kty")),
        (json!({"kty": "new"}), Some("kty")),
        (json!({"alg": "EdDSA"}), Some("kty")),
        (
            json!({"kty": "OKP", "crv": "Ed25519", "x": X, "alg": "ES256"}),
            Some("(alg)"),
        ),
        (
            json!({"kty": "RSA", "n": good, "e": "AQAB", "alg": "RS512"}),
            Some("(alg)"),
        ),
        (
            json!({"kty": "RSA", "n": good, "e": "AQAB", "alg": 256}),
            Some("(alg)"),
        ),
        (
            json!({"kty": "OKP", "crv": "Ed25519", "x": X, "d": X}),
            Some("private"),
        ),
        (
            json!({"kty": "RSA", "n": short, "e": "AQAB"}),
            Some("less than 2048"),
        ),
        (
            json!({"kty": "RSA", "n": zeros, "e": "AQAB"}),
            Some("less than 2048"),
        ),
        (
            json!({"kty": "RSA", "n": long, "e": "AQAB"}),
            Some("more than 4096"),
        ),
        (
            json!({"kty": "RSA", "n": good, "e": "AQ"}),
            Some("exponent"),
        ),
        (
            json!({"kty": "RSA", "n": good, "e": "AAAA"}),
            Some("exponent"),
        ),
        (json!({"kty": "RSA", "n": good}), Some("missing (e)")),
        (json!({"kty": "RSA", "e": "AQAB"}), Some("missing (n)")),
        (
            json!({"kty": "RSA", "n": 1, "e": "AQAB"}),
            Some("base64url"),
        ),
        (
            json!({"kty": "RSA", "n": "+/+/", "e": "AQAB"}),
            Some("base64url"),
        ),
        (
            json!({"kty": "EC", "crv": "P-256", "x": X}),
            Some("missing (y)"),
        ),
        (
            json!({"kty": "EC", "crv": "P-256", "x": X, "y": "AQAB"}),
            Some("32 bytes"),
        ),
        (
            json!({"kty": "OKP", "crv": "Ed25519", "x": "AQAB"}),
            Some("32 bytes"),
        ),
        (
            json!({"kty": "OKP", "crv": "Ed25519", "x": X, "key_ops": 1, "kid": 1}),
            Some("read"),
        ),
        (json!(1), Some("object")),
        (json!(null), Some("object")),
    ] {
        for id in [None, Some("other")] {
            let mut other = other.clone();
            if let (Some(id), Some(fields)) = (id, other.as_object_mut()) {
                fields.insert("kid".to_owned(), id.into());
            }
            let is_named = id.is_some() && other.is_object();
            if is_named && why == Some("read") {
                other["key_ops"] = json!(["verify", {}]);
            }
            let set = Keys::of_jwks(&json!({"keys": [one(), other]}).to_string(), "set").unwrap();
            let used: Vec<_> = set.keys.described().collect();
            assert_eq!(used, ["EdDSA of set"], "{other}");
            let unused = set.unused();
            match (why, &unused) {
                (None, None) => {}
                (Some(why), Some(told)) => {
                    let name = if is_named {
                        "the key \"other\": "
                    } else {
                        "key 2 of it: "
                    };
                    assert!(
                        told.starts_with(name) && told.contains(why),
                        "{other}: {told}"
                    );
                }
                _ => assert_eq!(unused.as_deref(), why, "{other}"),
            }
            let alone = json!({"keys": [other]}).to_string();
            let wrong = Keys::of_jwks(&alone, "set").err().unwrap().to_string();
            assert!(
                wrong.contains(why.unwrap_or("no key for RS256")),
                "{alone}: {wrong}"
            );
            assert!(Keys::of_set(&alone, "set").unwrap().keys.is_empty());
        }
    }
}

/// Fails if what is no set is read as one without keys, which would take all keys away.
#[test]
fn what_is_no_set_is_none_without_keys() {
    let whole = json!({"keys": vec![one(); 64]}).to_string();
    assert_eq!(Keys::of_set(&whole, "set").unwrap().keys.0.len(), 64);
    let empty = Keys::of_set(r#"{"keys":[],"more":1}"#, "set").unwrap();
    assert!(empty.keys.is_empty() && empty.without_key().is_some());
    assert!(Keys::of_jwks(r#"{"keys":[]}"#, "set").is_err());
    for wrong in [
        json!({"keys": vec![one(); 65]}).to_string(),
        json!({"keys": one()}).to_string(),
        json!({"keys": null}).to_string(),
        json!({"error": "try again"}).to_string(),
        json!([one()]).to_string(),
        whole[..whole.len() - 2].to_owned(),
        r#"{"keys":[],"keys":[]}"#.to_owned(),
        String::new(),
    ] {
        assert!(Keys::of_set(&wrong, "set").is_err(), "{wrong}");
    }
}

/// Fails if a set of a stranger's words fills the log with them.
#[test]
fn what_is_told_of_a_set_has_an_end() {
    let wrong: Vec<_> = (0..64)
        .map(|number| json!({"kty": "new", "kid": format!("{number}\n{}", "x".repeat(4000))}))
        .collect();
    let set = Keys::of_set(&json!({"keys": wrong}).to_string(), "set").unwrap();
    let told = set.unused().unwrap();
    assert!(told.len() < 3000 && !told.contains('\n'), "{}", told.len());
    assert!(told.ends_with("and 48 more"), "{told}");
    let mut long = one();
    long["x5c"] = "x".repeat(200_000).into();
    let set = Keys::of_set(&json!({"keys": [long]}).to_string(), "set").unwrap();
    assert!(set.unused().unwrap().len() < 300);
}

/// Fails if a token chooses how its signature is looked at: not at all, or with a public key as a secret that everybody has.
#[test]
fn the_algorithm_is_the_keys_and_never_the_tokens() {
    for alg in ["none", "None", "nOnE", "NONE", "", "HS1", "hs256"] {
        let unsigned = token(json!({"alg": alg, "typ": "JWT"}));
        for keys in [secret(), Keys::of_pem(RSA_PEM, "k").unwrap()] {
            let refused = keys.verify(&unsigned);
            assert!(matches!(refused, Err(Unsigned::Invalid(_))), "{refused:?}");
        }
    }
    for pem in [ED25519_PEM, P256_PEM, RSA_PEM, RSA_PKCS1_PEM] {
        let keys = Keys::of_pem(pem, "k").unwrap();
        for forged in [pem, pem.trim_end()] {
            let forged = sign(forged.as_bytes(), &claims()).unwrap();
            let refused = keys.verify(&forged);
            assert!(
                matches!(refused, Err(Unsigned::Foreign(_) | Unsigned::Unknown(_))),
                "{refused:?}"
            );
        }
        // Without a signature, under the key's own algorithm.
        for alg in ["EdDSA", "ES256", "RS256"] {
            let empty = token(json!({"alg": alg}));
            assert!(keys.verify(&empty).is_err(), "{alg}");
        }
    }
}

/// Fails if a token of a key's is not known, or is known after it was changed.
#[test]
fn a_token_is_as_it_was_signed() {
    let keys = secret();
    let good = sign(SECRET.as_bytes(), &claims()).unwrap();
    assert_eq!(keys.verify(&good).unwrap(), claims());
    let other = sign(&[b'x'; 40], &claims()).unwrap();
    assert!(matches!(keys.verify(&other), Err(Unsigned::Foreign(_))));
    let (head, _) = good.rsplit_once('.').unwrap();
    let (header, body) = head.split_once('.').unwrap();
    let signature = good.rsplit_once('.').unwrap().1;
    let changed = BASE64_URL_SAFE_NO_PAD.encode(r#"{"sub":"eve"}"#);
    for bad in [
        head.to_owned(),
        format!("{head}."),
        format!("{header}.{changed}.{signature}"),
        format!("{head}.{}", &signature[..signature.len() - 2]),
        format!("{good}.{signature}"),
        format!(" {good}"),
        format!("{body}.{header}.{signature}"),
        String::new(),
        "...".to_owned(),
        "\u{fffd}.\u{fffd}.\u{fffd}".to_owned(),
        "a".repeat(TOKEN_BYTES_MAX + 1),
    ] {
        assert!(keys.verify(&bad).is_err(), "{bad}");
    }
    let critical = format!(
        "{}x",
        token(json!({"alg": "HS256", "crit": ["b64"], "b64": false}))
    );
    assert!(matches!(keys.verify(&critical), Err(Unsigned::Invalid(_))));
}
