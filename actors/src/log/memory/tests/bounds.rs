//! How much is kept, and how long.

use std::time::Duration;

use super::{
    super::record::{LETTER, RECORD},
    *,
};

/// One session filled seventy channels in a second, and what everybody else had said was gone.
#[test]
fn bytes_are_on_the_account_and_of_too_much_the_largest_logs_lose_their_oldest_letters() {
    held(async {
        let few_bytes = LETTER + RECORD + "sayx".len();
        let (log, account) = log_with(HistorySettings {
            bytes: 40 * few_bytes,
            ..few(1000)
        });
        let quiet = ["a", "b", "c"];
        for name in quiet {
            say(&log, &room(name), "x");
        }
        assert_eq!(account.held(Held::History), 3 * few_bytes as u64);
        let mut last = Standing::default();
        for number in 0..100 {
            last = say(&log, &room(["y", "z"][number % 2]), &format!("{number:03}"));
            assert!(account.held(Held::History) <= 40 * few_bytes as u64);
        }
        for name in quiet {
            assert_eq!(read(&log, &room(name), 9), (texts(&["x"]), true), "{name}");
        }
        let (told, complete) = read(&log, &room("z"), 100);
        assert!((10..50).contains(&told.len()) && !complete, "{told:?}");
        assert_eq!(told.last().map(String::as_str), Some("099"));
        let since = read_as(&log, &room("z"), &None, token(last), 9);
        assert_eq!(since, (vec![], true), "all that is gone was before");
        drop(log);
        assert_eq!(account.held(Held::History), 0);
    });
}

#[test]
fn a_room_that_speaks_much_leaves_the_others_their_letters() {
    held(async {
        let (log, account) = log_with(few(100_000));
        say(&log, &room("quiet"), "x");
        let large = "x".repeat(LOG_BYTES / 8);
        for _ in 0..100 {
            say(&log, &room("loud"), &large);
        }
        assert_eq!(read(&log, &room("quiet"), 9), (texts(&["x"]), true));
        assert!(account.held(Held::History) <= (LOG_BYTES + 2 * (RECORD + LETTER)) as u64);
    });
}

/// Places in the order of all letters outgrew the letters: a room kept a thousand, and its places were kept for the time of
/// their letters.
#[test]
fn what_is_gone_leaves_nothing_behind() {
    held(async {
        let (log, _) = log_with(few(10));
        let held = |log: &MemoryLog| log.0.borrow().order.len();
        say(&log, &room("r"), "first");
        for _ in 0..10 * GONE_MAX {
            say_to(&log, &room("r"), "x", &tag("c"));
        }
        assert!(held(&log) <= GONE_MAX + 30);
        for _ in 0..10 * GONE_MAX {
            for name in ["x", "y"] {
                say_to(&log, &room("s"), name, &tag(name));
            }
            let ends = vec![tag("x"), tag("y")];
            let policy = RoomEvent::Policy(None, Policy::default());
            append_ending(&log, &room("s"), policy, Expect::Nothing, ends).unwrap();
        }
        assert!(held(&log) <= GONE_MAX + 30);
    });
}

#[test]
fn letters_are_forgotten_when_they_are_too_old_and_the_log_with_them() {
    held(async {
        let (log, account) = log_with(HistorySettings {
            age: Duration::from_secs(60),
            ..few(10)
        });
        log.open(&room("open"));
        for name in ["open", "closed"] {
            say(&log, &room(name), "old");
        }
        sleep(Duration::from_secs(50)).await;
        let young = say(&log, &room("open"), "young");
        assert_eq!(
            read(&log, &room("open"), 9),
            (texts(&["old", "young"]), true)
        );
        sleep(Duration::from_secs(12)).await;
        assert_eq!(read(&log, &room("open"), 9), (texts(&["young"]), false));
        assert!(!log.0.borrow().logs.contains_key(&room("closed")));
        assert_eq!(
            read(&log, &room("closed"), 9),
            (vec![], false),
            "it may have had letters"
        );
        sleep(Duration::from_secs(60)).await;
        assert_eq!(account.held(Held::History), 0);
        assert_eq!(
            log.open(&room("open")).position,
            young.position,
            "numbers go on"
        );
        // Nothing was looked at meanwhile.
        sleep(Duration::from_secs(3600)).await;
        say(&log, &room("open"), "later");
        sleep(Duration::from_secs(50)).await;
        assert_eq!(read(&log, &room("open"), 1), (texts(&["later"]), true));
    });
}

#[test]
fn what_is_kept_goes_when_the_process_is_crowded() {
    held(async {
        let account = MemoryAccount::new(100_000, 100_000);
        let log = MemoryLog::new(few(1000), account.clone());
        for _ in 0..100 {
            say(&log, &room("r"), "x");
        }
        let kept = account.held(Held::History);
        account.add(Held::Sessions, 70_000);
        sleep(2 * SWEEP).await;
        let left = account.held(Held::History);
        assert!(0 < left && left < kept, "{left} of {kept}");
        assert!(!account.crowded());
    });
}

#[test]
fn plain_rooms_and_a_log_without_history_keep_nothing() {
    held(async {
        let (log, account) = log_with(few(0));
        say(&log, &room("r"), "x");
        let (plain, more) = log_with(few(10));
        for key in [LogKey::Room(RoomKey::plain("p")), LogKey::Everyone] {
            say(&plain, &key, "x");
        }
        for account in [account, more] {
            assert_eq!(account.held(Held::History), 0);
        }
        assert_eq!(read(&log, &room("r"), 9), (vec![], false), "and it says so");
    });
}

/// One message to a channel that nobody was in made every later channel of the hub say that something was missing.
#[test]
fn what_one_log_lost_is_not_held_against_others() {
    held(async {
        let (log, _) = log_with(few(1000));
        log.missed(&room("ghost"));
        for number in 0..20 {
            // Ends with all its letters.
            let name = room(&format!("ended {number}"));
            log.open(&name);
            say(&log, &name, "x");
            log.close(&name, &[None]);
        }
        let fresh = |number: u32| room(&format!("fresh {number}"));
        let whole = (0..200).filter(|number| {
            log.open(&fresh(*number));
            say(&log, &fresh(*number), "x");
            read(&log, &fresh(*number), 9) == (texts(&["x"]), true)
        });
        // They share places of a table; by chance one or two seem to have lost something.
        assert!(whole.count() > 190);
        for known in [room("ghost"), room("ended 7")] {
            assert_eq!(read(&log, &known, 9), (vec![], false), "{known:?}");
            log.open(&known);
            say(&log, &known, "y");
            assert_eq!(read(&log, &known, 9), (texts(&["y"]), false), "{known:?}");
        }
    });
}
