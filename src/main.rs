//! The program: flags, log, signals. Everything else is the library.

use std::net::SocketAddr;
use std::process::ExitCode;
use std::str::FromStr;
use std::time::Duration;

use clap::Parser as _;
use dondo::config::{Config, Flags};
use dondo::logging::LogFormat;
use dondo::operators::Operators;
use dondo::server::Server;
use dondo::service::Dondo;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::signal::unix::{SignalKind, signal};

/// How long the last lines of the log may take.
const LAST_LINES: Duration = Duration::from_secs(1);

/// A self-hosted realtime chat hub for stock Socket.IO clients.
///
/// Durations and sizes carry units: 250ms, 25s, 1MB (1,000,000 bytes), 64KiB.
/// A flag beats its environment variable; what neither says has the default shown.
#[derive(Debug, clap::Parser)]
#[command(name = "dondo", version)]
struct Arguments {
    #[command(flatten)]
    flags: Flags,
    /// Where operators find metrics and detailed health; off: nowhere.
    #[arg(
        long,
        env = "DONDO_ADMIN_LISTEN",
        value_name = "ADDR:PORT|off",
        default_value = "127.0.0.1:11001"
    )]
    admin_listen: AdminListen,
    /// How a line of the log looks.
    #[arg(long, env = "DONDO_LOG_FORMAT", value_enum, default_value_t = LogFormat::Text)]
    log_format: LogFormat,
}

#[derive(Clone, Copy, Debug)]
struct AdminListen(Option<SocketAddr>);

impl FromStr for AdminListen {
    type Err = std::net::AddrParseError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "off" => Ok(Self(None)),
            address => address.parse().map(|address| Self(Some(address))),
        }
    }
}

fn main() -> ExitCode {
    let Arguments {
        flags,
        admin_listen,
        log_format,
    } = Arguments::parse();
    let log = match dondo::logging::start(log_format) {
        Ok(log) => log,
        Err(error) => {
            eprintln!("no log can be written: {error}");
            return ExitCode::FAILURE;
        }
    };
    let code = checked(Config::from(flags), admin_listen.0);
    log.flush(LAST_LINES);
    code
}

fn checked(config: Config, admin_listen: Option<SocketAddr>) -> ExitCode {
    if let Err(error) = config.check() {
        log::error!("{error}");
        return ExitCode::from(2);
    }
    match actix_rt::System::new().block_on(run(config, admin_listen)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(mut config: Config, admin_listen: Option<SocketAddr>) -> std::io::Result<()> {
    let open_files = raise_open_files();
    let dondo = Dondo::builder().config(config.clone()).build()?;
    let operators = admin_listen
        .map(|address| Operators::start(address, &dondo))
        .transpose()?;
    let server = Server::start(&config, dondo)?;
    config.listen = server.bound().to_vec();
    for line in config.tutorial(open_files) {
        log::info!("{line}");
    }
    match &operators {
        Some(operators) => log::info!(
            "metrics and health in detail: http://{0}/metrics, http://{0}/readyz (--admin-listen)",
            operators.bound()
        ),
        None => log::info!("relaxed: no metrics are served (--admin-listen off)"),
    }
    log::info!("{}", server.client());
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let (told, stop) = tokio::sync::oneshot::channel::<()>();
    let again = async move {
        tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
        log::info!("asked to stop; once more to stop at once");
        let _ = told.send(());
        tokio::select! { _ = interrupt.recv() => {}, _ = terminate.recv() => {} }
    };
    let stop = async move {
        let _ = stop.await;
    };
    tokio::select! {
        ended = server.serve(stop, config.grace) => ended,
        () = again => Ok(()),
    }
}

/// Each connection is an open file: takes as many as the system lets this process have.
fn raise_open_files() -> Option<u64> {
    let limit = getrlimit(Resource::Nofile);
    let raised = setrlimit(
        Resource::Nofile,
        Rlimit {
            current: limit.maximum,
            maximum: limit.maximum,
        },
    );
    if raised.is_ok() {
        limit.maximum
    } else {
        limit.current
    }
}
