//! Events that come in items, and handlers that do not, or the other way round: the client hears of it before a handler runs.

use dondo_actors::ports::ItemsAs;

use super::{Error, EventContext, HandlerStreams};

/// Whether its handlers take and give in items what the client does; else the client hears what is wrong.
pub(super) fn fit(context: &EventContext, handlers: HandlerStreams) -> bool {
    let (sent, taken) = (context.streams.len(), handlers.taken);
    let wrong = match (context.ack.taken(), handlers.answers) {
        (Some(ItemsAs::Items), false) => Error::new("no_items", "it is not answered with items"),
        (Some(ItemsAs::Refused), true) => Error::new("items_only", "it is answered with items"),
        _ if sent == taken => return true,
        _ => {
            let text = format!("Client sent {sent} stream(s), handler expects {taken}.");
            Error::new("wrong_streams", text)
        }
    };
    context.ack.fail(&context.name, &wrong);
    false
}
