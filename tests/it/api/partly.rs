//! What a backend is told where a part of the hub does not answer: what was done, what was not, and what a key keeps of it.

use std::fmt::Write as _;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use dondo::Namespace;
use hmac::{Hmac, Mac};
use md5::Md5;
use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::{
    KEY, PUSHER_SECRET, ask, ask_at, bearer, get, hub_with, is_put_out, joins, logged_in,
    member_of, post,
};
use crate::support::{Client, Hub, PATIENCE, faults, http};

/// A hub with `/` and `/b`, each on a room thread of its own, of which those that end are kept from coming back.
fn two() -> (Hub, faults::Restarts) {
    let restarts = faults::Restarts::default();
    let hub = hub_with(
        |settings| {
            settings.room_threads = 2;
            // One after another hears that its namespace was started anew.
            settings.workers = 1;
        },
        |builder| restarts.held_in(builder).namespace(Namespace::hub("/b")),
    );
    (hub, restarts)
}

/// Ends the room thread of `/`, which stays away.
fn end_root(hub: &Hub, restarts: &faults::Restarts) {
    restarts.hold();
    let mut poison = Client::connect(hub);
    let marked = json!({
        "data": {"roomChannel": "lobby"}, "source": {"userName": faults::ENDS_THREAD}
    });
    poison.emit("join-channel", &[marked]);
    restarts.wait_for_one();
}

/// Lets it come back; a client of `/` hears of it by its end.
fn restart_root(restarts: &faults::Restarts, client: Client) {
    restarts.let_go();
    is_put_out(client);
}

/// Asks with an idempotency key.
fn keyed(hub: &Hub, path: &str, key: &str, body: &Value) -> (u16, Value) {
    let secret = bearer(KEY);
    let headers = [("Authorization", secret.as_str()), ("Idempotency-Key", key)];
    ask_at(hub.operators(), "POST", path, &headers, body)
}

fn to_lobby(namespace: &str, message: &str) -> Value {
    json!({"namespace": namespace, "to": {"channel": "lobby"}, "message": message})
}

/// The messages of a channel that a client hears up to one that is the last.
fn heard_up_to(client: &mut Client, channel: &str, last: &str) -> Vec<String> {
    let mut heard = Vec::new();
    while heard.last().is_none_or(|message| message != last) {
        let letter = client.event(channel);
        heard.push(letter[0]["data"]["message"].as_str().unwrap().to_owned());
    }
    heard
}

/// Fails if a namespace that does not answer keeps a ban or a disconnect from the others, the answer does not name it, or a ban that
/// stands is answered as if it did not.
#[test]
fn who_can_be_reached_is_put_out_and_who_cannot_is_named() {
    let (hub, restarts) = two();
    let there = Client::connect(&hub);
    let other = Client::connect_to(&hub, "/b", "");
    end_root(&hub, &restarts);
    let whom = json!({"address": "127.0.0.1"});
    let done = post(&hub, "disconnect", &whom);
    assert_eq!(
        done,
        json!({"ok": true, "disconnected": 1, "unreached": ["/"]})
    );
    is_put_out(other);
    let other = Client::connect_to(&hub, "/b", "");
    let banned = post(&hub, "ban", &whom);
    assert_eq!(
        (&banned["disconnected"], &banned["unreached"]),
        (&json!(1), &json!(["/"])),
        "{banned}"
    );
    is_put_out(other);
    assert_eq!(get(&hub, "bans?count=true")["count"], 1);
    restart_root(&restarts, there);
    let opening = http::get(&hub, "/socket.io/?EIO=4&transport=polling");
    assert_eq!(opening.status, 403);
    assert_eq!(post(&hub, "ban", &whom)["unreached"], json!([]));
}

/// Keeps a worker from everything while it lives, in the handler of the event `block`.
struct Blocking;

static IS_BLOCKED: AtomicBool = AtomicBool::new(false);
static MAY_BLOCK: AtomicBool = AtomicBool::new(true);

