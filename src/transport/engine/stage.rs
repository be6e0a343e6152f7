//! Where a session stands between its transports.

/// Where a session stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum Stage {
    /// On long-polling.
    Polling,
    /// On long-polling, and a WebSocket is asking to take over.
    Upgrading,
    /// On a WebSocket.
    WebSocket,
}

impl Stage {
    /// All stages, for metrics.
    pub(super) const ALL: [Self; 3] = [Self::Polling, Self::Upgrading, Self::WebSocket];

    /// The stage as metrics name it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Polling => "polling",
            Self::Upgrading => "upgrading",
            Self::WebSocket => "websocket",
        }
    }
}
