//! Input of a WebSocket that could not be handled yet.

use std::sync::Arc;

use bytes::BytesMut;
use dondo_actors::account::{Charge, Held, SessionAccount};

/// What was read and waits for credit, or is the beginning of a header.
#[derive(Default)]
pub(super) struct Leftover {
    input: BytesMut,
    /// What the input holds, on the account: as messages in handling, for nothing says that they do not end.
    charge: Option<Charge>,
    /// It waits for credit: whole messages may be in it, so nothing is to be read on top of it.
    pub(super) short: bool,
}

impl Leftover {
    /// Copies `rest`: it must not keep the buffer alive that it was read into.
    pub(super) fn keep(&mut self, rest: &[u8], account: &Arc<SessionAccount>) {
        self.input = BytesMut::from(rest);
        self.charge = (!rest.is_empty()).then(|| account.charge(Held::Inbound, rest.len()));
    }

    /// Puts back what [`Leftover::take`] gave, less what has been handled. While it waits it is not copied again for each
    /// message.
    pub(super) fn put_back(
        &mut self,
        rest: BytesMut,
        charge: Option<Charge>,
        account: &Arc<SessionAccount>,
    ) {
        match self.short {
            true => (self.input, self.charge) = (rest, charge),
            false => self.keep(&rest, account),
        }
    }

    /// The input, and the charge for the memory that it holds.
    pub(super) fn take(&mut self) -> (BytesMut, Option<Charge>) {
        (std::mem::take(&mut self.input), self.charge.take())
    }
}
