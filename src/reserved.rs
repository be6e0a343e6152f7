//! Names that no event of a client's or a host's may have: one list for the API, the pack and all protocols.

/// Names that the client libraries fire themselves; from the wire they would pass for the library's word.
pub(crate) const RESERVED: [&str; 6] = [
    "connect",
    "connect_error",
    "disconnect",
    "disconnecting",
    "newListener",
    "removeListener",
];

/// Whether the client libraries fire an event of this name themselves.
pub(crate) fn is_reserved(name: &str) -> bool {
    RESERVED.contains(&name)
}
