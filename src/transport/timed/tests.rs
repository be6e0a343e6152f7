//! The times, in virtual time.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::future::poll_fn;

use futures_util::FutureExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::advance;

use super::bounds::Due;
use super::pacing::{PIPELINED, Room, TURN};
use super::*;
use crate::transport::address::TrustedProxies;

pub(super) const TIMES: Times = Times {
    request: Duration::from_secs(10),
    stall: Duration::from_secs(20),
    idle: Duration::from_secs(75),
};

/// Runs in virtual time.
fn timed(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .start_paused(true)
        .build();
    runtime.unwrap().block_on(test);
}

fn in_phase(phase: Phase) -> Rc<Progress> {
    let progress = Progress::new();
    progress.enter(phase);
    progress
}

fn hears(progress: &Progress, bytes: usize) {
    progress.read.set(progress.read.get() + bytes);
    progress.starved.set(true);
}

async fn after(progress: &Progress, seconds: u64) -> Result<bool, Slow> {
    advance(Duration::from_secs(seconds)).await;
    progress.judge(TIMES).map(|look| look.is_some())
}

#[test]
fn between_requests_and_while_one_is_served_no_time_runs() {
    timed(async {
        for phase in [Phase::Idle, Phase::Served] {
            let progress = in_phase(phase);
            assert_eq!(after(&progress, 0).await, Ok(false));
            assert_eq!(after(&progress, 3600).await, Ok(false));
        }
    });
}

/// Fails if an idle connection stands for ever, or is closed although requests came within its time.
#[test]
fn a_connection_is_idle_for_its_time_and_no_longer_than_twice_that() {
    timed(async {
        let progress = in_phase(Phase::Idle);
        let mut idle = Idle::default();
        let mut over = async |seconds| {
            advance(Duration::from_secs(seconds)).await;
            let over = poll_fn(|cx| Poll::Ready(idle.poll_over(cx, &progress, TIMES.idle)));
            over.await.is_ready()
        };
        assert!(!over(0).await);
        for _ in 0..10 {
            assert!(!over(74).await);
            progress.used.set(true);
            assert!(!over(1).await, "a request has come");
        }
        assert!(!over(74).await);
        assert!(over(1).await);
    });
}

#[test]
fn a_head_has_its_time_however_much_of_it_comes() {
    timed(async {
        let progress = in_phase(Phase::Head);
        assert_eq!(after(&progress, 0).await, Ok(true));
        hears(&progress, 30_000);
        assert_eq!(after(&progress, 9).await, Ok(true));
        assert_eq!(after(&progress, 1).await, Err(Slow::Head));
    });
}

#[test]
fn a_body_must_begin_and_then_keep_its_rate() {
    timed(async {
        let silent = in_phase(Phase::Body { begun: false });
        assert_eq!(after(&silent, 0).await, Ok(true));
        hears(&silent, 0);
        assert_eq!(after(&silent, 10).await, Err(Slow::Body));
        let steady = in_phase(Phase::Body { begun: false });
        assert_eq!(after(&steady, 0).await, Ok(true));
        hears(&steady, 1);
        assert_eq!(after(&steady, 10).await, Ok(true));
        for _ in 0..100 {
            hears(&steady, 10 * 1024);
            assert_eq!(after(&steady, 10).await, Ok(true));
        }
        hears(&steady, 10 * 1024 - 1);
        assert_eq!(after(&steady, 10).await, Err(Slow::Body));
    });
}

#[test]
fn a_body_that_we_do_not_ask_for_is_not_late() {
    timed(async {
        let progress = in_phase(Phase::Body { begun: true });
        assert_eq!(after(&progress, 0).await, Ok(true));
        assert_eq!(after(&progress, 30).await, Ok(true));
    });
}

/// Fails if a peer is taken for slow that has sent all of a body which its handler is yet to read.
#[test]
fn a_body_that_has_come_is_not_late_however_long_its_handler_waits() {
    timed(async {
        let reader = Reader::new();
        reader.called(Some(10));
        assert_eq!(reader.0.bounds.of_body(&[b'x'; 10]), 10);
        hears(&reader.0, 0);
        assert_eq!(after(&reader.0, 0).await, Ok(false));
        assert_eq!(after(&reader.0, 3600).await, Ok(false));
    });
}

