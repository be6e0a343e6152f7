//! Events that come in items, and handlers that do not, or the other way round: the client hears of it before a handler runs.

use dondo_actors::ports::ItemsAs;

use super::{Error, EventContext, HandlerStreams};
use crate::failures::{ITEMS_ONLY, NO_ITEMS, StreamCounts, WRONG_STREAMS, Words};

/// Whether its handlers take and give in items what the client does; else the client hears what is wrong.
pub(super) fn fit(context: &EventContext, handlers: HandlerStreams) -> bool {
    let (sent, taken) = (context.streams.len(), handlers.taken);
    let wrong = match (context.ack.taken(), handlers.answers) {
        (Some(ItemsAs::Items), false) => known(NO_ITEMS),
        (Some(ItemsAs::Refused), true) => known(ITEMS_ONLY),
        _ if sent == taken => return true,
        _ => Error::new(WRONG_STREAMS, StreamCounts { sent, taken }.to_string()),
    };
    context.ack.fail(&context.name, &wrong);
    false
}

fn known((code, message): Words) -> Error {
    Error::new(code, message)
}
