//! The program: flags, log, signals. Everything else is the library.

use std::io::Write as _;
use std::process::ExitCode;

use clap::Parser as _;
use dondo::config::{Config, Flags};
use dondo::server::Server;
use dondo::service::Dondo;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use tokio::signal::unix::{SignalKind, signal};

fn main() -> ExitCode {
    let flags = Flags::parse();
    env_logger::Builder::from_env(
        env_logger::Env::default().default_filter_or("info,actix_server=warn,actix_http=off"),
    )
    .format(|out, record| {
        writeln!(
            out,
            "{} {:5} {}",
            out.timestamp_millis(),
            record.level(),
            record.args()
        )
    })
    .init();
    let config = Config::from(flags);
    if let Err(error) = config.check() {
        log::error!("{error}");
        return ExitCode::from(2);
    }
    match actix_rt::System::new().block_on(run(config)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log::error!("{error}");
            ExitCode::FAILURE
        }
    }
}

async fn run(mut config: Config) -> std::io::Result<()> {
    let open_files = raise_open_files();
    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    let mut hangup = signal(SignalKind::hangup())?;
    actix_rt::spawn(async move {
        while hangup.recv().await.is_some() {
            log::info!("SIGHUP is ignored: settings take effect at start");
        }
    });
    let dondo = Dondo::builder().config(config.clone()).build()?;
    let server = Server::start(&config, dondo)?;
    config.listen = server.bound().to_vec();
    for line in config.tutorial(open_files) {
        log::info!("{line}");
    }
    log::info!("{}", server.client());
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
