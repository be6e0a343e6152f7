//! How clients show who they are by tokens: which of them are good, what they say, and whether one may come without.
//! Knows no protocol and no event.

mod account;
mod command;
mod fault;
mod request;
mod revoked;
mod rights;

pub use self::account::TokenAccount;
pub use self::command::token_command;
pub(crate) use self::{
    fault::{TokenCode, TokenFault},
    request::{of_connect, of_request},
    revoked::Revoked,
    rights::{Right, Wanted},
};

use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use dondo_actors::ports::Clock;
use serde_json::Value;
use tokio::sync::watch;

use self::rights::Rights;
use crate::config::AuthSettings;
use crate::keys::{BadKey, Claims, Keys, RemoteKeys, Unsigned};
use crate::name_rule::wrong;
use crate::secret_file::warn_of_readers;

/// The claim with what its bearer may do.
const RIGHTS: &str = "dondo";
/// The claim with the id of a token.
const ID: &str = "jti";
/// Bytes of a token's id at most, as the HTTP API takes them.
const ID_MAX: usize = 256;
/// The claim with the room of a token that opens one.
const ROOM: &str = "room";
/// The claim with the channel of that room.
const CHANNEL: &str = "channel";
/// The setting whose file makes tokens.
const SECRET_FILE: &str = "auth.secret-file";
/// Bytes of an account, and of a name.
const NAME_BYTES_MAX: usize = 256;
/// Seconds of the latest time that there is for a token: the end of the year 9999.
const SECONDS_MAX: u64 = 253_402_300_799;

/// Keys that an application gives its hub, for the tokens of its clients. What is read of those say the settings `auth.*`.
///
/// ```
/// use dondo::{Dondo, Identity, Namespace, TokenAccount, Tokens};
///
/// # fn main() -> Result<(), Box<dyn std::error::Error>> {
/// let tokens = Tokens::default().secret(b"at least thirty-two bytes of secret")?;
/// let whoami = async |Identity(user): Identity<TokenAccount>| Ok(user.name().to_owned());
/// let root = Namespace::hub("/").on("whoami", whoami);
/// let dondo = Dondo::builder().tokens(tokens).namespace(root).build()?;
/// # Ok(())
/// # }
/// ```
#[derive(Clone, Debug, Default)]
pub struct Tokens {
    keys: Keys,
}

impl Tokens {
    /// A secret, for tokens signed by HS256.
    ///
    /// # Errors
    /// It has less than 32 bytes.
    pub fn secret(self, secret: &[u8]) -> Result<Self, BadKey> {
        Ok(self.and(Keys::of_secret(secret, "the application")?))
    }

    /// A public key as PEM has it, for tokens signed by RS256, ES256 or EdDSA, as its kind is.
    ///
    /// # Errors
    /// There is no such key in it.
    pub fn public_key(self, pem: &str) -> Result<Self, BadKey> {
        Ok(self.and(Keys::of_pem(pem, "the application")?))
    }

    /// A set of public keys in JSON (JWKS), for the same. Those of it that cannot be used are passed over, and told in the log.
    ///
    /// # Errors
    /// It is no such set, or has no key that can be used.
    pub fn jwks(self, set: &str) -> Result<Self, BadKey> {
        let set = Keys::of_jwks(set, "the application")?;
        Ok(self.and(set.told_by("the application's set of keys")))
    }

    fn and(mut self, keys: Keys) -> Self {
        self.keys.add(keys);
        self
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }
}

/// Who may come into a hub that takes tokens. Clones share their keys.
#[derive(Clone)]
pub(crate) struct Credentials(Arc<CredentialsState>);

struct CredentialsState {
    settings: AuthSettings,
    /// The application's own.
    own: Keys,
    /// Those of the application and of files, read again while the hub runs.
    keys: watch::Sender<Arc<Keys>>,
    /// Those of an address.
    remote: Option<RemoteKeys>,
    clock: Arc<dyn Clock>,
    revoked: Revoked,
}

/// Whom a token is for that opens a room.
#[derive(Clone, Copy, Debug)]
pub(crate) struct RoomBearer<'a> {
    pub(crate) room: &'a str,
    pub(crate) channel: Option<&'a str>,
    pub(crate) account: Option<&'a str>,
}

