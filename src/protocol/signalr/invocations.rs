//! Calls that wait for their completion, under the numbers that their acks have. An id in decimal is its number, and a call
//! under its own name needs nothing; the others are kept.

use std::{borrow::Cow, collections::BTreeMap};

/// Calls of one client that are kept at most.
pub(super) const OPEN_MAX: usize = 1024;

/// Numbers from here on are no client's.
const OURS: u64 = 1 << 63;

/// The calls of one client.
#[derive(Debug, Default)]
pub(super) struct Invocations {
    kept: BTreeMap<u64, KeptCall>,
    /// Those that are answered with a stream, by their ids.
    streams: BTreeMap<String, u64>,
    /// How many ids had no number of their own.
    numbered: u64,
}

/// What is to be known of a call when it is answered.
#[derive(Debug, Default)]
pub(super) struct OpenCall {
    /// Its method as the client wrote it, if its event has another name.
    pub(super) target: Option<String>,
    /// Its method has no result.
    pub(super) is_void: bool,
    /// It is answered with a stream.
    pub(super) is_stream: bool,
}

#[derive(Debug, Default)]
struct KeptCall {
    /// If it is not its number.
    id: Option<String>,
    call: OpenCall,
}

/// A call that is answered.
pub(super) struct EndedCall {
    pub(super) id: String,
    pub(super) call: OpenCall,
}

/// Why a call does not begin.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum NotBegun {
    /// As many calls are kept as may be.
    TooManyOpen,
    /// Another stream has its id.
    InUse(String),
}

impl Invocations {
    /// The number to answer a call under.
    pub(super) fn begin(&mut self, id: String, call: OpenCall) -> Result<u64, NotBegun> {
        if call.is_stream && self.streams.contains_key(&id) {
            return Err(NotBegun::InUse(id));
        }
        // A stream's number is no other call's.
        let is_free = |number: &u64| {
            let kept = self.kept.get(number);
            kept.is_none_or(|kept| !kept.call.is_stream && !call.is_stream)
        };
        let own = canonical(&id).filter(|own| *own < OURS && is_free(own));
        let number = own.unwrap_or_else(|| {
            self.numbered += 1;
            OURS + self.numbered
        });
        if own.is_some() && call.target.is_none() && !call.is_void && !call.is_stream {
            return Ok(number);
        }
        if self.kept.len() >= OPEN_MAX {
            return Err(NotBegun::TooManyOpen);
        }
        if call.is_stream {
            self.streams.insert(id.clone(), number);
        }
        let id = own.is_none().then_some(id);
        self.kept.insert(number, KeptCall { id, call });
        Ok(number)
    }

    /// The number of a call that is being answered with a stream.
    pub(super) fn stream(&self, id: &str) -> Option<u64> {
        self.streams.get(id).copied()
    }

    /// The id of a call that is being answered.
    pub(super) fn id(&self, number: u64) -> Cow<'_, str> {
        let kept = self.kept.get(&number).and_then(|kept| kept.id.as_deref());
        kept.map_or_else(|| number.to_string().into(), Cow::Borrowed)
    }

    /// A call that is answered.
    pub(super) fn end(&mut self, number: u64) -> EndedCall {
        let id = self.id(number).into_owned();
        let call = self.kept.remove(&number).unwrap_or_default().call;
        if call.is_stream {
            self.streams.remove(&id);
        }
        EndedCall { id, call }
    }
}

/// The id of a call of ours: apart from those of clients.
pub(super) fn id_of(number: u64) -> String {
    format!("s{number}")
}

/// The number of a call of ours that a client completes.
pub(super) fn number_of(id: &str) -> Option<u64> {
    canonical(id.strip_prefix('s')?)
}

/// Decimal digits as they are written by whoever writes numbers: no sign and no zeros before them.
fn canonical(text: &str) -> Option<u64> {
    let number: u64 = text.parse().ok()?;
    (number.to_string() == text).then_some(number)
}
