//! How much the hub itself may say to selected members, from any thread, before the couriers have it.

use super::HubHandle;
use crate::{
    error::Fault,
    flow::{HubWord, HubWords},
};

/// Letters that may wait; whoever says something else is told. As many as a member's.
pub(crate) const HUB_LETTERS_MAX: usize = 16_384;
/// And their bytes.
pub(crate) const HUB_BYTES_MAX: usize = 64 * 1024 * 1024;

impl HubHandle {
    /// Refuses what the hub itself says while too much waits. What goes to many namespaces goes to all or to none.
    ///
    /// # Errors
    /// Too much of it has not been handed on yet.
    pub fn has_room(&self) -> Result<(), Fault> {
        let (letters, bytes) = self.0.slots.words.waiting();
        match letters < HUB_LETTERS_MAX && bytes < HUB_BYTES_MAX {
            true => Ok(()),
            false => Err(Fault::Full),
        }
    }

    /// Something of so many bytes waits from now on.
    pub(super) fn word(&self, bytes: usize) -> HubWord {
        HubWords::add(&self.0.slots.words, bytes)
    }
}
