//! The keys of the HTTP API: the file that they stand in, what each may do, and whose a secret is. No secret is ever printed.

use std::fmt;
use std::path::Path;
use std::sync::Arc;

use serde::Deserialize;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use crate::name_pattern;
use crate::secret_file;

/// Nobody has so many keys.
const KEYS_MAX: usize = 256;
/// A file beyond this is another file.
const BYTES_MAX: u64 = 1 << 20;
/// What is shorter can be guessed.
const SECRET_LEAST: usize = 32;
const SECRET_MOST: usize = 1024;
const NAME_MOST: usize = 64;

/// What a key may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum ApiRight {
    /// Say something.
    Publish,
    /// See who is there.
    Read,
    /// Put out, ban, mute and lock.
    Moderate,
}

impl ApiRight {
    /// As the file has it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Publish => "publish",
            Self::Read => "read",
            Self::Moderate => "moderate",
        }
    }
}

/// Whom a request comes from.
pub(crate) struct ApiKey {
    /// Its name in the file.
    pub(crate) name: Arc<str>,
    rights: Vec<ApiRight>,
    /// None: every channel, and what is in none.
    channels: Option<Vec<String>>,
    digest: [u8; 32],
}

impl ApiKey {
    /// Whoever was let in by something else than a key of the file. No secret is this one's.
    pub(crate) fn unfiled(name: &str, rights: &[ApiRight]) -> Self {
        Self {
            name: name.into(),
            rights: rights.to_vec(),
            channels: None,
            digest: [0; 32],
        }
    }

    /// Whether it may do this.
    pub(crate) fn may(&self, right: ApiRight) -> bool {
        self.rights.contains(&right)
    }

    /// Whether it is for all channels, and for what is in none.
    pub(crate) fn is_for_all(&self) -> bool {
        self.channels.is_none()
    }

    /// Whether it is for this channel.
    pub(crate) fn is_for(&self, channel: &str) -> bool {
        let channels = self.channels.as_ref();
        channels.is_none_or(|all| {
            all.iter()
                .any(|pattern| name_pattern::fits(pattern, channel))
        })
    }
}

/// What Pusher's server libraries sign with.
pub(crate) struct PusherApp {
    pub(crate) id: String,
    pub(crate) key: String,
    pub(crate) secret: String,
    /// As those of a key.
    pub(crate) channels: Option<Vec<String>>,
    /// Where they publish.
    pub(crate) namespace: Option<String>,
}

impl PusherApp {
    /// Whether it may publish in this channel.
    pub(crate) fn is_for(&self, channel: &str) -> bool {
        let channels = self.channels.as_ref();
        channels.is_none_or(|all| {
            all.iter()
                .any(|pattern| name_pattern::fits(pattern, channel))
        })
    }
}

/// All keys of a file.
#[derive(Default)]
pub(crate) struct ApiKeys {
    keys: Vec<Arc<ApiKey>>,
    pusher: Vec<Arc<PusherApp>>,
}

impl fmt::Debug for ApiKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_set()
            .entries(self.keys.iter().map(|key| &key.name))
            .finish()
    }
}

impl ApiKeys {
    /// Reads the file.
    ///
    /// # Errors
    /// What is wrong with it and what to write, without a secret.
    pub(crate) fn read(path: &Path) -> Result<Self, String> {
        let shown = path.display();
        let remedy = "write the name of a file with [[key]] in it, see src/docs/http-api.md";
        let bytes = secret_file::read(path, BYTES_MAX);
        let bytes = bytes.map_err(|why| format!("{shown} {why}; {remedy}"))?;
        let text = String::from_utf8(bytes);
        let text = text.map_err(|_| format!("{shown} is no text; {remedy}"))?;
        Self::parse(&text).map_err(|wrong| format!("{shown}: {wrong}"))
    }

