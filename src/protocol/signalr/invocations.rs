//! Calls that wait for their completion, under the numbers that their acks have. An id in decimal is its number, and a call
//! under its own name needs nothing; the others are kept.

use std::collections::BTreeMap;

/// Calls of one client that are kept at most.
pub(super) const OPEN_MAX: usize = 1024;

/// Numbers from here on are no client's.
const OURS: u64 = 1 << 63;

/// The calls of one client.
#[derive(Debug, Default)]
pub(super) struct Invocations {
    kept: BTreeMap<u64, KeptCall>,
    /// How many ids had no number of their own.
    numbered: u64,
}

#[derive(Debug, Default)]
struct KeptCall {
    id: Option<String>,
    target: Option<String>,
    is_void: bool,
}

/// A call that is answered.
pub(super) struct EndedCall {
    pub(super) id: String,
    /// Its method, if that was kept.
    pub(super) target: Option<String>,
    /// Its method has no result.
    pub(super) is_void: bool,
}

/// As many calls are kept as may be.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct TooManyOpen;

impl Invocations {
    /// The number to answer a call under. `target` is the method as the client wrote it, if its event has another name.
    pub(super) fn begin(
        &mut self,
        id: String,
        target: Option<String>,
        is_void: bool,
    ) -> Result<u64, TooManyOpen> {
        let own = canonical(&id).filter(|number| *number < OURS);
        let number = own.unwrap_or_else(|| {
            self.numbered += 1;
            OURS + self.numbered
        });
        if own.is_some() && target.is_none() && !is_void {
            return Ok(number);
        }
        if self.kept.len() >= OPEN_MAX {
            return Err(TooManyOpen);
        }
        let id = own.is_none().then_some(id);
        let kept = KeptCall {
            id,
            target,
            is_void,
        };
        self.kept.insert(number, kept);
        Ok(number)
    }

    /// A call that is answered.
    pub(super) fn end(&mut self, number: u64) -> EndedCall {
        let KeptCall {
            id,
            target,
            is_void,
        } = self.kept.remove(&number).unwrap_or_default();
        EndedCall {
            id: id.unwrap_or_else(|| number.to_string()),
            target,
            is_void,
        }
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
