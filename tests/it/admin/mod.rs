//! The admin view: who comes in, what they see, and what they may do.

mod browser;
mod login;
mod seen;

use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use dondo::Builder;
use dondo::config::Settings;
use serde_json::{Value, json};

use crate::support::{Client, Hub, http};

/// Of who moderates.
const PASSWORD: &str = "correct horse & battery";
/// Of who looks alone.
const VIEWERS: &str = "who looks alone";

/// A file of a password; it goes with the value.
struct PasswordFile(PathBuf);

impl PasswordFile {
    fn of(password: &str) -> Self {
        static COUNT: AtomicU32 = AtomicU32::new(0);
        let number = COUNT.fetch_add(1, Ordering::Relaxed);
        let name = format!("dondo-password-{}-{number}", std::process::id());
        let file = Self(std::env::temp_dir().join(name));
        file.write(password);
        file
    }

    fn write(&self, password: &str) {
        use std::os::unix::fs::PermissionsExt;
        std::fs::write(&self.0, format!("{password}\n")).unwrap();
        std::fs::set_permissions(&self.0, std::fs::Permissions::from_mode(0o600)).unwrap();
    }

    fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }
}

impl Drop for PasswordFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// A hub with a view and both passwords.
fn hub() -> Hub {
    hub_with(|_| {}, |builder| builder)
}

fn hub_with(change: impl FnOnce(&mut Settings), build: impl FnOnce(Builder) -> Builder) -> Hub {
    // They are read as the hub is built.
    let (write, view) = (PasswordFile::of(PASSWORD), PasswordFile::of(VIEWERS));
    Hub::built(
        |config| {
            config.admin.password_file = Some(write.0.clone());
            config.admin.viewer_password_file = Some(view.0.clone());
            // Clients by hand answer no ping while a browser looks around.
            config.engine.ping_timeout = Duration::from_secs(3600);
            change(config);
        },
        build,
    )
}

fn request(
    address: SocketAddr,
    method: &str,
    target: &str,
    headers: &[(&str, &str)],
    body: &str,
) -> http::Answer {
    let mut stream = http::send_at(address, method, target, headers, body.as_bytes());
    http::read(&mut stream)
}

/// Sends the form as the page does; the answer.
fn type_password(address: SocketAddr, password: &str, more: &[(&str, &str)]) -> http::Answer {
    let origin = format!("http://{address}");
    let headers = [
        ("Content-Type", "application/x-www-form-urlencoded"),
        ("Origin", &origin),
    ];
    let headers: Vec<_> = headers.iter().chain(more).copied().collect();
    let typed: String = password
        .bytes()
        .map(|byte| format!("%{byte:02X}"))
        .collect();
    let form = format!("password={typed}");
    request(address, "POST", "/admin/login", &headers, &form)
}

/// The cookie that an answer gives, as a browser sends it.
fn given(answer: &http::Answer) -> Option<String> {
    let cookie = answer.header("set-cookie")?.split(';').next()?;
    Some(cookie.to_owned())
}

/// Logs in; the cookie.
fn log_in(address: SocketAddr, password: &str) -> String {
    let answer = type_password(address, password, &[]);
    assert_eq!(answer.status, 303, "{}", answer.text());
    assert_eq!(answer.header("location"), Some("./"));
    given(&answer).expect("a cookie")
}

/// Asks as somebody; the status, and the answer if that is JSON.
fn ask(address: SocketAddr, cookie: &str, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let origin = format!("http://{address}");
    let headers = [
        ("Cookie", cookie),
        ("Origin", &origin),
        ("Content-Type", "application/json"),
    ];
    let text = match body {
        Value::Null => String::new(),
        body => body.to_string(),
    };
    let answer = request(address, method, &format!("/admin/{path}"), &headers, &text);
    let told = serde_json::from_slice(&answer.body).unwrap_or_default();
    (answer.status, told)
}

/// What the view is told.
fn state(hub: &Hub, cookie: &str) -> Value {
    let (status, told) = ask(hub.operators(), cookie, "GET", "state", &Value::Null);
    assert_eq!(status, 200, "{told}");
    told
}

/// A client in a channel, and its id.
fn member_of(hub: &Hub, channel: &str) -> (Client, String) {
    let mut client = Client::connect(hub);
    let joined = client.ask("join-channel", &[json!(channel)]);
    assert_eq!(joined["ok"], true, "{joined}");
    let id = joined["clientId"].as_str().unwrap().to_owned();
    (client, id)
}
