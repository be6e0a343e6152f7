//! The operators' listener: metrics, detailed health and the HTTP API on an address and a worker of its own, so that clients neither
//! reach it nor keep operators out.

use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use actix_web::dev::{RequestHead, ServerHandle};
use actix_web::http::header;
use actix_web::{App, HttpResponse, HttpServer, guard, web};

use crate::server::listen;
use crate::service::Dondo;
use crate::transport::host::{self, Hosts};

/// Connections at once. A monitor needs one; a backend that publishes shares few.
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
        let hosts = dondo.doors().hosts().clone();
        let app = move || {
            let hosts = hosts.clone();
            let observation = web::scope("").guard(guard::fn_guard(move |asked| {
                !local || is_meant(asked.head(), &hosts)
            }));
            let none = web::to(|| async { HttpResponse::NotFound().finish() });
            let stranger = web::to(|| async { HttpResponse::NotFound().body(STRANGER) });
            App::new().default_service(stranger).service(
                observation
                    .default_service(none)
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

/// What a page of a stranger's name is told that was bound to this machine, and an operator whose proxy has a name.
const STRANGER: &str = "This address is for operators, and answers to 127.0.0.1, localhost and the names of --hosts. \
     A proxy passes on one of them as Host.\n";

/// Whether a request is meant for this machine: it names it by its own address, or by a name that `hosts` lists. A page of a
/// stranger's name that was bound to it does not.
fn is_meant(head: &RequestHead, hosts: &Hosts) -> bool {
    let Some(named) = head.headers.get(header::HOST) else {
        return true;
    };
    let own = host::name(named.as_bytes()).is_some_and(|name| {
        let name = name.trim_start_matches('[').trim_end_matches(']');
        name == "localhost" || name.parse::<IpAddr>().is_ok()
    });
    own || !hosts.names().is_empty() && hosts.allow(Some(named.as_bytes()))
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use super::*;

    /// Fails if a page of a name that was bound to this machine gets in, or a proxy's name that is listed does not.
    #[test]
    fn it_answers_to_this_machine_and_to_the_names_of_the_setting() {
        let hosts = Hosts::new(&["ops.example".to_owned()]);
        for (host, ours, listed) in [
            ("127.0.0.1:11001", true, true),
            ("localhost", true, true),
            ("[::1]:11001", true, true),
            ("evil.example:11001", false, false),
            ("127.0.0.1.evil.example", false, false),
            ("ops.example", false, true),
            ("OPS.example:443", false, true),
        ] {
            let mut head = RequestHead::default();
            head.headers.insert(header::HOST, host.parse().unwrap());
            let is_meant = |hosts| is_meant(&head, hosts);
            assert_eq!(
                (is_meant(&Hosts::new(&[])), is_meant(&hosts)),
                (ours, listed),
                "{host}"
            );
        }
    }
}
