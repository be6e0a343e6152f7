//! What to write where, when a page is refused: in the proxy that hides the hub's name, or in a setting. For the log.

use std::fmt;

use actix_web::dev::RequestHead;
use actix_web::http::header::{self, HeaderName};

use super::refusal::Refusal;

/// Characters of a header that the log shows.
const SHOWN_MAX: usize = 100;

/// A refused page, and what lets it in. Written only if the line is.
pub(super) struct Advice<'a>(&'a RequestHead);

/// What to say of a refusal; none where it is no matter of names.
pub(super) fn of(refusal: Refusal, head: &RequestHead) -> Option<Advice<'_>> {
    match refusal {
        Refusal::Forbidden | Refusal::UpgradeForbidden | Refusal::ForeignHost => Some(Advice(head)),
        _ => None,
    }
}

impl Advice<'_> {
    fn shown(&self, name: HeaderName) -> Option<String> {
        let value = self.0.headers.get(name)?.as_bytes();
        let text = String::from_utf8_lossy(value);
        Some(text.chars().take(SHOWN_MAX).collect())
    }
}

impl fmt::Display for Advice<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let host = self.shown(header::HOST).unwrap_or_default();
        let Some(origin) = self.shown(header::ORIGIN) else {
            return write!(f, "Host {host:?}");
        };
        write!(f, "Origin {origin:?} at Host {host:?}")?;
        if let Some(forwarded) = self.shown(header::X_FORWARDED_HOST) {
            write!(f, ", X-Forwarded-Host {forwarded:?}")?;
        }
        if let Some(peer) = self.0.peer_addr {
            write!(f, ", from {}", peer.ip())?;
        }
        write!(
            f,
            "; if it is the hub's own page, write in the proxy: nginx `proxy_set_header Host $http_host;`, \
             Apache `ProxyPreserveHost On`; else start the hub with `--origins same-host,{}`",
            origin.escape_debug()
        )
    }
}
