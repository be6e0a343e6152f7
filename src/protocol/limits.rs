//! How large what a client says may be, whatever protocol it speaks.

/// What one packet, or message with its attachments, may be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Limits {
    /// Attachments of one packet. Default 10.
    pub attachments_max: usize,
    /// Bytes of one packet, its text and its attachments together. Default 8 MiB.
    pub packet_bytes_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            attachments_max: 10,
            packet_bytes_max: 8 << 20,
        }
    }
}
