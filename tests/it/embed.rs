//! What an application does with a hub of its own.

use dondo::io::{Event, Refused, Socket};
use serde_json::json;

use crate::support::{Client, Hub};

#[test]
fn a_namespace_without_the_pack_has_only_the_applications_events() {
    let hub = Hub::built(
        |config| config.namespaces.push("/bare".into()),
        |builder| builder.without_pack("/bare"),
        |dondo| {
            dondo.io().of("/bare").unwrap().on_connect(echo).unwrap();
        },
    );
    let mut bare = Client::connect_to(&hub, "/bare", "");
    bare.emit("join-channel", &[json!("lobby")]);
    bare.emit("lobby", &[json!("anybody?")]);
    assert_eq!(bare.ask("echo", &[json!(1.5)]), 1.5);
    assert_eq!(bare.drain(), []);
    // The pack's own namespace is as it was.
    let joined = Client::connect(&hub).ask("join-channel", &[json!("lobby")]);
    assert_eq!(joined["ok"], true, "{joined}");
}

#[test]
fn arguments_are_passed_on_as_they_came() {
    let hub = Hub::built(
        |_| {},
        |builder| builder,
        |dondo| {
            dondo.io().of("/").unwrap().on_connect(echo).unwrap();
        },
    );
    let mut client = Client::connect(&hub);
    client.emit("say again", &[json!(1.50), json!("two"), json!([3])]);
    assert_eq!(
        client.event("again"),
        [json!(1.50), json!("two"), json!([3])]
    );
}

async fn echo(socket: Socket) -> Result<(), Refused> {
    socket.on("echo", |event: Event| async move {
        event.ack.ok(&event.arguments)
    });
    socket.on("say again", |socket: Socket, event: Event| async move {
        socket.emit("again", &event.arguments)
    });
    Ok(())
}
