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

/// Fails if one key of a set that is for something else keeps the others from being used, or a broken or private one does not.
#[test]
fn of_a_set_what_signs_tokens_is_taken() {
    let keys: Vec<_> = Keys::of_jwks(ED25519_JWKS, "set")
        .unwrap()
        .described()
        .collect();
    assert_eq!(keys, ["EdDSA of set, id \"one\""]);
    let x = "H7ptlQzrBtzpzHL0gkn4pXlJA18uDlA8WEx9AzeRhk0";
    let one = json!({"kty": "OKP", "crv": "Ed25519", "x": x, "alg": "EdDSA", "use": "sig"});
    let others = [
        json!({"kty": "OKP", "crv": "Ed25519", "x": x, "use": "enc"}),
        json!({"kty": "OKP", "crv": "X25519", "x": x}),
        json!({"kty": "EC", "crv": "P-384", "x": x, "y": x}),
        json!({"kty": "oct", "k": "c2VjcmV0"}),
        json!({"kty": "OKP", "crv": "Ed25519", "x": x, "alg": "ES256"}),
        json!({"kty": "new"}),
        json!(1),
    ];
    for other in others {
        let set = json!({"keys": [other, one]}).to_string();
        assert_eq!(Keys::of_jwks(&set, "set").unwrap().0.len(), 1, "{set}");
        let alone = json!({"keys": [other]}).to_string();
        assert!(Keys::of_jwks(&alone, "set").is_err(), "{alone}");
    }
    for wrong in [
        json!({"keys": [one, {"kty": "OKP", "crv": "Ed25519", "x": x, "d": x}]}),
        json!({"keys": [one, {"kty": "RSA", "n": "AQAB", "e": "AQAB"}]}),
        json!({"keys": [one, {"kty": "RSA", "e": "AQAB"}]}),
        json!({"keys": [one, {"kty": "OKP", "crv": "Ed25519", "x": "AQAB"}]}),
        json!({"keys": vec![one.clone(); 65]}),
        json!({"keys": []}),
        json!({"keys": one}),
        json!([one]),
    ] {
        assert!(Keys::of_jwks(&wrong.to_string(), "set").is_err(), "{wrong}");
    }
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
    assert_eq!(keys.verify(&good).unwrap().claims, claims());
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
