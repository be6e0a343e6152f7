//! How a WebSocket's connection ends: in good order, or cut.

use dondo_actors::error::CloseReason;

/// What a driver does when nothing is left to write.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// Flush, then close in good order.
    Finish,
    /// Cut the connection: its peer does not read.
    Cut,
}

/// How a connection ends for a reason: what a stuck peer cannot take is not waited for.
pub(crate) fn ending(reason: CloseReason) -> End {
    match reason {
        CloseReason::OutboxFull
        | CloseReason::Stalled
        | CloseReason::MemoryMax
        | CloseReason::UnfinishedBytes
        | CloseReason::SessionBytes
        | CloseReason::AddressBytes
        | CloseReason::WorkerStalled => End::Cut,
        _ => End::Finish,
    }
}
