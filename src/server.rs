//! The standalone server: listeners, what its workers serve, and the way down. Assembly only.

mod accept;
mod renewal;
mod workers;

use std::future::pending;
use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs};
use std::rc::Rc;
use std::time::Duration;

use actix_http::{HttpService, KeepAlive, Protocol as Http};
use actix_service::{
    IntoServiceFactory, Service as _, ServiceFactory as _, ServiceFactoryExt as _,
    apply_fn_factory, map_config,
};
use actix_web::dev::AppConfig;
use actix_web::{App, HttpResponse, web};
use futures_util::FutureExt as _;
use rustix::process::{Resource, getrlimit};
use socket2::{Domain, Protocol, Socket, Type};
use tokio::sync::watch;

use self::renewal::Renewal;
use self::workers::{MakeServe, Serve, WorkerThreads};
use crate::config::{FILES_KEPT, Origins, Settings};
use crate::http::page::{BrowserClient, OtherPaths, Page};
use crate::service::Dondo;
use crate::transport::endpoint::upgrade;
use crate::transport::sockets::Sockets;
use crate::transport::timed::{self, Times};
use crate::transport::tls::Tls;

pub use self::renewal::CertificateRenewal;

/// Connections that wait to be accepted, at most.
const BACKLOG: i32 = 4096;
/// What the kernel takes per connection beyond what it has sent: without it Linux hides megabytes from a slow reader's
/// outbox.
const NOT_SENT_MAX: u32 = 32 * 1024;
/// What the kernel takes in for the hub beyond what it has read: senders that are made to wait must notice, and what was
/// taken is delivered within seconds. Costs a single upload speed only where the round trip is long (1 MB in about 3 s at
/// 100 ms).
const NOT_READ_MAX: usize = 32 * 1024;
/// A peer that acknowledges nothing for so long is gone.
const PEER_LOST: Duration = Duration::from_secs(30);
/// How long a connection may be idle between requests, at least.
const KEEP_ALIVE: Duration = Duration::from_secs(75);

/// A server that accepts connections.
pub struct Server {
    dondo: Dondo,
    running: WorkerThreads,
    bound: Vec<SocketAddr>,
    client: BrowserClient,
    renewal: Option<Renewal>,
}

impl std::fmt::Debug for Server {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("Server").field(&self.bound).finish()
    }
}

impl Server {
    /// Binds the configured addresses and starts the workers. Must run inside an actix or tokio runtime.
    ///
    /// # Errors
    /// Addresses that cannot be bound, named in the error; or a limit of open files that leaves none for connections; or a certificate
    /// that cannot serve.
    pub fn start(config: &Settings, dondo: Dondo) -> io::Result<Self> {
        let client = BrowserClient::find(config.client_dist.as_deref());
        let main = config.namespaces.iter().any(|name| name == "/");
        let others = OtherPaths {
            chat_hub: config.chat_hub.as_deref().filter(|_| main),
            websocket: config.endpoints.websocket.as_deref(),
            events: config.endpoints.events.as_deref(),
        };
        let page = Page::new(&config.path, &config.namespaces, others);
        let (page, client) = match config.engine.http_compression {
            true => (page.compressed(), client.compressed()),
            false => (page, client),
        };
        let sockets = dondo.doors().sockets().clone();
        dondo.is_tuned();
        let account = dondo.hub().account().clone();
        sockets.limit(connections_max(config)?, account);
        let times = Times {
            request: dondo.doors().settings().request_timeout,
            stall: config.stall_timeout(),
            idle: KEEP_ALIVE,
        };
        let renewal = config.tls.files().map(Renewal::start).transpose()?;
        let tls = renewal.as_ref().map(Renewal::tls).transpose()?;
        let listeners = listen_on(&config.listen)?;
        let bound = listeners.iter().map(TcpListener::local_addr);
        let bound = bound.collect::<io::Result<_>>()?;
        let make = MakeApp {
            dondo: dondo.clone(),
            page,
            client: client.clone(),
            path: config.path.clone(),
            origins: config.origins.clone(),
            sockets: sockets.clone(),
            times,
            tls,
        };
        let places = connections_at_once(sockets.max());
        let running = WorkerThreads::start(config.workers, places, listeners, make)?;
        Ok(Self {
            dondo,
            running,
            bound,
            client,
            renewal,
        })
    }

    /// The addresses that are listened on.
    pub fn bound(&self) -> &[SocketAddr] {
        &self.bound
    }

    /// Where the browser client comes from, for the program's start log.
    #[doc(hidden)]
    pub fn client(&self) -> &BrowserClient {
        &self.client
    }

