//! What a world sees of a namespace.

use super::Namespace;
/// What a world sees of a namespace.
pub(crate) fn view(namespace: &Namespace) -> crate::testing::inspect::NamespaceView {
    let state = &namespace.state;
    crate::testing::inspect::NamespaceView {
        rooms: namespace
            .rooms
            .iter()
            .map(|(key, (_, room))| (key.clone(), room.downgrade()))
            .collect(),
        members: state.members().map(|(member, _)| member.clone()).collect(),
        channels: state
            .channels()
            .map(|(name, count)| (name.to_string(), count))
            .collect(),
        online: state.online(),
    }
}