impl Drop for Blocking {
    fn drop(&mut self) {
        MAY_BLOCK.store(false, Ordering::SeqCst);
    }
}

/// Two clients in `/b` on two workers.
fn on_two_workers(hub: &Hub) -> [Client; 2] {
    let on_one = || {
        let mut client = Client::connect_to(hub, "/b", "");
        (client.ask("where", &[]), client)
    };
    let (first, one) = on_one();
    let deadline = Instant::now() + PATIENCE;
    loop {
        let (second, other) = on_one();
        if first != second {
            return [one, other];
        }
        assert!(Instant::now() < deadline, "all are on {first}");
    }
}

/// Fails if a ban is answered as if nobody knew whether it stands where a worker does nothing, leaves those of other workers in, or
/// those of that one when it goes on; or if a message that waits for somebody there is answered as if nobody had it.
#[test]
fn what_is_said_and_banned_while_a_worker_does_nothing_holds_when_it_goes_on() {
    let block = async || {
        IS_BLOCKED.store(true, Ordering::SeqCst);
        while MAY_BLOCK.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
    };
    let place = async || Ok(format!("{:?}", std::thread::current().id()));
    let hub = hub_with(
        |settings| settings.delivery.courier_stall = Duration::from_millis(100),
        |builder| {
            let other = Namespace::new("/b").on("block", block).on("where", place);
            builder.namespace(other)
        },
    );
    let blocking = Blocking;
    let mut ama = logged_in(&hub, "ama");
    let [mut blocked, free] = on_two_workers(&hub);
    blocked.emit("block", &[]);
    let deadline = Instant::now() + PATIENCE;
    while !IS_BLOCKED.load(Ordering::SeqCst) {
        assert!(Instant::now() < deadline, "nothing blocks the worker");
        std::thread::yield_now();
    }
    let to_ama = json!({"to": {"account": "ama"}, "message": "wait"});
    let said = post(&hub, "publish", &to_ama);
    assert_eq!(said["recipients"], 1, "{said}");
    let banned = post(&hub, "ban", &json!({"address": "127.0.0.1"}));
    let unreached = banned["unreached"].as_array().unwrap();
    assert!(unreached.contains(&json!("/b")), "{banned}");
    assert_eq!(get(&hub, "bans")["bans"][0]["address"], "127.0.0.1");
    is_put_out(free);
    drop(blocking);
    is_put_out(blocked);
    assert_eq!(ama.event("message")[0]["data"]["message"], "wait");
    is_put_out(ama);
}

/// Fails if what was said under a key is said once more, or what was not said is never said under it.
#[test]
fn of_a_batch_that_was_said_in_part_the_same_key_says_the_rest() {
    let (hub, restarts) = two();
    let there = Client::connect(&hub);
    let mut other = Client::connect_to(&hub, "/b", "");
    joins(&mut other, "lobby");
    end_root(&hub, &restarts);
    let messages = [
        to_lobby("/b", "one"),
        to_lobby("/", "two"),
        to_lobby("/b", "three"),
    ];
    let batch = json!({ "messages": messages });
    let (status, first) = keyed(&hub, "batch", "order-7", &batch);
    let results = |answer: &Value| answer["results"].as_array().unwrap().clone();
    assert_eq!((status, &first["ok"]), (200, &json!(false)), "{first}");
    assert_eq!(results(&first)[1]["error"]["code"], "busy", "{first}");
    assert_eq!(
        keyed(&hub, "batch", "order-7", &batch),
        (200, first.clone())
    );
    restart_root(&restarts, there);
    let mut back = member_of(&hub, "lobby");
    let (status, second) = keyed(&hub, "batch", "order-7", &batch);
    assert_eq!((status, &second["ok"]), (200, &json!(true)), "{second}");
    for place in [0, 2] {
        assert_eq!(results(&second)[place], results(&first)[place]);
    }
    assert_eq!(results(&second)[1]["recipients"], 1, "{second}");
    assert_eq!(keyed(&hub, "batch", "order-7", &batch), (200, second));
    for namespace in ["/", "/b"] {
        post(&hub, "publish", &to_lobby(namespace, "last"));
    }
    assert_eq!(heard_up_to(&mut back, "lobby", "last"), ["two", "last"]);
    let heard = heard_up_to(&mut other, "lobby", "last");
    assert_eq!(heard, ["one", "three", "last"]);
}