    /// To have the files of the certificate read again while it serves, if it speaks TLS. Once a minute they are anyhow.
    #[doc(hidden)]
    pub fn renewal(&self) -> Option<CertificateRenewal> {
        self.renewal.as_ref().map(Renewal::asker)
    }

    /// Serves until `stop` is ready, then drains: sessions are told over `grace`, what is queued is flushed, new sessions are
    /// refused. New connections are taken, and idle ones kept, until then: a poll on its way has its answer, which closes its
    /// connection. After `grace` and up to two seconds nothing listens and nothing runs any more.
    ///
    /// A second `stop` is not waited for: drop the future to be done at once.
    ///
    /// # Errors
    /// A failure of the accept loop or of a worker.
    pub async fn serve(self, stop: impl Future<Output = ()>, grace: Duration) -> io::Result<()> {
        let Self {
            dondo,
            mut running,
            renewal,
            ..
        } = self;
        let renewed = async {
            match renewal {
                Some(renewal) => renewal.run().await,
                None => pending().await,
            }
        };
        tokio::select! {
            never = renewed => match never {},
            () = running.ended() => return Err(io::Error::other("the workers have ended")),
            () = stop => {}
        }
        log::info!(
            "draining {} sessions over at most {} s",
            dondo.sessions(),
            grace.as_secs_f64()
        );
        dondo.shut_down(grace).await;
        let left = dondo.sessions();
        if left > 0 {
            log::warn!("{left} sessions did not go in time");
        }
        running.stop().await;
        log::info!("drained; nothing listens any more");
        Ok(())
    }
}

/// The `App` of each worker.
#[derive(Clone)]
struct MakeApp {
    dondo: Dondo,
    page: Page,
    client: BrowserClient,
    path: String,
    origins: Origins,
    sockets: Sockets,
    times: Times,
    tls: Option<Tls>,
}

impl MakeServe for MakeApp {
    async fn make(self, stopped: watch::Receiver<bool>) -> io::Result<Serve> {
        let Self {
            dondo,
            page,
            client,
            path,
            origins,
            sockets,
            times,
            tls,
        } = self;
        let upgrades = App::new()
            .configure(dondo.configure())
            .default_service(web::to(no_websocket));
        let upgrades = map_config(upgrades.into_factory(), |()| AppConfig::default());
        let app = App::new()
            .configure(dondo.configure_paths())
            .configure(|app| page.configure(app))
            .configure(|app| client.configure(app, &path, &origins))
            .configure(dondo.configure_health())
            .configure(dondo.configure());
        let app = map_config(
            app.into_factory()
                .map_err(|error: actix_web::Error| error.error_response()),
            |_| AppConfig::default(),
        );
        let app = apply_fn_factory(app, |request, app: &_| {
            let (request, called) = timed::called(request);
            app.call(request).inspect(|_| called.answered())
        });
        let http = HttpService::build()
            // Ours are in `timed`: these read a clock that a busy worker lets stand, time first heads only, and set a timer anew
            // with each request.
            .client_request_timeout(Duration::ZERO)
            .keep_alive(KeepAlive::Os)
            .graceful_shutdown_signal(move || begins(stopped.clone()))
            // A poll whose client went away is to be seen at once.
            .h1_allow_half_closed(false)
            .upgrade(apply_fn_factory(upgrades, |(request, framed), app: &_| {
                upgrade(request, framed, app)
            }))
            .finish(app);
        let http = http.new_service(()).await;
        let http = http.map_err(|error| io::Error::other(format!("{error:?}")))?;
        let http = Rc::new(http);
        Ok(Rc::new(move |stream, peer| {
            let http = http.clone();
            // How a connection failed nobody needs to know.
            let Some(tls) = tls.clone() else {
                let served = timed::watch(stream, &sockets, times, peer, |stream| {
                    http.call((stream, Http::Http1, Some(peer)))
                });
                return served.map(drop).boxed_local();
            };
            let served = timed::watch(stream, &sockets, times, peer, |stream| async move {
                match stream.secured(&tls, peer).await {
                    Some(stream) => http.call((stream, Http::Http1, Some(peer))).await,
                    None => Ok(()),
                }
            });
            served.map(drop).boxed_local()
        }))
    }
}

/// A request for a WebSocket where none is.
async fn no_websocket() -> HttpResponse {
    HttpResponse::NotFound()
        .content_type("text/plain")
        .body("No WebSocket is served here")
}

/// Ready when the server has stopped accepting: a connection that stands by then is closed once it is idle.
async fn begins(mut stopped: watch::Receiver<bool>) {
    let _ = stopped.wait_for(|stopped| *stopped).await;
}

