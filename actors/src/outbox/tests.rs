//! The outbox as a value: limits, ends, what a taker finds, and who is woken. Time is held.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::{
    sync::atomic::{AtomicUsize, Ordering},
    task::Wake,
};

use super::*;
use crate::account::{Held, MemoryAccount};

mod latest;
mod reading;

const STALL: Duration = Duration::from_secs(20);

#[derive(Default)]
struct Count(AtomicUsize);

impl Wake for Count {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

fn outbox(bytes_max: usize, count_max: usize) -> (Arc<Outbox>, Arc<MemoryAccount>) {
    let process = MemoryAccount::new(1 << 40, 1 << 40);
    let account = SessionAccount::new(process.clone(), None, 1 << 30);
    let limits = OutboxLimits {
        bytes_max,
        count_max,
        stall_timeout: STALL,
    };
    (Outbox::new(limits, account), process)
}

fn part(length: usize) -> WsFrame {
    WsFrame {
        frame: vec![b'x'; length].into(),
        header: 2,
        binary: false,
        uncompressed: false,
    }
}

fn frame(length: usize) -> Frame {
    Frame::single(part(length))
}

fn take(outbox: &Outbox, max: usize) -> (Poll<Taken>, Vec<usize>) {
    take_parts(outbox, max, usize::MAX)
}

fn take_parts(outbox: &Outbox, bytes: usize, count: usize) -> (Poll<Taken>, Vec<usize>) {
    let mut parts = Vec::new();
    let mut cx = Context::from_waker(Waker::noop());
    let taken = outbox.poll_take(&mut cx, bytes, count, &mut parts);
    (taken, parts.iter().map(|part| part.frame.len()).collect())
}

fn gauge(process: &MemoryAccount) -> u64 {
    process.waiting_bytes()
}

/// Pushes a shared frame and wakes the taker.
fn push(outbox: &Outbox, frame: Frame, volatile: bool) -> Result<Pushed, Full> {
    let (pushed, to_wake) = outbox.push(frame, volatile)?;
    if to_wake {
        outbox.wake();
    }
    Ok(pushed)
}

const SOME: Poll<Taken> = Poll::Ready(Taken::Some { ping: false });

#[test]
fn an_empty_outbox_takes_a_letter_of_any_size_and_then_none_above_its_bytes() {
    let (outbox, _) = outbox(10 + 2 * ENTRY, 100);
    assert!(push(&outbox, frame(500), false).is_ok());
    assert_eq!(push(&outbox, frame(1), false), Err(Full));
    let _ = take(&outbox, 1);
    assert!(push(&outbox, frame(9), false).is_ok());
    assert!(push(&outbox, frame(1), false).is_ok());
    assert_eq!(push(&outbox, frame(1), false), Err(Full));
}

#[test]
fn no_more_frames_wait_than_the_count_allows() {
    let (outbox, _) = outbox(1000, 2);
    assert!(push(&outbox, frame(1), false).is_ok());
    assert!(push(&outbox, frame(1), false).is_ok());
    assert_eq!(push(&outbox, frame(1), false), Err(Full));
}

#[test]
fn a_volatile_letter_is_dropped_where_anything_waits() {
    let (outbox, process) = outbox(10 + 2 * ENTRY, 100);
    assert_eq!(push(&outbox, frame(3), true), Ok(Pushed::Taken));
    assert_eq!(push(&outbox, frame(1), true), Ok(Pushed::Dropped));
    assert!(push(&outbox, frame(6), false).is_ok());
    // No room either, and nobody is blamed.
    assert_eq!(push(&outbox, frame(7), true), Ok(Pushed::Dropped));
    assert_eq!(gauge(&process), 9);
    assert_eq!(take(&outbox, 100).1, [3, 6]);
    assert_eq!(gauge(&process), 0);
    assert_eq!(push(&outbox, frame(1), true), Ok(Pushed::Taken));
}

#[test]
fn the_parts_of_one_frame_are_taken_together_even_above_what_the_taker_asked_for() {
    let (outbox, _) = outbox(1000, 100);
    let whole = Frame {
        first: part(4),
        rest: Some(vec![part(50), part(60)].into()),
    };
    push(&outbox, whole, false).unwrap();
    push(&outbox, frame(5), false).unwrap();
    assert_eq!(take(&outbox, 1), (SOME, vec![4, 50, 60]));
    assert_eq!(take(&outbox, 1), (SOME, vec![5]));
}

#[test]
fn an_end_that_does_not_flush_frees_memory_and_gauge_at_once() {
    let (outbox, process) = outbox(1000, 100);
    push(&outbox, frame(100), false).unwrap();
    outbox.end(CloseReason::OutboxFull);
    assert_eq!((outbox.bytes(), gauge(&process)), (0, 0));
    assert_eq!(
        take(&outbox, 100),
        (Poll::Ready(Taken::Ended(CloseReason::OutboxFull)), vec![])
    );
    assert_eq!(push(&outbox, frame(100), false), Ok(Pushed::Dropped));
    assert_eq!((outbox.bytes(), gauge(&process)), (0, 0));
}

#[test]
fn an_end_that_flushes_hands_out_the_rest_first_and_the_first_reason_stands() {
    let (outbox, process) = outbox(1000, 100);
    push(&outbox, frame(100), false).unwrap();
    outbox.end(CloseReason::ShuttingDown);
    outbox.end(CloseReason::OutboxFull);
    assert_eq!(take(&outbox, 1000), (SOME, vec![100]));
    assert_eq!(
        take(&outbox, 1000).0,
        Poll::Ready(Taken::Ended(CloseReason::ShuttingDown))
    );
    assert_eq!(gauge(&process), 0);
}

#[test]
fn a_dropped_outbox_gives_its_bytes_back() {
    let (outbox, process) = outbox(1000, 100);
    push(&outbox, frame(100), false).unwrap();
    assert_eq!(gauge(&process), 100);
    drop(outbox);
    assert_eq!(gauge(&process), 0);
}

#[test]
fn a_ping_goes_before_what_waits_and_once() {
    let (outbox, _) = outbox(1000, 100);
    push(&outbox, frame(1), false).unwrap();
    outbox.ping();
    assert_eq!(
        take(&outbox, 10),
        (Poll::Ready(Taken::Some { ping: true }), vec![1])
    );
    assert_eq!(take(&outbox, 10).0, Poll::Pending);
}

#[test]
fn a_waiting_taker_is_woken_by_a_letter_a_ping_a_nudge_and_the_end() {
    let wakes: [fn(&Outbox); 4] = [
        |outbox| assert!(push(outbox, frame(1), false).is_ok()),
        Outbox::ping,
        Outbox::nudge,
        |outbox| outbox.end(CloseReason::PingTimeout),
    ];
    for wake in wakes {
        let (outbox, _) = outbox(1000, 100);
        let count = Arc::new(Count::default());
        let waker = Waker::from(count.clone());
        let mut cx = Context::from_waker(&waker);
        assert_eq!(
            outbox.poll_take(&mut cx, 10, 10, &mut Vec::new()),
            Poll::Pending
        );
        wake(&outbox);
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
        assert!(take(&outbox, 10).0.is_ready());
    }
}

#[test]
fn a_taker_that_is_stuck_in_a_write_is_cut_only_by_an_end_that_does_not_flush() {
    for (reason, cut) in [
        (CloseReason::Stalled, true),
        (CloseReason::ShuttingDown, false),
    ] {
        let (outbox, _) = outbox(1000, 100);
        let count = Arc::new(Count::default());
        let waker = Waker::from(count.clone());
        let mut cx = Context::from_waker(&waker);
        assert_eq!(outbox.poll_cut(&mut cx), Poll::Pending);
        outbox.end(reason);
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
        assert_eq!(outbox.poll_cut(&mut cx).is_ready(), cut);
    }
}

fn held_time(test: impl AsyncFnOnce()) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build();
    runtime.unwrap().block_on(test());
}

