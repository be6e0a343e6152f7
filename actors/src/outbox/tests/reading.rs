//! Who is waited for, and who counts as reading.

use super::*;

#[test]
fn a_reader_is_behind_when_much_waits_and_it_reads() {
    held_time(async || {
        let (outbox, _) = outbox(1 << 30, 10_000);
        for _ in 0..BEHIND {
            assert_eq!(push(&outbox, frame(1), false), Ok(Pushed::Taken));
        }
        outbox.wrote(1000 * READ_RATE, false);
        assert_eq!(push(&outbox, frame(1), false), Ok(Pushed::Behind));
        tokio::time::advance(WAITED_FOR).await;
        assert_eq!(
            push(&outbox, frame(1), false),
            Ok(Pushed::Taken),
            "it reads nothing"
        );
    });
}

/// Who has always taken everything at once was the first to be closed where memory was short: its last write was long ago.
#[test]
fn who_has_kept_up_counts_as_reading_until_it_was_looked_at_and_a_little_longer() {
    held_time(async || {
        let (outbox, _) = outbox(1 << 30, 10_000);
        push(&outbox, frame(1), false).unwrap();
        let _ = take(&outbox, 10);
        outbox.wrote(1, true);
        tokio::time::advance(10 * READING).await;
        for _ in 0..=BEHIND {
            let _ = push(&outbox, frame(1), false);
        }
        assert!(outbox.is_read() && outbox.behind());
        assert!(!outbox.is_stalled(Instant::now()));
        assert!(outbox.is_read() && outbox.behind());
        tokio::time::advance(READING).await;
        assert!(!outbox.is_read() && !outbox.behind());
    });
}

/// A majority that takes a byte now and then would hold its room for ever.
#[test]
fn rooms_wait_for_a_reader_only_as_long_as_it_takes_enough() {
    held_time(async || {
        let (outbox, _) = outbox(1 << 30, 10_000);
        for _ in 0..=BEHIND {
            let _ = push(&outbox, frame(1), false);
        }
        let mut waited_for = 0;
        for _ in 0..100 {
            outbox.wrote(READ_RATE / 100, false);
            tokio::time::advance(Duration::from_millis(50)).await;
            waited_for += usize::from(outbox.behind());
        }
        assert_eq!(waited_for, 0, "a fifth of the rate");
        outbox.wrote(READ_RATE, false);
        tokio::time::advance(Duration::from_millis(999)).await;
        assert!(outbox.behind());
    });
}
