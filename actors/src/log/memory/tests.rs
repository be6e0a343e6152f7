//! The log in memory: conditions, numbers, what is kept and for how long, and whether what it tells is all.
#![allow(clippy::unwrap_used, clippy::panic)]

mod bounds;

use super::*;
use crate::{
    event::{Joined, Policy, Said},
    id::{BatchId, ChannelScope, MemberId, RoomKey, Token},
    letter::Content,
    log::Events,
    ports::polled_once,
};

fn log_with(settings: HistorySettings) -> (MemoryLog, Arc<MemoryAccount>) {
    let account = MemoryAccount::new(1 << 30, 1 << 30);
    (MemoryLog::new(settings, account.clone()), account)
}

fn few(count: usize) -> HistorySettings {
    HistorySettings {
        count,
        ..HistorySettings::default()
    }
}

fn room(name: &str) -> LogKey {
    LogKey::Room(RoomKey::room(name))
}

fn tag(name: &str) -> ChannelScope {
    Some(name.into())
}

fn said(text: &str, tag: &ChannelScope) -> RoomEvent {
    RoomEvent::Said(Arc::new(Said {
        from: MemberId::new("a"),
        tag: tag.clone(),
        echo: true,
        for_later: true,
        content: Content {
            name: "say".into(),
            args: text.to_owned().into(),
            blobs: Vec::new(),
        },
    }))
}

fn append(
    log: &MemoryLog,
    key: &LogKey,
    event: RoomEvent,
    expect: Expect,
) -> Result<Standing, AppendRefusal> {
    append_ending(log, key, event, expect, Vec::new())
}

fn append_ending(
    log: &MemoryLog,
    key: &LogKey,
    event: RoomEvent,
    expect: Expect,
    ends: Vec<ChannelScope>,
) -> Result<Standing, AppendRefusal> {
    let batch = Batch {
        id: BatchId(0),
        log: key.clone(),
        events: Events::from_buf([event]),
        expect,
        epoch: log.0.borrow().epoch,
        ends,
    };
    match log.append(batch) {
        Appended::Committed(committed) => Ok(committed.standing),
        Appended::Refused(refusal) => Err(refusal),
        Appended::Pending => panic!("it is in memory"),
    }
}

fn say(log: &MemoryLog, key: &LogKey, text: &str) -> Standing {
    say_to(log, key, text, &None)
}

fn say_to(log: &MemoryLog, key: &LogKey, text: &str, tag: &ChannelScope) -> Standing {
    append(log, key, said(text, tag), Expect::Nothing).unwrap()
}

fn read(log: &MemoryLog, key: &LogKey, count: usize) -> (Vec<String>, bool) {
    read_as(log, key, &None, None, count)
}

fn read_as(
    log: &MemoryLog,
    key: &LogKey,
    address: &ChannelScope,
    after: Option<Token>,
    count: usize,
) -> (Vec<String>, bool) {
    let asked = Read {
        log: key.clone(),
        address: address.clone(),
        after,
        count,
        bytes: 1 << 20,
    };
    let Ok(Ok(page)) = polled_once(log.read(asked)) else {
        panic!("it is in memory");
    };
    let text = |said: &Said| String::from_utf8(said.content.args.to_vec()).unwrap();
    let letters = page.letters.iter().map(|(_, said)| text(said));
    (letters.collect(), page.complete)
}

fn token(standing: Standing) -> Option<Token> {
    Some(standing.position.token())
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|&text| text.to_owned()).collect()
}

/// Runs a test where timers are held.
fn held<F: Future<Output = ()>>(test: F) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    tokio::task::LocalSet::new().block_on(&runtime.unwrap(), test);
}

#[test]
fn cursors_rise_over_all_rooms_and_offsets_within_each() {
    held(async {
        let (log, _) = log_with(few(10));
        let numbers = |standing: Standing| (standing.position.cursor, standing.position.offset);
        assert_eq!(numbers(say(&log, &room("a"), "1")), (1, 1));
        assert_eq!(numbers(say(&log, &room("b"), "2")), (2, 1));
        assert_eq!(numbers(say(&log, &room("a"), "3")), (3, 2));
        assert_eq!(numbers(say(&log, &LogKey::Everyone, "4")), (4, 1));
        assert_eq!(numbers(log.open(&room("a"))), (4, 2));
    });
}

