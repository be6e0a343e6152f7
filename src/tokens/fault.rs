//! Why a token is not taken, with a stable code.

use std::borrow::Cow;

use dondo_actors::ports::Refusal;

use crate::keys::Unsigned;

/// Why a token is not taken, or why nobody comes in without one. Nothing of the token is in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct TokenFault {
    pub(crate) code: TokenCode,
    /// For people.
    pub(crate) message: Cow<'static, str>,
}

/// The codes that clients may branch on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TokenCode {
    Invalid,
    Expired,
    Foreign,
    Revoked,
    OtherAccount,
    Forbidden,
    Unauthorized,
}

impl TokenCode {
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Invalid => "token_invalid",
            Self::Expired => "token_expired",
            Self::Foreign => "token_foreign",
            Self::Revoked => "token_revoked",
            Self::OtherAccount => "other_account",
            Self::Forbidden => "forbidden",
            Self::Unauthorized => "unauthorized",
        }
    }
}

impl TokenFault {
    fn new(code: TokenCode, message: impl Into<Cow<'static, str>>) -> Self {
        Self {
            code,
            message: message.into(),
        }
    }

    /// It is no token, or says what no token should.
    pub(crate) fn invalid(why: impl std::fmt::Display) -> Self {
        Self::new(TokenCode::Invalid, format!("the token is no good: {why}"))
    }

    pub(crate) fn expired() -> Self {
        Self::new(TokenCode::Expired, "the token has expired")
    }

    pub(crate) fn revoked() -> Self {
        Self::new(TokenCode::Revoked, "the token was revoked")
    }

    /// It is good, and its bearer came in as somebody else, or as a guest.
    pub(crate) fn other_account(is_guest: bool) -> Self {
        let why = if is_guest {
            "who came in as a guest stays one: connect again with the token"
        } else {
            "the token is for another account than the client came in as: connect again with it"
        };
        Self::new(TokenCode::OtherAccount, why)
    }

    /// Somebody else made it, or for somebody else.
    pub(super) fn foreign(why: impl std::fmt::Display) -> Self {
        Self::new(
            TokenCode::Foreign,
            format!("the token is not for this hub: {why}"),
        )
    }

    /// It is good, and for something else.
    pub(crate) fn forbidden(why: impl Into<Cow<'static, str>>) -> Self {
        Self::new(TokenCode::Forbidden, why)
    }

    pub(crate) fn missing() -> Self {
        Self::new(TokenCode::Unauthorized, "nobody comes in without a token")
    }
}

impl From<Unsigned> for TokenFault {
    fn from(why: Unsigned) -> Self {
        match why {
            Unsigned::Invalid(why) => Self::invalid(why),
            Unsigned::Foreign(why) | Unsigned::Unknown(why) => Self::foreign(why),
        }
    }
}

impl From<TokenFault> for Refusal {
    fn from(fault: TokenFault) -> Self {
        Self {
            message: fault.message.into_owned(),
            data: Some(serde_json::json!({ "code": fault.code.as_str() }).to_string()),
        }
    }
}