impl Credentials {
    /// What the settings and the application say; nothing where there is no key, and everybody comes in.
    pub(crate) fn new(
        settings: &AuthSettings,
        tokens: Tokens,
        clock: Arc<dyn Clock>,
        revoked: Revoked,
    ) -> Result<Option<Self>, BadKey> {
        let mut keys = settings.keys()?;
        warn_of_readers(settings.secret_file.as_deref(), SECRET_FILE);
        keys.add(tokens.keys.clone());
        let remote = settings.jwks_url.as_ref();
        let remote = remote.map(|url| RemoteKeys::start(url, settings.jwks_refresh));
        let remote = remote
            .transpose()
            .map_err(|error| BadKey::new(format!("no thread can ask --auth.jwks-url: {error}")))?;
        if keys.is_empty() && remote.is_none() && settings.guests {
            return Ok(None);
        }
        Ok(Some(Self(Arc::new(CredentialsState {
            settings: settings.clone(),
            own: tokens.keys,
            keys: watch::Sender::new(Arc::new(keys)),
            remote,
            clock,
            revoked,
        }))))
    }

    /// Whether somebody comes in without a token.
    pub(crate) fn has_guests(&self) -> bool {
        self.0.settings.guests
    }

    /// The tokens that are taken back.
    pub(crate) fn revoked(&self) -> &Revoked {
        &self.0.revoked
    }

    pub(crate) fn now(&self) -> SystemTime {
        self.0.clock.now()
    }

    /// Which keys count, for the log.
    pub(crate) fn told(&self) -> Option<String> {
        let mut keys = Keys::clone(&self.0.keys.borrow());
        if let Some(remote) = &self.0.remote {
            keys.add(Keys::clone(&remote.present()));
        }
        keys.told()
    }

    /// Reads the files of keys again; the keys that there are now, for the log. Where one cannot be read all stay as they are.
    pub(crate) fn read_again(&self) -> Result<Option<String>, BadKey> {
        let settings = &self.0.settings;
        let mut keys = settings.keys()?;
        warn_of_readers(settings.secret_file.as_deref(), SECRET_FILE);
        keys.add(self.0.own.clone());
        self.0.keys.send_replace(Arc::new(keys));
        if let Some(remote) = &self.0.remote {
            remote.ask();
        }
        Ok(self.told())
    }

    /// Whom a token is for that is shown on coming in.
    pub(crate) fn account(&self, token: &str) -> Result<TokenAccount, TokenFault> {
        let (claims, expires) = self.claims(token)?;
        if claims.contains_key(ROOM) {
            return Err(TokenFault::invalid("it opens a room, and lets nobody in"));
        }
        let AuthSettings {
            account_claim,
            name_claim,
            ..
        } = &self.0.settings;
        let account = name(&claims, account_claim)?;
        let account =
            account.ok_or_else(|| TokenFault::invalid(format!("it has no {account_claim:?}")))?;
        let rights = claims.get(RIGHTS).map(Rights::read).transpose();
        Ok(TokenAccount {
            account,
            name: name(&claims, name_claim)?,
            expires,
            rights: rights.map_err(TokenFault::invalid)?.unwrap_or_default(),
            claims,
        })
    }

    /// Whether whoever came with a token may come in with it once more: its time may be over since, or it was taken back.
    pub(crate) fn lets_in_still(&self, user: &TokenAccount) -> Result<(), TokenFault> {
        if user.expires() <= self.now() {
            return Err(TokenFault::expired());
        }
        let id = user.token_id();
        match id.is_some_and(|id| self.0.revoked.has(id)) {
            true => Err(TokenFault::revoked()),
            false => Ok(()),
        }
    }

    /// Whether a token opens a room to whoever shows it.
    pub(crate) fn room(&self, token: &str, bearer: RoomBearer<'_>) -> Result<(), TokenFault> {
        let (claims, _) = self.claims(token)?;
        let text = |claim: &str| claims.get(claim).and_then(Value::as_str);
        if text(ROOM) != Some(bearer.room) {
            return Err(TokenFault::forbidden("the token is not for this room"));
        }
        if claims.contains_key(CHANNEL) && text(CHANNEL) != bearer.channel {
            return Err(TokenFault::forbidden(
                "the token is for this room in another channel",
            ));
        }
        let account = name(&claims, &self.0.settings.account_claim)?;
        match account {
            Some(account) if bearer.account != Some(&*account) => {
                Err(TokenFault::forbidden("the token is for another account"))
            }
            _ => Ok(()),
        }
    }