/// Fails if a message that was certainly not said cannot be said under its key, or one that may have been is tried again under it.
#[test]
fn a_key_is_free_behind_what_was_not_said_and_kept_behind_what_may_have_been() {
    let (hub, restarts) = two();
    let there = Client::connect(&hub);
    end_root(&hub, &restarts);
    for _ in 0..2 {
        let (status, said) = keyed(&hub, "publish", "a", &to_lobby("/", "late"));
        assert_eq!((status, &said["error"]["code"]), (503, &json!("busy")));
    }
    restart_root(&restarts, there);
    let mut member = member_of(&hub, "lobby");
    let said = keyed(&hub, "publish", "a", &to_lobby("/", "late"));
    assert_eq!((said.0, &said.1["recipients"]), (200, &json!(1)));
    assert_eq!(keyed(&hub, "publish", "a", &to_lobby("/", "late")), said);
    for _ in 0..3 {
        let (status, said) = keyed(&hub, "publish", "b", &to_lobby("/", faults::PANICS));
        assert_eq!((status, &said["error"]["code"]), (500, &json!("internal")));
    }
    hub.wait_for("dondo_crashes_total", 1);
    post(&hub, "publish", &to_lobby("/", "last"));
    assert_eq!(heard_up_to(&mut member, "lobby", "last"), ["late", "last"]);
}

/// Triggers an event of Pusher's in channels, signed as its libraries do.
fn trigger(hub: &Hub, channels: &[&str]) -> (u16, Value) {
    let hex = |bytes: &[u8]| {
        bytes.iter().fold(String::new(), |mut text, byte| {
            write!(text, "{byte:02x}").unwrap();
            text
        })
    };
    let body = json!({"name": "new", "channels": channels, "data": "1"});
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    let query = format!(
        "auth_key=278d425bdf160c739803&auth_timestamp={}&auth_version=1.0&body_md5={}",
        now.as_secs(),
        hex(&Md5::digest(body.to_string()))
    );
    let mac = Hmac::<Sha256>::new_from_slice(PUSHER_SECRET.as_bytes()).unwrap();
    let mac = mac.chain_update(format!("POST\n/apps/3/events\n{query}"));
    let signature = hex(&mac.finalize().into_bytes());
    let target = format!("/apps/3/events?{query}&auth_signature={signature}");
    ask_at(hub.address(), "POST", &target, &[], &body)
}

/// Fails if a channel that does not take an event keeps it from those behind it, or the answer says that nothing was done.
#[test]
fn an_event_of_pushers_goes_to_all_channels_that_take_it() {
    let hub = hub_with(|_| {}, faults::faulty);
    let (mut first, mut last) = (member_of(&hub, "one"), member_of(&hub, "two"));
    let _closed = member_of(&hub, faults::REFUSES);
    let (status, said) = trigger(&hub, &["one", faults::REFUSES, "two"]);
    assert_eq!((status, &said["error"]["code"]), (500, &json!("internal")));
    let message = said["error"]["message"].as_str().unwrap();
    assert!(
        message.starts_with("2 of 3 messages were said"),
        "{message}"
    );
    first.event("one");
    last.event("two");
    let (status, said) = trigger(&hub, &[faults::REFUSES]);
    assert_eq!((status, &said["error"]["code"]), (503, &json!("busy")));
    assert_eq!(trigger(&hub, &["one"]), (200, json!({})));
    let to_closed = json!({"to": {"channel": faults::REFUSES}, "message": 1});
    let (status, said) = ask(&hub, "POST", "publish", &to_closed);
    assert_eq!((status, &said["error"]["code"]), (503, &json!("busy")));
}
