//! What a host's handler can do to others than the client that it is for: nothing.

use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::thread::yield_now as yield_thread;
use std::time::Duration;

use dondo::config::Settings;
use dondo::{Arguments, Builder, Namespace, Result, Socket};
use serde_json::{Value, json};
use tokio::task::yield_now;

use crate::support::{Client, Form, in_both_forms};

in_both_forms!(a_handler_that_panics_never_acks_or_emits_in_a_loop_harms_its_own_socket_at_most,);

/// Clients that are served all the while, and what each asks in turn with the others.
const HONEST: usize = 20;
const ROUNDS: usize = 25;
/// More than the system has room for on the way to a client that does not read.
const BURSTS_MAX: u64 = 200;
const FULL: &str = "dondo_closes_total{reason=\"outbox full\"}";
/// More than a session may have in handling.
const UNANSWERED: usize = 200;

/// The bursts that have ended are counted.
fn harmful(builder: Builder, ended: &Arc<AtomicU64>) -> Builder {
    let ended = ended.clone();
    let noise = "x".repeat(1000);
    let (burst, nobody, stream) = (noise.clone(), noise.clone(), noise);
    let namespace = Namespace::new("/")
        .on("echo", async |all: Arguments| Ok(all))
        .on("panic", async || -> Result { panic!("as it was told to") })
        .on("never", async || pending::<()>().await)
        .on("burst", async move |socket: Socket| {
            while socket.emit("noise", &burst).is_ok() {}
            ended.fetch_add(1, Relaxed);
        })
        .on("burst to nobody", async move |socket: Socket| -> Result {
            loop {
                socket.to("nobody").emit("noise", &nobody)?;
            }
        })
        .on("stream", async move |socket: Socket| -> Result {
            loop {
                socket.emit("noise", &stream)?;
                yield_now().await;
            }
        });
    builder.namespace(namespace)
}

/// Fails if the worker's thread ends or never comes to others, if what a loop says piles up until it ends, which it does not, or
/// if a loop goes on for ever when its client is gone.
fn a_handler_that_panics_never_acks_or_emits_in_a_loop_harms_its_own_socket_at_most(form: Form) {
    let small = |config: &mut Settings| {
        config.workers = 1;
        // While it is waited for one client, the others answer no ping.
        config.engine.ping_interval = Duration::from_secs(600);
        config.engine.max_payload = 64 << 10;
        config.delivery.outbox_bytes_max = Some(256 << 10);
        // It is how much waits that is to end them, not how long.
        config.delivery.stall_timeout = Some(Duration::from_secs(600));
    };
    let ended = Arc::new(AtomicU64::new(0));
    let hub = form.built(small, |builder| harmful(builder, &ended));
    let mut honest: Vec<Client> = (0..HONEST).map(|_| Client::connect(&hub)).collect();
    let mut panics = Client::connect(&hub);
    let mut never = Client::connect(&hub);
    let mut bursts = Client::connect(&hub);
    let mut streams: Vec<Client> = (0..3).map(|_| Client::connect(&hub)).collect();
    for client in &mut streams {
        client.emit("stream", &[]);
    }
    for _ in 0..UNANSWERED {
        never.emit("never", &[]);
    }
    for round in 0..ROUNDS {
        let answer = panics.ask("panic", &[]);
        assert_eq!(answer["code"], "internal", "{answer}");
        for (number, client) in honest.iter_mut().enumerate() {
            let asked = json!([round, number]);
            assert_eq!(client.ask("echo", std::slice::from_ref(&asked)), asked);
        }
    }
    assert_eq!(panics.ask("echo", &[json!("alive")]), "alive");
    let nobody = bursts.ask("burst to nobody", &[]);
    assert_eq!(nobody["ok"], Value::from(false), "{nobody}");
    assert_eq!(bursts.ask("echo", &[json!("alive")]), "alive");
    // They do not read what they are told, and nothing of them is left.
    hub.wait_for(FULL, streams.len() as u64);
    // Each time more than may wait for it, of which the system takes what it has room for.
    let is_closed = || hub.metric(FULL) > streams.len() as u64;
    for burst in 1..=BURSTS_MAX {
        bursts.emit("burst", &[]);
        while ended.load(Relaxed) < burst && !is_closed() {
            yield_thread();
        }
        if is_closed() {
            break;
        }
    }
    hub.wait_for(FULL, streams.len() as u64 + 1);
    for client in &mut honest {
        assert_eq!(client.ask("echo", &[json!("still here")]), "still here");
    }
}
