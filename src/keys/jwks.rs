//! Sets of public keys in JSON (RFC 7517), as services of identity give theirs.

use base64::Engine;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use jsonwebtoken::jwk::Jwk;
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::Deserialize;
use serde_json::Value;

use super::{
    BadKey, Keys, MODULUS_BYTES_MAX, MODULUS_BYTES_MIN, TOLD_MAX, VerifyingKey, long_modulus,
    other_curve, short_modulus,
};

/// Keys of one set. A token that names none is tried with each of its algorithm.
const KEYS_MAX: usize = 64;
/// Bytes of a key of Ed25519, and of either part of one of P-256.
const CURVE_BYTES: usize = 32;
/// Letters of a key's id that are told.
const ID_TOLD_MAX: usize = 64;
/// And of why it cannot be read, in which a part of it may stand.
const WHY_TOLD_MAX: usize = 160;

/// A set as it was read.
#[derive(Default)]
pub(crate) struct SetOfKeys {
    /// Those that know tokens.
    pub(crate) keys: Keys,
    /// Each that was passed over although it may be meant for tokens, with the reason.
    passed_over: Vec<String>,
}

#[derive(Deserialize)]
struct Set {
    keys: Vec<Value>,
}

/// Reads a set. A key that cannot be used keeps no other from being used (RFC 7517, 5); one that says it is for something else is
/// not spoken of.
pub(super) fn read(text: &str, origin: &str) -> Result<SetOfKeys, BadKey> {
    let set: Set = serde_json::from_str(text)
        .map_err(|error| BadKey::new(format!("it is no set of keys in JSON: {error}")))?;
    if set.keys.len() > KEYS_MAX {
        return Err(BadKey::new(format!(
            "it has more than {KEYS_MAX} keys; leave those out that sign no tokens any more"
        )));
    }
    let mut read = SetOfKeys::default();
    let others = set.keys.iter().enumerate();
    for (place, value) in others.filter(|(_, value)| !is_for_something_else(value)) {
        match key(value, origin) {
            Ok(key) => read.keys.0.push(key),
            Err(why) => read
                .passed_over
                .push(format!("{}: {why}", named(value, place))),
        }
    }
    Ok(read)
}

impl SetOfKeys {
    /// Which of its keys are not used, and why; nothing where all are.
    pub(crate) fn unused(&self) -> Option<String> {
        let mut told = Vec::from_iter(self.passed_over.iter().take(TOLD_MAX).cloned());
        if let Some(more) = self
            .passed_over
            .len()
            .checked_sub(TOLD_MAX)
            .filter(|more| *more > 0)
        {
            told.push(format!("and {more} more"));
        }
        (!told.is_empty()).then(|| told.join("; "))
    }

    /// That not all of its keys are used, as a line; nothing where all are.
    pub(crate) fn passed_over(&self, whose: &str) -> Option<String> {
        let unused = self.unused()?;
        Some(format!("{whose}: not all of its keys are used: {unused}"))
    }

    /// Those that know tokens. That others are not used is a line of the log.
    pub(crate) fn told_by(self, whose: &str) -> Keys {
        if let Some(line) = self.passed_over(whose) {
            log::warn!("{line}");
        }
        self.keys
    }

    /// Why it knows no token; nothing where it has a key.
    pub(crate) fn without_key(&self) -> Option<BadKey> {
        let why = match self.unused() {
            _ if !self.keys.is_empty() => return None,
            None => String::new(),
            Some(unused) => format!(" ({unused})"),
        };
        let said = "it has no key for RS256, ES256 or EdDSA among those for signatures";
        Some(BadKey::new(format!("{said}{why}")))
    }
}

/// How a key is called in the log: by its id, or else by its place, counted from 1.
fn named(value: &Value, place: usize) -> String {
    match value.get("kid").and_then(Value::as_str) {
        Some(id) if id.chars().count() > ID_TOLD_MAX => {
            let begin: String = id.chars().take(ID_TOLD_MAX).collect();
            format!("the key {begin:?}…")
        }
        Some(id) => format!("the key {id:?}"),
        None => format!("key {} of it", place + 1),
    }
}

