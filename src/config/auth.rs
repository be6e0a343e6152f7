//! Settings of tokens: which keys sign them, and what is read of them.

use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::spelling::{FilePath, Spelling, Switch};
use super::table::{settings, within};
use super::units::Span;
use super::{RoomScope, Settings};
use crate::keys::{BadKey, Keys, SetOfKeys, read_text, text_of_secret, wrong_with_address};
use crate::name_pattern::FLAT;

settings! {
    /// Who comes in: tokens (JWT), and the keys that they are signed with. Tokens are taken where there is a key.
    pub struct AuthSettings = "auth" at [auth] {
        /// File with a secret of at least 32 bytes, for tokens signed by HS256; read again at SIGHUP, as all keys are.
        secret_file: Option<PathBuf> as Option<FilePath> = None, check secret_file;
        /// File with a public key (PEM), for tokens signed by RS256, ES256 or EdDSA.
        public_key_file: Option<PathBuf> as Option<FilePath> = None, check public_key_file;
        /// File with a set of public keys (JWKS), for tokens signed by RS256, ES256 or EdDSA.
        jwks_file: Option<PathBuf> as Option<FilePath> = None, check jwks_file;
        /// Address of a set of public keys (JWKS), for the same: https, or http on this machine.
        jwks_url: Option<String> as Option<KeysAddress> = None, check jwks_url;
        /// How often that address is asked; for a key that is not in the set yet, at most once a minute.
        jwks_refresh: Duration as Span = Duration::from_secs(600), in REFRESH;
        /// Whether clients come in without a token, as nobody in particular.
        guests: bool as Switch = true;
        /// Who has to have made a token (claim iss).
        issuer: Option<String> as Option<AnyText> = None;
        /// For whom a token has to be made (claim aud).
        audience: Option<String> as Option<AnyText> = None;
        /// Claim with the account.
        account_claim: String as AnyText = "sub".to_owned(), check account_claim;
        /// Claim with the name that others see; the account without one.
        name_claim: String as AnyText = "name".to_owned(), check name_claim;
        /// How far clocks may be apart: so long a token is good before and after its time.
        leeway: Duration as Span = Duration::from_secs(30), in Duration::ZERO..=LEEWAY_MAX;
    }
}

/// Any text.
struct AnyText;

/// An address of keys.
struct KeysAddress;

impl Spelling<String> for KeysAddress {
    const WRITTEN: &'static str = "URL";
    const NOTHING: Option<&'static str> = Some("none");

    fn read(text: &str) -> Result<String, String> {
        Ok(text.to_owned())
    }

    fn show(text: &String) -> String {
        text.clone()
    }
}

/// Nobody changes keys faster, and who takes one away shall be heard within a week.
const REFRESH: RangeInclusive<Duration> =
    Duration::from_secs(60)..=Duration::from_secs(7 * 24 * 60 * 60);

/// Clocks that are further apart are wrong.
const LEEWAY_MAX: Duration = Duration::from_secs(600);

impl Spelling<String> for AnyText {
    const WRITTEN: &'static str = "TEXT";
    const NOTHING: Option<&'static str> = Some("any");

    fn read(text: &str) -> Result<String, String> {
        match text.is_empty() {
            true => Err("empty; write a text".to_owned()),
            false => Ok(text.to_owned()),
        }
    }

    fn show(text: &String) -> String {
        text.clone()
    }
}

impl Settings {
    /// What tokens may say that is never so.
    pub(super) fn never_fits(&self) -> Option<String> {
        let is_flat = self.hub.room_scope == RoomScope::Flat && self.auth.has_keys();
        is_flat.then(|| {
            format!("{FLAT}; name the room alone in tokens, or write --hub.room-scope match")
        })
    }
}

impl AuthSettings {
    /// Whether there is a key.
    pub(crate) fn has_keys(&self) -> bool {
        let files = [&self.secret_file, &self.public_key_file, &self.jwks_file];
        self.jwks_url.is_some() || files.into_iter().any(Option::is_some)
    }