/// Connections that the limit of open files leaves room for.
fn connections_max(config: &Settings) -> io::Result<usize> {
    let Some(files) = getrlimit(Resource::Nofile).current else {
        return Ok(usize::MAX);
    };
    let connections = config.connections_within(files);
    connections
        .map(|count| usize::try_from(count).unwrap_or(usize::MAX))
        .map_err(io::Error::other)
}

/// Connections that are accepted at once. Those who find no place are told so instead of waiting: half of the open files that
/// are kept are for them. No more are accepted: out of files nobody is.
fn connections_at_once(places: usize) -> usize {
    places.saturating_add(FILES_KEPT as usize / 2)
}

/// Listens on all of these; an error names each that cannot be had, so that nobody finds them one by one.
fn listen_on(addresses: &[SocketAddr]) -> io::Result<Vec<TcpListener>> {
    let (mut listeners, mut failed) = (Vec::new(), Vec::new());
    for &address in addresses {
        match listen_beside(address, addresses) {
            Ok(listener) => listeners.push(listener),
            Err(error) => failed.push((address, error)),
        }
    }
    let Some((_, first)) = failed.first() else {
        return Ok(listeners);
    };
    let kind = first.kind();
    let said: Vec<_> = failed
        .iter()
        .map(|(address, error)| format!("cannot listen on {address}: {error}"))
        .collect();
    let said = format!("{}; choose another --listen", said.join(", "));
    Err(io::Error::new(kind, said))
}

/// A listening socket with the options that its accepted sockets inherit, for the `listen` of a host's `HttpServer`. Of
/// several addresses the first that can be had; `[::]` takes connections over IPv4, too.
///
/// # Errors
/// No address can be bound.
pub fn listen(address: impl ToSocketAddrs) -> io::Result<TcpListener> {
    let mut last = None;
    for address in address.to_socket_addrs()? {
        match listen_beside(address, &[]) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = Some(error),
        }
    }
    Err(last.unwrap_or_else(|| io::Error::new(io::ErrorKind::InvalidInput, "no address")))
}

/// The same where these addresses are listened on as well: with one of IPv4 on the same port, `[::]` leaves IPv4 to it.
fn listen_beside(address: SocketAddr, all: &[SocketAddr]) -> io::Result<TcpListener> {
    let shared = |other: &SocketAddr| other.is_ipv4() && other.port() == address.port();
    let both = address.ip().is_unspecified() && (address.port() == 0 || !all.iter().any(shared));
    let socket = Socket::new(
        Domain::for_address(address),
        Type::STREAM,
        Some(Protocol::TCP),
    )?;
    if address.is_ipv6() {
        socket.set_only_v6(!both)?;
    }
    socket.set_reuse_address(true)?;
    socket.set_tcp_nodelay(true)?;
    socket.set_recv_buffer_size(NOT_READ_MAX)?;
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

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

    use std::net::TcpStream as Client;

    use socket2::SockRef;

    use super::*;

    /// The hub's end of a connection to it from this address.
    fn accepted(listener: &TcpListener, from: &str) -> std::net::TcpStream {
        listener.set_nonblocking(false).unwrap();
        let port = listener.local_addr().unwrap().port();
        let _client = Client::connect((from, port)).expect(from);
        listener.accept().unwrap().0
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_peer_that_is_lost_is_given_up_by_the_kernel_and_little_waits_in_it() {
        let listener = listen("127.0.0.1:0").unwrap();
        let accepted = accepted(&listener, "127.0.0.1");
        let socket = SockRef::from(&accepted);
        assert_eq!(socket.tcp_user_timeout().unwrap(), Some(PEER_LOST));
        assert_eq!(socket.tcp_notsent_lowat().unwrap(), NOT_SENT_MAX);
        assert!(socket.tcp_nodelay().unwrap());
    }

    #[test]
    fn all_addresses_are_those_of_both_families_unless_one_of_ipv4_is_listened_on_as_well() {
        let only_v6 = |listener: &TcpListener| SockRef::from(listener).only_v6().unwrap();
        let any: SocketAddr = "[::]:0".parse().unwrap();
        let both = listen(any).expect("this machine has IPv6, which the tests need");
        assert!(!only_v6(&both));
        accepted(&both, "127.0.0.1");
        accepted(&both, "::1");
        let other = listen("127.0.0.1:0").unwrap();
        let other = other.local_addr().unwrap();
        let beside = SocketAddr::new(any.ip(), other.port());
        let alone = listen_beside(beside, &[other, beside]).unwrap();
        assert!(only_v6(&alone));
        accepted(&alone, "::1");
        let loopback = listen("[::1]:0").unwrap();
        assert!(only_v6(&loopback));
    }
}
