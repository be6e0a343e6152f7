//! The times, in virtual time.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use tokio::time::advance;

use super::*;

const TIMES: Times = Times {
    request: Duration::from_secs(10),
    stall: Duration::from_secs(20),
};

/// Runs in virtual time.
fn timed(test: impl Future<Output = ()>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
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

/// Bytes read until the stream has no more for this turn.
fn read_all(timed: &mut Timed) -> usize {
    let mut into = [0; 64 * 1024];
    let mut into = ReadBuf::new(&mut into);
    let mut cx = Context::from_waker(std::task::Waker::noop());
    while let Poll::Ready(outcome) = Pin::new(&mut *timed).poll_read(&mut cx, &mut into) {
        outcome.unwrap();
    }
    into.filled().len()
}

/// A stream to which so many bytes have come.
async fn sent(bytes: usize) -> (Timed, Rc<Progress>) {
    use tokio::io::AsyncWriteExt;

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let client = TcpStream::connect(listener.local_addr().unwrap()).await;
    let (mut client, (stream, _)) = (client.unwrap(), listener.accept().await.unwrap());
    client.write_all(&vec![b'x'; bytes]).await.unwrap();
    let mut peeked = vec![0; bytes];
    while stream.peek(&mut peeked).await.unwrap() < bytes {}
    let progress = Progress::new();
    let timed = Timed {
        stream,
        progress: progress.clone(),
        socket: Sockets::default().enter().unwrap(),
    };
    (timed, progress)
}

#[tokio::test]
async fn pipelined_heads_are_read_in_turns_and_a_body_is_not() {
    let (mut timed, progress) = sent(3 * HEADS_TURN).await;
    assert_eq!(read_all(&mut timed), HEADS_TURN);
    assert_eq!(read_all(&mut timed), 0);
    progress.turn.set(0);
    assert_eq!(read_all(&mut timed), HEADS_TURN);
    progress.enter(Phase::Body { begun: true });
    assert_eq!(read_all(&mut timed), HEADS_TURN);
}

#[tokio::test]
async fn while_a_request_is_served_little_of_the_next_ones_is_read() {
    let (mut timed, progress) = sent(3 * HEADS_TURN).await;
    progress.enter(Phase::Served);
    assert_eq!(read_all(&mut timed), HEADS_TURN);
    progress.turn.set(0);
    assert_eq!(read_all(&mut timed), 0);
    assert!(progress.enough.get());
    progress.answered();
    assert_eq!(read_all(&mut timed), HEADS_TURN);
}