/// A busy hub that takes its time over what has come must not take its client for slow.
#[test]
fn a_body_of_which_something_was_late_and_then_waits_for_us_is_not_slow() {
    timed(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut peer = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        let progress = in_phase(BODY);
        progress.bounds.head_ended(Some(100_000));
        progress.bounds.called(Some(100_000));
        progress.pacing.asked();
        let mut stream = Timed {
            stream: SocketStream::Plain(listener.accept().await.unwrap().0),
            progress: progress.clone(),
            socket: Sockets::new(TrustedProxies::default()).enter(None).unwrap(),
            mender: Mender::default(),
        };
        let mut bytes = [0; 100];
        let nothing = stream.read(&mut bytes).now_or_never();
        assert!(nothing.is_none(), "nothing has come yet");
        assert_eq!(after(&progress, 0).await, Ok(true));
        peer.write_all(&bytes).await.unwrap();
        stream.read_exact(&mut bytes).await.unwrap();
        assert_eq!(after(&progress, 10).await, Ok(true));
        // We want more, and it does not come.
        assert!(stream.read(&mut bytes).now_or_never().is_none());
        assert_eq!(after(&progress, 10).await, Err(Slow::Body));
    });
}

#[test]
fn an_answer_that_is_not_read_has_its_time_and_the_next_head_behind_it_waits() {
    timed(async {
        let progress = in_phase(Phase::Head);
        progress.blocked.set(true);
        assert_eq!(after(&progress, 0).await, Ok(true));
        progress.written.set(20 * 1024);
        assert_eq!(after(&progress, 20).await, Ok(true));
        progress.written.set(20 * 1024 - 1);
        assert_eq!(after(&progress, 20).await, Err(Slow::Answer));
        // Once the answer is through, the head has all of its time.
        progress.blocked.set(false);
        assert_eq!(after(&progress, 0).await, Ok(true));
        assert_eq!(after(&progress, 9).await, Ok(true));
    });
}

const SERVED: Phase = Phase::Served;
const BODY: Phase = Phase::Body { begun: true };

/// A connection whose socket has whatever it is asked for.
struct Reader(Rc<Progress>);

impl Reader {
    fn new() -> Self {
        Self(Progress::new())
    }

    /// A request passes that has come whole, but for so much of its body.
    fn called(&self, left: Option<usize>) {
        self.0.bounds.head_ended(Some(0));
        self.0.bounds.called(left);
        self.0.pacing.called();
        self.0.enter(if left == Some(0) { SERVED } else { BODY });
    }

    /// So much comes that may be the next request.
    fn comes_ahead(&self, count: usize) {
        let mut ahead = self.0.pacing.ahead.borrow_mut();
        ahead.extend(vec![b'G'; count]);
    }

    fn answered(&self) {
        self.0.answered();
    }

    /// Reads as much as may be read in this turn, and answers how much that was, and when the next one is.
    fn turn(&self) -> (usize, Option<Next>) {
        let mut all = 0;
        while let Some(room) = self.0.room() {
            all += match room {
                Room::Request(count) => {
                    let is_head = matches!(self.0.bounds.due(), Due::Head);
                    let bytes = vec![b'x'; count];
                    assert!(is_head || self.0.bounds.of_body(&bytes) == count);
                    self.0.taken(count);
                    count
                }
                Room::Ahead(count) => {
                    self.comes_ahead(count);
                    count
                }
            };
        }
        (all, self.next())
    }

    fn next(&self) -> Option<Next> {
        let next = self.0.end_turn();
        if next == Some(Next::Now) {
            self.0.pacing.begin_turn();
        }
        next
    }
}

/// Fails if who sends a head without an end takes all of a thread's time.
#[test]
fn a_long_head_is_read_in_turns() {
    let reader = Reader::new();
    for _ in 0..3 {
        assert_eq!(reader.turn(), (TURN, Some(Next::Now)));
    }
}

/// Fails if pipelined requests are read one in a turn without ever a pause, or with one for each.
#[test]
fn behind_several_requests_that_lay_behind_each_other_there_is_a_pause() {
    let reader = Reader::new();
    for _ in 0..3 {
        for number in 1..=PIPELINED {
            reader.called(Some(0));
            reader.0.pacing.ahead.take();
            reader.comes_ahead(60);
            assert!(reader.0.room().is_some(), "its end would be seen");
            reader.answered();
            let paused = number == PIPELINED;
            let next = if paused { Next::Later } else { Next::Now };
            assert_eq!(reader.next(), Some(next), "{number}");
            assert_eq!(reader.0.room().is_none(), paused);
        }
        assert_eq!(reader.next(), None, "nobody wakes it in the pause");
        reader.0.pacing.begin_turn();
    }
    for _ in 0..3 * PIPELINED {
        reader.0.pacing.ahead.take();
        reader.called(Some(0));
        assert!(reader.0.room().is_some());
        reader.answered();
        assert_eq!(reader.next(), None, "who waits for each answer");
    }
}

