//! The way down, as clients see it.

use std::io::Write;
use std::time::Duration;

use crate::support::{Hub, WebSocket, http};

#[test]
fn a_hub_that_shuts_down_opens_no_sessions_over_connections_that_are_still_there() {
    let mut hub = Hub::with(|config| config.grace = Duration::from_secs(2));
    let mut kept = http::connect(&hub);
    let handshake = format!(
        "GET /socket.io/?EIO=4&transport=polling HTTP/1.1\r\nHost: {}\r\n\r\n",
        hub.address()
    );
    // This session never polls: the hub holds its goodbye for all of the grace.
    kept.write_all(handshake.as_bytes()).unwrap();
    assert_eq!(http::read(&mut kept).status, 200);
    let mut other = WebSocket::open(&hub, "/socket.io/?EIO=4&transport=websocket");
    std::thread::scope(|scope| {
        scope.spawn(|| hub.stop());
        assert_eq!(other.closed(), Some(1001));
        kept.write_all(handshake.as_bytes()).unwrap();
        let answer = http::read(&mut kept);
        assert_eq!(answer.status, 503);
        assert_eq!(answer.header("connection"), Some("close"));
    });
}
