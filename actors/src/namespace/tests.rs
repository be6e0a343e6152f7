//! What tests see of a namespace.

use super::Namespace;
use crate::testing::inspect::NamespaceView;

/// What a world sees of a namespace.
pub(crate) fn view(namespace: &Namespace) -> NamespaceView {
    let state = &namespace.state;
    let mut counts = [0; 3];
    namespace
        .rooms
        .keys()
        .for_each(|key| counts[key.kind as usize] += 1);
    assert_eq!(namespace.room_counts, counts, "rooms are counted by kind");
    NamespaceView {
        rooms: namespace
            .rooms
            .iter()
            .map(|(key, entry)| (key.clone(), entry.mailbox.downgrade()))
            .collect(),
        members: state.members().map(|(member, _)| member.clone()).collect(),
        channels: state
            .channels()
            .map(|(name, count)| (name.to_string(), count))
            .collect(),
        online: state.online(),
        watchers: namespace.watchers.values().map(Vec::len).sum(),
    }
}
