//! The keys that tokens are signed with: read from files, and asked whether a token is signed with one of them.
//! Knows no claim: what a token says is somebody else's matter.

mod files;
mod jwks;
mod remote;

pub(crate) use self::files::{read_text, text_of_secret};
pub(crate) use self::jwks::SetOfKeys;
pub(crate) use self::remote::{KeysAtAddress, RemoteKeys, keys_at, wrong_with_address};

use std::fmt;
use std::path::Path;

use jsonwebtoken::{
    Algorithm, DecodingKey, EncodingKey, Header, Validation, decode, decode_header, encode,
};
use serde_json::{Map, Value};

/// Keys that are told one by one.
const TOLD_MAX: usize = 16;
/// Bytes of a token. Browsers and proxies pass no longer addresses and headers on.
pub(crate) const TOKEN_BYTES_MAX: usize = 8 * 1024;
/// Bytes of a secret, at least: as many as what it makes has (RFC 7518, 3.2).
pub(crate) const SECRET_BYTES_MIN: usize = 32;
/// Bytes of an RSA key's modulus, at least: 2,048 bits (RFC 7518, 3.3).
const MODULUS_BYTES_MIN: usize = 256;
/// And at most: 4,096 bits, beyond which no signature is looked at here.
const MODULUS_BYTES_MAX: usize = 512;

/// What a token says.
pub(crate) type Claims = Map<String, Value>;

/// Keys of which each is good for one algorithm: that of its own kind. What a token says of its algorithm only chooses among
/// them.
#[derive(Clone, Default)]
pub(crate) struct Keys(Vec<VerifyingKey>);

#[derive(Clone)]
struct VerifyingKey {
    /// How it is called where one token out of several keys names its own.
    id: Option<String>,
    algorithm: Algorithm,
    verifying: DecodingKey,
    /// Where it is from, for people.
    origin: String,
}

/// Why a token is not signed with one of the keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unsigned {
    /// It is no token, or none that anybody should take.
    Invalid(String),
    /// Somebody else signed it.
    Foreign(String),
    /// Somebody signed it with a key that is none of these.
    Unknown(String),
}

/// A key that cannot be used: what is wrong, and what to write.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadKey(String);

impl BadKey {
    pub(crate) fn new(said: impl Into<String>) -> Self {
        Self(said.into())
    }

    /// The same of a file.
    pub(crate) fn within(self, path: &Path) -> Self {
        Self(format!("{}: {self}", path.display()))
    }
}

impl fmt::Display for BadKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for BadKey {}

/// Shows no key.
impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.described()).finish()
    }
}

impl Keys {
    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn add(&mut self, others: Self) {
        self.0.extend(others.0);
    }

    /// How many there are and which, for the log; nothing where there is none.
    pub(crate) fn told(&self) -> Option<String> {
        let (count, mut shown) = (self.0.len(), self.described());
        let mut told: Vec<String> = shown.by_ref().take(TOLD_MAX).collect();
        if let Some(more) = count.checked_sub(TOLD_MAX).filter(|more| *more > 0) {
            told.push(format!("and {more} more"));
        }
        match count {
            0 => None,
            1 => Some(format!("1 key: {}", told.join("; "))),
            _ => Some(format!("{count} keys: {}", told.join("; "))),
        }
    }

    /// Each of them in a few words.
    pub(crate) fn described(&self) -> impl Iterator<Item = String> {
        self.0.iter().map(VerifyingKey::to_string)
    }

    /// A secret, for HS256.
    pub(crate) fn of_secret(secret: &[u8], origin: &str) -> Result<Self, BadKey> {
        if secret.len() < SECRET_BYTES_MIN {
            return Err(BadKey(format!(
                "the secret has {} bytes and needs at least {SECRET_BYTES_MIN}; `openssl rand -base64 32` writes a good one",
                secret.len()
            )));
        }
        Ok(Self(vec![VerifyingKey {
            id: None,
            algorithm: Algorithm::HS256,
            verifying: DecodingKey::from_secret(secret),
            origin: origin.to_owned(),
        }]))
    }

    /// A public key as PEM has it: for RS256, ES256 or EdDSA, as its kind is.
    pub(crate) fn of_pem(pem: &str, origin: &str) -> Result<Self, BadKey> {
        if pem.contains("PRIVATE KEY") {
            let said = "that is a private key, which belongs to whoever signs tokens; \
                        `openssl pkey -in KEY -pubout` writes its public one";
            return Err(BadKey(said.to_owned()));
        }
        let (algorithm, verifying) = kind_of_pem(pem.as_bytes())?;
        Ok(Self(vec![VerifyingKey {
            id: None,
            algorithm,
            verifying,
            origin: origin.to_owned(),
        }]))
    }

    /// A set of public keys in JSON (RFC 7517), whatever it has.
    pub(crate) fn of_set(text: &str, origin: &str) -> Result<SetOfKeys, BadKey> {
        jwks::read(text, origin)
    }

