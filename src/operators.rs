//! The operators' listener: metrics, detailed health and the HTTP API on an address and a worker of its own, so that clients neither
//! reach it nor keep operators out.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use actix_web::dev::{RequestHead, ServerHandle};
use actix_web::http::header;
use actix_web::{App, HttpServer, guard, web};

use crate::server::listen;
use crate::service::Dondo;

/// Connections at once. A monitor needs one.
const CONNECTIONS_MAX: usize = 64;
/// A request's head must have come by then.
const REQUEST_HEAD: Duration = Duration::from_secs(5);
const KEEP_ALIVE: Duration = Duration::from_secs(5);

/// A listener for operators; it ends when this is dropped.
pub struct Operators {
    bound: SocketAddr,
    handle: ServerHandle,
}

impl std::fmt::Debug for Operators {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Operators").field(&self.bound).finish()
    }
}

impl Operators {
    /// Serves `/metrics`, `/healthz`, `/readyz` and the HTTP API of a hub at `address`. Must run inside an actix or tokio runtime.
    ///
    /// # Errors
    /// The address cannot be bound; the error names it and its setting.
    pub fn start(address: SocketAddr, dondo: &Dondo) -> io::Result<Self> {
        let named = |error: io::Error| {
            io::Error::new(
                error.kind(),
                format!(
                    "cannot listen on {address} for operators: {error}; choose another --admin-listen, or off"
                ),
            )
        };
        let listener = listen(address).map_err(named)?;
        let bound = listener.local_addr()?;
        let dondo = dondo.clone();
        let local = bound.ip().is_loopback();
        let dev = dondo.dev.clone().filter(|_| local);
        let app = move || {
            let observation = web::scope("").guard(guard::fn_guard(move |asked| {
                !local || is_this_machine(asked.head())
            }));
            App::new().service(
                observation
                    .configure(dondo.configure_observation())
                    .configure(dondo.configure_api())
                    .configure(|app| {
                        if let Some(dev) = dev.clone() {
                            dev.configure(app);
                        }
                    })
                    .configure(dondo.configure_admin()),
            )
        };
        let running = HttpServer::new(app)
            .workers(1)
            .max_connections(CONNECTIONS_MAX)
            .client_request_timeout(REQUEST_HEAD)
            .keep_alive(KEEP_ALIVE)
            .disable_signals()
            .shutdown_timeout(0)
            .listen(listener)?
            .run();
        let handle = running.handle();
        tokio::spawn(async move {
            if let Err(error) = running.await {
                log::error!("the operators' listener at {bound} ended: {error}");
            }
        });
        Ok(Self { bound, handle })
    }

    /// The address that is listened on.
    pub fn bound(&self) -> SocketAddr {
        self.bound
    }
}

impl Drop for Operators {
    fn drop(&mut self) {
        // The command is sent at once; nobody waits for the end.
        drop(self.handle.stop(false));
    }
}

/// Whether a request names this machine by its own address: a page of a stranger's name that was bound to it does not.
fn is_this_machine(head: &RequestHead) -> bool {
    let host = head.headers.get(header::HOST);
    let Some(host) = host.and_then(|host| host.to_str().ok()) else {
        return true;
    };
    let name = host.rsplit_once(':').map_or(host, |(name, port)| {
        match port.bytes().all(|byte| byte.is_ascii_digit()) {
            true => name,
            false => host,
        }
    });
    let name = name.trim_start_matches('[').trim_end_matches(']');
    name == "localhost" || name.parse::<IpAddr>().is_ok()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    #[test]
    fn a_name_that_was_bound_to_this_machine_is_not_its_own() {
        for (host, ours) in [
            ("127.0.0.1:11001", true),
            ("localhost", true),
            ("[::1]:11001", true),
            ("evil.example:11001", false),
            ("127.0.0.1.evil.example", false),
        ] {
            let mut head = RequestHead::default();
            head.headers.insert(header::HOST, host.parse().unwrap());
            assert_eq!(is_this_machine(&head), ours, "{host}");
        }
    }
}
