//! Records read, in either format.

use super::{
    format::Format,
    json,
    message::{HubMessage, Malformed, ValueLimits},
    msgpack,
};

/// Reads a record without its frame, whose values stay within the limits.
pub(crate) fn read(
    format: Format,
    record: &[u8],
    limits: ValueLimits,
) -> Result<HubMessage, Malformed> {
    match format {
        Format::Json => json::read(record),
        Format::MessagePack => msgpack::read(record, limits),
    }
}