    /// The same of somebody who means one key at least.
    pub(crate) fn of_jwks(text: &str, origin: &str) -> Result<SetOfKeys, BadKey> {
        let set = jwks::read(text, origin)?;
        set.without_key().map_or(Ok(set), Err)
    }

    /// What a token says, if it is signed with one of the keys by that key's own algorithm. No claim is judged.
    pub(crate) fn verify(&self, token: &str) -> Result<Claims, Unsigned> {
        if token.len() > TOKEN_BYTES_MAX {
            let said = format!("it has more than {TOKEN_BYTES_MAX} bytes");
            return Err(Unsigned::Invalid(said));
        }
        // An algorithm that is none, `none` for one, has no place in a header.
        let header = decode_header(token)
            .map_err(|_| Unsigned::Invalid("it is no signed JSON Web Token".to_owned()))?;
        if header.crit.is_some() {
            let said = "its header asks for extensions (crit), of which none is known here";
            return Err(Unsigned::Invalid(said.to_owned()));
        }
        let named = |key: &&VerifyingKey| match (&key.id, &header.kid) {
            (Some(own), Some(asked)) => own == asked,
            _ => true,
        };
        let fitting = self.0.iter().filter(|key| key.algorithm == header.alg);
        let mut fitting = fitting.filter(named).peekable();
        if fitting.peek().is_none() {
            return Err(Unsigned::Unknown(match &header.kid {
                Some(_) => format!("no key for {:?} has the id that it names", header.alg),
                None => format!("there is no key for {:?}", header.alg),
            }));
        }
        for key in fitting {
            if let Some(claims) = key.claims(token)? {
                return Ok(claims);
            }
        }
        Err(Unsigned::Foreign("another key signed it".to_owned()))
    }
}

impl VerifyingKey {
    /// What a token says; nothing where another key signed it.
    fn claims(&self, token: &str) -> Result<Option<Claims>, Unsigned> {
        let mut asked = Validation::new(self.algorithm);
        // Times and names are judged by whoever reads the claims, with the hub's own clock.
        asked.required_spec_claims.clear();
        asked.validate_exp = false;
        asked.validate_aud = false;
        match decode::<Claims>(token, &self.verifying, &asked) {
            Ok(read) => Ok(Some(read.claims)),
            Err(error) if error.kind().is_about_claims() => Err(Unsigned::Invalid(
                "its claims are no JSON object".to_owned(),
            )),
            Err(_) => Ok(None),
        }
    }
}

impl fmt::Display for VerifyingKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} of {}", self.algorithm, self.origin)?;
        match &self.id {
            Some(id) => write!(f, ", id {id:?}"),
            None => Ok(()),
        }
    }
}

/// A token of these claims, signed with a secret.
pub(crate) fn sign(secret: &[u8], claims: &Claims) -> Result<String, BadKey> {
    let signed = encode(
        &Header::new(Algorithm::HS256),
        claims,
        &EncodingKey::from_secret(secret),
    );
    signed.map_err(|error| BadKey(format!("no token can be signed: {error}")))
}

/// What comes behind the signature.
trait AboutClaims {
    fn is_about_claims(&self) -> bool;
}

impl AboutClaims for jsonwebtoken::errors::ErrorKind {
    fn is_about_claims(&self) -> bool {
        // The header was read before, so this is the rest.
        matches!(self, Self::Json(_) | Self::Utf8(_))
    }
}

fn kind_of_pem(pem: &[u8]) -> Result<(Algorithm, DecodingKey), BadKey> {
    let bytes = |key: &DecodingKey| key.try_get_as_bytes().map_or(0, <[u8]>::len);
    if let Ok(key) = DecodingKey::from_ed_pem(pem) {
        return Ok((Algorithm::EdDSA, key));
    }
    if let Ok(key) = DecodingKey::from_ec_pem(pem) {
        return match bytes(&key) == POINT_BYTES {
            true => Ok((Algorithm::ES256, key)),
            false => Err(other_curve()),
        };
    }
    match DecodingKey::from_rsa_pem(pem) {
        // The key is the modulus and little more.
        Ok(key) if bytes(&key) < MODULUS_BYTES_MIN => Err(short_modulus()),
        Ok(key) if bytes(&key) > MODULUS_BYTES_MAX + DER_BYTES_MAX => Err(long_modulus()),
        Ok(key) => Ok((Algorithm::RS256, key)),
        Err(_) => Err(BadKey(
            "there is no public key of RSA, P-256 or Ed25519 in it; `openssl pkey -in KEY -pubout` writes one".to_owned(),
        )),
    }
}

/// Bytes of an RSA key in DER beside its modulus, at most.
const DER_BYTES_MAX: usize = 32;
/// Bytes of a point of P-256, as keys have it.
const POINT_BYTES: usize = 65;

fn other_curve() -> BadKey {
    BadKey("its curve is not P-256, which ES256 is made with".to_owned())
}

fn short_modulus() -> BadKey {
    BadKey("the RSA key has less than 2048 bits".to_owned())
}

fn long_modulus() -> BadKey {
    BadKey("the RSA key has more than 4096 bits".to_owned())
}

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;
