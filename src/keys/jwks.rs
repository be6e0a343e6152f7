//! Sets of public keys in JSON (RFC 7517), as services of identity give theirs.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::{AlgorithmParameters, EllipticCurve, Jwk, KeyAlgorithm, PublicKeyUse};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

use super::{BadKey, Keys, MODULUS_BYTES_MIN, VerifyingKey, other_curve, short_modulus};

/// Keys of one set. A token that names none is tried with each of its algorithm.
const KEYS_MAX: usize = 64;
const ED25519_BYTES: usize = 32;

#[derive(Deserialize)]
struct Set {
    keys: Vec<Value>,
}

/// Reads a set. What is for other things, or of a kind that is not used here, is passed over; one that is broken is not.
pub(super) fn read(text: &str, origin: &str) -> Result<Keys, BadKey> {
    let set: Set = serde_json::from_str(text)
        .map_err(|error| BadKey::new(format!("it is no set of keys in JSON: {error}")))?;
    if set.keys.len() > KEYS_MAX {
        return Err(BadKey::new(format!(
            "it has more than {KEYS_MAX} keys; leave those out that sign no tokens any more"
        )));
    }
    let mut keys = Vec::new();
    for value in set.keys {
        keys.extend(key(value, origin)?);
    }
    match keys.is_empty() {
        true => Err(BadKey::new(
            "it has no key for RS256, ES256 or EdDSA among those for signatures",
        )),
        false => Ok(Keys(keys)),
    }
}

fn key(value: Value, origin: &str) -> Result<Option<VerifyingKey>, BadKey> {
    if value.get("d").is_some() {
        return Err(BadKey::new(
            "there is a private key in it (\"d\"), which belongs to whoever signs tokens; write the public ones alone",
        ));
    }
    let named = value.get("kid").and_then(Value::as_str).map(str::to_owned);
    let broken = |why: BadKey| match &named {
        Some(id) => BadKey::new(format!("the key {id:?}: {why}")),
        None => why,
    };
    let is_ours = is_for_our_signatures(&value);
    let jwk = match serde_json::from_value::<Jwk>(value) {
        Ok(jwk) => jwk,
        Err(error) if is_ours => {
            return Err(broken(BadKey::new(format!("it cannot be read: {error}"))));
        }
        Err(_) => return Ok(None),
    };
    let is_for_signatures = matches!(
        jwk.common.public_key_use,
        None | Some(PublicKeyUse::Signature)
    );
    let algorithm = match algorithm_of(&jwk).map_err(broken)? {
        Some(algorithm) => algorithm,
        None if is_ours => {
            return Err(broken(BadKey::new("a part of it is missing")));
        }
        None => return Ok(None),
    };
    let own = KeyAlgorithm::from(algorithm);
    let is_said = jwk.common.key_algorithm.is_none_or(|said| said == own);
    if !is_for_signatures || !is_said {
        return Ok(None);
    }
    let verifying = DecodingKey::from_jwk(&jwk)
        .map_err(|error| broken(BadKey::new(format!("it cannot be read: {error}"))))?;
    Ok(Some(VerifyingKey {
        id: jwk.common.key_id,
        algorithm,
        verifying,
        origin: origin.to_owned(),
    }))
}

/// Whether a key says that it is one that is used here, so that it has to be whole.
fn is_for_our_signatures(key: &Value) -> bool {
    let text = |name: &str| key.get(name).and_then(Value::as_str);
    let is_ours = match text("kty") {
        Some("RSA") => true,
        Some("EC") => text("crv") == Some("P-256"),
        Some("OKP") => text("crv") == Some("Ed25519"),
        _ => false,
    };
    is_ours
        && matches!(text("use"), None | Some("sig"))
        && matches!(text("alg"), None | Some("RS256" | "ES256" | "EdDSA"))
}

/// The algorithm of a key's kind. A secret has no place in a set that is public.
fn algorithm_of(jwk: &Jwk) -> Result<Option<Algorithm>, BadKey> {
    match &jwk.algorithm {
        AlgorithmParameters::RSA(parts) => {
            let modulus = BASE64_URL_SAFE_NO_PAD.decode(&parts.n);
            let bytes = modulus.map_or(0, |modulus| modulus.len());
            match bytes < MODULUS_BYTES_MIN {
                true => Err(short_modulus()),
                false => Ok(Some(Algorithm::RS256)),
            }
        }
        AlgorithmParameters::EllipticCurve(parts) => match parts.curve {
            EllipticCurve::P256 => Ok(Some(Algorithm::ES256)),
            EllipticCurve::Ed25519 => Err(other_curve()),
            _ => Ok(None),
        },
        AlgorithmParameters::OctetKeyPair(parts) if parts.curve == EllipticCurve::Ed25519 => {
            let key = BASE64_URL_SAFE_NO_PAD.decode(&parts.x);
            match key.is_ok_and(|key| key.len() == ED25519_BYTES) {
                true => Ok(Some(Algorithm::EdDSA)),
                false => Err(BadKey::new(format!(
                    "its x is no key of Ed25519, which has {ED25519_BYTES} bytes"
                ))),
            }
        }
        _ => Ok(None),
    }
}