    /// The keys that a text says.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        // The parser's own words would quote the line, and a secret may stand in it.
        let file: KeysFile = toml::from_str(text).map_err(|error| {
            let start = error.span().map_or(0, |span| span.start);
            let line = 1 + text
                .bytes()
                .take(start)
                .filter(|byte| *byte == b'\n')
                .count();
            format!("line {line}: {}", error.message())
        })?;
        if file.key.is_empty() && file.pusher.is_empty() {
            return Err(
                "no key is in it; write [[key]] with name, secret and rights = [\"publish\"]"
                    .to_owned(),
            );
        }
        if file.key.len() + file.pusher.len() > KEYS_MAX {
            return Err(format!("more than {KEYS_MAX} keys are in it"));
        }
        let mut keys: Vec<Arc<ApiKey>> = Vec::new();
        for (place, key) in file.key.into_iter().enumerate() {
            let name = key.name.clone();
            let key = key
                .checked()
                .map_err(|wrong| format!("key {} ({name:?}): {wrong}", place + 1))?;
            if keys.iter().any(|other| other.name == key.name) {
                return Err(format!("two keys have the name {name:?}"));
            }
            if keys.iter().any(|other| other.digest == key.digest) {
                return Err(format!("the key {name:?} has the secret of another one"));
            }
            keys.push(Arc::new(key));
        }
        let mut pusher: Vec<Arc<PusherApp>> = Vec::new();
        for app in file.pusher {
            let id = app.id.clone();
            let app = app
                .checked()
                .map_err(|wrong| format!("pusher {id:?}: {wrong}"))?;
            if pusher.iter().any(|other| other.id == id) {
                return Err(format!("two [[pusher]] have the id {id:?}"));
            }
            pusher.push(Arc::new(app));
        }
        Ok(Self { keys, pusher })
    }

    /// Whose secret this is. Every key is compared, whichever it is, in a time that tells nothing of them.
    pub(crate) fn find(&self, secret: &str) -> Option<Arc<ApiKey>> {
        let digest: [u8; 32] = Sha256::digest(secret.as_bytes()).into();
        let mut found = None;
        for key in &self.keys {
            if bool::from(key.digest.ct_eq(&digest)) {
                found = Some(key.clone());
            }
        }
        found
    }

    /// Pusher's application of an id.
    pub(crate) fn pusher(&self, id: &str) -> Option<Arc<PusherApp>> {
        self.pusher.iter().find(|app| app.id == id).cloned()
    }

    /// What the keys are called.
    pub(crate) fn names(&self) -> impl Iterator<Item = &Arc<str>> {
        self.keys.iter().map(|key| &key.name)
    }

    /// How many there are.
    pub(crate) fn len(&self) -> usize {
        self.keys.len() + self.pusher.len()
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeysFile {
    #[serde(default)]
    key: Vec<KeyInFile>,
    #[serde(default)]
    pusher: Vec<PusherInFile>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct KeyInFile {
    name: String,
    secret: String,
    rights: Vec<ApiRight>,
    channels: Option<Vec<String>>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct PusherInFile {
    id: String,
    key: String,
    secret: String,
    channels: Option<Vec<String>>,
    namespace: Option<String>,
}

impl KeyInFile {
    fn checked(self) -> Result<ApiKey, String> {
        named(&self.name)?;
        secret(&self.secret)?;
        if self.rights.is_empty() {
            return Err("it may do nothing; write rights = [\"publish\", \"read\", \"moderate\"], or some of them".to_owned());
        }
        patterns(self.channels.as_deref())?;
        Ok(ApiKey {
            name: self.name.into(),
            digest: Sha256::digest(self.secret.as_bytes()).into(),
            rights: self.rights,
            channels: self.channels,
        })
    }
}

impl PusherInFile {
    fn checked(self) -> Result<PusherApp, String> {
        if self.id.is_empty() || !self.id.bytes().all(|byte| byte.is_ascii_digit()) {
            return Err("the id is no number, which Pusher's libraries ask for".to_owned());
        }
        if self.key.is_empty() || !self.key.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
            return Err("the key is no word of letters and digits".to_owned());
        }
        secret(&self.secret)?;
        patterns(self.channels.as_deref())?;
        Ok(PusherApp {
            id: self.id,
            key: self.key,
            secret: self.secret,
            channels: self.channels,
            namespace: self.namespace,
        })
    }
}

fn named(name: &str) -> Result<(), String> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte);
    if name.is_empty() || name.len() > NAME_MOST || !name.bytes().all(plain) {
        return Err(format!(
            "a name is 1 to {NAME_MOST} letters, digits, and - _ ."
        ));
    }
    Ok(())
}

fn secret(secret: &str) -> Result<(), String> {
    if !secret.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err("a secret is printable ASCII without spaces, to stand in a header".to_owned());
    }
    if secret.len() < SECRET_LEAST {
        return Err(format!(
            "its secret has less than {SECRET_LEAST} characters; write one like `openssl rand -hex 32` gives"
        ));
    }
    if secret.len() > SECRET_MOST {
        return Err(format!("its secret has more than {SECRET_MOST} characters"));
    }
    Ok(())
}

fn patterns(channels: Option<&[String]>) -> Result<(), String> {
    match channels {
        Some([]) => Err("it is for no channel; leave channels out for all".to_owned()),
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    const SECRET: &str = "0123456789abcdef0123456789abcdef";

    fn key(more: &str) -> String {
        format!("[[key]]\nname = \"shop\"\nsecret = \"{SECRET}\"\nrights = [\"publish\"]\n{more}")
    }

    /// Fails if a wrong file is taken, or a refusal shows a secret.
    #[test]
    fn a_wrong_file_is_refused_in_words_that_hold_no_secret() {
        let short = key("").replace(SECRET, &SECRET[1..]);
        for (file, said) in [
            (String::new(), "no key is in it"),
            (short, "less than 32 characters"),
            (key("").replace("publish", "publsh"), "unknown variant"),
            (key("").replace("[\"publish\"]", "[]"), "may do nothing"),
            (key("chanels = []"), "unknown field"),
            (key("channels = []"), "is for no channel"),
            (key(&key("")), "the name \"shop\""),
            (
                key(&key("").replace("shop", "till")),
                "the secret of another",
            ),
            (
                key("").replace(SECRET, &format!("{SECRET} {SECRET}")),
                "without spaces",
            ),
            (format!("[[key]]\nsecret = \"{SECRET}\n"), "line 2"),
            (
                format!("[[pusher]]\nid = \"a\"\nkey = \"k\"\nsecret = \"{SECRET}\""),
                "no number",
            ),
        ] {
            let refused = ApiKeys::parse(&file).unwrap_err();
            assert!(refused.contains(said), "{refused}");
            assert!(!refused.contains(&SECRET[1..]), "{refused}");
        }
    }

    /// Fails if a part of a secret, or one with something behind it, is taken for it.
    #[test]
    fn a_secret_is_its_keys_alone_and_whole() {
        let keys = ApiKeys::parse(&key("channels = [\"orders-*\"]")).unwrap();
        let found = keys.find(SECRET).unwrap();
        assert!(found.may(ApiRight::Publish) && !found.may(ApiRight::Read) && !found.is_for_all());
        for wrong in [
            "",
            &SECRET[1..],
            &format!("{SECRET}0"),
            &SECRET.to_uppercase(),
        ] {
            assert!(keys.find(wrong).is_none(), "{wrong}");
        }
    }
}
