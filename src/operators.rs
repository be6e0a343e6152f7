//! The operators' listener: metrics and detailed health on an address and a worker of its own, so that clients neither
//! reach it nor keep operators out.

use std::io;
use std::net::SocketAddr;
use std::time::Duration;

use actix_web::dev::ServerHandle;
use actix_web::{App, HttpServer};

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

impl Operators {
    /// Serves `/metrics`, `/healthz` and `/readyz` of a hub at `address`. Must run inside an actix or tokio runtime.
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
        let app = move || App::new().configure(dondo.configure_observation());
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
        actix_rt::spawn(async move {
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
