//! Where somebody looks on at what goes to a member, its session is told of each event that went into the outbox.

use super::LocalMember;
use crate::{letter::Content, message::Observed, notice::cause};

impl LocalMember {
    /// An event went to its client. Of those that its observers have no time for they hear nothing.
    #[cold]
    pub(super) fn observed(&self, content: Content) {
        let Some(places) = self.observers.get() else {
            return;
        };
        match places.clone().try_acquire_owned() {
            Ok(place) => self.session.send(Box::new(Observed {
                local_id: self.local_id,
                content,
                place,
            })),
            Err(_) => cause::UNOBSERVED.tell(
                None,
                None,
                format_args!("an event to a client of {} is not observed", self.namespace),
            ),
        }
    }
}
