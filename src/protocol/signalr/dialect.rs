//! The dialect in which methods are events of their own names. SignalR's method names have no case.

use std::{collections::HashMap, sync::Arc};

use dondo_actors::letter::Content;

use super::answer;
use crate::{
    dialect::{CalledEvent, Dialect},
    reserved::is_reserved,
};

/// Names of events, found whatever their case.
#[derive(Clone, Debug, Default)]
pub(crate) struct EventSpellings(Arc<HashMap<String, Arc<str>>>);

impl EventSpellings {
    /// Of these events. Of two that differ in case alone, the first is found for any third spelling.
    pub(crate) fn new(events: impl IntoIterator<Item = Arc<str>>) -> Self {
        let mut spellings: HashMap<String, Arc<str>> = HashMap::new();
        for event in events {
            spellings.insert(event.to_string(), event.clone());
            spellings.entry(event.to_ascii_lowercase()).or_insert(event);
        }
        Self(Arc::new(spellings))
    }

    /// The dialect in which a method is the event of its name, as that is spelt if it is one of these.
    pub(crate) fn dialect(&self) -> Dialect {
        let spellings = self.0.clone();
        Box::new(move |call| {
            // From the wire they would pass for the libraries' own.
            if is_reserved(&call.name) {
                return Err(answer::failure("unknown_event", "no handler has this name"));
            }
            let found = spellings.get(&*call.name);
            let found = found.or_else(|| spellings.get(&call.name.to_ascii_lowercase()));
            let name = found.unwrap_or(&call.name).clone();
            Ok(CalledEvent {
                before: None,
                event: Content { name, ..call },
                is_void: false,
            })
        })
    }
}