/// Looks at a reader as its courier does, for a time; whether it stalled.
async fn looks(outbox: &Outbox, time: Duration) -> bool {
    let until = Instant::now() + time;
    while Instant::now() < until {
        if outbox.is_stalled(Instant::now()) {
            return true;
        }
        tokio::time::advance(STALL / 16).await;
    }
    false
}

#[test]
fn a_reader_that_takes_nothing_is_stalled_when_its_time_is_over_without_another_push() {
    held_time(async || {
        let (outbox, _) = outbox(1000, 100);
        assert!(!looks(&outbox, STALL * 3).await, "it is idle, not stalled");
        push(&outbox, frame(1), false).unwrap();
        assert!(!looks(&outbox, STALL).await);
        assert!(looks(&outbox, STALL / 2).await);
    });
}

#[test]
fn a_reader_is_stalled_below_a_thousand_bytes_a_second_and_not_at_that() {
    for (rate, stalls) in [(STALL_RATE - 50, true), (STALL_RATE + 50, false)] {
        held_time(async || {
            let (outbox, _) = outbox(1 << 20, 100);
            push(&outbox, frame(1 << 20), false).unwrap();
            let _ = take(&outbox, usize::MAX);
            let mut stalled = false;
            for _ in 0..2 * STALL.as_secs() {
                stalled |= outbox.is_stalled(Instant::now());
                outbox.wrote(rate as usize, false);
                tokio::time::advance(Duration::from_secs(1)).await;
            }
            assert_eq!(stalled, stalls, "{rate} bytes a second");
        });
    }
}

