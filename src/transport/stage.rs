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
    /// Its client has still to choose a transport.
    Negotiated,
    /// On the body of an answer that does not end.
    Stream,
}

impl Stage {
    /// All stages, for metrics.
    pub(super) const ALL: [Self; 5] = [
        Self::Polling,
        Self::Upgrading,
        Self::WebSocket,
        Self::Negotiated,
        Self::Stream,
    ];

    /// Whether what is left to say waits for a GET.
    pub(super) fn polls(self) -> bool {
        matches!(self, Self::Polling | Self::Upgrading)
    }

    /// The stage as metrics name it.
    pub(super) fn as_str(self) -> &'static str {
        match self {
            Self::Polling => "polling",
            Self::Upgrading => "upgrading",
            Self::WebSocket => "websocket",
            Self::Negotiated => "negotiated",
            Self::Stream => "stream",
        }
    }
}
