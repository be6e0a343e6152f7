//! Who a token says that a client is.

use std::fmt;
use std::time::SystemTime;

use serde::de::DeserializeOwned;

use super::ID;
use super::rights::Rights;
use crate::keys::Claims;

/// Who came with a token: its account, its name and all that it says. Handlers have it as
/// [`Identity<TokenAccount>`](crate::Identity).
#[derive(Clone)]
pub struct TokenAccount {
    pub(super) account: String,
    pub(super) name: Option<String>,
    pub(super) expires: SystemTime,
    pub(super) claims: Claims,
    pub(super) rights: Rights,
}

impl TokenAccount {
    /// The account: the claim `sub`, if the setting `auth.account-claim` says no other.
    pub fn account(&self) -> &str {
        &self.account
    }

    /// What others see of it: the claim `name`, if the setting `auth.name-claim` says no other; the account without one.
    pub fn name(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.account)
    }

    /// Until when it is good, with the setting `auth.leeway`.
    pub fn expires(&self) -> SystemTime {
        self.expires
    }

    /// A claim; none where it is absent or not what is read.
    pub fn claim<T: DeserializeOwned>(&self, name: &str) -> Option<T> {
        let value = self.claims.get(name)?.clone();
        serde_json::from_value(value).ok()
    }

    /// What the token is called, if it has a name of its own.
    pub(crate) fn token_id(&self) -> Option<&str> {
        self.claims.get(ID)?.as_str()
    }

    pub(crate) fn rights(&self) -> &Rights {
        &self.rights
    }
}

/// Shows the account alone: claims may be anything.
impl fmt::Debug for TokenAccount {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("TokenAccount").field(&self.account).finish()
    }
}
