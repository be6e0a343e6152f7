//! Held time, and tests beside each other.

use std::{
    thread,
    time::{Duration, Instant},
};

use serde_json::Value;

use crate::{
    Builder, Data, DisconnectReason, Dondo, Namespace, Socket, blocking, testing::TestHub,
};

const TEA: Duration = Duration::from_secs(240);

fn waiting() -> Builder {
    let root = Namespace::new("/")
        .middleware(async || {
            tokio::time::sleep(Duration::from_secs(5)).await;
            Ok(())
        })
        .on("wait", async |socket: Socket, Data(text): Data<String>| {
            tokio::time::sleep(TEA).await;
            socket.emit("waited", &text)?;
            Ok(text)
        });
    Dondo::builder().namespace(root)
}

fn wait_for_tea() {
    TestHub::run(waiting(), async |hub| {
        let connecting = hub.client("/").connect();
        hub.advance(Duration::from_secs(5)).await;
        let client = connecting.await.unwrap();
        let waited = client.emit_with_ack::<String>("wait", "tea");
        hub.advance(TEA - Duration::from_secs(1)).await;
        client.expect_nothing().await;
        hub.advance(Duration::from_secs(1)).await;
        assert_eq!(client.expect::<String>("waited").await, "tea");
        assert_eq!(waited.await.unwrap(), "tea");
    });
}

/// An hour of heartbeats ended the client, or took its time.
#[test]
fn a_handler_that_waits_an_hour_is_tested_in_no_time() {
    let hour = Duration::from_secs(3600);
    let root = Namespace::new("/").on("wait", async move || {
        tokio::time::sleep(hour).await;
        Ok("waited")
    });
    TestHub::run(Dondo::builder().namespace(root), async |hub| {
        let client = hub.client("/").connect().await.unwrap();
        let waited = client.emit_with_ack::<String>("wait", ());
        hub.advance(hour).await;
        assert_eq!(waited.await.unwrap(), "waited");
    });
}

/// A hub or a clock that tests have in common.
#[test]
fn hubs_of_several_tests_at_once_do_not_know_of_each_other() {
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(wait_for_tea);
        }
    });
    let counts = [1, 2].map(|clients| {
        TestHub::run(Dondo::builder(), async |hub| {
            let mut all = Vec::new();
            for _ in 0..clients {
                all.push(hub.client("/").connect().await.unwrap());
            }
            hub.dondo().sessions()
        })
    });
    assert_eq!(counts, [1, 2]);
}

/// Fails if a grace without end is more time than can be counted, or is waited for when everybody is gone.
#[test]
fn a_shutdown_takes_any_grace() {
    TestHub::run(Dondo::builder(), async |hub| {
        let client = hub.client("/").connect().await.unwrap();
        hub.dondo().shut_down(Duration::MAX).await;
        assert_eq!(hub.dondo().sessions(), 0);
        client.expect_disconnect().await;
    });
}

/// A runtime around it was taken for its own, and its time could not be held.
#[actix_web::test]
async fn it_runs_within_a_test_of_actix() {
    wait_for_tea();
}

#[tokio::test]
async fn it_runs_within_a_test_of_tokio() {
    wait_for_tea();
}

/// Who reads nothing was served for ever.
#[test]
fn a_stalled_client_is_closed_by_the_heartbeat_and_one_that_reads_again_is_not() {
    let builder = || Dondo::builder().namespace(Namespace::new("/"));
    TestHub::run(builder(), async |hub| {
        let stalls = hub.client("/").connect().await.unwrap();
        let resumes = hub.client("/").connect().await.unwrap();
        stalls.stall();
        resumes.stall();
        hub.advance(Duration::from_secs(30)).await;
        resumes.resume().await;
        let root = hub.dondo().of("/").unwrap();
        drop(root.emit("hi", ()).unwrap());
        resumes.expect::<()>("hi").await;
        hub.advance(Duration::from_secs(30)).await;
        assert_eq!(
            stalls.expect_disconnect().await,
            DisconnectReason::PingTimeout
        );
        resumes.expect_nothing().await;
        assert_eq!(hub.dondo().sessions(), 1);
    });
}

/// Presence of the hub pack went by the machine's time, and so did the times in it.
#[test]
fn presence_of_the_hub_comes_when_its_interval_is_over() {
    TestHub::run(Dondo::builder(), async |hub| {
        let ama = hub.client("/").connect().await.unwrap();
        let kofi = hub.client("/").connect().await.unwrap();
        ama.emit("join-channel", "tea").await;
        assert_eq!(
            ama.expect::<Value>("online-users").await["data"]["onlineUsers"],
            1
        );
        ama.skip().await;
        kofi.emit("join-channel", "tea").await;
        ama.expect::<Value>("join-channel").await;
        ama.expect_nothing().await;
        hub.advance(Duration::from_secs(1)).await;
        let told: Value = ama.expect("online-users").await;
        assert_eq!(told["data"]["onlineUsers"], 2);
    });
}

/// A function on another thread was not waited for.
#[test]
fn what_a_blocking_handler_does_is_waited_for() {
    let sum = blocking(|Data((a, b)): Data<(u32, u32)>| {
        let began = Instant::now();
        while began.elapsed() < Duration::from_millis(20) {
            thread::yield_now();
        }
        Ok(a + b)
    });
    let builder = Dondo::builder().namespace(Namespace::new("/").on("sum", sum));
    TestHub::run(builder, async |hub| {
        let client = hub.client("/").connect().await.unwrap();
        assert_eq!(client.emit_with_ack::<u32>("sum", (1, 2)).await.unwrap(), 3);
    });
}

/// An error of the builder's was a hub that nobody could come into.
#[test]
#[should_panic(expected = "the hub cannot be built")]
fn a_hub_that_cannot_be_built_fails_its_test() {
    let builder = Dondo::builder().engine("no path", async || Ok(()));
    TestHub::run(builder, async |_| {});
}
