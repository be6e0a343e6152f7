//! Handlers that block, over sockets: what they keep from others, which is nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc;

use actix_web::web;
use dondo::{Namespace, blocking};
use serde_json::json;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use crate::support::{Client, Hub, PATIENCE};

/// A hub with a worker, whose `slow` blocks until there is a permit, and how often it has begun.
struct Slow {
    hub: Hub,
    began: Arc<AtomicUsize>,
    go: Arc<Semaphore>,
    done: mpsc::Receiver<()>,
    gone: mpsc::Receiver<()>,
}

impl Slow {
    fn start() -> Self {
        let (began, go) = (Arc::new(AtomicUsize::new(0)), Arc::new(Semaphore::new(0)));
        let (counted, wait) = (began.clone(), go.clone());
        let (ended, done) = mpsc::channel();
        let (left, gone) = mpsc::channel();
        let slow = blocking(move || {
            counted.fetch_add(1, SeqCst);
            Handle::current().block_on(wait.acquire())?.forget();
            Ok(ended.send(())?)
        });
        let root = Namespace::new("/")
            .on("slow", slow)
            .on("quick", blocking(|| Ok("quick")))
            .on("host", async || Ok(web::block(|| "host").await?))
            .on_disconnect(async move || left.send(()).unwrap());
        let hub = Hub::built(
            |config| config.workers = 1,
            |builder| builder.namespace(root),
        );
        Self {
            hub,
            began,
            go,
            done,
            gone,
        }
    }

    /// A client that has said `slow` as often as it is read.
    fn greedy(&self) -> Client {
        let mut client = Client::connect(&self.hub);
        for _ in 0..60 {
            client.socket.text(r#"42["slow"]"#);
        }
        // It is behind them, and waits for nobody.
        assert_eq!(client.ask("host", &[]), json!("host"));
        client
    }
}

/// Fails if one client's events that block delay another's, or the host's own work.
#[test]
fn what_a_client_blocks_delays_no_other() {
    let slow = Slow::start();
    let _greedy = slow.greedy();
    let mut other = Client::connect(&slow.hub);
    assert_eq!(other.ask("quick", &[]), json!("quick"));
    assert!(slow.began.load(SeqCst) <= 4);
    slow.go.add_permits(60);
}

/// Fails if many clients' events that block take the whole pool of a worker, which the host's own work needs, or if what has
/// not begun when its client goes begins yet.
#[test]
fn what_many_clients_block_leaves_the_host_its_pool_and_ends_with_them() {
    let slow = Slow::start();
    let greedy: Vec<_> = (0..10).map(|_| slow.greedy()).collect();
    let mut other = Client::connect(&slow.hub);
    assert_eq!(other.ask("host", &[]), json!("host"));
    let began = || slow.began.load(SeqCst);
    // All have one address.
    assert!(began() <= 8, "{}", began());
    drop(greedy);
    for _ in 0..10 {
        slow.gone.recv_timeout(PATIENCE).unwrap();
    }
    slow.go.add_permits(1000);
    assert_eq!(other.ask("quick", &[]), json!("quick"));
    // It came behind them.
    assert!(began() <= 8, "{}", began());
}

/// Fails if what waits for a place never has its turn.
#[test]
fn what_waits_for_a_place_has_its_turn() {
    let slow = Slow::start();
    let _greedy = slow.greedy();
    slow.go.add_permits(60);
    for _ in 0..60 {
        slow.done.recv_timeout(PATIENCE).unwrap();
    }
    assert_eq!(slow.began.load(SeqCst), 60);
}