#[test]
fn a_batch_is_taken_under_its_condition_and_not_otherwise() {
    held(async {
        let (log, _) = log_with(few(10));
        let key = room("r");
        let joined = |name: &str| {
            RoomEvent::Joined(Joined {
                member: MemberId::new(name),
                tag: None,
                account: None,
                user: None,
                leave_event: None,
            })
        };
        let policy = || RoomEvent::Policy(None, Policy::default());
        log.open(&key);
        assert_eq!(
            append(&log, &key, joined("a"), Expect::Exactly(0))
                .unwrap()
                .revision,
            1
        );
        assert_eq!(
            append(&log, &key, joined("b"), Expect::Exactly(0)),
            Err(AppendRefusal::Conflict)
        );
        assert_eq!(
            append(&log, &key, joined("b"), Expect::Policy(0))
                .unwrap()
                .revision,
            2
        );
        let standing = append(&log, &key, policy(), Expect::Policy(0)).unwrap();
        assert_eq!((standing.revision, standing.policy), (3, 3));
        let refused = append(&log, &key, said("no", &None), Expect::Policy(0));
        assert_eq!(refused, Err(AppendRefusal::Conflict));
        assert_eq!(
            read(&log, &key, 9),
            (vec![], true),
            "what is refused is not there"
        );
        append(&log, &key, said("yes", &None), Expect::Policy(3)).unwrap();
        let of_another_epoch = Batch {
            id: BatchId(0),
            log: key.clone(),
            events: Events::new(),
            expect: Expect::Policy(3),
            epoch: Epoch(0),
            ends: Vec::new(),
        };
        let appended = log.append(of_another_epoch);
        assert!(matches!(
            appended,
            Appended::Refused(AppendRefusal::Conflict)
        ));
        log.close(&key, &[]);
        let standing = log.open(&key);
        assert_eq!(standing.policy, 0, "a room made anew knows nothing");
        assert_eq!(
            standing.revision, 3,
            "and nothing that was decided before holds"
        );
        assert_eq!(standing.position.offset, 1, "its log goes on");
    });
}

#[test]
fn the_newest_letters_come_in_order_and_whether_that_is_all_is_said() {
    held(async {
        let (log, _) = log_with(few(4));
        let key = room("r");
        log.open(&key);
        assert_eq!(read(&log, &key, 2), (vec![], true));
        let first = say(&log, &key, "1");
        say(&log, &key, "2");
        assert_eq!(read(&log, &key, 0), (vec![], true));
        assert_eq!(read(&log, &key, 1), (texts(&["2"]), true));
        assert_eq!(
            read(&log, &key, 9),
            (texts(&["1", "2"]), true),
            "it is all there ever was"
        );
        let since = |after, count| read_as(&log, &key, &None, token(after), count);
        assert_eq!(since(first, 9), (texts(&["2"]), true));
        for number in 3..=5 {
            say(&log, &key, &number.to_string());
        }
        assert_eq!(read(&log, &key, 4), (texts(&["2", "3", "4", "5"]), true));
        assert_eq!(
            read(&log, &key, 9),
            (texts(&["2", "3", "4", "5"]), false),
            "one is gone"
        );
        assert_eq!(since(first, 9), (texts(&["2", "3", "4", "5"]), true));
        assert_eq!(since(first, 3), (texts(&["3", "4", "5"]), false));
        say(&log, &key, "6");
        assert_eq!(since(first, 9), (texts(&["3", "4", "5", "6"]), false));
        let foreign = Token {
            epoch: Epoch(1),
            cursor: 5,
        };
        let all = texts(&["3", "4", "5", "6"]);
        assert_eq!(read_as(&log, &key, &None, Some(foreign), 9), (all, false));
    });
}