    /// What a token says that is one of ours and in its time, and until when it is.
    fn claims(&self, token: &str) -> Result<(Claims, SystemTime), TokenFault> {
        let claims = self.signed(token)?;
        let expires = self.in_time(&claims)?;
        self.for_us(&claims)?;
        if let Some(id) = claims.get(ID) {
            // What could not be named to take the token back.
            let named = id.as_str().filter(|id| (1..=ID_MAX).contains(&id.len()));
            let id = named.ok_or_else(|| {
                TokenFault::invalid(format!("its {ID:?} is no text of 1 to {ID_MAX} bytes"))
            })?;
            if self.0.revoked.has(id) {
                return Err(TokenFault::revoked());
            }
        }
        Ok((claims, expires))
    }

    fn signed(&self, token: &str) -> Result<Claims, Unsigned> {
        let keys = self.0.keys.borrow().clone();
        match (keys.verify(token), &self.0.remote) {
            (Err(Unsigned::Foreign(_) | Unsigned::Unknown(_)), Some(remote)) => {
                remote.verify(token)
            }
            (signed, _) => signed,
        }
    }

    fn in_time(&self, claims: &Claims) -> Result<SystemTime, TokenFault> {
        let leeway = self.0.settings.leeway;
        let expires = time(claims, "exp")?;
        let expires = expires.ok_or_else(|| TokenFault::invalid("it has no \"exp\""))?;
        let begins = time(claims, "nbf")?.unwrap_or(UNIX_EPOCH);
        let now = self.now();
        if now + leeway < begins {
            return Err(TokenFault::invalid("its time has not come (\"nbf\")"));
        }
        match expires + leeway {
            end if end <= now => Err(TokenFault::expired()),
            end => Ok(end),
        }
    }

    fn for_us(&self, claims: &Claims) -> Result<(), TokenFault> {
        let AuthSettings {
            issuer, audience, ..
        } = &self.0.settings;
        for (claim, wanted) in [("iss", issuer), ("aud", audience)] {
            let Some(wanted) = wanted else {
                continue;
            };
            let is_wanted = |value: &Value| value.as_str() == Some(wanted);
            let is_said = match claims.get(claim) {
                Some(Value::Array(several)) if claim == "aud" => several.iter().any(is_wanted),
                Some(one) => is_wanted(one),
                None => false,
            };
            if !is_said {
                return Err(TokenFault::foreign(format!("its {claim:?} is another")));
            }
        }
        Ok(())
    }
}

/// A time of a token, which counts seconds and may have parts of them.
fn time(claims: &Claims, claim: &str) -> Result<Option<SystemTime>, TokenFault> {
    let Some(value) = claims.get(claim) else {
        return Ok(None);
    };
    let seconds = value.as_u64().or_else(|| {
        let seconds = value.as_f64()?;
        // What is left of a second is not worth one.
        (seconds >= 0.0 && seconds <= SECONDS_MAX as f64).then_some(seconds as u64)
    });
    match seconds.filter(|seconds| *seconds <= SECONDS_MAX) {
        Some(seconds) => Ok(Some(UNIX_EPOCH + Duration::from_secs(seconds))),
        None => Err(TokenFault::invalid(format!("its {claim:?} is no time"))),
    }
}

/// A claim that is a name: others see it.
fn name(claims: &Claims, claim: &str) -> Result<Option<String>, TokenFault> {
    match claims.get(claim) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(name)) => match wrong(name, NAME_BYTES_MAX) {
            None => Ok(Some(name.clone())),
            Some(why) => Err(TokenFault::invalid(format!(
                "its {claim:?} is no name, which {why}"
            ))),
        },
        Some(_) => Err(TokenFault::invalid(format!("its {claim:?} is no text"))),
    }
}

#[cfg(test)]
mod tests;
