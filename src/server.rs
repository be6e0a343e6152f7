//! The standalone server: listeners, workers, and the way down. Assembly only.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::time::Duration;

use actix_http::HttpService;
use actix_server::ServerHandle;
use actix_service::{IntoServiceFactory, ServiceFactoryExt as _, fn_service, map_config};
use actix_web::App;
use actix_web::dev::AppConfig;
use socket2::{Domain, Protocol, Socket, Type};

use crate::config::Settings;
use crate::http::page::{BrowserClient, Page};
use crate::service::Dondo;
use crate::transport::engine;

/// Connections that wait to be accepted, at most.
const BACKLOG: i32 = 4096;
/// What the kernel takes per connection beyond what it has sent: without it Linux hides megabytes from a slow reader's
/// outbox.
const NOT_SENT_MAX: u32 = 32 * 1024;
/// A peer that acknowledges nothing for so long is gone.
const PEER_LOST: Duration = Duration::from_secs(30);
/// A request's head must have come by then.
const REQUEST_HEAD: Duration = Duration::from_secs(10);
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// A server that accepts connections.
pub struct Server {
    dondo: Dondo,
    handle: ServerHandle,
    running: actix_server::Server,
    bound: Vec<SocketAddr>,
    client: BrowserClient,
}

impl Server {
    /// Binds the configured addresses and starts the workers. Must run inside an actix or tokio runtime.
    ///
    /// # Errors
    /// An address that cannot be bound, named in the error.
    pub fn start(config: &Settings, dondo: Dondo) -> io::Result<Self> {
        let client = BrowserClient::find(config.client_dist.as_deref());
        let page = Page::new(&config.path, &client);
        let mut builder = actix_server::Server::build()
            .workers(config.workers)
            .backlog(BACKLOG as u32)
            .disable_signals()
            .shutdown_timeout(1);
        let mut bound = Vec::new();
        for &address in &config.listen {
            let listener = listen(address).map_err(|error| {
                io::Error::new(error.kind(), format!("cannot listen on {address}: {error}"))
            })?;
            bound.push(listener.local_addr()?);
            let (dondo, page, client) = (dondo.clone(), page.clone(), client.clone());
            let (path, origins) = (config.path.clone(), config.origins.clone());
            builder = builder.listen("dondo", listener, move || {
                let (dondo, page, client) = (dondo.clone(), page.clone(), client.clone());
                let (path, origins) = (path.clone(), origins.clone());
                let engines = dondo.engines().clone();
                let app = App::new()
                    .configure(|app| page.configure(app))
                    .configure(|app| client.configure(app, &path, &origins))
                    .configure(dondo.configure_health())
                    .configure(dondo.configure());
                HttpService::build()
                    .client_request_timeout(REQUEST_HEAD)
                    .keep_alive(KEEP_ALIVE)
                    // A poll whose client went away is to be seen at once.
                    .h1_allow_half_closed(false)
                    .upgrade(fn_service(move |(request, framed)| {
                        let engines = engines.clone();
                        async move {
                            engine::upgrade(engines, request, framed).await;
                            Ok::<_, actix_http::Error>(())
                        }
                    }))
                    .finish(map_config(
                        app.into_factory()
                            .map_err(|error: actix_web::Error| error.error_response()),
                        |_| AppConfig::default(),
                    ))
                    .tcp()
            })?;
        }
        let running = builder.run();
        let handle = running.handle();
        Ok(Self {
            dondo,
            handle,
            running,
            bound,
            client,
        })
    }

    /// The addresses that are listened on.
    pub fn bound(&self) -> &[SocketAddr] {
        &self.bound
    }

    /// Where the browser client comes from, for the start log.
    pub fn client(&self) -> &BrowserClient {
        &self.client
    }

    /// Serves until `stop` is ready, then drains: no new connections, sessions told over `grace`, what is queued
    /// flushed. A second `stop` is not waited for: drop the future to be done at once.
    ///
    /// # Errors
    /// A failure of the accept loop or of a worker.
    pub async fn serve(self, stop: impl Future<Output = ()>, grace: Duration) -> io::Result<()> {
        let Self {
            dondo,
            handle,
            running,
            ..
        } = self;
        let serving = actix_rt::spawn(running);
        tokio::pin!(serving);
        tokio::select! {
            ended = &mut serving => return ended.unwrap_or_else(|error| Err(io::Error::other(error))),
            () = stop => {}
        }
        handle.pause().await;
        log::info!(
            "draining {} sessions over {} s",
            dondo.sessions(),
            grace.as_secs_f64()
        );
        let drained = async {
            dondo.shut_down(grace).await;
            while dondo.sessions() > 0 {
                tokio::time::sleep(Duration::from_millis(20)).await;
            }
        };
        if tokio::time::timeout(grace + Duration::from_secs(1), drained)
            .await
            .is_err()
        {
            log::warn!("{} sessions did not go in time", dondo.sessions());
        }
        handle.stop(true).await;
        serving
            .await
            .unwrap_or_else(|error| Err(io::Error::other(error)))
    }
}

/// A listening socket with the options that its accepted sockets inherit. For an embedder's `HttpServer::listen` too.
///
/// # Errors
/// The address cannot be bound.
pub fn listen(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    if address.is_ipv6() {
        socket.set_only_v6(true)?;
    }
    socket.set_reuse_address(true)?;
    socket.set_tcp_nodelay(true)?;
    #[cfg(target_os = "linux")]
    {
        socket.set_tcp_user_timeout(Some(PEER_LOST))?;
        socket.set_tcp_notsent_lowat(NOT_SENT_MAX)?;
    }
    socket.bind(&address.into())?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    Ok(socket.into())
}
