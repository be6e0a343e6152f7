//! A host's own server of actix-web: what only its owner can set, and its end.

use std::fmt::Debug;
use std::io;
use std::pin::pin;

use actix_http::{Request, Response};
use actix_service::{IntoServiceFactory, Service, ServiceFactory};
use actix_web::HttpServer;
use actix_web::body::MessageBody;
use actix_web::dev::{self, AppConfig};
use futures_util::future::{join, join_all};

use super::Dondo;
use crate::signals::StopSignals;
use crate::transport::embedded_driver::keep_cutter;
use crate::transport::session_endpoint::SessionEndpoint as _;

impl Dondo {
    /// Sets what only the owner of a server can, before it is bound: a client that went away or stopped reading is noticed at
    /// once, by `on_connect` and `h1_allow_half_closed(false)`, and signals are left to [`Dondo::serve`]. For several hubs in
    /// one server one of them does it. A hub in a server that was not tuned says so in the log, once; and so does one in a server
    /// that was and is run otherwise.
    ///
    /// It costs one more open file for each connection, of which with TLS there is none: there a client that stopped reading
    /// stays until the kernel gives it up, after 30 s on a socket of [`listen`](crate::listen).
    ///
    /// It takes the place of the host's own `HttpServer::on_connect`, and a later one takes its. As signals end nothing then,
    /// a tuned server is run by [`Dondo::serve`], or the host tells the clients by [`Dondo::shut_down`] and stops the server itself.
    ///
    /// How long a stop waits for connections is `HttpServer::shutdown_timeout`, 30 s where the host sets nothing; and how long one
    /// may take over its TLS handshake, also at a stop, `HttpServer::tls_handshake_timeout`, 3 s.
    ///
    /// What is left to a host: actix-web's `HttpServer::client_request_timeout` covers the first head of a connection, and nothing
    /// covers a second head that never ends, a body that no handler reads, or an answer that the peer does not read. The
    /// standalone server ends all of these; elsewhere a proxy in front must. It also keeps few bytes of what
    /// comes ahead of an answer, where actix-web alone takes thousands of requests, and loses none: a request that comes behind
    /// another with a part of its body costs an `App` the connection. Bodies of polls are timed here too.
    /// `HttpServer::max_connections` does not count what a limit of open files should be kept for.
    ///
    /// The standalone server alone puts right what actix-web takes amiss in a head and Node does not: in an `App` a raw quote in
    /// an address is 400, and `Connection: upgrade` with nothing to upgrade to, as nginx writes it for polls with the lines in
    /// the README, costs the connection.
    pub fn tune<F, I, S, B>(&self, server: HttpServer<F, I, S, B>) -> HttpServer<F, I, S, B>
    where
        F: Fn() -> I + Send + Clone + 'static,
        I: IntoServiceFactory<S, Request>,
        S: ServiceFactory<Request, Config = AppConfig> + 'static,
        S::Error: Into<actix_web::Error> + 'static,
        S::InitError: Debug,
        S::Response: Into<Response<B>> + 'static,
        <S::Service as Service<Request>>::Future: 'static,
        S::Service: 'static,
        B: MessageBody + 'static,
    {
        self.main.entrance().options().untuned.tuned();
        server
            .on_connect(keep_cutter)
            .h1_allow_half_closed(false)
            .disable_signals()
    }

    /// Runs a server that was [tuned](Dondo::tune) until SIGTERM or SIGINT: all clients are told to come back, spread over the
    /// setting `grace`, then the server stops as its `shutdown_timeout` says. A second signal, half a second after the first or
    /// later, ends this at once. Who stops the server by its `ServerHandle` calls [`Dondo::shut_down`] before: the stop waits
    /// for connections, and nobody has told the clients.
    ///
    /// ```no_run
    /// # use actix_web::{App, HttpServer};
    /// # use dondo::{Dondo, listen};
    /// # #[actix_web::main] async fn main() -> std::io::Result<()> {
    /// let dondo = Dondo::builder().build()?;
    /// let hub = dondo.clone();
    /// let server = HttpServer::new(move || App::new().configure(hub.configure()));
    /// dondo.serve(dondo.tune(server).listen(listen("127.0.0.1:8080")?)?.run()).await
    /// # }
    /// ```
    ///
    /// # Errors
    /// What the server ends with; or the system refuses to tell of signals.
    pub async fn serve(&self, server: dev::Server) -> io::Result<()> {
        Self::serve_all([self], server).await
    }

    /// As [`Dondo::serve`], for a server that several hubs are mounted in: the clients of all of them are told at the same time.
    ///
    /// # Errors
    /// As [`Dondo::serve`].
    pub async fn serve_all<'a>(
        hubs: impl IntoIterator<Item = &'a Self>,
        server: dev::Server,
    ) -> io::Result<()> {
        let hubs: Vec<_> = hubs.into_iter().collect();
        for hub in &hubs {
            hub.main.entrance().options().untuned.served();
        }
        let mut signals = StopSignals::listen()?;
        let handle = server.handle();
        let mut server = pin!(server);
        tokio::select! {
            ended = &mut server => return ended,
            () = signals.first() => {}
        }
        let told = hubs.into_iter().map(|hub| hub.shut_down(hub.grace));
        let down = async {
            join_all(told).await;
            handle.stop(true).await;
        };
        tokio::select! {
            (ended, ()) = join(server, down) => ended,
            () = signals.second() => {
                log::warn!("stopped at once");
                Ok(())
            }
        }
    }
}

#[cfg(test)]
mod tests;
