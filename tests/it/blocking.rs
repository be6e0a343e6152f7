//! Handlers that block, over sockets: what they keep from others, which is nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering::SeqCst};
use std::sync::mpsc;

use actix_web::web;
use dondo::{Namespace, blocking};
use serde_json::json;
use tokio::runtime::Handle;
use tokio::sync::Semaphore;

use crate::support::{Client, Hub, PATIENCE, WebSocket};

/// A hub with a worker, whose `slow` blocks until there is a permit, and how often it has begun. Who asks for `/slow/…` waits for one,
/// too.
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
        let block = move || {
            counted.fetch_add(1, SeqCst);
            Handle::current().block_on(wait.acquire())?.forget();
            dondo::Result::Ok(())
        };
        let is_there = block.clone();
        let slow = blocking(move || {
            block()?;
            Ok(ended.send(())?)
        });
        let asked = Namespace::new("/slow/{n}").when(blocking(move || is_there().map(|()| true)));
        let root = Namespace::new("/")
            .on("slow", slow)
            .on("quick", blocking(|| Ok("quick")))
            .on("host", async || Ok(web::block(|| "host").await?))
            .on_disconnect(async move || left.send(()).unwrap());
        let hub = Hub::built(
            |config| {
                config.workers = 1;
                config.trusted_proxies = vec!["127.0.0.1/32".parse().unwrap()];
            },
            |builder| builder.namespace(root).namespace(asked),
        );
        Self {
            hub,
            began,
            go,
            done,
            gone,
        }
    }

    /// A client whose address a proxy tells.
    fn client_at(&self, address: &str) -> Client {
        let target = "/socket.io/?EIO=4&transport=websocket";
        let told = [("X-Forwarded-For", address)];
        let (answer, socket) = WebSocket::handshake(&self.hub, target, &told);
        assert_eq!(answer.status, 101);
        Client::over(socket, "/")
    }

    /// A client that has said `slow` as often as it is read.
    fn greedy(&self) -> Client {
        self.greedy_as(Client::connect(&self.hub))
    }

    fn greedy_as(&self, mut client: Client) -> Client {
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

/// Fails if who has many addresses of one network of IPv6 has a share for each of them, and so all places of a worker.
#[test]
fn a_network_of_ipv6_has_one_share_of_what_blocks() {
    let slow = Slow::start();
    let addresses = ["2001:db8::1", "2001:db8::2"].repeat(4);
    let _greedy: Vec<_> = addresses
        .into_iter()
        .map(|address| slow.greedy_as(slow.client_at(address)))
        .collect();
    let mut other = slow.client_at("2001:db8:0:1::1");
    assert_eq!(other.ask("quick", &[]), json!("quick"));
    assert!(slow.began.load(SeqCst) <= 8);
    slow.go.add_permits(1000);
}

/// Fails if who asks for many namespaces, about each of which a function that blocks is asked, has all places of a worker.
#[test]
fn who_asks_for_many_namespaces_leaves_places_to_others() {
    let slow = Slow::start();
    let mut greedy = slow.client_at("10.0.0.1");
    for n in 0..30 {
        greedy.socket.text(&format!("40/slow/{n},"));
    }
    // It is behind them, and waits for nobody.
    assert_eq!(greedy.ask("host", &[]), json!("host"));
    let mut other = slow.client_at("10.0.0.2");
    assert_eq!(other.ask("quick", &[]), json!("quick"));
    let began = slow.began.load(SeqCst);
    assert!((1..=8).contains(&began), "{began}");
    slow.go.add_permits(1000);
}