    /// What asks for tokens where there is no key to know them by, and what to write: either nobody could come in, or
    /// everybody, although somebody had tokens in mind.
    pub(crate) fn without_key(&self) -> Option<(&'static str, &'static str)> {
        if self.has_keys() {
            return None;
        }
        if !self.guests {
            return Some((
                "auth.guests",
                "nobody could come in, as there is no key to know tokens by; write --auth.secret-file, \
                 --auth.public-key-file, --auth.jwks-file or --auth.jwks-url too, or on",
            ));
        }
        let claims = [
            ("auth.issuer", &self.issuer),
            ("auth.audience", &self.audience),
        ];
        let asked = claims.into_iter().find(|(_, claim)| claim.is_some());
        asked.map(|(name, _)| {
            (
                name,
                "no token would be asked for it, as there is no key to know tokens by; write --auth.secret-file, \
                 --auth.public-key-file, --auth.jwks-file or --auth.jwks-url too, or any",
            )
        })
    }

    /// The keys of a file that no token is known by, and why, as a line; nothing where there are none, or no file that can be read.
    pub(crate) fn passed_over(&self) -> Option<String> {
        let path = self.jwks_file.as_deref()?;
        set_of_keys(path).ok()?.passed_over(&name_of_set(path))
    }

    /// All keys, as their files have them now.
    pub(crate) fn keys(&self) -> Result<Keys, BadKey> {
        let readers: [(&Option<PathBuf>, KeyReader); 3] = [
            (&self.secret_file, secret),
            (&self.public_key_file, public_key),
            (&self.jwks_file, jwks),
        ];
        let mut keys = Keys::default();
        for (path, read) in readers {
            if let Some(path) = path {
                keys.add(read(path)?);
            }
        }
        Ok(keys)
    }
}

type KeyReader = fn(&Path) -> Result<Keys, BadKey>;

fn secret(path: &Path) -> Result<Keys, BadKey> {
    let secret = text_of_secret(path)?;
    Keys::of_secret(&secret, &path.display().to_string()).map_err(|wrong| wrong.within(path))
}

fn public_key(path: &Path) -> Result<Keys, BadKey> {
    let pem = read_text(path)?;
    Keys::of_pem(&pem, &path.display().to_string()).map_err(|wrong| wrong.within(path))
}

fn jwks(path: &Path) -> Result<Keys, BadKey> {
    Ok(set_of_keys(path)?.told_by(&name_of_set(path)))
}

fn name_of_set(path: &Path) -> String {
    format!("--auth.jwks-file {}", path.display())
}

fn set_of_keys(path: &Path) -> Result<SetOfKeys, BadKey> {
    let set = read_text(path)?;
    Keys::of_jwks(&set, &path.display().to_string()).map_err(|wrong| wrong.within(path))
}

fn secret_file(settings: &Settings) -> Result<(), String> {
    readable(settings.auth.secret_file.as_deref(), secret, "a secret")
}

fn public_key_file(settings: &Settings) -> Result<(), String> {
    readable(
        settings.auth.public_key_file.as_deref(),
        public_key,
        "a public key",
    )
}

fn jwks_file(settings: &Settings) -> Result<(), String> {
    readable(
        settings.auth.jwks_file.as_deref(),
        // What is passed over is told by who takes the others.
        |path| Ok(set_of_keys(path)?.keys),
        "a set of public keys",
    )
}

fn jwks_url(settings: &Settings) -> Result<(), String> {
    let address = settings.auth.jwks_url.as_deref();
    match address.and_then(|address| Some((address, wrong_with_address(address)?))) {
        Some((address, wrong)) => Err(format!(
            "{address:?} {wrong}; write one like https://id.example/.well-known/jwks.json, or none"
        )),
        None => Ok(()),
    }
}

/// What the hub reads of a token whatever the settings say.
const OWN_CLAIMS: [&str; 8] = [
    "exp", "nbf", "iat", "iss", "aud", "dondo", "room", "channel",
];

fn account_claim(settings: &Settings) -> Result<(), String> {
    free_claim(&settings.auth.account_claim)
}

fn name_claim(settings: &Settings) -> Result<(), String> {
    free_claim(&settings.auth.name_claim)
}

fn free_claim(claim: &str) -> Result<(), String> {
    match OWN_CLAIMS.contains(&claim) {
        true => Err(format!(
            "{claim:?} means something else in each token; write another claim"
        )),
        false => Ok(()),
    }
}

fn readable(path: Option<&Path>, read: KeyReader, what: &str) -> Result<(), String> {
    let read = path.map_or(Ok(()), |path| read(path).map(drop));
    read.map_err(|wrong| format!("{wrong}; write a file with {what}, or none"))
}
