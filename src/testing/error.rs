//! Why a client was not let in, or an event of its failed, as the client reads it.

use std::fmt;

use actix_web::{HttpResponse, body::to_bytes};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::Value;

use crate::{Bytes, DisconnectReason, io::Arguments};

/// What a client reads where it is not let in, or where its event is answered with a failure.
#[derive(Clone, Debug, PartialEq)]
pub struct TestError {
    code: String,
    message: String,
    data: Value,
}

/// A failed ack: `{ ok: false, event, code, message, data? }`.
#[derive(Deserialize)]
struct FailedAck {
    ok: bool,
    code: String,
    message: String,
    #[serde(default)]
    data: Value,
}

/// A CONNECT_ERROR: `{ message, data? }`, with the code in the data.
#[derive(Deserialize)]
struct ConnectErrorPacket {
    message: String,
    #[serde(default)]
    data: Value,
}

impl TestError {
    /// The code for the client's program; of a CONNECT_ERROR without one its words, of an answer in HTTP its status.
    pub fn code(&self) -> &str {
        &self.code
    }

    /// The words.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Further data; none reads as `null`.
    ///
    /// # Panics
    /// It is not what is read.
    #[track_caller]
    pub fn data<T: DeserializeOwned>(&self) -> T {
        match T::deserialize(&self.data) {
            Ok(data) => data,
            Err(error) => panic!("the data of {self} is not what is read: {error}"),
        }
    }

    /// The failure that an ack is, if it is one.
    pub(super) fn in_ack(answer: &Arguments) -> Option<Self> {
        let failed: FailedAck = answer.at(0).ok()?;
        (!failed.ok).then_some(Self {
            code: failed.code,
            message: failed.message,
            data: failed.data,
        })
    }

    pub(super) fn in_connect_error(json: &[u8]) -> serde_json::Result<Self> {
        let ConnectErrorPacket { message, data } = serde_json::from_slice(json)?;
        let code = data["code"].as_str().unwrap_or(&message).to_owned();
        Ok(Self {
            code,
            message,
            data,
        })
    }

    pub(super) async fn in_http(answer: HttpResponse) -> Self {
        let code = answer.status().as_str().to_owned();
        let body: Bytes = to_bytes(answer.into_body()).await.unwrap_or_default();
        Self {
            code,
            message: String::from_utf8_lossy(&body).into_owned(),
            data: Value::Null,
        }
    }

    pub(super) fn ended(reason: DisconnectReason) -> Self {
        Self {
            code: format!("{reason:?}"),
            message: "the connection ended".to_owned(),
            data: Value::Null,
        }
    }
}

impl fmt::Display for TestError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.code, self.message)
    }
}

impl std::error::Error for TestError {}
