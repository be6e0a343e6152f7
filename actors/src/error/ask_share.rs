//! Why something cannot be asked of many now.

use std::{error, fmt};

/// Whose places for letters that wait for answers are all taken: something more is asked of many when one of them is free.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum AskShare {
    /// Those of the member that asks.
    Member,
    /// Those of all members of its account.
    Account,
    /// Those of all members of its address.
    Address,
    /// Those of all members.
    Members,
    /// Those of the hub.
    Hub,
}

impl fmt::Display for AskShare {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let whose = match self {
            Self::Member => "of this client",
            Self::Account => "of the clients of this account",
            Self::Address => "of the clients of this address",
            Self::Members => "of all clients",
            Self::Hub => "of the hub",
        };
        write!(f, "too many questions {whose} to many wait for answers")
    }
}

impl error::Error for AskShare {}
