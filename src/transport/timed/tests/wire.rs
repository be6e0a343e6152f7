//! What a connection answers, over a socket.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use bytes::Bytes;
use futures_util::FutureExt as _;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::TIMES;
use crate::transport::address::TrustedProxies;
use crate::transport::timed::*;

/// Answers each request with its body, or its address, as the server does: past the door, in two steps.
fn echo(
    request: actix_http::Request,
) -> impl Future<Output = Result<actix_http::Response<Bytes>, actix_http::Error>> {
    let (mut request, called) = called(request);
    let mut body = request.take_payload();
    let answer = async move {
        let mut whole = Vec::new();
        if matches!(body, actix_http::Payload::None) {
            whole.extend(request.uri().to_string().into_bytes());
        }
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

/// What is said in each of the answers to these requests, sent at once: one for each, over a connection that stays.
async fn all_answers(requests: &[String], last: &str) -> Vec<String> {
    let all = answers(requests.concat().as_bytes(), last.as_bytes()).await;
    let all = String::from_utf8(all).unwrap();
    assert!(!all.contains("connection: close"), "{all}");
    let answers = all.split("HTTP/1.1 ").skip(1).map(|answer| {
        let (head, said) = answer.split_once("\r\n\r\n").expect("a whole answer");
        assert!(head.starts_with("200"), "{all}");
        said.to_owned()
    });
    answers.collect()
}

/// Fails if a request behind another is lost, or answered as the last one: wherever actix-http sees the head of one whose
/// body is still to come, it takes that for a body of the last that nobody read. And if a body is mended as if it were a
/// head: it is longer then, and its end is taken for a request.
#[actix_web::test]
async fn pipelined_requests_are_all_answered_and_unaltered_wherever_they_are_cut() {
    for padding in (0..1200).step_by(23) {
        let body = |number| format!("{{\"<{number}>\": \"{}\"}}", "\"".repeat(padding));
        let bodies: Vec<String> = (10..30).map(body).collect();
        let requests = bodies.iter().map(|body| {
            let length = body.len();
            format!("POST / HTTP/1.1\r\nHost: x\r\nContent-Length: {length}\r\n\r\n{body}")
        });
        let requests: Vec<String> = requests.collect();
        let all = all_answers(&requests, &bodies[19]).await;
        assert_eq!(all, bodies, "{padding}");
    }
}

/// Fails if a connection is not followed behind a body of chunks: heads behind one went through as they were, and to be
/// answered with 400.
#[actix_web::test]
async fn heads_behind_bodies_of_chunks_are_mended_too() {
    for padding in (0..600).step_by(13) {
        let (mut requests, mut expected) = (Vec::new(), Vec::new());
        for number in 10..14 {
            let part = format!("\"<{number}>\"{}", "\"".repeat(padding));
            let size = part.len();
            requests.push(format!(
                "POST /\" HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n\
                 {size:x};a=\"b\"\r\n{part}\r\n1\r\n\n\r\n0\r\nX: \"\r\n\r\n"
            ));
            expected.push(format!("{part}\n"));
            requests.push(format!(
                "GET /\"{number} HTTP/1.1\r\nHost: x\r\nConnection: upgrade\r\n\r\n"
            ));
            expected.push(format!("/%22{number}"));
        }
        let all = all_answers(&requests, "/%2213").await;
        assert_eq!(all, expected, "{padding}");
    }
}

/// Fails if an answer that takes longer than a connection may be idle is cut, or if its connection stands for ever behind it.
#[actix_web::test]
async fn a_long_answer_is_no_idleness_and_its_end_begins_one() {
    use actix_service::{Service as _, ServiceFactory as _};
    use actix_web::{HttpResponse, dev::ServiceResponse, test::TestRequest};

    let times = Times {
        // A thread that is held up for so long before it reads the request takes its connection for idle.
        idle: Duration::from_secs(1),
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
                sleep(3 * times.idle).await;
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
