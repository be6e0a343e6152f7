//! What the query of an event stream asks for, as joins of the hub pack.

use std::{
    borrow::Cow,
    collections::{BTreeSet, VecDeque},
    sync::Arc,
};

use dondo_actors::{id::Token, letter::Content};
use serde_json::{Value, json};

/// Channels and rooms of one stream.
const TARGETS_MAX: usize = 32;
/// The most letters of former times that are asked for by their number.
const HISTORY_MAX: usize = 100;

/// What a stream joins, and where.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Subscription {
    pub(super) namespace: Arc<str>,
    pub(super) joins: VecDeque<Content>,
}

impl Subscription {
    /// Reads the parameters of a query; `last_event_id` is the header that an EventSource sends when it comes back.
    ///
    /// # Errors
    /// What is wrong with it, for people.
    pub(crate) fn read<'a>(
        query: impl Iterator<Item = (Cow<'a, str>, Cow<'a, str>)>,
        last_event_id: Option<&str>,
    ) -> Result<Self, String> {
        let mut namespace = Cow::Borrowed("/");
        let (mut since, mut history, mut user) = (None, None, None);
        let (mut channels, mut rooms) = (Vec::new(), Vec::new());
        let mut seen = BTreeSet::new();
        for (key, value) in query {
            match &*key {
                "channel" if seen.insert((true, value.clone())) => channels.push(value),
                "room" if seen.insert((false, value.clone())) => rooms.push(value),
                "namespace" => namespace = value,
                "history" => history = Some(value),
                "userName" => user = Some(value),
                "lastEventId" => since = Some(value),
                _ => {}
            }
        }
        if channels.is_empty() && rooms.is_empty() {
            return Err("Name what to listen to: ?channel=lobby&room=desk".to_owned());
        }
        if channels.len() + rooms.len() > TARGETS_MAX {
            return Err(format!(
                "A stream has at most {TARGETS_MAX} channels and rooms"
            ));
        }
        let since = last_event_id.map(Cow::Borrowed).or(since);
        let asked = Asked::read(since.as_deref(), history.as_deref())?;
        let channels = channels
            .iter()
            .map(|name| ("join-channel", "roomChannel", name));
        let rooms = rooms.iter().map(|name| ("join-room", "roomId", name));
        let joins = channels.chain(rooms).map(|(event, key, name)| {
            let mut data = json!({ key: name });
            match &asked {
                Asked::Since(position) => data["since"] = json!(position),
                Asked::Last(count) => data["history"] = json!(count),
            }
            let mut source = json!({"platform": "event-stream"});
            if let Some(user) = &user {
                source["userName"] = Value::from(user.as_ref());
            }
            Content {
                name: event.into(),
                args: json!({"data": data, "source": source}).to_string().into(),
                blobs: Vec::new(),
            }
        });
        Ok(Self {
            joins: joins.collect(),
            namespace: namespace.as_ref().into(),
        })
    }
}

impl Subscription {
    pub(crate) fn namespace(&self) -> &Arc<str> {
        &self.namespace
    }

    /// Its joins, as events.
    pub(crate) fn all(&self) -> impl Iterator<Item = &Content> {
        self.joins.iter()
    }

    /// How many channels and rooms it joins.
    pub(crate) fn joins(&self) -> usize {
        self.joins.len()
    }
}

/// What it is told of former times.
enum Asked {
    Since(String),
    Last(usize),
}

impl Asked {
    fn read(since: Option<&str>, history: Option<&str>) -> Result<Self, String> {
        if let Some(since) = since.filter(|since| !since.is_empty()) {
            return match Token::parse(since) {
                Some(_) => Ok(Self::Since(since.to_owned())),
                None => Err("Last-Event-ID is no id of this hub's".to_owned()),
            };
        }
        let count = history.map_or(Ok(0), str::parse);
        match count.ok().filter(|count| *count <= HISTORY_MAX) {
            Some(count) => Ok(Self::Last(count)),
            None => Err(format!("history is a whole number from 0 to {HISTORY_MAX}")),
        }
    }
}
