//! Who asks the API, and whether the key is for what is asked about.

use std::net::IpAddr;
use std::sync::Arc;

use super::answer::ApiError;
use super::keys::{ApiKey, ApiRight};

/// Who asks.
pub(super) struct ApiCaller {
    pub(super) key: Arc<ApiKey>,
    pub(super) address: Option<IpAddr>,
}

impl ApiCaller {
    /// Whether its key is for a channel, and for what is in none.
    pub(super) fn is_for(&self, channel: Option<&str>, field: &str) -> Result<(), ApiError> {
        let is = match channel {
            Some(channel) => self.key.is_for(channel),
            None => self.key.is_for_all(),
        };
        match is {
            true => Ok(()),
            false => Err(ApiError::forbidden(format!(
                "the key {} is for some channels alone, and this is none of them",
                self.key.name
            ))
            .at(field)),
        }
    }

    /// Whether its key may do what is about whole clients.
    pub(super) fn is_for_clients(&self, right: ApiRight) -> Result<(), ApiError> {
        match self.key.is_for_all() {
            true => Ok(()),
            false => Err(ApiError::forbidden(format!(
                "the key {} is for some channels alone; {} clients needs one for all",
                self.key.name,
                match right {
                    ApiRight::Publish => "saying something to",
                    ApiRight::Read => "listing",
                    ApiRight::Moderate => "moderating",
                }
            ))),
        }
    }
}
