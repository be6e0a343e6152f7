//! Engine.IO 4 over real sockets.

use crate::support::{Hub, http};

#[test]
fn a_handshake_gives_the_five_keys_in_order() {
    let hub = Hub::start();
    let answer = http::get(&hub, "/socket.io/?EIO=4&transport=polling");
    assert_eq!(answer.status, 200);
    assert!(answer.text().starts_with("0{\"sid\":\""));
    assert!(answer.text().ends_with(
        "\"upgrades\":[\"websocket\"],\"pingInterval\":25000,\"pingTimeout\":20000,\"maxPayload\":1000000}"
    ));
}