/// The second of two namespaces that told a client of former times took the place of the first, which waited for ever.
#[test]
fn all_who_wait_for_an_outbox_to_be_calm_are_woken() {
    let (outbox, _) = outbox(4 * (100 + ENTRY), 100);
    for _ in 0..3 {
        push(&outbox, frame(100), false).unwrap();
    }
    let counts = [(); 2 * CALM_MAX].map(|()| Arc::new(Count::default()));
    for count in &counts {
        let waker = Waker::from(count.clone());
        for _ in 0..2 {
            let mut cx = Context::from_waker(&waker);
            assert!(outbox.poll_calm(&mut cx).is_pending());
        }
    }
    let _ = take(&outbox, 100);
    for count in counts {
        assert_eq!(count.0.load(Ordering::Relaxed), 1);
    }
}

#[test]
fn a_client_is_not_read_while_over_half_of_its_outbox_waits() {
    let (outbox, _) = outbox(4 * (100 + ENTRY), 100);
    let count = Arc::new(Count::default());
    let waker = Waker::from(count.clone());
    let mut cx = Context::from_waker(&waker);
    for _ in 0..2 {
        push(&outbox, frame(100), false).unwrap();
        assert!(outbox.poll_calm(&mut cx).is_ready());
    }
    push(&outbox, frame(100), false).unwrap();
    assert!(outbox.poll_calm(&mut cx).is_pending());
    let _ = take(&outbox, 100);
    assert_eq!(count.0.load(Ordering::Relaxed), 1);
    assert!(outbox.poll_calm(&mut cx).is_ready());
}

#[test]
fn a_ping_has_left_when_it_was_written_and_not_when_it_was_taken() {
    let (outbox, _) = outbox(1000, 100);
    outbox.ping();
    assert_eq!(outbox.ping_left(), PingLeft::Unread);
    let _ = take(&outbox, 10);
    assert_eq!(outbox.ping_left(), PingLeft::Behind);
    outbox.wrote(3, true);
    assert!(matches!(outbox.ping_left(), PingLeft::At(_)));
}

#[test]
fn a_taker_gets_no_more_parts_than_it_asks_for_but_always_a_whole_frame() {
    let (outbox, process) = outbox(10_000, 100);
    let blobs = Frame {
        first: part(1),
        rest: Some([part(2), part(3)].into()),
    };
    for frame in [frame(4), blobs.clone(), blobs, frame(5)] {
        assert_eq!(push(&outbox, frame, false), Ok(Pushed::Taken));
    }
    assert_eq!(take_parts(&outbox, 100, 3), (SOME, vec![4]));
    assert_eq!(take_parts(&outbox, 100, 2), (SOME, vec![1, 2, 3]));
    assert_eq!(take_parts(&outbox, 100, 4), (SOME, vec![1, 2, 3, 5]));
    assert_eq!(gauge(&process), 0);
}

#[test]
fn a_frame_of_its_own_is_counted_until_it_is_written_dropped_or_cleared() {
    let (outbox, process) = outbox(100_000, 3);
    let held = || process.held(Held::Outbox) - process.waiting_frames() * ENTRY as u64;
    assert!(outbox.push_own(frame(10), false).is_ok());
    assert!(outbox.push_own(frame(20), true).is_ok());
    assert_eq!(held(), 10);
    assert!(outbox.push_own(frame(80), false).is_ok());
    assert_eq!(held(), 90);
    let _ = take(&outbox, 1);
    outbox.wrote(9, false);
    assert_eq!(held(), 90);
    outbox.wrote(1, true);
    assert_eq!(held(), 80);
    // A shared one has its charge elsewhere, and a large one of its own too.
    assert!(push(&outbox, frame(5), false).is_ok());
    let large = frame(5000).charged_to_its_client(&process);
    assert!(outbox.push_own(large, false).is_ok());
    assert_eq!(held(), 80 + 5000);
    let _ = take(&outbox, 1);
    outbox.end(CloseReason::Stalled);
    assert_eq!(held(), 0);
}

/// Above the hub's limit quiet members went first, and those who filled it stayed.
#[tokio::test(start_paused = true)]
async fn who_has_nothing_to_take_does_not_count_as_one_who_takes_nothing() {
    let (outbox, _) = outbox(1000, 10);
    tokio::time::advance(2 * READING).await;
    assert!(outbox.is_read());
    assert!(push(&outbox, frame(1), false).is_ok());
    assert!(!outbox.is_read());
    let _ = take(&outbox, 1);
    assert!(!outbox.is_read(), "it is under way");
    outbox.wrote(1, true);
    tokio::time::advance(2 * READING).await;
    assert!(outbox.is_read());
}

#[test]
fn a_dropped_letter_does_not_keep_the_next_one_from_waking() {
    let (outbox, _) = outbox(100_000, 1);
    assert!(push(&outbox, frame(1), false).is_ok());
    // A poll that may not take yet waits beside what lies there.
    let mut cx = Context::from_waker(Waker::noop());
    assert!(outbox.poll_nudged(&mut cx).is_pending());
    assert_eq!(outbox.push(frame(1), true), Ok((Pushed::Dropped, false)));
    let _ = take(&outbox, 1);
    assert_eq!(outbox.push(frame(1), false), Ok((Pushed::Taken, true)));
}
