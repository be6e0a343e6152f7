//! What the start of `--dev` prints: what it implies, and the link by which the first page's buttons may break things.

use std::net::SocketAddr;

use crate::config::Settings;
use crate::service::Dondo;

/// The lines to log at start; none without `--dev`. The addresses are those of `listen` and `admin_listen`, as they are bound.
pub fn dev_lines(dondo: &Dondo, settings: &Settings) -> Vec<String> {
    let Some(door) = &dondo.dev else {
        return Vec::new();
    };
    let mut lines = vec![format!(
        "dev: this machine alone can connect, and web pages of these origins: {} (--origins)",
        settings.origins
    )];
    let scheme = match settings.tls.certificate_file {
        Some(_) => "https",
        None => "http",
    };
    let page = settings
        .listen
        .first()
        .filter(|_| settings.static_files.is_none());
    let Some(operators) = settings.admin_listen.map(shown) else {
        return lines;
    };
    lines.push(match page {
        Some(page) => format!(
            "dev: crash a room from {scheme}://{page}/proof#dev={operators}/{}",
            door.password()
        ),
        None => format!(
            "dev: crash a room by POST http://{operators}/dev/crash-room with Authorization: Bearer {}",
            door.password()
        ),
    });
    lines
}

/// As pages can name it in their policies, which have no IPv6.
fn shown(address: SocketAddr) -> String {
    match address {
        SocketAddr::V4(v4) => v4.to_string(),
        SocketAddr::V6(v6) => format!("localhost:{}", v6.port()),
    }
}