#[test]
fn letters_of_an_address_are_those_that_match_it() {
    held(async {
        let (log, _) = log_with(few(10));
        let key = room("r");
        for (text, tag) in [("c", tag("c")), ("d", tag("d")), ("none", None)] {
            say_to(&log, &key, text, &tag);
        }
        let of = |address: &ChannelScope| read_as(&log, &key, address, None, 9).0;
        assert_eq!(of(&tag("c")), ["c", "none"]);
        assert_eq!(of(&tag("x")), ["none"]);
        assert_eq!(of(&None), ["c", "d", "none"]);
    });
}

#[test]
fn what_was_said_at_an_address_whose_history_ends_is_gone_and_no_other() {
    held(async {
        let (log, account) = log_with(few(10));
        let key = room("r");
        for (text, tag) in [("c", tag("c")), ("d", tag("d")), ("none", None)] {
            say_to(&log, &key, text, &tag);
        }
        let left = |tag| RoomEvent::Policy(tag, Policy::default());
        append_ending(&log, &key, left(tag("c")), Expect::Nothing, vec![tag("c")]).unwrap();
        assert_eq!(read(&log, &key, 9), (texts(&["d", "none"]), false));
        append_ending(&log, &key, left(None), Expect::Nothing, vec![None]).unwrap();
        assert_eq!(
            read(&log, &key, 9),
            (vec![], false),
            "without a channel it is closed in all"
        );
        assert_eq!(account.held(Held::History), 0);
    });
}

/// Who came later read what the last member of a private room had said, as the log had not taken its leave.
#[test]
fn a_room_that_ends_tells_what_of_its_history_ends() {
    held(async {
        let (log, account) = log_with(few(10));
        let key = room("r");
        log.open(&key);
        say_to(&log, &key, "private", &tag("c"));
        say_to(&log, &key, "open", &tag("d"));
        log.close(&key, &[tag("c")]);
        assert_eq!(read(&log, &key, 9), (texts(&["open"]), false));
        log.close(&key, &[None]);
        assert_eq!(account.held(Held::History), 0);
    });
}

/// A lone member came back and was told that nothing had been said.
#[test]
fn what_was_said_to_nobody_is_not_kept_and_a_history_before_it_is_not_whole() {
    held(async {
        let (log, _) = log_with(few(10));
        let known = room("known");
        log.open(&known);
        let before = say(&log, &known, "x");
        assert_eq!(
            read_as(&log, &known, &None, token(before), 9),
            (vec![], true)
        );
        log.close(&known, &[]);
        log.missed(&known);
        assert_eq!(
            read_as(&log, &known, &None, token(before), 9),
            (vec![], false)
        );
        assert_eq!(read(&log, &room("other"), 0), (vec![], true));
        log.missed(&room("unknown"));
        let unknown = read_as(&log, &room("unknown"), &None, token(before), 9);
        assert_eq!(unknown, (vec![], false));
        let after = say(&log, &known, "y");
        assert_eq!(
            read_as(&log, &known, &None, token(after), 9),
            (vec![], true)
        );
    });
}

#[test]
fn a_position_that_was_never_given_is_none() {
    held(async {
        let (log, _) = log_with(few(10));
        let mut ahead = say(&log, &room("r"), "x");
        ahead.position.cursor += 1;
        assert_eq!(
            read_as(&log, &room("r"), &None, token(ahead), 9),
            (texts(&["x"]), false)
        );
    });
}

#[test]
fn what_is_not_for_later_is_numbered_and_not_kept() {
    held(async {
        let (log, _) = log_with(few(10));
        let RoomEvent::Said(secret) = said("secret", &None) else {
            panic!("it says something");
        };
        let mut secret = Said::clone(&secret);
        secret.for_later = false;
        let key = room("r");
        let standing = append(
            &log,
            &key,
            RoomEvent::Said(Arc::new(secret)),
            Expect::Nothing,
        );
        assert_eq!(standing.unwrap().position.offset, 1);
        assert_eq!(read(&log, &key, 9), (vec![], false));
    });
}
