//! Who crashed how often, when last and why, for operators who look. Bounded: those that crashed last are in it, and how often all of
//! a kind did. It is written when something has crashed, and never otherwise.

use std::{any::Any, fmt::Write as _, sync::Arc};

use tokio::{sync::watch, time::Instant};

use crate::id::{Kind, RoomKey, WorkerId};

/// Crashed parts that are remembered one by one.
pub const CRASHED_MAX: usize = 256;
/// Letters of a cause.
pub const CAUSE_LETTERS_MAX: usize = 300;

/// Who crashed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CrashedPart {
    /// The actor at the top.
    Hub,
    /// A thread of rooms, by its number.
    RoomThread(usize),
    /// An HTTP worker, by its number.
    Worker(usize),
    /// A namespace, by its name.
    Namespace(Arc<str>),
    /// A room or channel of a namespace.
    Room(Arc<str>, RoomKey),
    /// The courier of a worker.
    Courier(WorkerId),
}

/// All kinds of parts, as operators read them.
const KINDS: [&str; 8] = [
    "hub",
    "room thread",
    "worker",
    "namespace",
    "channel",
    "room",
    "plain room",
    "courier",
];

impl CrashedPart {
    /// Its kind.
    pub fn kind(&self) -> &'static str {
        KINDS[self.place()]
    }

    fn place(&self) -> usize {
        match self {
            Self::Hub => 0,
            Self::RoomThread(_) => 1,
            Self::Worker(_) => 2,
            Self::Namespace(_) => 3,
            Self::Room(_, key) => match key.kind {
                Kind::Channel => 4,
                Kind::Room => 5,
                Kind::Plain => 6,
            },
            Self::Courier(_) => 7,
        }
    }
}

/// What a crash cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CrashCost {
    /// The part was started anew.
    Restart,
    /// What it was about to make, and nothing else: a call of a room's script, a presence event.
    Piece,
}

/// The crashes of one part.
#[derive(Clone, Debug)]
pub struct CrashRecord {
    /// Who.
    pub who: CrashedPart,
    /// How often it was started anew.
    pub restarts: u64,
    /// Crashes that cost less.
    pub pieces: u64,
    /// When it crashed last.
    pub at: Instant,
    /// What the last panic said, cut, and without letters that print nothing.
    pub cause: Arc<str>,
}

/// See the module.
#[derive(Debug, Default)]
pub struct CrashBook(watch::Sender<CrashPages>);

/// What is in a book.
#[derive(Clone, Debug, Default)]
pub struct CrashPages {
    /// Who crashed last comes last.
    pub parts: Vec<CrashRecord>,
    restarts: [u64; KINDS.len()],
}

impl CrashPages {
    /// How often parts of each kind were started anew.
    pub fn restarts(&self) -> impl Iterator<Item = (&'static str, u64)> {
        KINDS.into_iter().zip(self.restarts)
    }
}

impl CrashBook {
    /// It crashed.
    #[cold]
    pub fn note(&self, who: &CrashedPart, cost: CrashCost, cause: &str) {
        let cause: Arc<str> = shown(cause).into();
        self.0.send_modify(|pages| {
            let place = pages.parts.iter().position(|record| record.who == *who);
            let mut record = match place {
                Some(place) => pages.parts.remove(place),
                None => CrashRecord {
                    who: who.clone(),
                    restarts: 0,
                    pieces: 0,
                    at: Instant::now(),
                    cause: cause.clone(),
                },
            };
            record.at = Instant::now();
            record.cause = cause;
            match cost {
                CrashCost::Restart => {
                    record.restarts += 1;
                    pages.restarts[who.place()] += 1;
                }
                CrashCost::Piece => record.pieces += 1,
            }
            if pages.parts.len() >= CRASHED_MAX {
                pages.parts.remove(0);
            }
            pages.parts.push(record);
        });
    }

    /// All that is in it now.
    pub fn read(&self) -> CrashPages {
        self.0.borrow().clone()
    }
}

/// What a panic said.
pub fn said(payload: &(dyn Any + Send)) -> &str {
    let text = payload.downcast_ref::<&str>().copied();
    let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
    text.unwrap_or("it said nothing that can be read")
}

/// A text of which every letter can be seen: one may have come from a stranger.
fn shown(text: &str) -> String {
    let mut shown = String::new();
    for letter in text.chars().take(CAUSE_LETTERS_MAX) {
        match letter {
            '"' | '\'' | '\\' => shown.push(letter),
            // Writing to memory cannot fail.
            _ => drop(write!(shown, "{}", letter.escape_debug())),
        }
    }
    if text.chars().nth(CAUSE_LETTERS_MAX).is_some() {
        shown.push('…');
    }
    shown
}

#[cfg(test)]
mod tests {
    use super::*;

    fn room(number: usize) -> CrashedPart {
        let key = RoomKey::room(number.to_string());
        CrashedPart::Room("/".into(), key)
    }

    /// Fails if the book grows without end, forgets who crashed last, or loses count of a kind.
    #[test]
    fn those_that_crashed_last_are_kept_and_all_are_counted() {
        let book = CrashBook::default();
        for number in 0..CRASHED_MAX {
            book.note(&room(number), CrashCost::Restart, "once");
        }
        book.note(&room(0), CrashCost::Restart, "again");
        book.note(&room(0), CrashCost::Piece, "a call");
        book.note(&CrashedPart::Hub, CrashCost::Restart, "once");
        let pages = book.read();
        assert_eq!(pages.parts.len(), CRASHED_MAX);
        assert_eq!(pages.parts[0].who, room(2), "the first is not in it");
        let [.., before, last] = &pages.parts[..] else {
            unreachable!("there are more")
        };
        assert_eq!(last.who, CrashedPart::Hub);
        assert_eq!(
            (&before.who, before.restarts, before.pieces, &*before.cause),
            (&room(0), 2, 1, "a call")
        );
        let counts: Vec<_> = pages.restarts().filter(|(_, count)| *count > 0).collect();
        assert_eq!(counts, [("hub", 1), ("room", CRASHED_MAX as u64 + 1)]);
    }

    /// Fails if a cause is as long as somebody likes, or has letters that print nothing or turn text around.
    #[test]
    fn a_cause_is_short_and_all_of_it_can_be_seen() {
        let book = CrashBook::default();
        book.note(&CrashedPart::Hub, CrashCost::Restart, "\u{202e}a\n\"<b>é");
        assert_eq!(&*book.read().parts[0].cause, "\\u{202e}a\\n\"<b>é");
        let long = "é".repeat(CAUSE_LETTERS_MAX + 1);
        book.note(&CrashedPart::Hub, CrashCost::Restart, &long);
        let kept = book.read().parts[0].cause.clone();
        assert_eq!(kept.chars().count(), CAUSE_LETTERS_MAX + 1);
        assert!(kept.ends_with('…'));
        let text: Box<dyn Any + Send> = Box::new(7);
        assert!(said(&*text).contains("nothing"));
    }
}
