//! The times, in virtual time.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::future::poll_fn;

use bytes::Bytes;
use futures_util::FutureExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::time::advance;

use super::{pacing::TURN, *};
use crate::transport::address::TrustedProxies;

const TIMES: Times = Times {
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

/// A busy hub that takes its time over what has come must not take its client for slow.
#[test]
fn a_body_of_which_something_was_late_and_then_waits_for_us_is_not_slow() {
    timed(async {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let mut peer = TcpStream::connect(listener.local_addr().unwrap())
            .await
            .unwrap();
        let progress = in_phase(BODY);
        progress.pacing.called(Some(100_000));
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

/// Reads as much as may be read in this turn, and answers how much that was.
fn read_on(pacing: &Pacing, phase: Phase) -> usize {
    let mut all = 0;
    while let Some(allowed) = pacing.allowance(phase, false) {
        pacing.read(phase, allowed);
        all += allowed;
    }
    all
}

#[test]
fn pipelined_heads_are_read_in_turns_with_pauses_where_several_are_answered() {
    let pacing = Pacing::default();
    assert_eq!(read_on(&pacing, Phase::Head), TURN);
    assert_eq!(pacing.end_turn(Phase::Head), Some(Next::Now));
    pacing.begin_turn();
    assert_eq!(read_on(&pacing, Phase::Head), TURN);
    for _ in 0..2 {
        pacing.called(None);
        pacing.answered();
    }
    assert_eq!(pacing.end_turn(Phase::Idle), Some(Next::Later));
}

/// A turn in which this is read and so many requests are taken in and answered.
fn turn(pacing: &Pacing, called: usize, answered: usize, phase: Phase) -> (usize, Option<Next>) {
    pacing.begin_turn();
    (0..called).for_each(|_| pacing.called(None));
    for _ in 0..answered {
        pacing.answered();
    }
    (read_on(pacing, phase), pacing.end_turn(phase))
}

#[test]
fn while_requests_wait_for_answers_little_is_read_however_many_are_answered_meanwhile() {
    let pacing = Pacing::default();
    // A long poll whose head takes all of a turn: the client's end must be seen all the same.
    assert_eq!(turn(&pacing, 0, 0, Phase::Head), (TURN, Some(Next::Now)));
    assert_eq!(turn(&pacing, 1, 0, SERVED), (TURN, None));
    assert_eq!(turn(&pacing, 0, 0, SERVED), (0, None));
    // It is answered, and the next of those that were read waits.
    for _ in 0..3 {
        assert_eq!(turn(&pacing, 1, 1, SERVED), (0, None));
    }
    // All are answered: it is read on, also by one who would not come back by itself.
    assert_eq!(turn(&pacing, 0, 1, Phase::Idle).1, Some(Next::Now));
    assert_eq!(turn(&pacing, 0, 0, Phase::Idle).0, TURN);
}

#[test]
fn a_body_is_read_to_its_end_once_somebody_wants_it_and_not_beyond() {
    let pacing = Pacing::default();
    pacing.called(Some(100_000));
    assert_eq!(read_on(&pacing, BODY), TURN, "nobody wants it yet");
    assert_eq!(pacing.end_turn(BODY), None);
    pacing.asked();
    assert_eq!(pacing.end_turn(BODY), Some(Next::Now));
    pacing.begin_turn();
    assert_eq!(read_on(&pacing, BODY), 100_000);
    assert_eq!(turn(&pacing, 0, 0, SERVED).0, 0, "what lies behind it");
}

#[test]
fn a_body_without_a_length_is_read_in_turns() {
    let pacing = Pacing::default();
    pacing.called(None);
    pacing.asked();
    for _ in 0..3 {
        assert_eq!(read_on(&pacing, BODY), TURN);
        assert_eq!(pacing.end_turn(BODY), Some(Next::Now));
        pacing.begin_turn();
    }
}

#[test]
fn a_head_that_has_begun_behind_an_answer_has_its_time() {
    let progress = in_phase(Phase::Served);
    progress.pacing.called(None);
    progress.pacing.read(Phase::Served, 10);
    progress.answered();
    assert_eq!(progress.phase.get(), Phase::Head);
    progress.pacing.called(None);
    progress.enter(Phase::Served);
    progress.answered();
    assert_eq!(progress.phase.get(), Phase::Idle);
}

#[test]
fn nothing_is_read_behind_an_answer_that_is_not_taken() {
    let pacing = Pacing::default();
    assert_eq!(pacing.allowance(Phase::Idle, true), None);
    assert!(pacing.is_held(), "whoever writes the rest wakes the reader");
    pacing.called(Some(10));
    pacing.asked();
    assert_eq!(pacing.allowance(BODY, true), Some(10));
}

/// Answers each request with its body, as the server does: past the door, in two steps.
fn echo(
    request: actix_http::Request,
) -> impl Future<Output = Result<actix_http::Response<Bytes>, actix_http::Error>> {
    let (mut request, called) = called(request);
    let mut body = request.take_payload();
    let answer = async move {
        let mut whole = Vec::new();
        while let Some(piece) = futures_util::StreamExt::next(&mut body).await {
            whole.extend_from_slice(&piece.expect("a body"));
        }
        tokio::task::yield_now().await;
        let body = Bytes::from(whole);
        Ok(actix_http::Response::ok().set_body(body))
    };
    answer.inspect(|_| drop(called))
}

/// What a connection answers to these bytes until it ends, or the last answer is there.
async fn answers(bytes: &[u8], last: &[u8]) -> Vec<u8> {
    use actix_service::{Service as _, ServiceFactory as _};

    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (peer, accepted) = tokio::join!(
        TcpStream::connect(listener.local_addr().unwrap()),
        listener.accept()
    );
    let (stream, address) = accepted.unwrap();
    let http = actix_http::HttpService::build().finish(actix_service::fn_service(
        |request| -> Pin<Box<dyn Future<Output = _>>> { Box::pin(echo(request)) },
    ));
    let http = http.new_service(()).await.unwrap();
    let sockets = Sockets::new(TrustedProxies::default());
    let served = watch(stream, &sockets, TIMES, address, |stream| {
        http.call((stream, actix_http::Protocol::Http1, Some(address)))
    });
    let served = async { drop(served.await) };
    let asked = async {
        let mut peer = peer.unwrap();
        // A connection that was closed after an answer has no use for the rest.
        let _ = peer.write_all(bytes).await;
        let mut all = Vec::new();
        while !all.ends_with(last) && peer.read_buf(&mut all).await.is_ok_and(|read| read > 0) {}
        all
    };
    tokio::join!(asked, served).0
}

/// Fails if a body that lies behind another request is mended as if it were a head: it is longer then, and its end is taken
/// for a request.
#[actix_web::test]
async fn no_body_is_altered_wherever_pipelined_requests_are_cut() {
    for padding in 0..150 {
        let body = |number| format!("{{\"<{number}>\": \"{}\"}}", "\"".repeat(padding));
        let requests: Vec<u8> = (10..40)
            .flat_map(|number| {
                let body = body(number);
                format!(
                    "POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{body}",
                    body.len()
                )
                .into_bytes()
            })
            .collect();
        let all = answers(&requests, body(39).as_bytes()).await;
        let all = String::from_utf8_lossy(&all);
        let mut told = 0;
        for answer in all.split("HTTP/1.1 ").skip(1) {
            let (head, echoed) = answer.split_once("\r\n\r\n").expect("a whole answer");
            assert!(head.starts_with("200"), "{padding}: {all}");
            assert_eq!(echoed, body(10 + told), "{padding}");
            told += 1;
        }
        let is_closed = all.contains("connection: close");
        assert!(told == 30 || told > 0 && is_closed, "{padding}: {told}");
    }
}

/// Fails if an answer that takes longer than a connection may be idle is cut, or if its connection stands for ever behind it.
#[actix_web::test]
async fn a_long_answer_is_no_idleness_and_its_end_begins_one() {
    use actix_service::{Service as _, ServiceFactory as _};
    use actix_web::{HttpResponse, dev::ServiceResponse, test::TestRequest};

    let times = Times {
        idle: Duration::from_millis(50),
        ..TIMES
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (peer, accepted) = tokio::join!(
        TcpStream::connect(listener.local_addr().unwrap()),
        listener.accept()
    );
    let (stream, address) = accepted.unwrap();
    let http = actix_http::HttpService::build()
        .keep_alive(actix_http::KeepAlive::Os)
        .finish(actix_service::fn_service(move |request| async move {
            let (_, called) = called(request);
            let late = futures_util::stream::once(async move {
                sleep(4 * times.idle).await;
                Ok::<_, actix_web::Error>(Bytes::from_static(b"late"))
            });
            let answer = HttpResponse::Ok().streaming(late);
            let answer = ServiceResponse::new(TestRequest::default().to_http_request(), answer);
            let answer = actix_http::Response::from(called.answered(answer));
            Ok::<_, actix_http::Error>(answer)
        }));
    let http = http.new_service(()).await.unwrap();
    let sockets = Sockets::new(TrustedProxies::default());
    let served = watch(stream, &sockets, times, address, |stream| {
        http.call((stream, actix_http::Protocol::Http1, Some(address)))
    });
    let asked = async {
        let mut peer = peer.unwrap();
        peer.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            .await
            .unwrap();
        let mut all = Vec::new();
        peer.read_to_end(&mut all).await.unwrap();
        all
    };
    let (all, _) = tokio::join!(asked, async { drop(served.await) });
    let all = String::from_utf8(all).unwrap();
    assert!(all.ends_with("late\r\n0\r\n\r\n"), "{all}");
}
