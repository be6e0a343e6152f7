//! The two formats of hub messages, and what frames a record in each.

/// How a connection's messages are written. Its handshake is JSON in any case.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// Each message is a JSON object with [`SEPARATOR`] behind it.
    Json,
    /// Each message is an array with its length before it.
    MessagePack,
}

/// What ends a JSON record.
pub(super) const SEPARATOR: u8 = 0x1e;

/// The most bytes of a length.
pub(super) const LENGTH_BYTES_MAX: usize = 5;
