//! Records read, in either format.

use super::{
    format::Format,
    json,
    message::{HubMessage, Malformed},
    msgpack,
};

/// Reads a record without its frame, of which no more than `blobs_max` values may be binary.
pub(crate) fn read(
    format: Format,
    record: &[u8],
    blobs_max: usize,
) -> Result<HubMessage, Malformed> {
    match format {
        Format::Json => json::read(record),
        Format::MessagePack => msgpack::read(record, blobs_max),
    }
}