#[test]
fn while_a_request_waits_for_its_answer_little_is_read_and_then_more() {
    let reader = Reader::new();
    reader.called(Some(0));
    assert_eq!(reader.turn(), (TURN, None));
    assert_eq!(reader.turn(), (0, None));
    reader.answered();
    assert_eq!(reader.0.phase.get(), Phase::Head);
    // Also by one who would not come back by itself.
    assert_eq!(reader.turn().1, Some(Next::Now));
}

/// Fails if a connection whose client is gone is told so while answers to what it has said may still be given, or never.
#[test]
fn an_end_behind_requests_is_told_once_one_of_them_waits() {
    let reader = Reader::new();
    reader.called(Some(0));
    reader.comes_ahead(60);
    assert!(reader.0.room().is_some());
    reader.0.pacing.end_behind();
    assert_eq!(reader.next(), Some(Next::Now), "to be told");
    assert!(reader.0.pacing.tells_end());
    assert!(reader.0.room().is_some());
    assert_eq!(reader.next(), None, "once");
    // What waited was answered: the next one that does is still to be read.
    reader.0.pacing.end_behind();
    reader.answered();
    assert!(!reader.0.pacing.tells_end());
}

#[test]
fn a_body_is_read_to_its_end_once_somebody_wants_it() {
    let reader = Reader::new();
    reader.called(Some(100_000));
    assert_eq!(reader.turn(), (TURN, None), "nobody wants it yet");
    reader.0.pacing.asked();
    assert!(reader.0.room().is_some());
    assert_eq!(reader.turn().0, 100_000, "and what lies behind it");
    assert!(reader.0.bounds.is_whole());
}

#[test]
fn a_body_of_chunks_is_read_in_turns() {
    let reader = Reader::new();
    reader.called(None);
    reader.0.pacing.asked();
    let size = b"fffff\r\n";
    assert_eq!(reader.0.bounds.of_body(size), size.len());
    for _ in 0..3 {
        assert_eq!(reader.turn(), (TURN, Some(Next::Now)));
    }
}

#[test]
fn a_head_that_has_begun_behind_an_answer_has_its_time() {
    let reader = Reader::new();
    reader.called(Some(0));
    reader.comes_ahead(10);
    reader.answered();
    assert_eq!(reader.0.phase.get(), Phase::Head);
    reader.0.pacing.ahead.take();
    reader.called(Some(0));
    reader.answered();
    assert_eq!(reader.0.phase.get(), Phase::Idle);
}

#[test]
fn nothing_is_read_behind_an_answer_that_is_not_taken() {
    let reader = Reader::new();
    reader.0.enter(Phase::Idle);
    reader.0.write_refused();
    assert_eq!(reader.0.room(), None);
    reader.called(Some(10));
    assert_eq!(reader.0.room(), None);
    reader.0.pacing.asked();
    assert_eq!(reader.0.room(), Some(Room::Request(10)));
    reader.answered();
    assert_eq!(reader.0.room(), None);
    assert!(
        reader.0.all_written(),
        "whoever writes the rest wakes the reader"
    );
}

/// Fails if the rest of a body waits for ever where the turn was over with its beginning: nobody else wakes the reader.
#[test]
fn a_body_that_began_at_the_end_of_a_turn_is_read_on() {
    let reader = Reader::new();
    assert_eq!(reader.0.room(), Some(Room::Request(TURN)));
    reader.0.taken(TURN);
    assert_eq!(reader.0.room(), None);
    reader.called(Some(1000));
    reader.0.pacing.asked();
    assert_eq!(reader.next(), Some(Next::Now));
}

/// Fails if a connection gives up on what it cannot follow, or reads on without end while its request waits.
#[test]
fn where_a_body_ends_elsewhere_than_thought_it_goes_on() {
    let reader = Reader::new();
    reader.called(None);
    reader.0.pacing.asked();
    assert_eq!(reader.0.bounds.of_body(b"x no chunk"), 10);
    assert_eq!(reader.turn(), (TURN, Some(Next::Now)));
    reader.0.enter(SERVED);
    assert_eq!(reader.turn(), (0, None));
    reader.answered();
    assert_eq!(reader.turn(), (TURN, Some(Next::Now)));
}

mod wire;
