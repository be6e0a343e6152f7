//! The hub behind real proxies, each with a configuration of its own in a folder of its own: what people write, and what
//! README tells them to write.

mod apache;
mod attackers;
mod browser;
mod doctor;
mod haproxy;
mod health;
mod nginx;
mod proxy;
mod vite;
mod wire;

use crate::support::{Hub, Polling, WebSocket, http};
pub(crate) use proxy::{Proxy, readme};

const POLLING: &str = "/socket.io/?EIO=4&transport=polling";
const DIRECT: &str = "/socket.io/?EIO=4&transport=websocket";

/// The status of a poll, of a WebSocket, and of the upgrade of a session, each as a page of `origin` asks for it.
fn asked(front: &Hub, origin: &str) -> (u16, u16, u16) {
    let page = [("Origin", origin)];
    let polled = http::request(front, "GET", POLLING, &page, b"");
    let (direct, _) = WebSocket::handshake(front, DIRECT, &page);
    // Browsers send no Origin with a GET of the page's own host.
    let session = Polling::open(front, "/socket.io/");
    let (upgraded, _) = WebSocket::handshake(front, &session.upgrade_target(), &page);
    (polled.status, direct.status, upgraded.status)
}

const SERVED: (u16, u16, u16) = (200, 101, 101);

/// The page of a proxy that people open by its address or by a name is served, a foreign one is not.
fn serves_its_own_page_alone(proxy: &Proxy) {
    let front = proxy.front();
    let own = front.url();
    assert_eq!(asked(front, &own), SERVED, "{own}");
    let foreign = "http://evil.example";
    assert_eq!(asked(front, foreign), (403, 400, 400), "{foreign}");
}
