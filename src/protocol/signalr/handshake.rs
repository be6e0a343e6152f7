//! The handshake: which format a client asks for, and what it is answered. JSON and a separator, whatever follows.

use std::{borrow::Cow, fmt};

use dondo_actors::letter::{Frame, WsFrame};
use serde::{Deserialize, Serialize};

use super::format::{Format, SEPARATOR};
use crate::{
    protocol::json::put,
    ws::{binary_frame, text_frame},
};

/// The versions of the hub protocol that are spoken: what a newer one adds is opted into elsewhere.
const VERSIONS: std::ops::RangeInclusive<i64> = 0..=2;

/// Why a handshake is refused. Its text is what an ASP.NET server answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum HandshakeFault {
    /// It is none.
    Malformed,
    /// A protocol that there is not.
    UnknownProtocol(String),
    /// A version that is not spoken.
    Version {
        version: i64,
        protocol: &'static str,
    },
    /// MessagePack over what carries text alone.
    TextOnly,
    /// It did not come in time.
    Canceled,
}

#[derive(Deserialize)]
struct HandshakeRequest<'a> {
    #[serde(borrow)]
    protocol: Cow<'a, str>,
    version: i64,
}

/// The format that a handshake asks for.
pub(crate) fn read(record: &[u8]) -> Result<Format, HandshakeFault> {
    let request: HandshakeRequest<'_> =
        serde_json::from_slice(record).map_err(|_| HandshakeFault::Malformed)?;
    let formats = [("json", Format::Json), ("messagepack", Format::MessagePack)];
    let asked = |(name, _): &(&str, _)| request.protocol.eq_ignore_ascii_case(name);
    let Some((protocol, format)) = formats.into_iter().find(asked) else {
        return Err(HandshakeFault::UnknownProtocol(
            request.protocol.into_owned(),
        ));
    };
    match request.version {
        version if !VERSIONS.contains(&version) => {
            Err(HandshakeFault::Version { version, protocol })
        }
        _ => Ok(format),
    }
}

/// The client is in: `{}`.
pub(super) fn accepted(format: Format) -> Frame {
    frame(Some(format), b"{}")
}

/// The client is not let in, for this fault of its handshake.
pub(crate) fn faulty(fault: &HandshakeFault) -> Frame {
    refused(None, &fault.to_string())
}

/// The client is not let in: `{"error":"…"}`. Before the handshake there is no format.
pub(super) fn refused(format: Option<Format>, error: &str) -> Frame {
    #[derive(Serialize)]
    struct HandshakeError<'a> {
        error: &'a str,
    }
    let mut object = Vec::new();
    put(&mut object, &HandshakeError { error });
    frame(format, &object)
}

fn frame(format: Option<Format>, object: &[u8]) -> Frame {
    let pieces = [object, &[SEPARATOR]];
    let frame: WsFrame = match format {
        Some(Format::MessagePack) => binary_frame(&pieces.concat()),
        Some(Format::Json) | None => text_frame(pieces),
    };
    Frame::single(frame)
}

impl fmt::Display for HandshakeFault {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Malformed => {
                f.write_str("An unexpected error occurred during connection handshake.")
            }
            Self::UnknownProtocol(name) => write!(f, "The protocol '{name}' is not supported."),
            Self::Version { version, protocol } => write!(
                f,
                "The server does not support version {version} of the '{protocol}' protocol."
            ),
            Self::TextOnly => f.write_str(
                "Cannot use the 'messagepack' protocol on the current transport. The transport does not support 'Binary' transfer format.",
            ),
            Self::Canceled => f.write_str("Handshake was canceled."),
        }
    }
}
