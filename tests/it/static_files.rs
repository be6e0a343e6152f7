//! A page of somebody's own from the standalone server.

use std::fs;
use std::path::{Path, PathBuf};

use dondo::config::Settings;
use dondo::{Data, Namespace, Result, RoomName, Socket, Value};
use serde_json::json;

use crate::support::{Application, Client, Hub, http, tls};

/// A folder with a page, and with files that have the names of what the hub serves; gone with the value.
struct PageFolder(PathBuf);

impl PageFolder {
    fn new(name: &str, page: &str) -> Self {
        let name = format!("static-{name}-{}", std::process::id());
        let folder = Self(Path::new(env!("CARGO_TARGET_TMPDIR")).join(name));
        for path in ["socket.io", "chatHub", "ws", "events"] {
            fs::create_dir_all(folder.0.join(path)).unwrap();
            fs::write(folder.0.join(path).join("index.html"), "a file").unwrap();
        }
        for file in ["healthz", "readyz", "socket.io/socket.io.js", "other.txt"] {
            fs::write(folder.0.join(file), "a file").unwrap();
        }
        fs::write(folder.0.join("index.html"), page).unwrap();
        folder
    }
}

impl Drop for PageFolder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Fails if the folder is not served, if the hub's own page is beside it, or if a file hides an endpoint.
#[test]
fn a_folder_is_served_in_place_of_the_hubs_pages_and_never_of_its_endpoints() {
    let folder = PageFolder::new("folder", "<title>mine</title>");
    let hub = Hub::program(&["--static", folder.0.to_str().unwrap()]);
    assert_eq!(http::get(&hub, "/").text(), "<title>mine</title>");
    assert_eq!(http::get(&hub, "/other.txt").text(), "a file");
    for path in ["/page.js", "/protocols", "/nowhere"] {
        assert_eq!(http::get(&hub, path).status, 404, "{path}");
    }
    for path in [
        "/healthz",
        "/readyz",
        "/socket.io/",
        "/socket.io",
        "/chatHub/",
        "/chatHub",
        "/ws/",
        "/ws",
        "/events/",
        "/events",
    ] {
        let answer = http::get(&hub, path);
        assert!(!answer.body.starts_with(b"a file"), "{path}");
    }
    assert_eq!(http::post(&hub, "/other.txt", "x").status, 405);
    let mut ama = Client::connect(&hub);
    ama.ask("join-channel", &[json!("lobby")]);
    assert_eq!(ama.ask("lobby", &[json!("akwaaba")])["recipients"], 1);
}

/// Fails if who reads files slowly takes the open files that the operators need.
#[test]
fn half_of_the_open_files_are_for_what_is_read_slowly() {
    let folder = PageFolder::new("slow", "mine");
    let long = vec![b'x'; 4 << 20];
    fs::write(folder.0.join("long.bin"), long).unwrap();
    let hub = Hub::program_with_files(
        256,
        &["--workers", "1", "--static", folder.0.to_str().unwrap()],
    );
    let get = [("Connection", "keep-alive")];
    let slow: Vec<_> = (0..256)
        .map(|_| http::send(&hub, "GET", "/long.bin", &get, b""))
        .collect();
    hub.wait_for_some("dondo_connections_refused_total");
    // That they are answered counts: a worker that has so much to read may not be ready for a moment.
    assert_eq!(http::get_at(hub.operators(), "/healthz").status, 200);
    drop(slow);
    hub.wait_for("dondo_connections", 0);
    assert_eq!(http::get(&hub, "/").text(), "mine");
}

/// The part of the lecture's server that its page needs.
fn lecture() -> Namespace {
    Namespace::new("/lecture")
        .on_connect(async |socket: Socket| {
            socket.broadcast().emit("user connected", ())?;
            Ok(())
        })
        .on("create or join", create_or_join)
        .on("chat", chat)
}

async fn create_or_join(socket: Socket, Data((room, user)): Data<(RoomName, Value)>) -> Result {
    socket.join(&room).await?;
    socket.within(&room).emit("joined", (&room, user))?;
    Ok(())
}

async fn chat(socket: Socket, Data((room, user, text)): Data<(RoomName, Value, Value)>) -> Result {
    socket.within(&room).emit("chat message", (user, text))?;
    Ok(())
}

/// Fails if a browser does not get the page, or if the page does not get its WebSocket from where it came.
#[test]
fn the_lectures_page_works_from_a_folder_also_within_tls() {
    let folder = PageFolder::new("lecture", include_str!("../../examples/lecture.html"));
    for is_tls in [false, true] {
        let change = |config: &mut Settings| {
            config.static_files = Some(folder.0.clone());
            if is_tls {
                let (chain, key) = tls::files();
                config.tls.certificate_file = Some(chain.clone());
                config.tls.key_file = Some(key.clone());
            }
        };
        let hub = Hub::built(change, |builder| builder.namespace(lecture()));
        Application::node("lecture.js", &[&hub.url()]).end();
    }
}
