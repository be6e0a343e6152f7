//! The ids under which a client waits for answers. The core counts acks by numbers; an id may be any JSON number or string,
//! and is told as it was sent.

use std::{borrow::Cow, cell::RefCell, collections::BTreeMap};

/// Ids that are no plain number and not answered yet; beyond, an event that asks for an answer is refused.
pub(super) const OPEN_MAX: usize = 256;
/// The longest text of an id.
pub(super) const ID_BYTES_MAX: usize = 64;
/// Numbers from here on stand for ids that are kept. Below are those that are their own number.
const KEPT: u64 = 1 << 63;

/// The ids of one session.
#[derive(Default)]
pub(super) struct OpenIds(RefCell<KeptIds>);

#[derive(Default)]
struct KeptIds {
    last: u64,
    kept: BTreeMap<u64, Box<str>>,
}

impl OpenIds {
    /// The number for an id, a JSON text; none where too many are kept.
    pub(super) fn open(&self, id: &str) -> Option<u64> {
        if let Some(number) = own_number(id) {
            return Some(number);
        }
        let mut open = self.0.borrow_mut();
        if open.kept.len() >= OPEN_MAX {
            return None;
        }
        open.last += 1;
        let number = KEPT + open.last;
        open.kept.insert(number, id.into());
        Some(number)
    }

    /// The id of a number, as it was sent. It is kept no longer.
    pub(super) fn close(&self, number: u64) -> Cow<'static, str> {
        let kept = self.0.borrow_mut().kept.remove(&number);
        kept.map_or_else(|| number.to_string(), String::from).into()
    }
}

/// The number that a JSON text is, if that is how it would be written.
fn own_number(id: &str) -> Option<u64> {
    let number = id.parse().ok().filter(|number| *number < KEPT)?;
    let is_plain = id == "0" || !id.starts_with(['0', '+']);
    is_plain.then_some(number)
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used)]

    use super::*;

    /// An answer under another spelling is one that its client does not know.
    #[test]
    fn an_id_comes_back_as_it_was_sent() {
        let ids = OpenIds::default();
        let sent = [
            "0",
            "7",
            "9007199254740993",
            "18446744073709551616",
            "-1",
            "1.0",
            "1e3",
            r#""7""#,
            r#""""#,
            r#""\u0041\ud800""#,
        ];
        let numbers = sent.map(|id| ids.open(id).unwrap());
        for (number, id) in numbers.into_iter().zip(sent) {
            assert_eq!(ids.close(number), id);
        }
        assert!(ids.0.borrow().kept.is_empty());
    }

    /// Who is never answered would fill memory with its ids.
    #[test]
    fn so_many_ids_are_kept_and_plain_numbers_are_not() {
        let ids = OpenIds::default();
        let first = ids.open("\"a\"").unwrap();
        for _ in 1..OPEN_MAX {
            ids.open("\"a\"").unwrap();
        }
        assert_eq!(ids.open("\"a\""), None);
        assert_eq!(ids.open("12"), Some(12));
        ids.close(first);
        assert!(ids.open("\"a\"").is_some());
    }
}
