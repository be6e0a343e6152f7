//! Contract 5 over sockets: namespaces are worlds of their own, and socket ids are secrets of each connection.
//! Knows no payload.

use std::collections::BTreeSet;

use serde_json::json;

use super::{join, join_room};
use crate::support::{Client, Hub, WebSocket};

#[test]
fn each_namespace_has_its_own_channels_rooms_and_presence() {
    let hub = Hub::with(|config| config.namespaces = vec!["/news".into(), "/chat".into()]);
    let (mut news, mut chat) = (
        Client::connect_to(&hub, "/news", ""),
        Client::connect_to(&hub, "/chat", ""),
    );
    for client in [&mut news, &mut chat] {
        join(client, "lobby");
        join_room(client, "r", None);
        assert_eq!(client.event("online-users")[0]["data"]["onlineUsers"], 1);
        assert_eq!(client.ask("lobby", &[json!("hi")])["recipients"], 1);
    }
    news.emit(
        "notify-room",
        &[json!("news can't send to chat"), json!("r")],
    );
    news.emit("lobby", &[json!("news can't send to chat")]);
    chat.event("lobby");
    chat.no_event("lobby");
    chat.no_event("notify-room");
}

#[test]
fn a_namespace_that_is_not_configured_is_refused_as_node_does() {
    let hub = Hub::with(|config| config.namespaces = vec!["/chat".into()]);
    let mut socket = WebSocket::open(&hub, "/socket.io/?EIO=4&transport=websocket");
    socket.next_text();
    for name in ["", "/other,", "/chat/deeper,"] {
        socket.text(&format!("40{name}"));
        assert_eq!(
            socket.next_text(),
            format!("44{name}{{\"message\":\"Invalid namespace\"}}")
        );
    }
    socket.text("40/chat,");
    assert!(socket.next_text().starts_with("40/chat,{\"sid\":\""));
}

#[test]
fn namespaces_share_a_connection_and_each_leaves_by_itself() {
    let hub = Hub::with(|config| config.namespaces.push("/chat".into()));
    let mut socket = WebSocket::open(&hub, "/socket.io/?EIO=4&transport=websocket");
    socket.next_text();
    socket.text("40");
    socket.next_text();
    socket.text("40/chat,{\"token\":\"abc\"}");
    socket.next_text();
    hub.wait_for("dondo_members", 2);
    socket.text("41/chat,");
    hub.wait_for("dondo_members", 1);
    socket.text("427[\"nobody\",1]");
    assert!(socket.next_text().starts_with("437[{\"ok\":true"));
}

#[test]
fn socket_ids_have_20_characters_and_are_new_for_every_connection_and_namespace() {
    let hub = Hub::with(|config| config.namespaces.push("/chat".into()));
    let mut ids = BTreeSet::new();
    for _ in 0..5 {
        let mut socket = WebSocket::open(&hub, "/socket.io/?EIO=4&transport=websocket");
        let open = socket.next_text();
        for namespace in ["", "/chat,"] {
            socket.text(&format!("40{namespace}"));
            let answer = socket.next_text();
            let id = answer.split('"').nth(3).unwrap().to_owned();
            assert_eq!(id.len(), 20, "{id}");
            assert!(!open.contains(&id), "never the session's id");
            assert!(ids.insert(id));
        }
    }
}

#[test]
fn a_connect_to_another_namespace_does_not_join_the_main_one() {
    let hub = Hub::with(|config| config.namespaces.push("/chat".into()));
    let _chat = Client::connect_to(&hub, "/chat", "");
    hub.wait_for("dondo_members", 1);
}
