//! What clients hear, in which order, and what a failed expectation tells.

use std::{
    panic::{AssertUnwindSafe, catch_unwind},
    time::Duration,
};

use crate::{
    Blob, Builder, Bytes, Data, Dondo, Error, Namespace, Socket, Value,
    testing::{TestClient, TestHub},
};

fn echoing() -> Builder {
    let root = Namespace::new("/")
        .on("echo", async |socket: Socket, Data(all): Data<Value>| {
            socket.emit("echoed", &all)?;
            Ok(all)
        })
        .on("twice", async |socket: Socket| {
            socket.emit("a", 1)?;
            socket.emit("b", (2, "x"))?;
            Ok(())
        })
        .on("fail", async || {
            Err::<(), _>(Error::new("not_now", "later").with_data([7]))
        })
        .on("wait", async || {
            tokio::time::sleep(Duration::from_secs(60)).await;
            Ok(())
        })
        .on("ask", async |socket: Socket| {
            let minute = socket.timeout(Duration::from_secs(60));
            Ok(minute.emit_with_ack::<u32>("sum", (1, 2)).await?)
        });
    Dondo::builder().namespace(root)
}

/// What a test panics with that does this with a client of [`echoing`].
fn panic_of(test: impl AsyncFnOnce(TestClient) + Send) -> String {
    let run = || {
        TestHub::run(echoing(), async |hub| {
            test(hub.client("/").connect().await.unwrap()).await;
        });
    };
    let panic = catch_unwind(AssertUnwindSafe(run)).unwrap_err();
    panic.downcast_ref::<String>().expect("a text").clone()
}

/// An expectation that nothing fails is none.
#[test]
fn each_expectation_fails_where_it_should_and_tells_what_came_and_where_it_stands() {
    let panic = panic_of(async |client| {
        client.emit("twice", ()).await;
        client.expect::<()>("gone").await;
    });
    let came = r#"expected "gone"; what came since: "a" [1], "b" [2,"x"]"#;
    assert!(panic.ends_with(came), "{panic}");
    assert!(panic.starts_with(file!()), "{panic}");
    let panic = panic_of(async |client| {
        client.emit("twice", ()).await;
        client.expect::<u8>("a").await;
        client.expect_nothing().await;
    });
    let came = r#"expected nothing; what came since: "b" [2,"x"]"#;
    assert!(panic.ends_with(came), "{panic}");
    let panic = panic_of(async |client| {
        client.emit("twice", ()).await;
        client.expect::<(String, u8)>("b").await;
    });
    assert!(panic.contains(r#""b" came with other data"#), "{panic}");
    assert!(panic.ends_with(r#"[2,"x"]"#), "{panic}");
    let panic = panic_of(async |client| {
        let _ = client.emit_with_ack::<()>("wait", ()).await;
    });
    let came = r#"expected the ack of "wait"; what came since: nothing"#;
    assert!(panic.ends_with(came), "{panic}");
    let panic = panic_of(async |client| {
        let _ = client.expect_disconnect().await;
    });
    assert!(panic.contains("expected a disconnect"), "{panic}");
    let panic = panic_of(async |client| {
        client.cut().await;
        client.expect::<()>("gone").await;
    });
    assert!(panic.ends_with("disconnected: TransportClose"), "{panic}");
    let panic = panic_of(async |client| {
        client.cut().await;
        client.emit("twice", ()).await;
    });
    assert!(panic.contains("TransportClose"), "{panic}");
    let panic = panic_of(async |client| {
        client.emit("disconnect", ()).await;
    });
    assert!(panic.contains("cannot be emitted"), "{panic}");
}

/// What came the wrong way round was found all the same.
#[test]
fn what_is_expected_in_turn_came_in_that_order() {
    let panic = panic_of(async |client| {
        client.emit("twice", ()).await;
        assert_eq!(client.expect::<(u8, String)>("b").await, (2, "x".into()));
        client.expect::<u8>("a").await;
    });
    assert!(
        panic.ends_with(r#"expected "a"; what came since: nothing"#),
        "{panic}"
    );
    TestHub::run(echoing(), async |hub| {
        let client = hub.client("/").connect().await.unwrap();
        // All of it at once: the hub takes them in order, and answers so.
        for number in 0..500 {
            drop(client.emit("echo", number));
        }
        for number in 0..500 {
            assert_eq!(client.expect::<u32>("echoed").await, number);
        }
        client.emit("twice", ()).await;
        client.skip().await;
        client.expect_nothing().await;
    });
}

/// A failure was an ack like others, or its data were lost; a blob arrived as its placeholder.
#[test]
fn acks_are_read_as_data_or_as_failures_and_blobs_go_both_ways() {
    TestHub::run(echoing(), async |hub| {
        let client = hub.client("/").connect().await.unwrap();
        let blob = Blob(Bytes::from_static(b"b"));
        let back = client.emit_with_ack::<Blob>("echo", &blob).await.unwrap();
        assert_eq!(back, blob);
        assert_eq!(client.expect::<Blob>("echoed").await, blob);
        let failed = client.emit_with_ack::<()>("fail", ()).await.unwrap_err();
        assert_eq!((failed.code(), failed.message()), ("not_now", "later"));
        assert_eq!(failed.data::<[u8; 1]>(), [7]);
        let unknown = client.emit_with_ack::<()>("nonsense", ()).await;
        assert_eq!(unknown.unwrap_err().code(), "unknown_event");
    });
}

/// Whom the hub asks never answered; or a panic within the answer was heard by nobody.
#[test]
fn a_client_answers_what_it_was_told_to_and_its_panic_is_the_tests() {
    TestHub::run(echoing(), async |hub| {
        let client = hub.client("/").connect().await.unwrap();
        client.answer("sum", |(a, b): (u32, u32)| a + b);
        assert_eq!(client.emit_with_ack::<u32>("ask", ()).await.unwrap(), 3);
        client.expect::<(u32, u32)>("sum").await;
        let silent = hub.client("/").connect().await.unwrap();
        let asked = silent.emit_with_ack::<u32>("ask", ());
        hub.advance(Duration::from_secs(60)).await;
        assert_eq!(asked.await.unwrap_err().code(), "timed_out");
    });
    let panic = panic_of(async |client| {
        client.answer("sum", |_: String| 3);
        client.emit("ask", ()).await;
        client.expect::<(u32, u32)>("sum").await;
    });
    assert!(panic.contains(r#""sum" came with other data"#), "{panic}");
}