/// Whether a key says that it verifies no signatures: one for encryption, as many services have beside the others.
fn is_for_something_else(key: &Value) -> bool {
    let operations = key.get("key_ops").and_then(Value::as_array);
    let purpose = key.get("use").and_then(Value::as_str);
    purpose.is_some_and(|purpose| purpose != "sig")
        || operations.is_some_and(|all| !all.iter().any(|one| one == "verify" || one == "sign"))
}

fn key(value: &Value, origin: &str) -> Result<VerifyingKey, BadKey> {
    if !value.is_object() {
        return Err(BadKey::new("it is no object"));
    }
    if value.get("d").is_some() {
        return Err(BadKey::new(
            "it is a private key (\"d\"), which belongs to whoever signs tokens; write the public one alone",
        ));
    }
    let text = |name: &str| value.get(name).and_then(Value::as_str);
    let algorithm = match (text("kty"), text("crv")) {
        (Some("RSA"), _) => Algorithm::RS256,
        (Some("EC"), Some("P-256")) => Algorithm::ES256,
        (Some("EC"), _) => return Err(other_curve()),
        (Some("OKP"), Some("Ed25519")) => Algorithm::EdDSA,
        (Some("OKP"), _) => {
            return Err(BadKey::new(
                "its curve is not Ed25519, which EdDSA is made with here",
            ));
        }
        // A secret has no place in a set that is public.
        _ => return Err(BadKey::new("its kind (kty) is none of RSA, EC and OKP")),
    };
    if value
        .get("alg")
        .is_some_and(|alg| *alg != format!("{algorithm:?}"))
    {
        let said =
            format!("its algorithm (alg) is not {algorithm:?}, for which its kind is used here");
        return Err(BadKey::new(said));
    }
    is_whole(value, algorithm)?;
    let unread = |why: String| {
        let begin: String = why.chars().take(WHY_TOLD_MAX).collect();
        BadKey::new(format!("it cannot be read: {begin}"))
    };
    let jwk: Jwk = serde_json::from_value(value.clone()).map_err(|why| unread(why.to_string()))?;
    let verifying = DecodingKey::from_jwk(&jwk).map_err(|why| unread(why.to_string()))?;
    Ok(VerifyingKey {
        id: jwk.common.key_id,
        algorithm,
        verifying,
        origin: origin.to_owned(),
    })
}

/// Whether a key has all of its parts, and none that no signature could be looked at with.
fn is_whole(value: &Value, algorithm: Algorithm) -> Result<(), BadKey> {
    if algorithm == Algorithm::RS256 {
        let bytes = number(value, "n")?.len();
        let exponent = number(value, "e")?;
        return match bytes {
            ..MODULUS_BYTES_MIN => Err(short_modulus()),
            _ if bytes > MODULUS_BYTES_MAX => Err(long_modulus()),
            // With one of 1 a signature is what it signs.
            _ if exponent.is_empty() || exponent == [1] => {
                Err(BadKey::new("its e is no exponent of a public key"))
            }
            _ => Ok(()),
        };
    }
    let parts: &[&str] = match algorithm {
        Algorithm::ES256 => &["x", "y"],
        _ => &["x"],
    };
    for name in parts {
        if part(value, name)?.len() != CURVE_BYTES {
            let said = format!("its {name} has other than {CURVE_BYTES} bytes");
            return Err(BadKey::new(said));
        }
    }
    Ok(())
}

fn part(value: &Value, name: &str) -> Result<Vec<u8>, BadKey> {
    let Some(part) = value.get(name) else {
        return Err(BadKey::new(format!("a part of it is missing ({name})")));
    };
    let bytes = part
        .as_str()
        .map(|text| BASE64_URL_SAFE_NO_PAD.decode(text));
    let wrong = || BadKey::new(format!("its {name} is no base64url"));
    bytes.ok_or_else(wrong)?.map_err(|_| wrong())
}

/// The bytes of a number without the zeros before it.
fn number(value: &Value, name: &str) -> Result<Vec<u8>, BadKey> {
    let bytes = part(value, name)?;
    Ok(bytes.into_iter().skip_while(|byte| *byte == 0).collect())
}
