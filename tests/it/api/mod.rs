//! The HTTP API: its keys, what it publishes, lists and moderates, also where it cannot do all of it, its contract, its commands, and
//! Pusher's libraries.

mod addresses;
mod anywhere;
mod command;
mod contract;
mod follow;
mod keys;
mod limits;
mod lists;
mod moderation;
mod once;
mod partly;
mod publish;
mod pusher;
mod refusals;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use dondo::config::Settings;
use dondo::{Auth, Builder, Connecting, Namespace};
use serde_json::{Value, json};

use crate::support::{Client, Hub, http};

/// May do everything.
pub const KEY: &str = "0123456789abcdef0123456789abcdef";
/// The same for channels whose names begin with `orders-` alone.
const ORDERS: &str = "1123456789abcdef0123456789abcdef";
/// May read.
pub const READER: &str = "2123456789abcdef0123456789abcdef";
/// May publish.
const PUBLISHER: &str = "3123456789abcdef0123456789abcdef";
const PUSHER_SECRET: &str = "7ad3773142a6692b25b87ad3773142a6692b25b8";

/// A file of keys; it goes with the value.
pub struct KeysFile(PathBuf);

impl KeysFile {
    pub fn new() -> Self {
        let file = Self::of(&format!(
            "{}{}{}{}[[pusher]]\nid = \"3\"\nkey = \"278d425bdf160c739803\"\nsecret = \"{PUSHER_SECRET}\"\n",
            key("all", KEY, "\"publish\", \"read\", \"moderate\"", ""),
            key(
                "orders",
                ORDERS,
                "\"publish\", \"read\", \"moderate\"",
                "channels = [\"orders-*\"]\n"
            ),
            key("reader", READER, "\"read\"", ""),
            key("publisher", PUBLISHER, "\"publish\"", ""),
        ));
        file.close_to_others(0o600);
        file
    }

    fn of(text: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("dondo-keys-{}-{number}.toml", std::process::id());
        let file = Self(std::env::temp_dir().join(name));
        file.write(text);
        file
    }

    fn write(&self, text: &str) {
        std::fs::write(&self.0, text).unwrap();
    }

    fn close_to_others(&self, mode: u32) {
        use std::os::unix::fs::PermissionsExt;
        std::fs::set_permissions(&self.0, std::fs::Permissions::from_mode(mode)).unwrap();
    }

    pub fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for KeysFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

fn key(name: &str, secret: &str, rights: &str, more: &str) -> String {
    format!("[[key]]\nname = \"{name}\"\nsecret = \"{secret}\"\nrights = [{rights}]\n{more}")
}

/// A hub with an API on both its listeners. Whoever sends a name with its CONNECT is logged in under it.
pub fn hub() -> Hub {
    hub_with(|_| {}, |builder| builder)
}

fn hub_with(change: impl FnOnce(&mut Settings), build: impl FnOnce(Builder) -> Builder) -> Hub {
    let file = KeysFile::new();
    let root = Namespace::hub("/").middleware(async |Auth(login): Auth<Value>, who: Connecting| {
        if let Some(name) = login["name"].as_str() {
            who.login(name.to_owned());
        }
        Ok(())
    });
    Hub::built(
        |config| {
            config.api.keys_file = Some(file.0.clone());
            config.api.public = true;
            // Clients by hand answer no ping while programs and scripts ask.
            config.engine.ping_timeout = Duration::from_secs(3600);
            change(config);
        },
        |builder| build(builder.namespace(root)),
    )
}

/// Somebody who is logged in.
fn logged_in(hub: &Hub, account: &str) -> Client {
    Client::connect_with(hub, "/", "", &json!({"name": account}).to_string())
}

/// A client in a channel.
fn member_of(hub: &Hub, channel: &str) -> Client {
    let mut client = Client::connect(hub);
    joins(&mut client, channel);
    client
}

/// Its id.
fn joins(client: &mut Client, channel: &str) -> String {
    let joined = client.ask("join-channel", &[json!(channel)]);
    assert_eq!(joined["ok"], true, "{joined}");
    joined["clientId"].as_str().unwrap().to_owned()
}

/// Waits until a client's connection is closed.
fn is_put_out(mut client: Client) {
    client.socket.closed();
}

/// Asks the API at the operators' listener; the status and the answer.
pub fn ask(hub: &Hub, method: &str, path: &str, body: &Value) -> (u16, Value) {
    ask_at(
        hub.operators(),
        method,
        path,
        &[("Authorization", &bearer(KEY))],
        body,
    )
}

pub fn get(hub: &Hub, path: &str) -> Value {
    let (status, answer) = ask(hub, "GET", path, &Value::Null);
    assert_eq!(status, 200, "{path}: {answer}");
    answer
}

fn post(hub: &Hub, path: &str, body: &Value) -> Value {
    let (status, answer) = ask(hub, "POST", path, body);
    assert_eq!(status, 200, "{path} {body}: {answer}");
    answer
}

fn publish(hub: &Hub, body: &Value) -> Value {
    post(hub, "publish", body)
}

pub fn bearer(secret: &str) -> String {
    format!("Bearer {secret}")
}

pub fn ask_at(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &Value,
) -> (u16, Value) {
    let answer = raw_at(address, method, path, headers, body);
    let json = serde_json::from_slice(&answer.body).unwrap_or_default();
    (answer.status, json)
}

fn raw_at(
    address: SocketAddr,
    method: &str,
    path: &str,
    headers: &[(&str, &str)],
    body: &Value,
) -> http::Answer {
    let text = match body {
        Value::Null => String::new(),
        body => body.to_string(),
    };
    let json = [("Content-Type", "application/json")];
    let headers: Vec<_> = headers
        .iter()
        .chain(json.iter().filter(|_| !text.is_empty()))
        .copied()
        .collect();
    let target = match path.starts_with('/') {
        true => path.to_owned(),
        false => format!("/api/v1/{path}"),
    };
    let mut stream = http::send_at(address, method, &target, &headers, text.as_bytes());
    http::read(&mut stream)
}
