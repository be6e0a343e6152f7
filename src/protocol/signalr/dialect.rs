//! The dialect in which methods are events of their own names. SignalR's method names have no case.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use dondo_actors::letter::Content;

use super::answer;
use crate::{
    dialect::{CalledEvent, Dialect},
    reserved::is_reserved,
};

/// Names of events, found whatever their case.
#[derive(Clone, Debug, Default)]
pub(crate) struct EventSpellings(Arc<Spellings>);

#[derive(Debug, Default)]
struct Spellings {
    exact: HashSet<Arc<str>>,
    /// By their letters alone. Of several that differ in case, the first.
    folded: HashMap<String, Arc<str>>,
}

impl Spellings {
    /// The event that is spelt so, or else the first that differs in case alone.
    fn find(&self, method: &str) -> Option<&Arc<str>> {
        let exact = self.exact.get(method);
        exact.or_else(|| self.folded.get(&folded(method)))
    }
}

/// Not as a text is put in small letters, where a letter may depend on those beside it.
fn folded(name: &str) -> String {
    name.chars().flat_map(char::to_lowercase).collect()
}

impl EventSpellings {
    /// Of these events. Of two that differ in case alone, the first is found for any third spelling.
    pub(crate) fn new(events: impl IntoIterator<Item = Arc<str>>) -> Self {
        let mut spellings = Spellings::default();
        for event in events {
            let first = spellings.folded.entry(folded(&event));
            first.or_insert_with(|| event.clone());
            spellings.exact.insert(event);
        }
        Self(Arc::new(spellings))
    }

    /// The dialect in which a method is the event of its name, as that is spelt if it is one of these.
    pub(crate) fn dialect(&self) -> Dialect {
        let spellings = self.0.clone();
        Box::new(move |call| {
            // From the wire they would pass for the libraries' own.
            if is_reserved(&call.name) {
                return Err(answer::unknown_event());
            }
            let name = spellings.find(&call.name).unwrap_or(&call.name).clone();
            Ok(CalledEvent {
                before: None,
                event: Content { name, ..call },
                is_void: false,
            })
        })
    }
}
