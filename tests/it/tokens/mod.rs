//! A hub that asks who its clients are: tokens that another program makes, in all places and over all protocols.

mod clients;
mod expiry;
mod jwks_url;
mod keys;
mod limits;
mod places;
mod presence;
mod program;
mod refused;
mod revoked;
mod rights;
mod rooms;
mod verified;

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use dondo::config::Settings;
use serde_json::{Value, json};

use crate::support::{Application, Client, Dialogue, Hub, WebSocket};

const SECRET: &str = "a secret that this test alone has";

/// Whoever makes tokens (tests/clients/issuer.js).
pub(crate) struct Issuer {
    dialogue: Dialogue,
    /// Its public keys.
    keys: Value,
}

impl Issuer {
    pub(crate) fn start() -> Self {
        let mut dialogue = Dialogue::new(Application::node("issuer.js", &[]));
        let keys = dialogue.ask("keys", &[]).unwrap();
        Self { dialogue, keys }
    }

    /// A token signed with the key for this algorithm; of HS256 that is [`SECRET`].
    pub(crate) fn sign(&mut self, algorithm: &str, claims: &Value) -> String {
        self.sign_with(algorithm, claims, &json!({}))
    }

    /// The same with more in its header.
    fn sign_with(&mut self, algorithm: &str, claims: &Value, header: &Value) -> String {
        let mut header = header.clone();
        if algorithm == "HS256" && header.get("secret").is_none() {
            header["secret"] = SECRET.into();
        }
        self.asked("sign", &[json!(algorithm), claims.clone(), header])
    }

    /// A token signed with another key of that kind.
    pub(crate) fn forge(&mut self, algorithm: &str, claims: &Value) -> String {
        self.asked("forge", &[json!(algorithm), claims.clone()])
    }

    fn asked(&mut self, verb: &str, args: &[Value]) -> String {
        let token = self.dialogue.ask(verb, args).unwrap();
        token.as_str().unwrap().to_owned()
    }

    fn pem(&self, algorithm: &str) -> String {
        self.keys[algorithm].as_str().unwrap().to_owned()
    }
}

/// A folder of its own for a test's keys; gone with the value.
pub(crate) struct KeyFolder(PathBuf);

impl KeyFolder {
    fn new(test: &str) -> Self {
        // Two tests may name theirs alike.
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("tokens-{test}-{}-{number}", std::process::id());
        let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
        fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn write(&self, name: &str, text: &str) -> PathBuf {
        let path = self.0.join(name);
        fs::write(&path, text).unwrap();
        path
    }
}

impl Drop for KeyFolder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Seconds since 1970.
pub(crate) fn now() -> u64 {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    now.unwrap().as_secs()
}

/// Claims of Ada's that are good for an hour, with more of them.
pub(crate) fn ada(more: Value) -> Value {
    let mut claims = json!({"sub": "ada", "name": "Ada L.", "exp": now() + 3600});
    for (name, value) in more.as_object().unwrap() {
        claims[name] = value.clone();
    }
    claims
}

/// A hub whose tokens are signed with [`SECRET`].
pub(crate) fn hub(test: &str, change: impl FnOnce(&mut Settings)) -> (Hub, KeyFolder) {
    let folder = KeyFolder::new(test);
    let secret = folder.write("secret", &format!("{SECRET}\n"));
    let hub = Hub::with(|settings| {
        settings.auth.secret_file = Some(secret);
        // Clients by hand answer pings where a test reads them: that may be after a while of others'.
        settings.engine.ping_timeout = Duration::from_secs(3600);
        change(settings);
    });
    (hub, folder)
}

/// A client that shows this token in its CONNECT.
fn connect(hub: &Hub, token: &str) -> Client {
    Client::connect_with(hub, "/", "", &json!({ "token": token }).to_string())
}

/// The CONNECT_ERROR of a client, which a second CONNECT may follow over the same connection.
fn connect_error(hub: &Hub, more: &str, auth: &Value) -> Value {
    let target = format!("/socket.io/?EIO=4&transport=websocket{more}");
    let mut socket = WebSocket::open(hub, &target);
    socket.next_text();
    socket.text(&match auth {
        Value::Null => "40".to_owned(),
        auth => format!("40{auth}"),
    });
    let answer = socket.next_text();
    let body = answer
        .strip_prefix("44")
        .unwrap_or_else(|| panic!("{answer}"));
    serde_json::from_str(body).unwrap()
}

/// The code in it.
fn code_of(refusal: &Value) -> &str {
    let message = refusal["message"].as_str();
    assert!(
        message.is_some_and(|message| !message.is_empty()),
        "{refusal}"
    );
    refusal["data"]["code"].as_str().unwrap()
}

/// What others see of the sender of a message.
fn seen(client: &mut Client) -> Value {
    let said = json!({"message": "hi", "source": {"userName": "Eve"}});
    let ack = client.ask("join-channel", &[json!("lobby")]);
    assert_eq!(ack["ok"], true, "{ack}");
    let ack = client.ask("lobby", &[said]);
    assert_eq!(ack["ok"], true, "{ack}");
    client.event("lobby")[0]["source"]["userName"].clone()
}
