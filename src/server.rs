//! The standalone server: listeners, what its workers serve, and the way down. Assembly only.

mod accept;
mod listener;
mod renewal;
mod workers;

use std::future::pending;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::rc::Rc;
use std::time::Duration;

use actix_codec::Framed;
use actix_http::h1::Codec;
use actix_http::{HttpService, KeepAlive, Protocol as Http, Request};
use actix_service::{
    IntoServiceFactory, Service as _, ServiceFactory as _, ServiceFactoryExt as _,
    apply_fn_factory, map_config,
};
use actix_web::dev::AppConfig;
use actix_web::{App, HttpResponse, web};
use dondo_actors::crash_book::{CrashCost, CrashedPart};
use futures_util::{FutureExt as _, TryFutureExt as _};
use rustix::process::{Resource, getrlimit};
use tokio::sync::{oneshot, watch};

use self::listener::listen_on;
use self::renewal::Renewal;
use self::workers::{MakeServe, Serve, WorkerThreads};
use crate::config::{FILES_KEPT, Origins, Settings};
use crate::http::page::{BrowserClient, OtherPaths, Page};
use crate::http::static_files::StaticFiles;
use crate::service::Dondo;
use crate::signals::StopSignals;
use crate::transport::access_log::{AccessLog, logged};
use crate::transport::address::TrustedProxies;
use crate::transport::endpoint::upgrade;
use crate::transport::sockets::Sockets;
use crate::transport::timed::{self, Timed, Times};
use crate::transport::tls::Tls;

pub use self::listener::listen;
pub use self::renewal::CertificateRenewal;

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
            dev: config.dev,
        };
        let page = Page::new(&config.path, &config.namespaces, others);
        let (page, client) = match config.engine.http_compression {
            true => (page.compressed(), client.compressed()),
            false => (page, client),
        };
        let files = config.static_files.as_deref().map(StaticFiles::find);
        let files = files.transpose()?;
        let sockets = dondo.doors().sockets().clone();
        dondo.settle_tuning();
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
            files,
            client: client.clone(),
            path: config.path.clone(),
            origins: config.origins.clone(),
            sockets: sockets.clone(),
            access_log: config
                .access_log
                .then(|| AccessLog::new(TrustedProxies::new(config.trusted_proxies.clone()))),
            times,
            tls,
            api: config.api.public,
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

    /// [Serves](Server::serve) until SIGTERM or SIGINT. A second signal, half a second after the first or later, ends this at once.
    ///
    /// # Errors
    /// As [`Server::serve`]; or the system refuses to tell of signals.
    pub async fn run(self, grace: Duration) -> io::Result<()> {
        let mut signals = StopSignals::listen()?;
        let (told, stop) = oneshot::channel::<()>();
        let again = async move {
            signals.first().await;
            let _ = told.send(());
            signals.second().await;
        };
        let stop = stop.map(drop);
        tokio::select! {
            ended = self.serve(stop, grace) => ended,
            () = again => {
                log::warn!("stopped at once");
                Ok(())
            }
        }
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
    /// In place of the page.
    files: Option<StaticFiles>,
    client: BrowserClient,
    path: String,
    origins: Origins,
    sockets: Sockets,
    access_log: Option<AccessLog>,
    times: Times,
    tls: Option<Tls>,
    /// Whether the HTTP API is served here, too.
    api: bool,
}

impl MakeServe for MakeApp {
    fn ended(&self, worker: usize) {
        let book = &self.dondo.hub().metrics().crash_book;
        let who = CrashedPart::Worker(worker);
        book.note(&who, CrashCost::Restart, "its thread ended unasked");
    }

    async fn make(self, ending: watch::Receiver<bool>) -> io::Result<Serve> {
        let Self {
            dondo,
            page,
            files,
            client,
            path,
            origins,
            sockets,
            access_log,
            times,
            tls,
            api,
        } = self;
        let upgrades = App::new()
            .configure(dondo.configure())
            .default_service(web::to(no_websocket));
        let upgrades = map_config(upgrades.into_factory(), |()| AppConfig::default());
        let app = App::new()
            .configure(dondo.configure_paths())
            .configure(|app| match files {
                Some(_) => {}
                None => page.configure(app),
            })
            .configure(|app| client.configure(app, &path, &origins))
            .configure(|app| {
                if api {
                    dondo.configure_api()(app);
                }
            })
            .configure(dondo.configure_health())
            .configure(dondo.configure())
            .configure(|app| files.iter().for_each(|files| files.configure(app)));
        let app = map_config(
            app.into_factory()
                .map_err(|error: actix_web::Error| error.error_response()),
            |_| AppConfig::default(),
        );
        let of_upgrades = access_log.clone();
        let app = apply_fn_factory(app, move |request, app: &_| {
            let line = access_log.as_ref().map(|log| log.begin(&request));
            let (request, called) = timed::called(request);
            let answer = app.call(request);
            answer.map_ok(|answer| logged(called.answered(answer), line))
        });
        let http = HttpService::build()
            // Ours are in `timed`: these read a clock that a busy worker lets stand, time first heads only, and set a timer anew
            // with each request.
            .client_request_timeout(Duration::ZERO)
            .keep_alive(KeepAlive::Os)
            .graceful_shutdown_signal(move || begins(ending.clone()))
            // A poll whose client went away is to be seen at once.
            .h1_allow_half_closed(false)
            .upgrade(apply_fn_factory(
                upgrades,
                move |(request, mut framed): (Request, Framed<Timed, Codec>), app: &_| {
                    if let Some(log) = &of_upgrades {
                        framed.io_mut().becomes(log.begin(&request));
                    }
                    upgrade(request, framed, app)
                },
            ))
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

/// Ready when connections shall end: from then on no request is read.
async fn begins(mut ending: watch::Receiver<bool>) {
    let _ = ending.wait_for(|ending| *ending).await;
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
