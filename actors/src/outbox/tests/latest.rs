//! What supersedes what waits: which frame gives way, and that nothing of it stays behind.

use super::*;
use crate::letter::LatestKeys;

/// A frame that waits: how long it is, and its key.
type Said = (usize, Option<&'static str>);

struct Reader {
    outbox: Arc<Outbox>,
    process: Arc<MemoryAccount>,
    keys: LatestKeys,
}

impl Reader {
    fn new(bytes_max: usize, count_max: usize) -> Self {
        let (outbox, process) = outbox(bytes_max, count_max);
        Self {
            outbox,
            process,
            keys: LatestKeys::default(),
        }
    }

    fn say(&self, (length, key): Said) -> Result<Pushed, Full> {
        let (pushed, to_wake) = match key {
            None => self.outbox.push(frame(length), false)?,
            Some(key) => self
                .outbox
                .push_latest(frame(length), self.keys.key("/", key))?,
        };
        if to_wake {
            self.outbox.wake();
        }
        Ok(pushed)
    }

    /// The lengths of all that waits.
    fn take(&self) -> Vec<usize> {
        take(&self.outbox, usize::MAX).1
    }
}

/// Fails if a letter overtakes another, if a key's newest letter is not the last of it that comes, or if all of a key's letters
/// give way so that a slow reader never hears of it.
#[test]
fn of_a_key_the_first_and_the_newest_wait_and_none_overtakes() {
    let (a, b, other) = (Some("a"), Some("b"), None);
    for (said, waits) in [
        // The last of all gives way where it is.
        (vec![(1, a), (2, a), (3, a)], vec![3]),
        (vec![(1, other), (2, a), (3, a)], vec![1, 3]),
        // The first stays, as others wait behind it.
        (vec![(1, a), (2, other), (3, a)], vec![1, 2, 3]),
        (vec![(1, a), (2, other), (3, a), (4, a)], vec![1, 2, 4]),
        (
            vec![(1, a), (2, other), (3, a), (4, other), (5, a), (6, other)],
            vec![1, 2, 4, 5, 6],
        ),
        // Each key for itself.
        (
            vec![(1, a), (2, b), (3, a), (4, b), (5, a), (6, b), (7, a)],
            vec![1, 2, 6, 7],
        ),
    ] {
        let reader = Reader::new(100_000, 100);
        for one in &said {
            assert_eq!(reader.say(*one), Ok(Pushed::Taken));
        }
        assert_eq!(reader.take(), waits, "{said:?}");
        assert_eq!(reader.outbox.bytes(), 0);
    }
}

/// Fails if what gave way is still charged, or counted against the limits, or if it makes room for more than there is.
#[test]
fn what_gave_way_is_on_no_account_and_takes_no_place() {
    let reader = Reader::new(100 + 3 * ENTRY, 3);
    let a = Some("a");
    for length in [10, 90, 30] {
        assert!(reader.say((length, a)).is_ok());
        assert_eq!(gauge(&reader.process), length as u64);
        assert_eq!(reader.process.waiting_frames(), 1);
        assert_eq!(reader.outbox.bytes(), length + ENTRY);
    }
    assert!(reader.say((10, None)).is_ok());
    assert!(reader.say((60, a)).is_ok());
    for length in [1, 60, 5] {
        assert!(reader.say((length, a)).is_ok(), "in place of the last");
    }
    assert_eq!(reader.process.waiting_frames(), 3);
    assert_eq!(reader.say((1, None)), Err(Full), "three places are taken");
    assert_eq!(reader.say((1, Some("b"))), Err(Full));
    assert_eq!(reader.take(), [30, 10, 5]);
    assert_eq!(gauge(&reader.process), 0);
    assert_eq!(reader.process.waiting_frames(), 0);
    // Alone it may be of any size, also in place of another.
    for length in [10, 5000, 20] {
        assert!(reader.say((length, a)).is_ok());
    }
    assert_eq!(reader.take(), [20]);
    let reader = Reader::new(100 + 3 * ENTRY, 3);
    assert!(reader.say((10, None)).is_ok());
    assert!(reader.say((10, a)).is_ok());
    assert_eq!(reader.say((5000, a)), Err(Full), "not beside others");
}

/// Fails if a letter's attachments are torn from it, or stay when it gives way.
#[test]
fn a_letter_gives_way_with_its_attachments() {
    let reader = Reader::new(100_000, 100);
    let key = reader.keys.key("/", "a");
    let whole = |length| Frame {
        first: part(length),
        rest: Some([part(length + 1), part(length + 2)].into()),
    };
    for length in [10, 20, 30] {
        assert!(reader.outbox.push_latest(whole(length), key).is_ok());
    }
    assert_eq!(gauge(&reader.process), 30 + 31 + 32);
    assert_eq!(reader.take(), [30, 31, 32]);
}

/// Fails if what was taken is looked for, if keys of two namespaces meet, or if more are looked at than is said.
#[test]
fn only_what_waits_gives_way_and_only_among_the_last_ones() {
    let reader = Reader::new(1_000_000, 10_000);
    let a = Some("a");
    assert!(reader.say((1, a)).is_ok());
    assert_eq!(reader.take(), [1]);
    assert!(reader.say((2, a)).is_ok());
    let elsewhere = reader.keys.key("/other", "a");
    assert!(reader.outbox.push_latest(frame(3), elsewhere).is_ok());
    assert_eq!(reader.take(), [2, 3]);
    for said in [(1, a), (2, None), (3, a)] {
        assert!(reader.say(said).is_ok());
    }
    // Both are behind the last ones now: they stay, and a new pair begins.
    for _ in 0..LOOK_BACK {
        assert!(reader.say((9, None)).is_ok());
    }
    for said in [(4, a), (9, None), (5, a), (9, None), (6, a)] {
        assert!(reader.say(said).is_ok());
    }
    let mut waits = reader.take();
    waits.retain(|length| *length != 9);
    assert_eq!(waits, [1, 2, 3, 4, 6]);
}

/// Fails if a slow reader is closed for many keys that change in turn, of which the last letters hold no two of one.
#[test]
fn of_many_keys_the_first_and_the_newest_wait_where_no_more_may() {
    const ROUNDS: usize = 40;
    let reader = Reader::new(1_000_000, 4 * LOOK_BACK);
    for round in 1..=ROUNDS {
        for key in 0..LOOK_BACK {
            let key = reader.keys.key("/", &key.to_string());
            assert!(
                reader.outbox.push_latest(frame(round), key).is_ok(),
                "{round}"
            );
        }
    }
    let waits = reader.take();
    let (first, rest) = waits.split_at(LOOK_BACK);
    assert!(first.iter().all(|length| *length == 1));
    assert!(rest.ends_with(&[ROUNDS; LOOK_BACK]));
    assert!(waits.len() <= 4 * LOOK_BACK);
    assert_eq!(gauge(&reader.process), 0);
    let none = (1..).map(|length| reader.say((length, None)));
    assert_eq!(
        none.take(5000).filter(Result::is_err).count(),
        5000 - 4 * LOOK_BACK
    );
}

/// Fails if what a slow reader has taken meanwhile still counts as what was left when all was looked at last: it was closed with room
/// for all of its few keys.
#[test]
fn who_reads_slowly_is_not_closed_for_what_it_has_taken_since_the_last_look() {
    const KEYS: usize = 300;
    const ROUNDS: usize = 20;
    let reader = Reader::new(100_000_000, 2048);
    for _ in 0..900 {
        assert!(reader.say((9, None)).is_ok());
    }
    let push = |number: usize| {
        let key = reader.keys.key("/", &(number % KEYS).to_string());
        reader.outbox.push_latest(frame(10 + number), key)
    };
    let said = (0..10_000).take_while(|number| push(*number).is_ok());
    let said = said.count();
    assert!(said < 10_000, "each letter would look at all that waits");
    let mut left = 1000;
    while left > 0 {
        left -= take(&reader.outbox, 1).1.len();
    }
    for number in said..said + ROUNDS * KEYS {
        assert!(push(number).is_ok(), "{number} of {said}");
    }
    let waits = reader.take();
    assert!(waits.len() <= 2048, "{}", waits.len());
    let newest: Vec<usize> = (said + (ROUNDS - 1) * KEYS..said + ROUNDS * KEYS).collect();
    let newest = newest.iter().map(|number| 10 + number);
    assert!(waits.ends_with(&newest.collect::<Vec<_>>()));
}

/// Fails if what was left at the last look is more than what waits of it: a look would be put off for letters that have gone.
#[test]
fn of_what_a_look_left_that_alone_counts_which_waits() {
    let reader = Reader::new(10_000_000, 2048);
    for number in 0..2048 {
        let key = reader.keys.key("/", &number.to_string());
        assert!(reader.outbox.push_latest(frame(10), key).is_ok());
    }
    let refused = reader.keys.key("/", "more");
    for _ in 0..3 {
        assert_eq!(reader.outbox.push_latest(frame(10), refused), Err(Full));
    }
    assert_eq!(reader.outbox.lock().thinned, 2048);
    assert_eq!(take(&reader.outbox, 1).1.len(), 1);
    assert_eq!(reader.outbox.lock().thinned, 2047);
    let last = reader.keys.key("/", "2047");
    assert!(reader.outbox.push_latest(frame(10), last).is_ok());
    assert_eq!(reader.outbox.lock().thinned, 2046, "it gave way");
}

/// Fails if a reader that takes nothing is not seen to stall because what waits for it changes all the time.
#[tokio::test(start_paused = true)]
async fn who_takes_nothing_stalls_although_what_waits_is_ever_new() {
    let reader = Reader::new(1000, 10);
    assert!(!reader.outbox.is_stalled(Instant::now()));
    for number in 0..100 {
        assert!(reader.say((10 + number, Some("a"))).is_ok());
        tokio::time::advance(STALL / 20).await;
        if reader.outbox.is_stalled(Instant::now()) {
            return;
        }
    }
    panic!("it waits for ever");
}
